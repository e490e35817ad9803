//! `/api/v1/directories/{id}/runs`: its full syncs.

use actix_web::web::Path;
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::page::PageRequest;
use crate::db::reports;
use crate::db::runs::Run;
use crate::domain::directory::{RunCounts, RunState, RunTrigger};
use crate::domain::failure::FailureClass;
use crate::domain::ids::{DirectoryId, OrganizationId, RunId};
use crate::operations::{OperationError, directories as operations};
use crate::web::http::query::{Params, query};
use crate::web::http::response::{self, Iso8601, List, Response};
use crate::web::http::state::State;

/// A full sync.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Run)]
pub struct RunResponse {
    /// `run`.
    object: &'static str,
    id: RunId,
    organization_id: OrganizationId,
    directory_id: DirectoryId,
    trigger: RunTrigger,
    state: RunState,
    started_at: Option<Iso8601>,
    finished_at: Option<Iso8601>,
    /// Why it failed.
    error: Option<ErrorResponse>,
    /// Why a run that did not fail ended without success: what it gave way to.
    note: Option<String>,
    counts: RunCountsResponse,
    created_at: Iso8601,
    updated_at: Iso8601,
}

/// Why a run failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunError)]
struct ErrorResponse {
    class: FailureClass,
    message: String,
}

/// What a full sync did, in people.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunCounts)]
pub struct RunCountsResponse {
    /// Seen in the HR system.
    seen: u64,
    /// Accounts that were made.
    created: u64,
    /// Accounts linked that were there before.
    linked: u64,
    /// Changed.
    updated: u64,
    /// As they were.
    unchanged: u64,
    /// Became inactive.
    deactivated: u64,
    /// Not applied because of their record.
    row_problems: u64,
    /// Waiting for a decision.
    held: u64,
}

impl From<RunCounts> for RunCountsResponse {
    fn from(counts: RunCounts) -> Self {
        Self {
            seen: counts.seen,
            created: counts.created,
            linked: counts.linked,
            updated: counts.updated,
            unchanged: counts.unchanged,
            deactivated: counts.deactivated,
            row_problems: counts.row_problems,
            held: counts.held,
        }
    }
}

impl From<Run> for RunResponse {
    fn from(row: Run) -> Self {
        let changed = row.finished_at_ms.or(row.started_at_ms).unwrap_or(row.requested_at_ms);
        let (error, note) = match (row.error_class, row.error_message) {
            (Some(class), message) => {
                (Some(ErrorResponse { class, message: message.unwrap_or_default() }), None)
            }
            (None, note) => (None, note),
        };
        Self {
            object: "run",
            id: row.id,
            organization_id: row.organization_id,
            directory_id: row.directory_id,
            trigger: row.run_trigger,
            state: row.state,
            started_at: row.started_at_ms.map(Iso8601),
            finished_at: row.finished_at_ms.map(Iso8601),
            error,
            note,
            counts: row.counts.0.into(),
            created_at: row.requested_at_ms.into(),
            updated_at: changed.into(),
        }
    }
}

query! {
    /// Which runs are listed.
    pub struct RunsQuery {
        /// The part of the list.
        page: PageRequest,
    }
}

/// Lists the full syncs of a directory.
#[utoipa::path(
    get, path = "/api/v1/directories/{directory_id}/runs", tag = "Directories",
    operation_id = "list_runs", params(RunsQuery),
    responses(
        (status = 200, description = "A page of runs.", body = List<RunResponse>),
        (status = 404, description = "There is no such directory."),
    ),
)]
pub async fn list(state: State, path: Path<DirectoryId>, query: Params<RunsQuery>) -> Response {
    let (id, page) = (path.into_inner(), query.0.page);
    let read = state.context.db.read(move |conn| {
        operations::find(conn, &id)?;
        Ok::<_, OperationError>(reports::directory::runs(conn, &id, &page)?)
    });
    response::list(read.await?, RunResponse::from)
}

/// Reads a full sync.
#[utoipa::path(
    get, path = "/api/v1/directories/{directory_id}/runs/{run_id}", tag = "Directories",
    operation_id = "get_run",
    responses(
        (status = 200, description = "The run.", body = RunResponse),
        (status = 404, description = "There is no such run in this directory."),
    ),
)]
pub async fn get(state: State, path: Path<(DirectoryId, RunId)>) -> Response {
    let (directory, run) = path.into_inner();
    let read = state.context.db.read(move |conn| operations::find_run(conn, &directory, &run));
    response::ok(RunResponse::from(read.await?))
}
