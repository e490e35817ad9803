//! The example of protocol page §3.4, and every odd shape a field may come in.

use std::borrow::Cow;

use jiff::civil::Date;
use serde_json::{Value, json};

use super::*;
use crate::domain::employee::Need;
use crate::providers::trim::Trim;

/// §3.4 with values in the sensitive fields that must not come through.
pub fn example() -> Value {
    let h = |text: &str| json!({"DisplayValue": text, "FieldHistory": []});
    let d = |text: &str| json!({"DisplayValue": text});
    let e = |text: &str| {
        json!({"DisplayValue": text, "FieldHistoryForEffectiveDate": [{"FieldData": "CANARY-h",
            "EffectiveDate": "2020-01-01", "ChangedOn": "", "ReasonForChange": "CANARY-r"}]})
    };
    json!({
        "EmployeeId": h("PW42"), "Title": h("Ms"), "FirstName": h("Siân"),
        "LastName": h(" O'Brien "), "OtherName": h("CANARY-o"), "KnownAs": h("CANARY-k"),
        "EmailId": h("sian.obrien@example.co.uk"), "StartDate": h("2021-03-01"),
        "DateOfBirth": h("1990-11-23"),
        "JobRole": {"DisplayValue": "Finance Analyst", "FieldHistoryForJobRole": []},
        "Company": e("CANARY-c"), "CompanyEffectiveDate": d("2021-03-01"),
        "Location": e("Head Office"), "Department": e("Finance & Legal"),
        "ReportsTo": e("CANARY-m"), "ReportsToEmployeeId": d("PW7"),
        "ReportsToEmailAddress": d("CANARY-e"), "NISNumber": h("CANARY-n"),
        "Nationality": h("CANARY-y"), "EmploymentType": e("CANARY-t"),
        "EmployeeStatus": d("1"), "Gender": h("CANARY-g"),
        "ContactDetail": {"Address": h("CANARY-a<br />"), "PersonalEmail": h("CANARY-p")},
        "OtherContact": [{"OtherContactName": d("CANARY-oc")}],
        "RightToWork": [{"DocumentId": d("CANARY-rw")}], "BackgroundDetail": [],
        "BankDetail": {"AccountNumber": h("CANARY-b")},
        "EmploymentDetail": {"PayrollID": h("CANARY-pr")},
        "LeavingDate": "", "ReasonForLeaving": "CANARY-l", "EmployeeImage": "CANARY-i",
        "APIColumn1": "CANARY-1", "AdditionalreportsTo": [],
        "UniqueKey": "7c1b0c55-3f4e-4d1c-9a55-0b7b5b5f4a10", "lstFieldHistoryJobrole": null
    })
}

fn read(value: &Value) -> Result<EmployeeRecord, ProviderError> {
    record(&serde_json::to_vec(value).unwrap())
}

fn with(field: &str, value: Value) -> EmployeeRecord {
    let mut employee = example();
    employee[field] = value;
    read(&employee).unwrap()
}

#[test]
fn the_example_becomes_this_record() {
    let unit = |name: &str| Some(Unit { key: None, name: name.to_owned() });
    let expected = EmployeeRecord {
        external_key: ExternalKey("7c1b0c55-3f4e-4d1c-9a55-0b7b5b5f4a10".to_owned()),
        key_kind: KeyKind::Stable,
        employee_number: Some(EmployeeNumber("PW42".to_owned())),
        first_name: Some("Siân".to_owned()),
        last_name: Some("O'Brien".to_owned()),
        email: Some("sian.obrien@example.co.uk".to_owned()),
        start_date: Some(Date::constant(2021, 3, 1)),
        leaving_date: None,
        department: unit("Finance & Legal"),
        position: unit("Finance Analyst"),
        office_location: unit("Head Office"),
        manager: Some(ManagerReference::Number(EmployeeNumber("PW7".to_owned()))),
        standing: Standing::ByMembership,
        status_text: Some("1".to_owned()),
        unreadable: Vec::new(),
    };
    assert_eq!(read(&example()).unwrap(), expected);
    let pretty = serde_json::to_vec_pretty(&example()).unwrap();
    assert_eq!(record(&pretty).unwrap(), expected);
    let keys = keys(&pretty).unwrap();
    assert_eq!(keys.external_key, expected.external_key);
    assert_eq!(keys.employee_number, expected.employee_number);
}

