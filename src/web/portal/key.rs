//! The part of a page on which a key is entered, and what the check of one found (L-04).
//!
//! Invariant: no key is repeated, not even a wrong one.

use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::db::directories::Directory;
use crate::db::waiting_credentials::WaitingCredential;
use crate::domain::profile::{CredentialForm, Permission};
use crate::domain::provider::ProviderKind;
use crate::providers::{self, Check, CredentialInput, Probe, ProbeResult};
use crate::sync::permissions;
use crate::texts::{Text, text};
use crate::web::pages::form::Fields;
use crate::web::portal::messages::When;

/// What became of a key that was entered just now.
#[derive(Debug, Default)]
pub enum Said {
    /// None was.
    #[default]
    Nothing,
    /// It cannot be one; says why.
    Invalid(Text),
    /// The HR system refuses it, or a permission is missing; nothing was stored.
    Refused(Check),
    /// The stored one was checked.
    Checked(Check),
    /// It is right, and waits for permissions (L-14).
    Waits(Check),
}

/// The part of a page on which a key is entered.
pub struct KeyForm {
    /// Whether it is a pair of keys.
    pub pair: bool,
    /// What is stored, if anything is.
    pub stored: Option<Stored>,
    /// What waits for permissions, if anything does.
    pub waiting: Option<Waits>,
    /// Whether the form is shown without being asked for.
    pub open: bool,
    /// Whether its button is not the first thing to press.
    pub second: bool,
    /// What its button says.
    pub button: Text,
    /// Why what was entered cannot be a key.
    pub error: Option<Text>,
    /// What the check found.
    pub checks: Option<Checks>,
    /// What the stored key lacks although it works without.
    pub lacks: Vec<&'static Permission>,
}

/// A key that is stored.
pub struct Stored {
    /// Which, as far as that is shown.
    pub words: Text,
    /// When it was last checked.
    pub checked: Option<When>,
}

/// A key that waits for permissions.
pub struct Waits {
    /// Which, as far as that is shown.
    pub words: Text,
    /// The permissions, in the HR system's own words.
    pub permissions: Text,
    /// When it is deleted.
    pub until: When,
}

/// What a check found.
pub struct Checks {
    /// How it looks: `good`, `warn` or `bad`.
    pub tone: &'static str,
    /// In a sentence.
    pub headline: Text,
    /// What to do or know, when it is the same for all permissions.
    pub message: Option<Text>,
    /// Permission by permission.
    pub rows: Vec<Row>,
}

/// One permission.
pub struct Row {
    /// How it looks.
    pub tone: &'static str,
    /// For the eye.
    pub mark: &'static str,
    /// For the ear.
    pub word: Text,
    /// The permission in the HR system's own words.
    pub permission: &'static str,
    /// What it is needed for.
    pub needed_for: &'static Text,
    /// What to do or know.
    pub message: Text,
}

impl KeyForm {
    /// The form of a directory.
    pub fn of(
        directory: &Directory,
        waiting: Option<WaitingCredential>,
        said: Said,
        (now, zone): (Timestamp, &TimeZone),
    ) -> Self {
        let words = |last4: &str| match last4 {
            "" => text("portal-key-some"),
            last4 => text("portal-key-last").with("last", last4),
        };
        let waiting = waiting.map(|waiting| Waits {
            words: words(&waiting.credential_last4),
            permissions: listed(&waiting.missing_permissions.0),
            until: When::of(waiting.expires_at_ms, now, zone),
        });
        let stored = directory.credential_last4.as_ref().map(|last4| Stored {
            words: words(last4),
            checked: directory.credential_checked_at_ms.map(|at| When::of(at, now, zone)),
        });
        let hr = directory.provider.title();
        let (error, checks) = match said {
            Said::Nothing => (None, None),
            Said::Invalid(message) => (Some(message), None),
            Said::Refused(check) => (None, Some(Checks::of(check, hr, Fate::Refused))),
            Said::Checked(check) => (None, Some(Checks::of(check, hr, Fate::Stored))),
            Said::Waits(check) => (None, Some(Checks::of(check, hr, Fate::Waits))),
        };
        let is_wrong = error.is_some() || checks.as_ref().is_some_and(|c| c.tone == "bad");
        Self {
            pair: is_pair(directory.provider),
            open: is_wrong,
            second: stored.is_some() || waiting.is_some(),
            waiting,
            button: match &stored {
                Some(_) => text("portal-key-replace"),
                None => text("portal-key-store"),
            },
            stored,
            error,
            // The check says the same.
            lacks: if checks.is_some() { Vec::new() } else { permissions::missing(directory) },
            checks,
        }
    }
}

