//! What SDKs throw: the class and the message of every error that can be provoked, and who is let
//! in at all (C-12, C-13).

use reqwest::Method;
use rollcall::clock::{Clock as _, Timestamp};
use rollcall::db::{DbError, Lane, events};
use serde_json::{Value, json};

use super::driver::{Sdk, Thrown, ask, ask_at, good};
use super::{get, holds_for, root, sent, text};
use crate::support::{TestApp, behaviours};

behaviours!(
    c_12_every_error_has_its_class_and_message,
    c_12_a_reader_who_comes_too_late_is_told_so,
    c_12_a_failure_of_our_own_tells_nothing_and_is_found_by_its_id,
    c_12_every_answer_is_json_and_has_an_id,
    c_13_only_a_good_key_is_let_in,
    c_13_what_is_not_there_is_told_alike_everywhere,
);

const NOBODY: &str = "directory_01HZZZZZZZZZZZZZZZZZZZZZZZ";

/// The classes that the SDKs have for a status: Node, Python 5, Python 10.
fn class_of(sdk: Sdk, status: u16) -> &'static str {
    let [node, python5, python10] = match status {
        400 => ["BadRequestException", "BadRequestException", "BadRequestError"],
        401 => ["UnauthorizedException", "AuthenticationException", "AuthenticationError"],
        404 => ["NotFoundException", "NotFoundException", "NotFoundError"],
        409 => ["ConflictException", "ConflictException", "ConflictError"],
        422 => ["UnprocessableEntityException", "BadRequestException", "UnprocessableEntityError"],
        429 => ["RateLimitExceededException", "BaseRequestException", "RateLimitExceededError"],
        _ => ["GenericServerException", "ServerException", "ServerError"],
    };
    match sdk {
        Sdk::Node7 | Sdk::Node8 | Sdk::Node11 => node,
        Sdk::Python5 => python5,
        Sdk::Python10 => python10,
        Sdk::Rust => "Api",
    }
}

/// Asserts what an SDK threw: the class of this status, and the message and the id of the request
/// where the SDK shows them.
#[track_caller]
fn is_thrown(sdk: Sdk, thrown: &Thrown, status: u16, code: Option<&str>) {
    assert_eq!(thrown.status, Some(status), "{sdk:?}: {thrown:?}");
    assert_eq!(thrown.class, class_of(sdk, status), "{sdk:?}: {thrown:?}");
    assert!(!thrown.message.is_empty() && thrown.message != "No message", "{sdk:?}: {thrown:?}");
    // Those for Node keep no code of some errors.
    let shown = &thrown.all["code"];
    if let Some(code) = code.filter(|_| !sdk.is_node() || !shown.is_null()) {
        assert_eq!(shown, code, "{sdk:?}: {thrown:?}");
    }
    // Node 7 and 8 read the header by another spelling and show nothing.
    if !matches!(sdk, Sdk::Node7 | Sdk::Node8) {
        let id = thrown.all["request_id"].as_str().unwrap_or_default();
        assert!(id.len() > 8, "{sdk:?}: {thrown:?}");
    }
}

async fn fails(app: &TestApp, sdk: Sdk, call: &str, what: Value) -> Thrown {
    let outcome = ask(app, sdk, call, what).await;
    outcome.expect_err(&format!("{sdk:?} {call} has to fail"))
}

