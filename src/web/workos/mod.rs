//! The WorkOS-compatible surface at the root of the server, so that unmodified WorkOS SDKs
//! work. The wire contract is that of their Directory Sync, Events, Organizations and set-up links.
//!
//! The objects are views of the same rows as those of [`crate::web::api`]; what can be done is done
//! by the same functions. Failures are the same problems in another form
//! ([`crate::web::http::error`]).
//!
//! Invariants:
//! - Paths start at the root, because the Node SDK drops any prefix.
//! - Every body is `application/json`, also of failures.
//! - A list never holds people or groups of a directory that was not asked for.
//!
//! What this module must not do: have rules of its own about people's sync.

use actix_web::dev::HttpServiceFactory;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig, resource};

use crate::web::api;
use crate::web::http::{auth, idempotency, middleware};

pub mod directories;
pub mod directory_groups;
pub mod directory_users;
mod lists;
pub mod organizations;
pub mod portal;
pub mod webhook_endpoints;

/// The routes at the root. Each resource is a scope of its own, because a scope for all of them
/// would take every path.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(guarded("/directories", of_directories))
        .service(guarded("/directory_users", of_directory_users))
        .service(guarded("/directory_groups", of_directory_groups))
        .service(guarded("/events", of_events))
        .service(guarded("/organizations", of_organizations))
        .service(guarded("/portal/generate_link", of_portal))
        .service(guarded("/webhook_endpoints", webhook_endpoints::routes));
}

/// Routes under a path for bearers of a good key.
fn guarded(path: &str, routes: fn(&mut ServiceConfig)) -> impl HttpServiceFactory + use<> {
    web::scope(path)
        .wrap(from_fn(idempotency::once))
        .wrap(from_fn(auth::need_api_key))
        .configure(routes)
        .default_service(web::to(middleware::unknown_route))
}

fn of_directories(cfg: &mut ServiceConfig) {
    cfg.service(resource("").route(web::get().to(directories::list)))
        .service(
            resource("/{directory_id}")
                .route(web::get().to(directories::get))
                .route(web::delete().to(directories::delete)),
        )
        .service(resource("/{directory_id}/sync").route(web::post().to(directories::sync)));
}

fn of_directory_users(cfg: &mut ServiceConfig) {
    cfg.service(resource("").route(web::get().to(directory_users::list)))
        .service(resource("/{user_id}").route(web::get().to(directory_users::get)));
}

fn of_directory_groups(cfg: &mut ServiceConfig) {
    cfg.service(resource("").route(web::get().to(directory_groups::list)))
        .service(resource("/{group_id}").route(web::get().to(directory_groups::get)));
}

fn of_events(cfg: &mut ServiceConfig) {
    cfg.service(resource("").route(web::get().to(api::events::workos_list)));
}

fn of_organizations(cfg: &mut ServiceConfig) {
    cfg.service(
        resource("")
            .route(web::get().to(organizations::list))
            .route(web::post().to(organizations::create)),
    )
    .service(
        resource("/external_id/{external_id}")
            .route(web::get().to(organizations::get_by_external_id)),
    )
    .service(
        resource("/{organization_id}")
            .route(web::get().to(organizations::get))
            .route(web::put().to(organizations::put))
            .route(web::delete().to(organizations::delete)),
    );
}

fn of_portal(cfg: &mut ServiceConfig) {
    cfg.service(resource("").route(web::post().to(portal::generate_link)));
}
