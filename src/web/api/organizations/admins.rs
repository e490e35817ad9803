//! `/api/v1/organizations/{id}/admins`: who is told of failures.

use actix_web::web::Path;
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::admins::{self, Admin};
use crate::db::page::PageRequest;
use crate::domain::ids::{AdminId, OrganizationId};
use crate::operations::input::{Email, Text};
use crate::operations::{OperationError, admins as operations, organizations};
use crate::web::http::auth::Caller;
use crate::web::http::body::{Body, body};
use crate::web::http::query::{Params, query};
use crate::web::http::response::{self, Iso8601, List, Response};
use crate::web::http::state::State;

/// A person who is told when a connection to an HR system fails.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Admin)]
pub struct AdminResponse {
    /// `admin`.
    object: &'static str,
    id: AdminId,
    organization_id: OrganizationId,
    email: String,
    name: String,
    created_at: Iso8601,
    updated_at: Iso8601,
}

impl From<Admin> for AdminResponse {
    fn from(row: Admin) -> Self {
        Self {
            object: "admin",
            id: row.id,
            organization_id: row.organization_id,
            email: row.email,
            name: row.name,
            created_at: row.created_at_ms.into(),
            updated_at: row.updated_at_ms.into(),
        }
    }
}

body! {
    /// A new admin.
    pub struct NewAdmin {
        /// Where they are written to.
        email: Email,
        /// What they are called.
        name: Text,
    }
}

query! {
    /// Which admins are listed.
    pub struct AdminsQuery {
        /// The part of the list.
        page: PageRequest,
    }
}

/// Lists the admins of an organization.
#[utoipa::path(
    get, path = "/api/v1/organizations/{organization_id}/admins", tag = "Admins",
    operation_id = "list_admins",
    params(AdminsQuery),
    responses(
        (status = 200, description = "A page of admins.", body = List<AdminResponse>),
        (status = 404, description = "There is no such organization."),
    ),
)]
pub async fn list(
    state: State,
    path: Path<OrganizationId>,
    query: Params<AdminsQuery>,
) -> Response {
    let (organization, page) = (path.into_inner(), query.0.page);
    let found = state.context.db.read(move |conn| {
        organizations::find(conn, &organization)?;
        Ok::<_, OperationError>(admins::page(conn, &organization, &page)?)
    });
    response::list(found.await?, AdminResponse::from)
}

/// Adds an admin to an organization.
#[utoipa::path(
    post, path = "/api/v1/organizations/{organization_id}/admins", tag = "Admins",
    operation_id = "create_admin",
    request_body(content = NewAdmin, example = json!({
        "email": "kim@acme.example", "name": "Kim Lee",
    })),
    responses(
        (status = 201, description = "The admin.", body = AdminResponse),
        (status = 404, description = "There is no such organization."),
        (status = 409, description = "`email_taken`: an admin of it has this e-mail."),
    ),
)]
pub async fn create(
    state: State,
    caller: Caller,
    path: Path<OrganizationId>,
    body: Body<NewAdmin>,
) -> Response {
    let NewAdmin { email, name } = body.0;
    let by = caller.actor();
    let admin = operations::add(&state.context, &by, path.into_inner(), email, name).await?;
    response::created(AdminResponse::from(admin))
}

/// Reads an admin.
#[utoipa::path(
    get, path = "/api/v1/organizations/{organization_id}/admins/{admin_id}", tag = "Admins",
    operation_id = "get_admin",
    responses(
        (status = 200, description = "The admin.", body = AdminResponse),
        (status = 404, description = "There is no such admin in this organization."),
    ),
)]
pub async fn get(state: State, path: Path<(OrganizationId, AdminId)>) -> Response {
    let (organization, admin) = path.into_inner();
    let read = state.context.db.read(move |conn| operations::find(conn, &organization, &admin));
    response::ok(AdminResponse::from(read.await?))
}

/// Removes an admin.
#[utoipa::path(
    delete, path = "/api/v1/organizations/{organization_id}/admins/{admin_id}", tag = "Admins",
    operation_id = "delete_admin",
    responses(
        (status = 204, description = "The admin is removed."),
        (status = 404, description = "There is no such admin in this organization."),
        (status = 409, description = "`last_admin`: somebody has to be told of failures (S-45)."),
    ),
)]
pub async fn delete(
    state: State,
    caller: Caller,
    path: Path<(OrganizationId, AdminId)>,
) -> Response {
    let (organization, admin) = path.into_inner();
    operations::remove(&state.context, &caller.actor(), organization, admin).await?;
    response::deleted()
}
