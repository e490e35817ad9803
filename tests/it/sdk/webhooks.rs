//! Webhooks as SDKs take them in: every type, verified and typed; bodies that JavaScript writes the
//! same way; forgeries; and the same event in the feed (C-06 … C-09).
//!
//! SDKs compare the time of a signature with the machine's clock, so these gateways live now.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use rollcall::clock::{Clock as _, SystemClock, Timestamp};
use rollcall::domain::employee::{EmployeeRecord, Unit};
use rollcall::sandbox::{Edit, Hire, Leave};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::Sha256;

use super::driver::{NODE_VERIFIERS, Outcome, PYTHON_VERIFIERS, Sdk, ask, good};
use super::{KINDS, agrees, behaviours_of_wire, get, holds_for, now_is_now, text};
use crate::hr::{YESTERDAY, on, person};
use crate::order::{answer, ask as ask_seqs, stored};
use crate::receiver::{ALLOW, Received, Receiver};
use crate::support::{Connected, Options, TestApp, behaviours_of_place};
use crate::testdb::TestPlace;

behaviours_of_place!(
    c_06_every_sdk_verifies_and_types_every_event,
    c_06_the_own_feed_signed_by_the_words_of_the_contract_is_understood_too,
    c_07_bodies_are_what_javascript_writes,
    c_08_a_webhook_is_the_event_of_the_feed,
);
behaviours_of_wire!(crate::support::at; c_09_forged_and_old_webhooks_are_refused);

const ANN: &str = "ann.lee@acme.example";

/// A webhook as it arrived, and the secret of the endpoint.
struct Delivery {
    body: String,
    signature: String,
    standard: Value,
    secret: String,
}

impl Delivery {
    fn of(received: &Received, secret: &str) -> Self {
        assert_eq!(
            (&*received.method, received.header("content-type")),
            ("POST", "application/json")
        );
        let standard = ["webhook-id", "webhook-timestamp", "webhook-signature"];
        let standard = standard.map(|name| (name.to_owned(), json!(received.header(name))));
        Self {
            body: received.text().to_owned(),
            signature: received.header("workos-signature").to_owned(),
            standard: Value::Object(standard.into_iter().collect()),
            secret: secret.to_owned(),
        }
    }

    /// Signed here, by the words of the contract (§7), without any code of ours.
    fn signed(body: &str, id: &str, secret: &str, at: Timestamp) -> Self {
        let mac = |key: &[u8], message: String| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("keys have any length");
            mac.update(message.as_bytes());
            mac.finalize().into_bytes()
        };
        let signature = mac(secret.as_bytes(), format!("{}.{body}", at.0));
        let digit = |half: u8| char::from_digit(half.into(), 16).expect("half a byte");
        let halves = |byte: u8| [digit(byte >> 4), digit(byte & 15)];
        let hex: String = signature.iter().copied().flat_map(halves).collect();
        let key = STANDARD.decode(secret.trim_start_matches("whsec_")).expect("base64");
        let seconds = at.0.div_euclid(1000);
        let standard = STANDARD.encode(mac(&key, format!("{id}.{seconds}.{body}")));
        Self {
            body: body.to_owned(),
            signature: format!("t={}, v1={hex}", at.0),
            standard: json!({
                "webhook-id": id,
                "webhook-timestamp": seconds.to_string(),
                "webhook-signature": format!("v1,{standard}"),
            }),
            secret: secret.to_owned(),
        }
    }

    fn event(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// What an SDK makes of it, in every way in which it can be handed over.
    async fn verified_by(&self, app: &TestApp, sdk: Sdk) -> Vec<Outcome> {
        let what = json!({"body": self.body, "header": self.signature, "secret": self.secret});
        let ways: &[&str] = match sdk {
            Sdk::Node7 | Sdk::Node8 => &["webhook_parsed"],
            Sdk::Node11 => &["webhook_parsed", "webhook_raw", "webhook_bytes"],
            Sdk::Python5 => &["webhook_bytes"],
            Sdk::Python10 => &["webhook_raw", "webhook_bytes"],
            Sdk::Rust => &["webhook_raw"],
        };
        let mut outcomes = Vec::new();
        for way in ways {
            outcomes.push(ask(app, sdk, way, what.clone()).await);
        }
        outcomes
    }

    /// What the verifiers of Standard Webhooks say.
    async fn verified_by_standard(&self) -> Vec<(&'static str, Outcome)> {
        let ask = |call: &str| {
            json!({"do": call, "body": self.body, "headers": self.standard,
            "secret": self.secret})
        };
        vec![
            ("npm standardwebhooks", NODE_VERIFIERS.ask(ask("standardwebhooks")).await),
            ("npm svix", NODE_VERIFIERS.ask(ask("svix")).await),
            ("PyPI standardwebhooks", PYTHON_VERIFIERS.ask(ask("standardwebhooks")).await),
            ("PyPI svix", PYTHON_VERIFIERS.ask(ask("svix")).await),
        ]
    }
}

