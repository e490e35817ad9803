//! Endpoints: where the application wants to be told of events, what becomes of a delivery after an
//! attempt, and how well an endpoint does.
//!
//! Invariants: what an endpoint asks for (`Retry-After`) only ever delays; nothing here waits,
//! knows the time or sends.

use crate::clock::{Random, Timestamp};
use crate::domain::retry;
use crate::limits;
use crate::text_enum;

text_enum! {
    /// Whether events are sent to an endpoint.
    EndpointStatus {
        /// They are.
        Enabled = "enabled",
        /// They are not, and none is kept for later: they can be replayed.
        Disabled = "disabled",
    }
}

text_enum! {
    /// Why an endpoint is disabled.
    DisabledReason {
        /// Somebody with an API key disabled it.
        ByHand = "by_hand",
        /// It answered 410 "Gone".
        Gone = "gone",
        /// Nothing but failures for too long.
        Failing = "failing",
    }
}

text_enum! {
    /// Which secret `WorkOS-Signature` is made with while two are live: that header has room for
    /// one signature only (wire contract §7).
    LegacySigner {
        /// The newest.
        New = "new",
        /// The one before, until it expires.
        Old = "old",
    }
}

text_enum! {
    /// Why there is a delivery.
    DeliveryTrigger {
        /// Something happened.
        Event = "event",
        /// Somebody asked to be told again.
        Replay = "replay",
        /// Somebody pressed the test button.
        Test = "test",
    }
}

text_enum! {
    /// How far a delivery is.
    DeliveryState {
        /// Not there yet; it is tried again.
        Waiting = "waiting",
        /// The endpoint took it.
        Delivered = "delivered",
        /// Given up: a dead letter. It can be replayed.
        Dead = "dead",
        /// The end of access went past it, because the endpoint refused it or what was before it
        /// . It can be replayed.
        Overtaken = "overtaken",
    }
}

/// What an endpoint said to one attempt; no status means that it did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: Option<u16>,
    /// How long it asked to wait, in milliseconds.
    pub retry_after_ms: Option<i64>,
}

impl Reply {
    /// Whether it took what was sent. A redirect is not followed and took nothing.
    #[must_use]
    pub fn took(self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Whether it said that nothing is to be sent there any more.
    #[must_use]
    pub fn is_gone(self) -> bool {
        self.status == Some(410)
    }
}

/// What becomes of a delivery after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The endpoint took it.
    Delivered,
    /// It is tried again, not before this moment.
    Again(Timestamp),
    /// It is given up.
    Dead,
}

/// What becomes of a delivery after its `attempts`-th attempt (from 1), by the schedule of A-07. A
/// test is tried once.
#[must_use]
pub fn fate(
    trigger: DeliveryTrigger,
    attempts: u32,
    reply: Reply,
    now: Timestamp,
    random: &dyn Random,
) -> Fate {
    if reply.took() {
        return Fate::Delivered;
    }
    if trigger == DeliveryTrigger::Test || reply.is_gone() {
        return Fate::Dead;
    }
    let delay = retry::DELIVERY.delay_with_hint_ms(attempts, reply.retry_after_ms, random);
    delay.map_or(Fate::Dead, |delay| Fate::Again(now.plus(delay)))
}

/// How well deliveries to an endpoint go.
///
/// An endpoint that refuses several different deliveries in a row is *paused*: for 5 seconds at
/// first, then twice as long after each further failure, up to 5 minutes, each ± 20 %. After a
/// pause it is *probed*: one delivery at a time, until one is taken. So a dead endpoint is not
/// asked by everybody who waits, and what waits does not use up its attempts meanwhile. One
/// delivery that is refused again and again says little about the others: only the first failure of
/// each counts until the endpoint is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// Failures in a row that count.
    pub failures: i64,
    /// Since when nothing but failures came.
    pub failing_since: Option<Timestamp>,
    /// Nothing but a test is sent before this moment.
    pub paused_until: Option<Timestamp>,
}

