//! The reasons for a look, and starters who cannot be read yet (S-03).

use rollcall::clock::Timestamp;
use rollcall::sandbox::{Action, Hire, OddAnswer, OddPlace, OddRecord, Oddities, RecordChange};
use serde_json::json;

use crate::hr::{hooks, person};
use crate::support::{Connected, Options, TestApp, behaviours};

behaviours!(
    s_03_a_starter_who_can_be_read_three_seconds_later_has_an_account_within_five,
    s_03_a_starter_whose_record_cannot_be_read_yet_is_asked_about_again_as_soon,
    s_03_a_starter_nobody_knows_is_asked_about_again_for_a_day_without_full_syncs,
    s_03_many_starters_nobody_knows_are_one_burst_and_no_more,
    s_03_a_leaver_stays_a_leaver_when_the_look_fails,
    s_03_looks_leave_the_calls_that_a_burst_needs,
    s_31_a_starter_who_was_seen_before_and_is_gone_is_for_a_full_sync,
);

const STARTER: i64 = 1;
const UPDATED: i64 = 2;
const LEAVER: i64 = 3;

async fn tell(app: &TestApp, connected: &Connected, action: i64, employee: &str) {
    let body = json!({"ActionId": action, "EmployeeId": employee}).to_string();
    assert_eq!(app.hook(&connected.hook_url, "application/json", body).await, 202);
}

/// Starters as HR enters them, without the webhook that would tell of them.
async fn hire_quietly(app: &TestApp, employee: &str, email: &str) {
    app.faults(|faults| faults.hooks.dropped = true);
    let hire = Hire { employee_id: Some(employee.to_owned()), ..person("Ann", "Lee", email) };
    app.hire(&hire).await;
    app.faults(|faults| faults.hooks.dropped = false);
}

async fn s_03_a_starter_who_can_be_read_three_seconds_later_has_an_account_within_five(
    app: TestApp,
) {
    let connected = app.connected().await;
    app.hr().clear_logs();
    tell(&app, &connected, STARTER, "NEW1").await;
    app.drain().await;
    assert_eq!(app.looks(), ["NEW1"]);
    app.pass(2 * Timestamp::SECOND).await;
    assert_eq!(app.looks(), ["NEW1", "NEW1"]);
    app.clock.advance(Timestamp::SECOND);
    hire_quietly(&app, "NEW1", "ann.lee@acme.example").await;
    app.pass(2 * Timestamp::SECOND).await;
    assert!(app.account(&connected.organization, "ann.lee@acme.example").await.is_some());
    assert_eq!((app.looks().len(), app.lists()), (3, 0), "by looks alone");
    app.pass(20 * Timestamp::MINUTE).await;
    assert_eq!(app.looks().len(), 3, "and then it is settled");
}

async fn s_03_a_starter_whose_record_cannot_be_read_yet_is_asked_about_again_as_soon(app: TestApp) {
    let connected = app.connected().await;
    let odd = |who: &str, change| {
        let (who, place) = (who.to_owned(), OddPlace::Looks);
        Oddities { records: vec![OddRecord { who, place, change }], ..Oddities::default() }
    };
    let changes = [
        RecordChange::Status(500),
        RecordChange::HangsUp,
        RecordChange::Instead(b"null".to_vec()),
        RecordChange::Instead(b"{}".to_vec()),
        RecordChange::Instead(b"<html>".to_vec()),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let (email, who) = (format!("ann{index}@acme.example"), format!("NEW{index}"));
        hire_quietly(&app, &who, &email).await;
        app.hr().set_odd(odd(&who, change.clone()));
        app.hr().clear_logs();
        tell(&app, &connected, STARTER, &who).await;
        app.drain().await;
        app.pass(2 * Timestamp::SECOND).await;
        let asked = |app: &TestApp| app.looks().iter().filter(|look| **look == who).count();
        assert_eq!((asked(&app), app.lists()), (2, 0), "{change:?}");
        app.hr().set_odd(Oddities::default());
        app.pass(3 * Timestamp::SECOND).await;
        let found = app.account(&connected.organization, &email).await;
        assert!(found.is_some(), "{change:?}");
        assert_eq!((asked(&app), app.lists()), (3, 0), "{change:?}: no full sync for it");
    }
}

