//! The event feed as SDKs read it: filters, the same event by webhook, what a deletion does not
//! send, and what an update says of before (C-05, C-08, C-10, C-11).

use std::collections::BTreeSet;

use rollcall::clock::{Clock as _, Timestamp};
use rollcall::sandbox::{Edit, Hire};
use serde_json::{Value, json};

use super::driver::{Sdk, ask, good};
use super::{KINDS, get, holds_for, ids, text};
use crate::hr::person;
use crate::support::{TestApp, behaviours};

behaviours!(
    c_05_types_are_taken_in_every_form_that_sdks_send,
    c_05_a_range_of_time_and_an_organization_narrow_the_feed,
    c_05_a_reader_goes_on_from_the_last_event_it_has,
    c_10_a_deleted_directory_is_one_event,
    c_10_a_deleted_group_is_one_event,
    c_11_an_update_says_what_was_before,
);

const ANN: &str = "ann.lee@acme.example";

/// All events of these types, by an SDK's own walk, oldest first.
async fn walk(app: &TestApp, sdk: Sdk, more: Value) -> Vec<Value> {
    let mut query = json!({"events": KINDS, "limit": 100});
    query.as_object_mut().expect("an object").extend(more.as_object().expect("one").clone());
    let walk = ask(app, sdk, "walk_events", json!({"query": query})).await;
    good(sdk, "walk_events", walk).as_array().expect("events").clone()
}

fn kinds(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| text(&event["event"])).collect()
}

async fn c_05_types_are_taken_in_every_form_that_sdks_send(app: TestApp) {
    app.connected().await;
    app.new_job(&app.employee(0), "Another").await;
    app.drain().await;
    let wanted = ["dsync.user.updated", "dsync.activated"];
    let [first, second] = wanted;
    let forms = [
        format!("events={first},{second}"),
        format!("events={first}%2C{second}"),
        format!("events={first}&events={second}"),
        format!("events[]={first}&events[]={second}"),
        format!("events%5B%5D={first}&events%5B%5D={second}"),
    ];
    let mut answers = BTreeSet::new();
    for form in forms {
        let sent = get(&app, &format!("/events?{form}")).await;
        let found = kinds(sent.body["data"].as_array().expect("events"));
        assert_eq!(found, ["dsync.activated", "dsync.user.updated"], "{form}: oldest first");
        answers.insert(sent.text);
    }
    assert_eq!(answers.len(), 1, "all forms ask for the same");
    holds_for(&Sdk::ALL, async |sdk| {
        let found = walk(&app, sdk, json!({"events": wanted})).await;
        assert_eq!(kinds(&found), ["dsync.activated", "dsync.user.updated"], "{sdk:?}");
    })
    .await;
    let newest = get(&app, &format!("/events?events={first},{second}&order=desc")).await;
    assert_eq!(newest.body["data"][0]["event"], "dsync.user.updated");
    let unknown = get(&app, "/events?events=dsync.user.promoted").await;
    assert_eq!(unknown.status, 422, "{}", unknown.text);
}

