//! Webhooks of People HR: `POST /hooks/people-hr/{token}` (S-01, S-02).
//!
//! A webhook is a hint and never data: from its body only employee numbers and the kind of change
//! are read, and only they are stored. The 2xx leaves after that is durable. Look-up of the token
//! and the write are one transaction, so the address of a disabled directory is dead at once.
//!
//! Invariants:
//! - The token is in no log, error or answer. Nothing here logs a path.
//! - Reading is bounded in bytes, before and after decompression, and in time. Only who has a token
//!   may take that time: nothing is kept long for a stranger (O-08).
//! - What pasting put behind the token does not matter (L-11).
//! - What cannot be read is a hint to look at everybody; only an unknown token (404), a body over
//!   the bound (413) and a full queue (503) are refused.

use std::time::Duration;

use actix_web::dev::Decompress;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{Stream, StreamExt, stream};
use percent_encoding::percent_decode_str;
use serde_json::json;

use crate::db::{DbError, directories, inbox};
use crate::domain::hint::Hint;
use crate::limits;
use crate::providers::people_hr;
use crate::secret::Secret;
use crate::web::http::error::Problem;
use crate::web::http::response::Response;
use crate::web::http::state::State;

/// Where the addresses begin.
const ROOT: &str = "/hooks/people-hr/";
/// The pattern of the addresses; what is behind a token can be anything.
pub const PATTERN: &str = "/hooks/people-hr/{token:.*}";

/// `GET` and `HEAD`: says that the address is right, and stores nothing.
pub async fn look(state: State, req: HttpRequest) -> Response {
    if is_known(&state, hash_of(&state, &req)?).await? {
        Ok(HttpResponse::Ok().json(json!({ "ok": true })))
    } else {
        Err(unknown_token())
    }
}

/// Every other method: takes the hints in.
pub async fn take(state: State, req: HttpRequest, payload: Payload) -> Response {
    let hash = hash_of(&state, &req)?;
    let hints = read_or_refuse(&state, &hash, &req, payload).await?;
    let now = state.now();
    let patience = Duration::from_millis(limits::TAKE_IN_MS_MAX);
    let turn = tokio::time::timeout(patience, state.hook_turns.turn(&hash, hints.len())).await;
    let turn = turn.map_err(|_elapsed| Problem::Unavailable)?;
    let directory =
        state.context.db.take_in(move |tx| inbox::take_in(tx, &hash, &hints, now)).await;
    drop(turn);
    let directory = directory.map_err(|error| not_stored(&error))?;
    if directory.is_none() {
        return Err(unknown_token());
    }
    state.activators.inbox.wake();
    Ok(HttpResponse::Accepted().json(json!({ "ok": true })))
}

async fn is_known(state: &State, hash: Vec<u8>) -> Result<bool, DbError> {
    let read = state.context.db.read(move |conn| directories::by_token_hash(conn, &hash));
    Ok(read.await?.is_some())
}

/// Reads the body. A large one, or one that is not there at once, is read only when the token is
/// known.
async fn read_or_refuse(
    state: &State,
    hash: &[u8],
    req: &HttpRequest,
    payload: Payload,
) -> Result<Vec<Hint>, Problem> {
    let length = req.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let length = length.and_then(|text| text.parse::<usize>().ok());
    let mut reading = std::pin::pin!(read_hints(req, payload));
    if length.is_some_and(|length| length <= limits::HOOK_STRANGER_BYTES_MAX) {
        let patience = Duration::from_millis(limits::HOOK_STRANGER_READ_MS);
        if let Ok(hints) = tokio::time::timeout(patience, &mut reading).await {
            return hints;
        }
    }
    // Without an answer it may be known, and then its hints must not be lost.
    match is_known(state, hash.to_owned()).await {
        Ok(false) => Err(unknown_token()),
        Ok(true) | Err(_) => reading.await,
    }
}

/// The sender can do nothing about it but send it again, whatever the database's reason is.
fn not_stored(error: &DbError) -> Problem {
    if !error.is_temporary() {
        tracing::error!(error = %error, "a webhook could not be stored");
    }
    if error.is_away() { Problem::DatabaseAway } else { Problem::Unavailable }
}

fn hash_of(state: &State, req: &HttpRequest) -> Result<Vec<u8>, Problem> {
    let token = token_in(req.uri().path()).ok_or_else(unknown_token)?;
    Ok(state.context.keys.lookup.lookup_hash(token.reveal()))
}

/// The token in a path. People paste the address with a slash, a blank, a line break, a bracket or
/// a query behind it, and HR systems escape that, some of them twice (L-11).
fn token_in(path: &str) -> Option<Secret> {
    let mut text = path.strip_prefix(ROOT)?.to_owned();
    for _ in 0..2 {
        text = percent_decode_str(&text).decode_utf8_lossy().into_owned();
    }
    let is_noise = |c: char| !c.is_alphanumeric() && !"?&#".contains(c);
    let text = text.trim_start_matches(|c: char| is_noise(c) && !"-_".contains(c));
    let is_of_token = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let end = text.find(|c| !is_of_token(c)).unwrap_or(text.len());
    let (token, behind) = text.split_at(end);
    let behind = behind.trim_start_matches(is_noise);
    let is_query = behind.starts_with(['?', '&', '#']);
    (behind.is_empty() || is_query).then(|| Secret::new(token))
}

fn unknown_token() -> Problem {
    Problem::NotFound { what: "Webhook address", id: String::new() }
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

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "-aB_9-xyzAB0123456789-_aB_9-xyzAB0123456789";

    fn found(path: &str) -> Option<String> {
        token_in(path).map(|token| token.reveal().to_owned())
    }

    #[test]
    fn l_11_what_pasting_puts_around_a_token_does_not_matter() {
        let noise = [
            "",
            "/",
            "//",
            "%20",
            "%0D%0A",
            "%0a",
            "%09",
            "%C2%A0",
            "%A0",
            "%E2%80%8B",
            "%EF%BB%BF",
            "+",
            "%22",
            "%3E",
            "%2F",
            "%2520",
            "%250D%250A",
            ".",
            ",",
            ")",
            "%E2%80%9D",
        ];
        for one in noise {
            for other in noise {
                for query in ["", "?", "%3Fx=1", "&x=1%20", "%23top", "?a=%2Fb"] {
                    let path = format!("{ROOT}{TOKEN}{one}{other}{query}");
                    assert_eq!(found(&path).as_deref(), Some(TOKEN), "{path}");
                }
                let path = format!("{ROOT}{one}{TOKEN}{other}");
                assert_eq!(found(&path).as_deref(), Some(TOKEN), "{path}");
            }
        }
    }

    #[test]
    fn l_11_something_else_behind_a_token_is_another_address() {
        for path in ["/x", "%20x", "%C3%A4", ".json", "/?x"] {
            let found = found(&format!("{ROOT}{TOKEN}{path}"));
            assert_eq!(found.is_some(), path == "/?x", "{path}");
        }
        assert_eq!(found("/hooks/other/x"), None);
        assert_eq!(found(ROOT).as_deref(), Some(""));
    }
}
