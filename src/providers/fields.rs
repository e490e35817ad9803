//! Reading the records of HR systems: leniently where a field is odd, strictly where a key or a
//! date decides.
//!
//! Invariants:
//! - Only fields that are asked for by name are read; the rest, sensitive fields and fields of the
//!   customer's own among it, is skipped while parsing (S-15).
//! - A field of an unexpected shape is "not there", never an error: one odd field must not cost a
//!   person the rest of the record.
//! - No error quotes what was read.
//!
//! What this module must not do: know an HR system.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::Date;
use memchr::memchr;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::ProviderError;
use crate::domain::employee::{ExternalKey, clean_text};
use crate::domain::guid::canonical_key;
use crate::limits;

/// Parses a JSON object. Serde would also take an array for a struct, field by field.
pub fn object<'a, T: Deserialize<'a>>(raw: &'a [u8]) -> Result<T, ProviderError> {
    must_be_object(raw)?;
    // Serde's own words may quote the record.
    serde_json::from_slice(raw).map_err(|_| malformed("a record is not valid JSON"))
}

fn must_be_object(raw: &[u8]) -> Result<(), ProviderError> {
    if is_object(raw) { Ok(()) } else { Err(malformed("a record is not a JSON object")) }
}

fn is_object(raw: &[u8]) -> bool {
    raw.trim_ascii_start().first() == Some(&b'{')
}

/// The values of these fields of a JSON object, unread. A field that comes twice and says two
/// things cannot be read, nor can the object (S-16); other names may come as often as they like.
pub fn pick<'a, const N: usize>(
    raw: &'a [u8],
    names: &[&str; N],
) -> Result<[Option<&'a RawValue>; N], ProviderError> {
    must_be_object(raw)?;
    let mut deserializer = serde_json::Deserializer::from_slice(raw);
    let picked = Pick(names).deserialize(&mut deserializer);
    picked
        .and_then(|picked| deserializer.end().map(|()| picked))
        .map_err(|_| malformed("a record is not valid JSON"))
}

/// The same for a field that is an object itself; nothing when it is anything else.
pub fn inner<'a, const N: usize>(
    value: Option<&'a RawValue>,
    names: &[&str; N],
) -> Result<[Option<&'a RawValue>; N], ProviderError> {
    let object = value.map(|value| value.get().as_bytes()).filter(|raw| is_object(raw));
    object.map_or(Ok([None; N]), |raw| pick(raw, names))
}

struct Pick<'n, const N: usize>(&'n [&'n str; N]);

impl<'de, const N: usize> DeserializeSeed<'de> for Pick<'_, N> {
    type Value = [Option<&'de RawValue>; N];

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for Pick<'_, N> {
    type Value = [Option<&'de RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut picked = [None; N];
        while let Some(key) = map.next_key::<Key<'de>>()? {
            let wanted = self.0.iter().position(|name| *name == key.0);
            let Some(slot) = wanted.and_then(|index| picked.get_mut(index)) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value: &RawValue = map.next_value()?;
            if slot.replace(value).is_some_and(|first| first.get() != value.get()) {
                return Err(A::Error::custom("a name comes twice"));
            }
        }
        Ok(picked)
    }
}

/// An object's key, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// A text as sent, or a number as text; `None` for any other shape.
#[must_use]
pub fn text(value: Option<&RawValue>) -> Option<String> {
    let raw = value?.get();
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok(),
        b'-' | b'0'..=b'9' => Some(raw.to_owned()),
        _ => None,
    }
}

/// Like [`text`], for keys: a whole number, or a text. `106.0` or `1e2` may be meant for a key, and
/// nobody can tell for which: such a number counts as damaged (S-16).
#[must_use]
pub fn key_text(value: Option<&RawValue>) -> Option<String> {
    let text = text(value)?;
    let is_number = value.is_some_and(|value| !value.get().starts_with('"'));
    Some(if is_number { whole_number(text) } else { text })
}

/// A number as it was sent, marked as damaged unless it is a whole one.
pub fn whole_number(digits: String) -> String {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits;
    }
    digits + "\u{fffd}"
}

