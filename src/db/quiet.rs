//! A moment without urgent writes, for which bulk work on PostgreSQL waits (S-46).
//!
//! There each write has a connection of its own, so nobody waits for a lock of ours; but a piece of
//! bulk work takes processor time and disk from the steps of a webhook. On SQLite the writer thread
//! does the same for its own queue.
//!
//! Invariants:
//! - Nobody waits when nothing urgent is under way, or for longer than
//!   [`limits::BULK_WAIT_MS_MAX`].

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::limits;

/// What urgent writes are under way.
#[derive(Debug)]
pub(crate) struct Quiet {
    under_way: watch::Sender<usize>,
    /// When the last one ended.
    ended_at: Mutex<Option<Instant>>,
}

/// An urgent write, until this is dropped.
pub(crate) struct Urgent<'a>(&'a Quiet);

impl Drop for Urgent<'_> {
    fn drop(&mut self) {
        *self.0.ended_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.0.under_way.send_modify(|count| *count = count.saturating_sub(1));
    }
}

impl Quiet {
    pub(crate) fn new() -> Self {
        Self { under_way: watch::Sender::new(0), ended_at: Mutex::new(None) }
    }

    /// Something urgent begins.
    pub(crate) fn disturb(&self) -> Urgent<'_> {
        self.under_way.send_modify(|count| *count = count.saturating_add(1));
        Urgent(self)
    }

    /// Returns when nothing urgent was under way for a moment, or after a bounded time.
    pub(crate) async fn wait(&self) {
        let patience = Duration::from_millis(limits::BULK_WAIT_MS_MAX);
        let _ = tokio::time::timeout(patience, self.wait_at_last()).await;
    }

    async fn wait_at_last(&self) {
        let pause = Duration::from_micros(limits::WRITER_PAUSE_US);
        let mut under_way = self.under_way.subscribe();
        loop {
            // The sender is ours and lives as long.
            let _ = under_way.wait_for(|count| *count == 0).await;
            let ended_at = *self.ended_at.lock().unwrap_or_else(PoisonError::into_inner);
            let rest = ended_at.map_or(Duration::ZERO, |at| pause.saturating_sub(at.elapsed()));
            if rest.is_zero() || tokio::time::timeout(rest, under_way.changed()).await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn s_46_bulk_work_waits_for_a_quiet_moment_and_no_longer() {
        let pause = Duration::from_micros(limits::WRITER_PAUSE_US);
        let patience = Duration::from_millis(limits::BULK_WAIT_MS_MAX);
        let quiet = Quiet::new();
        let waited = async || {
            let began = Instant::now();
            quiet.wait().await;
            began.elapsed()
        };
        assert!(quiet.wait().now_or_never().is_some(), "nothing was urgent");
        drop(quiet.disturb());
        assert!(waited().await >= pause, "the next step may come");
        assert!(quiet.wait().now_or_never().is_some());
        let urgent = quiet.disturb();
        // This comes to an end although nothing else does.
        assert!(waited().await >= patience);
        drop(urgent);
    }
}
