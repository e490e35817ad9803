//! Rules about the source tree that the compiler does not keep: who may import whom, which crate is
//! used where, lengths, words, and that the documents say what the code says.
//!
//! Every rule is a function from a tree to a list of complaints. It has one test on this repository
//! and one on a planted violation, so that a rule that can no longer fail is noticed.
//!
//! Long because every rule stands beside its planted violation.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test program may stop at the first surprise"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[path = "support/documents.rs"]
mod documents;
#[path = "support/layout.rs"]
mod layout;
#[path = "support/providers.rs"]
mod providers;
#[path = "support/requirements.rs"]
mod requirements;
#[path = "support/source.rs"]
mod source;
#[path = "support/texts.rs"]
mod texts;

use source::{File, Tree, behind_closing, words};

/// Who may import whom. A top-level module that is not listed here is a complaint.
const IMPORTS: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("secret", &["clock"]),
    ("limits", &[]),
    ("texts", &[]),
    ("domain", &["clock", "limits", "texts"]),
    ("config", &["domain", "secret", "limits"]),
    ("telemetry", &["config"]),
    ("db", &["texts", "domain", "clock", "secret", "limits"]),
    ("providers", &["texts", "domain", "clock", "secret", "limits"]),
    ("wire", &["texts", "domain", "db", "clock"]),
    ("sync", &["texts", "wire", "domain", "db", "providers", "secret", "clock", "limits"]),
    (
        "operations",
        &[
            "texts",
            "sync",
            "wire",
            "delivery",
            "providers",
            "domain",
            "db",
            "secret",
            "clock",
            "limits",
        ],
    ),
    ("delivery", &["texts", "domain", "db", "clock", "secret", "limits"]),
    ("notify", &["texts", "domain", "db", "clock", "secret", "limits"]),
    (
        "tasks",
        &["sync", "delivery", "notify", "providers", "db", "domain", "clock", "secret", "limits"],
    ),
    (
        "web",
        &[
            "texts",
            "tasks",
            "operations",
            "sync",
            "wire",
            "delivery",
            "providers",
            "db",
            "domain",
            "clock",
            "secret",
            "limits",
        ],
    ),
    ("sandbox", &["clock", "limits"]),
    ("app", &["*"]),
    ("cli", &["*"]),
    ("main", &["*"]),
    ("lib", &[]),
];

/// Crates that only some places may use: the crate, the places, and whether tests may anywhere.
const CRATES: &[(&str, &[&str], bool)] = &[
    ("diesel", &["src/db"], false),
    ("actix", &["src/web", "src/app.rs", "src/sandbox"], true),
    (
        "reqwest",
        &["src/providers", "src/sandbox", "src/delivery", "src/notify", "src/cli/demo"],
        false,
    ),
    ("lettre", &["src/notify"], false),
];

const LINE_CHARS_MAX: usize = 100;
const FILE_LINES_MAX: usize = 700;
/// A file that is longer says why it is one.
const FILE_LINES_UNEXPLAINED_MAX: usize = 500;
const EXPLANATION: &str = "//! Long because ";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn repository() -> Tree {
    let tree = Tree::read(root(), &["src", "tests", "benches", "examples"]);
    assert!(tree.under("src/").count() > 10, "the source tree was not found");
    tree
}

fn assert_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Asserts that a rule complains once about a planted violation, and not without it.
fn assert_one(complaints: &[String], part: &str) {
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    assert!(complaints[0].contains(part), "{complaints:?}");
}

fn line_of(code: &[char], at: usize) -> usize {
    code[..at].iter().filter(|c| **c == '\n').count() + 1
}

// ------------------------------------------------------------------------------- who imports whom

/// `src/db/pool.rs` is in `db`, as is `src/db.rs`.
fn module_of(path: &str) -> &str {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    inner.split('/').next().unwrap_or(inner)
}

/// How many `super` lead from a file to the root of the crate.
fn depth_of(path: &str) -> usize {
    let parts = path.trim_start_matches("src/").trim_end_matches(".rs").split('/');
    parts.filter(|part| !matches!(*part, "mod" | "lib" | "main")).count()
}

