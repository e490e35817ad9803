//! Where deliveries may go, and how one request gets there.
//!
//! Invariants:
//! - Only https, and only addresses that [`is_public`] lets through, unless the operator allowed
//!   both otherwise with `delivery.allow_private_targets`.
//! - A name is resolved once per connection, by `Vetted`, and the connection goes to the addresses
//!   of that answer that were let through. A name that answers differently the next moment (DNS
//!   rebinding) therefore gains nothing. An address in a URL is looked at before every request.
//! - No redirect is followed, no proxy of the machine is used, no cookie is kept.
//! - Connecting, answering and reading are bounded in time, and reading also in size.
//! - What is told of a failure is plain words: no address, no URL, nothing of the answer.
//!
//! What this module must not do: sign, retry, or keep anything of an answer but its status and when
//! to come again.

use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, DATE, HeaderName, RETRY_AFTER};
use reqwest::{Client, Response};
use url::{Host, Url};

use crate::clock::{Clock, SystemClock, Timestamp};
use crate::delivery::address::is_public;
use crate::domain::{certificate, retry};
use crate::limits;

/// What Rollcall calls itself to endpoints.
const USER_AGENT: &str = concat!("Rollcall-Webhooks/", env!("CARGO_PKG_VERSION"));

/// Why a URL is not taken for an endpoint, in words for the one who entered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetRefused {
    /// It cannot be read.
    #[error("is no URL")]
    NoUrl,
    /// It is longer than [`limits::ENDPOINT_URL_BYTES_MAX`].
    #[error("is longer than {} characters", limits::ENDPOINT_URL_BYTES_MAX)]
    TooLong,
    /// It is not https.
    #[error("must start with https://")]
    NotHttps,
    /// It is neither http nor https, where both are allowed.
    #[error("must start with https:// or http://")]
    NotHttp,
    /// It carries a user or a password.
    #[error("must not contain a user name or a password")]
    UserInfo,
    /// It names a part of a page.
    #[error("must not contain a fragment (what follows a #)")]
    Fragment,
    /// It leads where not everybody can go.
    #[error(
        "the address of this host is not public; only an operator of this gateway can allow \
         private addresses (delivery.allow_private_targets)"
    )]
    NotPublic,
}

/// Reads the URL of an endpoint and says whether it may be one. Names are not resolved here: what
/// they stand for is looked at with each connection.
pub fn check_url(text: &str, allow_private: bool) -> Result<Url, TargetRefused> {
    if text.len() > limits::ENDPOINT_URL_BYTES_MAX {
        return Err(TargetRefused::TooLong);
    }
    // The parser would silently drop some of these.
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(TargetRefused::NoUrl);
    }
    let url = Url::parse(text).map_err(|_| TargetRefused::NoUrl)?;
    match url.scheme() {
        "https" => {}
        "http" if allow_private => {}
        _ if allow_private => return Err(TargetRefused::NotHttp),
        _ => return Err(TargetRefused::NotHttps),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetRefused::UserInfo);
    }
    if url.fragment().is_some() {
        return Err(TargetRefused::Fragment);
    }
    if url.as_str().len() > limits::ENDPOINT_URL_BYTES_MAX {
        return Err(TargetRefused::TooLong);
    }
    let public = match url.host() {
        // The parser has read every spelling of an address: 0x7f.1, 2130706433, 127.1 …
        Some(Host::Ipv4(address)) => is_public(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => is_public(IpAddr::V6(address)),
        Some(Host::Domain(name)) => !is_this_machine(name),
        None => return Err(TargetRefused::NoUrl),
    };
    if public || allow_private { Ok(url) } else { Err(TargetRefused::NotPublic) }
}

/// `localhost` and what is below it always mean the machine itself (RFC 6761 §6.3).
fn is_this_machine(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

/// What became of one request to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// How long the answer asks to wait, in milliseconds; at most [`limits::RETRY_AFTER_MS_MAX`].
    pub retry_after_ms: Option<i64>,
    /// What went wrong, in plain words; nothing exactly when the endpoint took it (2xx).
    pub error: Option<String>,
}

impl Answered {
    fn not_at_all(error: impl Into<String>) -> Self {
        Self { status: None, retry_after_ms: None, error: Some(error.into()) }
    }

    fn of(response: &Response, now: Timestamp) -> Self {
        let status = response.status();
        let header = |name: HeaderName| response.headers().get(name)?.to_str().ok();
        let retry_after_ms = header(RETRY_AFTER)
            .and_then(|text| retry::retry_after_ms(text, header(DATE), now))
            .map(|wait_ms| wait_ms.min(limits::RETRY_AFTER_MS_MAX));
        let error = if status.is_success() {
            None
        } else if status.is_redirection() {
            Some(format!(
                "answered {} (a redirect): redirects are not followed; enter the final address",
                status.as_u16()
            ))
        } else {
            Some(format!("answered {}", status.as_u16()))
        };
        Self { status: Some(status.as_u16()), retry_after_ms, error }
    }
}

/// The machine has no usable TLS set-up, so that nothing can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no client for endpoints can be built: the machine's TLS set-up cannot be used")]
pub struct NoTargets;

/// How long and how much; see the limits of the same names.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    connect_ms: u64,
    answer_ms: u64,
    drain_ms: u64,
    drain_bytes: usize,
}

