//! Silence is an alarm too: nothing fails, and nothing succeeds for three intervals (S-41).

use rollcall::clock::Timestamp;
use rollcall::db::waits;
use rollcall::sandbox::OddAnswer;
use serde_json::{Value, json};

use crate::hr::INTERVAL;
use crate::support::{Connected, Options, TestApp, behaviours, behaviours_of_place};
use crate::testdb::TestPlace;

behaviours!(
    s_41_a_sync_that_hangs_is_told_once_and_its_end_too,
    s_41_a_set_up_that_never_ends_is_told,
    s_41_a_gateway_that_was_off_gets_its_chance_first,
    s_41_a_failure_is_no_silence,
    s_41_a_silence_that_becomes_a_failure_has_one_recovery,
    s_41_each_silence_is_told,
    o_06_a_clock_that_was_set_back_stops_no_schedule_and_no_run,
);
behaviours_of_place!(s_41_a_sync_that_never_gets_its_calls_is_told);

impl TestApp {
    /// A worker takes a run, goes on giving signs of life, and never gets anywhere.
    async fn hang(&self, connected: &Connected) {
        self.post(&format!("/directories/{}/sync", connected.directory), json!({})).await;
        let until = rollcall::clock::Clock::now(&*self.clock).plus(300 * Timestamp::DAY);
        let directory = &connected.directory;
        self.raw().run(&format!(
            "UPDATE runs SET state = 'running', open_key = '{directory}|running', \
             lease_until_ms = {} WHERE state = 'queued'",
            until.0
        ));
    }

    /// That worker dies, and its claim ends.
    fn let_go(&self) {
        self.raw().run("UPDATE runs SET lease_until_ms = 0 WHERE state = 'running'");
    }

    async fn kinds(&self, connected: &Connected) -> Vec<String> {
        let notices = self.notices(connected).await;
        let kind = |notice: &Value| notice["kind"].as_str().expect("a kind").to_owned();
        notices.iter().map(kind).collect()
    }
}

async fn s_41_a_sync_that_hangs_is_told_once_and_its_end_too(app: TestApp) {
    let connected = app.connected().await;
    let last_success = app.show(&connected).await["last_success_at"].clone();
    app.hang(&connected).await;
    for _ in 0..2 {
        app.poll().await;
        assert!(app.notices(&connected).await.is_empty(), "that can happen");
    }
    for _ in 0..5 {
        app.poll().await;
        assert_eq!(app.kinds(&connected).await, ["sync_silent"]);
    }
    assert_eq!(app.state(&connected).await, "active", "nothing has failed");
    assert_eq!(app.show(&connected).await["last_success_at"], last_success);
    let mails = app.mail.mails();
    let mut to: Vec<_> = mails.iter().flat_map(|mail| mail.to.clone()).collect();
    to.sort();
    assert_eq!(to, ["ann@customer.example", "bob@customer.example"]);
    assert_eq!(mails[0].subject(), "Customer Ltd: no update from People HR for too long");
    assert!(mails[0].text().contains("on 23 November 2026, 09:00."), "{}", mails[0].text());
    assert_eq!(app.events("rollcall.notice.created").await.len(), 1);

    app.let_go();
    app.poll().await;
    assert_eq!(app.kinds(&connected).await, ["sync_silent", "sync_recovered"]);
    let told = app.mail.mails().split_off(2);
    assert_eq!(told.len(), 2);
    let text = told[0].text();
    assert!(text.contains("from 23 November 2026, 09:00 to 23 November 2026, 13:08"), "{text}");
    for _ in 0..3 {
        app.poll().await;
    }
    assert_eq!((app.kinds(&connected).await.len(), app.mail.mails().len()), (2, 4));
}

async fn s_41_a_sync_that_never_gets_its_calls_is_told(place: TestPlace) {
    let env = vec![("ROLLCALL__PROVIDERS__PEOPLE_HR__CALLS_PER_MINUTE", "10".to_owned())];
    let app = TestApp::start_with(place, Options { env, ..Options::default() }).await;
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let connected = app.prepared(&organization).await;
    app.pass(Timestamp::MINUTE).await;
    app.post(&format!("/directories/{}/complete_setup", connected.directory), json!({})).await.ok();
    app.pass(Timestamp::MINUTE).await;
    assert_eq!(app.state(&connected).await, "active");
    let path = format!("/directories/{}", connected.directory);
    app.patch(&path, json!({"poll_seconds": 600})).await.ok();
    // Somebody presses "Check" again and again, and that takes all calls.
    let mut minutes = 0;
    while app.notices(&connected).await.is_empty() {
        assert!(minutes < 42, "nobody is told");
        app.clock.advance(Timestamp::MINUTE);
        for _ in 0..2 {
            app.post(&format!("{path}/check"), json!({})).await;
        }
        app.drain().await;
        minutes += 1;
    }
    assert!(minutes > 29, "told after {minutes} minutes");
    assert_eq!(app.kinds(&connected).await, ["sync_silent"]);
    assert_eq!(app.show(&connected).await["failure"], Value::Null);
    app.pass(Timestamp::MINUTE).await;
    app.pass(Timestamp::MINUTE).await;
    assert_eq!(app.kinds(&connected).await, ["sync_silent", "sync_recovered"]);
}

