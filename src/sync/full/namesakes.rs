//! Records that may be about somebody who is known under another key.
//!
//! Where nothing but an editable id tells people apart (S-21), a record under a new id can be about
//! a person whom no record names. As long as that is not settled, nobody takes the person for
//! missing (S-16).
//!
//! What this module must not do: say that they are the same.

use crate::domain::employee::{EmailNorm, EmployeeRecord, ExternalKey, is_email};
use crate::domain::text::same_text;

/// What a record says that may be about a person who is known under another key.
#[derive(Debug, Clone)]
pub(crate) struct Namesake {
    pub(crate) external_key: ExternalKey,
    /// The e-mail; `None` when there is none that could be compared.
    email: Option<EmailNorm>,
    first_name: Option<String>,
    last_name: Option<String>,
}

impl Namesake {
    pub(crate) fn of(record: &EmployeeRecord) -> Self {
        let is_sound =
            |email: &&String| is_email(email) && !email.contains(char::REPLACEMENT_CHARACTER);
        let email = record.email.as_ref().filter(is_sound).and_then(|_| record.email_norm());
        let (first_name, last_name) = (record.first_name.clone(), record.last_name.clone());
        Self { external_key: record.external_key.clone(), email, first_name, last_name }
    }

    /// Whether the record may be about this person: it has their e-mail and one of their names, or
    /// both names and no e-mail.
    pub(crate) fn may_be(&self, record: &EmployeeRecord) -> bool {
        let same = |a: &Option<String>, b: &Option<String>| match (a, b) {
            (Some(a), Some(b)) => same_text(a, b),
            _ => false,
        };
        let first = same(&self.first_name, &record.first_name);
        let last = same(&self.last_name, &record.last_name);
        match &self.email {
            Some(email) => record.email_norm().as_ref() == Some(email) && (first || last),
            None => first && last,
        }
    }
}
