//! Directory objects as the application sees them: one form for events, feed and API (wire contract
//! §4 and §6). Texts that a JavaScript client re-serialises keep their bytes: keys are lower-case
//! words, numbers are small whole numbers.

use serde_json::{Map, Value, json};

use crate::clock::Timestamp;
use crate::db::directories::{Directory, DirectoryCounts};
use crate::db::directory_users::DirectoryUser;
use crate::db::groups::Group;
use crate::db::holds::Hold;
use crate::db::reports::directory::PeopleCounts;
use crate::domain::directory::DirectoryState;
use crate::domain::employee::{EmployeeRecord, ManagerReference, Unit};
use crate::domain::failure::FailureClass;
use crate::domain::ids::AccountId;
use crate::domain::profile::Profile;
use crate::texts::Language;

/// A directory user, without `groups` (events never carry them).
#[must_use]
pub fn directory_user(user: &DirectoryUser, account: Option<&AccountId>) -> Map<String, Value> {
    let record = &user.record.0;
    let name = record.display_name();
    let object = json!({
        "object": "directory_user",
        "id": user.id,
        "directory_id": user.directory_id,
        "organization_id": user.organization_id,
        "idp_id": user.external_key,
        "email": record.email,
        "first_name": record.first_name,
        "last_name": record.last_name,
        "name": (!name.is_empty()).then_some(name),
        "emails": emails(record),
        "username": record.email,
        "job_title": unit_name(record.position.as_ref()),
        "state": user.shown_state(),
        "custom_attributes": custom_attributes(user),
        "raw_attributes": {},
        "created_at": user.created_at_ms.to_string(),
        "updated_at": user.updated_at_ms.to_string(),
        "account_id": account,
        "version": user.version,
    });
    into_map(object)
}

fn emails(record: &EmployeeRecord) -> Value {
    let email = record.email.as_ref();
    let email = email.map(|email| json!({"primary": true, "type": "work", "value": email}));
    Value::Array(email.into_iter().collect())
}

/// All attributes that WorkOS predefines, and ours. What no HR system tells us is null; so are the
/// manager's name and e-mail, which are in the manager's own object: a copy here would go stale
/// without an event. Only where a record names its manager by e-mail alone is that what it says.
fn custom_attributes(user: &DirectoryUser) -> Value {
    let record = &user.record.0;
    let (manager, manager_email) = match &record.manager {
        None => (None, None),
        Some(ManagerReference::Key(key)) => (Some(key.as_str()), None),
        Some(ManagerReference::Number(number)) => (Some(number.as_str()), None),
        Some(ManagerReference::Email(email)) => (None, Some(email.as_str())),
    };
    json!({
        "addresses": null,
        "cost_center_name": null,
        "department_name": unit_name(record.department.as_ref()),
        "display_name": record.display_name(),
        "division_name": null,
        "emails": emails(record),
        "employee_number": record.employee_number,
        "employee_type": null,
        "employment_end_date": record.leaving_date,
        "employment_start_date": record.start_date,
        "job_title": unit_name(record.position.as_ref()),
        "manager_email": manager_email,
        "manager_id": manager,
        "manager_name": null,
        "office_location": unit_name(record.office_location.as_ref()),
        "organization": null,
        "username": record.email,
    })
}

fn unit_name(unit: Option<&Unit>) -> Option<&str> {
    unit.map(|unit| unit.name.as_str())
}

/// A group.
#[must_use]
pub fn group(group: &Group) -> Map<String, Value> {
    into_map(json!({
        "object": "directory_group",
        "id": group.id,
        "idp_id": group.group_key,
        "directory_id": group.directory_id,
        "organization_id": group.organization_id,
        "name": group.name,
        "raw_attributes": {},
        "created_at": group.created_at_ms.to_string(),
        "updated_at": group.updated_at_ms.to_string(),
    }))
}

/// A membership, as it is sent.
#[must_use]
pub fn membership(user: &Map<String, Value>, of: &Group) -> Value {
    json!({"directory_id": of.directory_id, "user": user, "group": group(of)})
}

