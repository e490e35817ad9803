//! Whether the database can be reached, as far as this process knows, and what the log says of it
//! (O-08).
//!
//! Everybody notices an outage: each task, each request, each connection that is opened. The log
//! tells of it once when it begins and once when it ends; [`DbError::Away`](super::DbError::Away)
//! is how the others know that it is told already.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What is known. One per opened database.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    away: AtomicBool,
    /// How often it could not be reached.
    losses: AtomicU64,
}

/// What was known when something was begun.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun(u64);

impl Presence {
    /// Whether it could not be reached when that was last tried.
    pub(crate) fn is_away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    /// Something is asked of it now.
    pub(crate) fn begin(&self) -> Begun {
        Begun(self.losses.load(Ordering::SeqCst))
    }

    /// It could not be reached.
    pub(crate) fn lost(&self, reason: &str) {
        self.losses.fetch_add(1, Ordering::SeqCst);
        if !self.away.swap(true, Ordering::Relaxed) {
            tracing::error!(
                reason,
                "the database cannot be reached; what waits for it goes on when it is back"
            );
        }
    }

    /// It did what it was asked to. What was begun before it was lost proves nothing.
    pub(crate) fn found(&self, begun: Begun) {
        let is_news = begun.0 == self.losses.load(Ordering::SeqCst);
        if is_news && self.is_away() && self.away.swap(false, Ordering::Relaxed) {
            tracing::warn!("the database can be reached again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_08_what_was_begun_before_an_outage_does_not_end_it() {
        let presence = Presence::default();
        let before = presence.begin();
        presence.lost("a test");
        presence.found(before);
        assert!(presence.is_away());
        presence.found(presence.begin());
        assert!(!presence.is_away());
    }
}
