//! People who hand their e-mails on to each other (S-24).

use rollcall::clock::SeededRandom;
use rollcall::sandbox::Edit;
use serde_json::{Value, json};

use crate::hr::{agrees_with_hr, below, hooks, no_hooks, person};
use crate::support::{Connected, Options, TestApp, behaviours};

behaviours!(
    s_24_two_people_who_swap_e_mails_in_one_run_both_get_theirs,
    s_24_e_mails_go_round_a_circle,
    s_24_a_chain_longer_than_a_batch_needs_no_hold_whatever_its_order,
    s_24_a_circle_longer_than_a_batch_waits_and_the_rest_is_applied,
    s_24_a_circle_with_a_faulty_record_waits_until_hr_mends_it,
    s_24_a_swap_that_came_by_hooks_is_settled_by_the_next_run,
    s_24_a_swap_with_an_account_of_nobody_waits,
    s_24_case_alone_makes_neither_duplicates_nor_events,
    s_24_any_reshuffle_of_e_mails_ends_as_hr_has_it_and_as_foretold,
);

fn email(email: &str) -> Edit {
    Edit { email: Some(email.to_owned()), ..Edit::default() }
}

/// Gives these people these e-mails in HR, where no two may have one at any time, without a hook.
async fn hand_out(app: &TestApp, people: &[String], emails: &[String]) {
    app.hr().set_faults(no_hooks());
    for (number, id) in people.iter().enumerate() {
        app.edit(id, email(&format!("on.the.way{number}@acme.example"))).await;
    }
    for (id, address) in people.iter().zip(emails) {
        app.edit(id, email(address)).await;
    }
    app.hr().set_faults(hooks(rollcall::sandbox::HookFaults::default()));
}

/// Employed people with an e-mail, and their e-mails.
fn employed(app: &TestApp, count: usize) -> (Vec<String>, Vec<String>) {
    let people = app.hr().people().into_iter();
    people
        .filter(|it| it.leaving_date.is_none() && !it.email.is_empty())
        .take(count)
        .map(|it| (it.employee_id, it.email))
        .unzip()
}

/// The account ids of these e-mails.
async fn accounts_of(app: &TestApp, connected: &Connected, emails: &[String]) -> Vec<Value> {
    let mut ids = Vec::new();
    for email in emails {
        ids.push(app.the_account(connected, email).await["id"].clone());
    }
    ids
}

/// The e-mails of everybody, each taken from the next, the last from the first.
fn turned(emails: &[String]) -> Vec<String> {
    emails.iter().cycle().skip(1).take(emails.len()).cloned().collect()
}

fn number_of(app: &TestApp, sql: &str) -> String {
    app.raw().values(sql).remove(0)
}

/// Asserts that no hold was ever opened.
async fn never_held(app: &TestApp, connected: &Connected) {
    let holds = app.all(&format!("/directories/{}/holds", connected.directory)).await;
    assert_eq!(holds, Vec::<Value>::new());
    assert!(app.events("rollcall.hold.opened").await.is_empty());
    let parked = "SELECT CAST(COUNT(*) AS TEXT) AS value FROM accounts WHERE email_norm IS NULL";
    assert_eq!(number_of(app, parked), "0", "nobody is left without an e-mail");
}

/// Turns the e-mails of `count` people round and asserts that each account has the next one's, with
/// one event and one version each.
async fn goes_round(app: &TestApp, connected: &Connected, count: usize) {
    let (people, emails) = employed(app, count);
    let before = accounts_of(app, connected, &emails).await;
    let versions = async |emails: &[String]| {
        let mut all = Vec::new();
        for email in emails {
            all.push(app.the_account(connected, email).await["version"].as_i64().unwrap());
        }
        all
    };
    let was = versions(&emails).await;
    let told = app.events("").await.len();
    hand_out(app, &people, &turned(&emails)).await;
    app.poll().await;
    assert_eq!(accounts_of(app, connected, &turned(&emails)).await, before);
    let now = versions(&turned(&emails)).await;
    assert_eq!(now, was.iter().map(|it| it + 1).collect::<Vec<_>>());
    let events = app.events("").await.split_off(told);
    assert_eq!(events.len(), count, "{events:#?}");
    for event in &events {
        assert_eq!(event["event"], "dsync.user.updated");
        let data = &event["data"];
        let place = turned(&emails).iter().position(|it| data["email"] == it.as_str()).unwrap();
        assert_eq!(data["previous_attributes"]["email"], emails[place]);
        assert_eq!(data["account_id"], before[place]);
    }
    assert_eq!(app.last_run(connected).await["counts"]["updated"], count);
    never_held(app, connected).await;
    agrees_with_hr(app, connected).await;
    app.poll().await;
    assert_eq!(app.events("").await.len(), told + count, "a quiet run tells nothing");
}

