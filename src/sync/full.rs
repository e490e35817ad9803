//! Full syncs: everybody is read, then applied in batches (S-06, L-05, L-07).
//!
//! *Read*: the list is streamed and staged; nothing is applied before it is complete. *Apply*:
//! first people, then managers and groups, in batches that each commit; a webhook never waits
//! behind more than one of them. A crashed run is taken over when its claim ends and simply starts
//! again: people who were applied already are unchanged then.
//!
//! Invariants:
//! - A run that fails has removed nobody, and what it applied is complete per person (S-30).
//! - The observation number is taken before the first call (S-05).
//! - Every transaction checks that the claim, the state and the credential still stand.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::clock::Millis;
use crate::db::directories::{self, Directory};
use crate::db::directory_users::{self, DirectoryUser, Known};
use crate::db::lease::while_renewing;
use crate::db::missing_people::{self, Question};
use crate::db::runs::{self, Run};
use crate::db::types::Json;
use crate::db::{DbError, Lane, Tx, catalogue, hold_items, inbox, links, row_problems};
use crate::domain::account::Activity;
use crate::domain::audit::Cause;
use crate::domain::directory::{RunCounts, RunState, RunTrigger};
use crate::domain::employee::ExternalKey;
use crate::domain::failure::FailureClass;
use crate::domain::ids::{DirectoryUserId, RunId};
use crate::domain::row_problem::Severity;
use crate::limits;
use crate::providers::{CallLane, Provider, ProviderError};
use crate::sync::absence::Gone;
use crate::sync::apply::{self, Applier, Outcome, Pass};
use crate::sync::budget::{self, Gate};
use crate::sync::company::{self, Roll};
use crate::sync::failure::{self, Teller, Trouble, Verdict};
use crate::sync::guard::{self, Ruling, Waiting};
use crate::sync::plan::{Facts, Observed};
use crate::sync::preview::BadRow;
use crate::sync::reading::{self, Looks, Reading};
use crate::sync::setup::connect;
use crate::sync::staging::{Everybody, Moved, Staging};
use crate::sync::{
    Context, SyncError, groups, ledger, permissions, preview, second_look, unconfirmed, waiting,
};

/// Queues a full sync; when one waits already, that one serves.
pub fn queue(
    tx: &mut Tx<'_>,
    cx: &Context,
    directory: &Directory,
    trigger: RunTrigger,
    now: Millis,
) -> Result<RunId, DbError> {
    // Trouble that is being waited out is waited out here too.
    let at = directory.retry_at_ms.map_or(now, |retry_at| retry_at.max(now));
    runs::queue(
        tx,
        Run {
            id: RunId::new(now, &*cx.random),
            organization_id: directory.organization_id.clone(),
            directory_id: directory.id.clone(),
            run_trigger: trigger,
            state: RunState::Queued,
            open_key: None,
            requested_at_ms: now,
            started_at_ms: None,
            finished_at_ms: None,
            next_at_ms: at,
            tries: 0,
            lease_until_ms: None,
            lease_epoch: 0,
            error_class: None,
            error_message: None,
            counts: Json(RunCounts::default()),
        },
    )
}

/// A run at work.
#[derive(Clone)]
pub struct Claim {
    run: Run,
    epoch: i64,
    directory: Directory,
}

/// What a claim found.
pub enum Claimed {
    /// No run is due.
    Nothing,
    /// Something was put in order, and there may be more.
    Arranged,
    /// A run.
    Run(Box<Claim>),
}

/// Does the next run; false when none is due.
pub async fn step(cx: &Context) -> Result<bool, SyncError> {
    match claim_next(cx).await? {
        Claimed::Nothing => Ok(false),
        Claimed::Arranged => Ok(true),
        Claimed::Run(claim) => run(cx.clone(), *claim).await.map(|()| true),
    }
}

/// Claims the next run that may begin now.
pub async fn claim_next(cx: &Context) -> Result<Claimed, SyncError> {
    let inner = cx.clone();
    Ok(cx.db.write(Lane::Urgent, move |tx| claim(tx, &inner)).await?)
}

