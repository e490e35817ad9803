//! Keys as the guides describe them: fewer permissions than would be good, and keys that come
//! before their permissions (L-04, L-13, L-14).
//!
//! Long because every permission that can be missing is tried with the HR system that has it.

use rollcall::clock::Timestamp;
use rollcall::sandbox::{Action, HrworksEndpoint, HrworksKeyPair, HrworksPermission, RestAnswer};
use rollcall::tasks;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::evidence;
use crate::hr::{INTERVAL, agrees_with_hr, no_hooks};
use crate::support::{Connected, TestApp, behaviours};
use crate::systems::System;

behaviours!(
    l_13_a_key_with_only_the_list_is_stored_with_a_warning,
    l_13_a_webhook_has_everybody_read_instead_of_one,
    l_13_a_starter_who_is_saved_later_comes_with_one_of_the_next_lists,
    l_13_two_complete_lists_an_hour_apart_prove_who_is_gone,
    l_13_whoever_is_seen_in_between_is_not_gone,
    l_13_with_a_long_interval_the_second_list_comes_after_an_hour,
    l_13_the_guard_counts_those_whom_lists_do_not_name,
    l_13_a_permission_that_is_granted_later_is_noticed_by_a_run_and_by_a_check,
    l_13_a_permission_that_is_taken_away_is_no_failure,
    l_13_a_permission_that_is_taken_away_is_noticed_when_somebody_is_missing,
    l_13_the_portal_says_what_is_lost,
    l_14_a_pair_without_its_permissions_waits_and_becomes_the_credential,
    l_14_a_waiting_pair_leaves_the_one_in_use_alone,
    l_14_a_waiting_pair_completes_the_set_up,
    l_14_a_bad_moment_neither_ends_the_wait_nor_uses_the_pair,
    l_14_a_full_sync_notices_that_the_permissions_are_there,
    l_14_a_pair_that_was_never_allowed_is_deleted_after_a_day,
    l_14_another_key_or_the_end_deletes_a_waiting_pair,
    l_14_a_waiting_pair_that_was_removed_is_refused,
    l_14_the_portal_says_what_to_tick_and_needs_no_second_paste,
);

const BY_ID: &str = "Get Employee Detail By Id";
/// What WorkOS's guide has ticked.
const LIST_ONLY: &[Action] = &[Action::GetAllEmployeeDetail];

/// An organization in step, by a key that may only read everybody.
async fn connected_by_list(app: &TestApp) -> Connected {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let (directory, hook_url) = app.directory(&organization).await;
    let hr_key = app.hr().create_key(LIST_ONLY).key;
    let path = format!("/directories/{directory}/credentials");
    app.put(&path, json!({"api_key": hr_key})).await.ok();
    app.hr().set_webhook(Some(&hook_url)).expect("the URL is one");
    let connected = Connected { organization, directory, hook_url, hr_key };
    app.complete(&connected).await;
    connected
}

async fn missing_permissions(app: &TestApp, connected: &Connected) -> Vec<Value> {
    let shown = app.show(connected).await;
    let missing = shown["credential"]["missing_permissions"].as_array().expect("a list");
    missing.iter().map(|one| one["permission"].clone()).collect()
}

async fn status_of(app: &TestApp, connected: &Connected, email: &str) -> Value {
    app.the_account(connected, email).await["status"].clone()
}

/// Somebody of the staff: number and e-mail.
fn somebody(app: &TestApp, index: usize) -> (String, String) {
    let person = System::PeopleHr.staff(&app.sandbox)[index].clone();
    (person.employee_id, person.email)
}

