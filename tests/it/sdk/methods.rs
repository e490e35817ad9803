//! Every method of the contract's §2 in every SDK that has it (C-01, C-02, C-16, C-17, C-18).

use reqwest::Method;
use serde_json::{Value, json};

use super::driver::{Sdk, ask, ask_at, good};
use super::{KINDS, agrees, behaviours_of_wire, get, holds_for, ids, root, sent, text};
use crate::support::{Connected, Options, TestApp, behaviours, behaviours_of_place};
use crate::systems::System;
use crate::testdb::TestPlace;

behaviours!(
    c_01_every_sdk_reads_directories_users_and_groups,
    c_01_every_sdk_reads_events,
    c_01_every_sdk_deletes_a_directory,
    c_01_newer_sdks_manage_webhook_endpoints,
    c_01_every_sdk_makes_a_set_up_link,
    c_01_every_sdk_reads_and_makes_organizations,
    c_16_a_repeated_request_with_the_same_key_gets_the_first_answer,
    c_16_whatever_is_made_twice_with_one_key_is_made_once,
    c_17_a_sync_is_queued_and_not_twice,
    c_18_hrworks_and_more_members_disturb_no_sdk,
);
behaviours_of_wire!(
    crate::support::on;
    c_02_node_finds_the_gateway_by_host_and_port_without_prefix,
);
behaviours_of_place!(c_17_a_sync_waits_for_the_call_budget);

/// Asks, and what the SDK shows must be what the gateway sends for this path. The shown value.
async fn same(app: &TestApp, sdk: Sdk, call: &str, what: Value, path: &str) -> Value {
    let shown = good(sdk, call, ask(app, sdk, call, what).await);
    let sent = get(app, path).await;
    assert_eq!(sent.status, 200, "{path}: {}", sent.text);
    agrees(sdk, &shown, &sent.body);
    shown
}

async fn reads_everything(app: &TestApp, sdk: Sdk, connected: &Connected) {
    let Connected { organization, directory, .. } = connected;
    let all = same(app, sdk, "list_directories", json!({}), "/directories?order=desc").await;
    assert!(ids(&all["data"]).contains(directory));
    let query = json!({"query": {"organization_id": organization, "limit": 5}});
    let path = format!("/directories?organization_id={organization}&limit=5");
    let own = same(app, sdk, "list_directories", query, &path).await;
    assert_eq!(ids(&own["data"]), [directory.as_str()]);
    let what = json!({"id": directory});
    let one = same(app, sdk, "get_directory", what, &format!("/directories/{directory}")).await;
    assert_eq!(one["organization_id"], organization.as_str());

    let query = json!({"query": {"directory": directory}});
    let path = format!("/directory_users?directory={directory}");
    let users = same(app, sdk, "list_users", query.clone(), &path).await;
    assert_eq!(ids(&users["data"]).len(), 10, "a page has ten when nothing else is said");
    let user = users["data"][0].clone();
    let id = text(&user["id"]);
    let path = format!("/directory_users/{id}");
    let shown = same(app, sdk, "get_user", json!({"id": id}), &path).await;
    assert!(shown["custom_attributes"].is_object() && shown["groups"].is_array());

    let path_of_all = format!("/directory_groups?directory={directory}");
    let groups = same(app, sdk, "list_groups", query, &path_of_all).await;
    let group = text(&groups["data"][0]["id"]);
    let path = format!("/directory_groups/{group}");
    same(app, sdk, "get_group", json!({"id": group}), &path).await;
    let path = format!("/directory_users?group={group}");
    let members = json!({"query": {"group": group}});
    let members = same(app, sdk, "list_users", members, &path).await;
    let member = text(&members["data"][0]["id"]);
    let path = format!("/directory_groups?user={member}");
    let of_user = json!({"query": {"user": member}});
    let of_user = same(app, sdk, "list_groups", of_user, &path).await;
    assert!(ids(&of_user["data"]).contains(&group));

    let query = json!({"query": {"directory": directory}});
    let walked = good(sdk, "walk", ask(app, sdk, "walk_groups", query).await);
    assert_eq!(ids(&walked), get(app, &format!("{path_of_all}&limit=100")).await.ids());
    let walked = good(sdk, "walk", ask(app, sdk, "walk_directories", json!({})).await);
    assert_eq!(ids(&walked), get(app, "/directories?limit=100").await.ids());

    if Sdk::WITH_SYNC.contains(&sdk) {
        for name in ["idp_id", "email"] {
            let value = text(&user[name]);
            let found = json!({"query": {"directory": directory, name: value}});
            let found = good(sdk, "list_users", ask(app, sdk, "list_users", found).await);
            assert_eq!(ids(&found["data"]), [id.as_str()], "{name} {value}");
        }
    }
}