async fn s_03_a_starter_nobody_knows_is_asked_about_again_for_a_day_without_full_syncs(
    app: TestApp,
) {
    let connected = app.connected().await;
    app.hr().clear_logs();
    tell(&app, &connected, STARTER, "NEW1").await;
    app.drain().await;
    let mut asked = vec![app.looks().len()];
    for wait in [2, 3, 10, 45, 600] {
        app.pass(wait * Timestamp::SECOND).await;
        asked.push(app.looks().len());
    }
    assert_eq!(asked, [1, 2, 3, 4, 5, 5]);
    assert_eq!((app.lists(), app.runs(&connected).await.len()), (0, 1));
    app.poll().await;
    assert_eq!((app.lists(), app.looks().len()), (2, 6), "once with a full sync");
    app.poll().await;
    assert_eq!((app.lists(), app.looks().len()), (4, 7));
    for _ in 0..48 {
        app.poll().await;
    }
    app.hr().clear_logs();
    app.poll().await;
    assert_eq!((app.lists(), app.looks().len()), (2, 0), "a day later it is enough");
    let triggers = app.runs(&connected).await;
    assert!(triggers.iter().all(|run| run["trigger"] != "burst"), "no full sync for it");
}

async fn s_03_many_starters_nobody_knows_are_one_burst_and_no_more(app: TestApp) {
    let connected = app.connected().await;
    app.hr().clear_logs();
    for number in 0..25 {
        tell(&app, &connected, STARTER, &format!("NEW{number}")).await;
    }
    app.drain().await;
    assert_eq!((app.lists(), app.looks().len()), (2, 25));
    for wait in [2, 3, 10, 45, 600] {
        app.pass(wait * Timestamp::SECOND).await;
    }
    assert_eq!(app.lists(), 2, "full syncs do not lead to full syncs");
}

async fn s_03_a_leaver_stays_a_leaver_when_the_look_fails(app: TestApp) {
    let connected = app.connected().await;
    app.hr().clear_logs();
    let mut broken = hooks(rollcall::sandbox::HookFaults::default());
    broken.always = Some(OddAnswer::Html502);
    broken.only_action = Some(Action::GetEmployeeDetailById);
    broken.delay_ms = 500;
    app.hr().set_faults(broken);
    tell(&app, &connected, LEAVER, "PW5").await;
    let meanwhile = async {
        let mut raw = app.raw();
        let sql = "SELECT employee_hint AS value FROM inbox WHERE state = 'leased'";
        while raw.values(sql).is_empty() {
            tokio::task::yield_now().await;
        }
        tell(&app, &connected, UPDATED, "PW5").await;
    };
    tokio::join!(app.drain(), meanwhile);
    app.hr().set_faults(hooks(rollcall::sandbox::HookFaults::default()));
    app.pass(3 * Timestamp::MINUTE).await;
    assert!(app.looks().len() >= 2, "it was tried again: {:?}", app.looks());
    assert_eq!(app.lists(), 2, "and a leaver asks for the lists");
    assert_eq!(app.last_run(&connected).await["trigger"], "burst");
}

async fn s_03_looks_leave_the_calls_that_a_burst_needs(app: TestApp) {
    let limit = ("ROLLCALL__PROVIDERS__PEOPLE_HR__CALLS_PER_MINUTE", "15".to_owned());
    let app = app.another(Options { env: vec![limit], ..Options::default() }).await;
    let connected = app.connected().await;
    app.pass(61_000).await;
    app.hr().clear_logs();
    for index in 0..13 {
        tell(&app, &connected, UPDATED, &app.employee(index)).await;
        app.drain().await;
    }
    assert_eq!((app.looks().len(), app.lists()), (13, 0));
    app.new_job(&app.employee(20), "Not delayed").await;
    app.drain().await;
    assert_eq!((app.looks().len(), app.lists()), (13, 2), "two calls bring everybody, at once");
    assert_eq!(app.job_of(&connected, &app.employee(20)).await, "Not delayed");
}

async fn s_31_a_starter_who_was_seen_before_and_is_gone_is_for_a_full_sync(app: TestApp) {
    let connected = app.connected().await;
    let employee = app.employee(3);
    app.faults(|faults| faults.hooks.dropped = true);
    app.hr().delete(&employee).await.expect("a deletion");
    app.hr().clear_logs();
    tell(&app, &connected, STARTER, &employee).await;
    app.drain().await;
    assert_eq!(app.lists(), 2);
    assert_eq!(app.last_run(&connected).await["trigger"], "burst");
}
