//! Asks Breathe HR and judges what kind of answer came back (protocol page §2, §4, §6).
//!
//! Invariants:
//! - Only the requests of [`Ask`] can be built, and all of them are GET.
//! - A key that cannot be one is refused before any call; every call is reserved at the gate
//!   before it is sent, and the gate hears of throttling (S-44).
//! - An answer without its collection is an error and never an empty list (S-30).
//! - Errors carry the HTTP status and Breathe HR's request id at most, never its words or the key.
//!
//! What this module must not do: retry on its own, wait, read records.

use std::fmt;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::key::{PRODUCTION, SANDBOX, key_problem};
use super::wire;
use crate::limits;
use crate::providers::fields::{fits_into_path, inner, mend, pick, text};
use crate::providers::http::{Answer, HttpClient, Method, Request, is_answer};
use crate::providers::paging::{self, Links, Page, Record};
use crate::providers::{CallGate, CallLane, ProviderError, Unclear, malformed};
use crate::secret::Secret;

/// What reading everybody is called.
pub const PERMISSION_LIST: &str = "Employees";
/// What asking about one person is called.
pub const PERMISSION_BY_ID: &str = "Employee";
/// What reading the departments is called.
pub const PERMISSION_DEPARTMENTS: &str = "Departments";
/// What reading the locations is called.
pub const PERMISSION_LOCATIONS: &str = "Locations";

/// The requests that can be made. There is none that writes.
#[derive(Clone, Copy)]
enum Ask<'a> {
    /// Whose key this is.
    Account,
    /// A page of everybody, leavers included.
    Employees { page: u32, people: u32 },
    /// One person.
    Employee(&'a str),
    /// The first of the departments.
    Departments,
    /// The locations.
    Locations,
}

impl fmt::Display for Ask<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => f.write_str("/account"),
            Self::Employees { page, people } => {
                write!(f, "/employees?page={page}&per_page={people}")
            }
            Self::Employee(id) => write!(f, "/employees/{id}"),
            Self::Departments => f.write_str("/departments?page=1&per_page=1"),
            Self::Locations => f.write_str("/locations"),
        }
    }
}

/// A page of employees.
pub struct Listing {
    /// The records as sent.
    pub records: Vec<Record>,
    /// Which page comes next.
    pub links: Links,
    /// How many employees there are, as Breathe HR says.
    pub total: u64,
}

/// What a look at one employee brought.
pub enum Found {
    /// The record as sent.
    Record(Vec<u8>),
    /// Asked, and there is nobody (S-31).
    Gone,
}

/// Breathe HR's API with one customer's key.
pub struct Api {
    base_url: String,
    key: Secret,
    http: HttpClient,
    gate: Arc<dyn CallGate>,
}

impl Api {
    /// `base_url` with `/v1`; without one the key's prefix decides.
    pub fn new(
        base_url: Option<&str>,
        key: Secret,
        http: HttpClient,
        gate: Arc<dyn CallGate>,
    ) -> Self {
        let key = Secret::new(key.reveal().trim());
        let by_prefix = if key.reveal().starts_with(SANDBOX.0) { SANDBOX.1 } else { PRODUCTION.1 };
        let base_url = base_url.unwrap_or(by_prefix).trim_end_matches('/').to_owned();
        Self { base_url, key, http, gate }
    }

    /// Asks whose key this is; the whole answer.
    pub async fn account(&self) -> Result<Vec<u8>, ProviderError> {
        let answer = self.get(CallLane::Bulk, Ask::Account).await?;
        let answer = self.hear(whole(answer).await).await?;
        Ok(answer)
    }

    /// Asks for a page of everybody. In the middle of a list the gate may wait when Breathe HR asks
    /// to slow down.
    pub async fn employees(&self, page: u32, people: u32) -> Result<Listing, ProviderError> {
        let ask = Ask::Employees { page, people };
        paging::patiently(&*self.gate, page, || self.employees_once(ask)).await
    }

    async fn employees_once(&self, ask: Ask<'_>) -> Result<Listing, ProviderError> {
        let answer = self.get(CallLane::Bulk, ask).await?;
        let links = Links::read(answer.header_list("link").as_deref(), &self.base_url)?;
        let total = answer.header("total").and_then(|total| total.parse().ok());
        let page = self.hear(collection(answer, &["employees"]).await).await?;
        let total = total.ok_or_else(|| malformed("the list does not say how long it is"))?;
        Ok(Listing { records: page.records, links, total })
    }