/// Names in quotes.
fn listed(names: &[String]) -> Text {
    let and =
        |before, after| text("portal-waiting-and").with("before", before).with("after", after);
    let quoted =
        names.iter().map(|name| text("portal-waiting-permission").with("permission", name));
    quoted.reduce(and).unwrap_or_else(|| Text::verbatim(""))
}

/// What became of a key that was checked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Refused,
    Stored,
    Waits,
}

impl Checks {
    fn of(check: Check, hr: &str, fate: Fate) -> Self {
        let missing = check.missing().next().is_some();
        let bad = fate == Fate::Refused || !check.acceptable();
        let (tone, headline) = match (bad, check.ok()) {
            _ if fate == Fate::Waits => ("warn", text("portal-check-waits")),
            (true, _) if missing => ("bad", text("portal-check-missing")),
            (true, _) => ("bad", text("portal-check-refused").with("hr", hr)),
            (false, true) => ("good", with_company(text("portal-check-works"), &check)),
            (false, false) if missing => {
                ("warn", with_company(text("portal-check-useful"), &check))
            }
            (false, false) => ("warn", with_company(text("portal-check-partly"), &check)),
        };
        let message = match check.probes.as_slice() {
            [first, rest @ ..] if !rest.is_empty() => {
                rest.iter().all(|one| one.message == first.message).then(|| first.message.clone())
            }
            _ => None,
        };
        Self { tone, headline, message, rows: check.probes.into_iter().map(Row::of).collect() }
    }
}

/// The sentence, and whose key it is when the HR system tells.
fn with_company(sentence: Text, check: &Check) -> Text {
    match check.tenant.as_ref().map(|tenant| tenant.name.trim()) {
        Some(name) if !name.is_empty() => {
            text("portal-check-company").with("sentence", sentence).with("company", name)
        }
        _ => sentence,
    }
}

impl Row {
    fn of(probe: Probe) -> Self {
        let (tone, mark, word) = match (probe.result, probe.permission.is_required()) {
            (ProbeResult::Granted, _) => ("good", "✓", text("portal-check-granted")),
            (ProbeResult::Missing, true) => ("bad", "✗", text("portal-check-lacking")),
            (ProbeResult::Missing, false) => ("warn", "–", text("portal-check-lacking-optional")),
            (ProbeResult::NotDetermined, _) => ("warn", "?", text("portal-check-not-determined")),
        };
        let Probe { permission, message, .. } = probe;
        let (permission, needed_for) = (permission.name, &permission.needed_for);
        Self { tone, mark, word, permission, needed_for, message }
    }
}

fn is_pair(provider: ProviderKind) -> bool {
    providers::profile(provider).credential == CredentialForm::KeyPair
}

/// What was entered, as the HR system's key; otherwise what is missing.
pub fn entered(provider: ProviderKind, fields: &Fields) -> Result<CredentialInput, Text> {
    if !is_pair(provider) {
        let key = fields.secret("api_key").ok_or_else(|| text("portal-key-none"))?;
        return Ok(CredentialInput::ApiKey(key));
    }
    match (fields.secret("text"), fields.secret("access_key"), fields.secret("secret_access_key")) {
        (Some(text), None, None) => Ok(CredentialInput::Text(text)),
        (None, Some(access_key), Some(secret_access_key)) => {
            Ok(CredentialInput::KeyPair { access_key, secret_access_key })
        }
        (None, None, None) => Err(text("portal-key-no-text")),
        (None, _, _) => Err(text("portal-key-half")),
        (Some(_), _, _) => Err(text("portal-key-too-much")),
    }
}
