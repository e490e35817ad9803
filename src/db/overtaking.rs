//! Which deliveries the end of access went past at an endpoint, and what waits for that.
//!
//! Invariants:
//! - A delivery that overtook keeps its mark, however far it is, until its person is active again.
//! - Everything is found by indexes that hold what is marked or one person's deliveries.
//!
//! What this module must not do: decide who may overtake (`delivery::lanes` does).

use diesel::prelude::*;

use crate::clock::Millis;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::deliveries::Open;
use crate::db::error::DbError;
use crate::db::schema::deliveries;
use crate::domain::endpoint::{DeliveryState, DeliveryTrigger};
use crate::domain::event::EventKind;
use crate::domain::ids::{DirectoryId, EndpointId};
use crate::limits;

/// Ends of access that overtook at an endpoint, in order, each with whom it is about and, if it
/// waits still, itself; at most [`limits::OVERTAKERS_MAX`].
pub fn overtakers(
    conn: &mut Conn,
    endpoint: &EndpointId,
) -> Result<Vec<(String, Option<Open>)>, DbError> {
    use deliveries as t;
    let rows_max = i64::try_from(limits::OVERTAKERS_MAX).unwrap_or(i64::MAX);
    let rows: Vec<(DeliveryState, Open)> = on_backend!(conn, |c| t::table
        .filter(t::endpoint_id.eq(endpoint))
        .filter(t::overtook)
        .limit(rows_max)
        .select((t::state, Open::as_select()))
        .load(c))?;
    let mut rows: Vec<_> = rows
        .into_iter()
        .map(|(state, open)| {
            let lane = open.lane.clone();
            (lane, open.number, (state == DeliveryState::Waiting).then_some(open))
        })
        .collect();
    rows.sort_unstable_by_key(|(_, number, _)| *number);
    Ok(rows.into_iter().map(|(lane, _, open)| (lane, open)).collect())
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
    now: Millis,
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

/// Forgets what was overtaken at an endpoint that may not hear of a return: memberships wait for
/// nobody any more.
pub fn forget(tx: &mut Tx<'_>, endpoint: &EndpointId) -> Result<(), DbError> {
    use deliveries as t;
    on_backend!(&mut **tx, |c| diesel::update(
        t::table.filter(t::endpoint_id.eq(endpoint)).filter(t::overtook)
    )
    .set(t::overtook.eq(false))
    .execute(c))?;
    Ok(())
}

/// Puts in order what waits behind ends of access that overtook, when this was delivered or given
/// up: who is active again has memberships again, and memberships of a person, group or
/// directory that is gone are overtaken.
pub fn settle(
    tx: &mut Tx<'_>,
    endpoint: &EndpointId,
    delivered: &Open,
    now: Millis,
) -> Result<(), DbError> {
    use deliveries as t;
    // What is told again is old, and says nothing about now.
    if delivered.delivery_trigger != DeliveryTrigger::Event {
        return Ok(());
    }
    let is = |kind: EventKind| delivered.event_type == kind.as_str();
    if delivered.is_of_person() && !delivered.ends_access {
        on_backend!(&mut **tx, |c| diesel::update(
            t::table
                .filter(t::endpoint_id.eq(endpoint))
                .filter(t::lane.eq(&delivered.lane))
                .filter(t::overtook)
        )
        .set(t::overtook.eq(false))
        .execute(c))?;
        return Ok(());
    }
    if !is(EventKind::UserDeleted) && !delivered.ends_group() && !is(EventKind::DsyncDeleted) {
        return Ok(());
    }
    let mut people: Vec<String> =
        overtakers(tx, endpoint)?.into_iter().map(|(who, _)| who).collect();
    people.sort_unstable();
    people.dedup();
    if is(EventKind::UserDeleted) {
        people.retain(|person| *person == delivered.lane);
    }
    for chunk in people.chunks(limits::IN_LIST_MAX) {
        on_backend!(&mut **tx, |c| {
            let mut gone = diesel::update(t::table)
                .set((t::state.eq(DeliveryState::Overtaken), t::done_at_ms.eq(now)))
                .filter(t::endpoint_id.eq(endpoint))
                .filter(t::lane.eq_any(chunk))
                .filter(t::state.eq(DeliveryState::Waiting))
                .filter(t::number.lt(delivered.number))
                .filter(t::group_lane.is_not_null())
                .into_boxed();
            if delivered.ends_group() {
                gone = gone.filter(t::group_lane.eq(&delivered.lane));
            } else if is(EventKind::DsyncDeleted) {
                gone = gone.filter(t::directory_id.eq(&delivered.directory_id));
            }
            gone.execute(c)
        })?;
    }
    Ok(())
}
