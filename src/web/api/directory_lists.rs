//! What belongs to a directory: `/api/v1/directories/{id}/runs`, `row_problems` and `holds`.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::web::Path;
use serde::Serialize;
use serde_json::Value;

use crate::db::holds::{self, Hold, HoldItem};
use crate::db::row_problems::RowProblem;
use crate::db::runs::{self, Run};
use crate::db::{DbError, reports};
use crate::domain::directory::{RunCounts, RunState, RunTrigger};
use crate::domain::employee::{EmployeeNumber, ExternalKey, RowProblemCode};
use crate::domain::failure::FailureClass;
use crate::domain::hold::{Decision, HoldKind, HoldState};
use crate::domain::ids::{
    AccountId, DirectoryId, HoldId, HoldItemId, OrganizationId, RowProblemId, RunId,
};
use crate::domain::row_problem::Severity;
use crate::web::api::directories::{self, id_of};
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::response::{self, Iso8601, Response};
use crate::web::state::State;

/// A run as it is sent.
#[derive(Debug, Serialize)]
struct RunResponse {
    object: &'static str,
    id: RunId,
    organization_id: OrganizationId,
    directory_id: DirectoryId,
    trigger: RunTrigger,
    state: RunState,
    started_at: Option<Iso8601>,
    finished_at: Option<Iso8601>,
    error: Option<ErrorResponse>,
    /// Why a run that did not fail ended without success: what it gave way to.
    note: Option<String>,
    counts: RunCounts,
    created_at: Iso8601,
    updated_at: Iso8601,
}

#[derive(Debug, Serialize)]
struct ErrorResponse {
    class: FailureClass,
    message: String,
}

impl From<Run> for RunResponse {
    fn from(row: Run) -> Self {
        let changed = row.finished_at_ms.or(row.started_at_ms).unwrap_or(row.requested_at_ms);
        let (error, note) = match (row.error_class, row.error_message) {
            (Some(class), message) => {
                (Some(ErrorResponse { class, message: message.unwrap_or_default() }), None)
            }
            (None, note) => (None, note),
        };
        Self {
            object: "run",
            id: row.id,
            organization_id: row.organization_id,
            directory_id: row.directory_id,
            trigger: row.run_trigger,
            state: row.state,
            started_at: row.started_at_ms.map(Iso8601),
            finished_at: row.finished_at_ms.map(Iso8601),
            error,
            note,
            counts: row.counts.0,
            created_at: row.requested_at_ms.into(),
            updated_at: changed.into(),
        }
    }
}

/// `GET …/runs`.
pub async fn runs(state: State, path: Path<String>, req: HttpRequest) -> Response {
    let id = id_of(&path);
    let mut query = Query::of(&req);
    let page = query.page();
    query.finish()?;
    let read = state.context.db.read(move |conn| {
        directories::find(conn, &id)?;
        Ok::<_, Problem>(reports::directory::runs(conn, &id, &page)?)
    });
    response::list(read.await?, RunResponse::from)
}

/// `GET …/runs/{run_id}`.
pub async fn run(state: State, path: Path<(String, String)>) -> Response {
    let (directory, run) = path.into_inner();
    let run = RunId::from_text(run);
    let read = state.context.db.read(move |conn| {
        let found = runs::find(conn, &run)?.filter(|row| row.directory_id.as_str() == directory);
        found.ok_or_else(|| Problem::of_lookup(DbError::NotFound, "Run", &run))
    });
    response::ok(RunResponse::from(read.await?))
}

/// A row problem as it is sent.
#[derive(Debug, Serialize)]
struct RowProblemResponse {
    object: &'static str,
    id: RowProblemId,
    organization_id: OrganizationId,
    directory_id: DirectoryId,
    external_key: ExternalKey,
    employee_number: Option<EmployeeNumber>,
    name: String,
    email: Option<String>,
    code: RowProblemCode,
    severity: Severity,
    message: String,
    first_seen_at: Iso8601,
    created_at: Iso8601,
    updated_at: Iso8601,
}