impl Health {
    /// Whether deliveries go one at a time, until one is taken.
    #[must_use]
    pub const fn is_probed(&self) -> bool {
        self.failures >= limits::ENDPOINT_FAILURES_MAX
    }

    /// Until when nothing is sent, while that is so.
    #[must_use]
    pub fn paused(&self, now: Timestamp) -> Option<Timestamp> {
        self.paused_until.filter(|until| *until > now)
    }

    /// The health after an attempt, and why the endpoint is to be disabled, if it is. `attempts`
    /// counts this one.
    #[must_use]
    pub fn after(
        self,
        trigger: DeliveryTrigger,
        attempts: u32,
        reply: Reply,
        now: Timestamp,
        random: &dyn Random,
    ) -> (Self, Option<DisabledReason>) {
        if reply.took() {
            return (Self::default(), None);
        }
        if reply.is_gone() {
            return (self, Some(DisabledReason::Gone));
        }
        // Somebody tries something out, perhaps because it is known not to work yet.
        if trigger == DeliveryTrigger::Test {
            return (self, None);
        }
        // A beginning that lies ahead was noted before the clock was set back.
        let since = self.failing_since.map_or(now, |since| since.min(now));
        let mut next = Self { failing_since: Some(since), ..self };
        // What was under way when the pause began says nothing new.
        let counts = self.paused(now).is_none() && (attempts <= 1 || self.is_probed());
        if counts {
            next.failures = self.failures.saturating_add(1);
            if next.is_probed() {
                next.paused_until = Some(now.plus(pause_ms(next.failures, random)));
            }
        }
        if let (Some(429), Some(wish)) = (reply.status, reply.retry_after_ms) {
            let until = now.plus(wish.clamp(0, limits::RETRY_AFTER_MS_MAX));
            next.paused_until = Some(next.paused_until.map_or(until, |paused| paused.max(until)));
        }
        let failing_ms = now.since(since);
        let given_up = failing_ms >= limits::ENDPOINT_FAILING_MS_MAX;
        (next, given_up.then_some(DisabledReason::Failing))
    }

    /// The end that an attempt would bring, unless it is only by the word of a clock that is not
    /// believed (O-06).
    #[must_use]
    pub fn end(why: Option<DisabledReason>, clock_is_believed: bool) -> Option<DisabledReason> {
        why.filter(|why| clock_is_believed || *why != DisabledReason::Failing)
    }
}

