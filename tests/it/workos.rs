//! The surface for WorkOS SDKs, over plain HTTP: what the wire contract says in §3 to §6 and no SDK
//! shows by itself.
//!
//! Long because it follows the wire contract chapter by chapter.

use std::collections::BTreeSet;

use reqwest::Method;
use rollcall::clock::Timestamp;
use rollcall::domain::event::EventKind;
use rollcall::sandbox::OddAnswer;
use serde_json::{Value, json};

use crate::evidence;
use crate::hr::{YESTERDAY, on};
use crate::root::Answer;
use crate::support::{Connected, Options, TestApp, behaviours, behaviours_of_place};
use crate::systems::System;
use crate::testdb::TestPlace;

behaviours!(
    a_02_a_directory_has_all_that_sdks_read,
    a_02_the_state_of_a_directory_follows_its_life,
    a_02_directories_are_found_by_organization_and_by_name,
    l_08_deleting_a_directory_disables_it,
    c_17_a_sync_is_queued_once,
    a_02_a_directory_user_has_all_that_sdks_read,
    a_02_people_are_found_by_group_key_and_e_mail,
    a_02_groups_are_listed_of_a_directory_and_of_a_person,
    a_02_whoever_was_told_as_deleted_can_not_be_read,
    c_05_events_are_asked_for_in_every_form,
    c_05_events_of_a_range,
    a_03_the_feed_is_the_same_on_both_surfaces,
    a_03_a_cursor_that_is_too_old_is_refused,
    a_02_organizations_as_the_sdks_call_them,
    a_02_a_link_into_the_portal_works_once,
    c_13_nobody_without_a_key_reads_anything,
);
behaviours_of_place!(c_17_a_sync_without_calls_left_says_when);

/// The members of an object, sorted.
pub fn members(object: &Value) -> BTreeSet<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

pub fn ids(list: &Value) -> Vec<String> {
    let items = list["data"].as_array().expect("a list").iter();
    items.map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

fn is_moment(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.len() == 24 && text.ends_with('Z') && text.as_bytes()[19] == b'.'
}

async fn directory(app: &TestApp, connected: &Connected) -> Value {
    app.root_get(&format!("/directories/{}", connected.directory)).await
}

/// Everybody in a directory, newest first.
pub async fn users(app: &TestApp, connected: &Connected) -> Vec<Value> {
    let path = format!("/directory_users?directory={}&limit=100", connected.directory);
    app.root_get(&path).await["data"].as_array().expect("a list").clone()
}

async fn a_02_a_directory_has_all_that_sdks_read(app: TestApp) {
    for (system, kind) in [
        (System::PeopleHr, "people hr"),
        (System::BreatheHr, "breathe hr"),
        (System::Hrworks, "hrworks"),
    ] {
        let connected = app.connected_to(system).await;
        let shown = directory(&app, &connected).await;
        assert_eq!(shown["object"], "directory");
        assert_eq!(shown["id"], json!(connected.directory));
        assert_eq!(shown["organization_id"], json!(connected.organization));
        assert_eq!((&shown["type"], &shown["state"]), (&json!(kind), &json!("linked")));
        assert!(shown["name"].is_string() && shown["external_key"].is_string());
        assert!(is_moment(&shown["created_at"]) && is_moment(&shown["updated_at"]), "{shown}");
        // Null would be taken for a domain.
        assert!(!members(&shown).contains("domain"));
        let counts = &app.show(&connected).await["counts"];
        let expected = json!({
            "users": {"active": counts["active"], "inactive": counts["inactive"]},
            "groups": counts["groups"],
        });
        assert_eq!(shown["metadata"], expected);
        assert!(counts["active"].as_i64() > Some(10) && counts["groups"].as_i64() > Some(1));
        let path = format!("/directories?organization_id={}", connected.organization);
        assert_eq!(app.root_get(&path).await["data"], json!([shown]));
    }
}

async fn a_02_the_state_of_a_directory_follows_its_life(app: TestApp) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let connected = app.prepared(&organization).await;
    let state = async || directory(&app, &connected).await["state"].clone();
    assert_eq!(state().await, "unlinked");
    let path = format!("/directories/{}/complete_setup", connected.directory);
    app.post(&path, json!({})).await.ok();
    assert_eq!(state().await, "validating");
    app.drain().await;
    assert_eq!(state().await, "linked");
    // Out of order by itself: nobody has to enter anything.
    app.hr_answers(Some(OddAnswer::MalformedJson));
    app.poll().await;
    for _ in 0..5 {
        app.pass(5 * Timestamp::MINUTE).await;
    }
    assert_eq!(app.state(&connected).await, "failing");
    assert_eq!(state().await, "linked");
    app.hr_answers(None);
    app.poll().await;
    System::PeopleHr.remove_key(&app.sandbox, &connected.hr_key);
    app.poll().await;
    assert_eq!(app.state(&connected).await, "failing");
    assert_eq!(state().await, "invalid_credentials");
    // The event says what was.
    app.root(Method::DELETE, &format!("/directories/{}", connected.directory), None).await;
    let told = app.events("dsync.deleted").await;
    assert_eq!(told[0]["data"]["state"], "invalid_credentials");
}

