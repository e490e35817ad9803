//! `/directories`: connections to HR systems, as WorkOS shows them.
//!
//! A directory that was deleted is in no list any more. It can still be read (L-08), as `unlinked`.

use std::collections::HashMap;

use actix_web::web::Path;
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::directories::Directory;
use crate::db::page::Page;
use crate::db::reports::directory::{self as rows, DirectoryFilter, PeopleCounts};
use crate::domain::ids::{DirectoryId, OrganizationId};
use crate::operations::OperationError;
use crate::providers;
use crate::sync::setup::SetupError;
use crate::web::api::directories::{actions, setup_problem};
use crate::web::http::auth::Caller;
use crate::web::http::query::{CursorPage, Params, query};
use crate::web::http::response::{self, Iso8601, List, Response};
use crate::web::http::state::State;
use crate::wire;

pub(super) use crate::operations::directories::find;

/// A connection to an HR system, as WorkOS shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = workos::Directory)]
pub struct DirectoryResponse {
    /// `directory`.
    object: &'static str,
    id: DirectoryId,
    organization_id: OrganizationId,
    /// The HR system: `people hr`, `breathe hr` or `hrworks`.
    r#type: &'static str,
    /// `linked`, `unlinked`, `validating` or `invalid_credentials`.
    state: &'static str,
    name: String,
    external_key: String,
    metadata: MetadataResponse,
    created_at: Iso8601,
    updated_at: Iso8601,
}

/// What a directory has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = workos::DirectoryMetadata)]
struct MetadataResponse {
    users: UsersResponse,
    groups: i64,
}

/// How many people a directory has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = workos::DirectoryUserCounts)]
struct UsersResponse {
    active: i64,
    inactive: i64,
}

fn show(row: Directory, counts: PeopleCounts) -> DirectoryResponse {
    let PeopleCounts { active, inactive, groups } = counts;
    DirectoryResponse {
        object: "directory",
        r#type: providers::profile(row.provider).wire_type,
        state: wire::wire_state(&row),
        id: row.id,
        organization_id: row.organization_id,
        name: row.name,
        external_key: row.external_key,
        metadata: MetadataResponse { users: UsersResponse { active, inactive }, groups },
        created_at: row.created_at_ms.into(),
        updated_at: row.updated_at_ms.into(),
    }
}

query! {
    /// Which directories are listed.
    pub struct DirectoriesQuery {
        /// The part of the list.
        page: CursorPage<DirectoryId>,
        /// Only those of this organization.
        organization_id: Option<OrganizationId>,
        /// Only those whose name has this in it.
        search: Option<String>,
        /// Only those with this domain; none has any.
        domain: Option<String>,
    }
}

/// Lists directories that are not disabled.
#[utoipa::path(
    get, path = "/directories", tag = "WorkOS", operation_id = "workos_list_directories",
    params(DirectoriesQuery),
    responses((status = 200, description = "A page of directories.",
        body = List<DirectoryResponse>)),
)]
pub async fn list(state: State, query: Params<DirectoriesQuery>) -> Response {
    let DirectoriesQuery { page, organization_id, search, domain } = query.0;
    if domain.is_some() {
        // No directory of an HR system has a domain.
        let nothing: Page<()> = Page { items: Vec::new(), before: None, after: None };
        return response::list(nothing, std::convert::identity);
    }
    let (page, filter) =
        (page.request, DirectoryFilter { organization_id, search, open_only: true });
    let read = state.context.db.read(move |conn| {
        let found = rows::directories(conn, &filter, &page)?;
        let ids: Vec<DirectoryId> = found.items.iter().map(|row| row.id.clone()).collect();
        Ok::<_, OperationError>((found, rows::people_counts(conn, &ids)?))
    });
    let (found, counts): (_, HashMap<DirectoryId, PeopleCounts>) = read.await?;
    response::list(found, |row| {
        let of_row = counts.get(&row.id).copied().unwrap_or_default();
        show(row, of_row)
    })
}

/// Reads a directory.
#[utoipa::path(
    get, path = "/directories/{directory_id}", tag = "WorkOS",
    operation_id = "workos_get_directory",
    responses(
        (status = 200, description = "The directory.", body = DirectoryResponse),
        (status = 404, description = "There is no such directory."),
    ),
)]
pub async fn get(state: State, path: Path<DirectoryId>) -> Response {
    let id = path.into_inner();
    let read = state.context.db.read(move |conn| {
        let row = find(conn, &id)?;
        let counts = rows::people_counts(conn, std::slice::from_ref(&id))?;
        let counts = counts.get(&id).copied().unwrap_or_default();
        Ok::<_, OperationError>(show(row, counts))
    });
    response::ok(read.await?)
}

/// A directory that is deleted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = workos::DeletedDirectory)]
pub struct DeletedResponse {}

/// Disables a directory for good.
///
/// Once more changes nothing.
#[utoipa::path(
    delete, path = "/directories/{directory_id}", tag = "WorkOS",
    operation_id = "workos_delete_directory",
    responses(
        (status = 202, description = "It is disabled.", body = DeletedResponse),
        (status = 404, description = "There is no such directory."),
    ),
)]
pub async fn delete(state: State, caller: Caller, path: Path<DirectoryId>) -> Response {
    let id = path.into_inner();
    match actions::end(&state, &id, &caller.actor()).await {
        Ok(()) | Err(SetupError::Disabled) => {}
        Err(error) => return Err(setup_problem::problem(error, &id)),
    }
    response::accepted(DeletedResponse {})
}

/// A full sync that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = workos::DirectorySync)]
pub struct SyncResponse {
    /// `queued`.
    status: &'static str,
}

/// Starts a full sync.
#[utoipa::path(
    post, path = "/directories/{directory_id}/sync", tag = "WorkOS",
    operation_id = "workos_sync_directory",
    responses(
        (status = 202, description = "The sync is asked for.", body = SyncResponse),
        (status = 404, description = "There is no such directory."),
        (status = 409, description = "`directory_disabled`, `run_in_progress`, or `conflict`: its \
            set-up is not complete."),
    ),
)]
pub async fn sync(state: State, caller: Caller, path: Path<DirectoryId>) -> Response {
    actions::request_sync(&state, &path.into_inner(), &caller.actor()).await?;
    response::accepted(SyncResponse { status: "queued" })
}
