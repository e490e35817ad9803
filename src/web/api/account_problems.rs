//! `/api/v1/organizations/{id}/row_problems`: accounts that have one address (S-18).

use actix_web::HttpRequest;
use actix_web::web::Path;
use serde::Serialize;

use crate::db::account_problems::{self, TwoAccounts};
use crate::db::organizations;
use crate::db::page::Page;
use crate::domain::ids::{AccountId, DirectoryId, OrganizationId};
use crate::domain::row_problem::{RowProblemCode, Severity};
use crate::limits;
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::response::{self, Response};
use crate::web::state::State;

/// What is to be done about two accounts with one address.
pub const MESSAGE: &str = "Two accounts have one e-mail address, spelt in two ways. The other \
     account gets what HR says. Delete this account, or give it an address of its own.";

/// A row problem of an organization as it is sent.
#[derive(Debug, Serialize)]
struct AccountProblemResponse {
    object: &'static str,
    id: AccountId,
    organization_id: OrganizationId,
    directory_id: Option<DirectoryId>,
    account_id: AccountId,
    owner_account_id: AccountId,
    email: String,
    owner_email: String,
    code: RowProblemCode,
    severity: Severity,
    message: &'static str,
}

/// `GET /api/v1/organizations/{id}/row_problems`.
pub async fn list(state: State, path: Path<String>, req: HttpRequest) -> Response {
    let id = OrganizationId::from_text(path.into_inner());
    Query::of(&req).finish()?;
    let organization = id.clone();
    let read = state.context.db.read(move |conn| {
        organizations::find(conn, &id)
            .map_err(|error| Problem::of_lookup(error, "Organization", &id))?;
        Ok::<_, Problem>(account_problems::of_organization(conn, &id, limits::PAGE_ITEMS_MAX)?)
    });
    let page = Page { items: read.await?, before: None, after: None };
    response::list(page, |two: TwoAccounts| AccountProblemResponse {
        object: "row_problem",
        id: two.account_id.clone(),
        organization_id: organization.clone(),
        directory_id: None,
        account_id: two.account_id,
        owner_account_id: two.owner_account_id,
        email: two.email,
        owner_email: two.owner_email,
        code: RowProblemCode::DuplicateEmail,
        severity: Severity::Problem,
        message: MESSAGE,
    })
}
