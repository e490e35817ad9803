//! Looks whether a People HR key works and has the needed permissions (L-04).
//!
//! Invariants:
//! - *Missing* is only said when People HR refused that very call; everything that could also be a
//!   bad moment is *not determined*.
//! - Messages tell an HR admin what to do, in People HR's own words.
//!
//! What this module must not do: store or remember anything.

use super::PeopleHr;
use super::client::{
    Action, Halt, Judgement, PERMISSION_BY_ID, PERMISSION_LIST, Streamed, envelope,
};
use super::normalise;
use super::wire::Company;
use crate::domain::employee::{EmployeeNumber, clean_text};
use crate::domain::profile::Permission;
use crate::limits;
use crate::providers::fields::{clean_key, object};
use crate::providers::splitter::Raw;
use crate::providers::{
    CallLane, Check, Fetched, Probe, ProbeResult, ProviderError, Tenant, untrusted,
};
use crate::texts::{Text, text};

static LIST: Permission = Permission::required(PERMISSION_LIST, text("check-people-hr-list"));
/// A key without it works (L-13): everybody is read instead.
pub static BY_ID: Permission = Permission::useful(
    PERMISSION_BY_ID,
    text("check-people-hr-by-id"),
    text("check-people-hr-without-by-id"),
);

/// What a check asks for.
pub static PERMISSIONS: [&Permission; 2] = [&LIST, &BY_ID];

/// What the look at the list brought.
enum Listed {
    /// It begins with somebody, whose number is this.
    Somebody(Option<EmployeeNumber>),
    /// It was answered, and nobody is in it.
    Nobody,
}

/// Makes the three calls of a check. Fails only when our own budget is spent.
pub async fn check(hr: &PeopleHr) -> Result<Check, ProviderError> {
    let tenant = match tenant(hr).await {
        Ok(tenant) => tenant,
        Err(error @ ProviderError::BudgetSpent { .. }) => return Err(error),
        // The next call would be answered the same, and each one costs budget.
        Err(
            error @ (ProviderError::Credential
            | ProviderError::Suspended
            | ProviderError::Throttled { .. }),
        ) => return Ok(nothing_answered(error, None)),
        // Not every key may ask this, and it is not needed.
        Err(_) => None,
    };
    let listed = match first_of_list(hr).await {
        Ok(listed) => listed,
        Err(error @ ProviderError::BudgetSpent { .. }) => return Err(error),
        Err(ProviderError::Permission { .. }) => {
            let list = Probe::of(&LIST, ProbeResult::Missing, missing(&LIST));
            let message = text("check-people-hr-not-tried");
            let by_id = Probe::of(&BY_ID, ProbeResult::NotDetermined, message);
            return Ok(Check { probes: vec![list, by_id], error: None, tenant });
        }
        Err(error) => return Ok(nothing_answered(error, tenant)),
    };
    let list = Probe::of(&LIST, ProbeResult::Granted, granted());
    let by_id = match listed {
        Listed::Somebody(Some(number)) => probe_by_id(hr, &number).await?,
        Listed::Somebody(None) | Listed::Nobody => {
            Ok((ProbeResult::NotDetermined, text("check-people-hr-nobody")))
        }
    };
    Ok(match by_id {
        Ok((result, message)) => {
            let by_id = Probe::of(&BY_ID, result, message);
            Check { probes: vec![list, by_id], error: None, tenant }
        }
        Err(error) => nothing_answered(error, tenant),
    })
}

async fn tenant(hr: &PeopleHr) -> Result<Option<Tenant>, ProviderError> {
    hr.api.reserve(CallLane::Bulk).await?;
    let (answer, judgement) = hr.api.ask(Action::CompanyInformation).await?;
    if judgement == Judgement::NothingThere {
        return Ok(None);
    }
    let envelope = envelope(&answer)?;
    let Some(result) = envelope.result else { return Ok(None) };
    let company: Company<'_> = object(result.get().as_bytes())?;
    let key = clean_key(company.company_id.0.as_str());
    let name = clean_text(company.company_name.as_str()).unwrap_or_default();
    Ok(key.map(|key| Tenant { key, name }))
}

/// Asks for the list and stops at its first record: half a gigabyte tells no more.
async fn first_of_list(hr: &PeopleHr) -> Result<Listed, ProviderError> {
    hr.api.reserve(CallLane::Bulk).await?;
    let mut first = None;
    let mut each = |raw: Raw<'_>| {
        first = Some(normalise::keys(raw.bytes).ok().and_then(|keys| keys.employee_number));
        Err(Halt::Enough)
    };
    let action = Action::AllEmployees { include_leavers: false };
    // An admin waits for it.
    let streamed = hr.api.stream(action, limits::PROVIDER_READ_MS_MAX, &mut each).await?;
    Ok(match (streamed, first) {
        (Streamed::Stopped, Some(number)) => Listed::Somebody(number),
        _ => Listed::Nobody,
    })
}

type ByIdFinding = Result<(ProbeResult, Text), ProviderError>;

/// The outer error is a spent budget, the inner one a refusal of the whole key.
async fn probe_by_id(hr: &PeopleHr, number: &EmployeeNumber) -> Result<ByIdFinding, ProviderError> {
    Ok(match hr.ask_in(CallLane::Bulk, number).await.map_err(|unclear| unclear.error) {
        Ok(Fetched::Found(_)) => Ok((ProbeResult::Granted, granted())),
        Ok(Fetched::Gone) => Ok((ProbeResult::NotDetermined, text("check-people-hr-removed"))),
        Err(error @ ProviderError::BudgetSpent { .. }) => return Err(error),
        Err(error @ (ProviderError::Credential | ProviderError::Suspended)) => Err(error),
        Err(ProviderError::Permission { .. }) => Ok((ProbeResult::Missing, missing(&BY_ID))),
        Err(error) => Ok((ProbeResult::NotDetermined, not_determined(&error))),
    })
}

fn nothing_answered(error: ProviderError, tenant: Option<Tenant>) -> Check {
    let message = not_determined(&error);
    Check { tenant, ..Check::unanswered(&PERMISSIONS, error, &message) }
}

fn granted() -> Text {
    text("check-people-hr-granted")
}

fn missing(permission: &Permission) -> Text {
    match &permission.without {
        Some(without) => text("check-people-hr-missing-useful")
            .with("without", without)
            .with("permission", permission.name),
        None => text("check-people-hr-missing").with("permission", permission.name),
    }
}

fn not_determined(error: &ProviderError) -> Text {
    match error {
        ProviderError::Credential => text("check-people-hr-credential"),
        ProviderError::Suspended => text("check-people-hr-suspended"),
        ProviderError::Throttled { .. } | ProviderError::BudgetSpent { .. } => {
            text("check-people-hr-throttled")
        }
        ProviderError::Untrusted { .. } => untrusted(),
        ProviderError::Down { .. } => text("check-people-hr-down"),
        ProviderError::Permission { .. }
        | ProviderError::Malformed { .. }
        | ProviderError::Sink { .. } => text("check-people-hr-malformed"),
    }
}
