//! Who is linked to which account (S-20 … S-25).

use std::collections::HashSet;

use jiff::civil::date;
use rollcall::sandbox::{Edit, Faults, Hire, HookFaults, Leave};
use serde_json::{Value, json};

use crate::hr::{YESTERDAY, agrees_with_hr, hooks, no_hooks, on, person};
use crate::support::{Connected, TestApp, behaviours};

behaviours!(
    s_20_an_account_is_found_by_e_mail_whatever_its_case_and_blanks,
    s_20_a_changed_e_mail_changes_the_account_and_keeps_the_link,
    s_20_a_re_hire_under_a_new_number_gets_the_account_back,
    s_20_an_address_given_to_somebody_else_is_a_hold,
    s_21_a_changed_employee_id_keeps_the_link,
    s_21_a_link_by_employee_id_survives_the_later_arrival_of_unique_keys,
    s_21_a_link_by_unique_key_survives_records_without_it,
    s_22_a_protected_account_is_a_hold_and_stays_as_it_is,
    s_22_an_account_of_an_active_person_is_not_taken_over,
    s_22_two_people_with_one_e_mail_are_not_guessed_about,
    s_22_an_active_person_wins_over_a_leaver,
    s_22_a_hold_ends_when_hr_mends_it,
    s_22_a_hold_is_not_opened_twice_when_its_person_gets_a_unique_key,
    s_23_everybody_employed_gets_an_account_and_a_leaver_none,
    s_23_a_leaver_with_an_account_is_linked_and_made_inactive,
    s_23_a_start_date_ahead_is_pending_only_for_a_new_account,
    s_24_an_e_mail_that_another_account_has_waits_and_the_rest_is_applied,
    s_24_an_e_mail_that_becomes_free_is_taken_by_the_next_full_sync,
    s_25_a_re_hire_under_the_same_key_returns_to_the_same_account,
);

const ANN: &str = "ann.lee@acme.example";

fn ann() -> Hire {
    person("Ann", "Lee", ANN)
}

fn email(email: &str) -> Edit {
    Edit { email: Some(email.to_owned()), ..Edit::default() }
}

fn last_name(name: &str) -> Edit {
    Edit { last_name: Some(name.to_owned()), ..Edit::default() }
}

/// The ids of all accounts; asserts that no two people share one and no e-mail has two.
async fn ids(app: &TestApp, connected: &Connected) -> Vec<Value> {
    let accounts = app.accounts(&connected.organization).await;
    let emails: HashSet<String> = accounts
        .iter()
        .map(|account| account["email"].as_str().expect("an e-mail").to_lowercase())
        .collect();
    assert_eq!(emails.len(), accounts.len());
    let links = "SELECT account_id AS value FROM links";
    let links = app.raw().values(links);
    assert_eq!(links.iter().collect::<HashSet<_>>().len(), links.len());
    accounts.into_iter().map(|account| account["id"].clone()).collect()
}

/// The one open hold.
async fn the_hold(app: &TestApp, connected: &Connected) -> Value {
    let mut holds = app.open_holds(connected).await;
    assert_eq!(holds.len(), 1, "{holds:#?}");
    holds.remove(0)
}

async fn s_20_an_account_is_found_by_e_mail_whatever_its_case_and_blanks(app: TestApp) {
    app.hire(&person("Ann", "Lee", "  Ann.LEE@Acme.Example ")).await;
    app.hire(&person("Bob", "Ray", "bob.ray@acme.example")).await;
    let before = [json!({"email": ANN}), json!({"email": "Bob.Ray@ACME.example"})];
    let connected = app.joined(&before).await;
    for (email, name) in [(ANN, "Ann"), ("bob.ray@acme.example", "Bob")] {
        let account = app.the_account(&connected, email).await;
        assert_eq!(account["first_name"], name);
        assert_eq!(account["managed_by"], connected.directory.as_str());
    }
    let run = app.last_run(&connected).await;
    assert_eq!(run["counts"]["linked"], 2);
    assert_eq!(app.the_account(&connected, ANN).await["email"], ANN, "case is no change");
    agrees_with_hr(&app, &connected).await;
    ids(&app, &connected).await;
}