    /// Asks for one employee.
    pub async fn employee(&self, lane: CallLane, id: &str) -> Result<Found, Unclear> {
        let asked = self.employee_unheard(lane, id).await;
        if let Err(Unclear { error, .. }) = &asked {
            self.hear_error(error).await;
        }
        asked
    }

    async fn employee_unheard(&self, lane: CallLane, id: &str) -> Result<Found, Unclear> {
        if !fits_into_path(id) {
            return Err(malformed("an employee's id cannot be asked for").into());
        }
        let answer = self.send(lane, Ask::Employee(id)).await?;
        let (status, retry_after_ms) = (answer.status(), answer.retry_after_ms());
        if status == 404 {
            let reason = http_reason(404, answer.request_id());
            let body = answer.whole(limits::ENVELOPE_BYTES_MAX).await?;
            // Any server can say 404; only Breathe HR says it in JSON.
            if pick::<0>(&body, &[]).is_ok() {
                return Ok(Found::Gone);
            }
            let error = ProviderError::Down { reason, retry_after_ms: None };
            return Err(Unclear::of(error, status, id, &body));
        }
        if !is_answer(status) {
            let refused = Refused::read(answer).await;
            return Err(Unclear::of(refused.error(), status, id, &refused.body));
        }
        let page = paging::read_page(answer, &["employees"], wire::MEMBERS).await?;
        let unclear = |error| Unclear::of(error, status, id, &page.envelope);
        no_complaint(&page.envelope, retry_after_ms).map_err(unclear)?;
        match page.records.as_slice() {
            [record] if page.list_found => Ok(Found::Record(record.whole()?.to_vec())),
            [] => Err(unclear(malformed("the answer about one employee holds none"))),
            _ => Err(malformed("the answer about one employee is not about one").into()),
        }
    }

    /// Asks for the departments; whether there was such a list.
    pub async fn departments(&self) -> Result<(), ProviderError> {
        let answer = self.get(CallLane::Bulk, Ask::Departments).await?;
        self.hear(collection(answer, &["departments"]).await).await.map(|_| ())
    }

    /// Asks for the locations; whether there was such a list.
    pub async fn locations(&self) -> Result<(), ProviderError> {
        let answer = self.get(CallLane::Bulk, Ask::Locations).await?;
        self.hear(collection(answer, &["locations"]).await).await.map(|_| ())
    }

    /// Makes a call and gives the answer if HTTP calls it a success.
    async fn get(&self, lane: CallLane, ask: Ask<'_>) -> Result<Answer, ProviderError> {
        let answer = self.send(lane, ask).await?;
        self.hear(succeeded(answer).await).await
    }

    /// Reserves and sends a request. The only place that builds one.
    async fn send(&self, lane: CallLane, ask: Ask<'_>) -> Result<Answer, ProviderError> {
        if key_problem(self.key.reveal()).is_some() {
            return Err(ProviderError::Credential);
        }
        self.gate.reserve(lane).await?;
        let url = &format!("{}{ask}", self.base_url);
        let headers = &[("X-API-KEY", self.key.reveal()), ("Accept", "application/json")];
        let ms_max = match ask {
            Ask::Employees { .. } => limits::PROVIDER_READ_MS_MAX,
            _ => limits::PROVIDER_FETCH_MS_MAX,
        };
        let request = Request { method: Method::Get, url, headers, body: Vec::new(), ms_max };
        self.http.send(request).await
    }

    /// Tells the gate when the answer was "too many calls".
    async fn hear<T>(&self, result: Result<T, ProviderError>) -> Result<T, ProviderError> {
        if let Err(error) = &result {
            self.hear_error(error).await;
        }
        result
    }

    async fn hear_error(&self, error: &ProviderError) {
        if let ProviderError::Throttled { calls_per_minute, .. } = error {
            self.gate.throttled(*calls_per_minute).await;
        }
    }
}

/// The answer, unless its HTTP status is a refusal.
async fn succeeded(answer: Answer) -> Result<Answer, ProviderError> {
    if is_answer(answer.status()) { Ok(answer) } else { Err(Refused::read(answer).await.error()) }
}

