//! What Rollcall is built from: every package of the lock file has a licence of `deny.toml`, and
//! none comes from outside the package registry. Needs nothing but cargo.
#![expect(clippy::expect_used, reason = "a test program may stop at the first surprise")]

use std::path::Path;
use std::process::Command;

use figment::Figment;
use figment::providers::{Format as _, Toml};
use serde_json::Value;

/// The packages of the lock file as cargo describes them, for every platform.
fn packages() -> Vec<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo answers JSON");
    let packages = metadata.get("packages").and_then(Value::as_array).expect("packages").clone();
    assert!(packages.len() > 100, "only {} packages", packages.len());
    packages
}

fn text<'a>(package: &'a Value, member: &str) -> &'a str {
    package.get(member).and_then(Value::as_str).unwrap_or_default()
}

fn allowed() -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml");
    let figment = Figment::from(Toml::file_exact(file));
    figment.extract_inner("licenses.allow").expect("deny.toml lists licences")
}

/// Whether an SPDX expression (also the old `A/B` for a choice) is met by the allowed licences:
/// `OR` binds less than `AND`, `WITH` belongs to the licence before it.
fn is_met(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (met, rest) = choice(&words, allowed);
    met && rest.is_empty()
}

fn choice<'a, 'w>(words: &'a [&'w str], allowed: &dyn Fn(&str) -> bool) -> (bool, &'a [&'w str]) {
    let (mut met, mut rest) = all_of(words, allowed);
    while let [first, behind @ ..] = rest
        && *first == "OR"
    {
        let (next, after) = all_of(behind, allowed);
        met |= next;
        rest = after;
    }
    (met, rest)
}

fn all_of<'a, 'w>(words: &'a [&'w str], allowed: &dyn Fn(&str) -> bool) -> (bool, &'a [&'w str]) {
    let (mut met, mut rest) = one(words, allowed);
    while let [first, behind @ ..] = rest
        && *first == "AND"
    {
        let (next, after) = one(behind, allowed);
        met &= next;
        rest = after;
    }
    (met, rest)
}

fn one<'a, 'w>(words: &'a [&'w str], allowed: &dyn Fn(&str) -> bool) -> (bool, &'a [&'w str]) {
    match words {
        ["(", inner @ ..] => match choice(inner, allowed) {
            (met, [")", rest @ ..]) => (met, rest),
            (_, rest) => (false, rest),
        },
        [licence, "WITH", exception, rest @ ..] => {
            (allowed(&format!("{licence} WITH {exception}")), rest)
        }
        [licence, rest @ ..] => (allowed(licence), rest),
        [] => (false, words),
    }
}

#[test]
fn every_package_has_a_licence_of_the_list() {
    let allowed = allowed();
    let listed = |licence: &str| allowed.iter().any(|other| other == licence);
    let complaints: Vec<String> = packages()
        .iter()
        .filter(|package| !is_met(text(package, "license"), &listed))
        .map(|package| {
            let (name, licence) = (text(package, "name"), text(package, "license"));
            format!("{name} {}: {licence:?} is not met by deny.toml", text(package, "version"))
        })
        .collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn every_licence_of_the_list_is_needed() {
    let allowed = allowed();
    let packages = packages();
    for licence in &allowed {
        let others = |name: &str| name != licence && allowed.iter().any(|other| other == name);
        let needed = packages.iter().any(|package| !is_met(text(package, "license"), &others));
        assert!(needed, "no package needs {licence}; take it out of deny.toml");
    }
}

#[test]
fn every_package_comes_from_the_registry() {
    for package in packages() {
        let source = text(&package, "source");
        let own = source.is_empty() && text(&package, "name") == "rollcall";
        assert!(own || source.starts_with("registry+"), "{}: {source:?}", text(&package, "name"));
    }
}

#[test]
fn a_planted_licence_is_found() {
    let listed = |licence: &str| matches!(licence, "MIT" | "ISC" | "A WITH B");
    for met in ["MIT", "GPL-3.0 OR MIT", "GPL-3.0/MIT", "MIT AND ISC", "(GPL OR ISC) AND MIT"] {
        assert!(is_met(met, &listed), "{met}");
    }
    assert!(is_met("A WITH B OR GPL", &listed));
    for unmet in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL", "A", "A WITH C", "(MIT"]
    {
        assert!(!is_met(unmet, &listed), "{unmet}");
    }
}
