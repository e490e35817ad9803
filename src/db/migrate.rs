//! Migrations: embedded in the binary, run once, under a lock, refused when the database is newer.

use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use diesel::connection::SimpleConnection;
use diesel::migration::MigrationVersion;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::db::canonical;
use crate::db::conn::{Conn, on_backend};
use crate::db::error::DbError;
use crate::db::fingerprint;
use crate::db::pool::{Place, Use};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Any fixed number: it only has to be ours among the database's advisory locks.
const MIGRATION_LOCK: i64 = 0x726f_6c6c_6361_6c6c;

/// A migration of a large table takes its time, and so does waiting for somebody else's.
const SQLITE_PATIENCE: &str = "PRAGMA busy_timeout = 600000;";
const PG_PATIENCE: &str = "SET statement_timeout = 0; SET lock_timeout = 0;";

/// Brings the database up to this version; returns the names of what was run. Two processes that
/// start together do not disturb each other: the second waits, on SQLite for the one transaction in
/// which all migrations run, on PostgreSQL for a lock. What earlier versions stored in other forms
/// is then brought to today's (`db::canonical`).
pub fn run(place: &Place) -> Result<Vec<String>, DbError> {
    let mut conn = place.connect(Use::Write)?;
    let ran = match &mut conn {
        Conn::Sqlite(c) => {
            c.batch_execute(SQLITE_PATIENCE)?;
            conn.transaction(run_pending)?
        }
        Conn::Pg(c) => {
            c.batch_execute(PG_PATIENCE)?;
            // The lock ends with the connection.
            sql_query("SELECT pg_advisory_lock($1)")
                .bind::<BigInt, _>(MIGRATION_LOCK)
                .execute(c)?;
            run_pending(&mut conn)?
        }
    };
    canonical::bring(&mut conn)?;
    Ok(ran)
}

fn run_pending(conn: &mut Conn) -> Result<Vec<String>, DbError> {
    use_landed_name(conn)?;
    // Diesel's own way to look would first make its table, which needs the right to make tables.
    if applied(conn)?.is_empty() {
        fingerprint::refuse_foreign(conn)?;
    }
    let is_pending = is_pending(conn)?;
    if !is_pending {
        fingerprint::check(conn)?;
        return Ok(Vec::new());
    }
    let ran = match conn {
        Conn::Sqlite(c) => c.run_pending_migrations(SQLITE).map(names),
        Conn::Pg(c) => c.run_pending_migrations(POSTGRES).map(names),
    }
    .map_err(|error| DbError::Other(format!("a migration failed: {error}")))?;
    fingerprint::check(conn)?;
    Ok(ran)
}

/// Whether migrations are missing in a database. One that a newer Rollcall has migrated is not
/// touched.
fn is_pending(conn: &mut Conn) -> Result<bool, DbError> {
    let (applied, known) = (applied(conn)?, known_versions());
    if let Some(version) = applied.iter().find(|version| !known.contains(version)) {
        return Err(DbError::Other(format!(
            "this database was made by a newer Rollcall (it has migration {version}); \
             start that version or a later one"
        )));
    }
    Ok(known.iter().any(|version| !applied.contains(version)))
}

/// Whether there is nothing yet where the data is to be.
pub fn is_new(place: &Place) -> Result<bool, DbError> {
    if matches!(place, Place::Sqlite(path) if !path.exists()) {
        return Ok(true);
    }
    Ok(applied(&mut place.connect(Use::Read)?)?.is_empty())
}

/// Refuses a database that is not there, or that is not of this version, for those who do not
/// migrate.
pub fn check(place: &Place) -> Result<(), DbError> {
    let missing = "there is no database of this version of Rollcall yet; run `rollcall migrate` or \
                   `rollcall serve` first";
    if let Place::Sqlite(path) = place
        && !path.exists()
    {
        return Err(DbError::Other(missing.to_owned()));
    }
    let mut conn = place.connect(Use::Read)?;
    if is_pending(&mut conn)? {
        return Err(DbError::Other(missing.to_owned()));
    }
    fingerprint::check(&mut conn)
}

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Text)]
    value: String,
}

/// One migration under two names: the one under which it landed, and one that it had in between.
const LANDED_AND_OTHER: (&str, &str) = ("20261130000062", "20261130000072");

/// Gives the migration that once had another name its own one.
fn use_landed_name(conn: &mut Conn) -> Result<(), DbError> {
    let (landed, other) = LANDED_AND_OTHER;
    if recorded(conn)?.iter().any(|version| version == other) {
        let rename = format!(
            "UPDATE __diesel_schema_migrations SET version = '{landed}' WHERE version = '{other}'"
        );
        on_backend!(conn, |c| sql_query(rename).execute(c))?;
    }
    Ok(())
}

/// The versions of the migrations that were run, each by the name under which it landed.
fn applied(conn: &mut Conn) -> Result<Vec<String>, DbError> {
    let (landed, other) = LANDED_AND_OTHER;
    let name = |version: String| if version == other { landed.to_owned() } else { version };
    Ok(recorded(conn)?.into_iter().map(name).collect())
}

fn recorded(conn: &mut Conn) -> Result<Vec<String>, DbError> {
    let has_table = match conn {
        Conn::Sqlite(_) => {
            "SELECT name AS value FROM sqlite_master WHERE name = '__diesel_schema_migrations'"
        }
        Conn::Pg(_) => {
            "SELECT 'yes' AS value WHERE to_regclass('__diesel_schema_migrations') IS NOT NULL"
        }
    };
    let found: Vec<Value> = on_backend!(conn, |c| sql_query(has_table).load(c))?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let versions = "SELECT version AS value FROM __diesel_schema_migrations";
    let rows: Vec<Value> = on_backend!(conn, |c| sql_query(versions).load(c))?;
    Ok(rows.into_iter().map(|row| row.value).collect())
}

/// Undoes every migration; for tests of the `down.sql` files.
pub fn revert_all(place: &Place) -> Result<(), DbError> {
    let mut conn = place.connect(Use::Write)?;
    match &mut conn {
        Conn::Sqlite(c) => c.revert_all_migrations(SQLITE).map(|_| ()),
        Conn::Pg(c) => c.revert_all_migrations(POSTGRES).map(|_| ()),
    }
    .map_err(|error| DbError::Other(format!("a migration could not be undone: {error}")))
}

fn names(versions: Vec<MigrationVersion<'_>>) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}

fn known_versions() -> Vec<String> {
    use diesel::migration::{Migration, MigrationSource};
    let migrations: Vec<Box<dyn Migration<diesel::sqlite::Sqlite>>> =
        SQLITE.migrations().unwrap_or_default();
    migrations.iter().map(|migration| migration.name().version().to_string()).collect()
}
