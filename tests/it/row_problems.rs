//! Records that cannot be applied: who they cost what, and how they go away (S-07).

use rollcall::clock::Timestamp;
use rollcall::sandbox::{Edit, Hire, Leave, OddAnswer};
use serde_json::{Value, json};

use crate::hr::{INTERVAL, TODAY, YESTERDAY, agrees_with_hr, no_hooks, on, person};
use crate::support::{Connected, Options, TestApp, behaviours};
use crate::systems::System;

behaviours!(
    s_07_a_record_without_any_key_is_one_row_problem,
    s_07_a_record_that_lost_its_key_costs_its_person_nothing,
    s_07_a_list_in_which_nobody_has_a_key_is_malformed,
    s_07_problems_go_away_by_themselves,
    s_07_a_row_problem_says_whether_it_keeps_anything_back,
    s_07_a_strict_directory_applies_nothing_and_says_what_to_correct,
    s_07_a_strict_directory_tells_once_per_episode_and_recovers_by_itself,
    s_07_a_strict_directory_keeps_what_it_has_and_catches_up,
    s_07_a_problem_by_a_hook_is_no_failure_of_a_strict_directory,
    s_07_a_strict_directory_that_is_not_strict_any_more_goes_on,
    s_07_a_preview_foretells_a_strict_run,
    s_07_who_has_left_needs_nothing_but_a_key,
    s_07_damage_in_the_record_of_a_leaver_is_no_problem,
    s_07_access_ends_in_a_strict_directory_that_fails,
);

const ANN: &str = "ann.lee@acme.example";
const BOB: &str = "bob.ray@acme.example";

fn email(email: &str) -> Edit {
    Edit { email: Some(email.to_owned()), ..Edit::default() }
}

/// The problems with this code.
async fn problems(app: &TestApp, connected: &Connected, code: &str) -> Vec<Value> {
    let all = app.row_problems(connected).await;
    all.into_iter().filter(|problem| problem["code"] == code).collect()
}

/// The gateway beside a company with four faulty records, one of them without an employee id.
async fn faulty(app: &TestApp) -> TestApp {
    app.another(Options { problems: 4, ..Options::default() }).await
}

/// Whether the HR system sends `UniqueKey`s, without hooks.
fn unique_keys(app: &TestApp, are_sent: bool) {
    app.hr().set_faults(no_hooks());
    app.faults(|faults| faults.omit_unique_key = !are_sent);
}

async fn s_07_a_record_without_any_key_is_one_row_problem(app: TestApp) {
    let app = faulty(&app).await;
    unique_keys(&app, false);
    let connected = app.connected().await;
    let people = app.hr().people();
    let keyless = people.iter().find(|it| it.employee_id.is_empty()).expect("one without id");
    let listed = problems(&app, &connected, "missing_key").await;
    assert_eq!(listed.len(), 1, "{listed:#?}");
    let name = format!("{} {}", keyless.first_name, keyless.last_name);
    assert_eq!((&listed[0]["name"], &listed[0]["email"]), (&json!(name), &json!(keyless.email)));
    assert_eq!(listed[0]["employee_number"], Value::Null);
    let message = listed[0]["message"].as_str().expect("a message");
    assert!(message.contains("employee id is empty") && message.contains("Enter it"), "{message}");
    assert!(app.account(&connected.organization, &keyless.email).await.is_none());
    // Everybody else is there, and the one is counted as seen.
    let run = app.last_run(&connected).await;
    assert_eq!((&run["state"], &run["counts"]["seen"]), (&json!("succeeded"), &json!(40)));
    assert!(app.accounts(&connected.organization).await.len() > 30);
    // It is the same problem for as long as the record says the same.
    app.poll().await;
    assert_eq!(problems(&app, &connected, "missing_key").await[0]["id"], listed[0]["id"]);
    assert_eq!(
        problems(&app, &connected, "missing_key").await[0]["first_seen_at"],
        listed[0]["first_seen_at"]
    );
    // With a key it flows by itself.
    unique_keys(&app, true);
    app.poll().await;
    assert!(problems(&app, &connected, "missing_key").await.is_empty());
    assert_eq!(app.the_account(&connected, &keyless.email).await["status"], "active");
}

