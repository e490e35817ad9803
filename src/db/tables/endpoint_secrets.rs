//! The secrets that deliveries to an endpoint are signed with.
//!
//! Invariants:
//! - A secret is stored sealed only, under a context that holds its id.
//! - An endpoint has exactly one secret that does not expire: the newest.
//! - The order of the ids is the order in which the secrets were made.
//!
//! What this module must not do: make secrets, or sign.

use diesel::prelude::*;

use crate::clock::{Random, Timestamp};
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::schema::endpoint_secrets;
use crate::domain::ids::{EndpointId, EndpointSecretId};
use crate::secret::{Keys, Secret, SecretError};

/// A secret of an endpoint, sealed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = endpoint_secrets)]
#[diesel(treat_none_as_default_value = false)]
pub struct EndpointSecret {
    /// Its id.
    pub id: EndpointSecretId,
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// The sealed text.
    pub sealed: Vec<u8>,
    /// From when on it signs nothing; never for the newest.
    pub expires_at_ms: Option<Timestamp>,
    /// When it was made.
    pub created_at_ms: Timestamp,
}

impl EndpointSecret {
    /// Seals a secret that follows `before`, the newest so far. Its time is a little later if need
    /// be, so that ids sort in the order of making even when the clock stands still.
    pub fn seal(
        endpoint: &EndpointId,
        secret: &Secret,
        before: Option<&Self>,
        now: Timestamp,
        (keys, random): (&Keys, &dyn Random),
    ) -> Self {
        let made = before.map_or(now, |before| now.max(before.created_at_ms.plus(1)));
        let id = EndpointSecretId::new(made, random);
        let sealed = keys.sealing.seal(secret.reveal().as_bytes(), &context(&id), random);
        Self { id, endpoint_id: endpoint.clone(), sealed, expires_at_ms: None, created_at_ms: made }
    }

    /// The secret itself.
    pub fn open(&self, keys: &Keys) -> Result<Secret, SecretError> {
        keys.sealing.open_text(&self.sealed, &context(&self.id))
    }
}

fn context(id: &EndpointSecretId) -> String {
    format!("endpoint_secret|{id}")
}

/// Stores a secret.
pub fn insert(tx: &mut Tx<'_>, secret: &EndpointSecret) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::insert_into(endpoint_secrets::table)
        .values(secret)
        .execute(c))?;
    Ok(())
}

/// The secrets of an endpoint that sign at this moment, newest first.
pub fn live(
    conn: &mut Conn,
    endpoint: &EndpointId,
    now: Timestamp,
) -> Result<Vec<EndpointSecret>, DbError> {
    use endpoint_secrets as t;
    Ok(on_backend!(conn, |c| t::table
        .filter(t::endpoint_id.eq(endpoint))
        .filter(t::expires_at_ms.is_null().or(t::expires_at_ms.gt(now)))
        .order(t::id.desc())
        .select(EndpointSecret::as_select())
        .load(c))?)
}

/// The secrets of these endpoints that sign at this moment, newest first; at most a page of
/// endpoints is asked for.
pub fn live_of(
    conn: &mut Conn,
    endpoints: &[EndpointId],
    now: Timestamp,
) -> Result<Vec<EndpointSecret>, DbError> {
    use endpoint_secrets as t;
    Ok(on_backend!(conn, |c| t::table
        .filter(t::endpoint_id.eq_any(endpoints))
        .filter(t::expires_at_ms.is_null().or(t::expires_at_ms.gt(now)))
        .order(t::id.desc())
        .select(EndpointSecret::as_select())
        .load(c))?)
}

/// Makes every secret of an endpoint end at this moment, unless it ends before.
pub fn expire(tx: &mut Tx<'_>, endpoint: &EndpointId, at: Timestamp) -> Result<(), DbError> {
    use endpoint_secrets as t;
    on_backend!(&mut **tx, |c| diesel::update(
        t::table
            .filter(t::endpoint_id.eq(endpoint))
            .filter(t::expires_at_ms.is_null().or(t::expires_at_ms.gt(at)))
    )
    .set(t::expires_at_ms.eq(at))
    .execute(c))?;
    Ok(())
}

/// Deletes all secrets of an endpoint that goes.
pub fn delete_of(tx: &mut Tx<'_>, endpoint: &EndpointId) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::delete(
        endpoint_secrets::table.filter(endpoint_secrets::endpoint_id.eq(endpoint))
    )
    .execute(c))?;
    Ok(())
}

/// Deletes the secrets that have ended; how many. Rotations are few, so there is no bound.
pub fn prune(tx: &mut Tx<'_>, now: Timestamp) -> Result<usize, DbError> {
    use endpoint_secrets as t;
    Ok(on_backend!(&mut **tx, |c| diesel::delete(t::table.filter(t::expires_at_ms.le(now)))
        .execute(c))?)
}
