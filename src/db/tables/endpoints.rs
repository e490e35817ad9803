//! Endpoints: where the application wants to be told of events.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::events;
use crate::db::page::{Page, PageRequest, load_page};
use crate::db::schema::{deliveries, endpoints};
use crate::db::types::Json;
use crate::domain::endpoint::{
    DeliveryState, DisabledReason, EndpointStatus, Health, LegacySigner,
};
use crate::domain::event::EventKind;
use crate::domain::ids::EndpointId;

/// Where the application wants to be told, and how well that goes.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = endpoints)]
#[diesel(treat_none_as_default_value = false)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// The address; unique.
    pub endpoint_url: String,
    /// The types of events it asked for by name; none means all that need not be named.
    pub event_types: Json<Vec<EventKind>>,
    /// Whether events are sent there.
    pub status: EndpointStatus,
    /// Why not.
    pub disabled_reason: Option<DisabledReason>,
    /// Which secret signs the header that has room for one signature.
    pub legacy_signs_with: LegacySigner,
    /// The number of the last event whose delivery was written, or that it does not want.
    pub dispatched_number: i64,
    /// Failed attempts since the last that succeeded.
    pub failures: i64,
    /// When the first of these was.
    pub failing_since_ms: Option<Timestamp>,
    /// Nothing but a test is sent before this moment.
    pub paused_until_ms: Option<Timestamp>,
    /// When it last took something.
    pub last_success_at_ms: Option<Timestamp>,
    /// Until when one process has the right to send there.
    pub lease_until_ms: Option<Timestamp>,
    /// Counts up with each claim of that right.
    pub lease_epoch: i64,
    /// When its deliveries are to be looked at next; `None` when nothing waits, or while somebody
    /// sends.
    pub due_at_ms: Option<Timestamp>,
    /// When it was created.
    pub created_at_ms: Timestamp,
    /// When its settings last changed.
    pub updated_at_ms: Timestamp,
}

/// Stores a new endpoint; a second one with the same address is a conflict on `endpoint_url`.
pub fn insert(tx: &mut Tx<'_>, endpoint: &Endpoint) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::insert_into(endpoints::table).values(endpoint).execute(c))?;
    Ok(())
}

/// An endpoint by its id.
pub fn find(conn: &mut Conn, id: &EndpointId) -> Result<Endpoint, DbError> {
    Ok(on_backend!(conn, |c| endpoints::table.find(id).select(Endpoint::as_select()).first(c))?)
}

// ------------------------------------------------------------------------- the right to send there

/// The enabled endpoints for which there is something to do and which nobody has: new events, a
/// delivery that is due, or a sender that died.
pub fn due(conn: &mut Conn, now: Timestamp) -> Result<Vec<EndpointId>, DbError> {
    use endpoints as t;
    let last = events::last_number(conn)?;
    Ok(on_backend!(conn, |c| t::table
        .filter(t::status.eq(EndpointStatus::Enabled))
        .filter(t::lease_until_ms.le(now).or(
            t::lease_until_ms.is_null().and(t::due_at_ms.le(now).or(t::dispatched_number.lt(last)))
        ))
        .order(t::id.asc())
        .select(t::id)
        .load(c))?)
}

/// When the next endpoint is due, as far as no new event comes.
pub fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, DbError> {
    use endpoints as t;
    let rows: Vec<(Option<Timestamp>, Option<Timestamp>)> = on_backend!(conn, |c| t::table
        .filter(t::status.eq(EndpointStatus::Enabled))
        .select((t::lease_until_ms, t::due_at_ms))
        .load(c))?;
    Ok(rows.into_iter().filter_map(|(lease, due)| lease.or(due)).min())
}