/// Does a run that was claimed.
pub async fn run(cx: Context, claim: Claim) -> Result<(), SyncError> {
    let cx = &cx;
    let began = cx.clock.now();
    let (id, epoch) = (claim.run.id.clone(), claim.epoch);
    let renew = || {
        let (id, until) = (id.clone(), cx.clock.now().plus(limits::LEASE_MS_MAX));
        cx.db.write(Lane::Urgent, move |tx| runs::renew(tx, &id, epoch, until))
    };
    let result = while_renewing(work(cx, &claim), renew).await;
    match result {
        Ok(()) | Err(SyncError::Superseded) => Ok(()),
        Err(error) => give_up(cx, claim, error, began).await,
    }
}

fn claim(tx: &mut Tx<'_>, cx: &Context) -> Result<Claimed, DbError> {
    let now = cx.clock.now();
    for run in runs::expired(tx, now)? {
        tracing::warn!(run.id = %run.id, "a run's worker died; the run starts again");
        runs::requeue(tx, &run, run.lease_epoch, now, now)?;
    }
    for run in runs::due(tx, now, limits::CLAIM_RUNS_MAX)? {
        if let Some(directory) = directories::try_lock(tx, &run.directory_id)? {
            return claim_run(tx, run, directory, now);
        }
    }
    Ok(Claimed::Nothing)
}

fn claim_run(
    tx: &mut Tx<'_>,
    run: Run,
    directory: Directory,
    now: Millis,
) -> Result<Claimed, DbError> {
    if !directory.state.is_syncing() {
        runs::give_way(tx, &run.id, "This sync was ended: the directory is not set up.", now)?;
        return Ok(Claimed::Arranged);
    }
    if !runs::claim(tx, &run, now, now.plus(limits::LEASE_MS_MAX))? {
        return Ok(Claimed::Arranged);
    }
    let epoch = run.lease_epoch.saturating_add(1);
    Ok(Claimed::Run(Box::new(Claim { run, epoch, directory })))
}

async fn work(cx: &Context, claim: &Claim) -> Result<(), SyncError> {
    if waiting::look(cx, &claim.directory).await? {
        return Err(SyncError::Superseded);
    }
    let reading = reading::read(cx, &claim.directory).await?;
    let mut counts = counts_before(&reading);
    let reading = Arc::new(reading);
    let everybody = &reading.everybody;
    let facts = Arc::new(everybody.facts.clone());
    let lane = lane_of(everybody);
    let batch = Batch { cx, claim, facts, ruling: reading.ruling, lane };
    if claim.directory.strict {
        batch.refuse_problems(&reading).await?;
    }
    batch.start().await?;
    let mut held: HashSet<ExternalKey> = HashSet::new();
    let mut kept: HashSet<ExternalKey> = HashSet::new();
    // First those who are gone: their accounts may be wanted by people who are new (S-20).
    let gone: Vec<Observed> = reading.answers.gone.iter().map(Gone::observed).collect();
    if !gone.is_empty() {
        let done = batch.apply(gone, Pass::Whole).await?;
        add(&mut counts, done.counts);
        held.extend(done.held);
        kept.extend(done.kept);
    }
    for people in everybody.batches() {
        let done = batch.apply(people.to_vec(), Pass::People).await?;
        add(&mut counts, done.counts);
        held.extend(done.held);
        kept.extend(done.kept);
    }
    for people in everybody.batches() {
        batch.apply(people.to_vec(), Pass::Relations).await?;
    }
    for ids in everybody.unchanged.chunks(limits::PIECE_ROWS_MAX) {
        batch.mark_seen(ids.to_vec(), everybody.seq).await?;
    }
    held.extend(reading.waiting.iter().map(|one| one.external_key.clone()));
    for people in reading.waiting.chunks(limits::APPLY_BATCH_PEOPLE_MAX) {
        batch.hold(people.to_vec()).await?;
    }
    if reading.looks == Looks::ByLists {
        batch.note_missing(&reading.missing, reading.asked_at, None).await?;
    }
    let (seq, now) = (everybody.seq, cx.clock.now());
    let to_ask = Question { list_seq: seq, at: Some(reading.questions.next_at().unwrap_or(now)) };
    batch.note_missing(&reading.questions.to_ask(), reading.asked_at, Some(to_ask)).await?;
    let unanswered = Question { list_seq: seq, at: None };
    batch.note_missing(&reading.questions.unanswered(), reading.asked_at, Some(unanswered)).await?;
    batch
        .write_few(move |tx, directory, cx| Ok(unconfirmed::tell(tx, cx, &directory, Some(seq))?))
        .await?;
    // Of whom nothing could be read, nothing is settled either.
    held.extend(everybody.unread.iter().map(|unread| unread.external_key.clone()));
    let unread = everybody.unread.iter().map(BadRow::unread).collect();
    batch.list_problems(everybody.seq, unread).await?;
    batch.finish(End { counts, reading, held, kept }).await
}