async fn a_02_directories_are_found_by_organization_and_by_name(app: TestApp) {
    let mut made = Vec::new();
    for (organization, name) in [("One", "Alpha 100%"), ("Two", "Beta"), ("Three", "alphabet")] {
        let organization = app.organization(organization, &[]).await;
        app.clock.advance(1);
        let body = json!({"organization_id": organization, "provider": "people_hr", "name": name});
        let directory = app.post("/directories", body).await.ok()["id"].clone();
        made.push((organization, directory.as_str().unwrap().to_owned()));
    }
    let found = async |query: &str| ids(&app.root_get(&format!("/directories?{query}")).await);
    let [one, two, three] = &made[..] else { panic!("three") };
    assert_eq!(found("").await, [&three.1[..], &two.1, &one.1]);
    assert_eq!(found(&format!("organization_id={}", two.0)).await, [&two.1[..]]);
    assert_eq!(found("search=ALPHA").await, [&three.1[..], &one.1]);
    assert_eq!(found(&format!("search=ALPHA&organization_id={}", one.0)).await, [&one.1[..]]);
    // No pattern can be smuggled in.
    assert_eq!(found("search=0%25").await, [&one.1[..]]);
    assert!(found("search=A%25a").await.is_empty());
    assert!(found("search=_eta").await.is_empty());
    // HR systems have no domains.
    assert!(found("domain=acme.example").await.is_empty());
    assert!(found("organization_id=org_x").await.is_empty());
}

async fn l_08_deleting_a_directory_disables_it(app: TestApp) {
    let connected = app.connected().await;
    let accounts: Vec<String> = evidence::rows(&app.place, "accounts");
    let path = format!("/directories/{}", connected.directory);
    for _ in 0..2 {
        let answer = app.root(Method::DELETE, &path, None).await;
        assert_eq!((answer.status, answer.body), (202, json!({})));
    }
    assert_eq!(app.state(&connected).await, "disabled");
    assert_eq!(app.root_get("/directories").await["data"], json!([]));
    assert_eq!(directory(&app, &connected).await["state"], "unlinked");
    assert_eq!(users(&app, &connected).await, Vec::<Value>::new());
    assert_eq!(evidence::rows(&app.place, "accounts"), accounts);
    assert_eq!(app.events("dsync.deleted").await.len(), 1);
    assert_eq!(app.events("dsync.user.deleted,dsync.group.deleted").await.len(), 0);
    let gone = app.root(Method::DELETE, "/directories/directory_x", None).await;
    gone.problem(404, "entity_not_found");
    assert_eq!(gone.body["message"], "Directory not found: 'directory_x'.");
}

async fn c_17_a_sync_is_queued_once(app: TestApp) {
    let connected = app.connected().await;
    let path = format!("/directories/{}/sync", connected.directory);
    let sync = async || app.root(Method::POST, &path, None).await;
    let queued = sync().await;
    assert_eq!((queued.status, &queued.body), (202, &json!({"status": "queued"})));
    sync().await.problem(409, "run_in_progress");
    app.drain().await;
    assert_eq!(app.last_run(&connected).await["state"], "succeeded");
    assert_eq!(sync().await.status, 202);
    let unknown = app.root(Method::POST, "/directories/directory_x/sync", None).await;
    unknown.problem(404, "entity_not_found");
}

