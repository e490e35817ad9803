//! Why an HR system could not be asked.
//!
//! Invariant: no error can be taken for an absence (S-30), and none shows a secret or a person.

use crate::clock::Timestamp;
use crate::domain::certificate::Fault;
use crate::domain::failure::FailureClass;

/// Why an HR system could not be asked. Never means that a person is gone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The key is unknown, removed or malformed.
    #[error("the HR system refused the key")]
    Credential,
    /// The key lacks a permission; `permission` names it in the HR system's own words when known.
    #[error(
        "the HR system refused access ({})",
        .permission.unwrap_or("it does not say which permission is missing")
    )]
    Permission {
        /// The permission as the HR system's pages call it.
        permission: Option<&'static str>,
    },
    /// Too many calls. Ask again after `retry_after_ms`.
    #[error("the HR system asks to slow down")]
    Throttled {
        /// How long to wait, in milliseconds.
        retry_after_ms: i64,
        /// The limit that the answer named.
        calls_per_minute: Option<u32>,
    },
    /// Our own budget for this minute is spent; nothing was sent. Not a failure of the sync.
    #[error("the calls of this minute are used up")]
    BudgetSpent {
        /// When the next call may be made.
        until: Timestamp,
    },
    /// The customer's account at the HR system is suspended or has ended.
    #[error("the HR system says that the customer's account is suspended or has ended")]
    Suspended,
    /// No answer, or an answer that is the HR system's own fault.
    #[error("the HR system did not answer properly: {reason}")]
    Down {
        /// What happened, without personal data or secrets.
        reason: String,
        /// How long the HR system asks to wait, in milliseconds, when it says so.
        retry_after_ms: Option<i64>,
    },
    /// The server's TLS certificate is not accepted, so nothing was sent.
    #[error("the HR system's TLS certificate is not accepted ({fault}), so nothing was sent")]
    Untrusted {
        /// What is wrong with it.
        fault: Fault,
    },
    /// An answer that cannot be understood, or was cut off.
    #[error("the HR system's answer cannot be understood: {reason}")]
    Malformed {
        /// What was wrong and where, without personal data or secrets.
        reason: String,
    },
    /// The one who receives the records could not take them (our own fault).
    #[error("the answer could not be taken in: {reason}")]
    Sink {
        /// What happened.
        reason: String,
    },
}

impl ProviderError {
    /// The class an admin is told of; `None` for a spent budget, which is no failure.
    #[must_use]
    pub const fn class(&self) -> Option<FailureClass> {
        match self {
            Self::Credential => Some(FailureClass::Credential),
            Self::Permission { .. } => Some(FailureClass::Permission),
            Self::Throttled { .. } => Some(FailureClass::Throttled),
            Self::BudgetSpent { .. } => None,
            Self::Suspended => Some(FailureClass::Suspended),
            Self::Down { .. } | Self::Untrusted { .. } => Some(FailureClass::ProviderDown),
            Self::Malformed { .. } => Some(FailureClass::Malformed),
            Self::Sink { .. } => Some(FailureClass::Internal),
        }
    }
}

pub(super) fn malformed(reason: &str) -> ProviderError {
    ProviderError::Malformed { reason: reason.to_owned() }
}
