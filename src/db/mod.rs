//! The database: SQLite or PostgreSQL, chosen by the URL, with one way to read and one to write.
//!
//! Invariants:
//! - [`Db::read`] gives one unchanging view and cannot write. [`Db::write`] gives a [`Tx`]; what
//!   is written through it is durable when the call returns, or not there at all.
//! - The closures are not async, so no network call can happen inside a transaction.
//! - All SQL of Rollcall is in this folder: in `tables`, one file per table, its rows and its
//!   queries and nothing else; in `reports`, lists for people that join several.
//!   Every statement is written once for both databases (`on_backend!`).
//!
//! What this module must not do: decide anything about people. It stores what it is told.

use std::sync::Arc;
use std::time::Duration;

use diesel::r2d2::{Pool, PooledConnection};
use tokio::sync::{Semaphore, oneshot, watch};

pub use crate::db::conn::{Conn, Tx};
pub use crate::db::error::DbError;
pub use crate::db::pool::Place;
pub use crate::db::tables::*;

use crate::db::conn::on_backend;
use crate::db::pool::{Manager, Use};
use crate::db::presence::Presence;
use crate::db::writer::{Failed, Writer};
use crate::limits;

mod canonical;
mod checkpointer;
pub mod clearing;
pub mod conn;
pub mod error;
pub mod fingerprint;
pub mod lease;
mod like;
pub mod migrate;
pub mod page;
pub mod pool;
mod presence;
pub mod reports;
pub mod schema;
mod statistics;
mod tables;
pub mod types;
pub mod waits;
mod writer;

/// How urgent a write is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Somebody waits for it: webhooks, requests, one person's change.
    Urgent,
    /// Pieces of the full sync of a small directory: few at a time, beside what is urgent, so that
    /// they do not wait behind each piece of a large directory (S-46).
    Small,
    /// Pieces of the full sync of a large directory, and cleaning.
    Bulk,
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    place: Place,
    pool: Pool<Manager>,
    presence: Arc<Presence>,
    /// All writes on SQLite; on PostgreSQL only the intake of webhooks.
    writer: Writer,
    /// Connections that bulk work may have at the same time, for reading and on PostgreSQL for
    /// writing, so that the pool always has some for those whom somebody waits for (S-46).
    bulk: Semaphore,
    /// Writes of [`Lane::Small`] that are under way. On SQLite they share the writer with what is
    /// urgent; on PostgreSQL they have connections of their own.
    small: Semaphore,
    /// Counts the commits after which there is something to deliver.
    to_deliver: watch::Sender<u64>,
}

impl Db {
    /// Migrates the database and opens it.
    pub fn open(place: &Place) -> Result<Self, DbError> {
        migrate::run(place)?;
        Self::open_migrated(place)
    }

    /// Opens a database that is there and migrated, and refuses any other.
    pub fn open_existing(place: &Place) -> Result<Self, DbError> {
        migrate::check(place)?;
        Self::open_migrated(place)
    }

    /// Opens a database that is known to be migrated.
    pub fn open_migrated(place: &Place) -> Result<Self, DbError> {
        let usage = match place {
            Place::Sqlite(_) => Use::Read,
            Place::Postgres(_) => Use::Write,
        };
        let to_deliver = watch::Sender::new(0);
        let presence = Arc::new(Presence::default());
        let writer = Writer::start(place, to_deliver.clone(), Arc::clone(&presence))?;
        let pool = pool::pool(place, usage, Arc::clone(&presence))?;
        let bulk = Semaphore::new(limits::BULK_CONNECTIONS_MAX);
        let place = place.clone();
        let small = Semaphore::new(match place {
            Place::Sqlite(_) => limits::WRITER_SMALL_MAX,
            Place::Postgres(_) => limits::BULK_CONNECTIONS_MAX,
        });
        Ok(Self(Arc::new(Inner { place, pool, presence, writer, bulk, small, to_deliver })))
    }