/// The first names that a path group `{a, b::c, d::{e}}` or a plain path begins with.
fn first_names(code: &[char], at: usize) -> Vec<String> {
    let is_name = |c: &&char| c.is_alphanumeric() || **c == '_';
    let start = at + code[at..].iter().take_while(|c| c.is_whitespace()).count();
    if code.get(start) != Some(&'{') {
        return vec![code[start..].iter().take_while(is_name).collect()];
    }
    let end = behind_closing(code, start);
    let (mut names, mut next, mut expected) = (Vec::new(), start + 1, true);
    while next < end {
        match code[next] {
            '{' => {
                next = behind_closing(code, next);
                continue;
            }
            ',' => expected = true,
            c if expected && is_name(&&c) => {
                names.push(code[next..].iter().take_while(is_name).collect());
                expected = false;
            }
            _ => {}
        }
        next += 1;
    }
    names
}

/// Every name directly under the root of the crate that a file mentions, with its line.
fn names_at_root(file: &File) -> Vec<(usize, String)> {
    let code: Vec<char> = file.shipped.chars().collect();
    let all = words(&file.shipped);
    let goes_on = |at: usize| code[at..].iter().collect::<String>().trim_start().starts_with("::");
    let mut found = Vec::new();
    let mut supers = 0;
    for (at, word) in all {
        let end = at + word.chars().count();
        let tail: String = code[end..code.len().min(end + 8)].iter().collect();
        supers =
            if word == "super" && tail.trim_start().starts_with("::") { supers + 1 } else { 0 };
        let at_root = match word.as_str() {
            "crate" => goes_on(end),
            "super" => supers == depth_of(&file.path),
            _ => false,
        };
        if at_root {
            let gap = tail.chars().take_while(|c| c.is_whitespace()).count();
            let names = first_names(&code, end + gap + 2);
            found.extend(names.into_iter().map(|name| (line_of(&code, at), name)));
        }
    }
    found
}

fn check_imports(tree: &Tree) -> Vec<String> {
    let table: BTreeMap<&str, &[&str]> = IMPORTS.iter().copied().collect();
    let mut complaints = BTreeSet::new();
    for file in tree.under("src/") {
        let from = module_of(&file.path);
        let Some(allowed) = table.get(from) else {
            complaints.insert(format!("{}: module {from} is not in IMPORTS", file.path));
            continue;
        };
        for (line, to) in names_at_root(file) {
            // Macros of the crate stand at its root too; only modules have edges.
            let edge = table.contains_key(to.as_str()) && to != from;
            if edge && !allowed.contains(&to.as_str()) && !allowed.contains(&"*") {
                complaints.insert(format!("{}:{line}: {from} must not import {to}", file.path));
            }
        }
    }
    complaints.into_iter().collect()
}

#[test]
fn modules_import_only_what_the_table_allows() {
    assert_none(check_imports(&repository()));
}

#[test]
fn a_planted_import_is_found_in_each_form() {
    let planted = |path: &str, text: &str| check_imports(&Tree::of(&[(path, text)]));
    assert_one(&planted("src/domain/a.rs", "use crate::db::Db;"), "domain must not import db");
    assert_one(&planted("src/domain/a.rs", "\nfn a() { crate::web::b() }"), ":2: domain must not");
    assert_one(
        &planted("src/db/mod.rs", "use crate::{clock::{self, app}, limits, providers::http};"),
        "db must not import providers",
    );
    assert_one(&planted("src/db/a.rs", "use super::super::sync;"), "db must not import sync");
    assert_one(&planted("src/db/mod.rs", "use super::sync;"), "db must not import sync");
    assert_one(&planted("src/sandbox/a.rs", "use crate::domain::x;"), "sandbox must not");
    assert_one(&planted("src/surprise.rs", ""), "surprise is not in IMPORTS");
    assert_one(&planted("src/web/a.rs", "use crate::cli::x;"), "web must not import cli");
    let fine = "//! crate::web
        use crate::text_enum; use crate::domain::a; use super::pool;
        /* crate::web /* crate::web */ */ const A: &str = \"crate::web\";
        const B: &str = r#\"\"crate::web\"#;
        fn f<'a>(x: &'a str) -> char { '\"' } // crate::web
        #[cfg(test)] mod tests { use crate::web::x; }";
    assert_none(planted("src/db/a.rs", fine));
    let in_a_test_file = [
        ("src/db/mod.rs", "#[cfg(test)]\nmod tests;\nmod pool;"),
        ("src/db/tests.rs", "use crate::web::x;"),
        ("src/db/tests/more.rs", "use crate::web::x;"),
    ];
    assert_none(check_imports(&Tree::of(&in_a_test_file)));
}

