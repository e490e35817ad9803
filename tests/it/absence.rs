//! Whoever is not in HR's list is only gone when HR says so (S-30, S-31), and unusually many who
//! would lose access wait for an admin (S-32).
//!
//! Long because every reason for which somebody can be missing from the list is told apart.

use jiff::civil::Date;
use rollcall::clock::Timestamp;
use rollcall::sandbox::{Edit, Leave, NextAnswers, OddAnswer, PersonView, Standing};
use serde_json::{Value, json};

use crate::hr::{INTERVAL, TODAY, YESTERDAY, agrees_with_hr, no_hooks, on, person};
use crate::support::{Connected, Options, Reply, TestApp, behaviours};

behaviours!(
    s_31_somebody_whom_hr_has_deleted_loses_access_after_hr_was_asked,
    s_31_somebody_whom_the_list_forgot_stays,
    s_31_a_webhook_about_somebody_gone_is_settled_by_a_full_sync,
    s_31_one_run_asks_about_everybody,
    s_30_no_fault_of_the_hr_system_removes_anybody,
    s_30_a_fault_while_asking_about_the_missing_removes_nobody,
    s_32_of_too_many_who_vanish_nobody_is_asked_about_and_nobody_removed,
    s_32_an_open_hold_keeps_its_id_and_people_leave_it_when_seen_again,
    s_32_too_many_leavers_wait_and_everything_else_flows,
    s_32_an_approval_covers_the_list_once,
    s_32_after_a_partial_approval_the_rest_is_one_new_hold,
    s_32_what_was_rejected_stands_until_hr_changes_the_employment,
    s_32_webhooks_are_counted_over_an_hour_and_who_waits_waits_on,
    s_32_a_leaving_date_to_come_counts_when_it_becomes_known,
    s_32_approval_of_the_missing_lets_hr_be_asked,
    s_32_an_approval_is_used_up_when_people_come_back,
    s_32_five_thousand_people_of_whom_nearly_all_vanish,
);

/// Accounts that are not active, by e-mail.
pub async fn inactive(app: &TestApp, connected: &Connected) -> Vec<String> {
    let accounts = app.accounts(&connected.organization).await;
    let gone = accounts.iter().filter(|account| account["status"] != "active");
    gone.map(|account| account["email"].as_str().expect("an e-mail").to_owned()).collect()
}

/// Everybody who has begun to work there and is to stay, with an e-mail.
pub fn staff(app: &TestApp) -> Vec<String> {
    let people = app.hr().people().into_iter();
    let works = |person: &PersonView| {
        person.standing != Standing::Left
            && person.leaving_date.is_none()
            && !person.email.is_empty()
            && person.start_date.parse::<Date>().is_ok_and(|start| start <= TODAY)
    };
    people.filter(works).map(|person| person.employee_id).collect()
}

/// Who may use the application: e-mail and status of every account.
async fn access(app: &TestApp, connected: &Connected) -> Vec<String> {
    let accounts = app.accounts(&connected.organization).await;
    accounts.iter().map(|a| format!("{} {}", a["email"], a["status"])).collect()
}

pub async fn mark_leavers(app: &TestApp, employees: &[String]) {
    for employee in employees {
        app.leave(employee, &on(YESTERDAY)).await;
    }
}

async fn delete(app: &TestApp, employees: &[String]) {
    for employee in employees {
        app.hr().delete(employee).await.expect("a person");
    }
}

/// The one open hold about loss of access.
pub async fn the_hold(app: &TestApp, connected: &Connected) -> Value {
    let holds = app.open_holds(connected).await;
    let mut holds = holds.into_iter().filter(|hold| hold["kind"] == "deactivations");
    let hold = holds.next().expect("a hold");
    assert!(holds.next().is_none(), "more than one hold");
    hold
}

pub fn count(value: &Value) -> usize {
    value.as_array().expect("a list").len()
}

/// Decides about everybody of the list as it was shown, or about whom the body names.
pub async fn decide(app: &TestApp, hold: &Value, what: &str, mut body: Value) -> Reply {
    if body.as_object().is_some_and(serde_json::Map::is_empty) {
        body = json!({"list_version": hold["list_version"]});
    }
    let (directory, id) = (hold["directory_id"].as_str(), hold["id"].as_str());
    let path = format!("/directories/{}/holds/{}/{what}", directory.unwrap(), id.unwrap());
    app.post(&path, body).await
}

