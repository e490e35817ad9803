//! `/api/v1/accounts/{id}/changes`: what changed, why, and what was there before.
//!
//! The list of a deleted account can still be read: that it was changed, and why, stays until it is
//! too old; the values and the person's key are gone with the account.

use actix_web::web::Path;
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::account_changes::{self, NumberedAccountChange};
use crate::db::{Conn, accounts};
use crate::domain::audit::{CauseKind, Changes, Rule};
use crate::domain::employee::ExternalKey;
use crate::domain::ids::{AccountChangeId, AccountId, DirectoryId};
use crate::operations::OperationError;
use crate::texts::Language;
use crate::web::http::query::{CursorPage, Params, query};
use crate::web::http::response::{self, Iso8601, List, Response};
use crate::web::http::state::State;

/// A change of an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountChange)]
pub struct AccountChangeResponse {
    /// `account_change`.
    object: &'static str,
    id: AccountChangeId,
    account_id: AccountId,
    /// The directory that it came from.
    directory_id: Option<DirectoryId>,
    /// The key of the person in the HR system.
    #[schema(value_type = Option<String>)]
    external_key: Option<ExternalKey>,
    cause: CauseResponse,
    /// What decided.
    rule: Rule,
    /// The same as a sentence.
    message: String,
    /// `from` and `to` by the name of the member; empty once the account is deleted.
    #[schema(value_type = Object)]
    changes: Changes,
    /// The account's version from then on.
    version: i64,
    created_at: Iso8601,
}

/// What set a change off.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cause)]
struct CauseResponse {
    kind: CauseKind,
    /// Which one; there is none for a date that came.
    id: Option<String>,
}

impl From<NumberedAccountChange> for AccountChangeResponse {
    fn from(row: NumberedAccountChange) -> Self {
        let NumberedAccountChange { id, change: row } = row;
        Self {
            object: "account_change",
            id,
            account_id: row.account_id,
            directory_id: row.directory_id,
            external_key: row.external_key,
            cause: CauseResponse { kind: row.cause, id: row.cause_id },
            rule: row.rule,
            message: row.rule.text().in_language(Language::English),
            changes: row.changes.0,
            version: row.version,
            created_at: row.created_at_ms.into(),
        }
    }
}

query! {
    /// Which changes are listed.
    pub struct AccountChangesQuery {
        /// The part of the list.
        page: CursorPage<AccountChangeId>,
    }
}

/// Lists what changed of an account, why, and what was there before.
///
/// The list of a deleted account can still be read, without values.
#[utoipa::path(
    get, path = "/api/v1/accounts/{account_id}/changes", tag = "Accounts",
    operation_id = "list_account_changes", params(AccountChangesQuery),
    responses(
        (status = 200, description = "A page of changes.", body = List<AccountChangeResponse>),
        (status = 404, description = "There is no such account, and nothing is known of it."),
    ),
)]
pub async fn list(
    state: State,
    path: Path<AccountId>,
    query: Params<AccountChangesQuery>,
) -> Response {
    let (id, page) = (path.into_inner(), query.0.page.request);
    let read = state.context.db.read(move |conn| {
        let found = account_changes::page(conn, &id, &page)?;
        if found.items.is_empty() {
            need_trace(conn, &id)?;
        }
        Ok::<_, OperationError>(found)
    });
    response::list(read.await?, AccountChangeResponse::from)
}

/// Refuses an id that no account has and of which nothing is written down.
fn need_trace(conn: &mut Conn, id: &AccountId) -> Result<(), OperationError> {
    if account_changes::any(conn, id)? {
        return Ok(());
    }
    let found = accounts::find(conn, id).map(|_| ());
    found.map_err(|error| OperationError::of_lookup(error, "Account", id))
}
