//! The control routes that only the sandbox HRworks has: key pairs, tokens, *gone*, departments.
//!
//! Every route calls the method of [`Hrworks`] that tests call in process; nothing is decided here.

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data, Path};
use serde::Deserialize;
use serde_json::json;

use super::{Hrworks, HrworksPermission};
use crate::sandbox::control::{Reply, body, created, found, ok};

const PAIRS: &str = "/_sandbox/hrworks/key-pairs";

/// The routes, as the index lists them.
pub(in super::super) const ROUTES: &[(&str, &str)] = &[
    ("GET /key-pairs", "key pairs"),
    ("POST /key-pairs", "create a key pair: {permissions: […]} or {}"),
    ("PUT /key-pairs/{access_key}", "change what it may do: {permissions: […]}"),
    ("DELETE /key-pairs/{access_key}", "remove a key pair (write `/` as %2F)"),
    ("DELETE /tokens", "make every token invalid"),
    ("DELETE /cache", "forget the answers that would be given again"),
    ("PUT /people/{uuid}/gone", "set a person to gone: {gone}"),
    ("PUT /people/{uuid}/log-in-name", "change the name to log in with: {name}"),
    ("PUT /departments/active", "deactivate a department: {name, active}"),
];

/// Adds the routes.
pub(in super::super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/key-pairs", web::get().to(list_pairs))
        .route("/key-pairs", web::post().to(create_pair))
        .route("/key-pairs/{access_key}", web::put().to(set_permissions))
        .route("/key-pairs/{access_key}", web::delete().to(remove_pair))
        .route("/tokens", web::delete().to(expire_tokens))
        .route("/cache", web::delete().to(clear_cache))
        .route("/people/{id}/gone", web::put().to(set_gone))
        .route("/people/{id}/log-in-name", web::put().to(set_log_in_name))
        .route("/departments/active", web::put().to(set_department_active));
}

async fn list_pairs(hr: Data<Hrworks>) -> HttpResponse {
    ok(json!({ "key_pairs": hr.key_pairs() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Permissions {
    permissions: Option<Vec<HrworksPermission>>,
}

async fn create_pair(hr: Data<Hrworks>, bytes: Bytes) -> Reply {
    let wanted: Permissions = body(&bytes)?;
    let permissions = wanted.permissions.as_deref().unwrap_or(HrworksPermission::USUAL);
    Ok(created(hr.create_key_pair(permissions)))
}

async fn set_permissions(hr: Data<Hrworks>, access_key: Path<String>, bytes: Bytes) -> Reply {
    let wanted: Permissions = body(&bytes)?;
    let permissions = wanted.permissions.as_deref().unwrap_or(HrworksPermission::USUAL);
    found(hr.set_permissions(&access_key, permissions), PAIRS)
}

async fn remove_pair(hr: Data<Hrworks>, access_key: Path<String>) -> Reply {
    found(hr.remove_key_pair(&access_key), PAIRS)
}

async fn expire_tokens(hr: Data<Hrworks>) -> HttpResponse {
    hr.expire_tokens();
    HttpResponse::NoContent().finish()
}

async fn clear_cache(hr: Data<Hrworks>) -> HttpResponse {
    hr.clear_cache();
    HttpResponse::NoContent().finish()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gone {
    gone: bool,
}

async fn set_gone(hr: Data<Hrworks>, uuid: Path<String>, bytes: Bytes) -> Reply {
    let wanted: Gone = body(&bytes)?;
    Ok(ok(json!({ "person": hr.set_gone(&uuid, wanted.gone)? })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogInName {
    name: String,
}

async fn set_log_in_name(hr: Data<Hrworks>, uuid: Path<String>, bytes: Bytes) -> Reply {
    let wanted: LogInName = body(&bytes)?;
    Ok(ok(json!({ "person": hr.set_log_in_name(&uuid, &wanted.name)? })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DepartmentActive {
    name: String,
    active: bool,
}

async fn set_department_active(hr: Data<Hrworks>, bytes: Bytes) -> Reply {
    let wanted: DepartmentActive = body(&bytes)?;
    hr.set_department_active(&wanted.name, wanted.active)?;
    Ok(HttpResponse::NoContent().finish())
}
