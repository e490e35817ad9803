//! Visits to the operator's pages: whose API key opened them, and until when they go on.
//!
//! Invariants: tokens are stored as keyed hashes only; the key itself is not here; a visit ends
//! with its key, when that is revoked or deleted.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::api_keys::ApiKey;
use crate::db::conn::{Conn, Tx, delete_listed, on_backend};
use crate::db::error::DbError;
use crate::db::schema::{api_keys, operator_sessions};
use crate::domain::ids::{ApiKeyId, OperatorSessionId};

/// A visit.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = operator_sessions)]
#[diesel(treat_none_as_default_value = false)]
pub struct OperatorSession {
    /// Its id.
    pub id: OperatorSessionId,
    /// The key that opened it.
    pub api_key_id: ApiKeyId,
    /// Keyed hash of the token in the cookie.
    pub token_hash: Vec<u8>,
    /// When something was last done in it; looking on does not count.
    pub last_used_at_ms: Timestamp,
    /// When it ends in any case.
    pub expires_at_ms: Timestamp,
    /// When it began.
    pub created_at_ms: Timestamp,
}

/// Stores a new visit.
pub fn insert(tx: &mut Tx<'_>, session: &OperatorSession) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::insert_into(operator_sessions::table)
        .values(session)
        .execute(c))?;
    Ok(())
}

/// The visit with this token and its key, unless that was revoked; the visit may have ended.
pub fn find(
    conn: &mut Conn,
    token_hash: &[u8],
) -> Result<Option<(OperatorSession, ApiKey)>, DbError> {
    Ok(on_backend!(conn, |c| operator_sessions::table
        .inner_join(api_keys::table)
        .filter(operator_sessions::token_hash.eq(token_hash))
        .filter(api_keys::revoked_at_ms.is_null())
        .select((OperatorSession::as_select(), ApiKey::as_select()))
        .first(c)
        .optional())?)
}

/// Notes that something was done in a visit.
pub fn touch(tx: &mut Tx<'_>, id: &OperatorSessionId, now: Timestamp) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(operator_sessions::table.find(id))
        .set(operator_sessions::last_used_at_ms.eq(now))
        .execute(c))?;
    Ok(())
}

/// Ends a visit.
pub fn delete(tx: &mut Tx<'_>, token_hash: &[u8]) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::delete(
        operator_sessions::table.filter(operator_sessions::token_hash.eq(token_hash))
    )
    .execute(c))?;
    Ok(())
}

/// Deletes visits that ended before `before`; at most `limit`.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> Result<usize, DbError> {
    use operator_sessions as t;
    let old: Vec<OperatorSessionId> = on_backend!(&mut **tx, |c| t::table
        .filter(t::expires_at_ms.lt(before))
        .order(t::expires_at_ms.asc())
        .limit(limit)
        .select(t::id)
        .load(c))?;
    Ok(delete_listed!(tx, t::table, t::id, old))
}
