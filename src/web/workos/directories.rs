//! `/directories`: connections to HR systems, as WorkOS shows them.
//!
//! A directory that was deleted is in no list any more. It can still be read (L-08), as `unlinked`.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::web::Path;
use serde_json::json;

use crate::db::directories;
use crate::db::page::Page;
use crate::db::reports::directory::{self as rows, DirectoryFilter, PeopleCounts};
use crate::db::{Conn, DbError};
use crate::domain::ids::{DirectoryId, OrganizationId};
use crate::sync::setup::{self, SetupError};
use crate::web::api::setup_problem;
use crate::web::auth::Caller;
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::response::{self, Response};
use crate::web::state::State;
use crate::web::workos::lists;
use crate::wire;

/// Fails with 404 when there is no such directory.
pub(super) fn find(conn: &mut Conn, id: &DirectoryId) -> Result<directories::Directory, Problem> {
    let found = directories::find(conn, id)?;
    found.ok_or_else(|| Problem::of_lookup(DbError::NotFound, "Directory", id))
}

/// `GET /directories`.
pub async fn list(state: State, req: HttpRequest) -> Response {
    let mut query = Query::of(&req);
    let page = lists::page(&mut query, DirectoryId::PREFIX);
    let filter = DirectoryFilter {
        organization_id: query.text("organization_id").map(OrganizationId::from_text),
        search: query.text("search"),
        open_only: true,
    };
    // No directory of an HR system has a domain.
    let domain = query.text("domain");
    query.finish()?;
    if domain.is_some() {
        let nothing: Page<()> = Page { items: Vec::new(), before: None, after: None };
        return response::list(nothing, std::convert::identity);
    }
    let read = state.context.db.read(move |conn| {
        let found = rows::directories(conn, &filter, &page)?;
        let ids: Vec<DirectoryId> = found.items.iter().map(|row| row.id.clone()).collect();
        Ok::<_, Problem>((found, rows::people_counts(conn, &ids)?))
    });
    let (found, counts): (_, HashMap<DirectoryId, PeopleCounts>) = read.await?;
    response::list(found, |row| {
        wire::directory(&row, counts.get(&row.id).copied().unwrap_or_default())
    })
}

/// `GET /directories/{id}`.
pub async fn get(state: State, path: Path<String>) -> Response {
    let id = DirectoryId::from_text(path.into_inner());
    let read = state.context.db.read(move |conn| {
        let row = find(conn, &id)?;
        let counts = rows::people_counts(conn, std::slice::from_ref(&id))?;
        let counts = counts.get(&id).copied().unwrap_or_default();
        Ok::<_, Problem>(wire::directory(&row, counts))
    });
    response::ok(read.await?)
}

/// `DELETE /directories/{id}`: ends it for good (L-08). Once more changes nothing.
pub async fn delete(state: State, caller: Caller, path: Path<String>) -> Response {
    let id = DirectoryId::from_text(path.into_inner());
    match setup::disable(&state.context, &id, &caller.actor()).await {
        Ok(()) => {
            state.activators.runs.wake();
            // Accounts that somebody of another directory has go on with that one (S-26).
            state.activators.clearing.wake();
        }
        Err(SetupError::Disabled) => {}
        Err(error) => return Err(setup_problem::problem(error, &id)),
    }
    response::accepted(json!({}))
}

/// `POST /directories/{id}/sync`: starts a full sync.
pub async fn sync(state: State, caller: Caller, path: Path<String>) -> Response {
    let id = DirectoryId::from_text(path.into_inner());
    setup::request_sync(&state.context, &id, &caller.actor())
        .await
        .map_err(|error| setup_problem::problem(error, &id))?;
    state.activators.runs.wake();
    response::accepted(json!({ "status": "queued" }))
}
