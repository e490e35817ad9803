//! Call budgets (S-44): leave before each call, and what is learned from being throttled.
//!
//! Whether People HR limits per company or per source address is not known, so the shared limit is
//! learned: throttle answers for two directories within a minute put all directories of that
//! provider under one pace, until ten minutes pass without another.

use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::future::BoxFuture;

use crate::clock::Millis;
use crate::db::directories::Directory;
use crate::db::{DbError, Lane, Tx, budget, directories};
use crate::domain::ids::{DirectoryId, OrganizationId};
use crate::domain::provider::ProviderKind;
use crate::limits;
use crate::providers::{CallGate, CallLane, ProviderError};
use crate::sync::{Context, Pace};

/// The gate of one directory.
pub struct Gate {
    cx: Context,
    organization_id: OrganizationId,
    directory_id: DirectoryId,
    provider: ProviderKind,
    /// Calls that were reserved together with the work they are for.
    prepaid: AtomicI64,
}

impl Gate {
    /// The gate of a directory; `prepaid` calls are reserved already.
    #[must_use]
    pub fn new(cx: &Context, directory: &Directory, prepaid: i64) -> Self {
        Self {
            cx: cx.clone(),
            organization_id: directory.organization_id.clone(),
            directory_id: directory.id.clone(),
            provider: directory.provider,
            prepaid: AtomicI64::new(prepaid),
        }
    }
}

/// Calls that may still be made now, and when the next one may if none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Calls that may be made now.
    pub calls: i64,
    /// When room comes, if there is none now.
    pub until: Millis,
}

/// How many calls a directory may make now. Bulk work leaves some of each minute to live looks.
pub fn room(
    tx: &mut Tx<'_>,
    pace: &Pace,
    directory: &DirectoryId,
    provider: ProviderKind,
    lane: CallLane,
    now: Millis,
) -> Result<Room, DbError> {
    let kept = if lane == CallLane::Bulk { limits::LIVE_CALLS_KEPT } else { 0 };
    let own_limit = pace.of(provider);
    let own = window_room(
        &budget::calls_of_directory(tx, directory, now)?,
        own_limit.saturating_sub(kept.min(own_limit / 2)),
        now,
    );
    let Some(shared_limit) = shared_limit(tx, pace, provider, now)? else { return Ok(own) };
    tx.lock_calls(provider)?;
    let shared = window_room(
        &budget::calls_of_provider(tx, provider, now)?,
        shared_limit.saturating_sub(kept.min(shared_limit / 2)),
        now,
    );
    Ok(if shared.calls < own.calls { shared } else { own })
}

/// Room in a strict sliding minute with these calls in it, oldest first.
fn window_room(calls: &[Millis], limit: i64, now: Millis) -> Room {
    let limit = usize::try_from(limit).unwrap_or(0).max(1);
    match calls.len().checked_sub(limit) {
        None => {
            let free = limit.saturating_sub(calls.len());
            Room { calls: i64::try_from(free).unwrap_or(i64::MAX), until: now }
        }
        Some(over) => {
            let frees = calls.get(over).copied().unwrap_or(now);
            Room { calls: 0, until: frees.plus(budget::WINDOW_MS) }
        }
    }
}

fn shared_limit(
    tx: &mut Tx<'_>,
    pace: &Pace,
    provider: ProviderKind,
    now: Millis,
) -> Result<Option<i64>, DbError> {
    if let Some(fixed) = pace.shared(provider) {
        return Ok(Some(fixed));
    }
    let Some((calls, last_throttled)) = budget::shared_pace(tx, provider)? else {
        return Ok(None);
    };
    if now.since(last_throttled) > limits::SHARED_PACE_QUIET_MS {
        budget::release_shared_pace(tx, provider)?;
        return Ok(None);
    }
    Ok(Some(calls))
}

/// Reserves `count` calls at once, or says when there is room.
pub fn reserve(
    tx: &mut Tx<'_>,
    pace: &Pace,
    directory: &Directory,
    lane: CallLane,
    count: i64,
    now: Millis,
) -> Result<Result<(), Millis>, DbError> {
    let room = room(tx, pace, &directory.id, directory.provider, lane, now)?;
    if room.calls < count {
        let until = if room.calls == 0 { room.until } else { now.plus(Millis::SECOND) };
        return Ok(Err(until));
    }
    let count = usize::try_from(count).unwrap_or(0);
    let organization = &directory.organization_id;
    budget::note_calls(tx, organization, &directory.id, directory.provider, count, now)?;
    Ok(Ok(()))
}

impl CallGate for Gate {
    fn reserve(&self, lane: CallLane) -> BoxFuture<'_, Result<(), ProviderError>> {
        Box::pin(async move {
            let take = |left: i64| (left > 0).then(|| left.saturating_sub(1));
            if self.prepaid.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
                return Ok(());
            }
            let (pace, id, now) =
                (self.cx.pace.clone(), self.directory_id.clone(), self.cx.clock.now());
            let write = self.cx.db.write(Lane::Urgent, move |tx| {
                let directory = directories::lock(tx, &id)?.ok_or(DbError::NotFound)?;
                reserve(tx, &pace, &directory, lane, 1, now)
            });
            match write.await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(until)) => Err(ProviderError::BudgetSpent { until }),
                // Nobody is to blame: nothing was asked, and soon it can be.
                Err(error) if error.is_temporary() => {
                    Err(ProviderError::BudgetSpent { until: now.plus(Millis::SECOND) })
                }
                Err(error) => Err(ProviderError::Sink { reason: error.to_string() }),
            }
        })
    }

    fn throttled(&self, calls_per_minute: Option<u32>) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let (organization, id) = (self.organization_id.clone(), self.directory_id.clone());
            let (provider, now) = (self.provider, self.cx.clock.now());
            let limit = calls_per_minute.map(i64::from);
            let default = self.cx.pace.of(provider);
            let noted = self.cx.db.write(Lane::Urgent, move |tx| {
                let heard = budget::note_throttle(tx, &organization, &id, provider, limit, now)?;
                let learned = budget::shared_pace(tx, provider)?.is_some();
                if heard >= 2 || learned {
                    budget::learn_shared_pace(tx, provider, limit.unwrap_or(default), now)?;
                }
                Ok::<_, DbError>(())
            });
            if let Err(error) = noted.await {
                tracing::warn!(error = %error, "a throttle answer could not be noted");
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_44_the_window_is_a_strict_sliding_minute() {
        let calls = [Millis(1_000), Millis(2_000), Millis(30_000)];
        assert_eq!(window_room(&calls, 5, Millis(40_000)).calls, 2);
        let full = window_room(&calls, 3, Millis(40_000));
        assert_eq!((full.calls, full.until), (0, Millis(61_000)));
        let over = window_room(&calls, 2, Millis(40_000));
        assert_eq!((over.calls, over.until), (0, Millis(62_000)));
    }
}
