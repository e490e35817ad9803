//! Pages of what belongs to a directory, and of directories themselves, as the API lists them, with
//! what such a page needs from other tables.
//!
//! The rows and all other queries are in the file of each table.

use std::collections::HashMap;

use diesel::dsl::count_star;
use diesel::prelude::*;

use crate::db::clearing;
use crate::db::conn::{Conn, on_backend};
use crate::db::directories::Directory;
use crate::db::directory_users::DirectoryUser;
use crate::db::error::DbError;
use crate::db::groups::Group;
use crate::db::holds::Hold;
use crate::db::like::{lower, pattern};
use crate::db::page::{Page, PageRequest, load_page};
use crate::db::row_problems::RowProblem;
use crate::db::runs::Run;
use crate::db::schema::{
    directories, directory_groups, directory_users, group_memberships, holds, row_problems, runs,
};
use crate::domain::account::Activity;
use crate::domain::directory::DirectoryState;
use crate::domain::employee::{EmailNorm, ExternalKey};
use crate::domain::hold::HoldState;
use crate::domain::ids::{DirectoryId, DirectoryUserId, GroupId, OrganizationId};
use crate::limits;

/// Which directories a reader asks for.
#[derive(Debug, Clone, Default)]
pub struct DirectoryFilter {
    /// Only those of this organization.
    pub organization_id: Option<OrganizationId>,
    /// Only those with this in their name.
    pub search: Option<String>,
    /// Whether disabled ones are left out.
    pub open_only: bool,
}

/// A page of directories.
pub fn directories(
    conn: &mut Conn,
    filter: &DirectoryFilter,
    request: &PageRequest,
) -> Result<Page<Directory>, DbError> {
    use directories as t;
    Ok(load_page!(conn, request, t::id, |row: &Directory| row.id.as_str(), {
        let all = t::table.filter(t::organization_id.ne_all(clearing::deleted_organizations()));
        let mut query = all.select(Directory::as_select()).into_boxed();
        if let Some(organization) = &filter.organization_id {
            query = query.filter(t::organization_id.eq(organization));
        }
        if let Some(search) = &filter.search {
            query = query.filter(lower(t::name).like(pattern(search)).escape('!'));
        }
        if filter.open_only {
            query = query.filter(t::state.ne(DirectoryState::Disabled));
        }
        query
    }))
}

/// How many people and groups a directory has, as far as the application has them in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PeopleCounts {
    /// Directory users who are active.
    pub active: i64,
    /// Directory users who are not.
    pub inactive: i64,
    /// Groups.
    pub groups: i64,
}

/// The counts of these directories. A directory without anybody is not in the answer.
pub fn people_counts(
    conn: &mut Conn,
    ids: &[DirectoryId],
) -> Result<HashMap<DirectoryId, PeopleCounts>, DbError> {
    use directory_groups as g;
    use directory_users as u;
    let mut counts: HashMap<DirectoryId, PeopleCounts> = HashMap::new();
    for chunk in ids.chunks(limits::IN_LIST_MAX) {
        let people: Vec<(DirectoryId, Activity, bool, i64)> = on_backend!(conn, |c| u::table
            .filter(u::directory_id.eq_any(chunk))
            .filter(u::directory_id.ne_all(clearing::unfinished()))
            .filter(u::listed.eq(true))
            .group_by((u::directory_id, u::state, u::waits_for_start))
            .select((u::directory_id, u::state, u::waits_for_start, count_star()))
            .load(c))?;
        for (directory, activity, waits_for_start, people) in people {
            let counts = counts.entry(directory).or_default();
            let count = match activity {
                Activity::Active if !waits_for_start => &mut counts.active,
                Activity::Active | Activity::Inactive => &mut counts.inactive,
            };
            *count = count.saturating_add(people);
        }
        let groups: Vec<(DirectoryId, i64)> = on_backend!(conn, |c| g::table
            .filter(g::directory_id.eq_any(chunk))
            .filter(g::directory_id.ne_all(clearing::unfinished()))
            .group_by(g::directory_id)
            .select((g::directory_id, count_star()))
            .load(c))?;
        for (directory, groups) in groups {
            counts.entry(directory).or_default().groups = groups;
        }
    }
    Ok(counts)
}

