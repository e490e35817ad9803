//! Whoever is missing from HR's list is asked about, whatever happens to the questions about
//! others, to the words of the answers and to the calls of a minute (S-31, S-44).
//!
//! Long because every answer to a question about a missing person is told apart.

use rollcall::clock::{SeededRandom, Timestamp};
use rollcall::sandbox::{NobodyAnswer, OddPlace, OddRecord, Oddities, PersonView, RecordChange};
use serde_json::{Value, json};

use crate::absence::{decide, the_hold};
use crate::dirty_records::{problems, set_odd, succeeded, sync};
use crate::hr::{below, no_hooks};
use crate::support::{Connected, Options, TestApp, behaviours, behaviours_of_place};
use crate::systems::System;
use crate::testdb::TestPlace;

behaviours!(
    s_31_a_question_that_fails_says_nothing_about_the_others,
    s_31_a_refusal_about_one_person_keeps_nobody_else_from_being_asked,
    s_31_unknown_words_count_when_they_are_said_about_nobody_too,
    s_31_unknown_words_do_not_count_when_nothing_can_be_asked,
    s_31_an_answer_of_another_kind_than_about_nobody_removes_nobody,
    s_31_after_a_day_without_an_answer_the_admins_are_told_once,
    s_31_whoever_is_seen_again_is_asked_about_no_more,
);
behaviours_of_place!(
    s_31_questions_go_on_in_the_next_minutes_of_the_same_run,
    s_31_questions_go_on_after_a_restart,
    s_31_an_approved_hold_is_asked_about_without_another_run,
    s_44_a_run_that_is_wanted_does_not_wait_for_questions,
    s_44_throttled_customers_of_breathe_and_hrworks_slow_nobody_else,
    s_31_whoever_is_gone_loses_access_whatever_the_budget,
    s_31_a_list_that_takes_exactly_the_calls_of_a_minute_leaves_nobody_active,
);

/// A gateway whose guard lets many leave, with so many calls a minute.
async fn with_calls(place: TestPlace, calls: u32, people: usize) -> TestApp {
    let mut env = vec![
        ("ROLLCALL__SYNC__GUARD_SHARE", "1".to_owned()),
        ("ROLLCALL__SYNC__GUARD_MIN_COUNT", "1000".to_owned()),
        ("ROLLCALL__SYNC__GUARD_MAX_COUNT", "1000".to_owned()),
    ];
    for system in System::ALL {
        env.push((system.pace_setting(), calls.to_string()));
    }
    let options = Options { people: Some(people), env, ..Options::default() };
    let app = TestApp::start_with(place, options).await;
    app.faults(|faults| *faults = no_hooks());
    app
}

/// Connects with a minute's time for each step.
pub async fn connected_slowly(app: &TestApp, system: System) -> Connected {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let new = json!({"organization_id": organization, "provider": system.provider()});
    let made = app.post("/directories", new).await.ok();
    let directory = made["id"].as_str().expect("an id").to_owned();
    let (key, hr_key) = system.key(&app.sandbox);
    app.put(&format!("/directories/{directory}/credentials"), key).await.ok();
    app.pass(2 * Timestamp::MINUTE).await;
    let path = format!("/directories/{directory}/complete_setup");
    assert_eq!(app.post(&path, json!({})).await.status, 202, "{system:?}");
    for _ in 0..5 {
        app.pass(Timestamp::MINUTE).await;
    }
    let hook_url = made["webhook_url"].as_str().unwrap_or_default().to_owned();
    let connected = Connected { organization, directory, hook_url, hr_key };
    assert_eq!(app.state(&connected).await, "active", "{system:?}");
    connected
}

/// Who of these has access.
async fn active(app: &TestApp, connected: &Connected, people: &[PersonView]) -> Vec<String> {
    let accounts = app.accounts(&connected.organization).await;
    let is_active = |person: &&PersonView| {
        accounts.iter().any(|a| a["email"] == person.email.as_str() && a["status"] == "active")
    };
    people.iter().filter(is_active).map(|person| person.email.clone()).collect()
}

async fn disable(app: &TestApp, connected: &Connected) {
    app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    app.drain().await;
}

fn about(system: System, person: &PersonView, change: RecordChange) -> Oddities {
    let who = system.handle(person).to_owned();
    let records = vec![OddRecord { who, place: OddPlace::Looks, change }];
    Oddities { records, ..Oddities::default() }
}

