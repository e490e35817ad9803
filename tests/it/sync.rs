//! What HR changes is what the application has, whichever way it comes (S-04 … S-15, A-03, A-06).
//!
//! Long because each kind of change is followed from HR to the application.

use std::collections::HashMap;

use rollcall::clock::{Clock as _, Timestamp};
use rollcall::sandbox::{CANARIES, Edit, HookFaults, Leave};
use serde_json::{Value, json};

use crate::hr::{INTERVAL, TODAY, YESTERDAY, agrees_with_hr, hooks, no_hooks, on, person};
use crate::support::{Options, TestApp, behaviours};

behaviours!(
    s_04_changes_come_by_hook,
    s_04_changes_come_by_the_scheduled_poll,
    s_06_a_quiet_poll_at_its_time_changes_nothing,
    s_06_a_full_sync_on_request_reads_everybody,
    s_07_a_bad_record_is_listed_and_everybody_else_is_synced,
    s_07_a_problem_goes_away_when_hr_mends_the_record,
    s_07_a_linked_leaver_without_e_mail_is_no_problem,
    s_07_a_problem_does_not_delay_the_end_of_access,
    s_07_a_record_with_another_persons_key_never_touches_that_person,
    s_09_names_that_differ_in_case_and_blanks_are_one_entry,
    s_10_managed_fields_are_locked_and_others_are_not,
    s_11_a_marked_leaver_stays_until_the_day_has_passed,
    s_11_a_leaver_at_once_is_inactive_by_the_full_sync_that_the_hook_queues,
    s_11_a_leaving_date_that_has_passed_ends_access_by_the_look_itself,
    s_13_managers_come_in_any_order,
    s_13_a_manager_who_leaves_or_is_unknown_fails_nobody,
    s_14_departments_are_groups,
    s_15_nothing_private_is_stored_or_sent,
    a_03_the_first_sync_tells_users_then_groups_then_memberships,
    a_06_an_update_tells_what_was_before_and_no_change_tells_nothing,
);

const ANN: &str = "ann.lee@acme.example";
const BOB: &str = "bob.ray@acme.example";

/// A day's work in HR: everything that can change, once. Returns whom to look for.
async fn changes(app: &TestApp) {
    let text = |text: &str| Some(text.to_owned());
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let edits = [
        ("PW5", Edit { first_name: text("Zoë"), last_name: text("O'Neill"), ..Edit::default() }),
        ("PW6", Edit { department: text("Space Travel"), ..Edit::default() }),
        ("PW7", Edit { job_role: text("Chief Astronaut"), ..Edit::default() }),
        ("S8", Edit { location: text("The Moon"), ..Edit::default() }),
        ("PW9", Edit { reports_to: Some(id.clone()), ..Edit::default() }),
        ("PW10", Edit { email: text("Somebody.Else@acme.example"), ..Edit::default() }),
        ("PW11", Edit { start_date: text("2026-01-05"), ..Edit::default() }),
        ("PW16", Edit { reports_to: text(""), department: text(""), ..Edit::default() }),
    ];
    for (employee_id, edit) in edits {
        app.edit(employee_id, edit).await;
    }
    app.leave("PW17", &on(YESTERDAY)).await;
    app.leave("0018", &Leave { immediately: true, ..on(TODAY) }).await;
}

async fn s_04_changes_come_by_hook(app: TestApp) {
    let connected = app.connected().await;
    agrees_with_hr(&app, &connected).await;
    app.clock.advance(1_000);
    changes(&app).await;
    app.drain().await;
    agrees_with_hr(&app, &connected).await;
    let runs = app.runs(&connected).await;
    assert!(runs.iter().all(|run| run["trigger"] != "scheduled"), "{runs:#?}");
}

async fn s_04_changes_come_by_the_scheduled_poll(app: TestApp) {
    let connected = app.connected().await;
    app.hr().set_faults(no_hooks());
    changes(&app).await;
    app.drain().await;
    assert!(app.account(&connected.organization, ANN).await.is_none());
    app.poll().await;
    assert_eq!(app.last_run(&connected).await["trigger"], "scheduled");
    agrees_with_hr(&app, &connected).await;
}