// ------------------------------------------------------------------------------ which crate where

fn check_crates(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in tree.under("src/") {
        for (name, places, tests_too) in CRATES {
            let inside = |place: &str| {
                let rest = file.path.strip_prefix(place);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.']))
            };
            if places.iter().any(|place| inside(place)) {
                continue;
            }
            let code = if *tests_too { &file.shipped } else { &file.code };
            let of_crate = |word: &str| {
                word.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
            };
            if let Some((at, word)) = words(code).into_iter().find(|(_, word)| of_crate(word)) {
                let line = line_of(&code.chars().collect::<Vec<_>>(), at);
                complaints.push(format!(
                    "{}:{line}: {word} belongs in {} only",
                    file.path,
                    places.join(", ")
                ));
            }
        }
    }
    complaints
}

#[test]
fn crates_stay_where_they_belong() {
    assert_none(check_crates(&repository()));
}

#[test]
fn a_planted_use_of_a_crate_is_found() {
    let planted = |path: &str, text: &str| check_crates(&Tree::of(&[(path, text)]));
    assert_one(&planted("src/web/a.rs", "use diesel::prelude::*;"), "diesel belongs in src/db");
    assert_one(&planted("src/dbx/a.rs", "use diesel_migrations::x;"), "diesel_migrations");
    assert_one(&planted("src/tasks/a.rs", "\nactix_web::rt::spawn(x);"), ":2: actix_web");
    assert_one(&planted("src/web/a.rs", "use reqwest::Client;"), "reqwest");
    assert_one(&planted("src/sync/a.rs", "lettre::x()"), "lettre");
    assert_none(planted("src/db/a.rs", "use diesel::prelude::*;"));
    assert_none(planted("src/cli/demo.rs", "use reqwest::Client;"));
    assert_none(planted("src/tasks/a.rs", "// diesel\n#[cfg(test)]\nmod tests { use actix_web; }"));
}

// ------------------------------------------------------------------------------- who writes where

/// Where requests write to the database themselves: who is in, what was answered to whom, and
/// whether writing works at all. Everything else is written by `src/operations` and `src/sync`, so
/// that a rule stands once for all surfaces.
const WRITERS_OF_THE_WEB: &[&str] = &[
    "src/web/http/health.rs",
    "src/web/http/idempotency.rs",
    "src/web/operator/enter.rs",
    "src/web/operator/session.rs",
    "src/web/portal/enter.rs",
    "src/web/portal/session.rs",
];

/// Every `.write(Lane` of a file's code, by its line.
fn writes(file: &File) -> Vec<usize> {
    let code: Vec<char> = file.shipped.chars().collect();
    let all = words(&file.shipped);
    let between = |from: usize, to: usize| -> String {
        code[from..to].iter().filter(|c| !c.is_whitespace()).collect()
    };
    let mut found = Vec::new();
    for (index, (at, word)) in all.iter().enumerate().filter(|(_, (_, word))| word == "write") {
        let is_method = code[..*at].iter().rev().find(|c| !c.is_whitespace()) == Some(&'.');
        // `Lane` may stand behind the modules that lead to it.
        let (mut end, mut gap) = (at + word.chars().count(), "(");
        for (next, name) in &all[index + 1..] {
            if !is_method || between(end, *next) != gap {
                break;
            }
            if name == "Lane" {
                found.push(line_of(&code, *at));
            }
            (end, gap) = (next + name.chars().count(), "::");
        }
    }
    found
}

fn check_writes(tree: &Tree) -> Vec<String> {
    let others = |file: &&File| !WRITERS_OF_THE_WEB.contains(&file.path.as_str());
    let complain = |file: &File| {
        let at = |line| format!("{}:{line}: writing belongs in src/operations", file.path);
        writes(file).into_iter().map(at).collect::<Vec<String>>()
    };
    tree.under("src/web/").filter(others).flat_map(complain).collect()
}

#[test]
fn requests_write_by_operations_only() {
    let tree = repository();
    assert_none(check_writes(&tree));
    for path in WRITERS_OF_THE_WEB {
        let file = tree.under(path).next();
        assert!(file.is_some_and(|file| !writes(file).is_empty()), "{path} writes nothing");
    }
}

