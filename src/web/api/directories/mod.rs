//! `/api/v1/directories`: an organization's connections to HR systems (product description §2).
//!
//! What a directory does is decided in [`crate::sync::setup`], and what can be set of it in
//! [`crate::operations::directories`]; here it is asked and shown.

use actix_web::web::{self, Path, ServiceConfig};

use crate::db::page::{Page, PageRequest};
use crate::db::reports;
use crate::db::reports::directory::DirectoryFilter;
use crate::domain::directory::{InactivePolicy, Relink};
use crate::domain::ids::{DirectoryId, OrganizationId};
use crate::domain::provider::ProviderKind;
use crate::operations::directories::{self as operations, DirectoryChange};
use crate::operations::input::{PollSeconds, Text};
use crate::operations::{OperationError, organizations};
use crate::sync::setup::{self, NewDirectory};
use crate::web::api::directories::shown::{DirectoryResponse, Found};
use crate::web::http::auth::Caller;
use crate::web::http::body::{Body, Maybe, body};
use crate::web::http::query::{Params, query};
use crate::web::http::response::{self, List, Response};
use crate::web::http::state::State;

pub mod actions;
pub mod credentials;
pub mod hold_decisions;
pub mod holds;
pub mod preview;
pub mod row_problems;
pub mod runs;
pub(in crate::web) mod setup_problem;
pub mod shown;

/// The routes of directories.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/directories").route(web::get().to(list)).route(web::post().to(create)),
    )
    .service(
        web::resource("/directories/{directory_id}")
            .route(web::get().to(get))
            .route(web::patch().to(patch)),
    )
    .service(
        web::resource("/directories/{directory_id}/credentials")
            .route(web::put().to(credentials::set)),
    )
    .service(
        web::resource("/directories/{directory_id}/check")
            .route(web::post().to(credentials::check)),
    )
    .service(
        web::resource("/directories/{directory_id}/preview")
            .route(web::post().to(preview::preview)),
    )
    .service(
        web::resource("/directories/{directory_id}/complete_setup")
            .route(web::post().to(actions::complete_setup)),
    )
    .service(web::resource("/directories/{directory_id}/sync").route(web::post().to(actions::sync)))
    .service(
        web::resource("/directories/{directory_id}/disable")
            .route(web::post().to(actions::disable)),
    )
    .service(web::resource("/directories/{directory_id}/runs").route(web::get().to(runs::list)))
    .service(
        web::resource("/directories/{directory_id}/runs/{run_id}").route(web::get().to(runs::get)),
    )
    .service(
        web::resource("/directories/{directory_id}/row_problems")
            .route(web::get().to(row_problems::list)),
    )
    .service(web::resource("/directories/{directory_id}/holds").route(web::get().to(holds::list)))
    .service(
        web::resource("/directories/{directory_id}/holds/{hold_id}")
            .route(web::get().to(holds::get)),
    )
    .service(
        web::resource("/directories/{directory_id}/holds/{hold_id}/approve")
            .route(web::post().to(hold_decisions::approve)),
    )
    .service(
        web::resource("/directories/{directory_id}/holds/{hold_id}/reject")
            .route(web::post().to(hold_decisions::reject)),
    );
}

body! {
    /// A new directory.
    pub struct DirectoryPost {
        /// Whose it is.
        organization_id: OrganizationId,
        /// Which HR system it connects.
        provider: ProviderKind,
        /// What people call it; the HR system's name when nothing is said.
        name: Option<Text>,
        /// Whether any row problem fails a run; false when nothing is said.
        strict: Option<bool>,
        /// Seconds between full syncs; the operator's choice when nothing is said.
        poll_seconds: Option<PollSeconds>,
        /// What happens to directory users of leavers; `keep` when nothing is said.
        inactive_policy: Option<InactivePolicy>,
        /// How people are linked when the organization connects again; `ledger` when nothing is
        /// said.
        relink: Option<Relink>,
    }

    /// What changes of a directory. What is not named stays.
    pub struct DirectoryPatch {
        /// What people call it.
        name: Maybe<Text>,
        /// Whether any row problem fails a run.
        strict: Maybe<bool>,
        /// Seconds between full syncs.
        poll_seconds: Maybe<PollSeconds>,
        /// What happens to directory users of leavers.
        inactive_policy: Maybe<InactivePolicy>,
        /// How people are linked when the organization connects again.
        relink: Maybe<Relink>,
    }
}

