//! The documents say what the code says: every limit with its value, and the same migrations for
//! both databases.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::{assert_none, assert_one, root};

/// The value of a product of whole numbers such as `64 * 1024`.
fn evaluate(expression: &str) -> Option<u128> {
    expression.split('*').map(|part| part.trim().replace('_', "").parse::<u128>().ok()).product()
}

fn check_limits(code: &str, document: &str) -> Vec<String> {
    let mut declared = BTreeMap::new();
    let mut meanings = BTreeMap::new();
    let mut meaning = Vec::new();
    for line in code.lines() {
        meaning.extend(line.strip_prefix("/// "));
        let Some(line) = line.strip_prefix("pub const ") else { continue };
        let (name, rest) = line.split_once(':').unwrap();
        let (_, expression) = rest.split_once('=').unwrap();
        declared.insert(name.trim(), expression.trim().trim_end_matches(';'));
        meanings.insert(name.trim(), std::mem::take(&mut meaning).join(" "));
    }
    let mut complaints = Vec::new();
    let mut documented = BTreeSet::new();
    for row in document.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, value, meaning] = cells[..] else {
            complaints.push(format!("docs/LIMITS.md: not three cells: {row}"));
            continue;
        };
        let name = name.trim_matches('`');
        if !documented.insert(name) {
            complaints.push(format!("docs/LIMITS.md: {name} is there twice"));
        }
        if meaning.is_empty() {
            complaints.push(format!("docs/LIMITS.md: {name} has no meaning"));
        }
        let Some(expression) = declared.get(name) else {
            complaints.push(format!("docs/LIMITS.md: {name} is not in src/limits.rs"));
            continue;
        };
        let value = value.trim_matches('`').replace(',', "");
        let same = evaluate(&value).is_some_and(|value| Some(value) == evaluate(expression));
        if !same && value != *expression {
            complaints.push(format!("docs/LIMITS.md: {name} is {value}, in code {expression}"));
        }
    }
    for (name, expression) in declared.iter().filter(|(name, _)| !documented.contains(*name)) {
        let row = format!("| `{name}` | `{expression}` | {} |", meanings[name]);
        complaints.push(format!("docs/LIMITS.md: {name} is missing; add {row}"));
    }
    complaints
}

#[test]
fn the_document_of_the_limits_says_what_the_code_says() {
    let code = std::fs::read_to_string(root().join("src/limits.rs")).unwrap();
    let document = std::fs::read_to_string(root().join("docs/LIMITS.md")).unwrap();
    assert!(code.contains("pub const "));
    assert_none(check_limits(&code, &document));
}

#[test]
fn a_planted_difference_of_a_limit_is_found() {
    let code = "/// A.\npub const A_MAX: usize = 64 * 1024;\npub const B: u64 = 1_000;\n";
    let table = |a: &str, b: &str| format!("| name | value | meaning |\n{a}\n{b}\n");
    let (a, b) = ("| `A_MAX` | 65,536 | A |", "| `B` | 1,000 | B |");
    assert_none(check_limits(code, &table(a, b)));
    assert_none(check_limits(code, &table("| `A_MAX` | `64 * 1024` | A |", b)));
    assert_one(&check_limits(code, &table(a, "")), "B is missing");
    assert_one(&check_limits(code, &table(a, "| `B` | 1,001 | B |")), "B is 1001");
    assert_one(&check_limits(code, &table(a, "| `B` | 1,000 | |")), "no meaning");
    assert_one(&check_limits(code, &format!("{}{b}", table(a, b))), "twice");
    assert_one(&check_limits(code, &format!("{}| `C` | 1 | C |", table(a, b))), "C is not in");
}

fn check_migrations(folder: &Path) -> Vec<String> {
    let names = |engine: &str| -> BTreeSet<String> {
        let Ok(entries) = std::fs::read_dir(folder.join(engine)) else { return BTreeSet::new() };
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let mut complaints = Vec::new();
    for (engine, other) in [("sqlite", "postgres"), ("postgres", "sqlite")] {
        for name in names(engine).difference(&names(other)) {
            complaints.push(format!("migrations/{engine}/{name} is not in {other}"));
        }
        for name in names(engine) {
            for part in ["up.sql", "down.sql"] {
                if !folder.join(engine).join(&name).join(part).is_file() {
                    complaints.push(format!("migrations/{engine}/{name}/{part} is missing"));
                }
            }
        }
    }
    complaints
}

#[test]
fn both_databases_have_the_same_migrations() {
    assert_none(check_migrations(&root().join("migrations")));
}

#[test]
fn a_planted_difference_of_the_migrations_is_found() {
    let folder = tempfile::tempdir().unwrap();
    for (engine, parts) in [("sqlite", &["up", "down"][..]), ("postgres", &["up", "down"][..])] {
        let migration = folder.path().join(engine).join("2026-01-01-000000_first");
        std::fs::create_dir_all(&migration).unwrap();
        for part in parts {
            std::fs::write(migration.join(format!("{part}.sql")), "").unwrap();
        }
    }
    assert_none(check_migrations(folder.path()));
    let down = folder.path().join("postgres/2026-01-01-000000_first/down.sql");
    std::fs::remove_file(&down).unwrap();
    assert_one(&check_migrations(folder.path()), "down.sql is missing");
    std::fs::remove_dir_all(down.parent().unwrap()).unwrap();
    assert_one(&check_migrations(folder.path()), "is not in postgres");
}
