//! Who did what: each action is written down with the one who took it, and nothing else is.

use rollcall::clock::{Clock as _, Timestamp};
use rollcall::db::{Lane, actions};
use rollcall::limits;
use rollcall::sandbox::Action;
use rollcall::tasks;
use serde_json::{Value, json};

use crate::browser::{Browser, fields, link, path_of};
use crate::hr::{no_hooks, person};
use crate::support::{Connected, TestApp, behaviours};
use crate::systems::System;

behaviours!(
    a_connection_s_life_on_the_portal_is_told_step_by_step,
    a_named_admin_is_told_of_by_name_and_then_as_a_former_admin,
    what_the_application_does_names_its_key,
    on_the_other_surface_the_same_is_written_down,
    a_key_that_is_refused_is_written_down_with_the_reason,
    a_key_of_another_company_is_written_down_as_that,
    a_decision_names_who_decided_and_about_how_many,
    what_is_refused_for_another_reason_is_not_written_down,
    the_list_is_paged_and_what_is_too_old_is_forgotten,
);

/// What was done in an organization, the oldest first.
async fn actions_of(app: &TestApp, organization: &str) -> Vec<Value> {
    app.all(&format!("/organizations/{organization}/actions")).await
}

fn kinds(actions: &[Value]) -> Vec<&str> {
    actions.iter().map(|action| action["action"]["kind"].as_str().unwrap()).collect()
}

async fn last(app: &TestApp, organization: &str) -> Value {
    actions_of(app, organization).await.last().expect("an action").clone()
}

/// What a connection's life is made of.
const A_LIFE: [&str; 10] = [
    "admin_added",
    "portal_link_made",
    "portal_entered",
    "directory_created",
    "key_refused",
    "key_entered",
    "key_replaced",
    "setup_completed",
    "sync_requested",
    "directory_disabled",
];

async fn a_connection_s_life_on_the_portal_is_told_step_by_step(app: TestApp) {
    for system in System::ALL {
        let hr = system.title();
        let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
        let mut browser = Browser::visit(&app, &organization).await;
        browser.submit("/portal/directories", &[("provider", system.provider())]).await;
        let at = browser.page.path.clone();
        let unknown = system.unknown_key();
        let (first, _) = system.key(&app.sandbox);
        let (second, _) = system.key(&app.sandbox);
        for credential in [&unknown, &first, &second] {
            let entered = fields(credential);
            let entered: Vec<(&str, &str)> =
                entered.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            browser.submit(&format!("{at}/key"), &entered).await;
            browser.open(&at).await;
        }
        browser.submit(&format!("{at}/complete"), &[]).await;
        app.drain().await;
        app.clock.advance(1);
        browser.open(&at).await;
        browser.submit(&format!("{at}/sync"), &[]).await;
        app.drain().await;
        browser
            .open(&at)
            .await
            .says(&format!("Somebody on the portal completed the set-up of {hr}."));
        browser.open(&format!("{at}/disable")).await;
        browser.submit(&format!("{at}/disable"), &[("sure", "yes")]).await;

        let done = actions_of(&app, &organization).await;
        assert_eq!(kinds(&done), A_LIFE);
        let visits: Vec<&Value> = done[2..].iter().map(|one| &one["actor"]).collect();
        assert!(visits.iter().all(|actor| *actor == visits[0]), "{visits:?}");
        assert_eq!(visits[0]["kind"], "portal_session");
        let directory = at.rsplit('/').next().unwrap();
        assert!(done[3..].iter().all(|one| one["directory_id"] == directory));
        assert_eq!(
            done[4]["action"],
            json!({"kind": "key_refused", "reason": "not_accepted",
            "permissions": []})
        );
        let text = Value::from(done).to_string();
        for (_, secret) in [unknown, first, second].iter().flat_map(fields) {
            assert!(!text.contains(&secret), "a key is written down");
        }

        let page = browser.open("/portal/actions").await.clone();
        for sentence in [
            "Somebody on the portal opened these pages with a link.".to_owned(),
            format!("Somebody on the portal entered an API key of {hr}. {hr} did not accept it."),
            format!("Somebody on the portal entered an API key of {hr}. It was accepted."),
            format!("Somebody on the portal entered a new API key of {hr}. It was accepted."),
            format!("Somebody on the portal started a full sync of {hr}."),
            format!("Somebody on the portal disabled the connection to {hr}."),
        ] {
            page.says(&sentence);
        }
    }
}

