//! Call budgets (S-44): leave before each call, and what is learned from being throttled.
//!
//! Whether People HR limits per company or per source address is not known, so the shared limit is
//! learned: throttle answers for two directories within a minute put all directories of People HR
//! under one pace, until ten minutes pass without another. Breathe HR and HRworks limit each
//! customer.

use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::future::BoxFuture;

use crate::clock::Timestamp;
use crate::db::directories::Directory;
use crate::db::{DbError, Lane, Tx, budget, directories};
use crate::domain::ids::{DirectoryId, OrganizationId};
use crate::domain::profile::Profile;
use crate::domain::provider::ProviderKind;
use crate::limits;
use crate::providers::{self, CallGate, CallLane, ProviderError};
use crate::sync::{Context, Pace};

/// The gate of one directory.
pub struct Gate {
    cx: Context,
    organization_id: OrganizationId,
    directory_id: DirectoryId,
    provider: ProviderKind,
    credential_generation: i64,
    /// Calls that were reserved together with the work they are for.
    prepaid: AtomicI64,
    /// Until when it waits for calls, if it does.
    waits_until: Option<Timestamp>,
}

impl Gate {
    /// The gate of a directory; `prepaid` calls are reserved already. It does not wait: what needs
    /// a call that is not there is done later, from its beginning.
    #[must_use]
    pub fn new(cx: &Context, directory: &Directory, prepaid: i64) -> Self {
        Self {
            cx: cx.clone(),
            organization_id: directory.organization_id.clone(),
            directory_id: directory.id.clone(),
            provider: directory.provider,
            credential_generation: directory.credential_generation,
            prepaid: AtomicI64::new(prepaid),
            waits_until: None,
        }
    }

    /// The gate of a list that has begun. A list of many pages may need more calls than a minute
    /// has; begun anew each time it would never end, so it waits for the next ones (ADR 16).
    #[must_use]
    pub fn of_list(cx: &Context, directory: &Directory, prepaid: i64) -> Self {
        let list_ms_max = i64::try_from(limits::PROVIDER_LIST_MS_MAX).unwrap_or(i64::MAX);
        Self {
            waits_until: Some(cx.clock.now().plus(list_ms_max)),
            ..Self::new(cx, directory, prepaid)
        }
    }

    /// Reserves one call, or says when there is room.
    async fn try_reserve(&self, lane: CallLane) -> Result<Reservation, ProviderError> {
        let (pace, id, now) =
            (self.cx.pace.clone(), self.directory_id.clone(), self.cx.clock.now());
        let waited_as = self.waits_until.map(|_| self.credential_generation);
        let write = self.cx.db.write(Lane::Urgent, move |tx| {
            let directory = directories::lock(tx, &id)?.ok_or(DbError::NotFound)?;
            // While a list waited, the directory may have been disabled or given another key; its
            // answer would not count any more, and the old key is not to be used.
            if waited_as.is_some_and(|generation| generation != directory.credential_generation) {
                return Ok::<_, DbError>(None);
            }
            reserve(tx, &pace, &directory, lane, 1, now).map(Some)
        });
        match write.await {
            Ok(Some(reservation)) => Ok(reservation),
            Ok(None) => Err(ProviderError::BudgetSpent { until: now }),
            // Nobody is to blame: nothing was asked, and soon it can be.
            Err(error) if error.is_temporary() => {
                Ok(Reservation::NotBefore(now.plus(Timestamp::SECOND)))
            }
            Err(error) => Err(ProviderError::Sink { reason: error.to_string() }),
        }
    }
}

/// A list has taken as long as one may.
fn list_takes_too_long() -> ProviderError {
    let minutes = limits::PROVIDER_LIST_MS_MAX / 60_000;
    ProviderError::Down {
        reason: format!(
            "the list could not be read within {minutes} minutes; more calls per minute may be \
             needed"
        ),
        retry_after_ms: None,
    }
}

/// What asking for calls has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation<T = ()> {
    /// They are reserved, and this was done with them in the same transaction.
    Made(T),
    /// Nothing is reserved; at this moment there is room.
    NotBefore(Timestamp),
}

