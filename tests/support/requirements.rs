//! Requirements: whoever reads an id finds what it means in `docs/requirements.md`, and what is
//! built has a test that carries its id in its name, as `s_31_…`.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Tree, words};
use crate::{assert_none, assert_one, line_of, repository, root};

/// The letters that ids begin with.
const LETTERS: &str = "ACLOS";
/// How a line says that something is not built, or not all of it.
const NOT_YET: [&str; 3] = ["not yet", "Not yet", "are missing"];

/// The ids of the document in the form of a test's name, and whether they are built.
fn listed(document: &str) -> BTreeMap<String, bool> {
    let rows = document.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let ids = rows.filter(|(id, _)| quoted_in(id).next() == Some(*id));
    ids.map(|(id, text)| {
        (id.to_lowercase().replace('-', "_"), !NOT_YET.iter().any(|it| text.contains(it)))
    })
    .collect()
}

/// The ids in a text.
fn quoted_in(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('-').filter_map(|(at, _)| {
        let id = text.get(at.checked_sub(1)?..at + 3)?;
        let around = [text[..at - 1].chars().next_back(), text[at + 3..].chars().next()];
        let is_alone = around.iter().flatten().all(|it| !it.is_alphanumeric() && *it != '-');
        let fits = LETTERS.contains(&id[..1]) && id[2..].bytes().all(|it| it.is_ascii_digit());
        (is_alone && fits).then_some(id)
    })
}

fn check(tree: &Tree, document: &str) -> Vec<String> {
    let known = listed(document);
    let mut named = BTreeSet::new();
    let mut complaints = Vec::new();
    for file in &tree.0 {
        for id in quoted_in(&file.text) {
            if !known.contains_key(&id.to_lowercase().replace('-', "_")) {
                complaints.push(format!("{}: no requirement {id} is listed", file.path));
            }
        }
        let found = words(&file.code);
        for pair in found.windows(2).filter(|pair| pair[0].1 == "fn") {
            let (at, name) = &pair[1];
            let mut parts = name.splitn(3, '_');
            let (letter, number) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
            let is_id = letter.len() == 1
                && LETTERS.to_lowercase().contains(letter)
                && number.len() == 2
                && number.bytes().all(|it| it.is_ascii_digit());
            let id = format!("{letter}_{number}");
            if known.contains_key(&id) {
                named.insert(id);
            } else if is_id {
                let line = line_of(&file.code.chars().collect::<Vec<_>>(), *at);
                complaints.push(format!("{}:{line}: there is no requirement {id}", file.path));
            }
        }
    }
    let built = known.iter().filter(|(_, is_built)| **is_built).map(|(id, _)| id);
    let without = built.filter(|id| !named.contains(*id));
    complaints.extend(without.map(|id| format!("no test is named {id}_…")));
    complaints
}

#[test]
fn every_requirement_is_listed_and_in_the_name_of_a_test() {
    let document = std::fs::read_to_string(root().join("docs/requirements.md")).unwrap();
    assert!(listed(&document).len() > 90, "{:?}", listed(&document));
    assert_none(check(&repository(), &document));
}

#[test]
fn a_planted_gap_in_the_requirements_is_found() {
    let document = "| id | |\n| S-01 | It works. |\n| A-23 | Soon. *Not yet.* |\n| a-b | No. |\n";
    let planted = |text: &str| check(&Tree::of(&[("tests/it/a.rs", text)]), document);
    assert_none(planted("/// (S-01, A-23), not AS-01-1, S-1 or S-100.\nfn s_01_it_works() {}"));
    assert_one(&planted("// s_01_it_works"), "no test is named s_01_");
    assert_one(&planted("fn s_01_a() {} fn s_19_b() {}"), "there is no requirement s_19");
    // In two pieces, since this file is looked at too.
    let unknown = ["S", "19"].join("-");
    let listed = format!("no requirement {unknown} is listed");
    assert_one(&planted(&format!("fn s_01_a() {{}} // {unknown}")), &listed);
}
