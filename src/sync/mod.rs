//! Sync: from "look at this person" to a changed account, on one path.
//!
//! A webhook, a poll and a full sync end in the same place (S-04):
//!
//! ```text
//! live (one person, because a webhook named them) ─┐
//! full (everybody, because it is time)            ─┼─> decide ─> apply ─> events
//! reevaluate (whoever a date or a decision moves) ─┘
//! ```
//!
//! A preview reads and decides in the same way and stops before it would write.
//!
//! Invariants:
//! - [`decide`] is pure: what is decided follows from what was observed and what is stored.
//! - No network call happens inside a transaction; an answer is taken in before one is opened.
//! - An observation that is older than what is stored is dropped, by number and not by clock
//!   (S-05).
//! - A result is written only while the claim, the directory's state and the credential it was
//!   obtained with still stand.
//! - An error never removes anyone (S-30).
//!
//! What this module must not do: serve HTTP, send mail, decide when to run (that is `tasks`).

use std::sync::Arc;

use crate::clock::{Clock, Random};
use crate::db::{Db, DbError};
use crate::domain::failure::OTHER_COMPANY;
use crate::domain::guard::GuardLimits;
use crate::domain::notice;
use crate::domain::provider::ProviderKind;
use crate::domain::trust::Trust;
use crate::providers::{Connect, ProviderError};
use crate::secret::{Keys, SecretError};
use crate::texts::Language;

pub mod apply;
pub mod budget;
pub mod clearing;
pub mod connect;
pub mod decide;
pub mod failure;
pub mod full;
pub mod live;
pub mod permissions;
pub mod queue;
pub mod reevaluate;
pub mod schedule;
pub mod setup;

/// Why a piece of sync work was not done.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The claim was lost, or the directory or its credential changed meanwhile; nothing was
    /// written.
    #[error("the work was superseded")]
    Superseded,
    /// This version does not speak to this HR system.
    #[error("this version does not sync with {}", .0.title())]
    NoProvider(ProviderKind),
    /// The directory has no credential.
    #[error("the directory has no key")]
    NoCredential,
    /// The HR system could not be asked.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// Records have problems, and the directory is strict: nothing is applied (S-07).
    #[error(
        "{} to be corrected; nothing was applied",
        notice::records_text(*.0).in_language(Language::English)
    )]
    RowProblems(u64),
    /// The key may read another company: nothing is applied (L-10).
    #[error("{}", OTHER_COMPANY)]
    OtherCompany(Box<full::company::Doubt>),
    /// The database did not do what was asked.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The work panicked; its claim ends by itself.
    #[error("the work failed unexpectedly")]
    Panicked,
    /// A sealed credential does not open.
    #[error("the stored key cannot be opened: {0}")]
    Secret(#[from] SecretError),
}

impl SyncError {
    /// Whether the same work may succeed a little later, with nobody to blame.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Db(error) if error.is_temporary())
    }

    /// Whether the database cannot be reached, of which the log tells once (O-08).
    #[must_use]
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Db(error) if error.is_away())
    }
}

/// Everything sync needs from outside. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Whether the time is believed.
    pub trust: Arc<Trust>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// The opened data keys.
    pub keys: Arc<Keys>,
    /// Opens a conversation with an HR system.
    pub connect: Arc<dyn Connect>,
    /// What webhook URLs and links are built from, without a slash at the end.
    pub public_url: Arc<str>,
    /// How often and how fast HR systems are asked.
    pub pace: Arc<Pace>,
    /// How many people may lose access within an hour without an admin's word (S-32).
    pub guard: GuardLimits,
    /// Whether notices go out by mail too.
    pub sends_mail: bool,
}

/// How often and how fast HR systems are asked.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Seconds between full syncs, for directories that do not say.
    pub poll_seconds_default: i64,
    /// Calls a minute and directory, by provider.
    pub calls_per_minute: Vec<(ProviderKind, i64)>,
    /// Calls a minute for all directories of a provider, where the operator fixed it.
    pub shared_calls_per_minute: Vec<(ProviderKind, i64)>,
}

impl Pace {
    /// Calls a minute and directory.
    #[must_use]
    pub fn of(&self, provider: ProviderKind) -> i64 {
        self.calls_per_minute.iter().find(|(kind, _)| *kind == provider).map_or(25, |(_, n)| *n)
    }

    /// Calls a minute for all directories of a provider, where the operator fixed it.
    #[must_use]
    pub fn shared(&self, provider: ProviderKind) -> Option<i64> {
        self.shared_calls_per_minute.iter().find(|(kind, _)| *kind == provider).map(|(_, n)| *n)
    }
}