async fn s_31_a_question_that_fails_says_nothing_about_the_others(app: TestApp) {
    app.faults(|faults| *faults = no_hooks());
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        for change in [
            RecordChange::Status(500),
            RecordChange::Status(404),
            RecordChange::Status(429),
            RecordChange::HangsUp,
        ] {
            let two = system.staff(&app.sandbox)[4..6].to_vec();
            set_odd(system, &app.sandbox, about(system, &two[0], change.clone()));
            for person in &two {
                system.delete(&app.sandbox, system.handle(person)).await;
            }
            let what = format!("{system:?} {change:?}");
            sync(&app).await;
            succeeded(&app, &connected, &what).await;
            app.pass(2 * Timestamp::MINUTE).await;
            assert_eq!(active(&app, &connected, &two).await, [two[0].email.clone()], "{what}");
            assert_eq!(app.last_run(&connected).await["counts"]["deactivated"], 1, "{what}");
            assert!(app.notices(&connected).await.is_empty(), "{what}");
            // In the end there is an answer.
            set_odd(system, &app.sandbox, Oddities::default());
            sync(&app).await;
            assert!(active(&app, &connected, &two).await.is_empty(), "{what}");
        }
        disable(&app, &connected).await;
    }
}

async fn s_31_a_refusal_about_one_person_keeps_nobody_else_from_being_asked(app: TestApp) {
    app.faults(|faults| *faults = no_hooks());
    for system in System::ALL {
        for refusal in [
            r#"{"error": "Forbidden", "type": "PermissionDeniedError", "isError": true,
                "Status": 5, "Message": "Access Denied."}"#,
            r#"{"error": "unauthorized", "type": "InvalidCredentialsError", "isError": true,
                "Status": 5, "Message": "API Key does not exists."}"#,
        ] {
            let connected = app.connected_to(system).await;
            let two = system.staff(&app.sandbox)[4..6].to_vec();
            let mut odd = about(system, &two[0], RecordChange::Said(403, refusal.to_owned()));
            odd.content_type = None;
            set_odd(system, &app.sandbox, odd);
            for person in &two {
                system.delete(&app.sandbox, system.handle(person)).await;
            }
            sync(&app).await;
            let what = format!("{system:?} {refusal}");
            succeeded(&app, &connected, &what).await;
            assert_eq!(active(&app, &connected, &two).await, [two[0].email.clone()], "{what}");
            set_odd(system, &app.sandbox, Oddities::default());
            sync(&app).await;
            assert!(active(&app, &connected, &two).await.is_empty(), "{what}");
            disable(&app, &connected).await;
        }
    }
}

/// Answers about somebody who is not there that nobody has heard of.
fn unknown_words() -> Vec<NobodyAnswer> {
    let said = |http, body: &str| NobodyAnswer { http, body: body.to_owned() };
    vec![
        said(404, "<html><body>There is no employee {id} here.</body></html>"),
        said(404, ""),
        said(410, r#"{"problem": "gone", "who": "{id}", "request_id": "{call}"}"#),
        said(
            200,
            r#"{"isError":true,"Status":17,"Message":"Employee {id} unknown","Result":null}"#,
        ),
        said(422, r#"{"message": "Couldn't find Employee with 'id'={id}", "trace-id": {call}}"#),
    ]
}

async fn s_31_unknown_words_count_when_they_are_said_about_nobody_too(app: TestApp) {
    app.faults(|faults| *faults = no_hooks());
    for system in System::ALL {
        for nobody in unknown_words() {
            // A success without an error is not in the words of these two.
            if nobody.http == 200 && system != System::PeopleHr {
                continue;
            }
            let connected = app.connected_to(system).await;
            let odd = Oddities { nobody: Some(nobody.clone()), ..Oddities::default() };
            set_odd(system, &app.sandbox, odd);
            let three = system.staff(&app.sandbox)[4..7].to_vec();
            for person in &three {
                system.delete(&app.sandbox, system.handle(person)).await;
            }
            sync(&app).await;
            let what = format!("{system:?} {nobody:?}");
            succeeded(&app, &connected, &what).await;
            assert!(active(&app, &connected, &three).await.is_empty(), "{what}");
            assert_eq!(app.last_run(&connected).await["counts"]["deactivated"], 3, "{what}");
            set_odd(system, &app.sandbox, Oddities::default());
            disable(&app, &connected).await;
        }
    }
}

async fn s_31_unknown_words_do_not_count_when_nothing_can_be_asked(app: TestApp) {
    app.faults(|faults| *faults = no_hooks());
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        let two = system.staff(&app.sandbox)[4..6].to_vec();
        // The same page about everybody, those who are there included.
        let people = system.people(&app.sandbox);
        let odd = |person: &PersonView| OddRecord {
            who: system.handle(person).to_owned(),
            place: OddPlace::Looks,
            change: RecordChange::Status(404),
        };
        let page = "<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head>\
                    <body><h1>404 Not Found</h1></body></html>\n";
        let nobody = Some(NobodyAnswer { http: 404, body: page.to_owned() });
        let records = people.iter().map(odd).collect();
        set_odd(system, &app.sandbox, Oddities { records, nobody, ..Oddities::default() });
        for person in &two {
            system.delete(&app.sandbox, system.handle(person)).await;
        }
        for _ in 0..3 {
            sync(&app).await;
            app.pass(2 * Timestamp::MINUTE).await;
        }
        assert_eq!(active(&app, &connected, &two).await.len(), 2, "{system:?}");
        set_odd(system, &app.sandbox, Oddities::default());
        sync(&app).await;
        assert!(active(&app, &connected, &two).await.is_empty(), "{system:?}");
        disable(&app, &connected).await;
    }
}

async fn s_31_an_answer_of_another_kind_than_about_nobody_removes_nobody(app: TestApp) {
    app.faults(|faults| *faults = no_hooks());
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        let person = system.staff(&app.sandbox)[4].clone();
        let body = "<html>No employee {id}.</html>".to_owned();
        for change in [
            RecordChange::Status(404),
            RecordChange::Said(404, "<html>No employee 4711.</html>".to_owned()),
            RecordChange::Said(409, "<html>No employee {id}.</html>".to_owned()),
        ] {
            let mut odd = about(system, &person, change.clone());
            odd.nobody = Some(NobodyAnswer { http: 404, body: body.clone() });
            set_odd(system, &app.sandbox, odd);
            unlist(&app, system, &person).await;
            for _ in 0..2 {
                sync(&app).await;
            }
            let one = [person.clone()];
            assert_eq!(active(&app, &connected, &one).await.len(), 1, "{system:?} {change:?}");
        }
        set_odd(system, &app.sandbox, Oddities::default());
        disable(&app, &connected).await;
    }
}