async fn c_17_a_sync_without_calls_left_says_when(place: TestPlace) {
    let few = (System::PeopleHr.pace_setting(), "6".to_owned());
    let app = TestApp::start_with(place, Options { env: vec![few], ..Options::default() }).await;
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let connected = app.prepared(&organization).await;
    app.pass(Timestamp::MINUTE).await;
    app.post(&format!("/directories/{}/complete_setup", connected.directory), json!({})).await.ok();
    for _ in 0..3 {
        app.pass(Timestamp::MINUTE).await;
    }
    let path = format!("/directories/{}/sync", connected.directory);
    for _ in 0..5 {
        let answer = app.root(Method::POST, &path, None).await;
        if answer.status == 202 {
            app.drain().await;
            continue;
        }
        answer.problem(429, "directory_sync_rate_limited");
        let seconds = answer.body["retry_after_seconds"].as_i64().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
        assert_eq!(answer.header("retry-after"), seconds.to_string());
        app.clock.advance(seconds * Timestamp::SECOND);
        assert_eq!(app.root(Method::POST, &path, None).await.status, 202);
        return;
    }
    panic!("six calls a minute are enough for five syncs");
}

async fn a_02_a_directory_user_has_all_that_sdks_read(app: TestApp) {
    let connected = app.connected().await;
    let everybody = users(&app, &connected).await;
    assert!(everybody.len() > 20);
    let mut states = BTreeSet::new();
    for user in &everybody {
        assert_eq!(user["object"], "directory_user");
        for member in ["id", "directory_id", "organization_id", "idp_id", "state"] {
            assert!(user[member].is_string(), "{member} of {user}");
        }
        states.insert(user["state"].as_str().unwrap());
        for member in ["email", "first_name", "last_name", "name", "job_title", "username"] {
            assert!(members(user).contains(member), "{member} of {user}");
        }
        assert!(is_moment(&user["created_at"]) && is_moment(&user["updated_at"]));
        assert_eq!(user["raw_attributes"], json!({}));
        let email = json!({"primary": true, "type": "work", "value": user["email"]});
        let emails = if user["email"].is_null() { json!([]) } else { json!([email]) };
        assert_eq!(user["emails"], emails);
        let custom = &user["custom_attributes"];
        let predefined = [
            "addresses",
            "cost_center_name",
            "department_name",
            "display_name",
            "division_name",
            "emails",
            "employee_number",
            "employee_type",
            "employment_start_date",
            "job_title",
            "manager_email",
            "manager_id",
            "manager_name",
            "organization",
            "username",
        ];
        for name in predefined {
            assert!(members(custom).contains(name), "{name} of {custom}");
        }
        let groups = user["groups"].as_array().unwrap();
        let names: Vec<&Value> = groups.iter().map(|group| &group["name"]).collect();
        if custom["department_name"].is_null() {
            assert!(names.is_empty(), "{user}");
        } else {
            assert_eq!(names, [&custom["department_name"]]);
        }
        assert!(groups.iter().all(|group| group["object"] == "directory_group"));
        // Whoever is read alone looks the same.
        let path = format!("/directory_users/{}", user["id"].as_str().unwrap());
        assert_eq!(&app.root_get(&path).await, user);
    }
    assert_eq!(states, BTreeSet::from(["active", "inactive"]));
    // In an event the object has no groups, and is the same otherwise.
    let created = app.events("dsync.user.created").await;
    assert_eq!(created.len(), everybody.len());
    let newest = created.iter().find(|event| event["data"]["id"] == everybody[0]["id"]).unwrap();
    let mut expected = everybody[0].clone();
    expected.as_object_mut().unwrap().remove("groups");
    assert_eq!(newest["data"], expected);
    let unknown = app.root(Method::GET, "/directory_users/directory_user_x", None).await;
    unknown.problem(404, "entity_not_found");
}