/// A gateway that lives now and may send to this machine.
async fn start(place: TestPlace) -> TestApp {
    let env = vec![(ALLOW, "true".to_owned())];
    let app = TestApp::start_with(place, Options { env, ..Options::default() }).await;
    now_is_now(&app);
    app
}

/// Has everything of the contract sent to a receiver; the endpoint's secret.
async fn subscribe(app: &TestApp, receiver: &Receiver) -> String {
    let body = json!({"endpoint_url": receiver.url(), "events": KINDS});
    let made = ask(app, Sdk::Python10, "create_endpoint", json!({"body": body})).await;
    text(&good(Sdk::Python10, "create_endpoint", made)["secret"])
}

/// A life in which every type of event happens.
async fn live(app: &TestApp) -> Connected {
    let hire = Hire { department: Some("Space Travel".to_owned()), ..person("Ann", "Lee", ANN) };
    let ann = app.hire(&hire).await;
    let bob = app.hire(&person("Bob", "Ray", "bob.ray@acme.example")).await;
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let connected = app.prepared(&organization).await;
    let path = format!("/directories/{}", connected.directory);
    app.patch(&path, json!({"inactive_policy": "delete"})).await.ok();
    app.complete(&connected).await;
    app.new_job(&ann, "Pilot").await;
    app.leave(&bob, &Leave { immediately: true, ..on(YESTERDAY) }).await;
    app.drain().await;
    let elsewhere = Edit { department: Some("Elsewhere".to_owned()), ..Edit::default() };
    app.edit(&ann, elsewhere).await;
    app.drain().await;
    app.sync_now(&connected).await.ok();
    app.drain().await;
    // Renamed: People HR's departments have no key, those of other systems do.
    let record = stored(app, &connected).await;
    for name in ["Sales", "Sales and Service"] {
        let unit = Unit { key: Some("d1".to_owned()), name: name.to_owned() };
        let seq = ask_seqs(app, &connected, 1).await[0];
        let record = EmployeeRecord { department: Some(unit), ..record.clone() };
        answer(app, &connected, seq, record).await;
    }
    app.post(&format!("{path}/disable"), json!({})).await.ok();
    app.drain().await;
    connected
}

/// One webhook of each type.
fn one_of_each(deliveries: &[Delivery]) -> Vec<(&'static str, &Delivery)> {
    let of = |kind: &str| deliveries.iter().find(|delivery| delivery.event()["event"] == kind);
    let found = KINDS.map(|kind| (kind, of(kind).unwrap_or_else(|| panic!("no {kind} arrived"))));
    found.to_vec()
}

async fn c_06_every_sdk_verifies_and_types_every_event(place: TestPlace) {
    let app = start(place).await;
    let receiver = Receiver::start(app.clock.clone()).await;
    let secret = subscribe(&app, &receiver).await;
    assert!(secret.starts_with("whsec_"), "{secret}");
    live(&app).await;
    let all: Vec<_> = receiver.received().iter().map(|it| Delivery::of(it, &secret)).collect();
    let each = one_of_each(&all);
    holds_for(&Sdk::ALL, async |sdk| {
        for (kind, delivery) in &each {
            for outcome in delivery.verified_by(&app, sdk).await {
                is_typed(sdk, kind, &good(sdk, kind, outcome), delivery);
            }
        }
    })
    .await;
    for (kind, delivery) in &each {
        for (verifier, outcome) in delivery.verified_by_standard().await {
            assert!(outcome.is_ok(), "{verifier} {kind}: {outcome:?}");
        }
        // What we read in the contract and what the gateway signs are one thing.
        let (id, at) = (text(&delivery.standard["webhook-id"]), signed_at(delivery));
        let own = Delivery::signed(&delivery.body, &id, &secret, at);
        assert_eq!(own.signature, delivery.signature, "{kind}");
        assert_eq!(own.standard, delivery.standard, "{kind}");
        assert_eq!(id, delivery.event()["id"], "{kind}");
    }
}