/// Takes somebody out of the lists: they are deleted, and what is said about them is set.
async fn unlist(app: &TestApp, system: System, person: &PersonView) {
    let there = system.people(&app.sandbox).iter().any(|p| p.unique_key == person.unique_key);
    if there {
        system.delete(&app.sandbox, system.handle(person)).await;
    }
}

async fn s_31_after_a_day_without_an_answer_the_admins_are_told_once(app: TestApp) {
    app.faults(|faults| *faults = no_hooks());
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        let two = system.staff(&app.sandbox)[4..6].to_vec();
        set_odd(system, &app.sandbox, about(system, &two[0], RecordChange::Status(404)));
        for person in &two {
            system.delete(&app.sandbox, system.handle(person)).await;
        }
        let sent = app.mail.mails().len();
        for _ in 0..47 {
            sync(&app).await;
        }
        assert!(app.notices(&connected).await.is_empty(), "{system:?}: not before a day");
        assert!(problems(&app, &connected, "absence_unconfirmed").await.is_empty());
        for _ in 0..6 {
            sync(&app).await;
        }
        let told = app.notices(&connected).await;
        assert_eq!(told.len(), 1, "{system:?}: {told:#?}");
        assert_eq!(told[0]["kind"], "absence_unconfirmed");
        let body = told[0]["body"].as_str().unwrap();
        assert!(body.contains("1 person") && !body.contains(&two[0].last_name), "{body}");
        assert_eq!(app.mail.mails().len(), sent + 1, "{system:?}");
        let listed = problems(&app, &connected, "absence_unconfirmed").await;
        assert_eq!((listed.len(), &listed[0]["email"]), (1, &json!(two[0].email)), "{system:?}");
        assert_eq!(listed[0]["severity"], "warning");
        sync(&app).await;
        let still = problems(&app, &connected, "absence_unconfirmed").await;
        assert_eq!(still[0]["first_seen_at"], listed[0]["first_seen_at"], "{system:?}");
        assert_eq!(app.notices(&connected).await.len(), 1, "told once");
        assert_eq!(active(&app, &connected, &two).await, [two[0].email.clone()], "{system:?}");
        // The answer comes.
        set_odd(system, &app.sandbox, Oddities::default());
        sync(&app).await;
        assert!(active(&app, &connected, &two).await.is_empty(), "{system:?}");
        assert!(problems(&app, &connected, "absence_unconfirmed").await.is_empty(), "{system:?}");
        disable(&app, &connected).await;
    }
}

