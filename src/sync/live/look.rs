//! One look: asks the HR system about a person, and applies what was found.
//!
//! Invariants:
//! - No transaction is open while the HR system is asked.
//! - A known key under another number, and a new id with the e-mail of somebody whose id may have
//!   changed, are not believed here; they queue a full sync (S-21).

use std::slice;
use std::sync::Arc;

use futures_util::future::join_all;

use crate::db::directories::Directory;
use crate::db::directory_users::{self, DirectoryUser};
use crate::db::inbox;
use crate::db::lease::while_renewing;
use crate::db::{DbError, Lane, Tx, row_problems, runs};
use crate::domain::account::Activity;
use crate::domain::audit::Cause;
use crate::domain::directory::RunTrigger;
use crate::domain::employee::{
    EmailNorm, EmployeeRecord, KeyKind, ManagerReference, Membership, RowProblemCode,
};
use crate::limits;
use crate::providers::{CallLane, Fetched, ProviderError, RecordKeys};
use crate::sync::apply::guard;
use crate::sync::budget::Gate;
use crate::sync::connect::connect;
use crate::sync::decide::batch::Pass;
use crate::sync::decide::types::{Facts, Observed};
use crate::sync::failure::{self, Notifier};
use crate::sync::live::claim::{Claimed, Look, claim_next};
use crate::sync::live::settle::{
    failed, gone, leave_to_full_sync, not_allowed, still_counts, wait,
};
use crate::sync::live::unanswered;
use crate::sync::live::unanswered::Unanswered;
use crate::sync::{Context, SyncError, apply, permissions, queue};

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