/// Which directory users a reader asks for.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// Only those of this directory.
    pub directory_id: Option<DirectoryId>,
    /// Only those in this group.
    pub group_id: Option<GroupId>,
    /// Only the one with this key.
    pub external_key: Option<ExternalKey>,
    /// Only those with this e-mail.
    pub email: Option<EmailNorm>,
}

/// A page of the directory users that the application has in its list.
pub fn directory_users(
    conn: &mut Conn,
    filter: &UserFilter,
    request: &PageRequest,
) -> Result<Page<DirectoryUser>, DbError> {
    use directory_users as t;
    use group_memberships as m;
    Ok(load_page!(conn, request, t::id, |row: &DirectoryUser| row.id.as_str(), {
        let listed = t::table
            .filter(t::listed.eq(true))
            .filter(t::directory_id.ne_all(clearing::unfinished()));
        let mut query = listed.select(DirectoryUser::as_select()).into_boxed();
        if let Some(directory) = &filter.directory_id {
            query = query.filter(t::directory_id.eq(directory));
        }
        if let Some(group) = &filter.group_id {
            let members = m::table.filter(m::group_id.eq(group)).select(m::directory_user_id);
            query = query.filter(t::id.eq_any(members));
        }
        if let Some(key) = &filter.external_key {
            query = query.filter(t::external_key.eq(key));
        }
        if let Some(email) = &filter.email {
            query = query.filter(t::email_norm.eq(email));
        }
        query
    }))
}

/// A page of groups: of a directory, of a directory user, or of both.
pub fn directory_groups(
    conn: &mut Conn,
    directory: Option<&DirectoryId>,
    user: Option<&DirectoryUserId>,
    request: &PageRequest,
) -> Result<Page<Group>, DbError> {
    use directory_groups as t;
    use group_memberships as m;
    Ok(load_page!(conn, request, t::id, |row: &Group| row.id.as_str(), {
        let all = t::table.filter(t::directory_id.ne_all(clearing::unfinished()));
        let mut query = all.select(Group::as_select()).into_boxed();
        if let Some(directory) = directory {
            query = query.filter(t::directory_id.eq(directory));
        }
        if let Some(user) = user {
            let groups = m::table.filter(m::directory_user_id.eq(user)).select(m::group_id);
            query = query.filter(t::id.eq_any(groups));
        }
        query
    }))
}

/// A page of the runs of a directory.
pub fn runs(
    conn: &mut Conn,
    directory: &DirectoryId,
    request: &PageRequest,
) -> Result<Page<Run>, DbError> {
    Ok(load_page!(conn, request, runs::id, |row: &Run| row.id.as_str(), {
        runs::table.filter(runs::directory_id.eq(directory)).select(Run::as_select()).into_boxed()
    }))
}

/// A page of the row problems of a directory.
pub fn row_problems(
    conn: &mut Conn,
    directory: &DirectoryId,
    request: &PageRequest,
) -> Result<Page<RowProblem>, DbError> {
    Ok(load_page!(conn, request, row_problems::id, |row: &RowProblem| row.id.as_str(), {
        row_problems::table
            .filter(row_problems::directory_id.eq(directory))
            .filter(row_problems::directory_id.ne_all(clearing::unfinished()))
            .select(RowProblem::as_select())
            .into_boxed()
    }))
}

/// A page of the holds of a directory, or of those in one state.
pub fn holds(
    conn: &mut Conn,
    directory: &DirectoryId,
    state: Option<HoldState>,
    request: &PageRequest,
) -> Result<Page<Hold>, DbError> {
    Ok(load_page!(conn, request, holds::id, |row: &Hold| row.id.as_str(), {
        let mut query = holds::table
            .filter(holds::directory_id.eq(directory))
            .select(Hold::as_select())
            .into_boxed();
        if let Some(state) = state {
            query = query.filter(holds::state.eq(state));
        }
        query
    }))
}
