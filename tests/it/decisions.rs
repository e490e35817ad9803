//! What admins decide about links and e-mails that are not ours to decide (S-22, S-24).

use rollcall::sandbox::Edit;
use serde_json::{Value, json};

use crate::hr::{no_hooks, person};
use crate::support::{Connected, Reply, TestApp, behaviours};

behaviours!(
    s_22_an_approved_link_is_made_at_once,
    s_22_a_rejected_link_is_asked_about_again_only_when_hr_changes_the_record,
    s_24_an_e_mail_that_is_taken_can_not_be_approved_until_it_is_free,
    s_32_only_the_holds_of_a_directory_can_be_decided_there,
    s_24_a_question_about_an_e_mail_follows_what_hr_says,
    s_22_a_question_about_a_link_follows_what_hr_says,
    s_22_an_answer_is_about_the_record_as_it_was_when_it_was_given,
);

const ANN: &str = "ann.lee@acme.example";

/// Ann, whose account is protected, so that an admin has to say whose it is.
async fn protected_ann(app: &TestApp) -> Connected {
    app.faults(|faults| *faults = no_hooks());
    app.hire(&person("Ann", "Lee", ANN)).await;
    app.joined(&[json!({"email": ANN, "protected": true})]).await
}

async fn decide(app: &TestApp, hold: &Value, what: &str) -> Reply {
    let (directory, id) = (hold["directory_id"].as_str(), hold["id"].as_str());
    let path = format!("/directories/{}/holds/{}/{what}", directory.unwrap(), id.unwrap());
    app.post(&path, json!({"list_version": hold["list_version"]})).await
}

async fn the_hold(app: &TestApp, connected: &Connected) -> Value {
    let holds = app.open_holds(connected).await;
    assert_eq!(holds.len(), 1, "{holds:#?}");
    holds[0].clone()
}

fn employee(app: &TestApp, email: &str) -> String {
    let person = app.hr().people().into_iter().find(|person| person.email == email);
    person.expect("somebody with this e-mail").employee_id
}

async fn s_22_an_approved_link_is_made_at_once(app: TestApp) {
    let connected = protected_ann(&app).await;
    let hold = the_hold(&app, &connected).await;
    assert_eq!(hold["kind"], "link");
    let before = app.the_account(&connected, ANN).await;
    assert!(before["managed_by"].is_null());
    assert_eq!(decide(&app, &hold, "approve").await.ok()["state"], "approved");
    app.drain().await;
    let account = app.the_account(&connected, ANN).await;
    assert_eq!(account["managed_by"], connected.directory.as_str());
    assert_eq!((&account["id"], &account["first_name"]), (&before["id"], &json!("Ann")));
    let changes = app.all(&format!("/accounts/{}/changes", account["id"].as_str().unwrap())).await;
    let last = changes.last().expect("a change");
    assert_eq!((&last["rule"], &last["cause"]["kind"]), (&json!("approved"), &json!("decision")));
    assert_eq!(last["cause"]["id"], hold["id"]);
    assert_eq!(decide(&app, &hold, "approve").await.problem(409), "conflict");
    app.poll().await;
    assert!(app.open_holds(&connected).await.is_empty());
}

async fn s_22_a_rejected_link_is_asked_about_again_only_when_hr_changes_the_record(app: TestApp) {
    let connected = protected_ann(&app).await;
    let hold = the_hold(&app, &connected).await;
    assert_eq!(decide(&app, &hold, "reject").await.ok()["state"], "rejected");
    for _ in 0..2 {
        app.poll().await;
        assert!(app.open_holds(&connected).await.is_empty());
    }
    assert!(app.the_account(&connected, ANN).await["managed_by"].is_null());
    app.new_job(&employee(&app, ANN), "Chief Astronaut").await;
    app.poll().await;
    assert_ne!(the_hold(&app, &connected).await["id"], hold["id"]);
}

async fn s_24_an_e_mail_that_is_taken_can_not_be_approved_until_it_is_free(app: TestApp) {
    app.faults(|faults| *faults = no_hooks());
    app.hire(&person("Ann", "Lee", ANN)).await;
    let taken = "shared@acme.example";
    let connected = app.joined(&[json!({"email": taken})]).await;
    let ann = app.the_account(&connected, ANN).await;
    let email = Edit { email: Some(taken.to_owned()), ..Edit::default() };
    app.edit(&employee(&app, ANN), email).await;
    app.poll().await;
    let hold = the_hold(&app, &connected).await;
    assert_eq!(hold["kind"], "email_change");
    let refused = decide(&app, &hold, "approve").await;
    assert_eq!(refused.problem(409), "conflict");
    assert!(refused.text.contains("still has this e-mail"), "{}", refused.text);
    let owner = app.the_account(&connected, taken).await;
    let path = format!("/accounts/{}", owner["id"].as_str().unwrap());
    app.patch(&path, json!({"email": "other@acme.example"})).await.ok();
    assert_eq!(decide(&app, &hold, "approve").await.ok()["state"], "approved");
    app.drain().await;
    assert_eq!(app.the_account(&connected, taken).await["id"], ann["id"]);
}

