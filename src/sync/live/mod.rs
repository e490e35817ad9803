//! Live looks: a webhook named somebody, so they are looked at and applied (S-01, S-03).
//!
//! One step claims the waiting hints of one directory, asks the HR system about each person (no
//! transaction is open meanwhile), and applies each answer in a transaction of its own. More people
//! than a minute's calls can look at become one full sync instead: two calls bring everybody.
//! Looks that hang keep nobody else waiting: each is on its own, and an organization has a bounded
//! number of them under way (S-46).
//!
//! Invariants:
//! - A hint is settled in the transaction that applies what was learned, or it waits again (S-42).
//! - The first hint for a person is looked at at once; those that come meanwhile are one more look.
//! - A "gone" answer removes nobody here; it queues a full sync (S-31). Of a starter whom nobody
//!   has seen yet it only means "not yet" (S-03).
//! - One person who cannot be read delays nobody else ([`crate::sync::live::unanswered`]).
//! - A known key under another number, and a new id with the e-mail of somebody whose id may have
//!   changed, are not believed here; they queue a full sync (S-21).

use std::slice;
use std::sync::Arc;

use futures_util::future::join_all;

use crate::clock::Timestamp;
use crate::db::directories::{self, Directory};
use crate::db::directory_users::{self, DirectoryUser};
use crate::db::inbox::{self, DueDirectory, InboxRow, Turn, UnderWay};
use crate::db::lease::while_renewing;
use crate::db::{DbError, Lane, Tx, row_problems, runs};
use crate::domain::account::Activity;
use crate::domain::audit::Cause;
use crate::domain::directory::{DirectoryState, RunTrigger};
use crate::domain::employee::{
    EmailNorm, EmployeeNumber, EmployeeRecord, KeyKind, ManagerReference, Membership,
    RowProblemCode,
};
use crate::domain::hint::Whom;
use crate::limits;
use crate::providers::{CallLane, Fetched, ProviderError, RecordKeys};
use crate::sync::apply;
use crate::sync::apply::guard;
use crate::sync::budget::{self, Gate, Room};
use crate::sync::connect::connect;
use crate::sync::decide::batch::Pass;
use crate::sync::decide::types::{Facts, Observed};
use crate::sync::failure::{self, Notifier, Trouble, Verdict};
use crate::sync::live::unanswered::Unanswered;
use crate::sync::permissions;
use crate::sync::{Context, SyncError, queue};

pub mod starters;
pub mod unanswered;