async fn l_13_a_key_with_only_the_list_is_stored_with_a_warning(app: TestApp) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let (directory, _) = app.directory(&organization).await;
    let path = format!("/directories/{directory}");
    let key = app.hr().create_key(LIST_ONLY).key;
    let stored = app.put(&format!("{path}/credentials"), json!({"api_key": key})).await.ok();
    let checked = app.post(&format!("{path}/check"), json!({})).await.ok();
    for check in [&stored, &checked] {
        assert_eq!(check["ok"], false, "{check:#}");
        let probe = &check["probes"][1];
        let found = (&probe["permission"], &probe["result"], &probe["required"]);
        assert_eq!(found, (&json!(BY_ID), &json!("missing"), &json!(false)), "{check:#}");
        let words = probe["message"].as_str().unwrap();
        assert!(words.contains("works without") && words.contains("an hour apart"), "{words}");
    }
    let preview = app.post(&format!("{path}/preview"), json!({})).await.ok();
    assert_eq!(preview["missing_permissions"][0]["permission"], BY_ID, "{preview:#}");
    let connected = Connected { organization, directory, hook_url: String::new(), hr_key: key };
    app.complete(&connected).await;
    agrees_with_hr(&app, &connected).await;
    assert_eq!(missing_permissions(&app, &connected).await, [BY_ID]);
    app.poll().await;
    assert_eq!(app.state(&connected).await, "active");
    assert!(app.notices(&connected).await.is_empty());
}

async fn l_13_a_webhook_has_everybody_read_instead_of_one(app: TestApp) {
    let connected = connected_by_list(&app).await;
    let (employee, _) = somebody(&app, 1);
    app.hr().clear_logs();
    app.new_job(&employee, "Told by a hook").await;
    app.drain().await;
    assert_eq!(app.job_of(&connected, &employee).await, "Told by a hook");
    let run = app.last_run(&connected).await;
    assert_eq!((&run["trigger"], &run["state"]), (&json!("burst"), &json!("succeeded")));
    assert_eq!(app.lists(), 2);
    let waiting = "SELECT employee_hint AS value FROM inbox WHERE state = 'waiting'";
    assert!(app.raw().values(waiting).is_empty(), "the full sync settles the hint");
    // A newcomer and a leaver come in the same way.
    app.hire(&crate::hr::person("New", "Comer", "new.comer@acme.example")).await;
    app.leave(&employee, &crate::hr::on(crate::hr::YESTERDAY)).await;
    app.drain().await;
    agrees_with_hr(&app, &connected).await;
    assert_eq!(app.state(&connected).await, "active");
}

async fn l_13_a_starter_who_is_saved_later_comes_with_one_of_the_next_lists(app: TestApp) {
    let connected = connected_by_list(&app).await;
    app.hr().clear_logs();
    let body = json!({"ActionId": 1, "EmployeeId": "NEW1"}).to_string();
    app.hook(&connected.hook_url, "application/json", body).await;
    app.drain().await;
    assert_eq!(app.lists(), 2);
    app.pass(2 * Timestamp::SECOND).await;
    assert_eq!(app.lists(), 4);
    app.clock.advance(Timestamp::SECOND);
    app.faults(|faults| faults.hooks.dropped = true);
    let ann = crate::hr::person("Ann", "Lee", "ann.lee@acme.example");
    app.hire(&rollcall::sandbox::Hire { employee_id: Some("NEW1".to_owned()), ..ann }).await;
    app.pass(2 * Timestamp::SECOND).await;
    assert!(app.account(&connected.organization, "ann.lee@acme.example").await.is_some());
    app.pass(20 * Timestamp::MINUTE).await;
    assert_eq!(app.lists(), 6, "and then it is settled");
}

