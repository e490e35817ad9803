//! The own API, `/api/v1`: one file per resource (product description §4, "Own API").
//!
//! What these modules must not do: decide anything about people's sync; they ask [`crate::sync`].

use actix_web::web::{self, ServiceConfig};

mod account_change;
pub mod accounts;
pub mod admins;
pub mod catalogue;
pub mod events;
pub mod import;
mod import_rows;
pub mod notices;
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
        web::resource("/organizations/{organization_id}/accounts/import")
            .route(web::post().to(import::import)),
    )
    .service(
        web::resource("/organizations/{organization_id}/departments")
            .route(web::get().to(catalogue::departments)),
    )
    .service(
        web::resource("/organizations/{organization_id}/positions")
            .route(web::get().to(catalogue::positions)),
    )
    .service(
        web::resource("/organizations/{organization_id}/office_locations")
            .route(web::get().to(catalogue::office_locations)),
    )
    .service(
        web::resource("/organizations/{organization_id}/notices")
            .route(web::get().to(notices::list)),
    )
    .service(web::resource("/events").route(web::get().to(events::list)))
    .service(
        web::resource("/accounts/{account_id}")
            .route(web::get().to(accounts::get))
            .route(web::patch().to(accounts::patch))
            .route(web::delete().to(accounts::delete)),
    );
}
