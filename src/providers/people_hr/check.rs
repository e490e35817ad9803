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
use crate::domain::provider::ProviderKind;
use crate::limits;
use crate::providers::fields::{clean_key, object};
use crate::providers::splitter::Raw;
use crate::providers::{CallLane, Check, Fetched, Permission, ProbeResult, ProviderError, Tenant};

const GRANTED: &str = "The key has this permission.";

const LIST: Permission =
    Permission::required(PERMISSION_LIST, "reading everybody at every full sync");
/// A key without it works (L-13): everybody is read instead.
pub const BY_ID: Permission = Permission::useful(
    PERMISSION_BY_ID,
    "reading one person right after a change",
    "Everybody is then read after each change, which takes a little longer. Somebody who was \
     deleted in People HR loses access only after two full syncs that are an hour apart.",
);

/// What a check asks for.
pub const PERMISSIONS: &[Permission] = &[LIST, BY_ID];

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
            let list = LIST.answered(ProbeResult::Missing, missing(LIST));
            let message = "Not tried: it needs an employee from the list. Check in the same place \
                           that “Get Employee Detail By Id” is ticked too.";
            let by_id = BY_ID.answered(ProbeResult::NotDetermined, message);
            return Ok(Check { probes: vec![list, by_id], error: None, tenant });
        }
        Err(error) => return Ok(nothing_answered(error, tenant)),
    };
    let list = LIST.answered(ProbeResult::Granted, GRANTED);
    let by_id = match listed {
        Listed::Somebody(Some(number)) => probe_by_id(hr, &number).await?,
        Listed::Somebody(None) | Listed::Nobody => Ok((
            ProbeResult::NotDetermined,
            "People HR listed nobody with an Employee Id whom Rollcall could ask for. Check that \
             the key has this permission under HR Admin → Settings → API."
                .to_owned(),
        )),
    };
    Ok(match by_id {
        Ok((result, message)) => {
            Check { probes: vec![list, BY_ID.answered(result, message)], error: None, tenant }
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

type ByIdFinding = Result<(ProbeResult, String), ProviderError>;

/// The outer error is a spent budget, the inner one a refusal of the whole key.
async fn probe_by_id(hr: &PeopleHr, number: &EmployeeNumber) -> Result<ByIdFinding, ProviderError> {
    Ok(match hr.ask_in(CallLane::Bulk, number).await.map_err(|unclear| unclear.error) {
        Ok(Fetched::Found(_)) => Ok((ProbeResult::Granted, GRANTED.to_owned())),
        Ok(Fetched::Gone) => Ok((
            ProbeResult::NotDetermined,
            "The employee whom Rollcall asked for was removed at that moment. Try again."
                .to_owned(),
        )),
        Err(error @ ProviderError::BudgetSpent { .. }) => return Err(error),
        Err(error @ (ProviderError::Credential | ProviderError::Suspended)) => Err(error),
        Err(ProviderError::Permission { .. }) => Ok((ProbeResult::Missing, missing(BY_ID))),
        Err(error) => Ok((ProbeResult::NotDetermined, not_determined(&error).to_owned())),
    })
}

fn nothing_answered(error: ProviderError, tenant: Option<Tenant>) -> Check {
    let message = not_determined(&error);
    Check { tenant, ..Check::unanswered(ProviderKind::PeopleHr, error, message) }
}

fn missing(permission: Permission) -> String {
    let Permission { name, required, without, .. } = permission;
    if !required {
        return format!(
            "People HR refused this to the key. The key works without. {without} To allow it, open \
             HR Admin → Settings → API in People HR, open the key and tick “{name}” under Employee."
        );
    }
    format!(
        "People HR refused this to the key. In People HR open HR Admin → Settings → API, open the \
         key and tick “{name}” under Employee. If the key has a list of IP addresses, the address \
         of this server must be in it."
    )
}

fn not_determined(error: &ProviderError) -> &'static str {
    match error {
        ProviderError::Credential => {
            "People HR does not know this key. Copy it again from HR Admin → Settings → API, or \
             create a new one there."
        }
        ProviderError::Suspended => {
            "People HR says that this company's account is suspended or has ended. Ask Access to \
             open it again."
        }
        ProviderError::Throttled { .. } | ProviderError::BudgetSpent { .. } => {
            "People HR takes no more calls at the moment. Try again in a few minutes."
        }
        ProviderError::Untrusted { .. } => crate::providers::UNTRUSTED,
        ProviderError::Down { .. } => {
            "People HR did not answer properly. Try again in a few minutes."
        }
        ProviderError::Permission { .. }
        | ProviderError::Malformed { .. }
        | ProviderError::Sink { .. } => {
            "People HR's answer could not be understood. Try again; if it stays, tell Rollcall's \
             operator."
        }
    }
}
