//! Text as people see it (S-18): what HR systems, the API and people at keyboards send is brought
//! to one form, so that what looks the same is the same.
//!
//! - [`clean_text`] gives the form that is kept: composed (NFC), without characters that nobody
//!   sees, with white space folded. What looks empty is missing.
//! - [`identity`] gives the form in which names are compared. Case does not count, by full case
//!   folding, so "Straße" and "STRASSE" are one.
//!
//! Invariants: both are idempotent, and neither panics whatever it is given.

use std::borrow::Cow;

use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicase::UniCase;

use crate::limits;

const ZWNJ: char = '\u{200c}';
const ZWJ: char = '\u{200d}';

/// Whether a character is a joiner, which means something inside a word and nothing elsewhere.
#[must_use]
pub const fn is_joiner(c: char) -> bool {
    matches!(c, ZWNJ | ZWJ)
}

/// Whether nobody sees a character: default-ignorable ones, bidirectional controls among them, and
/// the marks around annotations.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    !c.is_ascii()
        && (CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
            || matches!(c, '\u{fff9}'..='\u{fffb}'))
}

/// Whether a character looks like a blank: white space, control characters, and characters that are
/// drawn as nothing.
#[must_use]
pub fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{2800}' | '\u{1d159}' | '\u{13441}' | '\u{13442}')
}

/// Whether there is anything to see: marks alone stand on nothing.
fn looks_empty(text: &str) -> bool {
    let unseen = GeneralCategoryGroup::Mark.union(GeneralCategoryGroup::Separator);
    let category = CodePointMapData::<GeneralCategory>::new();
    text.chars().all(|c| is_blank(c) || is_joiner(c) || unseen.contains(category.get(c)))
}

/// Brings text to the form in which it is kept: invisible characters removed (joiners inside a word
/// stay), runs of blanks folded to one, trimmed, composed, and cut to `limits::FIELD_CHARS_MAX`
/// characters; `None` when nothing that can be seen is left.
#[must_use]
pub fn clean_text(text: &str) -> Option<String> {
    if is_clean_ascii(text) {
        return (!text.is_empty()).then(|| text.to_owned());
    }
    let mut clean = compose(&folded_blanks(text)).into_owned();
    if let Some((end, _)) = clean.char_indices().nth(limits::FIELD_CHARS_MAX) {
        clean.truncate(end);
        clean.truncate(clean.trim_end_matches(|c| c == ' ' || is_joiner(c)).len());
    }
    (!looks_empty(&clean)).then_some(clean)
}

/// Most texts: nothing in them is to be changed.
fn is_clean_ascii(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    text.len() <= limits::FIELD_CHARS_MAX
        && text.bytes().all(plain)
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains("  ")
}

/// One blank for each run of blanks, and nothing invisible.
fn folded_blanks(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut gap = false;
    let mut joiner = None;
    for c in text.chars() {
        if is_blank(c) {
            gap = true;
            joiner = None;
        } else if is_joiner(c) {
            joiner = (!gap && !clean.is_empty()).then_some(c);
        } else if !is_invisible(c) {
            if std::mem::take(&mut gap) && !clean.is_empty() {
                clean.push(' ');
            }
            clean.extend(joiner.take());
            clean.push(c);
        }
    }
    clean
}

fn compose(text: &str) -> Cow<'_, str> {
    ComposingNormalizer::new_nfc().normalize(text)
}

/// The form in which names are compared: of people, departments, positions and offices.
#[must_use]
pub fn identity(text: &str) -> String {
    let Some(clean) = clean_text(text) else { return String::new() };
    if clean.is_ascii() {
        return clean.to_ascii_lowercase();
    }
    let seen: String = clean.chars().filter(|c| !is_joiner(*c)).collect();
    // Folded in pieces, because a composed letter folds to another than its parts.
    let parts = DecomposingNormalizer::new_nfd().normalize(&seen);
    let folded = UniCase::unicode(parts).to_folded_case();
    compose(&folded).into_owned()
}

