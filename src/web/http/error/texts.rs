//! What callers are told of a problem, in words.

use super::{FieldError, Problem};
use crate::db::error::NoWrites;
use crate::texts::{Text, text};

impl Problem {
    /// What kind of problem it is, in a few words that never change.
    #[must_use]
    pub fn title(&self) -> Text {
        match self {
            Self::Unauthorized => text("api-unauthorized"),
            Self::TooManyWrongKeys { .. } => text("api-too-many-wrong-keys"),
            Self::NoVisit => text("api-no-visit"),
            Self::ForeignForm => text("api-foreign-form"),
            Self::UnknownRoute => text("api-unknown-route"),
            Self::MethodNotAllowed => text("api-method-not-allowed"),
            Self::MalformedJson { .. } => text("api-malformed-json"),
            Self::UnreadableBody => text("api-unreadable-body"),
            Self::TooSlow { .. } => text("api-body-too-slow"),
            Self::Crowded => text("api-crowded"),
            Self::TooLarge { .. } => text("api-body-too-large"),
            Self::Invalid(_) => text("api-invalid-request-parameters"),
            Self::NotFound { .. } => text("api-entity-not-found"),
            Self::EmailTaken => text("api-email-taken"),
            Self::LastAdmin => text("api-last-admin"),
            Self::ExternalIdTaken => text("api-external-id-taken"),
            Self::AccountManaged { .. } => text("api-account-managed"),
            Self::DuplicateEndpoint => text("api-duplicate-endpoint"),
            Self::InvalidUrl { .. } => text("api-invalid-url"),
            Self::OrganizationInUse => text("api-organization-in-use"),
            Self::ProviderNotAllowed { .. } => text("api-provider-not-allowed"),
            Self::AlreadyConnected { .. } => text("api-already-connected"),
            Self::DirectoryDisabled => text("api-directory-disabled"),
            Self::NoCredential => text("api-no-credential"),
            Self::NoAdmin => text("api-no-admin"),
            Self::CredentialRefused { .. } => text("api-credential-refused"),
            Self::InvalidCredential { .. } => text("api-invalid-credential"),
            Self::RunInProgress { .. } => text("api-run-in-progress"),
            Self::BudgetSpent { .. } => text("api-call-budget-spent"),
            Self::ProviderFailed { .. } => text("api-provider-failed"),
            Self::Conflict { .. } => text("api-conflict"),
            Self::InvalidCursor => text("api-invalid-cursor"),
            Self::CursorExpired => text("api-cursor-expired"),
            Self::IdempotencyKeyReused => text("api-idempotency-key-reused"),
            Self::RequestUnderWay => text("api-request-under-way"),
            Self::Unavailable | Self::DatabaseAway | Self::NoWrites(_) => text("api-unavailable"),
            Self::Protocol(_) => text("api-bad-request"),
            Self::Internal(_) => text("api-server-error"),
        }
    }

    /// What is wrong with this request and what to do about it.
    #[must_use]
    pub fn detail(&self) -> Text {
        match self {
            Self::MalformedJson { detail } => detail.clone(),
            Self::TooLarge { bytes_max } => {
                text("api-body-too-large-detail").with("bytes", bytes_max.to_string())
            }
            Self::TooSlow { ms_max } => {
                text("api-body-too-slow-detail").with("count", ms_max / 1_000)
            }
            Self::TooManyWrongKeys { retry_after_seconds } => {
                text("api-too-many-wrong-keys-detail").with("count", retry_after_seconds)
            }
            Self::Invalid(errors) => validation_detail(errors),
            Self::NotFound { what, id } if id.is_empty() => {
                text("api-entity-not-found-detail").with("what", what)
            }
            Self::NotFound { what, id } => {
                text("api-entity-not-found-id-detail").with("what", what).with("id", id)
            }
            Self::AccountManaged { directory, deleting: true, .. } => {
                text("api-account-managed-delete-detail").with("directory", directory.as_str())
            }
            Self::AccountManaged { fields, directory, .. } => text("api-account-managed-detail")
                .with("fields", fields.join(", "))
                .with("directory", directory.as_str()),
            Self::ProviderNotAllowed { provider } => text("api-provider-not-allowed-detail")
                .with("hr", provider.title())
                .with("provider", provider.as_str()),
            Self::InvalidUrl { message } => text("api-invalid-url-detail").with("message", message),
            Self::AlreadyConnected { directory } => {
                text("api-already-connected-detail").with("directory", directory.as_str())
            }
            Self::InvalidCredential { message }
            | Self::ProviderFailed { message, .. }
            | Self::Conflict { message } => Text::verbatim(message),
            Self::RunInProgress { run } => {
                text("api-run-in-progress-detail").with("run", run.as_str())
            }
            Self::BudgetSpent { retry_after_seconds } => {
                text("api-call-budget-spent-detail").with("count", retry_after_seconds)
            }
            plain => plain.plain_detail(),
        }
    }

    /// The details that are the same each time.
    fn plain_detail(&self) -> Text {
        match self {
            Self::Unauthorized => text("api-unauthorized-detail"),
            Self::UnknownRoute => text("api-unknown-route-detail"),
            Self::MethodNotAllowed => text("api-method-not-allowed-detail"),
            Self::UnreadableBody => text("api-unreadable-body-detail"),
            Self::LastAdmin => text("api-last-admin-detail"),
            Self::EmailTaken => text("api-email-taken-detail"),
            Self::ExternalIdTaken => text("api-external-id-taken-detail"),
            Self::DuplicateEndpoint => text("api-duplicate-endpoint-detail"),
            Self::OrganizationInUse => text("api-organization-in-use-detail"),
            Self::DirectoryDisabled => text("api-directory-disabled-detail"),
            Self::NoCredential => text("api-no-credential-detail"),
            Self::NoAdmin => text("api-no-admin-detail"),
            Self::CredentialRefused { .. } => text("api-credential-refused-detail"),
            Self::InvalidCursor => text("api-invalid-cursor-detail"),
            Self::CursorExpired => text("api-cursor-expired-detail"),
            Self::IdempotencyKeyReused => text("api-idempotency-key-reused-detail"),
            Self::RequestUnderWay => text("api-request-under-way-detail"),
            Self::Crowded => text("api-crowded-detail"),
            Self::Unavailable => text("api-busy-detail"),
            Self::DatabaseAway => text("api-database-away-detail"),
            Self::NoWrites(NoWrites::DiskFull) => text("api-disk-full-detail"),
            Self::NoWrites(NoWrites::ReadOnly) => text("api-read-only-detail"),
            Self::Internal(_) => text("api-server-error-detail"),
            _ => text("api-bad-request-detail"),
        }
    }

    /// The text that WorkOS SDKs show.
    pub(super) fn message(&self) -> Text {
        match self {
            Self::Unauthorized => text("api-unauthorized-message"),
            Self::Invalid(_) => text("api-invalid-message"),
            other => other.detail(),
        }
    }
}

/// The first finding, so that a plain log line already helps.
fn validation_detail(errors: &[FieldError]) -> Text {
    match errors.first() {
        Some(FieldError { field, message, .. }) => {
            text("api-invalid-detail").with("field", field).with("message", message)
        }
        None => text("api-invalid-message"),
    }
}
