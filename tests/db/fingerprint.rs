//! The columns that this version's migrations make are the ones that a database is held against
//! (O-12).

use rollcall::db::fingerprint;

use crate::testdb::{Engine, TestDb, on_both};

on_both!(the_fingerprint_is_what_the_migrations_make);

async fn the_fingerprint_is_what_the_migrations_make(t: TestDb) {
    let columns = t.db.read(fingerprint::columns).await.unwrap();
    let file = match t.at.engine {
        Engine::Sqlite => "fingerprint_sqlite.txt",
        Engine::Postgres => "fingerprint_postgres.txt",
    };
    let path = format!("{}/src/db/{file}", env!("CARGO_MANIFEST_DIR"));
    // With this set, the files are written anew after a migration was added.
    if std::env::var_os("ROLLCALL_WRITE_FINGERPRINTS").is_some() {
        std::fs::write(&path, columns.join("\n") + "\n").unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    let kept: Vec<&str> = kept.lines().collect();
    assert_eq!(columns, kept, "{path}: set ROLLCALL_WRITE_FINGERPRINTS to write it");
    assert!(columns.len() > 200);
}
