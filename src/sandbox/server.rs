//! The sandbox's HTTP server: which path belongs to which HR system or control route.
//!
//! The API of People HR lives at the root, as at the vendor; those of Breathe HR and HRworks each
//! have a path in front, which is part of their base URL; everything of our own is below
//! `/_sandbox`, but for the bare address, which leads to the pages. Must not decide anything about
//! an HR system.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::{Server, ServerHandle};
use actix_web::http::Method;
use actix_web::http::header::ACCEPT_ENCODING;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Bytes, Data, PayloadConfig, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Scope};
use serde_json::{Value, json};

use super::breathe_hr::{self, Breathe, BreatheHr};
use super::control::{self, Staffed, no_such_route};
use super::gate::gate;
use super::hrworks::{self, Hrworks, Works};
use super::pages;
use super::people_hr::{self, PeopleHr};
use super::rest::{self, Behaviour, RestHr};
use crate::limits::API_BODY_BYTES_MAX;

/// A server that was started.
pub(super) struct Running {
    pub address: SocketAddr,
    handle: ServerHandle,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Running {
    /// Stops the server and waits until it has.
    pub(super) async fn stop(mut self) {
        self.handle.stop(true).await;
        // The task has nothing to say beyond that it is over.
        let _ = (&mut self.task).await;
    }
}

/// A test that fails, or forgets to stop its sandbox, must not leave threads behind.
impl Drop for Running {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

/// The HR systems behind one server.
#[derive(Clone)]
pub(super) struct Systems {
    pub people_hr: Arc<PeopleHr>,
    pub breathe_hr: Arc<BreatheHr>,
    pub hrworks: Arc<Hrworks>,
}

/// Starts the server.
pub(super) fn start(listen: SocketAddr, systems: &Systems) -> std::io::Result<Running> {
    let systems = systems.clone();
    let notes = Data::new(pages::Notes::default());
    let server = HttpServer::new(move || {
        let (systems, notes) = (systems.clone(), notes.clone());
        App::new()
            .wrap(from_fn(gate))
            .app_data(Data::from(systems.people_hr))
            .app_data(Data::from(systems.breathe_hr))
            .app_data(Data::from(systems.hrworks))
            .app_data(PayloadConfig::new(API_BODY_BYTES_MAX))
            .configure(|config| pages::routes(config, notes))
            .service(controlled::<PeopleHr>("/_sandbox/people-hr", people_hr::control::routes))
            .service(
                controlled::<BreatheHr>("/_sandbox/breathe-hr", breathe_hr::control::routes)
                    .configure(rest::routes::<Breathe>),
            )
            .service(
                controlled::<Hrworks>("/_sandbox/hrworks", hrworks::control::routes)
                    .configure(rest::routes::<Works>),
            )
            .service(vendor_of::<Breathe>())
            .service(vendor_of::<Works>())
            .route("/_sandbox", web::get().to(index))
            .route("/_sandbox/", web::get().to(index))
            .default_service(web::to(vendor))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .bind(listen)?;
    let address = server.addrs().first().copied().unwrap_or(listen);
    let server: Server = server.run();
    let handle = server.handle();
    Ok(Running { address, handle, task: tokio::spawn(server) })
}

/// The control routes of one HR system: those that all have and its own.
fn controlled<S: Staffed>(path: &str, own: fn(&mut ServiceConfig)) -> Scope {
    let scope = web::scope(path).configure(control::routes::<S>).configure(own);
    scope.default_service(web::to(no_such_route))
}

/// The API of one HR system with a path in front.
fn vendor_of<S: Behaviour>() -> Scope {
    let serve = |request: HttpRequest, body: Bytes, hr: Data<RestHr<S>>| {
        rest::serve(hr.into_inner(), request, body)
    };
    web::scope(S::PREFIX).default_service(web::to(serve))
}

async fn index() -> HttpResponse {
    let listed = |routes: &[&[(&str, &str)]]| -> Vec<Value> {
        let all = routes.iter().copied().flatten();
        all.map(|(route, what)| json!({ "route": route, "what": what })).collect()
    };
    HttpResponse::Ok().json(json!({
        "what": "Sandbox HR systems for trying Rollcall out. Everybody in them is made up.",
        "pages": pages::ROOT,
        "people_hr": {
            "api": "POST /Employee with {APIKey, Action, …}, as at the vendor",
            "control": "/_sandbox/people-hr",
            "routes": listed(&[control::ROUTES, people_hr::control::ROUTES]),
        },
        "breathe_hr": {
            "api": "base URL /breathe/v1: GET /employees with X-API-KEY, as at the vendor",
            "control": "/_sandbox/breathe-hr",
            "routes": listed(&[control::ROUTES, rest::ROUTES, breathe_hr::control::ROUTES]),
        },
        "hrworks": {
            "api": "base URL /hrworks/v2: POST /authentication, then as at the vendor",
            "control": "/_sandbox/hrworks",
            "routes": listed(&[control::ROUTES, rest::ROUTES, hrworks::control::ROUTES]),
        },
    }))
}

/// Everything else: the API of People HR, or nothing.
async fn vendor(request: HttpRequest, body: Bytes, hr: Data<PeopleHr>) -> HttpResponse {
    let path = request.path();
    if path.starts_with("/_sandbox") {
        return no_such_route(request).await;
    }
    let first = path.split('/').find(|segment| !segment.is_empty()).unwrap_or_default();
    let known = ["Employee", "Query", "History"];
    if !known.iter().any(|resource| resource.eq_ignore_ascii_case(first)) {
        return HttpResponse::NotFound().content_type("text/html; charset=utf-8").body(NOT_FOUND);
    }
    if request.method() != Method::POST {
        return HttpResponse::MethodNotAllowed().finish();
    }
    let accepted = request.headers().get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let accepts_gzip = accepted.is_some_and(|encodings| encodings.contains("gzip"));
    people_hr::serve(hr.into_inner(), &body, accepts_gzip).await
}

const NOT_FOUND: &str = "<!DOCTYPE html>\n<html><head><title>404</title></head>\
    <body><h1>404 - File or directory not found.</h1></body></html>\n";
