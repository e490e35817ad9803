//! The pieces that a run is written in, each a transaction of its own.
//!
//! Invariant: every transaction checks first that the claim, the state and the credential still
//! stand.
//!
//! What this module must not do: say in which order the pieces come.

use std::collections::HashSet;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::db::directories::{self, Directory};
use crate::db::directory_users;
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
use crate::sync::apply::guard::{self, Waiting};
use crate::sync::apply::{self, Outcome, groups};
use crate::sync::decide::batch::{Decider, Pass, Ruling};
use crate::sync::decide::types::{Facts, Observed};
use crate::sync::failure::{self, Notifier};
use crate::sync::full::absence::Gone;
use crate::sync::full::bad_rows::BadRow;
use crate::sync::full::company;
use crate::sync::full::everybody::Everybody;
use crate::sync::full::look_ahead;
use crate::sync::full::read::{Looks, Reading};
use crate::sync::{Context, SyncError, permissions};

/// A run at work.
#[derive(Clone)]
pub struct Claim {
    pub(super) run: Run,
    pub(super) epoch: i64,
    pub(super) directory: Directory,
}

/// What a run has come to.
pub(super) struct End {
    pub(super) counts: RunCounts,
    pub(super) reading: Arc<Reading>,
    /// Who keeps access until an admin decides.
    pub(super) held: HashSet<ExternalKey>,
    /// Who keeps access because an admin said so.
    pub(super) kept: HashSet<ExternalKey>,
}

/// Applies parts of a run, each in a transaction that checks the claim first.
pub(super) struct Batch<'a> {
    pub(super) cx: &'a Context,
    pub(super) claim: &'a Claim,
    pub(super) facts: Arc<Facts>,
    pub(super) ruling: Ruling,
    pub(super) lane: Lane,
}

/// The lane of a run's pieces: those of a small directory do not wait behind each piece of a large
/// one (S-46).
pub(super) fn lane_of(everybody: &Everybody) -> Lane {
    let people = everybody.changed.len().saturating_add(everybody.unchanged.len());
    if people <= limits::PIECE_ROWS_MAX { Lane::Small } else { Lane::Bulk }
}

impl Batch<'_> {
    /// Runs `work` in a transaction if the claim still stands.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, SyncError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>, Directory, &Context) -> Result<T, SyncError> + Send + 'static,
    {
        self.write_in(self.lane, work).await
    }

    /// The same for a few rows, which do not wait behind the pieces of others (S-46).
    pub(super) async fn write_few<T, F>(&self, work: F) -> Result<T, SyncError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>, Directory, &Context) -> Result<T, SyncError> + Send + 'static,
    {
        self.write_in(Lane::Urgent, work).await
    }

    pub(super) async fn write_in<T, F>(&self, lane: Lane, work: F) -> Result<T, SyncError>
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
    pub(super) async fn refuse_problems(&self, reading: &Arc<Reading>) -> Result<(), SyncError> {
        let seq = reading.everybody.seq;
        let counts = RunCounts { seen: reading.counts_before().seen, ..RunCounts::default() };
        let bad = look_ahead::bad_rows(self.cx, &self.claim.directory, reading).await?;
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
    pub(super) async fn list_problems(&self, seq: i64, rows: Vec<BadRow>) -> Result<(), SyncError> {
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
    pub(super) async fn forget_problems(&self, seq: i64) -> Result<(), SyncError> {
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
    pub(super) async fn end_access(
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

    pub(super) async fn start(&self) -> Result<(), SyncError> {
        self.write_few(|tx, mut directory, cx| {
            Ok(apply::activate(tx, &mut directory, cx.clock.now())?)
        })
        .await
    }

    pub(super) async fn apply(
        &self,
        people: Vec<Observed>,
        pass: Pass,
    ) -> Result<Outcome, SyncError> {
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
    pub(super) async fn hold(&self, people: Vec<Waiting>) -> Result<(), SyncError> {
        let gathering = self.ruling.gathers().then_some(Gathering::Run);
        self.write(move |tx, directory, cx| {
            Ok(guard::hold(tx, &directory, &people, gathering, cx.clock.now(), &*cx.random)?)
        })
        .await
    }

    /// People whom this list does not name, and who are not known to be gone: a later list has to
    /// prove it (L-13), or an answer (S-31).
    pub(super) async fn note_missing(
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

    pub(super) async fn mark_seen(
        &self,
        ids: Vec<DirectoryUserId>,
        seq: i64,
    ) -> Result<(), SyncError> {
        self.write(move |tx, _, _| Ok(directory_users::mark_seen(tx, &ids, seq)?)).await
    }

    /// The run has succeeded: hints that came before it are settled, and the directory is well,
    /// unless looks at one person are still refused.
    pub(super) async fn finish(&self, end: End) -> Result<(), SyncError> {
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
pub(super) fn note_looks(
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
pub(super) fn still_counts(tx: &mut Tx<'_>, claim: &Claim) -> Result<Directory, SyncError> {
    tx.lock_organization(&claim.directory.organization_id)?;
    let directory = directories::lock(tx, &claim.directory.id)?.ok_or(SyncError::Superseded)?;
    let same = directory.state.is_syncing()
        && directory.credential_generation == claim.directory.credential_generation
        && runs::holds(tx, &claim.run.id, claim.epoch)?;
    if same { Ok(directory) } else { Err(SyncError::Superseded) }
}
