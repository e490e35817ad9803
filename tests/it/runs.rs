//! Runs that do not get to their end: nothing is half done, and what is said of them is true
//! (S-30, S-41, S-45, O-06).

use std::collections::{BTreeMap, BTreeSet};

use rollcall::clock::Timestamp;
use rollcall::db::{DbError, Lane};
use rollcall::domain::ids::OrganizationId;
use rollcall::sandbox::{Action, OddAnswer};
use serde_json::{Value, json};

use crate::evidence;
use crate::hr::agrees_with_hr;
use crate::support::{Connected, Options, TestApp, behaviours};

behaviours!(
    s_06_a_run_that_gave_way_to_a_new_key_says_so,
    s_06_a_run_that_gave_way_to_a_disable_says_so,
    s_06_a_run_that_gave_way_to_an_older_one_says_so,
    s_41_a_permission_that_is_lost_in_the_middle_of_a_run_removes_nobody,
    o_06_a_run_that_breaks_off_anywhere_leaves_whole_people_and_the_next_completes_it,
);

impl TestApp {
    /// Drains, and does `meanwhile` as soon as the HR system was asked the first question.
    async fn drain_and(&self, meanwhile: impl AsyncFnOnce()) {
        self.hr().clear_logs();
        self.faults(|faults| faults.delay_ms = 400);
        let during = async {
            while self.hr().calls().is_empty() {
                tokio::task::yield_now().await;
            }
            self.faults(|faults| faults.delay_ms = 0);
            meanwhile().await;
        };
        tokio::join!(self.drain(), during);
        self.drain().await;
    }

    async fn run(&self, connected: &Connected, id: &Value) -> Value {
        let id = id.as_str().expect("an id");
        self.get(&format!("/directories/{}/runs/{id}", connected.directory)).await
    }
}

fn gave_way(run: &Value, word: &str) {
    assert_eq!((&run["state"], &run["error"]), (&json!("failed"), &Value::Null), "{run:#}");
    assert!(run["note"].as_str().is_some_and(|note| note.contains(word)), "{run:#}");
    assert!(run["finished_at"].is_string());
}

async fn s_06_a_run_that_gave_way_to_a_new_key_says_so(app: TestApp) {
    let connected = app.connected().await;
    let at_work = app.sync_now(&connected).await.ok()["run_id"].clone();
    app.drain_and(async || drop(app.enter_new_key(&connected).await)).await;
    gave_way(&app.run(&connected, &at_work).await, "a new key was entered");
    let waiting = app.sync_now(&connected).await.ok()["run_id"].clone();
    app.enter_new_key(&connected).await;
    gave_way(&app.run(&connected, &waiting).await, "a new key was entered");
    app.drain().await;
    let last = app.last_run(&connected).await;
    assert_eq!((&last["state"], &last["note"]), (&json!("succeeded"), &Value::Null));
    assert!(app.notices(&connected).await.is_empty(), "nothing failed");
}

async fn s_06_a_run_that_gave_way_to_a_disable_says_so(app: TestApp) {
    let connected = app.connected().await;
    let run = app.sync_now(&connected).await.ok()["run_id"].clone();
    let path = format!("/directories/{}/disable", connected.directory);
    app.drain_and(async || drop(app.post(&path, json!({})).await.ok())).await;
    gave_way(&app.run(&connected, &run).await, "the directory was disabled");
    assert!(app.notices(&connected).await.is_empty(), "nothing failed");
}

async fn s_06_a_run_that_gave_way_to_an_older_one_says_so(app: TestApp) {
    let connected = app.connected().await;
    let older = app.sync_now(&connected).await.ok()["run_id"].clone();
    app.hr_answers(Some(OddAnswer::Html502));
    let newer = async || {
        // While the older one is at work, a webhook asks for everybody.
        app.clock.advance(1);
        app.hook(&connected.hook_url, "application/json", "{}").await;
        app.drain().await;
    };
    app.drain_and(newer).await;
    let runs = app.runs(&connected).await;
    let newer = runs.iter().find(|run| run["trigger"] == "burst").expect("a burst");
    gave_way(newer, "asked for earlier");
    assert_eq!(app.run(&connected, &older).await["state"], "queued", "it is tried again");
    app.hr_answers(None);
    app.pass(30 * Timestamp::SECOND).await;
    assert_eq!(app.run(&connected, &older).await["state"], "succeeded");
}