async fn s_07_a_record_that_lost_its_key_costs_its_person_nothing(app: TestApp) {
    let app = faulty(&app).await;
    unique_keys(&app, true);
    let connected = app.connected().await;
    let people = app.hr().people();
    let person = people.iter().find(|it| it.employee_id.is_empty()).expect("one without id");
    let before = app.the_account(&connected, &person.email).await;
    unique_keys(&app, false);
    for _ in 0..3 {
        app.poll().await;
        assert_eq!(app.the_account(&connected, &person.email).await, before);
        assert_eq!(problems(&app, &connected, "missing_key").await.len(), 1);
    }
    unique_keys(&app, true);
    app.poll().await;
    assert_eq!(app.the_account(&connected, &person.email).await, before);
    assert!(problems(&app, &connected, "missing_key").await.is_empty());
}

async fn s_07_a_list_in_which_nobody_has_a_key_is_malformed(app: TestApp) {
    // The only record is the second of the faulty ones.
    let options = Options { people: Some(2), problems: 2, ..Options::default() };
    let app = app.another(options).await;
    unique_keys(&app, true);
    let connected = app.connected().await;
    let accounts = app.accounts(&connected.organization).await;
    unique_keys(&app, false);
    let first = app.employee(0);
    app.hr().delete(&first).await.expect("a deletion");
    app.poll().await;
    assert_eq!(app.last_run(&connected).await["state"], "queued", "it is tried again");
    assert_eq!(app.show(&connected).await["failure"]["class"], "malformed");
    assert_eq!(app.accounts(&connected.organization).await, accounts);
    assert!(problems(&app, &connected, "missing_key").await.is_empty());
}

async fn s_07_problems_go_away_by_themselves(app: TestApp) {
    let mut ids = Vec::new();
    for number in 0..6 {
        let hire = person("Ann", &format!("Lee{number}"), &format!("ann{number}@acme.example"));
        ids.push(app.hire(&hire).await);
    }
    let connected = app.connected().await;
    let others = app.row_problems(&connected).await.len();
    for id in &ids {
        app.edit(id, email(&format!("{id} has no address"))).await;
    }
    let new = app.hire(&person("New", "Comer", "")).await;
    let gone = app.hire(&person("Soon", "Gone", "")).await;
    app.drain().await;
    app.poll().await;
    assert_eq!(app.row_problems(&connected).await.len(), others + 8);
    let leave = Leave { blank_email: true, immediately: true, ..on(TODAY) };
    // By a hook: mended, and a leaver who needs no e-mail.
    app.edit(&ids[0], email("ann0@acme.example")).await;
    app.edit(&new, email("new@acme.example")).await;
    app.leave(&ids[1], &leave).await;
    app.drain().await;
    assert_eq!(app.row_problems(&connected).await.len(), others + 5);
    // By the run: mended, left, deleted.
    app.hr().set_faults(no_hooks());
    app.edit(&ids[2], email("ann2@acme.example")).await;
    app.leave(&ids[3], &leave).await;
    app.hr().delete(&gone).await.expect("a deletion");
    app.poll().await;
    assert_eq!(app.row_problems(&connected).await.len(), others + 2);
    // A run that fails mends nothing.
    app.edit(&ids[4], email("ann4@acme.example")).await;
    app.hr_answers(Some(OddAnswer::TruncatedJson));
    app.poll().await;
    assert_eq!(app.row_problems(&connected).await.len(), others + 2);
    app.hr_answers(None);
    app.poll().await;
    assert_eq!(app.row_problems(&connected).await.len(), others + 1);
    app.edit(&ids[5], email("ann5@acme.example")).await;
    app.poll().await;
    assert_eq!(app.row_problems(&connected).await.len(), others);
}

