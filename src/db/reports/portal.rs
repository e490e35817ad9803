//! What the pages of the portal show: people, groups and changes as a person looks for them, in the
//! order in which a person reads them. Reading only.

use diesel::dsl::count_star;
use diesel::prelude::*;

use crate::db::account_changes::NumberedAccountChange;
use crate::db::clearing;
use crate::db::conn::{Conn, on_backend};
use crate::db::directory_users::DirectoryUser;
use crate::db::error::DbError;
use crate::db::groups::Group;
use crate::db::notices::Notice;
use crate::db::page::{Order, Page, PageRequest, load_page};
use crate::db::runs::Run;
use crate::db::schema::{
    account_changes, directory_groups, directory_users, group_memberships, notices, runs,
};
use crate::domain::directory::RunState;
use crate::domain::ids::{AccountChangeId, DirectoryId, GroupId, OrganizationId};
use crate::domain::notice::NoticeKind;
use crate::domain::search::Search;

/// Whom of a directory a page shows.
#[derive(Debug, Clone, Default)]
pub struct PeopleFilter {
    /// Only those in this group.
    pub group: Option<GroupId>,
    /// Only those who are found by this.
    pub search: Option<Search>,
}

/// Those of a directory, or of one group in it, whom the application has in its list.
macro_rules! listed {
    ($directory:expr, $filter:expr) => {{
        let mut query = directory_users::table
            .filter(directory_users::directory_id.eq($directory))
            .filter(directory_users::directory_id.ne_all(clearing::unfinished()))
            .filter(directory_users::listed.eq(true))
            .select(DirectoryUser::as_select())
            .into_boxed();
        if let Some(group) = &$filter.group {
            let members = group_memberships::table
                .filter(group_memberships::group_id.eq(group))
                .select(group_memberships::directory_user_id);
            query = query.filter(directory_users::id.eq_any(members));
        }
        query
    }};
}

/// A page of the people of a directory whom the application has in its list, in the order of their
/// last names. Cursors are ids; one of somebody who is not there any more leads to the beginning.
pub fn people(
    conn: &mut Conn,
    directory: &DirectoryId,
    filter: &PeopleFilter,
    request: &PageRequest,
) -> Result<Page<DirectoryUser>, DbError> {
    use directory_users as t;
    fn place(row: &DirectoryUser) -> &str {
        row.name_order.as_str()
    }
    let request = &PageRequest {
        limit: request.limit,
        after: place_of(conn, directory, request.after.as_deref())?,
        before: place_of(conn, directory, request.before.as_deref())?,
        order: Order::Asc,
    };
    let page = match &filter.search {
        None => load_page!(conn, request, t::name_order, place, listed!(directory, filter)),
        // Sorted by what no index has. In the order of an index PostgreSQL would go through all of
        // them when it does not know what is looked for, hoping to meet a page full soon.
        Some(Search { name, email, number, upper_number }) => {
            load_page!(conn, request, t::name_order.concat(""), place, {
                // Each is a range of an index. `LIKE` would not be: a pattern is not known when a
                // statement is prepared, and SQLite's does not compare byte by byte.
                let by_name = (t::first_last.ge(&name.from).and(t::first_last.lt(&name.below)))
                    .or(t::name_order.ge(&name.from).and(t::name_order.lt(&name.below)));
                let by_email = t::email_norm.ge(&email.from).and(t::email_norm.lt(&email.below));
                let by_number =
                    (t::employee_number.ge(&number.from).and(t::employee_number.lt(&number.below)))
                        .or(t::employee_number
                            .ge(&upper_number.from)
                            .and(t::employee_number.lt(&upper_number.below)));
                listed!(directory, filter).filter(by_name.or(by_email).or(by_number))
            })
        }
    };
    // A place holds a name, which does not belong into an address; the id in it does.
    let id = |place: String| place.rsplit_once('\n').map(|(_, id)| id.to_owned());
    Ok(Page { items: page.items, before: page.before.and_then(id), after: page.after.and_then(id) })
}

/// The place in the list of somebody with this id.
fn place_of(
    conn: &mut Conn,
    directory: &DirectoryId,
    id: Option<&str>,
) -> Result<Option<String>, DbError> {
    use directory_users as t;
    let Some(id) = id else { return Ok(None) };
    Ok(on_backend!(conn, |c| t::table
        .find(id)
        .filter(t::directory_id.eq(directory))
        .select(t::name_order)
        .first(c)
        .optional())?)
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