/// Calls that may still be made now, and when the next one may if none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Calls that may be made now.
    pub calls: i64,
    /// When room comes, if there is none now.
    pub until: Timestamp,
}

/// How many calls a directory may make now. Bulk work leaves some of each minute to live looks.
pub fn room(
    tx: &mut Tx<'_>,
    pace: &Pace,
    directory: &DirectoryId,
    provider: ProviderKind,
    lane: CallLane,
    now: Timestamp,
) -> Result<Room, DbError> {
    room_for(tx, pace, (directory, provider), (lane, 1), now)
}

/// The same, with the moment at which `count` calls may be made together.
fn room_for(
    tx: &mut Tx<'_>,
    pace: &Pace,
    (directory, provider): (&DirectoryId, ProviderKind),
    (lane, count): (CallLane, i64),
    now: Timestamp,
) -> Result<Room, DbError> {
    let own_calls = budget::calls_of_directory(tx, directory, now)?;
    let profile = providers::profile(provider);
    let own = window_room(&own_calls, lane_limit(lane, profile, pace.of(provider)), count, now);
    let Some(shared_limit) = shared_limit(tx, pace, provider, now)? else { return Ok(own) };
    tx.lock_calls(provider)?;
    let all_calls = budget::calls_of_provider(tx, provider, now)?;
    let shared = window_room(&all_calls, lane_limit(lane, profile, shared_limit), count, now);
    Ok(Room { calls: own.calls.min(shared.calls), until: own.until.max(shared.until) })
}

/// How many calls of each minute a lane may take. However small the limit is, a check or the
/// beginning of a full sync fits in, or there would never be one. Looks leave the calls of a list
/// that a burst needs (S-03).
fn lane_limit(lane: CallLane, profile: &Profile, limit: i64) -> i64 {
    match lane {
        CallLane::Burst => limit,
        CallLane::Live => limit.saturating_sub(profile.list_calls).max(1),
        // A check is the bulk work with the most calls that belong together.
        CallLane::Bulk => limit
            .saturating_sub(limits::LIVE_CALLS_KEPT.min(limit / 2))
            .max(limit.min(i64::from(profile.check_calls))),
    }
}

/// When a full sync of this directory may make its calls; `None` when it may now.
pub fn full_sync_waits(
    tx: &mut Tx<'_>,
    pace: &Pace,
    directory: &Directory,
    now: Timestamp,
) -> Result<Option<Timestamp>, DbError> {
    let of = (&directory.id, directory.provider);
    let calls = providers::profile(directory.provider).list_calls;
    let room = room_for(tx, pace, of, (CallLane::Bulk, calls), now)?;
    Ok((room.calls < calls).then_some(room.until))
}

/// Room in a strict sliding minute with these calls in it, oldest first; `until` is when `count`
/// calls may be made together.
fn window_room(calls: &[Timestamp], limit: i64, count: i64, now: Timestamp) -> Room {
    let limit = usize::try_from(limit).unwrap_or(0).max(1);
    let count = usize::try_from(count).unwrap_or(1).clamp(1, limit);
    let free = limit.saturating_sub(calls.len());
    // So many of the oldest calls have to be a minute ago.
    let over = count.saturating_sub(free).saturating_add(calls.len().saturating_sub(limit));
    let last = over.checked_sub(1).and_then(|index| calls.get(index));
    Room {
        calls: i64::try_from(free).unwrap_or(i64::MAX),
        until: last.map_or(now, |frees| frees.plus(budget::WINDOW_MS)),
    }
}

