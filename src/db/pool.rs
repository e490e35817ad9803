//! Opening connections: the URL's scheme, the settings of a session, and the pool.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::r2d2::{ManageConnection, Pool};
use diesel::{Connection, PgConnection, SqliteConnection};

use crate::db::conn::{Conn, on_backend};
use crate::db::error::DbError;
use crate::db::presence::Presence;
use crate::limits;
use crate::secret::Secret;

/// Where the data is.
#[derive(Debug, Clone)]
pub enum Place {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL URL; secret, because it can hold a password.
    Postgres(Secret),
}

/// What a connection will be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Reading only; SQLite refuses to write on such a connection.
    Read,
    /// Reading and writing.
    Write,
}

/// WAL with FULL: a commit has reached the disk before anybody is told of it. The other values are
/// measured (docs/adr/0004): larger checkpoints halve the slowest writes.
const SQLITE_SESSION: &str = "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
     PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 4000; \
     PRAGMA journal_size_limit = 67108864;";

/// A commit waits for the disk (and for a synchronous standby, where there is one). Compiling a
/// query takes longer than any of ours runs.
const PG_SESSION: &str = "SET synchronous_commit = on; SET statement_timeout = '60s'; \
     SET lock_timeout = '20s'; SET idle_in_transaction_session_timeout = '60s'; \
     SET timezone = 'UTC'; SET jit = off; SET client_min_messages = warning;";

impl Place {
    /// Opens one connection and sets its session up.
    pub(crate) fn connect(&self, usage: Use) -> Result<Conn, DbError> {
        match self {
            Self::Sqlite(path) => sqlite(path, usage),
            Self::Postgres(url) => {
                let mut conn = PgConnection::establish(with_time_limits(url).reveal())
                    .map_err(|error| DbError::Away(error.to_string()))?;
                conn.batch_execute(PG_SESSION)?;
                Ok(Conn::Pg(conn))
            }
        }
    }
}

/// Adds bounds on connecting and on silence of the network, unless the operator has set them: a
/// server that is not there must not hold a request for minutes.
fn with_time_limits(url: &Secret) -> Secret {
    let mut text = url.reveal().to_owned();
    let bounds = [
        ("connect_timeout", limits::PG_CONNECT_SECONDS_MAX),
        ("tcp_user_timeout", limits::PG_SILENT_MS_MAX),
        ("keepalives_idle", limits::PG_CONNECT_SECONDS_MAX),
        ("keepalives_interval", limits::PG_CONNECT_SECONDS_MAX),
        ("keepalives_count", 3),
    ];
    for (name, value) in bounds {
        if !text.contains(&format!("{name}=")) {
            let mark = if text.contains('?') { '&' } else { '?' };
            text = format!("{text}{mark}{name}={value}");
        }
    }
    Secret::new(text)
}

/// Only the first connection of a file changes anything here. Of several that try at once, SQLite
/// makes one wait and refuses the others at once, so these wait for their turn to write instead.
fn use_wal(conn: &mut SqliteConnection) -> Result<(), DbError> {
    conn.batch_execute("PRAGMA busy_timeout = 5000;")?;
    for _ in 1..limits::WAL_TRIES_MAX {
        match conn.batch_execute("PRAGMA journal_mode = WAL;").map_err(DbError::from) {
            Err(DbError::Unavailable(_)) => conn.batch_execute("BEGIN EXCLUSIVE; COMMIT;")?,
            outcome => return outcome,
        }
    }
    Ok(conn.batch_execute("PRAGMA journal_mode = WAL;")?)
}

/// A new file is its owner's alone from the beginning (O-07); what SQLite writes beside it has the
/// same mode.
fn make_for_owner(path: &Path) {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    if let Err(error) = made
        && error.kind() != std::io::ErrorKind::AlreadyExists
    {
        // SQLite says in its own words why the file cannot be opened.
        tracing::debug!(error = %error, "the database file could not be made");
    }
}

fn sqlite(path: &Path, usage: Use) -> Result<Conn, DbError> {
    if usage == Use::Write {
        make_for_owner(path);
    }
    let mut conn = SqliteConnection::establish(&path.to_string_lossy())
        .map_err(|error| DbError::Away(error.to_string()))?;
    use_wal(&mut conn)?;
    conn.batch_execute(SQLITE_SESSION)?;
    if usage == Use::Read {
        conn.batch_execute("PRAGMA query_only = ON;")?;
    }
    Ok(Conn::Sqlite(conn))
}

/// Makes connections for the pool.
#[derive(Debug)]
pub(crate) struct Manager {
    pub(crate) place: Place,
    pub(crate) usage: Use,
    pub(crate) presence: Arc<Presence>,
}

impl ManageConnection for Manager {
    type Connection = Conn;
    type Error = DbError;

    fn connect(&self) -> Result<Conn, DbError> {
        self.place.connect(self.usage).inspect_err(|error| self.presence.lost(&error.to_string()))
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), DbError> {
        on_backend!(conn, |c| c.batch_execute("SELECT 1"))?;
        Ok(())
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        conn.depth() != Some(0)
    }
}

/// A pool of connections that opens them as they are needed.
pub(crate) fn pool(
    place: &Place,
    usage: Use,
    presence: Arc<Presence>,
) -> Result<Pool<Manager>, DbError> {
    Pool::builder()
        .max_size(limits::POOL_CONNECTIONS_MAX)
        .min_idle(Some(1))
        // Beginning the transaction shows whether it is alive ([`Conn::begin`]).
        .test_on_check_out(false)
        .connection_timeout(Duration::from_millis(limits::POOL_WAIT_MS_MAX))
        .error_handler(Box::new(diesel::r2d2::NopErrorHandler))
        .build(Manager { place: place.clone(), usage, presence })
        .map_err(DbError::from)
}
