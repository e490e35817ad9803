//! Whether the database can be reached, as far as this process knows, and what the log says of it
//! (O-08).
//!
//! Everybody notices an outage: each task, each request, each connection that is opened. The log
//! tells of it once when it begins and once when it ends; [`DbError::Away`](super::DbError::Away)
//! is how the others know that it is told already.

use std::sync::atomic::{AtomicBool, Ordering};

/// What is known. One per opened database.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    away: AtomicBool,
}

impl Presence {
    /// Whether it could not be reached when that was last tried.
    pub(crate) fn is_away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    /// It could not be reached.
    pub(crate) fn lost(&self, reason: &str) {
        if !self.away.swap(true, Ordering::Relaxed) {
            tracing::error!(
                reason,
                "the database cannot be reached; what waits for it goes on when it is back"
            );
        }
    }

    /// It did what it was asked to.
    pub(crate) fn found(&self) {
        if self.is_away() && self.away.swap(false, Ordering::Relaxed) {
            tracing::warn!("the database can be reached again");
        }
    }
}
