//! Keys to the API. Only a keyed hash of a key is stored; the key itself is shown once, when made.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::schema::api_keys;
use crate::domain::ids::ApiKeyId;

/// A key, without the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys)]
#[diesel(treat_none_as_default_value = false)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What the operator calls it.
    pub name: String,
    /// The keyed hash by which it is found.
    pub key_hash: Vec<u8>,
    /// Its last four characters.
    pub last4: String,
    /// When it was made.
    pub created_at_ms: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at_ms: Option<Timestamp>,
}

/// Stores a new key.
pub fn insert(tx: &mut Tx<'_>, key: &ApiKey) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::insert_into(api_keys::table).values(key).execute(c))?;
    Ok(())
}

/// The key with this hash, unless it was revoked.
pub fn find_valid(conn: &mut Conn, key_hash: &[u8]) -> Result<Option<ApiKey>, DbError> {
    Ok(on_backend!(conn, |c| api_keys::table
        .filter(api_keys::key_hash.eq(key_hash))
        .filter(api_keys::revoked_at_ms.is_null())
        .select(ApiKey::as_select())
        .first(c)
        .optional())?)
}

/// All keys, oldest first.
pub fn all(conn: &mut Conn) -> Result<Vec<ApiKey>, DbError> {
    Ok(on_backend!(conn, |c| api_keys::table
        .order(api_keys::id.asc())
        .select(ApiKey::as_select())
        .load(c))?)
}

/// Revokes the keys with this id or name that still work; says how many there were.
pub fn revoke(tx: &mut Tx<'_>, id_or_name: &str, now: Timestamp) -> Result<usize, DbError> {
    let id = ApiKeyId::from_text(id_or_name);
    Ok(on_backend!(&mut **tx, |c| diesel::update(
        api_keys::table
            .filter(api_keys::id.eq(&id).or(api_keys::name.eq(id_or_name)))
            .filter(api_keys::revoked_at_ms.is_null())
    )
    .set(api_keys::revoked_at_ms.eq(now))
    .execute(c))?)
}