/// Needs no delivery: what is in the feed, and our reading of the contract, are enough for SDKs.
async fn c_06_the_own_feed_signed_by_the_words_of_the_contract_is_understood_too(place: TestPlace) {
    let app = start(place).await;
    live(&app).await;
    let secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let sign = |body: String| {
        let id = serde_json::from_str::<Value>(&body).expect("JSON")["id"].clone();
        Delivery::signed(&body, &text(&id), secret, SystemClock.now())
    };
    let all: Vec<Delivery> = feed(&app, "/api/v1").await.into_iter().map(sign).collect();
    let each = one_of_each(&all);
    holds_for(&Sdk::ALL, async |sdk| {
        for (kind, delivery) in &each {
            for outcome in delivery.verified_by(&app, sdk).await {
                is_typed(sdk, kind, &good(sdk, kind, outcome), delivery);
            }
        }
    })
    .await;
    for (verifier, outcome) in all[0].verified_by_standard().await {
        assert!(outcome.is_ok(), "{verifier}: {outcome:?}");
    }
}

/// The moment in the header.
fn signed_at(delivery: &Delivery) -> Timestamp {
    let time = delivery.signature.strip_prefix("t=").and_then(|rest| rest.split_once(", v1="));
    Timestamp(time.expect("t= and v1=").0.parse().expect("milliseconds"))
}

/// Whether an SDK knows the event as what it is.
#[track_caller]
fn is_typed(sdk: Sdk, kind: &str, shown: &Value, delivery: &Delivery) {
    assert_eq!(shown["event"], kind, "{sdk:?}");
    assert_eq!(shown["id"], delivery.event()["id"], "{sdk:?}");
    assert!(!shown["data"].as_object().expect("data").is_empty(), "{sdk:?}");
    agrees(sdk, shown, &delivery.event());
    let of_old = match kind {
        "dsync.activated" => "DirectoryActivatedWebhook",
        "dsync.deleted" => "DirectoryDeletedWebhook",
        "dsync.user.created" => "DirectoryUserCreatedWebhook",
        "dsync.user.updated" => "DirectoryUserUpdatedWebhook",
        "dsync.user.deleted" => "DirectoryUserDeletedWebhook",
        "dsync.group.created" => "DirectoryGroupCreatedWebhook",
        "dsync.group.updated" => "DirectoryGroupUpdatedWebhook",
        "dsync.group.deleted" => "DirectoryGroupDeletedWebhook",
        "dsync.group.user_added" => "DirectoryUserAddedToGroupWebhook",
        _ => "DirectoryUserRemovedFromGroupWebhook",
    };
    let words = kind.split(['.', '_']).map(|word| word[..1].to_uppercase() + &word[1..]);
    match sdk {
        Sdk::Python5 => assert_eq!(shown["__type"], of_old),
        Sdk::Python10 => assert_eq!(shown["__type"], words.collect::<String>()),
        _ => {}
    }
}

/// The events of the feed as they were sent, byte for byte.
#[derive(Deserialize)]
struct Feed {
    data: Vec<Box<RawValue>>,
}

async fn feed(app: &TestApp, root: &str) -> Vec<String> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("{root}/events?events={}&limit=100{after}", KINDS.join(","));
        let page = get(app, &path).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let feed: Feed = serde_json::from_str(&page.text).expect("a list");
        all.extend(feed.data.iter().map(|event| event.get().to_owned()));
        match page.body["list_metadata"]["after"].as_str() {
            Some(id) => after = format!("&after={id}"),
            None => return all,
        }
    }
}

/// Texts as no HR department should have them, and some do.
fn odd_text() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "\u{2028}",
        "\u{2029}",
        "\u{feff}",
        "\"",
        "\\",
        "/",
        "</script>",
        "\u{7f}",
        "\u{80}",
        "é",
        "e\u{301}",
        "ß",
        "李",
        "👩‍🚀",
        "\u{10ffff}",
        "\t",
        "\n",
        "\r",
        "\u{1}",
        "\u{1f}",
        "\u{0}",
        "1.0",
        "1e5",
        "-0",
        "null",
        "\\u00eb",
        "__proto__",
        " ",
        "&amp;",
        "%",
        "'",
    ]);
    prop::collection::vec(prop_oneof![odd.prop_map(str::to_owned), "\\PC{1,8}"], 1..6)
        .prop_map(|parts| format!("x{}", parts.concat()))
}

