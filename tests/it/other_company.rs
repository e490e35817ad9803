//! Keys of another company (L-10): nothing changes, and one question is asked.

use rollcall::clock::Timestamp;
use rollcall::sandbox::{Faults, Sandbox};
use serde_json::{Value, json};

use crate::hr::{agrees_with, hooks, no_hooks, person};
use crate::support::{Connected, Options, Reply, TestApp, behaviours};
use crate::systems::System;

behaviours!(
    l_10_a_key_of_another_company_changes_nothing_and_asks_once,
    l_10_without_unique_keys_strangers_under_known_numbers_are_no_people_found_again,
    l_10_the_right_key_closes_the_question_and_everything_goes_on,
    l_10_approved_the_next_run_goes_on_and_the_guard_holds_who_is_missing,
    l_10_an_approval_counts_as_long_as_the_key_is_in_use,
    l_10_rejected_it_stays_failing_until_another_key,
    l_10_after_a_new_key_no_webhook_counts_before_a_full_sync_has_passed,
    l_10_it_is_asked_whatever_set_the_sync_off,
    l_10_a_company_that_changes_much_is_still_the_same,
    l_10_fewer_than_five_people_are_no_company_to_compare_with,
    l_10_the_preview_shows_it,
);

/// The people whom the made-up companies have.
const PEOPLE: usize = 40;

/// All keys read the company of this seed; the first one is that of seed 1.
fn become_company(system: System, sandbox: &Sandbox, seed: u64) {
    match system {
        System::PeopleHr => sandbox.people_hr().become_company(seed, PEOPLE),
        System::BreatheHr => sandbox.breathe_hr().become_company(seed, PEOPLE),
        System::Hrworks => sandbox.hrworks().become_company(seed, PEOPLE),
    }
}

/// Enters another good key.
async fn enter_key(app: &TestApp, connected: &Connected, system: System) -> Value {
    app.clock.advance(1);
    let (credential, _) = system.key(&app.sandbox);
    app.put(&format!("/directories/{}/credentials", connected.directory), credential).await.ok()
}

/// Everything that must not change: accounts, people, groups.
async fn everything(app: &TestApp, connected: &Connected) -> (Vec<Value>, Vec<String>) {
    let people = "SELECT external_key || ' ' || state || ' ' || version AS value \
                  FROM directory_users ORDER BY external_key";
    (app.accounts(&connected.organization).await, app.raw().values(people))
}

async fn the_question(app: &TestApp, connected: &Connected) -> Value {
    let holds = app.open_holds(connected).await;
    assert_eq!(holds.len(), 1, "{holds:#?}");
    assert_eq!(holds[0]["kind"], "other_company");
    holds[0].clone()
}

async fn decide(app: &TestApp, hold: &Value, what: &str) -> Reply {
    let (directory, id) = (hold["directory_id"].as_str(), hold["id"].as_str());
    let path = format!("/directories/{}/holds/{}/{what}", directory.unwrap(), id.unwrap());
    app.clock.advance(1);
    app.post(&path, json!({"ids": [hold["items"][0]["id"]]})).await
}

/// A directory that is in step, and a key of another company entered.
async fn with_a_wrong_key(app: &TestApp, system: System) -> Connected {
    let connected = app.connected_to(system).await;
    become_company(system, &app.sandbox, 7);
    enter_key(app, &connected, system).await;
    app.drain().await;
    connected
}

async fn is_refused(app: &TestApp, connected: &Connected) {
    let shown = app.show(connected).await;
    assert_eq!(
        (&shown["state"], &shown["failure"]["class"]),
        (&json!("failing"), &json!("credential"))
    );
    let message = shown["failure"]["message"].as_str().expect("a message");
    assert!(message.contains("another company"), "{message}");
    let run = app.last_run(connected).await;
    assert_eq!((&run["state"], &run["error"]["class"]), (&json!("failed"), &json!("credential")));
    assert_eq!(run["error"]["message"], "this key reads another company");
}

