//! Migrations: up, down, up again; once, whoever starts together; never under a newer database.

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