/// What a run has come to.
struct End {
    counts: RunCounts,
    reading: Arc<Reading>,
    /// Who keeps access until an admin decides.
    held: HashSet<ExternalKey>,
    /// Who keeps access because an admin said so.
    kept: HashSet<ExternalKey>,
}

/// What is counted of a list before anybody is planned.
#[must_use]
pub fn counts_before(reading: &Reading) -> RunCounts {
    let everybody = &reading.everybody;
    RunCounts {
        held: u64::try_from(reading.waiting.len()).unwrap_or(u64::MAX),
        seen: u64::try_from(everybody.seen).unwrap_or(u64::MAX),
        unchanged: u64::try_from(everybody.unchanged.len()).unwrap_or(u64::MAX),
        row_problems: u64::try_from(everybody.unread.len()).unwrap_or(u64::MAX),
        ..RunCounts::default()
    }
}

/// Adds what a part of a list has come to.
pub fn add(sum: &mut RunCounts, part: RunCounts) {
    // `seen` is known from the list itself.
    sum.created = sum.created.saturating_add(part.created);
    sum.linked = sum.linked.saturating_add(part.linked);
    sum.updated = sum.updated.saturating_add(part.updated);
    sum.unchanged = sum.unchanged.saturating_add(part.unchanged);
    sum.deactivated = sum.deactivated.saturating_add(part.deactivated);
    sum.row_problems = sum.row_problems.saturating_add(part.row_problems);
    sum.held = sum.held.saturating_add(part.held);
}

/// Takes the observation number, and the calls of a list together: taken one by one, each could
/// be used up by a run that does not get the next one.
async fn begin(cx: &Context, directory: &Directory) -> Result<(i64, i64), SyncError> {
    let (inner, directory) = (cx.clone(), directory.clone());
    let begun = cx.db.write(Lane::Urgent, move |tx| {
        let locked = directories::lock(tx, &directory.id)?.ok_or(DbError::NotFound)?;
        let now = inner.clock.now();
        let lane = list_lane(tx, &locked)?;
        let calls = budget::list_calls(locked.provider);
        match budget::reserve(tx, &inner.pace, &locked, lane, calls, now)? {
            Ok(()) => {
                let seq = directories::take_observation_seqs(tx, &locked.id, 1)?;
                Ok::<_, DbError>(Ok((seq, calls)))
            }
            Err(until) => Ok(Err(ProviderError::BudgetSpent { until })),
        }
    });
    Ok(begun.await??)
}

/// Webhooks do not wait behind the calls that looks have used: the list that brings what they are
/// about has its own (S-03).
fn list_lane(tx: &mut Tx<'_>, directory: &Directory) -> Result<CallLane, DbError> {
    let run = runs::open(tx, &directory.id)?;
    let is_burst = run.is_some_and(|run| run.run_trigger == RunTrigger::Burst)
        || inbox::waiting_count(tx, &directory.id)? > 0;
    Ok(if is_burst { CallLane::Burst } else { CallLane::Bulk })
}

