//! What can be done with a directory: `/api/v1/directories/{id}/complete_setup`, `sync` and
//! `disable`.

use actix_web::web::Path;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::action::Actor;
use crate::domain::ids::{DirectoryId, RunId};
use crate::sync::setup::{self, SetupError};
use crate::web::api::directories::setup_problem;
use crate::web::api::directories::shown::{self, DirectoryResponse};
use crate::web::http::auth::Caller;
use crate::web::http::error::Problem;
use crate::web::http::response::{self, Response};
use crate::web::http::state::State;

/// A full sync that was started.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StartedRun)]
pub struct StartedRunResponse {
    /// The full sync.
    run_id: RunId,
}

/// Completes the set-up of a directory: starts the first full sync.
#[utoipa::path(
    post, path = "/api/v1/directories/{directory_id}/complete_setup", tag = "Directories",
    operation_id = "complete_setup",
    responses(
        (status = 202, description = "The sync is asked for.", body = StartedRunResponse),
        (status = 404, description = "There is no such directory."),
        (status = 409, description = "`directory_disabled`, `no_credential`, `no_admin`, or \
            `conflict`: it is complete already."),
        (status = 422, description = "`credential_refused`: the HR system does not accept the \
            credential; or `invalid_credential`."),
    ),
)]
pub async fn complete_setup(state: State, caller: Caller, path: Path<DirectoryId>) -> Response {
    let id = path.into_inner();
    let run_id = setup::complete_setup(&state.context, &id, &caller.actor())
        .await
        .map_err(|error| setup_problem::problem(error, &id))?;
    state.activators.runs.wake();
    response::accepted(StartedRunResponse { run_id })
}

/// Starts a full sync.
#[utoipa::path(
    post, path = "/api/v1/directories/{directory_id}/sync", tag = "Directories",
    operation_id = "sync_directory",
    responses(
        (status = 202, description = "The sync is asked for.", body = StartedRunResponse),
        (status = 404, description = "There is no such directory."),
        (status = 409, description = "`directory_disabled`, `run_in_progress`, or `conflict`: its \
            set-up is not complete."),
    ),
)]
pub async fn sync(state: State, caller: Caller, path: Path<DirectoryId>) -> Response {
    let run_id = request_sync(&state, &path.into_inner(), &caller.actor()).await?;
    response::accepted(StartedRunResponse { run_id })
}

/// Asks for a full sync, which begins soon.
pub(in crate::web) async fn request_sync(
    state: &State,
    id: &DirectoryId,
    by: &Actor,
) -> Result<RunId, Problem> {
    let asked = setup::request_sync(&state.context, id, by).await;
    let run = asked.map_err(|error| setup_problem::problem(error, id))?;
    state.activators.runs.wake();
    Ok(run)
}

/// Disables a directory for good.
///
/// Its credential is deleted and its people are not synced any more. Accounts stay as they are.
#[utoipa::path(
    post, path = "/api/v1/directories/{directory_id}/disable", tag = "Directories",
    operation_id = "disable_directory",
    responses(
        (status = 200, description = "The directory as it is now.", body = DirectoryResponse),
        (status = 404, description = "There is no such directory."),
        (status = 409, description = "`directory_disabled`: it was disabled before."),
    ),
)]
pub async fn disable(state: State, caller: Caller, path: Path<DirectoryId>) -> Response {
    let id = path.into_inner();
    end(&state, &id, &caller.actor()).await.map_err(|error| setup_problem::problem(error, &id))?;
    response::ok(shown::read(&state, id).await?)
}

/// Disables a directory, and has done at once what follows from it.
pub(in crate::web) async fn end(
    state: &State,
    id: &DirectoryId,
    by: &Actor,
) -> Result<(), SetupError> {
    setup::disable(&state.context, id, by).await?;
    state.activators.runs.wake();
    // Accounts that somebody of another directory has go on with that one (S-26).
    state.activators.clearing.wake();
    Ok(())
}
