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

/// What is wrong with a lock file of tests/sdk: whoever installs from it decides where from, and
/// the hashes decide what comes.
fn lock_complaints(name: &str, content: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for word in ["\"resolved\"", "--index-url", "--extra-index-url", "--find-links"] {
        if content.contains(word) {
            complaints.push(format!("{name}: {word}"));
        }
    }
    let (pinned, hashed) = if name.ends_with("package-lock.json") {
        (content.matches("\"node_modules/").count(), content.matches("\"integrity\"").count())
    } else {
        let with_hash = |part: &&str| part.contains("--hash=sha256:");
        (content.matches("==").count(), content.split("==").filter(with_hash).count())
    };
    if pinned == 0 || pinned != hashed {
        complaints.push(format!("{name}: {hashed} of {pinned} packages have a hash"));
    }
    complaints
}

#[test]
fn the_locks_of_the_sdks_have_hashes_and_no_addresses() {
    let sets = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk");
    let (mut folders, mut found) = (0, 0);
    for set in std::fs::read_dir(sets).expect("the folder").flatten() {
        folders += usize::from(set.path().is_dir());
        for lock in ["package-lock.json", "requirements.txt"] {
            let path = set.path().join(lock);
            let Ok(content) = std::fs::read_to_string(&path) else { continue };
            found += 1;
            let complaints = lock_complaints(&path.to_string_lossy(), &content);
            assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
        }
    }
    assert!(folders > 0 && found == folders, "{found} of {folders} sets have a lock file");
}

#[test]
fn a_planted_address_or_missing_hash_is_found() {
    let found = |name: &str, content: &str| lock_complaints(name, content).len();
    let package = r#"{"node_modules/a": {"version": "1", "integrity": "sha512-x"}}"#;
    assert_eq!(found("package-lock.json", package), 0);
    assert_eq!(found("package-lock.json", &package.replace("integrity", "resolved")), 2);
    let requirement = "a==1 \\\n    --hash=sha256:00\n";
    assert_eq!(found("requirements.txt", requirement), 0);
    assert_eq!(found("requirements.txt", &format!("{requirement}b==2\n")), 1);
    assert_eq!(found("requirements.txt", &format!("--index-url x\n{requirement}")), 1);
    assert_eq!(found("requirements.txt", ""), 1);
}
