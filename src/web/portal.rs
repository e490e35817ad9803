//! The page that notices link to: what to do next, without a log-in.
//!
//! It shows nothing about the directory in its address, so it needs no right to be opened. What
//! this module must not do: read or change anything.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

const REPAIR_PAGE: &str = include_str!("../../templates/portal/repair.html");

/// `GET /portal/directories/{id}`.
pub async fn repair() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"))
        .body(REPAIR_PAGE)
}
