//! `/directory_groups`: departments of the HR system.

use actix_web::web::Path;
use utoipa::ToSchema;

use crate::db::groups::{self, Group};
use crate::db::page::PageRequest;
use crate::db::reports::directory as rows;
use crate::db::{Conn, DbError};
use crate::domain::ids::{DirectoryId, DirectoryUserId, GroupId, OrganizationId};
use crate::operations::OperationError;
use crate::web::http::error::Problem;
use crate::web::http::query::{CursorPage, Params, query};
use crate::web::http::response::{self, Iso8601, List, Response};
use crate::web::http::state::State;
use crate::web::workos::lists::Aliased;
use crate::web::workos::{directories, directory_users, lists};
use crate::wire;

// Only describes: [`wire::group`] makes it, for events and answers alike. A test compares.
/// A department of the HR system.
#[derive(Debug, ToSchema)]
#[schema(as = workos::DirectoryGroup)]
pub struct DirectoryGroupResponse {
    /// `directory_group`.
    pub object: String,
    /// Its id.
    pub id: GroupId,
    /// The HR system's key of it.
    pub idp_id: String,
    /// The directory that it belongs to.
    pub directory_id: DirectoryId,
    /// The organization that it belongs to.
    pub organization_id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Always empty.
    #[schema(value_type = Object)]
    pub raw_attributes: (),
    /// When it was first seen.
    pub created_at: Iso8601,
    /// When it last changed.
    pub updated_at: Iso8601,
}

fn look_up(conn: &mut Conn, id: &GroupId) -> Result<Option<Group>, DbError> {
    Ok(groups::by_ids(conn, std::slice::from_ref(id))?.pop())
}

/// Fails with 404 when there is no such group.
pub(super) fn find(conn: &mut Conn, id: &GroupId) -> Result<Group, OperationError> {
    let found = look_up(conn, id)?;
    found.ok_or_else(|| OperationError::of_lookup(DbError::NotFound, "Directory group", id))
}

/// Reads a group.
#[utoipa::path(
    get, path = "/directory_groups/{group_id}", tag = "WorkOS",
    operation_id = "workos_get_directory_group",
    responses(
        (status = 200, description = "The group.", body = DirectoryGroupResponse),
        (status = 404, description = "There is no such group."),
    ),
)]
pub async fn get(state: State, path: Path<GroupId>) -> Response {
    let id = path.into_inner();
    let group = state.context.db.read(move |conn| find(conn, &id)).await?;
    response::ok(wire::group(&group))
}

query! {
    /// Which groups are listed.
    pub struct DirectoryGroupsQuery {
        /// The part of the list.
        page: CursorPage<GroupId>,
        /// Only those of this directory. It or `user` is needed.
        directory: Aliased<DirectoryId>,
        /// Only those that this person is in.
        user: Aliased<DirectoryUserId>,
    }
}

/// Lists the groups of a directory or of a person.
#[utoipa::path(
    get, path = "/directory_groups", tag = "WorkOS",
    operation_id = "workos_list_directory_groups", params(DirectoryGroupsQuery),
    responses(
        (status = 200, description = "A page of groups.", body = List<DirectoryGroupResponse>),
        (status = 404, description = "There is no such directory or person."),
    ),
)]
pub async fn list(state: State, query: Params<DirectoryGroupsQuery>) -> Response {
    let DirectoryGroupsQuery { page, directory: Aliased(directory), user: Aliased(user) } = query.0;
    let page = page.request;
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

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema;

    use super::*;
    use crate::clock::Timestamp;

    #[test]
    fn a_group_is_described_as_it_is_sent() {
        let group = Group {
            id: GroupId::from_text("directory_group_1"),
            organization_id: OrganizationId::from_text("org_1"),
            directory_id: DirectoryId::from_text("directory_1"),
            group_key: "sales".to_owned(),
            name: "Sales".to_owned(),
            created_at_ms: Timestamp(0),
            updated_at_ms: Timestamp(0),
        };
        let described = lists::described_members(&DirectoryGroupResponse::schema());
        assert_eq!(lists::sent_members(&wire::group(&group)), described);
    }
}