async fn c_12_every_error_has_its_class_and_message(app: TestApp) {
    let connected = app.connected().await;
    holds_for(&Sdk::ALL, async |sdk| {
        let missing = fails(&app, sdk, "get_directory", json!({"id": NOBODY})).await;
        is_thrown(sdk, &missing, 404, Some("entity_not_found"));
        assert_eq!(missing.message, format!("Directory not found: '{NOBODY}'."), "{sdk:?}");

        let query = json!({"query": {"directory": connected.directory, "limit": 101}});
        let refused = fails(&app, sdk, "list_users", query).await;
        is_thrown(sdk, &refused, 422, Some("invalid_request_parameters"));
        let base = format!("http://{}", app.running.address);
        let what = json!({"id": connected.directory});
        let stranger = ask_at(&base, "sk_live_nobody", sdk, "get_directory", what).await;
        let stranger = stranger.expect_err("a stranger");
        is_thrown(sdk, &stranger, 401, None);

        // An event that this gateway has never sent.
        let query = json!({"events": ["dsync.user.created"], "after": "no_event"});
        let cursor = fails(&app, sdk, "list_events", json!({"query": query})).await;
        assert!(matches!(cursor.status, Some(400 | 404 | 422)), "{sdk:?}: {cursor:?}");
        is_thrown(sdk, &cursor, cursor.status.unwrap_or(0), None);
    })
    .await;
    holds_for(&Sdk::WITH_SYNC, async |sdk| {
        let what = json!({"id": connected.directory});
        good(sdk, "sync", ask(&app, sdk, "sync_directory", what.clone()).await);
        let running = fails(&app, sdk, "sync_directory", what).await;
        is_thrown(sdk, &running, 409, None);
        app.drain().await;
        app.clock.advance(1);
    })
    .await;
    holds_for(&Sdk::WITH_ENDPOINTS, async |sdk| {
        let endpoint =
            |url: &str| json!({"body": {"endpoint_url": url, "events": ["dsync.user.created"]}});
        let url = format!("https://{sdk:?}.example/twice").to_lowercase();
        good(sdk, "create", ask(&app, sdk, "create_endpoint", endpoint(&url)).await);
        let twice = fails(&app, sdk, "create_endpoint", endpoint(&url)).await;
        is_thrown(sdk, &twice, 409, Some("duplicate_endpoint"));
        let invalid = fails(&app, sdk, "create_endpoint", endpoint("no url")).await;
        is_thrown(sdk, &invalid, 422, Some("invalid_url"));
    })
    .await;
}

async fn c_12_a_reader_who_comes_too_late_is_told_so(app: TestApp) {
    app.connected().await;
    let first = get(&app, "/events?limit=1").await.ids().remove(0);
    // As the sweep does it after 90 days.
    let until = app.clock.now().plus(Timestamp::SECOND);
    let db = app.running.task_context.sync.db.clone();
    let pruned: Result<_, DbError> =
        db.write(Lane::Bulk, move |tx| events::prune(tx, until, 10)).await;
    assert_eq!(pruned.expect("a write"), 10);
    holds_for(&Sdk::ALL, async |sdk| {
        let query = json!({"events": ["dsync.user.updated"], "after": first});
        let late = fails(&app, sdk, "list_events", json!({"query": query})).await;
        is_thrown(sdk, &late, 400, Some("cursor_expired"));
    })
    .await;
}

async fn c_12_a_failure_of_our_own_tells_nothing_and_is_found_by_its_id(app: TestApp) {
    let connected = app.connected().await;
    app.raw().run("ALTER TABLE directory_groups RENAME TO lost_groups");
    holds_for(&Sdk::ALL, async |sdk| {
        let query = json!({"query": {"directory": connected.directory}});
        let broken = fails(&app, sdk, "list_groups", query).await;
        is_thrown(sdk, &broken, 500, Some("server_error"));
        for word in ["groups", "table", "SELECT", "relation"] {
            assert!(!broken.message.contains(word), "{sdk:?}: {broken:?}");
        }
    })
    .await;
}