async fn s_41_a_set_up_that_never_ends_is_told(app: TestApp) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let connected = app.prepared(&organization).await;
    app.pass(30 * Timestamp::DAY).await;
    app.post(&format!("/directories/{}/complete_setup", connected.directory), json!({})).await.ok();
    app.hang(&connected).await;
    for _ in 0..2 {
        app.poll().await;
        assert!(app.notices(&connected).await.is_empty());
    }
    app.poll().await;
    app.poll().await;
    let notices = app.notices(&connected).await;
    assert_eq!((notices.len(), &notices[0]["kind"]), (1, &json!("sync_silent")));
    let body = notices[0]["body"].as_str().expect("a body");
    assert!(body.contains("have not been brought up to date with People HR yet"), "{body}");
    app.let_go();
    app.poll().await;
    assert_eq!(app.state(&connected).await, "active");
    assert_eq!(app.kinds(&connected).await, ["sync_silent", "sync_recovered"]);
}

async fn s_41_a_gateway_that_was_off_gets_its_chance_first(app: TestApp) {
    let connected = app.connected().await;
    app.sync_now(&connected).await.ok();
    // Off for a day, with a sync in the queue.
    app.clock.advance(Timestamp::DAY);
    let app = app.restart(2).await;
    for _ in 0..4 {
        app.drain().await;
        assert!(app.notices(&connected).await.is_empty(), "all is well");
        app.clock.advance(INTERVAL);
    }
    // Off again, and this time the sync does not get anywhere afterwards.
    app.drain().await;
    app.hang(&connected).await;
    app.clock.advance(Timestamp::DAY);
    let app = app.restart(3).await;
    app.drain().await;
    assert!(app.notices(&connected).await.is_empty(), "it had no time yet");
    app.poll().await;
    assert_eq!(app.kinds(&connected).await, ["sync_silent"]);
}

async fn s_41_a_failure_is_no_silence(app: TestApp) {
    let connected = app.connected().await;
    app.hr_answers(Some(OddAnswer::Suspended));
    for _ in 0..10 {
        app.poll().await;
    }
    assert_eq!(app.kinds(&connected).await, ["sync_failed"]);
    // Nor is a failure whose next attempt hangs.
    app.hang(&connected).await;
    for _ in 0..10 {
        app.poll().await;
    }
    assert_eq!(app.kinds(&connected).await, ["sync_failed"]);
}

async fn s_41_a_silence_that_becomes_a_failure_has_one_recovery(app: TestApp) {
    let connected = app.connected().await;
    app.hang(&connected).await;
    for _ in 0..4 {
        app.poll().await;
    }
    app.hr_answers(Some(OddAnswer::Suspended));
    app.let_go();
    app.poll().await;
    assert_eq!(app.kinds(&connected).await, ["sync_silent", "sync_failed"]);
    app.hr_answers(None);
    app.poll().await;
    assert_eq!(app.kinds(&connected).await, ["sync_silent", "sync_failed", "sync_recovered"]);
    let body = app.notices(&connected).await.remove(2)["body"].clone();
    assert!(body.as_str().expect("a body").contains("from 23 November 2026, 09:00"), "{body}");
    app.poll().await;
    assert_eq!(app.kinds(&connected).await.len(), 3);
}

async fn s_41_each_silence_is_told(app: TestApp) {
    let connected = app.connected().await;
    for episode in 1..=3 {
        app.hang(&connected).await;
        for _ in 0..6 {
            app.poll().await;
        }
        assert_eq!(app.mail.mails().len(), 4 * episode - 2);
        app.let_go();
        app.poll().await;
        assert_eq!(app.mail.mails().len(), 4 * episode);
    }
}

async fn o_06_a_clock_that_was_set_back_stops_no_schedule_and_no_run(app: TestApp) {
    let connected = app.connected().await;
    app.mail.set_fault(Some(crate::smtp::Fault::Answer(crate::smtp::Step::Content, "451 later")));
    app.hr_answers(Some(OddAnswer::Suspended));
    app.poll().await;
    app.hr_answers(None);
    app.poll().await;
    // A run, a hint and four mails wait, and the next sync is due in two days from here.
    app.hr_answers(Some(OddAnswer::Html502));
    app.pass(2 * Timestamp::DAY).await;
    assert_eq!(app.last_run(&connected).await["state"], "queued");
    app.new_job(&app.employee(0), "Never seen").await;
    app.drain().await;
    app.clock.advance(-2 * Timestamp::DAY);
    app.hr_answers(None);
    app.mail.set_fault(None);
    app.drain().await;
    let now = rollcall::clock::Clock::now(&*app.clock);
    let mended = waits::mend(&app.running.task_context.sync.db, now).await.expect("a write");
    assert_eq!(mended, 8, "schedule, wait, run, hint and mails");
    app.drain().await;
    assert_eq!(app.state(&connected).await, "active");
    assert_eq!(app.job_of(&connected, &app.employee(0)).await, "Never seen");
    assert_eq!(app.mail.mails().len(), 4, "a failure and its end");
    let again = waits::mend(&app.running.task_context.sync.db, now).await.expect("a write");
    assert_eq!(again, 0);
    // And so it goes on.
    app.hr().clear_logs();
    app.poll().await;
    assert_eq!(app.lists(), 2);
}