fn moment(of: &Value) -> Timestamp {
    let text = of.as_str().expect("a moment");
    Timestamp(text.parse::<jiff::Timestamp>().expect("a timestamp").as_millisecond())
}

async fn s_06_a_quiet_poll_at_its_time_changes_nothing(app: TestApp) {
    let connected = app.connected().await;
    let (accounts, events) = (app.accounts(&connected.organization).await, app.events("").await);
    for round in 1..=3_usize {
        let due = moment(&app.show(&connected).await["next_sync_at"]);
        let wait = due.since(app.clock.now());
        let (least, most) = (30 * Timestamp::MINUTE, 30 * Timestamp::MINUTE * 102 / 100);
        assert!((least..=most).contains(&wait), "round {round}: {wait}");
        app.pass(wait - 1).await;
        assert_eq!(app.runs(&connected).await.len(), round, "not before its time");
        app.pass(INTERVAL - wait + 1).await;
        let run = app.last_run(&connected).await;
        assert_eq!((&run["trigger"], &run["state"]), (&json!("scheduled"), &json!("succeeded")));
        let counts = &run["counts"];
        assert_eq!(counts["seen"], 40);
        for nothing in ["created", "linked", "updated", "deactivated", "held"] {
            assert_eq!(counts[nothing], 0, "{nothing}");
        }
    }
    assert_eq!(app.accounts(&connected.organization).await, accounts);
    assert_eq!(app.events("").await, events);
}

async fn s_06_a_full_sync_on_request_reads_everybody(app: TestApp) {
    let connected = app.connected().await;
    app.hr().set_faults(no_hooks());
    changes(&app).await;
    app.clock.advance(1_000);
    app.post(&format!("/directories/{}/sync", connected.directory), json!({})).await.ok();
    app.drain().await;
    assert_eq!(app.last_run(&connected).await["trigger"], "manual");
    agrees_with_hr(&app, &connected).await;
}

async fn s_07_a_bad_record_is_listed_and_everybody_else_is_synced(app: TestApp) {
    let app = app.another(Options { problems: 4, ..Options::default() }).await;
    app.hire(&person("Ann", "Lee", "")).await;
    app.hire(&person("Bob", "Ray", "bob at acme")).await;
    let connected = app.connected().await;
    let problems = app.row_problems(&connected).await;
    let by_code: HashMap<&str, &Value> =
        problems.iter().map(|p| (p["code"].as_str().expect("a code"), p)).collect();
    let people = app.hr().people();
    let spoilt = |from_end: usize| &people[people.len() - 2 - from_end];
    let dated = by_code["invalid_start_date"];
    assert_eq!(dated["employee_number"], spoilt(4).employee_id);
    assert_eq!(dated["external_key"], spoilt(4).unique_key);
    assert!(dated["message"].as_str().expect("a message").contains("start date"));
    assert_eq!(by_code["duplicate_key"]["employee_number"], spoilt(2).employee_id);
    assert_eq!(by_code["invalid_email"]["name"], "Bob Ray");
    assert_eq!(by_code["invalid_email"]["email"], "bob at acme");
    assert!(by_code.contains_key("missing_email"));
    let anns = |p: &&Value| p["name"] == "Ann Lee" && p["code"] == "missing_email";
    assert_eq!(problems.iter().filter(anns).count(), 1);
    let count = app.show(&connected).await["counts"]["row_problems"].clone();
    assert_eq!(count, problems.len());
    assert_eq!(app.last_run(&connected).await["state"], "succeeded");
    // The record without employee id and the one with blanks and control characters are fine.
    for fine in [spoilt(3), spoilt(1)] {
        assert_eq!(app.the_account(&connected, &fine.email).await["status"], "active");
    }
    let listed = |key: &str| problems.iter().any(|p| p["external_key"] == key);
    let working = people.iter().filter(|p| !p.email.is_empty() && p.email.contains('@'));
    let working = working.filter(|p| p.standing != rollcall::sandbox::Standing::Left);
    let expected = working.filter(|p| !listed(&p.unique_key) && !listed(&p.employee_id)).count();
    assert_eq!(app.accounts(&connected.organization).await.len(), expected);
}

