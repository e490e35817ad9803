//! Time and randomness, as values that are passed in.
//!
//! Nothing else in Rollcall asks the machine for the time or for random bytes (`clippy.toml` bans
//! the calls), so that tests and simulations decide both. Durations of work in progress (a
//! request's time-out) are the runtime's business and do not come from here.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// One second, one minute, one hour and one day, as differences in milliseconds.
    pub const SECOND: i64 = 1_000;
    /// One minute in milliseconds.
    pub const MINUTE: i64 = 60 * Self::SECOND;
    /// One hour in milliseconds.
    pub const HOUR: i64 = 60 * Self::MINUTE;
    /// One day in milliseconds.
    pub const DAY: i64 = 24 * Self::HOUR;

    /// This moment moved by `difference_ms`; stays at the end of the range instead of overflowing.
    #[must_use]
    pub fn plus(self, difference_ms: i64) -> Self {
        Self(self.0.saturating_add(difference_ms))
    }

    /// Milliseconds from `earlier` to this moment; negative when the clock went back.
    #[must_use]
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The calendar date at this moment in a time zone.
    #[must_use]
    pub fn date_in(self, zone: &TimeZone) -> Date {
        self.timestamp().to_zoned(zone.clone()).date()
    }

    /// The moment at which a day begins in a time zone: midnight, or what comes after it where the
    /// clocks skip it.
    #[must_use]
    pub fn start_of(date: Date, zone: &TimeZone) -> Self {
        let start = date.to_zoned(zone.clone());
        start.map_or(Self(i64::MAX), |start| Self(start.timestamp().as_millisecond()))
    }

    fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::MAX)
    }
}

/// `YYYY-MM-DDTHH:MM:SS.mmmZ`, always with three digits (wire contract §4).
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.timestamp())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Waits for a moment. Whoever waits looks at the time again afterwards: the clock may have
    /// been set meanwhile.
    fn wait_until(&self, moment: Timestamp) -> BoxFuture<'_, ()>;

    /// Whether this is the machine's own clock, which other machines do not have.
    fn is_the_machines(&self) -> bool {
        false
    }
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the machine's clock"
        )]
        let now = jiff::Timestamp::now();
        Timestamp(now.as_millisecond())
    }

    fn wait_until(&self, moment: Timestamp) -> BoxFuture<'_, ()> {
        // In pieces, so that a clock that is set forward is noticed.
        let wait_ms = moment.since(self.now()).clamp(0, Timestamp::MINUTE);
        let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
        Box::pin(tokio::time::sleep(wait))
    }

    fn is_the_machines(&self) -> bool {
        true
    }
}

/// A clock that is put right by another one now and then. Processes that share a database share its
/// clock, or each would end the others' claims too early or too late.
pub struct CorrectedClock {
    own: Arc<dyn Clock>,
    ahead_ms: AtomicI64,
}

impl CorrectedClock {
    /// The clock `own`, not put right yet.
    #[must_use]
    pub fn of(own: Arc<dyn Clock>) -> Self {
        Self { own, ahead_ms: AtomicI64::new(0) }
    }

    /// The own clock, as it is.
    #[must_use]
    pub fn own(&self) -> Timestamp {
        self.own.now()
    }

    /// The right clock showed `right` at some moment between these two of the own clock.
    pub fn correct(&self, right: Timestamp, (from, to): (Timestamp, Timestamp)) {
        let middle = from.plus(to.since(from) / 2);
        self.ahead_ms.store(middle.since(right), Ordering::SeqCst);
    }

    fn ahead_ms(&self) -> i64 {
        self.ahead_ms.load(Ordering::SeqCst)
    }
}

impl Clock for CorrectedClock {
    fn now(&self) -> Timestamp {
        self.own.now().plus(self.ahead_ms().saturating_neg())
    }

    fn wait_until(&self, moment: Timestamp) -> BoxFuture<'_, ()> {
        self.own.wait_until(moment.plus(self.ahead_ms()))
    }
}

/// A clock that stands still until it is moved; for tests and simulations. Whoever waits for a
/// moment moves it there.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn at(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.0))
    }

    /// Moves the clock by `difference_ms`, which may be negative.
    pub fn advance(&self, difference_ms: i64) {
        self.0.fetch_add(difference_ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    fn wait_until(&self, moment: Timestamp) -> BoxFuture<'_, ()> {
        self.0.fetch_max(moment.0, Ordering::SeqCst);
        Box::pin(std::future::ready(()))
    }
}

/// Gives random bytes.
pub trait Random: Send + Sync {
    /// Fills the whole buffer.
    fn fill(&self, buffer: &mut [u8]);

    /// A whole number from 0 up to and without `bound`; 0 when `bound` is 0.
    fn below(&self, bound: u64) -> u64 {
        let mut bytes = [0_u8; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes).checked_rem(bound).unwrap_or(0)
    }
}

/// The operating system's generator.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(
        clippy::expect_used,
        clippy::disallowed_methods,
        reason = "the one place that asks the system; without its generator no key can be made"
    )]
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the operating system's random generator answers");
    }
}

/// A generator that repeats itself for a seed; for tests, simulations and the sandbox's people.
#[derive(Debug)]
pub struct SeededRandom(Mutex<blake3::OutputReader>);

impl SeededRandom {
    /// The generator of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof()))
    }
}

impl Random for SeededRandom {
    fn fill(&self, buffer: &mut [u8]) {
        let mut reader = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        reader.fill(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_prints_with_three_digits() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp(1_700_000_000_120).to_string(), "2023-11-14T22:13:20.120Z");
    }

    #[tokio::test]
    async fn waiting_moves_a_manual_clock_and_never_back() {
        let clock = ManualClock::at(Timestamp(10));
        clock.wait_until(Timestamp(30)).await;
        assert_eq!(clock.now(), Timestamp(30));
        clock.wait_until(Timestamp(20)).await;
        assert_eq!(clock.now(), Timestamp(30));
        SystemClock.wait_until(Timestamp(0)).await;
    }

    #[tokio::test]
    async fn a_07_a_clock_that_is_wrong_is_put_right() {
        let own = Arc::new(ManualClock::at(Timestamp(100_000)));
        let clock = CorrectedClock::of(own.clone());
        assert_eq!(clock.now(), Timestamp(100_000));
        clock.correct(Timestamp(70_010), (Timestamp(100_000), Timestamp(100_020)));
        assert_eq!(clock.now(), Timestamp(70_000));
        clock.wait_until(Timestamp(75_000)).await;
        assert_eq!((own.now(), clock.now()), (Timestamp(105_000), Timestamp(75_000)));
    }

    #[test]
    fn a_day_begins_at_the_first_moment_that_has_its_date() {
        for name in jiff::tz::TimeZoneDatabase::bundled().available() {
            let zone = TimeZone::get(name.as_str()).unwrap_or(TimeZone::UTC);
            let mut before = jiff::civil::date(2025, 12, 31);
            let mut day = jiff::civil::date(2026, 1, 1);
            while day.year() < 2028 {
                let start = Timestamp::start_of(day, &zone);
                assert_eq!(start.date_in(&zone), day, "{name:?}");
                assert_eq!(start.plus(-1).date_in(&zone), before, "{name:?}");
                before = day;
                day = day.saturating_add(jiff::Span::new().days(1));
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let (a, b) = (SeededRandom::new(7), SeededRandom::new(7));
        assert_eq!((a.below(1_000_000), a.below(5)), (b.below(1_000_000), b.below(5)));
    }
}