async fn s_20_a_changed_e_mail_changes_the_account_and_keeps_the_link(app: TestApp) {
    let id = app.hire(&ann()).await;
    let connected = app.connected().await;
    let before = app.the_account(&connected, ANN).await;
    let all = ids(&app, &connected).await;
    app.edit(&id, email("ann.ray@acme.example")).await;
    app.drain().await;
    let after = app.the_account(&connected, "ann.ray@acme.example").await;
    assert_eq!(after["id"], before["id"]);
    assert!(app.account(&connected.organization, ANN).await.is_none());
    // The freed address is for whoever comes next.
    app.hire(&person("Ann", "Leeds", ANN)).await;
    app.drain().await;
    agrees_with_hr(&app, &connected).await;
    assert_eq!(ids(&app, &connected).await.len(), all.len() + 1);
}

async fn s_20_a_re_hire_under_a_new_number_gets_the_account_back(app: TestApp) {
    let id = app.hire(&ann()).await;
    let connected = app.connected().await;
    let before = app.the_account(&connected, ANN).await;
    app.leave(&id, &Leave { blank_email: true, ..on(YESTERDAY) }).await;
    app.drain().await;
    let left = app.the_account(&connected, ANN).await;
    assert_eq!((&left["status"], &left["id"]), (&json!("inactive"), &before["id"]));
    let new = app.hire(&ann()).await;
    assert_ne!(new, id);
    app.drain().await;
    let back = app.the_account(&connected, ANN).await;
    assert_eq!((&back["status"], &back["id"]), (&json!("active"), &before["id"]));
    let all = ids(&app, &connected).await;
    app.poll().await;
    agrees_with_hr(&app, &connected).await;
    assert_eq!(ids(&app, &connected).await, all);
    assert!(app.open_holds(&connected).await.is_empty());
}

async fn s_20_an_address_given_to_somebody_else_is_a_hold(app: TestApp) {
    let id = app.hire(&ann()).await;
    let connected = app.connected().await;
    app.leave(&id, &Leave { blank_email: true, ..on(YESTERDAY) }).await;
    app.drain().await;
    let before = app.the_account(&connected, ANN).await;
    app.hire(&person("Ann", "Leeds", ANN)).await;
    app.drain().await;
    app.poll().await;
    let hold = the_hold(&app, &connected).await;
    assert_eq!((&hold["kind"], &hold["items"][0]["account_id"]), (&json!("link"), &before["id"]));
    assert_eq!(hold["items"][0]["name"], "Ann Leeds");
    assert_eq!(app.the_account(&connected, ANN).await, before);
}

async fn s_21_a_changed_employee_id_keeps_the_link(app: TestApp) {
    let id = app.hire(&ann()).await;
    let connected = app.connected().await;
    let before = app.the_account(&connected, ANN).await;
    let all = ids(&app, &connected).await;
    app.hr().change_employee_id(&id, "NEW-1").await.expect("a new id");
    app.edit("NEW-1", last_name("Ray")).await;
    app.drain().await;
    let after = app.the_account(&connected, ANN).await;
    assert_eq!((&after["id"], &after["last_name"]), (&before["id"], &json!("Ray")));
    // The hook names the id of before, which nobody has any more.
    app.hr().set_faults(hooks(HookFaults { old_employee_id: true, ..HookFaults::default() }));
    app.hr().change_employee_id("NEW-1", "NEW-2").await.expect("a new id");
    app.drain().await;
    app.hr().set_faults(hooks(HookFaults::default()));
    app.edit("NEW-2", last_name("May")).await;
    app.drain().await;
    assert_eq!(app.the_account(&connected, ANN).await["last_name"], "May");
    agrees_with_hr(&app, &connected).await;
    assert_eq!(ids(&app, &connected).await, all);
}

fn without_unique_keys() -> Faults {
    Faults { omit_unique_key: true, ..hooks(HookFaults::default()) }
}

