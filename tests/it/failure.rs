//! What happens when the HR system or its key fails, and who is told (S-40 … S-45, A-07).
//!
//! Long because every class of failure is followed from its first try to the recovery.

use rollcall::clock::Timestamp;
use rollcall::sandbox::{Action, HrworksEndpoint, NextAnswers, OddAnswer, RestAnswer};
use serde_json::{Value, json};

use crate::evidence;
use crate::smtp::{Fault, ReceivedMail, Step};
use crate::support::{Connected, Options, TestApp, behaviours, behaviours_of_place};
use crate::systems::System;
use crate::testdb::TestPlace;

behaviours!(
    s_41_a_removed_key_tells_every_admin_once_in_plain_words,
    s_41_a_second_episode_is_told_again,
    s_41_another_cause_within_an_episode_is_told_once,
    s_41_admins_who_come_later_do_not_get_old_notices,
    s_41_a_missing_permission_is_named,
    s_41_full_syncs_that_work_do_not_end_the_episode_of_looks_that_are_refused,
    s_42_a_live_look_that_fails_counts_and_its_hint_is_kept,
    s_42_looks_that_fail_together_are_one_failed_try,
    s_43_a_mail_server_that_is_down_loses_no_notice_and_blocks_no_sync,
    s_43_a_refusal_for_good_is_shown_as_undelivered,
    s_45_every_lasting_fault_is_told_by_its_class_in_its_time_and_removes_nobody,
    s_45_a_single_fault_heals_without_a_notice,
    s_45_a_fault_of_looks_alone_is_made_good_by_the_next_full_sync,
    s_45_a_fault_of_the_list_alone_removes_nobody,
    s_45_while_failing_one_attempt_per_interval_goes_on,
    a_07_mail_is_tried_for_three_days_and_then_shown_as_undelivered,
);
behaviours_of_place!(s_43_without_a_mail_server_notices_are_in_the_api);

const ADMINS: [&str; 2] = ["ann@customer.example", "bob@customer.example"];
/// Longer than any interval between full syncs, with its jitter.
const INTERVAL: i64 = 31 * Timestamp::MINUTE;

/// Words that an HR admin need not know.
const JARGON: &[&str] = &[
    "HTTP",
    "JSON",
    "401",
    "403",
    "502",
    "status",
    "credential",
    "endpoint",
    "webhook",
    "sync",
    "token",
    "timeout",
    "server error",
    "exception",
    "provider",
    "malformed",
    "null",
];

fn to(mails: &[ReceivedMail]) -> Vec<String> {
    let mut to: Vec<_> = mails.iter().flat_map(|mail| mail.to.clone()).collect();
    to.sort();
    to
}

async fn failure_class(app: &TestApp, connected: &Connected) -> Value {
    app.show(connected).await["failure"]["class"].clone()
}

fn mail_channels(notice: &Value) -> Vec<Value> {
    let channels = notice["channels"].as_array().unwrap();
    channels.iter().filter(|channel| channel["channel"] == "mail").cloned().collect()
}

/// Lets the time pass in small steps until the directory fails; how long that took.
async fn until_failing(app: &TestApp, connected: &Connected, step_ms: i64, ms_max: i64) -> i64 {
    let mut passed = 0;
    while app.state(connected).await != "failing" {
        assert!(passed <= ms_max, "not failing after {passed} ms");
        app.pass(step_ms).await;
        passed += step_ms;
    }
    passed
}

