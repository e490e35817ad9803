//! How the rooms lie: inside a module imports go one way too, what is pure stays so, and the
//! documents name files and functions that are there.
//!
//! Of a module, and of the folders that a change walks through, the files and folders directly
//! below are compared. A `mod.rs` puts them together and may name all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::source::{File, Tree, words};
use crate::{assert_none, assert_one, first_names, module_of, repository, root};

/// Circles that are still there. Nothing is to be added.
const LEFT: &[(&str, &[&str])] = &[];

/// Folders of a module in which a walk goes forward too.
const WALKS: &[&str] = &["sync/full", "sync/live", "sync/setup"];

type Imports = BTreeMap<String, BTreeSet<String>>;

/// The part of a folder that a file belongs to: `write` and `apply/write` of `sync` are in `write`
/// and in `apply`. `None` for the folder's own file.
fn part_of<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    let inner = path.strip_prefix(folder)?.trim_end_matches(".rs");
    inner.split('/').next().filter(|part| *part != "mod")
}

/// Which parts of a module, or of a folder of one, import which.
fn imports_within(tree: &Tree, module: &str) -> Imports {
    let folder = format!("src/{module}/");
    let files: Vec<_> = tree.under(&folder).collect();
    let part_of = |path| part_of(path, &folder);
    let parts: BTreeSet<&str> = files.iter().filter_map(|file| part_of(&file.path)).collect();
    // What a folder holds can be named as if it were the module's own.
    let holder_of = |name: &str| {
        let held = |part: &&&str| {
            files.iter().any(|file| file.path == format!("{folder}{part}/{name}.rs"))
        };
        parts.iter().find(held).copied()
    };
    let mut imports = Imports::new();
    let root = format!("crate::{}::", module.replace('/', "::"));
    for file in &files {
        let Some(from) = part_of(&file.path) else { continue };
        let code: Vec<char> = file.shipped.chars().collect();
        for (at, _) in file.shipped.match_indices(&root) {
            let start = file.shipped[..at].chars().count() + root.len();
            for name in first_names(&code, start) {
                let to = parts.get(name.as_str()).copied().or_else(|| holder_of(&name));
                if let Some(to) = to.filter(|to| *to != from) {
                    imports.entry(from.to_owned()).or_default().insert(to.to_owned());
                }
            }
        }
    }
    imports
}

/// Everything that a part depends on, directly or not.
fn all_behind(imports: &Imports, part: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut next = vec![part.to_owned()];
    while let Some(part) = next.pop() {
        for to in imports.get(&part).into_iter().flatten() {
            if found.insert(to.clone()) {
                next.push(to.clone());
            }
        }
    }
    found
}

fn circles_of(tree: &Tree) -> BTreeSet<(String, Vec<String>)> {
    let mut modules: BTreeSet<&str> =
        tree.under("src/").map(|file| module_of(&file.path)).collect();
    modules.extend(WALKS);
    let mut circles = BTreeSet::new();
    for module in modules {
        let imports = imports_within(tree, module);
        for part in imports.keys() {
            let behind = all_behind(&imports, part);
            let back = |other: &&String| all_behind(&imports, other).contains(part);
            let circle: Vec<String> = behind.iter().filter(back).cloned().collect();
            if !circle.is_empty() {
                circles.insert((module.to_owned(), circle));
            }
        }
    }
    circles
}

fn check_circles(tree: &Tree, left: &[(&str, &[&str])]) -> Vec<String> {
    let known = |module: &str, circle: &[String]| {
        left.iter().any(|(other, parts)| *other == module && circle == *parts)
    };
    let circles = circles_of(tree);
    let new = circles.iter().filter(|(module, circle)| !known(module, circle));
    let mut complaints: Vec<String> =
        new.map(|(module, circle)| format!("src/{module}: a circle of {circle:?}")).collect();
    for (module, parts) in left {
        let is_there = circles.iter().any(|(other, circle)| other == module && circle == *parts);
        if !is_there {
            complaints.push(format!("src/{module}: the circle of {parts:?} is gone from LEFT"));
        }
    }
    complaints
}

#[test]
fn no_part_of_a_module_imports_in_a_circle() {
    assert_none(check_circles(&repository(), LEFT));
}

#[test]
fn a_planted_circle_is_found() {
    let check = |files: &[(&str, &str)]| check_circles(&Tree::of(files), &[]);
    let mut files = vec![
        ("src/web/mod.rs", "pub mod a; pub mod b; use crate::web::a::X;"),
        ("src/web/a.rs", "use crate::web::{b::Y, State};"),
        ("src/web/b/mod.rs", "fn c() { crate::web::c::d() }"),
        ("src/web/c.rs", "// crate::web::a\nuse crate::web::State;"),
    ];
    assert_none(check(&files));
    files[3].1 = "use crate::web::a::X;";
    assert_one(&check(&files), "src/web: a circle of [\"a\", \"b\", \"c\"]");
    // By the name that a folder gives to the module.
    let held = [
        ("src/db/conn.rs", "use crate::db::events::append;"),
        ("src/db/tables/events.rs", "use crate::db::conn::Tx;"),
    ];
    assert_one(&check(&held), "src/db: a circle of [\"conn\", \"tables\"]");
    let within = [
        ("src/sync/full/run.rs", "use crate::sync::full::read::read;"),
        ("src/sync/full/read.rs", "use crate::sync::full::run;"),
    ];
    assert_one(&check(&within), "src/sync/full: a circle of [\"read\", \"run\"]");
    let gone = check_circles(&Tree::of(&held[..1]), &[("db", &["conn", "tables"])]);
    assert_one(&gone, "is gone from LEFT");
}

