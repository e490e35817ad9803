//! A list of people who would lose access is written in pieces. When that is cut off, the rest of
//! them is not let through for being few (S-32).

use rollcall::clock::Timestamp;
use serde_json::{Value, json};

use crate::absence::{count, decide, inactive, mark_leavers, staff, the_hold};
use crate::hr::{TODAY, no_hooks, on};
use crate::support::{Connected, Options, TestApp, behaviours};
use crate::testdb::Engine;

behaviours!(
    s_32_a_list_of_leavers_that_was_cut_off_draws_the_rest_in,
    s_32_a_list_of_missing_people_that_was_cut_off_draws_the_rest_in,
    s_32_a_webhook_and_a_date_between_the_pieces_wait_too,
    s_32_many_who_leave_on_one_day_that_was_known_from_the_start_wait_together,
);

async fn quiet(app: &TestApp) -> (TestApp, Connected) {
    let app = app.another(Options { people: Some(75), ..Options::default() }).await;
    let connected = app.connected().await;
    app.faults(|faults| *faults = no_hooks());
    (app, connected)
}

/// From now on a hold is written up to so many people, and then everything of that piece is undone,
/// as when the program or the database is killed there.
fn cut_off_after(app: &TestApp, people: usize) {
    let enough = format!("(SELECT COUNT(*) FROM hold_items) >= {people}");
    app.raw().run(&match app.place.engine {
        Engine::Sqlite => format!(
            "CREATE TRIGGER cut BEFORE INSERT ON hold_items WHEN {enough} \
             BEGIN SELECT RAISE(ABORT, 'cut off'); END"
        ),
        Engine::Postgres => format!(
            "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF {enough} THEN RAISE EXCEPTION 'cut off'; END IF; RETURN NEW; END $$; \
             CREATE TRIGGER cut BEFORE INSERT ON hold_items FOR EACH ROW EXECUTE FUNCTION cut()"
        ),
    });
}

fn go_on(app: &TestApp) {
    app.raw().run(match app.place.engine {
        Engine::Sqlite => "DROP TRIGGER cut",
        Engine::Postgres => "DROP TRIGGER cut ON hold_items",
    });
}

async fn kinds(app: &TestApp, connected: &Connected) -> Vec<String> {
    let notices = app.notices(connected).await;
    notices.iter().map(|one| one["kind"].as_str().expect("a kind").to_owned()).collect()
}

/// Somebody's hold was cut off in the middle.
async fn assert_is_half(app: &TestApp, connected: &Connected) -> Value {
    let half = the_hold(app, connected).await;
    assert!((8..20).contains(&count(&half["items"])), "{half:#}");
    assert!(half["reason"].as_str().expect("a reason").contains("not complete"), "{half:#}");
    for what in ["approve", "reject"] {
        assert_eq!(decide(app, &half, what, json!({})).await.problem(409), "conflict");
    }
    // However long it takes, nobody is told of half a list.
    app.pass(Timestamp::HOUR).await;
    assert!(!kinds(app, connected).await.iter().any(|kind| kind.starts_with("hold")));
    half
}

async fn assert_is_whole(app: &TestApp, connected: &Connected, half: &Value) -> Value {
    app.sync_now(connected).await.ok();
    app.drain().await;
    let whole = the_hold(app, connected).await;
    assert_eq!((&whole["id"], count(&whole["items"])), (&half["id"], 20));
    assert!(whole["reason"].as_str().expect("a reason").starts_with("Unusually many"));
    let told = kinds(app, connected).await.iter().filter(|kind| *kind == "hold_opened").count();
    assert_eq!(told, 1, "once, of all of them");
    whole
}

async fn s_32_a_list_of_leavers_that_was_cut_off_draws_the_rest_in(app: TestApp) {
    let (app, connected) = quiet(&app).await;
    mark_leavers(&app, &staff(&app)[..20]).await;
    let before = inactive(&app, &connected).await;
    cut_off_after(&app, 16);
    app.poll().await;
    let half = assert_is_half(&app, &connected).await;
    go_on(&app);
    let whole = assert_is_whole(&app, &connected, &half).await;
    assert_eq!(inactive(&app, &connected).await, before);
    // Complete, it draws nobody else in.
    mark_leavers(&app, &staff(&app)[..1]).await;
    app.poll().await;
    assert_eq!(inactive(&app, &connected).await.len(), before.len() + 1);
    decide(&app, &whole, "approve", json!({})).await.ok();
    app.drain().await;
    assert_eq!(inactive(&app, &connected).await.len(), before.len() + 21);
}

async fn s_32_a_list_of_missing_people_that_was_cut_off_draws_the_rest_in(app: TestApp) {
    let (app, connected) = quiet(&app).await;
    for employee in &staff(&app)[..20] {
        app.hr().delete(employee).await.expect("a person");
    }
    let before = inactive(&app, &connected).await;
    app.hr().clear_logs();
    cut_off_after(&app, 16);
    app.poll().await;
    let half = assert_is_half(&app, &connected).await;
    go_on(&app);
    assert_is_whole(&app, &connected, &half).await;
    assert_eq!(inactive(&app, &connected).await, before);
    assert_eq!(app.looks(), Vec::<String>::new(), "nor is anybody asked about");
}

async fn s_32_a_webhook_and_a_date_between_the_pieces_wait_too(app: TestApp) {
    let (app, connected) = quiet(&app).await;
    let people = staff(&app)[..20].to_vec();
    // Two have a last day that was counted in time.
    for employee in &people[..2] {
        app.leave(employee, &on(TODAY)).await;
    }
    app.poll().await;
    app.pass(2 * Timestamp::HOUR).await;
    mark_leavers(&app, &people[2..]).await;
    let before = inactive(&app, &connected).await;
    cut_off_after(&app, 8);
    app.poll().await;
    assert_eq!(count(&the_hold(&app, &connected).await["items"]), 8);
    go_on(&app);
    // The directory is as it was when the program was killed: nothing was found out about it.
    app.raw().run("UPDATE directories SET state = 'active', failure_class = NULL");
    app.faults(|faults| faults.hooks.dropped = false);
    app.new_job(&people[19], "Driver").await;
    app.pass(Timestamp::MINUTE).await;
    assert_eq!(app.job_of(&connected, &people[19]).await, "Driver");
    assert_eq!(inactive(&app, &connected).await, before);
    // What was counted before acts all the same.
    app.pass(Timestamp::DAY).await;
    assert_eq!(inactive(&app, &connected).await.len(), before.len() + 2);
}

async fn s_32_many_who_leave_on_one_day_that_was_known_from_the_start_wait_together(app: TestApp) {
    let app = app.another(Options { people: Some(75), ..Options::default() }).await;
    app.faults(|faults| *faults = no_hooks());
    let people = staff(&app)[..20].to_vec();
    for employee in &people {
        app.leave(employee, &on(TODAY)).await;
    }
    let connected = app.connected().await;
    let before = inactive(&app, &connected).await;
    app.pass(Timestamp::DAY).await;
    assert_eq!(inactive(&app, &connected).await, before);
    let hold = the_hold(&app, &connected).await;
    assert_eq!(count(&hold["items"]), 20);
    assert_eq!(kinds(&app, &connected).await, ["hold_opened"]);
    decide(&app, &hold, "approve", json!({})).await.ok();
    app.drain().await;
    assert_eq!(inactive(&app, &connected).await.len(), before.len() + 20);
}
