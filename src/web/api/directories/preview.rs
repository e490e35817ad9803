//! `/api/v1/directories/{id}/preview`: what a full sync would do now (L-05).

use actix_web::web::Path;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::employee::{EmployeeNumber, ExternalKey};
use crate::domain::guard::LossReason;
use crate::domain::hold::HoldKind;
use crate::domain::ids::{AccountId, DirectoryId};
use crate::domain::row_problem::{RowProblemCode, Severity};
use crate::sync::full::bad_rows::BadRow;
use crate::sync::full::look_ahead::{InDoubt, Lack, Leaving, Preview, ToCreate, ToLink, Unmatched};
use crate::sync::full::preview;
use crate::texts::Language;
use crate::web::api::directories::runs::RunCountsResponse;
use crate::web::api::directories::setup_problem;
use crate::web::http::response::{self, Response};
use crate::web::http::state::State;

/// What a full sync would do now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Preview)]
pub struct PreviewResponse {
    /// `preview`.
    object: &'static str,
    directory_id: DirectoryId,
    /// What the run would count.
    counts: RunCountsResponse,
    /// What the credential lacks although it works without.
    missing_permissions: Vec<LackResponse>,
    /// People who would get an account that is there.
    linked: Vec<ToLinkResponse>,
    /// People who would get a new account.
    created: Vec<ToCreateResponse>,
    /// People about whom an admin would be asked.
    ambiguous: Vec<InDoubtResponse>,
    /// People whose accounts would become inactive.
    deactivated: Vec<LeavingResponse>,
    /// People whose accounts would become inactive if an admin approved it, because there are
    /// unusually many.
    held: Vec<LeavingResponse>,
    /// Records that could not be applied, or only in part.
    row_problems: Vec<BadRowResponse>,
    /// Accounts of the organization that nobody in an HR system would be linked to.
    accounts_not_in_hr: Vec<UnmatchedResponse>,
}

impl From<Preview> for PreviewResponse {
    fn from(found: Preview) -> Self {
        Self {
            object: "preview",
            directory_id: found.directory_id,
            counts: found.counts.into(),
            missing_permissions: each(found.missing_permissions),
            linked: each(found.linked),
            created: each(found.created),
            ambiguous: each(found.ambiguous),
            deactivated: each(found.deactivated),
            held: each(found.held),
            row_problems: each(found.row_problems),
            accounts_not_in_hr: each(found.accounts_not_in_hr),
        }
    }
}

fn each<T, R: From<T>>(all: Vec<T>) -> Vec<R> {
    all.into_iter().map(R::from).collect()
}

/// A permission that the credential lacks although it works without.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreviewLack)]
struct LackResponse {
    /// In the HR system's own words.
    permission: &'static str,
    /// What is lost without it.
    without: String,
}

impl From<Lack> for LackResponse {
    fn from(lack: Lack) -> Self {
        Self { permission: lack.permission, without: lack.without.in_language(Language::English) }
    }
}

/// A person who would be linked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreviewLinked)]
struct ToLinkResponse {
    /// The HR system's key of the person.
    #[schema(value_type = String)]
    external_key: ExternalKey,
    name: String,
    /// Their e-mail in the HR system.
    email: Option<String>,
    account_id: AccountId,
    /// The rule that links them, such as `email` or `rehire`.
    by: String,
}

impl From<ToLink> for ToLinkResponse {
    fn from(person: ToLink) -> Self {
        let ToLink { external_key, name, email, account_id, by } = person;
        Self { external_key, name, email, account_id, by }
    }
}

/// A person for whom an account would be made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreviewCreated)]
struct ToCreateResponse {
    /// The HR system's key of the person.
    #[schema(value_type = String)]
    external_key: ExternalKey,
    name: String,
    /// Their e-mail in the HR system.
    email: Option<String>,
}

impl From<ToCreate> for ToCreateResponse {
    fn from(person: ToCreate) -> Self {
        let ToCreate { external_key, name, email } = person;
        Self { external_key, name, email }
    }
}

/// A person about whom a hold would be open.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreviewAmbiguous)]
struct InDoubtResponse {
    /// The HR system's key of the person.
    #[schema(value_type = String)]
    external_key: ExternalKey,
    name: String,
    /// What would wait.
    kind: HoldKind,
    reason: String,
    /// The accounts in question that are there already.
    account_ids: Vec<AccountId>,
}

impl From<InDoubt> for InDoubtResponse {
    fn from(person: InDoubt) -> Self {
        let InDoubt { external_key, name, kind, reason, account_ids } = person;
        let reason = reason.in_language(Language::English);
        Self { external_key, name, kind, reason, account_ids }
    }
}

/// A person who would lose access.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreviewLeaving)]
struct LeavingResponse {
    /// The HR system's key of the person.
    #[schema(value_type = String)]
    external_key: ExternalKey,
    name: String,
    /// The account that would become inactive.
    account_id: AccountId,
    /// Why.
    because: LossReason,
}

impl From<Leaving> for LeavingResponse {
    fn from(person: Leaving) -> Self {
        let Leaving { external_key, name, account_id, because } = person;
        Self { external_key, name, account_id, because }
    }
}

/// A record that could not be applied, or only in part.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreviewRowProblem)]
struct BadRowResponse {
    /// The HR system's key of the person.
    #[schema(value_type = String)]
    external_key: ExternalKey,
    #[schema(value_type = Option<String>)]
    employee_number: Option<EmployeeNumber>,
    name: String,
    /// Their e-mail in the HR system.
    email: Option<String>,
    code: RowProblemCode,
    severity: Severity,
    /// What HR should correct.
    message: String,
}

impl From<BadRow> for BadRowResponse {
    fn from(row: BadRow) -> Self {
        Self {
            external_key: row.external_key,
            employee_number: row.employee_number,
            name: row.name,
            email: row.email,
            code: row.code,
            severity: row.severity,
            message: row.message.in_language(Language::English),
        }
    }
}

/// An account that nobody would be linked to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreviewUnmatched)]
struct UnmatchedResponse {
    account_id: AccountId,
    email: String,
}

impl From<Unmatched> for UnmatchedResponse {
    fn from(account: Unmatched) -> Self {
        Self { account_id: account.account_id, email: account.email }
    }
}

/// Tells what a full sync would do now.
///
/// Reads everybody in the HR system and changes nothing. Answered when it is done.
#[utoipa::path(
    post, path = "/api/v1/directories/{directory_id}/preview", tag = "Directories",
    operation_id = "preview_sync",
    responses(
        (status = 200, description = "What it would do.", body = PreviewResponse),
        (status = 404, description = "There is no such directory."),
        (status = 409, description = "`directory_disabled`, `no_credential`, or `conflict`: this \
            version does not sync with the HR system."),
        (status = 502, description = "`provider_failed`: the HR system could not be asked."),
    ),
)]
pub async fn preview(state: State, path: Path<DirectoryId>) -> Response {
    let id = path.into_inner();
    let found = preview::preview(&state.context, &id)
        .await
        .map_err(|error| setup_problem::problem(error, &id))?;
    response::ok(PreviewResponse::from(found))
}
