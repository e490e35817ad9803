//! `/directory_users`: people as the HR system has them, with their groups.
//!
//! Somebody of whose going the application was told is in no list and cannot be read any more.

use std::collections::HashMap;

use actix_web::web::Path;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::db::directory_users::{self, DirectoryUser};
use crate::db::page::PageRequest;
use crate::db::reports::directory::{self as rows, UserFilter};
use crate::db::{Conn, DbError, groups, links};
use crate::domain::account::Activity;
use crate::domain::employee::{EmailNorm, ExternalKey};
use crate::domain::ids::{AccountId, DirectoryId, DirectoryUserId, GroupId, OrganizationId};
use crate::operations::OperationError;
use crate::web::http::error::Problem;
use crate::web::http::query::{CursorPage, Params, query};
use crate::web::http::response::{self, Iso8601, List, Response};
use crate::web::http::state::State;
use crate::web::workos::directory_groups::DirectoryGroupResponse;
use crate::web::workos::lists::Aliased;
use crate::web::workos::{directories, directory_groups, lists};
use crate::wire;

// Only describes: [`wire::directory_user`] makes it, for events and answers alike; answers have the
// groups too. A test compares.
/// A person as the HR system has them.
#[derive(Debug, ToSchema)]
#[schema(as = workos::DirectoryUser)]
pub struct DirectoryUserResponse {
    /// `directory_user`.
    pub object: String,
    /// Their id.
    pub id: DirectoryUserId,
    /// The directory that they belong to.
    pub directory_id: DirectoryId,
    /// The organization that they belong to.
    pub organization_id: OrganizationId,
    /// The HR system's key of them.
    pub idp_id: String,
    /// The work e-mail.
    pub email: Option<String>,
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// Both names.
    pub name: Option<String>,
    /// The work e-mail, if there is one.
    pub emails: Vec<DirectoryUserEmail>,
    /// The work e-mail.
    pub username: Option<String>,
    /// The position.
    pub job_title: Option<String>,
    /// Whether they are employed and have begun.
    pub state: Activity,
    /// What the HR system says besides.
    pub custom_attributes: CustomAttributes,
    /// Always empty.
    #[schema(value_type = Object)]
    pub raw_attributes: (),
    /// When they were first seen.
    pub created_at: Iso8601,
    /// When they last changed.
    pub updated_at: Iso8601,
    /// Their account in the application.
    pub account_id: Option<AccountId>,
    /// Counts the events about them.
    pub version: i64,
    /// The group that they are in, if they are in one.
    pub groups: Vec<DirectoryGroupResponse>,
}

/// An e-mail of a person.
#[derive(Debug, ToSchema)]
#[schema(as = workos::DirectoryUserEmail)]
pub struct DirectoryUserEmail {
    /// Always true.
    pub primary: bool,
    /// `work`.
    pub r#type: String,
    /// The address.
    pub value: String,
}

/// What WorkOS predefines. What no HR system tells is null.
#[derive(Debug, ToSchema)]
#[schema(as = workos::CustomAttributes)]
pub struct CustomAttributes {
    /// Always null.
    #[schema(value_type = Option<Object>)]
    pub addresses: (),
    /// Always null.
    pub cost_center_name: Option<String>,
    /// The department.
    pub department_name: Option<String>,
    /// Both names.
    pub display_name: String,
    /// Always null.
    pub division_name: Option<String>,
    /// The work e-mail, if there is one.
    pub emails: Vec<DirectoryUserEmail>,
    /// The employee number.
    pub employee_number: Option<String>,
    /// Always null.
    pub employee_type: Option<String>,
    /// The last day of employment.
    #[schema(format = "date")]
    pub employment_end_date: Option<String>,
    /// The first day of employment.
    #[schema(format = "date")]
    pub employment_start_date: Option<String>,
    /// The position.
    pub job_title: Option<String>,
    /// The manager's e-mail, where the HR system names a manager by it.
    pub manager_email: Option<String>,
    /// The HR system's key, or the employee number, of the manager.
    pub manager_id: Option<String>,
    /// Always null.
    pub manager_name: Option<String>,
    /// The office location.
    pub office_location: Option<String>,
    /// Always null.
    pub organization: Option<String>,
    /// The work e-mail.
    pub username: Option<String>,
}

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
pub(super) fn find(conn: &mut Conn, id: &DirectoryUserId) -> Result<DirectoryUser, OperationError> {
    let found = directory_users::by_ids(conn, std::slice::from_ref(id))?;
    let found = found.into_iter().find(|user| user.listed);
    found.ok_or_else(|| OperationError::of_lookup(DbError::NotFound, "Directory user", id))
}

