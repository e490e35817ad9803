//! Asks People HR and judges what kind of answer came back (protocol page §1, §2).
//!
//! Invariants:
//! - Only the reading requests of [`Action`] can be built.
//! - Every call is reserved at the gate before it is sent, and the gate hears of throttling (S-44).
//! - Refusals come with HTTP 200 as well; nothing is data before its envelope was judged (S-30).
//! - Errors carry the answer's number at most, never its words or the key.
//!
//! What this module must not do: retry, wait, read records.

use std::sync::Arc;

use serde::Serialize;

use super::wire::{self, Envelope};
use crate::domain::employee::EmployeeNumber;
use crate::limits;
use crate::providers::http::{Answer, HttpClient, Method, Request, is_answer};
use crate::providers::splitter::{Raw, SplitError, Splitter};
use crate::providers::{CallGate, CallLane, ProviderError, Unclear, malformed};
use crate::secret::Secret;

/// The permission for reading everybody, as People HR's key dialog calls it (§1.2).
pub const PERMISSION_LIST: &str = "Get All Employee Detail";
/// The permission for reading one person, as People HR's key dialog calls it (§1.2).
pub const PERMISSION_BY_ID: &str = "Get Employee Detail By Id";

/// The requests that can be made. There is none that writes.
#[derive(Clone, Copy)]
pub enum Action<'a> {
    /// Whose key this is.
    CompanyInformation,
    /// Everybody, with or without those who have left.
    AllEmployees {
        /// Whether leavers are wanted too.
        include_leavers: bool,
    },
    /// One person.
    EmployeeById(&'a EmployeeNumber),
}

/// A request's body (§1.4). `IncludeLeavers` is a lower-case text, the form that every known system
/// takes.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    #[serde(rename = "APIKey")]
    api_key: &'a str,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    include_leavers: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    employee_id: Option<&'a str>,
}

impl<'a> Action<'a> {
    fn body(self, key: &'a Secret) -> Body<'a> {
        let api_key = key.reveal().trim();
        let body = |action| Body { api_key, action, include_leavers: None, employee_id: None };
        match self {
            Self::CompanyInformation => body("GetCompanyInformation"),
            Self::AllEmployees { include_leavers } => Body {
                include_leavers: Some(if include_leavers { "true" } else { "false" }),
                ..body("GetAllEmployeeDetail")
            },
            Self::EmployeeById(number) => {
                Body { employee_id: Some(number.as_str()), ..body("GetEmployeeDetailById") }
            }
        }
    }

    /// The permission that it needs, when its name is known.
    const fn permission(self) -> Option<&'static str> {
        match self {
            Self::CompanyInformation => None,
            Self::AllEmployees { .. } => Some(PERMISSION_LIST),
            Self::EmployeeById(_) => Some(PERMISSION_BY_ID),
        }
    }
}

/// What an envelope without a refusal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// The result is what was asked for.
    Data,
    /// Asked, and there is nothing: Status 10, or Status 5 `EmployeeId does not exists.` (S-31).
    NothingThere,
}

/// Why a receiver of a stream wants no more of it.
pub enum Halt {
    /// It has what it needs; no failure.
    Enough,
    /// It cannot go on.
    Failed(ProviderError),
}

impl From<SplitError> for Halt {
    fn from(error: SplitError) -> Self {
        Self::Failed(error.into())
    }
}

/// What a stream came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streamed {
    /// The answer was complete and without an error, and held so many records.
    Complete {
        /// How many records there were.
        records: u64,
    },
    /// The receiver stopped it.
    Stopped,
}

/// People HR's API with one customer's key.
pub struct Api {
    url: String,
    key: Secret,
    http: HttpClient,
    gate: Arc<dyn CallGate>,
}

impl Api {
    /// `base_url` without a path, for example `https://api.peoplehr.net`.
    pub fn new(base_url: &str, key: Secret, http: HttpClient, gate: Arc<dyn CallGate>) -> Self {
        let url = format!("{}/Employee", base_url.trim_end_matches('/'));
        Self { url, key, http, gate }
    }

    /// Asks for leave to make one call.
    pub async fn reserve(&self, lane: CallLane) -> Result<(), ProviderError> {
        self.gate.reserve(lane).await
    }

    /// Makes one reserved call and gives the whole answer and what its envelope says.
    pub async fn ask(&self, action: Action<'_>) -> Result<(Vec<u8>, Judgement), ProviderError> {
        let asked = self.ask_unheard(action).await;
        self.hear(asked).await
    }