/// Like [`text`], for what decides about somebody's access. A value of another shape is there and
/// cannot be read; it must not look as if nothing were there. So it counts as damaged (S-17).
#[must_use]
pub fn fact(value: Option<&RawValue>) -> Option<String> {
    let is_absent = value.is_none_or(|value| value.get() == "null");
    text(value).or_else(|| (!is_absent).then(|| char::REPLACEMENT_CHARACTER.to_string()))
}

/// `true` or `false`, bare or as text, in any case; `None` for anything else.
#[must_use]
pub fn flag(value: Option<&RawValue>) -> Option<bool> {
    match value?.get().trim_matches(['"', ' ']).to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Puts the replacement character for damaged UTF-8 and for halves of surrogate pairs (`\ud83d`
/// alone), which systems leave behind that cut texts to a length. Without it one cut name would
/// cost the whole record. Sound records are not copied.
#[must_use]
pub fn mend(raw: &[u8]) -> Cow<'_, [u8]> {
    let mut mended = match String::from_utf8_lossy(raw) {
        Cow::Borrowed(_) => Cow::Borrowed(raw),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    };
    let mut from = 0_usize;
    while let Some(found) = mended.get(from..).and_then(|rest| memchr(b'\\', rest)) {
        let at = from.saturating_add(found);
        let unit = escaped_unit(&mended, at);
        let next = escaped_unit(&mended, at.saturating_add(ESCAPE_BYTES));
        let is_low = |unit: Option<u16>| matches!(unit, Some(0xDC00..=0xDFFF));
        let length = match unit {
            Some(0xD800..=0xDBFF) if is_low(next) => ESCAPE_BYTES.saturating_mul(2),
            Some(0xD800..=0xDFFF) => {
                let end = at.saturating_add(ESCAPE_BYTES);
                if let Some(half) = mended.to_mut().get_mut(at..end) {
                    half.copy_from_slice(br"\ufffd");
                }
                ESCAPE_BYTES
            }
            // Any other escape: its second byte may be a backslash itself.
            _ => 2,
        };
        from = at.saturating_add(length);
    }
    mended
}

/// Length of `\u0000`.
const ESCAPE_BYTES: usize = 6;

/// The UTF-16 unit that the escape at `at` stands for, if there is one.
fn escaped_unit(raw: &[u8], at: usize) -> Option<u16> {
    let escape = raw.get(at..at.checked_add(ESCAPE_BYTES)?)?;
    let hex = std::str::from_utf8(escape.strip_prefix(br"\u")?).ok()?;
    u16::from_str_radix(hex, 16).ok()
}

/// A key or number as it is sent back to the HR system: trimmed, without control characters. Blanks
/// inside stay as they are, unlike in other texts, because the API compares them. What nobody can
/// see is no key (S-18).
#[must_use]
pub fn clean_key(text: &str) -> Option<String> {
    let key: Cow<'_, str> = if text.chars().any(char::is_control) {
        Cow::Owned(text.chars().filter(|c| !c.is_control()).collect())
    } else {
        Cow::Borrowed(text)
    };
    let key = key.trim();
    let fits = key.chars().count() <= limits::EMPLOYEE_NUMBER_CHARS_MAX;
    let is_seen = || if key.is_ascii() { !key.is_empty() } else { clean_text(key).is_some() };
    (fits && is_seen()).then(|| key.to_owned())
}

/// A key that may be a GUID, in the one form in which keys are compared (S-21).
#[must_use]
pub fn guid_key(text: &str) -> Option<String> {
    canonical_key(&clean_key(text)?)
}

/// A damaged key could be somebody else's: such a record cannot be read (S-16, S-17).
pub fn sound_key(key: &ExternalKey) -> Result<(), ProviderError> {
    if key.as_str().contains(char::REPLACEMENT_CHARACTER) {
        return Err(malformed("the key of a record is damaged"));
    }
    Ok(())
}

/// Whether a key may be put into a URL as it is: nothing in it can lead to another address.
#[must_use]
pub fn fits_into_path(key: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !key.is_empty() && key.len() <= limits::EMPLOYEE_NUMBER_CHARS_MAX && key.chars().all(plain)
}

/// There is a date, and it cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub struct Unreadable;

/// The years of dates that people mean. Systems write others for "no date": 0001, 1753, 1900, 9999.
const YEARS: std::ops::RangeInclusive<i16> = 1930..=2199;