async fn s_31_whoever_is_seen_again_is_asked_about_no_more(app: TestApp) {
    app.connected().await;
    let employee = app.employee(3);
    app.faults(|faults| {
        *faults = no_hooks();
        faults.unlisted = vec![employee.clone()];
    });
    app.hr().set_odd(Oddities {
        records: vec![OddRecord {
            who: employee.clone(),
            place: OddPlace::Looks,
            change: RecordChange::Status(500),
        }],
        ..Oddities::default()
    });
    app.poll().await;
    let noted = "SELECT directory_user_id AS value FROM missing_people";
    assert_eq!(app.raw().values(noted).len(), 1);
    app.hr().set_odd(Oddities::default());
    app.faults(|faults| faults.unlisted.clear());
    app.poll().await;
    assert!(app.raw().values(noted).is_empty());
    app.hr().clear_logs();
    app.pass(Timestamp::MINUTE).await;
    assert!(app.looks().is_empty());
}

async fn s_31_questions_go_on_in_the_next_minutes_of_the_same_run(place: TestPlace) {
    for system in System::ALL {
        let place = TestPlace::migrated(place.engine).expect("the engine is there");
        let app = with_calls(place, 6, 60).await;
        let connected = connected_slowly(&app, system).await;
        let gone = system.staff(&app.sandbox)[..20].to_vec();
        for person in &gone {
            system.delete(&app.sandbox, system.handle(person)).await;
        }
        let runs = app.runs(&connected).await.len();
        app.poll().await;
        let mut minutes = 0;
        while !active(&app, &connected, &gone).await.is_empty() {
            assert!(minutes < 25, "{system:?}: {:?}", active(&app, &connected, &gone).await);
            app.pass(Timestamp::MINUTE).await;
            minutes += 1;
        }
        assert_eq!(app.runs(&connected).await.len(), runs + 1, "{system:?}: in one run");
        assert_eq!(app.last_run(&connected).await["counts"]["deactivated"], 20, "{system:?}");
    }
}

async fn s_31_questions_go_on_after_a_restart(place: TestPlace) {
    let app = with_calls(place, 6, 60).await;
    let connected = connected_slowly(&app, System::BreatheHr).await;
    let gone = System::BreatheHr.staff(&app.sandbox)[..20].to_vec();
    for person in &gone {
        System::BreatheHr.delete(&app.sandbox, System::BreatheHr.handle(person)).await;
    }
    app.poll().await;
    let before = active(&app, &connected, &gone).await.len();
    assert!(before > 10, "{before}");
    let app = app.restart(3).await;
    for _ in 0..12 {
        app.pass(Timestamp::MINUTE).await;
    }
    assert!(active(&app, &connected, &gone).await.is_empty());
}

async fn s_31_an_approved_hold_is_asked_about_without_another_run(place: TestPlace) {
    let people = Options { people: Some(100), ..Options::default() };
    let app = TestApp::start_with(place, people).await;
    let system = System::Hrworks;
    let connected = app.connected_to(system).await;
    let gone = system.staff(&app.sandbox)[..30].to_vec();
    for person in &gone {
        system.delete(&app.sandbox, system.handle(person)).await;
    }
    sync(&app).await;
    assert_eq!(active(&app, &connected, &gone).await.len(), 30);
    let hold = the_hold(&app, &connected).await;
    assert_eq!(decide(&app, &hold, "approve", json!({})).await.status, 200);
    app.drain().await;
    let runs = app.runs(&connected).await.len();
    for _ in 0..3 {
        app.pass(Timestamp::MINUTE).await;
    }
    assert!(active(&app, &connected, &gone).await.is_empty());
    assert_eq!(app.runs(&connected).await.len(), runs, "no run repeats every minute");
}

async fn s_44_throttled_customers_of_breathe_and_hrworks_slow_nobody_else(place: TestPlace) {
    for system in [System::BreatheHr, System::Hrworks] {
        let place = TestPlace::migrated(place.engine).expect("the engine is there");
        let app = TestApp::start(place).await;
        let (first, other) = (app.connected_to(system).await, app.connected_to(system).await);
        let third = app.connected_to(system).await;
        app.pass(2 * Timestamp::MINUTE).await;
        system.limit(&app.sandbox, Some(0));
        for connected in [&first, &other] {
            app.sync_now(connected).await.ok();
        }
        app.drain().await;
        system.limit(&app.sandbox, None);
        let learned = "SELECT provider AS value FROM shared_paces";
        assert_eq!(app.raw().values(learned), Vec::<String>::new(), "{system:?}");
        for _ in 0..5 {
            let answer: Value = app.sync_now(&third).await.ok();
            assert!(answer["run_id"].is_string(), "{system:?}");
            app.drain().await;
            succeeded(&app, &third, &format!("{system:?}")).await;
        }
    }
}