async fn a_02_people_are_found_by_group_key_and_e_mail(app: TestApp) {
    let connected = app.connected().await;
    let directory = &connected.directory;
    let everybody = users(&app, &connected).await;
    let someone = everybody.iter().find(|user| user["groups"][0].is_object()).unwrap();
    let (id, group) = (&someone["id"], someone["groups"][0]["id"].as_str().unwrap());
    let (key, email) = (&someone["idp_id"], someone["email"].as_str().unwrap());
    let found = async |query: String| {
        ids(&app.root_get(&format!("/directory_users?limit=100&{query}")).await)
    };
    let members: Vec<String> = everybody
        .iter()
        .filter(|user| user["groups"][0]["id"] == group)
        .map(|user| user["id"].as_str().unwrap().to_owned())
        .collect();
    assert!(members.len() > 1 && members.len() < everybody.len());
    for query in [
        format!("group={group}"),
        format!("group_id={group}"),
        format!("group={group}&directory={directory}"),
        format!("group={group}&directory_id={directory}&directory={directory}"),
    ] {
        assert_eq!(found(query.clone()).await, members, "{query}");
    }
    let key = key.as_str().unwrap();
    for query in [
        format!("directory={directory}&idp_id={key}"),
        format!("directory={directory}&email={}", email.to_uppercase()),
        format!("directory_id={directory}&email={email}&idp_id={key}&group={group}"),
    ] {
        assert_eq!(found(query.clone()).await, [id.as_str().unwrap()], "{query}");
    }
    assert!(found(format!("directory={directory}&email=x@y.example")).await.is_empty());
    for (query, field) in [
        ("", "directory"),
        ("email=a@b.example", "directory"),
        (&format!("group={group}&idp_id={key}"), "directory"),
        (&format!("directory={directory}&directory_id=directory_y"), "directory_id"),
        (&format!("directory={directory}&nmae=x"), "nmae"),
        (&format!("directory={directory}&after={directory}"), "after"),
    ] {
        let wrong = app.root(Method::GET, &format!("/directory_users?{query}"), None).await;
        wrong.problem(422, "invalid_request_parameters");
        assert_eq!(wrong.body["errors"][0]["field"], field, "{query}");
        assert_eq!(wrong.body["message"], "Validation failed.");
    }
    for query in ["directory=directory_x", "group=directory_group_x"] {
        let gone = app.root(Method::GET, &format!("/directory_users?{query}"), None).await;
        gone.problem(404, "entity_not_found");
    }
}

async fn a_02_groups_are_listed_of_a_directory_and_of_a_person(app: TestApp) {
    let connected = app.connected().await;
    let directory = &connected.directory;
    let groups = app.root_get(&format!("/directory_groups?directory={directory}&limit=100")).await;
    let groups = groups["data"].as_array().unwrap();
    assert!(groups.len() > 3);
    for group in groups {
        assert_eq!(group["object"], "directory_group");
        for member in ["id", "idp_id", "directory_id", "organization_id", "name"] {
            assert!(group[member].is_string(), "{member} of {group}");
        }
        assert_eq!(group["raw_attributes"], json!({}));
        assert!(is_moment(&group["created_at"]) && is_moment(&group["updated_at"]));
        let path = format!("/directory_groups/{}", group["id"].as_str().unwrap());
        assert_eq!(&app.root_get(&path).await, group);
    }
    for user in users(&app, &connected).await {
        let user_id = user["id"].as_str().unwrap();
        for query in [format!("user={user_id}"), format!("user_id={user_id}&directory={directory}")]
        {
            let list = app.root_get(&format!("/directory_groups?{query}")).await;
            assert_eq!(list["data"], user["groups"]);
        }
    }
    app.root(Method::GET, "/directory_groups", None)
        .await
        .problem(422, "invalid_request_parameters");
    for path in ["/directory_groups/directory_group_x", "/directory_groups?user=directory_user_x"] {
        app.root(Method::GET, path, None).await.problem(404, "entity_not_found");
    }
    // A change of the department moves `updated_at`, which it does not at WorkOS (§10).
    let someone =
        users(&app, &connected).await.into_iter().find(|u| u["state"] == "active").unwrap();
    let employee = someone["custom_attributes"]["employee_number"].as_str().unwrap().to_owned();
    app.clock.advance(Timestamp::MINUTE);
    let edit = rollcall::sandbox::Edit {
        department: Some("Lighthouse".to_owned()),
        ..rollcall::sandbox::Edit::default()
    };
    app.edit(&employee, edit).await;
    app.drain().await;
    let path = format!("/directory_users/{}", someone["id"].as_str().unwrap());
    let moved = app.root_get(&path).await;
    assert_eq!(moved["groups"][0]["name"], "Lighthouse");
    assert!(moved["updated_at"].as_str() > someone["updated_at"].as_str());
}

