//! Looks whether a Breathe HR key works (L-04, protocol page §8).
//!
//! Breathe HR has no permissions per key: a key reads and writes everything or nothing. So what
//! could be *missing* is never a single permission, and each probe that brings no answer is *not
//! determined*.
//!
//! Invariant: messages tell an HR admin what to do, in Breathe HR's own words.
//!
//! What this module must not do: store or remember anything.

use super::BreatheHr;
use super::wire::{self, Account, Employee};
use crate::domain::employee::clean_text;
use crate::domain::provider::ProviderKind;
use crate::providers::fields::clean_key;
use crate::providers::{
    CallLane, Check, Fetched, Permission, Probe, ProbeResult, ProviderError, Tenant,
};

/// What the key can do beside what is needed, in plain words.
const POWER: &str = "The key works. A Breathe HR key can read and write all HR data, because \
                     Breathe HR has no smaller ones. Rollcall only reads.";
const GRANTED: &str = "The key can read this.";

const LIST: Permission = Permission::required("Employees", "reading everybody at every full sync");
const BY_ID: Permission =
    Permission::required("Employee", "asking about one person who is no longer in the list");
const DEPARTMENTS: Permission = Permission::useful(
    "Departments",
    "the departments that become groups",
    "Departments are then taken from the employees' own records.",
);
const LOCATIONS: Permission = Permission::useful(
    "Locations",
    "office locations",
    "Office locations are then taken from the employees' own records.",
);

/// What a check asks for.
pub const PERMISSIONS: &[Permission] = &[LIST, BY_ID, DEPARTMENTS, LOCATIONS];

/// Makes the calls of a check, [`crate::limits::PAGED_CHECK_CALLS_MAX`] at most. Fails only
/// when our own budget is spent.
pub async fn check(hr: &BreatheHr) -> Result<Check, ProviderError> {
    let tenant = match tenant(hr).await {
        Ok(tenant) => tenant,
        Err(error @ ProviderError::BudgetSpent { .. }) => return Err(error),
        // The next call would be answered the same.
        Err(error @ (ProviderError::Credential | ProviderError::Throttled { .. })) => {
            return Ok(nothing_answered(error, None));
        }
        // The company's name is not needed.
        Err(_) => None,
    };
    let first = match hr.api.employees(1, 1).await {
        Ok(listing) => listing.records.into_iter().next().map(|record| record.bytes),
        Err(error @ ProviderError::BudgetSpent { .. }) => return Err(error),
        Err(error) => return Ok(nothing_answered(error, tenant)),
    };
    let tenant = tenant.or_else(|| {
        let key = first.as_deref().and_then(wire::account_id)?;
        Some(Tenant { key: clean_key(&key)?, name: String::new() })
    });
    let mut probes = vec![LIST.answered(ProbeResult::Granted, POWER)];
    match by_id(hr, first.as_deref()).await? {
        Ok(probe) => probes.push(probe),
        Err(error) => return Ok(nothing_answered(error, tenant)),
    }
    probes.push(list(DEPARTMENTS, hr.api.departments().await)?);
    probes.push(list(LOCATIONS, hr.api.locations().await)?);
    Ok(Check { probes, error: None, tenant })
}

async fn tenant(hr: &BreatheHr) -> Result<Option<Tenant>, ProviderError> {
    let account = Account::read(&hr.api.account().await?)?;
    let name = account.name.as_deref().and_then(clean_text).unwrap_or_default();
    let key = account.id.as_deref().and_then(clean_key);
    Ok(key.map(|key| Tenant { key, name }))
}

/// The outer error is a spent budget, the inner one a refusal of the whole key.
async fn by_id(
    hr: &BreatheHr,
    first: Option<&[u8]>,
) -> Result<Result<Probe, ProviderError>, ProviderError> {
    let id = first.and_then(|raw| Employee::read(raw).ok()).and_then(|employee| employee.id);
    let Some(id) = id else {
        let message = "Breathe HR listed nobody whom Rollcall could ask for. Add an employee and \
                       check again.";
        return Ok(Ok(BY_ID.answered(ProbeResult::NotDetermined, message)));
    };
    Ok(match hr.ask_in(CallLane::Bulk, id.trim()).await.map_err(|unclear| unclear.error) {
        Ok(Fetched::Found(_)) => Ok(BY_ID.answered(ProbeResult::Granted, GRANTED)),
        Ok(Fetched::Gone) => {
            let message =
                "The employee whom Rollcall asked for was removed at that moment. Try again.";
            Ok(BY_ID.answered(ProbeResult::NotDetermined, message))
        }
        Err(error @ ProviderError::BudgetSpent { .. }) => return Err(error),
        Err(error @ ProviderError::Credential) => Err(error),
        Err(error) => Ok(BY_ID.answered(ProbeResult::NotDetermined, not_determined(&error))),
    })
}

/// A list that is nice to have: employees carry their department and location themselves.
fn list(permission: Permission, asked: Result<(), ProviderError>) -> Result<Probe, ProviderError> {
    match asked {
        Ok(()) => Ok(permission.answered(ProbeResult::Granted, GRANTED)),
        Err(error @ ProviderError::BudgetSpent { .. }) => Err(error),
        Err(_) => {
            let message = "Breathe HR did not answer this. Rollcall goes on without it and takes \
                           what the employees' records say.";
            Ok(permission.answered(ProbeResult::NotDetermined, message))
        }
    }
}

fn nothing_answered(error: ProviderError, tenant: Option<Tenant>) -> Check {
    let message = not_determined(&error);
    Check { tenant, ..Check::unanswered(ProviderKind::BreatheHr, error, message) }
}

fn not_determined(error: &ProviderError) -> &'static str {
    match error {
        ProviderError::Credential => {
            "Breathe HR refuses this key. There are four possible causes: it was not copied whole, \
             it was changed in Breathe HR, the API is switched off, or it is a key of the sandbox \
             and not of production. Look under Settings → Integrations → API Setup, press “Enable \
             API” if it is off, and copy the production key."
        }
        ProviderError::Throttled { .. } | ProviderError::BudgetSpent { .. } => {
            "Breathe HR takes no more calls at the moment. It allows 60 in a minute for everything \
             that is connected to it. Try again in a few minutes."
        }
        ProviderError::Permission { .. } | ProviderError::Suspended => {
            "Breathe HR refuses access and does not say why. Check under Settings → Integrations → \
             API Setup that the API is enabled, or ask Breathe HR's support."
        }
        ProviderError::Untrusted { .. } => crate::providers::UNTRUSTED,
        ProviderError::Down { .. } => {
            "Breathe HR did not answer properly. Try again in a few minutes."
        }
        ProviderError::Malformed { .. } | ProviderError::Sink { .. } => {
            "Breathe HR's answer could not be understood. Try again; if it stays, tell Rollcall's \
             operator."
        }
    }
}
