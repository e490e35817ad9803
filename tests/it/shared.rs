//! One account in two directories (S-26), and what becomes of it.
//!
//! The second directory is there as rows: its people are as an HR system has told of them before,
//! and it is not asked again.

use jiff::civil::date;
use rollcall::clock::Millis;
use rollcall::db::Lane;
use rollcall::db::directories::{self, Directory};
use rollcall::db::directory_users::{self, DirectoryUser};
use rollcall::db::links::{self, Link};
use rollcall::db::types::Json;
use rollcall::domain::account::Activity;
use rollcall::domain::directory::DirectoryState;
use rollcall::domain::employee::{
    EmployeeRecord, ExternalKey, KeyKind, Membership, Standing, Unit,
};
use rollcall::domain::ids::{AccountId, DirectoryId, DirectoryUserId, LinkId};
use rollcall::domain::provider::ProviderKind;
use rollcall::sandbox::Edit;
use serde_json::{Value, json};

use crate::hr::{YESTERDAY, on, person};
use crate::support::{Connected, TestApp, behaviours};

behaviours!(
    s_26_the_older_link_manages_and_the_younger_changes_nothing,
    s_26_who_leaves_hands_over_to_the_next,
    s_26_the_account_is_active_while_anybody_is,
    s_26_an_employed_person_manages_before_an_older_leaver,
    s_26_a_disabled_directory_hands_over_and_leaves_all_others_alone,
    s_26_a_take_over_without_a_difference_changes_nothing,
);

const ANN: &str = "ann.lee@acme.example";
const BREATHE: &str = "directory_01M83T4CM0BREATHE0000000000";

/// Whether the second directory's link is the older one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Older,
    Younger,
}

/// Ann as the second HR system has her.
fn ann(standing: Standing) -> EmployeeRecord {
    EmployeeRecord {
        external_key: ExternalKey("4711".to_owned()),
        key_kind: KeyKind::Stable,
        employee_number: None,
        first_name: Some("Ann".to_owned()),
        last_name: Some("Lee".to_owned()),
        email: Some(ANN.to_owned()),
        start_date: None,
        leaving_date: None,
        department: None,
        position: Some(Unit { key: None, name: "Auditor".to_owned() }),
        office_location: None,
        manager: None,
        standing,
        status_text: None,
        unreadable: Vec::new(),
    }
}

/// Connects a second HR system in which Ann is known like this.
async fn second(app: &TestApp, connected: &Connected, age: Age, record: EmployeeRecord) {
    let account = app.the_account(connected, ANN).await;
    let account_id = AccountId::from_text(account["id"].as_str().expect("an id"));
    let first = DirectoryId::from_text(&connected.directory);
    let end = if age == Age::Older { '0' } else { 'Z' };
    let now = rollcall::clock::Clock::now(&*app.clock);
    let write = app.running.store.db.write(Lane::Urgent, move |tx| {
        let first = directories::find(tx, &first)?.expect("the first directory");
        let provider = ProviderKind::BreatheHr;
        let directory = Directory {
            id: DirectoryId::from_text(BREATHE),
            provider,
            open_key: Some(Directory::open_key_of(&first.organization_id, provider)),
            state: DirectoryState::Active,
            webhook_token_hash: None,
            webhook_token_sealed: None,
            next_sync_at_ms: None,
            ..first
        };
        let user = DirectoryUser {
            id: DirectoryUserId::from_text("directory_user_of_ann"),
            organization_id: directory.organization_id.clone(),
            directory_id: directory.id.clone(),
            external_key: record.external_key.clone(),
            key_kind: KeyKind::Stable,
            employee_number: None,
            email_norm: record.email_norm(),
            state: match record.standing {
                Standing::Former => Activity::Inactive,
                _ => Activity::Active,
            },
            membership: Membership::NotShown,
            record: Json(record),
            raw_hash: None,
            leaving_date_since_ms: None,
            due_at_ms: None,
            listed: true,
            observation_seq: 0,
            version: 1,
            created_at_ms: now,
            updated_at_ms: now,
        };
        let link = Link {
            id: LinkId::from_text(format!("link_{end}")),
            organization_id: directory.organization_id.clone(),
            directory_id: directory.id.clone(),
            directory_user_id: user.id.clone(),
            account_id,
            link_rule: "email".to_owned(),
            created_at_ms: now,
        };
        directories::insert(tx, &directory)?;
        directory_users::upsert(tx, std::slice::from_ref(&user))?;
        links::insert(tx, &link)
    });
    write.await.expect("the rows are stored");
}

