//! Data keys: random keys of ours, sealed by the master key (L-06).

use diesel::prelude::*;

use crate::clock::{Clock, Random};
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::pool::{Place, Use};
use crate::db::schema::data_keys;
use crate::db::types::text_enum_column;
use crate::db::{Db, Lane};
use crate::domain::ids::DataKeyId;
use crate::secret::{Keys, SealingKey, SecretError};
use crate::text_enum;

text_enum! {
    /// What a data key is for.
    Purpose {
        /// Seals credentials and tokens.
        Sealing = "sealing",
        /// Keys look-up hashes.
        Lookup = "lookup",
        /// Keys hashes of raw records.
        Record = "record",
    }
}
text_enum_column!(Purpose);

/// Why the keys could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum DataKeyError {
    /// The database did not answer.
    #[error("the data keys cannot be read: {0}")]
    Db(#[from] DbError),
    /// The master key is not the one they were sealed with.
    #[error("the master key does not open this database: {0}")]
    Master(#[from] SecretError),
}

/// Opens the data keys; makes them when the database is new.
pub async fn open(
    db: &Db,
    master: &SealingKey,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<Keys, DataKeyError> {
    let now = clock.now();
    let fresh: Vec<_> = Purpose::ALL
        .iter()
        .map(|purpose| {
            let key = SealingKey::generate(random);
            let sealed = master.seal_key(&key, purpose.as_str(), random);
            (DataKeyId::new(now, random), *purpose, sealed)
        })
        .collect();
    let stored = db
        .write(Lane::Urgent, move |tx| {
            for (id, purpose, sealed) in fresh {
                insert_if_missing(tx, &id, purpose, &sealed, now)?;
            }
            load(tx)
        })
        .await
        .map_err(|error: DbError| error)?;
    let open = |purpose: Purpose| {
        let sealed = stored.iter().find(|(p, _)| *p == purpose).map(|(_, sealed)| sealed);
        let sealed = sealed.ok_or(DataKeyError::Db(DbError::NotFound))?;
        Ok::<_, DataKeyError>(master.open_key(sealed, purpose.as_str())?)
    };
    Ok(Keys {
        sealing: open(Purpose::Sealing)?,
        lookup: open(Purpose::Lookup)?,
        record: open(Purpose::Record)?,
    })
}

/// Whether a database has data keys already. One that is not there has none.
pub fn are_there(place: &Place) -> Result<bool, DbError> {
    if matches!(place, Place::Sqlite(path) if !path.exists()) {
        return Ok(false);
    }
    let mut conn = place.connect(Use::Read)?;
    match on_backend!(&mut conn, |c| data_keys::table.count().get_result::<i64>(c)) {
        Ok(count) => Ok(count > 0),
        // There is no such table yet.
        Err(_) => Ok(false),
    }
}

fn insert_if_missing(
    tx: &mut Tx<'_>,
    id: &DataKeyId,
    purpose: Purpose,
    sealed: &[u8],
    now: crate::clock::Timestamp,
) -> Result<(), DbError> {
    use data_keys as t;
    on_backend!(&mut **tx, |c| diesel::insert_into(t::table)
        .values((
            t::id.eq(id),
            t::purpose.eq(purpose),
            t::sealed.eq(sealed),
            t::created_at_ms.eq(now),
        ))
        .on_conflict(t::purpose)
        .do_nothing()
        .execute(c))?;
    Ok(())
}

fn load(conn: &mut Conn) -> Result<Vec<(Purpose, Vec<u8>)>, DbError> {
    use data_keys as t;
    Ok(on_backend!(conn, |c| t::table.select((t::purpose, t::sealed)).load(c))?)
}
