//! `/directory_groups`: departments of the HR system.

use actix_web::HttpRequest;
use actix_web::web::Path;

use crate::db::groups::{self, Group};
use crate::db::page::PageRequest;
use crate::db::reports::directory as rows;
use crate::db::{Conn, DbError};
use crate::domain::ids::{DirectoryId, DirectoryUserId, GroupId};
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::response::{self, Response};
use crate::web::state::State;
use crate::web::workos::{directories, directory_users, lists};
use crate::wire;

fn look_up(conn: &mut Conn, id: &GroupId) -> Result<Option<Group>, DbError> {
    Ok(groups::by_ids(conn, std::slice::from_ref(id))?.pop())
}

/// Fails with 404 when there is no such group.
pub(super) fn find(conn: &mut Conn, id: &GroupId) -> Result<Group, Problem> {
    let found = look_up(conn, id)?;
    found.ok_or_else(|| Problem::of_lookup(DbError::NotFound, "Directory group", id))
}

/// `GET /directory_groups/{id}`.
pub async fn get(state: State, path: Path<String>) -> Response {
    let id = GroupId::from_text(path.into_inner());
    let group = state.context.db.read(move |conn| find(conn, &id)).await?;
    response::ok(wire::group(&group))
}

/// `GET /directory_groups`.
pub async fn list(state: State, req: HttpRequest) -> Response {
    let mut query = Query::of(&req);
    let page = lists::page(&mut query, GroupId::PREFIX);
    let directory =
        lists::alias(&mut query, "directory", "directory_id").map(DirectoryId::from_text);
    let user = lists::alias(&mut query, "user", "user_id").map(DirectoryUserId::from_text);
    query.finish()?;
    let read = state.context.db.read(move |conn| {
        let directory = scope(conn, directory, user.as_ref(), &page)?;
        Ok::<_, Problem>(rows::directory_groups(conn, directory.as_ref(), user.as_ref(), &page)?)
    });
    response::list(read.await?, |group| wire::group(&group))
}

/// The directory that is asked for, with everything that is named found.
fn scope(
    conn: &mut Conn,
    directory: Option<DirectoryId>,
    user: Option<&DirectoryUserId>,
    page: &PageRequest,
) -> Result<Option<DirectoryId>, Problem> {
    if let Some(directory) = &directory {
        directories::find(conn, directory)?;
    }
    if let Some(user) = user {
        directory_users::find(conn, user)?;
    }
    if directory.is_some() || user.is_some() {
        return Ok(directory);
    }
    let object = match lists::cursor(page) {
        Some(cursor) => look_up(conn, &GroupId::from_text(cursor))?,
        None => None,
    };
    match object {
        Some(group) => Ok(Some(group.directory_id)),
        None => Err(lists::no_scope(page, "user")),
    }
}