/// For any budget, size and choice of failing questions: whoever is really gone and can be asked
/// about loses access within three runs, and nobody else does.
async fn s_31_whoever_is_gone_loses_access_whatever_the_budget(place: TestPlace) {
    for seed in 0..7 {
        let random = SeededRandom::new(seed);
        let system = System::ALL[below(&random, 3)];
        let calls = 6 + u32::try_from(below(&random, 55)).unwrap();
        let people = if seed == 6 { 5_000 } else { [1, 7, 40, 120, 260][below(&random, 5)] };
        let place = TestPlace::migrated(place.engine).expect("the engine is there");
        let app = with_calls(place, calls, people).await;
        let connected = connected_slowly(&app, system).await;
        let what = format!("seed {seed}: {system:?}, {calls} calls a minute, {people} people");
        let mut staff = system.staff(&app.sandbox);
        // Somebody has to stay, or the list would be empty.
        staff.truncate(people.saturating_sub(people / 3).saturating_sub(1).min(25));
        let mut records = Vec::new();
        let (mut gone, mut kept) = (Vec::new(), Vec::new());
        for person in staff {
            system.delete(&app.sandbox, system.handle(&person)).await;
            let change = match below(&random, 6) {
                0 => RecordChange::Status(500),
                1 => RecordChange::Status(404),
                2 if system != System::PeopleHr => RecordChange::HangsUp,
                _ => {
                    gone.push(person);
                    continue;
                }
            };
            let who = system.handle(&person).to_owned();
            records.push(OddRecord { who, place: OddPlace::Looks, change });
            kept.push(person);
        }
        set_odd(system, &app.sandbox, Oddities { records, ..Oddities::default() });
        for _ in 0..3 {
            app.poll().await;
            for _ in 0..28 {
                app.pass(Timestamp::MINUTE).await;
            }
        }
        assert!(active(&app, &connected, &gone).await.is_empty(), "{what}");
        assert_eq!(active(&app, &connected, &kept).await.len(), kept.len(), "{what}");
        let others = system.staff(&app.sandbox);
        assert_eq!(active(&app, &connected, &others).await.len(), others.len(), "{what}");
        set_odd(system, &app.sandbox, Oddities::default());
        app.poll().await;
        for _ in 0..28 {
            app.pass(Timestamp::MINUTE).await;
        }
        assert!(active(&app, &connected, &kept).await.is_empty(), "{what}");
    }
}

async fn s_31_a_list_that_takes_exactly_the_calls_of_a_minute_leaves_nobody_active(
    place: TestPlace,
) {
    // Bulk work has 35 of Breathe HR's 40 calls, and a page has 100 people.
    let app = with_calls(place, 40, 3_450).await;
    let system = System::BreatheHr;
    let connected = connected_slowly(&app, system).await;
    let gone = system.staff(&app.sandbox)[..4].to_vec();
    for person in &gone {
        system.delete(&app.sandbox, system.handle(person)).await;
    }
    app.poll().await;
    for _ in 0..3 {
        app.pass(Timestamp::MINUTE).await;
    }
    assert!(active(&app, &connected, &gone).await.is_empty());
}

async fn s_44_a_run_that_is_wanted_does_not_wait_for_questions(place: TestPlace) {
    for system in System::ALL {
        let place = TestPlace::migrated(place.engine).expect("the engine is there");
        let app = with_calls(place, 6, 60).await;
        let connected = connected_slowly(&app, system).await;
        let gone = system.staff(&app.sandbox)[..30].to_vec();
        for person in &gone {
            system.delete(&app.sandbox, system.handle(person)).await;
        }
        app.poll().await;
        app.pass(Timestamp::MINUTE).await;
        assert!(active(&app, &connected, &gone).await.len() > 15, "{system:?}: it is asking");
        let runs = app.runs(&connected).await.len();
        assert_eq!(app.sync_now(&connected).await.status, 202, "{system:?}");
        for _ in 0..8 {
            app.pass(20 * Timestamp::SECOND).await;
        }
        assert_eq!(app.runs(&connected).await.len(), runs + 1, "{system:?}");
        assert_eq!(app.last_run(&connected).await["state"], "succeeded", "{system:?}");
        for _ in 0..25 {
            app.pass(Timestamp::MINUTE).await;
        }
        assert!(active(&app, &connected, &gone).await.is_empty(), "{system:?}");
    }
}
