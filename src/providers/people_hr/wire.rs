//! What People HR sends, as far as a record or a decision needs it.
//!
//! Invariants:
//! - The structs name only what is kept; everything else, the sensitive fields among it, is skipped
//!   while parsing and never enters a structure of ours (S-15).
//! - A field of an unexpected shape is "not there", or damaged where it decides about access, never
//!   an error: one odd field must not cost a person the rest of the record. A name that comes twice
//!   is one, at any depth: which of the values is meant cannot be known (S-16).
//!
//! What this module must not do: judge or clean what it reads.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::providers::fields::whole_number;

/// A text of the employee object: `{"DisplayValue": …}`, a bare string, a number, or nothing
/// (protocol page §3.1, §3.3). A newtype because serde never borrows into `Option<Cow<str>>`.
#[derive(Default)]
pub struct Text<'a>(pub Option<Cow<'a, str>>);

impl Text<'_> {
    /// The text as sent; empty when there is none.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor { reads: Reads::Text }).map(Text)
    }
}

/// A [`Text`] that decides about somebody's access. A value of another shape is there and cannot be
/// read; it must not look as if nothing were there. So it counts as damaged (S-17).
#[derive(Default)]
pub struct Fact<'a>(pub Text<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Fact<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = TextVisitor { reads: Reads::Fact };
        deserializer.deserialize_any(visitor).map(|text| Self(Text(text)))
    }
}

/// A [`Text`] that names somebody. A number that is not whole counts as damaged: nobody can tell
/// for which key it is meant (S-16).
#[derive(Default)]
pub struct Name<'a>(pub Text<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = TextVisitor { reads: Reads::Name };
        deserializer.deserialize_any(visitor).map(|text| Self(Text(text)))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    Text,
    Fact,
    Name,
}

struct TextVisitor {
    reads: Reads,
}

impl TextVisitor {
    /// What stands for a value of another shape.
    fn odd<'de>(&self) -> Option<Cow<'de, str>> {
        (self.reads == Reads::Fact).then_some(Cow::Borrowed("\u{fffd}"))
    }

    fn number<'de>(&self, digits: String) -> Cow<'de, str> {
        let is_name = self.reads == Reads::Name;
        Cow::Owned(if is_name { whole_number(digits) } else { digits })
    }
}

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(self.number(number.to_string())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(self.number(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        // Debug, because Display writes 106.0 like 106.
        let is_name = self.reads == Reads::Name;
        let digits = if is_name { format!("{number:?}") } else { number.to_string() };
        Ok(Some(self.number(digits)))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(self.odd())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self.odd())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut found, mut is_text, mut is_empty) = (None, false, true);
        while let Some(key) = map.next_key::<Key<'de>>()? {
            is_empty = false;
            if key.0 != "DisplayValue" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            if std::mem::replace(&mut is_text, true) {
                return Err(A::Error::custom("a name comes twice"));
            }
            found = match self.reads {
                Reads::Text => map.next_value::<Text<'de>>()?.0,
                Reads::Fact => map.next_value::<Fact<'de>>()?.0.0,
                Reads::Name => map.next_value::<Name<'de>>()?.0.0,
            };
        }
        Ok(if is_text || is_empty { found } else { self.odd() })
    }
}

