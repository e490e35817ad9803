//! Webhooks of People HR: `POST /hooks/people-hr/{token}` (S-01, S-02).
//!
//! A webhook is a hint and never data: from its body only employee numbers and the kind of change
//! are read, and only they are stored. The 2xx leaves after that is durable. Look-up of the token
//! and the write are one transaction, so the address of a disabled directory is dead at once.
//!
//! Invariants:
//! - The token is in no log, error or answer. Nothing here logs a path.
//! - Reading is bounded in bytes, before and after decompression, and in time.
//! - What can not be read is a hint to look at everybody; only an unknown token (404), a body over
//!   the bound (413) and a full queue (503) are refused.

use std::time::Duration;

use actix_web::dev::Decompress;
use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{Stream, StreamExt, stream};
use serde_json::json;

use crate::db::{DbError, directories, inbox};
use crate::limits;
use crate::providers::{Hint, people_hr};
use crate::secret::Secret;
use crate::web::answer::Answer;
use crate::web::error::Problem;
use crate::web::state::State;

/// `GET` and `HEAD`: says that the address is right, and stores nothing.
pub async fn look(state: State, token: Path<String>) -> Answer {
    let hash = hash_of(&state, token);
    let found = state.context.db.read(move |conn| directories::by_token_hash(conn, &hash)).await?;
    match found {
        Some(_) => Ok(HttpResponse::Ok().json(json!({ "ok": true }))),
        None => Err(unknown_token()),
    }
}

/// Every other method: takes the hints in.
pub async fn take(state: State, token: Path<String>, req: HttpRequest, payload: Payload) -> Answer {
    let hash = hash_of(&state, token);
    let hints = read_hints(&req, payload).await?;
    let hints: Vec<(String, Option<i64>)> = hints.into_iter().map(stored).collect();
    let now = state.now();
    let directory =
        state.context.db.take_in(move |tx| inbox::take_in(tx, &hash, &hints, now)).await;
    let directory = directory.map_err(|error| not_stored(&error))?;
    if directory.is_none() {
        return Err(unknown_token());
    }
    state.activators.inbox.wake();
    Ok(HttpResponse::Accepted().json(json!({ "ok": true })))
}

/// The sender can do nothing about it but send it again, whatever the database's reason is.
fn not_stored(error: &DbError) -> Problem {
    if !error.is_temporary() {
        tracing::error!(error = %error, "a webhook could not be stored");
    }
    Problem::Unavailable
}

fn hash_of(state: &State, token: Path<String>) -> Vec<u8> {
    let token = Secret::new(token.into_inner());
    state.context.keys.lookup.lookup_hash(token.reveal())
}

fn unknown_token() -> Problem {
    Problem::NotFound { what: "Webhook address", id: String::new() }
}

/// A hint as it is stored: the empty employee number means everybody.
fn stored(hint: Hint) -> (String, Option<i64>) {
    let number = hint.employee.map(|number| number.0).unwrap_or_default();
    (number, hint.action_id.map(i64::from))
}

async fn read_hints(req: &HttpRequest, payload: Payload) -> Result<Vec<Hint>, Problem> {
    let limit = Duration::from_millis(limits::HOOK_READ_MS_MAX);
    let body = match tokio::time::timeout(limit, read_body(req, payload)).await {
        Ok(body) => body,
        Err(_elapsed) => Body::Unreadable,
    };
    match body {
        Body::Read(bytes) => {
            let content_type =
                req.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            Ok(people_hr::read_hints(content_type, &bytes))
        }
        Body::Unreadable => Ok(vec![Hint::EVERYBODY]),
        Body::TooLarge => Err(Problem::TooLarge { bytes_max: limits::HOOK_BODY_BYTES_MAX }),
    }
}

/// What reading a body came to.
#[derive(Debug, PartialEq, Eq)]
enum Body {
    Read(Vec<u8>),
    Unreadable,
    TooLarge,
}

async fn read_body(req: &HttpRequest, mut payload: Payload) -> Body {
    let pieces = in_pieces(&mut payload);
    let mut decoded = Decompress::from_headers(Box::pin(pieces), req.headers());
    let body = bounded(&mut decoded).await;
    drop(decoded);
    if body == Body::TooLarge {
        drain(&mut payload).await;
    }
    body
}

async fn bounded(decoded: &mut (impl Stream<Item = Result<Bytes, PayloadError>> + Unpin)) -> Body {
    let mut body = Vec::new();
    while let Some(piece) = decoded.next().await {
        match piece {
            Ok(piece) => body.extend_from_slice(&piece),
            Err(PayloadError::Overflow) => return Body::TooLarge,
            Err(_broken) => return Body::Unreadable,
        }
        if body.len() > limits::HOOK_BODY_BYTES_MAX {
            return Body::TooLarge;
        }
    }
    Body::Read(body)
}

/// The raw body in small pieces, up to its own bound.
fn in_pieces(payload: &mut Payload) -> impl Stream<Item = Result<Bytes, PayloadError>> + '_ {
    let start = (payload, Bytes::new(), 0_usize);
    stream::unfold(start, |(payload, mut chunk, mut seen)| async move {
        while chunk.is_empty() {
            match payload.next().await? {
                Ok(next) => chunk = next,
                Err(error) => return Some((Err(error), (payload, Bytes::new(), seen))),
            }
        }
        let piece = chunk.split_to(chunk.len().min(limits::HOOK_PIECE_BYTES_MAX));
        seen = seen.saturating_add(piece.len());
        let piece =
            if seen > limits::HOOK_RAW_BYTES_MAX { Err(PayloadError::Overflow) } else { Ok(piece) };
        Some((piece, (payload, chunk, seen)))
    })
}

/// Reads on without keeping anything.
async fn drain(payload: &mut Payload) {
    let mut seen = 0_usize;
    while let Some(Ok(chunk)) = payload.next().await {
        seen = seen.saturating_add(chunk.len());
        if seen > limits::HOOK_DRAIN_BYTES_MAX {
            return;
        }
    }
}
