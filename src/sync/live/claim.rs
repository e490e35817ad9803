//! Which hints are looked at now, and which wait or become one full sync (S-03, S-46).
//!
//! Invariant: hints, their observation numbers and their calls are taken in one transaction.
//!
//! What this module must not do: ask the HR system.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::db::directories::{self, Directory};
use crate::db::inbox::{self, DueDirectory, InboxRow, Turn, UnderWay};
use crate::db::{DbError, Lane, Tx};
use crate::domain::directory::{DirectoryState, RunTrigger};
use crate::domain::employee::EmployeeNumber;
use crate::domain::hint::Whom;
use crate::limits;
use crate::providers::CallLane;
use crate::sync::budget::{self, Room};
use crate::sync::live::starters;
use crate::sync::{Context, SyncError, permissions, queue};

/// One person to look at: a claim of their hint.
pub struct Look {
    pub(crate) directory: Arc<Directory>,
    pub(crate) number: EmployeeNumber,
    pub(crate) row: InboxRow,
    pub(crate) epoch: i64,
    pub(crate) seq: i64,
}

/// What a claim found.
pub enum Claimed {
    /// Nothing is to be done now.
    Nothing,
    /// Something was put in order (a burst, a wait), and there may be more.
    Arranged,
    /// People of one directory. Each look stands alone: none of them waits for another.
    Looks(Vec<Look>),
}

/// Claims hints of one directory. The organizations take turns: whoever has the fewest looks under
/// way comes first (S-46).
pub async fn claim_next(cx: &Context) -> Result<Claimed, SyncError> {
    let inner = cx.clone();
    Ok(cx.db.write(Lane::Urgent, move |tx| claim(tx, &inner)).await?)
}

fn claim(tx: &mut Tx<'_>, cx: &Context) -> Result<Claimed, DbError> {
    let now = cx.clock.now();
    for row in inbox::expired(tx, now, 100)? {
        let epoch = row.lease_epoch;
        inbox::give_back(tx, &row, epoch, now, now)?;
    }
    // An organization whose looks are all under way is passed over without being looked at, however
    // many of them hang, unless it has come to more people than looks are for (S-46).
    let has_a_turn = |due: &DueDirectory| {
        due.looks < limits::LIVE_LOOKS_MAX || due.people > limits::BURST_PEOPLE_MAX || due.everybody
    };
    let due = inbox::directories_due(tx, now)?.into_iter().filter(has_a_turn);
    for due in due.take(limits::CLAIM_DIRECTORIES_MAX) {
        let Some(directory) = directories::try_lock(tx, &due.id)? else { continue };
        match claim_in(tx, cx, directory, now)? {
            Claimed::Nothing => {}
            claimed => return Ok(claimed),
        }
    }
    Ok(Claimed::Nothing)
}

