//! Decisions about holds: `/api/v1/directories/{id}/holds/{hold_id}/approve` and `reject`.

use actix_web::web::{Bytes, Path};

use crate::domain::ids::{DirectoryId, HoldId, HoldItemId};
use crate::sync::decide::{self, DecideError, Wish};
use crate::web::answer::Answer;
use crate::web::api::{directory_lists, setup_problem};
use crate::web::auth::Caller;
use crate::web::body::Members;
use crate::web::error::Problem;
use crate::web::state::State;

/// `POST …/approve`: all of the hold, or the items in `ids` (S-32).
pub async fn approve(
    state: State,
    caller: Caller,
    path: Path<(String, String)>,
    body: Bytes,
) -> Answer {
    // A decision about all needs no body.
    let mut body = Members::parse_or_none(&body)?;
    let ids: Option<Vec<HoldItemId>> = body.not_null("ids");
    body.finish()?;
    take(state, caller, path, ids.map_or(Wish::ApproveAll, Wish::Approve)).await
}

/// `POST …/reject`: nobody of the hold.
pub async fn reject(
    state: State,
    caller: Caller,
    path: Path<(String, String)>,
    body: Bytes,
) -> Answer {
    Members::parse_or_none(&body)?.finish()?;
    take(state, caller, path, Wish::Reject).await
}

async fn take(state: State, caller: Caller, path: Path<(String, String)>, wish: Wish) -> Answer {
    let directory = DirectoryId::from_text(path.0.as_str());
    let hold = HoldId::from_text(path.1.as_str());
    decide::decide(&state.context, &directory, &hold, wish, caller.actor())
        .await
        .map_err(|error| problem(error, &hold))?;
    state.activators.dates.wake();
    state.activators.runs.wake();
    directory_lists::hold(state, path).await
}

/// The problem that a refused decision is.
pub(in crate::web) fn problem(error: DecideError, hold: &HoldId) -> Problem {
    let message = setup_problem::sentence(&error.to_string());
    match error {
        DecideError::NotFound => Problem::of_lookup(crate::db::DbError::NotFound, "Hold", hold),
        DecideError::Closed(_) | DecideError::EmailTaken(_) => Problem::Conflict { message },
        DecideError::Nobody => Problem::invalid("ids", "required", "must name at least one item"),
        DecideError::Unknown(_) => Problem::invalid("ids", "unknown_value", message),
        DecideError::Db(error) => error.into(),
    }
}