    /// Makes one reserved call for a list and hands over each record as it comes. Records count for
    /// nothing before this gave [`Streamed::Complete`]. It may take `ms_max` milliseconds.
    pub async fn stream(
        &self,
        action: Action<'_>,
        ms_max: u64,
        each: &mut (dyn FnMut(Raw<'_>) -> Result<(), Halt> + Send),
    ) -> Result<Streamed, ProviderError> {
        let streamed = self.stream_unheard(action, ms_max, each).await;
        self.hear(streamed).await
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

    /// Makes one reserved call about one person, like [`Api::ask`].
    pub async fn about(&self, number: &EmployeeNumber) -> Result<(Vec<u8>, Judgement), Unclear> {
        let asked = self.about_unheard(number).await;
        if let Err(Unclear { error, .. }) = &asked {
            self.hear_error(error).await;
        }
        asked
    }

    async fn about_unheard(
        &self,
        number: &EmployeeNumber,
    ) -> Result<(Vec<u8>, Judgement), Unclear> {
        let action = Action::EmployeeById(number);
        let response = self.send(action, limits::PROVIDER_FETCH_MS_MAX).await?;
        let (status, permission) = (response.status(), action.permission());
        if !is_answer(status) {
            let refusal = Refused::read(response).await;
            let error = refusal.error(permission);
            return Err(Unclear::of(error, status, number.as_str(), &refusal.body));
        }
        let answer = without_mark(response.one().await?)?;
        match envelope(&answer).and_then(|envelope| judge(&envelope, permission)) {
            Ok(judgement) => Ok((answer, judgement)),
            Err(error) => Err(Unclear::of(error, status, number.as_str(), &answer)),
        }
    }

    async fn ask_unheard(&self, action: Action<'_>) -> Result<(Vec<u8>, Judgement), ProviderError> {
        let response = self.post(action, limits::PROVIDER_FETCH_MS_MAX).await?;
        let answer = without_mark(response.one().await?)?;
        let judgement = judge(&envelope(&answer)?, action.permission())?;
        Ok((answer, judgement))
    }

    async fn stream_unheard(
        &self,
        action: Action<'_>,
        ms_max: u64,
        each: &mut (dyn FnMut(Raw<'_>) -> Result<(), Halt> + Send),
    ) -> Result<Streamed, ProviderError> {
        let response = self.post(action, ms_max).await?;
        let charset = response.charset();
        let mut body = response.body(limits::LIST_BYTES_MAX);
        let mut splitter = Splitter::of_members(&["Result"], wire::MEMBERS);
        let mut repaired = |raw: Raw<'_>| each(Raw { bytes: &charset.repair(raw.bytes), ..raw });
        while let Some(chunk) = body.chunk().await? {
            match splitter.feed(&chunk, &mut repaired) {
                Ok(()) => {}
                Err(Halt::Enough) => return Ok(Streamed::Stopped),
                Err(Halt::Failed(error)) => return Err(error),
            }
        }
        let split = match splitter.finish(&mut repaired) {
            Ok(split) => split,
            Err(Halt::Enough) => return Ok(Streamed::Stopped),
            Err(Halt::Failed(error)) => return Err(error),
        };
        match judge(&envelope(&split.envelope)?, action.permission())? {
            Judgement::NothingThere if split.records == 0 => Ok(Streamed::Complete { records: 0 }),
            Judgement::NothingThere => Err(malformed("a list that calls itself empty")),
            Judgement::Data if split.list_found => {
                Ok(Streamed::Complete { records: split.records })
            }
            Judgement::Data => Err(malformed("the answer holds no list")),
        }
    }

    /// Sends one request and gives the answer if HTTP calls it a success.
    async fn post(&self, action: Action<'_>, ms_max: u64) -> Result<Answer, ProviderError> {
        let response = self.send(action, ms_max).await?;
        if is_answer(response.status()) {
            return Ok(response);
        }
        Err(Refused::read(response).await.error(action.permission()))
    }

    /// The only place that builds a request.
    async fn send(&self, action: Action<'_>, ms_max: u64) -> Result<Answer, ProviderError> {
        let body = serde_json::to_vec(&action.body(&self.key))
            .map_err(|_| malformed("the request could not be written"))?;
        let headers =
            &[("Content-Type", "application/json; charset=utf-8"), ("Accept", "application/json")];
        let request = Request { method: Method::Post, url: &self.url, headers, body, ms_max };
        self.http.send(request).await
    }
}

/// The answer without a byte order mark, unless nothing is left then.
fn without_mark(mut answer: Vec<u8>) -> Result<Vec<u8>, ProviderError> {
    if answer.starts_with(b"\xEF\xBB\xBF") {
        answer.drain(..3);
    }
    if answer.trim_ascii().is_empty() {
        return Err(SplitError::Empty.into());
    }
    Ok(answer)
}

/// An answer with another HTTP status than 200. People HR itself always answers 200 (§2.2), so this
/// is an edge or a proxy in between: a 403 page says nothing about the key.
struct Refused {
    status: u16,
    retry_after_ms: Option<i64>,
    body: Vec<u8>,
}

impl Refused {
    async fn read(answer: Answer) -> Self {
        let (status, retry_after_ms) = (answer.status(), answer.retry_after_ms());
        let body = answer.whole(limits::ENVELOPE_BYTES_MAX).await.unwrap_or_default();
        Self { status, retry_after_ms, body }
    }

    /// What it means.
    fn error(&self, permission: Option<&'static str>) -> ProviderError {
        let Self { status, retry_after_ms, .. } = *self;
        if (400..500).contains(&status)
            && let Ok(envelope) = envelope(&self.body)
            && let Some(error) = refusal(&envelope, permission)
        {
            return match error {
                ProviderError::Throttled { calls_per_minute, retry_after_ms: usual_ms } => {
                    let retry_after_ms = retry_after_ms.unwrap_or(usual_ms);
                    ProviderError::Throttled { retry_after_ms, calls_per_minute }
                }
                error => error,
            };
        }
        if status == 429 {
            let retry_after_ms = retry_after_ms.unwrap_or(limits::PROVIDER_THROTTLE_WAIT_MS);
            return ProviderError::Throttled { retry_after_ms, calls_per_minute: None };
        }
        ProviderError::Down { reason: format!("HTTP status {status}"), retry_after_ms }
    }
}

/// Reads an answer's envelope.
pub fn envelope(answer: &[u8]) -> Result<Envelope<'_>, ProviderError> {
    // Serde's own words may quote the answer.
    serde_json::from_slice(answer).map_err(|_| malformed("the answer is not a JSON object"))
}

/// Judges an envelope by number and words (§2.3, §2.4). Only an envelope that says in every respect
/// that all is well is [`Judgement::Data`].
pub fn judge(
    envelope: &Envelope<'_>,
    permission: Option<&'static str>,
) -> Result<Judgement, ProviderError> {
    if let Some(error) = refusal(envelope, permission) {
        return Err(error);
    }
    let words = Words::of(&envelope.message);
    let no_such_id = words.0 == "employeeiddoesnotexists" || words.0 == "employeeiddoesnotexist";
    match envelope.status {
        Some(0) if !envelope.is_error => Ok(Judgement::Data),
        Some(5) if no_such_id && envelope.result_is_blank() => Ok(Judgement::NothingThere),
        Some(10) if envelope.result_is_blank() => Ok(Judgement::NothingThere),
        Some(6) => Err(ProviderError::Down {
            reason: "the HR system reports an error of its own (Status 6)".to_owned(),
            retry_after_ms: None,
        }),
        Some(status) => Err(ProviderError::Malformed {
            reason: format!("an unexpected answer (Status {status})"),
        }),
        None => Err(malformed("the answer has no Status")),
    }
}

/// The refusals that an envelope's words or number name, whatever else it says: a throttle answer
/// once came with "no error" (§6).
fn refusal(envelope: &Envelope<'_>, permission: Option<&'static str>) -> Option<ProviderError> {
    let words = Words::of(&envelope.message);
    // First, because Status 5 and the other words are shared with everything else.
    if words.any(&["limitedto"]) {
        return Some(ProviderError::Throttled {
            retry_after_ms: limits::PROVIDER_THROTTLE_WAIT_MS,
            calls_per_minute: calls_per_minute(&envelope.message),
        });
    }
    let about_key = words.any(&["apikey"])
        && words.any(&["notexist", "invalid", "missing", "notsupplied", "expired"]);
    if about_key || matches!(envelope.status, Some(1 | 2)) {
        return Some(ProviderError::Credential);
    }
    if words.any(&["expired", "suspended"]) {
        return Some(ProviderError::Suspended);
    }
    let refused =
        ["accessdenied", "noaccesson", "noaccessto", "accessforbidden", "unauthorizedaccess"];
    // The older pages say "Invalid Action." where the system now says "Access Denied." (§8).
    if words.any(&refused) || words.any(&["invalidaction"]) {
        return Some(ProviderError::Permission { permission });
    }
    if words.any(&["somethingwentwrong", "unknownerror"]) {
        let reason = "the HR system reports an error of its own".to_owned();
        return Some(ProviderError::Down { reason, retry_after_ms: None });
    }
    None
}

/// A message for comparison: the spelling of the same words differs in case, blanks, hyphens and
/// dots (`API key`, `APIKey`, `API-KEY`).
struct Words(String);

impl Words {
    fn of(message: &str) -> Self {
        let letters = message.chars().filter(char::is_ascii_alphanumeric);
        Self(letters.map(|c| c.to_ascii_lowercase()).collect())
    }

    fn any(&self, parts: &[&str]) -> bool {
        parts.iter().any(|part| self.0.contains(part))
    }
}

/// N of "API calls will be limited to a N per minute" (§2.4).
fn calls_per_minute(message: &str) -> Option<u32> {
    let lower = message.to_ascii_lowercase();
    let (_, after) = lower.split_once("limited to")?;
    let digits = after.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end)?.parse().ok().filter(|calls| *calls > 0)
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