async fn c_07_bodies_are_what_javascript_writes(place: TestPlace) {
    let app = start(place).await;
    let receiver = Receiver::start(app.clock.clone()).await;
    subscribe(&app, &receiver).await;
    let mut random = TestRunner::deterministic();
    let mut odd = || odd_text().new_tree(&mut random).expect("a text").current();
    let mut employees = Vec::new();
    for number in 0..40 {
        let hire = Hire {
            job_role: Some(odd()),
            department: Some(odd()),
            location: Some(odd()),
            ..person(&odd(), &odd(), &format!("odd.{number}@acme.example"))
        };
        employees.push(app.hire(&hire).await);
    }
    app.connected().await;
    for employee in &employees {
        let edit = Edit { last_name: Some(odd()), job_role: Some(odd()), ..Edit::default() };
        app.edit(employee, edit).await;
        app.drain().await;
    }
    let sent: Vec<String> = receiver.received().iter().map(|it| it.text().to_owned()).collect();
    let (compatible, own) = (feed(&app, "").await, feed(&app, "/api/v1").await);
    for (place, bodies) in [("webhooks", sent), ("feed", compatible), ("own feed", own)] {
        assert!(bodies.len() > 120, "{place}: only {}", bodies.len());
        let what = json!({"do": "unstable", "bodies": bodies});
        let unstable = NODE_VERIFIERS.ask(what).await.expect("Node parses them");
        assert_eq!(unstable, json!([]), "{place}");
        for odd in ["👩‍🚀", "\\\"", "\\\\", "</script>", "\\\\u00eb", "\u{10ffff}"] {
            assert!(bodies.iter().any(|body| body.contains(odd)), "{place}: no {odd} got here");
        }
    }
    // A comparison that cannot fail would be worth nothing.
    for spoilt in ["{\"a\": 1}", "{\"a\":1.0}", "{\"b\":1,\"10\":2}", "{\"a\":\"\\u00eb\"}"] {
        let what = json!({"do": "unstable", "bodies": [spoilt]});
        let unstable = NODE_VERIFIERS.ask(what).await.expect("Node parses it");
        assert_eq!(unstable, json!([spoilt]));
    }
}

async fn c_08_a_webhook_is_the_event_of_the_feed(place: TestPlace) {
    let app = start(place).await;
    let receiver = Receiver::start(app.clock.clone()).await;
    subscribe(&app, &receiver).await;
    live(&app).await;
    let mut sent: Vec<String> = receiver.received().iter().map(|it| it.text().to_owned()).collect();
    let mut feed = feed(&app, "").await;
    sent.sort();
    feed.sort();
    assert!(feed.len() > 100, "{} events", feed.len());
    assert_eq!(sent, feed, "each event once, byte for byte");
}

async fn c_09_forged_and_old_webhooks_are_refused(place: TestPlace) {
    let app = start(place).await;
    let receiver = Receiver::start(app.clock.clone()).await;
    let secret = subscribe(&app, &receiver).await;
    app.connected().await;
    let good_one = Delivery::of(&receiver.received()[1], &secret);
    let other = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let (now, id) = (SystemClock.now(), text(&good_one.standard["webhook-id"]));
    let old = now.plus(-10 * Timestamp::MINUTE);
    let with = |body: &str, secret: &str| Delivery {
        body: body.to_owned(),
        secret: secret.to_owned(),
        signature: good_one.signature.clone(),
        standard: good_one.standard.clone(),
    };
    let body = &good_one.body;
    let forged = [
        ("another body", with(&body.replace("dsync.user", "dsync.group"), &secret)),
        ("one more letter", with(&body.replacen("\"id\":\"", "\"id\":\"x", 1), &secret)),
        ("another secret", with(body, other)),
        ("signed long ago", Delivery::signed(body, &id, &secret, old)),
        (
            "signed with another secret",
            Delivery { secret: secret.clone(), ..Delivery::signed(body, &id, other, now) },
        ),
    ];
    holds_for(&Sdk::ALL, async |sdk| {
        for outcome in good_one.verified_by(&app, sdk).await {
            good(sdk, "the untouched one", outcome);
        }
        for (name, delivery) in &forged {
            for outcome in delivery.verified_by(&app, sdk).await {
                let thrown = outcome.expect_err(name);
                let class = match sdk {
                    Sdk::Node7 | Sdk::Node8 | Sdk::Node11 => "SignatureVerificationException",
                    Sdk::Python5 | Sdk::Python10 => "ValueError",
                    Sdk::Rust => "Webhook",
                };
                assert_eq!(thrown.class, class, "{sdk:?} {name}: {thrown:?}");
            }
        }
    })
    .await;
    for (name, delivery) in &forged {
        for (verifier, outcome) in delivery.verified_by_standard().await {
            let thrown = outcome.expect_err(&format!("{verifier}: {name}"));
            assert_eq!(thrown.class, "WebhookVerificationError", "{verifier} {name}");
        }
    }
}
