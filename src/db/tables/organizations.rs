//! Organizations: the customers of the application, each a tenant of its own.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::like::{lower, pattern};
use crate::db::page::{Page, PageRequest, load_page};
use crate::db::schema::{directories, organizations};
use crate::db::types::Json;
use crate::domain::directory::DirectoryState;
use crate::domain::ids::{DirectoryUserId, OrganizationId};
use crate::domain::provider::ProviderKind;

/// What the application notes of an organization for itself.
pub type Metadata = BTreeMap<String, String>;

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = organizations)]
#[diesel(treat_none_as_default_value = false)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// The application's own key of it; at most one organization has it.
    pub external_id: Option<String>,
    /// Its time zone, when somebody has chosen one (S-12).
    pub time_zone: Option<String>,
    /// The HR systems it may use (L-01).
    pub allowed_providers: Json<Vec<ProviderKind>>,
    /// What the application notes of it for itself.
    pub metadata: Json<Metadata>,
    /// When it was made.
    pub created_at_ms: Timestamp,
    /// When it last changed.
    pub updated_at_ms: Timestamp,
}

impl Organization {
    /// The time zone that counts: the chosen one, else the default (S-12).
    #[must_use]
    pub fn effective_time_zone(&self) -> &str {
        self.time_zone.as_deref().unwrap_or("Europe/London")
    }
}

/// Stores a new organization.
pub fn insert(tx: &mut Tx<'_>, organization: &Organization) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::insert_into(organizations::table)
        .values(organization)
        .execute(c))?;
    Ok(())
}

/// Sets the time zone of an organization that has not chosen one (S-12).
pub fn set_default_time_zone(
    tx: &mut Tx<'_>,
    id: &OrganizationId,
    time_zone: &str,
) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(
        organizations::table.find(id).filter(organizations::time_zone.is_null())
    )
    .set(organizations::time_zone.eq(time_zone))
    .execute(c))?;
    Ok(())
}

/// One organization.
pub fn find(conn: &mut Conn, id: &OrganizationId) -> Result<Organization, DbError> {
    Ok(on_backend!(conn, |c| organizations::table
        .find(id)
        .filter(organizations::deleting_since_ms.is_null())
        .select(Organization::as_select())
        .first(c))?)
}

/// One organization, also one that was deleted and of which rows are left: for work that was begun
/// for it before.
pub fn find_any(conn: &mut Conn, id: &OrganizationId) -> Result<Organization, DbError> {
    Ok(on_backend!(conn, |c| organizations::table
        .find(id)
        .select(Organization::as_select())
        .first(c))?)
}

/// A page of all organizations, of the one with an external id, or of those with `search` in their
/// name.
pub fn page(
    conn: &mut Conn,
    external_id: Option<&str>,
    search: Option<&str>,
    request: &PageRequest,
) -> Result<Page<Organization>, DbError> {
    use organizations as t;
    Ok(load_page!(conn, request, t::id, |row: &Organization| row.id.as_str(), {
        let all = t::table.filter(t::deleting_since_ms.is_null());
        let mut query = all.select(Organization::as_select()).into_boxed();
        if let Some(external_id) = external_id {
            query = query.filter(t::external_id.eq(external_id));
        }
        if let Some(search) = search {
            query = query.filter(lower(t::name).like(pattern(search)).escape('!'));
        }
        query
    }))
}

/// The organization with an external id.
pub fn by_external_id(conn: &mut Conn, external_id: &str) -> Result<Organization, DbError> {
    Ok(on_backend!(conn, |c| organizations::table
        .filter(organizations::external_id.eq(external_id))
        .select(Organization::as_select())
        .first(c))?)
}

/// Writes every column that can change.
pub fn update_row(tx: &mut Tx<'_>, organization: &Organization) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(organizations::table.find(&organization.id))
        .set((
            organizations::name.eq(&organization.name),
            organizations::external_id.eq(&organization.external_id),
            organizations::time_zone.eq(&organization.time_zone),
            organizations::allowed_providers.eq(&organization.allowed_providers),
            organizations::metadata.eq(&organization.metadata),
            organizations::updated_at_ms.eq(organization.updated_at_ms),
        ))
        .execute(c))?;
    Ok(())
}

/// From now on a new time zone reaches the organization's people, piece by piece.
pub fn begin_time_zone(tx: &mut Tx<'_>, id: &OrganizationId) -> Result<(), DbError> {
    reach_time_zone(tx, id, Some(&DirectoryUserId::from_text("")))
}

/// The new time zone has reached everybody up to this person; `None`: everybody.
pub fn reach_time_zone(
    tx: &mut Tx<'_>,
    id: &OrganizationId,
    up_to: Option<&DirectoryUserId>,
) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(organizations::table.find(id))
        .set(organizations::time_zone_reached.eq(up_to))
        .execute(c))?;
    Ok(())
}

/// An organization whose new time zone has not reached everybody, with the last person it has
/// reached; this one, when one is given.
pub fn with_new_time_zone(
    conn: &mut Conn,
    id: Option<&OrganizationId>,
) -> Result<Option<(OrganizationId, DirectoryUserId)>, DbError> {
    use organizations as t;
    Ok(on_backend!(conn, |c| {
        let mut query = t::table
            .filter(t::time_zone_reached.is_not_null())
            .order(t::id.asc())
            .select((t::id, t::time_zone_reached.assume_not_null()))
            .into_boxed();
        if let Some(id) = id {
            query = query.filter(t::id.eq(id));
        }
        query.first(c).optional()
    })?)
}

/// How many directories of an organization are not disabled.
pub fn open_directories(conn: &mut Conn, id: &OrganizationId) -> Result<i64, DbError> {
    Ok(on_backend!(conn, |c| directories::table
        .filter(directories::organization_id.eq(id))
        .filter(directories::state.ne(DirectoryState::Disabled))
        .count()
        .get_result(c))?)
}

/// Deletes an organization: from now on it counts as gone, and its rows go in pieces
/// ([`crate::db::clearing`]).
pub fn delete(tx: &mut Tx<'_>, id: &OrganizationId, now: Timestamp) -> Result<(), DbError> {
    use organizations as t;
    on_backend!(&mut **tx, |c| diesel::update(t::table.find(id))
        // Another one may have its external id at once.
        .set((t::deleting_since_ms.eq(now), t::external_id.eq(None::<String>)))
        .execute(c))?;
    Ok(())
}