    /// Where the data is.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.0.place
    }

    /// Changes after each commit of this process that wrote an event or a delivery. What other
    /// processes write is found by looking.
    #[must_use]
    pub fn to_deliver(&self) -> watch::Receiver<u64> {
        self.0.to_deliver.subscribe()
    }

    /// Reads over one unchanging view.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let read = |conn: &mut Conn| unwrap_failed(conn.end(|c| work(c).map_err(Failed::Work)));
        self.pooled(Conn::begin_snapshot, read).await
    }

    /// Does something in a transaction on a connection of the pool, as soon as there is one. Nobody
    /// waits long for a database that is known to be away.
    async fn pooled<T, E>(
        &self,
        begin: fn(&mut Conn) -> Result<(), diesel::result::Error>,
        work: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let inner = Arc::clone(&self.0);
        let (start, mut started) = oneshot::channel();
        let done = tokio::task::spawn_blocking(move || {
            if start.is_closed() {
                // It has waited so long for a thread that nobody waits for it any more.
                return Err(gave_up().into());
            }
            let asked = inner.presence.begin();
            let mut conn = inner.begun(begin, || start.is_closed())?;
            if start.send(()).is_err() {
                // The caller was told that nothing was done.
                return Err(gave_up().into());
            }
            let outcome = work(&mut conn);
            match (&outcome, conn.depth()) {
                (Ok(_), _) => inner.presence.found(asked),
                (Err(_), None) => inner.presence.lost("a connection broke off"),
                (Err(_), Some(_)) => {}
            }
            outcome
        });
        // Beginning a transaction can take as long as the network is silent.
        let patience = Duration::from_millis(self.0.patience_ms().saturating_add(SPARE_MS));
        if tokio::time::timeout(patience, &mut started).await.is_err() {
            started.close();
            if started.try_recv().is_err() {
                self.0.presence.lost("no connection could be had in time");
                return Err(gave_up().into());
            }
        }
        done.await.unwrap_or(Err(E::from(DbError::Panicked)))
    }

    /// Like [`Db::read`], for what is long: one of the few connections that bulk work has.
    pub async fn read_bulk<T, E>(
        &self,
        work: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let _turn = self.0.bulk.acquire().await;
        self.read(work).await
    }

    /// Writes; durable when this returns `Ok`.
    pub async fn write<T, E>(
        &self,
        lane: Lane,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let is_sqlite = matches!(self.0.place, Place::Sqlite(_));
        // The first to come is the first to have a turn, so that large work takes turns with small.
        let _turn = match lane {
            Lane::Small => Some(self.0.small.acquire().await),
            Lane::Bulk if !is_sqlite => Some(self.0.bulk.acquire().await),
            Lane::Urgent | Lane::Bulk => None,
        };
        if is_sqlite {
            return self.0.writer.write(lane, work).await;
        }
        let written = self.pooled(Conn::begin_write, |conn| {
            unwrap_failed(conn.end(|c| {
                let mut tx = Tx::new(c);
                let value = work(&mut tx).map_err(Failed::Work)?;
                let to_deliver = events::append(tx)?;
                Ok((value, to_deliver))
            }))
        });
        let (value, to_deliver) = written.await?;
        if to_deliver {
            self.0.to_deliver.send_modify(|commits| *commits = commits.wrapping_add(1));
        }
        Ok(value)
    }

    /// Writes small things of which very many come at once (webhooks): on both databases through
    /// the thread that commits many together. PostgreSQL may undo it for the sake of a transaction
    /// that waits for the same rows; it is done again then, because the sender will not ask again
    /// (S-02). A database that says nothing is away after [`limits::TAKE_IN_MS_MAX`]: what waits
    /// may still be written, and the sender is told that it was not (O-08).
    pub async fn take_in<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T, DbError> + Send + Sync + 'static,
    ) -> Result<T, DbError> {
        let patience_ms = if self.0.presence.is_away() {
            limits::POOL_AWAY_WAIT_MS_MAX
        } else {
            limits::TAKE_IN_MS_MAX
        };
        let patience = Duration::from_millis(patience_ms);
        tokio::time::timeout(patience, self.take_in_at_last(work)).await.unwrap_or_else(|_| {
            self.0.presence.lost("nothing could be written in time");
            Err(gave_up())
        })
    }

    async fn take_in_at_last<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T, DbError> + Send + Sync + 'static,
    ) -> Result<T, DbError> {
        let work = Arc::new(work);
        for _ in 1..limits::TAKE_IN_TRIES_MAX {
            let again = Arc::clone(&work);
            match self.0.writer.write(Lane::Urgent, move |tx| again(tx)).await {
                Err(DbError::Deadlock) => {}
                outcome => return outcome,
            }
        }
        self.0.writer.write(Lane::Urgent, move |tx| work(tx)).await
    }

    /// Removes what was deleted from the files too (L-08): on SQLite the write-ahead log is emptied
    /// into the file, whose freed pages are zeroed (`secure_delete`); on PostgreSQL the table with
    /// the credentials is vacuumed.
    pub async fn scrub(&self) -> Result<(), DbError> {
        let inner = Arc::clone(&self.0);
        blocking(move || {
            let mut conn = inner.place.connect(Use::Write)?;
            scrub_on(&mut conn)
        })
        .await
    }

    /// Lets PostgreSQL's planner know of tables that have grown much; how many these were. For
    /// whoever writes many rows at once.
    pub async fn refresh_statistics(&self) -> Result<usize, DbError> {
        if matches!(self.0.place, Place::Sqlite(_)) {
            return Ok(0);
        }
        self.write(Lane::Bulk, |tx| statistics::refresh(tx)).await
    }

    /// What the live sessions say about durability: of a pooled connection and of the writer's.
    /// SQLite answers the number of `PRAGMA synchronous` (2 is FULL), PostgreSQL `on` or `off`.
    pub async fn durability(&self) -> Result<[String; 2], DbError> {
        let pooled = self.write(Lane::Urgent, |tx| durability_of(tx)).await?;
        Ok([pooled, self.take_in(|tx| durability_of(tx)).await?])
    }
}