/// One person to look at: a claim of their hint.
pub struct Look {
    directory: Arc<Directory>,
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

/// Does the next piece of work; false when there is none now.
pub async fn step(cx: &Context) -> Result<bool, SyncError> {
    match claim_next(cx).await? {
        Claimed::Nothing => Ok(false),
        Claimed::Arranged => Ok(true),
        Claimed::Looks(looks) => {
            let looks = looks.into_iter().map(|look| look_at(cx.clone(), look));
            join_all(looks).await.into_iter().collect::<Result<(), _>>()?;
            Ok(true)
        }
    }
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

/// Asks about one person and applies the answer.
pub async fn look_at(cx: Context, look: Look) -> Result<(), SyncError> {
    let directory = Arc::clone(&look.directory);
    let (cx, directory, look) = (&cx, &*directory, &look);
    let provider = match connect(cx, directory, Arc::new(Gate::new(cx, directory, 1))) {
        Ok(provider) => provider,
        Err(error) => return failed(cx, directory, look, &error, cx.clock.now()).await,
    };
    let began = cx.clock.now();
    let who = RecordKeys::of_number(look.number.clone());
    let (id, epoch) = (look.row.id, look.epoch);
    let renew = || async move {
        let until = cx.clock.now().plus(limits::LEASE_MS_MAX);
        cx.db.write(Lane::Urgent, move |tx| inbox::renew(tx, id, epoch, until)).await
    };
    let answer = while_renewing(provider.fetch(CallLane::Live, &who), renew).await;
    let outcome = match answer {
        // There is no telling whose it is; the full sync lists it.
        Ok(Fetched::Found(record)) if record.has_no_key() => {
            leave_to_full_sync(cx, directory, look, None).await
        }
        Ok(Fetched::Found(record)) => found(cx, directory, look, *record).await,
        Ok(Fetched::Gone) => gone(cx, directory, look).await,
        Err(ProviderError::BudgetSpent { until }) => wait(cx, look, until).await,
        Err(ProviderError::Permission { .. })
            if permissions::looks_are_optional(directory.provider) =>
        {
            not_allowed(cx, directory, look).await
        }
        Err(error @ (ProviderError::Down { .. } | ProviderError::Malformed { .. })) => {
            let one = Unanswered { look, error, began };
            unanswered::settle(cx, directory, &*provider, one).await
        }
        Err(error) => failed(cx, directory, look, &error.into(), began).await,
    };
    or_wait(cx, look, outcome).await
}

/// When the claim was lost, or the directory is not what it was when the question was sent, the
/// answer does not count, and the hint waits again (it is gone with a disabled directory).
async fn or_wait(
    cx: &Context,
    look: &Look,
    outcome: Result<(), SyncError>,
) -> Result<(), SyncError> {
    match outcome {
        Err(SyncError::Superseded) => wait(cx, look, cx.clock.now()).await,
        other => other,
    }
}

/// The directory as it must still be for a result to count: active, and with the same credential.
pub(crate) fn still_counts(
    tx: &mut Tx<'_>,
    as_claimed: &Directory,
) -> Result<Directory, SyncError> {
    tx.lock_organization(&as_claimed.organization_id)?;
    let directory = directories::lock(tx, &as_claimed.id)?.ok_or(SyncError::Superseded)?;
    let same = directory.state == DirectoryState::Active
        && directory.credential_generation == as_claimed.credential_generation;
    if same { Ok(directory) } else { Err(SyncError::Superseded) }
}

async fn found(
    cx: &Context,
    claimed: &Directory,
    look: &Look,
    record: EmployeeRecord,
) -> Result<(), SyncError> {
    let (cx, claimed) = (cx.clone(), claimed.clone());
    let (row, epoch, seq) = (look.row.clone(), look.epoch, look.seq);
    let (id, action) = (row.id, row.action_id);
    let db = cx.db.clone();
    let newcomer = Newcomer::of(&cx, &claimed, &record);
    let applied = db.write(Lane::Urgent, move |tx| {
        let mut directory = still_counts(tx, &claimed)?;
        let now = cx.clock.now();
        let twice = RowProblemCode::ListedTwice;
        let (key, number) = (slice::from_ref(&record.external_key), &record.employee_number);
        let stored = directory_users::by_keys(tx, &directory.id, key, number.as_slice())?;
        if is_under_another_number(&stored, &record)
            || may_have_another_id(tx, &directory, &stored, &record)?
            // Which of several records counts is for the list to say (S-16).
            || row_problems::has(tx, &directory.id, &record.external_key, twice)?
        {
            queue::full_sync(tx, &cx, &directory, RunTrigger::Burst, now)?;
            inbox::give_back(tx, &row, epoch, inbox::PARKED, now)?;
            return Ok(false);
        }
        if !inbox::settle(tx, id, epoch, "applied", now)? {
            return Err(SyncError::Superseded);
        }
        let (cause, facts) = (&Cause::Hook(id), &Facts::default());
        let decider = apply::decider(tx, &cx, &directory, Pass::Whole, cause, facts)?;
        let membership = Membership::NotShown;
        let notes = Vec::new();
        let seen = Observed { seq, record, membership, gone: false, raw_hash: None, notes };
        let outcome = apply::apply(&decider, tx, vec![seen])?;
        guard::announce(tx, &Notifier::new(&cx), &directory)?;
        if outcome.employment_moved || action == Some(inbox::MARKED_LEAVER) {
            queue::full_sync(tx, &cx, &directory, RunTrigger::Burst, now)?;
        }
        // A run that is being tried again has trouble of its own, which one person does not
        // disprove.
        let run_in_trouble = runs::open(tx, &directory.id)?.is_some_and(|run| run.tries > 0);
        if directory.failing().is_some() && !run_in_trouble {
            failure::note_success(tx, &Notifier::new(&cx), &mut directory)?;
        }
        Ok(outcome.counts.created.saturating_add(outcome.counts.linked) > 0)
    });
    if applied.await? { newcomer.awaited().await } else { Ok(()) }
}

/// Somebody who was just linked, and may be a manager whom others have waited for (S-13).
struct Newcomer {
    cx: Context,
    directory: Directory,
    names: [Option<ManagerReference>; 3],
}

impl Newcomer {
    fn of(cx: &Context, directory: &Directory, record: &EmployeeRecord) -> Self {
        let key = ManagerReference::Key(record.external_key.clone());
        let number = record.employee_number.clone().map(ManagerReference::Number);
        let email = record.good_email().map(|email| ManagerReference::Email(EmailNorm::of(email)));
        Self { cx: cx.clone(), directory: directory.clone(), names: [Some(key), number, email] }
    }

    /// If somebody has waited for this manager, a full sync brings the two together now. It would
    /// anyway when it is due: nothing is lost when this does not come to its end.
    async fn awaited(self) -> Result<(), SyncError> {
        let Self { cx, directory, names } = self;
        let names: Vec<ManagerReference> = names.into_iter().flatten().collect();
        let id = directory.id.clone();
        let waiting = cx.db.read(move |conn| directory_users::any_waits_for(conn, &id, &names));
        if !waiting.await? {
            return Ok(());
        }
        let db = cx.db.clone();
        let queued = db.write(Lane::Urgent, move |tx| {
            let directory = still_counts(tx, &directory)?;
            queue::full_sync(tx, &cx, &directory, RunTrigger::Burst, cx.clock.now())?;
            Ok(())
        });
        match queued.await {
            // The hint is settled; there is nothing to give back.
            Err(SyncError::Superseded) => Ok(()),
            other => other,
        }
    }
}

/// Whether a key we know comes under another number than before. Either the number was changed, or
/// two records have one key; only the list of everybody can tell, and a guess could give one
/// person's account to another.
fn is_under_another_number(stored: &[DirectoryUser], record: &EmployeeRecord) -> bool {
    stored.iter().any(|user| {
        user.external_key == record.external_key
            && user.employee_number.is_some()
            && user.employee_number != record.employee_number
    })
}

/// Whether this may be somebody we know under an id that can be changed: nobody is stored under the
/// record's keys, and a person with such an id has the e-mail. Only the list of everybody shows
/// whether the old id is gone.
fn may_have_another_id(
    tx: &mut Tx<'_>,
    directory: &Directory,
    stored: &[DirectoryUser],
    record: &EmployeeRecord,
) -> Result<bool, DbError> {
    let is_about = |user: &DirectoryUser| {
        user.external_key == record.external_key || user.key_kind != record.key_kind
    };
    if stored.iter().any(is_about) {
        return Ok(false);
    }
    let email = record.email_norm();
    let same_email = directory_users::by_emails(tx, &directory.id, email.as_slice())?;
    let may_be_renamed =
        |user: &DirectoryUser| user.key_kind == KeyKind::Editable && user.state == Activity::Active;
    Ok(same_email.iter().any(may_be_renamed))
}

pub(crate) async fn leave_to_full_sync(
    cx: &Context,
    claimed: &Directory,
    look: &Look,
    settled_as: Option<&'static str>,
) -> Result<(), SyncError> {
    let (cx, claimed, row, epoch) = (cx.clone(), claimed.clone(), look.row.clone(), look.epoch);
    let db = cx.db.clone();
    db.write(Lane::Urgent, move |tx| {
        let directory = still_counts(tx, &claimed)?;
        let now = cx.clock.now();
        queue::full_sync(tx, &cx, &directory, RunTrigger::Burst, now)?;
        match settled_as {
            Some(outcome) => inbox::settle(tx, row.id, epoch, outcome, now).map(|_| ())?,
            None => inbox::give_back(tx, &row, epoch, inbox::PARKED, now)?,
        }
        Ok(())
    })
    .await
}

/// The key may not ask about one person any more. It works without (L-13): everybody is read
/// instead, until a check or a full sync finds the permission there again.
async fn not_allowed(cx: &Context, claimed: &Directory, look: &Look) -> Result<(), SyncError> {
    let (cx, claimed, row, epoch) = (cx.clone(), claimed.clone(), look.row.clone(), look.epoch);
    let db = cx.db.clone();
    db.write(Lane::Urgent, move |tx| {
        let mut directory = still_counts(tx, &claimed)?;
        let now = cx.clock.now();
        if permissions::note_looks(&mut directory, false) {
            directories::update(tx, &directory)?;
            tracing::warn!(
                directory.id = %directory.id,
                "the key may not ask about one person any more; everybody is read instead"
            );
        }
        queue::full_sync(tx, &cx, &directory, RunTrigger::Burst, now)?;
        Ok(inbox::give_back(tx, &row, epoch, inbox::PARKED, now)?)
    })
    .await
}

/// The HR system knows nobody of this number. That removes nobody; a full sync finds out more
/// (S-31). A starter whom nobody has seen yet is waited for instead (S-03).
async fn gone(cx: &Context, claimed: &Directory, look: &Look) -> Result<(), SyncError> {
    let (inner, as_claimed) = (cx.clone(), claimed.clone());
    let (row, epoch) = (look.row.clone(), look.epoch);
    let is_waited_for = cx.db.write(Lane::Urgent, move |tx| {
        let directory = still_counts(tx, &as_claimed)?;
        if !starters::is_unseen(tx, &directory, &row)? {
            return Ok::<_, SyncError>(false);
        }
        starters::not_there_yet(tx, &row, epoch, inner.clock.now())?;
        Ok(true)
    });
    if is_waited_for.await? {
        return Ok(());
    }
    leave_to_full_sync(cx, claimed, look, Some("gone")).await
}

async fn wait(cx: &Context, look: &Look, until: Timestamp) -> Result<(), SyncError> {
    let (row, epoch, now) = (look.row.clone(), look.epoch, cx.clock.now());
    let write = cx.db.write(Lane::Urgent, move |tx| inbox::give_back(tx, &row, epoch, until, now));
    Ok(write.await?)
}

/// A live look that fails for everybody counts as a failed sync; its hint is kept (S-42).
pub(crate) async fn failed(
    cx: &Context,
    claimed: &Directory,
    look: &Look,
    error: &SyncError,
    began: Timestamp,
) -> Result<(), SyncError> {
    let trouble = match error {
        SyncError::Provider(error) => Trouble::of(error, began),
        _ => Some(Trouble::internal(began)),
    };
    let Some(trouble) = trouble else { return Ok(()) };
    tracing::info!(
        directory.id = %claimed.id,
        failure.class = %trouble.class,
        error = %error,
        "a live look failed"
    );
    let (cx, claimed, row, epoch) = (cx.clone(), claimed.clone(), look.row.clone(), look.epoch);
    let db = cx.db.clone();
    db.write(Lane::Urgent, move |tx| {
        let mut directory = still_counts(tx, &claimed)?;
        let notifier = Notifier::new(&cx);
        let verdict = failure::note_failure(tx, &notifier, &mut directory, &trouble)?;
        let next_at = match verdict {
            Verdict::Retry(at) => at,
            Verdict::Failed => inbox::PARKED,
        };
        let now = cx.clock.now();
        Ok(inbox::note_unanswered(tx, &row, epoch, (next_at, row.failures), now)?)
    })
    .await
}
