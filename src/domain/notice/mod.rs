//! What the admins are told, in words (S-41, S-43).
//!
//! The reader is an HR admin, not an engineer. Each text says what happened, what it means, and
//! what to do step by step in the HR system's own words (L-03). The same text goes to mail, portal
//! and API.
//!
//! Invariants:
//! - No personal data of employees: the facts have no place for any.
//! - No text of a failure's technical reason; it is in the log for the operator.
//! - Names come from customers. They are cut and kept on one line, so that they can neither forge a
//!   mail header nor a paragraph, a step or a link of the text.
//!
//! What this module must not do: decide when a notice is due, send it, or format it for a page.

use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::domain::failure::FailureClass;
use crate::domain::hold::HoldKind;
use crate::domain::ids::EndpointId;
use crate::domain::profile::Profile;
use crate::text_enum;

mod absence;
mod body;
mod endpoint;
mod failed;
mod holds;
mod line;
mod recovery;
mod sign_in;

pub use self::absence::absence_unconfirmed;
pub use self::body::{Block, NoticeText};
pub use self::endpoint::endpoint_disabled;
pub use self::failed::{records_refused, records_text, sync_failed};
pub use self::holds::hold_waits;
pub use self::line::{moment_text, one_line, time_text};
pub use self::recovery::{sync_recovered, sync_silent};
pub use self::sign_in::sign_in;

text_enum! {
    /// What a notice is about.
    NoticeKind {
        /// Changes from the HR system no longer arrive.
        SyncFailed = "sync_failed",
        /// They arrive again.
        SyncRecovered = "sync_recovered",
        /// Nothing failed as such, but nothing succeeded for too long either.
        SyncSilent = "sync_silent",
        /// A change waits for an admin's decision.
        HoldOpened = "hold_opened",
        /// It still does.
        HoldReminder = "hold_reminder",
        /// People are missing from HR's list, and for a day no answer has come about them (S-31).
        AbsenceUnconfirmed = "absence_unconfirmed",
        /// A receiver of events was switched off because it failed for too long.
        EndpointDisabled = "endpoint_disabled",
    }
}

/// Whose notice it is, and where the page is that repairs or shows it.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The organization's name.
    pub organization: &'a str,
    /// The directory's name.
    pub directory: &'a str,
    /// The HR system.
    pub hr: &'a Profile,
    /// The organization's time zone.
    pub zone: &'a TimeZone,
    /// The page's address, `http` or `https`.
    pub link: &'a str,
}

/// What is known about a failed sync.
#[derive(Debug, Clone, Copy)]
pub struct FailureFacts<'a> {
    /// Whose it is.
    pub place: Place<'a>,
    /// Why it failed.
    pub class: FailureClass,
    /// The missing permission in the HR system's own words, or what is wrong with its certificate,
    /// when it is known.
    pub detail: Option<&'a str>,
    /// Since when it has been failing.
    pub since: Timestamp,
}

/// What is known about records that stop everything in a strict directory.
#[derive(Debug, Clone, Copy)]
pub struct RecordsFacts<'a> {
    /// Whose it is.
    pub place: Place<'a>,
    /// How many records HR has to correct.
    pub records: u64,
    /// Since when nothing has been updated.
    pub since: Timestamp,
}

/// What is known about a recovery.
#[derive(Debug, Clone, Copy)]
pub struct RecoveryFacts<'a> {
    /// Whose it is.
    pub place: Place<'a>,
    /// Since when it had been failing.
    pub failing_since: Timestamp,
    /// When it worked again.
    pub recovered_at: Timestamp,
}

/// What is known about a silence.
#[derive(Debug, Clone, Copy)]
pub struct SilenceFacts<'a> {
    /// Whose it is.
    pub place: Place<'a>,
    /// The last time everything was brought up to date, when there was one.
    pub last_success: Option<Timestamp>,
}

/// How many people wait in holds of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldCount {
    /// What waits.
    pub kind: HoldKind,
    /// How many people.
    pub people: u64,
}

/// What is known about holds.
#[derive(Debug, Clone, Copy)]
pub struct HoldFacts<'a> {
    /// Whose they are.
    pub place: Place<'a>,
    /// What waits, each kind once.
    pub waiting: &'a [HoldCount],
    /// When the oldest of them was opened.
    pub opened_at: Timestamp,
    /// Whether the admins were told before.
    pub is_reminder: bool,
}

/// What is known about missing people about whom no answer comes.
#[derive(Debug, Clone, Copy)]
pub struct UnconfirmedFacts<'a> {
    /// Whose they are.
    pub place: Place<'a>,
    /// How many.
    pub people: u64,
    /// Since when the first of them has been missing.
    pub since: Timestamp,
}

/// What is known about an endpoint that was disabled because of its answers.
#[derive(Debug, Clone, Copy)]
pub struct EndpointFacts<'a> {
    /// The organization's name.
    pub organization: &'a str,
    /// The endpoint.
    pub endpoint: &'a EndpointId,
    /// Whether it said itself that it is gone; else it did nothing but fail.
    pub gone: bool,
    /// Since when it has been failing.
    pub since: Timestamp,
    /// The organization's time zone.
    pub zone: &'a TimeZone,
    /// The endpoint's address in the API.
    pub link: &'a str,
}

#[cfg(test)]
mod tests;
