//! `Idempotency-Key`: a `POST` that is sent again has its effect once and gets the first answer
//! (A-01, wire contract C-16).
//!
//! The first request with a key claims it, is done, and leaves its answer, sealed, for 24 hours. It
//! is done to its end also when its sender hangs up, because that is when senders ask again.
//!
//! Invariants:
//! - A key belongs to the API key it came with. Keys and requests are stored as keyed hashes only.
//! - Answers from 500 on, and 429, are not kept: the same request may succeed later.
//! - A claim is renewed while its request is under way, and ends soon after its process dies.
//!   What that request had done by then stays done; the next one with the key is done as if it
//!   were the first.
//!
//! An import of accounts takes no part: it is streamed, and finds its rows by e-mail, so that it
//! can be repeated anyway.

use std::pin::pin;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, RETRY_AFTER};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage, HttpResponse};
use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::db::Lane;
use crate::db::idempotent_answers::{self, Found, Name};
use crate::domain::ids::RequestId;
use crate::limits;
use crate::web::http::auth::Caller;
use crate::web::http::error::Problem;
use crate::web::http::middleware;
use crate::web::http::state::State;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The headers of an answer that are kept with it.
const KEPT_HEADERS: [HeaderName; 2] = [CONTENT_TYPE, RETRY_AFTER];

/// Lets a request through, or answers it as its forerunner. Comes after [`crate::web::http::auth`].
pub async fn once(
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let takes_part = req.method() == Method::POST
        && req.headers().contains_key(KEY)
        && !req.path().ends_with("/accounts/import");
    if !takes_part {
        return Ok(next.call(req).await?.map_into_boxed_body());
    }
    let (claim, request_hash) = match read(&mut req).await {
        Ok(read) => read,
        Err(problem) => return Ok(req.error_response(problem)),
    };
    // The one thing that goes on when its sender has hung up: from the claim to the kept answer.
    match actix_web::rt::spawn(claim.answer(request_hash, req, next)).await {
        Ok(answer) => answer,
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_cancelled) => Err(Problem::Unavailable.into()),
        },
    }
}

/// Reads a request's key and body; what is returned stands for them.
async fn read(req: &mut ServiceRequest) -> Result<(Claim, Vec<u8>), Problem> {
    let key = key_of(req.headers())?;
    let missing = |what: &str| Problem::Internal(format!("a request came without its {what}"));
    let state = req.app_data::<State>().cloned().ok_or_else(|| missing("state"))?;
    let caller = req.extensions().get::<Caller>().cloned().ok_or_else(|| missing("caller"))?;
    let body = bounded(req.take_payload()).await?;
    let (method, uri) = (req.method().as_str().to_owned(), req.uri().to_string());
    let keys = &state.context.keys.lookup;
    let key_hash = keys.labelled_hash("rollcall idempotency key", &[key]);
    let parts: [&[u8]; 3] = [method.as_bytes(), uri.as_bytes(), &body];
    let request_hash = keys.labelled_hash("rollcall idempotent request", &parts);
    req.set_payload(again(body));
    let name = Name { api_key_id: caller.key().clone(), key_hash };
    let at = state.now();
    Ok((Claim { state, name, at }, request_hash))
}

fn key_of(headers: &HeaderMap) -> Result<String, Problem> {
    let key = headers.get(KEY).and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    if (1..=limits::IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len()) {
        return Ok(key.to_owned());
    }
    let most = limits::IDEMPOTENCY_KEY_CHARS_MAX;
    let message = format!("must have 1 to {most} visible characters of ASCII, such as a UUID");
    Err(Problem::invalid("Idempotency-Key", "invalid", message))
}

/// The body as it came, perhaps compressed.
async fn bounded(mut payload: Payload) -> Result<Bytes, Problem> {
    let mut body = Vec::new();
    while let Some(piece) = payload.next().await {
        body.extend_from_slice(&piece.map_err(|_| Problem::UnreadableBody)?);
        if body.len() > limits::API_BODY_BYTES_MAX {
            return Err(Problem::TooLarge { bytes_max: limits::API_BODY_BYTES_MAX });
        }
    }
    Ok(body.into())
}

/// A body that can be read once more.
fn again(body: Bytes) -> Payload {
    let pieces = stream::iter([Ok::<_, actix_web::error::PayloadError>(body)]);
    let boxed: std::pin::Pin<Box<dyn Stream<Item = _>>> = Box::pin(pieces);
    Payload::from(boxed)
}

/// An answer as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// The right to answer a request, or the wish for it.
struct Claim {
    state: State,
    name: Name,
    /// When it is claimed or was last renewed.
    at: Timestamp,
}

