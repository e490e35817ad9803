//! `metadata` of an organization: what the application notes of it for itself, as texts by name.
//!
//! A change names only what changes; null takes away. That is how WorkOS does it.

use std::collections::BTreeMap;

use crate::db::organizations::Metadata;
use crate::limits;
use crate::web::body::Members;
use crate::web::error::Problem;

/// What a request does to metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataChange(Option<BTreeMap<String, Option<String>>>);

impl MetadataChange {
    /// Takes the member `metadata`, if it is there.
    pub fn read(body: &mut Members) -> Option<Self> {
        let change = body.patch::<BTreeMap<String, Option<String>>>("metadata")?;
        for (name, value) in change.iter().flatten() {
            let length = value.as_ref().map_or(0, |value| value.chars().count());
            let has_nul = name.contains('\0') || value.as_ref().is_some_and(|v| v.contains('\0'));
            if name.is_empty() || name.chars().count() > limits::METADATA_NAME_CHARS_MAX {
                let message = format!(
                    "has a name without 1 to {} characters",
                    limits::METADATA_NAME_CHARS_MAX
                );
                body.refuse("metadata", "invalid", message);
            } else if length > limits::METADATA_VALUE_CHARS_MAX || has_nul {
                let most = limits::METADATA_VALUE_CHARS_MAX;
                let message = format!("may have values of up to {most} characters, without U+0000");
                body.refuse("metadata", "invalid", message);
            }
        }
        Some(Self(change))
    }

    /// Does it.
    pub fn apply(self, metadata: &mut Metadata) {
        let Some(change) = self.0 else { return metadata.clear() };
        for (name, value) in change {
            match value {
                Some(value) => metadata.insert(name, value),
                None => metadata.remove(&name),
            };
        }
    }
}

/// Refuses more than an organization may have.
pub fn check_size(metadata: &Metadata) -> Result<(), Problem> {
    if metadata.len() <= limits::METADATA_ITEMS_MAX {
        return Ok(());
    }
    let message = format!("must have at most {} members", limits::METADATA_ITEMS_MAX);
    Err(Problem::invalid("metadata", "too_many", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_names_what_changes_and_null_takes_away() {
        let mut metadata = Metadata::from([("a".to_owned(), "1".to_owned())]);
        let read = |text: &[u8]| MetadataChange::read(&mut Members::parse(text).unwrap()).unwrap();
        read(br#"{"metadata":{"b":"2"}}"#).apply(&mut metadata);
        assert_eq!(metadata.len(), 2);
        read(br#"{"metadata":{"a":null}}"#).apply(&mut metadata);
        assert_eq!(metadata, Metadata::from([("b".to_owned(), "2".to_owned())]));
        read(br#"{"metadata":null}"#).apply(&mut metadata);
        assert!(metadata.is_empty());
    }

    #[test]
    fn what_is_too_long_or_no_text_is_refused() {
        for text in [r#"{"metadata":{"":"x"}}"#, r#"{"metadata":{"a":1}}"#, r#"{"metadata":[]}"#] {
            let mut members = Members::parse(text.as_bytes()).unwrap();
            MetadataChange::read(&mut members);
            assert!(members.has_errors(), "{text}");
        }
    }
}