async fn l_13_two_complete_lists_an_hour_apart_prove_who_is_gone(app: TestApp) {
    let connected = connected_by_list(&app).await;
    app.faults(|faults| *faults = no_hooks());
    let (employee, email) = somebody(&app, 3);
    app.hr().delete(&employee).await.expect("a person");
    app.hr().clear_logs();
    app.poll().await;
    assert_eq!(status_of(&app, &connected, &email).await, "active", "one list proves nothing");
    app.sync_now(&connected).await.ok();
    app.pass(20 * Timestamp::MINUTE).await;
    app.sync_now(&connected).await.ok();
    app.drain().await;
    assert_eq!(status_of(&app, &connected, &email).await, "active", "nor do two close together");
    app.poll().await;
    app.poll().await;
    assert_eq!(status_of(&app, &connected, &email).await, "inactive");
    assert!(!app.looks().contains(&employee), "nobody is asked about who is missing");
    let run = app.runs(&connected).await;
    let deactivated = run.iter().map(|run| run["counts"]["deactivated"].as_u64().unwrap());
    assert_eq!(deactivated.sum::<u64>(), 1);
    let noted = "SELECT directory_user_id AS value FROM missing_people";
    app.poll().await;
    assert!(app.raw().values(noted).is_empty());
}

async fn l_13_whoever_is_seen_in_between_is_not_gone(app: TestApp) {
    let connected = connected_by_list(&app).await;
    let (employee, email) = somebody(&app, 3);
    let forget = |who: Vec<String>| {
        app.faults(|faults| {
            *faults = no_hooks();
            faults.unlisted = who;
        });
    };
    for _ in 0..3 {
        forget(vec![employee.clone()]);
        app.poll().await;
        forget(Vec::new());
        app.poll().await;
    }
    forget(vec![employee.clone()]);
    app.poll().await;
    app.poll().await;
    assert_eq!(status_of(&app, &connected, &email).await, "active");
    app.poll().await;
    assert_eq!(status_of(&app, &connected, &email).await, "inactive");
    // Named again, they have access again.
    forget(Vec::new());
    app.poll().await;
    assert_eq!(status_of(&app, &connected, &email).await, "active");
}

async fn l_13_with_a_long_interval_the_second_list_comes_after_an_hour(app: TestApp) {
    let connected = connected_by_list(&app).await;
    let path = format!("/directories/{}", connected.directory);
    app.patch(&path, json!({"poll_seconds": 86_400})).await.ok();
    app.faults(|faults| *faults = no_hooks());
    let (employee, email) = somebody(&app, 3);
    app.hr().delete(&employee).await.expect("a person");
    app.sync_now(&connected).await.ok();
    app.drain().await;
    app.pass(59 * Timestamp::MINUTE).await;
    assert_eq!(status_of(&app, &connected, &email).await, "active");
    app.pass(2 * Timestamp::MINUTE).await;
    assert_eq!(status_of(&app, &connected, &email).await, "inactive");
    let runs = app.runs(&connected).await.len();
    app.pass(12 * Timestamp::HOUR).await;
    assert_eq!(app.runs(&connected).await.len(), runs, "then the interval is as long as it was");
}

async fn l_13_the_guard_counts_those_whom_lists_do_not_name(app: TestApp) {
    let connected = connected_by_list(&app).await;
    app.faults(|faults| *faults = no_hooks());
    let gone: Vec<(String, String)> = (0..9).map(|index| somebody(&app, index)).collect();
    for (employee, _) in &gone {
        app.hr().delete(employee).await.expect("a person");
    }
    for _ in 0..4 {
        app.poll().await;
    }
    for (_, email) in &gone {
        assert_eq!(status_of(&app, &connected, email).await, "active", "they wait for an admin");
    }
    let hold = app.open_holds(&connected).await.remove(0);
    assert_eq!(hold["items"].as_array().unwrap().len(), 9);
    let ids: Vec<&Value> = hold["items"].as_array().unwrap().iter().map(|i| &i["id"]).collect();
    let id = hold["id"].as_str().unwrap();
    let path = format!("/directories/{}/holds/{id}/approve", connected.directory);
    app.post(&path, json!({"ids": ids})).await.ok();
    app.drain().await;
    app.poll().await;
    for (_, email) in &gone {
        assert_eq!(status_of(&app, &connected, email).await, "inactive");
    }
}

