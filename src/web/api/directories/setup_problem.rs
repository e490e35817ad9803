//! What the refusals of [`crate::sync::setup`] mean over HTTP, and how a check is sent (L-04).

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::failure::FailureClass;
use crate::domain::ids::DirectoryId;
use crate::providers::{Check, Probe, ProbeResult};
use crate::sync::setup::SetupError;
use crate::texts::{Language, text};
use crate::web::http::error::Problem;

/// What a check of a credential found out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Check)]
pub struct CheckResponse {
    /// `check`.
    object: &'static str,
    /// Whether every permission was seen to be there.
    ok: bool,
    /// One per permission.
    probes: Vec<ProbeResponse>,
    /// The company at the HR system, when it tells.
    tenant: Option<String>,
    /// Why no answer was possible at all.
    error: Option<ErrorResponse>,
}

/// What a check found out about a permission.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Probe)]
struct ProbeResponse {
    /// In the HR system's own words.
    permission: &'static str,
    needed_for: String,
    /// Whether nothing works without it.
    required: bool,
    result: ProbeResult,
    /// What the admin should do or know.
    message: String,
}

/// Why no answer was possible.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckError)]
struct ErrorResponse {
    /// What kind of failure it is, or `budget_spent`.
    class: &'static str,
    message: String,
}

impl From<Probe> for ProbeResponse {
    fn from(probe: Probe) -> Self {
        Self {
            permission: probe.permission.name,
            needed_for: probe.permission.needed_for.in_language(Language::English),
            required: probe.permission.is_required(),
            result: probe.result,
            message: probe.message.in_language(Language::English),
        }
    }
}

impl From<Check> for CheckResponse {
    fn from(check: Check) -> Self {
        Self {
            object: "check",
            ok: check.ok(),
            error: check.error.as_ref().map(|error| ErrorResponse {
                class: error.class().map_or("budget_spent", |class| class.as_str()),
                message: error.to_string(),
            }),
            probes: check.probes.into_iter().map(ProbeResponse::from).collect(),
            tenant: check.tenant.map(|tenant| tenant.name),
        }
    }
}

/// The problem that a refusal is.
pub(in crate::web) fn problem(error: SetupError, id: &DirectoryId) -> Problem {
    match error {
        SetupError::NotFound => Problem::of_lookup(crate::db::DbError::NotFound, "Directory", id),
        SetupError::ProviderNotAllowed { provider } => Problem::ProviderNotAllowed { provider },
        SetupError::ProviderUnknown { .. }
        | SetupError::AlreadyComplete
        | SetupError::NotComplete => Problem::Conflict { message: sentence(&error.to_string()) },
        SetupError::Secret(error) => Problem::Internal(error.to_string()),
        other @ SetupError::RowProblems(_) => Problem::Internal(other.to_string()),
        SetupError::AlreadyConnected { directory } => Problem::AlreadyConnected { directory },
        SetupError::Disabled => Problem::DirectoryDisabled,
        SetupError::NoCredential => Problem::NoCredential,
        SetupError::NoAdmin => Problem::NoAdmin,
        SetupError::CredentialRefused(check) => {
            let check = serde_json::to_value(CheckResponse::from(*check)).unwrap_or_default();
            Problem::CredentialRefused { check }
        }
        SetupError::OtherCompany => Problem::InvalidCredential {
            message: text("check-other-company").in_language(Language::English),
        },
        SetupError::InvalidCredential { message } => {
            Problem::InvalidCredential { message: message.in_language(Language::English) }
        }
        SetupError::RunInProgress(run) => Problem::RunInProgress { run },
        SetupError::BudgetSpent { retry_after_seconds } => {
            Problem::BudgetSpent { retry_after_seconds }
        }
        // A spent budget is told apart before; our own fault is not the HR system's.
        SetupError::Provider(error) => match error.class() {
            None | Some(FailureClass::Internal) => Problem::Internal(error.to_string()),
            Some(class) => Problem::ProviderFailed { class, message: sentence(&error.to_string()) },
        },
        SetupError::Db(error) => error.into(),
    }
}

/// An error's text as a sentence for the caller.
pub(in crate::web) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str())
}