impl From<RowProblem> for RowProblemResponse {
    fn from(row: RowProblem) -> Self {
        let message = row.message();
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

/// `GET …/row_problems`.
pub async fn row_problems(state: State, path: Path<String>, req: HttpRequest) -> Response {
    let id = id_of(&path);
    let mut query = Query::of(&req);
    let page = query.page();
    query.finish()?;
    let read = state.context.db.read(move |conn| {
        directories::find(conn, &id)?;
        Ok::<_, Problem>(reports::directory::row_problems(conn, &id, &page)?)
    });
    response::list(read.await?, RowProblemResponse::from)
}

/// A hold as it is sent.
#[derive(Debug, Serialize)]
struct HoldResponse {
    object: &'static str,
    id: HoldId,
    organization_id: OrganizationId,
    directory_id: DirectoryId,
    kind: HoldKind,
    list_version: i64,
    reason: String,
    state: HoldState,
    items: Vec<HoldItemResponse>,
    decided_at: Option<Iso8601>,
    decided_by: Option<String>,
    created_at: Iso8601,
    updated_at: Iso8601,
}

#[derive(Debug, Serialize)]
struct HoldItemResponse {
    id: HoldItemId,
    account_id: Option<AccountId>,
    external_key: ExternalKey,
    name: String,
    change: Value,
    decision: Option<Decision>,
    list_version: i64,
}

fn show_hold(row: Hold, items: Vec<HoldItem>) -> HoldResponse {
    let items = items.into_iter().map(|item| HoldItemResponse {
        id: item.id,
        account_id: item.account_id,
        external_key: item.external_key,
        name: item.name,
        change: item.planned_change.0,
        decision: item.decision,
        list_version: item.list_version,
    });
    HoldResponse {
        object: "hold",
        id: row.id,
        organization_id: row.organization_id,
        directory_id: row.directory_id,
        kind: row.kind,
        list_version: row.list_version,
        reason: row.reason,
        state: row.state,
        items: items.collect(),
        decided_at: row.decided_at_ms.map(Iso8601),
        decided_by: row.decided_by.map(|by| by.as_str().to_owned()),
        created_at: row.created_at_ms.into(),
        updated_at: row.updated_at_ms.into(),
    }
}

/// `GET …/holds`, all or those of one `state`.
pub async fn holds(state: State, path: Path<String>, req: HttpRequest) -> Response {
    let id = id_of(&path);
    let mut query = Query::of(&req);
    let page = query.page();
    let wanted = query.text("state").and_then(|text| {
        let parsed = HoldState::parse(&text);
        if parsed.is_none() {
            let known: Vec<&str> = HoldState::ALL.iter().map(|state| state.as_str()).collect();
            let message = format!("must be one of: {}", known.join(", "));
            query.refuse("state", "unknown_value", message);
        }
        parsed
    });
    query.finish()?;
    let read = state.context.db.read(move |conn| {
        directories::find(conn, &id)?;
        let found = reports::directory::holds(conn, &id, wanted, &page)?;
        let ids: Vec<HoldId> = found.items.iter().map(|row| row.id.clone()).collect();
        let mut items: HashMap<HoldId, Vec<HoldItem>> = HashMap::new();
        for item in holds::items(conn, &ids)? {
            items.entry(item.hold_id.clone()).or_default().push(item);
        }
        Ok::<_, Problem>(found.map(|row| {
            let items = items.remove(&row.id).unwrap_or_default();
            show_hold(row, items)
        }))
    });
    response::list(read.await?, std::convert::identity)
}

/// `GET …/holds/{hold_id}`.
pub async fn hold(state: State, path: Path<(String, String)>) -> Response {
    let (directory, hold) = path.into_inner();
    let hold = HoldId::from_text(hold);
    let read = state.context.db.read(move |conn| {
        let found = holds::find(conn, &hold)?.filter(|row| row.directory_id.as_str() == directory);
        let row = found.ok_or_else(|| Problem::of_lookup(DbError::NotFound, "Hold", &hold))?;
        let items = holds::items(conn, std::slice::from_ref(&hold))?;
        Ok::<_, Problem>(show_hold(row, items))
    });
    response::ok(read.await?)
}