async fn l_13_a_permission_that_is_granted_later_is_noticed_by_a_run_and_by_a_check(app: TestApp) {
    let connected = connected_by_list(&app).await;
    let (employee, _) = somebody(&app, 1);
    for by_check in [false, true] {
        app.hr().set_actions(&connected.hr_key, LIST_ONLY);
        app.new_job(&employee, "Before").await;
        app.drain().await;
        assert_eq!(missing_permissions(&app, &connected).await, [BY_ID]);
        app.hr().set_actions(&connected.hr_key, Action::USUAL);
        if by_check {
            let path = format!("/directories/{}/check", connected.directory);
            assert_eq!(app.post(&path, json!({})).await.ok()["ok"], true);
        } else {
            app.poll().await;
        }
        assert!(missing_permissions(&app, &connected).await.is_empty(), "check: {by_check}");
        app.hr().clear_logs();
        app.new_job(&employee, "Looked at").await;
        app.drain().await;
        assert_eq!((app.looks(), app.lists()), (vec![employee.clone()], 0), "check: {by_check}");
        assert_eq!(app.job_of(&connected, &employee).await, "Looked at");
    }
}

async fn l_13_a_permission_that_is_taken_away_is_no_failure(app: TestApp) {
    let connected = app.connected().await;
    app.hr().set_actions(&connected.hr_key, LIST_ONLY);
    let (employee, _) = somebody(&app, 1);
    for job in ["First", "Second"] {
        app.new_job(&employee, job).await;
        app.drain().await;
        assert_eq!(app.state(&connected).await, "active");
        assert_eq!(app.job_of(&connected, &employee).await, job);
        assert_eq!(missing_permissions(&app, &connected).await, [BY_ID]);
        app.pass(INTERVAL).await;
    }
    assert_eq!(app.show(&connected).await["failure"], Value::Null);
    assert!(app.notices(&connected).await.is_empty(), "nothing has failed");
    assert_eq!(app.last_run(&connected).await["state"], "succeeded");
}

async fn l_13_a_permission_that_is_taken_away_is_noticed_when_somebody_is_missing(app: TestApp) {
    let connected = app.connected().await;
    app.faults(|faults| *faults = no_hooks());
    app.hr().set_actions(&connected.hr_key, LIST_ONLY);
    let (employee, email) = somebody(&app, 3);
    app.hr().delete(&employee).await.expect("a person");
    app.poll().await;
    assert_eq!(missing_permissions(&app, &connected).await, [BY_ID]);
    assert_eq!(app.state(&connected).await, "active");
    assert_eq!(status_of(&app, &connected, &email).await, "active");
    app.poll().await;
    app.poll().await;
    assert_eq!(status_of(&app, &connected, &email).await, "inactive");
    assert!(app.notices(&connected).await.is_empty());
}

async fn l_13_the_portal_says_what_is_lost(app: TestApp) {
    let connected = connected_by_list(&app).await;
    let mut browser = Browser::visit(&app, &connected.organization).await;
    let at = format!("/portal/directories/{}", connected.directory);
    browser.open(&at).await.says("Everything works");
    browser.page.says(&format!("The key lacks the permission “{BY_ID}”. It works without."));
    browser.submit(&format!("{at}/check"), &[]).await;
    browser.page.says("✓ Get All Employee Detail").says(&format!("– {BY_ID}"));
    browser.page.says("The key works and is stored.");
    app.hr().set_actions(&connected.hr_key, Action::USUAL);
    browser.submit(&format!("{at}/check"), &[]).await.says("The key works.");
    browser.open(&at).await.is_silent_about("lacks the permission");
}

const PERSONS: &str = "Persons, read";

/// A pair as HRworks makes it: nothing is ticked for it yet.
fn bare_pair(app: &TestApp) -> HrworksKeyPair {
    app.sandbox.hrworks().create_key_pair(&[])
}

fn tick(app: &TestApp, pair: &HrworksKeyPair) {
    let usual = HrworksPermission::USUAL;
    assert!(app.sandbox.hrworks().set_permissions(&pair.access_key, usual));
}

/// A new directory of HRworks, without a key.
async fn hrworks(app: &TestApp) -> Connected {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    app.directory_of(&organization, System::Hrworks).await
}

