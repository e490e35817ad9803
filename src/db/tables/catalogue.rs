//! Departments, positions and office locations of an organization: lists that fill themselves
//! (S-09).

use std::collections::HashMap;

use diesel::prelude::*;

use crate::clock::{Random, Timestamp};
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::page::{Page, PageRequest, load_page};
use crate::db::schema::{accounts, catalogue_entries};
use crate::domain::directory::CatalogueKind;
use crate::domain::employee::name_norm;
use crate::domain::ids::{AccountId, CatalogueEntryId, OrganizationId};
use crate::limits;

/// A department, position or office location.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = catalogue_entries)]
pub struct CatalogueEntry {
    /// Its id.
    pub id: CatalogueEntryId,
    /// The organization it belongs to.
    pub organization_id: OrganizationId,
    /// Which of the lists it is in.
    pub kind: CatalogueKind,
    /// Its name as first seen.
    pub name: String,
    /// Its name for comparison; once per list.
    pub name_norm: String,
    /// When it was first seen.
    pub created_at_ms: Timestamp,
    /// The entry that this one turned out to be (S-18).
    pub merges_into: Option<CatalogueEntryId>,
}

/// Lets accounts that have an entry which turned out to be another one have that one, and deletes
/// what nobody has any more (S-18). At most a batch of accounts at a time; the rest waits.
pub fn merge(tx: &mut Tx<'_>, organization: &OrganizationId) -> Result<(), DbError> {
    use accounts as a;
    use catalogue_entries as t;
    let doubles: Vec<(CatalogueEntryId, CatalogueKind, Option<CatalogueEntryId>)> =
        on_backend!(&mut **tx, |c| t::table
            .filter(t::organization_id.eq(organization))
            .filter(t::merges_into.is_not_null())
            .select((t::id, t::kind, t::merges_into))
            .load(c))?;
    for (id, kind, other) in doubles {
        let limit = i64::try_from(limits::APPLY_BATCH_PEOPLE_MAX).unwrap_or(i64::MAX);
        macro_rules! hand_over {
            ($column:ident) => {{
                let some: Vec<AccountId> = on_backend!(&mut **tx, |c| a::table
                    .filter(a::organization_id.eq(organization))
                    .filter(a::$column.eq(&id))
                    .select(a::id)
                    .limit(limit)
                    .load(c))?;
                on_backend!(&mut **tx, |c| diesel::update(a::table.filter(a::id.eq_any(&some)))
                    .set(a::$column.eq(&other))
                    .execute(c))?
            }};
        }
        let moved = match kind {
            CatalogueKind::Department => hand_over!(department_id),
            CatalogueKind::Position => hand_over!(position_id),
            CatalogueKind::OfficeLocation => hand_over!(office_location_id),
        };
        if moved < limits::APPLY_BATCH_PEOPLE_MAX {
            on_backend!(&mut **tx, |c| diesel::delete(t::table.find(&id)).execute(c))?;
        }
    }
    Ok(())
}

/// The entry with this name, made when there is none. Case and white space do not make a second
/// one.
pub fn ensure(
    tx: &mut Tx<'_>,
    organization: &OrganizationId,
    kind: CatalogueKind,
    name: &str,
    now: Timestamp,
    random: &dyn Random,
) -> Result<CatalogueEntryId, DbError> {
    match find_by_norm(tx, organization, kind, &name_norm(name))? {
        Some(id) => Ok(id),
        None => add(tx, organization, kind, name, now, random),
    }
}

/// The same, for a name that is not there as far as the caller knows.
pub fn add(
    tx: &mut Tx<'_>,
    organization: &OrganizationId,
    kind: CatalogueKind,
    name: &str,
    now: Timestamp,
    random: &dyn Random,
) -> Result<CatalogueEntryId, DbError> {
    let norm = name_norm(name);
    let entry = CatalogueEntry {
        id: CatalogueEntryId::new(now, random),
        organization_id: organization.clone(),
        kind,
        name: name.to_owned(),
        name_norm: norm.clone(),
        created_at_ms: now,
        merges_into: None,
    };
    let rows = on_backend!(&mut **tx, |c| diesel::insert_into(catalogue_entries::table)
        .values(&entry)
        .on_conflict((
            catalogue_entries::organization_id,
            catalogue_entries::kind,
            catalogue_entries::name_norm,
        ))
        .do_nothing()
        .execute(c))?;
    if rows > 0 {
        return Ok(entry.id);
    }
    find_by_norm(tx, organization, kind, &norm)?.ok_or(DbError::NotFound)
}

fn find_by_norm(
    conn: &mut Conn,
    organization: &OrganizationId,
    kind: CatalogueKind,
    norm: &str,
) -> Result<Option<CatalogueEntryId>, DbError> {
    Ok(on_backend!(conn, |c| catalogue_entries::table
        .filter(catalogue_entries::organization_id.eq(organization))
        .filter(catalogue_entries::kind.eq(kind))
        .filter(catalogue_entries::name_norm.eq(norm))
        .select(catalogue_entries::id)
        .first(c)
        .optional())?)
}

/// The entries of an organization with these names for comparison, in any of the lists.
pub fn by_norms(
    conn: &mut Conn,
    organization: &OrganizationId,
    norms: &[String],
) -> Result<Vec<CatalogueEntry>, DbError> {
    let mut found = Vec::new();
    for chunk in norms.chunks(limits::IN_LIST_MAX) {
        found.extend(on_backend!(conn, |c| catalogue_entries::table
            .filter(catalogue_entries::organization_id.eq(organization))
            .filter(catalogue_entries::kind.eq_any(CatalogueKind::ALL))
            .filter(catalogue_entries::name_norm.eq_any(chunk))
            .select(CatalogueEntry::as_select())
            .load::<CatalogueEntry>(c))?);
    }
    Ok(found)
}

/// The names of these entries.
pub fn names(
    conn: &mut Conn,
    ids: &[CatalogueEntryId],
) -> Result<HashMap<CatalogueEntryId, String>, DbError> {
    let mut found = HashMap::new();
    for chunk in ids.chunks(limits::IN_LIST_MAX) {
        let rows: Vec<(CatalogueEntryId, String)> =
            on_backend!(conn, |c| catalogue_entries::table
                .filter(catalogue_entries::id.eq_any(chunk))
                .select((catalogue_entries::id, catalogue_entries::name))
                .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// A page of one list of an organization.
pub fn page(
    conn: &mut Conn,
    organization: &OrganizationId,
    kind: CatalogueKind,
    request: &PageRequest,
) -> Result<Page<CatalogueEntry>, DbError> {
    Ok(load_page!(conn, request, catalogue_entries::id, |row: &CatalogueEntry| row.id.as_str(), {
        catalogue_entries::table
            .filter(catalogue_entries::organization_id.eq(organization))
            .filter(catalogue_entries::kind.eq(kind))
            .select(CatalogueEntry::as_select())
            .into_boxed()
    }))
}
