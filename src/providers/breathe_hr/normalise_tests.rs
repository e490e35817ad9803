//! The example of protocol page §5.2 and its variants.

use jiff::civil::{Date, date as day};
use serde_json::{Value, json};

use super::*;
use crate::domain::account::{Activity, activity};
use crate::domain::employee::{Membership, Need};
use crate::providers::breathe_hr::wire::MEMBERS;
use crate::providers::trim::Trim;

/// §5.2 with values in the sensitive fields that must not come through.
pub fn example() -> Value {
    json!({
        "length_of_service_in_months": 39, "age": 36, "full_or_part_time": "Part-Time",
        "notice_period": "2 weeks", "photo_url": null,
        "working_pattern": {"id": 410_001, "name": "CANARY-w", "default": true},
        "line_manager": {"id": 100_002, "first_name": "CANARY-m", "email": "CANARY-me"},
        "holiday_approver": {"id": 100_003}, "department": {"name": "IT", "id": 300_003},
        "division": null, "location": {"name": "Leeds", "id": 200_001}, "gender": "CANARY-g",
        "salary": "CANARY-s", "status": "Current employee", "job_start_date": "2023-06-02",
        "job_title": "Support Engineer", "custom_fields": null, "duties": ["first_aider"],
        "id": 100_007, "account_id": 5001, "first_name": "Tomasz", "middle_name": null,
        "last_name": " Reid ", "email": "tomasz.reid@example.com", "join_date": "2023-06-02",
        "person_type": "Employee", "dob": "1990-11-23", "known_as": "CANARY-k",
        "nationality": "CANARY-n", "national_insurance_no": "CANARY-ni",
        "personal_email": "CANARY-pe", "address1": "CANARY-a", "bank_name": "CANARY-b",
        "account_number": "CANARY-an", "ref_number": "CANARY-rn", "leaving_date": null,
        "employee_ref": "EMP007", "created_at": "2026-08-31T19:57:30+01:00",
        "updated_at": "2026-08-31T19:57:34+01:00", "uuid": "0f5d1f0e-5d2b-4f1b-9a3e-1c5d8a1b2c3d"
    })
}

/// The example with these fields changed.
pub fn with(changes: Value) -> Value {
    let mut employee = example();
    for (name, value) in changes.as_object().unwrap() {
        employee[name] = value.clone();
    }
    employee
}

fn employee(value: &Value) -> Employee {
    Employee::read(&serde_json::to_vec(value).unwrap()).unwrap()
}

fn record(changes: Value) -> EmployeeRecord {
    record_of(employee(&with(changes)))
}

fn on(record: &EmployeeRecord, today: Date) -> Activity {
    activity(record, Membership::NotShown, today)
}

#[test]
fn s_16_what_is_left_of_a_large_record_says_the_same() {
    let (mut trim, mut left) = (Trim::new(MEMBERS), Vec::new());
    trim.take(&serde_json::to_vec(&example()).unwrap(), &mut left);
    assert_eq!(Employee::read(&left).unwrap(), employee(&example()));
    assert!(!String::from_utf8(left).unwrap().contains("CANARY-s"));
}

#[test]
fn the_example_becomes_this_record() {
    let unit = |key: Option<&str>, name: &str| {
        Some(Unit { key: key.map(str::to_owned), name: name.to_owned() })
    };
    let expected = EmployeeRecord {
        external_key: ExternalKey("100007".to_owned()),
        key_kind: KeyKind::Stable,
        employee_number: Some(EmployeeNumber("EMP007".to_owned())),
        first_name: Some("Tomasz".to_owned()),
        last_name: Some("Reid".to_owned()),
        email: Some("tomasz.reid@example.com".to_owned()),
        start_date: Some(day(2023, 6, 2)),
        leaving_date: None,
        department: unit(Some("300003"), "IT"),
        position: unit(None, "Support Engineer"),
        office_location: unit(Some("200001"), "Leeds"),
        manager: Some(ManagerReference::Key(ExternalKey("100002".to_owned()))),
        standing: Standing::Current,
        status_text: Some("Current employee".to_owned()),
        unreadable: Vec::new(),
    };
    assert_eq!(record(json!({})), expected);
    // What a list hands over is read as what was sent.
    let canonical = employee(&example()).canonical().unwrap();
    assert_eq!(Employee::read(&canonical).unwrap(), employee(&example()));
    assert_eq!(keys(&employee(&example())).external_key, expected.external_key);
}

#[test]
fn s_15_sensitive_values_do_not_come_through() {
    let shown = format!("{:?}", employee(&example()));
    assert!(!shown.contains("CANARY") && !shown.contains("1990"), "{shown}");
    let canonical = String::from_utf8(employee(&example()).canonical().unwrap()).unwrap();
    assert!(!canonical.contains("CANARY") && !canonical.contains("1990"), "{canonical}");
}