/// An object's key, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// The fields of one employee that a record is made of (protocol page §3.2).
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
#[expect(clippy::struct_field_names, reason = "the fields have the vendor's names")]
pub struct Employee<'a> {
    /// The customer's number for the person; can be edited.
    #[serde(borrow)]
    pub employee_id: Name<'a>,
    /// The system's own key; not sent by old systems.
    #[serde(borrow)]
    pub unique_key: Name<'a>,
    /// First name.
    #[serde(borrow)]
    pub first_name: Text<'a>,
    /// Last name.
    #[serde(borrow)]
    pub last_name: Text<'a>,
    /// Work e-mail.
    #[serde(borrow)]
    pub email_id: Text<'a>,
    /// First day of employment.
    #[serde(borrow)]
    pub start_date: Fact<'a>,
    /// Last day of employment.
    #[serde(borrow)]
    pub leaving_date: Fact<'a>,
    /// Department.
    #[serde(borrow)]
    pub department: Text<'a>,
    /// Job title.
    #[serde(borrow)]
    pub job_role: Text<'a>,
    /// Office location.
    #[serde(borrow)]
    pub location: Text<'a>,
    /// The manager's `EmployeeId`.
    #[serde(borrow)]
    pub reports_to_employee_id: Name<'a>,
    /// The manager's work e-mail.
    #[serde(borrow)]
    pub reports_to_email_address: Text<'a>,
    /// A digit whose meaning is not settled (protocol page §4).
    #[serde(borrow)]
    pub employee_status: Text<'a>,
}

/// The members that are read of an employee, at whatever depth.
pub const MEMBERS: &[&str] = &[
    "DisplayValue",
    "EmployeeId",
    "UniqueKey",
    "FirstName",
    "LastName",
    "EmailId",
    "StartDate",
    "LeavingDate",
    "Department",
    "JobRole",
    "Location",
    "ReportsToEmployeeId",
    "ReportsToEmailAddress",
    "EmployeeStatus",
];

/// Only the keys of one employee.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub struct EmployeeKeys<'a> {
    /// See [`Employee::employee_id`].
    #[serde(borrow)]
    pub employee_id: Name<'a>,
    /// See [`Employee::unique_key`].
    #[serde(borrow)]
    pub unique_key: Name<'a>,
}

/// The result of `GetCompanyInformation`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub struct Company<'a> {
    /// The customer's number.
    #[serde(borrow)]
    pub company_id: Name<'a>,
    /// The customer's name.
    #[serde(borrow)]
    pub company_name: Text<'a>,
}

/// What stands around every answer (protocol page §2.1). Keys are read in any case: the vendor's
/// pages write `IsError`, the wire has `isError`.
#[derive(Default)]
pub struct Envelope<'a> {
    /// Whether the answer calls itself an error, as a boolean or as text.
    pub is_error: bool,
    /// The answer's number, sent as a number or as text; 0 is success.
    pub status: Option<i64>,
    /// The answer's words. Never shown: they decide the class of a failure only.
    pub message: Cow<'a, str>,
    /// The result, unread.
    pub result: Option<&'a RawValue>,
}

impl Envelope<'_> {
    /// Whether the result holds nothing: absent, `null`, `{}`, `[]` or `""` (protocol page §2.1).
    pub fn result_is_blank(&self) -> bool {
        let Some(result) = self.result else { return true };
        let dense: String = result.get().split_ascii_whitespace().collect();
        matches!(dense.as_str(), "null" | "{}" | "[]" | "\"\"")
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(key) = map.next_key::<Key<'de>>()? {
            match key.0.to_ascii_lowercase().as_str() {
                // Sent twice, one "yes" is enough.
                "iserror" => envelope.is_error |= map.next_value::<Flag>()?.0,
                "status" => {
                    let status = map.next_value::<Text<'de>>()?.as_str().trim().parse().ok();
                    if envelope.status.is_some_and(|earlier| Some(earlier) != status) {
                        return Err(A::Error::custom("two different statuses"));
                    }
                    envelope.status = status;
                }
                "message" => {
                    let message = map.next_value::<Text<'de>>()?.0.unwrap_or_default();
                    if !envelope.message.is_empty() && envelope.message != message {
                        return Err(A::Error::custom("two different messages"));
                    }
                    envelope.message = message;
                }
                "result" if envelope.result.is_some() => {
                    return Err(A::Error::custom("two results"));
                }
                "result" => envelope.result = Some(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(envelope)
    }
}

/// `true`, `"true"` or a number other than 0.
struct Flag(bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get().trim_matches('"').trim();
        let no = raw.is_empty() || raw == "0" || raw == "null" || raw.eq_ignore_ascii_case("false");
        Ok(Self(!no))
    }
}
