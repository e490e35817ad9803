//! Groups: departments of the HR system, and who is in them (S-14).

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::clock::Timestamp;
use crate::db::clearing;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::schema::{directory_groups, group_memberships};
use crate::domain::ids::{DirectoryId, DirectoryUserId, GroupId, OrganizationId};
use crate::limits;

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = directory_groups)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The directory it belongs to.
    pub directory_id: DirectoryId,
    /// The provider's key, or the name in comparable form where there is none.
    pub group_key: String,
    /// Its name.
    pub name: String,
    /// When it was first seen.
    pub created_at_ms: Timestamp,
    /// When it last changed.
    pub updated_at_ms: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = group_memberships)]
#[diesel(treat_none_as_default_value = false)]
struct Membership<'a> {
    #[diesel(column_name = directory_user_id)]
    user: &'a DirectoryUserId,
    #[diesel(column_name = organization_id)]
    organization: &'a OrganizationId,
    #[diesel(column_name = group_id)]
    group: &'a GroupId,
}

/// Stores a new group.
pub fn insert(tx: &mut Tx<'_>, group: &Group) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::insert_into(directory_groups::table)
        .values(group)
        .execute(c))?;
    Ok(())
}

/// Gives a group another name.
pub fn rename(tx: &mut Tx<'_>, id: &GroupId, name: &str, now: Timestamp) -> Result<(), DbError> {
    use directory_groups as t;
    on_backend!(&mut **tx, |c| diesel::update(t::table.find(id))
        .set((t::name.eq(name), t::updated_at_ms.eq(now)))
        .execute(c))?;
    Ok(())
}

/// The groups of a directory.
pub fn of_directory(conn: &mut Conn, directory: &DirectoryId) -> Result<Vec<Group>, DbError> {
    use directory_groups as t;
    Ok(on_backend!(conn, |c| t::table
        .filter(t::directory_id.eq(directory))
        .order(t::id.asc())
        .select(Group::as_select())
        .load(c))?)
}

/// Groups by id, in no particular order.
pub fn by_ids(conn: &mut Conn, ids: &[GroupId]) -> Result<Vec<Group>, DbError> {
    use directory_groups as t;
    let mut found = Vec::new();
    for chunk in ids.chunks(limits::IN_LIST_MAX) {
        let mut part: Vec<Group> = on_backend!(conn, |c| t::table
            .filter(t::id.eq_any(chunk))
            .filter(t::directory_id.ne_all(clearing::unfinished()))
            .select(Group::as_select())
            .load(c))?;
        found.append(&mut part);
    }
    Ok(found)
}

/// The groups of a directory that nobody is in.
pub fn without_members(conn: &mut Conn, directory: &DirectoryId) -> Result<Vec<Group>, DbError> {
    use directory_groups as t;
    let member = group_memberships::table.filter(group_memberships::group_id.eq(t::id));
    Ok(on_backend!(conn, |c| t::table
        .filter(t::directory_id.eq(directory))
        .filter(diesel::dsl::not(diesel::dsl::exists(member)))
        .order(t::id.asc())
        .select(Group::as_select())
        .load(c))?)
}

/// Deletes groups.
pub fn delete(tx: &mut Tx<'_>, ids: &[GroupId]) -> Result<(), DbError> {
    use directory_groups as t;
    for chunk in ids.chunks(limits::IN_LIST_MAX) {
        on_backend!(&mut **tx, |c| diesel::delete(t::table.filter(t::id.eq_any(chunk)))
            .execute(c))?;
    }
    Ok(())
}

/// Who is in which group, of these people.
pub fn memberships_of(
    conn: &mut Conn,
    users: &[DirectoryUserId],
) -> Result<Vec<(DirectoryUserId, GroupId)>, DbError> {
    use group_memberships as t;
    let mut found = Vec::new();
    for chunk in users.chunks(limits::IN_LIST_MAX) {
        let mut part: Vec<(DirectoryUserId, GroupId)> = on_backend!(conn, |c| t::table
            .filter(t::directory_user_id.eq_any(chunk))
            .select((t::directory_user_id, t::group_id))
            .load(c))?;
        found.append(&mut part);
    }
    Ok(found)
}

/// Puts people into a group each, out of the one they were in, or into none. Each is named once.
pub fn set_memberships(
    tx: &mut Tx<'_>,
    organization: &OrganizationId,
    placed: &BTreeMap<DirectoryUserId, Option<GroupId>>,
) -> Result<(), DbError> {
    use group_memberships as t;
    let mut leaving = Vec::new();
    let mut rows = Vec::new();
    for (user, group) in placed {
        match group {
            Some(group) => rows.push(Membership { user, organization, group }),
            None => leaving.push(user),
        }
    }
    for chunk in leaving.chunks(limits::IN_LIST_MAX) {
        let left = t::table.filter(t::directory_user_id.eq_any(chunk));
        on_backend!(&mut **tx, |c| diesel::delete(left).execute(c))?;
    }
    for chunk in rows.chunks(limits::APPLY_BATCH_PEOPLE_MAX) {
        on_backend!(&mut **tx, |c| diesel::insert_into(t::table)
            .values(chunk)
            .on_conflict(t::directory_user_id)
            .do_update()
            .set(t::group_id.eq(excluded(t::group_id)))
            .execute(c))?;
    }
    Ok(())
}
