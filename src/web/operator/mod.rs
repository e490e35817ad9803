//! The operator's pages: for the person who runs Rollcall and is paged at night. What needs a look
//! is on top; from there it goes to organizations, directories, and endpoints with their deliveries.
//!
//! Read [`session`] for who is let in, [`overview`] for the first page; then one file per page.
//!
//! Invariants:
//! - Nobody gets in without an API key that works, and a visit ends when its key is revoked.
//! - Every page works without JavaScript. With it, the first page and a directory's are live.
//! - What is done is done by the functions that the API uses too, and is logged.
//! - Nothing of an employee is shown: people are counted. No key, signing secret or webhook URL is.
//! - Counts are bounded: a page opens while a million deliveries wait.
//!
//! What this module must not do: contain SQL, or decide about people's sync.

use actix_web::web::{self, ServiceConfig};

pub mod enter;
pub mod overview;
pub mod page;
pub mod problem;
pub mod session;
pub mod tries;
pub mod trouble;
pub mod words;

/// The routes under `/operator`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/operator", web::get().to(overview::show))
        .route("/operator/live", web::get().to(overview::live))
        .service(
            web::resource("/operator/sign_in")
                .route(web::get().to(enter::back))
                .route(web::post().to(enter::sign_in)),
        )
        .route("/operator/leave", web::post().to(enter::leave));
}
