//! Wrong API keys are slowed, by the address that they come from: on `/api/v1`, on the
//! surface for WorkOS SDKs and at the operator's sign-in alike.
//!
//! A key has 256 random bits and cannot be guessed. The bound tells a program with an old key to
//! stop, and keeps whoever tries anyway from the database. A good key always works: behind one
//! address there may be a whole company, or our own proxy, and a stranger there must not shut the
//! application out. It may wait for a moment, because keys from an address with too many wrong ones
//! are looked up a few at a time.
//!
//! It is kept in memory, by process: a row for each wrong key would let a stranger fill the
//! database instead.
//!
//! Invariants:
//! - A good key makes no difference to what counts: else whoever has one could try others.
//! - Of no address more than a number and a moment is kept, and of a bounded number of addresses.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::clock::Timestamp;
use crate::limits;

/// What was tried, by address.
#[derive(Debug)]
pub struct SignInThrottle {
    by_address: Mutex<HashMap<IpAddr, Tried>>,
    lane: Semaphore,
}

#[derive(Debug, Clone, Copy)]
struct Tried {
    since: Timestamp,
    count: u32,
}

/// What a wrong key is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// That it is wrong.
    Refused,
    /// That no wrong one is welcome before this many milliseconds have passed. `first`: it is the
    /// first that hears that, and is worth a line in the log.
    Wait {
        /// How long to wait, in milliseconds.
        wait_ms: i64,
        /// Whether none heard it before.
        first: bool,
    },
}

impl Default for SignInThrottle {
    fn default() -> Self {
        let lane = Semaphore::new(limits::KEY_TRIES_LOOKED_UP_MAX);
        Self { by_address: Mutex::default(), lane }
    }
}

impl SignInThrottle {
    /// The right to look a key up. From an address with too many wrong keys one waits for it.
    pub async fn look(&self, from: Option<IpAddr>, now: Timestamp) -> Option<SemaphorePermit<'_>> {
        let is_slowed = {
            let all = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
            let is_full = all.len() >= limits::KEY_TRIES_ADDRESSES_MAX;
            let others = || is_full.then(|| all.get(&OTHERS)).flatten();
            let tried = all.get(&network(from)).or_else(others);
            tried.is_some_and(|tried| !is_over(tried, now) && tried.count > limits::KEY_TRIES_MAX)
        };
        // The semaphore is never closed.
        if is_slowed { self.lane.acquire().await.ok() } else { None }
    }

    /// Counts a wrong key.
    pub fn wrong(&self, from: Option<IpAddr>, now: Timestamp) -> Verdict {
        let mut all = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let mut from = network(from);
        if !all.contains_key(&from) && all.len() >= limits::KEY_TRIES_ADDRESSES_MAX {
            all.retain(|_, tried| !is_over(tried, now));
            if all.len() >= limits::KEY_TRIES_ADDRESSES_MAX {
                from = OTHERS;
            }
        }
        let tried = all.entry(from).or_insert(Tried { since: now, count: 0 });
        if is_over(tried, now) {
            *tried = Tried { since: now, count: 0 };
        }
        tried.count = tried.count.saturating_add(1);
        if tried.count <= limits::KEY_TRIES_MAX {
            return Verdict::Refused;
        }
        let wait_ms = limits::KEY_TRIES_MS - now.since(tried.since);
        Verdict::Wait { wait_ms, first: tried.count == limits::KEY_TRIES_MAX + 1 }
    }
}

fn is_over(tried: &Tried, now: Timestamp) -> bool {
    let age_ms = now.since(tried.since);
    // Also when the clock was set back.
    !(0..limits::KEY_TRIES_MS).contains(&age_ms)
}