async fn a_named_admin_is_told_of_by_name_and_then_as_a_former_admin(app: TestApp) {
    let organization = app.organization("Customer Ltd", &[]).await;
    let admins = format!("/organizations/{organization}/admins");
    let ann = json!({"email": "ann@customer.example", "name": "Ann Example"});
    let ann = app.post(&admins, ann).await.ok()["id"].as_str().unwrap().to_owned();
    let connected = app.prepared(&organization).await;
    app.complete(&connected).await;
    let at = format!("/portal/directories/{}", connected.directory);
    let mut browser = Browser::new(&app);
    browser.post(&format!("{at}/sign_in"), &[("email", "ann@customer.example")]).await;
    app.drain().await;
    let mail = app.mail.mails().last().expect("a mail").text();
    let link = mail.split_whitespace().find(|word| word.contains("/portal/enter/")).unwrap();
    browser.enter(link).await;
    browser.submit(&format!("{at}/sync"), &[]).await;
    browser.open("/portal/actions").await.says("Ann Example started a full sync of People HR.");
    browser.page.says("Rollcall sent Ann Example a link to these pages by mail.");
    browser.page.says("Ann Example opened these pages with a link.");
    browser.open("/portal").await;
    let bob = [("name", "Bob Example"), ("email", "bob@customer.example")];
    browser.submit("/portal/admins", &bob).await;
    browser.open("/portal/actions").await.says("Ann Example added Bob Example to those who get");
    let done = last(&app, &organization).await;
    assert_eq!(done["actor"], json!({"kind": "admin", "id": ann}));

    // Her name is nowhere in the record, and goes with her.
    app.delete(&format!("{admins}/{ann}")).await;
    let mut browser = Browser::visit(&app, &organization).await;
    browser.open("/portal/actions").await.says("A former admin started a full sync of People HR.");
    browser.page.says("The application removed a former admin from those who get messages.");
    browser.page.is_silent_about("Ann");
    assert_eq!(actions_of(&app, &organization).await.len(), 11);
    let stored = app.raw().values("SELECT actor || ' ' || action AS value FROM actions");
    assert!(!stored.is_empty() && stored.iter().all(|row| !row.contains("Example")), "{stored:?}");
}

async fn what_the_application_does_names_its_key(app: TestApp) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let at = format!("/organizations/{organization}");
    let connected = app.prepared(&organization).await;
    app.complete(&connected).await;
    let directory = format!("/directories/{}", connected.directory);
    app.sync_now(&connected).await.ok();
    app.drain().await;
    app.enter_new_key(&connected).await;
    app.patch(&directory, json!({"poll_seconds": 3600, "strict": true})).await.ok();
    // What is not changed by it is no action.
    app.patch(&directory, json!({"strict": true})).await.ok();
    app.patch(&at, json!({"allowed_providers": ["hrworks", "people_hr"]})).await.ok();
    app.patch(&at, json!({"allowed_providers": ["people_hr", "hrworks"]})).await.ok();
    app.patch(&at, json!({"time_zone": "Europe/Berlin", "metadata": {"plan": "big"}})).await.ok();
    link(&app, &organization).await;
    let bob = json!({"email": "bob@customer.example", "name": "Bob"});
    let bob = app.post(&format!("{at}/admins"), bob).await.ok();
    app.delete(&format!("{at}/admins/{}", bob["id"].as_str().unwrap())).await;
    app.post(&format!("{directory}/disable"), json!({})).await.ok();

    let done = actions_of(&app, &organization).await;
    let expected = [
        "admin_added",
        "directory_created",
        "key_entered",
        "setup_completed",
        "sync_requested",
        "key_replaced",
        "directory_changed",
        "organization_changed",
        "organization_changed",
        "portal_link_made",
        "admin_added",
        "admin_removed",
        "directory_disabled",
    ];
    assert_eq!(kinds(&done), expected);
    let keys = app.raw().values("SELECT id AS value FROM api_keys WHERE name = 'tests'");
    for one in &done {
        assert_eq!(one["actor"], json!({"kind": "api_key", "id": keys[0]}), "{one}");
        assert!(one["message"].as_str().unwrap().starts_with("The application "), "{one}");
        assert_eq!(one["organization_id"], organization.as_str());
    }
    assert_eq!(done[6]["action"]["fields"], json!(["strict", "poll_seconds"]));
    let allowed = json!(["people_hr", "hrworks"]);
    assert_eq!(done[7]["action"]["allowed_providers"], allowed);
    assert_eq!(
        done[7]["message"],
        "The application changed the organization: allowed HR systems. Allowed now: People HR, \
         HRworks."
    );
    assert_eq!(done[8]["action"]["fields"], json!(["time_zone", "metadata"]));
    let run = app.all(&format!("{directory}/runs")).await;
    assert!(run.iter().any(|run| run["id"] == done[4]["action"]["run_id"]));

    // Of one directory only.
    let path = format!("{at}/actions?directory_id={}", connected.directory);
    assert_eq!(app.all(&path).await.len(), 7);
    // Another organization has nothing of it.
    let other = app.organization("Other Ltd", &[]).await;
    assert!(actions_of(&app, &other).await.is_empty());
    let path = format!("/organizations/{other}/actions?directory_id={}", connected.directory);
    assert!(app.all(&path).await.is_empty());
    let unknown = app.call(reqwest::Method::GET, "/organizations/org_x/actions", None).await;
    assert_eq!(unknown.problem(404), "entity_not_found");
}

