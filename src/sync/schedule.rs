//! When full syncs are due by themselves (S-06).
//!
//! What this module must not do: do them.

use crate::clock::Timestamp;
use crate::db::directories::{self, Directory};
use crate::db::{DbError, Lane};
use crate::domain::directory::RunTrigger;
use crate::sync::failure::{self, Notifier};
use crate::sync::{Context, SyncError, queue};

/// Queues the full syncs that are due by their schedule; returns whether there were any (S-06).
pub async fn queue_due(cx: &Context) -> Result<bool, SyncError> {
    let inner = cx.clone();
    let queued = cx
        .db
        .write(Lane::Urgent, move |tx| {
            let now = inner.clock.now();
            let due = directories::due(tx, now, 50)?;
            let mut any = false;
            for directory in due {
                let Some(mut directory) = directories::try_lock(tx, &directory.id)? else {
                    continue;
                };
                any = true;
                if !directory.state.is_syncing() {
                    directory.next_sync_at_ms = None;
                    directories::update(tx, &directory)?;
                    continue;
                }
                failure::note_silence(tx, &Notifier::new(&inner), &mut directory)?;
                queue::full_sync(tx, &inner, &directory, RunTrigger::Scheduled, now)?;
                directory.next_sync_at_ms = Some(next_sync_at(&inner, &directory, now));
                directories::update(tx, &directory)?;
            }
            Ok::<_, DbError>(any)
        })
        .await?;
    Ok(queued)
}

/// The next scheduled full sync: one interval on, with up to 2 % jitter so that the directories of
/// a restarted gateway do not all ask at once.
#[must_use]
pub fn next_sync_at(cx: &Context, directory: &Directory, now: Timestamp) -> Timestamp {
    let interval = directory.poll_seconds.saturating_mul(Timestamp::SECOND);
    let jitter = cx.random.below(u64::try_from(interval / 50).unwrap_or(0));
    now.plus(interval).plus(i64::try_from(jitter).unwrap_or(0))
}
