//! `inactive_policy`: what the application is told of people who become inactive (wire contract
//! §6).

use rollcall::sandbox::{Edit, Leave};
use serde_json::{Value, json};

use crate::hr::{YESTERDAY, agrees_with_hr, no_hooks, on, person};
use crate::support::{Connected, TestApp, behaviours};

behaviours!(
    s_11_delete_tells_of_a_leaver_as_deleted_and_of_a_return_as_new,
    s_11_delete_says_the_same_when_a_full_sync_finds_out,
    s_11_delete_says_nothing_of_somebody_first_seen_as_a_leaver,
    s_11_keep_tells_of_a_leaver_as_updated,
    s_11_another_policy_acts_from_the_next_change_on,
    s_11_feeds_and_counts_agree_whatever_happens,
);

const ANN: &str = "ann.lee@acme.example";

async fn set(app: &TestApp, connected: &Connected, policy: &str) {
    let path = format!("/directories/{}", connected.directory);
    app.patch(&path, json!({"inactive_policy": policy})).await.ok();
}

/// An organization whose directory has this policy, before the first full sync.
async fn with(app: &TestApp, policy: &str) -> Connected {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let connected = app.prepared(&organization).await;
    set(app, &connected, policy).await;
    app.complete(&connected).await;
    connected
}

/// Events about Ann, without those that `seen` were there before: `(type, state, user id)`.
async fn about_ann(app: &TestApp, seen: usize) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let events = app.events("").await;
    let about = |event: &Value| {
        let data = &event["data"];
        let user = if data["user"].is_object() { &data["user"] } else { data };
        let parts = (text(&event["event"]), text(&user["state"]), text(&user["id"]));
        (user["first_name"] == "Ann" && user["last_name"] == "Lee").then_some(parts)
    };
    events[seen..].iter().filter_map(about).collect()
}

/// The people and memberships that a reader of the feed has in the end, and what the directory
/// counts; they must agree.
async fn feed_agrees(app: &TestApp, connected: &Connected) {
    let mut users = std::collections::BTreeMap::new();
    let mut groups = std::collections::BTreeMap::new();
    for event in app.events("").await {
        let data = &event["data"];
        let id = data["id"].to_string();
        match event["event"].as_str().expect("a type") {
            "dsync.user.created" => {
                assert!(users.insert(id, data["state"].clone()).is_none(), "created twice");
            }
            "dsync.user.updated" => {
                assert!(users.insert(id, data["state"].clone()).is_some(), "never created");
            }
            "dsync.user.deleted" => {
                assert!(users.remove(&id).is_some(), "never created");
                groups.remove(&id);
            }
            "dsync.group.user_added" => {
                let user = data["user"]["id"].to_string();
                assert!(users.contains_key(&user), "a member who is not there");
                assert!(groups.insert(user, data["group"]["id"].clone()).is_none());
            }
            "dsync.group.user_removed" => {
                let former = groups.remove(&data["user"]["id"].to_string());
                assert_eq!(former, Some(data["group"]["id"].clone()));
            }
            _ => {}
        }
    }
    let counts = app.show(connected).await["counts"].clone();
    let in_state = |state: &str| users.values().filter(|value| **value == state).count();
    assert_eq!(counts["active"], in_state("active"));
    assert_eq!(counts["inactive"], in_state("inactive"));
    let sql = "SELECT directory_user_id AS value FROM group_memberships";
    assert_eq!(app.raw().values(sql).len(), groups.len());
    let sql = "SELECT id AS value FROM directory_users WHERE listed";
    let stored: Vec<String> = app.raw().values(sql).iter().map(|id| format!("\"{id}\"")).collect();
    assert_eq!(stored.len(), users.len());
    assert!(stored.iter().all(|id| users.contains_key(id)));
}

