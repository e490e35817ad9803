//! Pages on which a person plays the HR department of the sandbox's companies by hand (O-02).
//!
//! Forms and pages only, without scripts; every form calls the method that tests call in process
//! and that the control route calls, so there is one way to do each thing. Invariants: what a
//! person typed is escaped; nothing is loaded from anywhere else; a page of somebody else can
//! change nothing ([`super::gate`]). Must not know the gateway.

mod access;
mod breathe_hr;
mod faults;
mod fields;
mod form;
mod hrworks;
mod layout;
mod logs;
mod notes;
mod people;
mod people_hr;
mod rest;
mod start;
mod switches;
mod system;

use actix_web::HttpResponse;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, Data, ServiceConfig};

use self::layout::Refused;
pub(super) use self::notes::Notes;
use self::system::Paged;
use super::{BreatheHr, Hrworks, PeopleHr};

/// Where the pages begin.
pub(super) const ROOT: &str = "/_sandbox/pages";

const STYLE: &str = include_str!("../../../templates/sandbox/sandbox.css");

/// Styles from here, forms to here, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// Adds the pages; `notes` are shared by all workers.
pub(super) fn routes(config: &mut ServiceConfig, notes: Data<Notes>) {
    let headers = DefaultHeaders::new()
        .add((CONTENT_SECURITY_POLICY, POLICY))
        .add((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // With "no-referrer" a browser would not say where a form comes from.
        .add((REFERRER_POLICY, "same-origin"))
        .add((CACHE_CONTROL, "no-store"));
    let pages = web::scope(ROOT)
        .app_data(notes)
        .wrap(headers)
        .route("", web::get().to(start::start))
        .route("/", web::get().to(start::start))
        .route("/sandbox.css", web::get().to(style))
        .configure(of::<PeopleHr>)
        .configure(of::<BreatheHr>)
        .configure(of::<Hrworks>)
        .default_service(web::to(no_such_page));
    config.service(pages).route("/", web::get().to(|| async { layout::go(ROOT) }));
}

/// The pages of one HR system.
fn of<S: Paged>(config: &mut ServiceConfig) {
    let scope = web::scope(&format!("/{}", S::SLUG))
        .route("", web::get().to(people::table::<S>))
        .route("/", web::get().to(people::table::<S>))
        .route("/hire", web::get().to(people::hire_form::<S>))
        .route("/hire", web::post().to(people::hire::<S>))
        .route("/person", web::get().to(people::person::<S>))
        .route("/person", web::post().to(people::edit::<S>))
        .route("/person/own", web::post().to(people::edit_own::<S>))
        .route("/person/leave", web::post().to(people::leave::<S>))
        .route("/person/rehire", web::post().to(people::rehire::<S>))
        .route("/person/delete", web::post().to(people::delete::<S>))
        .route("/faults", web::get().to(faults::form::<S>))
        .route("/faults", web::post().to(faults::set::<S>))
        .route("/faults/usual", web::post().to(faults::usual::<S>))
        .route("/access", web::get().to(access::access::<S>))
        .route("/access/make", web::post().to(access::make::<S>))
        .route("/access/grant", web::post().to(access::grant::<S>))
        .route("/access/remove", web::post().to(access::remove::<S>))
        .route("/access/door/{name}", web::post().to(access::door::<S>))
        .route("/calls", web::get().to(logs::calls::<S>))
        .route("/calls/forget", web::post().to(logs::forget::<S>))
        .route("/hooks", web::get().to(logs::hooks::<S>))
        .default_service(web::to(no_such_page));
    config.service(scope);
}

async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(STYLE)
}

async fn no_such_page() -> Result<HttpResponse, Refused> {
    Err(Refused::missing("There is no such page. The start page shows what there is."))
}

#[cfg(test)]
mod tests;
