//! How often the HR system is asked (S-44).

use rollcall::clock::Timestamp;
use rollcall::sandbox::OddAnswer;
use serde_json::json;

use crate::support::{Connected, Options, TestApp, behaviours, behaviours_of_place};
use crate::testdb::TestPlace;

behaviours!(s_44_throttling_of_two_directories_puts_both_under_one_learned_pace);
behaviours!(s_44_throttling_of_one_directory_is_its_own_affair);
behaviours_of_place!(
    s_44_never_more_calls_than_allowed_in_any_minute,
    s_44_live_looks_go_before_full_syncs,
    s_44_the_budget_survives_a_restart,
    s_44_a_full_sync_gets_its_calls_between_spread_out_looks,
    s_44_the_smallest_budget_still_syncs,
);

const CALLS_PER_MINUTE: &str = "ROLLCALL__PROVIDERS__PEOPLE_HR__CALLS_PER_MINUTE";

async fn with_budget(place: TestPlace, calls_per_minute: i64) -> TestApp {
    let env = vec![(CALLS_PER_MINUTE, calls_per_minute.to_string())];
    TestApp::start_with(place, Options { env, ..Options::default() }).await
}

/// Set up, with a minute between the steps.
async fn connected(app: &TestApp) -> Connected {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let connected = app.prepared(&organization).await;
    app.pass(Timestamp::MINUTE).await;
    app.complete(&connected).await;
    app.pass(Timestamp::MINUTE).await;
    connected
}

/// The most calls in any 60 seconds so far.
fn most_in_a_minute(app: &TestApp) -> usize {
    let calls: Vec<Timestamp> = app.hr().calls().iter().map(|call| call.at).collect();
    let within = |first: &Timestamp| {
        let minute = |at: &&Timestamp| (0..Timestamp::MINUTE).contains(&at.since(*first));
        calls.iter().filter(minute).count()
    };
    calls.iter().map(within).max().unwrap_or(0)
}

async fn s_44_never_more_calls_than_allowed_in_any_minute(place: TestPlace) {
    let app = with_budget(place, 10).await;
    let connected = connected(&app).await;
    for step in 0..120 {
        // Now calm, now many at once.
        let changes = if step % 20 == 0 { 30 } else { 1 };
        for index in 0..changes {
            let employee = app.employee((step + index) % 30);
            app.new_job(&employee, &format!("Job {step}")).await;
        }
        app.pass(3 * Timestamp::SECOND + 7).await;
    }
    assert!(most_in_a_minute(&app) <= 10, "{} calls in a minute", most_in_a_minute(&app));
    assert!(app.hr().calls().len() > 50, "and it is used");
    app.pass(3 * Timestamp::MINUTE).await;
    app.pass(3 * Timestamp::MINUTE).await;
    for index in 0..30 {
        let employee = app.employee(index);
        let job = app.hr().people().into_iter().find(|p| p.employee_id == employee).unwrap();
        assert_eq!(app.job_of(&connected, &employee).await, job.job_role);
    }
    assert!(app.notices(&connected).await.is_empty(), "our own limit is no failure");
}