async fn s_07_a_row_problem_says_whether_it_keeps_anything_back(app: TestApp) {
    app.hire(&person("Ann", "Lee", "")).await;
    let connected = app.connected().await;
    let listed = app.row_problems(&connected).await;
    assert_eq!(listed.len(), 1, "{listed:#?}");
    assert_eq!(
        (&listed[0]["code"], &listed[0]["severity"]),
        (&json!("missing_email"), &json!("problem"))
    );
    let counts = app.show(&connected).await["counts"].clone();
    assert_eq!((&counts["row_problems"], &counts["warnings"]), (&json!(1), &json!(0)));
    // A warning is counted apart, and a person can have both.
    app.raw().run(
        "INSERT INTO row_problems (id, organization_id, directory_id, external_key, \
         employee_number, name, email, code, severity, detail, observation_seq, \
         first_seen_at_ms, updated_at_ms) \
         SELECT 'row_problem_x', organization_id, directory_id, external_key, employee_number, \
         name, email, 'unknown_status', 'warning', 'Ex employee', observation_seq, \
         first_seen_at_ms, updated_at_ms FROM row_problems",
    );
    let listed = app.row_problems(&connected).await;
    let warning = listed.iter().find(|it| it["severity"] == "warning").expect("a warning");
    let message = warning["message"].as_str().expect("a message");
    assert!(message.contains("“Ex employee”"), "{message}");
    let counts = app.show(&connected).await["counts"].clone();
    assert_eq!((&counts["row_problems"], &counts["warnings"]), (&json!(1), &json!(1)));
    // What a run does not find any more goes away, whatever it was.
    app.poll().await;
    assert_eq!(problems(&app, &connected, "unknown_status").await, Vec::<Value>::new());
    assert_eq!(problems(&app, &connected, "missing_email").await.len(), 1);
}

async fn set_strict(app: &TestApp, connected: &Connected, strict: bool) {
    let path = format!("/directories/{}", connected.directory);
    app.patch(&path, json!({"strict": strict})).await.ok();
}

/// A strict directory before "Complete set-up".
async fn strict(app: &TestApp) -> Connected {
    let admins = ["ann@customer.example", "bob@customer.example"];
    let organization = app.organization("Customer Ltd", &admins).await;
    let connected = app.prepared(&organization).await;
    set_strict(app, &connected, true).await;
    connected
}

async fn complete(app: &TestApp, connected: &Connected) {
    let path = format!("/directories/{}/complete_setup", connected.directory);
    app.post(&path, json!({})).await.ok();
    app.drain().await;
}

async fn s_07_a_strict_directory_applies_nothing_and_says_what_to_correct(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", "")).await;
    app.hire(&person("Bob", "Ray", "bob at acme")).await;
    let connected = strict(&app).await;
    complete(&app, &connected).await;
    assert_eq!(app.accounts(&connected.organization).await, Vec::<Value>::new());
    assert!(app.events("").await.is_empty(), "not even that it is activated");
    let listed = app.row_problems(&connected).await;
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().any(|it| it["name"] == "Ann Lee" && it["code"] == "missing_email"));
    let run = app.last_run(&connected).await;
    assert_eq!(run["state"], "failed");
    assert_eq!(run["error"]["class"], "malformed");
    assert_eq!(run["error"]["message"], "2 records have to be corrected; nothing was applied");
    assert_eq!((&run["counts"]["row_problems"], &run["counts"]["created"]), (&json!(2), &json!(0)));
    let shown = app.show(&connected).await;
    assert_eq!((&shown["state"], &shown["counts"]["row_problems"]), (&json!("failing"), &json!(2)));
    let message = shown["failure"]["message"].as_str().expect("a message");
    assert!(message.starts_with("2 records have to be corrected in People HR"), "{message}");

    let mails = app.mail.mails();
    assert_eq!(mails.len(), 2, "at once, to every admin");
    let subject = "Customer Ltd: 2 records have to be corrected in People HR";
    for mail in &mails {
        assert_eq!(mail.subject(), subject);
        let text = mail.text();
        assert!(text.contains("the list of records to correct"), "{text}");
        for name in ["Lee", "Ray", ANN, "bob at acme", &id] {
            assert!(!text.contains(name), "{name} in {text}");
        }
    }
    assert_eq!(app.notices(&connected).await[0]["kind"], "sync_failed");
}