async fn s_41_a_removed_key_tells_every_admin_once_in_plain_words(app: TestApp) {
    let connected = app.connected().await;
    app.hr().remove_key(&connected.hr_key);
    let employee = app.employee(0);
    app.new_job(&employee, "First").await;
    app.drain().await;
    let shown = app.show(&connected).await;
    assert_eq!(
        (&shown["state"], &shown["failure"]["class"]),
        (&json!("failing"), &"credential".into())
    );

    let mails = app.mail.mails();
    assert_eq!(to(&mails), ADMINS);
    let link = format!("http://{}/portal/directories/{}", app.running.address, connected.directory);
    for mail in &mails {
        assert_eq!(mail.subject(), "Customer Ltd: People HR no longer accepts the API key");
        for text in [mail.text(), mail.html()] {
            assert!(text.contains(&link), "{text}");
            assert!(text.contains("HR Admin → Settings → API"), "{text}");
        }
        let plain = mail.text().replace(&link, "");
        for word in JARGON {
            assert!(!plain.to_lowercase().contains(&word.to_lowercase()), "{word}: {plain}");
        }
    }
    let notices = app.notices(&connected).await;
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0]["kind"], "sync_failed");
    let channels = notices[0]["channels"].as_array().unwrap();
    let names: Vec<_> = channels.iter().map(|channel| channel["channel"].clone()).collect();
    assert_eq!(names, ["portal", "event", "mail", "mail"]);
    assert!(channels.iter().all(|channel| channel["state"] == "sent"), "{channels:?}");
    let told = app.events("rollcall.notice.created").await;
    assert_eq!((told.len(), &told[0]["data"]["id"]), (1, &notices[0]["id"]));
    assert!(app.events("").await.iter().all(|e| e["event"] != "rollcall.notice.created"));

    app.new_job(&employee, "Second").await;
    app.pass(3 * INTERVAL).await;
    app.sync_now(&connected).await.ok();
    app.drain().await;
    assert_eq!((app.mail.mails().len(), app.notices(&connected).await.len()), (2, 1));

    app.enter_new_key(&connected).await;
    app.drain().await;
    assert_eq!(app.state(&connected).await, "active");
    assert_eq!(app.job_of(&connected, &employee).await, "Second");
    let recovered = app.mail.mails().split_off(2);
    assert_eq!(to(&recovered), ADMINS);
    assert_eq!(recovered[0].subject(), "Customer Ltd: updates from People HR work again");
    app.pass(INTERVAL).await;
    assert_eq!((app.mail.mails().len(), app.notices(&connected).await.len()), (4, 2));
}

async fn s_41_a_second_episode_is_told_again(app: TestApp) {
    let connected = app.connected().await;
    for episode in 1..=3 {
        app.hr_answers(Some(OddAnswer::Suspended));
        app.pass(INTERVAL).await;
        assert_eq!(app.state(&connected).await, "failing");
        assert_eq!(app.mail.mails().len(), 4 * episode - 2);
        app.hr_answers(None);
        app.pass(INTERVAL).await;
        assert_eq!(app.state(&connected).await, "active", "it recovers by itself");
        assert_eq!(app.mail.mails().len(), 4 * episode);
    }
}

async fn s_41_another_cause_within_an_episode_is_told_once(app: TestApp) {
    let connected = app.connected().await;
    let causes = [OddAnswer::Suspended, OddAnswer::AccessDenied, OddAnswer::Suspended];
    for (cause, mails) in causes.into_iter().zip([2, 4, 4]) {
        app.hr_answers(Some(cause));
        app.pass(INTERVAL).await;
        assert_eq!(app.mail.mails().len(), mails, "{cause:?}");
    }
    assert_eq!(failure_class(&app, &connected).await, "suspended");
    let kinds: Vec<_> =
        app.notices(&connected).await.iter().map(|notice| notice["kind"].clone()).collect();
    assert_eq!(kinds, ["sync_failed", "sync_failed"]);
    app.hr_answers(None);
    app.pass(INTERVAL).await;
    assert_eq!(app.mail.mails().len(), 6, "one recovery for the whole episode");
}

async fn s_41_admins_who_come_later_do_not_get_old_notices(app: TestApp) {
    let connected = app.connected().await;
    app.hr().remove_key(&connected.hr_key);
    app.pass(INTERVAL).await;
    assert_eq!(app.mail.mails().len(), 2);
    let path = format!("/organizations/{}/admins", connected.organization);
    app.post(&path, json!({"email": "cleo@customer.example", "name": "Cleo"})).await.ok();
    app.pass(INTERVAL).await;
    assert_eq!(app.mail.mails().len(), 2);
    app.enter_new_key(&connected).await;
    app.drain().await;
    assert_eq!(to(&app.mail.mails().split_off(2)).len(), 3, "but they hear what comes after");
}