const BOUNDS: Bounds = Bounds {
    connect_ms: limits::ENDPOINT_CONNECT_MS_MAX,
    answer_ms: limits::ENDPOINT_ANSWER_MS_MAX,
    drain_ms: limits::ENDPOINT_DRAIN_MS_MAX,
    drain_bytes: limits::ENDPOINT_DRAIN_BYTES_MAX,
};

/// Sends to endpoints. Cheap to clone: clones share their connections.
#[derive(Clone)]
pub struct Targets {
    client: Client,
    clock: Arc<dyn Clock>,
    allow_private: bool,
    bounds: Bounds,
}

impl Targets {
    /// Builds what sends to endpoints; once per process.
    pub fn build(allow_private_targets: bool) -> Result<Self, NoTargets> {
        Self::build_with(allow_private_targets, Arc::new(System), BOUNDS)
    }

    fn build_with(
        allow_private: bool,
        names: Arc<dyn Names>,
        bounds: Bounds,
    ) -> Result<Self, NoTargets> {
        // Another part of the process may have chosen the provider before; either choice is good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(clippy::disallowed_methods, reason = "the one place that sends to endpoints")]
        let builder = Client::builder();
        let client = builder
            .user_agent(USER_AGENT)
            .dns_resolver(Arc::new(Vetted { names, allow_private }))
            .https_only(!allow_private)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // When to try again is decided by whoever sends.
            .retry(reqwest::retry::never())
            .referer(false)
            // One request at a time is all that is needed, and bodies are thrown away.
            .http1_only()
            .gzip(false)
            .brotli(false)
            .connect_timeout(Duration::from_millis(bounds.connect_ms))
            .timeout(Duration::from_millis(bounds.answer_ms))
            .build()
            .map_err(|_| NoTargets)?;
        Ok(Self { client, clock: Arc::new(SystemClock), allow_private, bounds })
    }

    /// The same with another clock, which tells how far off a moment is that an answer names.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Whether private addresses and plain http are allowed.
    #[must_use]
    pub const fn allow_private(&self) -> bool {
        self.allow_private
    }

    /// Sends one request with this body, which is JSON. The status counts as soon as it is there;
    /// of the body a little is read, so that the connection can be used again, and thrown away.
    pub async fn post(
        &self,
        url: &str,
        headers: Vec<(&'static str, String)>,
        body: String,
    ) -> Answered {
        // Again, because the setting may have changed since the URL was stored.
        let url = match check_url(url, self.allow_private) {
            Ok(url) => url,
            Err(refused) => return Answered::not_at_all(refused.to_string()),
        };
        let mut request = self.client.post(url).header(CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        match request.body(body).send().await {
            Ok(response) => {
                let answered = Answered::of(&response, self.clock.now());
                let wait = Duration::from_millis(self.bounds.drain_ms);
                // Too much, too slow or broken: it is thrown away anyhow.
                let _ = tokio::time::timeout(wait, self.drain(response)).await;
                answered
            }
            Err(error) => Answered::not_at_all(self.reason(&error)),
        }
    }

    async fn drain(&self, mut response: Response) {
        let mut left = self.bounds.drain_bytes;
        while let Ok(Some(piece)) = response.chunk().await {
            let Some(rest) = left.checked_sub(piece.len()) else { return };
            left = rest;
        }
    }

    /// Why there was no answer, in plain words.
    fn reason(&self, error: &reqwest::Error) -> String {
        if let Some(unresolved) = certificate::cause::<Unresolved>(error) {
            return unresolved.to_string();
        }
        if error.is_timeout() {
            let (what, ms) = if error.is_connect() {
                ("could not be connected to", self.bounds.connect_ms)
            } else {
                ("did not answer", self.bounds.answer_ms)
            };
            return format!("{what} within {} seconds", ms.div_ceil(1_000));
        }
        if let Some(fault) = certificate::fault_in(error) {
            return format!("TLS certificate not accepted: {fault}");
        }
        if certificate::cause::<rustls::Error>(error).is_some() {
            return "no TLS connection could be made".to_owned();
        }
        let reason = match certificate::cause::<io::Error>(error).map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => "refused the connection",
            Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable) => {
                "cannot be reached from here"
            }
            _ if error.is_connect() => "could not be connected to",
            _ => "closed the connection or did not answer in proper HTTP",
        };
        reason.to_owned()
    }
}

/// A name has no address that a delivery may go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Unresolved {
    #[error("the name of this host was not found")]
    NotFound,
    #[error("the address of this host is not public")]
    NotPublic,
}

/// Finds the addresses of a name.
trait Names: Send + Sync {
    fn addresses(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>;
}

/// As the machine is set up to find them.
struct System;

impl Names for System {
    fn addresses(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        let name = name.to_owned();
        // The port of the URL replaces the zero.
        Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
    }
}

/// Resolves names and lets through only what may be connected to. The client connects to nothing
/// else than to what this has answered.
struct Vetted {
    names: Arc<dyn Names>,
    allow_private: bool,
}

impl Resolve for Vetted {
    fn resolve(&self, name: Name) -> Resolving {
        let (found, allow_private) = (self.names.addresses(name.as_str()), self.allow_private);
        Box::pin(async move {
            let found = found.await.map_err(|_| Unresolved::NotFound)?;
            if found.is_empty() {
                return Err(Unresolved::NotFound.into());
            }
            let vetted: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| allow_private || is_public(address.ip()))
                .collect();
            if vetted.is_empty() {
                return Err(Unresolved::NotPublic.into());
            }
            Ok::<Addrs, Box<dyn Error + Send + Sync>>(Box::new(vetted.into_iter()))
        })
    }
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
