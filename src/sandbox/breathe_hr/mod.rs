//! The sandbox Breathe HR: one company at an HR system that is only ever asked, never tells.
//!
//! Invariants: an id is never given away again; who left stays in the list, who was deleted does
//! not. A key reads everything or nothing: there are no permissions. Where the protocol page leaves
//! room, the choice is written at the place. Must not know the gateway or share a type with it.

mod api;
pub(super) mod control;
mod record;

use serde::{Deserialize, Serialize};

pub use self::api::BreatheEndpoint;
use super::company::Profile;
use super::names::{DEPARTMENTS, OFFICES};
use super::person::{Person, PersonView};
use super::register::{ChangeError, Rules};
use super::rest::{NextLink, RestFaults, RestHr, System};
use crate::clock::Random;

/// The first person's id.
const FIRST_ID: u64 = 100_001;

/// How the vendor treats people.
const RULES: Rules = Rules {
    handle: id_of,
    handle_name: "id",
    unique_key: id_of,
    people_route: "/_sandbox/breathe-hr/people",
    employee_id: |number| format!("EMP{number:03}"),
    // A Ref may be blank, and nothing says that it is unique.
    employee_id_chars_max: None,
    emails_unique: true,
    mail_domain: "brightwell.example",
    job_role: "Assistant",
    company: "Brightwell Example Ltd",
    location: "London - Head Office",
    department: "Operations",
    employment_type: "Permanent",
};

/// The company.
const PROFILE: Profile = Profile {
    seed_salt: 0xb4ea_74e0,
    departments: DEPARTMENTS,
    lead: ("Executive Office", "Chief Executive"),
    offices: OFFICES,
    contracts: &["Permanent", "Permanent", "Permanent", "Temporary", "Casual"],
    mail_domain: "brightwell.example",
    employee_id: |number| {
        let blank = number % 3 == 2;
        if blank { String::new() } else { format!("EMP{:03}", number.saturating_add(1)) }
    },
    spoil: |person, number, _| match number % 4 {
        0 => "31/02/2024".clone_into(&mut person.start_date),
        1 => person.email.clear(),
        2 => person.first_name.clear(),
        _ => person.last_name = format!("  {}\u{0007}\n", person.last_name),
    },
};

fn id_of(person: &Person) -> String {
    number_of(person).to_string()
}

fn number_of(person: &Person) -> u64 {
    FIRST_ID.saturating_add(person.serial)
}

/// Breathe HR as a [`System`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breathe;

/// One company at the sandbox Breathe HR. People are called by their `id`.
pub type BreatheHr = RestHr<Breathe>;

/// All switches of the sandbox Breathe HR.
pub type BreatheFaults = RestFaults<Breathe>;

impl System for Breathe {
    type Endpoint = BreatheEndpoint;
    type Quirks = BreatheQuirks;
    type Own = Own;
    const CALLS_PER_MINUTE: Option<u32> = Some(60);
}

/// The switches that only Breathe HR has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreatheQuirks {
    /// Added to the true `Total` of lists.
    pub total_error: i64,
    /// Lists come without `Total`.
    pub omit_total: bool,
    /// Where the `next` link of a list leads.
    pub next_link: NextLink,
    /// The account comes as the one element of a list; which it is is not known.
    pub account_as_list: bool,
    /// People come without `uuid`, as in 2018.
    pub omit_uuid: bool,
    /// `join_date` is called `company_join_date`, as in the vendor's example of 2015.
    pub company_join_date: bool,
    /// The status of somebody whose first day lies ahead; what the API really says is not known.
    pub pending_starter_status: String,
    /// This is the sandbox host: production keys are refused, and sandbox keys taken.
    pub host_is_sandbox: bool,
}