#[test]
fn s_16_what_is_left_of_a_large_record_says_the_same() {
    let (mut trim, mut left) = (Trim::new(wire::MEMBERS), Vec::new());
    trim.take(&serde_json::to_vec(&example()).unwrap(), &mut left);
    let read = read(&example()).unwrap();
    assert_eq!(record(&left).unwrap(), read);
    assert!(!String::from_utf8(left).unwrap().contains("CANARY-b"));
}

#[test]
fn s_16_an_id_that_is_no_whole_number_is_none() {
    let with = |id: &str, others: &str| {
        let record_of = format!(r#"{{"EmployeeId":{id}{others},"LastName":"Lee"}}"#);
        record(record_of.as_bytes())
    };
    assert_eq!(with("42", "").unwrap().external_key.as_str(), "42");
    for id in ["42.0", "42.5", "4e1", "-42", r#"{"DisplayValue":42.0}"#, "99999999999999999999"] {
        let key = with(id, "");
        assert!(key.is_err(), "{id} {key:?}");
        let stable = with(id, r#","UniqueKey":"key-1""#).unwrap();
        assert_eq!(stable.external_key.as_str(), "key-1");
        let number = stable.employee_number.unwrap();
        assert!(number.as_str().contains(char::REPLACEMENT_CHARACTER), "{id}");
    }
}

#[test]
fn s_15_sensitive_values_do_not_come_through() {
    let shown = format!("{:?}", read(&example()).unwrap());
    assert!(!shown.contains("CANARY") && !shown.contains("1990"), "{shown}");
    // Also not by way of an error.
    let mut cut = serde_json::to_vec(&example()).unwrap();
    cut.truncate(cut.len() - 1);
    let shown = format!("{:?}", record(&cut).unwrap_err());
    assert!(!shown.contains("CANARY") && !shown.contains("PW42"), "{shown}");
}

#[test]
fn a_field_may_be_wrapped_bare_a_number_or_nothing() {
    for shape in
        [json!("Ann"), json!({"DisplayValue": "Ann"}), json!({"X": [1], "DisplayValue": "Ann"})]
    {
        assert_eq!(with("FirstName", shape).first_name.as_deref(), Some("Ann"));
    }
    for shape in
        [json!(42), json!("42"), json!({"DisplayValue": 42}), json!({"DisplayValue": "42"})]
    {
        assert_eq!(with("EmployeeId", shape).employee_number.unwrap().as_str(), "42");
    }
    let nothing = [
        json!(null),
        json!(""),
        json!(" \u{0}\t"),
        json!({}),
        json!([]),
        json!([{"a": 1}]),
        json!(true),
        json!({"DisplayValue": null}),
        json!({"DisplayValue": []}),
    ];
    for shape in nothing {
        let record = with("FirstName", shape.clone());
        assert_eq!(record.first_name, None, "{shape}");
        assert_eq!(with("Department", shape.clone()).department, None, "{shape}");
        assert_eq!(with("LeavingDate", shape).leaving_date, None);
    }
    assert_eq!(with("FirstName", json!("A\\\n\u{0}b\u{e9}")).first_name.as_deref(), Some("A\\ bé"));
}

#[test]
fn s_21_the_key_is_the_unique_key_else_the_number() {
    for absent in [
        json!(null),
        json!(" "),
        json!("00000000-0000-0000-0000-000000000000"),
        json!("x".repeat(201)),
    ] {
        let record = with("UniqueKey", absent);
        assert_eq!(record.external_key.as_str(), "PW42");
        assert_eq!(record.key_kind, KeyKind::Editable);
    }
    let only_key = json!({"UniqueKey": " k "});
    assert_eq!(read(&only_key).unwrap().external_key.as_str(), "k");
    assert_eq!(read(&only_key).unwrap().employee_number, None);
    // The number goes back to People HR as it is: blanks inside are kept.
    assert_eq!(with("EmployeeId", json!(" 007  a ")).employee_number.unwrap().as_str(), "007  a");
}

#[test]
fn s_07_without_any_key_there_is_a_record_to_list() {
    let keyless = json!({"EmployeeId": {"DisplayValue": " "}, "FirstName": "Ann", "UniqueKey": ""});
    for raw in [json!({}), keyless] {
        let record = read(&raw).unwrap();
        assert!(record.external_key.is_missing());
        assert_eq!(record.problem(Need::Key), Some(RowProblemCode::MissingKey));
        assert!(keys(raw.to_string().as_bytes()).unwrap().external_key.is_missing());
    }
}

#[test]
fn without_an_object_there_is_no_record() {
    for raw in ["[]", r#"["a"]"#, "null", "", "{"] {
        let error = record(raw.as_bytes()).unwrap_err();
        assert!(matches!(error, ProviderError::Malformed { .. }), "{raw}");
        assert!(keys(raw.as_bytes()).is_err(), "{raw}");
    }
}

#[test]
fn dates_are_read_in_the_forms_seen() {
    let day = Some(Date::constant(2026, 2, 28));
    for text in [
        "2026-02-28",
        " 2026-02-28 ",
        "2026/02/28",
        "2026-02-28T00:00:00",
        "2026-02-28 13:17:58",
        "2026-02-28T00:00:00.000Z",
        "2026-02-28T00:00:00+01:00",
    ] {
        assert_eq!(date(text), Ok(day), "{text}");
    }
    for text in ["", "  ", "0001-01-01", "0001-01-01T00:00:00"] {
        assert_eq!(date(text), Ok(None), "{text}");
    }
    for text in [
        "2026-02-30",
        "28/02/2026",
        "2026-2-28",
        "26-02-28",
        "2026-02-28x",
        "2026-02-28T<b>",
        "20260228",
        "2026-02-28-01",
        "-026-02-28",
        "+026-02-28",
        "tomorrow",
        "2026-02-é8",
        "éééééééé",
    ] {
        assert_eq!(date(text), Err(Unreadable), "{text}");
    }
}

#[test]
fn s_07_an_unreadable_date_is_a_problem_of_this_person_only() {
    let mut employee = example();
    employee["StartDate"] = json!({"DisplayValue": "1st of May"});
    employee["LeavingDate"] = json!("31/12/2026");
    let record = read(&employee).unwrap();
    assert_eq!((record.start_date, record.leaving_date), (None, None));
    let codes = [RowProblemCode::InvalidStartDate, RowProblemCode::InvalidLeavingDate];
    assert_eq!(record.unreadable, codes);
    assert_eq!(record.first_name.as_deref(), Some("Siân"));
}

#[test]
fn a_text_that_was_cut_in_the_middle_costs_only_its_end() {
    for (sent, read) in [
        (r"Ann \ud83d", "Ann \u{fffd}"),
        (r"Ann \uD83D\u0041", "Ann \u{fffd}A"),
        (r"\udE00 Ann", "\u{fffd} Ann"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
        (r"Ann \ud83d\ude00", "Ann \u{1f600}"),
        (r"Ann \\ud83d", r"Ann \ud83d"),
        (r"Ann \\\ud83d", "Ann \\\u{fffd}"),
    ] {
        let raw = format!(r#"{{"EmployeeId":"1","FirstName":"{sent}"}}"#);
        assert_eq!(record(raw.as_bytes()).unwrap().first_name.as_deref(), Some(read), "{sent}");
        assert!(keys(raw.as_bytes()).is_ok());
    }
    let damaged = b"{\"EmployeeId\":\"1\",\"FirstName\":\"Ann \xC3\"}";
    assert_eq!(record(damaged).unwrap().first_name.as_deref(), Some("Ann \u{fffd}"));
    for sound in [br#"{"a":"b\n\u00e9\ud83d\ude00"}"#.as_slice(), b"", b"\\", b"\\u", b"\\ud8"] {
        assert!(matches!(mend(sound), Cow::Borrowed(_)));
    }
}

#[test]
fn s_21_a_unique_key_is_one_key_in_every_spelling_and_unset_in_every_spelling() {
    let key = "7c1b0c55-3f4e-4d1c-9a55-0b7b5b5f4a10";
    for spelling in [key.to_uppercase(), format!("{{{key}}}"), key.replace('-', "")] {
        let record = with("UniqueKey", json!(spelling));
        assert_eq!((record.external_key.as_str(), record.key_kind), (key, KeyKind::Stable));
    }
    let zeros = "{00000000-0000-0000-0000-000000000000}";
    for unset in [json!(zeros), json!(zeros.replace('-', "")), json!(""), json!(null), json!(" ")] {
        let record = with("UniqueKey", unset);
        assert_eq!((record.external_key.as_str(), record.key_kind), ("PW42", KeyKind::Editable));
    }
}
