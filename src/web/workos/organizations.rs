//! `/organizations`: the customers of the application, as WorkOS shows them.
//!
//! Domains, Stripe customers and profiles outside of the organization are matters of WorkOS's
//! sign-on, which Rollcall has none of. What a request says of them is let pass and not kept, and
//! the answer shows that.

use actix_web::HttpRequest;
use actix_web::web::Path;
use serde::Serialize;
use serde_json::Value;

use crate::db::organizations::{self as rows, Metadata, Organization};
use crate::db::page::Page;
use crate::domain::ids::OrganizationId;
use crate::web::api::organizations::{self as own, OrganizationChange};
use crate::web::auth::Caller;
use crate::web::body::Members;
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::response::{self, Iso8601, Response};
use crate::web::state::State;
use crate::web::workos::lists;

/// An organization as it is sent.
#[derive(Debug, Serialize)]
struct OrganizationResponse {
    object: &'static str,
    id: OrganizationId,
    name: String,
    allow_profiles_outside_organization: bool,
    domains: [(); 0],
    external_id: Option<String>,
    metadata: Metadata,
    created_at: Iso8601,
    updated_at: Iso8601,
}

impl From<Organization> for OrganizationResponse {
    fn from(row: Organization) -> Self {
        Self {
            object: "organization",
            id: row.id,
            name: row.name,
            allow_profiles_outside_organization: false,
            domains: [],
            external_id: row.external_id,
            metadata: row.metadata.0,
            created_at: row.created_at_ms.into(),
            updated_at: row.updated_at_ms.into(),
        }
    }
}

/// Takes the members of a request; what only sign-on needs is let pass.
fn read(mut body: Members, is_new: bool) -> Result<OrganizationChange, Problem> {
    let change = OrganizationChange::read(&mut body, is_new);
    // Python SDK 5 repeats the key of its header in the body.
    let let_pass = [
        "domains",
        "domain_data",
        "allow_profiles_outside_organization",
        "stripe_customer_id",
        "idempotency_key",
    ];
    for name in let_pass {
        let _: Option<Value> = body.optional(name);
    }
    body.finish()?;
    Ok(change)
}

/// `GET /organizations`.
pub async fn list(state: State, req: HttpRequest) -> Response {
    let mut query = Query::of(&req);
    let page = lists::page(&mut query, OrganizationId::PREFIX);
    let search = query.text("search");
    let mut domains = query.all("domains");
    domains.extend(query.all("domains[]"));
    query.finish()?;
    if !domains.is_empty() {
        // No organization has a domain here.
        let nothing: Page<()> = Page { items: Vec::new(), before: None, after: None };
        return response::list(nothing, std::convert::identity);
    }
    let read = state.context.db.read(move |conn| rows::page(conn, None, search.as_deref(), &page));
    response::list(read.await?, OrganizationResponse::from)
}

/// `POST /organizations`.
pub async fn create(state: State, body: Members) -> Response {
    let change = read(body, true)?;
    response::created(OrganizationResponse::from(own::make(&state, change).await?))
}

/// `GET /organizations/{id}`.
pub async fn get(state: State, path: Path<String>) -> Response {
    let id = own::id_of(&path);
    let found = state.context.db.read(move |conn| own::find(conn, &id)).await?;
    response::ok(OrganizationResponse::from(found))
}

/// `GET /organizations/external_id/{external_id}`.
pub async fn get_by_external_id(state: State, path: Path<String>) -> Response {
    let external_id = path.into_inner();
    let read = state.context.db.read(move |conn| {
        rows::by_external_id(conn, &external_id)
            .map_err(|error| Problem::of_lookup(error, "Organization", &external_id))
    });
    response::ok(OrganizationResponse::from(read.await?))
}

/// `PUT /organizations/{id}`: only the members that are there change, as WorkOS does it.
pub async fn put(state: State, caller: Caller, path: Path<String>, body: Members) -> Response {
    let change = read(body, false)?;
    response::ok(OrganizationResponse::from(
        own::change(&state, own::id_of(&path), change, caller.actor()).await?,
    ))
}

/// `DELETE /organizations/{id}`: with everything in it, unless a directory is connected.
pub async fn delete(state: State, path: Path<String>) -> Response {
    own::remove(&state, own::id_of(&path)).await?;
    response::deleted()
}
