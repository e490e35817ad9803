//! Asks HRworks and judges what kind of answer came back (protocol page §3, §4, §5).
//!
//! Invariants:
//! - Only the requests of [`Ask`] can be built, and all of them are GET. The one POST is the
//!   exchange of the key pair for a token.
//! - Every call is reserved at the gate before it is sent, the exchange too (S-44).
//! - Refusals are told apart by their `type`; the HTTP status counts only where there is none.
//! - A refused token is renewed once; one that is refused right after it was issued is an error.
//! - Errors carry the kind of refusal at most, never its words, a key or a token.
//!
//! What this module must not do: retry on its own otherwise, wait, read records.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::Mutex;

use super::keys::KeyPair;
use super::token::Token;
use super::wire;
use crate::clock::Clock;
use crate::limits;
use crate::providers::fields::{fits_into_path, inner, mend, pick, text};
use crate::providers::http::{Answer, HttpClient, Method, Request, is_answer};
use crate::providers::paging::{self, Links, Page, Record};
use crate::providers::{CallGate, CallLane, ProviderError, Unclear, malformed};
use crate::secret::Secret;

/// The permission for people: the group of the key pair's page and the right (§7).
pub const PERMISSION_PERSONS: &str = "Persons, read";
/// The permission for departments and locations.
pub const PERMISSION_GENERAL: &str = "General, read";

/// The requests that can be made with a token. There is none that writes.
#[derive(Clone, Copy)]
pub enum Ask<'a> {
    /// A page of people.
    Persons {
        /// Which page, from 1.
        page: u32,
        /// Whether those who are gone are left out.
        only_active: bool,
    },
    /// One person.
    Person(&'a str),
    /// The departments.
    OrganizationUnits,
    /// The locations.
    PermanentEstablishments,
}

impl fmt::Display for Ask<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Persons { page, only_active } => write!(
                f,
                "/persons/master-data?onlyActive={only_active}&personIdentifierType=uuid\
                 &page={page}"
            ),
            Self::Person(uuid) => {
                write!(f, "/persons/{uuid}/master-data?personIdentifierType=uuid")
            }
            Self::OrganizationUnits => f.write_str("/organization-units"),
            Self::PermanentEstablishments => f.write_str("/permanent-establishments"),
        }
    }
}

impl Ask<'_> {
    /// The permission that it needs.
    const fn permission(self) -> &'static str {
        match self {
            Self::Persons { .. } | Self::Person(_) => PERMISSION_PERSONS,
            Self::OrganizationUnits | Self::PermanentEstablishments => PERMISSION_GENERAL,
        }
    }
}

/// A page of people.
pub struct Listing {
    /// The records as sent.
    pub records: Vec<Record>,
    /// Which page comes next.
    pub links: Links,
}

/// What a look at one person brought.
pub enum Found {
    /// The record as sent.
    Record(Vec<u8>),
    /// Asked, and there is nobody (S-31).
    Gone,
}

/// What an exchange of the key pair sends.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Exchange<'a> {
    access_key: &'a str,
    secret_access_key: &'a str,
}

/// HRworks' API with one customer's key pair.
pub struct Api {
    base_url: String,
    pair: KeyPair,
    http: HttpClient,
    clock: Arc<dyn Clock>,
    gate: Arc<dyn CallGate>,
    token: Mutex<Option<Token>>,
}

impl Api {
    /// `base_url` with `/v2`.
    pub fn new(
        base_url: &str,
        pair: KeyPair,
        http: HttpClient,
        clock: Arc<dyn Clock>,
        gate: Arc<dyn CallGate>,
    ) -> Self {
        let base_url = base_url.trim_end_matches('/').to_owned();
        Self { base_url, pair, http, clock, gate, token: Mutex::new(None) }
    }

    /// Makes sure that there is a token.
    pub async fn authenticate(&self, lane: CallLane) -> Result<(), ProviderError> {
        self.token(lane, None).await.map(|_| ())
    }

    /// Asks for a page of people. In the middle of a list the gate may wait when HRworks asks to
    /// slow down.
    pub async fn persons(&self, page: u32, only_active: bool) -> Result<Listing, ProviderError> {
        let ask = Ask::Persons { page, only_active };
        paging::patiently(&*self.gate, page, || self.persons_once(ask)).await
    }

