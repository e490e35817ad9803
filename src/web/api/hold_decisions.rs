//! Decisions about holds: `/api/v1/directories/{id}/holds/{hold_id}/approve` and `reject`.

use actix_web::web::{Bytes, Path};

use crate::domain::hold::Decision;
use crate::domain::ids::{DirectoryId, HoldId, HoldItemId};
use crate::operations::decisions::{self, About, DecideError, HoldDecision};
use crate::web::api::{directory_lists, setup_problem};
use crate::web::auth::Caller;
use crate::web::body::Members;
use crate::web::error::Problem;
use crate::web::response::Response;
use crate::web::state::State;

/// `POST …/approve`: the items in `ids`, or those of the list in `list_version` who still wait
/// (S-32).
pub async fn approve(
    state: State,
    caller: Caller,
    path: Path<(String, String)>,
    body: Bytes,
) -> Response {
    let wanted = wanted(&body, Decision::Approved)?;
    take(state, caller, path, wanted).await
}

/// `POST …/reject`: likewise.
pub async fn reject(
    state: State,
    caller: Caller,
    path: Path<(String, String)>,
    body: Bytes,
) -> Response {
    let wanted = wanted(&body, Decision::Rejected)?;
    take(state, caller, path, wanted).await
}

/// A decision says whom it is about, so that it never covers somebody whom nobody has looked at.
fn wanted(body: &[u8], decision: Decision) -> Result<HoldDecision, Problem> {
    let mut body = Members::parse_or_none(body)?;
    let ids: Option<Vec<HoldItemId>> = body.not_null("ids");
    let version: Option<i64> = body.not_null("list_version");
    let changes_decision = body.not_null("change_decision").unwrap_or(false);
    let about = match (ids, version) {
        (Some(ids), None) => Some(About::Items(ids)),
        (None, Some(version)) => Some(About::Version(version)),
        (Some(_), Some(_)) => {
            body.refuse("list_version", "not_allowed", "give either ids or list_version");
            None
        }
        (None, None) => {
            let message = "is required, or list_version: the version of the list that was seen";
            body.refuse("ids", "required", message);
            None
        }
    };
    body.finish()?;
    let about = about.ok_or_else(|| Problem::invalid("ids", "required", "is required"))?;
    Ok(HoldDecision { decision, about, changes_decision })
}

async fn take(
    state: State,
    caller: Caller,
    path: Path<(String, String)>,
    wanted: HoldDecision,
) -> Response {
    let directory = DirectoryId::from_text(path.0.as_str());
    let hold = HoldId::from_text(path.1.as_str());
    decisions::decide(&state.context, &directory, &hold, wanted, caller.actor())
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
        DecideError::Closed(_)
        | DecideError::NobodyWaits
        | DecideError::NotToChange(_)
        | DecideError::EmailTaken(_) => Problem::Conflict { message },
        DecideError::NoVersion(_) => Problem::invalid("list_version", "unknown_value", message),
        DecideError::Nobody => Problem::invalid("ids", "required", "must name at least one item"),
        DecideError::Unknown(_) => Problem::invalid("ids", "unknown_value", message),
        DecideError::Db(error) => error.into(),
    }
}
