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

/// Everything that the upgrade may bring to another form.
fn texts(raw: &mut Raw) -> BTreeMap<&'static str, Vec<String>> {
    let queries = [
        (
            "accounts",
            "SELECT external_id || ' ' || email || ' ' || COALESCE(email_norm, '-') AS value \
             FROM accounts WHERE external_id IS NOT NULL ORDER BY id",
        ),
        ("admins", "SELECT email || ' ' || email_norm AS value FROM admins ORDER BY id"),
        (
            "problems",
            "SELECT COALESCE(a.external_id, '-') || ' ' || COALESCE(o.external_id, '-') AS value \
             FROM account_problems p JOIN accounts a ON a.id = p.account_id \
             JOIN accounts o ON o.id = p.owner_account_id ORDER BY 1",
        ),
        (
            "people",
            "SELECT external_key || ' ' || COALESCE(email_norm, '-') || ' ' || record AS value \
             FROM directory_users ORDER BY id",
        ),
        (
            "units",
            "SELECT name || ' ' || name_norm || ' ' || COALESCE(merges_into, '-') AS value \
             FROM catalogue_entries ORDER BY id",
        ),
    ];
    queries.map(|(name, sql)| (name, raw.values(sql))).into_iter().collect()
}

fn s_18_what_is_stored_is_brought_to_one_form(engine: Engine) {
    let Some(at) = TestPlace::of_version(engine, "0.1") else { return };
    migrate::run(&at.place).unwrap();
    let after = texts(&mut at.raw());
    let account = |number: usize| {
        let start = format!("app-{number} ");
        after["accounts"].iter().find_map(|it| it.strip_prefix(&start)).unwrap_or_default()
    };
    let muller = "ann@xn--mller-kva.example";
    assert_eq!(account(0), format!("{muller} {muller}"));
    assert_eq!(account(1), format!("{muller} -"), "the younger has no address of its own");
    let tomas = "tom\u{e1}s@acme.example";
    assert_eq!(account(2), format!("{tomas} {tomas}"));
    assert_eq!(account(3), format!("{tomas} -"));
    assert_eq!(account(4), "jo@acme.example jo@acme.example");
    assert_eq!(account(5), "jo@acme.example\u{200b} jo@acme.example\u{200b}");
    assert_eq!(account(6), "gro\u{df}@acme.example gro\u{df}@acme.example");
    assert_eq!(account(7), "gross@acme.example gross@acme.example");
    assert_eq!(account(8), "sam@acme.example sam@acme.example");
    assert_eq!(account(9), "kim@acme.example kim@acme.example");
    let noted = &after["problems"];
    for pair in ["app-1 app-0", "app-3 app-2", "app-5 app-4"] {
        assert!(noted.iter().any(|it| it == pair), "{pair} in {noted:?}");
    }
    assert!(after["admins"].iter().any(|it| it.starts_with("leitung@xn--mller-kva.example")));
    for person in &after["people"] {
        let key = person.split(' ').next().unwrap();
        assert!(!key.contains(['{', '}']) && key == key.to_lowercase(), "{key}");
        assert!(!person.contains(['\u{200b}', '\u{200e}']), "{person}");
        let is_guid = key.len() >= 32;
        assert!(!is_guid || key.matches('-').count() == 4, "{key}");
    }
    let merged = after["units"].iter().filter(|it| !it.ends_with(" -")).count();
    assert!(merged > 0, "departments in two spellings: {:?}", after["units"]);
    // Killed and begun again, it comes to the same.
    at.raw().run("DELETE FROM upgrade_steps");
    migrate::run(&at.place).unwrap();
    assert_eq!(texts(&mut at.raw()), after);
    Db::open(&at.place).unwrap();
}

mod s_18_what_is_stored_is_brought_to_one_form {
    #[test]
    fn sqlite() {
        super::s_18_what_is_stored_is_brought_to_one_form(super::Engine::Sqlite);
    }

    #[test]
    fn postgres() {
        super::s_18_what_is_stored_is_brought_to_one_form(super::Engine::Postgres);
    }
}
