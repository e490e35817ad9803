//! Moments until which work waits, after the clock was set back.
//!
//! Every wait has a longest. What waits for a moment further ahead got it before the clock was set
//! back, and would stand still until the clock has caught up; it is due now instead.
//!
//! What this module must not do: move anything that can really be that far ahead. Hints that are
//! parked wait for a full sync and for no moment.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::conn::{Tx, on_backend};
use crate::db::error::DbError;
use crate::db::inbox::{PARKED, is_leased, is_waiting};
use crate::db::mails::MailState;
use crate::db::schema::{deliveries, directories, endpoints, inbox, mails, runs};
use crate::db::{Db, Lane};
use crate::domain::directory::{DirectoryState, RunState};
use crate::domain::endpoint::DeliveryState;
use crate::limits;

/// Makes due now what waits for a moment that no wait reaches; how much that was. Each statement is
/// a transaction of its own, because others take these locks in other orders.
pub async fn mend(db: &Db, now: Timestamp) -> Result<usize, DbError> {
    let mut mended: usize = 0;
    let statements = [
        schedules,
        retries,
        queued_runs,
        leases_of_runs,
        hints,
        waiting_mails,
        endpoints_to_send_to,
        waiting_deliveries,
    ];
    for statement in statements {
        let rows = db.write(Lane::Bulk, move |tx| statement(tx, now)).await?;
        mended = mended.saturating_add(rows);
    }
    Ok(mended)
}

fn furthest(now: Timestamp) -> Timestamp {
    now.plus(limits::WAIT_MS_MAX)
}

/// A schedule goes on by one interval at a time, and its jitter is small. One that is missing
/// altogether is mended too.
fn schedules(tx: &mut Tx<'_>, now: Timestamp) -> Result<usize, DbError> {
    use directories as t;
    let syncing = [DirectoryState::Validating, DirectoryState::Active, DirectoryState::Failing];
    let too_far: Vec<_> = on_backend!(&mut **tx, |c| t::table
        .filter(t::state.eq_any(syncing))
        .filter(t::next_sync_at_ms.gt(now).or(t::next_sync_at_ms.is_null()))
        .select((t::id, t::poll_seconds, t::next_sync_at_ms))
        .load::<(crate::domain::ids::DirectoryId, i64, Option<Timestamp>)>(c))?
    .into_iter()
    .filter(|(_, poll_seconds, next)| {
        let longest = poll_seconds.saturating_mul(2 * Timestamp::SECOND);
        next.is_none_or(|next| next > now.plus(longest))
    })
    .map(|(id, ..)| id)
    .collect();
    if too_far.is_empty() {
        return Ok(0);
    }
    Ok(on_backend!(&mut **tx, |c| diesel::update(t::table.filter(t::id.eq_any(&too_far)))
        .set(t::next_sync_at_ms.eq(now))
        .execute(c))?)
}

fn retries(tx: &mut Tx<'_>, now: Timestamp) -> Result<usize, DbError> {
    use directories as t;
    Ok(on_backend!(&mut **tx, |c| diesel::update(
        t::table.filter(t::retry_at_ms.gt(furthest(now)))
    )
    .set(t::retry_at_ms.eq(None::<Timestamp>))
    .execute(c))?)
}

fn queued_runs(tx: &mut Tx<'_>, now: Timestamp) -> Result<usize, DbError> {
    use runs as t;
    Ok(on_backend!(&mut **tx, |c| diesel::update(
        t::table.filter(t::state.eq(RunState::Queued)).filter(t::next_at_ms.gt(furthest(now)))
    )
    .set(t::next_at_ms.eq(now))
    .execute(c))?)
}

/// A worker that lives notices that it has lost its claim, and writes nothing.
fn leases_of_runs(tx: &mut Tx<'_>, now: Timestamp) -> Result<usize, DbError> {
    use runs as t;
    Ok(on_backend!(&mut **tx, |c| diesel::update(
        t::table.filter(t::state.eq(RunState::Running)).filter(t::lease_until_ms.gt(furthest(now)))
    )
    .set(t::lease_until_ms.eq(now))
    .execute(c))?)
}

fn hints(tx: &mut Tx<'_>, now: Timestamp) -> Result<usize, DbError> {
    use inbox as t;
    let leased = on_backend!(&mut **tx, |c| diesel::update(
        t::table.filter(is_leased()).filter(t::lease_until_ms.gt(furthest(now)))
    )
    .set(t::lease_until_ms.eq(now))
    .execute(c))?;
    let waiting = on_backend!(&mut **tx, |c| diesel::update(
        t::table
            .filter(is_waiting())
            .filter(t::next_at_ms.gt(furthest(now)))
            .filter(t::next_at_ms.lt(PARKED))
    )
    .set(t::next_at_ms.eq(now))
    .execute(c))?;
    Ok(leased.saturating_add(waiting))
}

fn waiting_mails(tx: &mut Tx<'_>, now: Timestamp) -> Result<usize, DbError> {
    use mails as t;
    let leased = on_backend!(&mut **tx, |c| diesel::update(
        t::table.filter(t::state.eq(MailState::Leased)).filter(t::lease_until_ms.gt(furthest(now)))
    )
    .set(t::lease_until_ms.eq(now))
    .execute(c))?;
    let waiting = on_backend!(&mut **tx, |c| diesel::update(
        t::table.filter(t::state.eq(MailState::Waiting)).filter(t::next_at_ms.gt(furthest(now)))
    )
    .set(t::next_at_ms.eq(now))
    .execute(c))?;
    Ok(leased.saturating_add(waiting))
}

/// A sender that lives goes on under its epoch; another one finds out at its next write.
fn endpoints_to_send_to(tx: &mut Tx<'_>, now: Timestamp) -> Result<usize, DbError> {
    use endpoints as t;
    let leased = on_backend!(&mut **tx, |c| diesel::update(
        t::table.filter(t::lease_until_ms.gt(furthest(now)))
    )
    .set(t::lease_until_ms.eq(now))
    .execute(c))?;
    let paused = on_backend!(&mut **tx, |c| diesel::update(
        t::table.filter(t::paused_until_ms.gt(now.plus(limits::RETRY_AFTER_MS_MAX)))
    )
    .set((t::paused_until_ms.eq(now), t::due_at_ms.eq(now)))
    .execute(c))?;
    let due = on_backend!(&mut **tx, |c| diesel::update(
        t::table.filter(t::due_at_ms.gt(now.plus(limits::DELIVERY_WAIT_MS_MAX)))
    )
    .set(t::due_at_ms.eq(now))
    .execute(c))?;
    Ok(leased.saturating_add(paused).saturating_add(due))
}

fn waiting_deliveries(tx: &mut Tx<'_>, now: Timestamp) -> Result<usize, DbError> {
    use deliveries as t;
    Ok(on_backend!(&mut **tx, |c| diesel::update(
        t::table
            .filter(t::state.eq(DeliveryState::Waiting))
            .filter(t::next_at_ms.gt(now.plus(limits::DELIVERY_WAIT_MS_MAX)))
    )
    .set(t::next_at_ms.eq(now))
    .execute(c))?)
}
