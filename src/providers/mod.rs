//! The HR systems: how each is asked, and how its answers become one normal form.
//!
//! Invariants:
//! - Nothing here writes to an HR system. Each provider's client can only build reading requests.
//! - "Could not ask" ([`ProviderError`]) and "asked, not there" ([`Fetched::Gone`]) are different
//!   types (S-30); no error can be taken for an absence.
//! - Sensitive fields are dropped while parsing (S-15): wire structs name only what a record keeps.
//! - No secret and no personal data is logged or put into an error.
//!
//! What this module must not do: touch the database, decide who is linked or removed, wait or
//! retry. The caller decides when to ask again; see [`ProviderError`] for what it is told.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::domain::employee::{EmployeeNumber, EmployeeRecord, ExternalKey};
use crate::domain::profile::Permission;
use crate::domain::provider::ProviderKind;
use crate::text_enum;
use crate::texts::{Text, text};

pub mod breathe_hr;
pub mod charset;
mod credential;
pub mod error;
pub mod fields;
pub mod hrworks;
pub mod http;
mod likeness;
pub mod paging;
pub mod pasted;
pub mod people_hr;
mod registry;
pub mod salvage;
pub mod slim;
pub mod splitter;
mod splitter_element;
mod trim;

pub use self::credential::{Credential, CredentialInput};
pub use self::error::ProviderError;
use self::error::malformed;
pub use self::likeness::{Likeness, Unclear};
pub use self::registry::{BaseUrls, Registry, credential, profile};

/// Which call of a budget a request is: live looks go before polls (S-44).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallLane {
    /// One person, because a webhook named them.
    Live,
    /// A full list, or a check that an admin waits for.
    Bulk,
    /// A full list that webhooks wait for: two calls instead of a look at each person (S-03).
    Burst,
}

/// Asks for leave before each call and hears of throttling; kept in the database by the caller, so
/// that replicas and restarts share it (S-44).
pub trait CallGate: Send + Sync {
    /// Reserves one call. [`ProviderError::BudgetSpent`] when this minute's calls are used up and
    /// nobody waits for the next ones here.
    fn reserve(&self, lane: CallLane) -> BoxFuture<'_, Result<(), ProviderError>>;

    /// The HR system said "too many calls"; `calls_per_minute` is the limit it named, if it did.
    fn throttled(&self, calls_per_minute: Option<u32>) -> BoxFuture<'_, ()>;

    /// The HR system asked to slow down in the middle of a list. Waits `wait_ms` if there is time
    /// for it; true when the same page may then be asked for again. How often in a row is counted
    /// by [`paging::patiently`].
    fn wait_out(&self, wait_ms: i64) -> BoxFuture<'_, bool>;
}

/// Opens a conversation with an HR system in the name of one customer.
pub trait Connect: Send + Sync {
    /// The provider of this kind, or `None` when this version does not speak to it or the
    /// credential is of another form.
    fn connect(
        &self,
        kind: ProviderKind,
        credential: &Credential,
        gate: Arc<dyn CallGate>,
    ) -> Option<Box<dyn Provider>>;
}

/// What a look at one person brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The person's record.
    Found(Box<EmployeeRecord>),
    /// Asked, and the HR system says in so many words that there is no such person (S-31's table).
    Gone,
}

/// Receives a list while it is being read. The bytes are one record: as sent (People HR), or what
/// of it counts as a change, always written in the same way (Breathe HR, HRworks). A hash of them
/// tells whether the record is as last time.
///
/// A list is worth nothing before [`Provider::list`] has returned `Ok`: until then a sink must not
/// act on what it got.
pub trait RecordSink: Send {
    /// One person of the full list, leavers included. A record that turns out not to be readable
    /// is the sink's to note; it is no error.
    fn record(&mut self, raw: &[u8]) -> Result<(), ProviderError>;

