//! One person as an HR system has them, in the one normal form that all providers produce.
//!
//! A record holds only what the product needs (S-07, S-08). Sensitive fields have no place here, so
//! they can not be stored, logged or sent (S-15). A record may be incomplete: whether it can be
//! applied is a rule ([`EmployeeRecord::problem`]), not a property of the type, because a person
//! with a problem still counts as seen.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use crate::domain::row_problem::RowProblemCode;
use crate::limits;
use crate::text_enum;

/// The HR system's name for a person that we keep: the key of the link (S-21).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExternalKey(pub String);

/// The number by which people and the HR system's API call a person. It can change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EmployeeNumber(pub String);

impl ExternalKey {
    /// What stands in a record that has no key at all: it can be listed, never applied (S-07).
    #[must_use]
    pub const fn missing() -> Self {
        Self(String::new())
    }

    /// Whether the record had no key at all.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.0.is_empty()
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl EmployeeNumber {
    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_enum! {
    /// How far an external key can be trusted to stay the same.
    KeyKind {
        /// The provider keeps it for good (`UniqueKey`, Breathe `id`, HRworks `uuid`).
        Stable = "stable",
        /// The customer can change it (People HR `EmployeeId`, when no `UniqueKey` is sent).
        Editable = "editable",
    }
}

text_enum! {
    /// What the record itself says about employment.
    Standing {
        /// The record says: employed now.
        Current = "current",
        /// The record says: not employed (any more).
        Former = "former",
        /// The record does not say; membership in the list of current staff decides (People HR).
        ByMembership = "by_membership",
    }
}

text_enum! {
    /// Whether a person is in the HR system's list of current staff.
    Membership {
        /// In the list.
        Member = "member",
        /// Asked, and not in the list.
        NotMember = "not_member",
        /// Not asked: a by-id answer does not show it (S-11).
        NotShown = "not_shown",
    }
}

/// A department, position or office as the HR system names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// The HR system's key of it, when it has one; renames are followed by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its name, trimmed, never empty.
    pub name: String,
}

impl Unit {
    /// The key of the group that stands for it: the HR system's own, else its comparable name.
    #[must_use]
    pub fn group_key(&self) -> String {
        self.key.clone().unwrap_or_else(|| name_norm(&self.name))
    }
}

/// How a record names the person's manager (S-13).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ManagerReference {
    /// By external key (Breathe, HRworks).
    Key(ExternalKey),
    /// By employee number (People HR).
    Number(EmployeeNumber),
}

/// One person as the HR system has them. Texts are trimmed, free of control characters and never
/// empty: what the HR system leaves blank is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmployeeRecord {
    /// The key of the link.
    pub external_key: ExternalKey,
    /// How far that key can be trusted.
    pub key_kind: KeyKind,
    /// The employee number, when the HR system has one.
    pub employee_number: Option<EmployeeNumber>,
    /// First name (required, S-07).
    pub first_name: Option<String>,
    /// Last name (required, S-07).
    pub last_name: Option<String>,
    /// Work e-mail as written in the HR system (required, S-07).
    pub email: Option<String>,
    /// First day of employment.
    pub start_date: Option<Date>,
    /// Last day of employment.
    pub leaving_date: Option<Date>,
    /// Department.
    pub department: Option<Unit>,
    /// Job title.
    pub position: Option<Unit>,
    /// Office location.
    pub office_location: Option<Unit>,
    /// The person this one reports to.
    pub manager: Option<ManagerReference>,
    /// What the record itself says about employment.
    pub standing: Standing,
    /// The HR system's own status, as sent; a change of it is worth a full run (S-11).
    pub status_text: Option<String>,
    /// Fields that were there but could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<RowProblemCode>,
}

impl EmployeeRecord {
    /// The first thing that keeps this record from being applied, in the order in which HR should
    /// mend it; `None` when it is fine. `is_leaver`: a leaver needs no
    /// e-mail (S-07).
    #[must_use]
    pub fn problem(&self, is_leaver: bool) -> Option<RowProblemCode> {
        if self.has_no_key() {
            return Some(RowProblemCode::MissingKey);
        }
        if self.first_name.is_none() {
            return Some(RowProblemCode::MissingFirstName);
        }
        if self.last_name.is_none() {
            return Some(RowProblemCode::MissingLastName);
        }
        match &self.email {
            None if !is_leaver => return Some(RowProblemCode::MissingEmail),
            Some(email) if !is_email(email) => return Some(RowProblemCode::InvalidEmail),
            _ => {}
        }
        self.unreadable.first().copied()
    }

    /// Whether the HR system sent this record without any key.
    #[must_use]
    pub fn has_no_key(&self) -> bool {
        self.external_key.is_missing() || self.unreadable.contains(&RowProblemCode::MissingKey)
    }

    /// The e-mail for comparison, when there is one.
    #[must_use]
    pub fn email_norm(&self) -> Option<EmailNorm> {
        self.email.as_deref().map(EmailNorm::of)
    }

    /// "First Last", or what there is of it.
    #[must_use]
    pub fn display_name(&self) -> String {
        [self.first_name.as_deref(), self.last_name.as_deref()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// An e-mail address for comparison: trimmed and case-folded (S-20).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EmailNorm(String);

impl EmailNorm {
    /// The comparable form of an address.
    #[must_use]
    pub fn of(email: &str) -> Self {
        Self(email.trim().to_lowercase())
    }

    /// The comparable form as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether text can be an e-mail address: one `@`, something before it, a domain with a dot or a
/// host name after it, no blanks, no control characters, at most 254 bytes.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    text.len() <= limits::EMAIL_BYTES_MAX
        && !local.is_empty()
        && !local.contains('@')
        && !domain.is_empty()
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"()".contains(c))
}

/// Brings text from an HR system to the form records hold: control characters (NUL among them)
/// removed, runs of white space folded to one blank, trimmed, cut to `limits::FIELD_CHARS_MAX`;
/// `None` when nothing is left.
#[must_use]
pub fn clean_text(text: &str) -> Option<String> {
    let mut clean = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        if !clean.is_empty() {
            clean.push(' ');
        }
        clean.push_str(word);
    }
    if let Some((end, _)) = clean.char_indices().nth(limits::FIELD_CHARS_MAX) {
        clean.truncate(end);
    }
    (!clean.is_empty()).then_some(clean)
}

/// The form in which names of departments, positions and offices are compared: case and white space
/// do not make a second one (S-09).
#[must_use]
pub fn name_norm(name: &str) -> String {
    clean_text(name).unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_hr_is_cleaned() {
        assert_eq!(clean_text("  Health \t& \u{0}Safety\n").as_deref(), Some("Health & Safety"));
        assert_eq!(clean_text(" \u{a0} "), None);
    }

    #[test]
    fn s_09_case_and_white_space_do_not_make_a_second_department() {
        assert_eq!(name_norm("People  Ops"), name_norm(" people ops"));
    }

    #[test]
    fn what_an_email_address_is() {
        for good in ["a@b.co", "sian.o'brien@example.co.uk", "tomáš@example.cz", "root@localhost"]
        {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "a", "a@", "@b", "a@b@c.de", "a b@c.de", "a@.de", "a@de.", "A <a@b.de>"] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
