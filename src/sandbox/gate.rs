//! Keeps web pages of others from changing the sandbox.
//!
//! The sandbox has no log-in, and a browser sends forms to loopback for any page that asks it to.
//! Invariant: a request that can change something is let in only when it comes from a page of this
//! server or from no browser at all (a gateway, curl, a test). Reading is free: nothing here is
//! real. Must not know what a request is about.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};

/// Lets a request in, or answers it with 403.
pub(super) async fn gate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.method().is_safe() || is_own(request.headers()) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let text = "This request comes from a web page of somebody else, so nothing was changed. \
                Open the sandbox under its own address, an IP address or localhost, and try again.";
    let refused = HttpResponse::Forbidden().content_type("text/plain; charset=utf-8").body(text);
    Ok(request.into_response(refused))
}

/// Whether a request comes from a page of this server or from no browser.
fn is_own(headers: &HeaderMap) -> bool {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let (origin, site) = (header(ORIGIN.as_str()), header("sec-fetch-site"));
    if origin.is_none() && site.is_none() {
        return true;
    }
    let host = header(HOST.as_str()).unwrap_or_default();
    // Under a name, a page of somebody else could have had the name point here meanwhile.
    if !is_local(host) {
        return false;
    }
    match site {
        Some(site) => matches!(site, "same-origin" | "none"),
        None => {
            origin.and_then(|origin| origin.split_once("://")).is_some_and(|(_, at)| at == host)
        }
    }
}

/// Whether a `Host` is an IP address or `localhost`, which nobody can have point elsewhere.
fn is_local(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    bare.parse::<std::net::IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn own(headers: &[(&'static str, &'static str)]) -> bool {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        is_own(&headers.iter().map(pair).collect())
    }

    #[test]
    fn only_own_pages_and_programs_are_let_in() {
        let host = ("host", "127.0.0.1:8081");
        assert!(own(&[host]));
        assert!(own(&[("host", "sandbox:8081")]));
        assert!(own(&[host, ("origin", "http://127.0.0.1:8081")]));
        assert!(own(&[host, ("origin", "null"), ("sec-fetch-site", "same-origin")]));
        assert!(own(&[host, ("sec-fetch-site", "none")]));
        assert!(own(&[("host", "[::1]:8081"), ("origin", "http://[::1]:8081")]));
        assert!(own(&[("host", "LocalHost"), ("origin", "http://LocalHost")]));
        assert!(!own(&[host, ("origin", "http://127.0.0.1:8080")]));
        assert!(!own(&[host, ("origin", "http://localhost:8081")]));
        assert!(!own(&[host, ("origin", "null")]));
        assert!(!own(&[host, ("origin", "https://elsewhere.example")]));
        assert!(!own(&[host, ("sec-fetch-site", "cross-site")]));
        // Another port of the same machine is the same site and another origin.
        assert!(!own(&[host, ("sec-fetch-site", "same-site")]));
        let same = ("origin", "http://127.0.0.1:8081");
        assert!(!own(&[host, same, ("sec-fetch-site", "cross-site")]));
        let rebound = ("host", "elsewhere.example:8081");
        assert!(!own(&[rebound, ("origin", "http://elsewhere.example:8081")]));
        assert!(!own(&[rebound, ("sec-fetch-site", "same-origin")]));
        assert!(!own(&[("host", "localhost.example"), ("origin", "http://localhost.example")]));
        assert!(!own(&[("origin", "http://127.0.0.1:8081")]));
    }
}