/// An answer whose HTTP status is a refusal.
struct Refused {
    status: u16,
    retry_after_ms: Option<i64>,
    request_id: Option<String>,
    body: Vec<u8>,
}

impl Refused {
    async fn read(answer: Answer) -> Self {
        let (status, retry_after_ms) = (answer.status(), answer.retry_after_ms());
        let request_id = answer.request_id();
        let body = answer.whole(limits::ENVELOPE_BYTES_MAX).await.unwrap_or_default();
        Self { status, retry_after_ms, request_id, body }
    }

    /// What it means.
    fn error(&self) -> ProviderError {
        let Self { status, retry_after_ms, .. } = *self;
        let complaint = Complaint::of(&self.body);
        let error = complaint.as_ref().and_then(|complaint| complaint.refusal(retry_after_ms));
        match (error, status) {
            (Some(error), _) => error,
            (None, 401) => ProviderError::Credential,
            (None, 429) => throttled(retry_after_ms),
            // A page of a proxy says nothing about the key.
            (None, 403) if complaint.is_some() => ProviderError::Permission { permission: None },
            _ => {
                let reason = http_reason(status, self.request_id.clone());
                ProviderError::Down { reason, retry_after_ms }
            }
        }
    }
}

async fn whole(answer: Answer) -> Result<Vec<u8>, ProviderError> {
    let retry_after_ms = answer.retry_after_ms();
    let body = answer.whole(limits::ANSWER_BYTES_MAX).await?;
    no_complaint(&body, retry_after_ms)?;
    Ok(body)
}

/// A success that holds this collection, and no error beside it.
async fn collection(answer: Answer, path: &'static [&'static str]) -> Result<Page, ProviderError> {
    let retry_after_ms = answer.retry_after_ms();
    let page = paging::read_page(answer, path, wire::MEMBERS).await?;
    no_complaint(&page.envelope, retry_after_ms)?;
    if !page.list_found {
        return Err(malformed("the answer holds no list"));
    }
    Ok(page)
}

/// A success may still carry an error (protocol page §6).
fn no_complaint(body: &[u8], retry_after_ms: Option<i64>) -> Result<(), ProviderError> {
    let Some(complaint) = Complaint::of(body) else { return Ok(()) };
    Err(complaint.refusal(retry_after_ms).unwrap_or_else(|| ProviderError::Down {
        reason: "the HR system reports an error of its own".to_owned(),
        retry_after_ms,
    }))
}

/// The words of an answer's `error`, a text or an object with a `type`: letters only. They decide
/// the class of a failure and are never shown.
struct Complaint(String);

impl Complaint {
    fn of(body: &[u8]) -> Option<Self> {
        let body = mend(body);
        let Ok([error]) = pick(&body, &["error"]) else {
            // Two different errors are an error, whatever they are.
            return pick::<0>(&body, &[]).is_ok().then(|| Self(String::new()));
        };
        let error = error.filter(|error| !is_nothing(error))?;
        let [kind] = inner(Some(error), &["type"]).unwrap_or_default();
        let words = text(kind).or_else(|| text(Some(error))).unwrap_or_default();
        let letters = words.chars().filter(char::is_ascii_alphabetic);
        Some(Self(letters.map(|c| c.to_ascii_lowercase()).collect()))
    }

    fn refusal(&self, retry_after_ms: Option<i64>) -> Option<ProviderError> {
        match self.0.as_str() {
            "ratelimitreached" => Some(throttled(retry_after_ms)),
            "unauthorized" => Some(ProviderError::Credential),
            _ => None,
        }
    }
}

fn is_nothing(value: &RawValue) -> bool {
    matches!(value.get(), "null" | "false" | "\"\"")
}

/// The window is a minute and nothing says when it ends (protocol page §6).
fn throttled(retry_after_ms: Option<i64>) -> ProviderError {
    let retry_after_ms = retry_after_ms.unwrap_or(limits::PROVIDER_THROTTLE_WAIT_MS);
    ProviderError::Throttled { retry_after_ms, calls_per_minute: None }
}

fn http_reason(status: u16, request_id: Option<String>) -> String {
    match request_id {
        Some(id) => format!("HTTP status {status}, request {id}"),
        None => format!("HTTP status {status}"),
    }
}