async fn s_07_a_strict_directory_tells_once_per_episode_and_recovers_by_itself(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", "")).await;
    let connected = strict(&app).await;
    complete(&app, &connected).await;
    let lists = app.lists();
    app.pass(INTERVAL).await;
    app.hire(&person("Bob", "Ray", "")).await;
    app.pass(3 * INTERVAL).await;
    assert_eq!(app.lists(), lists + 4, "one attempt per interval");
    assert_eq!((app.mail.mails().len(), app.notices(&connected).await.len()), (2, 1));
    assert_eq!(app.row_problems(&connected).await.len(), 2);
    let shown = app.show(&connected).await["failure"]["message"].clone();
    assert!(shown.as_str().expect("a message").starts_with("2 records"), "{shown}");
    // Another cause is another notice.
    app.hr_answers(Some(OddAnswer::Suspended));
    app.pass(INTERVAL).await;
    assert_eq!(app.notices(&connected).await.len(), 2);
    app.hr_answers(None);
    app.pass(INTERVAL).await;
    assert_eq!(app.notices(&connected).await.len(), 2, "the first cause was told already");
    // HR mends it.
    app.edit(&id, email(ANN)).await;
    let bob = app.hr().people().pop().expect("Bob").employee_id;
    app.edit(&bob, email(BOB)).await;
    app.pass(INTERVAL).await;
    assert_eq!(app.state(&connected).await, "active");
    assert!(app.row_problems(&connected).await.is_empty());
    assert_eq!(app.show(&connected).await["failure"], Value::Null);
    let kinds: Vec<Value> =
        app.notices(&connected).await.iter().map(|notice| notice["kind"].clone()).collect();
    assert_eq!(kinds, ["sync_failed", "sync_failed", "sync_recovered"]);
    agrees_with_hr(&app, &connected).await;
    assert_eq!(app.events("dsync.activated").await.len(), 1);
    // A second episode is told again.
    app.hr().set_faults(no_hooks());
    app.edit(&id, email("")).await;
    app.pass(INTERVAL).await;
    assert_eq!(app.notices(&connected).await.len(), 4);
}

async fn s_07_a_strict_directory_keeps_what_it_has_and_catches_up(app: TestApp) {
    let ann = app.hire(&person("Ann", "Lee", ANN)).await;
    let bob = app.hire(&person("Bob", "Ray", BOB)).await;
    let connected = strict(&app).await;
    app.complete(&connected).await;
    let accounts = app.accounts(&connected.organization).await;
    let events = app.events("").await;
    app.hr().set_faults(no_hooks());
    app.edit(&ann, email("ann at acme")).await;
    app.new_job_quietly(&bob, "Astronaut").await;
    app.hr().set_faults(no_hooks());
    app.hire(&Hire { department: Some("Space".to_owned()), ..person("Cy", "May", "c@c.example") })
        .await;
    app.poll().await;
    assert_eq!(app.state(&connected).await, "failing");
    assert_eq!(app.accounts(&connected.organization).await, accounts, "not one change");
    assert_eq!(app.events("").await, events);
    // Webhooks of that time are kept, and are settled by the run that succeeds.
    app.hr().set_faults(crate::hr::hooks(rollcall::sandbox::HookFaults::default()));
    app.new_job(&bob, "Cosmonaut").await;
    app.drain().await;
    assert_eq!(app.accounts(&connected.organization).await, accounts);
    app.edit(&ann, email(ANN)).await;
    app.poll().await;
    assert_eq!(app.state(&connected).await, "active");
    assert_eq!(app.the_account(&connected, BOB).await["position"], "Cosmonaut");
    agrees_with_hr(&app, &connected).await;
}

async fn s_07_a_problem_by_a_hook_is_no_failure_of_a_strict_directory(app: TestApp) {
    let ann = app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = strict(&app).await;
    app.complete(&connected).await;
    app.edit(&ann, email("ann at acme")).await;
    app.hire(&person("Bob", "Ray", "")).await;
    app.drain().await;
    assert_eq!(app.row_problems(&connected).await.len(), 2);
    assert_eq!(app.state(&connected).await, "active");
    assert!(app.notices(&connected).await.is_empty());
    // Others go on by hook, until the run.
    app.new_job(&app.employee(2), "Astronaut").await;
    app.drain().await;
    assert_eq!(app.job_of(&connected, &app.employee(2)).await, "Astronaut");
    let first_seen = app.row_problems(&connected).await[0]["first_seen_at"].clone();
    app.poll().await;
    assert_eq!(app.state(&connected).await, "failing");
    assert_eq!(app.row_problems(&connected).await[0]["first_seen_at"], first_seen);
}