async fn l_10_a_key_of_another_company_changes_nothing_and_asks_once(app: TestApp) {
    for system in System::ALL {
        let app = app.another(Options::default()).await;
        let connected = app.connected_to(system).await;
        let before = everything(&app, &connected).await;
        let told = app.events("").await.len();
        become_company(system, &app.sandbox, 7);
        enter_key(&app, &connected, system).await;
        system.clear_logs(&app.sandbox);
        app.drain().await;
        is_refused(&app, &connected).await;
        let hold = the_question(&app, &connected).await;
        let change = &hold["items"][0]["change"];
        assert_eq!(
            (&change["found"], &change["known"]),
            (&json!(0), &json!(before.1.iter().filter(|one| one.contains(" active ")).count())),
            "{change}"
        );
        assert!(system.looks(&app.sandbox).is_empty(), "nobody is asked about");
        for _ in 0..3 {
            app.poll().await;
        }
        assert_eq!(the_question(&app, &connected).await["id"], hold["id"]);
        assert_eq!(everything(&app, &connected).await, before, "{system:?}");
        assert_eq!(app.events("").await.len(), told);
        let failed = |notice: &&Value| notice["kind"] == "sync_failed";
        let notices = app.notices(&connected).await;
        let notices: Vec<&Value> = notices.iter().filter(failed).collect();
        assert_eq!(notices.len(), 1, "{notices:#?}");
        assert!(notices[0]["body"].as_str().unwrap().contains("another company"));
    }
}

async fn l_10_without_unique_keys_strangers_under_known_numbers_are_no_people_found_again(
    app: TestApp,
) {
    app.hr().set_faults(Faults { omit_unique_key: true, ..no_hooks() });
    let connected = app.connected().await;
    let before = everything(&app, &connected).await;
    become_company(System::PeopleHr, &app.sandbox, 7);
    app.enter_new_key(&connected).await;
    app.drain().await;
    is_refused(&app, &connected).await;
    let change = &the_question(&app, &connected).await["items"][0]["change"];
    assert_eq!((&change["found"], &change["never_seen"]), (&json!(0), &json!(PEOPLE)));
    assert_eq!(everything(&app, &connected).await, before);
}

async fn l_10_the_right_key_closes_the_question_and_everything_goes_on(app: TestApp) {
    for system in System::ALL {
        let app = app.another(Options::default()).await;
        let connected = with_a_wrong_key(&app, system).await;
        let hold = the_question(&app, &connected).await;
        become_company(system, &app.sandbox, 1);
        enter_key(&app, &connected, system).await;
        app.drain().await;
        assert_eq!(app.state(&connected).await, "active");
        assert!(app.open_holds(&connected).await.is_empty());
        let id = hold["id"].as_str().unwrap();
        let path = format!("/directories/{}/holds/{id}", connected.directory);
        assert_eq!(app.get(&path).await["state"], "superseded");
        agrees_with(&app, &connected, system).await;
    }
}

async fn l_10_approved_the_next_run_goes_on_and_the_guard_holds_who_is_missing(app: TestApp) {
    let connected = with_a_wrong_key(&app, System::Hrworks).await;
    let before = app.accounts(&connected.organization).await;
    let hold = the_question(&app, &connected).await;
    assert_eq!(decide(&app, &hold, "approve").await.ok()["state"], "approved");
    app.drain().await;
    assert_eq!(app.state(&connected).await, "active");
    let run = app.last_run(&connected).await;
    assert_eq!(run["state"], "succeeded", "{run:#}");
    let after = app.accounts(&connected.organization).await;
    assert!(after.len() > before.len());
    for account in &before {
        let now = after.iter().find(|one| one["id"] == account["id"]);
        assert_eq!(now.expect("the account")["status"], account["status"]);
    }
    let holds = app.open_holds(&connected).await;
    assert!(holds.iter().any(|hold| hold["kind"] == "deactivations"), "{holds:#?}");
    // The answer is used up, and not needed any more.
    app.poll().await;
    assert_eq!(app.last_run(&connected).await["state"], "succeeded");
}

async fn l_10_an_approval_counts_as_long_as_the_key_is_in_use(app: TestApp) {
    // Without unique keys every number is a question of its own: nobody is found again next time.
    app.hr().set_faults(Faults { omit_unique_key: true, ..no_hooks() });
    let connected = app.connected().await;
    become_company(System::PeopleHr, &app.sandbox, 7);
    app.enter_new_key(&connected).await;
    app.drain().await;
    decide(&app, &the_question(&app, &connected).await, "approve").await.ok();
    app.drain().await;
    let told = app.notices(&connected).await.len();
    for _ in 0..3 {
        assert_eq!(app.state(&connected).await, "active");
        let holds = app.open_holds(&connected).await;
        assert!(holds.iter().all(|hold| hold["kind"] != "other_company"), "{holds:#?}");
        app.poll().await;
    }
    assert_eq!(app.notices(&connected).await.len(), told, "nothing fails and recovers in turn");
    // Another key is another question.
    become_company(System::PeopleHr, &app.sandbox, 9);
    app.enter_new_key(&connected).await;
    app.drain().await;
    is_refused(&app, &connected).await;
}

