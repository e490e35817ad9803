//! What the refusals of [`crate::sync::setup`] mean over HTTP, and how a check is sent (L-04).

use serde::Serialize;

use crate::domain::failure::FailureClass;
use crate::domain::ids::DirectoryId;
use crate::providers::{Check, Probe, ProbeResult};
use crate::sync::setup::SetupError;
use crate::web::error::Problem;

/// A check as it is sent.
#[derive(Debug, Serialize)]
pub(super) struct CheckResponse {
    object: &'static str,
    ok: bool,
    probes: Vec<ProbeResponse>,
    tenant: Option<String>,
    error: Option<ErrorResponse>,
}

#[derive(Debug, Serialize)]
struct ProbeResponse {
    permission: &'static str,
    needed_for: &'static str,
    required: bool,
    result: ProbeResult,
    message: String,
}

#[derive(Debug, Serialize)]
struct ErrorResponse {
    class: &'static str,
    message: String,
}

impl From<Probe> for ProbeResponse {
    fn from(probe: Probe) -> Self {
        Self {
            permission: probe.permission.name,
            needed_for: probe.permission.needed_for,
            required: probe.permission.required,
            result: probe.result,
            message: probe.message,
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
        SetupError::AlreadyConnected { directory } => Problem::AlreadyConnected { directory },
        SetupError::Disabled => Problem::DirectoryDisabled,
        SetupError::NoCredential => Problem::NoCredential,
        SetupError::NoAdmin => Problem::NoAdmin,
        SetupError::CredentialRefused(check) => {
            let check = serde_json::to_value(CheckResponse::from(*check)).unwrap_or_default();
            Problem::CredentialRefused { check }
        }
        other @ SetupError::OtherCompany => {
            Problem::InvalidCredential { message: sentence(&other.to_string()) }
        }
        SetupError::InvalidCredential { message } => {
            Problem::InvalidCredential { message: sentence(&message) }
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
