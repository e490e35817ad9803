//! What the test button sends: an event of each type that looks like a real one and says that it is
//! none.
//!
//! Invariants:
//! - A sample has the members of real events of its type, so that a receiver reads it the same way.
//! - Its `context` is `{"test":true}`, its id begins with `event_test_`, and every id in it ends
//!   with `TEST`: nothing of it exists.
//!
//! What this module must not do: use anybody's data.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::clock::{Random, Timestamp};
use crate::domain::event::EventKind;
use crate::domain::ids::EventId;

const ORGANIZATION: &str = "org_0000000000000000000000TEST";
const DIRECTORY: &str = "directory_0000000000000000000000TEST";
const USER: &str = "directory_user_0000000000000000000000TEST";
const GROUP: &str = "directory_group_0000000000000000000000TEST";
const ACCOUNT: &str = "account_0000000000000000000000TEST";
const NOTICE: &str = "notice_0000000000000000000000TEST";
const HOLD: &str = "hold_0000000000000000000000TEST";

/// The body of a test delivery, as it is sent.
pub fn body(
    kind: EventKind,
    now: Timestamp,
    random: &dyn Random,
) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Envelope<'a> {
        object: &'static str,
        id: String,
        event: EventKind,
        data: &'a Value,
        created_at: String,
        context: Value,
    }
    let id = EventId::new(now, random);
    let id = id.as_str().strip_prefix("event_").unwrap_or_default();
    serde_json::to_string(&Envelope {
        object: "event",
        id: format!("event_test_{id}"),
        event: kind,
        data: &data(kind, &now.to_string()),
        created_at: now.to_string(),
        context: json!({"test": true}),
    })
}

fn data(kind: EventKind, at: &str) -> Value {
    match kind {
        EventKind::DsyncActivated => {
            with(directory(at), json!({"external_key": "TEST", "domains": []}))
        }
        EventKind::DsyncDeleted => with(
            directory(at),
            json!({"metadata": {"users": {"active": 1, "inactive": 0}, "groups": 1}}),
        ),
        EventKind::UserCreated | EventKind::UserDeleted => user(at),
        EventKind::UserUpdated => with(
            user(at),
            json!({"previous_attributes": {
                "job_title": "Tester",
                "custom_attributes": {"job_title": "Tester"},
            }}),
        ),
        EventKind::GroupCreated | EventKind::GroupDeleted => group(at),
        EventKind::GroupUpdated => {
            with(group(at), json!({"previous_attributes": {"name": "Tests"}}))
        }
        EventKind::GroupUserAdded | EventKind::GroupUserRemoved => {
            json!({"directory_id": DIRECTORY, "user": user(at), "group": group(at)})
        }
        EventKind::NoticeCreated => json!({
            "object": "notice",
            "id": NOTICE,
            "organization_id": ORGANIZATION,
            "directory_id": DIRECTORY,
            "kind": "sync_failed",
            "subject": "This is a test",
            "body": "This is a test. Nothing has happened.",
            "created_at": at,
        }),
        EventKind::HoldOpened => hold("open", None, at),
        EventKind::HoldDecided => hold("approved", Some(at), at),
    }
}

/// An object with further members.
fn with(object: Value, more: Value) -> Value {
    let map = |value| match value {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    let mut members = map(object);
    members.extend(map(more));
    Value::Object(members)
}

fn directory(at: &str) -> Value {
    json!({
        "object": "directory",
        "id": DIRECTORY,
        "organization_id": ORGANIZATION,
        "type": "people hr",
        "state": "active",
        "name": "Test directory",
        "created_at": at,
        "updated_at": at,
    })
}

fn user(at: &str) -> Value {
    let email = "test.person@example.com";
    let emails = json!([{"primary": true, "type": "work", "value": email}]);
    json!({
        "object": "directory_user",
        "id": USER,
        "directory_id": DIRECTORY,
        "organization_id": ORGANIZATION,
        "idp_id": "TEST",
        "email": email,
        "first_name": "Test",
        "last_name": "Person",
        "name": "Test Person",
        "emails": emails,
        "username": email,
        "job_title": "Senior Tester",
        "state": "active",
        "custom_attributes": {
            "addresses": null,
            "cost_center_name": null,
            "department_name": "Testing",
            "display_name": "Test Person",
            "division_name": null,
            "emails": emails,
            "employee_number": "TEST",
            "employee_type": null,
            "employment_end_date": null,
            "employment_start_date": "2026-01-01",
            "job_title": "Senior Tester",
            "manager_email": null,
            "manager_id": null,
            "manager_name": null,
            "office_location": "Test House",
            "organization": null,
            "username": email,
        },
        "raw_attributes": {},
        "created_at": at,
        "updated_at": at,
        "account_id": ACCOUNT,
        "version": 1,
    })
}

fn group(at: &str) -> Value {
    json!({
        "object": "directory_group",
        "id": GROUP,
        "idp_id": "testing",
        "directory_id": DIRECTORY,
        "organization_id": ORGANIZATION,
        "name": "Testing",
        "raw_attributes": {},
        "created_at": at,
        "updated_at": at,
    })
}

fn hold(state: &str, decided_at: Option<&str>, at: &str) -> Value {
    json!({
        "object": "hold",
        "id": HOLD,
        "directory_id": DIRECTORY,
        "organization_id": ORGANIZATION,
        "kind": "deactivations",
        "reason": "This is a test. Nothing waits.",
        "state": state,
        "people": 1,
        "created_at": at,
        "decided_at": decided_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeededRandom;

    #[test]
    fn a_04_every_type_has_a_sample_that_says_that_it_is_one() {
        let random = SeededRandom::new(1);
        for kind in EventKind::ALL {
            let text = body(*kind, Timestamp(1_795_424_400_000), &random).unwrap();
            let value: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value["event"], kind.as_str());
            assert_eq!(value["context"], json!({"test": true}));
            assert!(value["id"].as_str().unwrap().starts_with("event_test_01"), "{text}");
            assert!(value["data"].is_object() && text.contains("0000TEST"), "{text}");
        }
    }
}