#[test]
fn a_planted_write_by_a_request_is_found() {
    let planted = |path: &str, text: &str| check_writes(&Tree::of(&[(path, text)]));
    let write = "\ncx.db.write(Lane::Urgent, move |tx| a(tx)).await";
    assert_one(&planted("src/web/api/a.rs", write), "src/web/api/a.rs:2: writing belongs in");
    assert_one(&planted("src/web/portal/a.rs", "db\n.write(\n Lane::Bulk, f)"), ":2: writing");
    assert_one(&planted("src/web/a.rs", "db.write(crate::db::Lane::Bulk, f)"), ":1: writing");
    assert_none(planted("src/web/portal/session.rs", write));
    assert_none(planted("src/operations/a.rs", write));
    assert_none(planted("src/web/a.rs", "// db.write(Lane::Bulk)\nfile.write(text, Lane::Bulk);"));
}

// ---------------------------------------------------------------------------------------- lengths

fn check_lengths(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in &tree.0 {
        let path = &file.path;
        let count = file.text.lines().count();
        // What diesel generates is as long as the schema.
        if path != "src/db/schema.rs" {
            let is_explained = file.text.lines().any(|line| line.starts_with(EXPLANATION));
            if count > FILE_LINES_MAX {
                complaints.push(format!("{path}: {count} lines; {FILE_LINES_MAX} at most"));
            } else if count > FILE_LINES_UNEXPLAINED_MAX && !is_explained {
                complaints
                    .push(format!("{path}: {count} lines; no line begins with {EXPLANATION}"));
            }
        }
        for (index, line) in file.text.lines().enumerate() {
            let length = line.chars().count();
            if length > LINE_CHARS_MAX {
                complaints.push(format!("{path}:{}: {length} characters", index + 1));
            }
        }
    }
    complaints
}

fn check_openings(tree: &Tree) -> Vec<String> {
    let silent = |file: &&File| !file.text.starts_with("//!");
    let complain = |file: &File| format!("{}: does not open with //!", file.path);
    tree.0.iter().filter(silent).map(complain).collect()
}

#[test]
fn lines_and_files_are_short() {
    assert_none(check_lengths(&repository()));
}

#[test]
fn a_planted_long_line_or_file_is_found() {
    let planted = |text: &str| check_lengths(&Tree::of(&[("src/a.rs", text)]));
    assert_one(&planted(&format!("\n// {}", "ä".repeat(98))), "src/a.rs:2: 101");
    assert_none(planted(&format!("// {}", "ä".repeat(97))));
    let long = |lines: usize| "\n".repeat(lines);
    assert_none(planted(&long(500)));
    assert_one(&planted(&long(501)), "501 lines; no line begins with");
    assert_none(planted(&format!("{EXPLANATION}it is one table.{}", long(501))));
    assert_one(&planted(&format!("{EXPLANATION}it is one table.{}", long(701))), "701 lines");
}

#[test]
fn every_file_says_what_it_is() {
    assert_none(check_openings(&repository()));
}

#[test]
fn a_planted_silent_file_is_found() {
    assert_one(&check_openings(&Tree::of(&[("src/a.rs", "use b;\n//! c")])), "src/a.rs");
}

// ------------------------------------------------------------------------------------------ words

fn check_words(tree: &Tree) -> Vec<String> {
    // In two halves, so that this file does not complain about itself.
    let later = concat!("TO", "DO");
    let banned = [
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("to", "do!("),
        concat!("unimplement", "ed!("),
        concat!("#[ign", "ore"),
    ];
    let mut complaints = Vec::new();
    for file in &tree.0 {
        for (index, line) in file.text.lines().enumerate() {
            let place = format!("{}:{}", file.path, index + 1);
            for word in banned.iter().filter(|word| line.contains(**word)) {
                complaints.push(format!("{place}: {word}"));
            }
            for (_, behind) in line.match_indices(later).map(|(at, _)| line.split_at(at + 4)) {
                let number = behind.strip_prefix("(#").and_then(|rest| rest.split_once(')'));
                let numbered = number.is_some_and(|(number, _)| number.parse::<u32>().is_ok());
                if !numbered {
                    complaints.push(format!("{place}: {later} without an issue, as in (#12)"));
                }
            }
        }
    }
    complaints
}

