//! The one place where HTTP clients for HR systems are built, and where their answers are read.
//!
//! Invariants:
//! - Every wait is bounded: connecting, silence within an answer, and the whole answer.
//! - Every body is bounded after decompression, so a small compressed answer cannot fill memory.
//! - A body in other letters than UTF-8 is decoded as it declares (S-17), and very long texts in it
//!   are left out while it arrives (S-16).
//! - No redirect is followed: it could carry the key to another host.
//! - Errors name what happened and never the address, the key or a part of the body.
//!
//! What this module must not do: retry, know an HR system's words, or log bodies.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use encoding_rs::Decoder;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{Client, Response};

use super::charset::Charset;
use super::fields::mend;
use super::slim::Slim;
use super::{ProviderError, malformed};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::domain::{certificate, retry};
use crate::limits;

/// What Rollcall calls itself. HR systems' edges refuse callers without a name (protocol page
/// §1.3).
pub const USER_AGENT: &str = concat!("Rollcall/", env!("CARGO_PKG_VERSION"));

/// Whether an answer with this HTTP status answers a question. Other successes do not: a part of a
/// list (206) looks like a short one, and nothing is made by reading (201) (S-30).
#[must_use]
pub const fn is_answer(status: u16) -> bool {
    status == 200
}

/// A client for HR systems. One is enough for the whole process: clones share its connections.
#[derive(Clone)]
pub struct HttpClient {
    client: Client,
    clock: Arc<dyn Clock>,
}

/// The machine has no usable TLS set-up, so that no client can be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no HTTP client can be built: the machine's TLS set-up cannot be used")]
pub struct NoClient;

/// How a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Sends a body; People HR and HRworks read that way too.
    Post,
}

/// A request to an HR system.
pub struct Request<'a> {
    /// How it is made.
    pub method: Method,
    /// Where to, with the query.
    pub url: &'a str,
    /// Headers besides `User-Agent` and `Accept-Encoding`; a key may be among them.
    pub headers: &'a [(&'static str, &'a str)],
    /// The body; may be empty.
    pub body: Vec<u8>,
    /// How long the whole answer may take, in milliseconds.
    pub ms_max: u64,
}

impl HttpClient {
    /// Builds the client. The machine's proxy settings are honoured.
    pub fn build() -> Result<Self, NoClient> {
        // Another part of the process may have chosen the provider before; either choice is good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(clippy::disallowed_methods, reason = "the one place that builds bounded clients")]
        let builder = Client::builder();
        builder
            .user_agent(USER_AGENT)
            .connect_timeout(Duration::from_millis(limits::PROVIDER_CONNECT_MS_MAX))
            .read_timeout(Duration::from_millis(limits::PROVIDER_READ_MS_MAX))
            .redirect(reqwest::redirect::Policy::none())
            // A call that is sent again would not have been reserved (S-44).
            .retry(reqwest::retry::never())
            .referer(false)
            .gzip(true)
            .brotli(true)
            .build()
            .map(|client| Self { client, clock: Arc::new(SystemClock) })
            .map_err(|_| NoClient)
    }

    /// The same client with another clock, which tells how far off a moment is that an answer
    /// names.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Sends a request and gives the answer's head. No answer at all is [`ProviderError::Down`];
    /// an HTTP status is not judged here.
    pub async fn send(&self, request: Request<'_>) -> Result<Answer, ProviderError> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut builder = self.client.request(method, request.url);
        for (name, value) in request.headers {
            builder = builder.header(*name, *value);
        }
        if !request.body.is_empty() {
            builder = builder.body(request.body);
        }
        let sent = builder.timeout(Duration::from_millis(request.ms_max)).send().await;
        let received_at = self.clock.now();
        sent.map(|response| Answer { response, received_at }).map_err(|error| not_answered(&error))
    }
}

/// An answer whose body has not been read yet.
pub struct Answer {
    response: Response,
    received_at: Timestamp,
}

impl Answer {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// How long the answer asks to wait, in milliseconds, at most
    /// [`limits::PROVIDER_RETRY_AFTER_MS_MAX`] (S-40).
    pub fn retry_after_ms(&self) -> Option<i64> {
        retry_after_ms(self.response.headers(), self.received_at)
    }

