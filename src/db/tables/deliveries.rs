//! Deliveries: what is told to which endpoint, how far that is, and every attempt.
//!
//! Invariants:
//! - A delivery's number says its place in the order of its endpoint. For events, numbers follow
//!   the numbers of the events; what is replayed comes again, with a later number.
//! - Of each event there is at most one delivery with the trigger `event` per endpoint.
//! - What waits, waits for an enabled endpoint: with the endpoint's end it becomes `dead`.
//!
//! What this module must not do: decide which delivery may go (`delivery::lanes` does) or what
//! becomes of it (`domain::endpoint`).
//!
//! Long because one table has one file, with all its queries.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::conn::{Conn, Tx, delete_listed, on_backend};
use crate::db::endpoints::{self, Endpoint};
use crate::db::error::DbError;
use crate::db::events as event_rows;
use crate::db::page::{Page, PageRequest, load_page};
use crate::db::schema::{deliveries, delivery_attempts, events};
use crate::domain::endpoint::{DeliveryState, DeliveryTrigger};
use crate::domain::event::EventKind;
use crate::domain::ids::{DeliveryId, DirectoryId, EndpointId, EventId, OrganizationId};
use crate::limits;

/// The lane of tests: they go one after another, and wait for nothing else.
const TEST_LANE: &str = "test";

/// A delivery.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = deliveries)]
pub struct Delivery {
    /// Its id, from its number.
    #[diesel(column_name = number)]
    pub id: DeliveryId,
    /// Where it goes.
    pub endpoint_id: EndpointId,
    /// Whose event it is; none for a test.
    pub organization_id: Option<OrganizationId>,
    /// Why it is there.
    pub delivery_trigger: DeliveryTrigger,
    /// The number of its event; none for a test.
    pub event_number: Option<i64>,
    /// The type of its event, as sent.
    pub event_type: String,
    /// What a test sends.
    pub test_body: Option<String>,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i64,
    /// Not before this moment is it tried.
    pub next_at_ms: Timestamp,
    /// When it was last tried.
    pub last_attempt_at_ms: Option<Timestamp>,
    /// The HTTP status of the last answer.
    pub last_status: Option<i64>,
    /// Why the last attempt failed, or why it was given up; no personal data.
    pub last_error: Option<String>,
    /// When it was delivered or given up.
    pub done_at_ms: Option<Timestamp>,
    /// When it was written.
    pub created_at_ms: Timestamp,
}

impl Delivery {
    /// The id of its event; none for a test.
    #[must_use]
    pub fn event_id(&self) -> Option<EventId> {
        self.event_number.map(EventId::from_number)
    }
}

/// One attempt to make a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = delivery_attempts)]
pub struct Attempt {
    /// The delivery.
    #[diesel(column_name = delivery_number)]
    pub delivery_id: DeliveryId,
    /// When it began.
    pub attempted_at_ms: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// The HTTP status of the answer; none when there was no answer.
    pub status: Option<i64>,
    /// What was wrong; no personal data.
    pub error: Option<String>,
}

#[derive(Insertable)]
#[diesel(table_name = deliveries)]
#[diesel(treat_none_as_default_value = false)]
struct NewDelivery<'a> {
    endpoint_id: &'a EndpointId,
    organization_id: Option<OrganizationId>,
    directory_id: Option<DirectoryId>,
    delivery_trigger: DeliveryTrigger,
    event_number: Option<i64>,
    dispatched_key: Option<String>,
    event_type: String,
    test_body: Option<String>,
    lane: String,
    group_lane: Option<String>,
    barrier: bool,
    state: DeliveryState,
    attempts: i64,
    next_at_ms: Timestamp,
    created_at_ms: Timestamp,
    ends_access: bool,
}

/// What a delivery takes from its event.
#[derive(Queryable, Selectable)]
#[diesel(table_name = events)]
struct Source {
    number: i64,
    organization_id: OrganizationId,
    directory_id: Option<DirectoryId>,
    event_type: String,
    lane: String,
    group_lane: Option<String>,
    ends_access: bool,
}