#[test]
fn nothing_is_left_for_later_without_an_issue() {
    assert_none(check_words(&repository()));
}

#[test]
fn a_planted_banned_word_is_found() {
    let planted = |text: &str| check_words(&Tree::of(&[("src/a.rs", text)]));
    assert_one(&planted(concat!("// TO", "DO: later")), "src/a.rs:1");
    assert_one(&planted(concat!("// TO", "DO(me)")), "without an issue");
    assert_none(planted(concat!("// TO", "DO(#12): later")));
    assert_one(&planted(concat!("\n// FIX", "ME")), "src/a.rs:2");
    assert_one(&planted(concat!("// XX", "X")), "src/a.rs:1");
    assert_one(&planted(concat!("to", "do!()")), "src/a.rs:1");
    assert_one(&planted(concat!("unimplement", "ed!()")), "src/a.rs:1");
    assert_one(&planted(concat!("#[ign", "ore = \"slow\"]")), "src/a.rs:1");
}

fn check_sleeps(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in tree.under("tests/") {
        for (at, _) in words(&file.code).iter().filter(|(_, word)| word.starts_with("sleep")) {
            let line = line_of(&file.code.chars().collect::<Vec<_>>(), *at);
            complaints.push(format!("{}:{line}: wait for an event, not for time", file.path));
        }
    }
    complaints
}

#[test]
fn tests_do_not_sleep() {
    assert_none(check_sleeps(&repository()));
}

#[test]
fn a_planted_sleep_is_found() {
    let planted = |text: &str| check_sleeps(&Tree::of(&[("tests/it/a.rs", text)]));
    assert_one(&planted("\nstd::thread::sleep(x);"), "tests/it/a.rs:2");
    assert_one(&planted("tokio::time::sleep_until(x).await;"), "tests/it/a.rs:1");
    assert_none(planted("// sleep\nlet a = \"sleep 1\";"));
}

// ------------------------------------------------------------------------------------------ tables

/// Every table of a page can be stacked on a telephone and is still a table for who listens to it:
/// it is a `table.stack`, its parts carry their roles, and each cell names its column.
fn check_tables(path: &str, page: &str) -> Vec<String> {
    let tags = page.split('<').skip(1).filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag));
    let mut inside = false;
    let mut complaints = Vec::new();
    for tag in tags {
        let wanted: &[&str] = match tag.split_ascii_whitespace().next().unwrap_or_default() {
            "table" => &["class=\"stack", "role=\"table\""],
            "thead" | "tbody" => &["role=\"rowgroup\""],
            "tr" => &["role=\"row\""],
            "th" if tag.contains("scope=\"row\"") => &["role=\"rowheader\""],
            "th" => &["scope=\"col\"", "role=\"columnheader\""],
            "td" => &["role=\"cell\"", "data-label=\""],
            _ => continue,
        };
        inside = true;
        let missing = wanted.iter().filter(|part| !tag.contains(**part));
        complaints.extend(missing.map(|part| format!("{path}: <{tag}> has no {part}")));
    }
    if !inside {
        complaints.push(format!("{path}: there is no table"));
    }
    complaints
}

#[test]
fn every_table_of_a_page_can_be_stacked() {
    let mut tables = 0;
    for folder in std::fs::read_dir(root().join("templates")).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            // A mail is laid out by a table because mail programs know nothing else.
            let is_page = !path.parent().unwrap().ends_with("mail");
            let page = std::fs::read_to_string(&path).unwrap();
            if is_page && page.contains("<table") {
                tables += 1;
                assert_none(check_tables(&path.display().to_string(), &page));
            }
        }
    }
    assert!(tables > 5, "the pages were not found");
}

#[test]
fn a_planted_table_that_can_not_be_stacked_is_found() {
    let table = "<table class=\"stack log\" role=\"table\"><tbody role=\"rowgroup\">\
                 <tr role=\"row\"><th scope=\"row\" role=\"rowheader\">A</th>\
                 <td role=\"cell\" data-label=\"B\">C</td></tr></tbody></table>";
    assert_none(check_tables("a.html", table));
    for part in [" data-label=\"B\"", " role=\"row\"", "stack ", " role=\"rowheader\""] {
        assert_one(&check_tables("a.html", &table.replacen(part, "", 1)), "a.html: <t");
    }
}