async fn s_31_somebody_whom_hr_has_deleted_loses_access_after_hr_was_asked(app: TestApp) {
    let connected = app.connected().await;
    app.faults(|faults| *faults = no_hooks());
    let before = inactive(&app, &connected).await.len();
    let employee = staff(&app)[3].clone();
    let email = app.hr().person(&employee).expect("a person").email;
    delete(&app, std::slice::from_ref(&employee)).await;
    app.hr().clear_logs();
    app.poll().await;
    assert_eq!(app.looks(), std::slice::from_ref(&employee));
    let account = app.the_account(&connected, &email).await;
    assert_eq!(account["status"], "inactive");
    assert_eq!(inactive(&app, &connected).await.len(), before + 1);
    assert_eq!(app.last_run(&connected).await["counts"]["deactivated"], 1);
    // It is known now, and not asked again.
    app.hr().clear_logs();
    app.poll().await;
    assert_eq!(app.looks(), Vec::<String>::new());
    assert_eq!(app.the_account(&connected, &email).await["version"], account["version"]);
}

async fn s_31_somebody_whom_the_list_forgot_stays(app: TestApp) {
    let connected = app.connected().await;
    let employees = staff(&app)[..3].to_vec();
    app.faults(|faults| {
        *faults = no_hooks();
        faults.unlisted.clone_from(&employees);
    });
    let (accounts, events) = (app.accounts(&connected.organization).await, app.events("").await);
    app.hr().clear_logs();
    app.poll().await;
    let mut looks = app.looks();
    looks.sort();
    let mut asked = employees.clone();
    asked.sort();
    assert_eq!(looks, asked, "the HR system was asked");
    assert_eq!(app.accounts(&connected.organization).await, accounts);
    assert_eq!(app.events("").await, events);
}

async fn s_31_a_webhook_about_somebody_gone_is_settled_by_a_full_sync(app: TestApp) {
    let connected = app.connected().await;
    let employee = staff(&app)[2].clone();
    let email = app.hr().person(&employee).expect("a person").email;
    delete(&app, &[employee]).await;
    app.drain().await;
    assert_eq!(app.the_account(&connected, &email).await["status"], "inactive");
    assert_eq!(app.last_run(&connected).await["trigger"], "burst");
}

async fn s_31_one_run_asks_about_everybody(app: TestApp) {
    let env = vec![("ROLLCALL__SYNC__GUARD_SHARE", "0.9".to_owned())];
    let app = app.another(Options { people: Some(150), env, ..Options::default() }).await;
    let connected = app.connected().await;
    app.faults(|faults| *faults = no_hooks());
    let before = inactive(&app, &connected).await.len();
    delete(&app, &staff(&app)[..60]).await;
    app.poll().await;
    assert_eq!(inactive(&app, &connected).await.len(), before + 60);
}

/// Answers that are no answer: throttling with HTTP 200, an empty body, pages, cut and garbled
/// JSON, an empty list where people were, refusals.
const NO_ANSWERS: [OddAnswer; 13] = [
    OddAnswer::Throttled,
    OddAnswer::EmptyBody,
    OddAnswer::Html403,
    OddAnswer::Html502,
    OddAnswer::TruncatedJson,
    OddAnswer::MalformedJson,
    OddAnswer::EmptyList,
    OddAnswer::Status10,
    OddAnswer::Status6,
    OddAnswer::Suspended,
    OddAnswer::TrialExpired,
    OddAnswer::NoSchemaAccess,
    OddAnswer::AccessDenied,
];

async fn s_30_no_fault_of_the_hr_system_removes_anybody(app: TestApp) {
    let connected = app.connected().await;
    let accounts = access(&app, &connected).await;
    // Somebody is gone, but in none of these answers.
    app.faults(|faults| *faults = no_hooks());
    delete(&app, &staff(&app)[..2]).await;
    for odd in NO_ANSWERS {
        app.hr_answers(Some(odd));
        app.poll().await;
        for _ in 0..4 {
            app.pass(3 * Timestamp::MINUTE).await;
        }
        assert_eq!(access(&app, &connected).await, accounts, "{odd:?}");
        assert!(app.open_holds(&connected).await.is_empty(), "{odd:?}");
    }
    app.hr_answers(None);
    app.poll().await;
    let now = access(&app, &connected).await;
    let changed = now.iter().zip(&accounts).filter(|(now, then)| now != then);
    assert_eq!(changed.count(), 2, "in the end there is an answer");
}