fn shared_limit(
    tx: &mut Tx<'_>,
    pace: &Pace,
    provider: ProviderKind,
    now: Timestamp,
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

/// Reserves `count` calls at once, or says when there is room for all of them.
pub fn reserve(
    tx: &mut Tx<'_>,
    pace: &Pace,
    directory: &Directory,
    lane: CallLane,
    count: i64,
    now: Timestamp,
) -> Result<Reservation, DbError> {
    let of = (&directory.id, directory.provider);
    let room = room_for(tx, pace, of, (lane, count), now)?;
    if room.calls < count {
        return Ok(Reservation::NotBefore(room.until.max(now.plus(1))));
    }
    take(tx, directory, count, now)?;
    Ok(Reservation::Made(()))
}

/// Notes calls for which the same transaction has found room ([`room`]).
pub fn take(
    tx: &mut Tx<'_>,
    directory: &Directory,
    count: i64,
    now: Timestamp,
) -> Result<(), DbError> {
    let count = usize::try_from(count).unwrap_or(0);
    let organization = &directory.organization_id;
    budget::note_calls(tx, organization, &directory.id, directory.provider, count, now)
}

impl CallGate for Gate {
    fn reserve(&self, lane: CallLane) -> BoxFuture<'_, Result<(), ProviderError>> {
        Box::pin(async move {
            let take = |left: i64| (left > 0).then(|| left.saturating_sub(1));
            if self.prepaid.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
                return Ok(());
            }
            loop {
                let until = match self.try_reserve(lane).await? {
                    Reservation::Made(()) => return Ok(()),
                    Reservation::NotBefore(until) => until,
                };
                let Some(waits_until) = self.waits_until else {
                    return Err(ProviderError::BudgetSpent { until });
                };
                if until > waits_until {
                    return Err(list_takes_too_long());
                }
                self.cx.clock.wait_until(until).await;
            }
        })
    }

    fn wait_out(&self, wait_ms: i64) -> BoxFuture<'_, bool> {
        Box::pin(async move {
            let until = self.cx.clock.now().plus(wait_ms);
            if self.waits_until.is_none_or(|waits_until| until > waits_until) {
                return false;
            }
            while self.cx.clock.now() < until {
                self.cx.clock.wait_until(until).await;
            }
            true
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
                // The others limit each customer alone: nobody else is asked too often.
                let may_be_shared = providers::profile(provider).limit_may_be_shared;
                if may_be_shared && (heard >= 2 || learned) {
                    budget::learn_shared_pace(tx, provider, limit.unwrap_or(default), now)?;
                }
                Ok::<_, DbError>(())
            });
            if let Err(error) = noted.await
                && !error.is_away()
            {
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
        let calls = [Timestamp(1_000), Timestamp(2_000), Timestamp(30_000)];
        let room = |limit, count| {
            let room = window_room(&calls, limit, count, Timestamp(40_000));
            (room.calls, room.until)
        };
        assert_eq!(room(5, 1), (2, Timestamp(40_000)));
        assert_eq!(room(5, 2), (2, Timestamp(40_000)));
        assert_eq!(room(5, 3), (2, Timestamp(61_000)));
        assert_eq!(room(3, 1), (0, Timestamp(61_000)));
        assert_eq!(room(3, 2), (0, Timestamp(62_000)));
        assert_eq!(room(2, 1), (0, Timestamp(62_000)));
        assert_eq!(room(2, 2), (0, Timestamp(90_000)));
        assert_eq!(room(1, 2), (0, Timestamp(90_000)));
    }

    #[test]
    fn s_44_a_full_sync_fits_into_every_limit_that_allows_one() {
        let people_hr = providers::profile(ProviderKind::PeopleHr);
        let bulk = |limit| lane_limit(CallLane::Bulk, people_hr, limit);
        assert_eq!([1, 2, 3, 4, 10, 25].map(bulk), [1, 2, 3, 3, 5, 20]);
        let hrworks = providers::profile(ProviderKind::Hrworks);
        let bulk = |limit| lane_limit(CallLane::Bulk, hrworks, limit);
        assert_eq!([1, 5, 6, 10, 60].map(bulk), [1, 5, 5, 5, 55]);
        let live = |limit| lane_limit(CallLane::Live, people_hr, limit);
        assert_eq!([1, 2, 3, 4, 10, 25].map(live), [1, 1, 1, 2, 8, 23]);
        assert_eq!(lane_limit(CallLane::Burst, people_hr, 25), 25);
        for provider in ProviderKind::ALL {
            let profile = providers::profile(*provider);
            assert!(profile.list_calls <= i64::from(profile.check_calls), "{provider}");
        }
    }
}
