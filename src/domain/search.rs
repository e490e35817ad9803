//! Finding people by what somebody types: the beginning of a name, an e-mail or an employee number.
//!
//! Names are compared in a folded form. Folding takes away what people leave out when they type:
//! upper case, accents and other marks above or below a letter, apostrophes, and the kind of what
//! stands between words. "Müller" is found by "muller", "O'Brien" by "obrien", "Mary-Jane" by
//! "mary jane", "Lee, Ann" is "lee ann". Letters that are letters of their own and have no marks
//! (ß, ø, ł, æ …) become what they are commonly written as. Nothing is guessed about a language:
//! "Mueller" does not find "Müller", because in most languages ue is not ü.
//!
//! Invariants:
//! - What is found never decides anything; it is shown. So finding one person too many is no fault.
//! - A folded text has at most [`limits::SEARCH_TEXT_BYTES_MAX`] bytes, as an index takes no more.

use icu_normalizer::DecomposingNormalizer;

use crate::domain::employee::{EmployeeRecord, clean_text};
use crate::limits;

/// The marks that stand above, below or across a Latin, Greek or Cyrillic letter. Those of other
/// scripts can be vowels, which nobody leaves out.
const MARKS: std::ops::RangeInclusive<char> = '\u{300}'..='\u{36f}';

/// Text for comparison with what somebody types.
#[must_use]
pub fn folded(text: &str) -> String {
    let mut folded = String::new();
    let mut gap = false;
    // Taken out first: marks on both sides of one come together, and are put in order then.
    let joined: String = text.chars().filter(|c| !is_apostrophe(*c)).collect();
    let decomposed = DecomposingNormalizer::new_nfkd().normalize(&joined);
    let letters = decomposed.chars().filter(|c| !MARKS.contains(c) && !is_apostrophe(*c));
    for c in letters.flat_map(char::to_lowercase).filter(|c| !MARKS.contains(c)) {
        if !c.is_alphanumeric() {
            gap = true;
            continue;
        }
        let mut piece = [0; 4];
        let piece = plain(c).unwrap_or_else(|| c.encode_utf8(&mut piece));
        let parted = std::mem::take(&mut gap) && !folded.is_empty();
        let more = piece.len().saturating_add(usize::from(parted));
        if folded.len().saturating_add(more) > limits::SEARCH_TEXT_BYTES_MAX {
            break;
        }
        if parted {
            folded.push(' ');
        }
        folded.push_str(piece);
    }
    folded
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | '`' | '´')
}

/// Letters of their own, as they are written by who does not have them on the keyboard.
const fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ı' => "i",
        'ł' => "l",
        'ŋ' => "n",
        'þ' => "th",
        'ŧ' => "t",
        'ς' => "σ",
        _ => return None,
    })
}

/// A person's name in both orders, folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchNames {
    /// "first last".
    pub first_last: String,
    /// "last first".
    pub last_first: String,
}

impl SearchNames {
    /// Those of a record.
    #[must_use]
    pub fn of(record: &EmployeeRecord) -> Self {
        let (first, last) = (record.first_name.as_deref(), record.last_name.as_deref());
        let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
        Self {
            first_last: folded(&format!("{first} {last}")),
            last_first: folded(&format!("{last} {first}")),
        }
    }
}

/// Texts from one, which is in it, up to another, which is not: all that begin with something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    /// What they begin with.
    pub from: String,
    /// What they are all before, byte by byte.
    pub below: String,
}

impl Beginning {
    fn of(text: String) -> Self {
        Self { below: format!("{text}{}", char::MAX), from: text }
    }
}

/// What somebody looks for. Whoever matches one of these is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// How a folded name begins.
    pub name: Beginning,
    /// How an e-mail begins, for comparison.
    pub email: Beginning,
    /// How an employee number begins, as it was typed.
    pub number: Beginning,
    /// The same in upper case, as most numbers with letters are written.
    pub upper_number: Beginning,
}

