//! The operator's pages: for the person who runs Rollcall and is paged at night. What needs a look
//! is on top; from there it goes to organizations, directories, and endpoints with deliveries.
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

pub mod alerts;
pub mod directories;
pub mod endpoints;
pub mod enter;
pub mod messages;
pub mod organizations;
pub mod overview;
pub mod page;
pub mod problem;
pub mod session;

/// The routes under `/operator`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/operator", web::get().to(overview::show))
        .route("/operator/live", web::get().to(overview::live))
        .service(
            web::resource("/operator/sign_in")
                .route(web::get().to(enter::back))
                .route(web::post().to(enter::sign_in)),
        )
        .route("/operator/leave", web::post().to(enter::leave))
        .configure(of_organizations)
        .configure(of_directories)
        .configure(of_endpoints);
}

fn of_organizations(cfg: &mut ServiceConfig) {
    cfg.route("/operator/organizations", web::get().to(organizations::list))
        .route("/operator/organizations/{id}", web::get().to(organizations::show))
        .route(
            "/operator/organizations/{id}/portal_link",
            web::post().to(organizations::make_link),
        );
}

fn of_directories(cfg: &mut ServiceConfig) {
    cfg.route("/operator/directories", web::get().to(directories::list))
        .route("/operator/directories/{id}", web::get().to(directories::show))
        .route("/operator/directories/{id}/live", web::get().to(directories::live))
        .route("/operator/directories/{id}/sync", web::post().to(directories::sync));
}

fn of_endpoints(cfg: &mut ServiceConfig) {
    let at = |tail: &str| format!("/operator/endpoints/{{id}}{tail}");
    cfg.route("/operator/endpoints", web::get().to(endpoints::list))
        .route(&at(""), web::get().to(endpoints::show))
        .route(&at("/test"), web::post().to(endpoints::test))
        .route(&at("/enable"), web::post().to(endpoints::enable))
        .route(&at("/disable"), web::post().to(endpoints::disable))
        .route(&at("/replay"), web::post().to(endpoints::replay));
}
