//! Calls of the surface at the root, as a WorkOS SDK makes them.

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use rollcall::clock::{Clock as _, Timestamp};
use serde_json::Value;

use crate::support::TestApp;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
}

impl Answer {
    pub async fn of(request: RequestBuilder) -> Self {
        let answer = request.send().await.expect("the gateway answers");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status, headers, text, body }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Asserts that it is a refusal as SDKs read it.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) {
        let found = (self.status, self.body["code"].as_str());
        assert_eq!(found, (status, Some(code)), "{}", self.text);
        assert!(self.body["message"].is_string(), "{}", self.text);
        assert!(self.body.get("error").is_none(), "{}", self.text);
        assert_eq!(self.header("content-type"), "application/json");
        assert!(self.header("x-request-id").starts_with("req_"));
    }
}

impl TestApp {
    /// The present moment of the gateway.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Calls the root with the key, and with the content type that SDKs send always.
    pub async fn root(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = self.client.request(method, self.url(path)).bearer_auth(self.key.reveal());
        let request = request.header("content-type", "application/json");
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        Answer::of(request.body(body)).await
    }

    /// What is at a path.
    pub async fn root_get(&self, path: &str) -> Value {
        let answer = self.root(Method::GET, path, None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/json");
        answer.body
    }
}