async fn s_07_a_problem_goes_away_when_hr_mends_the_record(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", "")).await;
    let other = app.hire(&person("Bob", "Ray", "")).await;
    let connected = app.connected().await;
    let before = app.row_problems(&connected).await.len();
    let mended = |email: &str| Edit { email: Some(email.to_owned()), ..Edit::default() };
    app.edit(&id, mended(ANN)).await;
    app.drain().await;
    assert_eq!(app.the_account(&connected, ANN).await["status"], "active");
    assert_eq!(app.row_problems(&connected).await.len(), before - 1);
    app.hr().set_faults(no_hooks());
    app.edit(&other, mended(BOB)).await;
    app.poll().await;
    assert_eq!(app.the_account(&connected, BOB).await["status"], "active");
    assert_eq!(app.row_problems(&connected).await.len(), before - 2);
    agrees_with_hr(&app, &connected).await;
}

async fn s_07_a_linked_leaver_without_e_mail_is_no_problem(app: TestApp) {
    let gone = app.hire(&person("Ann", "Lee", ANN)).await;
    let going = app.hire(&person("Bob", "Ray", BOB)).await;
    let connected = app.connected().await;
    let before = app.row_problems(&connected).await;
    app.leave(&gone, &Leave { blank_email: true, immediately: true, ..on(TODAY) }).await;
    app.leave(
        &going,
        &Leave { blank_email: true, ..on(TODAY.saturating_add(jiff::Span::new().days(9))) },
    )
    .await;
    app.drain().await;
    assert_eq!(app.row_problems(&connected).await, before);
    assert_eq!(app.the_account(&connected, ANN).await["status"], "inactive");
    let going = app.the_account(&connected, BOB).await;
    assert_eq!(
        (&going["status"], &going["leaving_date"]),
        (&json!("active"), &json!("2026-12-02"))
    );
    app.poll().await;
    assert_eq!(app.row_problems(&connected).await.len(), before.len());
    assert_eq!(app.the_account(&connected, BOB).await, going);
}

async fn s_07_a_problem_does_not_delay_the_end_of_access(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = app.connected().await;
    let bad = |name: &str| Edit {
        email: Some(format!("{name} has no address")),
        last_name: Some(name.to_owned()),
        ..Edit::default()
    };
    app.edit(&id, bad("Ray")).await;
    app.drain().await;
    let account = app.the_account(&connected, ANN).await;
    assert_eq!((&account["last_name"], &account["status"]), (&json!("Lee"), &json!("active")));
    app.leave(&id, &on(YESTERDAY)).await;
    app.drain().await;
    let account = app.the_account(&connected, ANN).await;
    assert_eq!((&account["last_name"], &account["status"]), (&json!("Ray"), &json!("inactive")));
    assert_eq!(account["leaving_date"], "2026-11-22");
    // Who has left needs no e-mail, so nobody is asked to correct one.
    let problems = app.row_problems(&connected).await;
    assert!(problems.iter().all(|p| p["name"] != "Ann Ray"), "{problems:#?}");
    // The same through the full sync, for somebody who leaves at once.
    let id = app.hire(&person("Bob", "Ray", BOB)).await;
    app.drain().await;
    app.hr().set_faults(no_hooks());
    app.edit(&id, bad("May")).await;
    app.leave(&id, &Leave { immediately: true, ..on(TODAY) }).await;
    app.poll().await;
    let account = app.the_account(&connected, BOB).await;
    assert_eq!((&account["last_name"], &account["status"]), (&json!("May"), &json!("inactive")));
}