async fn on_the_other_surface_the_same_is_written_down(app: TestApp) {
    let connected = app.connected().await;
    let before = actions_of(&app, &connected.organization).await.len();
    let root = format!("http://{}", app.running.address);
    let send = async |method: reqwest::Method, path: &str, body: Option<Value>| {
        app.clock.advance(1);
        let mut request = app.client.request(method, format!("{root}{path}"));
        request = request.bearer_auth(app.key.reveal());
        if let Some(body) = body {
            request = request.json(&body);
        }
        let status = request.send().await.unwrap().status();
        assert!(status.is_success(), "{path}: {status}");
    };
    let organization = format!("/organizations/{}", connected.organization);
    send(reqwest::Method::PUT, &organization, Some(json!({"name": "New Ltd"}))).await;
    let body = json!({"organization": connected.organization, "intent": "dsync"});
    send(reqwest::Method::POST, "/portal/generate_link", Some(body)).await;
    let directory = format!("/directories/{}", connected.directory);
    send(reqwest::Method::POST, &format!("{directory}/sync"), None).await;
    send(reqwest::Method::DELETE, &directory, None).await;
    // Once more changes nothing.
    send(reqwest::Method::DELETE, &directory, None).await;
    let done = actions_of(&app, &connected.organization).await;
    let expected =
        ["organization_changed", "portal_link_made", "sync_requested", "directory_disabled"];
    assert_eq!(kinds(&done[before..]), expected);
    assert!(done[before..].iter().all(|one| one["actor"]["kind"] == "api_key"));
}

async fn a_key_that_is_refused_is_written_down_with_the_reason(app: TestApp) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let (directory, _) = app.directory(&organization).await;
    let path = format!("/directories/{directory}/credentials");
    let weak = app.hr().create_key(&[Action::GetEmployeeDetailById]).key;
    assert_eq!(app.put(&path, json!({"api_key": weak})).await.status, 422);
    let refused = last(&app, &organization).await;
    assert_eq!(refused["action"]["kind"], "key_refused");
    assert_eq!(refused["action"]["reason"], "permissions");
    let missing = refused["action"]["permissions"].as_array().unwrap();
    assert!(missing.contains(&json!("Get All Employee Detail")), "{missing:?}");
    assert!(refused["message"].as_str().unwrap().contains("It lacks a permission: Get"));

    // A key that worked when it was entered, and not any more when the set-up is to be completed.
    let key = app.hr().create_key(Action::USUAL).key;
    app.put(&path, json!({"api_key": key})).await.ok();
    app.hr().remove_key(&key);
    let complete = format!("/directories/{directory}/complete_setup");
    assert_eq!(app.post(&complete, json!({})).await.status, 422);
    let refused = last(&app, &organization).await;
    assert_eq!(refused["action"]["kind"], "setup_refused");
    assert_eq!(refused["action"]["reason"], "not_accepted");
    assert_eq!(app.get(&format!("/directories/{directory}")).await["state"], "setup");
}

async fn a_key_of_another_company_is_written_down_as_that(app: TestApp) {
    let connected = app.connected().await;
    let other = rollcall::sandbox::Company { id: 99, ..app.hr().company() };
    app.hr().set_company(other);
    let key = app.hr().create_key(Action::USUAL).key;
    let path = format!("/directories/{}/credentials", connected.directory);
    assert_eq!(app.put(&path, json!({"api_key": key})).await.status, 422);
    let refused = last(&app, &connected.organization).await;
    assert_eq!(refused["action"]["reason"], "other_company");
    let message = "The application entered an API key of People HR. It belongs to another company.";
    assert_eq!(refused["message"], message);
}

/// An organization in which somebody waits for a decision, and the address of the hold.
async fn in_doubt(app: &TestApp) -> (Connected, String) {
    app.faults(|faults| *faults = no_hooks());
    app.hire(&person("Ann", "Lee", "ann.lee@acme.example")).await;
    let account = json!({"email": "ann.lee@acme.example", "protected": true});
    let connected = app.joined(&[account]).await;
    let hold = app.open_holds(&connected).await[0]["id"].as_str().unwrap().to_owned();
    (connected, hold)
}

