//! `/api/v1/organizations/{id}/actions`: who did what, the newest first.

use actix_web::web::Path;
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::actions;
use crate::db::page::Page;
use crate::domain::action::{Action, ActorKind};
use crate::domain::ids::{ActionId, DirectoryId, OrganizationId};
use crate::operations::{OperationError, organizations};
use crate::texts::Language;
use crate::web::actors::{self, Told};
use crate::web::http::query::{CursorPage, Params, query};
use crate::web::http::response::{self, Iso8601, List, Response};
use crate::web::http::state::State;

/// What somebody did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Action)]
pub struct ActionResponse {
    /// `action`.
    object: &'static str,
    id: ActionId,
    organization_id: OrganizationId,
    directory_id: Option<DirectoryId>,
    actor: ActorResponse,
    /// What was done: `type`, and what belongs to it.
    #[schema(value_type = Object)]
    action: Action,
    /// The same as a sentence.
    message: String,
    created_at: Iso8601,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Actor)]
struct ActorResponse {
    kind: ActorKind,
    /// The id of the admin or the API key.
    id: Option<String>,
}

impl From<Told> for ActionResponse {
    fn from(told: Told) -> Self {
        Self {
            object: "action",
            id: told.id,
            organization_id: told.organization_id,
            directory_id: told.directory_id,
            actor: ActorResponse {
                kind: told.actor.kind(),
                id: told.actor.id().map(str::to_owned),
            },
            action: told.action,
            message: told.sentence.in_language(Language::English),
            created_at: told.at.into(),
        }
    }
}

query! {
    /// Which actions are listed.
    pub struct ActionsQuery {
        /// The part of the list.
        page: CursorPage<ActionId>,
        /// Only those on this directory.
        directory_id: Option<DirectoryId>,
    }
}

/// Lists who did what in an organization.
#[utoipa::path(
    get, path = "/api/v1/organizations/{organization_id}/actions", tag = "Organizations",
    operation_id = "list_actions",
    params(ActionsQuery),
    responses(
        (status = 200, description = "A page of actions.", body = List<ActionResponse>),
        (status = 404, description = "There is no such organization."),
    ),
)]
pub async fn list(
    state: State,
    path: Path<OrganizationId>,
    query: Params<ActionsQuery>,
) -> Response {
    let organization = path.into_inner();
    let ActionsQuery { page, directory_id } = query.0;
    let read = state.context.db.read(move |conn| {
        organizations::find(conn, &organization)?;
        let found = actions::page(conn, &organization, directory_id.as_ref(), &page.request)?;
        let Page { items, before, after } = found;
        let items = actors::tell(conn, &organization, items)?;
        Ok::<_, OperationError>(Page { items, before, after })
    });
    response::list(read.await?, ActionResponse::from)
}
