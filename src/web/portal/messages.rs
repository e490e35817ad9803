//! What the pages say, in words for somebody who looks after people and not after machines.
//!
//! Invariant: pure; what is said follows from the arguments alone.

use serde_json::Value;

use crate::db::directories::{Directory, DirectoryCounts};
use crate::domain::audit::{Changes, FieldChange, Rule};
use crate::domain::certificate;
use crate::domain::directory::{DirectoryState, RunState, RunTrigger};
use crate::domain::failure::FailureClass;
use crate::domain::failure::OTHER_COMPANY;
use crate::domain::notice::records_text;
use crate::domain::profile::Arrival;
use crate::domain::provider::ProviderKind;
use crate::providers;
use crate::texts::Language;

pub use crate::web::pages::when::When;

/// How a connection is, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// How it looks: `good`, `busy`, `warn`, `bad` or `idle`.
    pub tone: &'static str,
    /// In a word or two.
    pub label: String,
    /// In a sentence.
    pub sentence: String,
}

impl Health {
    fn new(tone: &'static str, label: &str, sentence: impl Into<String>) -> Self {
        Self { tone, label: label.to_owned(), sentence: sentence.into() }
    }

    /// How this directory is.
    #[must_use]
    pub fn of(directory: &Directory, counts: DirectoryCounts) -> Self {
        let hr = directory.provider.title();
        match directory.state {
            DirectoryState::Setup => {
                Self::new("idle", "Set-up is not finished", "Nothing is brought up to date yet.")
            }
            DirectoryState::Validating => match directory.failure_class {
                Some(class) => Self::new("warn", "First sync not finished", trouble(class, hr)),
                None => Self::new("busy", "First sync", "Everybody is read for the first time."),
            },
            DirectoryState::Active => Self::of_active(directory, counts),
            DirectoryState::Failing => Self::of_failing(directory),
            DirectoryState::Disabled => {
                Self::new("idle", "Disabled", "All accounts are as they were then.")
            }
        }
    }

    fn of_active(directory: &Directory, counts: DirectoryCounts) -> Self {
        let hr = directory.provider.title();
        if directory.silent_since_ms.is_some() {
            let sentence = format!("Nothing has come from {hr} for longer than usual.");
            return Self::new("warn", "Quiet for too long", sentence);
        }
        if let Some(class) = directory.failure_class {
            return Self::new("warn", "Trying again", trouble(class, hr));
        }
        let phrase = |count: i64| {
            records_text(u64::try_from(count).unwrap_or_default()).in_language(Language::English)
        };
        let correct = format!("{} to be corrected in {hr}.", phrase(counts.row_problems));
        match (counts.holds, counts.row_problems) {
            (0, 0) if counts.warnings > 0 => {
                let check = format!("{} to be checked in {hr}.", phrase(counts.warnings));
                Self::new("good", "Everything works", check)
            }
            (0, 0) => {
                let sentence = format!("Changes in {hr} reach the accounts by themselves.");
                Self::new("good", "Everything works", sentence)
            }
            (0, _) => Self::new("good", "Everything works", correct),
            (1, _) => Self::new("warn", "Please decide", "1 decision waits for you."),
            (holds, _) => {
                Self::new("warn", "Please decide", format!("{holds} decisions wait for you."))
            }
        }
    }

    fn of_failing(directory: &Directory) -> Self {
        let hr = directory.provider.title();
        let Some(class) = directory.failure_class else {
            return Self::new("bad", "Does not work", "Changes do not arrive at the moment.");
        };
        let what = match (class, &directory.failure_detail) {
            (FailureClass::Permission, Some(name)) => {
                format!("{hr} refuses the permission “{name}”.")
            }
            (FailureClass::Credential, Some(detail)) if detail == OTHER_COMPANY => {
                "The key may read another company. Please decide.".to_owned()
            }
            (FailureClass::Malformed, Some(records)) => {
                format!("{records} to be corrected in {hr}; until then nothing is updated.")
            }
            (FailureClass::ProviderDown, Some(detail)) => {
                match certificate::of_detail(Some(detail.as_str())) {
                    Some(fault) => format!(
                        "The TLS certificate of {hr} is not accepted: {fault}. The people who run \
                         this service have to look at it."
                    ),
                    None => trouble(class, hr),
                }
            }
            (class, _) => trouble(class, hr),
        };
        Self::new("bad", "Does not work", format!("{what} Nobody loses access because of this."))
    }
}

fn trouble(class: FailureClass, hr: &str) -> String {
    match class {
        FailureClass::Credential => format!("{hr} no longer accepts the key."),
        FailureClass::Permission => format!("The key lacks a permission in {hr}."),
        FailureClass::Throttled => format!("{hr} asks us to slow down; we go on by ourselves."),
        FailureClass::Suspended => format!("{hr} says that your company's account is not active."),
        FailureClass::ProviderDown => format!("{hr} does not answer properly; we keep trying."),
        FailureClass::Malformed => format!("{hr} sent an answer that we cannot read in full."),
        FailureClass::Internal => "There is a fault on our side; we keep trying.".to_owned(),
    }
}