async fn s_32_only_the_holds_of_a_directory_can_be_decided_there(app: TestApp) {
    let connected = protected_ann(&app).await;
    let mut hold = the_hold(&app, &connected).await;
    let id = std::mem::replace(&mut hold["id"], json!("hold_none"));
    assert_eq!(decide(&app, &hold, "approve").await.problem(404), "entity_not_found");
    (hold["id"], hold["directory_id"]) = (id, json!("directory_other"));
    assert_eq!(decide(&app, &hold, "reject").await.problem(404), "entity_not_found");
    assert_eq!(app.open_holds(&connected).await.len(), 1);
}

fn email(email: &str) -> Edit {
    Edit { email: Some(email.to_owned()), ..Edit::default() }
}

/// The same hold with another question, which nobody answers who has seen the first.
async fn asks_anew(app: &TestApp, connected: &Connected, seen: &Value) -> Value {
    let now = the_hold(app, connected).await;
    assert_eq!((&now["id"], &now["list_version"]), (&seen["id"], &json!(2)));
    assert_ne!(now["items"][0]["id"], seen["items"][0]["id"]);
    let path =
        format!("/directories/{}/holds/{}", connected.directory, seen["id"].as_str().unwrap());
    for what in ["approve", "reject"] {
        assert_eq!(decide(app, seen, what).await.problem(409), "conflict");
        let path = format!("{path}/{what}");
        let old = app.post(&path, json!({"ids": [seen["items"][0]["id"]]}));
        assert_eq!(old.await.problem(422), "invalid_request_parameters");
    }
    now
}

async fn s_24_a_question_about_an_e_mail_follows_what_hr_says(app: TestApp) {
    app.faults(|faults| *faults = no_hooks());
    let ann = app.hire(&person("Ann", "Lee", ANN)).await;
    let taken = ["one@acme.example", "two@acme.example"];
    let connected = app.joined(&taken.map(|email| json!({"email": email}))).await;
    app.edit(&ann, email(taken[0])).await;
    app.poll().await;
    let seen = the_hold(&app, &connected).await;
    assert_eq!(seen["items"][0]["change"]["email"], taken[0]);
    app.edit(&ann, email(taken[1])).await;
    app.poll().await;
    let owner = app.the_account(&connected, taken[1]).await;
    let now = asks_anew(&app, &connected, &seen).await;
    assert_eq!(now["items"][0]["change"]["email"], taken[1]);
    assert_eq!(now["items"][0]["account_id"], owner["id"]);
    assert!(app.account(&connected.organization, ANN).await.is_some(), "nothing was changed");
    let path = format!("/accounts/{}", owner["id"].as_str().unwrap());
    app.patch(&path, json!({"email": "other@acme.example"})).await.ok();
    assert_eq!(decide(&app, &now, "approve").await.ok()["state"], "approved");
    app.drain().await;
    assert_eq!(app.the_account(&connected, taken[1]).await["first_name"], "Ann");
}

async fn s_22_a_question_about_a_link_follows_what_hr_says(app: TestApp) {
    app.faults(|faults| *faults = no_hooks());
    let ann = app.hire(&person("Ann", "Lee", ANN)).await;
    let other = "ann.other@acme.example";
    let accounts = [ANN, other].map(|email| json!({"email": email, "protected": true}));
    let connected = app.joined(&accounts).await;
    let seen = the_hold(&app, &connected).await;
    app.edit(&ann, email(other)).await;
    app.poll().await;
    let now = asks_anew(&app, &connected, &seen).await;
    assert_eq!(now["items"][0]["change"]["email"], other);
    let account = app.the_account(&connected, other).await;
    assert_eq!(now["items"][0]["account_id"], account["id"]);
    decide(&app, &now, "approve").await.ok();
    app.drain().await;
    assert!(app.the_account(&connected, ANN).await["managed_by"].is_null());
    let linked = app.the_account(&connected, other).await;
    assert_eq!(linked["managed_by"], connected.directory.as_str());
}

async fn s_22_an_answer_is_about_the_record_as_it_was_when_it_was_given(app: TestApp) {
    let connected = protected_ann(&app).await;
    let seen = the_hold(&app, &connected).await;
    // Nothing of this is on the list.
    app.new_job(&employee(&app, ANN), "Chief Astronaut").await;
    app.poll().await;
    assert_eq!(the_hold(&app, &connected).await["items"], seen["items"]);
    decide(&app, &seen, "reject").await.ok();
    app.poll().await;
    assert!(app.open_holds(&connected).await.is_empty());
}