    /// The text of a header, trimmed.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok().map(str::trim)
    }

    /// The texts of all headers of this name as one, as lists in headers may be split (RFC 9110).
    pub fn header_list(&self, name: &str) -> Option<String> {
        let parts =
            self.response.headers().get_all(name).iter().filter_map(|part| part.to_str().ok());
        let joined = parts.collect::<Vec<_>>().join(", ");
        (!joined.is_empty()).then_some(joined)
    }

    /// The HR system's name for this call, which its support asks for; only harmless characters.
    pub fn request_id(&self) -> Option<String> {
        let id = self.header("x-request-id")?;
        let id: String = id
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
            .take(limits::REQUEST_ID_CHARS_MAX)
            .collect();
        (!id.is_empty()).then_some(id)
    }

    /// In which letters it says that it is written.
    pub fn charset(&self) -> Charset {
        Charset::of(self.header("content-type"))
    }

    /// Reads the whole body, of at most `bytes_max` bytes after decompression.
    pub async fn whole(self, bytes_max: usize) -> Result<Vec<u8>, ProviderError> {
        let bytes_read_max = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        self.whole_of(bytes_read_max, bytes_max).await
    }

    /// Reads the whole answer about one thing, of at most [`limits::ANSWER_BYTES_MAX`] bytes
    /// without its very long texts.
    pub async fn one(self) -> Result<Vec<u8>, ProviderError> {
        self.whole_of(limits::PAGE_BYTES_MAX, limits::ANSWER_BYTES_MAX).await
    }

    async fn whole_of(self, read_max: u64, kept_max: usize) -> Result<Vec<u8>, ProviderError> {
        let charset = self.charset();
        let mut body = self.body(read_max);
        let mut bytes = Vec::new();
        while let Some(chunk) = body.chunk().await? {
            if bytes.len().saturating_add(chunk.len()) > kept_max {
                return Err(too_large(kept_max));
            }
            bytes.extend_from_slice(&chunk);
        }
        // One damaged text must not cost the whole answer (S-17).
        Ok(mend(&charset.repair(&bytes)).into_owned())
    }

    /// The body for reading it piece by piece, of at most `bytes_max` bytes after decompression.
    pub fn body(self, bytes_max: u64) -> BoundedBody {
        let decoder = match self.charset() {
            Charset::Other(encoding) => Some(encoding.new_decoder()),
            Charset::Unsaid | Charset::Utf8 => None,
        };
        BoundedBody {
            response: self.response,
            bytes_max,
            bytes_left: bytes_max,
            decoder,
            slim: Some(Slim::default()),
        }
    }
}

/// A body that is read piece by piece and may not be larger than its bound.
pub struct BoundedBody {
    response: Response,
    bytes_max: u64,
    bytes_left: u64,
    decoder: Option<Decoder>,
    /// None once the end was handed out.
    slim: Option<Slim>,
}

impl BoundedBody {
    /// The next piece; `None` at the proper end. A body that breaks off is
    /// [`ProviderError::Malformed`], silence is [`ProviderError::Down`].
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, ProviderError> {
        let chunk = self.response.chunk().await.map_err(|error| {
            if error.is_timeout() {
                let reason = "the answer stopped in the middle".to_owned();
                ProviderError::Down { reason, retry_after_ms: None }
            } else {
                malformed("the answer broke off or its compression is damaged")
            }
        })?;
        let Some(chunk) = chunk else { return Ok(self.end()) };
        let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        let Some(left) = self.bytes_left.checked_sub(length) else {
            return Err(too_large(self.bytes_max));
        };
        self.bytes_left = left;
        let text = self.decoder.as_mut().map(|decoder| decoded(decoder, &chunk, false));
        let slim = self.slim.get_or_insert_default();
        Ok(Some(slim.take(text.as_deref().unwrap_or(&chunk))))
    }

