//! Why an operation was not done.

use std::fmt;

use crate::db::DbError;
use crate::domain::ids::DirectoryId;

/// Why an operation was not done. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// The named thing does not exist.
    #[error("{what} not found")]
    NotFound {
        /// What kind of thing, as people are told.
        what: &'static str,
        /// Its id as the caller wrote it.
        id: String,
    },
    /// A value cannot be taken.
    #[error("{field} {message}")]
    Invalid {
        /// Which value.
        field: &'static str,
        /// What is wrong, as a fixed word.
        code: &'static str,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// Items of a list cannot be taken.
    #[error("{field} has items that cannot be taken")]
    InvalidItems {
        /// Which list.
        field: &'static str,
        /// Which items, and why.
        wrong: Vec<WrongItem>,
    },
    /// What was given cannot be the URL of an endpoint.
    #[error("the URL {message}")]
    InvalidUrl {
        /// What is wrong with it.
        message: String,
    },
    /// Another one in this organization has this e-mail.
    #[error("this e-mail is taken")]
    EmailTaken,
    /// Another one has this external id.
    #[error("this external id is taken")]
    ExternalIdTaken,
    /// The last admin of an organization that is connected (S-45).
    #[error("the organization needs an admin")]
    LastAdmin,
    /// The organization still has directories that are not disabled.
    #[error("the organization has a connected directory")]
    OrganizationInUse,
    /// The directory is disabled, which is for good (L-09).
    #[error("the directory is disabled")]
    DirectoryDisabled,
    /// There is an endpoint with this URL already (wire contract §4).
    #[error("there is an endpoint with this URL already")]
    DuplicateEndpoint,
    /// A directory manages these fields of the account (S-10).
    #[error("a directory manages this account")]
    AccountManaged {
        /// The fields, by their names in the API.
        fields: Vec<String>,
        /// The directory that manages them.
        directory: DirectoryId,
        /// Whether the account was to be deleted.
        deleting: bool,
    },
    /// The state of the thing does not allow this.
    #[error("{message}")]
    Conflict {
        /// Why not, and what to do.
        message: String,
    },
    /// Our own fault; the text is for the log.
    #[error("{0}")]
    Internal(String),
    /// The database did not do what was asked.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// An item of a list that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongItem {
    /// The item as the caller wrote it.
    pub item: String,
    /// What is wrong, as a fixed word.
    pub code: &'static str,
    /// What is wrong, as the rest of a sentence about the item.
    pub why: &'static str,
}

impl OperationError {
    /// What a failed look-up by id means.
    pub fn of_lookup(error: DbError, what: &'static str, id: impl fmt::Display) -> Self {
        match error {
            DbError::NotFound => Self::NotFound { what, id: id.to_string() },
            other => other.into(),
        }
    }

    /// What a refused write of an organization, admin or account means.
    #[must_use]
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