async fn s_30_a_fault_while_asking_about_the_missing_removes_nobody(app: TestApp) {
    let connected = app.connected().await;
    let accounts = access(&app, &connected).await;
    app.faults(|faults| *faults = no_hooks());
    delete(&app, &staff(&app)[..2]).await;
    for odd in NO_ANSWERS {
        if odd == OddAnswer::Status10 {
            // About one person this is an answer: "No record found."
            continue;
        }
        app.faults(|faults| {
            faults.only_action = Some(rollcall::sandbox::Action::GetEmployeeDetailById);
            faults.next = Some(NextAnswers { count: 100, answer: odd });
        });
        app.poll().await;
        for _ in 0..4 {
            app.pass(3 * Timestamp::MINUTE).await;
        }
        assert_eq!(access(&app, &connected).await, accounts, "{odd:?}");
        app.faults(|faults| faults.next = None);
        app.enter_new_key(&connected).await;
    }
}

async fn s_32_of_too_many_who_vanish_nobody_is_asked_about_and_nobody_removed(app: TestApp) {
    let connected = app.connected().await;
    app.faults(|faults| *faults = no_hooks());
    let vanished = staff(&app)[..9].to_vec();
    let names: Vec<String> = vanished
        .iter()
        .map(|id| app.hr().person(id).expect("a person"))
        .map(|person| format!("{} {}", person.first_name.trim(), person.last_name.trim()))
        .collect();
    let accounts = access(&app, &connected).await;
    delete(&app, &vanished).await;
    app.hr().clear_logs();
    app.poll().await;
    assert_eq!(app.looks(), Vec::<String>::new(), "nobody is asked about before approval");
    assert_eq!(access(&app, &connected).await, accounts);
    let run = app.last_run(&connected).await;
    assert_eq!((&run["state"], &run["counts"]["held"]), (&json!("succeeded"), &json!(9)));
    let hold = the_hold(&app, &connected).await;
    let mut listed: Vec<&str> =
        hold["items"].as_array().unwrap().iter().map(|i| i["name"].as_str().unwrap()).collect();
    let mut expected: Vec<&str> = names.iter().map(String::as_str).collect();
    listed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(listed, expected);
    assert_eq!(hold["items"][0]["change"]["because"], "not_in_hr");
    assert_eq!(app.state(&connected).await, "active", "a hold is no failure");
    let told = app.notices(&connected).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["kind"], "hold_opened");
    assert!(told[0]["subject"].as_str().unwrap().contains("9 people"), "{told:#?}");
    assert_eq!(app.mail.mails().len(), 2, "one mail for each admin");
    assert_eq!(app.events("rollcall.hold.opened").await.len(), 1);
}

async fn s_32_an_open_hold_keeps_its_id_and_people_leave_it_when_seen_again(app: TestApp) {
    let connected = app.connected().await;
    let vanished = staff(&app)[..9].to_vec();
    app.faults(|faults| {
        *faults = no_hooks();
        faults.unlisted.clone_from(&vanished);
    });
    app.poll().await;
    let hold = the_hold(&app, &connected).await;
    app.poll().await;
    assert_eq!(the_hold(&app, &connected).await["id"], hold["id"]);
    app.faults(|faults| faults.unlisted.truncate(7));
    app.poll().await;
    let later = the_hold(&app, &connected).await;
    assert_eq!((&later["id"], count(&later["items"])), (&hold["id"], 7));
    app.faults(|faults| faults.unlisted.clear());
    app.poll().await;
    let path =
        format!("/directories/{}/holds/{}", connected.directory, hold["id"].as_str().unwrap());
    assert_eq!(app.get(&path).await["state"], "superseded");
    assert_eq!(app.notices(&connected).await.len(), 1, "nobody is told twice");
    agrees_with_hr(&app, &connected).await;
}