    /// A record that cannot be read, in the full list or in the list of current staff; with the
    /// keys that could be read of it all the same. It costs this one person only (S-16). `alone`:
    /// it is certain that the bytes are of one record, and nobody else's are among them.
    fn unreadable(
        &mut self,
        list: List,
        keys: Option<RecordKeys>,
        alone: bool,
    ) -> Result<(), ProviderError>;

    /// One person of the list of current staff, for providers with [`Standing::ByMembership`];
    /// comes after all calls of [`RecordSink::record`].
    ///
    /// [`Standing::ByMembership`]: crate::domain::employee::Standing::ByMembership
    fn current(&mut self, raw: &[u8]) -> Result<(), ProviderError>;
}

/// Which list a record stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Everybody, leavers included.
    Everybody,
    /// Current staff, for providers with [`Standing::ByMembership`].
    ///
    /// [`Standing::ByMembership`]: crate::domain::employee::Standing::ByMembership
    Current,
}

/// The keys of a record, read without the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordKeys {
    /// The key of the link.
    pub external_key: ExternalKey,
    /// The employee number, when there is one.
    pub employee_number: Option<EmployeeNumber>,
}

impl RecordKeys {
    /// The keys of somebody of whom only the number is known, as a webhook names them.
    #[must_use]
    pub fn of_number(number: EmployeeNumber) -> Self {
        Self { external_key: ExternalKey(number.0.clone()), employee_number: Some(number) }
    }
}

text_enum! {
    /// What a probe found out about one permission (L-04).
    ProbeResult {
        /// The permission is there.
        Granted = "granted",
        /// The permission is missing.
        Missing = "missing",
        /// It could not be found out (the HR system was busy, or had nobody to ask for).
        NotDetermined = "not_determined",
    }
}

/// One permission and whether the key has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The permission.
    pub permission: &'static Permission,
    /// What was found out.
    pub result: ProbeResult,
    /// What the admin should do or know, in plain words.
    pub message: Text,
}

impl Probe {
    const fn of(permission: &'static Permission, result: ProbeResult, message: Text) -> Self {
        Self { permission, result, message }
    }
}

/// What an admin reads when a check failed with [`ProviderError::Untrusted`].
fn untrusted() -> Text {
    text("check-untrusted")
}

/// What a check of a credential found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// One entry per permission, in the order of the HR system's profile.
    pub probes: Vec<Probe>,
    /// Why no answer was possible at all (a refused key, a suspended customer), if so.
    pub error: Option<ProviderError>,
    /// The customer at the HR system, when it tells.
    pub tenant: Option<Tenant>,
}

/// The customer at the HR system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// The HR system's key for the customer.
    pub key: String,
    /// The company's name.
    pub name: String,
}

impl Check {
    /// A check in which nothing could be found out about single permissions.
    fn unanswered(
        permissions: &[&'static Permission],
        error: ProviderError,
        message: &Text,
    ) -> Self {
        let unknown =
            |one: &&'static Permission| Probe::of(one, ProbeResult::NotDetermined, message.clone());
        let probes = permissions.iter().map(unknown).collect();
        Self { probes, error: Some(error), tenant: None }
    }

    /// Whether the credential may be stored: not refused, and no needed permission is missing
    /// (L-04).
    #[must_use]
    pub fn acceptable(&self) -> bool {
        let refused = matches!(
            self.error,
            Some(
                ProviderError::Credential
                    | ProviderError::Permission { .. }
                    | ProviderError::Suspended
            )
        );
        !refused && !self.missing().any(Permission::is_required)
    }

    /// The permissions that the key was seen to lack.
    pub fn missing(&self) -> impl Iterator<Item = &'static Permission> {
        let missing = |probe: &&Probe| probe.result == ProbeResult::Missing;
        self.probes.iter().filter(missing).map(|probe| probe.permission)
    }

    /// Whether every permission was seen to be there.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.error.is_none() && self.probes.iter().all(|probe| probe.result == ProbeResult::Granted)
    }
}

