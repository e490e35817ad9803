//! Values that an operation takes: once one of these is there, it is in order.
//!
//! What this module must not do: know where a value came from.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::db::organizations::Metadata;
use crate::domain::employee::{clean_email, clean_text, is_email};
use crate::limits;
use crate::operations::OperationError;

/// What a change says of a value that can be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Nothing: it stays as it is.
    #[default]
    Missing,
    /// It becomes empty.
    Null,
    /// It becomes this.
    Value(T),
}

impl<T> Patch<T> {
    /// Does it.
    pub fn apply(self, place: &mut Option<T>) {
        match self {
            Self::Missing => {}
            Self::Null => *place = None,
            Self::Value(value) => *place = Some(value),
        }
    }

    /// The same change with its value turned into another.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Missing => Patch::Missing,
            Self::Null => Patch::Null,
            Self::Value(value) => Patch::Value(change(value)),
        }
    }
}

/// A text: cleaned of control characters and needless blanks, not empty, of a bounded length.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Text(pub String);

impl TryFrom<String> for Text {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.chars().count() > limits::FIELD_CHARS_MAX {
            return Err(format!("must have at most {} characters", limits::FIELD_CHARS_MAX));
        }
        clean_text(&text).map(Self).ok_or_else(|| "must not be empty".to_owned())
    }
}

/// An e-mail address, in the form in which it is kept (S-18).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Email(pub String);

impl TryFrom<String> for Email {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let email = clean_email(&text).filter(|email| is_email(email));
        email
            .map(Self)
            .ok_or_else(|| "must be an e-mail address, such as name@example.com".to_owned())
    }
}

/// The name of a time zone, as the tz database writes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ZoneName(pub String);

impl TryFrom<String> for ZoneName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let zone = jiff::tz::TimeZoneDatabase::bundled().get(&text);
        zone.ok()
            .and_then(|zone| zone.iana_name().map(|name| Self(name.to_owned())))
            .ok_or_else(|| "must be the name of a time zone, such as Europe/London".to_owned())
    }
}

/// An address that a browser may be led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAddress(pub String);

impl TryFrom<String> for WebAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_web = url::Url::parse(&text)
            .is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.host().is_some());
        if is_web && text.len() <= limits::PORTAL_URL_BYTES_MAX {
            return Ok(Self(text));
        }
        Err("must be an address that begins with https://".to_owned())
    }
}

/// How many seconds a directory waits between two full syncs, within its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollSeconds(pub i64);

impl TryFrom<i64> for PollSeconds {
    type Error = String;

    fn try_from(seconds: i64) -> Result<Self, String> {
        let range = limits::POLL_SECONDS_MIN..=limits::POLL_SECONDS_MAX;
        if range.contains(&seconds) {
            return Ok(Self(seconds));
        }
        Err(format!("must be from {} to {} seconds", range.start(), range.end()))
    }
}

/// What is done to the metadata of an organization: what the application notes of it for itself,
/// as texts by name. A change names only what changes; null takes away. That is how WorkOS does it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, Option<String>>")]
pub struct MetadataChange(BTreeMap<String, Option<String>>);

impl TryFrom<BTreeMap<String, Option<String>>> for MetadataChange {
    type Error = String;

    fn try_from(change: BTreeMap<String, Option<String>>) -> Result<Self, String> {
        for (name, value) in &change {
            let length = value.as_ref().map_or(0, |value| value.chars().count());
            let has_nul = name.contains('\0') || value.as_ref().is_some_and(|v| v.contains('\0'));
            if name.is_empty() || name.chars().count() > limits::METADATA_NAME_CHARS_MAX {
                let most = limits::METADATA_NAME_CHARS_MAX;
                return Err(format!("has a name without 1 to {most} characters"));
            }
            if length > limits::METADATA_VALUE_CHARS_MAX || has_nul {
                let most = limits::METADATA_VALUE_CHARS_MAX;
                return Err(format!("may have values of up to {most} characters, without U+0000"));
            }
        }
        Ok(Self(change))
    }
}

impl MetadataChange {
    /// Does it; `Null` clears everything. Refuses more than an organization may have.
    pub fn apply(change: Patch<Self>, metadata: &mut Metadata) -> Result<(), OperationError> {
        match change {
            Patch::Missing => return Ok(()),
            Patch::Null => metadata.clear(),
            Patch::Value(Self(change)) => {
                for (name, value) in change {
                    match value {
                        Some(value) => metadata.insert(name, value),
                        None => metadata.remove(&name),
                    };
                }
            }
        }
        if metadata.len() <= limits::METADATA_ITEMS_MAX {
            return Ok(());
        }
        let message = format!("must have at most {} members", limits::METADATA_ITEMS_MAX);
        Err(OperationError::Invalid { field: "metadata", code: "too_many", message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_names_what_changes_and_null_takes_away() {
        let mut metadata = Metadata::from([("a".to_owned(), "1".to_owned())]);
        let mut apply = |change: Patch<&str>| {
            let change = change.map(|text| serde_json::from_str(text).unwrap());
            MetadataChange::apply(change, &mut metadata).unwrap();
            metadata.clone()
        };
        assert_eq!(apply(Patch::Value(r#"{"b":"2"}"#)).len(), 2);
        let left = Metadata::from([("b".to_owned(), "2".to_owned())]);
        assert_eq!(apply(Patch::Value(r#"{"a":null}"#)), left);
        assert_eq!(apply(Patch::Missing), left);
        assert!(apply(Patch::Null).is_empty());
    }

    #[test]
    fn metadata_that_is_too_long_or_no_text_is_refused() {
        for text in [r#"{"":"x"}"#, r#"{"a":1}"#, r#"{"a":"\u0000"}"#, "[]"] {
            assert!(serde_json::from_str::<MetadataChange>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_zone_is_one_of_the_bundled_ones() {
        assert_eq!(
            ZoneName::try_from("europe/berlin".to_owned()),
            Ok(ZoneName("Europe/Berlin".to_owned()))
        );
        assert!(ZoneName::try_from("Mars/Olympus".to_owned()).is_err());
    }
}
