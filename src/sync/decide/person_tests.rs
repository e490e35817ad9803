//! What the view knows of people after plans were taken in.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::date;

use super::*;
use crate::clock::{SeededRandom, Timestamp};
use crate::db::types::Json;
use crate::domain::employee::{EmployeeNumber, ManagerReference, Standing};
use crate::domain::ids::{DirectoryUserId, LinkId, OrganizationId};

fn record(key: &str, number: &str, first_name: &str) -> EmployeeRecord {
    EmployeeRecord {
        external_key: ExternalKey(key.into()),
        key_kind: if key == number { KeyKind::Editable } else { KeyKind::Stable },
        employee_number: Some(EmployeeNumber(number.into())),
        first_name: Some(first_name.into()),
        last_name: Some("Lee".into()),
        email: Some(format!("{first_name}@acme.example")),
        start_date: None,
        leaving_date: None,
        department: None,
        position: None,
        office_location: None,
        manager: None,
        standing: Standing::Current,
        status_text: None,
        unreadable: vec![],
    }
}

fn user(id: &str, record: &EmployeeRecord) -> DirectoryUser {
    DirectoryUser {
        id: DirectoryUserId::from_text(id),
        organization_id: OrganizationId::from_text("org_1"),
        directory_id: DirectoryId::from_text("directory_1"),
        external_key: record.external_key.clone(),
        key_kind: record.key_kind,
        employee_number: record.employee_number.clone(),
        email_norm: record.email_norm(),
        first_last: String::new(),
        name_order: String::new(),
        state: Activity::Active,
        membership: Membership::Member,
        record: Json(record.clone()),
        raw_hash: None,
        listed: true,
        leaving_date_cleared: None,
        due_at_ms: None,
        observation_seq: 1,
        waits_for_start: false,
        version: 1,
        created_at_ms: Timestamp(0),
        updated_at_ms: Timestamp(0),
    }
}

fn link(user: &DirectoryUser, account: &str) -> Link {
    Link {
        id: LinkId::from_text("link_1"),
        organization_id: user.organization_id.clone(),
        directory_id: user.directory_id.clone(),
        directory_user_id: user.id.clone(),
        account_id: AccountId::from_text(account),
        link_rule: "created".to_owned(),
        created_at_ms: Timestamp(0),
    }
}

fn applied(record: EmployeeRecord) -> Applied {
    let key_kind = record.key_kind;
    let membership = Membership::Member;
    Applied {
        observed: Observed {
            seq: 2,
            record,
            membership,
            gone: false,
            raw_hash: None,
            notes: vec![],
        },
        key_kind,
        activity: Activity::Active,
        problem: None,
        notes: vec![],
        waits_for_start: false,
        link: LinkStep::Keep,
        account: None,
        hold: None,
        hands_over: false,
        loss: None,
        leaving_date_cleared: None,
        carried_out: Vec::new(),
        fingerprint: Vec::new(),
        employment: Vec::new(),
        settled: true,
    }
}

fn take_in(snapshot: &mut Snapshot, id: &str, record: &EmployeeRecord, account: Option<&str>) {
    let user = user(id, record);
    let link = account.map(|account| link(&user, account));
    snapshot.take_in(&applied(record.clone()), user, link);
}

fn found<'a>(snapshot: &'a Snapshot, key: &str, number: &str) -> Option<&'a str> {
    snapshot.stored(&record(key, number, "Ann")).map(|user| user.id.as_str())
}

#[test]
fn s_21_nobody_is_found_under_a_former_key_or_number() {
    let mut snapshot = Snapshot::default();
    take_in(&mut snapshot, "ann", &record("5", "5", "Ann"), Some("account_1"));
    assert_eq!(found(&snapshot, "5", "5"), Some("ann"));
    assert_eq!(found(&snapshot, "k1", "5"), Some("ann"), "the UniqueKey of a known number arrives");
    // Ann gets a UniqueKey and another number; 5 is free for somebody else.
    take_in(&mut snapshot, "ann", &record("k1", "6", "Ann"), None);
    assert_eq!(found(&snapshot, "k1", "6"), Some("ann"));
    assert_eq!((found(&snapshot, "5", "5"), found(&snapshot, "k2", "5")), (None, None));
    let number = |number: &str| ManagerReference::Number(EmployeeNumber(number.into()));
    assert_eq!(snapshot.managers.get(&number("5")), None);
    assert_eq!(snapshot.managers.get(&number("6")).map(AccountId::as_str), Some("account_1"));
    take_in(&mut snapshot, "bob", &record("k2", "5", "Bob"), Some("account_2"));
    assert_eq!(snapshot.managers.get(&number("5")).map(AccountId::as_str), Some("account_2"));
    // Whoever took a number before its former owner gave it up keeps it.
    take_in(&mut snapshot, "cy", &record("k3", "6", "Cy"), Some("account_3"));
    take_in(&mut snapshot, "ann", &record("k1", "7", "Ann"), None);
    assert_eq!(snapshot.managers.get(&number("6")).map(AccountId::as_str), Some("account_3"));
    assert_eq!(snapshot.by_number.get(&EmployeeNumber("6".into())).unwrap().as_str(), "cy");
}

#[test]
fn s_21_another_id_is_followed_to_somebody_with_a_name_in_common() {
    let mut snapshot = Snapshot::default();
    take_in(&mut snapshot, "ann", &record("5", "5", "Ann"), Some("account_1"));
    let renamed = HashMap::from([(ExternalKey("6".into()), ExternalKey("5".into()))]);
    snapshot.renamed = Arc::new(renamed);
    let married = EmployeeRecord { last_name: Some("Ray".into()), ..record("6", "6", "ANN") };
    assert_eq!(snapshot.stored(&married).map(|user| user.id.as_str()), Some("ann"));
    let successor = EmployeeRecord { last_name: Some("Ray".into()), ..record("6", "6", "Bob") };
    assert!(snapshot.stored(&successor).is_none());
    let setting = Setting {
        directory: &DirectoryId::from_text("directory_1"),
        today: date(2026, 11, 23),
        key: &SealingKey::generate(&SeededRandom::new(1)),
        ends_only: false,
        is_again: false,
    };
    let plan =
        plan_person(&snapshot, &Facts::default(), setting, applied(married).observed, &mut || {
            AccountId::from_text("account_new")
        });
    assert_eq!((plan.key.as_str(), plan.before.is_some()), ("6", true));
}
