//! `/api/v1/organizations/{id}/departments`, `positions` and `office_locations` (S-09).

use actix_web::web::Path;
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::catalogue::{self, CatalogueEntry};
use crate::db::page::PageRequest;
use crate::domain::directory::CatalogueKind;
use crate::domain::ids::{CatalogueEntryId, OrganizationId};
use crate::operations::{OperationError, organizations};
use crate::web::http::query::{Params, query};
use crate::web::http::response::{self, Iso8601, List, Response};
use crate::web::http::state::State;

/// A department, position or office location.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CatalogueEntry)]
pub struct CatalogueEntryResponse {
    /// `department`, `position` or `office_location`.
    object: &'static str,
    id: CatalogueEntryId,
    organization_id: OrganizationId,
    name: String,
    created_at: Iso8601,
    updated_at: Iso8601,
}

impl From<CatalogueEntry> for CatalogueEntryResponse {
    fn from(row: CatalogueEntry) -> Self {
        Self {
            object: row.kind.as_str(),
            id: row.id,
            organization_id: row.organization_id,
            name: row.name,
            created_at: row.created_at_ms.into(),
            // An entry keeps the name under which it was first seen.
            updated_at: row.created_at_ms.into(),
        }
    }
}

query! {
    /// Which entries are listed.
    pub struct CatalogueQuery {
        /// The part of the list.
        page: PageRequest,
    }
}

/// Lists the departments of an organization.
#[utoipa::path(
    get, path = "/api/v1/organizations/{organization_id}/departments", tag = "Organizations",
    operation_id = "list_departments",
    params(CatalogueQuery),
    responses(
        (status = 200, description = "A page of departments.", body = List<CatalogueEntryResponse>),
        (status = 404, description = "There is no such organization."),
    ),
)]
pub async fn departments(
    state: State,
    path: Path<OrganizationId>,
    query: Params<CatalogueQuery>,
) -> Response {
    list(state, path, query, CatalogueKind::Department).await
}

/// Lists the positions of an organization.
#[utoipa::path(
    get, path = "/api/v1/organizations/{organization_id}/positions", tag = "Organizations",
    operation_id = "list_positions",
    params(CatalogueQuery),
    responses(
        (status = 200, description = "A page of positions.", body = List<CatalogueEntryResponse>),
        (status = 404, description = "There is no such organization."),
    ),
)]
pub async fn positions(
    state: State,
    path: Path<OrganizationId>,
    query: Params<CatalogueQuery>,
) -> Response {
    list(state, path, query, CatalogueKind::Position).await
}

/// Lists the office locations of an organization.
#[utoipa::path(
    get, path = "/api/v1/organizations/{organization_id}/office_locations", tag = "Organizations",
    operation_id = "list_office_locations",
    params(CatalogueQuery),
    responses(
        (status = 200, description = "A page of office locations.",
            body = List<CatalogueEntryResponse>),
        (status = 404, description = "There is no such organization."),
    ),
)]
pub async fn office_locations(
    state: State,
    path: Path<OrganizationId>,
    query: Params<CatalogueQuery>,
) -> Response {
    list(state, path, query, CatalogueKind::OfficeLocation).await
}

async fn list(
    state: State,
    path: Path<OrganizationId>,
    query: Params<CatalogueQuery>,
    kind: CatalogueKind,
) -> Response {
    let (organization, page) = (path.into_inner(), query.0.page);
    let found = state.context.db.read(move |conn| {
        organizations::find(conn, &organization)?;
        Ok::<_, OperationError>(catalogue::page(conn, &organization, kind, &page)?)
    });
    response::list(found.await?, CatalogueEntryResponse::from)
}