async fn c_01_every_sdk_reads_directories_users_and_groups(app: TestApp) {
    let connected = app.connected().await;
    holds_for(&Sdk::ALL, async |sdk| reads_everything(&app, sdk, &connected).await).await;
}

async fn c_01_every_sdk_reads_events(app: TestApp) {
    let connected = app.connected().await;
    let organization = &connected.organization;
    holds_for(&Sdk::ALL, async |sdk| {
        let query = json!({
            "events": KINDS, "organization_id": organization, "limit": 50,
        });
        let path = format!("/events?events={}&limit=50", KINDS.join(","));
        let shown = same(&app, sdk, "list_events", json!({"query": query}), &path).await;
        let shown = shown["data"].as_array().expect("events");
        assert_eq!(shown.len(), 50);
        assert_eq!(shown[0]["event"], "dsync.activated");
    })
    .await;
}

async fn c_01_every_sdk_deletes_a_directory(app: TestApp) {
    holds_for(&Sdk::ALL, async |sdk| {
        let organization = app.organization(&format!("{sdk:?} Ltd"), &["a@b.example"]).await;
        let connected = app.prepared(&organization).await;
        app.complete(&connected).await;
        let id = &connected.directory;
        good(sdk, "delete", ask(&app, sdk, "delete_directory", json!({"id": id})).await);
        app.drain().await;
        assert_eq!(app.state(&connected).await, "disabled", "{sdk:?}");
        let query = json!({"query": {"organization_id": organization}});
        let listed = good(sdk, "list", ask(&app, sdk, "list_directories", query).await);
        assert_eq!(listed["data"], json!([]), "{sdk:?}");
        let users = get(&app, &format!("/directory_users?directory={id}")).await;
        assert_eq!(users.ids(), [""; 0], "{sdk:?}: people of a deleted directory");
    })
    .await;
}

async fn c_01_newer_sdks_manage_webhook_endpoints(app: TestApp) {
    holds_for(&Sdk::WITH_ENDPOINTS, async |sdk| {
        let url = format!("https://{sdk:?}.example/hook").to_lowercase();
        let body = json!({"endpoint_url": url, "events": ["dsync.user.created"]});
        let made = ask(&app, sdk, "create_endpoint", json!({"body": body})).await;
        let made = good(sdk, "create", made);
        assert_eq!(made["endpoint_url"], url.as_str());
        assert_eq!(made["status"], "enabled");
        assert!(text(&made["secret"]).starts_with("whsec_"), "{made:#}");
        let id = text(&made["id"]);

        let listed = ask(&app, sdk, "list_endpoints", json!({})).await;
        let listed = good(sdk, "list", listed);
        assert!(ids(&listed["data"]).contains(&id));
        let sent = get(&app, "/webhook_endpoints?order=desc").await;
        agrees(sdk, &listed["data"], &sent.body["data"]);

        let body = json!({"status": "disabled", "events": ["dsync.user.deleted"]});
        let changed = ask(&app, sdk, "update_endpoint", json!({"id": id, "body": body})).await;
        let changed = good(sdk, "update", changed);
        assert_eq!(changed["status"], "disabled");
        assert_eq!(changed["events"], json!(["dsync.user.deleted"]));

        good(sdk, "delete", ask(&app, sdk, "delete_endpoint", json!({"id": id})).await);
        let listed = good(sdk, "list", ask(&app, sdk, "list_endpoints", json!({})).await);
        assert!(!ids(&listed["data"]).contains(&id));
    })
    .await;
}

