//! The wire contract (§9, C-01 … C-18): the SDKs that applications have, unchanged, against the
//! gateway. One module per part of the contract; each check runs in every SDK that it concerns, and
//! names those for which it does not hold.
//!
//! The SDKs are installed by scripts/test-setup; without them these tests fail and say so.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use reqwest::Method;
use reqwest::header::HeaderMap;
use rollcall::clock::{Clock as _, SystemClock};
use serde_json::Value;

use crate::support::TestApp;

mod between;
mod crate_sdk;
mod driver;
mod errors;
mod feed;
mod http;
mod methods;
mod pages;
mod webhooks;

use driver::Sdk;

pub use driver::installed;

/// Tests of behaviours in which no database has a part; one is enough.
macro_rules! behaviours_of_wire {
    ($on:path; $($name:ident),+ $(,)?) => {$(
        mod $name {
            #[test]
            fn sqlite() {
                $on($crate::testdb::Engine::Sqlite, super::$name);
            }
        }
    )+};
}
use behaviours_of_wire;

/// All event types of the contract that the gateway sends (§6).
const KINDS: [&str; 10] = [
    "dsync.activated",
    "dsync.deleted",
    "dsync.user.created",
    "dsync.user.updated",
    "dsync.user.deleted",
    "dsync.group.created",
    "dsync.group.updated",
    "dsync.group.deleted",
    "dsync.group.user_added",
    "dsync.group.user_removed",
];

/// Checks in each of these SDKs and names those for which it does not hold.
async fn holds_for(sdks: &[Sdk], check: impl AsyncFn(Sdk)) {
    let mut broken = Vec::new();
    for sdk in sdks {
        if AssertUnwindSafe(check(*sdk)).catch_unwind().await.is_err() {
            broken.push(*sdk);
        }
    }
    assert!(broken.is_empty(), "it does not hold for {broken:?}; why is said above");
}

/// What the gateway sent, past any SDK.
struct Sent {
    status: u16,
    headers: HeaderMap,
    text: String,
    body: Value,
}

impl Sent {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("plain text"))
    }

    /// The ids of a list.
    #[track_caller]
    fn ids(&self) -> Vec<String> {
        assert_eq!(self.status, 200, "{}", self.text);
        ids(&self.body["data"])
    }
}

/// Asks the gateway for a path at its root, with the key.
async fn root(app: &TestApp, method: Method, path: &str) -> Sent {
    let url = format!("http://{}{path}", app.running.address);
    sent(app.client.request(method, url).bearer_auth(app.key.reveal())).await
}

async fn get(app: &TestApp, path: &str) -> Sent {
    root(app, Method::GET, path).await
}

async fn sent(request: reqwest::RequestBuilder) -> Sent {
    let answer = request.send().await.expect("the gateway answers");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = answer.text().await.expect("a text");
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Sent { status, headers, text, body }
}

/// The ids of objects.
#[track_caller]
fn ids(items: &Value) -> Vec<String> {
    let items = items.as_array().unwrap_or_else(|| panic!("not a list: {items:#}"));
    items.iter().map(|item| text(&item["id"])).collect()
}

#[track_caller]
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// Lets the gateway live at the real time: SDKs look at the machine's clock.
fn now_is_now(app: &TestApp) {
    app.clock.advance(SystemClock.now().since(app.clock.now()));
}

/// Asserts that what an SDK shows of an object is what the gateway sent of it: nothing is made up,
/// nothing is lost on the way, and members that the SDK does not know do no harm.
#[track_caller]
fn agrees(sdk: Sdk, shown: &Value, sent: &Value) {
    match (shown, sent) {
        (Value::Array(shown), Value::Array(sent)) => {
            assert_eq!(shown.len(), sent.len(), "{sdk:?}: {shown:?} {sent:?}");
            for (shown, sent) in shown.iter().zip(sent) {
                agrees(sdk, shown, sent);
            }
        }
        (Value::Object(shown), Value::Object(members)) => {
            for (name, value) in shown.iter().filter(|(name, _)| !name.starts_with("__")) {
                let of = members.get(name).unwrap_or(&Value::Null);
                if sent["object"] == "directory" && matches!(name.as_str(), "state" | "type") {
                    assert!(is_renamed(sdk, value, of), "{sdk:?}: {name}: {value} of {of}");
                } else {
                    agrees(sdk, value, of);
                }
            }
        }
        _ => assert_eq!(shown, sent, "{sdk:?}"),
    }
}

/// What SDKs make of a directory's state and type (contract §4).
fn is_renamed(sdk: Sdk, shown: &Value, sent: &Value) -> bool {
    let (shown, sent) = (text(shown), text(sent));
    let of_old_sdk = match sent.as_str() {
        "linked" => "active",
        "unlinked" => "inactive",
        other => other,
    };
    match sdk {
        Sdk::Node7 | Sdk::Node8 | Sdk::Node11 => shown == of_old_sdk,
        Sdk::Python5 => shown == of_old_sdk || shown == format!("Untyped[{sent}]"),
        Sdk::Python10 | Sdk::Rust => shown == sent,
    }
}
