//! The headers of everything under `/portal` and `/operator`.
//!
//! Invariant: nothing but our own files is loaded, no other site can show a page in a frame or
//! learn an address of it, and no browser or proxy keeps a page.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};

/// What a page may load and do. Inline scripts and styles may not.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Whether an address is a page for people.
#[must_use]
pub fn is_page(path: &str) -> bool {
    // That one is called by the application.
    path != "/portal/generate_link" && (is_under("/portal", path) || is_operator_page(path))
}

/// Whether an address is one of the operator's pages.
#[must_use]
pub fn is_operator_page(path: &str) -> bool {
    is_under("/operator", path)
}

fn is_under(root: &str, path: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Adds the headers. What is there already stays: files with a hash in their name may be kept.
pub fn put(headers: &mut HeaderMap) {
    let plain = [
        (CONTENT_SECURITY_POLICY, POLICY),
        // Not `no-referrer`: then browsers hide from us too where a form comes from.
        (REFERRER_POLICY, "same-origin"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ];
    for (name, value) in plain {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}