async fn s_21_a_link_by_employee_id_survives_the_later_arrival_of_unique_keys(app: TestApp) {
    app.hr().set_faults(without_unique_keys());
    let ann_id = app.hire(&ann()).await;
    let bob_id = app.hire(&person("Bob", "Ray", "bob.ray@acme.example")).await;
    let connected = app.connected().await;
    let before = app.accounts(&connected.organization).await;
    app.hr().set_faults(hooks(HookFaults::default()));
    // Bob's key comes by a hook, everybody else's by the next full sync.
    app.edit(&bob_id, last_name("May")).await;
    app.drain().await;
    app.poll().await;
    let after = app.accounts(&connected.organization).await;
    for (before, after) in before.iter().zip(&after) {
        let bob = before["first_name"] == "Bob";
        assert!(bob || before == after, "{before:#} {after:#}");
    }
    assert_eq!(before.len(), after.len());
    // From now on the number may change.
    app.hr().change_employee_id(&ann_id, "NEW-1").await.expect("a new id");
    app.hr().change_employee_id(&bob_id, "NEW-2").await.expect("a new id");
    app.edit("NEW-1", email("ann.ray@acme.example")).await;
    app.drain().await;
    app.poll().await;
    agrees_with_hr(&app, &connected).await;
    let all: Vec<Value> = before.iter().map(|account| account["id"].clone()).collect();
    assert_eq!(ids(&app, &connected).await, all);
    assert!(app.open_holds(&connected).await.is_empty());
}

async fn s_21_a_link_by_unique_key_survives_records_without_it(app: TestApp) {
    let id = app.hire(&ann()).await;
    let connected = app.connected().await;
    let all = ids(&app, &connected).await;
    app.hr().set_faults(without_unique_keys());
    app.edit(&id, email("ann.ray@acme.example")).await;
    app.drain().await;
    app.poll().await;
    app.hr().set_faults(hooks(HookFaults::default()));
    app.poll().await;
    agrees_with_hr(&app, &connected).await;
    assert_eq!(ids(&app, &connected).await, all);
    assert!(app.open_holds(&connected).await.is_empty());
}

async fn s_22_a_protected_account_is_a_hold_and_stays_as_it_is(app: TestApp) {
    app.hire(&ann()).await;
    let account = json!({"email": ANN, "first_name": "Root", "protected": true});
    let connected = app.joined(&[account]).await;
    let account = app.the_account(&connected, ANN).await;
    assert_eq!((&account["first_name"], &account["managed_by"]), (&json!("Root"), &Value::Null));
    assert_eq!((&account["version"], &account["protected"]), (&json!(1), &json!(true)));
    let hold = the_hold(&app, &connected).await;
    assert_eq!(hold["kind"], "link");
    assert_eq!(hold["state"], "open");
    assert!(hold["reason"].as_str().expect("a reason").contains("protected"), "{hold:#}");
    assert_eq!(hold["items"][0]["account_id"], account["id"]);
    assert_eq!(hold["items"][0]["name"], "Ann Lee");
    assert_eq!(app.show(&connected).await["counts"]["holds"], 1);
    assert_eq!(app.last_run(&connected).await["counts"]["held"], 1);
    let opened = app.events("rollcall.hold.opened").await;
    assert_eq!(opened.len(), 1);
    assert_eq!(opened[0]["data"]["id"], hold["id"]);
    let unasked = app.events("").await;
    assert!(unasked.iter().all(|event| event["event"] != "rollcall.hold.opened"));
    // It keeps its id, and is told of once, while nothing changes.
    app.poll().await;
    assert_eq!(the_hold(&app, &connected).await["id"], hold["id"]);
    assert_eq!(app.events("rollcall.hold.opened").await.len(), 1);
    // Without the flag the next full sync links.
    let path = format!("/accounts/{}", account["id"].as_str().expect("an id"));
    app.patch(&path, json!({"protected": false})).await.ok();
    app.poll().await;
    assert!(app.open_holds(&connected).await.is_empty());
    agrees_with_hr(&app, &connected).await;
}

async fn s_22_an_account_of_an_active_person_is_not_taken_over(app: TestApp) {
    app.hire(&ann()).await;
    let connected = app.connected().await;
    let before = app.the_account(&connected, ANN).await;
    let all = ids(&app, &connected).await;
    // A blank makes it another address for the HR system, and not for us.
    app.hire(&person("Ann", "Lee", "Ann.Lee@acme.example ")).await;
    app.drain().await;
    app.poll().await;
    let hold = the_hold(&app, &connected).await;
    assert_eq!((&hold["kind"], &hold["items"][0]["account_id"]), (&json!("link"), &before["id"]));
    assert_eq!(app.the_account(&connected, ANN).await, before);
    assert_eq!(ids(&app, &connected).await, all);
}

