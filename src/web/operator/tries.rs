//! How many wrong keys an address may try.
//!
//! A key has 256 random bits and can not be guessed; the bound keeps somebody who tries anyway from
//! the database. It is kept in memory, by process: a row for each wrong try would let a stranger
//! fill the database instead. Visits that are open and the API are not affected.
//!
//! Invariants:
//! - A try counts before its key is looked up, so tries at the same time can not get round it.
//! - Of no address more than a number and a moment is kept, and of a bounded number of addresses.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use crate::clock::Millis;
use crate::limits;

/// What was tried, by address.
#[derive(Debug, Default)]
pub struct Tries(Mutex<HashMap<IpAddr, Tried>>);

#[derive(Debug, Clone, Copy)]
struct Tried {
    since: Millis,
    count: u32,
}

/// Whether a try may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Go,
    /// It may not, before this many milliseconds have passed. `first`: it is the first that is
    /// refused, and is worth a line in the log.
    Wait {
        /// How long to wait, in milliseconds.
        wait_ms: i64,
        /// Whether none was refused before it.
        first: bool,
    },
}

impl Tries {
    /// Counts a try.
    pub fn begin(&self, from: Option<IpAddr>, now: Millis) -> Verdict {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |tried: &Tried| {
            let age_ms = now.since(tried.since);
            // Also when the clock was set back.
            !(0..limits::OPERATOR_TRIES_MS).contains(&age_ms)
        };
        let mut from = network(from);
        if !all.contains_key(&from) && all.len() >= limits::OPERATOR_TRIES_ADDRESSES_MAX {
            all.retain(|_, tried| !is_over(tried));
            if all.len() >= limits::OPERATOR_TRIES_ADDRESSES_MAX {
                from = OTHERS;
            }
        }
        let tried = all.entry(from).or_insert(Tried { since: now, count: 0 });
        if is_over(tried) {
            *tried = Tried { since: now, count: 0 };
        }
        tried.count = tried.count.saturating_add(1);
        if tried.count <= limits::OPERATOR_TRIES_MAX {
            return Verdict::Go;
        }
        let wait_ms = limits::OPERATOR_TRIES_MS - now.since(tried.since);
        Verdict::Wait { wait_ms, first: tried.count == limits::OPERATOR_TRIES_MAX + 1 }
    }

    /// Forgets what an address tried, because it had a good key.
    pub fn forget(&self, from: Option<IpAddr>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&network(from));
    }
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

    const NOW: Millis = Millis(1_795_424_400_000);

    fn v4(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    fn go_times(tries: &Tries, from: IpAddr, now: Millis) -> u32 {
        let count = (0..100).filter(|_| tries.begin(Some(from), now) == Verdict::Go).count();
        u32::try_from(count).unwrap()
    }

    #[test]
    fn an_address_may_try_so_often_in_a_minute_and_others_are_not_kept_waiting() {
        let tries = Tries::default();
        assert_eq!(go_times(&tries, v4(1), NOW), limits::OPERATOR_TRIES_MAX);
        let wait = |first| Verdict::Wait { wait_ms: 59_999, first };
        assert_eq!(tries.begin(Some(v4(1)), NOW.plus(1)), wait(false));
        assert_eq!(tries.begin(Some(v4(2)), NOW), Verdict::Go);
        let later = NOW.plus(limits::OPERATOR_TRIES_MS);
        assert_eq!(go_times(&tries, v4(1), later), limits::OPERATOR_TRIES_MAX);
        // A clock that was set back keeps nobody out.
        assert_eq!(tries.begin(Some(v4(1)), NOW), Verdict::Go);
        // A good key: all forgotten.
        assert_eq!(go_times(&tries, v4(3), NOW), limits::OPERATOR_TRIES_MAX);
        tries.forget(Some(v4(3)));
        assert_eq!(tries.begin(Some(v4(3)), NOW), Verdict::Go);
    }

    #[test]
    fn addresses_of_version_4_in_version_6_are_counted_one_by_one() {
        let tries = Tries::default();
        let mapped = |last| IpAddr::V6(std::net::Ipv4Addr::new(10, 0, 0, last).to_ipv6_mapped());
        assert_eq!(go_times(&tries, mapped(1), NOW), limits::OPERATOR_TRIES_MAX);
        assert_eq!(tries.begin(Some(mapped(2)), NOW), Verdict::Go);
        assert_eq!(tries.begin(None, NOW), Verdict::Go);
        assert!(matches!(tries.begin(Some(v4(1)), NOW), Verdict::Wait { .. }));
    }

    #[test]
    fn the_first_refusal_is_told_once() {
        let tries = Tries::default();
        let told =
            (0..50).filter(|_| matches!(tries.begin(None, NOW), Verdict::Wait { first: true, .. }));
        assert_eq!(told.count(), 1);
    }

    #[test]
    fn the_addresses_of_one_network_count_together_and_memory_is_bounded() {
        let tries = Tries::default();
        let v6 = |last: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]));
        for last in 0..10 {
            assert_eq!(tries.begin(v6(last), NOW), Verdict::Go);
        }
        assert_ne!(tries.begin(v6(11), NOW), Verdict::Go);
        for host in 0..20_000_u32 {
            tries.begin(Some(IpAddr::from(host.to_be_bytes())), NOW);
        }
        let kept = tries.0.lock().unwrap().len();
        assert_eq!(kept, limits::OPERATOR_TRIES_ADDRESSES_MAX + 1);
        // All forgotten when their time is over and there is a newcomer.
        tries.begin(v6(12), NOW.plus(limits::OPERATOR_TRIES_MS));
        tries.begin(Some(v4(9)), NOW.plus(limits::OPERATOR_TRIES_MS));
        assert!(tries.0.lock().unwrap().len() < 5);
    }
}