/// `yyyy-MM-dd` or `yyyy/MM/dd`, with or without a time of day; blank is "no date". So is a year
/// that nobody means, which as a leaving date would end a person's access (S-11).
pub fn date(text: &str) -> Result<Option<Date>, Unreadable> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let (day, time) = text.split_at_checked(10).ok_or(Unreadable)?;
    let time_is_time = time.is_empty()
        || time.starts_with(['T', ' '])
            && time.chars().skip(1).all(|c| c.is_ascii_digit() || "+-:.Z".contains(c));
    let mut parts = day.split(['-', '/']);
    let (Some(year), Some(month), Some(day), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Unreadable);
    };
    if !time_is_time || (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return Err(Unreadable);
    }
    let date = Date::new(digits(year)?, digits(month)?, digits(day)?).map_err(|_| Unreadable)?;
    Ok(YEARS.contains(&date.year()).then_some(date))
}

fn digits<T: std::str::FromStr>(text: &str) -> Result<T, Unreadable> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Unreadable);
    }
    text.parse().map_err(|_| Unreadable)
}

fn malformed(reason: &str) -> ProviderError {
    ProviderError::Malformed { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_16_fields_are_picked_by_name_and_a_name_twice_can_not_be_read() {
        let raw = br#"{"z":{"a":1},"a":"one","a":"one","b":7,"c":null,"d":[1],"y":1,"y":2}"#;
        assert!(pick(br#"{"a":"one","a":"two"}"#, &["a"]).is_err());
        let found = pick(raw, &["a", "b", "c", "d", "e"]).unwrap();
        let texts = found.map(text);
        assert_eq!([texts[0].as_deref(), texts[1].as_deref()], [Some("one"), Some("7")]);
        assert_eq!(texts[2..], [None, None, None]);
        let [nested] = inner(pick(raw, &["z"]).unwrap()[0], &["a"]).unwrap();
        assert_eq!(text(nested).as_deref(), Some("1"));
        assert_eq!(inner(found[1], &["a"]).unwrap().map(text), [None]);
        // A field that says two things is not one that says nothing.
        let twice = br#"{"z":{"b":1,"b":2,"a":1},"y":{"b":1,"b":1}}"#;
        let [z, y] = pick(twice, &["z", "y"]).unwrap();
        assert!(inner(z, &["b"]).is_err());
        assert_eq!(inner(z, &["a"]).unwrap().map(text)[0].as_deref(), Some("1"));
        assert_eq!(inner(y, &["b"]).unwrap().map(text)[0].as_deref(), Some("1"));
        for broken in ["", "[]", "{", r#"{"a":1"#, r#"{"a":1} x"#, "7"] {
            assert!(pick(broken.as_bytes(), &["a"]).is_err(), "{broken}");
        }
    }

    #[test]
    fn s_16_a_number_that_is_not_whole_is_no_sound_key() {
        let key = |raw: &str| {
            let value = serde_json::from_str::<&RawValue>(raw).unwrap();
            key_text(Some(value)).and_then(|text| clean_key(&text)).map(ExternalKey)
        };
        for (raw, expected) in [("106", "106"), ("\"106.0\"", "106.0"), ("0", "0")] {
            assert_eq!(key(raw).unwrap().as_str(), expected);
            assert_eq!(sound_key(&key(raw).unwrap()), Ok(()), "{raw}");
        }
        for raw in ["106.0", "1.06e2", "106.5", "1E+999", "-106", "-0"] {
            assert!(sound_key(&key(raw).unwrap()).is_err(), "{raw}");
        }
    }

    #[test]
    fn s_18_a_key_of_what_nobody_sees_is_none() {
        for unseen in
            ["\u{200b}", "\u{200d}", "\u{2800}", " \u{200b}\u{2800}", "\u{feff}", "\u{301}"]
        {
            assert_eq!(clean_key(unseen), None, "{unseen:?}");
        }
        assert_eq!(clean_key("\u{200b}7").as_deref(), Some("\u{200b}7"));
    }

    #[test]
    fn a_key_that_could_lead_elsewhere_does_not_go_into_a_url() {
        for good in ["100002", "0d2f7a54-91e4-4c1b-9a55-3f6d2e7c0042", "a_B"] {
            assert!(fits_into_path(good), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a?b", "a#b", "%2e%2e", "ä", " 1", "1\r\n"] {
            assert!(!fits_into_path(bad), "{bad}");
        }
    }
}