async fn s_07_a_record_with_another_persons_key_never_touches_that_person(app: TestApp) {
    let app = app.another(Options { problems: 3, ..Options::default() }).await;
    let connected = app.connected().await;
    let people = app.hr().people();
    let (first, double) = (&people[0], people.last().expect("people"));
    assert_eq!(first.unique_key, double.unique_key);
    let before = app.the_account(&connected, &first.email).await;
    let edit = Edit { last_name: Some("Impostor".to_owned()), ..Edit::default() };
    app.edit(&double.employee_id, edit).await;
    app.drain().await;
    assert_eq!(app.the_account(&connected, &first.email).await, before);
    app.poll().await;
    assert_eq!(app.the_account(&connected, &first.email).await, before);
    assert!(app.account(&connected.organization, &double.email).await.is_none());
    let problems = app.row_problems(&connected).await;
    assert!(problems.iter().any(
        |p| p["code"] == "duplicate_key" && p["employee_number"] == double.employee_id.as_str()
    ));
    // The first person goes on as before.
    let edit = Edit { last_name: Some("Rightful".to_owned()), ..Edit::default() };
    app.edit(&first.employee_id, edit).await;
    app.drain().await;
    let after = app.the_account(&connected, &first.email).await;
    assert_eq!((&after["last_name"], &after["id"]), (&json!("Rightful"), &before["id"]));
}

async fn s_09_names_that_differ_in_case_and_blanks_are_one_entry(app: TestApp) {
    let with = |hire: rollcall::sandbox::Hire, unit: &str| rollcall::sandbox::Hire {
        department: Some(unit.to_owned()),
        job_role: Some(unit.to_owned()),
        location: Some(unit.to_owned()),
        ..hire
    };
    app.hire(&with(person("Ann", "Lee", ANN), "Space Travel")).await;
    app.hire(&with(person("Bob", "Ray", BOB), "  space   TRAVEL ")).await;
    let connected = app.connected().await;
    app.hire(&with(person("Cy", "May", "cy.may@acme.example"), "SPACE travel")).await;
    app.drain().await;
    for list in ["departments", "positions", "office_locations"] {
        let all = app.all(&format!("/organizations/{}/{list}", connected.organization)).await;
        let name = |entry: &Value| entry["name"].as_str().expect("a name").to_lowercase();
        let mut names: Vec<String> = all.iter().map(name).collect();
        assert_eq!(names.iter().filter(|name| *name == "space travel").count(), 1, "{list}");
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all.len(), "{list}");
    }
    let of = app.the_account(&connected, ANN).await["department"].clone();
    for email in [BOB, "cy.may@acme.example"] {
        assert_eq!(app.the_account(&connected, email).await["department"], of);
    }
    let groups = app.events("dsync.group.created").await;
    let space = |event: &&Value| event["data"]["name"] == of;
    assert_eq!(groups.iter().filter(space).count(), 1);
}

async fn s_10_managed_fields_are_locked_and_others_are_not(app: TestApp) {
    app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = app.connected().await;
    let account = app.the_account(&connected, ANN).await;
    let path = format!("/accounts/{}", account["id"].as_str().expect("an id"));
    let refused = app.patch(&path, json!({"last_name": "X", "department": "Y"})).await;
    assert_eq!(refused.problem(409), "account-managed");
    let text = refused.body.to_string();
    for told in ["last_name", "department", connected.directory.as_str()] {
        assert!(text.contains(told), "{told} in {text}");
    }
    assert!(!text.contains("first_name"), "{text}");
    assert_eq!(app.delete(&path).await.problem(409), "account-managed");
    let mixed = app.patch(&path, json!({"attributes": {"a": 1}, "status": "inactive"})).await;
    assert_eq!(mixed.problem(409), "account-managed");
    assert_eq!(app.the_account(&connected, ANN).await, account);
    let other = json!({"attributes": {"theme": "dark"}, "external_id": "7", "last_name": "Lee"});
    let changed = app.patch(&path, other).await.ok();
    assert_eq!(
        (&changed["external_id"], &changed["attributes"]["theme"]),
        (&json!("7"), &json!("dark"))
    );
    // Sync leaves them as they are.
    let id = app.hr().people().last().expect("people").employee_id.clone();
    app.edit(&id, Edit { last_name: Some("Ray".to_owned()), ..Edit::default() }).await;
    app.drain().await;
    let after = app.the_account(&connected, ANN).await;
    assert_eq!((&after["external_id"], &after["last_name"]), (&json!("7"), &json!("Ray")));
    assert_eq!(after["attributes"], json!({"theme": "dark"}));
}

