//! Few calls, lost permissions and odd neighbours cost no leaver and no starter anything (S-03,
//! S-13, S-44).

use std::sync::Arc;

use rollcall::clock::Timestamp;
use rollcall::domain::trust::Trust;
use rollcall::sandbox::{
    Action, Hire, HrworksPermission, OddPlace, OddRecord, Oddities, RecordChange,
};
use rollcall::tasks;

use crate::dirty_records::{set_odd, succeeded, sync};
use crate::hr::{YESTERDAY, on, person};
use crate::questions::connected_slowly;
use crate::support::{Connected, Options, TestApp, behaviours, behaviours_of_place};
use crate::systems::System;
use crate::testdb::TestPlace;

behaviours!(
    s_13_a_manager_named_by_log_in_alone_is_found,
    l_04_without_general_a_unit_known_by_key_alone_costs_nobody_else,
    s_03_very_many_starters_at_once_have_accounts_within_the_minute,
    o_06_a_clock_that_jumps_ahead_destroys_nothing,
);
behaviours_of_place!(s_44_a_permission_that_comes_back_is_noticed_with_few_calls);

fn reads(who: &str, place: OddPlace, from: &str, to: &str) -> OddRecord {
    let change = RecordChange::Reads(from.as_bytes().to_vec(), to.as_bytes().to_vec());
    OddRecord { who: who.to_owned(), place, change }
}

async fn s_13_a_manager_named_by_log_in_alone_is_found(app: TestApp) {
    let system = System::Hrworks;
    let people = system.people(&app.sandbox);
    let staff = system.staff(&app.sandbox);
    let report = staff.iter().find(|p| system.manager(p, &people).is_some()).unwrap().clone();
    let manager = system.manager(&report, &people).unwrap().clone();
    let odd = |from: &str, key: &str| {
        reads(&report.unique_key, OddPlace::Everywhere, &format!("\"{from}\":\"{key}\""), "\"x\":0")
    };
    let records =
        vec![odd("uuid", &manager.unique_key), odd("personnelNumber", &manager.employee_id)];
    set_odd(system, &app.sandbox, Oddities { records, ..Oddities::default() });
    let connected = app.connected_to(system).await;
    let account = app.the_account(&connected, &report.email).await;
    let boss = app.the_account(&connected, &manager.email).await;
    assert_eq!(account["manager_account_id"], boss["id"]);
    // The same list once more changes nothing.
    sync(&app).await;
    assert_eq!(app.last_run(&connected).await["counts"]["updated"], 0);
}

async fn l_04_without_general_a_unit_known_by_key_alone_costs_nobody_else(app: TestApp) {
    let system = System::Hrworks;
    let connected = app.connected_to(system).await;
    let staff = system.staff(&app.sandbox);
    let some = [HrworksPermission::Persons, HrworksPermission::MasterData];
    assert!(app.sandbox.hrworks().set_permissions(&connected.hr_key, &some));
    let records = vec![reads(
        &staff[2].unique_key,
        OddPlace::Everywhere,
        "\"organizationUnit\":",
        "\"formerUnit\":",
    )];
    set_odd(system, &app.sandbox, Oddities { records, ..Oddities::default() });
    system.leave(&app.sandbox, &staff[5].unique_key, &on(YESTERDAY)).await;
    sync(&app).await;
    succeeded(&app, &connected, "without General").await;
    assert_eq!(app.the_account(&connected, &staff[5].email).await["status"], "inactive");
    assert_eq!(app.the_account(&connected, &staff[2].email).await["status"], "active");
}

async fn s_03_very_many_starters_at_once_have_accounts_within_the_minute(app: TestApp) {
    let connected = app.connected().await;
    app.pass(2 * Timestamp::MINUTE).await;
    let hire = |number: usize| {
        let email = format!("starter.{number}@acme.example");
        Hire { email: Some(email.clone()), ..person("Starter", &format!("Number{number}"), &email) }
    };
    // The HR system tells of each; a few are looked at before the rest is there.
    for number in 0..17 {
        app.hire(&hire(number)).await;
        app.drain().await;
    }
    for number in 17..150 {
        app.hire(&hire(number)).await;
    }
    app.drain().await;
    app.pass(2 * Timestamp::SECOND).await;
    for number in [0, 16, 17, 80, 149] {
        let account = app.the_account(&connected, &format!("starter.{number}@acme.example")).await;
        assert_eq!(account["status"], "active", "{number}");
    }
}

async fn s_44_a_permission_that_comes_back_is_noticed_with_few_calls(place: TestPlace) {
    for (system, calls) in [(System::PeopleHr, 6), (System::BreatheHr, 6), (System::Hrworks, 6)] {
        let place = TestPlace::migrated(place.engine).expect("the engine is there");
        let env = vec![(system.pace_setting(), calls.to_string())];
        let app = TestApp::start_with(place, Options { env, ..Options::default() }).await;
        let connected = connected_slowly(&app, system).await;
        take_permission(&app, system, &connected, true);
        sync(&app).await;
        app.pass(2 * Timestamp::MINUTE).await;
        if system != System::BreatheHr {
            assert_eq!(app.state(&connected).await, "failing", "{system:?}");
        }
        take_permission(&app, system, &connected, false);
        app.pass(Timestamp::MINUTE).await;
        let answer = app.sync_now(&connected).await;
        assert_eq!(answer.status, 202, "{system:?}: {}", answer.text);
        app.drain().await;
        app.pass(Timestamp::MINUTE).await;
        assert_eq!(app.state(&connected).await, "active", "{system:?}");
        // And another key can be entered within two minutes.
        let mut stored = 0;
        for _ in 0..3 {
            let (key, _) = system.key(&app.sandbox);
            let path = format!("/directories/{}/credentials", connected.directory);
            stored = app.put(&path, key).await.status;
            if stored == 200 {
                break;
            }
            app.pass(Timestamp::MINUTE).await;
        }
        assert_eq!(stored, 200, "{system:?}");
    }
}

fn take_permission(app: &TestApp, system: System, connected: &Connected, takes: bool) {
    match system {
        System::PeopleHr => {
            let none: &[Action] = if takes { &[] } else { Action::USUAL };
            assert!(app.hr().set_actions(&connected.hr_key, none));
        }
        // Its keys have no permissions.
        System::BreatheHr => {}
        System::Hrworks => {
            let none = if takes { &[][..] } else { HrworksPermission::USUAL };
            assert!(app.sandbox.hrworks().set_permissions(&connected.hr_key, none));
        }
    }
}

async fn o_06_a_clock_that_jumps_ahead_destroys_nothing(app: TestApp) {
    app.connected().await;
    let events = app.events("").await.len();
    assert!(events > 10);
    let mut cx = app.running.task_context.clone();
    cx.sync.trust = Arc::new(Trust::none_yet());
    tasks::look_at_clock(&cx.sync).await.unwrap();
    // The next start has a clock that is 100 days ahead.
    cx.sync.trust = Arc::new(Trust::none_yet());
    app.clock.advance(100 * Timestamp::DAY);
    tasks::forget_all_old(&cx).await.unwrap();
    for _ in 0..60 {
        tasks::look_at_clock(&cx.sync).await.unwrap();
        tasks::forget_all_old(&cx).await.unwrap();
        app.clock.advance(Timestamp::MINUTE);
    }
    assert_eq!(app.events("").await.len(), events);
    // It has gone on like that for an hour, so it is right.
    tasks::look_at_clock(&cx.sync).await.unwrap();
    tasks::forget_all_old(&cx).await.unwrap();
    assert_eq!(app.raw().values("SELECT event_type AS value FROM events").len(), 0);
}