/// What a connection is like, before there is one.
#[must_use]
pub fn about(provider: ProviderKind) -> &'static str {
    match providers::profile(provider).arrival {
        Arrival::Webhook => "Changes arrive within a second.",
        Arrival::Polled => "Changes arrive every half hour.",
    }
}

/// Why a full sync ran.
#[must_use]
pub const fn trigger(trigger: RunTrigger) -> &'static str {
    match trigger {
        RunTrigger::Setup => "Set-up",
        RunTrigger::Credentials => "New key",
        RunTrigger::Scheduled => "Regular",
        RunTrigger::Manual => "Asked for",
        RunTrigger::Burst => "Many changes at once",
    }
}

/// How a full sync ended or is going: the tone, the word.
#[must_use]
pub fn outcome(state: RunState, gave_way: bool) -> (&'static str, &'static str) {
    match state {
        RunState::Queued => ("idle", "Waits"),
        RunState::Running => ("idle", "Under way"),
        RunState::Succeeded => ("good", "Done"),
        RunState::Failed if gave_way => ("idle", "Gave way"),
        RunState::Failed => ("bad", "Failed"),
    }
}

/// "1 person", "2 people".
#[must_use]
pub fn people(count: u64) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}

/// What changed of an account, in a few words.
#[must_use]
pub fn change_summary(rule: Rule, changes: &Changes) -> String {
    if let Some(status) = changes.get("status") {
        let to = status.to.as_str().unwrap_or_default();
        match (rule, to) {
            (Rule::Created | Rule::MadeByApplication | Rule::Imported, "active") => {
                return "got an account".to_owned();
            }
            (_, "active") => {
                return format!("has access. {}", rule.text().in_language(Language::English));
            }
            (_, "inactive") => {
                return format!(
                    "has no access any more. {}",
                    rule.text().in_language(Language::English)
                );
            }
            (_, "pending") => return "has an account that waits for the first day".to_owned(),
            _ => {}
        }
    }
    let fields: Vec<&str> = changes.keys().filter_map(|field| field_name(field)).collect();
    match fields.as_slice() {
        [] => rule.text().in_language(Language::English),
        [one] => format!("has {} {one}", article(one)),
        _ => format!("changed: {}", fields.join(", ")),
    }
}

fn article(field: &str) -> &'static str {
    if field.starts_with(['a', 'e', 'i', 'o', 'u']) { "another" } else { "a new" }
}

/// What a member of an account is called; nothing for those that tell a person nothing.
fn field_name(field: &str) -> Option<&'static str> {
    Some(match field {
        "email" => "e-mail",
        "first_name" => "first name",
        "last_name" => "last name",
        "department" => "department",
        "position" => "job",
        "office_location" => "office location",
        "manager_account_id" => "manager",
        "start_date" => "first day",
        "leaving_date" => "last day",
        "status" => "access",
        "protected" => "protection",
        _ => return None,
    })
}

/// Each field that changed, with what it was and what it is.
#[must_use]
pub fn change_lines(changes: &Changes) -> Vec<String> {
    let line = |(field, change): (&String, &FieldChange)| {
        let name = field_name(field)?;
        if field == "manager_account_id" {
            return Some("manager changed".to_owned());
        }
        let (from, to) = (value(&change.from), value(&change.to));
        Some(match (from.is_empty(), to.is_empty()) {
            (true, _) => format!("{name}: {to}"),
            (false, true) => format!("{name}: {from}, now none"),
            (false, false) => format!("{name}: {from} → {to}"),
        })
    };
    changes.iter().filter_map(line).collect()
}

fn value(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_by_what_it_means() {
        let changes = |fields: &[(&str, &str, &str)]| -> Changes {
            let change = |(name, from, to): &(&str, &str, &str)| {
                let text = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
                ((*name).to_owned(), FieldChange { from: text(from), to: text(to) })
            };
            fields.iter().map(change).collect()
        };
        let hired = changes(&[("status", "", "active"), ("first_name", "", "Ann")]);
        assert_eq!(change_summary(Rule::Created, &hired), "got an account");
        let job = changes(&[("position", "Cook", "Chef")]);
        assert_eq!(change_summary(Rule::Followed, &job), "has a new job");
        assert_eq!(change_lines(&job), ["job: Cook → Chef"]);
        let left = changes(&[("status", "active", "inactive")]);
        let told = change_summary(Rule::LeavingDateOver, &left);
        assert_eq!(told, "has no access any more. The person's last day is over.");
        let moved =
            changes(&[("department", "A", "B"), ("email", "a@x", ""), ("attributes", "", "")]);
        assert_eq!(change_summary(Rule::Followed, &moved), "changed: department, e-mail");
        assert_eq!(change_lines(&moved), ["department: A → B", "e-mail: a@x, now none"]);
    }
}
