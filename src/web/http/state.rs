//! What every request handler is given.

use std::sync::Arc;

use actix_web::{HttpRequest, web};

use crate::clock::Timestamp;
use crate::domain::ids::RequestId;
use crate::sync::Context;
use crate::tasks::Activators;
use crate::web::http::crowd::Crowd;
use crate::web::http::error::Problem;
use crate::web::http::health::Looks;
use crate::web::http::hook_turns::HookTurns;
use crate::web::http::sign_in_throttle::SignInThrottle;

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
    /// Writes the page of a problem.
    pub problem_page: ProblemPage,
    /// When this process began to serve.
    pub started_at: Timestamp,
}

/// Writes the page that tells somebody of a problem: which, on what path, whether mail is sent, and
/// the request's id.
pub type ProblemPage = fn(&Problem, &str, bool, &RequestId) -> String;

/// The state as handlers take it.
pub type State = web::Data<AppState>;

impl AppState {
    /// What a process begins with.
    #[must_use]
    pub fn new(
        context: Context,
        activators: Activators,
        allow_private_targets: bool,
        problem_page: ProblemPage,
    ) -> Self {
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
            problem_page,
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
