//! What is left of directories that were disabled and of organizations that were deleted, deleted
//! in pieces (L-08, S-46).
//!
//! `clearing_since_ms` of a directory is set by the transaction that disables it and taken away
//! when nothing is left. Until then every reader leaves its rows out: `unfinished` names it.
//! `deleting_since_ms` of an organization is set by the transaction that deletes it; the row itself
//! is the last to go. Until then every reader leaves out what is its own: `deleted_organizations`
//! names it.
//!
//! Both lists have a partial index, which is almost always empty: reading them costs nothing.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::schema::{
    account_changes, accounts, actions, catalogue_entries, deactivations, directories,
    directory_groups, directory_users, events, hold_items, inbox, mails, notices, organizations,
    row_problems, runs,
};
use crate::domain::ids::{DirectoryId, DirectoryUserId, OrganizationId};

/// The directories whose rows count as deleted already, for `ne_all`. Almost always there is none.
#[diesel::dsl::auto_type]
pub(crate) fn unfinished() -> _ {
    directories::table.filter(directories::clearing_since_ms.is_not_null()).select(directories::id)
}

/// The organizations that count as deleted already, for `ne_all`. Almost always there is none.
#[diesel::dsl::auto_type]
pub(crate) fn deleted_organizations() -> _ {
    organizations::table
        .filter(organizations::deleting_since_ms.is_not_null())
        .select(organizations::id)
}

/// The deleted organization that has waited longest.
pub fn next_organization(conn: &mut Conn) -> Result<Option<OrganizationId>, DbError> {
    use organizations as t;
    Ok(on_backend!(conn, |c| t::table
        .filter(t::deleting_since_ms.is_not_null())
        .order((t::deleting_since_ms.asc(), t::id.asc()))
        .select(t::id)
        .first(c)
        .optional())?)
}

/// The directory that has waited longest to be cleared; of one organization, if one is given.
pub fn next(
    conn: &mut Conn,
    organization: Option<&OrganizationId>,
) -> Result<Option<(OrganizationId, DirectoryId)>, DbError> {
    use directories as t;
    Ok(on_backend!(conn, |c| {
        let mut query = t::table
            .filter(t::clearing_since_ms.is_not_null())
            .order((t::clearing_since_ms.asc(), t::id.asc()))
            .select((t::organization_id, t::id))
            .into_boxed();
        if let Some(organization) = organization {
            query = query.filter(t::organization_id.eq(organization));
        }
        query.first(c).optional()
    })?)
}

/// Since when something waits.
pub fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, DbError> {
    let directory: Option<Timestamp> = on_backend!(conn, |c| directories::table
        .filter(directories::clearing_since_ms.is_not_null())
        .select(diesel::dsl::min(directories::clearing_since_ms))
        .first(c))?;
    let organization: Option<Timestamp> = on_backend!(conn, |c| organizations::table
        .filter(organizations::deleting_since_ms.is_not_null())
        .select(diesel::dsl::min(organizations::deleting_since_ms))
        .first(c))?;
    Ok(directory.into_iter().chain(organization).min())
}

/// Puts a directory behind the others that wait to be cleared, so that they take turns.
pub fn go_on_later(tx: &mut Tx<'_>, id: &DirectoryId, now: Timestamp) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(directories::table.find(id))
        .set(directories::clearing_since_ms.eq(now))
        .execute(c))?;
    Ok(())
}

/// Nothing is left.
pub fn finish(tx: &mut Tx<'_>, id: &DirectoryId) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(directories::table.find(id))
        .set(directories::clearing_since_ms.eq(None::<Timestamp>))
        .execute(c))?;
    Ok(())
}

/// Deletes these people with their links and memberships.
pub fn delete_people(tx: &mut Tx<'_>, ids: &[DirectoryUserId]) -> Result<usize, DbError> {
    use directory_users as t;
    Ok(on_backend!(&mut **tx, |c| diesel::delete(t::table.filter(t::id.eq_any(ids))).execute(c))?)
}

/// Deletes so many rows of a table that belong to somebody, and returns, if there are any.
macro_rules! delete_some {
    ($tx:expr, $table:ident.$id:ident as $type:ty, $owner:ident = $of:expr, $rows_max:expr) => {{
        let ids: Vec<$type> = on_backend!(&mut **$tx, |c| $table::table
            .filter($table::$owner.eq($of))
            .limit($rows_max)
            .select($table::$id)
            .load(c))?;
        if !ids.is_empty() {
            return Ok(on_backend!(&mut **$tx, |c| diesel::delete(
                $table::table.filter($table::$id.eq_any(ids))
            )
            .execute(c))?);
        }
    }};
}

/// Deletes at most so many of the rows that a disabled directory leaves; how many there were.
/// People who have a link come before ([`delete_people`]).
pub fn delete_rows(
    tx: &mut Tx<'_>,
    directory: &DirectoryId,
    rows_max: usize,
) -> Result<usize, DbError> {
    let rows_max = i64::try_from(rows_max).unwrap_or(i64::MAX);
    delete_some!(tx, directory_users.id as String, directory_id = directory, rows_max);
    delete_some!(tx, directory_groups.id as String, directory_id = directory, rows_max);
    delete_some!(tx, row_problems.id as String, directory_id = directory, rows_max);
    delete_some!(tx, hold_items.id as String, directory_id = directory, rows_max);
    delete_some!(tx, deactivations.id as i64, directory_id = directory, rows_max);
    delete_some!(tx, inbox.id as i64, directory_id = directory, rows_max);
    Ok(0)
}

/// Deletes at most so many rows of an organization, the organization itself last; how many there
/// were. Its directories are disabled and cleared. The few rows of other tables go with those.
pub fn delete_rows_of_organization(
    tx: &mut Tx<'_>,
    organization: &OrganizationId,
    rows_max: usize,
) -> Result<usize, DbError> {
    let rows_max = i64::try_from(rows_max).unwrap_or(i64::MAX);
    delete_some!(tx, account_changes.id as i64, organization_id = organization, rows_max);
    delete_some!(tx, events.number as i64, organization_id = organization, rows_max);
    delete_some!(tx, accounts.id as String, organization_id = organization, rows_max);
    delete_some!(tx, actions.id as i64, organization_id = organization, rows_max);
    delete_some!(tx, catalogue_entries.id as String, organization_id = organization, rows_max);
    delete_some!(tx, mails.id as String, organization_id = organization, rows_max);
    delete_some!(tx, notices.id as String, organization_id = organization, rows_max);
    delete_some!(tx, runs.id as String, organization_id = organization, rows_max);
    delete_some!(tx, directories.id as String, organization_id = organization, rows_max);
    Ok(on_backend!(&mut **tx, |c| diesel::delete(organizations::table.find(organization))
        .execute(c))?)
}
