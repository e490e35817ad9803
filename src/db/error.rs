//! What can go wrong with the database, in words that the layers above can act on.

use std::sync::atomic::{AtomicBool, Ordering};

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// Why the database did not do what was asked. No `Display` text carries row contents.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// There is no such row.
    #[error("no such row")]
    NotFound,
    /// A unique rule would be broken; `rule` is "table.column[, table.column]" as in the schema.
    #[error("another row already has this value ({rule})")]
    Conflict {
        /// The columns of the rule, "table.column", sorted.
        rule: String,
    },
    /// The queue of the writer is full; ask again soon.
    #[error("too much is waiting to be written; try again soon")]
    Busy,
    /// Two transactions waited for each other, and this one was undone for the other's sake.
    #[error("two writes waited for each other; try again")]
    Deadlock,
    /// The database cannot be reached. The log tells of it already (O-08).
    #[error("the database cannot be reached: {0}")]
    Away(String),
    /// The database cannot do it now.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The database answers and takes no changes.
    #[error("the database takes no changes: {0}")]
    NoWrites(NoWrites),
    /// A stored value does not mean anything to this version.
    #[error("the database holds a value that this version does not understand: {0}")]
    Corrupt(String),
    /// The work inside the transaction panicked; nothing of it was written.
    #[error("the work inside a transaction failed unexpectedly; nothing of it was written")]
    Panicked,
    /// Anything else.
    #[error("the database refused a statement: {0}")]
    Other(String),
}

/// Why a database takes no changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoWrites {
    /// There is no room left.
    #[error("its disk is full")]
    DiskFull,
    /// It is a standby, or was set to be read only.
    #[error("it is read-only")]
    ReadOnly,
}

/// Whether this process knows that the database takes no changes.
static TAKES_NONE: AtomicBool = AtomicBool::new(false);

/// The log tells once when it begins, whoever notices it (O-08).
fn no_writes(why: NoWrites) -> DbError {
    if !TAKES_NONE.swap(true, Ordering::SeqCst) {
        tracing::error!(reason = %why, "the database takes no changes");
    }
    DbError::NoWrites(why)
}

/// A change was written: the log tells once when that is possible again.
pub(crate) fn note_write() {
    if TAKES_NONE.swap(false, Ordering::SeqCst) {
        tracing::warn!("the database takes changes again");
    }
}

impl DbError {
    /// Whether this is a broken unique rule over the given column.
    #[must_use]
    pub fn is_conflict_on(&self, column: &str) -> bool {
        matches!(self, Self::Conflict { rule } if rule.split(", ").any(|c| c.ends_with(column)))
    }

    /// Whether the same request may succeed a little later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Busy | Self::Deadlock | Self::Unavailable(_) | Self::NoWrites(_) | Self::Away(_)
        )
    }

    /// Whether the database cannot be reached or takes no changes, of which the log tells once and
    /// not for each who notices.
    #[must_use]
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Away(_) | Self::NoWrites(_))
    }
}

impl From<DieselError> for DbError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::NotFound => Self::NotFound,
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, info) => {
                Self::Conflict { rule: unique_rule(info.message(), info.constraint_name()) }
            }
            DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, info) => {
                Self::Away(info.message().to_owned())
            }
            DieselError::DatabaseError(_, info) => database_message(info.message()),
            DieselError::DeserializationError(source) => Self::Corrupt(source.to_string()),
            DieselError::RollbackErrorOnCommit { commit_error, .. } => Self::from(*commit_error),
            DieselError::BrokenTransactionManager => {
                Self::Unavailable("the connection lost its transaction".to_owned())
            }
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<diesel::r2d2::PoolError> for DbError {
    fn from(error: diesel::r2d2::PoolError) -> Self {
        Self::Away(error.to_string())
    }
}

/// Messages of both databases that mean "not now" rather than "never".
fn database_message(message: &str) -> DbError {
    const NOT_NOW: &[&str] =
        &["database is locked", "disk I/O error", "lock timeout", "statement timeout"];
    const FULL: &[&str] = &["disk is full", "no space left", "could not extend file"];
    const READ_ONLY: &[&str] = &["read-only transaction", "readonly database"];
    const AWAY: &[&str] = &[
        "terminating connection",
        "server closed the connection",
        "could not connect",
        "no connection to the server",
        "could not receive data from server",
        "could not send data to server",
        "connection has been closed",
        "the database system is",
    ];
    let lower = message.to_lowercase();
    if AWAY.iter().any(|text| lower.contains(text)) {
        return DbError::Away(message.to_owned());
    }
    if lower.contains("deadlock detected") {
        return DbError::Deadlock;
    }
    if FULL.iter().any(|text| lower.contains(text)) {
        return no_writes(NoWrites::DiskFull);
    }
    if READ_ONLY.iter().any(|text| lower.contains(text)) {
        return no_writes(NoWrites::ReadOnly);
    }
    if NOT_NOW.iter().any(|text| lower.contains(&text.to_lowercase())) {
        DbError::Unavailable(message.to_owned())
    } else {
        DbError::Other(message.to_owned())
    }
}

/// SQLite names the columns ("UNIQUE constraint failed: a.b, a.c") and no constraint; PostgreSQL
/// names the constraint (`a_b_c_key`) and no columns. Both become a text that ends with the last
/// column's name per part, which is what callers compare.
fn unique_rule(message: &str, constraint: Option<&str>) -> String {
    if let Some(columns) = message.strip_prefix("UNIQUE constraint failed: ") {
        return columns.to_owned();
    }
    constraint.map_or(message, |name| name.strip_suffix("_key").unwrap_or(name)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_unique_rule_is_recognised_in_both_dialects() {
        let lite = DbError::Conflict {
            rule: unique_rule(
                "UNIQUE constraint failed: accounts.organization_id, accounts.email_norm",
                None,
            ),
        };
        let pg = DbError::Conflict {
            rule: unique_rule(
                "duplicate key value violates unique constraint",
                Some("accounts_organization_id_email_norm_key"),
            ),
        };
        for error in [lite, pg] {
            assert!(error.is_conflict_on("email_norm"), "{error}");
            assert!(!error.is_conflict_on("external_id"), "{error}");
        }
    }
}
