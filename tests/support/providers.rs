//! The rule that only the registry names an HR system: everybody else asks its profile.

use crate::source::{Tree, words};
use crate::{assert_none, assert_one, line_of, repository};

/// Where code may name one HR system: its kind, its folder's facts, and the registry, which finds
/// them. The names of settings and what the demo shows are written out for each.
const NAMERS_OF_PROVIDERS: &[&str] = &[
    "src/cli/demo",
    "src/config.rs",
    "src/domain/provider.rs",
    "src/providers/breathe_hr/profile.rs",
    "src/providers/hrworks/profile.rs",
    "src/providers/people_hr/profile.rs",
    "src/providers/registry.rs",
];

fn check_provider_names(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in tree.under("src/") {
        if NAMERS_OF_PROVIDERS.iter().any(|place| file.path.starts_with(place)) {
            continue;
        }
        let code: Vec<char> = file.shipped.chars().collect();
        for (at, word) in words(&file.shipped) {
            let end = at + word.chars().count();
            let tail: String = code[end..code.len().min(end + 5)].iter().collect();
            // `ALL` names nobody in particular, and neither does a function.
            let named = tail.strip_prefix("::").filter(|name| *name != "ALL");
            let named = named.is_some_and(|name| name.starts_with(|c: char| c.is_uppercase()));
            if word == "ProviderKind" && named {
                let line = line_of(&code, at);
                complaints.push(format!("{}:{line}: ask the HR system's profile", file.path));
            }
        }
    }
    complaints
}

#[test]
fn only_the_registry_names_an_hr_system() {
    assert_none(check_provider_names(&repository()));
}

#[test]
fn a_planted_name_of_an_hr_system_is_found() {
    let planted = |path: &str, text: &str| check_provider_names(&Tree::of(&[(path, text)]));
    let match_arm = "\nmatch kind { ProviderKind::PeopleHr => 1, _ => 2 }";
    assert_one(&planted("src/sync/a.rs", match_arm), "src/sync/a.rs:2: ask the HR system's");
    assert_one(&planted("src/providers/hrworks/mod.rs", match_arm), "ask the HR system's profile");
    assert_none(planted("src/providers/registry.rs", match_arm));
    assert_none(planted("src/web/a.rs", "ProviderKind::ALL.iter(); ProviderKind::parse(text)"));
    assert_none(planted("src/web/a.rs", "#[cfg(test)] mod tests { use ProviderKind::PeopleHr; }"));
}
