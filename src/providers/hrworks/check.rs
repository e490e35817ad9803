//! Looks whether a key pair of HRworks works and has the needed permissions (L-04, protocol page
//! §7).
//!
//! Invariants:
//! - *Missing* is only said when HRworks refused that very call for want of a permission;
//!   everything that could also be a bad moment is *not determined*.
//! - Messages tell an HR admin what to do, in HRworks' own words.
//!
//! What this module must not do: store or remember anything.

use super::Hrworks;
use super::client::{Found, PERMISSION_GENERAL, PERMISSION_PERSONS};
use super::wire::Person;
use crate::domain::profile::Permission;
use crate::providers::fields::guid_key;
use crate::providers::paging::Record;
use crate::providers::{CallLane, Check, Probe, ProbeResult, ProviderError, untrusted};
use crate::texts::{Text, text};

static LIST: Permission = Permission::required(PERMISSION_PERSONS, text("check-hrworks-list"));
static BY_ID: Permission = Permission::required(PERMISSION_PERSONS, text("check-hrworks-by-id"));
static UNITS: Permission = Permission::useful(
    PERMISSION_GENERAL,
    text("check-hrworks-units"),
    text("check-hrworks-without-units"),
);
static ESTABLISHMENTS: Permission = Permission::useful(
    PERMISSION_GENERAL,
    text("check-hrworks-establishments"),
    text("check-hrworks-without-establishments"),
);

/// What a check asks for. Two questions of one permission are two entries: whether HRworks parts
/// them is not known (§7). Without General the names are taken from the people themselves.
pub static PERMISSIONS: [&Permission; 4] = [&LIST, &BY_ID, &UNITS, &ESTABLISHMENTS];

/// The probe for what a call brought. The outer error ends the check: a spent budget.
fn judged<T>(
    permission: &'static Permission,
    asked: Result<T, ProviderError>,
) -> Result<Probe, ProviderError> {
    let (result, message) = match asked {
        Ok(_) => (ProbeResult::Granted, text("check-hrworks-granted")),
        Err(error @ ProviderError::BudgetSpent { .. }) => return Err(error),
        Err(ProviderError::Permission { .. }) => (ProbeResult::Missing, missing(permission)),
        Err(error) => (ProbeResult::NotDetermined, not_determined(&error)),
    };
    Ok(Probe::of(permission, result, message))
}

/// Makes the calls of a check, [`crate::limits::PAGED_CHECK_CALLS_MAX`] at most. Fails only
/// when our own budget is spent.
pub async fn check(hr: &Hrworks) -> Result<Check, ProviderError> {
    match hr.api.authenticate(CallLane::Bulk).await {
        Ok(()) => {}
        Err(error @ ProviderError::BudgetSpent { .. }) => return Err(error),
        // Without a token nothing can be asked.
        Err(error) => return Ok(nothing_answered(error)),
    }
    let listed = hr.api.persons(1, true).await;
    match &listed {
        // Those say something about this question only.
        Ok(_) | Err(ProviderError::Permission { .. } | ProviderError::BudgetSpent { .. }) => {}
        Err(error) => return Ok(nothing_answered(error.clone())),
    }
    let listed_uuid = match &listed {
        Ok(listing) => {
            let uuid = |raw: &Record| guid_key(&Person::read(&raw.bytes).ok()?.uuid?);
            let uuid = listing.records.iter().find_map(uuid);
            uuid.map_or(Listed::Nobody, Listed::Somebody)
        }
        Err(_) => Listed::Refused,
    };
    let probes = vec![
        judged(&LIST, listed)?,
        by_id(hr, listed_uuid).await?,
        judged(&UNITS, hr.api.organization_units(CallLane::Bulk).await)?,
        judged(&ESTABLISHMENTS, hr.api.permanent_establishments(CallLane::Bulk).await)?,
    ];
    Ok(Check { probes, error: None, tenant: None })
}

/// What the look at the list brought.
enum Listed {
    /// It may not be read.
    Refused,
    /// It was answered, and nobody is in it.
    Nobody,
    /// Somebody's `uuid`.
    Somebody(String),
}

async fn by_id(hr: &Hrworks, listed: Listed) -> Result<Probe, ProviderError> {
    let not_tried = |message| Ok(Probe::of(&BY_ID, ProbeResult::NotDetermined, message));
    let uuid = match listed {
        Listed::Refused => return not_tried(text("check-hrworks-not-tried")),
        Listed::Nobody => return not_tried(text("check-hrworks-nobody")),
        Listed::Somebody(uuid) => uuid,
    };
    match hr.api.person(CallLane::Bulk, &uuid).await {
        Ok(Found::Gone) => not_tried(text("check-hrworks-removed")),
        asked => judged(&BY_ID, asked.map_err(|unclear| unclear.error)),
    }
}

fn nothing_answered(error: ProviderError) -> Check {
    let message = not_determined(&error);
    Check::unanswered(&PERMISSIONS, error, &message)
}

fn missing(permission: &Permission) -> Text {
    match &permission.without {
        Some(without) => text("check-hrworks-missing-useful")
            .with("without", without)
            .with("permission", permission.name),
        None => text("check-hrworks-missing").with("permission", permission.name),
    }
}

fn not_determined(error: &ProviderError) -> Text {
    match error {
        ProviderError::Credential => text("check-hrworks-credential"),
        ProviderError::Suspended => text("check-hrworks-suspended"),
        ProviderError::Throttled { .. } | ProviderError::BudgetSpent { .. } => {
            text("check-hrworks-throttled")
        }
        ProviderError::Permission { .. } => text("check-hrworks-refused"),
        ProviderError::Untrusted { .. } => untrusted(),
        ProviderError::Down { .. } => text("check-hrworks-down"),
        ProviderError::Malformed { .. } | ProviderError::Sink { .. } => {
            text("check-hrworks-malformed")
        }
    }
}
