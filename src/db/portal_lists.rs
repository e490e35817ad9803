//! What the pages of the portal show: people, groups and changes as a person looks for them, in the
//! order in which a person reads them. Reading only.

use diesel::dsl::count_star;
use diesel::prelude::*;

use crate::db::account_changes::NumberedAccountChange;
use crate::db::conn::{Conn, on_backend};
use crate::db::directory_users::DirectoryUser;
use crate::db::error::DbError;
use crate::db::groups::Group;
use crate::db::notices::Notice;
use crate::db::page::{Page, PageRequest, load_page};
use crate::db::runs::Run;
use crate::db::schema::{
    account_changes, directory_groups, directory_users, group_memberships, notices, runs,
};
use crate::domain::directory::RunState;
use crate::domain::ids::{AccountChangeId, DirectoryId, GroupId, OrganizationId};
use crate::domain::notice::NoticeKind;

/// Whom of a directory a page shows.
#[derive(Debug, Clone, Default)]
pub struct PeopleFilter {
    /// Only those in this group.
    pub group: Option<GroupId>,
    /// Only those whose e-mail begins with this (for comparison), or whose number this is.
    pub search: Option<String>,
}

/// A page of the people of a directory whom the application has in its list.
pub fn people(
    conn: &mut Conn,
    directory: &DirectoryId,
    filter: &PeopleFilter,
    request: &PageRequest,
) -> Result<Page<DirectoryUser>, DbError> {
    use directory_users as t;
    Ok(load_page!(conn, request, t::id, |row: &DirectoryUser| row.id.as_str(), {
        let mut query = t::table
            .filter(t::directory_id.eq(directory))
            .filter(t::listed.eq(true))
            .select(DirectoryUser::as_select())
            .into_boxed();
        if let Some(group) = &filter.group {
            let members = group_memberships::table
                .filter(group_memberships::group_id.eq(group))
                .select(group_memberships::directory_user_id);
            query = query.filter(t::id.eq_any(members));
        }
        if let Some(search) = &filter.search {
            let begins = format!("{}%", escaped(&search.to_lowercase()));
            query = query.filter(
                t::email_norm.like(begins).escape('\\').or(t::employee_number.eq(search.clone())),
            );
        }
        query
    }))
}

/// Text in which `LIKE` finds nothing but itself.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '%' | '_') {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

/// How many people are in each group of a directory; groups without people are not named.
pub fn group_sizes(
    conn: &mut Conn,
    directory: &DirectoryId,
) -> Result<Vec<(GroupId, i64)>, DbError> {
    use group_memberships as m;
    Ok(on_backend!(conn, |c| m::table
        .inner_join(directory_groups::table)
        .filter(directory_groups::directory_id.eq(directory))
        .group_by(m::group_id)
        .select((m::group_id, count_star()))
        .load(c))?)
}

/// A group of a directory.
pub fn group(
    conn: &mut Conn,
    directory: &DirectoryId,
    id: &GroupId,
) -> Result<Option<Group>, DbError> {
    Ok(on_backend!(conn, |c| directory_groups::table
        .find(id)
        .filter(directory_groups::directory_id.eq(directory))
        .select(Group::as_select())
        .first(c)
        .optional())?)
}

/// A page of what changed in an organization, or of what came from one directory; the newest first.
pub fn changes(
    conn: &mut Conn,
    organization: &OrganizationId,
    directory: Option<&DirectoryId>,
    request: &PageRequest,
) -> Result<Page<NumberedAccountChange>, DbError> {
    use account_changes as t;
    let number = |text: String| AccountChangeId::from_text(text).number().unwrap_or_default();
    Ok(load_page!(
        conn,
        request,
        t::id,
        |row: &NumberedAccountChange| row.id.as_str(),
        {
            let mut query = t::table
                .filter(t::organization_id.eq(organization))
                .select(NumberedAccountChange::as_select())
                .into_boxed();
            if let Some(directory) = directory {
                query = query.filter(t::directory_id.eq(directory));
            }
            query
        },
        number
    ))
}

/// The newest finished runs of a directory, the newest first.
pub fn finished_runs(
    conn: &mut Conn,
    directory: &DirectoryId,
    limit: i64,
) -> Result<Vec<Run>, DbError> {
    Ok(on_backend!(conn, |c| runs::table
        .filter(runs::directory_id.eq(directory))
        .filter(runs::state.eq_any([RunState::Succeeded, RunState::Failed]))
        .order(runs::id.desc())
        .limit(limit)
        .select(Run::as_select())
        .load(c))?)
}

/// The newest notice of a kind about a directory.
pub fn latest_notice(
    conn: &mut Conn,
    directory: &DirectoryId,
    kind: NoticeKind,
) -> Result<Option<Notice>, DbError> {
    Ok(on_backend!(conn, |c| notices::table
        .filter(notices::directory_id.eq(directory))
        .filter(notices::kind.eq(kind))
        .order(notices::id.desc())
        .select(Notice::as_select())
        .first(c)
        .optional())?)
}
