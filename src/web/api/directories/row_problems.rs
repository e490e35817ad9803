//! `/api/v1/directories/{id}/row_problems`: records that could not be applied, or only in part.

use actix_web::web::Path;
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::page::PageRequest;
use crate::db::reports;
use crate::db::row_problems::RowProblem;
use crate::domain::employee::{EmployeeNumber, ExternalKey};
use crate::domain::ids::{DirectoryId, OrganizationId, RowProblemId};
use crate::domain::row_problem::{RowProblemCode, Severity};
use crate::operations::{OperationError, directories as operations};
use crate::texts::Language;
use crate::web::http::query::{Params, query};
use crate::web::http::response::{self, Iso8601, List, Response};
use crate::web::http::state::State;

/// A record of the HR system that could not be applied, or only in part.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RowProblem)]
pub struct RowProblemResponse {
    /// `row_problem`.
    object: &'static str,
    id: RowProblemId,
    organization_id: OrganizationId,
    directory_id: DirectoryId,
    /// The HR system's key of the person.
    #[schema(value_type = String)]
    external_key: ExternalKey,
    #[schema(value_type = Option<String>)]
    employee_number: Option<EmployeeNumber>,
    name: String,
    email: Option<String>,
    code: RowProblemCode,
    severity: Severity,
    /// What HR should correct.
    message: String,
    first_seen_at: Iso8601,
    created_at: Iso8601,
    updated_at: Iso8601,
}

impl From<RowProblem> for RowProblemResponse {
    fn from(row: RowProblem) -> Self {
        let message = row.text().in_language(Language::English);
        Self {
            object: "row_problem",
            id: row.id,
            organization_id: row.organization_id,
            directory_id: row.directory_id,
            external_key: row.external_key,
            employee_number: row.employee_number,
            name: row.name,
            email: row.email,
            code: row.code,
            severity: row.severity,
            message,
            first_seen_at: row.first_seen_at_ms.into(),
            created_at: row.first_seen_at_ms.into(),
            updated_at: row.updated_at_ms.into(),
        }
    }
}

query! {
    /// Which row problems are listed.
    pub struct RowProblemsQuery {
        /// The part of the list.
        page: PageRequest,
    }
}

/// Lists the records of a directory that could not be applied, or only in part.
#[utoipa::path(
    get, path = "/api/v1/directories/{directory_id}/row_problems", tag = "Directories",
    operation_id = "list_row_problems", params(RowProblemsQuery),
    responses(
        (status = 200, description = "A page of row problems.", body = List<RowProblemResponse>),
        (status = 404, description = "There is no such directory."),
    ),
)]
pub async fn list(
    state: State,
    path: Path<DirectoryId>,
    query: Params<RowProblemsQuery>,
) -> Response {
    let (id, page) = (path.into_inner(), query.0.page);
    let read = state.context.db.read(move |conn| {
        operations::find(conn, &id)?;
        Ok::<_, OperationError>(reports::directory::row_problems(conn, &id, &page)?)
    });
    response::list(read.await?, RowProblemResponse::from)
}
