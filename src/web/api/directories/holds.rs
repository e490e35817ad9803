//! `/api/v1/directories/{id}/holds`: changes that wait for an admin's decision.

use std::collections::HashMap;

use actix_web::web::Path;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use crate::db::holds::{self, Hold, HoldItem};
use crate::db::page::PageRequest;
use crate::db::reports;
use crate::domain::employee::ExternalKey;
use crate::domain::hold::{Decision, HoldKind, HoldState};
use crate::domain::ids::{AccountId, DirectoryId, HoldId, HoldItemId, OrganizationId};
use crate::operations::{OperationError, directories as operations};
use crate::texts::Language;
use crate::web::http::body::{Leaf, Wrong};
use crate::web::http::error::Problem;
use crate::web::http::query::{Params, query};
use crate::web::http::response::{self, Iso8601, List, Response};
use crate::web::http::schema;
use crate::web::http::state::State;

/// Changes that wait for an admin's decision, or waited.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hold)]
pub struct HoldResponse {
    /// `hold`.
    object: &'static str,
    id: HoldId,
    organization_id: OrganizationId,
    directory_id: DirectoryId,
    kind: HoldKind,
    /// Counts up when somebody joins the list.
    list_version: i64,
    reason: String,
    state: HoldState,
    items: Vec<HoldItemResponse>,
    decided_at: Option<Iso8601>,
    /// The id of the admin or the API key.
    decided_by: Option<String>,
    created_at: Iso8601,
    updated_at: Iso8601,
}

/// The change of one person in a hold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HoldItem)]
struct HoldItemResponse {
    id: HoldItemId,
    account_id: Option<AccountId>,
    /// The HR system's key of the person.
    #[schema(value_type = String)]
    external_key: ExternalKey,
    name: String,
    /// What would be done. Its members depend on the kind of the hold.
    #[schema(value_type = Object)]
    change: Value,
    decision: Option<Decision>,
    /// The version of the list with which it was added, or last changed.
    list_version: i64,
}

fn show(row: Hold, items: Vec<HoldItem>) -> HoldResponse {
    let items = items.into_iter().map(|item| HoldItemResponse {
        id: item.id,
        account_id: item.account_id,
        external_key: item.external_key,
        name: item.name,
        change: item.planned_change.0,
        decision: item.decision,
        list_version: item.list_version,
    });
    let reason = row.text().in_language(Language::English);
    HoldResponse {
        object: "hold",
        id: row.id,
        organization_id: row.organization_id,
        directory_id: row.directory_id,
        kind: row.kind,
        list_version: row.list_version,
        reason,
        state: row.state,
        items: items.collect(),
        decided_at: row.decided_at_ms.map(Iso8601),
        decided_by: row.decided_by.map(|by| by.as_str().to_owned()),
        created_at: row.created_at_ms.into(),
        updated_at: row.updated_at_ms.into(),
    }
}

/// The hold of this directory as it is sent.
pub(super) async fn read(
    state: &State,
    directory: DirectoryId,
    hold: HoldId,
) -> Result<HoldResponse, Problem> {
    let read = state.context.db.read(move |conn| {
        let row = operations::find_hold(conn, &directory, &hold)?;
        let items = holds::items(conn, std::slice::from_ref(&hold))?;
        Ok::<_, OperationError>(show(row, items))
    });
    Ok(read.await?)
}

/// The state of the holds that are listed.
#[derive(Debug, Clone, Copy)]
pub struct ListedState(HoldState);

impl Leaf for ListedState {
    fn read(value: Value) -> Result<Self, Wrong> {
        let known = value.as_str().and_then(HoldState::parse).map(Self);
        known.ok_or_else(|| {
            let words: Vec<&str> = HoldState::ALL.iter().map(|state| state.as_str()).collect();
            ("unknown_value", format!("must be one of: {}", words.join(", ")))
        })
    }

    fn schema() -> RefOr<Schema> {
        let words = HoldState::ALL.iter().map(|state| json!(state.as_str()));
        schema::text().enum_values(Some(words)).into()
    }
}

query! {
    /// Which holds are listed.
    pub struct HoldsQuery {
        /// The part of the list.
        page: PageRequest,
        /// Only those in this state.
        state: Option<ListedState>,
    }
}

/// Lists the holds of a directory.
#[utoipa::path(
    get, path = "/api/v1/directories/{directory_id}/holds", tag = "Holds",
    operation_id = "list_holds", params(HoldsQuery),
    responses(
        (status = 200, description = "A page of holds.", body = List<HoldResponse>),
        (status = 404, description = "There is no such directory."),
    ),
)]
pub async fn list(state: State, path: Path<DirectoryId>, query: Params<HoldsQuery>) -> Response {
    let id = path.into_inner();
    let HoldsQuery { page, state: wanted } = query.0;
    let wanted = wanted.map(|state| state.0);
    let read = state.context.db.read(move |conn| {
        operations::find(conn, &id)?;
        let found = reports::directory::holds(conn, &id, wanted, &page)?;
        let ids: Vec<HoldId> = found.items.iter().map(|row| row.id.clone()).collect();
        let mut items: HashMap<HoldId, Vec<HoldItem>> = HashMap::new();
        for item in holds::items(conn, &ids)? {
            items.entry(item.hold_id.clone()).or_default().push(item);
        }
        Ok::<_, OperationError>(found.map(|row| {
            let items = items.remove(&row.id).unwrap_or_default();
            show(row, items)
        }))
    });
    response::list(read.await?, std::convert::identity)
}

/// Reads a hold.
#[utoipa::path(
    get, path = "/api/v1/directories/{directory_id}/holds/{hold_id}", tag = "Holds",
    operation_id = "get_hold",
    responses(
        (status = 200, description = "The hold.", body = HoldResponse),
        (status = 404, description = "There is no such hold in this directory."),
    ),
)]
pub async fn get(state: State, path: Path<(DirectoryId, HoldId)>) -> Response {
    let (directory, hold) = path.into_inner();
    response::ok(read(&state, directory, hold).await?)
}
