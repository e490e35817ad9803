//! GUIDs in one form (S-21).
//!
//! HR systems and the versions of one HR system write the same GUID in different ways: in upper or
//! lower case, with or without hyphens, in braces. Two spellings are one key, or one person would
//! be two.
//!
//! What this module must not do: change a key that is not a GUID.

use uuid::Uuid;

/// A key as it is stored and compared: a GUID in lower case with hyphens, anything else trimmed.
/// `None` when nothing is set: blanks, empty quotes or braces, the word `null`, or the GUID of
/// zeros that .NET sends for "no key".
#[must_use]
pub fn canonical_key(text: &str) -> Option<String> {
    let bare = text.trim_matches(is_around);
    if bare.is_empty() || bare.eq_ignore_ascii_case("null") {
        return None;
    }
    match Uuid::try_parse(bare) {
        Ok(guid) if guid.is_nil() => None,
        Ok(guid) => Some(guid.hyphenated().to_string()),
        Err(_) => Some(text.trim().to_owned()),
    }
}

/// The spellings under which a key in its one form may have been kept when there was no one form
/// yet; it is the first of them.
#[must_use]
pub fn former_spellings(key: &str) -> Vec<String> {
    let mut spellings = vec![key.to_owned()];
    if let Ok(guid) = Uuid::try_parse(key) {
        let hyphened = key.to_uppercase();
        spellings.push(format!("{{{key}}}"));
        spellings.push(format!("{{{hyphened}}}"));
        spellings.push(hyphened);
        spellings.push(format!("{:X}", guid.simple()));
        spellings.push(guid.simple().to_string());
    }
    spellings
}

/// What stands around a GUID and is no part of it.
fn is_around(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || "\"'{}()[]".contains(c)
        // Invisible characters that come along when a key is copied.
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "7c1b0c55-3f4e-4d1c-9a55-0b7b5b5f4a10";

    #[test]
    fn s_21_a_guid_is_one_key_in_every_spelling() {
        for spelling in [
            KEY,
            "7C1B0C55-3F4E-4D1C-9A55-0B7B5B5F4A10",
            "7c1B0c55-3f4e-4D1C-9a55-0b7B5b5f4a10",
            "{7c1b0c55-3f4e-4d1c-9a55-0b7b5b5f4a10}",
            "{7C1B0C55-3F4E-4D1C-9A55-0B7B5B5F4A10}",
            "(7c1b0c55-3f4e-4d1c-9a55-0b7b5b5f4a10)",
            "7c1b0c553f4e4d1c9a550b7b5b5f4a10",
            "{7C1B0C553F4E4D1C9A550B7B5B5F4A10}",
            " 7c1b0c55-3f4e-4d1c-9a55-0b7b5b5f4a10\r\n",
            "\u{feff}7c1b0c55-3f4e-4d1c-9a55-0b7b5b5f4a10\u{200b}",
            "\"7c1b0c55-3f4e-4d1c-9a55-0b7b5b5f4a10\"",
        ] {
            assert_eq!(canonical_key(spelling).as_deref(), Some(KEY), "{spelling:?}");
        }
    }

    #[test]
    fn s_21_a_key_that_is_unset_is_none_in_every_spelling() {
        for spelling in [
            "",
            "  ",
            "\"\"",
            "{}",
            "null",
            "00000000-0000-0000-0000-000000000000",
            "{00000000-0000-0000-0000-000000000000}",
            "00000000000000000000000000000000",
            "{00000000000000000000000000000000}",
            " (00000000-0000-0000-0000-000000000000) ",
            "\u{200b}",
        ] {
            assert_eq!(canonical_key(spelling), None, "{spelling:?}");
        }
    }

    #[test]
    fn l_09_former_spellings_are_all_the_same_key() {
        let all = former_spellings(KEY);
        assert_eq!((all.len(), all[0].as_str()), (6, KEY));
        assert!(all.iter().all(|one| canonical_key(one).as_deref() == Some(KEY)));
        assert_eq!(former_spellings("100042"), ["100042"]);
    }

    #[test]
    fn s_21_what_is_no_guid_stays_as_it_is() {
        for key in [
            "100042",
            "PW-42",
            "{PW42}",
            "0",
            "7c1b0c55-3f4e-4d1c-9a55-0b7b5b5f4a1",
            "7c1b0c553-f4e-4d1c-9a55-0b7b5b5f4a10",
            "7c1b0c55-3f4e-4d1c-9a55-0b7b5b5f4g10",
            "ÄÖÜ",
        ] {
            assert_eq!(canonical_key(key).as_deref(), Some(key));
            assert_eq!(canonical_key(&format!(" {key}\t")).as_deref(), Some(key));
        }
    }
}