async fn s_24_two_people_who_swap_e_mails_in_one_run_both_get_theirs(app: TestApp) {
    let connected = app.connected().await;
    goes_round(&app, &connected, 2).await;
}

async fn s_24_e_mails_go_round_a_circle(app: TestApp) {
    let connected = app.connected().await;
    goes_round(&app, &connected, 3).await;
    goes_round(&app, &connected, 17).await;
}

/// A gateway beside a company of more people than two batches.
async fn large(app: &TestApp) -> TestApp {
    app.another(Options { people: Some(480), ..Options::default() }).await
}

async fn s_24_a_chain_longer_than_a_batch_needs_no_hold_whatever_its_order(app: TestApp) {
    let app = large(&app).await;
    let connected = app.connected().await;
    let (people, emails) = employed(&app, 420);
    let before = accounts_of(&app, &connected, &emails).await;
    // Everybody takes the e-mail of the next in the list; the last has a new one, and the first
    // one's goes to a newcomer.
    let mut wanted = turned(&emails);
    "brand.new@acme.example".clone_into(wanted.last_mut().unwrap());
    hand_out(&app, &people, &wanted).await;
    app.hr().set_faults(no_hooks());
    app.hire(&person("Ann", "Newcomer", &emails[0])).await;
    app.poll().await;
    assert_eq!(accounts_of(&app, &connected, &wanted).await, before);
    assert_eq!(app.the_account(&connected, &emails[0]).await["last_name"], "Newcomer");
    never_held(&app, &connected).await;
    agrees_with_hr(&app, &connected).await;
    // The other way round, and a circle that ends where batches would meet.
    let back: Vec<String> =
        ["newest@acme.example".to_owned()].into_iter().chain(wanted).take(people.len()).collect();
    hand_out(&app, &people, &back).await;
    app.poll().await;
    assert_eq!(accounts_of(&app, &connected, &back).await, before);
    let mut round = back.clone();
    round[150..349].rotate_left(1);
    hand_out(&app, &people, &round).await;
    app.poll().await;
    assert_eq!(accounts_of(&app, &connected, &round).await, before);
    never_held(&app, &connected).await;
    agrees_with_hr(&app, &connected).await;
}

async fn s_24_a_circle_longer_than_a_batch_waits_and_the_rest_is_applied(app: TestApp) {
    let app = large(&app).await;
    let connected = app.connected().await;
    let (people, emails) = employed(&app, 201);
    let before = accounts_of(&app, &connected, &emails).await;
    hand_out(&app, &people, &turned(&emails)).await;
    app.new_job_quietly(&people[7], "Astronaut").await;
    app.poll().await;
    assert_eq!(accounts_of(&app, &connected, &emails).await, before);
    assert_eq!(app.the_account(&connected, &emails[7]).await["position"], "Astronaut");
    let holds = app.open_holds(&connected).await;
    assert_eq!(holds.len(), 201);
    assert!(holds.iter().all(|hold| hold["kind"] == "email_change"));
    // One less, and it can be done.
    hand_out(&app, &people[..1], &["out.of.it@acme.example".to_owned()]).await;
    app.poll().await;
    assert!(app.open_holds(&connected).await.is_empty());
    agrees_with_hr(&app, &connected).await;
}

async fn s_24_a_circle_with_a_faulty_record_waits_until_hr_mends_it(app: TestApp) {
    let connected = app.connected().await;
    let (people, emails) = employed(&app, 3);
    let before = app.accounts(&connected.organization).await;
    hand_out(&app, &people, &turned(&emails)).await;
    app.hr().set_faults(no_hooks());
    let last_name = app.hr().person(&people[1]).unwrap().last_name;
    let nameless = Edit { last_name: Some("\u{7}".to_owned()), ..Edit::default() };
    app.edit(&people[1], nameless).await;
    app.poll().await;
    assert_eq!(app.accounts(&connected.organization).await, before, "nobody gave anything up");
    let holds = app.open_holds(&connected).await;
    assert_eq!(holds.len(), 2, "{holds:#?}");
    assert!(holds.iter().all(|hold| hold["kind"] == "email_change"));
    let mended = Edit { last_name: Some(last_name), ..Edit::default() };
    app.edit(&people[1], mended).await;
    app.poll().await;
    assert!(app.open_holds(&connected).await.is_empty());
    assert!(app.row_problems(&connected).await.iter().all(|it| it["code"] != "missing_last_name"));
    agrees_with_hr(&app, &connected).await;
}

