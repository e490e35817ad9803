//! Brings HRworks' master data of a person to the normal form.
//!
//! Invariants:
//! - A function of the record alone; the same record gives the same result for one mapping version.
//! - A field that cannot be read never costs the person the rest of the record.
//!
//! What this module must not do: know what day it is. `isActive` is the standing; `leaveDate` and
//! `joinDate` act by themselves in the organization's time zone (S-11, S-12).

use super::wire::{Establishment, Person, Superior, Unit as OrganizationUnit};
use crate::domain::employee::{
    EmployeeNumber, EmployeeRecord, ExternalKey, KeyKind, ManagerReference, RowProblemCode,
    Standing, Unit, clean_email, clean_text,
};
use crate::providers::fields::{Unreadable, clean_key, date, guid_key};
use crate::providers::{RecordKeys, salvage};

/// Changes whenever [`record_of`] gives another result for the same record.
pub const MAPPING_VERSION: u32 = 5;

/// The normal form of one person. Without `uuid` the key is missing.
pub fn record_of(person: Person) -> EmployeeRecord {
    let RecordKeys { external_key, employee_number } = keys(&person);
    let mut unreadable = Vec::new();
    let mut day = |text: &Option<String>, code| {
        date(text.as_deref().unwrap_or_default()).unwrap_or_else(|Unreadable| {
            unreadable.push(code);
            None
        })
    };
    let start_date = day(&person.join_date, RowProblemCode::InvalidStartDate);
    let leaving_date = day(&person.leave_date, RowProblemCode::InvalidLeavingDate);
    let gone = person.is_active == Some(false);
    let known = person.is_active.map(|active| if active { "active" } else { "gone" });
    let unknown = text(person.is_active_word.as_deref()).filter(|_| known.is_none());
    if known.is_none() {
        unreadable.push(RowProblemCode::UnknownStatus);
    }
    EmployeeRecord {
        external_key,
        key_kind: KeyKind::Stable,
        employee_number,
        first_name: text(person.first_name.as_deref()),
        last_name: text(person.last_name.as_deref()),
        email: person.email.as_deref().and_then(clean_email),
        start_date,
        leaving_date,
        department: department(person.organization_unit, person.organization_unit_uuid.as_deref()),
        position: text(person.position.as_deref()).map(|name| Unit { key: None, name }),
        office_location: person.permanent_establishment.and_then(office_location),
        manager: person.superior.as_ref().and_then(manager),
        standing: if gone { Standing::Former } else { Standing::Current },
        status_text: known.map(str::to_owned).or(unknown),
        unreadable,
    }
}

/// The keys of one person.
pub fn keys(person: &Person) -> RecordKeys {
    let employee_number =
        person.personnel_number.as_deref().and_then(clean_key).map(EmployeeNumber);
    RecordKeys { external_key: key(person), employee_number }
}

/// The key of the link (S-21); missing in a record that can be listed and not applied (S-07).
pub fn key(person: &Person) -> ExternalKey {
    let uuid = person.uuid.as_deref().and_then(guid_key);
    uuid.map_or_else(ExternalKey::missing, ExternalKey)
}

/// The keys of a record that cannot be read, as far as there is no doubt about them.
pub fn salvage(raw: &[u8]) -> Option<RecordKeys> {
    let [uuid, number] = salvage::keys(raw, &["uuid", "personnelNumber"], "isActive");
    let employee_number = number.map(EmployeeNumber);
    Some(RecordKeys { external_key: ExternalKey(guid_key(&uuid?)?), employee_number })
}

fn text(text: Option<&str>) -> Option<String> {
    clean_text(text?)
}

/// The key of an organization unit: its `uuid`, or its number in older data.
pub fn unit_key(unit: Option<&OrganizationUnit>, uuid: Option<&str>) -> Option<String> {
    let own = unit.and_then(|unit| unit.uuid.as_deref()).and_then(guid_key);
    let number = || unit.and_then(|unit| unit.number.as_deref()).and_then(clean_key);
    own.or_else(|| uuid.and_then(guid_key)).or_else(number)
}

fn department(unit: Option<OrganizationUnit>, uuid: Option<&str>) -> Option<Unit> {
    let key = unit_key(unit.as_ref(), uuid);
    let unit = unit?;
    let name = text(unit.name.as_deref()).or_else(|| text(unit.number.as_deref()))?;
    Some(Unit { key, name })
}

fn office_location(establishment: Establishment) -> Option<Unit> {
    let name = text(establishment.name.as_deref())?;
    Some(Unit { key: establishment.id.as_deref().and_then(clean_key), name })
}

/// Managers may stand outside the list; whether they are known is decided later (S-13).
fn manager(superior: &Superior) -> Option<ManagerReference> {
    let by_number = || {
        let number = superior.personnel_number.as_deref().and_then(clean_key)?;
        Some(ManagerReference::Number(EmployeeNumber(number)))
    };
    let key = superior.uuid.as_deref().and_then(guid_key);
    key.map(|key| ManagerReference::Key(ExternalKey(key))).or_else(by_number)
}

#[cfg(test)]
#[path = "normalise_tests.rs"]
mod tests;
