//! Migrations: up, down, up again; once, whoever starts together; never under a newer database.

use std::path::Path;
use std::sync::Barrier;

use rollcall::db::{Db, DbError, migrate};

use crate::testdb::{Engine, Raw, TestPlace};

/// Our tables, and none of the engine's or of diesel's.
fn tables(raw: &mut Raw) -> Vec<String> {
    let sql = match raw {
        Raw::Sqlite(_) => {
            "SELECT name AS value FROM sqlite_master WHERE type = 'table' \
             AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%diesel%' ORDER BY name"
        }
        Raw::Postgres(_) => {
            "SELECT tablename::TEXT AS value FROM pg_tables WHERE schemaname = 'public' \
             AND tablename NOT LIKE '%diesel%' ORDER BY tablename"
        }
    };
    raw.values(sql)
}

fn down_undoes_up(engine: Engine) {
    let Some(at) = TestPlace::empty(engine) else { return };
    let ran = migrate::run(&at.place).unwrap();
    assert!(!ran.is_empty());
    let before = tables(&mut at.raw());
    assert!(before.len() > 20, "{before:?}");
    assert!(migrate::run(&at.place).unwrap().is_empty(), "they ran a second time");
    migrate::revert_all(&at.place).unwrap();
    assert_eq!(tables(&mut at.raw()), Vec::<String>::new());
    assert_eq!(migrate::run(&at.place).unwrap(), ran);
    assert_eq!(tables(&mut at.raw()), before);
}

fn a_newer_database_is_refused(engine: Engine) {
    let Some(at) = TestPlace::migrated(engine) else { return };
    let unknown = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')";
    at.raw().run(unknown);
    let before = tables(&mut at.raw());
    let Err(DbError::Other(text)) = Db::open(&at.place).map(|_| ()) else { panic!("it opened") };
    assert!(text.contains("newer Rollcall"), "{text}");
    assert!(text.contains("29990101000000"), "{text}");
    assert_eq!(tables(&mut at.raw()), before);
}

fn a_migration_that_had_another_name_is_not_run_again(engine: Engine) {
    let Some(at) = TestPlace::migrated(engine) else { return };
    let name = |from: &str, to: &str| {
        format!("UPDATE __diesel_schema_migrations SET version = '{to}' WHERE version = '{from}'")
    };
    at.raw().run(&name("20261130000062", "20261130000072"));
    migrate::check(&at.place).unwrap();
    assert!(migrate::run(&at.place).unwrap().is_empty());
    let names = at.raw().values("SELECT version AS value FROM __diesel_schema_migrations");
    assert!(names.contains(&"20261130000062".to_owned()), "{names:?}");
    assert!(!names.contains(&"20261130000072".to_owned()), "{names:?}");
}

/// Undoes the migrations from this one on; which they were, oldest first.
fn undo_since(at: &TestPlace, first: &str) -> Vec<String> {
    let engine = match at.engine {
        Engine::Sqlite => "sqlite",
        Engine::Postgres => "postgres",
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
    let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.as_str() >= first);
    names.sort();
    for name in names.iter().rev() {
        at.raw().run(&std::fs::read_to_string(folder.join(name).join("down.sql")).unwrap());
    }
    let version = |name: &String| name.split('_').next().unwrap().replace('-', "");
    let versions: Vec<String> = names.iter().map(version).collect();
    let first = &versions[0];
    at.raw().run(&format!("DELETE FROM __diesel_schema_migrations WHERE version >= '{first}'"));
    versions
}