impl Default for BreatheQuirks {
    fn default() -> Self {
        Self {
            total_error: 0,
            omit_total: false,
            next_link: NextLink::Right,
            account_as_list: false,
            omit_uuid: false,
            company_join_date: false,
            pending_starter_status: "Pending starter".to_owned(),
            host_is_sandbox: false,
        }
    }
}

/// Which host a key is for; its prefix says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreatheKeyKind {
    /// `prod-…`.
    #[default]
    Production,
    /// `sandbox-…`.
    Sandbox,
}

/// Whose account it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreatheAccount {
    /// The vendor's number of the customer; every person carries it.
    pub id: u64,
    /// The customer's name.
    pub name: String,
    /// The customer's part of the host name of the pages.
    pub domain: String,
    /// Another identity of the customer.
    pub uuid: String,
}

/// What Breathe HR knows beside the people.
#[derive(Debug)]
pub struct Own {
    account: BreatheAccount,
    keys: Vec<String>,
    api_enabled: bool,
}

impl Default for Own {
    fn default() -> Self {
        let account = BreatheAccount {
            id: 5_001,
            name: "Brightwell Example Ltd".to_owned(),
            domain: "brightwell".to_owned(),
            uuid: "5d0c3c4e-8f0e-4a7e-9d0b-5a1d7f3b5001".to_owned(),
        };
        Self { account, keys: Vec::new(), api_enabled: true }
    }
}

impl BreatheHr {
    /// Makes a production key. A real account has one; here there may be several.
    pub fn create_key(&self) -> String {
        self.create_key_of(BreatheKeyKind::Production)
    }

    /// Makes a key of a kind.
    pub fn create_key_of(&self, kind: BreatheKeyKind) -> String {
        let mut bytes = [0_u8; 32];
        self.random().fill(&mut bytes);
        let prefix = match kind {
            BreatheKeyKind::Production => "prod",
            BreatheKeyKind::Sandbox => "sandbox",
        };
        let key = format!("{prefix}-{}", super::rest::base64url(&bytes));
        self.state().own.keys.push(key.clone());
        key
    }

    /// Removes a key, as when it is changed in the vendor's settings; false when there is none.
    pub fn remove_key(&self, key: &str) -> bool {
        let keys = &mut self.state().own.keys;
        let count = keys.len();
        keys.retain(|one| one != key);
        keys.len() < count
    }

    /// All keys.
    pub fn keys(&self) -> Vec<String> {
        self.state().own.keys.clone()
    }

    /// Switches the API of the account on or off; while it is off every key is refused.
    pub fn set_api_enabled(&self, enabled: bool) {
        self.state().own.api_enabled = enabled;
    }

    /// Whether the API of the account is on.
    pub fn api_enabled(&self) -> bool {
        self.state().own.api_enabled
    }

    /// Whose account it is.
    pub fn account(&self) -> BreatheAccount {
        self.state().own.account.clone()
    }

    /// Makes it another account, as when a key of another customer is entered.
    pub fn set_account(&self, account: BreatheAccount) {
        self.state().own.account = account;
    }

    /// Shows a person under a status of any wording; none goes back to the right one.
    pub fn set_status(&self, id: &str, status: Option<&str>) -> Result<PersonView, ChangeError> {
        let status = status.map(str::to_owned);
        self.change(|register| register.alter(id, |person| person.status_text = status))
    }

    /// Makes a person a contractor, or an employee again.
    pub fn set_contractor(&self, id: &str, contractor: bool) -> Result<PersonView, ChangeError> {
        self.change(|register| register.alter(id, |person| person.contractor = contractor))
    }
}

/// What only people at Breathe HR have: the account's owner is hardly filled in, and some people
/// are contractors.
fn complete(person: &mut Person, number: Option<usize>) {
    let Some(number) = number else { return };
    if number == 0 {
        person.start_date.clear();
        person.job_role = super::person::Dated::default();
        person.department = super::person::Dated::default();
    }
    person.contractor = number % 25 == 17;
}

#[cfg(test)]
mod tests;
