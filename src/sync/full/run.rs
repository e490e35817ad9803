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
use crate::db::lease::while_renewing;
use crate::db::missing_people::Question;
use crate::db::runs::{self, Run};
use crate::db::{DbError, Lane, Tx};
use crate::domain::directory::RunState;
use crate::domain::employee::ExternalKey;
use crate::limits;
use crate::providers::ProviderError;
use crate::sync::apply::guard;
use crate::sync::decide::batch::Pass;
use crate::sync::decide::types::Observed;
use crate::sync::failure::{self, Notifier, Trouble, Verdict};
use crate::sync::full::absence::Gone;
use crate::sync::full::bad_rows::BadRow;
use crate::sync::full::company;
use crate::sync::full::pieces::{Batch, Claim, End, lane_of, still_counts};
use crate::sync::full::read::{self, Looks};
use crate::sync::full::unconfirmed;
use crate::sync::setup::pending_credentials;
use crate::sync::{Context, SyncError};
use crate::texts::{Language, text};

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