async fn c_05_a_range_of_time_and_an_organization_narrow_the_feed(app: TestApp) {
    let first = app.connected().await;
    let start = app.clock.now().plus(-Timestamp::HOUR).to_string();
    app.pass(60_000).await;
    let border = app.clock.now().to_string();
    app.pass(60_000).await;
    let organization = app.organization("Another Ltd", &["eve@another.example"]).await;
    let second = app.prepared(&organization).await;
    app.complete(&second).await;
    let all = walk(&app, Sdk::Node8, json!({})).await;
    holds_for(&Sdk::ALL, async |sdk| {
        let early = walk(&app, sdk, json!({"range_start": start, "range_end": border})).await;
        let late = walk(&app, sdk, json!({"range_start": border})).await;
        assert!(!early.is_empty() && !late.is_empty(), "{sdk:?}");
        assert_eq!(early.len() + late.len(), all.len(), "{sdk:?}: no event is in both");
        assert_eq!(early[0]["data"]["id"], first.directory.as_str());
        assert_eq!(late[0]["data"]["id"], second.directory.as_str());
        let own = walk(&app, sdk, json!({"organization_id": second.organization})).await;
        assert_eq!(ids(&json!(own)), ids(&json!(late)), "{sdk:?}");
    })
    .await;
    let of = |start: &str, end: &str| format!("range_start={start}&range_end={end}");
    let too_long = of("2026-10-01T00:00:00.000Z", "2026-11-23T00:00:00.000Z");
    for range in [
        too_long.as_str(),
        "range_start=2026-11-23T00:00:00%2B00:00",
        "range_start=2026-11-23",
        "range_end=yesterday",
    ] {
        let sent = get(&app, &format!("/events?events=dsync.activated&{range}")).await;
        assert!(matches!(sent.status, 400 | 422), "{range}: {} {}", sent.status, sent.text);
    }
    let range = of("2026-11-01T00:00:00.000Z", "2026-11-25T00:00:00.000Z");
    let sent = get(&app, &format!("/events?events=dsync.activated&{range}")).await;
    assert_eq!(sent.ids().len(), 2);
}

async fn c_05_a_reader_goes_on_from_the_last_event_it_has(app: TestApp) {
    let connected = app.connected().await;
    holds_for(&Sdk::ALL, async |sdk| {
        let before = walk(&app, sdk, json!({})).await;
        let last = text(&before.last().expect("an event")["id"]);
        let query = json!({"events": KINDS, "after": last});
        let query = json!({"query": query});
        let none = good(sdk, "list", ask(&app, sdk, "list_events", query.clone()).await);
        assert_eq!(ids(&none["data"]).len(), 0, "{sdk:?}");
        assert_eq!(none["list_metadata"]["after"], Value::Null, "{sdk:?}");
        app.clock.advance(1);
        app.new_job(&app.employee(0), &format!("Job of {sdk:?}")).await;
        app.drain().await;
        let news = good(sdk, "list", ask(&app, sdk, "list_events", query).await);
        assert_eq!(ids(&news["data"]).len(), 1, "{sdk:?}: {news:#}");
        assert_eq!(news["data"][0]["data"]["directory_id"], connected.directory.as_str());
    })
    .await;
}

async fn c_10_a_deleted_directory_is_one_event(app: TestApp) {
    let connected = app.connected().await;
    let before = app.events("").await.len();
    let what = json!({"id": connected.directory});
    good(Sdk::Node8, "delete", ask(&app, Sdk::Node8, "delete_directory", what).await);
    app.drain().await;
    holds_for(&Sdk::ALL, async |sdk| {
        let all = walk(&app, sdk, json!({})).await;
        assert_eq!(kinds(&all[before..]), ["dsync.deleted"], "{sdk:?}");
        let data = &all[before]["data"];
        assert_eq!(data["id"], connected.directory.as_str());
        assert_eq!(data["state"], "active", "{sdk:?}: the state before");
    })
    .await;
    let sent = get(&app, "/events?events=dsync.deleted").await;
    for name in ["domain", "domains", "external_key"] {
        assert!(sent.body["data"][0]["data"].get(name).is_none(), "{name}: {}", sent.text);
    }
}

