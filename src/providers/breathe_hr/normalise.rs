//! Brings Breathe HR's employee object to the normal form.
//!
//! Invariants:
//! - A function of the record alone; the same record gives the same result for one mapping version.
//! - A field that cannot be read never costs the person the rest of the record.
//!
//! What this module must not do: know what day it is. A status that is not known is no status: the
//! dates decide, and they act by themselves (S-11, S-12).

use super::wire::{Employee, Named};
use crate::domain::employee::{
    EmployeeNumber, EmployeeRecord, ExternalKey, KeyKind, ManagerReference, RowProblemCode,
    Standing, Unit, clean_email, clean_text,
};
use crate::providers::fields::{Unreadable, clean_key, date};
use crate::providers::{RecordKeys, salvage};

/// Changes whenever [`record_of`] gives another result for the same record.
pub const MAPPING_VERSION: u32 = 4;

/// The normal form of one employee. Without `id` the key is missing.
pub fn record_of(employee: Employee) -> EmployeeRecord {
    let RecordKeys { external_key, employee_number } = keys(&employee);
    let mut unreadable = Vec::new();
    let mut day = |text: &Option<String>, code| {
        date(text.as_deref().unwrap_or_default()).unwrap_or_else(|Unreadable| {
            unreadable.push(code);
            None
        })
    };
    let is_blank = |text: &Option<String>| text.as_deref().is_none_or(|t| t.trim().is_empty());
    let join_date = if is_blank(&employee.join_date) {
        &employee.company_join_date
    } else {
        &employee.join_date
    };
    let start_date = day(join_date, RowProblemCode::InvalidStartDate);
    let leaving_date = day(&employee.leaving_date, RowProblemCode::InvalidLeavingDate);
    let status_text = text(employee.status.as_deref());
    if has_unknown_status(&employee) {
        unreadable.push(RowProblemCode::UnknownStatus);
    }
    EmployeeRecord {
        external_key,
        key_kind: KeyKind::Stable,
        employee_number,
        first_name: text(employee.first_name.as_deref()),
        last_name: text(employee.last_name.as_deref()),
        email: employee.email.as_deref().and_then(clean_email),
        start_date,
        leaving_date,
        department: unit(employee.department),
        position: text(employee.job_title.as_deref()).map(|name| Unit { key: None, name }),
        office_location: unit(employee.location),
        manager: employee
            .line_manager
            .and_then(|manager| clean_key(&manager.id?))
            .map(|key| ManagerReference::Key(ExternalKey(key))),
        // An unknown status ends nobody's access; a leaving date that has passed does.
        standing: standing(employee.status.as_deref()).unwrap_or(Standing::Current),
        status_text,
        unreadable,
    }
}

/// The keys of one employee.
pub fn keys(employee: &Employee) -> RecordKeys {
    let employee_number = employee.employee_ref.as_deref().and_then(clean_key).map(EmployeeNumber);
    RecordKeys { external_key: key(employee), employee_number }
}

/// The key of the link (S-21); missing in a record that can be listed and not applied (S-07).
pub fn key(employee: &Employee) -> ExternalKey {
    let id = employee.id.as_deref().and_then(clean_key);
    id.map_or_else(ExternalKey::missing, ExternalKey)
}

/// The keys of a record that cannot be read, as far as there is no doubt about them.
pub fn salvage(raw: &[u8]) -> Option<RecordKeys> {
    let [id, number] = salvage::keys(raw, &["id", "employee_ref"], "employee_ref");
    let employee_number = number.map(EmployeeNumber);
    Some(RecordKeys { external_key: ExternalKey(id?), employee_number })
}

/// Whether the status says something that is in no table.
pub fn has_unknown_status(employee: &Employee) -> bool {
    standing(employee.status.as_deref()).is_none()
}

/// What a status means (protocol page §5.1); `None` when it is not known.
fn standing(status: Option<&str>) -> Option<Standing> {
    let status = clean_text(status.unwrap_or_default()).unwrap_or_default().to_lowercase();
    match status.as_str() {
        // Whether a starter has begun is for the first day to say.
        "current employee" | "pending leaver" | "pending starter" => Some(Standing::Current),
        "ex-employee" => Some(Standing::Former),
        _ => None,
    }
}

fn text(text: Option<&str>) -> Option<String> {
    clean_text(text?)
}

/// A department or location. Its key carries it through a change of its name.
fn unit(named: Option<Named>) -> Option<Unit> {
    let named = named?;
    let name = text(named.name.as_deref())?;
    Some(Unit { key: named.id.as_deref().and_then(clean_key), name })
}

#[cfg(test)]
#[path = "normalise_tests.rs"]
mod tests;