async fn s_32_too_many_leavers_wait_and_everything_else_flows(app: TestApp) {
    let connected = app.connected().await;
    app.faults(|faults| *faults = no_hooks());
    let people = staff(&app);
    mark_leavers(&app, &people[..8]).await;
    let job = Edit { job_role: Some("Chief Astronaut".to_owned()), ..Edit::default() };
    app.edit(&people[0], job.clone()).await;
    app.edit(&people[20], job).await;
    let newcomer = person("New", "Comer", "new.comer@acme.example");
    app.hire(&newcomer).await;
    let before = inactive(&app, &connected).await;
    app.poll().await;
    assert_eq!(inactive(&app, &connected).await, before);
    let hold = the_hold(&app, &connected).await;
    assert_eq!(count(&hold["items"]), 8);
    assert_eq!(hold["items"][0]["change"]["because"], "leaving_date");
    // Everything else of them, and of everybody else, flows.
    for employee in [&people[0], &people[20]] {
        assert_eq!(app.job_of(&connected, employee).await, "Chief Astronaut");
    }
    assert_eq!(app.the_account(&connected, "new.comer@acme.example").await["status"], "active");
    let user_states = app.events("dsync.user.updated").await;
    assert!(user_states.iter().all(|event| event["data"]["state"] == "active"));
    // Five fewer are no longer too many; the others wait all the same.
    for employee in &people[..5] {
        app.hr().rehire(employee).await.expect("a leaver");
    }
    app.poll().await;
    assert_eq!(inactive(&app, &connected).await.len(), before.len());
    let later = the_hold(&app, &connected).await;
    assert_eq!((&later["id"], count(&later["items"])), (&hold["id"], 3));
    decide(&app, &later, "approve", json!({})).await.ok();
    app.drain().await;
    assert_eq!(inactive(&app, &connected).await.len(), before.len() + 3);
    agrees_with_hr(&app, &connected).await;
}

async fn s_32_an_approval_covers_the_list_once(app: TestApp) {
    let connected = app.connected().await;
    app.faults(|faults| *faults = no_hooks());
    let people = staff(&app);
    mark_leavers(&app, &people[..8]).await;
    let before = inactive(&app, &connected).await.len();
    app.poll().await;
    let hold = the_hold(&app, &connected).await;
    let decided = decide(&app, &hold, "approve", json!({})).await.ok();
    assert_eq!(decided["state"], "approved");
    assert!(decided["decided_at"].is_string() && decided["decided_by"].is_string());
    app.drain().await;
    assert_eq!(inactive(&app, &connected).await.len(), before + 8, "at once, without asking HR");
    for what in ["approve", "reject"] {
        assert_eq!(decide(&app, &hold, what, json!({})).await.problem(409), "conflict");
    }
    let event = &app.events("rollcall.hold.decided").await[0]["data"];
    assert_eq!((&event["state"], &event["people"]), (&json!("approved"), &json!(8)));
    agrees_with_hr(&app, &connected).await;
    // Hired again and gone again: the approval is used up, and so is its place in the window.
    for employee in &people[..8] {
        app.hr().rehire(employee).await.expect("a leaver");
    }
    app.poll().await;
    mark_leavers(&app, &people[..8]).await;
    app.poll().await;
    let again = the_hold(&app, &connected).await;
    assert_ne!(again["id"], hold["id"]);
    assert_eq!(inactive(&app, &connected).await.len(), before);
}

async fn s_32_after_a_partial_approval_the_rest_is_one_new_hold(app: TestApp) {
    let connected = app.connected().await;
    app.faults(|faults| *faults = no_hooks());
    mark_leavers(&app, &staff(&app)[..8]).await;
    let before = inactive(&app, &connected).await.len();
    app.poll().await;
    let hold = the_hold(&app, &connected).await;
    let wrong = decide(&app, &hold, "approve", json!({"ids": ["hold_item_none"]})).await;
    assert_eq!(wrong.problem(422), "invalid_request_parameters");
    assert_eq!(decide(&app, &hold, "approve", json!({"ids": []})).await.status, 422);
    let ids = [&hold["items"][1]["id"], &hold["items"][4]["id"]];
    let decided = decide(&app, &hold, "approve", json!({"ids": ids})).await.ok();
    assert_eq!((&decided["state"], count(&decided["items"])), (&json!("partly_approved"), 2));
    app.drain().await;
    assert_eq!(inactive(&app, &connected).await.len(), before + 2);
    let rest = the_hold(&app, &connected).await;
    assert_ne!(rest["id"], hold["id"]);
    assert_eq!(count(&rest["items"]), 6);
    app.poll().await;
    assert_eq!(the_hold(&app, &connected).await["id"], rest["id"]);
    assert_eq!(inactive(&app, &connected).await.len(), before + 2);
}