    async fn persons_once(&self, ask: Ask<'_>) -> Result<Listing, ProviderError> {
        let answer = self.get(CallLane::Bulk, ask).await?;
        let links = Links::read(answer.header_list("link").as_deref(), &self.base_url)?;
        let page = self.collection(answer, &["persons"], ask).await?;
        Ok(Listing { records: page.records, links })
    }

    /// Asks for one person.
    pub async fn person(&self, lane: CallLane, uuid: &str) -> Result<Found, Unclear> {
        if !fits_into_path(uuid) {
            return Err(malformed("a person's uuid cannot be asked for").into());
        }
        let ask = Ask::Person(uuid);
        let refusal = match self.send(lane, ask).await? {
            Ok(answer) => {
                let body = answer.one().await?;
                match Refusal::within(&body) {
                    None => return Ok(Found::Record(body)),
                    Some(refusal) => refusal,
                }
            }
            Err(refusal) if refusal.is_about_identifier && refusal.status >= 400 => {
                return Ok(Found::Gone);
            }
            Err(refusal) => refusal,
        };
        let error = self.hear(refusal.error(ask)).await;
        Err(Unclear::of(error, refusal.status, uuid, &refusal.body))
    }

    /// Asks for the departments, active ones only.
    pub async fn organization_units(&self, lane: CallLane) -> Result<Vec<Record>, ProviderError> {
        let ask = Ask::OrganizationUnits;
        let answer = self.get(lane, ask).await?;
        Ok(self.collection(answer, &["organizationUnits"], ask).await?.records)
    }

    /// Asks for the locations, active ones only.
    pub async fn permanent_establishments(
        &self,
        lane: CallLane,
    ) -> Result<Vec<Record>, ProviderError> {
        let ask = Ask::PermanentEstablishments;
        let answer = self.get(lane, ask).await?;
        Ok(self.collection(answer, &["permanentEstablishments"], ask).await?.records)
    }

