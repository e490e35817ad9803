//! What can go wrong with a request, and how the caller is told (RFC 9457, product description
//!
//!
//! A handler returns a [`Problem`]; [`crate::web::http::middleware`] writes the body, because only
//! it knows the request id and in which [`Form`] the caller reads. What no handler has foreseen is
//! a 500 and logged once, with that id.
//!
//! A new kind of problem is a variant here, a row in `table`, and its words in `texts`; `form` puts
//! them into an answer.
//!
//! Invariants: no text of a problem repeats a secret, a webhook URL or a row's contents; the source
//! of an internal error goes to the log and not to the caller.

use std::fmt;

use actix_web::http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use crate::db::DbError;
use crate::db::error::NoWrites;
use crate::domain::failure::FailureClass;
use crate::domain::ids::{DirectoryId, RunId};
use crate::domain::provider::ProviderKind;
use crate::operations::OperationError;
use crate::texts::{Language, Text};

mod form;
mod table;
mod texts;

pub use form::Form;

/// One thing that is wrong with one member or parameter of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The member or parameter.
    pub field: String,
    /// What is wrong, as a fixed word.
    pub code: &'static str,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl FieldError {
    /// One thing that is wrong.
    pub fn new(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { field: field.into(), code, message: message.into() }
    }
}

/// Why a request was not done.
#[derive(Debug)]
pub enum Problem {
    /// No API key, or one that is unknown or revoked.
    Unauthorized,
    /// An API key is wrong, as were too many before it from the same address.
    TooManyWrongKeys {
        /// When a wrong key is only refused again, in seconds.
        retry_after_seconds: i64,
    },
    /// A page of the portal or the operator's is asked for outside a visit to it.
    NoVisit,
    /// A form that does not come from the page it belongs to.
    ForeignForm,
    /// There is nothing at this address.
    UnknownRoute,
    /// The address is right, the method is not.
    MethodNotAllowed,
    /// The body is no JSON; says where.
    MalformedJson {
        /// What is wrong and where.
        detail: Text,
    },
    /// The body could not be read to its end.
    UnreadableBody,
    /// The body did not arrive in time.
    TooSlow {
        /// How long it may take.
        ms_max: u64,
    },
    /// Too many people who are not signed in send forms at the same time, and this one has taken
    /// longest (O-08).
    Crowded,
    /// The body is too large.
    TooLarge {
        /// How large it may be.
        bytes_max: usize,
    },
    /// Members or parameters are wrong.
    Invalid(Vec<FieldError>),
    /// The named thing does not exist.
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// Its id as the caller wrote it; empty when it must not be repeated.
        id: String,
    },
    /// Another one in this organization has this e-mail.
    EmailTaken,
    /// The last admin of an organization that is connected (S-45).
    LastAdmin,
    /// Another one has this external id.
    ExternalIdTaken,
    /// A directory manages these fields of the account (S-10).
    AccountManaged {
        /// The fields, by their names in the API.
        fields: Vec<String>,
        /// The directory that manages them.
        directory: DirectoryId,
        /// Whether the account was to be deleted.
        deleting: bool,
    },
    /// There is an endpoint with this URL already (wire contract §4).
    DuplicateEndpoint,
    /// What was given cannot be the URL of an endpoint.
    InvalidUrl {
        /// What is wrong with it.
        message: String,
    },
    /// The organization still has directories that are not disabled.
    OrganizationInUse,
    /// The operator has not allowed this HR system for the organization (L-01).
    ProviderNotAllowed {
        /// The HR system.
        provider: ProviderKind,
    },
    /// The organization is connected to this HR system already (L-01).
    AlreadyConnected {
        /// Its directory.
        directory: DirectoryId,
    },
    /// The directory is disabled, which is for good (L-09).
    DirectoryDisabled,
    /// The directory has no credential yet.
    NoCredential,
    /// The organization has no admin who could be told of failures (S-45).
    NoAdmin,
    /// The HR system refused the credential, or it lacks a needed permission (L-04).
    CredentialRefused {
        /// The check, as it is shown.
        check: Value,
    },
    /// What was given cannot be a credential of this HR system.
    InvalidCredential {
        /// What is wrong with it.
        message: String,
    },
    /// A full sync is under way already.
    RunInProgress {
        /// Which.
        run: RunId,
    },
    /// The calls that the HR system allows per minute are used up (S-44).
    BudgetSpent {
        /// When to ask again, in seconds.
        retry_after_seconds: i64,
    },
    /// The HR system could not be asked.
    ProviderFailed {
        /// What kind of failure it is, as admins are told of it.
        class: FailureClass,
        /// What happened, without personal data or secrets.
        message: String,
    },
    /// The state of the thing does not allow this.
    Conflict {
        /// Why not, and what to do.
        message: String,
    },
    /// The cursor is no event id.
    InvalidCursor,
    /// The cursor is older than the oldest event that is kept.
    CursorExpired,
    /// This idempotency key was used for another request.
    IdempotencyKeyReused,
    /// The first request with this idempotency key is not answered yet.
    RequestUnderWay,
    /// Too busy, or the database is away; the same request may succeed soon.
    Unavailable,
    /// The database cannot be reached; the same request may succeed soon.
    DatabaseAway,
    /// The database answers and takes no changes (O-08).
    NoWrites(NoWrites),
    /// An HTTP-level refusal by the server library.
    Protocol(StatusCode),
    /// Our own fault; the text is for the log.
    Internal(String),
}