/// Takes the right to send to an endpoint until a moment; `None` when it is disabled, gone,
/// or somebody has it.
pub fn claim(
    tx: &mut Tx<'_>,
    id: &EndpointId,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Endpoint>, DbError> {
    use endpoints as t;
    let changed = on_backend!(&mut **tx, |c| diesel::update(
        t::table
            .find(id)
            .filter(t::status.eq(EndpointStatus::Enabled))
            .filter(t::lease_until_ms.is_null().or(t::lease_until_ms.le(now)))
    )
    .set((
        t::lease_until_ms.eq(until),
        t::lease_epoch.eq(t::lease_epoch + 1),
        // What is due from now on is found by looking, or is written by somebody else meanwhile.
        t::due_at_ms.eq(None::<Timestamp>),
    ))
    .execute(c))?;
    if changed == 1 { find(tx, id).map(Some) } else { Ok(None) }
}

/// Prolongs the right; false when it was lost or the endpoint was disabled.
pub fn renew(
    tx: &mut Tx<'_>,
    id: &EndpointId,
    epoch: i64,
    until: Timestamp,
) -> Result<bool, DbError> {
    use endpoints as t;
    let changed = on_backend!(&mut **tx, |c| diesel::update(
        t::table
            .find(id)
            .filter(t::status.eq(EndpointStatus::Enabled))
            .filter(t::lease_epoch.eq(epoch))
    )
    .set(t::lease_until_ms.eq(until))
    .execute(c))?;
    Ok(changed == 1)
}

/// The endpoint, locked, while the right of this epoch stands and it is enabled; else nothing may
/// be written under it.
pub fn held(tx: &mut Tx<'_>, id: &EndpointId, epoch: i64) -> Result<Option<Endpoint>, DbError> {
    use endpoints as t;
    if let Conn::Pg(c) = &mut **tx {
        let row = t::table.find(id).select(t::lease_epoch);
        row.for_no_key_update().first::<i64>(c).optional()?;
    }
    let row: Option<Endpoint> = on_backend!(&mut **tx, |c| t::table
        .find(id)
        .filter(t::status.eq(EndpointStatus::Enabled))
        .filter(t::lease_epoch.eq(epoch))
        .select(Endpoint::as_select())
        .first(c)
        .optional())?;
    Ok(row)
}

/// Gives the right back. `due_at` is when the endpoint is to be looked at again; what others wrote
/// meanwhile may be earlier. `endpoint` is the row of [`held`].
pub fn release(
    tx: &mut Tx<'_>,
    endpoint: &Endpoint,
    due_at: Option<Timestamp>,
) -> Result<(), DbError> {
    use endpoints as t;
    let due_at = endpoint.due_at_ms.into_iter().chain(due_at).min();
    on_backend!(&mut **tx, |c| diesel::update(t::table.find(&endpoint.id))
        .set((t::lease_until_ms.eq(None::<Timestamp>), t::due_at_ms.eq(due_at)))
        .execute(c))?;
    Ok(())
}

/// Makes an endpoint due: something was written for it.
pub fn make_due(tx: &mut Tx<'_>, id: &EndpointId, now: Timestamp) -> Result<(), DbError> {
    use endpoints as t;
    on_backend!(&mut **tx, |c| diesel::update(t::table.find(id))
        .set(t::due_at_ms.eq(now))
        .execute(c))?;
    tx.wake_deliverer();
    Ok(())
}

/// Notes that what others made due has been looked at.
pub fn not_due(tx: &mut Tx<'_>, id: &EndpointId) -> Result<(), DbError> {
    use endpoints as t;
    on_backend!(&mut **tx, |c| diesel::update(t::table.find(id))
        .set(t::due_at_ms.eq(None::<Timestamp>))
        .execute(c))?;
    Ok(())
}

/// Notes up to which event deliveries were written.
pub fn write_cursor(tx: &mut Tx<'_>, id: &EndpointId, number: i64) -> Result<(), DbError> {
    use endpoints as t;
    on_backend!(&mut **tx, |c| diesel::update(t::table.find(id))
        .set(t::dispatched_number.eq(number))
        .execute(c))?;
    Ok(())
}

/// Notes how well deliveries go.
pub fn write_health(
    tx: &mut Tx<'_>,
    id: &EndpointId,
    health: &Health,
    last_success: Option<Timestamp>,
) -> Result<(), DbError> {
    use endpoints as t;
    on_backend!(&mut **tx, |c| diesel::update(t::table.find(id))
        .set((
            t::failures.eq(health.failures),
            t::failing_since_ms.eq(health.failing_since),
            t::paused_until_ms.eq(health.paused_until),
            t::last_success_at_ms.eq(last_success),
        ))
        .execute(c))?;
    Ok(())
}

/// Disables an endpoint because of its own answers, and ends the right to send there.
pub fn switch_off(
    tx: &mut Tx<'_>,
    id: &EndpointId,
    why: DisabledReason,
    now: Timestamp,
) -> Result<(), DbError> {
    use endpoints as t;
    on_backend!(&mut **tx, |c| diesel::update(t::table.find(id))
        .set((
            t::status.eq(EndpointStatus::Disabled),
            t::disabled_reason.eq(why),
            t::lease_until_ms.eq(None::<Timestamp>),
            t::due_at_ms.eq(None::<Timestamp>),
            t::updated_at_ms.eq(now),
        ))
        .execute(c))?;
    Ok(())
}

impl Endpoint {
    /// How well deliveries go there.
    #[must_use]
    pub fn health(&self) -> Health {
        Health {
            failures: self.failures,
            failing_since: self.failing_since_ms,
            paused_until: self.paused_until_ms,
        }
    }

    /// Whether it wants events of a type.
    #[must_use]
    pub fn wants(&self, event_type: &str) -> bool {
        let Some(kind) = EventKind::parse(event_type) else { return false };
        let named = &self.event_types.0;
        if named.is_empty() { !kind.only_by_name() } else { named.contains(&kind) }
    }
}

// --------------------------------------------------------------------- settings, by the API

/// A page of endpoints.
pub fn page(conn: &mut Conn, request: &PageRequest) -> Result<Page<Endpoint>, DbError> {
    Ok(load_page!(conn, request, endpoints::id, |row: &Endpoint| row.id.as_str(), {
        endpoints::table.select(Endpoint::as_select()).into_boxed()
    }))
}

/// How many endpoints there are.
pub fn count(conn: &mut Conn) -> Result<i64, DbError> {
    Ok(on_backend!(conn, |c| endpoints::table.count().get_result(c))?)
}

/// An endpoint whose row nobody else changes before this transaction ends.
pub fn locked(tx: &mut Tx<'_>, id: &EndpointId) -> Result<Endpoint, DbError> {
    if let Conn::Pg(c) = &mut **tx {
        let row = endpoints::table.find(id).select(endpoints::lease_epoch);
        row.for_no_key_update().first::<i64>(c).optional()?;
    }
    find(tx, id)
}

/// Writes what can be set by hand, but for the status; a second endpoint with the same address is a
/// conflict on `endpoint_url`.
pub fn write_settings(tx: &mut Tx<'_>, endpoint: &Endpoint) -> Result<(), DbError> {
    use endpoints as t;
    on_backend!(&mut **tx, |c| diesel::update(t::table.find(&endpoint.id))
        .set((
            t::endpoint_url.eq(&endpoint.endpoint_url),
            t::event_types.eq(&endpoint.event_types),
            t::legacy_signs_with.eq(endpoint.legacy_signs_with),
            t::updated_at_ms.eq(endpoint.updated_at_ms),
        ))
        .execute(c))?;
    Ok(())
}

/// Enables an endpoint: it gets the events from now on, and starts in good health. Whoever had the
/// right to send there before it was disabled does not have it any more.
pub fn switch_on(tx: &mut Tx<'_>, id: &EndpointId, now: Timestamp) -> Result<(), DbError> {
    use endpoints as t;
    let last = events::last_number(tx)?;
    on_backend!(&mut **tx, |c| diesel::update(t::table.find(id))
        .set((
            t::status.eq(EndpointStatus::Enabled),
            t::disabled_reason.eq(None::<DisabledReason>),
            t::dispatched_number.eq(last),
            t::failures.eq(0),
            t::failing_since_ms.eq(None::<Timestamp>),
            t::paused_until_ms.eq(None::<Timestamp>),
            t::lease_until_ms.eq(None::<Timestamp>),
            t::lease_epoch.eq(t::lease_epoch + 1),
            t::updated_at_ms.eq(now),
        ))
        .execute(c))?;
    Ok(())
}

/// Deletes an endpoint with its secrets and what is left of its deliveries. [`DbError::NotFound`]
/// when there is none.
pub fn delete(tx: &mut Tx<'_>, id: &EndpointId) -> Result<(), DbError> {
    let deleted = on_backend!(&mut **tx, |c| diesel::delete(endpoints::table.find(id)).execute(c))?;
    if deleted == 0 { Err(DbError::NotFound) } else { Ok(()) }
}

/// How much waits for each of these endpoints, which are at most a page; those for which nothing
/// waits are left out.
pub fn waiting(conn: &mut Conn, ids: &[EndpointId]) -> Result<HashMap<EndpointId, i64>, DbError> {
    use deliveries as t;
    let rows: Vec<(EndpointId, i64)> = on_backend!(conn, |c| t::table
        .filter(t::endpoint_id.eq_any(ids))
        .filter(t::state.eq(DeliveryState::Waiting))
        .group_by(t::endpoint_id)
        .select((t::endpoint_id, diesel::dsl::count_star()))
        .load(c))?;
    Ok(rows.into_iter().collect())
}
