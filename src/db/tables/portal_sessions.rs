//! Visits to the portal: who may see and do what there, and until when.
//!
//! Invariants: tokens are stored as keyed hashes only; a visit ends with its organization and with
//! its admin.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::clearing;
use crate::db::conn::{Conn, Tx, delete_listed, on_backend};
use crate::db::error::DbError;
use crate::db::schema::portal_sessions;
use crate::domain::action::Actor;
use crate::domain::ids::{AdminId, OrganizationId, PortalSessionId};

/// A visit.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = portal_sessions)]
#[diesel(treat_none_as_default_value = false)]
pub struct PortalSession {
    /// Its id.
    pub id: PortalSessionId,
    /// Whose directories may be seen and changed.
    pub organization_id: OrganizationId,
    /// Who it is, when the link was sent to somebody we know; the application's links are for
    /// whoever it shows them to.
    pub admin_id: Option<AdminId>,
    /// Keyed hash of the token in the cookie.
    pub token_hash: Vec<u8>,
    /// Where "back to the application" leads.
    pub return_url: Option<String>,
    /// Where somebody goes on who has completed set-up.
    pub success_url: Option<String>,
    /// When something was last done in it; looking on does not count.
    pub last_used_at_ms: Timestamp,
    /// When it ends in any case.
    pub expires_at_ms: Timestamp,
    /// When it began.
    pub created_at_ms: Timestamp,
}

impl PortalSession {
    /// Who acts in it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match &self.admin_id {
            Some(admin) => Actor::Admin(admin.clone()),
            None => Actor::Visit(self.id.clone()),
        }
    }
}

/// Stores a new visit.
pub fn insert(tx: &mut Tx<'_>, session: &PortalSession) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::insert_into(portal_sessions::table)
        .values(session)
        .execute(c))?;
    Ok(())
}

/// The visit with this token, if there is one; it may have ended.
pub fn find(conn: &mut Conn, token_hash: &[u8]) -> Result<Option<PortalSession>, DbError> {
    Ok(on_backend!(conn, |c| portal_sessions::table
        .filter(portal_sessions::token_hash.eq(token_hash))
        .filter(portal_sessions::organization_id.ne_all(clearing::deleted_organizations()))
        .select(PortalSession::as_select())
        .first(c)
        .optional())?)
}

/// Notes that something was done in a visit.
pub fn touch(tx: &mut Tx<'_>, id: &PortalSessionId, now: Timestamp) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(portal_sessions::table.find(id))
        .set(portal_sessions::last_used_at_ms.eq(now))
        .execute(c))?;
    Ok(())
}

/// Ends a visit.
pub fn delete(tx: &mut Tx<'_>, token_hash: &[u8]) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::delete(
        portal_sessions::table.filter(portal_sessions::token_hash.eq(token_hash))
    )
    .execute(c))?;
    Ok(())
}

/// Deletes visits that ended before `before`; at most `limit`.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> Result<usize, DbError> {
    use portal_sessions as t;
    let old: Vec<PortalSessionId> = on_backend!(&mut **tx, |c| t::table
        .filter(t::expires_at_ms.lt(before))
        .order(t::expires_at_ms.asc())
        .limit(limit)
        .select(t::id)
        .load(c))?;
    Ok(delete_listed!(tx, t::table, t::id, old))
}
