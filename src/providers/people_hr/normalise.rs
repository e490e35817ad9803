//! Brings People HR's employee object to the normal form.
//!
//! Invariants:
//! - A function of the bytes alone; the same bytes give the same record for one mapping version.
//! - Only the fields of [`EmployeeRecord`] are read (S-07, S-08, S-15).
//! - A field that cannot be read never costs the person the rest of the record.
//!
//! What this module must not do: decide who is active. The digit in `EmployeeStatus` has no settled
//! meaning (protocol page §4), so the standing is [`Standing::ByMembership`].

use std::borrow::Cow;

use super::wire;
use crate::domain::employee::{
    EmailNorm, EmployeeNumber, EmployeeRecord, ExternalKey, KeyKind, ManagerReference,
    RowProblemCode, Standing, Unit, clean_email, clean_text, is_email,
};
use crate::providers::fields::{Unreadable, clean_key, date, guid_key, mend, object, sound_key};
use crate::providers::{ProviderError, RecordKeys, salvage};

/// Changes whenever [`record`] gives another result for the same bytes.
pub const MAPPING_VERSION: u32 = 4;

/// Reads one employee object. Fails when it is no JSON object or its key is damaged. With neither
/// `UniqueKey` nor `EmployeeId` (S-21) the key is missing.
pub fn record(raw: &[u8]) -> Result<EmployeeRecord, ProviderError> {
    let raw = mend(raw);
    let employee: wire::Employee<'_> = object(&raw)?;
    let employee_number = number(&employee.employee_id);
    let (external_key, key_kind) = key(&employee.unique_key, employee_number.as_ref());
    sound_key(&external_key)?;
    let mut unreadable = Vec::new();
    let mut day = |text: &wire::Text<'_>, code| {
        date(text.as_str()).unwrap_or_else(|Unreadable| {
            unreadable.push(code);
            None
        })
    };
    let start_date = day(&employee.start_date.0, RowProblemCode::InvalidStartDate);
    let leaving_date = day(&employee.leaving_date.0, RowProblemCode::InvalidLeavingDate);
    let status_text = text(&employee.employee_status);
    if status_text.as_deref().is_some_and(|status| !is_known_status(status)) {
        unreadable.push(RowProblemCode::UnknownStatus);
    }
    Ok(EmployeeRecord {
        external_key,
        key_kind,
        employee_number,
        first_name: text(&employee.first_name),
        last_name: text(&employee.last_name),
        email: clean_email(employee.email_id.as_str()),
        start_date,
        leaving_date,
        department: unit(&employee.department),
        position: unit(&employee.job_role),
        office_location: unit(&employee.location),
        manager: manager(&employee),
        standing: Standing::ByMembership,
        status_text,
        unreadable,
    })
}

/// The digits that were seen, and the words that stand for them on the vendor's pages (protocol
/// page §4). None of them decides anything.
fn is_known_status(status: &str) -> bool {
    let known = ["1", "2", "3", "active", "leaver", "left", "leaver_marked", "marked leaver"];
    known.contains(&status.to_lowercase().as_str())
}

/// The manager by number, else by e-mail (S-13).
fn manager(employee: &wire::Employee<'_>) -> Option<ManagerReference> {
    let by_email = || {
        let email = clean_email(employee.reports_to_email_address.as_str())?;
        is_email(&email).then(|| ManagerReference::Email(EmailNorm::of(&email)))
    };
    number(&employee.reports_to_employee_id).map(ManagerReference::Number).or_else(by_email)
}

/// Reads only the keys of one employee object; fails like [`record`].
pub fn keys(raw: &[u8]) -> Result<RecordKeys, ProviderError> {
    let raw = mend(raw);
    let employee: wire::EmployeeKeys<'_> = object(&raw)?;
    let employee_number = number(&employee.employee_id);
    let (external_key, _) = key(&employee.unique_key, employee_number.as_ref());
    sound_key(&external_key)?;
    Ok(RecordKeys { external_key, employee_number })
}

/// The keys of a record that cannot be read, as far as there is no doubt about them.
pub fn salvage(raw: &[u8]) -> Option<RecordKeys> {
    let [unique_key, number] = salvage::keys(raw, &["UniqueKey", "EmployeeId"], "EmployeeId");
    let employee_number = number.map(EmployeeNumber);
    let unique_key = wire::Name(wire::Text(unique_key.map(Cow::Owned)));
    let (external_key, _) = key(&unique_key, employee_number.as_ref());
    (!external_key.is_missing()).then_some(RecordKeys { external_key, employee_number })
}

fn key(unique_key: &wire::Name<'_>, number: Option<&EmployeeNumber>) -> (ExternalKey, KeyKind) {
    let unique_key = guid_key(unique_key.0.as_str());
    match (unique_key, number) {
        (Some(key), _) => (ExternalKey(key), KeyKind::Stable),
        (None, Some(number)) => (ExternalKey(number.0.clone()), KeyKind::Editable),
        (None, None) => (ExternalKey::missing(), KeyKind::Editable),
    }
}

fn number(name: &wire::Name<'_>) -> Option<EmployeeNumber> {
    clean_key(name.0.as_str()).map(EmployeeNumber)
}

fn text(text: &wire::Text<'_>) -> Option<String> {
    clean_text(text.as_str())
}

fn unit(name: &wire::Text<'_>) -> Option<Unit> {
    text(name).map(|name| Unit { key: None, name })
}

#[cfg(test)]
#[path = "normalise_tests.rs"]
mod tests;