async fn a_02_whoever_was_told_as_deleted_can_not_be_read(app: TestApp) {
    let connected = app.connected().await;
    let path = format!("/directories/{}", connected.directory);
    app.patch(&path, json!({"inactive_policy": "delete"})).await.ok();
    let before = users(&app, &connected).await;
    let employee = app.employee(2);
    app.hr().leave(&employee, &on(YESTERDAY)).await.unwrap();
    app.drain().await;
    let deleted = app.events("dsync.user.deleted").await;
    let id = deleted[0]["data"]["id"].as_str().unwrap().to_owned();
    let after = users(&app, &connected).await;
    assert_eq!(after.len() + deleted.len(), before.len());
    assert!(after.iter().all(|user| user["id"] != id));
    let read = app.root(Method::GET, &format!("/directory_users/{id}"), None).await;
    read.problem(404, "entity_not_found");
    let groups = app.root(Method::GET, &format!("/directory_groups?user={id}"), None).await;
    groups.problem(404, "entity_not_found");
    // Their place in the list is a good cursor all the same.
    let rest = app.root_get(&format!("/directory_users?limit=100&order=asc&after={id}")).await;
    let later: Vec<String> = ids(&rest);
    let expected: Vec<String> = after
        .iter()
        .rev()
        .map(|user| user["id"].as_str().unwrap().to_owned())
        .filter(|other| *other > id)
        .collect();
    assert_eq!(later, expected);
}

async fn c_05_events_are_asked_for_in_every_form(app: TestApp) {
    let connected = app.connected().await;
    let other = app.connected_to(System::BreatheHr).await;
    let list = async |query: &str| app.root_get(&format!("/events?limit=100&{query}")).await;
    let kinds = |list: &Value| -> BTreeSet<String> {
        list["data"].as_array().unwrap().iter().map(|e| e["event"].to_string()).collect()
    };
    let (created, added) = ("dsync.group.created", "dsync.group.user_added");
    let joined = list(&format!("events={created}%2C{added}")).await;
    assert_eq!(kinds(&joined), BTreeSet::from([format!("\"{created}\""), format!("\"{added}\"")]));
    for query in [
        format!("events={created},{added}"),
        format!("events={created}&events={added}"),
        format!("events[]={created}&events[]={added}"),
        format!("events%5B%5D={created}&events%5B%5D={added}"),
    ] {
        assert_eq!(list(&query).await, joined, "{query}");
    }
    // Oldest first, unless another order is asked for.
    let ascending = ids(&list("").await);
    assert!(ascending.is_sorted());
    assert_eq!(ids(&list("order=asc").await), ascending);
    let descending = ids(&list("order=desc").await);
    assert!(descending.is_sorted_by(|a, b| a > b) && descending[0] > ascending[99]);
    // Both cursors.
    let middle = &ascending[50];
    assert_eq!(ids(&list(&format!("after={middle}&limit=3")).await), ascending[51..54]);
    assert_eq!(ids(&list(&format!("before={middle}&limit=3")).await), ascending[47..50]);
    let path = format!("order=desc&after={middle}&limit=3");
    let older: Vec<&String> = ascending[47..50].iter().rev().collect();
    assert_eq!(ids(&list(&path).await).iter().collect::<Vec<_>>(), older);
    let of_other = list(&format!("organization_id={}", other.organization)).await;
    let is_other = |event: &Value| {
        let data = &event["data"];
        let of = data.get("organization_id").unwrap_or(&data["user"]["organization_id"]);
        *of == json!(other.organization)
    };
    assert!(of_other["data"].as_array().unwrap().iter().all(is_other));
    // Ours only come by name; those of WorkOS's other products never happen.
    app.hr_answers(Some(OddAnswer::AccessDenied));
    app.poll().await;
    assert_eq!(ids(&list("events=rollcall.notice.created").await).len(), 1);
    assert!(!kinds(&list("order=desc").await).contains("\"rollcall.notice.created\""));
    for foreign in ["user.created", "dsync.token.created", "connection.activated,session.created"] {
        assert_eq!(list(&format!("events={foreign}")).await["data"], json!([]), "{foreign}");
    }
    assert_eq!(kinds(&list(&format!("events=user.created,{created}")).await).len(), 1);
    for wrong in ["events=dsync.user.craeted", "types=x", "after=x", "limit=0", "order=up"] {
        let answer = app.root(Method::GET, &format!("/events?{wrong}"), None).await;
        assert!(matches!(answer.status, 400 | 422), "{wrong}: {}", answer.status);
        assert!(answer.body["errors"].is_array(), "{wrong}: {}", answer.body);
    }
    assert_eq!(app.state(&connected).await, "failing");
}