async fn s_41_a_missing_permission_is_named(app: TestApp) {
    let connected = app.connected().await;
    let name = "Get All Employee Detail";
    app.faults(|faults| {
        faults.only_action = Some(Action::GetAllEmployeeDetail);
        faults.always = Some(OddAnswer::AccessDenied);
    });
    app.new_job(&app.employee(0), name).await;
    app.drain().await;
    app.sync_now(&connected).await.ok();
    app.drain().await;
    let text = app.mail.mails()[0].text();
    assert!(text.contains(&format!("\"{name}\"")), "{text}");
    let subject = "Customer Ltd: a permission is missing in People HR";
    assert_eq!(app.mail.mails()[0].subject(), subject);
    app.hr_answers(None);
    app.pass(INTERVAL).await;
    assert_eq!(app.state(&connected).await, "active", "granted again, it recovers by itself");
    assert_eq!(app.job_of(&connected, &app.employee(0)).await, name);
}

/// In HRworks the permission for one person is the one for everybody, so it is needed.
async fn s_41_full_syncs_that_work_do_not_end_the_episode_of_looks_that_are_refused(app: TestApp) {
    let system = System::Hrworks;
    let connected = app.connected_to(system).await;
    let refuse = |refused: bool| {
        let mut faults = app.sandbox.hrworks().faults();
        faults.only = Some(HrworksEndpoint::PersonMasterData);
        let error_type = "PermissionDeniedError".to_owned();
        faults.always = refused.then_some(RestAnswer::Error { http: 403, error_type });
        app.sandbox.hrworks().set_faults(faults);
    };
    refuse(true);
    let staff = system.staff(&app.sandbox);
    system.delete(&app.sandbox, system.handle(&staff[4])).await;
    app.pass(INTERVAL).await;
    assert_eq!(app.state(&connected).await, "failing");
    let told = app.mail.mails().len();
    for round in 0..3 {
        let job = format!("Job {round}");
        system.new_job(&app.sandbox, system.handle(&staff[0]), &job).await;
        app.pass(INTERVAL).await;
        assert_eq!(app.last_run(&connected).await["state"], "succeeded");
        let account = app.account(&connected.organization, &staff[0].email).await;
        assert_eq!(account.expect("an account")["position"], job);
        assert_eq!(app.mail.mails().len(), told, "one notice per episode, no false recovery");
        assert_eq!(app.show(&connected).await["failure"]["class"], "permission");
    }
    refuse(false);
    app.pass(INTERVAL).await;
    assert_eq!(app.state(&connected).await, "active");
    assert!(app.mail.mails().len() > told, "the recovery is told");
}

async fn s_42_a_live_look_that_fails_counts_and_its_hint_is_kept(app: TestApp) {
    let connected = app.connected().await;
    app.faults(|faults| {
        faults.only_action = Some(Action::GetEmployeeDetailById);
        faults.always = Some(OddAnswer::Html502);
    });
    let employees = [app.employee(0), app.employee(1)];
    for employee in &employees {
        app.new_job(employee, "Kept").await;
    }
    app.drain().await;
    let passed = until_failing(&app, &connected, Timestamp::SECOND, 5 * Timestamp::MINUTE).await;
    assert!(passed > 2 * Timestamp::MINUTE, "{passed}");
    assert_eq!(failure_class(&app, &connected).await, "provider_down");
    let sql = "SELECT employee_hint AS value FROM inbox WHERE state = 'waiting'";
    assert_eq!(app.raw().values(sql).len(), 2);
    app.hr_answers(None);
    app.pass(INTERVAL).await;
    for employee in &employees {
        assert_eq!(app.job_of(&connected, employee).await, "Kept");
    }
    assert!(app.raw().values(sql).is_empty());
}

async fn s_42_looks_that_fail_together_are_one_failed_try(app: TestApp) {
    let connected = app.connected().await;
    app.hr_answers(Some(OddAnswer::Html502));
    let employees: Vec<String> = (0..9).map(|index| app.employee(index)).collect();
    for employee in &employees {
        app.new_job(employee, "Together").await;
    }
    app.drain().await;
    assert_eq!(app.state(&connected).await, "active", "one bad moment is no failure");
    app.hr_answers(None);
    app.pass(30 * Timestamp::SECOND).await;
    for employee in &employees {
        assert_eq!(app.job_of(&connected, employee).await, "Together");
    }
    assert!(app.notices(&connected).await.is_empty());
}