async fn c_01_every_sdk_makes_a_set_up_link(app: TestApp) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    holds_for(&Sdk::ALL, async |sdk| {
        let body = json!({"organization": organization, "intent": "dsync",
            "return_url": "https://app.example/settings"});
        let link = good(sdk, "link", ask(&app, sdk, "portal_link", json!({"body": body})).await);
        let link = text(&link["link"]);
        assert!(link.starts_with("http") && link.contains("/portal/"), "{link}");
    })
    .await;
}

async fn c_01_every_sdk_reads_and_makes_organizations(app: TestApp) {
    app.organization("First Ltd", &[]).await;
    holds_for(&Sdk::ALL, async |sdk| {
        let body = json!({"body": {"name": format!("{sdk:?} Ltd")}});
        let made = good(sdk, "create", ask(&app, sdk, "create_organization", body).await);
        let id = text(&made["id"]);
        let path = format!("/organizations/{id}");
        same(&app, sdk, "get_organization", json!({"id": id}), &path).await;
        let all = same(&app, sdk, "list_organizations", json!({}), "/organizations").await;
        assert!(ids(&all["data"]).contains(&id));
    })
    .await;
}

async fn c_02_node_finds_the_gateway_by_host_and_port_without_prefix(app: TestApp) {
    let connected = app.connected().await;
    holds_for(&[Sdk::Node7, Sdk::Node8, Sdk::Node11], async |sdk| {
        for host in ["127.0.0.1", "localhost"] {
            // Whatever path an application appends is lost in these SDKs: only the root answers.
            let base = format!("http://{host}:{}/some/prefix", app.running.address.port());
            let what = json!({"id": connected.directory});
            let shown = ask_at(&base, app.key.reveal(), sdk, "get_directory", what).await;
            assert_eq!(good(sdk, "get", shown)["id"], connected.directory.as_str());
        }
    })
    .await;
}

async fn c_16_a_repeated_request_with_the_same_key_gets_the_first_answer(app: TestApp) {
    holds_for(&Sdk::ALL, async |sdk| {
        let create = async |name: &str, key: &str| {
            let what = json!({"body": {"name": name}, "idempotency_key": key});
            ask(&app, sdk, "create_organization", what).await
        };
        let (name, key) = (format!("{sdk:?} Ltd"), format!("key-of-{sdk:?}"));
        let first = good(sdk, "create", create(&name, &key).await);
        let again = good(sdk, "create", create(&name, &key).await);
        assert_eq!(first, again, "the first answer");
        let other = good(sdk, "create", create(&name, &format!("{key}-2")).await);
        assert_ne!(first["id"], other["id"], "another key is another request");
        let misused = create("Another name", &key).await;
        let misused = misused.expect_err("one key is for one request");
        assert!(matches!(misused.status, Some(409 | 422)), "{misused:?}");
        let all = app.all("/organizations").await;
        let same_name = all.iter().filter(|organization| organization["name"] == name.as_str());
        assert_eq!(same_name.count(), 2);
    })
    .await;
}