/// Who has no address, or one too many.
const OTHERS: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// Whoever has one address of version 6 has very many: those of one network count together.
fn network(address: Option<IpAddr>) -> IpAddr {
    // A socket for both versions shows addresses of version 4 inside those of version 6.
    match address.map(|address| address.to_canonical()) {
        None => OTHERS,
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        Some(address) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_424_400_000);

    fn v4(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    fn refused_times(tries: &SignInThrottle, from: IpAddr, now: Timestamp) -> u32 {
        let refused = |_: &u32| tries.wrong(Some(from), now) == Verdict::Refused;
        u32::try_from((0..100).filter(refused).count()).unwrap()
    }

    #[test]
    fn a_11_an_address_may_try_so_often_in_a_minute_and_others_are_not_slowed() {
        let tries = SignInThrottle::default();
        assert_eq!(refused_times(&tries, v4(1), NOW), limits::KEY_TRIES_MAX);
        let wait = |first| Verdict::Wait { wait_ms: 59_999, first };
        assert_eq!(tries.wrong(Some(v4(1)), NOW.plus(1)), wait(false));
        assert_eq!(tries.wrong(Some(v4(2)), NOW), Verdict::Refused);
        let later = NOW.plus(limits::KEY_TRIES_MS);
        assert_eq!(refused_times(&tries, v4(1), later), limits::KEY_TRIES_MAX);
        // A clock that was set back slows nobody.
        assert_eq!(tries.wrong(Some(v4(1)), NOW), Verdict::Refused);
    }

    #[tokio::test]
    async fn a_11_keys_of_a_slowed_address_are_looked_up_a_few_at_a_time() {
        let tries = SignInThrottle::default();
        refused_times(&tries, v4(1), NOW);
        let first = tries.look(Some(v4(1)), NOW).await;
        let second = tries.look(Some(v4(1)), NOW).await;
        assert!(first.is_some() && second.is_some());
        let third = tries.look(Some(v4(1)), NOW);
        let mut third = std::pin::pin!(third);
        assert!(futures_util::poll!(third.as_mut()).is_pending());
        // Nobody else waits, and nor does anybody later.
        assert!(tries.look(Some(v4(2)), NOW).await.is_none());
        assert!(tries.look(Some(v4(1)), NOW.plus(limits::KEY_TRIES_MS)).await.is_none());
        drop(first);
        assert!(third.await.is_some());
    }

    #[test]
    fn a_11_addresses_of_version_4_in_version_6_are_counted_one_by_one() {
        let tries = SignInThrottle::default();
        let mapped = |last| IpAddr::V6(std::net::Ipv4Addr::new(10, 0, 0, last).to_ipv6_mapped());
        assert_eq!(refused_times(&tries, mapped(1), NOW), limits::KEY_TRIES_MAX);
        assert_eq!(tries.wrong(Some(mapped(2)), NOW), Verdict::Refused);
        assert_eq!(tries.wrong(None, NOW), Verdict::Refused);
        assert!(matches!(tries.wrong(Some(v4(1)), NOW), Verdict::Wait { .. }));
    }

    #[test]
    fn a_11_the_first_that_has_to_wait_is_told_once() {
        let tries = SignInThrottle::default();
        let told =
            (0..50).filter(|_| matches!(tries.wrong(None, NOW), Verdict::Wait { first: true, .. }));
        assert_eq!(told.count(), 1);
    }

    #[test]
    fn a_11_the_addresses_of_one_network_count_together_and_memory_is_bounded() {
        let tries = SignInThrottle::default();
        let v6 = |last: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]));
        for last in 0..10 {
            assert_eq!(tries.wrong(v6(last), NOW), Verdict::Refused);
        }
        assert_ne!(tries.wrong(v6(11), NOW), Verdict::Refused);
        for host in 0..20_000_u32 {
            tries.wrong(Some(IpAddr::from(host.to_be_bytes())), NOW);
        }
        let kept = tries.by_address.lock().unwrap().len();
        assert_eq!(kept, limits::KEY_TRIES_ADDRESSES_MAX + 1);
        // All forgotten when their time is over and there is a newcomer.
        tries.wrong(v6(12), NOW.plus(limits::KEY_TRIES_MS));
        tries.wrong(Some(v4(9)), NOW.plus(limits::KEY_TRIES_MS));
        assert!(tries.by_address.lock().unwrap().len() < 5);
    }
}