async fn c_12_every_answer_is_json_and_has_an_id(app: TestApp) {
    let connected = app.connected().await;
    let directory = format!("/directories/{}", connected.directory);
    let asked = [
        (Method::GET, directory.as_str(), 200),
        (Method::GET, "/directories", 200),
        (Method::GET, "/directories/nobody", 404),
        (Method::GET, "/directories/no/such/path", 404),
        (Method::GET, "/no_such_route", 404),
        (Method::PUT, directory.as_str(), 405),
        (Method::PATCH, "/directory_users", 405),
        (Method::GET, "/directory_users", 422),
        (Method::GET, "/directories?limit=abc", 422),
        (Method::POST, "/organizations", 422),
    ];
    for (method, path, status) in asked {
        let sent = root(&app, method.clone(), path).await;
        let context = format!("{method} {path}: {} {}", sent.status, sent.text);
        let close = [400, 404, 405, 415, 422].contains(&sent.status) && status >= 400;
        assert!(sent.status == status || close, "{context}");
        assert!(sent.header("content-type").starts_with("application/json"), "{context}");
        assert!(sent.header("x-request-id").len() > 8, "{context}");
        assert!(sent.body.is_object(), "{context}");
        if status >= 400 {
            assert!(sent.body["message"].is_string(), "{context}");
            // Node takes these for failures of a sign-in.
            for name in ["error", "error_description"] {
                assert!(sent.body.get(name).is_none(), "{context}");
            }
        }
    }
    let first = get(&app, &directory).await.header("x-request-id").to_owned();
    assert_ne!(get(&app, &directory).await.header("x-request-id"), first, "each its own");
    let large = vec![b' '; 4 * 1024 * 1024];
    let url = format!("http://{}/organizations", app.running.address);
    let request = app.client.post(url).bearer_auth(app.key.reveal());
    let sent = sent(request.header("content-type", "application/json").body(large)).await;
    assert_eq!(sent.status, 413, "{}", sent.text);
    assert!(sent.body["message"].is_string(), "{}", sent.text);
}

async fn c_13_only_a_good_key_is_let_in(app: TestApp) {
    let connected = app.connected().await;
    let revoked = app.running.store.create_api_key("revoked").await.expect("a key");
    let path = format!("/directories/{}", connected.directory);
    let url = format!("http://{}{path}", app.running.address);
    let ask_with = async |key: &str| sent(app.client.get(&url).bearer_auth(key)).await.status;
    assert_eq!(ask_with(revoked.reveal()).await, 200);
    app.raw().run("UPDATE api_keys SET revoked_at_ms = 1 WHERE name = 'revoked'");
    let no_key = sent(app.client.get(&url)).await;
    assert_eq!((no_key.status, &no_key.body["message"]), (401, &json!("Unauthorized")));
    for header in ["Bearer", "Bearer ", "Basic c2s6", "sk_live_x", "Bearer a b"] {
        let refused = sent(app.client.get(&url).header("authorization", header)).await;
        assert_eq!(refused.status, 401, "{header}: {}", refused.text);
        assert_eq!(refused.body["message"], "Unauthorized");
    }
    let base = format!("http://{}", app.running.address);
    let shortened = app.key.reveal();
    let shortened = &shortened[..shortened.len() - 1];
    holds_for(&Sdk::ALL, async |sdk| {
        for key in [revoked.reveal(), "sk_test_malformed", shortened] {
            // Too many wrong keys within a minute are answered otherwise.
            app.clock.advance(Timestamp::MINUTE);
            let what = json!({"id": connected.directory});
            let refused = ask_at(&base, key, sdk, "get_directory", what).await;
            let refused = refused.expect_err("not this key");
            is_thrown(sdk, &refused, 401, None);
        }
    })
    .await;
    for path in ["/directory_users", "/events", "/webhook_endpoints", "/organizations"] {
        let refused = sent(app.client.get(format!("{base}{path}"))).await;
        assert_eq!(refused.status, 401, "{path}");
    }
    let link = app.client.post(format!("{base}/portal/generate_link")).json(&json!({}));
    assert_eq!(sent(link).await.status, 401);
}

async fn c_13_what_is_not_there_is_told_alike_everywhere(app: TestApp) {
    let connected = app.connected().await;
    // An id of another kind exists, and is told no otherwise than one that never was.
    let user = get(&app, &format!("/directory_users?directory={}", connected.directory)).await;
    let user = text(&user.body["data"][0]["id"]);
    let calls = [("get_directory", "Directory"), ("get_user", "User"), ("get_group", "Group")];
    holds_for(&Sdk::ALL, async |sdk| {
        for (call, what) in calls {
            let ids = [connected.organization.as_str(), NOBODY, "x", "..%2f..", &user];
            for id in ids.iter().filter(|id| call != "get_user" || **id != user) {
                let missing = fails(&app, sdk, call, json!({"id": id})).await;
                assert_eq!(missing.status, Some(404), "{sdk:?} {call} {id}: {missing:?}");
                assert!(missing.message.contains("not found"), "{sdk:?} {what} {id}: {missing:?}");
            }
        }
    })
    .await;
}
