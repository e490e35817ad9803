//! The portal: the hosted pages on which a customer's HR admin connects an HR system, sees how it
//! is going, repairs and disables the connection (product description §2).
//!
//! Read [`session`] for who is let in, [`crate::web::pages`] for what a form has to prove, [`page`]
//! for what all pages have in common; then one file per page.
//!
//! Invariants:
//! - Every page works without JavaScript. With it, the connected page is live.
//! - Whatever is done is done by the functions of [`crate::sync`] that the API uses too.
//! - A page shows an organization's own directories and nothing of others: another's directory is
//!   not found.
//! - No key is in a page, not even the one that was just entered. The webhook URL is shown on
//!   purpose (L-02).
//! - Nothing is loaded from elsewhere, and no script or style stands in a page
//!   ([`crate::web::http::page_headers`]).
//!
//! What this module must not do: contain SQL, or decide about people's sync.

use actix_web::web::{self, ServiceConfig};

use crate::web::pages::assets;

pub mod actions;
pub mod activity;
pub mod changes;
pub mod chart;
pub mod directory;
pub mod enter;
pub mod holds;
pub mod key;
pub mod lists;
pub mod messages;
pub mod notices;
pub mod overview;
pub mod page;
pub mod preview;
pub mod problem;
pub mod problems;
pub mod session;
pub mod sign_in;
pub mod wizard;

/// The routes under `/portal`. `/portal/generate_link` belongs to the WorkOS surface and is
/// registered there.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/portal", web::get().to(overview::show))
        .route("/portal/assets/{name}", web::get().to(assets::send))
        .service(
            web::resource("/portal/enter/{token}")
                .route(web::get().to(enter::ask))
                .route(web::post().to(enter::enter)),
        )
        .route("/portal/leave", web::post().to(enter::leave))
        .route("/portal/admins", web::post().to(overview::add_admin))
        .route("/portal/actions", web::get().to(activity::show))
        .route("/portal/changes", web::get().to(changes::show))
        .route("/portal/notices", web::get().to(notices::show))
        .route("/portal/directories", web::post().to(actions::create))
        .configure(of_directory);
}

fn of_directory(cfg: &mut ServiceConfig) {
    let at = |tail: &str| format!("/portal/directories/{{directory_id}}{tail}");
    cfg.route(&at(""), web::get().to(directory::show))
        .route(&at("/sign_in"), web::post().to(sign_in::request))
        .route(&at("/live"), web::get().to(directory::live))
        .service(
            web::resource(at("/key"))
                .route(web::get().to(actions::back))
                .route(web::post().to(actions::set_key)),
        )
        .service(
            web::resource(at("/check"))
                .route(web::get().to(actions::back))
                .route(web::post().to(actions::check)),
        )
        .service(
            web::resource(at("/preview"))
                .route(web::get().to(actions::back))
                .route(web::post().to(actions::preview)),
        )
        .route(&at("/complete"), web::post().to(actions::complete))
        .route(&at("/sync"), web::post().to(actions::sync))
        .service(
            web::resource(at("/disable"))
                .route(web::get().to(actions::ask_disable))
                .route(web::post().to(actions::disable)),
        )
        .route(&at("/people"), web::get().to(lists::people))
        .route(&at("/groups"), web::get().to(lists::groups))
        .route(&at("/runs"), web::get().to(lists::runs))
        .route(&at("/problems"), web::get().to(problems::show))
        .route(&at("/problems.csv"), web::get().to(problems::download))
        .service(
            web::resource(at("/holds/{hold_id}"))
                .route(web::get().to(holds::show))
                .route(web::post().to(holds::decide)),
        );
}
