//! Endpoints, as an application meets them: made, changed, tried out and deleted on both surfaces;
//! their secrets; and what can be delivered again (A-04 … A-06, wire contract §4).
//!
//! Long because both surfaces are tried with the same endpoints.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use rollcall::clock::{Clock as _, Timestamp};
use rollcall::domain::ids::EventId;
use rollcall::limits;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::evidence;
use crate::receiver::{ALLOW, Answer, Received, Receiver};
use crate::support::{Connected, Options, Reply, TestApp, behaviours_of_place};
use crate::testdb::TestPlace;

behaviours_of_place!(
    a_04_an_endpoint_is_made_seen_changed_and_deleted_on_both_surfaces,
    a_02_pages_of_endpoints_on_the_surface_for_sdks,
    a_04_what_can_be_no_endpoint_is_refused_by_name,
    a_05_an_endpoint_that_is_not_public_is_refused,
    a_04_a_secret_is_told_once_and_stored_sealed,
    a_04_rotation_lets_both_secrets_sign_until_the_old_one_ends,
    a_04_the_old_header_follows_the_setting_of_the_endpoint,
    a_04_at_most_five_secrets_are_live,
    a_04_the_test_button_says_how_it_went,
    a_04_a_sample_has_the_members_of_the_real_event,
    a_04_events_are_replayed_by_id,
    a_04_events_are_replayed_by_time,
    a_04_a_replay_of_very_many_is_bounded,
    a_04_a_disabled_endpoint_gets_nothing_until_it_is_enabled,
    a_04_a_moved_endpoint_starts_in_good_health,
    a_04_a_deleted_endpoint_leaves_nothing_behind,
    a_04_who_chooses_events_anew_or_is_disabled_waits_for_no_return,
);

/// A gateway that may send to this machine, and an application that is told.
pub async fn start(place: TestPlace) -> (TestApp, Receiver) {
    let env = vec![(ALLOW, "true".to_owned())];
    let options = Options { env, people: Some(6), ..Options::default() };
    let app = TestApp::start_with(place, options).await;
    let receiver = Receiver::start(app.clock.clone()).await;
    (app, receiver)
}

/// Calls the surface for WorkOS SDKs.
async fn root(app: &TestApp, method: Method, path: &str, body: Option<Value>) -> Reply {
    let url = format!("http://{}{path}", app.running.address);
    let mut request = app.client.request(method, url).bearer_auth(app.key.reveal());
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Reply { status, body, text }
}

