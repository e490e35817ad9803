//! What is particular about an HR system, beside how it is asked.
//!
//! Each HR system's facts stand in its `providers/<name>/profile.rs`, and `providers::profile`
//! finds them by kind. What depends on the HR system is decided by a fact of its profile and never
//! by its kind, so that one more HR system changes nothing outside its folder and the registry.
//!
//! What this module must not do: know an HR system.

use crate::domain::provider::ProviderKind;
use crate::texts::{Text, text};

/// The facts about one HR system.
#[derive(Debug)]
pub struct Profile {
    /// Which it is.
    pub kind: ProviderKind,
    /// Its `type` on the WorkOS surface.
    pub wire_type: &'static str,
    /// How changes reach us.
    pub arrival: Arrival,
    /// What its key looks like.
    pub credential: CredentialForm,
    /// The permissions that a key needs, in the order in which a check answers them.
    pub permissions: &'static [&'static Permission],
    /// The permission for asking about one person, when it is one of its own.
    pub look_permission: Option<&'static Permission>,
    /// Whether permissions are given to a key that is there already, so that one may wait for them
    /// (L-14). Else they are chosen when the key is made.
    pub permissions_come_later: bool,
    /// Whether an employee number tells who somebody was in a former connection (L-09).
    pub number_names_person: bool,
    /// The time zone of an organization that connects this HR system first and has none set.
    pub default_time_zone: Option<&'static str>,
    /// Whether the limit of calls may be one for all customers together (S-44).
    pub limit_may_be_shared: bool,
    /// Calls of a list that have to be made together. A list in pages reserves the rest as it goes,
    /// because nobody knows beforehand how many there are.
    pub list_calls: i64,
    /// Calls of a check.
    pub check_calls: u32,
    /// The heading over the steps by which a key is made.
    pub key_title: Text,
    /// How a key is made (or found) in the HR system, in its own words (L-03).
    pub key_steps: &'static [Text],
    /// How a permission is given to the key that we use, or all that are needed when none is named.
    pub permission_steps: fn(Option<&str>) -> Vec<Text>,
}

/// How changes reach us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The HR system calls a webhook, which a directory has an address for (L-02).
    Webhook,
    /// Everybody is read regularly.
    Polled,
}

/// What a key looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialForm {
    /// One key.
    ApiKey,
    /// Two keys that belong together.
    KeyPair,
}

impl CredentialForm {
    /// How a new key is entered on our page.
    #[must_use]
    pub fn entry_steps(self) -> Vec<Text> {
        match self {
            Self::ApiKey => vec![text("steps-enter-key-go"), text("steps-enter-key-paste")],
            Self::KeyPair => vec![text("steps-enter-key-pair")],
        }
    }
}

/// A permission that Rollcall asks for: shown before a key is entered (L-03), and probed when one
/// was (L-04).
#[derive(Debug, PartialEq, Eq)]
pub struct Permission {
    /// In the HR system's own words.
    pub name: &'static str,
    /// What Rollcall needs it for, in plain words.
    pub needed_for: Text,
    /// What is lost without it, in a sentence. A key without one that has no such sentence is
    /// refused.
    pub without: Option<Text>,
}

impl Permission {
    /// One without which a key is refused.
    #[must_use]
    pub const fn required(name: &'static str, needed_for: Text) -> Self {
        Self { name, needed_for, without: None }
    }

    /// One whose absence only costs a part.
    #[must_use]
    pub const fn useful(name: &'static str, needed_for: Text, without: Text) -> Self {
        Self { name, needed_for, without: Some(without) }
    }

    /// Whether a key without it is refused.
    #[must_use]
    pub const fn is_required(&self) -> bool {
        self.without.is_none()
    }
}