query! {
    /// Which directories are listed.
    pub struct DirectoriesQuery {
        /// The part of the list.
        page: PageRequest,
        /// Only those of this organization.
        organization_id: Option<OrganizationId>,
    }
}

/// Lists directories.
#[utoipa::path(
    get, path = "/api/v1/directories", tag = "Directories", operation_id = "list_directories",
    params(DirectoriesQuery),
    responses((status = 200, description = "A page of directories.",
        body = List<DirectoryResponse>)),
)]
pub async fn list(state: State, query: Params<DirectoriesQuery>) -> Response {
    let DirectoriesQuery { page, organization_id } = query.0;
    let filter = DirectoryFilter { organization_id, ..DirectoryFilter::default() };
    let now = state.now();
    let read = state.context.db.read(move |conn| {
        let Page { items, before, after } = reports::directory::directories(conn, &filter, &page)?;
        let items = items.into_iter().map(|row| Found::load(conn, row, now));
        let items = items.collect::<Result<Vec<_>, _>>()?;
        Ok::<_, OperationError>(Page { items, before, after })
    });
    let Page { items, before, after } = read.await?;
    let items = items.into_iter().map(|found| found.show(&state.context));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    response::list(Page { items, before, after }, std::convert::identity)
}

/// Makes a directory.
///
/// It reads nothing before its credential is entered and its set-up is completed.
#[utoipa::path(
    post, path = "/api/v1/directories", tag = "Directories", operation_id = "create_directory",
    request_body(content = DirectoryPost, example = json!({
        "organization_id": "org_01JD0Z6K3M8V5R2Q9T4W7X1Y0B", "provider": "people_hr",
    })),
    responses(
        (status = 201, description = "The directory.", body = DirectoryResponse),
        (status = 404, description = "There is no such organization."),
        (status = 409, description = "`already_connected`: the organization has a directory of \
            this HR system."),
        (status = 422, description = "`provider_not_allowed`: the organization may not connect \
            this HR system; or `invalid_request_parameters`."),
    ),
)]
pub async fn create(state: State, caller: Caller, body: Body<DirectoryPost>) -> Response {
    let wanted = body.0;
    let new = NewDirectory {
        organization_id: wanted.organization_id,
        provider: wanted.provider,
        name: wanted.name.map(|name| name.0),
        strict: wanted.strict.unwrap_or(false),
        poll_seconds: wanted.poll_seconds.map(|seconds| seconds.0),
        inactive_policy: wanted.inactive_policy.unwrap_or(InactivePolicy::Keep),
        relink: wanted.relink.unwrap_or(Relink::Ledger),
    };
    let organization = new.organization_id.clone();
    state.context.db.read(move |conn| organizations::find(conn, &organization)).await?;
    let nobody = DirectoryId::from_text("");
    let id = setup::create_directory(&state.context, new, &caller.actor())
        .await
        .map_err(|error| setup_problem::problem(error, &nobody))?;
    response::created(shown::read(&state, id).await?)
}

/// Reads a directory.
#[utoipa::path(
    get, path = "/api/v1/directories/{directory_id}", tag = "Directories",
    operation_id = "get_directory",
    responses(
        (status = 200, description = "The directory.", body = DirectoryResponse),
        (status = 404, description = "There is no such directory."),
    ),
)]
pub async fn get(state: State, path: Path<DirectoryId>) -> Response {
    response::ok(shown::read(&state, path.into_inner()).await?)
}

/// Changes the settings of a directory.
///
/// Only the members that are there change.
#[utoipa::path(
    patch, path = "/api/v1/directories/{directory_id}", tag = "Directories",
    operation_id = "update_directory",
    request_body(content = DirectoryPatch, example = json!({ "poll_seconds": 3600 })),
    responses(
        (status = 200, description = "The directory as it is now.", body = DirectoryResponse),
        (status = 404, description = "There is no such directory."),
        (status = 409, description = "`directory_disabled`: it stays as it was."),
    ),
)]
pub async fn patch(
    state: State,
    caller: Caller,
    path: Path<DirectoryId>,
    body: Body<DirectoryPatch>,
) -> Response {
    let (id, wanted) = (path.into_inner(), body.0);
    let change = DirectoryChange {
        name: wanted.name.0,
        strict: wanted.strict.0,
        poll_seconds: wanted.poll_seconds.0,
        inactive_policy: wanted.inactive_policy.0,
        relink: wanted.relink.0,
    };
    operations::change(&state.context, &caller.actor(), id.clone(), change).await?;
    response::ok(shown::read(&state, id).await?)
}