async fn check(app: &TestApp, connected: &Connected) -> crate::support::Reply {
    // The calls of a minute are enough for few checks.
    app.clock.advance(Timestamp::MINUTE);
    app.post(&format!("/directories/{}/check", connected.directory), json!({})).await
}

async fn enter(
    app: &TestApp,
    connected: &Connected,
    pair: &HrworksKeyPair,
) -> crate::support::Reply {
    app.clock.advance(Timestamp::MINUTE);
    let path = format!("/directories/{}/credentials", connected.directory);
    app.put(&path, json!({"text": pair.text()})).await
}

fn last4(pair: &HrworksKeyPair) -> &str {
    &pair.access_key[pair.access_key.len() - 4..]
}

fn waiting_bytes(app: &TestApp, connected: &Connected) -> Vec<u8> {
    let table = ("waiting_credentials", "directory_id");
    evidence::bytes_by(&app.place, table, "credential_sealed", &connected.directory)
}

async fn l_14_a_pair_without_its_permissions_waits_and_becomes_the_credential(app: TestApp) {
    let connected = hrworks(&app).await;
    let pair = bare_pair(&app);
    let kept = enter(&app, &connected, &pair).await;
    assert_eq!(kept.status, 202, "{}", kept.text);
    assert_eq!(kept.body["credential"], "waiting");
    assert_eq!(kept.body["probes"][0]["permission"], PERSONS);
    assert_eq!(kept.body["probes"][0]["result"], "missing");
    let shown = app.show(&connected).await;
    assert_eq!(shown["credential"], Value::Null);
    let waiting = &shown["waiting_credential"];
    assert_eq!(waiting["last4"], last4(&pair));
    assert_eq!(waiting["missing_permissions"], json!([PERSONS]));
    assert_eq!(waiting["expires_at"], kept.body["waiting_until"]);
    assert!(evidence::where_stored(&app.place, &pair.secret_access_key).is_empty(), "sealed");

    let again = check(&app, &connected).await;
    assert_eq!((again.status, &again.body["credential"]), (202, &json!("waiting")));
    tick(&app, &pair);
    let again = check(&app, &connected).await;
    assert_eq!((again.status, &again.body["credential"]), (200, &json!("stored")));
    assert_eq!(again.body["ok"], true, "{}", again.text);
    let shown = app.show(&connected).await;
    assert_eq!(shown["waiting_credential"], Value::Null);
    assert_eq!(shown["credential"]["last4"], last4(&pair));
    app.pass(Timestamp::MINUTE).await;
    app.complete(&connected).await;
    crate::hr::agrees_with(&app, &connected, System::Hrworks).await;
    let done = app.all(&format!("/organizations/{}/actions", connected.organization)).await;
    let kinds: Vec<&Value> = done.iter().map(|one| &one["action"]["kind"]).collect();
    assert!(kinds.contains(&&json!("key_waits")), "{kinds:?}");
    assert!(kinds.contains(&&json!("waiting_key_accepted")), "{kinds:?}");
}

async fn l_14_a_waiting_pair_leaves_the_one_in_use_alone(app: TestApp) {
    let connected = app.connected_to(System::Hrworks).await;
    let before = app.show(&connected).await["credential"]["last4"].clone();
    let pair = bare_pair(&app);
    assert_eq!(enter(&app, &connected, &pair).await.status, 202);
    assert_eq!(app.show(&connected).await["credential"]["last4"], before);
    app.poll().await;
    assert_eq!(app.state(&connected).await, "active", "the old pair goes on");
    assert_eq!(app.last_run(&connected).await["state"], "succeeded");
    tick(&app, &pair);
    let stored = check(&app, &connected).await;
    assert_eq!(stored.status, 200, "{}", stored.text);
    app.drain().await;
    let run = app.last_run(&connected).await;
    assert_eq!((&run["id"], &run["trigger"]), (&stored.body["run_id"], &json!("credentials")));
    assert_eq!(app.show(&connected).await["credential"]["last4"], last4(&pair));
}