async fn a_decision_names_who_decided_and_about_how_many(app: TestApp) {
    let (connected, hold) = in_doubt(&app).await;
    let mut browser = Browser::visit(&app, &connected.organization).await;
    let at = format!("/portal/directories/{}/holds/{hold}", connected.directory);
    browser.open(&at).await;
    browser.submit(&at, &[("list_version", "1"), ("choice", "none")]).await;
    let done = last(&app, &connected.organization).await;
    let action = json!({"kind": "hold_decided", "hold_id": hold, "hold_kind": "link",
        "state": "rejected", "people": 1});
    assert_eq!(done["action"], action);
    assert_eq!(done["message"], "Somebody on the portal rejected linking a person to an account.");
    // The hold names the same one.
    let hold = app.get(&format!("/directories/{}/holds/{hold}", connected.directory)).await;
    assert_eq!(hold["decided_by"], done["actor"]["id"]);
    let before = actions_of(&app, &connected.organization).await.len();
    // It is decided already: nothing more is written down.
    let path =
        format!("/directories/{}/holds/{}", connected.directory, hold["id"].as_str().unwrap());
    assert_eq!(app.post(&format!("{path}/approve"), json!({"list_version": 1})).await.status, 409);
    assert_eq!(actions_of(&app, &connected.organization).await.len(), before);
}

async fn what_is_refused_for_another_reason_is_not_written_down(app: TestApp) {
    let connected = app.connected().await;
    let before = actions_of(&app, &connected.organization).await;
    let at = format!("/directories/{}", connected.directory);
    // Text that cannot be a key is asked about nowhere.
    assert_eq!(app.put(&format!("{at}/credentials"), json!({"api_key": "no"})).await.status, 422);
    assert_eq!(app.post(&format!("{at}/complete_setup"), json!({})).await.status, 409);
    let again = json!({"organization_id": connected.organization, "provider": "people_hr"});
    assert_eq!(app.post("/directories", again).await.status, 409);
    let admins = format!("/organizations/{}/admins", connected.organization);
    let ann = json!({"email": "ann@customer.example", "name": "Ann"});
    assert_eq!(app.post(&admins, ann).await.status, 409);
    assert_eq!(app.delete(&format!("{admins}/admin_x")).await.status, 404);
    assert_eq!(app.patch(&at, json!({"poll_seconds": 1})).await.status, 422);
    // A link that was used up lets nobody in.
    let made = link(&app, &connected.organization).await;
    Browser::new(&app).enter(&made).await;
    Browser::new(&app).post(&path_of(&made), &[]).await;
    app.sync_now(&connected).await.ok();
    assert_eq!(app.sync_now(&connected).await.status, 409);
    let after = actions_of(&app, &connected.organization).await;
    let expected = ["portal_link_made", "portal_entered", "sync_requested"];
    assert_eq!(kinds(&after[before.len()..]), expected);
}

async fn the_list_is_paged_and_what_is_too_old_is_forgotten(app: TestApp) {
    let organization = app.organization("Customer Ltd", &[]).await;
    let at = format!("/organizations/{organization}");
    for number in 0..120 {
        app.patch(&at, json!({"external_id": format!("c-{number}")})).await.ok();
    }
    let mut browser = Browser::visit(&app, &organization).await;
    browser.open("/portal/actions").await.says("opened these pages");
    let per_page = browser.page.text.matches("changed the organization").count();
    assert_eq!(per_page, 48, "50 in all");
    let older = browser.page.attribute("href", "/portal/actions?after=").unwrap();
    let first = browser.page.text.clone();
    browser.open(&older).await.is_silent_about("opened these pages");
    assert_eq!(browser.page.text.matches("changed the organization").count(), 50);
    let oldest = browser.page.attribute("href", "/portal/actions?after=").unwrap();
    let newer = browser.page.attribute("href", "/portal/actions?before=").unwrap();
    assert_eq!(browser.open(&newer).await.text, first);
    browser.open(&oldest).await;
    assert_eq!(browser.page.text.matches("changed the organization").count(), 22);
    assert_eq!(browser.page.attribute("href", "/portal/actions?after="), None);
    let wrong = app.call(reqwest::Method::GET, &format!("{at}/actions?after=x"), None).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);

    // What the janitor does, when the changes are as old as is kept, and a moment later.
    app.clock.advance(limits::ACTION_DAYS_KEPT * Timestamp::DAY);
    link(&app, &organization).await;
    for (more_ms, left) in [(0, 123), (1, 23), (1, 1)] {
        app.clock.advance(more_ms);
        let before = app.clock.now().plus(-limits::ACTION_DAYS_KEPT * Timestamp::DAY);
        let db = &app.running.task_context.sync.db;
        db.write(Lane::Bulk, move |tx| actions::prune(tx, before, 100)).await.unwrap();
        assert_eq!(actions_of(&app, &organization).await.len(), left);
    }
    assert_eq!(kinds(&actions_of(&app, &organization).await), ["portal_link_made"]);
    app.clock.advance(limits::ACTION_DAYS_KEPT * Timestamp::DAY);
    tasks::forget_all_old(&app.running.task_context).await.unwrap();
    assert!(actions_of(&app, &organization).await.is_empty());
}