fn durability_of(conn: &mut Conn) -> Result<String, DbError> {
    use diesel::prelude::*;
    #[derive(QueryableByName)]
    struct Sqlite {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        synchronous: i32,
    }
    #[derive(QueryableByName)]
    struct Pg {
        #[diesel(sql_type = diesel::sql_types::Text)]
        synchronous_commit: String,
    }
    Ok(match conn {
        Conn::Sqlite(c) => {
            diesel::sql_query("PRAGMA synchronous").get_result::<Sqlite>(c)?.synchronous.to_string()
        }
        Conn::Pg(c) => {
            diesel::sql_query("SHOW synchronous_commit").get_result::<Pg>(c)?.synchronous_commit
        }
    })
}

fn scrub_on(conn: &mut Conn) -> Result<(), DbError> {
    use diesel::connection::SimpleConnection;
    use diesel::prelude::*;
    #[derive(QueryableByName)]
    struct Checkpoint {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        busy: i32,
    }
    match conn {
        Conn::Pg(c) => {
            c.batch_execute("VACUUM directories, endpoint_secrets, waiting_credentials")?;
        }
        Conn::Sqlite(c) => {
            let done = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)");
            if done.get_result::<Checkpoint>(c)?.busy != 0 {
                return Err(DbError::Unavailable("a reader holds the log".to_owned()));
            }
        }
    }
    Ok(())
}

/// How much longer the caller waits than the pool does, so that the pool can say why, in
/// milliseconds.
const SPARE_MS: u64 = 200;

fn gave_up() -> DbError {
    DbError::Away("no connection could be had in time".to_owned())
}

impl Inner {
    /// How long one waits for a connection, in milliseconds.
    fn patience_ms(&self) -> u64 {
        if self.presence.is_away() {
            limits::POOL_AWAY_WAIT_MS_MAX
        } else {
            limits::POOL_WAIT_MS_MAX
        }
    }

    /// A connection of the pool on which a transaction has begun. Those that were closed while
    /// nobody used them are thrown away, as long as somebody waits.
    fn begun(
        &self,
        begin: fn(&mut Conn) -> Result<(), diesel::result::Error>,
        nobody_waits: impl Fn() -> bool,
    ) -> Result<PooledConnection<Manager>, DbError> {
        for _ in 0..limits::POOL_CONNECTIONS_MAX {
            let mut conn = self.connection()?;
            match begin(&mut conn) {
                Ok(()) => return Ok(conn),
                Err(error) if conn.depth().is_some() => return Err(error.into()),
                Err(_) if nobody_waits() => return Err(gave_up()),
                Err(_) => {}
            }
        }
        let mut conn = self.connection()?;
        begin(&mut conn)?;
        Ok(conn)
    }

    /// A connection of the pool. An outage that shows while one waits ends the wait early.
    fn connection(&self) -> Result<PooledConnection<Manager>, DbError> {
        let (short, long) = (limits::POOL_AWAY_WAIT_MS_MAX, limits::POOL_WAIT_MS_MAX);
        let first = self.pool.get_timeout(Duration::from_millis(short));
        let found = match first {
            Err(_) if !self.presence.is_away() => {
                self.pool.get_timeout(Duration::from_millis(long.saturating_sub(short)))
            }
            first => first,
        };
        found.map_err(DbError::from).inspect_err(|error| self.presence.lost(&error.to_string()))
    }
}

/// Writes one row, so that `/readyz` knows whether the database takes changes (O-08).
pub fn probe(tx: &mut Tx<'_>, now: crate::clock::Timestamp) -> Result<(), DbError> {
    use diesel::prelude::*;
    use schema::write_probe as t;
    on_backend!(&mut **tx, |c| diesel::update(t::table).set(t::written_at_ms.eq(now)).execute(c))?;
    Ok(())
}

/// The database's own clock; of SQLite, which has none, nothing.
pub fn now(conn: &mut Conn) -> Result<Option<crate::clock::Timestamp>, DbError> {
    use diesel::prelude::*;
    #[derive(QueryableByName)]
    struct Now {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        now_ms: i64,
    }
    let Conn::Pg(c) = conn else { return Ok(None) };
    let sql = "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT AS now_ms";
    let now: Now = diesel::sql_query(sql).get_result(c)?;
    Ok(Some(crate::clock::Timestamp(now.now_ms)))
}

/// Lets the file of a SQLite database grow to so many pages at most, on the connection of this
/// transaction, so that a test can fill the disk.
#[doc(hidden)]
pub fn limit_size_for_tests(tx: &mut Tx<'_>, pages: u32) -> Result<(), DbError> {
    use diesel::connection::SimpleConnection;
    match &mut **tx {
        Conn::Sqlite(c) => c.batch_execute(&format!("PRAGMA max_page_count = {pages}"))?,
        Conn::Pg(_) => {}
    }
    Ok(())
}

async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(_panicked) => Err(E::from(DbError::Panicked)),
    }
}

fn unwrap_failed<T, E: From<DbError>>(outcome: Result<T, Failed<E>>) -> Result<T, E> {
    outcome.map_err(|failed| match failed {
        Failed::Work(error) => error,
        Failed::Database(error) => E::from(error),
    })
}