async fn s_11_a_marked_leaver_stays_until_the_day_has_passed(app: TestApp) {
    let today = app.hire(&person("Ann", "Lee", ANN)).await;
    let later = app.hire(&person("Bob", "Ray", BOB)).await;
    let connected = app.connected().await;
    app.leave(&today, &on(TODAY)).await;
    app.leave(&later, &on("2026-11-25".parse().expect("a date"))).await;
    app.drain().await;
    for (email, date) in [(ANN, "2026-11-23"), (BOB, "2026-11-25")] {
        let account = app.the_account(&connected, email).await;
        assert_eq!(
            (&account["status"], &account["leaving_date"]),
            (&json!("active"), &json!(date))
        );
    }
    agrees_with_hr(&app, &connected).await;
    app.pass(Timestamp::DAY).await;
    assert_eq!(app.the_account(&connected, ANN).await["status"], "inactive");
    agrees_with_hr(&app, &connected).await;
    app.pass(2 * Timestamp::DAY).await;
    assert_eq!(app.the_account(&connected, BOB).await["status"], "inactive");
    agrees_with_hr(&app, &connected).await;
}

async fn s_11_a_leaver_at_once_is_inactive_by_the_full_sync_that_the_hook_queues(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = app.connected().await;
    app.clock.advance(1_000);
    let ahead = "2026-12-31".parse().expect("a date");
    app.leave(&id, &Leave { immediately: true, ..on(ahead) }).await;
    app.drain().await;
    let account = app.the_account(&connected, ANN).await;
    assert_eq!(account["status"], "inactive");
    assert_eq!(account["leaving_date"], "2026-12-31");
    assert_eq!(app.last_run(&connected).await["trigger"], "burst");
    // A later look by id alone does not show who is in the list, and must not bring them back.
    let body = json!({"ActionId": 2, "EmployeeId": id}).to_string();
    app.hook(&connected.hook_url, "application/json", body).await;
    app.drain().await;
    assert_eq!(app.the_account(&connected, ANN).await, account);
    agrees_with_hr(&app, &connected).await;
}

async fn s_11_a_leaving_date_that_has_passed_ends_access_by_the_look_itself(app: TestApp) {
    let start_date = Some("2020-01-06".to_owned());
    let hire = rollcall::sandbox::Hire { start_date, ..person("Ann", "Lee", ANN) };
    let id = app.hire(&hire).await;
    let connected = app.connected().await;
    let failing = rollcall::sandbox::Faults {
        always: Some(rollcall::sandbox::OddAnswer::Html502),
        only_action: Some(rollcall::sandbox::Action::GetAllEmployeeDetail),
        ..hooks(HookFaults::default())
    };
    app.hr().set_faults(failing);
    app.leave(&id, &on(YESTERDAY)).await;
    app.drain().await;
    assert_eq!(app.the_account(&connected, ANN).await["status"], "inactive");
}

async fn s_13_managers_come_in_any_order(app: TestApp) {
    // In the list Ann comes before Bob, whom she reports to, and Cy's manager comes a run later.
    let ann = app.hire(&person("Ann", "Lee", ANN)).await;
    let bob = app.hire(&person("Bob", "Ray", BOB)).await;
    let cy = app.hire(&person("Cy", "May", "cy.may@acme.example")).await;
    let dee = app.hire(&person("Dee", "Fox", "")).await;
    let reports_to = |id: &str| Edit { reports_to: Some(id.to_owned()), ..Edit::default() };
    app.edit(&ann, reports_to(&bob)).await;
    app.edit(&cy, reports_to(&dee)).await;
    let connected = app.connected().await;
    let manager =
        async |email: &str| app.the_account(&connected, email).await["manager_account_id"].clone();
    let bobs = app.the_account(&connected, BOB).await["id"].clone();
    assert_eq!(manager(ANN).await, bobs);
    assert_eq!(manager("cy.may@acme.example").await, Value::Null);
    // A circle is HR's business.
    app.edit(&bob, reports_to(&ann)).await;
    let email = Edit { email: Some("dee.fox@acme.example".to_owned()), ..Edit::default() };
    app.edit(&dee, email).await;
    app.drain().await;
    app.poll().await;
    let dees = app.the_account(&connected, "dee.fox@acme.example").await["id"].clone();
    assert_eq!(manager("cy.may@acme.example").await, dees);
    assert_ne!(manager(BOB).await, Value::Null);
    // The manager's own number may change.
    app.hr().change_employee_id(&dee, "DEE").await.expect("a new id");
    app.drain().await;
    app.poll().await;
    assert_eq!(manager("cy.may@acme.example").await, dees);
    agrees_with_hr(&app, &connected).await;
}