async fn s_32_what_was_rejected_stands_until_hr_changes_the_employment(app: TestApp) {
    let connected = app.connected().await;
    app.faults(|faults| *faults = no_hooks());
    let people = staff(&app);
    mark_leavers(&app, &people[..6]).await;
    let vanished = people[6].clone();
    app.faults(|faults| faults.unlisted = vec![vanished.clone()]);
    let before = inactive(&app, &connected).await;
    app.poll().await;
    let hold = the_hold(&app, &connected).await;
    assert_eq!(count(&hold["items"]), 7);
    assert_eq!(decide(&app, &hold, "reject", json!({})).await.ok()["state"], "rejected");
    app.hr().clear_logs();
    for _ in 0..3 {
        app.poll().await;
    }
    assert!(app.open_holds(&connected).await.is_empty());
    assert_eq!(inactive(&app, &connected).await, before);
    assert_eq!(app.looks(), Vec::<String>::new(), "nor is HR asked about the missing one");
    // HR corrects a job title; that says nothing about employment.
    app.new_job(&people[0], "Was an astronaut").await;
    app.poll().await;
    assert!(app.open_holds(&connected).await.is_empty());
    assert_eq!(inactive(&app, &connected).await, before);
    assert_eq!(app.job_of(&connected, &people[0]).await, "Was an astronaut");
    // Another last day is another question, and a question again.
    app.hr().rehire(&people[0]).await.expect("a leaver");
    let earlier = YESTERDAY.yesterday().expect("a day");
    app.leave(&people[0], &on(earlier)).await;
    app.poll().await;
    assert_eq!(inactive(&app, &connected).await, before);
    assert_eq!(count(&the_hold(&app, &connected).await["items"]), 1);
}

async fn s_32_webhooks_are_counted_over_an_hour_and_who_waits_waits_on(app: TestApp) {
    let connected = app.connected().await;
    let people = staff(&app);
    let before = inactive(&app, &connected).await.len();
    for employee in &people[..7] {
        app.leave(employee, &Leave { immediately: true, ..on(YESTERDAY) }).await;
        app.pass(Timestamp::MINUTE).await;
    }
    assert_eq!(inactive(&app, &connected).await.len(), before + 5);
    let hold = the_hold(&app, &connected).await;
    assert_eq!(count(&hold["items"]), 2);
    assert_eq!(app.notices(&connected).await.len(), 1);
    // An hour later two would no longer be too many, but nobody has decided about these.
    app.pass(61 * Timestamp::MINUTE).await;
    assert_eq!(inactive(&app, &connected).await.len(), before + 5);
    assert_eq!(count(&the_hold(&app, &connected).await["items"]), 2);
    // Somebody else is counted anew.
    app.leave(&people[8], &Leave { immediately: true, ..on(YESTERDAY) }).await;
    app.drain().await;
    assert_eq!(inactive(&app, &connected).await.len(), before + 6);
    assert_eq!(count(&the_hold(&app, &connected).await["items"]), 2);
}

