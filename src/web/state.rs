//! What every request handler is given.

use std::sync::Arc;

use actix_web::{HttpRequest, web};

use crate::clock::Timestamp;
use crate::sync::Context;
use crate::tasks::Activators;
use crate::web::error::Problem;
use crate::web::health::Looks;
use crate::web::hook_turns::HookTurns;
use crate::web::pages::crowd::Crowd;
use crate::web::sign_in_throttle::SignInThrottle;

/// What request handlers work with. One value per process, shared by all workers.
#[derive(Clone)]
pub struct AppState {
    /// The database, the clock, the keys and the settings.
    pub context: Context,
    /// Wakes the tasks that do what a request has asked for.
    pub activators: Activators,
    /// Whether endpoints may be on private addresses and without TLS.
    pub allow_private_targets: bool,
    /// Wrong API keys.
    pub tries: Arc<SignInThrottle>,
    /// The forms of people who are not signed in.
    pub crowd: Arc<Crowd>,
    /// Webhooks that are being stored.
    pub hook_turns: Arc<HookTurns>,
    /// The look at the database that `/readyz` waits for.
    pub looks: Arc<Looks>,
    /// When this process began to serve.
    pub started_at: Timestamp,
}

/// The state as handlers take it.
pub type State = web::Data<AppState>;

impl AppState {
    /// What a process begins with.
    #[must_use]
    pub fn new(context: Context, activators: Activators, allow_private_targets: bool) -> Self {
        let started_at = context.clock.now();
        let (tries, crowd, hook_turns, looks) = Default::default();
        Self {
            context,
            activators,
            allow_private_targets,
            tries,
            crowd,
            hook_turns,
            looks,
            started_at,
        }
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.context.clock.now()
    }
}

/// The state, for what is made from a request alone.
pub fn of(req: &HttpRequest) -> Result<State, Problem> {
    let state = req.app_data::<State>().cloned();
    state.ok_or_else(|| Problem::Internal("the server was started without its state".to_owned()))
}