/// Where rules are, which decide from what they are given.
const PURE: &[&str] = &["src/domain/", "src/sync/decide/"];
/// What reaches a database or the network.
const IMPURE: &[&str] = &["Conn", "Db", "DbError", "Tx", "Provider"];

fn check_pure(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in PURE.iter().flat_map(|folder| tree.under(folder)) {
        let used: BTreeSet<String> = words(&file.shipped).into_iter().map(|(_, it)| it).collect();
        let found = IMPURE.iter().filter(|name| used.contains(**name));
        complaints.extend(found.map(|name| format!("{}: {name} in a pure file", file.path)));
    }
    complaints
}

#[test]
fn rules_reach_no_database_and_no_network() {
    assert_none(check_pure(&repository()));
}

#[test]
fn a_planted_database_in_a_rule_is_found() {
    let planted = Tree::of(&[("src/sync/decide/a.rs", "fn a(tx: &mut Tx<'_>) {}")]);
    assert_one(&check_pure(&planted), "Tx in a pure file");
    let fine = "/// Not [`Tx`].\nuse crate::db::links::Link;";
    assert_none(check_pure(&Tree::of(&[("src/domain/a.rs", fine)])));
}

/// The Rust files that a document names between back ticks.
fn files_named(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|word| {
        ["src/", "tests/", "benches/"].iter().any(|folder| word.starts_with(folder))
            && Path::new(word).extension().is_some_and(|extension| extension == "rs")
            && !word.contains('<')
    })
}

fn check_named(name: &str, text: &str, is_there: impl Fn(&str) -> bool) -> Vec<String> {
    let missing = files_named(text).filter(|file| !is_there(file));
    missing.map(|file| format!("{name}: {file} is not there")).collect()
}

#[test]
fn the_documents_name_files_that_are_there() {
    let mut texts: Vec<_> = ["README.md", "CONTRIBUTING.md"].map(|name| root().join(name)).into();
    for folder in ["docs", "docs/adr"] {
        let entries = std::fs::read_dir(root().join(folder)).unwrap();
        texts.extend(entries.map(|entry| entry.unwrap().path()));
    }
    let is_there = |file: &str| root().join(file).exists();
    let mut named = 0;
    for path in texts.iter().filter(|path| path.extension().is_some_and(|it| it == "md")) {
        let text = std::fs::read_to_string(path).unwrap();
        named += files_named(&text).count();
        assert_none(check_named(&path.display().to_string(), &text, is_there));
    }
    assert!(named > 20, "the documents name {named} files");
}

#[test]
fn a_planted_file_that_is_not_there_is_found() {
    let text = "In `src/lib.rs` and `src/gone.rs`, not `cargo run`.";
    let found = check_named("a.md", text, |file| Path::new(file) == Path::new("src/lib.rs"));
    assert_one(&found, "a.md: src/gone.rs is not there");
}

/// Crates of others whose items the documents name.
const FOREIGN: &[&str] = &["utoipa"];

/// What a document names by a path between back ticks, as in `read::read`: the last two names.
fn items_named(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter_map(|path| {
        let is_name = |name: &str| !name.is_empty() && name.chars().all(is_of_name);
        let names: Vec<&str> = path.split("::").collect();
        let [.., parent, name] = names[..] else { return None };
        let is_ours = names.iter().all(|name| is_name(name)) && !FOREIGN.contains(&names[0]);
        is_ours.then_some((parent, name))
    })
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether a file is of the module or mentions the type, and is or declares what it is to have.
fn has_item(file: &File, parent: &str, name: &str) -> bool {
    const DECLARING: &[&str] =
        &["fn", "struct", "enum", "trait", "type", "const", "static", "mod", "macro_rules"];
    let is_in = |part: &str| file.path.trim_end_matches(".rs").split('/').any(|it| it == part);
    let all = words(&file.code);
    let declares = |name: &str| {
        let pairs = all.iter().zip(all.iter().skip(1));
        pairs
            .into_iter()
            .any(|((_, word), (_, next))| DECLARING.contains(&word.as_str()) && next == name)
    };
    let is_of_parent = is_in(parent) || all.iter().any(|(_, word)| word == parent);
    is_of_parent && (is_in(name) || declares(name))
}

fn check_items(document: &str, text: &str, tree: &Tree) -> Vec<String> {
    let is_there =
        |(parent, name): &(&str, &str)| tree.under("src/").any(|file| has_item(file, parent, name));
    let missing = items_named(text).filter(|item| !is_there(item));
    missing.map(|(parent, name)| format!("{document}: {parent}::{name} is not there")).collect()
}

#[test]
fn the_documents_name_functions_that_are_there() {
    let tree = repository();
    let mut texts = vec![root().join("docs/ARCHITECTURE.md")];
    let entries = std::fs::read_dir(root().join("docs/adr")).unwrap();
    texts.extend(entries.map(|entry| entry.unwrap().path()));
    let mut named = 0;
    for path in texts {
        let text = std::fs::read_to_string(&path).unwrap();
        named += items_named(&text).count();
        assert_none(check_items(&path.display().to_string(), &text, &tree));
    }
    assert!(named > 40, "the documents name {named} items");
}

#[test]
fn a_planted_function_that_is_not_there_is_found() {
    let tree = Tree::of(&[
        ("src/sync/full/read.rs", "pub async fn read() {}"),
        ("src/sync/decide/batch.rs", "impl Decider<'_> { pub fn plan(&self) {} }"),
    ]);
    let check = |text: &str| check_items("a.md", text, &tree);
    assert_none(check("From `read::read` to `Decider::plan` in `sync::full`, not `utoipa::X`."));
    assert_one(&check("Then `read::look`."), "a.md: read::look is not there");
    assert_one(&check("Then `Decider::read`."), "a.md: Decider::read is not there");
}
