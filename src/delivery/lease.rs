//! Until when this process may send to an endpoint, shared between its worker, which renews it, and
//! the requests that are being sent.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::clock::Timestamp;

/// Until when this process may send to an endpoint, as far as it knows.
#[derive(Debug)]
pub(super) struct Lease(AtomicI64);

impl Lease {
    /// A lease that ends at `until`.
    pub(super) const fn new(until: Timestamp) -> Self {
        Self(AtomicI64::new(until.0))
    }

    /// Whether a request may be begun now.
    pub(super) fn holds(&self, now: Timestamp) -> bool {
        now.0 < self.0.load(Ordering::SeqCst)
    }

    /// The lease ends at `until` now.
    pub(super) fn set(&self, until: Timestamp) {
        self.0.store(until.0, Ordering::SeqCst);
    }
}