fn claim_in(
    tx: &mut Tx<'_>,
    cx: &Context,
    directory: Directory,
    now: Timestamp,
) -> Result<Claimed, DbError> {
    // With a new key, only a full sync shows that it is of the same company (L-10).
    if directory.state != DirectoryState::Active || !directory.company_is_proven() {
        inbox::park(tx, &directory.id)?;
        return Ok(Claimed::Arranged);
    }
    // No wait is longer than an hour; one that is was noted before the clock was set back.
    let is_ahead = |at: &Timestamp| *at > now && at.since(now) <= 2 * Timestamp::HOUR;
    if let Some(retry_at) =
        directory.failing().and_then(|failing| failing.retry_at).filter(is_ahead)
    {
        inbox::defer(tx, &directory.id, retry_at)?;
        return Ok(Claimed::Arranged);
    }
    let room = |tx: &mut Tx<'_>, lane| {
        budget::room(tx, &cx.pace, &directory.id, directory.provider, lane, now)
    };
    let people_max = count(limits::BURST_PEOPLE_MAX).min(room(tx, CallLane::Live)?.calls);
    let limit = people_max.saturating_add(1);
    let under_way = inbox::under_way(tx)?;
    let mut waiting = inbox::due(tx, &directory.id, Turn::First, &under_way, now, limit)?;
    let everybody = waiting.iter().any(|row| row.whom == Whom::Everybody);
    let may_look = permissions::may_look(&directory);
    // A key that may not ask about one person: everybody is read instead (L-13).
    let must_read = everybody || (!may_look && !waiting.is_empty());
    if must_read || count(waiting.len()) > people_max {
        queue::full_sync(tx, cx, &directory, RunTrigger::Burst, now)?;
        inbox::park(tx, &directory.id)?;
        return Ok(Claimed::Arranged);
    }
    if !may_look {
        return wait_for_run(tx, cx, &directory, &under_way, now);
    }
    let free = free_looks(&under_way, &directory);
    waiting.truncate(free);
    let free = free.saturating_sub(waiting.len());
    let mut again = inbox::due(tx, &directory.id, Turn::Again, &under_way, now, count(free))?;
    if !again.is_empty() {
        // They use what full syncs may use, so that others can be looked at first.
        let Room { calls, until } = room(tx, CallLane::Bulk)?;
        let calls = calls.saturating_sub(count(waiting.len()));
        let later = again.split_off(again.len().min(usize::try_from(calls).unwrap_or(0)));
        inbox::let_wait(tx, &later, until.max(now.plus(Timestamp::SECOND)))?;
    }
    waiting.append(&mut again);
    let mut claimed = Vec::new();
    for row in waiting {
        let Whom::Person(number) = row.whom.clone() else { continue };
        if inbox::claim(tx, &row, now.plus(limits::LEASE_MS_MAX))? {
            claimed.push((number, row));
        }
    }
    let calls = count(claimed.len());
    if calls == 0 {
        return Ok(Claimed::Nothing);
    }
    let first = directories::take_observation_seqs(tx, &directory.id, calls)?;
    // There is room for them: it was looked at in this transaction.
    budget::take(tx, &directory, calls, now)?;
    let directory = &Arc::new(directory);
    let look = |(seq, (number, row)): (i64, (EmployeeNumber, InboxRow))| {
        let (directory, epoch) = (Arc::clone(directory), row.lease_epoch.saturating_add(1));
        Look { directory, number, row, epoch, seq }
    };
    Ok(Claimed::Looks((first..).zip(claimed).map(look).collect()))
}

/// Starters whom the last list did not name and about whom the key may not ask (L-13): everybody is
/// read again at the moments at which they would be asked about (S-03).
fn wait_for_run(
    tx: &mut Tx<'_>,
    cx: &Context,
    directory: &Directory,
    under_way: &[UnderWay],
    now: Timestamp,
) -> Result<Claimed, DbError> {
    let limit = limits::INBOX_WAITING_MAX;
    let again = inbox::due(tx, &directory.id, Turn::Again, under_way, now, limit)?;
    if again.is_empty() {
        return Ok(Claimed::Nothing);
    }
    for row in again {
        let at = starters::list_at(row.first_received_at_ms, directory.last_success_at_ms, now);
        if at.is_none() {
            queue::full_sync(tx, cx, directory, RunTrigger::Burst, now)?;
        }
        inbox::let_wait(tx, &[row], at.unwrap_or(inbox::PARKED))?;
    }
    Ok(Claimed::Arranged)
}

/// How many more looks a directory may begin now, in all processes together: so many for its
/// organization and for its HR system. When half of the HR system's are under way, an organization
/// has one at a time, so that many slow ones leave room for others (S-46).
fn free_looks(under_way: &[UnderWay], directory: &Directory) -> usize {
    let is_own = |look: &&UnderWay| look.organization_id == directory.organization_id;
    let (own, all) = (under_way.iter().filter(is_own).count(), under_way.len());
    let own_max = if all < limits::PROVIDER_LOOKS_MAX / 2 { limits::LIVE_LOOKS_MAX } else { 1 };
    let free = own_max.saturating_sub(own);
    free.min(limits::PROVIDER_LOOKS_MAX.saturating_sub(all))
}

fn count(people: usize) -> i64 {
    i64::try_from(people).unwrap_or(i64::MAX)
}