impl Source {
    fn into_row(
        self,
        endpoint: &Endpoint,
        trigger: DeliveryTrigger,
        now: Timestamp,
    ) -> NewDelivery<'_> {
        let once = trigger == DeliveryTrigger::Event;
        let kind = EventKind::parse(&self.event_type);
        NewDelivery {
            endpoint_id: &endpoint.id,
            organization_id: Some(self.organization_id),
            directory_id: self.directory_id,
            delivery_trigger: trigger,
            event_number: Some(self.number),
            dispatched_key: once.then(|| format!("{}|{}", endpoint.id, self.number)),
            event_type: self.event_type,
            test_body: None,
            lane: self.lane,
            group_lane: self.group_lane,
            barrier: kind.is_some_and(EventKind::is_barrier),
            state: DeliveryState::Waiting,
            attempts: 0,
            next_at_ms: now,
            created_at_ms: now,
            // What is replayed is old news, and goes past nothing.
            ends_access: once && self.ends_access,
        }
    }
}

fn insert(tx: &mut Tx<'_>, rows: &[NewDelivery<'_>]) -> Result<(), DbError> {
    for chunk in rows.chunks(500) {
        on_backend!(&mut **tx, |c| diesel::insert_into(deliveries::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

/// Writes a delivery for each of the next events that the endpoint wants, and moves its cursor
/// behind them; true when more events follow. `endpoint` is the row of [`endpoints::held`].
pub fn dispatch(tx: &mut Tx<'_>, endpoint: &Endpoint, now: Timestamp) -> Result<bool, DbError> {
    use events as t;
    // Read first: whatever it counts is committed, so nothing can still come before it.
    let last = event_rows::last_number(tx)?;
    if endpoint.dispatched_number >= last {
        return Ok(false);
    }
    let sources: Vec<Source> = on_backend!(&mut **tx, |c| t::table
        .filter(t::number.gt(endpoint.dispatched_number))
        .filter(t::number.le(last))
        .order(t::number.asc())
        .limit(limits::DISPATCH_EVENTS_MAX)
        .select(Source::as_select())
        .load(c))?;
    let full = i64::try_from(sources.len()).is_ok_and(|n| n >= limits::DISPATCH_EVENTS_MAX);
    // Numbers that are missing at the end belong to events that were deleted.
    let cursor = if full { sources.last().map_or(last, |source| source.number) } else { last };
    let rows: Vec<NewDelivery<'_>> = sources
        .into_iter()
        .filter(|source| endpoint.wants(&source.event_type))
        .map(|source| source.into_row(endpoint, DeliveryTrigger::Event, now))
        .collect();
    insert(tx, &rows)?;
    endpoints::write_cursor(tx, &endpoint.id, cursor)?;
    Ok(cursor < last)
}

/// Writes a delivery that tries an endpoint out. `body` is what is sent, with the `id` that becomes
/// `webhook-id`.
pub fn insert_test(
    tx: &mut Tx<'_>,
    endpoint: &EndpointId,
    event_type: EventKind,
    body: String,
    now: Timestamp,
) -> Result<DeliveryId, DbError> {
    use deliveries as t;
    let row = NewDelivery {
        endpoint_id: endpoint,
        organization_id: None,
        directory_id: None,
        delivery_trigger: DeliveryTrigger::Test,
        event_number: None,
        dispatched_key: None,
        event_type: event_type.as_str().to_owned(),
        test_body: Some(body),
        lane: TEST_LANE.to_owned(),
        group_lane: None,
        barrier: false,
        state: DeliveryState::Waiting,
        attempts: 0,
        next_at_ms: now,
        created_at_ms: now,
        ends_access: false,
    };
    let number: i64 = on_backend!(&mut **tx, |c| diesel::insert_into(t::table)
        .values(&row)
        .returning(t::number)
        .get_result(c))?;
    endpoints::make_due(tx, endpoint, now)?;
    Ok(DeliveryId::from_number(number))
}

/// Writes deliveries that tell an endpoint of these events again, in the order of the events; how
/// many. Numbers of events that are not kept any more are left out. The caller bounds the list.
pub fn insert_replays(
    tx: &mut Tx<'_>,
    endpoint: &Endpoint,
    numbers: &[i64],
    now: Timestamp,
) -> Result<usize, DbError> {
    use events as t;
    let mut sources: Vec<Source> = Vec::with_capacity(numbers.len());
    for chunk in numbers.chunks(limits::IN_LIST_MAX) {
        sources.extend(on_backend!(&mut **tx, |c| t::table
            .filter(t::number.eq_any(chunk))
            .select(Source::as_select())
            .load(c))?);
    }
    sources.sort_by_key(|source| source.number);
    let rows: Vec<NewDelivery<'_>> = sources
        .into_iter()
        .map(|source| source.into_row(endpoint, DeliveryTrigger::Replay, now))
        .collect();
    insert(tx, &rows)?;
    if !rows.is_empty() {
        endpoints::make_due(tx, &endpoint.id, now)?;
    }
    Ok(rows.len())
}

/// A delivery that waits, with what decides whether it may go.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = deliveries)]
pub struct Open {
    /// Its place in the order of its endpoint.
    pub number: i64,
    /// Whom or what it is about.
    pub lane: String,
    /// The group of a membership event.
    pub group_lane: Option<String>,
    /// Its directory.
    pub directory_id: Option<DirectoryId>,
    /// Whether it waits for everything earlier of its directory, and everything later for it.
    pub barrier: bool,
    /// What it tells.
    pub event_type: String,
    /// Why it is there.
    pub delivery_trigger: DeliveryTrigger,
    /// How often it was tried.
    pub attempts: i64,
    /// Not before this moment is it tried.
    pub next_at_ms: Timestamp,
    /// Whether it says that somebody's access ends. What is replayed says nothing new.
    pub ends_access: bool,
    /// Whether it has gone past what was before it.
    pub overtook: bool,
    /// Since when the endpoint refuses it.
    pub refused_since_ms: Option<Timestamp>,
}

impl Open {
    /// Whether it says that a group is deleted.
    #[must_use]
    pub fn ends_group(&self) -> bool {
        self.event_type == EventKind::GroupDeleted.as_str()
    }
}

/// What waits for an endpoint behind a number, in order, at most [`limits::OPEN_DELIVERIES_READ`];
/// without what is of the directories in `closed`.
pub fn open_after(
    conn: &mut Conn,
    endpoint: &EndpointId,
    number: i64,
    closed: &[&DirectoryId],
) -> Result<Vec<Open>, DbError> {
    use deliveries as t;
    Ok(on_backend!(conn, |c| {
        let mut query = t::table
            .filter(t::endpoint_id.eq(endpoint))
            .filter(t::state.eq(DeliveryState::Waiting))
            .filter(t::number.gt(number))
            .order(t::number.asc())
            .limit(limits::OPEN_DELIVERIES_READ)
            .select(Open::as_select())
            .into_boxed();
        if !closed.is_empty() {
            let closed = closed.iter().copied().take(limits::IN_LIST_MAX);
            query = query.filter(t::directory_id.is_null().or(t::directory_id.ne_all(closed)));
        }
        query.load(c)
    })?)
}

/// The tests that wait for an endpoint, in order; they are few.
pub fn open_tests(conn: &mut Conn, endpoint: &EndpointId) -> Result<Vec<Open>, DbError> {
    use deliveries as t;
    Ok(on_backend!(conn, |c| t::table
        .filter(t::endpoint_id.eq(endpoint))
        .filter(t::lane.eq(TEST_LANE))
        .filter(t::state.eq(DeliveryState::Waiting))
        .order(t::number.asc())
        .limit(limits::OPEN_DELIVERIES_READ)
        .select(Open::as_select())
        .load(c))?)
}

/// What is sent for a delivery: of a test its body, else the event's parts.
#[derive(Debug, Clone)]
pub struct Content {
    /// The delivery.
    pub number: i64,
    /// The body of a test.
    pub test_body: Option<String>,
    /// The number, the type, the data and the moment of an event.
    pub event: Option<(i64, String, String, Timestamp)>,
}

/// What is sent for these deliveries, which are few.
pub fn contents(conn: &mut Conn, numbers: &[i64]) -> Result<Vec<Content>, DbError> {
    use deliveries as t;
    type Row = (i64, Option<String>, Option<(i64, String, String, Timestamp)>);
    let rows: Vec<Row> = on_backend!(conn, |c| t::table
        .left_join(events::table)
        .filter(t::number.eq_any(numbers))
        .select((
            t::number,
            t::test_body,
            (events::number, events::event_type, events::data, events::created_at_ms).nullable(),
        ))
        .load(c))?;
    Ok(rows
        .into_iter()
        .map(|(number, test_body, event)| Content { number, test_body, event })
        .collect())
}

/// What an attempt came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The delivery.
    pub number: i64,
    /// How far it is now.
    pub state: DeliveryState,
    /// When it is tried again, if it waits.
    pub next_at: Timestamp,
    /// When the attempt began.
    pub attempted_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// The HTTP status of the answer.
    pub status: Option<u16>,
    /// What was wrong; no personal data.
    pub error: Option<String>,
    /// Since when the endpoint refuses it; `None` when it took it.
    pub refused_since: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
}

/// Notes an attempt; false when the delivery does not wait any more, and nothing is written. The
/// caller holds the right to send to the endpoint ([`endpoints::held`]).
pub fn record(tx: &mut Tx<'_>, outcome: &Outcome) -> Result<bool, DbError> {
    use deliveries as t;
    use delivery_attempts as a;
    let status = outcome.status.map(i64::from);
    let is_open = outcome.state == DeliveryState::Waiting;
    let changed = on_backend!(&mut **tx, |c| diesel::update(
        t::table.find(outcome.number).filter(t::state.eq(DeliveryState::Waiting))
    )
    .set((
        t::state.eq(outcome.state),
        t::attempts.eq(t::attempts + 1),
        t::next_at_ms.eq(outcome.next_at),
        t::last_attempt_at_ms.eq(outcome.attempted_at),
        t::last_status.eq(status),
        t::last_error.eq(&outcome.error),
        t::done_at_ms.eq((!is_open).then_some(outcome.now)),
        t::refused_since_ms.eq(outcome.refused_since),
    ))
    .execute(c))?;
    if changed == 0 {
        return Ok(false);
    }
    on_backend!(&mut **tx, |c| diesel::insert_into(a::table)
        .values((
            a::delivery_number.eq(outcome.number),
            a::attempted_at_ms.eq(outcome.attempted_at),
            a::duration_ms.eq(outcome.duration_ms),
            a::status.eq(status),
            a::error.eq(&outcome.error),
        ))
        .execute(c))?;
    Ok(true)
}

/// What still waits for an endpoint becomes dead, because it is disabled; how much that was.
pub fn discard_waiting(
    tx: &mut Tx<'_>,
    endpoint: &EndpointId,
    why: &str,
    now: Timestamp,
) -> Result<usize, DbError> {
    use deliveries as t;
    Ok(on_backend!(&mut **tx, |c| diesel::update(
        t::table.filter(t::endpoint_id.eq(endpoint)).filter(t::state.eq(DeliveryState::Waiting))
    )
    .set((t::state.eq(DeliveryState::Dead), t::last_error.eq(why), t::done_at_ms.eq(now)))
    .execute(c))?)
}

/// The organizations of which something waits for an endpoint, at most `limit`.
pub fn organizations_waiting(
    conn: &mut Conn,
    endpoint: &EndpointId,
    limit: i64,
) -> Result<Vec<OrganizationId>, DbError> {
    use deliveries as t;
    let rows: Vec<Option<OrganizationId>> = on_backend!(conn, |c| t::table
        .filter(t::endpoint_id.eq(endpoint))
        .filter(t::state.eq(DeliveryState::Waiting))
        .filter(t::organization_id.is_not_null())
        .select(t::organization_id)
        .distinct()
        .order(t::organization_id.asc())
        .limit(limit)
        .load(c))?;
    Ok(rows.into_iter().flatten().collect())
}

/// A page of the deliveries to an endpoint.
pub fn page(
    conn: &mut Conn,
    endpoint: &EndpointId,
    state: Option<DeliveryState>,
    request: &PageRequest,
) -> Result<Page<Delivery>, DbError> {
    use deliveries as t;
    let number = |text: String| DeliveryId::from_text(text).number().unwrap_or_default();
    Ok(load_page!(
        conn,
        request,
        t::number,
        |row: &Delivery| row.id.as_str(),
        {
            let mut query = t::table
                .filter(t::endpoint_id.eq(endpoint))
                .select(Delivery::as_select())
                .into_boxed();
            if let Some(state) = state {
                query = query.filter(t::state.eq(state));
            }
            query
        },
        number
    ))
}

/// A delivery by its id.
pub fn find(conn: &mut Conn, id: &DeliveryId) -> Result<Delivery, DbError> {
    let number = id.number().ok_or(DbError::NotFound)?;
    Ok(on_backend!(conn, |c| deliveries::table
        .find(number)
        .select(Delivery::as_select())
        .first(c))?)
}

/// The attempts of these deliveries, oldest first. At most a page of deliveries is asked for.
pub fn attempts(conn: &mut Conn, of: &[DeliveryId]) -> Result<Vec<Attempt>, DbError> {
    use delivery_attempts as t;
    let numbers: Vec<i64> = of.iter().filter_map(DeliveryId::number).collect();
    Ok(on_backend!(conn, |c| t::table
        .filter(t::delivery_number.eq_any(&numbers))
        .order(t::id.asc())
        .select(Attempt::as_select())
        .load(c))?)
}

/// Deletes what was delivered before a moment, and tests that ended before it; at most `limit` of
/// each, so that nobody waits long. What was given up goes with its event.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> Result<usize, DbError> {
    use deliveries as t;
    let mut numbers: Vec<i64> = on_backend!(&mut **tx, |c| t::table
        .filter(t::state.eq(DeliveryState::Delivered))
        .filter(t::done_at_ms.lt(before))
        // Memberships wait for it; it goes with its event.
        .filter(t::overtook.eq(false))
        .order(t::done_at_ms.asc())
        .limit(limit)
        .select(t::number)
        .load(c))?;
    // By the index of the events, in which tests are few: very many may have been given up.
    let tests: Vec<i64> = on_backend!(&mut **tx, |c| t::table
        .filter(t::event_number.is_null())
        .filter(t::done_at_ms.lt(before))
        .limit(limit)
        .select(t::number)
        .load(c))?;
    numbers.extend(tests);
    Ok(delete_listed!(tx, t::table, t::number, numbers))
}

/// Deletes deliveries of an endpoint that goes; at most `limit`. How many.
pub fn delete_of(tx: &mut Tx<'_>, endpoint: &EndpointId, limit: i64) -> Result<usize, DbError> {
    use deliveries as t;
    let numbers: Vec<i64> = on_backend!(&mut **tx, |c| t::table
        .filter(t::endpoint_id.eq(endpoint))
        .limit(limit)
        .select(t::number)
        .load(c))?;
    if numbers.is_empty() {
        return Ok(0);
    }
    Ok(on_backend!(&mut **tx, |c| diesel::delete(t::table.filter(t::number.eq_any(&numbers)))
        .execute(c))?)
}
