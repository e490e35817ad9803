//! The gateway's public API as an application calls it: JSON over HTTP with an API key.
//!
//! Must not use anything of the gateway but its address and the key.

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::secret::Secret;

use super::DemoError;
use super::stage::Stage;

/// How long a change may take to arrive before that is an error.
pub(super) const ARRIVAL: Duration = Duration::from_secs(10);

/// An account, as far as the demo looks at it.
#[derive(Debug, Deserialize)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) email: String,
    pub(super) last_name: Option<String>,
    pub(super) status: String,
    pub(super) manager_account_id: Option<String>,
    pub(super) department: Option<String>,
    pub(super) position: Option<String>,
    pub(super) office_location: Option<String>,
    pub(super) start_date: Option<String>,
    pub(super) leaving_date: Option<String>,
    pub(super) managed_by: Option<String>,
}

/// An event of the feed.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    #[serde(rename = "event")]
    pub(super) kind: String,
    pub(super) data: Value,
}

/// A list's page.
#[derive(Debug, Deserialize)]
pub(super) struct List<T> {
    pub(super) data: Vec<T>,
}

/// Something that was made.
#[derive(Debug, Deserialize)]
pub(super) struct Created {
    pub(super) id: String,
}

/// An application that talks to the gateway.
pub(super) struct Api {
    pub(super) base: String,
    pub(super) key: Secret,
    pub(super) client: reqwest::Client,
}

impl Api {
    /// An application with the stage's key.
    pub(super) fn new(stage: &Stage) -> Result<Self, DemoError> {
        // An error says that there is a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(clippy::disallowed_methods, reason = "the demo plays the application")]
        let builder = reqwest::Client::builder();
        let client = builder.no_proxy().timeout(ARRIVAL).build().map_err(DemoError::NoClient)?;
        let base = format!("http://{}", stage.gateway.address);
        Ok(Self { base, key: stage.api_key.clone(), client })
    }

    /// `GET`
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, DemoError> {
        self.call(Method::GET, path, None).await
    }

    /// `POST`
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Value,
    ) -> Result<T, DemoError> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// `PUT`
    pub(super) async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Value,
    ) -> Result<T, DemoError> {
        self.call(Method::PUT, path, Some(body)).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<T, DemoError> {
        let what = || format!("{method} /api/v1{}", path.split('?').next().unwrap_or_default());
        let url = format!("{}/api/v1{path}", self.base);
        let mut request = self.client.request(method.clone(), url).bearer_auth(self.key.reveal());
        if let Some(body) = &body {
            request = request.json(body);
        }
        let no_answer = |source: reqwest::Error| DemoError::NoAnswer {
            what: what(),
            source: source.without_url(),
        };
        let answer = request.send().await.map_err(no_answer)?;
        let status = answer.status();
        let text = answer.text().await.map_err(no_answer)?;
        if !status.is_success() {
            return Err(DemoError::Refused { what: what(), status: status.as_u16(), text });
        }
        serde_json::from_str(&text)
            .map_err(|error| DemoError::Odd { what: what(), problem: error.to_string() })
    }

    /// The account with an e-mail address.
    pub(super) async fn account_by_email(
        &self,
        organization_id: &str,
        email: &str,
    ) -> Result<Option<Account>, DemoError> {
        // Never fails for a pair of texts.
        let query = serde_urlencoded::to_string([("email", email)]).unwrap_or_default();
        let path = format!("/organizations/{organization_id}/accounts?{query}");
        let mut found: List<Account> = self.get(&path).await?;
        Ok(found.data.pop())
    }

    /// One page of events after a cursor; an empty cursor is the beginning.
    pub(super) async fn events(&self, after: &str) -> Result<Vec<Event>, DemoError> {
        let page: List<Event> = self.get(&format!("/events?limit=100&after={after}")).await?;
        Ok(page.data)
    }

    /// Waits until no full sync of the directory is under way.
    pub(super) async fn settle(&self, directory_id: &str) -> Result<(), DemoError> {
        let path = format!("/directories/{directory_id}/runs?limit=1");
        let waiting = async {
            loop {
                let runs: List<Value> = self.get(&path).await?;
                let state = runs.data.first().and_then(|run| run.get("state")?.as_str());
                if !matches!(state, Some("queued" | "running")) {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        in_time("the end of the full sync", waiting).await
    }

    /// How long the HR system itself takes to answer about one person: the median of a few calls.
    pub(super) async fn hr_answer_time(
        &self,
        hr_url: &str,
        hr_key: &str,
        employee_id: &str,
    ) -> Result<Duration, DemoError> {
        let what = || "asking the sandbox HR system about one person".to_owned();
        let no_answer = |source| DemoError::NoAnswer { what: what(), source };
        let question = json!({
            "APIKey": hr_key,
            "Action": "GetEmployeeDetailById",
            "EmployeeId": employee_id,
        });
        let mut times = Vec::new();
        for _ in 0..11 {
            let began = tokio::time::Instant::now();
            let request = self.client.post(format!("{hr_url}/Employee")).json(&question);
            let text = request.send().await.map_err(no_answer)?.text().await.map_err(no_answer)?;
            times.push(began.elapsed());
            let answer: Value = serde_json::from_str(&text).unwrap_or_default();
            if answer.get("isError") != Some(&Value::Bool(false)) {
                return Err(DemoError::Odd { what: what(), problem: "an error".to_owned() });
            }
        }
        Ok(super::table::percentile(&times, 50))
    }
}

/// Runs `work`, which is an error when it takes longer than [`ARRIVAL`].
pub(super) async fn in_time<T>(
    what: &str,
    work: impl Future<Output = Result<T, DemoError>>,
) -> Result<T, DemoError> {
    let late = |_| DemoError::Late { what: what.to_owned() };
    tokio::time::timeout(ARRIVAL, work).await.map_err(late)?
}
