//! The pages that links of ours lead to: what to do next, without a log-in. The portal itself is
//! not there yet, so none of them can do anything.
//!
//! Invariants:
//! - A page shows nothing about the organization or directory it is for.
//! - A link into the portal works once. `HEAD` does not use it up.
//!
//! What this module must not do: change anything but the link, or log a path.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
};
use actix_web::web::Path;

use crate::db::{Lane, portal_links};
use crate::secret::Secret;
use crate::web::answer::Answer;
use crate::web::state::State;

const REPAIR_PAGE: &str = include_str!("../../templates/portal/repair.html");
const ENTERED_PAGE: &str = include_str!("../../templates/portal/entered.html");
const LINK_OVER_PAGE: &str = include_str!("../../templates/portal/link_over.html");

/// `GET /portal/directories/{id}`.
pub async fn repair() -> HttpResponse {
    page(StatusCode::OK, REPAIR_PAGE)
}

/// `GET /portal/enter/{token}`: uses a link up. One that was used, is too old or never was is
/// answered alike.
pub async fn enter(state: State, token: Path<String>) -> Answer {
    let token = Secret::new(token.into_inner());
    let hash = state.context.keys.lookup.lookup_hash(token.reveal());
    let now = state.now();
    let write =
        state.context.db.write(Lane::Urgent, move |tx| portal_links::use_up(tx, &hash, now));
    Ok(match write.await? {
        Some(_) => page(StatusCode::OK, ENTERED_PAGE),
        None => page(StatusCode::GONE, LINK_OVER_PAGE),
    })
}

fn page(status: StatusCode, text: &'static str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"))
        .body(text)
}