async fn s_07_a_strict_directory_that_is_not_strict_any_more_goes_on(app: TestApp) {
    app.hire(&person("Ann", "Lee", "")).await;
    let connected = strict(&app).await;
    complete(&app, &connected).await;
    assert_eq!(app.state(&connected).await, "failing");
    set_strict(&app, &connected, false).await;
    app.clock.advance(Timestamp::MINUTE);
    app.sync_now(&connected).await.ok();
    app.drain().await;
    assert_eq!(app.state(&connected).await, "active");
    assert_eq!(app.row_problems(&connected).await.len(), 1);
    agrees_with_hr(&app, &connected).await;
}

async fn s_07_a_preview_foretells_a_strict_run(app: TestApp) {
    let app = faulty(&app).await;
    app.hire(&person("Ann", "Lee", "")).await;
    let connected = strict(&app).await;
    let accounts = format!("/organizations/{}/accounts", connected.organization);
    app.post(&accounts, json!({"email": ANN})).await.ok();
    let path = format!("/directories/{}/preview", connected.directory);
    let foretold = app.post(&path, json!({})).await.ok();
    for list in ["linked", "created", "ambiguous"] {
        assert_eq!(foretold[list], json!([]), "{list}");
    }
    assert_eq!(foretold["accounts_not_in_hr"].as_array().expect("a list").len(), 1);
    complete(&app, &connected).await;
    assert_eq!(app.last_run(&connected).await["counts"], foretold["counts"]);
    let keys = |list: &[Value]| {
        let mut keys: Vec<String> = list.iter().map(|it| it["external_key"].to_string()).collect();
        keys.sort();
        keys
    };
    let listed = app.row_problems(&connected).await;
    assert_eq!(keys(foretold["row_problems"].as_array().expect("a list")), keys(&listed));
    assert!(listed.iter().any(|it| it["name"] == "Ann Lee"));
}

/// A strict directory of an HR system, in step.
async fn strict_at(app: &TestApp, system: System) -> Connected {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let mut connected = app.directory_of(&organization, system).await;
    set_strict(app, &connected, true).await;
    app.set_up(&mut connected, system).await;
    app.hr().set_faults(no_hooks());
    connected
}

/// Somebody has left, and HRworks' admin has seen to it.
async fn left(app: &TestApp, system: System, who: &str) {
    system.leave(&app.sandbox, who, &on(YESTERDAY)).await;
    if system == System::Hrworks {
        app.sandbox.hrworks().set_gone(who, true).expect("a person");
    }
}

async fn s_07_who_has_left_needs_nothing_but_a_key(app: TestApp) {
    for system in System::ALL {
        let mut people = Vec::new();
        for (index, junk) in ["n/a", "LEFT", "", "left the company"].iter().enumerate() {
            let hire =
                person("Old", &format!("Leaver{index}"), &format!("old{index}@acme.example"));
            people.push((system.hire(&app.sandbox, &hire).await, *junk));
        }
        // One whom we see for the first time when there is nothing of them any more.
        let unknown = system.hire(&app.sandbox, &person("\u{200b}", "\u{2800}", "none")).await;
        left(&app, system, &unknown).await;
        let connected = strict_at(&app, system).await;
        for (who, junk) in &people {
            left(&app, system, who).await;
            let erased = Edit {
                email: Some((*junk).to_owned()),
                first_name: Some("\u{200b}".to_owned()),
                last_name: Some("\u{200b}".to_owned()),
                ..Edit::default()
            };
            system.edit(&app.sandbox, who, &erased).await;
        }
        for _ in 0..2 {
            app.pass(INTERVAL).await;
            let found = app.row_problems(&connected).await;
            assert!(found.is_empty(), "{system:?} {found:#?}");
            assert_eq!(app.state(&connected).await, "active", "{system:?}");
            for index in 0..people.len() {
                let email = format!("old{index}@acme.example");
                let account = app.the_account(&connected, &email).await;
                let last_name = format!("Leaver{index}");
                let shown = (&account["status"], &account["last_name"]);
                assert_eq!(shown, (&json!("inactive"), &json!(last_name)), "{system:?}");
            }
        }
    }
}