async fn l_10_rejected_it_stays_failing_until_another_key(app: TestApp) {
    let connected = with_a_wrong_key(&app, System::PeopleHr).await;
    let before = everything(&app, &connected).await;
    let hold = the_question(&app, &connected).await;
    assert_eq!(decide(&app, &hold, "reject").await.ok()["state"], "rejected");
    for _ in 0..3 {
        app.poll().await;
        assert!(app.open_holds(&connected).await.is_empty());
        is_refused(&app, &connected).await;
    }
    assert_eq!(everything(&app, &connected).await, before);
    // Another key of a third company is another question.
    become_company(System::PeopleHr, &app.sandbox, 9);
    app.enter_new_key(&connected).await;
    app.drain().await;
    assert_ne!(the_question(&app, &connected).await["id"], hold["id"]);
    become_company(System::PeopleHr, &app.sandbox, 1);
    app.enter_new_key(&connected).await;
    app.drain().await;
    assert_eq!(app.state(&connected).await, "active");
    assert!(app.open_holds(&connected).await.is_empty());
    agrees_with(&app, &connected, System::PeopleHr).await;
}

async fn l_10_after_a_new_key_no_webhook_counts_before_a_full_sync_has_passed(app: TestApp) {
    app.hr().set_faults(Faults { omit_unique_key: true, ..hooks(Faults::default().hooks) });
    let connected = app.connected().await;
    let before = everything(&app, &connected).await;
    become_company(System::PeopleHr, &app.sandbox, 7);
    app.enter_new_key(&connected).await;
    app.hr().clear_logs();
    // It comes before the sync does, and again while the directory fails.
    app.new_job(&app.employee(3), "Astronaut").await;
    app.drain().await;
    app.new_job(&app.employee(5), "Astronaut").await;
    app.pass(Timestamp::MINUTE).await;
    assert!(app.looks().is_empty(), "{:?}", app.looks());
    assert_eq!(everything(&app, &connected).await, before);
    the_question(&app, &connected).await;
}

async fn l_10_it_is_asked_whatever_set_the_sync_off(app: TestApp) {
    for manually in [true, false] {
        let app = app.another(Options::default()).await;
        let connected = app.connected_to(System::BreatheHr).await;
        let before = everything(&app, &connected).await;
        become_company(System::BreatheHr, &app.sandbox, 7);
        if manually {
            app.sync_now(&connected).await.ok();
            app.drain().await;
        } else {
            app.poll().await;
        }
        is_refused(&app, &connected).await;
        the_question(&app, &connected).await;
        assert_eq!(everything(&app, &connected).await, before);
    }
}

async fn l_10_a_company_that_changes_much_is_still_the_same(app: TestApp) {
    let connected = app.connected().await;
    app.hr().set_faults(no_hooks());
    // Another e-mail domain for everybody, and as many new people as there were.
    for (number, id) in app.hr().current_employee_ids().iter().enumerate() {
        let email = Some(format!("person{number}@new.example"));
        app.edit(id, rollcall::sandbox::Edit { email, ..Default::default() }).await;
        app.hire(&person("New", &format!("Name{number}"), &format!("n{number}@new.example"))).await;
    }
    app.poll().await;
    assert_eq!(app.state(&connected).await, "active");
    agrees_with(&app, &connected, System::PeopleHr).await;
}

async fn l_10_fewer_than_five_people_are_no_company_to_compare_with(app: TestApp) {
    let app = app.another(Options { people: Some(4), ..Options::default() }).await;
    let connected = app.connected_to(System::Hrworks).await;
    app.sandbox.hrworks().become_company(7, 30);
    app.poll().await;
    assert_eq!(app.state(&connected).await, "active");
    assert_eq!(app.last_run(&connected).await["state"], "succeeded");
}

async fn l_10_the_preview_shows_it(app: TestApp) {
    for system in System::ALL {
        let app = app.another(Options::default()).await;
        let connected = app.connected_to(system).await;
        become_company(system, &app.sandbox, 7);
        let path = format!("/directories/{}/preview", connected.directory);
        let foretold = app.post(&path, json!({})).await.ok();
        assert_eq!(foretold["ambiguous"][0]["kind"], "other_company", "{foretold:#}");
        for list in ["linked", "created", "deactivated", "held", "row_problems"] {
            assert_eq!(foretold[list], json!([]), "{list}");
        }
        assert_eq!(foretold["counts"]["created"], 0);
        assert_eq!(app.state(&connected).await, "active");
        assert!(app.open_holds(&connected).await.is_empty(), "a preview writes nothing");
    }
}
