//! Admins: the people of an organization who are told of failures.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::page::{Page, PageRequest, load_page};
use crate::db::schema::admins;
use crate::domain::employee::EmailNorm;
use crate::domain::ids::{AdminId, OrganizationId};

/// An admin.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = admins)]
pub struct Admin {
    /// Their id.
    pub id: AdminId,
    /// The organization they look after.
    pub organization_id: OrganizationId,
    /// Where they get mail, as written.
    pub email: String,
    /// The same for comparison; once per organization.
    pub email_norm: EmailNorm,
    /// Their name.
    pub name: String,
    /// When they were added.
    pub created_at_ms: Timestamp,
    /// When they last changed.
    pub updated_at_ms: Timestamp,
}

/// Stores a new admin.
pub fn insert(tx: &mut Tx<'_>, admin: &Admin) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::insert_into(admins::table).values(admin).execute(c))?;
    Ok(())
}

/// One admin of an organization.
pub fn find(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: &AdminId,
) -> Result<Admin, DbError> {
    Ok(on_backend!(conn, |c| admins::table
        .find(id)
        .filter(admins::organization_id.eq(organization))
        .select(Admin::as_select())
        .first(c))?)
}

/// All admins of an organization, in the order in which they were added.
pub fn all_of(conn: &mut Conn, organization: &OrganizationId) -> Result<Vec<Admin>, DbError> {
    Ok(on_backend!(conn, |c| admins::table
        .filter(admins::organization_id.eq(organization))
        .order(admins::id.asc())
        .select(Admin::as_select())
        .load(c))?)
}

/// The admin of an organization who has this e-mail.
pub fn by_email(
    conn: &mut Conn,
    organization: &OrganizationId,
    email: &EmailNorm,
) -> Result<Option<Admin>, DbError> {
    Ok(on_backend!(conn, |c| admins::table
        .filter(admins::organization_id.eq(organization))
        .filter(admins::email_norm.eq(email))
        .select(Admin::as_select())
        .first(c)
        .optional())?)
}

/// A page of the admins of an organization.
pub fn page(
    conn: &mut Conn,
    organization: &OrganizationId,
    request: &PageRequest,
) -> Result<Page<Admin>, DbError> {
    Ok(load_page!(conn, request, admins::id, |row: &Admin| row.id.as_str(), {
        admins::table
            .filter(admins::organization_id.eq(organization))
            .select(Admin::as_select())
            .into_boxed()
    }))
}

/// How many admins an organization has; complete set-up needs one (S-45).
pub fn count(conn: &mut Conn, organization: &OrganizationId) -> Result<i64, DbError> {
    Ok(on_backend!(conn, |c| admins::table
        .filter(admins::organization_id.eq(organization))
        .count()
        .get_result(c))?)
}

/// Deletes an admin. [`DbError::NotFound`] when the organization has no such admin.
pub fn delete(tx: &mut Tx<'_>, organization: &OrganizationId, id: &AdminId) -> Result<(), DbError> {
    let deleted = on_backend!(&mut **tx, |c| diesel::delete(
        admins::table.find(id).filter(admins::organization_id.eq(organization))
    )
    .execute(c))?;
    if deleted == 0 { Err(DbError::NotFound) } else { Ok(()) }
}
