//! Key pairs that are right and lack permissions: kept sealed for a while, beside the credential in
//! use, until the permissions are there (L-14). At most one for each directory.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::schema::waiting_credentials;
use crate::db::types::Json;
use crate::domain::ids::{DirectoryId, OrganizationId};

/// A credential that waits for permissions.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = waiting_credentials, primary_key(directory_id))]
#[diesel(treat_none_as_default_value = false)]
pub struct WaitingCredential {
    /// The directory it is for.
    pub directory_id: DirectoryId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The credential, sealed like the one in use.
    pub credential_sealed: Vec<u8>,
    /// Its last four characters.
    pub credential_last4: String,
    /// The permissions that it waits for, in the HR system's own words.
    pub missing_permissions: Json<Vec<String>>,
    /// When it was last checked.
    pub checked_at_ms: Timestamp,
    /// When it is deleted.
    pub expires_at_ms: Timestamp,
    /// When it was entered.
    pub created_at_ms: Timestamp,
}

/// Stores a credential; an earlier one of the same directory is gone then.
pub fn put(tx: &mut Tx<'_>, waiting: &WaitingCredential) -> Result<(), DbError> {
    use waiting_credentials as t;
    on_backend!(&mut **tx, |c| diesel::insert_into(t::table)
        .values(waiting)
        .on_conflict(t::directory_id)
        .do_update()
        .set(waiting)
        .execute(c))?;
    Ok(())
}

/// The credential that waits in a directory, unless its time is over.
pub fn find(
    conn: &mut Conn,
    directory: &DirectoryId,
    now: Timestamp,
) -> Result<Option<WaitingCredential>, DbError> {
    use waiting_credentials as t;
    Ok(on_backend!(conn, |c| t::table
        .find(directory)
        .filter(t::expires_at_ms.gt(now))
        .select(WaitingCredential::as_select())
        .first(c)
        .optional())?)
}

/// Deletes what waits in a directory; whether there was anything.
pub fn delete(tx: &mut Tx<'_>, directory: &DirectoryId) -> Result<bool, DbError> {
    let deleted =
        on_backend!(&mut **tx, |c| diesel::delete(waiting_credentials::table.find(directory))
            .execute(c))?;
    Ok(deleted > 0)
}

/// Deletes what has waited for too long.
pub fn prune(tx: &mut Tx<'_>, now: Timestamp) -> Result<usize, DbError> {
    use waiting_credentials as t;
    Ok(on_backend!(&mut **tx, |c| diesel::delete(t::table.filter(t::expires_at_ms.le(now)))
        .execute(c))?)
}
