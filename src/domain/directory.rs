//! Directories: their states, settings and runs (product description §2).

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::limits;
use crate::text_enum;

/// How long a directory may go without a successful sync before that is silence, in milliseconds
/// (S-41).
#[must_use]
pub fn silent_after_ms(poll_seconds: i64) -> i64 {
    let interval_ms = poll_seconds.saturating_mul(Timestamp::SECOND);
    interval_ms.saturating_mul(limits::SILENT_INTERVALS_MAX).max(limits::SILENT_MS_MIN)
}

text_enum! {
    /// Where a directory is in its life.
    DirectoryState {
        /// Made, no usable credential yet.
        Setup = "setup",
        /// Set-up was completed; the first full sync has not succeeded yet.
        Validating = "validating",
        /// In step.
        Active = "active",
        /// The last sync failed; an admin has been told.
        Failing = "failing",
        /// Ended for good; set-up again makes a new directory.
        Disabled = "disabled",
    }
}

impl DirectoryState {
    /// Whether syncs run and webhooks are looked at.
    #[must_use]
    pub const fn is_syncing(self) -> bool {
        matches!(self, Self::Validating | Self::Active | Self::Failing)
    }
}

text_enum! {
    /// What happens to the directory user of somebody who becomes inactive (wire contract §6).
    InactivePolicy {
        /// Kept, with state `inactive`.
        Keep = "keep",
        /// Sent as deleted.
        Delete = "delete",
    }
}

text_enum! {
    /// How people are linked when an organization connects again (L-09).
    Relink {
        /// Former links are restored first.
        Ledger = "ledger",
        /// By e-mail only.
        Email = "email",
    }
}

text_enum! {
    /// Lists that fill themselves while syncing (S-09).
    CatalogueKind {
        /// Departments.
        Department = "department",
        /// Job titles.
        Position = "position",
        /// Office locations.
        OfficeLocation = "office_location",
    }
}

text_enum! {
    /// Why a full sync runs (S-06).
    RunTrigger {
        /// Set-up was completed.
        Setup = "setup",
        /// A new credential was entered (L-07).
        Credentials = "credentials",
        /// It was time.
        Scheduled = "scheduled",
        /// Somebody asked for it.
        Manual = "manual",
        /// Too many people changed at once to look at one by one (S-03).
        Burst = "burst",
    }
}

impl RunTrigger {
    /// Whether nobody waits for such a run: it comes by itself.
    #[must_use]
    pub const fn is_quiet(self) -> bool {
        matches!(self, Self::Scheduled | Self::Burst)
    }
}

text_enum! {
    /// How far a full sync is.
    RunState {
        /// Waits.
        Queued = "queued",
        /// Works.
        Running = "running",
        /// Done.
        Succeeded = "succeeded",
        /// Gave up; nothing is half done.
        Failed = "failed",
    }
}

/// What a full sync did, in people (product description §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunCounts {
    /// Seen in the HR system.
    pub seen: u64,
    /// Accounts created.
    pub created: u64,
    /// Accounts linked that were there before.
    pub linked: u64,
    /// Changed.
    pub updated: u64,
    /// As they were.
    pub unchanged: u64,
    /// Became inactive.
    pub deactivated: u64,
    /// Not applied because of their record.
    pub row_problems: u64,
    /// Waiting for a decision.
    pub held: u64,
}

impl RunCounts {
    /// Adds what a part of a list has come to. How many were `seen` is known from the list itself.
    pub fn add(&mut self, part: Self) {
        self.created = self.created.saturating_add(part.created);
        self.linked = self.linked.saturating_add(part.linked);
        self.updated = self.updated.saturating_add(part.updated);
        self.unchanged = self.unchanged.saturating_add(part.unchanged);
        self.deactivated = self.deactivated.saturating_add(part.deactivated);
        self.row_problems = self.row_problems.saturating_add(part.row_problems);
        self.held = self.held.saturating_add(part.held);
    }
}