/// One HR system, with one customer's credential. Methods that touch the network are async; the
/// others are pure.
pub trait Provider: Send + Sync {
    /// Which HR system this is.
    fn kind(&self) -> ProviderKind;

    /// Looks whether the credential works and has the needed permissions (L-04).
    fn check(&self) -> BoxFuture<'_, Result<Check, ProviderError>>;

    /// Looks at one person, by the key or the number that this HR system asks by. An answer that is
    /// not understood comes with its likeness (S-31).
    fn ask<'a>(
        &'a self,
        lane: CallLane,
        who: &'a RecordKeys,
    ) -> BoxFuture<'a, Result<Fetched, Unclear>>;

    /// The same, for those who do not compare answers.
    fn fetch<'a>(
        &'a self,
        lane: CallLane,
        who: &'a RecordKeys,
    ) -> BoxFuture<'a, Result<Fetched, ProviderError>> {
        Box::pin(async move { self.ask(lane, who).await.map_err(|unclear| unclear.error) })
    }

    /// Keys of the HR system's form that nobody has, made of a random number (S-31).
    fn keys_of_nobody(&self, number: u64) -> RecordKeys;

    /// Reads everybody. `Ok` only when the answer was complete and without an error (S-30).
    fn list<'a>(&'a self, sink: &'a mut dyn RecordSink)
    -> BoxFuture<'a, Result<(), ProviderError>>;

    /// Asks once more for the list of current staff, for [`RecordSink::current`]. Only for
    /// providers with [`Standing::ByMembership`]; the others have no such list.
    ///
    /// [`Standing::ByMembership`]: crate::domain::employee::Standing::ByMembership
    fn list_current<'a>(
        &'a self,
        _sink: &'a mut dyn RecordSink,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(std::future::ready(Err(malformed("there is no list of current staff"))))
    }

    /// Brings one raw record to the normal form. Fails when the record is no JSON object or its
    /// key is damaged: it cannot be read (S-16). Anything else about it is for the record's own
    /// `unreadable`. A record without any key gets [`ExternalKey::missing`]: it costs nobody else
    /// anything, and HR sees it listed (S-07).
    fn normalise(&self, raw: &[u8]) -> Result<EmployeeRecord, ProviderError>;

    /// Reads only the keys of a raw record; fails like [`Provider::normalise`].
    fn keys(&self, raw: &[u8]) -> Result<RecordKeys, ProviderError>;

    /// The keys of a record that cannot be read, as far as there is no doubt about them.
    fn salvage(&self, raw: &[u8]) -> Option<RecordKeys>;

    /// Whether the keys that [`Provider::salvage`] finds can be another person's or change, so that
    /// one that is not known may be of somebody who is.
    fn keys_can_change(&self) -> bool {
        false
    }

    /// Changes when [`Provider::normalise`] would give another record for the same bytes, so that
    /// stored hashes of raw records are forgotten.
    fn mapping_version(&self) -> u32;
}

#[cfg(test)]
mod script;

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::clock::Timestamp;
    use crate::domain::failure::FailureClass;
    use crate::domain::notice::{FailureFacts, Place, sync_failed};
    use crate::texts::Language;

    /// The steps of a notice are written elsewhere, in words that have to be the same.
    #[test]
    fn s_41_a_notice_names_the_permissions_that_are_checked() {
        for provider in [ProviderKind::PeopleHr, ProviderKind::Hrworks] {
            let place = Place {
                organization: "Ex Ltd",
                directory: "Head office",
                hr: profile(provider),
                zone: &TimeZone::UTC,
                link: "https://rollcall.example/",
            };
            let (class, since) = (FailureClass::Permission, Timestamp(0));
            let facts = FailureFacts { place, class, detail: None, since };
            let text = sync_failed(&facts, Language::English);
            let permissions = profile(provider).permissions;
            for permission in permissions.iter().filter(|one| one.is_required()) {
                let quoted = format!("\"{}\"", permission.name);
                assert!(text.body.contains(&quoted), "{quoted}: {}", text.body);
            }
        }
    }
}
