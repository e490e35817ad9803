//! `/api/v1/organizations/{id}/actions`: who did what, the newest first.

use actix_web::HttpRequest;
use actix_web::web::Path;
use serde::Serialize;

use crate::db::actions;
use crate::db::page::Page;
use crate::domain::action::{Action, ActorKind};
use crate::domain::ids::{ActionId, DirectoryId, OrganizationId};
use crate::web::actors::{self, Told};
use crate::web::api::organizations;
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::response::{self, Iso8601, Response};
use crate::web::state::State;

/// An action as it is sent.
#[derive(Debug, Serialize)]
struct ActionResponse {
    object: &'static str,
    id: ActionId,
    organization_id: OrganizationId,
    directory_id: Option<DirectoryId>,
    actor: ActorResponse,
    action: Action,
    message: String,
    created_at: Iso8601,
}

#[derive(Debug, Serialize)]
struct ActorResponse {
    kind: ActorKind,
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
            message: told.sentence,
            created_at: told.at.into(),
        }
    }
}

/// `GET …/actions`, all or those of one `directory_id`.
pub async fn list(state: State, path: Path<String>, req: HttpRequest) -> Response {
    let organization = organizations::id_of(&path);
    let mut query = Query::of(&req);
    let page = query.page();
    for (name, cursor) in [("after", &page.after), ("before", &page.before)] {
        let id = cursor.as_ref().map(ActionId::from_text);
        if id.is_some_and(|id| id.number().is_none()) {
            query.refuse(name, "invalid", "must be the id of an item of this list");
        }
    }
    let directory = query.text("directory_id").map(DirectoryId::from_text);
    query.finish()?;
    let read = state.context.db.read(move |conn| {
        organizations::find(conn, &organization)?;
        let found = actions::page(conn, &organization, directory.as_ref(), &page)?;
        let Page { items, before, after } = found;
        Ok::<_, Problem>(Page { items: actors::tell(conn, &organization, items)?, before, after })
    });
    response::list(read.await?, ActionResponse::from)
}