impl Search {
    /// What a text looks for; `None` when there is nothing in it to look for.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let text = clean_text(text)?;
        let text: String = text.chars().take(limits::SEARCH_TEXT_BYTES_MAX).collect();
        let name = folded(&text);
        // Signs alone are nobody's name, and everybody's name begins with nothing. Nor is an
        // e-mail a name.
        let name = if name.is_empty() || text.contains('@') { text.clone() } else { name };
        Some(Self {
            name: Beginning::of(name),
            email: Beginning::of(text.to_lowercase()),
            upper_number: Beginning::of(text.to_uppercase()),
            number: Beginning::of(text),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn finds(typed: &str, first: &str, last: &str) -> bool {
        let name = Search::of(typed).unwrap().name;
        [format!("{first} {last}"), format!("{last} {first}")].iter().any(|full| {
            let full = folded(full);
            name.from <= full && full < name.below
        })
    }

    #[test]
    fn names_are_found_by_what_people_type() {
        for (typed, first, last) in [
            ("ann", "Ann", "Lee"),
            ("LEE", "Ann", "Lee"),
            ("ann le", "Ann", "Lee"),
            ("lee, a", "Ann", "Lee"),
            ("Lee,Ann", "Ann", "Lee"),
            ("muller", "Jörg", "Müller"),
            ("jörg müller", "JORG", "MULLER"),
            ("gonçalves", "Åsa", "Goncalves"),
            ("asa", "A\u{30a}sa", "Gonçalves"),
            ("obrien", "Órla", "O’Brien"),
            ("o'brien", "Órla", "OBrien"),
            ("mary jane", "Mary-Jane", "Hall"),
            ("strasse", "Eva", "Straße"),
            ("soren", "Søren", "Kjær"),
            ("kjaer", "Søren", "Kjær"),
            ("zolc", "Đorđe", "Żółć"),
            ("dorde zolc", "Đorđe", "Żółć"),
            ("ΝΊΚΟΣ", "Νίκος", "Αλεξίου"),
            ("шевченко", "Андрій", "Шевченко"),
            ("김", "민준", "김"),
            ("istanbul", "İstanbul", "X"),
        ] {
            assert!(finds(typed, first, last), "{typed} does not find {first} {last}");
        }
        for (typed, first, last) in [
            ("nn", "Ann", "Lee"),
            ("ann lees", "Ann", "Lee"),
            ("mueller", "Jörg", "Müller"),
            ("ann@", "Ann", "Lee"),
            ("%", "Ann", "Lee"),
            ("_", "Ann", "Lee"),
            ("'", "Ann", "Lee"),
        ] {
            assert!(!finds(typed, first, last), "{typed} finds {first} {last}");
        }
        assert_eq!(Search::of(" \u{0} "), None);
    }

    #[test]
    fn a_text_as_long_as_is_kept_folds_to_itself() {
        for letters in 190..=limits::SEARCH_TEXT_BYTES_MAX {
            let once = folded(&format!("{} Æb", "a".repeat(letters)));
            assert_eq!(folded(&once), once, "{letters}");
        }
    }

    #[test]
    fn numbers_are_found_as_typed_and_in_upper_case() {
        let search = Search::of(" pw1 ").unwrap();
        assert_eq!(
            (search.number.from.as_str(), search.upper_number.from.as_str()),
            ("pw1", "PW1")
        );
        assert!("PW12" >= search.upper_number.from.as_str());
        assert!("PW12" < search.upper_number.below.as_str());
    }

    proptest! {
        #[test]
        fn a_folded_text_is_short_and_folds_to_itself(text in "\\PC{0,300}") {
            let once = folded(&text);
            prop_assert!(once.len() <= limits::SEARCH_TEXT_BYTES_MAX);
            prop_assert_eq!(folded(&once), once.clone());
            prop_assert_eq!(once.trim(), once.as_str());
        }

        #[test]
        fn everybody_is_found_by_any_beginning_of_their_name(
            first in "\\p{L}{1,12}", last in "[\\p{L}' -]{1,12}", cut in 1_usize..20,
        ) {
            // As names are kept: some letters cannot be seen.
            let [first, last] = [first, last].map(|name| clean_text(&name).unwrap_or_default());
            let full = format!("{first} {last}");
            let typed: String = full.chars().take(cut).collect();
            prop_assume!(!folded(&typed).is_empty());
            prop_assert!(finds(&typed, &first, &last), "{typed}");
        }
    }
}