async fn s_22_two_people_with_one_e_mail_are_not_guessed_about(app: TestApp) {
    app.hire(&ann()).await;
    app.hire(&person("Anna", "Leeds", "Ann.Lee@acme.example ")).await;
    app.hire(&person("Bob", "Ray", "bob.ray@acme.example")).await;
    app.hire(&person("Bobby", "Ray", "bob.ray@acme.example ")).await;
    let connected = app.joined(&[json!({"email": ANN, "first_name": "Mine"})]).await;
    let account = app.the_account(&connected, ANN).await;
    assert_eq!((&account["first_name"], &account["managed_by"]), (&json!("Mine"), &Value::Null));
    assert!(app.account(&connected.organization, "bob.ray@acme.example").await.is_none());
    assert_eq!(app.open_holds(&connected).await.len(), 4);
    app.poll().await;
    assert_eq!(app.open_holds(&connected).await.len(), 4);
}

async fn s_22_an_active_person_wins_over_a_leaver(app: TestApp) {
    let leaver = app.hire(&person("Anna", "Leeds", ANN)).await;
    app.leave(&leaver, &on(YESTERDAY)).await;
    app.hire(&person("Ann", "Lee", "ann.lee@acme.example ")).await;
    let connected = app.joined(&[json!({"email": ANN})]).await;
    let account = app.the_account(&connected, ANN).await;
    assert_eq!((&account["first_name"], &account["status"]), (&json!("Ann"), &json!("active")));
    app.poll().await;
    assert_eq!(app.the_account(&connected, ANN).await, account);
    assert!(app.open_holds(&connected).await.is_empty());
}

async fn s_22_a_hold_ends_when_hr_mends_it(app: TestApp) {
    app.hire(&ann()).await;
    let other = app.hire(&person("Anna", "Leeds", "ann.lee@acme.example ")).await;
    let connected = app.connected().await;
    assert_eq!(app.open_holds(&connected).await.len(), 2);
    app.edit(&other, email("anna.leeds@acme.example")).await;
    app.drain().await;
    assert!(app.account(&connected.organization, "anna.leeds@acme.example").await.is_some());
    app.poll().await;
    assert!(app.open_holds(&connected).await.is_empty());
    agrees_with_hr(&app, &connected).await;
    let all = app.all(&format!("/directories/{}/holds", connected.directory)).await;
    assert!(all.iter().all(|hold| hold["state"] == "superseded"), "{all:#?}");
    assert_eq!(all.len(), 2);
}

async fn s_22_a_hold_is_not_opened_twice_when_its_person_gets_a_unique_key(app: TestApp) {
    app.hr().set_faults(without_unique_keys());
    let id = app.hire(&ann()).await;
    let connected = app.joined(&[json!({"email": ANN, "protected": true})]).await;
    let reason = the_hold(&app, &connected).await["reason"].clone();
    app.hr().set_faults(hooks(HookFaults::default()));
    app.edit(&id, last_name("Ray")).await;
    app.drain().await;
    assert_eq!(the_hold(&app, &connected).await["reason"], reason);
    app.poll().await;
    assert_eq!(the_hold(&app, &connected).await["reason"], reason);
    app.hr().set_faults(without_unique_keys());
    app.poll().await;
    assert_eq!(the_hold(&app, &connected).await["reason"], reason);
}

async fn s_23_everybody_employed_gets_an_account_and_a_leaver_none(app: TestApp) {
    let leaver = app.hire(&ann()).await;
    app.leave(&leaver, &on(YESTERDAY)).await;
    let connected = app.connected().await;
    assert!(app.account(&connected.organization, ANN).await.is_none());
    agrees_with_hr(&app, &connected).await;
    let users = app.events("dsync.user.created").await;
    let ann = users.iter().find(|user| user["data"]["email"] == ANN).expect("a directory user");
    assert_eq!(ann["data"]["state"], "inactive");
    assert_eq!(ann["data"]["account_id"], Value::Null);
    ids(&app, &connected).await;
}