async fn c_16_whatever_is_made_twice_with_one_key_is_made_once(app: TestApp) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let endpoint = json!({"endpoint_url": "https://a.example/h", "events": ["dsync.deleted"]});
    let link = json!({"organization": organization, "intent": "dsync"});
    for (path, body) in [("/webhook_endpoints", endpoint), ("/portal/generate_link", link)] {
        let post = || {
            let url = format!("http://{}{path}", app.running.address);
            let request = app.client.post(url).bearer_auth(app.key.reveal()).json(&body);
            sent(request.header("idempotency-key", format!("one key for {path}")))
        };
        let (first, again) = (post().await, post().await);
        assert_eq!((first.status, again.status), (201, 201), "{path}: {}", again.text);
        assert_eq!(first.text, again.text, "{path}: the same secret, the same link");
    }
    assert_eq!(get(&app, "/webhook_endpoints").await.ids().len(), 1);
}

async fn c_17_a_sync_is_queued_and_not_twice(app: TestApp) {
    let connected = app.connected().await;
    holds_for(&Sdk::WITH_SYNC, async |sdk| {
        app.clock.advance(1);
        let id = json!({"id": connected.directory});
        let queued = good(sdk, "sync", ask(&app, sdk, "sync_directory", id.clone()).await);
        assert_eq!(queued["status"], "queued");
        let twice = ask(&app, sdk, "sync_directory", id.clone()).await.expect_err("it runs");
        assert_eq!(twice.status, Some(409), "{twice:?}");
        app.drain().await;
        assert_eq!(app.last_run(&connected).await["trigger"], "manual");
        // There is no cool-down as WorkOS has it.
        good(sdk, "sync", ask(&app, sdk, "sync_directory", id).await);
        app.drain().await;
        assert_eq!(app.last_run(&connected).await["state"], "succeeded");
    })
    .await;
}

async fn c_17_a_sync_waits_for_the_call_budget(place: TestPlace) {
    let env = vec![("ROLLCALL__PROVIDERS__PEOPLE_HR__CALLS_PER_MINUTE", "10".to_owned())];
    let app = TestApp::start_with(place, Options { env, ..Options::default() }).await;
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let connected = app.prepared(&organization).await;
    app.pass(60_000).await;
    app.complete(&connected).await;
    let id = json!({"id": connected.directory});
    let mut refused = None;
    for _ in 0..10 {
        app.clock.advance(1);
        let asked = ask(&app, Sdk::Python10, "sync_directory", id.clone()).await;
        app.drain().await;
        if let Err(thrown) = asked {
            refused = Some(thrown);
            break;
        }
    }
    let refused = refused.expect("a budget ends");
    assert_eq!((refused.status, &*refused.class), (Some(429), "RateLimitExceededError"));
    let refused = ask(&app, Sdk::Rust, "sync_directory", id.clone()).await.expect_err("spent");
    assert_eq!(refused.status, Some(429));
    assert_eq!(refused.all["code"], "directory_sync_rate_limited");
    let path = format!("/directories/{}/sync", connected.directory);
    let sent = root(&app, Method::POST, &path).await;
    let wait = sent.body["retry_after_seconds"].as_i64().expect("seconds");
    assert!((1..=60).contains(&wait), "{}", sent.text);
    assert_eq!(sent.header("retry-after"), wait.to_string());
    app.pass(wait * 1000).await;
    good(Sdk::Rust, "sync", ask(&app, Sdk::Rust, "sync_directory", id).await);
}

async fn c_18_hrworks_and_more_members_disturb_no_sdk(app: TestApp) {
    let connected = app.connected_to(System::Hrworks).await;
    holds_for(&Sdk::ALL, async |sdk| {
        reads_everything(&app, sdk, &connected).await;
        let query = json!({"query": {"events": KINDS}});
        let all = good(sdk, "walk", ask(&app, sdk, "walk_events", query).await);
        assert!(ids(&all).len() > 50, "with one page nothing is shown");
    })
    .await;
    let sent = get(&app, &format!("/directories/{}", connected.directory)).await;
    assert_eq!(sent.body["type"], "hrworks");
    let created = get(&app, "/events?events=dsync.user.created").await;
    let more = &created.body["data"][0]["data"];
    assert!(more.get("account_id").is_some() && more.get("version").is_some(), "{}", created.text);
}