    /// A success that holds this collection, and no error beside it.
    async fn collection(
        &self,
        answer: Answer,
        path: &'static [&'static str],
        ask: Ask<'_>,
    ) -> Result<Page, ProviderError> {
        let page = paging::read_page(answer, path, wire::MEMBERS).await?;
        match Refusal::within(&page.envelope) {
            Some(refusal) => Err(self.hear(refusal.error(ask)).await),
            None if page.list_found => Ok(page),
            None => Err(malformed("the answer holds no list")),
        }
    }

    async fn get(&self, lane: CallLane, ask: Ask<'_>) -> Result<Answer, ProviderError> {
        match self.send(lane, ask).await? {
            Ok(answer) => Ok(answer),
            Err(refusal) => Err(self.hear(refusal.error(ask)).await),
        }
    }

    /// Sends a request with a token, and once more with a new one when that was refused.
    async fn send(
        &self,
        lane: CallLane,
        ask: Ask<'_>,
    ) -> Result<Result<Answer, Refusal>, ProviderError> {
        let mut refused = None;
        loop {
            let token = self.token(lane, refused.as_ref()).await?;
            self.gate.reserve(lane).await?;
            let answer = self.get_with(&token, ask).await?;
            if is_answer(answer.status()) {
                return Ok(Ok(answer));
            }
            let refusal = Refusal::read(answer).await;
            if refused.is_some() || !refusal.is_of_token() {
                return Ok(Err(refusal));
            }
            refused = Some(token);
        }
    }

    /// The only place that builds a request with a token.
    async fn get_with(&self, token: &Secret, ask: Ask<'_>) -> Result<Answer, ProviderError> {
        let url = &format!("{}{ask}", self.base_url);
        let bearer = Secret::new(format!("Bearer {}", token.reveal()));
        let headers = &[
            ("Authorization", bearer.reveal()),
            ("Accept", "application/json"),
            // Answers are cached otherwise, for how long is not known.
            ("Cache-Control", "no-cache"),
        ];
        let ms_max = match ask {
            Ask::Persons { .. } => limits::PROVIDER_READ_MS_MAX,
            _ => limits::PROVIDER_FETCH_MS_MAX,
        };
        let request = Request { method: Method::Get, url, headers, body: Vec::new(), ms_max };
        self.http.send(request).await
    }

    /// The token to use: the one there is, unless it was `refused` or ends soon.
    async fn token(
        &self,
        lane: CallLane,
        refused: Option<&Secret>,
    ) -> Result<Secret, ProviderError> {
        // Held during the exchange, so that looks at the same time make one.
        let mut held = self.token.lock().await;
        let usable = |token: &&Token| {
            token.is_good_at(self.clock.now()) && refused.is_none_or(|text| *text != token.text)
        };
        if let Some(token) = held.as_ref().filter(usable) {
            return Ok(token.text.clone());
        }
        *held = None;
        self.gate.reserve(lane).await?;
        let token = self.exchange().await?;
        let text = token.text.clone();
        *held = Some(token);
        Ok(text)
    }

    /// Exchanges the key pair for a token.
    async fn exchange(&self) -> Result<Token, ProviderError> {
        let exchange = Exchange {
            access_key: self.pair.access_key.reveal(),
            secret_access_key: self.pair.secret_access_key.reveal(),
        };
        let body = serde_json::to_vec(&exchange)
            .map_err(|_| malformed("the request could not be written"))?;
        let url = &format!("{}/authentication", self.base_url);
        let headers = &[("Content-Type", "application/json"), ("Accept", "application/json")];
        let ms_max = limits::PROVIDER_FETCH_MS_MAX;
        let request = Request { method: Method::Post, url, headers, body, ms_max };
        let asked_at = self.clock.now();
        let answer = self.http.send(request).await?;
        if !is_answer(answer.status()) {
            let refusal = Refusal::read(answer).await;
            return Err(self.hear(refusal.error_of_exchange()).await);
        }
        let body = answer.whole(limits::ENVELOPE_BYTES_MAX).await?;
        if let Some(refusal) = Refusal::within(&body) {
            return Err(self.hear(refusal.error_of_exchange()).await);
        }
        Token::read(&body, asked_at)
    }

    /// Tells the gate when the answer was "too many calls".
    async fn hear(&self, error: ProviderError) -> ProviderError {
        if let ProviderError::Throttled { calls_per_minute, .. } = &error {
            self.gate.throttled(*calls_per_minute).await;
        }
        error
    }
}

/// The kinds of refusal that HRworks names (protocol page §4).
const KINDS: [&str; 12] = [
    "InvalidCredentialsError",
    "InvalidCustomerNumberError",
    "InvalidBearerTokenError",
    "MissingAuthorizationHeaderError",
    "MalformedAuthorizationHeaderError",
    "PermissionDeniedError",
    "MissingParameterError",
    "InvalidParameterError",
    "InvalidParameterTypeError",
    "InvalidPayloadError",
    "InvalidEndpointError",
    "InternalServerError",
];

/// An answer that is a refusal.
struct Refusal {
    /// The HTTP status; 200 for a refusal within a success.
    status: u16,
    /// One of [`KINDS`]; blank when there is none or another.
    kind: &'static str,
    /// Whether it was a JSON object at all.
    is_json: bool,
    /// Whether it says that the identifier does not exist.
    is_about_identifier: bool,
    retry_after_ms: Option<i64>,
    request_id: Option<String>,
    body: Vec<u8>,
}

impl Refusal {
    async fn read(answer: Answer) -> Self {
        let status = answer.status();
        let (retry_after_ms, request_id) = (answer.retry_after_ms(), answer.request_id());
        let body = answer.whole(limits::ENVELOPE_BYTES_MAX).await.unwrap_or_default();
        Self { status, retry_after_ms, request_id, ..Self::of(&body) }
    }

    /// The refusal in the body of a success, if it is one.
    fn within(body: &[u8]) -> Option<Self> {
        let mended = mend(body);
        let Ok([code, kind]) = pick(&mended, &["errorCode", "type"]) else {
            // Two different errors are an error, whatever they are.
            return pick::<0>(&mended, &[]).is_ok().then(|| Self::of(body));
        };
        (code.is_some() && text(kind).is_some()).then(|| Self::of(body))
    }