async fn s_23_a_leaver_with_an_account_is_linked_and_made_inactive(app: TestApp) {
    let leaver = app.hire(&ann()).await;
    app.leave(&leaver, &on(YESTERDAY)).await;
    let connected = app.joined(&[json!({"email": ANN})]).await;
    let account = app.the_account(&connected, ANN).await;
    assert_eq!(account["status"], "inactive");
    assert_eq!(account["leaving_date"], "2026-11-22");
    assert_eq!(account["managed_by"], connected.directory.as_str());
    assert_eq!(app.last_run(&connected).await["counts"]["deactivated"], 1);
    agrees_with_hr(&app, &connected).await;
}

async fn s_23_a_start_date_ahead_is_pending_only_for_a_new_account(app: TestApp) {
    let ahead = Some("2026-12-01".to_owned());
    let bob = person("Bob", "Ray", "bob.ray@acme.example");
    app.hire(&Hire { start_date: ahead.clone(), ..ann() }).await;
    app.hire(&Hire { start_date: ahead, ..bob }).await;
    let connected = app.joined(&[json!({"email": ANN})]).await;
    assert_eq!(app.the_account(&connected, ANN).await["status"], "active");
    let bob = app.the_account(&connected, "bob.ray@acme.example").await;
    assert_eq!((&bob["status"], &bob["start_date"]), (&json!("pending"), &json!("2026-12-01")));
    agrees_with_hr(&app, &connected).await;
}

async fn s_24_an_e_mail_that_another_account_has_waits_and_the_rest_is_applied(app: TestApp) {
    let id = app.hire(&ann()).await;
    let connected = app.joined(&[json!({"email": "taken@acme.example"})]).await;
    let other = app.the_account(&connected, "taken@acme.example").await;
    let change = Edit { last_name: Some("Ray".to_owned()), ..email("Taken@acme.example") };
    app.edit(&id, change).await;
    app.drain().await;
    app.poll().await;
    let account = app.the_account(&connected, ANN).await;
    assert_eq!(account["last_name"], "Ray");
    let hold = the_hold(&app, &connected).await;
    assert_eq!(hold["kind"], "email_change");
    assert_eq!(hold["items"][0]["account_id"], other["id"]);
    assert_eq!(app.the_account(&connected, "taken@acme.example").await, other);
    app.edit(&id, email("ann.ray@acme.example")).await;
    app.drain().await;
    assert!(app.open_holds(&connected).await.is_empty());
    let after = app.the_account(&connected, "ann.ray@acme.example").await;
    assert_eq!(after["id"], account["id"]);
    agrees_with_hr(&app, &connected).await;
}

async fn s_24_an_e_mail_that_becomes_free_is_taken_by_the_next_full_sync(app: TestApp) {
    let id = app.hire(&ann()).await;
    let connected = app.joined(&[json!({"email": "taken@acme.example"})]).await;
    app.edit(&id, email("taken@acme.example")).await;
    app.drain().await;
    assert_eq!(the_hold(&app, &connected).await["kind"], "email_change");
    let other = app.the_account(&connected, "taken@acme.example").await;
    let path = format!("/accounts/{}", other["id"].as_str().expect("an id"));
    app.patch(&path, json!({"email": "given.up@acme.example"})).await.ok();
    app.poll().await;
    assert!(app.open_holds(&connected).await.is_empty());
    agrees_with_hr(&app, &connected).await;
}

async fn s_25_a_re_hire_under_the_same_key_returns_to_the_same_account(app: TestApp) {
    let id = app.hire(&ann()).await;
    let connected = app.connected().await;
    let before = app.the_account(&connected, ANN).await;
    for told in [true, false] {
        app.leave(&id, &on(date(2026, 11, 1))).await;
        app.drain().await;
        assert_eq!(app.the_account(&connected, ANN).await["status"], "inactive");
        let faults = HookFaults { tell_rehire: true, ..HookFaults::default() };
        app.hr().set_faults(if told { hooks(faults) } else { no_hooks() });
        app.hr().rehire(&id).await.expect("a re-hire");
        app.hr().set_faults(hooks(HookFaults::default()));
        if told {
            app.drain().await;
        } else {
            app.poll().await;
        }
        let back = app.the_account(&connected, ANN).await;
        assert_eq!((&back["status"], &back["id"]), (&json!("active"), &before["id"]));
        assert_eq!(back["leaving_date"], Value::Null);
    }
    agrees_with_hr(&app, &connected).await;
}