async fn c_05_events_of_a_range(app: TestApp) {
    let connected = app.connected().await;
    let at = |moment: Timestamp| moment.to_string();
    let begin = app.now();
    let mut told = Vec::new();
    for number in 0..4 {
        app.clock.advance(Timestamp::DAY);
        app.new_job(&app.employee(1), &format!("Job {number}")).await;
        app.drain().await;
        told.push((app.now(), app.events("").await.last().unwrap()["id"].clone()));
    }
    let found = async |query: String| {
        let page = app.root_get(&format!("/events?limit=100&{query}")).await;
        page["data"].as_array().unwrap().iter().map(|e| e["id"].clone()).collect::<Vec<_>>()
    };
    let expected = |from: usize, to: usize| -> Vec<Value> {
        told[from..to].iter().map(|(_, id)| id.clone()).collect()
    };
    // The start belongs to a range, the end does not: ranges that meet show each once.
    let (first, third) = (at(told[0].0), at(told[2].0));
    assert_eq!(found(format!("range_start={first}&range_end={third}")).await, expected(0, 2));
    assert_eq!(found(format!("range_start={third}")).await, expected(2, 4));
    let seconds = first.replace(".000Z", "Z");
    assert_eq!(found(format!("range_start={seconds}&range_end={third}")).await, expected(0, 2));
    let after = expected(0, 1)[0].as_str().unwrap().to_owned();
    assert_eq!(found(format!("range_start={first}&after={after}")).await, expected(1, 4));
    let (month, more) = (30 * Timestamp::DAY, 30 * Timestamp::DAY + 1);
    let end = |span: i64| format!("range_start={}&range_end={}", at(begin), at(begin.plus(span)));
    assert_eq!(found(end(month)).await, expected(0, 4));
    for wrong in [
        end(more),
        end(-1),
        format!("range_end={third}"),
        format!("range_start={}", at(app.now().plus(-more))),
        format!("range_start={}", first.replace('Z', "%2B00:00")),
        "range_start=2026-11-23".to_owned(),
        "range_start=yesterday".to_owned(),
    ] {
        let answer = app.root(Method::GET, &format!("/events?{wrong}"), None).await;
        answer.problem(422, "invalid_request_parameters");
    }
    assert_eq!(app.state(&connected).await, "active");
}

async fn a_03_the_feed_is_the_same_on_both_surfaces(app: TestApp) {
    app.connected().await;
    let query = "limit=100&types=dsync.activated,dsync.user.created,dsync.group.user_added";
    let own = app.call(Method::GET, &format!("/events?{query}"), None).await.text;
    let root = app.root(Method::GET, &format!("/events?{query}"), None).await;
    assert_eq!(root.text, own);
    assert_eq!(root.header("content-type"), "application/json");
    let first = &root.body["data"][0];
    let expected = ["object", "id", "event", "data", "created_at", "context"];
    assert_eq!(members(first), BTreeSet::from(expected));
    assert_eq!((&first["object"], &first["context"]), (&json!("event"), &json!({})));
    assert!(EventKind::parse(first["event"].as_str().unwrap()).is_some());
}

async fn a_03_a_cursor_that_is_too_old_is_refused(app: TestApp) {
    app.connected().await;
    let all = ids(&app.root_get("/events?limit=20").await);
    let number = |id: &str| {
        rollcall::domain::ids::EventId::from_text(id).number().expect("an event has a number")
    };
    app.raw().run(&format!("DELETE FROM events WHERE number <= {}", number(&all[9])));
    let get = async |query: String| app.root(Method::GET, &format!("/events?{query}"), None).await;
    for lost in [
        format!("after={}", all[8]),
        format!("order=desc&before={}", all[8]),
        format!("order=normal&after={}", all[0]),
    ] {
        let answer = get(lost).await;
        answer.problem(400, "cursor_expired");
        assert_eq!(answer.body["errors"][0]["code"], "cursor_expired");
    }
    // Nothing is missing behind the last one that is gone.
    let page = get(format!("after={}&limit=3", all[9])).await;
    assert_eq!(ids(&page.body), all[10..13]);
    // Who reads towards the past comes to the end of what is kept.
    for past in [format!("before={}", all[5]), format!("order=desc&after={}", all[5])] {
        assert_eq!(get(past).await.body["data"], json!([]));
    }
    get("after=event_x".to_owned()).await.problem(400, "invalid_cursor");
    get("before=event_7ZZZZZZZZZZZZZZZZZZZZZZZZZ".to_owned()).await.problem(400, "invalid_cursor");
}