/// Reads everybody, for a full sync or a preview. Nothing is written but the observation number and
/// the calls.
pub async fn everybody(cx: &Context, directory: &Directory) -> Result<Everybody, SyncError> {
    let (seq, calls) = begin(cx, directory).await?;
    let (id, now) = (directory.id.clone(), cx.clock.now());
    let known = cx.db.read_bulk(move |conn| directory_users::known(conn, &id, now)).await?;
    let is_active = |one: &&Known| one.state == Activity::Active;
    let roll = Roll { active: known.iter().filter(is_active).count(), all: known.len() };
    let provider = connect(cx, directory, Arc::new(Gate::of_list(cx, directory, calls)))?;
    let provider: &dyn Provider = &*provider;
    let mut staging = Staging::new(provider, &cx.keys.record, known);
    provider.list(&mut staging).await?;
    second_look::ask(provider, directory, &mut staging).await?;
    let (organization, now) = (directory.organization_id.clone(), cx.clock.now());
    let day = cx.db.read_bulk(move |conn| apply::day(conn, &organization, now)).await?;
    if staging.is_without_keys() {
        let reason = "no record of the list has a key".to_owned();
        return Err(ProviderError::Malformed { reason }.into());
    }
    let several = staging.several();
    let stored = cx.db.read(move |conn| directory_users::by_ids(conn, &several)).await?;
    let records = stored.into_iter().map(|user| (user.id, user.record.0)).collect();
    let mut everybody = staging.close(seq, day.today, &records);
    everybody.roll = roll;
    name_unread(cx, &mut everybody).await?;
    put_former_first(cx, directory, &mut everybody).await?;
    add_moved(cx, &mut everybody).await?;
    let movers = everybody.movers();
    let emails = cx.db.read_bulk(move |conn| links::emails_of_users(conn, &movers)).await?;
    everybody.put_in_order(&emails);
    Ok(everybody)
}

/// Whoever is stored and can not be read is listed by the name that is stored.
async fn name_unread(cx: &Context, all: &mut Everybody) -> Result<(), DbError> {
    let ids: Vec<DirectoryUserId> =
        all.unread.iter().filter_map(|unread| unread.user.clone()).collect();
    let stored = cx.db.read(move |conn| directory_users::by_ids(conn, &ids)).await?;
    let stored: HashMap<&DirectoryUserId, &DirectoryUser> =
        stored.iter().map(|user| (&user.id, user)).collect();
    for unread in &mut all.unread {
        let Some(user) = unread.user.as_ref().and_then(|id| stored.get(id)) else { continue };
        unread.name = user.record.0.display_name();
        unread.email.clone_from(&user.record.0.email);
        unread.employee_number.clone_from(&user.employee_number);
    }
    Ok(())
}

/// Of the people whom we do not know, those come first who had an account before the directory was
/// set up again (L-09).
async fn put_former_first(
    cx: &Context,
    directory: &Directory,
    all: &mut Everybody,
) -> Result<(), SyncError> {
    let mut strangers = all.changed.split_off(all.strangers_from.min(all.changed.len()));
    let (directory, keys) = (directory.clone(), Arc::clone(&cx.keys));
    let read = cx.db.read_bulk(move |conn| {
        ledger::put_first(conn, &keys, &directory, &mut strangers)?;
        Ok::<_, DbError>(strangers)
    });
    all.changed.append(&mut read.await?);
    Ok(())
}

/// People whose record is as it was but who joined or left the list of current staff are planned
/// with the stored record.
async fn add_moved(cx: &Context, all: &mut Everybody) -> Result<(), SyncError> {
    let seq = all.seq;
    let ids: Vec<DirectoryUserId> = all.moved.iter().map(|moved| moved.user.clone()).collect();
    let stored: Vec<DirectoryUser> =
        cx.db.read_bulk(move |conn| directory_users::by_ids(conn, &ids)).await?;
    let mut stored: HashMap<DirectoryUserId, DirectoryUser> =
        stored.into_iter().map(|user| (user.id.clone(), user)).collect();
    for Moved { user, membership, hash, notes } in std::mem::take(&mut all.moved) {
        let Some(user) = stored.remove(&user) else { continue };
        // A look meanwhile took the hash away, and its record did not come from this raw one.
        let raw_hash = user.raw_hash.filter(|stored| *stored == hash);
        let record = user.record.0;
        all.changed.push(Observed { seq, record, membership, gone: false, raw_hash, notes });
    }
    Ok(())
}

/// Applies parts of a run, each in a transaction that checks the claim first.
struct Batch<'a> {
    cx: &'a Context,
    claim: &'a Claim,
    facts: Arc<Facts>,
    ruling: Ruling,
    lane: Lane,
}

