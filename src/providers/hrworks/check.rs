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
use crate::domain::provider::ProviderKind;
use crate::providers::fields::guid_key;
use crate::providers::paging::Record;
use crate::providers::{CallLane, Check, Permission, Probe, ProbeResult, ProviderError};

const GRANTED: &str = "The key pair has this permission.";

const LIST: Permission =
    Permission::required(PERMISSION_PERSONS, "reading everybody at every full sync");
const BY_ID: Permission = Permission::required(
    PERMISSION_PERSONS,
    "asking about one person who is no longer in the list",
);
const UNITS: Permission = Permission::useful(
    PERMISSION_GENERAL,
    "the names of organization units, which become departments and groups",
    "Departments are then taken from the people themselves. One whose name is in nobody's record \
     is left out.",
);
const ESTABLISHMENTS: Permission = Permission::useful(
    PERMISSION_GENERAL,
    "the names of permanent establishments, which become office locations",
    "Office locations are then taken from the people themselves. One whose name is in nobody's \
     record is left out.",
);

/// What a check asks for. Two questions of one permission are two entries: whether HRworks parts
/// them is not known (§7). Without General the names are taken from the people themselves.
pub const PERMISSIONS: &[Permission] = &[LIST, BY_ID, UNITS, ESTABLISHMENTS];

/// The probe for what a call brought. The outer error ends the check: a spent budget.
fn judged<T>(
    permission: Permission,
    asked: Result<T, ProviderError>,
) -> Result<Probe, ProviderError> {
    Ok(match asked {
        Ok(_) => permission.answered(ProbeResult::Granted, GRANTED),
        Err(error @ ProviderError::BudgetSpent { .. }) => return Err(error),
        Err(ProviderError::Permission { .. }) => {
            permission.answered(ProbeResult::Missing, missing(permission))
        }
        Err(error) => permission.answered(ProbeResult::NotDetermined, not_determined(&error)),
    })
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
        judged(LIST, listed)?,
        by_id(hr, listed_uuid).await?,
        judged(UNITS, hr.api.organization_units(CallLane::Bulk).await)?,
        judged(ESTABLISHMENTS, hr.api.permanent_establishments(CallLane::Bulk).await)?,
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
    let not_tried = |message: &str| Ok(BY_ID.answered(ProbeResult::NotDetermined, message));
    let uuid = match listed {
        Listed::Refused => return not_tried("Not tried: it needs a person from the list."),
        Listed::Nobody => {
            return not_tried(
                "HRworks listed nobody whom Rollcall could ask for. Add a person and check again.",
            );
        }
        Listed::Somebody(uuid) => uuid,
    };
    match hr.api.person(CallLane::Bulk, &uuid).await {
        Ok(Found::Gone) => not_tried(
            "The person whom Rollcall asked for was removed at that moment. Check again; if it \
             stays, tell Rollcall's operator.",
        ),
        asked => judged(BY_ID, asked.map_err(|unclear| unclear.error)),
    }
}

fn nothing_answered(error: ProviderError) -> Check {
    let message = not_determined(&error);
    Check::unanswered(ProviderKind::Hrworks, error, message)
}

fn missing(permission: Permission) -> String {
    let Permission { name, required, without, .. } = permission;
    let what = if required {
        "HRworks refuses this to the key pair.".to_owned()
    } else {
        format!("HRworks refuses this to the key pair. It works without. {without}")
    };
    format!(
        "{what} To allow it, open Administration → Basics → Integrations → HR WORKS-API in \
         HRworks, select the key pair, tick “{name}” in the list of permissions at the bottom of \
         the page, and save."
    )
}

fn not_determined(error: &ProviderError) -> &'static str {
    match error {
        ProviderError::Credential => {
            "HRworks does not know this key pair. Paste the whole text of the downloaded file, or \
             make a new key pair under Administration → Basics → Integrations → HR WORKS-API."
        }
        ProviderError::Suspended => {
            "HRworks finds no company for this key pair: the key pair or the contract has expired. \
             Make a new key pair, or ask HRworks."
        }
        ProviderError::Throttled { .. } | ProviderError::BudgetSpent { .. } => {
            "HRworks takes no more calls at the moment. Try again in a few minutes."
        }
        ProviderError::Permission { .. } => {
            "HRworks refuses access and does not say why. Check the key pair's permissions under \
             Administration → Basics → Integrations → HR WORKS-API."
        }
        ProviderError::Untrusted { .. } => crate::providers::UNTRUSTED,
        ProviderError::Down { .. } => {
            "HRworks did not answer properly. Try again in a few minutes."
        }
        ProviderError::Malformed { .. } | ProviderError::Sink { .. } => {
            "HRworks' answer could not be understood. Try again; if it stays, tell Rollcall's \
             operator."
        }
    }
}
