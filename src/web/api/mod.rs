//! The own API, `/api/v1`: one file per resource (product description §4, "Own API").
//!
//! What these modules must not do: decide anything about people's sync; they ask [`crate::sync`].

use actix_web::web::{self, ServiceConfig};

use crate::web::portal_links;

mod account_change;
pub mod account_changes;
mod account_problems;
pub mod accounts;
pub mod actions;
pub mod admins;
pub mod catalogue;
pub mod directories;
pub mod directory_actions;
pub mod directory_lists;
pub mod endpoint_actions;
pub mod endpoints;
pub mod events;
pub mod hold_decisions;
pub mod import;
mod import_rows;
mod import_split;
pub mod notices;
pub mod organizations;
pub(in crate::web) mod setup_problem;

/// The routes under `/api/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.configure(of_organizations)
        .configure(of_accounts)
        .configure(of_directories)
        .configure(of_endpoints)
        .service(web::resource("/events").route(web::get().to(events::list)));
}

fn of_organizations(cfg: &mut ServiceConfig) {
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
        web::resource("/organizations/{organization_id}/row_problems")
            .route(web::get().to(account_problems::list)),
    )
    .service(
        web::resource("/organizations/{organization_id}/actions")
            .route(web::get().to(actions::list)),
    )
    .service(
        web::resource("/organizations/{organization_id}/notices")
            .route(web::get().to(notices::list)),
    )
    .service(
        web::resource("/organizations/{organization_id}/portal_links")
            .route(web::post().to(portal_links::create)),
    );
}

fn of_accounts(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/organizations/{organization_id}/accounts")
            .route(web::get().to(accounts::list))
            .route(web::post().to(accounts::create)),
    )
    .service(
        web::resource("/organizations/{organization_id}/accounts/import")
            .route(web::post().to(import::import)),
    )
    .service(
        web::resource("/accounts/{account_id}")
            .route(web::get().to(accounts::get))
            .route(web::patch().to(accounts::patch))
            .route(web::delete().to(accounts::delete)),
    )
    .service(
        web::resource("/accounts/{account_id}/changes").route(web::get().to(account_changes::list)),
    );
}

fn of_directories(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/directories")
            .route(web::get().to(directories::list))
            .route(web::post().to(directories::create)),
    )
    .service(
        web::resource("/directories/{directory_id}")
            .route(web::get().to(directories::get))
            .route(web::patch().to(directories::patch)),
    )
    .service(
        web::resource("/directories/{directory_id}/credentials")
            .route(web::put().to(directory_actions::set_credentials)),
    )
    .service(
        web::resource("/directories/{directory_id}/check")
            .route(web::post().to(directory_actions::check)),
    )
    .service(
        web::resource("/directories/{directory_id}/preview")
            .route(web::post().to(directory_actions::preview)),
    )
    .service(
        web::resource("/directories/{directory_id}/complete_setup")
            .route(web::post().to(directory_actions::complete_setup)),
    )
    .service(
        web::resource("/directories/{directory_id}/sync")
            .route(web::post().to(directory_actions::sync)),
    )
    .service(
        web::resource("/directories/{directory_id}/disable")
            .route(web::post().to(directory_actions::disable)),
    )
    .service(
        web::resource("/directories/{directory_id}/runs")
            .route(web::get().to(directory_lists::runs)),
    )
    .service(
        web::resource("/directories/{directory_id}/runs/{run_id}")
            .route(web::get().to(directory_lists::run)),
    )
    .service(
        web::resource("/directories/{directory_id}/row_problems")
            .route(web::get().to(directory_lists::row_problems)),
    )
    .service(
        web::resource("/directories/{directory_id}/holds")
            .route(web::get().to(directory_lists::holds)),
    )
    .service(
        web::resource("/directories/{directory_id}/holds/{hold_id}")
            .route(web::get().to(directory_lists::hold)),
    )
    .service(
        web::resource("/directories/{directory_id}/holds/{hold_id}/approve")
            .route(web::post().to(hold_decisions::approve)),
    )
    .service(
        web::resource("/directories/{directory_id}/holds/{hold_id}/reject")
            .route(web::post().to(hold_decisions::reject)),
    );
}

fn of_endpoints(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/endpoints")
            .route(web::get().to(endpoints::list))
            .route(web::post().to(endpoints::create)),
    )
    .service(
        web::resource("/endpoints/{endpoint_id}")
            .route(web::get().to(endpoints::get))
            .route(web::patch().to(endpoints::patch))
            .route(web::delete().to(endpoints::delete)),
    )
    .service(
        web::resource("/endpoints/{endpoint_id}/test")
            .route(web::post().to(endpoint_actions::test)),
    )
    .service(
        web::resource("/endpoints/{endpoint_id}/rotate_secret")
            .route(web::post().to(endpoint_actions::rotate_secret)),
    )
    .service(
        web::resource("/endpoints/{endpoint_id}/replay")
            .route(web::post().to(endpoint_actions::replay)),
    )
    .service(
        web::resource("/endpoints/{endpoint_id}/deliveries")
            .route(web::get().to(endpoint_actions::deliveries_of)),
    )
    .service(
        web::resource("/endpoints/{endpoint_id}/deliveries/{delivery_id}")
            .route(web::get().to(endpoint_actions::delivery)),
    );
}