async fn s_24_a_swap_that_came_by_hooks_is_settled_by_the_next_run(app: TestApp) {
    let connected = app.connected().await;
    let (people, emails) = employed(&app, 2);
    let before = accounts_of(&app, &connected, &emails).await;
    // With a blank it is another address for the HR system, and not for us.
    app.edit(&people[0], email(&format!("{} ", emails[1]))).await;
    app.drain().await;
    app.edit(&people[1], email(&emails[0])).await;
    app.drain().await;
    assert_eq!(app.open_holds(&connected).await.len(), 2);
    app.poll().await;
    assert_eq!(accounts_of(&app, &connected, &turned(&emails)).await, before);
    assert!(app.open_holds(&connected).await.is_empty());
    agrees_with_hr(&app, &connected).await;
}

async fn s_24_a_swap_with_an_account_of_nobody_waits(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", "ann.lee@acme.example")).await;
    let connected = app.joined(&[json!({"email": "taken@acme.example"})]).await;
    let (mut people, mut emails) = employed(&app, 2);
    people.push(id);
    emails.push("ann.lee@acme.example".to_owned());
    let wanted = [emails[1].clone(), emails[2].clone(), "taken@acme.example".to_owned()];
    let before = app.accounts(&connected.organization).await;
    hand_out(&app, &people, &wanted).await;
    app.poll().await;
    assert_eq!(app.accounts(&connected.organization).await, before);
    assert_eq!(app.open_holds(&connected).await.len(), 3);
}

async fn s_24_case_alone_makes_neither_duplicates_nor_events(app: TestApp) {
    let connected = app.connected().await;
    let (people, emails) = employed(&app, 4);
    let before = app.accounts(&connected.organization).await;
    let told = app.events("").await.len();
    // By a hook, and by a run.
    app.edit(&people[0], email(&emails[0].to_uppercase())).await;
    app.drain().await;
    let loud: Vec<String> = emails.iter().map(|it| it.to_uppercase()).collect();
    hand_out(&app, &people[1..], &loud[1..]).await;
    app.poll().await;
    app.poll().await;
    assert_eq!(app.events("").await.len(), told);
    assert_eq!(app.accounts(&connected.organization).await, before);
    never_held(&app, &connected).await;
    agrees_with_hr(&app, &connected).await;
    // A swap in another case is a swap.
    let ids = accounts_of(&app, &connected, &emails).await;
    let quiet = turned(&emails).iter().map(|it| it.to_lowercase()).collect::<Vec<_>>();
    hand_out(&app, &people, &quiet).await;
    app.poll().await;
    assert_eq!(accounts_of(&app, &connected, &quiet).await, ids);
    assert_eq!(app.events("").await.len(), told + 4);
    never_held(&app, &connected).await;
}

async fn s_24_any_reshuffle_of_e_mails_ends_as_hr_has_it_and_as_foretold(app: TestApp) {
    let connected = app.connected().await;
    let (people, start) = employed(&app, 14);
    let ids = accounts_of(&app, &connected, &start).await;
    let random = SeededRandom::new(24);
    let below = |bound: usize| below(&random, bound);
    let mut emails = start;
    for round in 0..8 {
        // Some exchanges, some new addresses; sometimes somebody new gets one that became free.
        for _ in 0..below(12) {
            emails.swap(below(14), below(14));
        }
        let mut freed = Vec::new();
        for number in 0..below(3) {
            let fresh = format!("fresh{round}.{number}@acme.example");
            freed.push(std::mem::replace(&mut emails[below(14)], fresh));
        }
        hand_out(&app, &people, &emails).await;
        app.hr().set_faults(no_hooks());
        for (number, address) in freed.iter().filter(|it| !emails.contains(it)).enumerate() {
            app.hire(&person("New", &format!("Comer{round}x{number}"), address)).await;
        }
        let path = format!("/directories/{}/preview", connected.directory);
        let foretold = app.post(&path, json!({})).await.ok();
        assert_eq!(foretold["ambiguous"], json!([]));
        app.sync_now(&connected).await.ok();
        app.drain().await;
        assert_eq!(app.last_run(&connected).await["counts"], foretold["counts"], "{round}");
        assert_eq!(accounts_of(&app, &connected, &emails).await, ids, "{round}");
        never_held(&app, &connected).await;
        agrees_with_hr(&app, &connected).await;
    }
}
