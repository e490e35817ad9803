//! What Breathe HR sends, as far as a record or a decision needs it (protocol page §5).
//!
//! Invariants:
//! - The structs name only what is kept; everything else, the sensitive fields among it, is skipped
//!   while parsing (S-15).
//! - What changes by the calendar alone (`age`, `length_of_service_in_months`) and `updated_at` are
//!   not named, so that [`Employee::canonical`] changes only when the person does.
//!
//! What this module must not do: judge or clean what it reads.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::employee::ExternalKey;
use crate::providers::fields::{fact, inner, key_text, mend, pick, sound_key, text};
use crate::providers::{ProviderError, malformed};

/// The fields of one employee that a record is made of, as text.
#[derive(Serialize, Default, Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the fields have the vendor's names")]
pub struct Employee {
    /// Breathe HR's own key.
    pub id: Option<String>,
    /// The "Ref" that people see; often blank, and not unique.
    pub employee_ref: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Work e-mail; blank for leavers.
    pub email: Option<String>,
    /// The words for the employment status.
    pub status: Option<String>,
    /// First day of employment.
    pub join_date: Option<String>,
    /// The same in older systems.
    pub company_join_date: Option<String>,
    /// Last day of employment.
    pub leaving_date: Option<String>,
    /// Job title.
    pub job_title: Option<String>,
    /// Department.
    pub department: Option<Named>,
    /// Office location.
    pub location: Option<Named>,
    /// The manager.
    pub line_manager: Option<Named>,
}

/// The members that are read of an employee, at whatever depth.
pub const MEMBERS: &[&str] = &[
    "id",
    "name",
    "account_id",
    "employee_ref",
    "first_name",
    "last_name",
    "email",
    "status",
    "join_date",
    "company_join_date",
    "leaving_date",
    "job_title",
    "department",
    "location",
    "line_manager",
];

/// Something with a key and a name. Of a manager only the key is read.
#[derive(Serialize, Default, Debug, PartialEq, Eq)]
pub struct Named {
    /// Breathe HR's key of it.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
}

impl Named {
    fn read(value: Option<&RawValue>) -> Result<Option<Self>, ProviderError> {
        let [id, name] = inner(value, &["id", "name"])?;
        let named = Self { id: key_text(id), name: text(name) };
        Ok((named != Self::default()).then_some(named))
    }
}

impl Employee {
    /// Reads an employee as sent, or as written by [`Employee::canonical`]. Fails when it is no
    /// JSON object, when a name comes twice in what is read of it, or when its key is damaged.
    pub fn read(raw: &[u8]) -> Result<Self, ProviderError> {
        let raw = mend(raw);
        let [id, employee_ref] = pick(&raw, &["id", "employee_ref"])?.map(key_text);
        let names = ["first_name", "last_name", "email", "job_title"];
        let [first_name, last_name, email, job] = pick(&raw, &names)?.map(text);
        let facts = ["status", "join_date", "company_join_date", "leaving_date"];
        let [status, join, joined, leaving] = pick(&raw, &facts)?.map(fact);
        sound_key(&ExternalKey(id.clone().unwrap_or_default()))?;
        let [department, location, line_manager] =
            pick(&raw, &["department", "location", "line_manager"])?;
        Ok(Self {
            id,
            employee_ref,
            first_name,
            last_name,
            email,
            status,
            join_date: join,
            company_join_date: joined,
            leaving_date: leaving,
            job_title: job,
            department: Named::read(department)?,
            location: Named::read(location)?,
            line_manager: Named::read(line_manager)?,
        })
    }

    /// The employee in one fixed form, for telling whether anything has changed.
    pub fn canonical(&self) -> Result<Vec<u8>, ProviderError> {
        serde_json::to_vec(self).map_err(|_| malformed("a record cannot be written"))
    }
}

/// The company that a key belongs to.
#[derive(Debug, PartialEq, Eq)]
pub struct Account {
    /// Breathe HR's key of it.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
}

impl Account {
    /// Reads the answer about the account: one object, or a list of one (protocol page §5.3).
    pub fn read(answer: &[u8]) -> Result<Self, ProviderError> {
        let answer = mend(answer);
        let [account, accounts] = pick(&answer, &["account", "accounts"])?;
        let value = account.or(accounts);
        let listed =
            value.and_then(|value| serde_json::from_str::<[&RawValue; 1]>(value.get()).ok());
        let [id, name] = inner(listed.map(|[only]| only).or(value), &["id", "name"])?;
        Ok(Self { id: sound_text(id), name: text(name) })
    }
}

/// The key of the company that an employee belongs to.
pub fn account_id(raw: &[u8]) -> Option<String> {
    let raw = mend(raw);
    let [account_id] = pick(&raw, &["account_id"]).ok()?;
    sound_text(account_id)
}

/// A key that can be compared.
fn sound_text(key: Option<&RawValue>) -> Option<String> {
    key_text(key).filter(|key| !key.contains(char::REPLACEMENT_CHARACTER))
}