async fn s_43_a_mail_server_that_is_down_loses_no_notice_and_blocks_no_sync(mut app: TestApp) {
    let connected = app.connected().await;
    app.mail.refuse_connections().await;
    app.hr().remove_key(&connected.hr_key);
    app.pass(INTERVAL).await;
    let notice = app.notices(&connected).await.remove(0);
    let waiting = mail_channels(&notice);
    assert_eq!(waiting.len(), 2);
    for channel in &waiting {
        assert_eq!((&channel["state"], &channel["attempts"]), (&json!("waiting"), &json!(1)));
        assert!(channel["error"].is_string());
    }
    app.enter_new_key(&connected).await;
    app.drain().await;
    assert_eq!(app.state(&connected).await, "active", "the sync does not wait for mails");
    let app = app.restart(2).await;
    let mut app = app;
    app.mail.accept_connections().await;
    app.pass(Timestamp::MINUTE).await;
    let mails = app.mail.mails();
    assert_eq!(mails.len(), 4, "failure and recovery for both, each once");
    app.pass(Timestamp::DAY).await;
    assert_eq!(app.mail.mails().len(), 4);
    let notices = app.notices(&connected).await;
    let states = notices.iter().flat_map(mail_channels);
    assert!(states.into_iter().all(|channel| channel["state"] == "sent"));
}

async fn s_43_a_refusal_for_good_is_shown_as_undelivered(app: TestApp) {
    let connected = app.connected().await;
    let answer = "550 5.1.1 {} is unknown here";
    app.mail.set_fault(Some(Fault::Answer(Step::Recipient, answer)));
    app.hr().remove_key(&connected.hr_key);
    app.pass(INTERVAL).await;
    app.mail.set_fault(None);
    app.pass(3 * Timestamp::DAY).await;
    assert!(app.mail.mails().is_empty());
    let notice = app.notices(&connected).await.remove(0);
    for channel in mail_channels(&notice) {
        assert_eq!((&channel["state"], &channel["attempts"]), (&json!("undelivered"), &json!(1)));
        let why = channel["error"].as_str().unwrap();
        assert!(why.contains("550") && !why.contains("customer.example"), "{why}");
    }
}

async fn s_43_without_a_mail_server_notices_are_in_the_api(place: TestPlace) {
    let without = vec!["ROLLCALL__SMTP__URL", "ROLLCALL__SMTP__FROM"];
    let app = TestApp::start_with(place, Options { without, ..Options::default() }).await;
    let connected = app.connected().await;
    app.hr().remove_key(&connected.hr_key);
    app.pass(INTERVAL).await;
    let notices = app.notices(&connected).await;
    assert_eq!(notices.len(), 1);
    assert!(mail_channels(&notices[0]).is_empty());
    assert_eq!(app.events("rollcall.notice.created").await.len(), 1);
    assert!(app.mail.mails().is_empty());
}

/// What the sandbox can answer, what that is called, and when it is a failure.
const FAULTS: &[(OddAnswer, &str, i64, i64)] = {
    const AT_ONCE: (i64, i64) = (0, 0);
    const FOUR_TRIES: (i64, i64) = (2 * Timestamp::MINUTE, 5 * Timestamp::MINUTE);
    const A_WHILE: (i64, i64) = (15 * Timestamp::MINUTE, 18 * Timestamp::MINUTE);
    &[
        (OddAnswer::Throttled, "throttled", A_WHILE.0, A_WHILE.1),
        (OddAnswer::EmptyBody, "provider_down", FOUR_TRIES.0, FOUR_TRIES.1),
        (OddAnswer::Html403, "provider_down", FOUR_TRIES.0, FOUR_TRIES.1),
        (OddAnswer::Html502, "provider_down", FOUR_TRIES.0, FOUR_TRIES.1),
        (OddAnswer::TruncatedJson, "malformed", FOUR_TRIES.0, FOUR_TRIES.1),
        (OddAnswer::MalformedJson, "malformed", FOUR_TRIES.0, FOUR_TRIES.1),
        (OddAnswer::EmptyList, "malformed", FOUR_TRIES.0, FOUR_TRIES.1),
        (OddAnswer::Status10, "malformed", FOUR_TRIES.0, FOUR_TRIES.1),
        (OddAnswer::Status6, "provider_down", FOUR_TRIES.0, FOUR_TRIES.1),
        (OddAnswer::Suspended, "suspended", AT_ONCE.0, AT_ONCE.1),
        (OddAnswer::TrialExpired, "suspended", AT_ONCE.0, AT_ONCE.1),
        (OddAnswer::NoSchemaAccess, "permission", AT_ONCE.0, AT_ONCE.1),
        (OddAnswer::AccessDenied, "permission", AT_ONCE.0, AT_ONCE.1),
    ]
};

