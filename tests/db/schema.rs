//! Both databases have the same tables, and `src/db/schema.rs` says so.

use std::collections::BTreeSet;
use std::path::Path;

use crate::testdb::{Engine, Raw, TestPlace};

/// Tables that belong to no organization, each with its reason.
const OF_NOBODY: &[(&str, &str)] = &[
    ("clock_belief", "since when the clock has gone on without a jump"),
    ("write_probe", "whether the database takes changes"),
    ("upgrade_steps", "how far an upgrade of the whole database has come"),
    ("organizations", "is what the others point to"),
    ("api_keys", "a key is the application's, for all of its customers"),
    ("data_keys", "keys of the installation"),
    ("event_sequence", "one order over all events"),
    ("shared_paces", "a limit that an HR system sets for the whole installation"),
    ("endpoints", "where the operator's application is told; of all customers"),
    ("operator_sessions", "a visit of the operator, who sees all customers"),
    ("endpoint_secrets", "part of an endpoint"),
    ("deliveries", "a test is nobody's; the others name the organization"),
    ("delivery_attempts", "part of a delivery"),
    ("idempotent_answers", "belong to the caller, whoever it asked about; a day old at most"),
];

type Lines = BTreeSet<String>;

fn values(raw: &mut Raw, sqlite: &str, postgres: &str) -> Vec<String> {
    let sql = match raw {
        Raw::Sqlite(_) => sqlite,
        Raw::Postgres(_) => postgres,
    };
    raw.values(sql)
}

/// `table.column Type`, with `?` behind the type where NULL is allowed.
fn columns(raw: &mut Raw) -> Lines {
    let found = values(
        raw,
        "SELECT t.name || '.' || c.name || ' ' || \
             CASE WHEN c.type = 'INTEGER' AND t.sql LIKE '%AUTOINCREMENT%' THEN 'BigInt' \
             ELSE CASE c.type WHEN 'TEXT' THEN 'Text' WHEN 'BIGINT' THEN 'BigInt' \
                 WHEN 'BOOLEAN' THEN 'Bool' WHEN 'BLOB' THEN 'Binary' \
                 WHEN 'INTEGER' THEN 'Integer' ELSE c.type END END || \
             CASE c.\"notnull\" WHEN 1 THEN '' ELSE '?' END AS value \
         FROM sqlite_master t JOIN pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '%diesel%'",
        "SELECT c.table_name || '.' || c.column_name || ' ' || \
             CASE c.data_type WHEN 'text' THEN 'Text' WHEN 'bigint' THEN 'BigInt' \
                 WHEN 'boolean' THEN 'Bool' WHEN 'bytea' THEN 'Binary' \
                 WHEN 'integer' THEN 'Integer' ELSE c.data_type END || \
             CASE c.is_nullable WHEN 'NO' THEN '' ELSE '?' END AS value \
         FROM information_schema.columns c \
         WHERE c.table_schema = 'public' AND c.table_name NOT LIKE '%diesel%'",
    );
    found.into_iter().collect()
}

/// `key table(a,b)` for primary keys, `unique table(a,b)`, and `index table(a,b)` with its name.
fn indexes(raw: &mut Raw) -> Lines {
    let found = values(
        raw,
        "SELECT 'key ' || t.name || '(' || group_concat(c.name, ',') || ')' AS value \
         FROM sqlite_master t JOIN pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '%diesel%' \
             AND c.pk > 0 GROUP BY t.name \
         UNION ALL \
         SELECT CASE i.origin WHEN 'u' THEN 'unique ' ELSE i.name || ' ' END || t.name || '(' || \
             (SELECT group_concat(name, ',') \
              FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) || ')' \
         FROM sqlite_master t JOIN pragma_index_list(t.name) i \
         WHERE t.type = 'table' AND t.name NOT LIKE '%diesel%' AND i.origin <> 'pk'",
        "SELECT CASE WHEN i.indisprimary THEN 'key ' WHEN i.indisunique THEN 'unique ' \
             ELSE n.relname || ' ' END || t.relname || '(' || \
             (SELECT string_agg(a.attname, ',' ORDER BY k.place) \
              FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place) \
              JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum) || ')' AS value \
         FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid \
         JOIN pg_class n ON n.oid = i.indexrelid \
         WHERE t.relnamespace = 'public'::regnamespace AND t.relname NOT LIKE '%diesel%'",
    );
    found.into_iter().collect()
}

/// `table.column -> table.column ACTION`.
fn foreign_keys(raw: &mut Raw) -> Lines {
    let found = values(
        raw,
        "SELECT t.name || '.' || f.\"from\" || ' -> ' || f.\"table\" || '.' || f.\"to\" || ' ' || \
             f.on_delete AS value \
         FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table'",
        "SELECT t.relname || '.' || a.attname || ' -> ' || o.relname || '.' || b.attname || ' ' || \
             CASE f.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' \
                 WHEN 'a' THEN 'NO ACTION' ELSE f.confdeltype::TEXT END AS value \
         FROM pg_constraint f JOIN pg_class t ON t.oid = f.conrelid \
         JOIN pg_class o ON o.oid = f.confrelid \
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = f.conkey[1] \
         JOIN pg_attribute b ON b.attrelid = o.oid AND b.attnum = f.confkey[1] \
         WHERE f.contype = 'f'",
    );
    found.into_iter().collect()
}

