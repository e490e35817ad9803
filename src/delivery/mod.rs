//! Telling the application of events: signed webhooks to its endpoints (A-04, A-05, A-07).
//!
//! ```text
//! events ─ dispatch ─> deliveries ─ lanes: which may go ─> sign ─> target ─> attempt, next state
//!          └──────────── endpoint_worker, one per endpoint ────────────┘
//! ```
//!
//! Read [`deliverer`] for who works when, `endpoint_worker` for the life of a delivery, [`lanes`]
//! for the order, `domain::endpoint` for retries and pauses; [`sign`] for how a delivery proves
//! where it comes from, [`address`] and [`target`] for where it may go and how it gets there.
//!
//! Invariants:
//! - One process at a time sends to an endpoint: whoever holds the lease on its row. Every write is
//!   made under the lease's epoch, and no request is begun when the lease has run out.
//! - Every event that an enabled endpoint wants is delivered at least once, or shown as dead; in
//!   order per lane (ADR 18).
//! - An endpoint that is slow, hangs or fails takes nothing from another: each has a worker of its
//!   own, and every worker a bounded number of requests.
//! - Nothing is connected to that was not vetted by its address in the same breath (A-05).
//! - A secret, a URL and a body are never logged and are in no error.
//!
//! What this module must not do: decide what is an event, or know HTTP requests to Rollcall.

use std::sync::Arc;

use crate::clock::{Clock, Random};
use crate::db::Db;
use crate::db::endpoint_secrets::EndpointSecret;
use crate::delivery::sign::SigningSecret;
use crate::delivery::target::Targets;
use crate::domain::trust::Trust;
use crate::secret::Keys;

pub mod address;
pub mod deliverer;
mod disabling;
mod endpoint_worker;
pub mod lanes;
mod lease;
pub mod sample;
mod send;
pub mod sign;
pub mod target;

/// Everything that delivering needs from outside. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Whether the time is believed.
    pub trust: Arc<Trust>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// The opened data keys.
    pub keys: Arc<Keys>,
    /// Sends requests to where they may go.
    pub targets: Targets,
    /// What links are built from, without a slash at the end.
    pub public_url: Arc<str>,
}

/// Opens a secret; `None` when it cannot be opened.
fn open_secret(secret: &EndpointSecret, keys: &Keys) -> Option<SigningSecret> {
    SigningSecret::parse(&secret.open(keys).ok()?).ok()
}
