//! `/directory_users`: people as the HR system has them, with their groups.
//!
//! Somebody of whose going the application was told is in no list and cannot be read any more.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::web::Path;
use serde_json::{Map, Value, json};

use crate::db::directory_users::{self, DirectoryUser};
use crate::db::page::PageRequest;
use crate::db::reports::directory::{self as rows, UserFilter};
use crate::db::{Conn, DbError, groups, links};
use crate::domain::employee::{EmailNorm, ExternalKey};
use crate::domain::ids::{AccountId, DirectoryId, DirectoryUserId, GroupId};
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::response::{self, Response};
use crate::web::state::State;
use crate::web::workos::{directories, directory_groups, lists};
use crate::wire;

/// What showing people needs from other tables.
struct Around {
    accounts: HashMap<DirectoryUserId, AccountId>,
    groups: HashMap<DirectoryUserId, Vec<Value>>,
}

impl Around {
    fn load(conn: &mut Conn, users: &[DirectoryUser]) -> Result<Self, DbError> {
        let ids: Vec<DirectoryUserId> = users.iter().map(|user| user.id.clone()).collect();
        let links = links::of_users(conn, &ids)?;
        let accounts = links.into_iter().map(|link| (link.directory_user_id, link.account_id));
        let memberships = groups::memberships_of(conn, &ids)?;
        let mut wanted: Vec<GroupId> = memberships.iter().map(|(_, group)| group.clone()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let shown: HashMap<GroupId, Value> = groups::by_ids(conn, &wanted)?
            .into_iter()
            .map(|group| (group.id.clone(), Value::Object(wire::group(&group))))
            .collect();
        // A person is in one group at most, so this needs no cap.
        let mut of_user: HashMap<DirectoryUserId, Vec<Value>> = HashMap::new();
        for (user, group) in memberships {
            of_user.entry(user).or_default().extend(shown.get(&group).cloned());
        }
        Ok(Self { accounts: accounts.collect(), groups: of_user })
    }

    fn show(&self, user: &DirectoryUser) -> Map<String, Value> {
        let mut object = wire::directory_user(user, self.accounts.get(&user.id));
        let groups = self.groups.get(&user.id).cloned().unwrap_or_default();
        object.insert("groups".to_owned(), json!(groups));
        object
    }
}

/// A directory user that the application has in its list, or 404.
pub(super) fn find(conn: &mut Conn, id: &DirectoryUserId) -> Result<DirectoryUser, Problem> {
    let found = directory_users::by_ids(conn, std::slice::from_ref(id))?;
    let found = found.into_iter().find(|user| user.listed);
    found.ok_or_else(|| Problem::of_lookup(DbError::NotFound, "Directory user", id))
}

/// `GET /directory_users/{id}`.
pub async fn get(state: State, path: Path<String>) -> Response {
    let id = DirectoryUserId::from_text(path.into_inner());
    let read = state.context.db.read(move |conn| {
        let user = find(conn, &id)?;
        let around = Around::load(conn, std::slice::from_ref(&user))?;
        Ok::<_, Problem>(around.show(&user))
    });
    response::ok(read.await?)
}

/// `GET /directory_users`.
pub async fn list(state: State, req: HttpRequest) -> Response {
    let mut query = Query::of(&req);
    let page = lists::page(&mut query, DirectoryUserId::PREFIX);
    let filter = UserFilter {
        directory_id: lists::alias(&mut query, "directory", "directory_id")
            .map(DirectoryId::from_text),
        group_id: lists::alias(&mut query, "group", "group_id").map(GroupId::from_text),
        external_key: query.text("idp_id").map(ExternalKey),
        email: query.text("email").map(|email| EmailNorm::of(&email)),
    };
    let by_person = filter.external_key.is_some() || filter.email.is_some();
    if by_person && filter.directory_id.is_none() {
        query.refuse("directory", "required", "is required with idp_id and email");
    }
    query.finish()?;
    let read = state.context.db.read(move |conn| {
        let filter = scoped(conn, filter, &page)?;
        let found = rows::directory_users(conn, &filter, &page)?;
        let around = Around::load(conn, &found.items)?;
        Ok::<_, Problem>(found.map(|user| around.show(&user)))
    });
    response::list(read.await?, std::convert::identity)
}

/// The filter with a scope that exists.
fn scoped(conn: &mut Conn, filter: UserFilter, page: &PageRequest) -> Result<UserFilter, Problem> {
    if let Some(directory) = &filter.directory_id {
        directories::find(conn, directory)?;
    }
    if let Some(group) = &filter.group_id {
        directory_groups::find(conn, group)?;
    }
    if filter.directory_id.is_some() || filter.group_id.is_some() {
        return Ok(filter);
    }
    let cursor = lists::cursor(page).map(DirectoryUserId::from_text);
    // Also of somebody who is not listed any more: they were when the page before this was read.
    let object = match cursor {
        Some(id) => directory_users::by_ids(conn, &[id])?.pop(),
        None => None,
    };
    let directory_id = object.map(|user| user.directory_id);
    if directory_id.is_none() {
        return Err(lists::no_scope(page, "group"));
    }
    Ok(UserFilter { directory_id, ..filter })
}