async fn s_07_damage_in_the_record_of_a_leaver_is_no_problem(app: TestApp) {
    for system in System::ALL {
        let email = |index: usize| format!("old{index}@acme.example");
        let mut people = Vec::new();
        for index in 0..5 {
            let last = format!("Leaver{index}");
            people.push(system.hire(&app.sandbox, &person("Old", &last, &email(index))).await);
        }
        // One whom we see for the first time when the record is damaged.
        let unknown = person("M\u{fffd}ller", "Old", "un\u{fffd}@acme.example");
        let unknown = system.hire(&app.sandbox, &unknown).await;
        left(&app, system, &unknown).await;
        let connected = strict_at(&app, system).await;
        let damaged = || Some("S\u{fffd}les".to_owned());
        let damage = [
            Edit { first_name: damaged(), ..Edit::default() },
            Edit { last_name: damaged(), ..Edit::default() },
            Edit { email: Some("o\u{fffd}@acme.example".to_owned()), ..Edit::default() },
            Edit { department: damaged(), ..Edit::default() },
            Edit { job_role: damaged(), ..Edit::default() },
        ];
        for (who, edit) in people.iter().zip(&damage) {
            left(&app, system, who).await;
            system.edit(&app.sandbox, who, edit).await;
        }
        for _ in 0..2 {
            app.pass(INTERVAL).await;
            let found = app.row_problems(&connected).await;
            assert!(found.is_empty(), "{system:?} {found:#?}");
            assert_eq!(app.state(&connected).await, "active", "{system:?}");
            for index in 0..people.len() {
                let account = app.the_account(&connected, &email(index)).await;
                let last_name = format!("Leaver{index}");
                let shown = (&account["status"], &account["last_name"]);
                assert_eq!(shown, (&json!("inactive"), &json!(last_name)), "{system:?}");
            }
        }
        app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    }
}

async fn s_07_access_ends_in_a_strict_directory_that_fails(app: TestApp) {
    for system in System::ALL {
        let ann = system.hire(&app.sandbox, &person("Ann", "Lee", ANN)).await;
        let bob = system.hire(&app.sandbox, &person("Bob", "Ray", BOB)).await;
        let cy = system.hire(&app.sandbox, &person("Cy", "May", "cy@acme.example")).await;
        let connected = strict_at(&app, system).await;
        system.edit(&app.sandbox, &bob, &email("bob at acme")).await;
        system.new_job(&app.sandbox, &cy, "Astronaut").await;
        left(&app, system, &ann).await;
        let job = app.the_account(&connected, "cy@acme.example").await["position"].clone();
        app.pass(INTERVAL).await;
        assert_eq!(app.state(&connected).await, "failing", "{system:?}");
        assert_eq!(app.the_account(&connected, ANN).await["status"], "inactive", "{system:?}");
        assert_eq!(app.the_account(&connected, BOB).await["status"], "active", "{system:?}");
        let cys = app.the_account(&connected, "cy@acme.example").await;
        assert_eq!(cys["position"], job, "{system:?}: nothing else is applied");
        assert_eq!(problems(&app, &connected, "invalid_email").await.len(), 1, "{system:?}");
        assert_eq!(app.last_run(&connected).await["counts"]["deactivated"], 1, "{system:?}");
        // Mended, everything arrives.
        system.edit(&app.sandbox, &bob, &email(BOB)).await;
        app.pass(INTERVAL).await;
        assert_eq!(app.state(&connected).await, "active", "{system:?}");
        let cys = app.the_account(&connected, "cy@acme.example").await;
        assert_eq!(cys["position"], "Astronaut", "{system:?}");
    }
}
