//! Databases of earlier versions, as their own binaries left them, are brought up to this one and
//! keep everything (O-12). See tests/fixtures/README.md.

use std::collections::BTreeMap;

use rollcall::db::{Db, migrate};

use crate::testdb::{Engine, Raw, TestPlace, fixtures};

/// How many rows each of these tables has.
fn counts(raw: &mut Raw, tables: &[String]) -> BTreeMap<String, String> {
    let count = |table: &String| {
        let sql = format!("SELECT CAST(COUNT(*) AS TEXT) AS value FROM {table}");
        (table.clone(), raw.values(&sql).remove(0))
    };
    tables.iter().map(count).collect()
}

fn tables(raw: &mut Raw) -> Vec<String> {
    raw.values(match raw {
        Raw::Sqlite(_) => {
            "SELECT name AS value FROM sqlite_master WHERE type = 'table' \
             AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%diesel%' ORDER BY name"
        }
        Raw::Postgres(_) => {
            "SELECT tablename::TEXT AS value FROM pg_tables WHERE schemaname = 'public' \
             AND tablename NOT LIKE '%diesel%' ORDER BY tablename"
        }
    })
}

/// Tables, columns, types and indexes, in an order that does not depend on when they were added.
fn structure(raw: &mut Raw) -> Vec<String> {
    raw.values(match raw {
        Raw::Sqlite(_) => {
            "SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c.\"notnull\" AS value \
             FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' \
             UNION ALL SELECT 'index ' || name FROM sqlite_master WHERE type = 'index' \
             ORDER BY 1"
        }
        Raw::Postgres(_) => {
            "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable \
             AS value FROM information_schema.columns WHERE table_schema = 'public' \
             UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' \
             ORDER BY 1"
        }
    })
}

fn o_12_a_database_of_an_earlier_version_keeps_everything(engine: Engine) {
    let versions = fixtures();
    assert!(!versions.is_empty(), "there are no fixtures");
    for version in versions {
        let Some(at) = TestPlace::of_version(engine, &version) else { return };
        let before = tables(&mut at.raw());
        let had = counts(&mut at.raw(), &before);
        assert!(had.values().filter(|count| *count != "0").count() > 15, "{version}: {had:?}");
        migrate::run(&at.place).unwrap();
        assert_eq!(counts(&mut at.raw(), &before), had, "{version} lost rows");
        assert!(migrate::run(&at.place).unwrap().is_empty(), "{version} was migrated twice");
        let fresh = TestPlace::migrated(engine).unwrap();
        assert_eq!(structure(&mut at.raw()), structure(&mut fresh.raw()), "{version}");
        Db::open(&at.place).unwrap();
    }
}

mod o_12_a_database_of_an_earlier_version {
    #[test]
    fn sqlite() {
        super::o_12_a_database_of_an_earlier_version_keeps_everything(super::Engine::Sqlite);
    }

    #[test]
    fn postgres() {
        super::o_12_a_database_of_an_earlier_version_keeps_everything(super::Engine::Postgres);
    }
}