/// How long an endpoint is paused after so many failures in a row, in milliseconds.
fn pause_ms(failures: i64, random: &dyn Random) -> i64 {
    let doublings = failures.saturating_sub(limits::ENDPOINT_FAILURES_MAX).clamp(0, 30);
    let doublings = u32::try_from(doublings).unwrap_or(0);
    let longer = limits::ENDPOINT_PAUSE_MS_MIN.saturating_mul(1_i64.wrapping_shl(doublings));
    retry::jittered(longer.min(limits::ENDPOINT_PAUSE_MS_MAX), random)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::SeededRandom;

    const NOW: Timestamp = Timestamp(1_795_424_400_000);

    fn reply(status: u16) -> Reply {
        Reply { status: Some(status), retry_after_ms: None }
    }

    fn failed(health: Health, attempts: u32, now: Timestamp) -> Health {
        let random = SeededRandom::new(1);
        health.after(DeliveryTrigger::Event, attempts, reply(500), now, &random).0
    }

    #[test]
    fn a_04_only_2xx_is_success() {
        for status in 100..600 {
            assert_eq!(reply(status).took(), (200..300).contains(&status), "{status}");
        }
        assert!(!Reply { status: None, retry_after_ms: None }.took());
    }

    #[test]
    fn a_04_one_delivery_that_is_refused_again_and_again_pauses_nobody() {
        let mut health = Health::default();
        for attempt in 1..=11 {
            health = failed(health, attempt, NOW.plus(i64::from(attempt)));
        }
        assert_eq!((health.failures, health.paused_until), (1, None));
        assert_eq!(health.failing_since, Some(NOW.plus(1)));
    }

    #[test]
    fn a_04_several_different_failures_pause_and_a_success_ends_it() {
        let (mut health, mut now, mut pauses) = (Health::default(), NOW, Vec::new());
        for _ in 0..16 {
            health = failed(health, 1, now);
            if let Some(until) = health.paused(now) {
                pauses.push(until.since(now));
                // What comes back during the pause does not make it longer.
                assert_eq!(failed(health, 1, now), health);
                now = until;
            }
        }
        let seconds = [5, 10, 20, 40, 80, 160, 300, 300, 300, 300, 300, 300];
        assert_eq!(pauses.len(), seconds.len());
        for (pause, seconds) in pauses.iter().zip(seconds) {
            assert!((seconds * 800..=seconds * 1_200).contains(pause), "{pause} {seconds}");
        }
        let random = SeededRandom::new(1);
        let well = health.after(DeliveryTrigger::Event, 1, reply(204), now, &random);
        assert_eq!(well, (Health::default(), None));
    }

    #[test]
    fn a_04_410_disables_at_once_and_five_days_of_failures_do() {
        let random = SeededRandom::new(1);
        let after = |health: Health, status: u16, now: Timestamp| {
            health.after(DeliveryTrigger::Event, 1, reply(status), now, &random).1
        };
        assert_eq!(after(Health::default(), 410, NOW), Some(DisabledReason::Gone));
        let failing = failed(Health::default(), 1, NOW);
        let last = NOW.plus(limits::ENDPOINT_FAILING_MS_MAX);
        assert_eq!(after(failing, 500, last.plus(-1)), None);
        assert_eq!(after(failing, 500, last), Some(DisabledReason::Failing));
        assert_eq!(after(failing, 200, last), None);
        // The clock was set back by a year: that is no year of failures once it catches up.
        assert_eq!(failed(failing, 1, NOW.plus(-365 * Timestamp::DAY)).failing_since.unwrap(), {
            NOW.plus(-365 * Timestamp::DAY)
        });
    }

    #[test]
    fn a_04_a_test_changes_nothing_but_for_the_better() {
        let random = SeededRandom::new(1);
        let failing = failed(Health::default(), 1, NOW);
        let test = |status| failing.after(DeliveryTrigger::Test, 1, reply(status), NOW, &random);
        assert_eq!(test(500), (failing, None));
        assert_eq!(test(200), (Health::default(), None));
        let fate = fate(DeliveryTrigger::Test, 1, reply(500), NOW, &random);
        assert_eq!(fate, Fate::Dead);
    }

    proptest! {
        #[test]
        fn a_04_retry_after_of_429_pauses_for_no_more_than_a_day(
            seed: u64, failures in 0_i64..20, wish: i64, attempts in 1_u32..12,
        ) {
            let random = SeededRandom::new(seed);
            let before = Health { failures, ..Health::default() };
            let asked = Reply { status: Some(429), retry_after_ms: Some(wish) };
            let (health, why) = before.after(DeliveryTrigger::Event, attempts, asked, NOW, &random);
            prop_assert_eq!(why, None);
            let pause = health.paused_until.map_or(0, |until| until.since(NOW));
            prop_assert!(pause >= wish.clamp(0, limits::RETRY_AFTER_MS_MAX));
            prop_assert!(pause <= limits::RETRY_AFTER_MS_MAX);
        }

        #[test]
        fn a_07_a_refused_delivery_follows_the_schedule_and_then_is_dead(
            seed: u64, attempts in 1_u32..20, wish: Option<i64>,
        ) {
            let random = SeededRandom::new(seed);
            let refused = Reply { status: Some(503), retry_after_ms: wish };
            match fate(DeliveryTrigger::Event, attempts, refused, NOW, &random) {
                Fate::Delivered => prop_assert!(false),
                Fate::Dead => prop_assert!(attempts > 10),
                Fate::Again(next) => {
                    let planned = retry::DELIVERY.planned_ms(attempts).unwrap();
                    prop_assert!(next.since(NOW) * 5 >= planned * 4);
                    prop_assert!(next.since(NOW) >= wish.unwrap_or(0).min(Timestamp::DAY));
                }
            }
        }
    }
}
