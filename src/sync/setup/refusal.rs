//! Why a directory could not be set up as asked. The texts are for the caller of the API.
//!
//! What this module must not do: do anything about it.

use crate::clock::Timestamp;
use crate::db::DbError;
use crate::domain::ids::{DirectoryId, RunId};
use crate::domain::provider::ProviderKind;
use crate::providers::{Check, ProviderError};
use crate::secret::SecretError;
use crate::sync::{Context, SyncError};
use crate::texts::{Language, Text};

/// Why something could not be done. The texts are for the caller of the API.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// There is no such organization or directory.
    #[error("there is no such directory")]
    NotFound,
    /// The operator does not allow this HR system for this organization (L-01).
    #[error("{} is not enabled for this organization", .provider.title())]
    ProviderNotAllowed {
        /// The HR system.
        provider: ProviderKind,
    },
    /// This version does not speak to this HR system.
    #[error("this version does not sync with {}", .provider.title())]
    ProviderUnknown {
        /// The HR system.
        provider: ProviderKind,
    },
    /// The organization has an open directory of this HR system already (L-01).
    #[error("the organization already has a directory of this HR system: {directory}")]
    AlreadyConnected {
        /// That directory.
        directory: DirectoryId,
    },
    /// The directory was disabled; set-up again makes a new one (L-09).
    #[error("the directory was disabled; create a new one to connect again")]
    Disabled,
    /// Set-up was completed before.
    #[error("set-up of this directory is complete already")]
    AlreadyComplete,
    /// Set-up has not been completed yet.
    #[error("set-up of this directory is not complete yet")]
    NotComplete,
    /// No credential was entered yet.
    #[error("enter the key of the HR system first")]
    NoCredential,
    /// Nobody would hear of a failure (S-45).
    #[error("add at least one admin first, so that somebody hears of failures")]
    NoAdmin,
    /// The HR system refuses the credential, or a permission is missing (L-04).
    #[error("the HR system does not accept this key for what is needed")]
    CredentialRefused(Box<Check>),
    /// The key works, and belongs to another company: people of two companies must never be mixed
    /// in one directory.
    #[error(
        "this key belongs to another company than the one this directory reads; disable the \
         directory and connect again to change the company"
    )]
    OtherCompany,
    /// The credential cannot be one.
    #[error("{}", .message.in_language(Language::English))]
    InvalidCredential {
        /// What is wrong and how to mend it.
        message: Text,
    },
    /// A full sync is waiting or at work.
    #[error("a sync is running already: {0}")]
    RunInProgress(RunId),
    /// This minute's calls are used up.
    #[error("the calls of this minute are used up; try again in {retry_after_seconds} seconds")]
    BudgetSpent {
        /// When there is room again.
        retry_after_seconds: i64,
    },
    /// The HR system could not be asked.
    #[error(transparent)]
    Provider(ProviderError),
    /// Records have problems, and the directory is strict.
    #[error("{}", SyncError::RowProblems(*.0))]
    RowProblems(u64),
    /// A sealed credential does not open.
    #[error("the stored key cannot be opened: {0}")]
    Secret(#[from] SecretError),
    /// The database did not do what was asked.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What it means for the caller that sync work was not done.
pub(crate) fn refusal(cx: &Context, error: SyncError) -> SetupError {
    match error {
        SyncError::Provider(ProviderError::BudgetSpent { until }) => spent(cx, until),
        SyncError::Provider(error) => SetupError::Provider(error),
        SyncError::NoProvider(provider) => SetupError::ProviderUnknown { provider },
        SyncError::NoCredential | SyncError::Superseded => SetupError::NoCredential,
        // A preview says it instead of failing.
        SyncError::OtherCompany(_) => SetupError::OtherCompany,
        SyncError::Secret(error) => SetupError::Secret(error),
        SyncError::Db(error) => SetupError::Db(error),
        // A preview says what is wrong instead of failing.
        SyncError::RowProblems(records) => SetupError::RowProblems(records),
        SyncError::Panicked => SetupError::Db(DbError::Panicked),
    }
}

pub(crate) fn spent(cx: &Context, until: Timestamp) -> SetupError {
    let wait_ms = until.since(cx.clock.now()).max(0);
    let retry_after_seconds = wait_ms.saturating_add(999) / Timestamp::SECOND;
    SetupError::BudgetSpent { retry_after_seconds: retry_after_seconds.max(1) }
}
