//! Keys to the API: made and revoked by whoever runs Rollcall.
//!
//! Invariants:
//! - Only a keyed hash of a key is stored; the key itself is handed back once.
//! - A key that was revoked stays so.
//!
//! These work on an opened database alone, because the first key may come before the first server.

use crate::clock::{Random, Timestamp};
use crate::db::api_keys::{self as rows, ApiKey};
use crate::db::{Db, DbError, Lane};
use crate::domain::ids::ApiKeyId;
use crate::secret::{Keys, Secret, new_token};

/// What every key begins with.
pub const PREFIX: &str = "sk_live_";

/// Makes a key for what `name` says; the answer is the only time it is shown.
pub async fn create(
    db: &Db,
    keys: &Keys,
    (now, random): (Timestamp, &dyn Random),
    name: &str,
) -> Result<Secret, DbError> {
    let key = Secret::new(format!("{PREFIX}{}", new_token(random).reveal()));
    let row = ApiKey {
        id: ApiKeyId::new(now, random),
        name: name.to_owned(),
        key_hash: keys.lookup.lookup_hash(key.reveal()),
        last4: key.last4(),
        created_at_ms: now,
        revoked_at_ms: None,
    };
    db.write(Lane::Urgent, move |tx| rows::insert(tx, &row)).await?;
    Ok(key)
}

/// Revokes the keys with this id or name that still work; says how many there were.
pub async fn revoke(db: &Db, id_or_name: &str, now: Timestamp) -> Result<usize, DbError> {
    let text = id_or_name.to_owned();
    db.write(Lane::Urgent, move |tx| rows::revoke(tx, &text, now)).await
}
