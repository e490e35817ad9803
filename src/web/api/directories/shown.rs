//! A directory as it is sent.

use serde::Serialize;
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::db::directories::{self, Directory, DirectoryCounts};
use crate::db::waiting_credentials::{self, WaitingCredential};
use crate::db::{Conn, DbError};
use crate::domain::certificate;
use crate::domain::directory::{DirectoryState, InactivePolicy, Relink};
use crate::domain::failure::FailureClass;
use crate::domain::failure::OTHER_COMPANY;
use crate::domain::ids::{DirectoryId, OrganizationId};
use crate::domain::profile::Permission;
use crate::domain::provider::ProviderKind;
use crate::operations::{OperationError, directories as operations};
use crate::providers;
use crate::sync::{Context, permissions, setup};
use crate::texts::Language;
use crate::web::http::error::Problem;
use crate::web::http::response::Iso8601;
use crate::web::http::state::State;

/// A connection to an HR system.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Directory)]
pub struct DirectoryResponse {
    /// `directory`.
    object: &'static str,
    id: DirectoryId,
    organization_id: OrganizationId,
    provider: ProviderKind,
    name: String,
    state: DirectoryState,
    /// Whether any row problem fails a run.
    strict: bool,
    /// Seconds between full syncs.
    poll_seconds: i64,
    /// What happens to directory users of leavers.
    inactive_policy: InactivePolicy,
    /// How people are linked when the organization connects again.
    relink: Relink,
    /// Where People HR sends its webhooks. The other HR systems have none.
    webhook_url: Option<String>,
    /// What a credential has to be allowed.
    permissions: Vec<PermissionResponse>,
    /// The credential in use.
    credential: Option<CredentialResponse>,
    /// The credential that waits for permissions.
    waiting_credential: Option<WaitingResponse>,
    last_success_at: Option<Iso8601>,
    next_sync_at: Option<Iso8601>,
    /// What is wrong now.
    failure: Option<FailureResponse>,
    counts: CountsResponse,
    created_at: Iso8601,
    updated_at: Iso8601,
}

/// What a credential has to be allowed: shown before one is asked for (L-03).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Permission)]
struct PermissionResponse {
    /// In the HR system's own words.
    permission: &'static str,
    needed_for: String,
    /// Whether nothing works without it.
    required: bool,
    /// What is lost without it, when it is not required.
    without: Option<String>,
}

impl From<&Permission> for PermissionResponse {
    fn from(permission: &Permission) -> Self {
        Self {
            permission: permission.name,
            needed_for: permission.needed_for.in_language(Language::English),
            required: permission.is_required(),
            without: permission.without.as_ref().map(|text| text.in_language(Language::English)),
        }
    }
}

/// The credential in use.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Credential)]
struct CredentialResponse {
    /// Its last four characters.
    last4: String,
    checked_at: Option<Iso8601>,
    /// What it lacks although it works without.
    missing_permissions: Vec<PermissionResponse>,
}

/// A credential that waits for permissions (L-14).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WaitingCredential)]
struct WaitingResponse {
    /// Its last four characters.
    last4: String,
    /// What it lacks, in the HR system's own words.
    missing_permissions: Vec<String>,
    checked_at: Iso8601,
    /// When it is deleted.
    expires_at: Iso8601,
}

impl From<WaitingCredential> for WaitingResponse {
    fn from(row: WaitingCredential) -> Self {
        Self {
            last4: row.credential_last4,
            missing_permissions: row.missing_permissions.0,
            checked_at: row.checked_at_ms.into(),
            expires_at: row.expires_at_ms.into(),
        }
    }
}

/// What is wrong with a directory.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DirectoryFailure)]
struct FailureResponse {
    class: FailureClass,
    message: String,
    since: Option<Iso8601>,
}

/// What a directory has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DirectoryCounts)]
struct CountsResponse {
    /// Directory users who are active.
    active: i64,
    /// Directory users who are not.
    inactive: i64,
    groups: i64,
    /// Records that cannot be applied.
    row_problems: i64,
    /// Records that are applied and that HR should look at.
    warnings: i64,
    /// Changes that wait for a decision.
    holds: i64,
}

/// What is read of a directory to show it.
pub(super) struct Found {
    row: Directory,
    counts: DirectoryCounts,
    waiting: Option<WaitingCredential>,
}

