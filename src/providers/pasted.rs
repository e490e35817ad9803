//! What people paste when they are asked for a key (L-11): with invisible characters, blanks, line
//! breaks, quotes, brackets and labels around it, or as a whole line of a file.
//!
//! Invariants:
//! - Only what is certain is taken away. A text that could be two keys is none.
//! - A key is never repeated in what is said about it.
//!
//! What this module must not do: know an HR system, ask anybody.

use crate::limits;
use crate::secret::Secret;
use crate::texts::{Text, text};

/// Why a text cannot be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// A blank or a line break stands in the middle.
    Blank,
    /// It is a web address.
    Address,
    /// It holds more than one key.
    Several,
    /// It holds a character that no key has.
    Foreign(char),
    /// It is too short; this many characters.
    Short(usize),
    /// It is too long.
    Long,
}

impl Misfit {
    /// What is wrong, inside a sentence.
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::Blank => text("check-misfit-blank"),
            Self::Address => text("check-misfit-address"),
            Self::Several => text("check-misfit-several"),
            Self::Foreign(other) => {
                text("check-misfit-foreign").with("character", other.to_string())
            }
            Self::Short(0) => text("check-misfit-empty"),
            Self::Short(length) => text("check-misfit-short").with("count", length),
            Self::Long => text("check-misfit-long"),
        }
    }
}

/// Characters that nobody sees and that come along when text is copied.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Characters that stand around a key and in none: blanks, quotes and brackets of all kinds.
#[must_use]
pub fn is_around(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '"' | '\'' | '`' | '´' | '‘'
                ..='‟'
                    | '‹'
                    | '›'
                    | '«'
                    | '»'
                    | '<'
                    | '>'
                    | '{'
                    | '}'
                    | '('
                    | ')'
                    | '['
                    | ']'
                    | '|'
                    | '*'
                    | ','
                    | ';'
                    | '，'
                    | '；'
        )
}

/// Characters that stand between a label and its value.
const fn is_between(c: char) -> bool {
    matches!(c, ':' | '：' | '=' | '→')
}

/// The text without the characters that nobody sees. Line breaks and blanks stay.
#[must_use]
pub fn visible(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c)).collect()
}

/// The hyphens that writing programs put in place of a plain one.
fn with_plain_hyphens(text: &str) -> String {
    let plain = |c: char| if matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}') { '-' } else { c };
    text.chars().map(plain).collect()
}

/// What is left of a text when quotes, brackets, blanks and labels around it are taken away.
#[must_use]
pub fn bare(text: &str) -> &str {
    let mut left = text.trim_matches(is_around);
    // A label may stand in front of another: `People HR: API key: …`.
    for _ in 0..limits::KEY_LABELS_MAX {
        let Some((label, rest)) = left.split_once(is_between) else { break };
        let rest = rest.trim_start_matches(|c: char| is_around(c) || is_between(c));
        let rest = rest.trim_end_matches(is_around);
        // A `=` may end a key.
        if rest.is_empty() || !is_label(label) {
            break;
        }
        left = rest;
    }
    left
}

/// Whether this names something: words, the last of which says what it is.
fn is_label(text: &str) -> bool {
    let words: String = text
        .chars()
        .filter(|c| !is_around(*c) && !"_-.".contains(*c))
        .flat_map(char::to_lowercase)
        .collect();
    let names =
        ["key", "schlüssel", "secret", "token", "value", "peoplehr", "breathehr", "breathe"];
    words.chars().all(char::is_alphabetic) && names.iter().any(|name| words.ends_with(name))
}

/// The one key in a text. `is_key` says of a text that it can be nothing else; keys of another form
/// are taken when nothing stands beside them.
pub fn key(text: &Secret, is_key: impl Fn(&str) -> bool) -> Result<Secret, Misfit> {
    let text = with_plain_hyphens(&visible(text.reveal()));
    let words =
        text.split(|c: char| is_around(c) || is_between(c)).map(|word| word.trim_matches('.'));
    let mut found: Option<&str> = None;
    for word in words.filter(|word| is_key(word)) {
        if found.is_some_and(|earlier| earlier != word) {
            return Err(Misfit::Several);
        }
        found = Some(word);
    }
    if let Some(word) = found {
        return Ok(Secret::new(word));
    }
    let bare = bare(&text);
    // A mail program breaks long lines.
    let joined: String = bare.chars().filter(|c| !c.is_whitespace()).collect();
    if is_key(&joined) {
        return Ok(Secret::new(joined));
    }
    misfit(bare).map_or_else(|| Ok(Secret::new(bare)), Err)
}