/// Seven events about somebody, and deliveries and attempts of the first five.
fn fill_deliveries(raw: &mut Raw) {
    raw.run(
        "INSERT INTO organizations (id, name, time_zone, allowed_providers, metadata, \
             created_at_ms, updated_at_ms) \
         VALUES ('o', 'Acme', 'Europe/London', '[]', '{}', 0, 0)",
    );
    raw.run(
        "INSERT INTO endpoints (id, endpoint_url, status, event_types, legacy_signs_with, \
             dispatched_number, failures, lease_epoch, created_at_ms, updated_at_ms) \
         VALUES ('e', 'https://x.example', 'enabled', '[]', 'new', 5, 0, 0, 0, 0)",
    );
    let events = [
        ("dsync.user.created", "active"),
        ("dsync.user.updated", "inactive"),
        ("dsync.user.updated", "active"),
        ("dsync.user.deleted", "active"),
        ("dsync.group.user_added", "inactive"),
        ("dsync.user.updated", "inactive"),
        ("dsync.user.updated", "active"),
    ];
    for (number, (event_type, state)) in (1..).zip(events) {
        raw.run(&format!(
            "INSERT INTO events (number, organization_id, event_type, lane, data, created_at_ms) \
             VALUES ({number}, 'o', '{event_type}', 'p', '{{\"state\":\"{state}\"}}', 0)"
        ));
    }
    for number in 1..=6 {
        let state = ["waiting", "waiting", "waiting", "waiting", "waiting", "dead"][number - 1];
        let event = number.min(5);
        raw.run(&format!(
            "INSERT INTO deliveries (endpoint_id, organization_id, delivery_trigger, \
                 event_number, event_type, lane, barrier, state, attempts, next_at_ms, \
                 last_attempt_at_ms, created_at_ms) \
             VALUES ('e', 'o', 'event', {event}, 'x', 'p', FALSE, '{state}', 1, 0, 7, 0)"
        ));
    }
    raw.run(
        "INSERT INTO delivery_attempts (delivery_number, attempted_at_ms, duration_ms) \
         VALUES (1, 7, 1), (2, 7, 1)",
    );
    raw.run("DELETE FROM deliveries WHERE number = 6");
}

/// Deliveries and their attempts survive their table's change, no number is given twice, and the
/// end of access that waits may overtake.
fn a_04_deliveries_survive_the_upgrade(engine: Engine) {
    let Some(at) = TestPlace::migrated(engine) else { return };
    let undone = undo_since(&at, "2026-11-30-000090");
    fill_deliveries(&mut at.raw());
    assert_eq!(migrate::run(&at.place).unwrap(), undone);
    let mut raw = at.raw();
    let rows = "SELECT number || ' ' || state || ' ' || ends_access || ' ' || refused_since_ms \
                AS value FROM deliveries ORDER BY number";
    let (no, yes) = match engine {
        Engine::Sqlite => ("0", "1"),
        Engine::Postgres => ("false", "true"),
    };
    let ends = [no, yes, no, yes, no];
    let expected: Vec<String> =
        (1..).zip(ends).map(|(number, ends)| format!("{number} waiting {ends} 7")).collect();
    assert_eq!(raw.values(rows), expected);
    // Of the events only those count that are still to be delivered.
    let events = "SELECT CAST(number AS TEXT) AS value FROM events WHERE ends_access";
    assert_eq!(raw.values(events), ["6"]);
    let attempts =
        "SELECT CAST(delivery_number AS TEXT) AS value FROM delivery_attempts ORDER BY 1";
    assert_eq!(raw.values(attempts), ["1", "2"]);
    raw.run(
        "INSERT INTO deliveries (endpoint_id, delivery_trigger, event_type, lane, barrier, state, \
             attempts, next_at_ms, created_at_ms) \
         VALUES ('e', 'test', 'x', 'test', FALSE, 'overtaken', 0, 0, 0)",
    );
    let newest = "SELECT CAST(MAX(number) AS TEXT) AS value FROM deliveries";
    assert_eq!(raw.values(newest), ["7"]);
}

fn those_who_start_together_migrate_once(engine: Engine) {
    // On SQLite it is the switch to WAL that only sometimes meets another.
    let rounds = if engine == Engine::Sqlite { 20 } else { 3 };
    for _ in 0..rounds {
        let Some(at) = TestPlace::empty(engine) else { return };
        let start = Barrier::new(4);
        let ran: Vec<Vec<String>> = std::thread::scope(|scope| {
            let one = || {
                start.wait();
                migrate::run(&at.place).unwrap()
            };
            let all: Vec<_> = (0..4).map(|_| scope.spawn(one)).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(ran.iter().filter(|ran| !ran.is_empty()).count(), 1, "{ran:?}");
        let sql = "SELECT CAST(last_number AS TEXT) AS value FROM event_sequence";
        assert_eq!(at.raw().values(sql), ["0"]);
    }
}

macro_rules! on_both_places {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[test]
            fn sqlite() {
                super::$name(super::Engine::Sqlite);
            }

            #[test]
            fn postgres() {
                super::$name(super::Engine::Postgres);
            }
        }
    )+};
}

on_both_places!(down_undoes_up, a_newer_database_is_refused);
on_both_places!(those_who_start_together_migrate_once);
on_both_places!(a_migration_that_had_another_name_is_not_run_again);
on_both_places!(a_04_deliveries_survive_the_upgrade);