async fn s_45_every_lasting_fault_is_told_by_its_class_in_its_time_and_removes_nobody(
    app: TestApp,
) {
    let connected = app.connected().await;
    let employee = app.employee(0);
    for (index, (fault, class, soonest, latest)) in FAULTS.iter().enumerate() {
        let job = format!("Job {index}");
        let accounts = evidence::rows(&app.place, "accounts");
        let events = app.events("").await.len();
        app.hr_answers(Some(*fault));
        app.new_job(&employee, &job).await;
        app.drain().await;
        let took = until_failing(&app, &connected, 5 * Timestamp::SECOND, *latest).await;
        assert!((*soonest..=*latest).contains(&took), "{fault:?} took {took} ms");
        assert_eq!(failure_class(&app, &connected).await, *class, "{fault:?}");
        app.pass(INTERVAL).await;
        assert_eq!(evidence::rows(&app.place, "accounts"), accounts, "{fault:?}");
        assert_eq!(app.events("").await.len(), events, "{fault:?}");
        assert_eq!(app.mail.mails().len(), 4 * index + 2, "{fault:?}");
        app.hr_answers(None);
        app.pass(INTERVAL).await;
        assert_eq!(app.state(&connected).await, "active", "{fault:?}");
        assert_eq!(app.job_of(&connected, &employee).await, job, "{fault:?}");
        assert_eq!(app.mail.mails().len(), 4 * index + 4, "{fault:?}");
    }
}

async fn s_45_a_single_fault_heals_without_a_notice(app: TestApp) {
    let connected = app.connected().await;
    let employee = app.employee(0);
    for (index, (fault, _, soonest, _)) in FAULTS.iter().enumerate() {
        if *soonest == 0 {
            continue;
        }
        for (action, job) in [
            (Action::GetEmployeeDetailById, format!("Look {index}")),
            (Action::GetAllEmployeeDetail, format!("List {index}")),
        ] {
            app.faults(|faults| {
                faults.only_action = Some(action);
                faults.next = Some(NextAnswers { count: 1, answer: *fault });
            });
            if action == Action::GetEmployeeDetailById {
                app.new_job(&employee, &job).await;
            } else {
                app.new_job_quietly(&employee, &job).await;
                app.sync_now(&connected).await.ok();
            }
            app.drain().await;
            assert_eq!(app.state(&connected).await, "active", "{fault:?} {action:?}");
            app.pass(75 * Timestamp::SECOND).await;
            assert_eq!(app.job_of(&connected, &employee).await, job, "{fault:?} {action:?}");
            assert_eq!(app.show(&connected).await["failure"], Value::Null, "{fault:?} {action:?}");
        }
    }
    assert!(app.notices(&connected).await.is_empty());
    assert!(app.mail.mails().is_empty());
}