async fn s_13_a_manager_who_leaves_or_is_unknown_fails_nobody(app: TestApp) {
    let boss = app.hire(&person("Bob", "Ray", BOB)).await;
    let ann = app.hire(&person("Ann", "Lee", ANN)).await;
    app.edit(&ann, Edit { reports_to: Some(boss.clone()), ..Edit::default() }).await;
    let connected = app.connected().await;
    app.leave(&boss, &on(YESTERDAY)).await;
    app.drain().await;
    app.edit(&ann, Edit { last_name: Some("May".to_owned()), ..Edit::default() }).await;
    app.drain().await;
    agrees_with_hr(&app, &connected).await;
    app.hr().delete(&boss).await.expect("a deletion");
    app.edit(&ann, Edit { last_name: Some("Fox".to_owned()), ..Edit::default() }).await;
    app.drain().await;
    assert_eq!(app.the_account(&connected, ANN).await["last_name"], "Fox");
}

/// Members of each group, by name, as the events tell.
fn membership(events: &[Value]) -> HashMap<String, Vec<String>> {
    let mut groups: HashMap<String, Vec<String>> = HashMap::new();
    for event in events {
        let name = event["data"]["group"]["name"].as_str().unwrap_or_default().to_owned();
        let user = event["data"]["user"]["id"].as_str().unwrap_or_default().to_owned();
        let members = groups.entry(name).or_default();
        match event["event"].as_str() {
            Some("dsync.group.user_added") => {
                assert!(!members.contains(&user), "added twice");
                members.push(user);
            }
            Some("dsync.group.user_removed") => {
                let before = members.len();
                members.retain(|member| *member != user);
                assert_eq!(members.len() + 1, before, "removed without having been there");
            }
            _ => {}
        }
    }
    groups
}

async fn s_14_departments_are_groups(app: TestApp) {
    let hire = person("Ann", "Lee", ANN);
    let ann = rollcall::sandbox::Hire { department: Some("Space Travel".to_owned()), ..hire };
    let id = app.hire(&ann).await;
    let connected = app.connected().await;
    let department = |name: &str| Edit { department: Some(name.to_owned()), ..Edit::default() };
    let user = app.events("dsync.user.created").await;
    let user = user.iter().find(|event| event["data"]["email"] == ANN).expect("Ann");
    let user = user["data"]["id"].as_str().expect("an id").to_owned();
    let groups_of = async || {
        let groups = membership(&app.events("").await);
        let mut names: Vec<String> = groups
            .into_iter()
            .filter(|(_, members)| members.contains(&user))
            .map(|(name, _)| name)
            .collect();
        names.sort();
        names
    };
    assert_eq!(groups_of().await, ["Space Travel"]);
    app.edit(&id, department("Deep Sea")).await;
    app.drain().await;
    assert_eq!(groups_of().await, ["Deep Sea"]);
    let last: Vec<Value> = app.events("").await.into_iter().rev().take(4).collect();
    let kinds: Vec<&str> = last.iter().rev().filter_map(|e| e["event"].as_str()).collect();
    let expected = [
        "dsync.user.updated",
        "dsync.group.created",
        "dsync.group.user_removed",
        "dsync.group.user_added",
    ];
    let mut sorted = kinds.clone();
    sorted.sort_unstable();
    let mut wanted = expected.to_vec();
    wanted.sort_unstable();
    assert_eq!(sorted, wanted);
    let at = |kind: &str| kinds.iter().position(|it| *it == kind);
    assert_eq!(at("dsync.user.updated"), Some(0));
    assert!(at("dsync.group.created") < at("dsync.group.user_added"));
    app.edit(&id, department("")).await;
    app.drain().await;
    assert!(groups_of().await.is_empty());
    app.hr().set_faults(no_hooks());
    app.edit(&id, department("Space Travel")).await;
    app.poll().await;
    assert_eq!(groups_of().await, ["Space Travel"]);
    let (created, deleted) =
        (app.events("dsync.group.created").await, app.events("dsync.group.deleted").await);
    assert_eq!(deleted.len(), 1, "nobody is in the deep sea any more");
    assert_eq!(
        app.show(&connected).await["counts"]["groups"],
        created.len().saturating_sub(deleted.len())
    );
}