    /// What was held back until the end, once.
    fn end(&mut self) -> Option<Vec<u8>> {
        let mut slim = self.slim.take()?;
        let last = self.decoder.as_mut().map(|decoder| decoded(decoder, &[], true));
        let mut rest = slim.take(&last.unwrap_or_default());
        rest.append(&mut slim.finish());
        (!rest.is_empty()).then_some(rest)
    }
}

fn decoded(decoder: &mut Decoder, bytes: &[u8], is_last: bool) -> Vec<u8> {
    let room = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len());
    let mut text = String::with_capacity(room);
    let _ = decoder.decode_to_string(bytes, &mut text, is_last);
    text.into_bytes()
}

fn too_large(bytes_max: impl std::fmt::Display) -> ProviderError {
    ProviderError::Malformed { reason: format!("the answer is larger than {bytes_max} bytes") }
}

fn retry_after_ms(headers: &HeaderMap, now: Timestamp) -> Option<i64> {
    let date = header(headers, &DATE);
    let wait_ms = retry::retry_after_ms(header(headers, &RETRY_AFTER)?, date, now)?;
    Some(wait_ms.min(limits::PROVIDER_RETRY_AFTER_MS_MAX))
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn not_answered(error: &reqwest::Error) -> ProviderError {
    if let Some(fault) = certificate::fault_in(error) {
        return ProviderError::Untrusted { fault };
    }
    let what = if error.is_timeout() {
        "no answer in time"
    } else if certificate::cause::<rustls::Error>(error).is_some() {
        "no TLS connection could be made"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the request failed"
    };
    let reason = match io_kind(error) {
        Some(kind) => format!("{what} ({kind})"),
        None => what.to_owned(),
    };
    ProviderError::Down { reason, retry_after_ms: None }
}

/// The operating system's word for what went wrong, which holds no address.
fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    certificate::cause::<io::Error>(error).map(io::Error::kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn s_40_retry_after_is_read_as_seconds_or_as_a_date() {
        let now = Timestamp(784_111_777_000);
        let retry_after_ms = |headers: &HeaderMap| retry_after_ms(headers, now);
        let seconds = headers(&[(RETRY_AFTER, " 7 ")]);
        assert_eq!(retry_after_ms(&seconds), Some(7_000));
        let date = headers(&[
            (RETRY_AFTER, "Sun, 06 Nov 1994 08:50:37 GMT"),
            (DATE, "Sun, 06 Nov 1994 08:49:37 GMT"),
        ]);
        assert_eq!(retry_after_ms(&date), Some(60_000));
        let without = headers(&[(RETRY_AFTER, "Sun, 06 Nov 1994 08:50:37 GMT")]);
        assert_eq!(retry_after_ms(&without), Some(60_000), "our clock counts");
        let far = headers(&[(RETRY_AFTER, "Sun, 06 Nov 2094 08:50:37 GMT")]);
        assert_eq!(retry_after_ms(&far), None, "the day of the week is wrong");
        let far = headers(&[(RETRY_AFTER, "Sat, 06 Nov 2094 08:50:37 GMT")]);
        assert_eq!(retry_after_ms(&far), Some(limits::PROVIDER_RETRY_AFTER_MS_MAX));
        let huge = headers(&[(RETRY_AFTER, "4000000000")]);
        assert_eq!(retry_after_ms(&huge), Some(limits::PROVIDER_RETRY_AFTER_MS_MAX));
        for useless in ["", "soon", "-5"] {
            assert_eq!(retry_after_ms(&headers(&[(RETRY_AFTER, useless)])), None, "{useless}");
        }
    }

    #[tokio::test]
    async fn no_connection_is_down_and_shows_no_address() {
        let port = {
            let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            closed.local_addr().unwrap().port()
        };
        let url = &format!("http://127.0.0.1:{port}/?key=canary");
        let (method, headers, body) = (Method::Get, &[("X-Key", "canary")], Vec::new());
        let request = Request { method, url, headers, body, ms_max: 5_000 };
        let Err(error) = HttpClient::build().unwrap().send(request).await else { panic!() };
        let text = format!("{error:?} {error}");
        assert!(matches!(error, ProviderError::Down { .. }), "{text}");
        assert!(!text.contains("127.0.0.1") && !text.contains("canary"), "{text}");
    }
}
