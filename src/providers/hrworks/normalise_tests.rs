//! The example of protocol page §6.4 and its variants.

use jiff::civil::{Date, date as day};
use serde_json::{Value, json};

use super::*;
use crate::domain::account::{AccountStatus, Activity, account_status, activity};
use crate::domain::employee::{Membership, Need};
use crate::providers::hrworks::wire::MEMBERS;
use crate::providers::trim::Trim;

pub const UUID: &str = "0d2f7a54-91e4-4c1b-9a55-3f6d2e7c0042";
const SUPERIOR: &str = "0d2f7a54-91e4-4c1b-9a55-3f6d2e7c0001";
const UNIT: &str = "6f3c1d90-2c0a-4a3e-8a30-0c9f6f0b1020";

/// §6.4 with values in the sensitive fields that must not come through.
pub fn example() -> Value {
    json!({
        "uuid": UUID, "personLicenseNumber": "L-000042", "personId": "lena.vogt",
        "personnelNumber": "01042", "firstName": "Lena", "lastName": " Vogt ", "title": "Dr.",
        "gender": "CANARY-g", "email": "lena.vogt@example.de", "privateEmail": "CANARY-pe",
        "officePhoneNumber": "+49 761 000042", "position": "Softwareentwicklerin",
        "employmentType": "regularEmployee", "isActive": true, "joinDate": "2021-04-01",
        "probationEndDate": "2021-09-30", "nationality": "CANARY-n", "birthday": "CANARY-b",
        "bankAccount": {"iban": "CANARY-i"}, "address": {"street": "CANARY-s"},
        "organizationUnit": {"uuid": UNIT, "number": "20", "name": "Entwicklung",
            "parentOrganizationUnit": {"uuid": "other", "number": "1", "name": "Beispiel GmbH",
                "parentOrganizationUnit": {"uuid": "top", "number": "0", "name": "Konzern"}}},
        "organizationUnitUuid": UNIT,
        "permanentEstablishment": {"id": "3", "name": "Freiburg", "number": "12345678"},
        "superior": {"uuid": SUPERIOR, "personId": "amir.kaya", "personnelNumber": "1001",
            "firstName": "CANARY-f"},
        "historicizedData": {"employment": [{"beginDate": "2027-01-01",
            "data": {"position": "CANARY-h"}}]},
        "profilePictureUrl": "https://example.invalid/expiring",
        "Kleidergröße": "M", "Arbeitsort": "Freiburg", "2026": "x", "Schlüssel": {"a": [1]}
    })
}

/// The example with these fields changed.
pub fn with(changes: Value) -> Value {
    let mut person = example();
    for (name, value) in changes.as_object().unwrap() {
        person[name] = value.clone();
    }
    person
}

fn person(value: &Value) -> Person {
    Person::read(&serde_json::to_vec(value).unwrap()).unwrap()
}

fn record(changes: Value) -> EmployeeRecord {
    record_of(person(&with(changes)))
}

#[test]
fn s_16_what_is_left_of_a_large_record_says_the_same() {
    let (mut trim, mut left) = (Trim::new(MEMBERS), Vec::new());
    trim.take(&serde_json::to_vec(&example()).unwrap(), &mut left);
    assert_eq!(Person::read(&left).unwrap(), person(&example()));
    assert!(!String::from_utf8(left).unwrap().contains("CANARY-s"));
}

#[test]
fn the_example_becomes_this_record() {
    let unit = |key: Option<&str>, name: &str| {
        Some(Unit { key: key.map(str::to_owned), name: name.to_owned() })
    };
    let expected = EmployeeRecord {
        external_key: ExternalKey(UUID.to_owned()),
        key_kind: KeyKind::Stable,
        employee_number: Some(EmployeeNumber("01042".to_owned())),
        first_name: Some("Lena".to_owned()),
        last_name: Some("Vogt".to_owned()),
        email: Some("lena.vogt@example.de".to_owned()),
        start_date: Some(day(2021, 4, 1)),
        leaving_date: None,
        department: unit(Some(UNIT), "Entwicklung"),
        position: unit(None, "Softwareentwicklerin"),
        office_location: unit(Some("3"), "Freiburg"),
        manager: Some(ManagerReference::Key(ExternalKey(SUPERIOR.to_owned()))),
        standing: Standing::Current,
        status_text: Some("active".to_owned()),
        unreadable: Vec::new(),
    };
    assert_eq!(record(json!({})), expected);
    // What a list hands over is read as what was sent.
    let canonical = person(&example()).canonical().unwrap();
    let sent = Person { log_in_name: None, ..person(&example()) };
    assert_eq!(Person::read(&canonical).unwrap(), sent);
}