/// Reads a person.
#[utoipa::path(
    get, path = "/directory_users/{user_id}", tag = "WorkOS",
    operation_id = "workos_get_directory_user",
    responses(
        (status = 200, description = "The person.", body = DirectoryUserResponse),
        (status = 404, description = "There is no such person, or they are gone."),
    ),
)]
pub async fn get(state: State, path: Path<DirectoryUserId>) -> Response {
    let id = path.into_inner();
    let read = state.context.db.read(move |conn| {
        let user = find(conn, &id)?;
        let around = Around::load(conn, std::slice::from_ref(&user))?;
        Ok::<_, OperationError>(around.show(&user))
    });
    response::ok(read.await?)
}

query! {
    /// Which people are listed.
    pub struct DirectoryUsersQuery {
        /// The part of the list.
        page: CursorPage<DirectoryUserId>,
        /// Only those of this directory. It or `group` is needed.
        directory: Aliased<DirectoryId>,
        /// Only those in this group.
        group: Aliased<GroupId>,
        /// Only the one with this key in the HR system; needs `directory`.
        idp_id: Option<String>,
        /// Only those with this e-mail; case makes no difference. Needs `directory`.
        email: Option<String>,
    }
}

/// Lists the people of a directory or of a group.
#[utoipa::path(
    get, path = "/directory_users", tag = "WorkOS",
    operation_id = "workos_list_directory_users", params(DirectoryUsersQuery),
    responses(
        (status = 200, description = "A page of people.", body = List<DirectoryUserResponse>),
        (status = 404, description = "There is no such directory or group."),
    ),
)]
pub async fn list(state: State, query: Params<DirectoryUsersQuery>) -> Response {
    let wanted = query.0;
    let page = wanted.page.request;
    let filter = UserFilter {
        directory_id: wanted.directory.0,
        group_id: wanted.group.0,
        external_key: wanted.idp_id.map(ExternalKey),
        email: wanted.email.map(|email| EmailNorm::of(&email)),
    };
    let by_person = filter.external_key.is_some() || filter.email.is_some();
    if by_person && filter.directory_id.is_none() {
        let message = "is required with idp_id and email";
        return Err(Problem::invalid("directory", "required", message));
    }
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

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema;

    use super::*;
    use crate::clock::Timestamp;
    use crate::db::types::Json;
    use crate::domain::employee::{EmployeeRecord, KeyKind, Membership, Standing};

    fn user() -> DirectoryUser {
        let external_key = ExternalKey("key".to_owned());
        let record = EmployeeRecord {
            external_key: external_key.clone(),
            key_kind: KeyKind::Stable,
            employee_number: None,
            first_name: None,
            last_name: None,
            email: Some("ann@acme.example".to_owned()),
            start_date: None,
            leaving_date: None,
            department: None,
            position: None,
            office_location: None,
            manager: None,
            standing: Standing::ByMembership,
            status_text: None,
            unreadable: Vec::new(),
        };
        DirectoryUser {
            id: DirectoryUserId::from_text("directory_user_1"),
            organization_id: OrganizationId::from_text("org_1"),
            directory_id: DirectoryId::from_text("directory_1"),
            external_key,
            key_kind: KeyKind::Stable,
            employee_number: None,
            email_norm: None,
            first_last: String::new(),
            name_order: String::new(),
            state: Activity::Active,
            membership: Membership::Member,
            record: Json(record),
            raw_hash: None,
            due_at_ms: None,
            listed: true,
            observation_seq: 1,
            version: 1,
            created_at_ms: Timestamp(0),
            updated_at_ms: Timestamp(0),
            leaving_date_cleared: None,
            waits_for_start: false,
        }
    }

    #[test]
    fn a_person_is_described_as_they_are_sent() {
        let around = Around { accounts: HashMap::new(), groups: HashMap::new() };
        let sent = around.show(&user());
        let described = lists::described_members(&DirectoryUserResponse::schema());
        assert_eq!(lists::sent_members(&sent), described);
        let attributes = sent["custom_attributes"].as_object().unwrap();
        let described = lists::described_members(&CustomAttributes::schema());
        assert_eq!(lists::sent_members(attributes), described);
        let email = sent["emails"][0].as_object().unwrap();
        let described = lists::described_members(&DirectoryUserEmail::schema());
        assert_eq!(lists::sent_members(email), described);
    }
}