async fn s_11_delete_tells_of_a_leaver_as_deleted_and_of_a_return_as_new(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    app.edit(&id, Edit { department: Some("Sales".to_owned()), ..Edit::default() }).await;
    let connected = with(&app, "delete").await;
    let first = about_ann(&app, 0).await;
    let types = |events: &[(String, String, String)]| -> Vec<String> {
        events.iter().map(|event| event.0.clone()).collect()
    };
    assert_eq!(types(&first), ["dsync.user.created", "dsync.group.user_added"]);
    let (account, counts) = (app.the_account(&connected, ANN).await, app.show(&connected).await);
    let seen = app.events("").await.len();

    app.leave(&id, &on(YESTERDAY)).await;
    app.drain().await;
    let left = about_ann(&app, seen).await;
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!((left[0].0.as_str(), left[0].1.as_str()), ("dsync.user.deleted", "inactive"));
    assert_eq!(left[0].2, first[0].2);
    let data = app.events("dsync.user.deleted").await.remove(0)["data"].clone();
    assert_eq!((&data["account_id"], &data["groups"]), (&account["id"], &Value::Null));
    assert_eq!((&data["version"], &data["previous_attributes"]), (&json!(2), &Value::Null));
    let now = app.the_account(&connected, ANN).await;
    assert_eq!((&now["id"], &now["status"]), (&account["id"], &json!("inactive")));
    assert_eq!(now["managed_by"], connected.directory.as_str());
    let fewer = app.show(&connected).await["counts"].clone();
    assert_eq!(fewer["active"], counts["counts"]["active"].as_i64().expect("a count") - 1);
    assert_eq!(fewer["inactive"], 0);
    feed_agrees(&app, &connected).await;

    // What changes of somebody who is not there is nothing to tell, and reaches the account.
    let seen = app.events("").await.len();
    app.edit(&id, Edit { department: Some("Legal".to_owned()), ..Edit::default() }).await;
    app.drain().await;
    app.poll().await;
    // (The department that she was alone in is gone with it.)
    assert!(about_ann(&app, seen).await.is_empty());
    assert_eq!(app.the_account(&connected, ANN).await["department"], "Legal");

    app.hr().rehire(&id).await.expect("a re-hire");
    app.poll().await;
    let back = about_ann(&app, seen).await;
    assert_eq!(types(&back), ["dsync.user.created", "dsync.group.user_added"]);
    assert_eq!(back[0].1, "active");
    assert_ne!(back[0].2, first[0].2, "somebody new");
    assert_eq!(back[1].2, back[0].2);
    let created = app.events("dsync.user.created").await.pop().expect("an event")["data"].clone();
    assert_eq!((&created["version"], &created["account_id"]), (&json!(1), &account["id"]));
    assert_ne!(created["created_at"], data["created_at"]);
    assert_eq!(app.the_account(&connected, ANN).await["status"], "active");
    feed_agrees(&app, &connected).await;
    agrees_with_hr(&app, &connected).await;
}

async fn s_11_delete_says_the_same_when_a_full_sync_finds_out(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = with(&app, "delete").await;
    let account = app.the_account(&connected, ANN).await["id"].clone();
    app.hr().set_faults(no_hooks());
    for _ in 0..2 {
        let seen = app.events("").await.len();
        app.leave(&id, &Leave { blank_email: false, ..on(YESTERDAY) }).await;
        app.poll().await;
        app.poll().await;
        let left = about_ann(&app, seen).await;
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(left[0].0, "dsync.user.deleted");
        let seen = app.events("").await.len();
        app.hr().rehire(&id).await.expect("a re-hire");
        app.poll().await;
        app.poll().await;
        let back = about_ann(&app, seen).await;
        assert_eq!(back[0].0, "dsync.user.created", "{back:?}");
        assert_ne!(back[0].2, left[0].2);
        assert!(back.iter().skip(1).all(|event| event.0 == "dsync.group.user_added"));
        feed_agrees(&app, &connected).await;
        agrees_with_hr(&app, &connected).await;
        assert_eq!(app.the_account(&connected, ANN).await["id"], account);
    }
}