/// What counts here of Ann's account.
async fn shown(app: &TestApp, connected: &Connected) -> (String, String, String) {
    let account = app.the_account(connected, ANN).await;
    let text = |name: &str| account[name].as_str().unwrap_or_default().to_owned();
    let by = if text("managed_by") == BREATHE { "second" } else { "first" };
    assert!(text("managed_by") == BREATHE || text("managed_by") == connected.directory);
    (text("status"), text("position"), by.to_owned())
}

#[track_caller]
fn are(shown: &(String, String, String), status: &str, position: &str, managed_by: &str) {
    assert_eq!(
        (shown.0.as_str(), shown.1.as_str(), shown.2.as_str()),
        (status, position, managed_by)
    );
}

/// Ann, who is a clerk in People HR.
async fn hired(app: &TestApp) -> (Connected, String) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    app.edit(&id, Edit { job_role: Some("Clerk".to_owned()), ..Edit::default() }).await;
    (app.connected().await, id)
}

async fn s_26_the_older_link_manages_and_the_younger_changes_nothing(app: TestApp) {
    let (connected, id) = hired(&app).await;
    second(&app, &connected, Age::Older, ann(Standing::Current)).await;
    let before = app.the_account(&connected, ANN).await;
    assert_eq!(before["managed_by"], BREATHE);
    app.new_job(&id, "Buyer").await;
    app.edit(&id, Edit { email: Some("ann.ray@acme.example".to_owned()), ..Edit::default() }).await;
    app.drain().await;
    app.poll().await;
    assert_eq!(app.the_account(&connected, ANN).await, before);
    assert!(app.open_holds(&connected).await.is_empty());
    // The lock names the directory that manages.
    let path = format!("/accounts/{}", before["id"].as_str().expect("an id"));
    let refused = app.patch(&path, json!({"position": "Cook"})).await;
    assert_eq!(refused.problem(409), "account-managed");
    assert!(refused.text.contains(BREATHE), "{}", refused.text);
    assert_eq!(app.delete(&path).await.problem(409), "account-managed");
}

async fn s_26_who_leaves_hands_over_to_the_next(app: TestApp) {
    let (connected, id) = hired(&app).await;
    second(&app, &connected, Age::Younger, ann(Standing::Current)).await;
    are(&shown(&app, &connected).await, "active", "Clerk", "first");
    let before = app.the_account(&connected, ANN).await;
    app.leave(&id, &on(YESTERDAY)).await;
    app.drain().await;
    are(&shown(&app, &connected).await, "active", "Auditor", "second");
    let after = app.the_account(&connected, ANN).await;
    assert_eq!(after["leaving_date"], Value::Null);
    assert_eq!(after["version"], before["version"].as_i64().expect("a version") + 1);
    let user = app.events("dsync.user.updated").await.pop().expect("an event");
    assert_eq!((&user["data"]["state"], &user["data"]["email"]), (&json!("inactive"), &json!(ANN)));
    // Back again, the older link manages again.
    app.hr().rehire(&id).await.expect("a re-hire");
    app.poll().await;
    are(&shown(&app, &connected).await, "active", "Clerk", "first");
}