async fn s_45_a_fault_of_looks_alone_is_made_good_by_the_next_full_sync(app: TestApp) {
    let connected = app.connected().await;
    let employee = app.employee(0);
    for (index, (fault, ..)) in FAULTS.iter().enumerate() {
        let job = format!("Job {index}");
        let statuses = statuses(&app, &connected).await;
        app.faults(|faults| {
            faults.only_action = Some(Action::GetEmployeeDetailById);
            faults.always = Some(*fault);
        });
        app.new_job(&employee, &job).await;
        app.drain().await;
        for _ in 0..INTERVAL / Timestamp::MINUTE {
            app.pass(Timestamp::MINUTE).await;
        }
        assert_eq!(app.job_of(&connected, &employee).await, job, "{fault:?}");
        assert_eq!(self::statuses(&app, &connected).await, statuses, "{fault:?}");
        app.hr_answers(None);
        app.pass(INTERVAL).await;
        assert_eq!(app.state(&connected).await, "active", "{fault:?}");
    }
}

async fn statuses(app: &TestApp, connected: &Connected) -> Vec<(Value, Value)> {
    let accounts = app.accounts(&connected.organization).await;
    accounts.iter().map(|a| (a["id"].clone(), a["status"].clone())).collect()
}

async fn s_45_a_fault_of_the_list_alone_removes_nobody(app: TestApp) {
    let connected = app.connected().await;
    let accounts = evidence::rows(&app.place, "accounts");
    for (fault, class, _, latest) in FAULTS {
        app.faults(|faults| {
            faults.only_action = Some(Action::GetAllEmployeeDetail);
            faults.always = Some(*fault);
        });
        app.sync_now(&connected).await.ok();
        app.drain().await;
        until_failing(&app, &connected, 5 * Timestamp::SECOND, *latest).await;
        assert_eq!(failure_class(&app, &connected).await, *class, "{fault:?}");
        let run = app.last_run(&connected).await;
        assert_eq!(run["state"], "failed", "{fault:?}");
        assert_eq!(run["error"]["class"], *class, "{fault:?}");
        assert_eq!(run["counts"]["deactivated"], 0, "{fault:?}");
        // The second of the two lists is cut off, empty or refused.
        app.hr_answers(None);
        app.sync_now(&connected).await.ok();
        app.drain().await;
        assert_eq!(app.state(&connected).await, "active", "{fault:?}");
        assert_eq!(evidence::rows(&app.place, "accounts"), accounts, "{fault:?}");
    }
}

async fn s_45_while_failing_one_attempt_per_interval_goes_on(app: TestApp) {
    let connected = app.connected().await;
    app.hr().remove_key(&connected.hr_key);
    app.pass(INTERVAL).await;
    assert_eq!(app.state(&connected).await, "failing");
    app.hr().clear_logs();
    let employee = app.employee(0);
    for minute in 0..300 {
        if minute % 10 == 0 {
            app.new_job(&employee, &format!("Job {minute}")).await;
        }
        app.pass(Timestamp::MINUTE).await;
    }
    let attempts = app.hr().calls().len();
    assert!((9..=10).contains(&attempts), "{attempts} attempts in five hours");
}

async fn a_07_mail_is_tried_for_three_days_and_then_shown_as_undelivered(app: TestApp) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let connected = app.prepared(&organization).await;
    app.complete(&connected).await;
    app.mail.set_fault(Some(Fault::Answer(Step::Content, "451 4.3.0 try later")));
    app.hr().remove_key(&connected.hr_key);
    app.pass(INTERVAL).await;
    let channel = async || {
        let notice = app.notices(&connected).await.remove(0);
        mail_channels(&notice).remove(0)
    };
    let first = [5, 30, 300, 1_800].map(|seconds| seconds * Timestamp::SECOND);
    let plan: Vec<i64> = first.into_iter().chain([2 * Timestamp::HOUR; 35]).collect();
    for (delay, attempts) in plan.iter().zip(1..) {
        assert_eq!(channel().await["attempts"], attempts);
        app.pass(delay * 8 / 10 - 1).await;
        assert_eq!(channel().await["attempts"], attempts, "too early");
        app.pass(delay * 4 / 10 + 1).await;
        assert_eq!(channel().await["attempts"], attempts + 1, "too late");
    }
    let last = channel().await;
    assert_eq!((&last["state"], &last["attempts"]), (&json!("undelivered"), &json!(40)));
    app.mail.set_fault(None);
    app.pass(Timestamp::DAY).await;
    assert_eq!(channel().await, last);
    assert!(app.mail.mails().is_empty());
}
