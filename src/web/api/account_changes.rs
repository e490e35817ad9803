//! `/api/v1/accounts/{id}/changes`: what changed, why, and what was there before.
//!
//! The list of a deleted account can still be read: that it was changed, and why, stays until it is
//! too old; the values and the person's key are gone with the account.

use actix_web::HttpRequest;
use actix_web::web::Path;
use serde::Serialize;

use crate::db::account_changes::{self, NumberedAccountChange};
use crate::db::{Conn, accounts};
use crate::domain::audit::{CauseKind, Changes, Rule};
use crate::domain::employee::ExternalKey;
use crate::domain::ids::{AccountChangeId, AccountId, DirectoryId};
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::response::{self, Iso8601, Response};
use crate::web::state::State;

/// A change as it is sent.
#[derive(Debug, Serialize)]
struct AccountChangeResponse {
    object: &'static str,
    id: AccountChangeId,
    account_id: AccountId,
    directory_id: Option<DirectoryId>,
    external_key: Option<ExternalKey>,
    cause: CauseResponse,
    rule: Rule,
    message: &'static str,
    changes: Changes,
    version: i64,
    created_at: Iso8601,
}

#[derive(Debug, Serialize)]
struct CauseResponse {
    kind: CauseKind,
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
            message: row.rule.message(),
            changes: row.changes.0,
            version: row.version,
            created_at: row.created_at_ms.into(),
        }
    }
}

/// `GET …/changes`.
pub async fn list(state: State, path: Path<String>, req: HttpRequest) -> Response {
    let id = AccountId::from_text(path.into_inner());
    let mut query = Query::of(&req);
    let page = query.page();
    for (name, cursor) in [("after", &page.after), ("before", &page.before)] {
        let id = cursor.as_ref().map(AccountChangeId::from_text);
        if id.is_some_and(|id| id.number().is_none()) {
            query.refuse(name, "invalid", "must be the id of an item of this list");
        }
    }
    query.finish()?;
    let read = state.context.db.read(move |conn| {
        let found = account_changes::page(conn, &id, &page)?;
        if found.items.is_empty() {
            need_trace(conn, &id)?;
        }
        Ok::<_, Problem>(found)
    });
    response::list(read.await?, AccountChangeResponse::from)
}

/// Refuses an id that no account has and of which nothing is written down.
fn need_trace(conn: &mut Conn, id: &AccountId) -> Result<(), Problem> {
    if account_changes::any(conn, id)? {
        return Ok(());
    }
    let found = accounts::find(conn, id).map(|_| ());
    found.map_err(|error| Problem::of_lookup(error, "Account", id))
}