    fn of(sent: &[u8]) -> Self {
        let body = mend(sent);
        let names = ["type", "errorMessage", "additionalErrors"];
        let picked = pick(&body, &names);
        let is_json = picked.is_ok();
        let [kind, message, additional] = picked.unwrap_or_default();
        let additional = additional
            .and_then(|list| serde_json::from_str::<Vec<&RawValue>>(list.get()).ok())
            .unwrap_or_default();
        let (kind, message) = (kind_of(kind), text(message));
        // Other parameters can be invalid too: one of the messages has to say that nobody is there.
        let mut is_about_identifier =
            kind == "InvalidParameterError" && !is_about_identifier_type(message.as_deref());
        let mut says_nobody = says_nobody_is_there(message.as_deref());
        for error in additional {
            let [kind, message] = inner(Some(error), &["type", "errorMessage"]).unwrap_or_default();
            let message = text(message);
            is_about_identifier &= kind_of(kind) == "InvalidParameterError"
                && !is_about_identifier_type(message.as_deref());
            says_nobody |= says_nobody_is_there(message.as_deref());
        }
        is_about_identifier &= says_nobody;
        let (status, retry_after_ms, request_id) = (200, None, None);
        let body = sent.to_vec();
        Self { status, kind, is_json, is_about_identifier, retry_after_ms, request_id, body }
    }

    /// Whether another token may help (protocol page §4, rules a and d).
    fn is_of_token(&self) -> bool {
        self.kind == "InvalidBearerTokenError"
            || self.status == 401
            || (self.status == 403 && !self.is_json)
    }

    fn error(&self, ask: Ask<'_>) -> ProviderError {
        let permission = Some(ask.permission());
        if self.status == 429 {
            return self.throttled();
        }
        match self.kind {
            "InvalidCredentialsError" => ProviderError::Credential,
            // The contract or the key has expired.
            "InvalidCustomerNumberError" => ProviderError::Suspended,
            "PermissionDeniedError" => ProviderError::Permission { permission },
            "" if self.status == 403 => ProviderError::Permission { permission },
            "" | "InternalServerError" | "InvalidEndpointError" | "InvalidBearerTokenError" => {
                self.down()
            }
            kind => ProviderError::Malformed {
                reason: format!("the HR system does not understand the question ({kind})"),
            },
        }
    }

    /// What a refusal of the key pair means: whatever is wrong with a well-formed exchange is wrong
    /// with the keys.
    fn error_of_exchange(&self) -> ProviderError {
        if self.status == 429 {
            return self.throttled();
        }
        match self.kind {
            "InvalidCustomerNumberError" => ProviderError::Suspended,
            "PermissionDeniedError" => ProviderError::Permission { permission: None },
            "" if self.is_json && matches!(self.status, 400 | 401 | 403) => {
                ProviderError::Credential
            }
            "" | "InternalServerError" | "InvalidEndpointError" => self.down(),
            _ => ProviderError::Credential,
        }
    }

    fn throttled(&self) -> ProviderError {
        let retry_after_ms = self.retry_after_ms.unwrap_or(limits::PROVIDER_THROTTLE_WAIT_MS);
        ProviderError::Throttled { retry_after_ms, calls_per_minute: None }
    }

    fn down(&self) -> ProviderError {
        let mut reason = format!("HTTP status {}", self.status);
        if !self.kind.is_empty() {
            reason = format!("{reason}, {}", self.kind);
        }
        if let Some(id) = &self.request_id {
            reason = format!("{reason}, request {id}");
        }
        ProviderError::Down { reason, retry_after_ms: self.retry_after_ms }
    }
}

fn kind_of(value: Option<&RawValue>) -> &'static str {
    let kind = text(value).unwrap_or_default();
    KINDS.into_iter().find(|known| *known == kind.trim()).unwrap_or_default()
}

/// "Person 4711 does not exist.", in English or German.
fn says_nobody_is_there(message: Option<&str>) -> bool {
    message.is_some_and(|message| message.to_lowercase().contains("exist"))
}

/// A refusal of `personIdentifierType` would be one of everybody, and means nobody is gone.
fn is_about_identifier_type(message: Option<&str>) -> bool {
    message.is_some_and(|message| message.to_ascii_lowercase().contains("identifiertype"))
}
