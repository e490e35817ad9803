//! Migrations: embedded in the binary, run once, under a lock, refused when the database is newer.

use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use diesel::connection::SimpleConnection;
use diesel::migration::MigrationVersion;
use diesel::sql_types::BigInt;
use diesel::{RunQueryDsl, sql_query};

use crate::db::canonical;
use crate::db::conn::{Conn, on_backend};
use crate::db::error::DbError;
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
    refuse_newer(conn)?;
    match conn {
        Conn::Sqlite(c) => c.run_pending_migrations(SQLITE).map(names),
        Conn::Pg(c) => c.run_pending_migrations(POSTGRES).map(names),
    }
    .map_err(|error| DbError::Other(format!("a migration failed: {error}")))
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

/// A database that a newer Rollcall has migrated is not touched.
fn refuse_newer(conn: &mut Conn) -> Result<(), DbError> {
    let applied = on_backend!(conn, |c| c.applied_migrations())
        .map_err(|error| DbError::Other(format!("the migrations can not be read: {error}")))?;
    let known = known_versions();
    match applied.iter().map(ToString::to_string).find(|version| !known.contains(version)) {
        Some(version) => Err(DbError::Other(format!(
            "this database was made by a newer Rollcall (it has migration {version}); \
             start that version or a later one"
        ))),
        None => Ok(()),
    }
}

fn known_versions() -> Vec<String> {
    use diesel::migration::{Migration, MigrationSource};
    let migrations: Vec<Box<dyn Migration<diesel::sqlite::Sqlite>>> =
        SQLITE.migrations().unwrap_or_default();
    migrations.iter().map(|migration| migration.name().version().to_string()).collect()
}