async fn l_14_a_waiting_pair_completes_the_set_up(app: TestApp) {
    let connected = hrworks(&app).await;
    let pair = bare_pair(&app);
    assert_eq!(enter(&app, &connected, &pair).await.status, 202);
    let path = format!("/directories/{}/complete_setup", connected.directory);
    app.clock.advance(Timestamp::MINUTE);
    let refused = app.post(&path, json!({})).await;
    assert_eq!(refused.problem(422), "credential_refused");
    assert_eq!(app.show(&connected).await["waiting_credential"]["last4"], last4(&pair));
    tick(&app, &pair);
    app.clock.advance(Timestamp::MINUTE);
    app.complete(&connected).await;
    crate::hr::agrees_with(&app, &connected, System::Hrworks).await;
}

async fn l_14_a_bad_moment_neither_ends_the_wait_nor_uses_the_pair(app: TestApp) {
    let connected = hrworks(&app).await;
    let pair = bare_pair(&app);
    assert_eq!(enter(&app, &connected, &pair).await.status, 202);
    for answer in [RestAnswer::Throttled, RestAnswer::Html { http: 502 }, RestAnswer::MalformedJson]
    {
        for only in [None, Some(HrworksEndpoint::MasterData)] {
            let mut faults = app.sandbox.hrworks().faults();
            (faults.always, faults.only) = (Some(answer.clone()), only);
            app.sandbox.hrworks().set_faults(faults);
            let again = check(&app, &connected).await;
            assert_eq!(again.status, 202, "{answer:?} {only:?}: {}", again.text);
            assert_eq!(app.show(&connected).await["credential"], Value::Null);
        }
    }
    let mut faults = app.sandbox.hrworks().faults();
    (faults.always, faults.only) = (None, None);
    app.sandbox.hrworks().set_faults(faults);
    tick(&app, &pair);
    assert_eq!(check(&app, &connected).await.status, 200);
}

async fn l_14_a_full_sync_notices_that_the_permissions_are_there(app: TestApp) {
    let connected = app.connected_to(System::Hrworks).await;
    System::Hrworks.remove_key(&app.sandbox, &connected.hr_key);
    app.sandbox.hrworks().expire_tokens();
    app.poll().await;
    assert_eq!(app.state(&connected).await, "failing");
    let pair = bare_pair(&app);
    assert_eq!(enter(&app, &connected, &pair).await.status, 202);
    app.poll().await;
    assert_eq!(app.state(&connected).await, "failing");
    tick(&app, &pair);
    app.poll().await;
    app.pass(Timestamp::MINUTE).await;
    assert_eq!(app.state(&connected).await, "active");
    assert_eq!(app.show(&connected).await["credential"]["last4"], last4(&pair));
}

async fn l_14_a_pair_that_was_never_allowed_is_deleted_after_a_day(app: TestApp) {
    let connected = hrworks(&app).await;
    let pair = bare_pair(&app);
    assert_eq!(enter(&app, &connected, &pair).await.status, 202);
    let sealed = waiting_bytes(&app, &connected);
    assert!(evidence::in_files(&app.place, &sealed), "this test would find it");
    app.clock.advance(Timestamp::DAY - 1);
    tasks::forget_all_old(&app.running.task_context).await.unwrap();
    assert_eq!(app.show(&connected).await["waiting_credential"]["last4"], last4(&pair));
    app.clock.advance(1);
    assert_eq!(app.show(&connected).await["waiting_credential"], Value::Null);
    tick(&app, &pair);
    let late = app.post(&format!("/directories/{}/check", connected.directory), json!({})).await;
    assert_eq!(late.problem(409), "no_credential");
    tasks::forget_all_old(&app.running.task_context).await.unwrap();
    assert!(!evidence::in_files(&app.place, &sealed), "the bytes too");
}

