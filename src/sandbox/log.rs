//! What the sandboxes keep of calls: a log of the last ones and the count of a minute.
//!
//! Invariant: both are bounded, the log by [`SANDBOX_LOG_ENTRIES_MAX`], the count by the limit that
//! it is asked about. Must not know what a call is about.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::limits::SANDBOX_LOG_ENTRIES_MAX;

/// The last entries of a log, oldest first.
#[derive(Debug)]
pub(super) struct CallLog<T>(VecDeque<T>);

impl<T> Default for CallLog<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T: Clone> CallLog<T> {
    pub(super) fn push(&mut self, entry: T) {
        if self.0.len() >= SANDBOX_LOG_ENTRIES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(entry);
    }

    pub(super) fn entries(&self) -> Vec<T> {
        self.0.iter().cloned().collect()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// How a limit of calls in 60 seconds counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallWindow {
    /// The 60 seconds that begin with a call; then the next 60 seconds begin.
    #[default]
    Fixed,
    /// Any 60 seconds.
    Sliding,
}

/// The calls that count, at most as many as the limit allows.
#[derive(Debug, Default)]
pub(super) struct CallCount(VecDeque<Timestamp>);

impl CallCount {
    /// Counts a call; false when there were too many before it. What is refused is not counted.
    pub(super) fn take(&mut self, now: Timestamp, limit: u32, window: CallWindow) -> bool {
        // A clock that was set back must not keep old calls in the window for ever.
        let counts = |at: &Timestamp| (0..Timestamp::MINUTE).contains(&now.since(*at));
        match window {
            CallWindow::Sliding => self.0.retain(counts),
            CallWindow::Fixed if self.0.front().is_some_and(counts) => {}
            CallWindow::Fixed => self.0.clear(),
        }
        let free = self.0.len() < usize::try_from(limit).unwrap_or(usize::MAX);
        if free {
            self.0.push_back(now);
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(window: CallWindow) -> Vec<bool> {
        let mut count = CallCount::default();
        let seconds = [0, 30, 50, 59, 60, 61, 120];
        seconds.iter().map(|at| count.take(Timestamp(at * 1_000), 2, window)).collect()
    }

    #[test]
    fn a_fixed_minute_begins_with_a_call_and_a_sliding_one_is_any() {
        let fixed = [true, true, false, false, true, true, true];
        assert_eq!(taken(CallWindow::Fixed), fixed);
        let sliding = [true, true, false, false, true, false, true];
        assert_eq!(taken(CallWindow::Sliding), sliding);
    }

    #[test]
    fn a_clock_that_goes_back_does_not_block_for_ever() {
        let mut count = CallCount::default();
        assert!(count.take(Timestamp(1_000_000), 1, CallWindow::Fixed));
        assert!(count.take(Timestamp(1_000), 1, CallWindow::Fixed));
    }
}
