//! One person as an HR system has them, in the one normal form that all providers produce.
//!
//! A record holds only what the product needs (S-07, S-08). Sensitive fields have no place here, so
//! they cannot be stored, logged or sent (S-15). A record may be incomplete: whether it can be
//! applied is a rule ([`EmployeeRecord::problem`]), not a property of the type, because a person
//! with a problem still counts as seen.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use crate::domain::email::{EmailNorm, clean_email, is_email};
pub use crate::domain::row_problem::RowProblemCode;
use crate::domain::row_problem::Severity;
use crate::domain::text::identity;
pub use crate::domain::text::{clean_text, same_text};
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
    /// By work e-mail, where the record gives nothing else (People HR).
    Email(EmailNorm),
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
    /// Fields that were there but could not be read, or say what we do not know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<RowProblemCode>,
}

/// What a record has to hold depends on where its person stands (S-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Employed: names and an e-mail.
    Everything,
    /// Linked and about to leave: an e-mail is not missed any more.
    Names,
    /// Has left: only a key.
    Key,
}

impl EmployeeRecord {
    /// The first thing that keeps this record from being applied, in the order in which HR should
    /// mend it; `None` when it is fine.
    #[must_use]
    pub fn problem(&self, need: Need) -> Option<RowProblemCode> {
        if self.has_no_key() {
            return Some(RowProblemCode::MissingKey);
        }
        let mut unreadable = self.unreadable.iter().copied();
        if need == Need::Key {
            return unreadable.find(|code| code.is_about_whose_it_is());
        }
        if self.first_name.is_none() {
            return Some(RowProblemCode::MissingFirstName);
        }
        if self.last_name.is_none() {
            return Some(RowProblemCode::MissingLastName);
        }
        match &self.email {
            None if need == Need::Names => {}
            None => return Some(RowProblemCode::MissingEmail),
            Some(email) if !is_email(email) => return Some(RowProblemCode::InvalidEmail),
            Some(_) => {}
        }
        unreadable.find(|code| code.severity() == Severity::Problem)
    }

    /// Whether the leaving date is one of an earlier employment: it is past and before the start
    /// date, and the HR system counts the person as employed (S-11).
    #[must_use]
    pub fn has_stale_leaving_date(&self, membership: Membership, today: Date) -> bool {
        let employed = match self.standing {
            Standing::Current => true,
            Standing::Former => false,
            Standing::ByMembership => membership != Membership::NotMember,
        };
        let (Some(start), Some(leaving)) = (self.start_date, self.leaving_date) else {
            return false;
        };
        employed && leaving < start && leaving < today
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

    /// The e-mail, unless what stands there is none.
    #[must_use]
    pub fn good_email(&self) -> Option<&str> {
        self.email.as_deref().filter(|email| is_email(email))
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

/// The form in which names of departments, positions and offices are compared: case, white space
/// and what nobody sees do not make a second one (S-09, S-18).
#[must_use]
pub fn name_norm(name: &str) -> String {
    identity(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_09_case_and_white_space_do_not_make_a_second_department() {
        assert_eq!(name_norm("People  Ops"), name_norm(" people ops"));
    }
}
