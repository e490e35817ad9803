//! Decisions about holds: `/api/v1/directories/{id}/holds/{hold_id}/approve` and `reject`.

use actix_web::web::Path;

use crate::domain::hold::Decision;
use crate::domain::ids::{DirectoryId, HoldId, HoldItemId};
use crate::operations::decisions::{self, About, DecideError, HoldDecision};
use crate::web::api::directories::holds::{self, HoldResponse};
use crate::web::api::directories::setup_problem;
use crate::web::http::auth::Caller;
use crate::web::http::body::{Maybe, OptionalBody, body};
use crate::web::http::error::Problem;
use crate::web::http::response::{self, Response};
use crate::web::http::state::State;

body! {
    /// Whom a decision is about: either some items, or those of a list that was seen.
    pub struct HoldDecisionBody {
        /// These items of the hold.
        ids: Maybe<Vec<HoldItemId>>,
        /// Those of this version of the list who still wait.
        list_version: Maybe<i64>,
        /// Whether this takes the place of an earlier decision about the same items.
        change_decision: Maybe<bool>,
    }
}

impl HoldDecisionBody {
    /// A decision says whom it is about, so that it never covers somebody whom nobody has looked
    /// at.
    fn wanted(self, decision: Decision) -> Result<HoldDecision, Problem> {
        let about = match (self.ids.0, self.list_version.0) {
            (Some(ids), None) => About::Items(ids),
            (None, Some(version)) => About::Version(version),
            (Some(_), Some(_)) => {
                let message = "give either ids or list_version";
                return Err(Problem::invalid("list_version", "not_allowed", message));
            }
            (None, None) => {
                let message = "is required, or list_version: the version of the list that was seen";
                return Err(Problem::invalid("ids", "required", message));
            }
        };
        let changes_decision = self.change_decision.0.unwrap_or(false);
        Ok(HoldDecision { decision, about, changes_decision })
    }
}

/// Approves changes of a hold.
///
/// Those of the items in `ids`, or of those of the list in `list_version` who still wait. Who is
/// not among them goes on waiting in a new hold.
#[utoipa::path(
    post, path = "/api/v1/directories/{directory_id}/holds/{hold_id}/approve", tag = "Holds",
    operation_id = "approve_hold",
    request_body(content = HoldDecisionBody, example = json!({ "list_version": 1 })),
    responses(
        (status = 200, description = "The hold as it is now.", body = HoldResponse),
        (status = 404, description = "There is no such hold in this directory."),
        (status = 409, description = "`conflict`: it was decided, nobody waits any more, or \
            another account has the e-mail."),
    ),
)]
pub async fn approve(
    state: State,
    caller: Caller,
    path: Path<(DirectoryId, HoldId)>,
    body: OptionalBody<HoldDecisionBody>,
) -> Response {
    let wanted = body.0.wanted(Decision::Approved)?;
    take(state, caller, path, wanted).await
}

/// Rejects changes of a hold.
///
/// Those of the items in `ids`, or of those of the list in `list_version` who still wait. Who is
/// not among them goes on waiting in a new hold.
#[utoipa::path(
    post, path = "/api/v1/directories/{directory_id}/holds/{hold_id}/reject", tag = "Holds",
    operation_id = "reject_hold",
    request_body(content = HoldDecisionBody, example = json!({ "list_version": 1 })),
    responses(
        (status = 200, description = "The hold as it is now.", body = HoldResponse),
        (status = 404, description = "There is no such hold in this directory."),
        (status = 409, description = "`conflict`: it was decided, or nobody waits any more."),
    ),
)]
pub async fn reject(
    state: State,
    caller: Caller,
    path: Path<(DirectoryId, HoldId)>,
    body: OptionalBody<HoldDecisionBody>,
) -> Response {
    let wanted = body.0.wanted(Decision::Rejected)?;
    take(state, caller, path, wanted).await
}

async fn take(
    state: State,
    caller: Caller,
    path: Path<(DirectoryId, HoldId)>,
    wanted: HoldDecision,
) -> Response {
    let (directory, hold) = path.into_inner();
    decisions::decide(&state.context, &directory, &hold, wanted, caller.actor())
        .await
        .map_err(|error| problem(error, &hold))?;
    state.activators.dates.wake();
    state.activators.runs.wake();
    response::ok(holds::read(&state, directory, hold).await?)
}

/// The problem that a refused decision is.
pub(in crate::web) fn problem(error: DecideError, hold: &HoldId) -> Problem {
    let message = setup_problem::sentence(&error.to_string());
    match error {
        DecideError::NotFound => Problem::of_lookup(crate::db::DbError::NotFound, "Hold", hold),
        DecideError::Closed(_)
        | DecideError::NotComplete
        | DecideError::NobodyWaits
        | DecideError::NotToChange(_)
        | DecideError::EmailTaken(_) => Problem::Conflict { message },
        DecideError::NoVersion(_) => Problem::invalid("list_version", "unknown_value", message),
        DecideError::Nobody => Problem::invalid("ids", "required", "must name at least one item"),
        DecideError::Unknown(_) => Problem::invalid("ids", "unknown_value", message),
        DecideError::Db(error) => error.into(),
    }
}