impl Claim {
    /// Does the request, or answers it as its forerunner.
    async fn answer(
        self,
        request_hash: Vec<u8>,
        req: ServiceRequest,
        next: Next<impl MessageBody + 'static>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        let (name, at) = (self.name.clone(), self.at);
        let write =
            self.state.context.db.write(Lane::Urgent, move |tx| {
                idempotent_answers::claim(tx, &name, &request_hash, at)
            });
        let answer = match write.await {
            Ok(Found::Claimed) => return self.answer_first(req, next).await,
            Ok(Found::UnderWay) => Err(Problem::RequestUnderWay),
            Ok(Found::Other) => Err(Problem::IdempotencyKeyReused),
            Ok(Found::Answer(sealed)) => self.open(&sealed),
            Err(error) => Err(error.into()),
        };
        Ok(match answer {
            Ok(answer) => req.into_response(answer),
            Err(problem) => req.error_response(problem),
        })
    }

    /// Does the request and keeps its answer.
    async fn answer_first(
        mut self,
        req: ServiceRequest,
        next: Next<impl MessageBody + 'static>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        let id = req.extensions().get::<RequestId>().cloned();
        let mut call = pin!(next.call(req));
        let answer = loop {
            let pause = tokio::time::sleep(Duration::from_millis(limits::LEASE_RENEW_MS));
            tokio::select! {
                answer = &mut call => break answer,
                () = pause => self.renew().await,
            }
        };
        let answer = match answer {
            Ok(answer) => answer.map_into_boxed_body(),
            Err(error) => {
                self.settle(None).await;
                return Err(error);
            }
        };
        let id = id.unwrap_or_else(|| RequestId::from_text("req_unknown"));
        let (req, answer) = middleware::with_body(answer, &id).into_parts();
        let (answer, body) = answer.into_parts();
        let Ok(body) = to_bytes(body).await else {
            self.settle(None).await;
            return Err(Problem::Internal("an answer broke off".to_owned()).into());
        };
        let sealed = self.seal(answer.status(), answer.headers(), &body);
        self.settle(sealed).await;
        Ok(ServiceResponse::new(req, answer.set_body(BoxBody::new(body))))
    }

    /// The sealed answer, if it is one that is kept.
    fn seal(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<Vec<u8>> {
        let temporary = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        if temporary || body.len() > limits::IDEMPOTENT_ANSWER_BYTES_MAX {
            return None;
        }
        let headers = KEPT_HEADERS.iter().filter_map(|name| {
            let value = headers.get(name)?.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        });
        let kept = Kept {
            status: status.as_u16(),
            headers: headers.collect(),
            body: String::from_utf8(body.to_vec()).ok()?,
        };
        let plain = serde_json::to_vec(&kept).ok()?;
        let cx = &self.state.context;
        Some(cx.keys.sealing.seal(&plain, &self.seal_context(), cx.random.as_ref()))
    }

    /// An answer that was kept.
    fn open(&self, sealed: &[u8]) -> Result<HttpResponse, Problem> {
        let wrong = || Problem::Internal("a kept answer cannot be read".to_owned());
        let plain = self.state.context.keys.sealing.open(sealed, &self.seal_context());
        let kept: Kept =
            serde_json::from_slice(&plain.map_err(|_| wrong())?).map_err(|_| wrong())?;
        let status = StatusCode::from_u16(kept.status).map_err(|_| wrong())?;
        let mut answer = HttpResponse::build(status);
        for (name, value) in kept.headers {
            answer.insert_header((name, value));
        }
        Ok(answer.insert_header((REPLAYED, "true")).body(kept.body))
    }

    /// Opens only for this API key and this idempotency key.
    fn seal_context(&self) -> String {
        format!("idempotent answer:{}:{:02x?}", self.name.api_key_id, self.name.key_hash)
    }

    async fn renew(&mut self) {
        let (name, at, now) = (self.name.clone(), self.at, self.state.now());
        let write = self
            .state
            .context
            .db
            .write(Lane::Urgent, move |tx| idempotent_answers::renew(tx, &name, at, now));
        // When it is not renewed, it ends; the answer still goes to who waits for it.
        if matches!(write.await, Ok(true)) {
            self.at = now;
        }
    }

    async fn settle(&self, sealed: Option<Vec<u8>>) {
        let (name, at) = (self.name.clone(), self.at);
        let write = self.state.context.db.write(Lane::Urgent, move |tx| {
            idempotent_answers::settle(tx, &name, at, sealed.as_deref())
        });
        if let Err(error) = write.await
            && !error.is_away()
        {
            tracing::warn!(error = %error, "an answer could not be kept for repeated requests");
        }
    }
}