impl Problem {
    /// One wrong member or parameter.
    pub fn invalid(field: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, code, message)])
    }

    /// What a failed look-up by id means: 404 naming what was looked for, or the database's fault.
    pub fn of_lookup(error: DbError, what: &'static str, id: impl fmt::Display) -> Self {
        match error {
            DbError::NotFound => Self::NotFound { what, id: shown_id(&id.to_string()) },
            other => other.into(),
        }
    }

    /// What a refused write of an organization, admin or account means.
    pub fn of_write(error: DbError) -> Self {
        if error.is_conflict_on("email_norm") {
            Self::EmailTaken
        } else if error.is_conflict_on("external_id") {
            Self::ExternalIdTaken
        } else {
            error.into()
        }
    }
}

/// What callers of the API read; it speaks English.
#[must_use]
pub fn in_english(text: &Text) -> String {
    text.in_language(Language::English)
}

/// What of an id that a caller wrote is repeated to them: text of a sane length without surprises.
pub fn shown_id(id: &str) -> String {
    id.chars().filter(|c| c.is_ascii_graphic() && !"<>'\"&".contains(*c)).take(100).collect()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&in_english(&self.title()))
    }
}

impl From<OperationError> for Problem {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::NotFound { what, id } => Self::NotFound { what, id: shown_id(&id) },
            OperationError::Invalid { field, code, message } => Self::invalid(field, code, message),
            OperationError::InvalidItems { field, wrong } => {
                let told = wrong.into_iter().map(|wrong| {
                    let message = format!("{} {}", shown_id(&wrong.item), wrong.why);
                    FieldError::new(field, wrong.code, message)
                });
                Self::Invalid(told.collect())
            }
            OperationError::InvalidUrl { message } => Self::InvalidUrl { message },
            OperationError::EmailTaken => Self::EmailTaken,
            OperationError::ExternalIdTaken => Self::ExternalIdTaken,
            OperationError::LastAdmin => Self::LastAdmin,
            OperationError::OrganizationInUse => Self::OrganizationInUse,
            OperationError::DirectoryDisabled => Self::DirectoryDisabled,
            OperationError::DuplicateEndpoint => Self::DuplicateEndpoint,
            OperationError::AccountManaged { fields, directory, deleting } => {
                Self::AccountManaged { fields, directory, deleting }
            }
            OperationError::Conflict { message } => Self::Conflict { message },
            OperationError::Internal(text) => Self::Internal(text),
            OperationError::Db(error) => error.into(),
        }
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match error {
            DbError::NotFound => Self::NotFound { what: "Object", id: String::new() },
            DbError::Busy | DbError::Unavailable(_) => Self::Unavailable,
            DbError::Away(_) => Self::DatabaseAway,
            DbError::NoWrites(why) => Self::NoWrites(why),
            other => Self::Internal(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
