//! Whether the time is believed (O-06): a clock that has jumped is not, for an hour.
//!
//! What this module must not do: read a clock.

use std::sync::{Mutex, PoisonError};

use crate::clock::Timestamp;
use crate::limits;

/// Since when a clock has gone on without a jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Belief {
    /// When the time was last looked at.
    pub seen_at: Timestamp,
    /// The first time that was seen after a jump.
    pub since: Timestamp,
}

impl Belief {
    /// The belief after a look at the clock. A step of more than [`limits::CLOCK_STEP_MS_MAX`] is a
    /// jump; so is a long stop, which looks the same. Where nobody has looked before there is
    /// nothing to lose.
    #[must_use]
    pub fn after(before: Option<Self>, now: Timestamp) -> Self {
        let since = match before {
            None => now.plus(-limits::CLOCK_DOUBT_MS),
            Some(before) if before.goes_on_at(now) => before.since,
            Some(_) => now,
        };
        Self { seen_at: now, since }
    }

    fn goes_on_at(self, now: Timestamp) -> bool {
        now.since(self.seen_at).abs() <= limits::CLOCK_STEP_MS_MAX
    }

    /// Whether the clock can be believed at this moment of its own: it has gone on for long enough,
    /// and has been looked at a moment ago.
    #[must_use]
    pub fn holds_at(self, now: Timestamp) -> bool {
        self.goes_on_at(now) && now.since(self.since) >= limits::CLOCK_DOUBT_MS
    }
}

/// Whether something may be destroyed because it is old: not on the word of a clock that has just
/// jumped (O-06).
#[derive(Debug)]
pub enum Trust {
    /// The clock is believed whatever it does; for tests.
    Always,
    /// As far as it was looked at.
    Seen(Mutex<Option<Belief>>),
}

impl Trust {
    /// Trust in a clock that nobody has looked at yet.
    #[must_use]
    pub fn none_yet() -> Self {
        Self::Seen(Mutex::new(None))
    }

    /// Takes in what a look at the clock has shown.
    pub fn note(&self, belief: Belief) {
        if let Self::Seen(seen) = self {
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(belief);
        }
    }

    /// Whether the clock can be believed now.
    #[must_use]
    pub fn holds_at(&self, now: Timestamp) -> bool {
        match self {
            Self::Always => true,
            Self::Seen(seen) => {
                let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.is_some_and(|belief| belief.holds_at(now))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_06_a_clock_that_jumped_is_believed_after_an_hour() {
        let minute = Timestamp::MINUTE;
        let mut belief = Belief::after(None, Timestamp(0));
        assert!(belief.holds_at(Timestamp(0)), "a new database has nothing to lose");
        // A restart that is short, and one with the clock 30 days ahead.
        belief = Belief::after(Some(belief), Timestamp(8 * minute));
        assert!(belief.holds_at(Timestamp(8 * minute)));
        let ahead = 30 * Timestamp::DAY;
        assert!(!belief.holds_at(Timestamp(ahead)), "before anybody has looked");
        for passed in 0..60 {
            let now = Timestamp(ahead + passed * minute);
            belief = Belief::after(Some(belief), now);
            assert!(!belief.holds_at(now), "{passed}");
        }
        belief = Belief::after(Some(belief), Timestamp(ahead + 60 * minute));
        assert!(belief.holds_at(Timestamp(ahead + 60 * minute)));
        // And back again.
        belief = Belief::after(Some(belief), Timestamp(70 * minute));
        assert!(!belief.holds_at(Timestamp(70 * minute)));
        let trust = Trust::none_yet();
        assert!(!trust.holds_at(Timestamp(0)) && Trust::Always.holds_at(Timestamp(0)));
        trust.note(Belief::after(None, Timestamp(0)));
        assert!(trust.holds_at(Timestamp(0)));
    }
}
