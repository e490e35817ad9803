//! What every request handler is given.

use actix_web::web;

use crate::clock::Millis;
use crate::sync::Context;
use crate::tasks::Activators;

/// What request handlers work with. One value per process, shared by all workers.
#[derive(Clone)]
pub struct AppState {
    /// The database, the clock, the keys and the settings.
    pub context: Context,
    /// Wakes the tasks that do what a request has asked for.
    pub activators: Activators,
    /// Whether endpoints may be on private addresses and without TLS.
    pub allow_private_targets: bool,
}

/// The state as handlers take it.
pub type State = web::Data<AppState>;

impl AppState {
    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.context.clock.now()
    }
}