async fn c_10_a_deleted_group_is_one_event(app: TestApp) {
    let hire = Hire { department: Some("Space Travel".to_owned()), ..person("Ann", "Lee", ANN) };
    let employee = app.hire(&hire).await;
    app.connected().await;
    let before = app.events("").await.len();
    let elsewhere = Edit { department: Some("Elsewhere".to_owned()), ..Edit::default() };
    app.edit(&employee, elsewhere).await;
    app.drain().await;
    app.poll().await;
    holds_for(&Sdk::ALL, async |sdk| {
        let all = walk(&app, sdk, json!({})).await;
        let of_group: Vec<&Value> = all[before..]
            .iter()
            .filter(|event| {
                let group = [&event["data"]["name"], &event["data"]["group"]["name"]];
                group.iter().any(|name| *name == "Space Travel")
            })
            .collect();
        let deleted = of_group.iter().position(|event| event["event"] == "dsync.group.deleted");
        let deleted = deleted.unwrap_or_else(|| panic!("{sdk:?}: {of_group:#?}"));
        assert_eq!(deleted, of_group.len() - 1, "{sdk:?}: nothing of the group comes after");
        let removed = of_group.iter().filter(|e| e["event"] == "dsync.group.user_removed");
        assert_eq!(removed.count(), 1, "{sdk:?}: who had moved, by the move itself");
    })
    .await;
}

async fn c_11_an_update_says_what_was_before(app: TestApp) {
    let nothing = Some(String::new());
    let hire = Hire {
        job_role: Some("Pilot".to_owned()),
        location: nothing.clone(),
        department: nothing,
        ..person("Ann", "Lee", ANN)
    };
    let employee = app.hire(&hire).await;
    app.connected().await;
    let edits = [
        // The change, what it was before at the root, and what it was in custom_attributes.
        (
            Edit { job_role: Some("Navigator".to_owned()), ..Edit::default() },
            json!({"job_title": "Pilot"}),
            json!({"job_title": "Pilot"}),
        ),
        (
            Edit { last_name: Some("Ray".to_owned()), ..Edit::default() },
            json!({"last_name": "Lee", "name": "Ann Lee"}),
            json!({}),
        ),
        (
            Edit { location: Some("Mars".to_owned()), ..Edit::default() },
            json!({}),
            json!({"office_location": null}),
        ),
    ];
    for (edit, at_root, in_custom) in edits {
        let before = app.events("dsync.user.updated").await.len();
        app.clock.advance(Timestamp::SECOND);
        app.edit(&employee, edit).await;
        app.drain().await;
        let sent = get(&app, "/events?events=dsync.user.updated&limit=100").await;
        let sent = &sent.body["data"].as_array().expect("events")[before..];
        assert_eq!(sent.len(), 1, "one event: {sent:#?}");
        let previous = &sent[0]["data"]["previous_attributes"];
        for (name, value) in at_root.as_object().expect("an object") {
            assert_eq!(&previous[name], value, "{previous:#}");
        }
        for (name, value) in in_custom.as_object().expect("an object") {
            let custom = &previous["custom_attributes"];
            assert!(custom.get(name).is_some() || *value != Value::Null, "{previous:#}");
            assert_eq!(&custom[name], value, "{previous:#}");
        }
        is_a_shallow_difference(&sent[0]["data"]);
        holds_for(&Sdk::ALL, async |sdk| {
            let all = walk(&app, sdk, json!({"events": ["dsync.user.updated"]})).await;
            assert_eq!(&all[before]["data"]["previous_attributes"], previous, "{sdk:?}");
        })
        .await;
    }
    // Nothing changes: nothing is sent, whether a value is empty or absent.
    let before = app.events("").await.len();
    app.edit(&employee, Edit { department: Some("  ".to_owned()), ..Edit::default() }).await;
    app.drain().await;
    app.poll().await;
    let news = app.events("").await.split_off(before);
    let of_ann = news.iter().filter(|event| event["data"]["email"] == ANN);
    assert_eq!(of_ann.count(), 0, "{news:#?}");
}

/// Every member of `previous_attributes` differs from what it is now.
#[track_caller]
fn is_a_shallow_difference(data: &Value) {
    let previous = data["previous_attributes"].as_object().expect("always there");
    for (name, old) in previous {
        if name == "custom_attributes" {
            for (name, old) in old.as_object().expect("an object") {
                assert_ne!(&data["custom_attributes"][name], old, "{name}: {data:#}");
            }
        } else {
            assert_ne!(&data[name], old, "{name}: {data:#}");
        }
    }
}