async fn s_32_a_leaving_date_to_come_counts_when_it_becomes_known(app: TestApp) {
    let connected = app.connected().await;
    app.faults(|faults| *faults = no_hooks());
    let people = staff(&app);
    let before = inactive(&app, &connected).await.len();
    let in_three_days = TODAY.checked_add(jiff::Span::new().days(3)).expect("a day");
    // Few: they act on the day, and are not counted again then.
    for employee in &people[..4] {
        app.leave(employee, &on(in_three_days)).await;
    }
    app.poll().await;
    assert!(app.open_holds(&connected).await.is_empty());
    app.pass(61 * Timestamp::MINUTE).await;
    // Too many: a hold at once, before the day, and the four are not in it.
    for employee in &people[4..16] {
        app.leave(employee, &on(in_three_days)).await;
    }
    app.poll().await;
    assert_eq!(inactive(&app, &connected).await.len(), before);
    let hold = the_hold(&app, &connected).await;
    assert_eq!(count(&hold["items"]), 12);
    assert_eq!(hold["items"][0]["change"]["because"], "leaving_date");
    assert_eq!(hold["items"][0]["change"]["last_day"], in_three_days.to_string());
    // Their leaving date is known all the same.
    let email = app.hr().person(&people[4]).expect("a person").email;
    let account = app.the_account(&connected, &email).await;
    assert_eq!(account["leaving_date"], in_three_days.to_string());
    // Some are approved before the day; they leave on it and no earlier.
    let ids = [&hold["items"][0]["id"], &hold["items"][1]["id"]];
    decide(&app, &hold, "approve", json!({"ids": ids})).await.ok();
    app.drain().await;
    assert_eq!(inactive(&app, &connected).await.len(), before);
    app.pass(4 * Timestamp::DAY).await;
    assert_eq!(inactive(&app, &connected).await.len(), before + 6);
    let rest = the_hold(&app, &connected).await;
    assert_eq!(count(&rest["items"]), 10);
    // A date that moves away is no news, and one that HR takes back ends the question.
    for employee in &people[4..16] {
        app.hr().rehire(employee).await.expect("a leaver");
    }
    app.poll().await;
    assert!(app.open_holds(&connected).await.is_empty());
    agrees_with_hr(&app, &connected).await;
}

async fn s_32_approval_of_the_missing_lets_hr_be_asked(app: TestApp) {
    let connected = app.connected().await;
    app.faults(|faults| *faults = no_hooks());
    let people = staff(&app);
    let forgotten = people[8].clone();
    app.faults(|faults| faults.unlisted = vec![forgotten.clone()]);
    delete(&app, &people[..8]).await;
    let before = inactive(&app, &connected).await.len();
    app.poll().await;
    let hold = the_hold(&app, &connected).await;
    assert_eq!(count(&hold["items"]), 9);
    decide(&app, &hold, "approve", json!({})).await.ok();
    app.drain().await;
    assert_eq!(inactive(&app, &connected).await.len(), before + 8, "HR still has the ninth");
    let email = app.hr().person(&forgotten).expect("a person").email;
    assert_eq!(app.the_account(&connected, &email).await["status"], "active");
    assert!(app.open_holds(&connected).await.is_empty());
}

async fn s_32_an_approval_is_used_up_when_people_come_back(app: TestApp) {
    let connected = app.connected().await;
    let vanished = staff(&app)[..9].to_vec();
    app.faults(|faults| {
        *faults = no_hooks();
        faults.unlisted.clone_from(&vanished);
    });
    app.poll().await;
    let hold = the_hold(&app, &connected).await;
    // They are there again before the approval is carried out.
    app.faults(|faults| faults.unlisted.clear());
    decide(&app, &hold, "approve", json!({})).await.ok();
    app.drain().await;
    app.faults(|faults| faults.unlisted.clone_from(&vanished));
    app.hr().clear_logs();
    app.poll().await;
    assert_eq!(app.looks(), Vec::<String>::new(), "nobody is asked about without a new approval");
    assert_eq!(count(&the_hold(&app, &connected).await["items"]), 9);
}

async fn s_32_five_thousand_people_of_whom_nearly_all_vanish(app: TestApp) {
    let app = app.another(Options { people: Some(5_700), ..Options::default() }).await;
    let connected = app.connected().await;
    app.faults(|faults| *faults = no_hooks());
    let people = staff(&app);
    assert!(people.len() >= 4_903, "{}", people.len());
    let inactive = || {
        let sql = "SELECT id AS value FROM accounts WHERE status = 'inactive'";
        app.raw().values(sql).len()
    };
    let before = inactive();
    app.faults(|faults| faults.unlisted = people[..4_900].to_vec());
    app.hr().clear_logs();
    app.poll().await;
    assert_eq!(inactive(), before);
    assert_eq!(count(&the_hold(&app, &connected).await["items"]), 4_900);
    assert_eq!(app.looks(), Vec::<String>::new());
    app.faults(|faults| faults.unlisted.clear());
    delete(&app, &people[4_900..4_903]).await;
    app.pass(INTERVAL).await;
    assert_eq!(inactive(), before + 3);
    assert!(app.open_holds(&connected).await.is_empty());
}
