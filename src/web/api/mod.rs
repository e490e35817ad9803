//! The own API, `/api/v1`: one folder per resource (product description §4, "Own API").
//!
//! A handler reads a typed request, asks [`crate::operations`] or [`crate::sync`], or reads from
//! the database, and writes a typed answer. What it takes and answers is described in OpenAPI by
//! the same types ([`crate::web::openapi`]).
//!
//! What these modules must not do: write to the database, or decide anything about people's sync.

use actix_web::web::{self, ServiceConfig};

pub mod accounts;
pub mod directories;
pub mod endpoints;
pub mod events;
pub mod organizations;

/// The routes under `/api/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.configure(organizations::routes)
        .configure(accounts::routes)
        .configure(directories::routes)
        .configure(endpoints::routes)
        .service(web::resource("/events").route(web::get().to(events::list)));
}
