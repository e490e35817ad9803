//! The own API, `/api/v1`: one file per resource (product description §4, "Own API").
//!
//! What these modules must not do: decide anything about people's sync; they ask [`crate::sync`].

use actix_web::web::{self, ServiceConfig};

mod account_change;
pub mod accounts;
pub mod admins;
pub mod organizations;

/// The routes under `/api/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/organizations")
            .route(web::get().to(organizations::list))
            .route(web::post().to(organizations::create)),
    )
    .service(
        web::resource("/organizations/{organization_id}")
            .route(web::get().to(organizations::get))
            .route(web::patch().to(organizations::patch))
            .route(web::delete().to(organizations::delete)),
    )
    .service(
        web::resource("/organizations/{organization_id}/admins")
            .route(web::get().to(admins::list))
            .route(web::post().to(admins::create)),
    )
    .service(
        web::resource("/organizations/{organization_id}/admins/{admin_id}")
            .route(web::get().to(admins::get))
            .route(web::delete().to(admins::delete)),
    )
    .service(
        web::resource("/organizations/{organization_id}/accounts")
            .route(web::get().to(accounts::list))
            .route(web::post().to(accounts::create)),
    )
    .service(
        web::resource("/accounts/{account_id}")
            .route(web::get().to(accounts::get))
            .route(web::patch().to(accounts::patch))
            .route(web::delete().to(accounts::delete)),
    );
}
