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

use std::collections::HashSet;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::db::directories::{self, Directory};
use crate::db::directory_users::{self};
use crate::db::lease::while_renewing;
use crate::db::missing_people::{self, Question};
use crate::db::runs::{self, Run};
use crate::db::{DbError, Lane, Tx, catalogue, inbox, row_problems};
use crate::domain::audit::Cause;
use crate::domain::directory::{RunCounts, RunState};
use crate::domain::employee::ExternalKey;
use crate::domain::hold::Gathering;
use crate::domain::ids::DirectoryUserId;
use crate::domain::row_problem::Severity;
use crate::limits;
use crate::providers::ProviderError;
use crate::sync::apply::groups;
use crate::sync::apply::guard::{self, Waiting};
use crate::sync::apply::{self, Outcome};
use crate::sync::decide::batch::{Decider, Pass, Ruling};
use crate::sync::decide::types::{Facts, Observed};
use crate::sync::failure::{self, Notifier, Trouble, Verdict};
use crate::sync::full::absence::Gone;
use crate::sync::full::bad_rows::BadRow;
use crate::sync::full::company::{self};
use crate::sync::full::read::{self, Looks, Reading};
use crate::sync::full::staging::Everybody;
use crate::sync::full::{preview, unconfirmed};
use crate::sync::setup::pending_credentials;
use crate::sync::{Context, SyncError, permissions};
use crate::texts::{Language, text};

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
    now: Timestamp,
) -> Result<Claimed, DbError> {
    if !directory.state.is_syncing() {
        let why = text("rules-run-not-set-up").in_language(Language::English);
        runs::give_way(tx, &run.id, &why, now)?;
        return Ok(Claimed::Arranged);
    }
    if !runs::claim(tx, &run, now, now.plus(limits::LEASE_MS_MAX))? {
        return Ok(Claimed::Arranged);
    }
    let epoch = run.lease_epoch.saturating_add(1);
    Ok(Claimed::Run(Box::new(Claim { run, epoch, directory })))
}

async fn work(cx: &Context, claim: &Claim) -> Result<(), SyncError> {
    if pending_credentials::look(cx, &claim.directory).await? {
        return Err(SyncError::Superseded);
    }
    let reading = read::read(cx, &claim.directory).await?;
    let mut counts = reading.counts_before();
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
        counts.add(done.counts);
        held.extend(done.held);
        kept.extend(done.kept);
    }
    for (number, people) in (1_usize..).zip(everybody.batches()) {
        let done = batch.apply(people.to_vec(), Pass::People).await?;
        counts.add(done.counts);
        held.extend(done.held);
        kept.extend(done.kept);
        if number.is_multiple_of(limits::STATISTICS_PIECES) {
            refresh_statistics(cx).await;
        }
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

/// Lets the database know of tables that this run fills. Without it the run is slower and nothing
/// else, so no failure of it is the run's.
async fn refresh_statistics(cx: &Context) {
    if let Err(error) = cx.db.refresh_statistics().await {
        tracing::warn!(error = %error, "tables that have grown were not analysed");
    }
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
        let counts = RunCounts { seen: reading.counts_before().seen, ..RunCounts::default() };
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
        // Those who are missing wait with them: the list is told of as a whole.
        for people in reading.waiting.chunks(limits::APPLY_BATCH_PEOPLE_MAX) {
            self.hold(people.to_vec()).await?;
        }
        self.write(|tx, directory, cx| {
            guard::complete(tx, &directory, Gathering::Run, cx.clock.now())?;
            Ok(guard::announce(tx, &Notifier::new(cx), &directory)?)
        })
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
            let decider = apply::decider(tx, cx, &directory, pass, &cause, &facts)?;
            let gathering = ruling.gathers().then_some(Gathering::Run);
            let decider = Decider { ruling, gathering, ..decider };
            Ok(apply::apply(&decider, tx, people)?)
        })
        .await
    }

    /// Missing people whom an admin has to decide about join the hold.
    async fn hold(&self, people: Vec<Waiting>) -> Result<(), SyncError> {
        let gathering = self.ruling.gathers().then_some(Gathering::Run);
        self.write(move |tx, directory, cx| {
            Ok(guard::hold(tx, &directory, &people, gathering, cx.clock.now(), &*cx.random)?)
        })
        .await
    }

    /// People whom this list does not name, and who are not known to be gone: a later list has to
    /// prove it (L-13), or an answer (S-31).
    async fn note_missing(
        &self,
        people: &[DirectoryUserId],
        asked_at: Timestamp,
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
            let everybody = &reading.everybody;
            let seq = everybody.seq;
            let is_kept = |key: &ExternalKey| held.contains(key) || kept.contains(key);
            guard::spend_decisions(tx, &directory, is_kept, seq, now)?;
            let is_held = |key: &ExternalKey| everybody.may_be_anybody || held.contains(key);
            guard::keep_only(tx, &directory, is_held, seq, now)?;
            guard::complete(tx, &directory, Gathering::Run, now)?;
            company::settle(tx, &mut directory, now)?;
            guard::announce(tx, &Notifier::new(cx), &directory)?;
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
                failure::note_success(tx, &Notifier::new(cx), &mut directory)?;
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
    began: Timestamp,
) -> Result<(), SyncError> {
    let cx = cx.clone();
    let db = cx.db.clone();
    let trouble = match &error {
        SyncError::Provider(ProviderError::BudgetSpent { until }) => Err(*until),
        SyncError::Provider(provider) => Trouble::of(provider, began).ok_or(cx.clock.now()),
        SyncError::RowProblems(records) => Ok(Trouble::of_records(*records, began)),
        SyncError::OtherCompany(_) => Ok(Trouble::of_company(began)),
        // The database will be asked again soon; the HR system is not to blame.
        error if error.is_temporary() => Err(cx.clock.now().plus(5 * Timestamp::SECOND)),
        _ => {
            tracing::error!(run.id = %claim.run.id, error = %error, "a full sync failed inside");
            Ok(Trouble::internal(began))
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
            let notifier = Notifier::new(&cx);
            match failure::note_failure(tx, &notifier, &mut directory, &trouble)? {
                Verdict::Retry(at) => runs::requeue(tx, &claim.run, claim.epoch, at, now)?,
                Verdict::Failed => {
                    let error = Some((trouble.class, message.as_str()));
                    runs::finish(tx, &claim.run.id, RunState::Failed, error, now)?;
                }
            }
            if let Some(doubt) = doubt {
                company::ask(tx, &cx, &directory, &doubt)?;
                guard::announce(tx, &notifier, &directory)?;
            }
            Ok(())
        })
        .await;
    match written {
        Err(SyncError::Superseded) => Ok(()),
        other => other,
    }
}
