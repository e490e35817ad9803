//! `/api/v1/organizations/{id}/row_problems`: accounts that have one address (S-18).

use actix_web::web::Path;
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::account_problems::{self, TwoAccounts};
use crate::db::page::Page;
use crate::domain::ids::{AccountId, DirectoryId, OrganizationId};
use crate::domain::row_problem::{RowProblemCode, Severity};
use crate::limits;
use crate::operations::{OperationError, organizations};
use crate::web::http::query::{Params, query};
use crate::web::http::response::{self, List, Response};
use crate::web::http::state::State;

/// What is to be done about two accounts with one address.
pub const MESSAGE: &str = "Two accounts have one e-mail address, spelt in two ways. The other \
     account gets what HR says. Delete this account, or give it an address of its own.";

/// Two accounts that have one address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountProblem)]
pub struct AccountProblemResponse {
    /// `row_problem`.
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

query! {
    /// Takes no parameters.
    pub struct AccountProblemsQuery {}
}

/// Lists the accounts of an organization that have one address.
///
/// At most 100 of them.
#[utoipa::path(
    get, path = "/api/v1/organizations/{organization_id}/row_problems", tag = "Organizations",
    operation_id = "list_account_problems",
    responses(
        (status = 200, description = "The problems.", body = List<AccountProblemResponse>),
        (status = 404, description = "There is no such organization."),
    ),
)]
pub async fn list(
    state: State,
    path: Path<OrganizationId>,
    _: Params<AccountProblemsQuery>,
) -> Response {
    let id = path.into_inner();
    let organization = id.clone();
    let read = state.context.db.read(move |conn| {
        organizations::find(conn, &id)?;
        let found = account_problems::of_organization(conn, &id, limits::PAGE_ITEMS_MAX)?;
        Ok::<_, OperationError>(found)
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