async fn s_26_the_account_is_active_while_anybody_is(app: TestApp) {
    let (connected, id) = hired(&app).await;
    // In the second HR system, whose link is the older one, Ann's last day is Tuesday.
    let leaving = EmployeeRecord {
        leaving_date: Some(date(2026, 11, 24)),
        position: None,
        ..ann(Standing::Current)
    };
    second(&app, &connected, Age::Older, leaving).await;
    let due = rollcall::clock::Clock::now(&*app.clock).plus(2 * Millis::DAY);
    let sql = "UPDATE directory_users SET due_at_ms = ";
    app.raw().run(&format!("{sql}{} WHERE directory_id = '{BREATHE}'", due.0));
    app.pass(Millis::DAY).await;
    are(&shown(&app, &connected).await, "active", "Clerk", "second");
    // On Wednesday she has left there, and the other one manages.
    app.pass(Millis::DAY + Millis::MINUTE).await;
    are(&shown(&app, &connected).await, "active", "Clerk", "first");
    assert_eq!(app.the_account(&connected, ANN).await["leaving_date"], Value::Null);
    // The last one leaves: that ends access at once.
    app.leave(&id, &on(date(2026, 11, 24))).await;
    app.drain().await;
    let account = app.the_account(&connected, ANN).await;
    assert_eq!((&account["status"], &account["managed_by"]), (&json!("inactive"), &json!(BREATHE)));
    assert_eq!(account["leaving_date"], "2026-11-24");
}

async fn s_26_an_employed_person_manages_before_an_older_leaver(app: TestApp) {
    let (connected, id) = hired(&app).await;
    app.leave(&id, &on(YESTERDAY)).await;
    app.drain().await;
    second(&app, &connected, Age::Older, ann(Standing::Former)).await;
    are(&shown(&app, &connected).await, "inactive", "Clerk", "second");
    app.hr().rehire(&id).await.expect("a re-hire");
    app.new_job(&id, "Buyer").await;
    app.poll().await;
    are(&shown(&app, &connected).await, "active", "Buyer", "first");
    // She leaves here too: the account is inactive at once, and the oldest link has it again.
    app.leave(&id, &on(YESTERDAY)).await;
    app.drain().await;
    are(&shown(&app, &connected).await, "inactive", "Auditor", "second");
}

async fn s_26_a_disabled_directory_hands_over_and_leaves_all_others_alone(app: TestApp) {
    let (connected, _) = hired(&app).await;
    second(&app, &connected, Age::Younger, ann(Standing::Current)).await;
    let before = app.accounts(&connected.organization).await;
    app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    app.drain().await;
    are(&shown(&app, &connected).await, "active", "Auditor", "second");
    for (before, after) in before.iter().zip(app.accounts(&connected.organization).await) {
        if after["email"] == ANN {
            continue;
        }
        assert_eq!(after["managed_by"], Value::Null);
        for field in ["status", "position", "department", "version", "updated_at"] {
            assert_eq!(before[field], after[field], "L-08");
        }
    }
    let ends = app.events("").await.pop().expect("events");
    assert_eq!(ends["event"], "dsync.deleted");
}

async fn s_26_a_take_over_without_a_difference_changes_nothing(app: TestApp) {
    let (connected, _) = hired(&app).await;
    let account = app.the_account(&connected, ANN).await;
    let text =
        |name: &str| account[name].as_str().map(|name| Unit { key: None, name: name.into() });
    let same = EmployeeRecord {
        department: text("department"),
        position: text("position"),
        office_location: text("office_location"),
        start_date: account["start_date"].as_str().and_then(|date| date.parse().ok()),
        ..ann(Standing::Current)
    };
    second(&app, &connected, Age::Younger, same).await;
    app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    let people = "dsync.user.created,dsync.user.updated,dsync.user.deleted";
    let told = app.events(people).await;
    app.drain().await;
    let after = app.the_account(&connected, ANN).await;
    assert_eq!(after["managed_by"], BREATHE);
    for field in ["version", "updated_at", "position", "status", "manager_account_id"] {
        assert_eq!(after[field], account[field], "{field}");
    }
    assert_eq!(app.events(people).await, told);
}