#[test]
fn s_15_sensitive_values_do_not_come_through() {
    let shown = format!("{:?}", person(&example()));
    let canonical = String::from_utf8(person(&example()).canonical().unwrap()).unwrap();
    for text in [shown, canonical] {
        for word in ["CANARY", "expiring", "Kleidergr", "Konzern", "L-000042"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
}

#[test]
fn fields_of_the_companys_own_are_ignored_whatever_their_names() {
    let mut text = serde_json::to_string(&example()).unwrap();
    text.truncate(text.len() - 1);
    text.push_str(r#","E-Mail":"canary@example.de","Email":"b","E-Mail":"c","UUID":"x","":{}}"#);
    let found = record_of(Person::read(text.as_bytes()).unwrap());
    assert_eq!(found, record(json!({})));
    let canonical = |changes| person(&with(changes)).canonical().unwrap();
    let noise = json!({"profilePictureUrl": "https://example.invalid/other", "2026": "y"});
    assert_eq!(canonical(noise), canonical(json!({})));
    assert_ne!(canonical(json!({"isActive": false})), canonical(json!({})));
}

#[test]
fn s_11_active_by_is_active_and_by_dates() {
    let today = day(2026, 11, 23);
    let at = |changes: Value, today: Date| {
        let found = record(changes);
        let activity = activity(&found, Membership::NotShown, today);
        (activity, account_status(activity, found.start_date, None, today))
    };
    let active = (Activity::Active, AccountStatus::Active);
    let inactive = (Activity::Inactive, AccountStatus::Inactive);
    assert_eq!(at(json!({}), today), active);
    assert_eq!(at(json!({"isActive": false}), today), inactive);
    // The admin has not yet set them to "gone".
    assert_eq!(at(json!({"leaveDate": "2026-11-22"}), today), inactive);
    assert_eq!(at(json!({"leaveDate": "2026-11-23"}), today), active, "the last working day");
    assert_eq!(at(json!({"leaveDate": "2027-01-31"}), today), active);
    assert_eq!(at(json!({"isActive": false, "leaveDate": "2027-01-31"}), today), inactive);
    let starter = json!({"joinDate": "2027-01-01"});
    let pending = (Activity::Active, AccountStatus::Pending);
    assert_eq!(at(starter.clone(), today), pending);
    assert_eq!(at(starter, day(2027, 1, 1)), active);
    for unset in [json!(null), json!(""), json!("perhaps")] {
        assert_eq!(at(json!({"isActive": unset}), today), active, "{unset}");
    }
}

#[test]
fn s_08_units_managers_and_odd_fields() {
    let old = record(json!({"organizationUnit": {"number": "20", "name": "Entwicklung"},
        "organizationUnitUuid": null}));
    assert_eq!(old.department.unwrap().key.as_deref(), Some("20"));
    let nameless = record(json!({"organizationUnit": {"uuid": "u", "number": "20"}}));
    assert_eq!(nameless.department.unwrap().name, "20");
    for nothing in [json!(null), json!({}), json!([]), json!("Entwicklung")] {
        assert_eq!(record(json!({"organizationUnit": nothing})).department, None, "{nothing}");
        assert_eq!(record(json!({"permanentEstablishment": nothing})).office_location, None);
        assert_eq!(record(json!({"superior": nothing})).manager, None);
    }
    let by_number = record(json!({"superior": {"personnelNumber": "1001"}})).manager;
    assert_eq!(by_number, Some(ManagerReference::Number(EmployeeNumber("1001".to_owned()))));
    let odd = record(json!({"joinDate": "01.04.2021", "leaveDate": "soon"}));
    let both = vec![RowProblemCode::InvalidStartDate, RowProblemCode::InvalidLeavingDate];
    assert_eq!(odd.unreadable, both);
    let blank = record(json!({"email": "", "personnelNumber": null, "position": " "}));
    assert_eq!((blank.email, blank.employee_number, blank.position), (None, None, None));
}

#[test]
fn s_07_without_a_uuid_there_is_a_record_to_list() {
    for uuid in [json!(null), json!(" "), json!([])] {
        let keyless = with(json!({"uuid": uuid}));
        let record = record_of(person(&keyless));
        assert!(record.external_key.is_missing(), "{uuid}");
        assert_eq!(record.problem(Need::Key), Some(RowProblemCode::MissingKey), "{uuid}");
        assert!(keys(&person(&keyless)).external_key.is_missing(), "{uuid}");
    }
}

#[test]
fn s_21_uuids_of_people_managers_and_units_are_one_key_in_every_spelling() {
    let spell: [fn(&str) -> String; 3] =
        [|key| key.to_uppercase(), |key| format!("{{{key}}}"), |key| key.replace('-', "")];
    for spell in spell {
        let changed = record(json!({
            "uuid": spell(UUID),
            "organizationUnit": {"uuid": spell(UNIT), "number": "20", "name": "Entwicklung"},
            "organizationUnitUuid": spell(UNIT),
            "superior": {"uuid": spell(SUPERIOR), "personnelNumber": "1001"},
        }));
        assert_eq!(changed, record(json!({})));
    }
    let zeros = "{00000000-0000-0000-0000-000000000000}";
    let unset = record(json!({
        "uuid": zeros,
        "organizationUnit": {"uuid": zeros, "number": "20", "name": "Entwicklung"},
        "organizationUnitUuid": "",
        "superior": {"uuid": null, "personnelNumber": "1001"},
    }));
    assert!(unset.external_key.is_missing());
    assert_eq!(unset.department.unwrap().key.as_deref(), Some("20"));
    let number = ManagerReference::Number(EmployeeNumber("1001".to_owned()));
    assert_eq!(unset.manager, Some(number));
}