/// The lane of a run's pieces: those of a small directory do not wait behind each piece of a large
/// one (S-46).
fn lane_of(everybody: &Everybody) -> Lane {
    let people = everybody.changed.len().saturating_add(everybody.unchanged.len());
    if people <= limits::PIECE_ROWS_MAX { Lane::Small } else { Lane::Bulk }
}

impl Batch<'_> {
    /// Runs `work` in a transaction if the claim still stands.
    async fn write<T, F>(&self, work: F) -> Result<T, SyncError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>, Directory, &Context) -> Result<T, SyncError> + Send + 'static,
    {
        self.write_in(self.lane, work).await
    }

    /// The same for a few rows, which do not wait behind the pieces of others (S-46).
    async fn write_few<T, F>(&self, work: F) -> Result<T, SyncError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>, Directory, &Context) -> Result<T, SyncError> + Send + 'static,
    {
        self.write_in(Lane::Urgent, work).await
    }

    async fn write_in<T, F>(&self, lane: Lane, work: F) -> Result<T, SyncError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>, Directory, &Context) -> Result<T, SyncError> + Send + 'static,
    {
        let (cx, claim) = (self.cx.clone(), self.claim.clone());
        let db = cx.db.clone();
        db.write(lane, move |tx| {
            let directory = still_counts(tx, &claim)?;
            work(tx, directory, &cx)
        })
        .await
    }

    /// In a strict directory a single row problem ends the run before anything is applied. What HR
    /// has to correct is listed all the same (S-07).
    async fn refuse_problems(&self, reading: &Arc<Reading>) -> Result<(), SyncError> {
        let seq = reading.everybody.seq;
        let counts = RunCounts { seen: counts_before(reading).seen, ..RunCounts::default() };
        let bad = preview::bad_rows(self.cx, &self.claim.directory, reading).await?;
        let problems = bad.iter().filter(|row| row.severity == Severity::Problem).count();
        let Ok(records @ 1..) = u64::try_from(problems) else { return Ok(()) };
        self.list_problems(seq, bad).await?;
        let counts = RunCounts { row_problems: records, ..self.end_access(reading, counts).await? };
        let run = self.claim.run.id.clone();
        self.forget_problems(seq).await?;
        self.write(move |tx, _, _| Ok(runs::set_counts(tx, &run, counts)?)).await?;
        Err(SyncError::RowProblems(records))
    }

    /// Lists what HR has to correct.
    async fn list_problems(&self, seq: i64, rows: Vec<BadRow>) -> Result<(), SyncError> {
        for rows in rows.chunks(limits::APPLY_BATCH_PEOPLE_MAX) {
            let rows = rows.to_vec();
            self.write(move |tx, directory, cx| {
                for row in rows {
                    row_problems::put(tx, &row.into_row(&directory, seq, cx))?;
                }
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    /// Forgets the row problems that this run has not met again, in pieces.
    async fn forget_problems(&self, seq: i64) -> Result<(), SyncError> {
        let piece = async || {
            self.write_few(move |tx, directory, _| {
                let rows_max = limits::PIECE_ROWS_MAX;
                Ok(row_problems::clear_unseen(tx, &directory.id, seq, rows_max)?)
            })
            .await
        };
        while piece().await? > 0 {}
        Ok(())
    }

    /// Whoever has left by their own record loses access although the run fails (S-07), under the
    /// guard as ever.
    async fn end_access(
        &self,
        reading: &Arc<Reading>,
        mut counts: RunCounts,
    ) -> Result<RunCounts, SyncError> {
        for people in reading.everybody.batches() {
            let done = self.apply(people.to_vec(), Pass::Ends).await?;
            counts.deactivated = counts.deactivated.saturating_add(done.counts.deactivated);
            counts.held = counts.held.saturating_add(done.counts.held);
        }
        self.write(|tx, directory, cx| Ok(guard::announce(tx, &Teller::new(cx), &directory)?))
            .await?;
        Ok(counts)
    }

    async fn start(&self) -> Result<(), SyncError> {
        self.write_few(|tx, mut directory, cx| {
            Ok(apply::activate(tx, &mut directory, cx.clock.now())?)
        })
        .await
    }

    async fn apply(&self, people: Vec<Observed>, pass: Pass) -> Result<Outcome, SyncError> {
        let facts = Arc::clone(&self.facts);
        let (cause, ruling) = (Cause::Run(self.claim.run.id.clone()), self.ruling);
        self.write(move |tx, directory, cx| {
            let applier = Applier::new(tx, cx, &directory, pass, &cause, &facts)?;
            let applier = Applier { ruling, ..applier };
            Ok(applier.apply(tx, people)?)
        })
        .await
    }

    /// Missing people whom an admin has to decide about join the hold.
    async fn hold(&self, people: Vec<Waiting>) -> Result<(), SyncError> {
        self.write(move |tx, directory, cx| {
            Ok(guard::hold(tx, &directory, &people, cx.clock.now(), &*cx.random)?)
        })
        .await
    }

    /// People whom this list does not name, and who are not known to be gone: a later list has to
    /// prove it (L-13), or an answer (S-31).
    async fn note_missing(
        &self,
        people: &[DirectoryUserId],
        asked_at: Millis,
        question: Option<Question>,
    ) -> Result<(), SyncError> {
        for ids in people.chunks(limits::PIECE_ROWS_MAX) {
            let ids = ids.to_vec();
            self.write(move |tx, directory, _| {
                Ok(missing_people::note(tx, &directory, &ids, asked_at, question)?)
            })
            .await?;
        }
        Ok(())
    }

    async fn mark_seen(&self, ids: Vec<DirectoryUserId>, seq: i64) -> Result<(), SyncError> {
        self.write(move |tx, _, _| Ok(directory_users::mark_seen(tx, &ids, seq)?)).await
    }

    /// The run has succeeded: hints that came before it are settled, and the directory is well,
    /// unless looks at one person are still refused.
    async fn finish(&self, end: End) -> Result<(), SyncError> {
        self.forget_problems(end.reading.everybody.seq).await?;
        let run = self.claim.run.id.clone();
        self.write_few(move |tx, mut directory, cx| {
            let now = cx.clock.now();
            let End { counts, reading, held, kept } = end;
            let (everybody, answers) = (&reading.everybody, &reading.answers);
            let seq = everybody.seq;
            hold_items::mark_done(tx, &answers.settled, now)?;
            let is_kept = |key: &ExternalKey| held.contains(key) || kept.contains(key);
            guard::spend_decisions(tx, &directory, is_kept, seq, now)?;
            let is_held = |key: &ExternalKey| everybody.may_be_anybody || held.contains(key);
            guard::keep_only(tx, &directory, is_held, seq, now)?;
            company::settle(tx, &mut directory, now)?;
            guard::announce(tx, &Teller::new(cx), &directory)?;
            catalogue::merge(tx, &directory.organization_id)?;
            groups::delete_emptied(tx, &directory, &everybody.groups_named, now)?;
            inbox::settle_by_run(tx, &directory.id, seq, now)?;
            runs::set_counts(tx, &run, counts)?;
            runs::finish(tx, &run, RunState::Succeeded, None, now)?;
            note_looks(tx, &mut directory, &reading)?;
            if reading.looks == Looks::Refused {
                directory.last_success_at_ms = Some(now);
                directories::update(tx, &directory)?;
                inbox::park(tx, &directory.id)?;
            } else {
                failure::note_success(tx, &Teller::new(cx), &mut directory)?;
            }
            tracing::info!(
                directory.id = %directory.id,
                run.id = %run,
                seen = counts.seen,
                created = counts.created,
                linked = counts.linked,
                updated = counts.updated,
                deactivated = counts.deactivated,
                row_problems = counts.row_problems,
                held = counts.held,
                "a full sync succeeded"
            );
            Ok(())
        })
        .await
    }
}

/// What a run has learned about questions about one person. Where the key may not ask them, the
/// next list comes in time to prove who is gone (L-13). The caller writes the row.
fn note_looks(
    tx: &mut Tx<'_>,
    directory: &mut Directory,
    reading: &Reading,
) -> Result<(), DbError> {
    let is_allowed = reading.looks == Looks::Allowed;
    if permissions::note_looks(directory, is_allowed) {
        let now = if is_allowed { "may" } else { "may not" };
        tracing::warn!(directory.id = %directory.id, "the key {now} ask about one person now");
    }
    let gone: HashSet<&DirectoryUserId> = reading.answers.gone.iter().map(Gone::id).collect();
    let mut waiting = reading.missing.clone();
    waiting.retain(|id| !is_allowed && !gone.contains(id));
    let mut noted = waiting.clone();
    noted.extend(reading.questions.to_ask());
    noted.extend(reading.questions.unanswered());
    missing_people::keep_only(tx, &directory.id, &noted)?;
    let proven_at = |id: &DirectoryUserId| {
        let first = reading.since.get(id).copied().unwrap_or(reading.asked_at);
        first.plus(limits::ABSENCE_BY_LISTS_MS)
    };
    let ahead = waiting.iter().map(proven_at).filter(|at| *at > reading.asked_at).min();
    if let (Some(at), Some(next)) = (ahead, directory.next_sync_at_ms) {
        directory.next_sync_at_ms = Some(next.min(at));
    }
    Ok(())
}

/// The directory as it must still be for a part of the run to count.
fn still_counts(tx: &mut Tx<'_>, claim: &Claim) -> Result<Directory, SyncError> {
    tx.lock_organization(&claim.directory.organization_id)?;
    let directory = directories::lock(tx, &claim.directory.id)?.ok_or(SyncError::Superseded)?;
    let same = directory.state.is_syncing()
        && directory.credential_generation == claim.directory.credential_generation
        && runs::holds(tx, &claim.run.id, claim.epoch)?;
    if same { Ok(directory) } else { Err(SyncError::Superseded) }
}

/// The run could not be done now: it waits, or it has failed (S-45).
async fn give_up(
    cx: &Context,
    claim: Claim,
    error: SyncError,
    began: Millis,
) -> Result<(), SyncError> {
    let cx = cx.clone();
    let db = cx.db.clone();
    let trouble = match &error {
        SyncError::Provider(ProviderError::BudgetSpent { until }) => Err(*until),
        SyncError::Provider(provider) => Trouble::of(provider, began).ok_or(cx.clock.now()),
        SyncError::RowProblems(records) => Ok(Trouble::of_records(*records, began)),
        SyncError::OtherCompany(_) => Ok(Trouble::of_company(began)),
        // The database will be asked again soon; the HR system is not to blame.
        error if error.is_temporary() => Err(cx.clock.now().plus(5 * Millis::SECOND)),
        _ => {
            tracing::error!(run.id = %claim.run.id, error = %error, "a full sync failed inside");
            let (class, began) = (FailureClass::Internal, began);
            Ok(Trouble { class, detail: None, records: None, retry_after_ms: None, began })
        }
    };
    let message = error.to_string();
    let doubt = match error {
        SyncError::OtherCompany(doubt) => Some(doubt),
        _ => None,
    };
    let written = db
        .write(Lane::Urgent, move |tx| {
            let mut directory = still_counts(tx, &claim)?;
            let now = cx.clock.now();
            let trouble = match trouble {
                Ok(trouble) => trouble,
                Err(until) => return Ok(runs::requeue(tx, &claim.run, claim.epoch, until, now)?),
            };
            tracing::info!(
                directory.id = %directory.id,
                run.id = %claim.run.id,
                failure.class = %trouble.class,
                error = message,
                "a full sync did not succeed"
            );
            let teller = Teller::new(&cx);
            match failure::note_failure(tx, &teller, &mut directory, &trouble)? {
                Verdict::Retry(at) => runs::requeue(tx, &claim.run, claim.epoch, at, now)?,
                Verdict::Failed => {
                    let error = Some((trouble.class, message.as_str()));
                    runs::finish(tx, &claim.run.id, RunState::Failed, error, now)?;
                }
            }
            if let Some(doubt) = doubt {
                company::ask(tx, &cx, &directory, &doubt)?;
                guard::announce(tx, &teller, &directory)?;
            }
            Ok(())
        })
        .await;
    match written {
        Err(SyncError::Superseded) => Ok(()),
        other => other,
    }
}