async fn s_44_live_looks_go_before_full_syncs(place: TestPlace) {
    let app = with_budget(place, 10).await;
    let connected = connected(&app).await;
    let mut refused = None;
    for _ in 0..10 {
        let answer = app.sync_now(&connected).await;
        app.drain().await;
        if answer.status != 202 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("a budget ends");
    assert_eq!(refused.problem(429), "call_budget_spent");
    assert!(refused.text.contains("seconds"), "{}", refused.text);
    for index in 0..5 {
        let employee = app.employee(index);
        app.new_job(&employee, "Not delayed").await;
        app.drain().await;
        assert_eq!(app.job_of(&connected, &employee).await, "Not delayed");
    }
    assert!(most_in_a_minute(&app) <= 10);
    app.pass(Timestamp::MINUTE).await;
    assert_eq!(app.sync_now(&connected).await.status, 202, "and a minute later there is room");
}

async fn s_44_the_budget_survives_a_restart(place: TestPlace) {
    let app = with_budget(place, 10).await;
    let connected = connected(&app).await;
    for _ in 0..2 {
        app.sync_now(&connected).await.ok();
        app.drain().await;
    }
    app.post(&format!("/directories/{}/check", connected.directory), json!({})).await;
    let app = app.restart(2).await;
    assert_eq!(app.sync_now(&connected).await.problem(429), "call_budget_spent");
    for index in 0..9 {
        app.new_job(&app.employee(index), "After the restart").await;
    }
    app.drain().await;
    assert!(most_in_a_minute(&app) <= 10, "{}", most_in_a_minute(&app));
    app.pass(Timestamp::MINUTE).await;
    app.pass(Timestamp::MINUTE).await;
    for index in 0..9 {
        assert_eq!(app.job_of(&connected, &app.employee(index)).await, "After the restart");
    }
}

async fn s_44_a_full_sync_gets_its_calls_between_spread_out_looks(place: TestPlace) {
    let app = with_budget(place, 10).await;
    let connected = connected(&app).await;
    // Four looks, twelve seconds apart: of the five calls of a full sync's minute one is left.
    for index in 0..4 {
        app.new_job(&app.employee(index), "Looked at").await;
        app.pass(12 * Timestamp::SECOND).await;
    }
    let employee = app.employee(9);
    app.new_job_quietly(&employee, "Only in the list").await;
    // A hook that says nothing is a hint to look at everybody.
    assert_eq!(app.hook(&connected.hook_url, "application/json", "?").await, 202);
    app.drain().await;
    let mut waited = 0;
    while app.job_of(&connected, &employee).await != "Only in the list" {
        assert!(waited < 60, "the full sync never gets two calls together");
        app.pass(Timestamp::SECOND).await;
        waited += 1;
    }
    assert!(most_in_a_minute(&app) <= 10);
}

async fn s_44_the_smallest_budget_still_syncs(place: TestPlace) {
    let app = with_budget(place, 6).await;
    let connected = connected_slowly(&app).await;
    let employee = app.employee(0);
    app.new_job(&employee, "Slowly").await;
    app.pass(2 * Timestamp::MINUTE).await;
    assert_eq!(app.job_of(&connected, &employee).await, "Slowly");
    app.new_job_quietly(&employee, "Still").await;
    app.pass(31 * Timestamp::MINUTE).await;
    app.pass(2 * Timestamp::MINUTE).await;
    assert_eq!(app.job_of(&connected, &employee).await, "Still");
    assert!(most_in_a_minute(&app) <= 6);
}

/// Set up where a check is more than a minute's calls.
async fn connected_slowly(app: &TestApp) -> Connected {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let (directory, hook_url) = app.directory(&organization).await;
    let hr_key = app.hr().create_key(rollcall::sandbox::Action::USUAL).key;
    app.hr().set_webhook(Some(&hook_url)).unwrap();
    let connected = Connected { organization, directory, hook_url, hr_key };
    let path = format!("/directories/{}/credentials", connected.directory);
    let stored = app.put(&path, json!({"api_key": connected.hr_key})).await;
    assert_eq!(stored.status, 200, "{}", stored.text);
    app.pass(2 * Timestamp::MINUTE).await;
    let path = format!("/directories/{}/complete_setup", connected.directory);
    assert_eq!(app.post(&path, json!({})).await.status, 202);
    app.pass(2 * Timestamp::MINUTE).await;
    assert_eq!(app.state(&connected).await, "active");
    connected
}

/// Two customers with the same HR system, and the webhook of the first.
async fn two_customers(app: &TestApp) -> (Connected, Connected) {
    let other = app.organization("Other Ltd", &["otto@other.example"]).await;
    let other = app.prepared(&other).await;
    app.complete(&other).await;
    let first = app.connected().await;
    app.pass(2 * Timestamp::MINUTE).await;
    (first, other)
}

/// Asks for a full sync of both every few seconds; the most calls of any minute meanwhile.
async fn press(app: &TestApp, both: [&Connected; 2], minutes: i64) -> usize {
    app.pass(Timestamp::MINUTE).await;
    app.hr().clear_logs();
    for _ in 0..minutes * 12 {
        for connected in both {
            app.sync_now(connected).await;
        }
        app.pass(5 * Timestamp::SECOND).await;
    }
    most_in_a_minute(app)
}

async fn s_44_throttling_of_two_directories_puts_both_under_one_learned_pace(app: TestApp) {
    let (first, other) = two_customers(&app).await;
    assert!(press(&app, [&first, &other], 2).await > 30, "nothing holds them back yet");
    // The limit is in the vendor's words.
    app.faults(|faults| {
        faults.always = Some(OddAnswer::Throttled);
        faults.throttle_per_minute = Some(8);
    });
    app.pass(Timestamp::MINUTE).await;
    for connected in [&first, &other] {
        app.sync_now(connected).await.ok();
        app.drain().await;
        app.pass(20 * Timestamp::SECOND).await;
    }
    app.faults(|faults| {
        faults.always = None;
        faults.throttle_per_minute = None;
    });
    let together = press(&app, [&first, &other], 5).await;
    assert!((2..=8).contains(&together), "{together} calls a minute under one pace");
    app.pass(10 * Timestamp::MINUTE).await;
    assert!(press(&app, [&first, &other], 2).await > 30, "released after ten quiet minutes");
}

async fn s_44_throttling_of_one_directory_is_its_own_affair(app: TestApp) {
    let (first, other) = two_customers(&app).await;
    app.faults(|faults| {
        faults.always = Some(OddAnswer::Throttled);
        faults.throttle_per_minute = Some(8);
    });
    app.sync_now(&first).await.ok();
    app.drain().await;
    app.faults(|faults| {
        faults.always = None;
        faults.throttle_per_minute = None;
    });
    app.pass(2 * Timestamp::MINUTE).await;
    assert!(press(&app, [&first, &other], 2).await > 30);
}
