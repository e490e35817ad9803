//! The WorkOS-compatible surface at the root of the server, so that unmodified WorkOS SDKs
//! work. The wire contract is that of their Directory Sync, Events, Organizations and set-up links.
//!
//! The objects are views of the same rows as those of [`crate::web::api`]; what can be done is done
//! by the same functions. Failures are the same problems in another form ([`crate::web::error`]).
//!
//! Invariants:
//! - Paths start at the root, because the Node SDK drops any prefix.
//! - Every body is `application/json`, also of failures.
//! - A list never holds people or groups of a directory that was not asked for.
//!
//! What this module must not do: have rules of its own about people's sync.

use actix_web::dev::HttpServiceFactory;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

use crate::web::api;
use crate::web::{auth, frame};

pub mod webhook_endpoints;

/// The routes at the root. Each resource is a scope of its own, because a scope for all of them
/// would take every path.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(guarded("/events", |cfg| {
        cfg.service(web::resource("").route(web::get().to(api::events::list)));
    }))
    .service(guarded("/webhook_endpoints", webhook_endpoints::routes));
}

/// Routes under a path for bearers of a good key.
fn guarded(path: &str, routes: fn(&mut ServiceConfig)) -> impl HttpServiceFactory + use<> {
    web::scope(path)
        .wrap(from_fn(auth::need_api_key))
        .configure(routes)
        .default_service(web::to(frame::unknown_route))
}
