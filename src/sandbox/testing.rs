//! For tests of the sandbox: its start, a client, and what came back.

use std::sync::Arc;

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::{Sandbox, SandboxSettings};
use crate::clock::{ManualClock, Timestamp};

/// A sandbox with so many people in each company, its clock, and a client that takes answers as
/// they come.
pub async fn start_at(
    now: Timestamp,
    people: usize,
) -> (Sandbox, Arc<ManualClock>, reqwest::Client) {
    let clock = Arc::new(ManualClock::at(now));
    let settings = SandboxSettings { people, seed: 5, ..SandboxSettings::default() };
    let sandbox = super::start(settings, clock.clone()).await.unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "a client of the sandbox, in a test")]
    let client = reqwest::Client::builder().no_gzip().no_brotli().build().unwrap();
    (sandbox, clock, client)
}

/// An answer.
pub struct Got {
    pub http: u16,
    headers: HeaderMap,
    pub text: String,
}

impl Got {
    pub async fn from(request: reqwest::RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        let (http, headers) = (answer.status().as_u16(), answer.headers().clone());
        Self { http, headers, text: answer.text().await.unwrap() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// Calls the control interface; the status, and the answer if it was JSON.
pub async fn control(
    client: &reqwest::Client,
    method: &str,
    url: String,
    body: Value,
) -> (u16, Value) {
    let request = client.request(method.parse().unwrap(), url).json(&body);
    let got = Got::from(request).await;
    (got.http, serde_json::from_str(&got.text).unwrap_or(Value::Null))
}