impl Found {
    /// Reads what belongs to this row.
    pub(super) fn load(conn: &mut Conn, row: Directory, now: Timestamp) -> Result<Self, DbError> {
        let counts = directories::counts(conn, &row.id)?;
        let waiting = waiting_credentials::find(conn, &row.id, now)?;
        Ok(Self { row, counts, waiting })
    }

    /// As it is sent.
    pub(super) fn show(self, context: &Context) -> Result<DirectoryResponse, Problem> {
        let Self { row, counts, waiting } = self;
        let webhook_url = match row.state {
            DirectoryState::Disabled => None,
            _ => setup::webhook_url(context, &row)
                .map_err(|error| Problem::Internal(error.to_string()))?
                .map(|url| url.reveal().to_owned()),
        };
        let missing = permissions::missing(&row);
        let failure = row.failing().map(|failing| FailureResponse {
            class: failing.class,
            message: failure_message(row.provider, failing.class, failing.detail.as_deref()),
            since: Some(Iso8601(failing.since)),
        });
        let credential = row.credential_last4.map(|last4| CredentialResponse {
            last4,
            checked_at: row.credential_checked_at_ms.map(Iso8601),
            missing_permissions: missing.into_iter().map(Into::into).collect(),
        });
        Ok(DirectoryResponse {
            object: "directory",
            id: row.id,
            organization_id: row.organization_id,
            provider: row.provider,
            name: row.name,
            state: row.state,
            strict: row.strict,
            poll_seconds: row.poll_seconds,
            inactive_policy: row.inactive_policy,
            relink: row.relink,
            webhook_url,
            permissions: providers::profile(row.provider)
                .permissions
                .iter()
                .copied()
                .map(Into::into)
                .collect(),
            credential,
            waiting_credential: waiting.map(Into::into),
            last_success_at: row.last_success_at_ms.map(Iso8601),
            next_sync_at: row.next_sync_at_ms.map(Iso8601),
            failure,
            counts: counts.into(),
            created_at: row.created_at_ms.into(),
            updated_at: row.updated_at_ms.into(),
        })
    }
}

impl From<DirectoryCounts> for CountsResponse {
    fn from(counts: DirectoryCounts) -> Self {
        Self {
            active: counts.active,
            inactive: counts.inactive,
            groups: counts.groups,
            row_problems: counts.row_problems,
            warnings: counts.warnings,
            holds: counts.holds,
        }
    }
}

/// The directory with this id as it is sent.
pub(super) async fn read(state: &State, id: DirectoryId) -> Result<DirectoryResponse, Problem> {
    let now = state.now();
    let read = state.context.db.read(move |conn| {
        let row = operations::find(conn, &id)?;
        Ok::<_, OperationError>(Found::load(conn, row, now)?)
    });
    read.await?.show(&state.context)
}

/// What is wrong, in plain words. `detail` is what the HR system called it, or how many records
/// have problems in a strict directory (S-07).
fn failure_message(provider: ProviderKind, class: FailureClass, detail: Option<&str>) -> String {
    let hr = provider.title();
    if let (FailureClass::Malformed, Some(records)) = (class, detail) {
        return format!(
            "{records} to be corrected in {hr}; see row_problems. This directory is strict: \
             nothing is updated before."
        );
    }
    if let Some(fault) = certificate::of_detail(detail) {
        return format!(
            "The TLS certificate of {hr} is not accepted: {fault}. Nothing is sent before it is in \
             order. We try again by ourselves."
        );
    }
    if detail == Some(OTHER_COMPANY) {
        return format!(
            "The key may read another company in {hr}: almost nobody whom it shows is known. \
             Enter the right key, or decide about the open hold of kind other_company."
        );
    }
    let what = match class {
        FailureClass::Credential => format!("{hr} refuses the API key. Enter a new one."),
        FailureClass::Permission => format!("The API key lacks a permission in {hr}."),
        FailureClass::Throttled => format!("{hr} asks us to slow down. We try again by ourselves."),
        FailureClass::Suspended => format!("{hr} says that the company's account is suspended."),
        FailureClass::ProviderDown => {
            format!("{hr} does not answer properly. We try again by ourselves.")
        }
        FailureClass::Malformed => format!("{hr} sent an answer that cannot be understood."),
        FailureClass::Internal => "Something went wrong on our side.".to_owned(),
    };
    match detail {
        Some(detail) if !detail.is_empty() => format!("{what} ({detail})"),
        _ => what,
    }
}
