//! What becomes of a hint whose look applied nothing: it is settled, waits, or is left to a full
//! sync (S-42).
//!
//! Invariant: a "gone" answer removes nobody here; it queues a full sync (S-31).
//!
//! What this module must not do: ask the HR system.

use crate::clock::Timestamp;
use crate::db::directories::{self, Directory};
use crate::db::inbox;
use crate::db::{Lane, Tx};
use crate::domain::directory::{DirectoryState, RunTrigger};
use crate::sync::failure::{self, Notifier, Trouble, Verdict};
use crate::sync::live::claim::Look;
use crate::sync::live::starters;
use crate::sync::{Context, SyncError, permissions, queue};

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
pub(crate) async fn not_allowed(
    cx: &Context,
    claimed: &Directory,
    look: &Look,
) -> Result<(), SyncError> {
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
pub(crate) async fn gone(cx: &Context, claimed: &Directory, look: &Look) -> Result<(), SyncError> {
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

pub(crate) async fn wait(cx: &Context, look: &Look, until: Timestamp) -> Result<(), SyncError> {
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
