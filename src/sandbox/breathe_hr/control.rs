//! The control routes that only the sandbox Breathe HR has: its keys, its account, odd statuses.
//!
//! Every route calls the method of [`BreatheHr`] that tests call in process; nothing is decided
//! here.

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data, Path};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{BreatheAccount, BreatheHr, BreatheKeyKind};
use crate::sandbox::control::{Reply, body, created, found, ok};

/// The routes, as the index lists them.
pub(in super::super) const ROUTES: &[(&str, &str)] = &[
    ("GET /keys", "API keys"),
    ("POST /keys", "create an API key: {kind: \"production\" or \"sandbox\"} or {}"),
    ("DELETE /keys/{key}", "remove an API key"),
    ("GET /api", "whether the account's API is enabled"),
    ("PUT /api", "enable or disable it: {enabled}"),
    ("GET /account", "whose account it is"),
    ("PUT /account", "make it another: {id, name, domain, uuid}"),
    ("PUT /people/{id}/status", "show another status: {status}; null for the right one"),
    ("PUT /people/{id}/contractor", "make a person a contractor: {contractor}"),
];

/// Adds the routes.
pub(in super::super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/keys", web::get().to(list_keys))
        .route("/keys", web::post().to(create_key))
        .route("/keys/{key}", web::delete().to(remove_key))
        .route("/api", web::get().to(show_api))
        .route("/api", web::put().to(set_api))
        .route("/account", web::get().to(show_account))
        .route("/account", web::put().to(set_account))
        .route("/people/{id}/status", web::put().to(set_status))
        .route("/people/{id}/contractor", web::put().to(set_contractor));
}

async fn list_keys(hr: Data<BreatheHr>) -> HttpResponse {
    ok(json!({ "keys": hr.keys() }))
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct NewKey {
    kind: BreatheKeyKind,
}

async fn create_key(hr: Data<BreatheHr>, bytes: Bytes) -> Reply {
    let wanted: NewKey = body(&bytes)?;
    Ok(created(json!({ "key": hr.create_key_of(wanted.kind) })))
}

async fn remove_key(hr: Data<BreatheHr>, key: Path<String>) -> Reply {
    found(hr.remove_key(&key), "/_sandbox/breathe-hr/keys")
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Api {
    enabled: bool,
}

async fn show_api(hr: Data<BreatheHr>) -> HttpResponse {
    ok(Api { enabled: hr.api_enabled() })
}

async fn set_api(hr: Data<BreatheHr>, bytes: Bytes) -> Reply {
    let wanted: Api = body(&bytes)?;
    hr.set_api_enabled(wanted.enabled);
    Ok(ok(wanted))
}

async fn show_account(hr: Data<BreatheHr>) -> HttpResponse {
    ok(hr.account())
}

async fn set_account(hr: Data<BreatheHr>, bytes: Bytes) -> Reply {
    let wanted: BreatheAccount = body(&bytes)?;
    hr.set_account(wanted);
    Ok(ok(hr.account()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    status: Option<String>,
}

async fn set_status(hr: Data<BreatheHr>, id: Path<String>, bytes: Bytes) -> Reply {
    let wanted: Status = body(&bytes)?;
    Ok(ok(json!({ "person": hr.set_status(&id, wanted.status.as_deref())? })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Contractor {
    contractor: bool,
}

async fn set_contractor(hr: Data<BreatheHr>, id: Path<String>, bytes: Bytes) -> Reply {
    let wanted: Contractor = body(&bytes)?;
    Ok(ok(json!({ "person": hr.set_contractor(&id, wanted.contractor)? })))
}
