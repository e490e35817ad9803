//! The sandbox HRworks: one company behind key pairs, short-lived tokens and permissions.
//!
//! Invariants: a `uuid` never changes; only an admin sets a person to *gone*, no date does; who was
//! deleted is nowhere. Where the protocol page leaves room, the choice is written at the place.
//! Must not know the gateway or share a type with it.

mod access;
mod api;
pub(super) mod control;
mod names;
mod record;

use serde::{Deserialize, Serialize};

pub use self::access::{HrworksKeyPair, HrworksPermission, Own};
pub use self::api::HrworksEndpoint;
use super::company::{Profile, mail_name};
use super::faults::KeySpelling;
use super::person::{Person, PersonView};
use super::register::{ChangeError, Rules};
use super::rest::{NextLink, RestFaults, RestHr, System};

/// How the vendor treats people.
const RULES: Rules = Rules {
    handle: |person| person.unique_key.clone(),
    handle_name: "uuid",
    unique_key: |person| person.unique_key.clone(),
    people_route: "/_sandbox/hrworks/people",
    employee_id: |number| format!("{:05}", number.saturating_add(1_000)),
    employee_id_chars_max: Some(50),
    // Nothing says that two people cannot have one business address.
    emails_unique: false,
    mail_domain: "beispiel.example",
    job_role: "Sachbearbeiterin",
    company: "Beispiel GmbH",
    location: "Freiburg",
    department: "Vertrieb",
    employment_type: "regularEmployee",
};

/// The company.
const PROFILE: Profile = Profile {
    seed_salt: 0x4a90_1c52,
    departments: names::DEPARTMENTS,
    lead: ("Geschäftsführung", "Geschäftsführerin"),
    offices: names::OFFICES,
    contracts: names::CONTRACTS,
    mail_domain: "beispiel.example",
    employee_id: |number| format!("{:05}", number.saturating_add(1_001)),
    spoil: |person, number, _| match number % 4 {
        0 => "31.02.2024".clone_into(&mut person.start_date),
        1 => person.email.clear(),
        2 => person.first_name.clear(),
        _ => person.last_name = format!("  {}\u{0007}\n", person.last_name),
    },
};

/// HRworks as a [`System`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Works;

/// One company at the sandbox HRworks. People are called by their `uuid`.
pub type Hrworks = RestHr<Works>;

/// All switches of the sandbox HRworks.
pub type HrworksFaults = RestFaults<Works>;

impl System for Works {
    type Endpoint = HrworksEndpoint;
    type Quirks = HrworksQuirks;
    type Own = Own;
    /// No limit is known.
    const CALLS_PER_MINUTE: Option<u32> = None;
}

/// How a value that is not there is written; which it is is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unset {
    /// The key is left out.
    #[default]
    Omitted,
    /// `null`.
    Null,
    /// An empty text.
    Empty,
}

/// The switches that only HRworks has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HrworksQuirks {
    /// How long a token lives, in seconds.
    pub token_seconds: u32,
    /// HTTP status of `InvalidBearerTokenError`.
    pub token_error_status: u16,
    /// HTTP status of `PermissionDeniedError`.
    pub permission_error_status: u16,
    /// The key pairs belong to no customer: the key or the contract has expired.
    pub customer_unknown: bool,
    /// How long an answer is given again to callers who do not say `no-cache`, in seconds.
    pub cache_seconds: u32,
    /// Where the `next` link of a list leads.
    pub next_link: NextLink,
    /// Links carry the other parameters of the call too.
    pub links_keep_parameters: bool,
    /// How a value that is not there is written.
    pub unset: Unset,
    /// People have the company's own fields, under any name.
    pub custom_fields: bool,
    /// Organization units come without `uuid`, as in 2023.
    pub omit_unit_uuid: bool,
    /// How lists write the keys of people and organization units.
    pub uuid_in_lists: KeySpelling,
    /// How answers about one person write them.
    pub uuid_by_id: KeySpelling,
}

impl Default for HrworksQuirks {
    fn default() -> Self {
        Self {
            token_seconds: 15 * 60,
            token_error_status: 401,
            permission_error_status: 403,
            customer_unknown: false,
            cache_seconds: 300,
            next_link: NextLink::Right,
            links_keep_parameters: false,
            unset: Unset::Omitted,
            custom_fields: true,
            omit_unit_uuid: false,
            uuid_in_lists: KeySpelling::Usual,
            uuid_by_id: KeySpelling::Usual,
        }
    }
}

impl Hrworks {
    /// Sets a person to *gone*, or takes that back; dates stay as they are.
    pub fn set_gone(&self, uuid: &str, gone: bool) -> Result<PersonView, ChangeError> {
        self.change(|register| register.alter(uuid, |person| person.gone = gone))
    }

    /// Gives a person another name to log in with (`personId`).
    pub fn set_log_in_name(&self, uuid: &str, name: &str) -> Result<PersonView, ChangeError> {
        let taken = self.everybody();
        let is_other = |person: &Person| person.unique_key != uuid && person.log_in_name == name;
        if name.is_empty() || taken.values().any(|person| is_other(person)) {
            let problem = "must be given, and nobody else's".to_owned();
            return Err(ChangeError::Invalid { field: "log_in_name", problem });
        }
        let name = name.to_owned();
        self.change(|register| register.alter(uuid, |person| person.log_in_name = name))
    }

    /// Deactivates a department, or takes that back: its people keep it, the list does not show it.
    pub fn set_department_active(&self, name: &str, active: bool) -> Result<(), ChangeError> {
        if self.state().departments.set_active(name, active) {
            return Ok(());
        }
        Err(ChangeError::Conflict(format!("there is no department {name:?}")))
    }
}

/// What only people at HRworks have: a name to log in with, and of the leavers some whom nobody has
/// set to *gone* yet.
fn complete(person: &mut Person, number: Option<usize>) {
    let name = match person.email.split_once('@') {
        Some((name, _)) => name.to_owned(),
        None => mail_name(&person.first_name, &person.last_name),
    };
    // With the number only where the address does not tell people apart.
    let unsure = person.email.is_empty() || number.is_none();
    person.log_in_name = if unsure { format!("{name}.{}", person.serial) } else { name };
    if let Some(number) = number {
        person.gone = matches!(number % 50, 11 | 14);
    }
}

#[cfg(test)]
mod tests;
