//! `/api/v1/organizations/{id}/departments`, `positions` and `office_locations` (S-09).

use actix_web::HttpRequest;
use actix_web::web::Path;
use serde::Serialize;

use crate::db::catalogue::{self, CatalogueEntry};
use crate::domain::directory::CatalogueKind;
use crate::domain::ids::{CatalogueEntryId, OrganizationId};
use crate::web::api::organizations;
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::response::{self, Iso8601, Response};
use crate::web::state::State;

/// A department, position or office location as it is sent.
#[derive(Debug, Serialize)]
struct CatalogueEntryResponse {
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

/// `GET …/departments`.
pub async fn departments(state: State, path: Path<String>, req: HttpRequest) -> Response {
    list(state, path, req, CatalogueKind::Department).await
}

/// `GET …/positions`.
pub async fn positions(state: State, path: Path<String>, req: HttpRequest) -> Response {
    list(state, path, req, CatalogueKind::Position).await
}

/// `GET …/office_locations`.
pub async fn office_locations(state: State, path: Path<String>, req: HttpRequest) -> Response {
    list(state, path, req, CatalogueKind::OfficeLocation).await
}

async fn list(state: State, path: Path<String>, req: HttpRequest, kind: CatalogueKind) -> Response {
    let organization = organizations::id_of(&path);
    let mut query = Query::of(&req);
    let page = query.page();
    query.finish()?;
    let found = state.context.db.read(move |conn| {
        organizations::find(conn, &organization)?;
        Ok::<_, Problem>(catalogue::page(conn, &organization, kind, &page)?)
    });
    response::list(found.await?, CatalogueEntryResponse::from)
}