async fn s_41_a_permission_that_is_lost_in_the_middle_of_a_run_removes_nobody(app: TestApp) {
    let connected = app.connected().await;
    let employee = app.employee(0);
    app.new_job_quietly(&employee, "Half read").await;
    let (accounts, users) =
        (evidence::rows(&app.place, "accounts"), evidence::rows(&app.place, "links"));
    let events = app.events("").await;
    let run = app.sync_now(&connected).await.ok()["run_id"].clone();
    // The list with leavers is answered; the one of current staff is refused.
    app.drain_and(async || {
        app.faults(|faults| {
            faults.only_action = Some(Action::GetAllEmployeeDetail);
            faults.always = Some(OddAnswer::AccessDenied);
        });
    })
    .await;
    assert!(app.hr().calls().len() >= 2, "it was the second question");
    let run = app.run(&connected, &run).await;
    assert_eq!((&run["state"], &run["error"]["class"]), (&json!("failed"), &json!("permission")));
    assert_eq!(run["note"], Value::Null);
    assert_eq!(evidence::rows(&app.place, "accounts"), accounts);
    assert_eq!(evidence::rows(&app.place, "links"), users);
    assert_eq!(app.events("").await, events);
    let shown = app.show(&connected).await;
    assert_eq!(
        (&shown["state"], &shown["failure"]["class"]),
        (&json!("failing"), &json!("permission"))
    );
    let subject = "Customer Ltd: a permission is missing in People HR";
    let mails = app.mail.mails();
    assert_eq!(mails.iter().filter(|mail| mail.subject() == subject).count(), 2);
    // Granted again, it recovers by itself.
    app.hr_answers(None);
    app.poll().await;
    assert_eq!(app.state(&connected).await, "active");
    assert_eq!(app.job_of(&connected, &employee).await, "Half read");
    assert_eq!(app.mail.mails().len(), 4);
    agrees_with_hr(&app, &connected).await;
}

/// Everything that was written about people so far is whole: whoever is employed has a link and an
/// account, and everybody was told of once.
async fn whole_people(app: &TestApp) -> usize {
    let mut raw = app.raw();
    let mut set = |sql: &str| -> BTreeSet<String> { raw.values(sql).into_iter().collect() };
    let employed = set("SELECT id AS value FROM directory_users WHERE state = 'active'");
    let linked = set("SELECT directory_user_id AS value FROM links l \
                      JOIN accounts a ON a.id = l.account_id");
    assert!(employed.is_subset(&linked), "people without an account");
    let linked = set("SELECT account_id AS value FROM links");
    let accounts = set("SELECT id AS value FROM accounts");
    assert_eq!(linked, accounts, "accounts without a person");
    let users = set("SELECT id AS value FROM directory_users");
    let told = told_of(app, "dsync.user.created").await;
    assert_eq!(told.keys().cloned().collect::<BTreeSet<_>>(), users);
    assert!(told.values().all(|count| *count == 1), "told twice");
    users.len()
}

/// How often each object was told of.
async fn told_of(app: &TestApp, event: &str) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for event in app.events(event).await {
        let id = event["data"]["id"].as_str().expect("an id").to_owned();
        *told.entry(id).or_default() += 1;
    }
    told
}

async fn o_06_a_run_that_breaks_off_anywhere_leaves_whole_people_and_the_next_completes_it(
    app: TestApp,
) {
    // Rows of a table after which the worker dies: before and between the batches of both passes.
    let points = [
        ("events", 1),
        ("directory_users", 1),
        ("directory_users", 201),
        ("directory_groups", 1),
        ("group_memberships", 201),
    ];
    for (table, count) in points {
        let app = app.another(Options { people: Some(450), ..Options::default() }).await;
        let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
        let connected = app.prepared(&organization).await;
        let path = format!("/directories/{}/complete_setup", connected.directory);
        app.post(&path, json!({})).await.ok();
        let sql = format!("SELECT CAST(COUNT(*) AS TEXT) AS value FROM {table}");
        let reached = async {
            let mut raw = app.raw();
            while raw.values(&sql)[0].parse::<usize>().expect("a number") < count {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            () = reached => {}
            () = app.drain() => {}
        }
        // What the worker had handed to the database is written or not, but not later.
        let db = app.running.task_context.sync.db.clone();
        let id = OrganizationId::from_text(organization.as_str());
        // On PostgreSQL it may not even have begun, so this is asked for more than once.
        for _ in 0..100 {
            let id = id.clone();
            let flushed: Result<(), DbError> =
                db.write(Lane::Bulk, move |tx| tx.lock_organization(&id)).await;
            flushed.expect("a write");
        }
        let done = whole_people(&app).await;
        // HR goes on while nobody works, and the claim ends.
        app.new_job_quietly(&app.employee(3), "Meanwhile").await;
        app.hire(&crate::hr::person("Ann", "Lee", "ann.lee@acme.example")).await;
        app.pass(Timestamp::MINUTE).await;
        if app.state(&connected).await != "active" {
            // A connection that broke off with the worker can cost a try.
            app.pass(Timestamp::MINUTE).await;
        }
        assert_eq!(app.state(&connected).await, "active", "{table} {count}");
        let problems = app.row_problems(&connected).await;
        let all = whole_people(&app).await + problems.len();
        assert_eq!(all, 451, "{table} {count}: {done} were done, {problems:#?}");
        let groups = told_of(&app, "dsync.group.created").await;
        assert!(groups.values().all(|count| *count == 1), "{table} {count}");
        assert_eq!(app.job_of(&connected, &app.employee(3)).await, "Meanwhile");
        agrees_with_hr(&app, &connected).await;
        let events = app.events("").await.len();
        app.poll().await;
        assert_eq!(app.events("").await.len(), events, "there is nothing left to do");
        assert!(app.notices(&connected).await.is_empty(), "nothing failed");
    }
}