async fn s_11_delete_says_nothing_of_somebody_first_seen_as_a_leaver(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    app.leave(&id, &on(YESTERDAY)).await;
    let connected = with(&app, "delete").await;
    assert!(about_ann(&app, 0).await.is_empty());
    assert_eq!(app.show(&connected).await["counts"]["inactive"], 0);
    feed_agrees(&app, &connected).await;
    app.hr().rehire(&id).await.expect("a re-hire");
    app.poll().await;
    let back = about_ann(&app, 0).await;
    assert_eq!((back[0].0.as_str(), back[0].1.as_str()), ("dsync.user.created", "active"));
    feed_agrees(&app, &connected).await;
    agrees_with_hr(&app, &connected).await;
}

async fn s_11_keep_tells_of_a_leaver_as_updated(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = with(&app, "keep").await;
    let first = about_ann(&app, 0).await;
    let seen = app.events("").await.len();
    app.leave(&id, &on(YESTERDAY)).await;
    app.drain().await;
    app.hr().rehire(&id).await.expect("a re-hire");
    app.poll().await;
    let told = about_ann(&app, seen).await;
    let states: Vec<(&str, &str)> =
        told.iter().map(|event| (event.0.as_str(), event.1.as_str())).collect();
    assert_eq!(states, [("dsync.user.updated", "inactive"), ("dsync.user.updated", "active")]);
    assert!(told.iter().all(|event| event.2 == first[0].2));
    feed_agrees(&app, &connected).await;
}

async fn s_11_another_policy_acts_from_the_next_change_on(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = with(&app, "keep").await;
    app.leave(&id, &on(YESTERDAY)).await;
    app.drain().await;
    let seen = app.events("").await.len();
    set(&app, &connected, "delete").await;
    app.poll().await;
    assert_eq!(app.events("").await.len(), seen, "nothing has changed");
    app.new_job(&id, "Pensioner").await;
    app.drain().await;
    let told = about_ann(&app, seen).await;
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].0.as_str(), told[0].1.as_str()), ("dsync.user.deleted", "inactive"));
    feed_agrees(&app, &connected).await;
    let seen = app.events("").await.len();
    set(&app, &connected, "keep").await;
    app.poll().await;
    assert_eq!(app.events("").await.len(), seen, "nothing has changed");
    app.new_job(&id, "Adviser").await;
    app.drain().await;
    let back = about_ann(&app, seen).await;
    assert_eq!((back[0].0.as_str(), back[0].1.as_str()), ("dsync.user.created", "inactive"));
    assert_ne!(back[0].2, told[0].2);
    feed_agrees(&app, &connected).await;
    agrees_with_hr(&app, &connected).await;
}

async fn s_11_feeds_and_counts_agree_whatever_happens(app: TestApp) {
    let connected = with(&app, "delete").await;
    // A walk in which people leave, come back, change and are looked at in all ways.
    let mut state = 11_u64;
    let mut below = |bound: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % bound
    };
    let people: Vec<String> = (0..8).map(|index| app.employee(index)).collect();
    for step in 0..40 {
        let who = &people[below(people.len())];
        let standing = app.hr().person(who).expect("a person").standing;
        let gone = standing == rollcall::sandbox::Standing::Left;
        match below(5) {
            0 | 1 if gone => drop(app.hr().rehire(who).await.expect("a re-hire")),
            0 | 1 => app.leave(who, &on(YESTERDAY)).await,
            2 => app.new_job(who, &format!("Job {step}")).await,
            3 => {
                let department = ["Sales", "Legal", "Stores"][below(3)].to_owned();
                app.edit(who, Edit { department: Some(department), ..Edit::default() }).await;
            }
            _ => set(&app, &connected, ["keep", "delete"][below(2)]).await,
        }
        match below(3) {
            0 => {}
            1 => app.drain().await,
            _ => app.poll().await,
        }
    }
    app.poll().await;
    feed_agrees(&app, &connected).await;
    agrees_with_hr(&app, &connected).await;
}