/// `table word,word` for each rule about the words of a column.
fn checks(raw: &mut Raw) -> Lines {
    let found = values(
        raw,
        "SELECT name || ' ' || sql AS value FROM sqlite_master \
         WHERE type = 'table' AND sql LIKE '%CHECK (%'",
        "SELECT t.relname || ' CHECK ' || pg_get_constraintdef(k.oid) AS value \
         FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid \
         WHERE k.contype = 'c' AND t.relnamespace = 'public'::regnamespace",
    );
    let mut lines = Lines::new();
    for text in found {
        let (table, rules) = text.split_once(' ').unwrap();
        for rule in rules.split("CHECK (").skip(1) {
            let end = if matches!(raw, Raw::Sqlite(_)) { ")\0" } else { "\0" };
            let rule = rule.replace("))", ")\0");
            let rule = rule.split(end).next().unwrap();
            let words: Vec<&str> = rule.split('\'').skip(1).step_by(2).collect();
            lines.insert(format!("{table} {}", words.join(",")));
        }
    }
    lines
}

fn engines() -> impl Iterator<Item = (Engine, Raw, TestPlace)> {
    let migrated = |engine| TestPlace::migrated(engine).map(|at| (engine, at.raw(), at));
    [Engine::Sqlite, Engine::Postgres].into_iter().filter_map(migrated)
}

fn assert_same(what: &str, a: &Lines, b: &Lines) {
    let difference: Vec<&String> = a.symmetric_difference(b).collect();
    assert!(!a.is_empty() && difference.is_empty(), "{what}: {difference:#?}");
}

/// What `src/db/schema.rs` says: its columns, and its primary keys as `key table(a,b)`.
fn declared() -> (Lines, Lines) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/db/schema.rs");
    let (mut columns, mut keys, mut table) = (Lines::new(), Lines::new(), String::new());
    for line in std::fs::read_to_string(path).unwrap().lines().map(str::trim) {
        if let Some((name, key)) = line.strip_suffix(") {").and_then(|l| l.split_once(" (")) {
            name.clone_into(&mut table);
            keys.insert(format!("key {table}({})", key.replace(", ", ",")));
        } else if let Some((name, kind)) = line.trim_end_matches(',').split_once(" -> ") {
            let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
            let kind = inner.map_or(kind.to_owned(), |inner| format!("{inner}?"));
            if !name.contains("joinable") {
                columns.insert(format!("{table}.{name} {kind}"));
            }
        }
    }
    (columns, keys)
}

#[test]
fn each_database_has_the_tables_that_the_code_expects() {
    let (expected, expected_keys) = declared();
    assert!(expected.len() > 150, "{}", expected.len());
    for (engine, mut raw, _at) in engines() {
        assert_same(&format!("{engine:?}"), &expected, &columns(&mut raw));
        let is_key = |line: &String| line.starts_with("key ");
        let keys = indexes(&mut raw).into_iter().filter(is_key).collect();
        assert_same(&format!("{engine:?}"), &expected_keys, &keys);
    }
}

#[test]
fn both_databases_have_the_same_rules() {
    let mut all: Vec<_> = engines().collect();
    let [(_, lite, _), (_, pg, _)] = &mut all[..] else { return };
    assert_same("columns", &columns(lite), &columns(pg));
    assert_same("indexes and unique rules", &indexes(lite), &indexes(pg));
    assert_same("foreign keys", &foreign_keys(lite), &foreign_keys(pg));
    assert_same("words", &checks(lite), &checks(pg));
}

#[test]
fn every_table_belongs_to_an_organization_and_goes_with_it() {
    for (engine, mut raw, _at) in engines() {
        let columns = columns(&mut raw);
        let foreign_keys = foreign_keys(&mut raw);
        let tables: BTreeSet<&str> =
            columns.iter().filter_map(|line| Some(line.split_once('.')?.0)).collect();
        for table in tables {
            let required = columns.contains(&format!("{table}.organization_id Text"));
            let nobodys = OF_NOBODY.iter().any(|(name, _)| *name == table);
            assert!(required != nobodys, "{engine:?}: {table}");
            let named = columns.iter().any(|c| c.starts_with(&format!("{table}.organization_id ")));
            let rule = format!("{table}.organization_id -> organizations.id CASCADE");
            assert_eq!(named, foreign_keys.contains(&rule), "{engine:?}: {table}");
        }
        let others = foreign_keys.iter().filter(|line| line.contains("-> organizations."));
        assert!(others.clone().all(|line| line.ends_with(" CASCADE")), "{engine:?}");
    }
}

#[test]
fn text_is_compared_by_bytes_on_postgres() {
    let Some(at) = TestPlace::migrated(Engine::Postgres) else { return };
    let others = "SELECT c.table_name || '.' || c.column_name AS value \
                  FROM information_schema.columns c \
                  WHERE c.table_schema = 'public' AND c.data_type = 'text' \
                  AND c.table_name NOT LIKE '%diesel%' AND c.collation_name IS DISTINCT FROM 'C'";
    assert_eq!(at.raw().values(others), Vec::<String>::new());
}

/// `.cargo/config.toml` says why. A build that does not read it works, but slower.
#[test]
fn sqlite_is_built_in_as_the_configuration_says() {
    let at = TestPlace::empty(Engine::Sqlite).expect("SQLite is built in");
    let options = "SELECT compile_options AS value FROM pragma_compile_options";
    let options = at.raw().values(options);
    assert!(options.iter().any(|option| option.starts_with("THREADSAFE")), "{options:?}");
    for without in ["ENABLE_STAT4", "ENABLE_MEMORY_MANAGEMENT"] {
        assert!(!options.iter().any(|option| option == without), "{without} in {options:?}");
    }
}