async fn a_02_organizations_as_the_sdks_call_them(app: TestApp) {
    let body = json!({
        "name": "Acme", "external_id": "acme/1", "metadata": {"tier": "gold", "old": "x"},
        "domain_data": [{"domain": "acme.example", "state": "verified"}],
    });
    let made = app.root(Method::POST, "/organizations", Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.body;
    let id = made["id"].as_str().unwrap().to_owned();
    let expected = [
        "object",
        "id",
        "name",
        "allow_profiles_outside_organization",
        "domains",
        "external_id",
        "metadata",
        "created_at",
        "updated_at",
    ];
    assert_eq!(members(&made), BTreeSet::from(expected));
    assert_eq!((&made["domains"], &made["object"]), (&json!([]), &json!("organization")));
    assert_eq!(made["metadata"], json!({"tier": "gold", "old": "x"}));
    assert_eq!(app.root_get(&format!("/organizations/{id}")).await, made);
    assert_eq!(app.root_get("/organizations/external_id/acme%2F1").await, made);
    // It is a row of the own API.
    let own = app.get(&format!("/organizations/{id}")).await;
    assert_eq!((&own["name"], &own["metadata"]), (&made["name"], &made["metadata"]));
    app.clock.advance(1);
    let path = format!("/organizations/{id}");
    let change = json!({"metadata": {"old": null, "new": "y"}, "stripe_customer_id": "cus_1"});
    let changed = app.root(Method::PUT, &path, Some(change)).await.body;
    assert_eq!(changed["metadata"], json!({"tier": "gold", "new": "y"}));
    assert_eq!((&changed["name"], &changed["external_id"]), (&json!("Acme"), &json!("acme/1")));
    assert!(changed["updated_at"].as_str() > made["updated_at"].as_str());
    let named = app.root(Method::PUT, &path, Some(json!({"name": "ACME 2"}))).await.body;
    assert_eq!((&named["name"], &named["metadata"]), (&json!("ACME 2"), &changed["metadata"]));
    let found = app.root_get("/organizations?search=acme").await;
    assert_eq!(found["data"], json!([named]));
    assert_eq!(app.root_get("/organizations?domains=acme.example").await["data"], json!([]));
    let twin = json!({"name": "Twin", "external_id": "acme/1"});
    let twin = app.root(Method::POST, "/organizations", Some(twin)).await;
    twin.problem(409, "external_id_taken");
    for wrong in [json!({}), json!({"name": ""}), json!({"name": "x", "metadata": {"a": 1}})] {
        let answer = app.root(Method::POST, "/organizations", Some(wrong)).await;
        answer.problem(422, "invalid_request_parameters");
    }
    let many: Value =
        (0..51).map(|n| (format!("k{n}"), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    let many = app.root(Method::PUT, &path, Some(json!({"metadata": many}))).await;
    many.problem(422, "invalid_request_parameters");
    // Nothing connected is lost by the way.
    let (directory, _) = app.directory(&id).await;
    app.root(Method::DELETE, &path, None).await.problem(409, "organization_in_use");
    app.root(Method::DELETE, &format!("/directories/{directory}"), None).await;
    assert_eq!(app.root(Method::DELETE, &path, None).await.status, 204);
    app.root(Method::GET, &path, None).await.problem(404, "entity_not_found");
    let gone = app.root(Method::GET, "/organizations/external_id/acme%2F1", None).await;
    gone.problem(404, "entity_not_found");
}

/// Opens a link as a browser does, without a key.
async fn open(app: &TestApp, method: Method, link: &str) -> (u16, String) {
    let (_, path) = link.split_once("/portal/").expect("a link into the portal");
    let url = app.url(&format!("/portal/{path}"));
    let answer = app.client.request(method, url).send().await.expect("the gateway answers");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    (answer.status().as_u16(), answer.text().await.expect("a body"))
}

async fn a_02_a_link_into_the_portal_works_once(app: TestApp) {
    let organization = app.connected().await.organization;
    let generate =
        async |body: Value| app.root(Method::POST, "/portal/generate_link", Some(body)).await;
    let wanted = json!({
        "organization": organization, "intent": "dsync",
        "return_url": "https://app.example/settings", "success_url": "https://app.example/done",
    });
    let made = generate(wanted.clone()).await;
    assert_eq!((made.status, members(&made.body)), (201, BTreeSet::from(["link"])));
    let link = made.body["link"].as_str().unwrap().to_owned();
    assert!(link.starts_with(&app.url("/portal/enter/")), "{link}");
    let token = link.rsplit('/').next().unwrap();
    assert!(evidence::where_stored(&app.place, token).is_empty(), "the token is stored");
    // Whoever only looks at it does not use it up.
    assert_eq!(open(&app, Method::HEAD, &link).await.0, 200);
    let (status, page) = open(&app, Method::GET, &link).await;
    assert_eq!(status, 200);
    assert!(page.contains("HR connection of Customer Ltd") && !page.contains(token));
    // Its button leads to a visit, for which this client keeps no cookie.
    assert_eq!(open(&app, Method::POST, &link).await.0, 401);
    let (status, page) = open(&app, Method::GET, &link).await;
    assert_eq!(status, 410);
    assert!(page.contains("This link does not work any more"));
    assert_eq!(open(&app, Method::GET, "/portal/enter/nonsense").await.0, 410);
    // The own API's twin says how long it is good.
    let path = format!("/organizations/{organization}/portal_links");
    let own = app.post(&path, json!({})).await;
    assert_eq!(own.status, 201);
    assert_eq!(own.body["expires_at"], json!(app.now().plus(5 * Timestamp::MINUTE).to_string()));
    app.clock.advance(5 * Timestamp::MINUTE);
    assert_eq!(open(&app, Method::GET, own.body["url"].as_str().unwrap()).await.0, 410);
    assert!(!evidence::logged().contains(token), "the token is in the log");
    let mut unknown = wanted.clone();
    unknown["organization"] = json!("org_x");
    generate(unknown).await.problem(404, "entity_not_found");
    for (member, value) in [
        ("intent", json!("sso")),
        ("return_url", json!("javascript:alert(1)")),
        ("success_url", json!(format!("https://app.example/{}", "x".repeat(2_000)))),
        ("organization", json!(null)),
        ("it_contact_emails", json!(["it@customer.example"])),
        ("external_user_id", json!("user_1")),
    ] {
        let mut body = wanted.clone();
        body[member] = value;
        let answer = generate(body).await;
        answer.problem(422, "invalid_request_parameters");
        assert_eq!(answer.body["errors"][0]["field"], member);
    }
}

async fn c_13_nobody_without_a_key_reads_anything(app: TestApp) {
    let connected = app.connected().await;
    let revoked = app.running.store.create_api_key("old").await.unwrap();
    let now = app.now();
    let db = &app.running.task_context.sync.db;
    let write = db.write(rollcall::db::Lane::Urgent, move |tx| {
        rollcall::db::api_keys::revoke(tx, "old", now)
    });
    assert_eq!(write.await.unwrap(), 1);
    let paths = [
        "/directories".to_owned(),
        format!("/directories/{}", connected.directory),
        format!("/directory_users?directory={}", connected.directory),
        format!("/directory_groups?directory={}", connected.directory),
        "/events".to_owned(),
        "/organizations".to_owned(),
        "/directories/x/y/z".to_owned(),
    ];
    for path in paths {
        // Too many wrong keys within a minute are answered otherwise.
        app.clock.advance(Timestamp::MINUTE);
        let (basic, none) = ("Basic c2tfbGl2ZTo=".to_owned(), String::new());
        let bearer = |key: &str| format!("Bearer {key}");
        for header in [none, basic, bearer("sk_live_x"), bearer(revoked.reveal()), bearer("x")] {
            let mut request = app.client.get(app.url(&path));
            if !header.is_empty() {
                request = request.header("authorization", &header);
            }
            let answer = Answer::of(request).await;
            answer.problem(401, "unauthorized");
            assert_eq!(answer.body["message"], "Unauthorized");
        }
    }
}
