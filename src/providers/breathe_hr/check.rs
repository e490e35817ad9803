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
use super::client::{
    PERMISSION_BY_ID, PERMISSION_DEPARTMENTS, PERMISSION_LIST, PERMISSION_LOCATIONS,
};
use super::wire::{self, Account, Employee};
use crate::domain::employee::clean_text;
use crate::domain::profile::Permission;
use crate::providers::fields::clean_key;
use crate::providers::{
    CallLane, Check, Fetched, Probe, ProbeResult, ProviderError, Tenant, untrusted,
};
use crate::texts::{Text, text};

static LIST: Permission = Permission::required(PERMISSION_LIST, text("check-breathe-hr-list"));
static BY_ID: Permission = Permission::required(PERMISSION_BY_ID, text("check-breathe-hr-by-id"));
static DEPARTMENTS: Permission = Permission::useful(
    PERMISSION_DEPARTMENTS,
    text("check-breathe-hr-departments"),
    text("check-breathe-hr-without-departments"),
);
static LOCATIONS: Permission = Permission::useful(
    PERMISSION_LOCATIONS,
    text("check-breathe-hr-locations"),
    text("check-breathe-hr-without-locations"),
);

/// What a check asks for.
pub static PERMISSIONS: [&Permission; 4] = [&LIST, &BY_ID, &DEPARTMENTS, &LOCATIONS];

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
    let mut probes = vec![Probe::of(&LIST, ProbeResult::Granted, text("check-breathe-hr-power"))];
    match by_id(hr, first.as_deref()).await? {
        Ok(probe) => probes.push(probe),
        Err(error) => return Ok(nothing_answered(error, tenant)),
    }
    probes.push(list(&DEPARTMENTS, hr.api.departments().await)?);
    probes.push(list(&LOCATIONS, hr.api.locations().await)?);
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
        let message = text("check-breathe-hr-nobody");
        return Ok(Ok(Probe::of(&BY_ID, ProbeResult::NotDetermined, message)));
    };
    Ok(match hr.ask_in(CallLane::Bulk, id.trim()).await.map_err(|unclear| unclear.error) {
        Ok(Fetched::Found(_)) => Ok(Probe::of(&BY_ID, ProbeResult::Granted, granted())),
        Ok(Fetched::Gone) => {
            let message = text("check-breathe-hr-removed");
            Ok(Probe::of(&BY_ID, ProbeResult::NotDetermined, message))
        }
        Err(error @ ProviderError::BudgetSpent { .. }) => return Err(error),
        Err(error @ ProviderError::Credential) => Err(error),
        Err(error) => Ok(Probe::of(&BY_ID, ProbeResult::NotDetermined, not_determined(&error))),
    })
}

/// A list that is nice to have: employees carry their department and location themselves.
fn list(
    permission: &'static Permission,
    asked: Result<(), ProviderError>,
) -> Result<Probe, ProviderError> {
    match asked {
        Ok(()) => Ok(Probe::of(permission, ProbeResult::Granted, granted())),
        Err(error @ ProviderError::BudgetSpent { .. }) => Err(error),
        Err(_) => {
            let message = text("check-breathe-hr-not-answered");
            Ok(Probe::of(permission, ProbeResult::NotDetermined, message))
        }
    }
}

fn nothing_answered(error: ProviderError, tenant: Option<Tenant>) -> Check {
    let message = not_determined(&error);
    Check { tenant, ..Check::unanswered(&PERMISSIONS, error, &message) }
}

fn granted() -> Text {
    text("check-breathe-hr-granted")
}

fn not_determined(error: &ProviderError) -> Text {
    match error {
        ProviderError::Credential => text("check-breathe-hr-credential"),
        ProviderError::Throttled { .. } | ProviderError::BudgetSpent { .. } => {
            text("check-breathe-hr-throttled")
        }
        ProviderError::Permission { .. } | ProviderError::Suspended => {
            text("check-breathe-hr-refused")
        }
        ProviderError::Untrusted { .. } => untrusted(),
        ProviderError::Down { .. } => text("check-breathe-hr-down"),
        ProviderError::Malformed { .. } | ProviderError::Sink { .. } => {
            text("check-breathe-hr-malformed")
        }
    }
}