async fn s_15_nothing_private_is_stored_or_sent(app: TestApp) {
    let connected = app.connected().await;
    changes(&app).await;
    app.drain().await;
    let engine = app.place.engine;
    let mut raw = app.raw();
    assert!(!crate::hooks::places_of(&mut raw, engine, ANN).is_empty());
    for canary in CANARIES {
        assert_eq!(crate::hooks::places_of(&mut raw, engine, canary), [""; 0]);
    }
    let _ = connected;
}

/// The types of events, each once, in the order of their first and of their last appearance.
fn order(events: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    kinds.dedup();
    kinds
}

async fn a_03_the_first_sync_tells_users_then_groups_then_memberships(app: TestApp) {
    // More people than one transaction takes.
    let app = app.another(Options { people: Some(450), ..Options::default() }).await;
    let connected = app.connected().await;
    let events = app.events("").await;
    let expected =
        ["dsync.activated", "dsync.user.created", "dsync.group.created", "dsync.group.user_added"];
    assert_eq!(order(&events), expected);
    assert_eq!(events[0]["data"]["id"], connected.directory);
    let ids: Vec<&str> = events.iter().filter_map(|event| event["id"].as_str()).collect();
    assert!(ids.is_sorted(), "ids are in commit order");
    let of = |kind: &'static str| events.iter().filter(move |event| event["event"] == kind);
    let accounts = app.accounts(&connected.organization).await;
    let linked = of("dsync.user.created").filter(|e| !e["data"]["account_id"].is_null());
    assert_eq!(linked.count(), accounts.len());
    assert!(of("dsync.user.created").all(|event| event["data"]["version"] == 1));
    agrees_with_hr(&app, &connected).await;
}

async fn a_06_an_update_tells_what_was_before_and_no_change_tells_nothing(app: TestApp) {
    let hire = person("Ann", "Lee", ANN);
    let ann = rollcall::sandbox::Hire { job_role: Some("Pilot".to_owned()), ..hire };
    let id = app.hire(&ann).await;
    let connected = app.connected().await;
    let before = app.events("").await.len();
    let edit = Edit {
        last_name: Some("Ray".to_owned()),
        job_role: Some("Captain".to_owned()),
        work_phone: Some("020 7946 0000".to_owned()),
        ..Edit::default()
    };
    app.edit(&id, edit).await;
    app.drain().await;
    let events = app.events("").await;
    assert_eq!(events.len(), before + 1, "{:#?}", &events[before..]);
    let (event, data) = (&events[before]["event"], &events[before]["data"]);
    assert_eq!(event, "dsync.user.updated");
    assert_eq!((&data["last_name"], &data["version"]), (&json!("Ray"), &json!(2)));
    assert_eq!(data["account_id"], app.the_account(&connected, ANN).await["id"]);
    let previous = json!({
        "last_name": "Lee",
        "name": "Ann Lee",
        "job_title": "Pilot",
        "custom_attributes": {"display_name": "Ann Lee", "job_title": "Pilot"},
    });
    assert_eq!(data["previous_attributes"], previous);
    // A field that we do not have, twice, by hook and by poll.
    let version = app.the_account(&connected, ANN).await["version"].clone();
    let edit = Edit { work_phone: Some("020 7946 0001".to_owned()), ..Edit::default() };
    app.edit(&id, edit).await;
    app.drain().await;
    app.poll().await;
    assert_eq!(app.events("").await.len(), before + 1);
    assert_eq!(app.the_account(&connected, ANN).await["version"], version);
}
