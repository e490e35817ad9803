//! The HTTP side: webhooks in, the API, and whether the server is well.
//!
//! Read [`http`] for what all requests have in common, [`hooks`] for the way of a webhook, [`api`]
//! for the resources, [`workos`] for the same resources as WorkOS SDKs know them, and [`portal`]
//! and [`operator`] for the pages.
//!
//! Invariants:
//! - Every answer from 400 on is JSON, or a page under `/portal` or `/operator`, and carries the
//!   request id.
//! - A webhook's 2xx leaves only after its hint is durable (S-02).
//! - Paths, tokens, keys and bodies are never logged.
//!
//! What this module must not do: contain SQL, or decide about people's sync.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpServer};

use crate::domain::ids::RequestId;
use crate::limits;
use crate::web::http::error::Problem;
use crate::web::http::state::{AppState, State};
use crate::web::http::{auth, health, idempotency, middleware, page_headers};

pub mod actors;
pub mod api;
pub mod hooks;
pub mod http;
pub mod openapi;
pub mod operator;
pub mod pages;
pub mod portal;
pub mod workos;

/// All routes. They take every path, so nothing that is registered after them is ever asked.
/// The application needs the [`State`] among its data.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::scope("")
            .wrap(from_fn(middleware::frame))
            .app_data(web::PayloadConfig::new(limits::API_BODY_BYTES_MAX))
            .service(web::resource("/livez").route(web::get().to(health::live)))
            .service(web::resource("/readyz").route(web::get().to(health::ready)))
            .service(
                web::resource(hooks::PATTERN)
                    .route(web::get().to(hooks::look))
                    .route(web::head().to(hooks::look))
                    .default_service(web::to(hooks::take)),
            )
            .service(
                web::scope("/api/v1")
                    .wrap(from_fn(idempotency::once))
                    .wrap(from_fn(auth::need_api_key))
                    .configure(api::routes)
                    .default_service(web::to(middleware::unknown_route)),
            )
            .configure(openapi::routes)
            .configure(workos::routes)
            .configure(portal::routes)
            .configure(operator::routes)
            .default_service(web::to(middleware::unknown_route)),
    );
}

/// A server on a socket that is bound already. It runs when it is awaited or spawned, and stops
/// through its handle; signals are the caller's business.
/// Requests have `stop_ms` milliseconds to end when it is told to stop.
pub fn serve(
    state: AppState,
    listener: TcpListener,
    workers: usize,
    stop_ms: u64,
) -> std::io::Result<Server> {
    let state: State = web::Data::new(state);
    let server = HttpServer::new(move || App::new().app_data(state.clone()).configure(routes))
        .workers(workers)
        .worker_max_blocking_threads(limits::WEB_BLOCKING_THREADS_MAX)
        .disable_signals()
        .client_request_timeout(Duration::from_millis(limits::REQUEST_HEAD_MS_MAX))
        .client_disconnect_timeout(Duration::from_millis(limits::DISCONNECT_MS_MAX))
        .shutdown_timeout(stop_ms.div_euclid(1_000).max(1))
        .listen(listener)?;
    Ok(server.run())
}

/// The page that tells an admin, or the operator, of a problem.
#[must_use]
pub fn problem_page(problem: &Problem, path: &str, sends_mail: bool, id: &RequestId) -> String {
    if page_headers::is_operator_page(path) {
        return operator::problem::page(problem, path, id.as_str());
    }
    portal::problem::page(problem, path, sends_mail, id.as_str())
}