/// Whether two texts name the same, as people see it.
#[must_use]
pub fn same_text(a: &str, b: &str) -> bool {
    a == b || identity(a) == identity(b)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn s_18_text_is_cleaned_as_people_see_it() {
        for (text, clean) in [
            ("  Health \t& \u{0}Safety\n", "Health & Safety"),
            ("Sales\u{200b}", "Sales"),
            ("\u{200e}Sales\u{202c}", "Sales"),
            ("Sa\u{ad}les", "Sales"),
            ("\u{feff}Sales\u{2060} \u{2800}", "Sales"),
            ("Toma\u{301}s\u{30c}", "Tomáš"),
            ("e\u{200b}\u{301}", "é"),
            ("A\u{202a}nn\u{2066} Lee\u{2069}", "Ann Lee"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("क\u{94d}\u{200d}ष", "क\u{94d}\u{200d}ष"),
            ("\u{200d}Ann\u{200c} \u{200d}Lee\u{200d}", "Ann Lee"),
            ("Ann\u{a0}\u{3000}Lee", "Ann Lee"),
        ] {
            assert_eq!(clean_text(text).as_deref(), Some(clean), "{text:?}");
        }
    }

    #[test]
    fn s_18_what_looks_empty_is_missing() {
        for text in [
            "",
            " ",
            " \u{a0} ",
            "\u{200b}",
            "\u{2800}",
            "\u{3164}",
            "\u{115f}\u{1160}",
            "\u{ffa0}",
            "\u{feff}\u{202a}\u{202c}",
            "\u{200d}",
            "\u{ad}\u{2060}",
            "\u{2800}\u{200b} \u{2800}",
            "\u{301}",
            "\u{180e}",
            "\u{0}\u{7f}\u{85}",
        ] {
            assert_eq!(clean_text(text), None, "{text:?}");
        }
    }

    #[test]
    fn s_18_identity_is_by_full_case_folding() {
        for (a, b) in [
            ("Straße", "STRASSE"),
            ("straẞe", "strasse"),
            ("People  Ops", " people ops"),
            ("Café", "CAFE\u{301}"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("ﬁnance", "FINANCE"),
            ("Sales", "\u{200e}sales\u{200b}"),
            ("MCDONALD", "McDonald"),
        ] {
            assert!(same_text(a, b), "{a} {b}");
        }
        for (a, b) in [("Müller", "Mueller"), ("Sales", "Sale s"), ("ı", "i")] {
            assert!(!same_text(a, b), "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn s_18_cleaning_is_idempotent(text in dirty()) {
            let once = clean_text(&text);
            prop_assert_eq!(once.as_deref().and_then(clean_text), once.clone());
            let same = identity(&text);
            prop_assert_eq!(identity(&same), same.clone());
            prop_assert_eq!(identity(once.as_deref().unwrap_or_default()), same);
        }

        #[test]
        fn s_18_what_nobody_sees_makes_no_second_name(
            name in "[\\p{Latin}\\p{Cyrillic}]{1,8}( [\\p{Latin}]{1,8})?",
            junk in "[\u{200b}\u{feff}\u{200e}\u{202a}\u{202c}\u{2066}\u{2069}\u{ad}\u{2060}]{1,3}",
            at in 0_usize..9,
        ) {
            let at = name.char_indices().nth(at).map_or(name.len(), |(at, _)| at);
            let (before, after) = name.split_at(at);
            let dirty = format!("{junk}{before}{junk}{after} {junk}");
            prop_assert_eq!(clean_text(&dirty), clean_text(&name));
            prop_assert!(same_text(&dirty, &name));
        }
    }

    /// Texts with much in them that is odd.
    fn dirty() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[ \u{0}\u{a0}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2060}abßẞİıΣς\u{301}\u{345}]{0,9}",
            "[\u{300}-\u{370}\u{1100}-\u{1200}\u{ac00}-\u{ac20}\u{200c}\u{200d}a]{0,300}",
        ]
    }
}