async fn l_14_another_key_or_the_end_deletes_a_waiting_pair(app: TestApp) {
    let connected = app.connected_to(System::Hrworks).await;
    let rows = "SELECT directory_id AS value FROM waiting_credentials";
    let (first, second) = (bare_pair(&app), bare_pair(&app));
    assert_eq!(enter(&app, &connected, &first).await.status, 202);
    let mut gone = vec![waiting_bytes(&app, &connected)];
    // Another one that waits.
    assert_eq!(enter(&app, &connected, &second).await.status, 202);
    assert_eq!(app.show(&connected).await["waiting_credential"]["last4"], last4(&second));
    gone.push(waiting_bytes(&app, &connected));
    // A refused key changes nothing.
    app.clock.advance(Timestamp::MINUTE);
    let path = format!("/directories/{}/credentials", connected.directory);
    let refused = app.put(&path, System::Hrworks.unknown_key()).await;
    assert_eq!(refused.problem(422), "credential_refused");
    assert_eq!(app.raw().values(rows).len(), 1);
    // One that is good.
    app.clock.advance(Timestamp::MINUTE);
    app.put(&path, System::Hrworks.key(&app.sandbox).0).await.ok();
    assert!(app.raw().values(rows).is_empty());
    app.pass(Timestamp::MINUTE).await;
    // The end.
    assert_eq!(enter(&app, &connected, &first).await.status, 202);
    gone.push(waiting_bytes(&app, &connected));
    app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    assert!(app.raw().values(rows).is_empty());
    for sealed in gone {
        assert!(!evidence::in_files(&app.place, &sealed));
    }
}

async fn l_14_a_waiting_pair_that_was_removed_is_refused(app: TestApp) {
    let connected = hrworks(&app).await;
    let pair = bare_pair(&app);
    assert_eq!(enter(&app, &connected, &pair).await.status, 202);
    System::Hrworks.remove_key(&app.sandbox, &pair.access_key);
    app.sandbox.hrworks().expire_tokens();
    assert_eq!(check(&app, &connected).await.problem(422), "credential_refused");
    assert_eq!(app.show(&connected).await["waiting_credential"], Value::Null);
    assert_eq!(check(&app, &connected).await.problem(409), "no_credential");
}

async fn l_14_the_portal_says_what_to_tick_and_needs_no_second_paste(app: TestApp) {
    let connected = hrworks(&app).await;
    let mut browser = Browser::visit(&app, &connected.organization).await;
    let at = format!("/portal/directories/{}", connected.directory);
    let pair = bare_pair(&app);
    browser.secrets.extend([pair.access_key.clone(), pair.secret_access_key.clone()]);
    browser.open(&at).await;
    browser.submit(&format!("{at}/key"), &[("text", &pair.text())]).await;
    assert_eq!(browser.page.status, 200);
    browser.page.says("waits for permissions").says("tick “Persons, read”").says("Check again");
    browser.page.says("This goes on as soon as the key may read people");
    browser.page.is_silent_about("First enter the key above.");
    app.clock.advance(Timestamp::MINUTE);
    browser.submit(&format!("{at}/check"), &[]).await.says("waits for permissions");
    tick(&app, &pair);
    app.clock.advance(Timestamp::MINUTE);
    browser.submit(&format!("{at}/check"), &[]).await.says("The key works.");
    browser.page.is_silent_about("waits for permissions");
    // In a connection that works, everything is brought up to date with the new pair.
    app.pass(Timestamp::MINUTE).await;
    app.complete(&connected).await;
    let other = bare_pair(&app);
    browser.secrets.extend([other.access_key.clone(), other.secret_access_key.clone()]);
    browser.open(&at).await;
    browser.submit(&format!("{at}/key"), &[("text", &other.text())]).await;
    browser.page.says("waits for permissions").says("Everything works");
    tick(&app, &other);
    app.clock.advance(Timestamp::MINUTE);
    browser.open(&at).await;
    browser.submit(&format!("{at}/check"), &[]).await.says("The new key works and is stored.");
}