/// A new endpoint: its path in the own API and its secret.
pub async fn endpoint(app: &TestApp, receiver: &Receiver, events: &[&str]) -> (String, String) {
    let body = json!({"endpoint_url": receiver.url(), "events": events});
    let made = app.post("/endpoints", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    (format!("/endpoints/{}", text(&made.body["id"])), text(&made.body["secret"]))
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// Whether a Standard Webhooks header holds the signature of this secret. Computed here.
fn is_signed_by(request: &Received, secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let (id, at) = (request.header("webhook-id"), request.header("webhook-timestamp"));
    let mut code = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    code.update(format!("{id}.{at}.{}", request.text()).as_bytes());
    let expected = format!("v1,{}", STANDARD.encode(code.finalize().into_bytes()));
    request.header("webhook-signature").split(' ').any(|signature| signature == expected)
}

/// Whether `WorkOS-Signature` is the signature of this secret.
fn is_signed_for_workos_by(request: &Received, secret: &str) -> bool {
    let header = request.header("workos-signature");
    let (at, signature) = header.strip_prefix("t=").unwrap().split_once(", v1=").unwrap();
    assert_eq!(at, request.at.0.to_string(), "milliseconds of the attempt");
    let mut code = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    code.update(format!("{at}.{}", request.text()).as_bytes());
    let bytes = code.finalize().into_bytes();
    evidence::hexadecimal(&bytes).to_lowercase() == signature
}

/// Sends a test and gives the only request that arrived by it.
pub async fn tested(app: &TestApp, receiver: &Receiver, path: &str) -> Received {
    receiver.take();
    app.post(&format!("{path}/test"), json!({})).await.ok();
    app.drain().await;
    let mut all = receiver.take();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

async fn a_04_an_endpoint_is_made_seen_changed_and_deleted_on_both_surfaces(place: TestPlace) {
    let app = TestApp::start(place).await;
    let body =
        json!({"endpoint_url": "https://App.example/hooks", "events": ["dsync.user.created"]});
    let made = root(&app, Method::POST, "/webhook_endpoints", Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = text(&made.body["id"]);
    assert!(id.starts_with("we_"), "{id}");
    assert_eq!(made.body["object"], "webhook_endpoint");
    assert_eq!(made.body["endpoint_url"], "https://app.example/hooks");
    assert_eq!(made.body["status"], "enabled");
    assert_eq!(made.body["events"], json!(["dsync.user.created"]));

    let own = app.get(&format!("/endpoints/{id}")).await;
    let theirs = root(&app, Method::GET, &format!("/webhook_endpoints/{id}"), None).await.ok();
    assert_eq!(own, theirs, "the same object on both surfaces");
    assert_eq!(own["legacy_signs_with"], "new");
    assert_eq!(own["waiting"], 0);
    for absent in ["disabled_reason", "failing_since", "paused_until", "last_success_at"] {
        assert!(own.as_object().unwrap().contains_key(absent) && own[absent].is_null(), "{absent}");
    }

    app.clock.advance(5);
    let change = json!({"endpoint_url": "https://app.example/other", "status": "disabled"});
    let path = format!("/webhook_endpoints/{id}");
    let changed = root(&app, Method::PATCH, &path, Some(change)).await.ok();
    assert_eq!(changed["endpoint_url"], "https://app.example/other");
    assert_eq!(
        (&changed["status"], &changed["disabled_reason"]),
        (&json!("disabled"), &json!("by_hand"))
    );
    assert_eq!(changed["events"], json!(["dsync.user.created"]), "what is not said stays");
    assert!(text(&changed["updated_at"]) > text(&changed["created_at"]));
    let change = json!({"events": [], "status": "enabled", "legacy_signs_with": "old"});
    let changed = app.patch(&format!("/endpoints/{id}"), change).await.ok();
    assert_eq!(changed["events"], json!([]));
    assert_eq!(
        (&changed["status"], &changed["disabled_reason"]),
        (&json!("enabled"), &json!(null))
    );
    assert_eq!(changed["legacy_signs_with"], "old");

    let gone = root(&app, Method::DELETE, &path, None).await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    for (method, body) in
        [(Method::GET, None), (Method::PATCH, Some(json!({}))), (Method::DELETE, None)]
    {
        let reply = root(&app, method.clone(), &path, body.clone()).await;
        assert_eq!(reply.problem(404), "entity_not_found");
        assert_eq!(reply.body["message"], format!("Webhook endpoint not found: '{id}'."));
        assert_eq!(app.call(method, &format!("/endpoints/{id}"), body).await.status, 404);
    }
}

async fn a_02_pages_of_endpoints_on_the_surface_for_sdks(place: TestPlace) {
    let app = TestApp::start(place).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let body = json!({"endpoint_url": format!("https://app.example/{number}")});
        let made = root(&app, Method::POST, "/webhook_endpoints", Some(body)).await.ok();
        ids.push(text(&made["id"]));
        app.clock.advance(1);
    }
    let page = |query: String| {
        let (app, path) = (&app, format!("/webhook_endpoints?{query}"));
        async move { root(app, Method::GET, &path, None).await.ok() }
    };
    let shown = |page: &Value| -> Vec<String> {
        page["data"].as_array().unwrap().iter().map(|row| text(&row["id"])).collect()
    };
    let first = page("order=desc&limit=2".to_owned()).await;
    assert_eq!(shown(&first), [ids[4].clone(), ids[3].clone()]);
    assert_eq!(first["list_metadata"], json!({"before": null, "after": ids[3]}));
    let next = page(format!("order=desc&limit=2&after={}", ids[3])).await;
    assert_eq!(shown(&next), [ids[2].clone(), ids[1].clone()]);
    assert_eq!(next["list_metadata"], json!({"before": ids[2], "after": ids[1]}));
    let back = page(format!("order=desc&limit=2&before={}", ids[1])).await;
    assert_eq!(shown(&back), [ids[3].clone(), ids[2].clone()]);
    assert_eq!(shown(&page("order=asc".to_owned()).await), ids);
}

async fn a_04_what_can_be_no_endpoint_is_refused_by_name(place: TestPlace) {
    let app = TestApp::start(place).await;
    let url = "https://app.example/hooks";
    let make = |body: Value| root(&app, Method::POST, "/webhook_endpoints", Some(body));
    let id = text(&make(json!({"endpoint_url": url})).await.ok()["id"]);
    let other = make(json!({"endpoint_url": "https://other.example/"})).await.ok();
    for same in [url, "https://APP.example:443/hooks"] {
        let reply = make(json!({"endpoint_url": same})).await;
        assert_eq!(reply.problem(409), "duplicate_endpoint", "{same}");
        assert!(reply.body["message"].is_string());
    }
    let path = format!("/endpoints/{}", text(&other["id"]));
    let reply = app.patch(&path, json!({"endpoint_url": url})).await;
    assert_eq!(reply.problem(409), "duplicate_endpoint");
    assert_eq!(
        app.patch(&format!("/endpoints/{id}"), json!({"endpoint_url": url})).await.status,
        200
    );

    for wrong in
        ["http://app.example/", "app.example", "https://me:pw@app.example/", "https://a/#b"]
    {
        let reply = make(json!({"endpoint_url": wrong})).await;
        assert_eq!(reply.problem(422), "invalid_url", "{wrong}");
        assert_eq!(reply.body["errors"][0]["code"], "invalid_url");
        assert_eq!(
            app.patch(&path, json!({"endpoint_url": wrong})).await.problem(422),
            "invalid_url"
        );
    }
    let events = json!(["dsync.user.created", "dsync.user.invented"]);
    let reply = make(json!({"endpoint_url": "https://a.example/", "events": events})).await;
    assert_eq!(reply.problem(422), "invalid_request_parameters");
    assert_eq!(reply.body["errors"][0]["field"], "events");
    assert!(text(&reply.body["errors"][0]["message"]).contains("dsync.group.user_added"));
    for body in [
        json!({}),
        json!({"endpoint_url": null}),
        json!({"endpoint_url": "https://a.example/", "events": "dsync.user.created"}),
        json!({"endpoint_url": "https://a.example/", "status": "asleep"}),
        json!({"endpoint_url": "https://a.example/", "secret": "mine"}),
    ] {
        let reply = make(body.clone()).await;
        assert_eq!(reply.problem(422), "invalid_request_parameters", "{body}");
    }
    assert_eq!(app.all("/endpoints").await.len(), 2);
}

async fn a_05_an_endpoint_that_is_not_public_is_refused(place: TestPlace) {
    let app = TestApp::start(place).await;
    for host in ["127.0.0.1", "2130706433", "[::ffff:10.0.0.1]", "169.254.169.254", "localhost"] {
        let body = json!({"endpoint_url": format!("https://{host}/hooks")});
        let reply = app.post("/endpoints", body).await;
        assert_eq!(reply.problem(422), "invalid_url", "{host}");
        assert!(text(&reply.body["detail"]).contains("allow_private_targets"), "{}", reply.text);
    }
    assert!(app.all("/endpoints").await.is_empty());
}

async fn a_04_a_secret_is_told_once_and_stored_sealed(place: TestPlace) {
    let (app, receiver) = start(place).await;
    let (path, first) = endpoint(&app, &receiver, &[]).await;
    let rotated = app.post(&format!("{path}/rotate_secret"), json!({})).await.ok();
    let second = text(&rotated["secret"]);
    assert_ne!(first, second);
    let sample = text(&tested(&app, &receiver, &path).await.json()["id"]);
    let last4 = &second[second.len() - 4..];
    let mut answers = vec![app.get("/endpoints").await.to_string()];
    for shown in [
        app.get(&path).await,
        app.patch(&path, json!({"events": ["dsync.user.created"]})).await.ok(),
        root(&app, Method::GET, "/webhook_endpoints", None).await.ok()["data"][0].clone(),
    ] {
        assert_eq!(shown["secret"], format!("whsec_…{last4}"));
        answers.push(shown.to_string());
    }
    answers.push(app.get(&format!("{path}/deliveries")).await.to_string());
    let log = evidence::logged();
    for secret in [first, second] {
        let key = secret.strip_prefix("whsec_").unwrap();
        assert_eq!(STANDARD.decode(key).unwrap().len(), 32);
        assert!(answers.iter().all(|answer| !answer.contains(key)), "{answers:?}");
        assert!(!log.contains(key), "a secret is in the log");
        let stored = evidence::where_stored(&app.place, key);
        assert!(stored.is_empty(), "{stored:?}");
        assert!(!evidence::in_files(&app.place, key.as_bytes()));
        assert!(!evidence::in_files(&app.place, &STANDARD.decode(key).unwrap()));
    }
    assert!(!log.contains("test.person@example.com"), "a body is in the log");
    assert!(!log.contains(&sample) || !log.contains("Test Person"), "a body is in the log");
    assert!(!log.contains(&receiver.url()), "a URL is in the log");
}

async fn a_04_rotation_lets_both_secrets_sign_until_the_old_one_ends(place: TestPlace) {
    let (app, receiver) = start(place).await;
    let (path, old) = endpoint(&app, &receiver, &[]).await;
    let before = tested(&app, &receiver, &path).await;
    assert!(is_signed_by(&before, &old));

    let rotated = app.post(&format!("{path}/rotate_secret"), json!({})).await.ok();
    let new = text(&rotated["secret"]);
    let ends = app.get(&path).await["older_secrets_expire_at"].clone();
    assert_eq!(ends, "2026-11-24T09:00:00.000Z", "a day is usual");
    let during = tested(&app, &receiver, &path).await;
    assert!(is_signed_by(&during, &old) && is_signed_by(&during, &new));
    assert_eq!(during.header("webhook-signature").split(' ').count(), 2);
    assert!(is_signed_for_workos_by(&during, &new));

    app.clock.advance(Timestamp::DAY - 1);
    assert!(is_signed_by(&tested(&app, &receiver, &path).await, &old));
    app.clock.advance(1);
    let after = tested(&app, &receiver, &path).await;
    assert!(!is_signed_by(&after, &old) && is_signed_by(&after, &new));
    assert_eq!(after.header("webhook-signature").split(' ').count(), 1);
    assert_eq!(app.get(&path).await["older_secrets_expire_at"], Value::Null);

    let at_once = json!({"overlap_seconds": 0});
    let third = app.post(&format!("{path}/rotate_secret"), at_once).await.ok();
    let request = tested(&app, &receiver, &path).await;
    assert!(is_signed_by(&request, &text(&third["secret"])) && !is_signed_by(&request, &new));
    for wrong in [json!(-1), json!(604_801), json!("soon"), json!(1.5), json!(null)] {
        let body = json!({"overlap_seconds": wrong});
        let reply = app.post(&format!("{path}/rotate_secret"), body).await;
        assert_eq!(reply.problem(422), "invalid_request_parameters", "{wrong}");
    }
}

async fn a_04_the_old_header_follows_the_setting_of_the_endpoint(place: TestPlace) {
    let (app, receiver) = start(place).await;
    let (path, old) = endpoint(&app, &receiver, &[]).await;
    let rotated = app.post(&format!("{path}/rotate_secret"), json!({})).await.ok();
    let new = text(&rotated["secret"]);
    app.patch(&path, json!({"legacy_signs_with": "old"})).await.ok();
    let request = tested(&app, &receiver, &path).await;
    assert!(is_signed_for_workos_by(&request, &old));
    assert!(is_signed_by(&request, &new) && is_signed_by(&request, &old));
    app.clock.advance(Timestamp::DAY);
    let request = tested(&app, &receiver, &path).await;
    assert!(is_signed_for_workos_by(&request, &new), "the old one has ended");
}

async fn a_04_at_most_five_secrets_are_live(place: TestPlace) {
    let (app, receiver) = start(place).await;
    let (path, first) = endpoint(&app, &receiver, &[]).await;
    let rotate = format!("{path}/rotate_secret");
    let mut secrets = vec![first];
    // The clock stands still: the order of the secrets must not depend on it.
    for _ in 1..limits::ENDPOINT_SECRETS_MAX {
        secrets.push(text(&app.post(&rotate, json!({})).await.ok()["secret"]));
    }
    let request = tested(&app, &receiver, &path).await;
    assert!(secrets.iter().all(|secret| is_signed_by(&request, secret)));
    assert!(is_signed_for_workos_by(&request, secrets.last().unwrap()));
    let refused = app.post(&rotate, json!({})).await;
    assert_eq!(refused.problem(409), "conflict");
    let last = text(&app.post(&rotate, json!({"overlap_seconds": 0})).await.ok()["secret"]);
    let request = tested(&app, &receiver, &path).await;
    assert!(is_signed_by(&request, &last));
    assert!(secrets.iter().all(|secret| !is_signed_by(&request, secret)));
}

async fn a_04_the_test_button_says_how_it_went(place: TestPlace) {
    let (app, receiver) = start(place).await;
    let (path, _) = endpoint(&app, &receiver, &["dsync.group.updated"]).await;
    let asked = app.call(Method::POST, &format!("{path}/test"), None).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    assert_eq!((&asked.body["trigger"], &asked.body["state"]), (&json!("test"), &json!("waiting")));
    app.drain().await;
    let request = receiver.take().remove(0);
    let sent = request.json();
    assert_eq!(sent["event"], "dsync.group.updated", "one that the endpoint wants");
    assert_eq!(sent["context"], json!({"test": true}));
    assert!(text(&sent["id"]).starts_with("event_test_"));
    assert_eq!(request.header("webhook-id"), text(&sent["id"]));

    let outcome = format!("{path}/deliveries/{}", text(&asked.body["id"]));
    let shown = app.get(&outcome).await;
    assert_eq!((&shown["state"], &shown["last_status"]), (&json!("delivered"), &json!(200)));
    assert_eq!(shown["event_id"], sent["id"]);
    assert_eq!(shown["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(shown["attempts"][0]["status"], 200);

    receiver.answer(Answer::Status(500));
    let asked = app.post(&format!("{path}/test"), json!({"event": "rollcall.hold.opened"})).await;
    app.drain().await;
    let shown = app.get(&format!("{path}/deliveries/{}", text(&asked.ok()["id"]))).await;
    assert_eq!((&shown["state"], &shown["last_status"]), (&json!("dead"), &json!(500)));
    assert_eq!(shown["last_error"], "answered 500");
    let count = async |state: &str| {
        app.get(&format!("{path}/deliveries?state={state}")).await["data"].as_array().unwrap().len()
    };
    assert_eq!((count("delivered").await, count("dead").await, count("waiting").await), (1, 1, 0));
    assert_eq!(
        app.call(Method::GET, &format!("{path}/deliveries?state=lost"), None).await.status,
        422
    );

    let wrong = app.post(&format!("{path}/test"), json!({"event": "dsync.invented"})).await;
    assert_eq!(wrong.problem(422), "invalid_request_parameters");
    let body = json!({"endpoint_url": "http://127.0.0.1:9/"});
    let other = text(&app.post("/endpoints", body).await.ok()["id"]);
    let foreign = outcome.replace(&path, &format!("/endpoints/{other}"));
    assert_eq!(app.call(Method::GET, &foreign, None).await.problem(404), "entity_not_found");
}

/// The names of all members, with the path to them.
fn members(value: &Value, path: &str, names: &mut BTreeSet<String>) {
    for (name, inner) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        // What changed, and the list of addresses, differ from one event to the next.
        if !["previous_attributes", "emails"].contains(&name.as_str()) {
            members(inner, &path, names);
        }
        names.insert(path);
    }
}

async fn a_04_a_sample_has_the_members_of_the_real_event(place: TestPlace) {
    let (app, receiver) = start(place).await;
    let (path, _) = endpoint(&app, &receiver, &[]).await;
    let connected = app.connected().await;
    app.new_job(&app.employee(0), "Postmaster").await;
    app.drain().await;
    app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    app.drain().await;
    let real = receiver.take();
    let mut compared = BTreeSet::new();
    for request in &real {
        let real = request.json();
        let kind = text(&real["event"]);
        if !compared.insert(kind.clone()) {
            continue;
        }
        app.post(&format!("{path}/test"), json!({"event": kind})).await.ok();
        app.drain().await;
        let sample = receiver.take().remove(0).json();
        let (mut wanted, mut found) = (BTreeSet::new(), BTreeSet::new());
        members(&real, "", &mut wanted);
        members(&sample, "", &mut found);
        found.remove(".context.test");
        assert_eq!(found, wanted, "{kind}");
    }
    for kind in
        ["dsync.activated", "dsync.user.created", "dsync.user.updated", "dsync.group.created"]
    {
        assert!(compared.contains(kind), "{compared:?}");
    }
    assert!(compared.contains("dsync.group.user_added") && compared.contains("dsync.deleted"));
}

/// An endpoint that has been told of everything, and the ids of what it was told.
async fn told(app: &TestApp, receiver: &Receiver) -> (String, Connected, Vec<String>) {
    let (path, _) = endpoint(app, receiver, &["dsync.user.created", "dsync.user.updated"]).await;
    let connected = app.connected().await;
    let ids = receiver.take().iter().map(Received::event_id).collect();
    (path, connected, ids)
}

async fn a_04_events_are_replayed_by_id(place: TestPlace) {
    let (app, receiver) = start(place).await;
    let (path, _, ids) = told(&app, &receiver).await;
    assert!(ids.len() > 3, "{ids:?}");
    let again = format!("{path}/replay");
    let sorted: BTreeSet<&String> = [&ids[0], &ids[2], &ids[1]].into();
    let twice = json!({"event_ids": [ids[2], ids[0], ids[1], ids[0]]});
    let reply = app.post(&again, twice).await;
    assert_eq!((reply.status, &reply.body["events"]), (202, &json!(3)), "{}", reply.text);
    assert_eq!(app.get(&path).await["waiting"], 3);
    app.drain().await;
    let arrived: Vec<String> = receiver.take().iter().map(Received::event_id).collect();
    assert_eq!(arrived.iter().collect::<BTreeSet<_>>(), sorted);
    assert_eq!(arrived.len(), 3, "each once");

    let groups = app.events("dsync.group.created").await;
    let other = text(&groups[0]["id"]);
    let unknown = "event_7ZZZZZZZZZZZZZZZZZZZZZZZZZ";
    let never = "event_0000000000000000000000ZZZZ";
    let oldest = EventId::from_text(ids[0].as_str()).number().unwrap();
    app.raw().run(&format!("DELETE FROM events WHERE number = {oldest}"));
    let wrong = json!({"event_ids": [ids[0], ids[1], other, unknown, never, "nonsense<script>"]});
    let reply = app.post(&again, wrong).await;
    assert_eq!(reply.problem(422), "invalid_request_parameters");
    let named: Vec<(String, String)> = reply.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (text(&error["code"]), text(&error["message"])))
        .collect();
    let named: Vec<(&str, &str)> = named
        .iter()
        .map(|(code, message)| (code.as_str(), message.split(' ').next().unwrap()))
        .collect();
    assert_eq!(
        named,
        [
            ("expired", ids[0].as_str()),
            ("not_subscribed", other.as_str()),
            ("unknown_value", unknown),
            ("unknown_value", never),
            ("unknown_value", "nonsensescript"),
        ]
    );
    let many = vec!["event_x"; limits::REPLAY_IDS_MAX + 1];
    for body in [json!({}), json!({"event_ids": []}), json!({"event_ids": many})] {
        assert_eq!(app.post(&again, body).await.problem(422), "invalid_request_parameters");
    }
    app.drain().await;
    assert!(receiver.take().is_empty(), "what was refused has no effect");
}

async fn a_04_events_are_replayed_by_time(place: TestPlace) {
    let (app, receiver) = start(place).await;
    let (path, _connected, ids) = told(&app, &receiver).await;
    let again = format!("{path}/replay");
    app.clock.advance(Timestamp::HOUR);
    app.new_job(&app.employee(0), "Postmaster").await;
    app.drain().await;
    let later: Vec<String> = receiver.take().iter().map(Received::event_id).collect();
    assert_eq!(later.len(), 1);
    let arrived = async |body: Value| -> Vec<String> {
        app.post(&again, body).await.ok();
        app.drain().await;
        let mut ids: Vec<String> = receiver.take().iter().map(Received::event_id).collect();
        ids.sort();
        ids
    };
    let mut all: Vec<String> = ids.iter().chain(&later).cloned().collect();
    all.sort();
    assert_eq!(
        arrived(json!({"since": "2026-11-23T09:00:00Z"})).await,
        all,
        "also this millisecond"
    );
    let mut first = ids;
    first.sort();
    let range = json!({"since": "2026-11-23T10:00:00+01:00", "until": "2026-11-23T10:00:00Z"});
    assert_eq!(arrived(range).await, first);
    assert_eq!(arrived(json!({"since": "2026-11-23T09:30:00Z"})).await, later);
    assert!(arrived(json!({"since": "2026-11-23T11:00:00Z"})).await.is_empty());

    for (body, field) in [
        (json!({"since": "yesterday"}), "since"),
        (json!({"until": "2026-11-23T09:30:00Z"}), "since"),
        (json!({"since": "2026-08-01T00:00:00Z"}), "since"),
        (json!({"since": "2026-11-23T09:00:00Z", "until": "2026-11-23T09:00:00Z"}), "until"),
        (json!({"since": "2026-11-23T09:00:00Z", "event_ids": ["event_x"]}), "event_ids"),
    ] {
        let reply = app.post(&again, body.clone()).await;
        assert_eq!(reply.problem(422), "invalid_request_parameters", "{body}");
        assert_eq!(reply.body["errors"][0]["field"], field, "{}", reply.text);
        assert_eq!(reply.body["errors"].as_array().unwrap().len(), 1, "{}", reply.text);
    }
}

async fn a_04_a_replay_of_very_many_is_bounded(place: TestPlace) {
    let (app, receiver) = start(place).await;
    let (path, _) = endpoint(&app, &receiver, &[]).await;
    let organization = app.organization("Customer Ltd", &[]).await;
    let most = limits::REPLAY_EVENTS_MAX;
    let at = app.clock.now().0;
    let write = |first: usize, last: usize, at: i64| {
        app.raw().run(&format!(
            "WITH RECURSIVE n(i) AS \
             (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) \
             INSERT INTO events (number, organization_id, event_type, lane, data, created_at_ms) \
             SELECT i, '{organization}', 'dsync.user.created', 'a', '{{}}', {at} FROM n; \
             UPDATE event_sequence SET last_number = {last}; \
             UPDATE endpoints SET dispatched_number = {last};"
        ));
    };
    write(1, 1_200, at - 10);
    write(1_201, 1_201 + most, at - 5);
    let since = |ms: i64| json!({"since": Timestamp(at - ms).to_string()});
    let refused = app.post(&format!("{path}/replay"), since(5)).await;
    assert_eq!(refused.problem(422), "invalid_request_parameters");
    assert!(refused.text.contains("more than 10000 events"), "{}", refused.text);
    assert_eq!(app.get(&path).await["waiting"], 0, "nothing was begun");
    let until =
        json!({"since": Timestamp(at - 10).to_string(), "until": Timestamp(at - 5).to_string()});
    let reply = app.post(&format!("{path}/replay"), until).await.ok();
    assert_eq!(reply["events"], 1_200);
    assert_eq!(app.get(&path).await["waiting"], 1_200);
    let sql = "SELECT CAST(event_number AS TEXT) AS value FROM deliveries ORDER BY number";
    let numbers: Vec<i64> =
        app.raw().values(sql).iter().map(|text| text.parse().unwrap()).collect();
    assert_eq!(numbers, (1..=1_200).collect::<Vec<i64>>(), "in the order of the events");
}

async fn a_04_a_disabled_endpoint_gets_nothing_until_it_is_enabled(place: TestPlace) {
    let (app, receiver) = start(place).await;
    let (path, _, ids) = told(&app, &receiver).await;
    receiver.answer(Answer::Status(503));
    app.new_job(&app.employee(0), "Postmaster").await;
    app.drain().await;
    assert_eq!(app.get(&path).await["waiting"], 1);
    let disabled = app.patch(&path, json!({"status": "disabled"})).await.ok();
    assert_eq!(disabled["waiting"], 0);
    let dead = app.get(&format!("{path}/deliveries?state=dead")).await["data"][0].clone();
    assert_eq!(dead["last_error"], "the endpoint was disabled");
    assert_eq!(dead["next_attempt_at"], Value::Null);
    receiver.answer(Answer::Status(200));
    receiver.take();
    for (action, body) in [("test", json!({})), ("replay", json!({"event_ids": [ids[0]]}))] {
        let reply = app.post(&format!("{path}/{action}"), body).await;
        assert_eq!(reply.problem(409), "conflict", "{action}");
    }
    app.new_job(&app.employee(1), "Gardener").await;
    app.drain().await;

    let enabled = app.patch(&path, json!({"status": "enabled"})).await.ok();
    assert_eq!((&enabled["waiting"], &enabled["failing_since"]), (&json!(0), &json!(null)));
    app.drain().await;
    assert!(receiver.take().is_empty(), "nothing was kept for it");
    app.new_job(&app.employee(2), "Librarian").await;
    app.drain().await;
    assert_eq!(receiver.take().len(), 1);
    assert!(app.get(&path).await["last_success_at"].is_string());
    // What it missed is replayed by the id of the dead letter.
    app.post(&format!("{path}/replay"), json!({"event_ids": [dead["event_id"]]})).await.ok();
    app.drain().await;
    assert_eq!(receiver.take().remove(0).event_id(), text(&dead["event_id"]));
}

async fn a_04_a_moved_endpoint_starts_in_good_health(place: TestPlace) {
    let (app, mut receiver) = start(place).await;
    let (path, _, _) = told(&app, &receiver).await;
    receiver.stop().await;
    app.new_job(&app.employee(0), "Postmaster").await;
    app.drain().await;
    let failing = app.get(&path).await;
    assert!(failing["failing_since"].is_string(), "{failing}");
    let elsewhere = Receiver::start(app.clock.clone()).await;
    let moved = app.patch(&path, json!({"endpoint_url": elsewhere.url()})).await.ok();
    assert_eq!(moved["failing_since"], Value::Null);
    app.pass(10 * Timestamp::SECOND).await;
    assert_eq!(elsewhere.take().len(), 1, "what waited goes to the new address");
}

async fn a_04_a_deleted_endpoint_leaves_nothing_behind(place: TestPlace) {
    let (app, receiver) = start(place).await;
    let (path, _, _) = told(&app, &receiver).await;
    app.post(&format!("{path}/rotate_secret"), json!({})).await.ok();
    let secrets = "SELECT id AS value FROM endpoint_secrets";
    let sealed: Vec<Vec<u8>> = app
        .raw()
        .values(secrets)
        .iter()
        .map(|id| evidence::bytes_of(&app.place, "endpoint_secrets", "sealed", id))
        .collect();
    assert_eq!(sealed.len(), 2);
    assert!(sealed.iter().all(|bytes| evidence::in_files(&app.place, bytes)));
    assert_eq!(app.delete(&path).await.status, 204);
    assert!(app.raw().values(secrets).is_empty());
    for table in ["endpoints", "deliveries", "delivery_attempts"] {
        let sql = format!("SELECT CAST(COUNT(*) AS TEXT) AS value FROM {table}");
        assert_eq!(app.raw().values(&sql), ["0"], "{table}");
    }
    assert!(sealed.iter().all(|bytes| !evidence::in_files(&app.place, bytes)));
    app.new_job(&app.employee(0), "Postmaster").await;
    app.drain().await;
    assert!(receiver.take().is_empty());
    assert_eq!(app.delete(&path).await.status, 404);
}

/// Memberships wait for the return of whoever's end of access overtook, but not at an endpoint that
/// may not hear of it.
async fn a_04_who_chooses_events_anew_or_is_disabled_waits_for_no_return(place: TestPlace) {
    let (app, receiver) = start(place).await;
    let (path, _) = endpoint(&app, &receiver, &[]).await;
    app.connected().await;
    app.drain().await;
    let marked = "SELECT CAST(number AS TEXT) AS value FROM deliveries WHERE overtook";
    for change in [json!({"events": ["dsync.group.user_added"]}), json!({"status": "disabled"})] {
        app.raw().run("UPDATE deliveries SET overtook = TRUE");
        app.patch(&path, json!({"legacy_signs_with": "new"})).await.ok();
        assert!(!app.raw().values(marked).is_empty(), "that says nothing about returns");
        app.patch(&path, change.clone()).await.ok();
        assert_eq!(app.raw().values(marked), Vec::<String>::new(), "{change}");
    }
}