/// A hold as its events send it; the names are to be had from the API.
#[must_use]
pub fn hold(hold: &Hold, people: u64) -> Value {
    json!({
        "object": "hold",
        "id": hold.id,
        "directory_id": hold.directory_id,
        "organization_id": hold.organization_id,
        "kind": hold.kind,
        "list_version": hold.list_version,
        "reason": hold.text().in_language(Language::English),
        "state": hold.state,
        "people": people,
        "created_at": hold.created_at_ms.to_string(),
        "decided_at": hold.decided_at_ms.map(|at| at.to_string()),
    })
}

/// A directory as `dsync.activated` sends it.
#[must_use]
pub fn activated(directory: &Directory, profile: &Profile, now: Timestamp) -> Value {
    let mut object = directory_object(directory, profile, "active", now);
    object.insert("external_key".to_owned(), json!(directory.external_key));
    object.insert("domains".to_owned(), json!([]));
    Value::Object(object)
}

/// A directory as `dsync.deleted` sends it: with the state it had before.
#[must_use]
pub fn deleted(
    directory: &Directory,
    profile: &Profile,
    counts: DirectoryCounts,
    now: Timestamp,
) -> Value {
    let state = match wire_state(directory) {
        "linked" => "active",
        "unlinked" => "inactive",
        other => other,
    };
    let mut object = directory_object(directory, profile, state, now);
    let DirectoryCounts { active, inactive, groups, .. } = counts;
    object.insert("metadata".to_owned(), metadata(PeopleCounts { active, inactive, groups }));
    Value::Object(object)
}

/// The state of a directory as it is read. SDKs and events say `active` for `linked` and `inactive`
/// for `unlinked`.
#[must_use]
pub fn wire_state(directory: &Directory) -> &'static str {
    match (directory.state, directory.failure_class()) {
        (DirectoryState::Setup | DirectoryState::Disabled, _) => "unlinked",
        (DirectoryState::Validating, _) => "validating",
        (DirectoryState::Failing, Some(FailureClass::Credential | FailureClass::Permission)) => {
            "invalid_credentials"
        }
        (DirectoryState::Active | DirectoryState::Failing, _) => "linked",
    }
}

fn metadata(counts: PeopleCounts) -> Value {
    json!({
        "users": {"active": counts.active, "inactive": counts.inactive},
        "groups": counts.groups,
    })
}

fn directory_object(
    directory: &Directory,
    profile: &Profile,
    state: &str,
    now: Timestamp,
) -> Map<String, Value> {
    into_map(json!({
        "object": "directory",
        "id": directory.id,
        "organization_id": directory.organization_id,
        "type": profile.wire_type,
        "state": state,
        "name": directory.name,
        "created_at": directory.created_at_ms.to_string(),
        "updated_at": now.to_string(),
    }))
}

/// What changed between two objects, as `previous_attributes`: members at the root with their old
/// value, `custom_attributes` as an object of only the changed keys, null for what was not there.
/// `None` when nothing did. Moments, versions and the copies of members do not count.
#[must_use]
pub fn previous_attributes(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> Option<Value> {
    const NOT_COUNTED: &[&str] = &["updated_at", "version", "custom_attributes"];
    let mut previous = changed_members(before, after, NOT_COUNTED);
    let attributes = |object: &Map<String, Value>| {
        object.get("custom_attributes").and_then(Value::as_object).cloned().unwrap_or_default()
    };
    let custom = changed_members(&attributes(before), &attributes(after), &[]);
    if !custom.is_empty() {
        previous.insert("custom_attributes".to_owned(), Value::Object(custom));
    }
    (!previous.is_empty()).then_some(Value::Object(previous))
}

fn changed_members(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    without: &[&str],
) -> Map<String, Value> {
    let mut changed = Map::new();
    for key in before.keys().chain(after.keys()) {
        if without.contains(&key.as_str()) {
            continue;
        }
        let old = before.get(key).unwrap_or(&Value::Null);
        if old != after.get(key).unwrap_or(&Value::Null) {
            changed.insert(key.clone(), old.clone());
        }
    }
    changed
}

fn into_map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