/// Why a text that stands alone cannot be a key.
#[must_use]
pub fn misfit(text: &str) -> Option<Misfit> {
    let length = text.chars().count();
    if text.contains("://") {
        return Some(Misfit::Address);
    }
    if text.contains(char::is_whitespace) {
        return Some(Misfit::Blank);
    }
    if let Some(other) = text.chars().find(|c| !c.is_ascii_graphic()) {
        return Some(Misfit::Foreign(other));
    }
    if length < limits::KEY_CHARS_MIN {
        return Some(Misfit::Short(length));
    }
    (length > limits::KEY_CHARS_MAX).then_some(Misfit::Long)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Language;

    fn numbered(text: &str) -> bool {
        text.len() == 12 && text.starts_with("key-")
    }

    fn read(text: &str) -> Result<String, Misfit> {
        key(&Secret::new(text), numbered).map(|key| key.reveal().to_owned())
    }

    #[test]
    fn l_11_what_stands_around_a_key_is_taken_away() {
        for text in [
            "key-00000001",
            "  key-00000001\r\n",
            "\u{feff}key-\u{200b}0000\u{ad}0001\u{2060}",
            "\u{a0}\u{3000}key-00000001\u{202f}",
            "\"key-00000001\"",
            "“key-00000001”",
            "„key-00000001‟",
            "`key-00000001`",
            "<key-00000001>",
            "{key-00000001}",
            "API Key: key-00000001",
            "API_KEY=key-00000001",
            "API key：“key-00000001”.",
            "People HR → API key → key-00000001",
            "{\"apiKey\": \"key-00000001\"}",
            "Key Name,API Key\r\nRollcall,key-00000001\r\n",
            "Name;Key\nRollcall;\"key-00000001\"",
            "Dear Ann, the key is key-00000001. Yours, Bob",
            "key-00000001\nkey-00000001",
            "key\u{2011}00000001",
            "key-0000\n0001",
            "Key: key-0000\r\n  0001",
        ] {
            assert_eq!(read(text).as_deref(), Ok("key-00000001"), "{text}");
        }
    }

    #[test]
    fn l_11_whatever_stands_around_a_key_of_any_system_is_taken_away() {
        use crate::clock::{Random as _, SeededRandom};
        use crate::providers::hrworks::KeyPair;
        use crate::providers::{breathe_hr, people_hr};

        let random = SeededRandom::new(11);
        let one = |of: &[&'static str]| {
            let bound = u64::try_from(of.len()).unwrap();
            of[usize::try_from(random.below(bound)).unwrap()]
        };
        let blanks =
            ["", " ", "\t", "\n", "\r\n\r\n", "\u{a0}", "\u{200b}", "\u{feff} ", "\u{2060}"];
        let open = ["", "\"", "'", "“", "„", "«", "<", "{", "(", "[", "`"];
        let close = ["", "\"", "'", "”", "“", "»", ">", "}", ")", "]", "`", ",", ";"];
        let between = [": ", ":", " = ", "=", "：", " → "];
        let labels =
            ["API key", "Key", "api_key", "\"apiKey\"", "People HR API Key", "Breathe key"];
        let around = |label: &str, key: &str| {
            let label = match label {
                "" => String::new(),
                label => format!("{label}{}", one(&between)),
            };
            let [a, b, c, d] = [one(&blanks), one(&open), one(&close), one(&blanks)];
            format!("{a}{label}{a}{b}{d}{key}{a}{c}{d}")
        };
        let guid = "0f5d1f0e-5d2b-4f1b-9a3e-1c5d8a1b2c3d";
        let breathe = format!("prod-{}", "aB3_-".repeat(9));
        let (access, secret) = ("kA7/xExample+Key0001", "3xAmpl3/Secret+NotReal00000000000000000=");
        for _ in 0..2_000 {
            let text =
                around(one(&[labels[0], labels[1], labels[2], labels[3], labels[4], ""]), guid);
            let key = people_hr::key_of(&Secret::new(text.as_str()));
            assert_eq!(key.unwrap_or_else(|why| panic!("{why:?}: {text:?}")).reveal(), guid);
            let text = around(one(&[labels[0], labels[5], ""]), &breathe);
            let key = breathe_hr::key_of(&Secret::new(text.as_str()));
            assert_eq!(key.unwrap_or_else(|why| panic!("{why:?}: {text:?}")).reveal(), breathe);
            let text = format!(
                "{}\n{}",
                around("Access Key", access),
                around(one(&["Secret Access Key", "secretAccessKey"]), secret)
            );
            let pair = KeyPair::from_text(&Secret::new(text.as_str()));
            let pair = pair.unwrap_or_else(|why| panic!("{why:?}: {text:?}"));
            let found = (pair.access_key.reveal(), pair.secret_access_key.reveal());
            assert_eq!(found, (access, secret), "{text:?}");
        }
    }

    #[test]
    fn l_11_a_key_of_another_form_is_taken_when_it_stands_alone() {
        for text in ["other+form/1=", " \"other+form/1=\" ", "API key: other+form/1="] {
            assert_eq!(read(text).as_deref(), Ok("other+form/1="), "{text}");
        }
    }

    #[test]
    fn l_11_what_does_not_fit_is_named() {
        let long = "x".repeat(201);
        for (text, misfit) in [
            ("", Misfit::Short(0)),
            (" \u{200b}\"\" ", Misfit::Short(0)),
            ("abc", Misfit::Short(3)),
            ("two words here", Misfit::Blank),
            ("one\ntwo three", Misfit::Blank),
            ("key-00000001 key-00000002", Misfit::Several),
            ("https://hr.example/key-1", Misfit::Address),
            ("schlüsseltext", Misfit::Foreign('ü')),
            (long.as_str(), Misfit::Long),
        ] {
            assert_eq!(read(text), Err(misfit), "{text}");
        }
        let short = Misfit::Short(3).text().in_language(Language::English);
        assert_eq!(short, "it has only 3 characters");
    }
}
