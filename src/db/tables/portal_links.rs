//! Links into the portal. Only a keyed hash of a link's token is stored; a link is good for a short
//! time and for one use.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::clearing;
use crate::db::conn::{Conn, Tx, delete_listed, on_backend};
use crate::db::error::DbError;
use crate::db::schema::portal_links;
use crate::domain::ids::{AdminId, OrganizationId, PortalLinkId};

/// A link.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = portal_links)]
#[diesel(treat_none_as_default_value = false)]
pub struct PortalLink {
    /// Its id.
    pub id: PortalLinkId,
    /// Whose portal it leads to.
    pub organization_id: OrganizationId,
    /// To whom it was sent by mail; nobody in particular when the application shows it.
    pub admin_id: Option<AdminId>,
    /// Keyed hash of its token.
    pub token_hash: Vec<u8>,
    /// Where the admin is led to when they leave.
    pub return_url: Option<String>,
    /// Where the admin is led to when the set-up is done.
    pub success_url: Option<String>,
    /// Until when it is good.
    pub expires_at_ms: Timestamp,
    /// When it was used.
    pub used_at_ms: Option<Timestamp>,
    /// When it was made.
    pub created_at_ms: Timestamp,
}

/// Stores a new link.
pub fn insert(tx: &mut Tx<'_>, link: &PortalLink) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::insert_into(portal_links::table).values(link).execute(c))?;
    Ok(())
}

/// The link with this token if it is still good. Does not use it up.
pub fn find_good(
    conn: &mut Conn,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<PortalLink>, DbError> {
    use portal_links as t;
    Ok(on_backend!(conn, |c| t::table
        .filter(t::token_hash.eq(token_hash))
        .filter(t::used_at_ms.is_null())
        .filter(t::expires_at_ms.gt(now))
        .filter(t::organization_id.ne_all(clearing::deleted_organizations()))
        .select(PortalLink::as_select())
        .first(c)
        .optional())?)
}

/// How many links were made for an admin since a moment.
pub fn made_since(conn: &mut Conn, admin: &AdminId, since: Timestamp) -> Result<i64, DbError> {
    use portal_links as t;
    Ok(on_backend!(conn, |c| t::table
        .filter(t::admin_id.eq(admin))
        .filter(t::created_at_ms.gt(since))
        .count()
        .get_result(c))?)
}

/// Uses a link up, unless it was used or its time is over; of two who come at once one gets it.
pub fn use_up(
    tx: &mut Tx<'_>,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<PortalLink>, DbError> {
    use portal_links as t;
    Ok(on_backend!(&mut **tx, |c| diesel::update(
        t::table
            .filter(t::token_hash.eq(token_hash))
            .filter(t::used_at_ms.is_null())
            .filter(t::expires_at_ms.gt(now))
    )
    .set(t::used_at_ms.eq(now))
    .returning(PortalLink::as_returning())
    .get_result(c)
    .optional())?)
}

/// Deletes links whose time was over before this moment; at most `limit`.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> Result<usize, DbError> {
    use portal_links as t;
    let old: Vec<PortalLinkId> = on_backend!(&mut **tx, |c| t::table
        .filter(t::expires_at_ms.lt(before))
        .limit(limit)
        .select(t::id)
        .load(c))?;
    Ok(delete_listed!(tx, t::table, t::id, old))
}