#[test]
fn the_calendar_alone_changes_nothing() {
    let canonical = |changes| employee(&with(changes)).canonical().unwrap();
    let later = json!({"age": 37, "length_of_service_in_months": 40,
        "updated_at": "2026-09-30T00:00:00+01:00", "photo_url": ""});
    assert_eq!(canonical(later), canonical(json!({})));
    for change in [
        json!({"email": "new@example.com"}),
        json!({"status": "Pending leaver"}),
        json!({"department": {"id": 300_003, "name": "Technology"}}),
        json!({"line_manager": {"id": 100_009}}),
        json!({"leaving_date": "2026-12-31"}),
    ] {
        assert_ne!(canonical(change.clone()), canonical(json!({})), "{change}");
    }
}

#[test]
fn s_11_the_status_table() {
    let (today, active) = (day(2026, 11, 23), Activity::Active);
    for status in ["Current employee", "Pending leaver", "Pending Starter", " CURRENT  employee "] {
        let found = record(json!({"status": status}));
        assert_eq!((found.standing, on(&found, today)), (Standing::Current, active), "{status}");
        assert!(!has_unknown_status(&employee(&with(json!({"status": status})))));
    }
    // Also before Breathe HR itself has flipped the status.
    let leaving = record(json!({"status": "Pending leaver", "leaving_date": "2026-11-23"}));
    assert_eq!(on(&leaving, today), active);
    assert_eq!(on(&leaving, today.tomorrow().unwrap()), Activity::Inactive);
    let left = record(json!({"status": "Ex-employee", "leaving_date": "2027-06-30"}));
    assert_eq!((left.standing, on(&left, today)), (Standing::Former, Activity::Inactive));
}

#[test]
fn s_11_an_unknown_status_is_decided_by_dates() {
    let today = day(2026, 11, 23);
    for status in [json!("Starting soon"), json!("on the moon"), json!(null), json!(7)] {
        let at = |leaving: Value| {
            let found = record(json!({"status": status, "leaving_date": leaving}));
            on(&found, today)
        };
        assert_eq!(at(json!(null)), Activity::Active, "{status}");
        assert_eq!(at(json!("2026-11-23")), Activity::Active, "{status}");
        assert_eq!(at(json!("2026-11-22")), Activity::Inactive, "{status}");
        assert!(has_unknown_status(&employee(&with(json!({"status": status})))), "{status}");
    }
}

#[test]
fn s_07_leavers_and_odd_fields() {
    let leaver = record(json!({"status": "Ex-employee", "leaving_date": "2026-06-30", "email": "",
        "employee_ref": "", "line_manager": null, "job_start_date": null}));
    assert_eq!((&leaver.email, &leaver.employee_number, &leaver.manager), (&None, &None, &None));
    assert_eq!(leaver.problem(Need::Key), None);
    assert!(leaver.department.is_some(), "still set");
    let owner = record(json!({"join_date": null, "job_title": null, "department": null}));
    assert_eq!((owner.start_date, owner.position, owner.department), (None, None, None));
    let old = record(json!({"join_date": null, "company_join_date": "2015-01-31"}));
    assert_eq!(old.start_date, Some(day(2015, 1, 31)));
    let blank = record(json!({"join_date": "", "company_join_date": "2015-01-31"}));
    assert_eq!(blank.start_date, Some(day(2015, 1, 31)));
    let odd = record(json!({"join_date": "2nd of June", "leaving_date": "2026-02-30"}));
    let both = vec![RowProblemCode::InvalidStartDate, RowProblemCode::InvalidLeavingDate];
    assert_eq!(odd.unreadable, both);
    for shape in [json!({}), json!([]), json!(7), json!({"id": 1}), json!({"name": " "})] {
        assert_eq!(record(json!({"department": shape})).department, None, "{shape}");
    }
    let unkeyed = record(json!({"location": {"name": "Leeds"}})).office_location.unwrap();
    assert_eq!((unkeyed.key, unkeyed.name.as_str()), (None, "Leeds"));
    let cut = br#"{"id":1,"first_name":"A\ud83d","status":"Current employee"}"#;
    let cut = record_of(Employee::read(cut).unwrap());
    assert_eq!(cut.first_name.as_deref(), Some("A\u{fffd}"));
}

#[test]
fn s_07_without_an_id_there_is_a_record_to_list() {
    for id in [json!(null), json!(""), json!({"a": 1})] {
        let keyless = with(json!({"id": id}));
        let record = record_of(employee(&keyless));
        assert!(record.external_key.is_missing(), "{id}");
        assert_eq!(record.problem(Need::Key), Some(RowProblemCode::MissingKey), "{id}");
        assert!(keys(&employee(&keyless)).external_key.is_missing(), "{id}");
    }
}
