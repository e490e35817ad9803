//! Which deliveries the end of access went past at an endpoint, and what waits for that.
//!
//! Invariants:
//! - A delivery that overtook keeps its mark, however far it is, until its person is active again.
//! - Everything is found by indexes that hold what is marked or one person's deliveries.
//!
//! What this module must not do: decide who may overtake (`delivery::lanes` does) or what ends the
//! wait (`domain::event` does).

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::deliveries::Open;
use crate::db::error::DbError;
use crate::db::schema::deliveries;
use crate::domain::endpoint::DeliveryState;
use crate::domain::event::Settled;
use crate::domain::ids::{DirectoryId, EndpointId};
use crate::limits;

/// An end of access that overtook.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Mark {
    /// Whom it is about.
    pub person: String,
    number: i64,
    state: DeliveryState,
}

/// The ends of access that overtook at an endpoint, of people who are not active again; at most
/// [`limits::OVERTAKERS_MAX`].
pub fn marks(conn: &mut Conn, endpoint: &EndpointId) -> Result<Vec<Mark>, DbError> {
    use deliveries as t;
    let rows_max = i64::try_from(limits::OVERTAKERS_MAX).unwrap_or(i64::MAX);
    Ok(on_backend!(conn, |c| t::table
        .filter(t::endpoint_id.eq(endpoint))
        .filter(t::overtook)
        .limit(rows_max)
        .select((t::lane, t::number, t::state))
        .load(c))?)
}

/// Those of them that are not delivered yet, in order.
pub fn waiting(conn: &mut Conn, marks: &[Mark]) -> Result<Vec<Open>, DbError> {
    use deliveries as t;
    let is_waiting = |mark: &&Mark| mark.state == DeliveryState::Waiting;
    let mut numbers: Vec<i64> = marks.iter().filter(is_waiting).map(|mark| mark.number).collect();
    numbers.sort_unstable();
    let mut found: Vec<Open> = Vec::with_capacity(numbers.len());
    for chunk in numbers.chunks(limits::IN_LIST_MAX) {
        let rows: Vec<Open> = on_backend!(conn, |c| t::table
            .filter(t::number.eq_any(chunk))
            .order(t::number.asc())
            .select(Open::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// Ends of access of these directories that wait for an endpoint, in order, at most
/// [`limits::OPEN_DELIVERIES_READ`].
pub fn ends_of_access(
    conn: &mut Conn,
    endpoint: &EndpointId,
    directories: &[DirectoryId],
) -> Result<Vec<Open>, DbError> {
    use deliveries as t;
    let mut found: Vec<Open> = Vec::new();
    for directory in directories {
        let rows: Vec<Open> = on_backend!(conn, |c| t::table
            .filter(t::endpoint_id.eq(endpoint))
            .filter(t::directory_id.eq(directory))
            .filter(t::ends_access)
            .filter(t::state.eq(DeliveryState::Waiting))
            .order(t::number.asc())
            .limit(limits::OPEN_DELIVERIES_READ)
            .select(Open::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// Lets the end of somebody's access go first: what waits of that person before it is overtaken
/// . Nothing of that may be on its way; the caller holds the right to send to the endpoint.
pub fn overtake(
    tx: &mut Tx<'_>,
    endpoint: &EndpointId,
    (by, lane): (i64, &str),
    now: Timestamp,
) -> Result<(), DbError> {
    use deliveries as t;
    on_backend!(&mut **tx, |c| diesel::update(
        t::table
            .filter(t::endpoint_id.eq(endpoint))
            .filter(t::lane.eq(lane))
            .filter(t::state.eq(DeliveryState::Waiting))
            .filter(t::number.lt(by))
            .filter(t::group_lane.is_null())
    )
    .set((t::state.eq(DeliveryState::Overtaken), t::done_at_ms.eq(now)))
    .execute(c))?;
    on_backend!(&mut **tx, |c| diesel::update(
        t::table.find(by).filter(t::state.eq(DeliveryState::Waiting))
    )
    .set(t::overtook.eq(true))
    .execute(c))?;
    Ok(())
}

/// Takes the marks away at an endpoint that may not hear of a return: memberships wait for nobody
/// any more.
pub fn forget(tx: &mut Tx<'_>, endpoint: &EndpointId) -> Result<(), DbError> {
    use deliveries as t;
    on_backend!(&mut **tx, |c| diesel::update(
        t::table.filter(t::endpoint_id.eq(endpoint)).filter(t::overtook)
    )
    .set(t::overtook.eq(false))
    .execute(c))?;
    Ok(())
}

/// Does what a delivery that is done means for memberships that wait.
pub fn settle(
    tx: &mut Tx<'_>,
    endpoint: &EndpointId,
    (done, settled): (&Open, Settled),
    now: Timestamp,
) -> Result<(), DbError> {
    use deliveries as t;
    let mut marked: Vec<String> =
        marks(tx, endpoint)?.into_iter().map(|mark| mark.person).collect();
    if matches!(settled, Settled::PersonReturned | Settled::PersonGone) {
        marked.retain(|person| *person == done.lane);
    }
    if marked.is_empty() {
        return Ok(());
    }
    if settled != Settled::PersonReturned {
        give_up_memberships(tx, endpoint, &marked, (done, settled), now)?;
    }
    // Of whoever is gone for good nothing waits any more.
    if matches!(settled, Settled::PersonReturned | Settled::PersonGone) {
        on_backend!(&mut **tx, |c| diesel::update(
            t::table
                .filter(t::endpoint_id.eq(endpoint))
                .filter(t::lane.eq(&done.lane))
                .filter(t::overtook)
        )
        .set(t::overtook.eq(false))
        .execute(c))?;
    }
    Ok(())
}

fn give_up_memberships(
    tx: &mut Tx<'_>,
    endpoint: &EndpointId,
    people: &[String],
    (done, settled): (&Open, Settled),
    now: Timestamp,
) -> Result<(), DbError> {
    use deliveries as t;
    for chunk in people.chunks(limits::IN_LIST_MAX) {
        on_backend!(&mut **tx, |c| {
            let mut gone = diesel::update(t::table)
                .set((t::state.eq(DeliveryState::Overtaken), t::done_at_ms.eq(now)))
                .filter(t::endpoint_id.eq(endpoint))
                .filter(t::lane.eq_any(chunk))
                .filter(t::state.eq(DeliveryState::Waiting))
                .filter(t::number.lt(done.number))
                .filter(t::group_lane.is_not_null())
                .into_boxed();
            if settled == Settled::GroupGone {
                gone = gone.filter(t::group_lane.eq(&done.lane));
            } else if settled == Settled::DirectoryGone {
                gone = gone.filter(t::directory_id.eq(&done.directory_id));
            }
            gone.execute(c)
        })?;
    }
    Ok(())
}
