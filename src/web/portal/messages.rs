//! What the pages say, in words for somebody who looks after people and not after machines.
//!
//! Invariant: pure; what is said follows from the arguments alone.

use serde_json::Value;

use crate::db::directories::{Directory, DirectoryCounts};
use crate::domain::audit::{Changes, FieldChange, Rule};
use crate::domain::certificate;
use crate::domain::directory::{DirectoryState, RunState, RunTrigger};
use crate::domain::failure::{FailureClass, OTHER_COMPANY};
use crate::domain::profile::Arrival;
use crate::domain::provider::ProviderKind;
use crate::providers;
use crate::texts::{Markup, Text, text};

pub use crate::web::pages::when::When;

/// How a connection is, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// How it looks: `good`, `busy`, `warn`, `bad` or `idle`.
    pub tone: &'static str,
    /// In a word or two.
    pub label: Text,
    /// In a sentence.
    pub sentence: Text,
}

impl Health {
    const fn new(tone: &'static str, label: Text, sentence: Text) -> Self {
        Self { tone, label, sentence }
    }

    /// How this directory is.
    #[must_use]
    pub fn of(directory: &Directory, counts: DirectoryCounts) -> Self {
        let hr = directory.provider.title();
        match directory.state {
            DirectoryState::Setup => {
                let means = text("portal-health-setup-means");
                Self::new("idle", text("portal-health-setup"), means)
            }
            DirectoryState::Validating => {
                if let Some(class) = directory.failure_class() {
                    let label = text("portal-health-first-unfinished");
                    return Self::new("warn", label, trouble(class, hr));
                }
                let means = text("portal-health-first-means");
                Self::new("busy", text("portal-health-first"), means)
            }
            DirectoryState::Active => Self::of_active(directory, counts),
            DirectoryState::Failing => Self::of_failing(directory),
            DirectoryState::Disabled => {
                let means = text("portal-health-disabled-means");
                Self::new("idle", text("portal-health-disabled"), means)
            }
        }
    }

    fn of_active(directory: &Directory, counts: DirectoryCounts) -> Self {
        let hr = directory.provider.title();
        if directory.silent_since_ms.is_some() {
            let means = text("portal-health-quiet-means").with("hr", hr);
            return Self::new("warn", text("portal-health-quiet"), means);
        }
        if let Some(class) = directory.failure_class() {
            return Self::new("warn", text("portal-health-again"), trouble(class, hr));
        }
        let DirectoryCounts { holds, row_problems, warnings, .. } = counts;
        if holds > 0 {
            let means = text("portal-health-decide-means").with("count", holds);
            return Self::new("warn", text("portal-health-decide"), means);
        }
        let means = match (row_problems, warnings) {
            (0, 0) => text("portal-health-good-means").with("hr", hr),
            (0, count) => text("portal-health-good-check").with("count", count).with("hr", hr),
            (count, _) => text("portal-health-good-correct").with("count", count).with("hr", hr),
        };
        Self::new("good", text("portal-health-good"), means)
    }

    fn of_failing(directory: &Directory) -> Self {
        let hr = directory.provider.title();
        let label = text("portal-health-bad");
        let Some(failing) = directory.failing() else {
            return Self::new("bad", label, text("portal-health-bad-means"));
        };
        let what = match (failing.class, &failing.detail) {
            (FailureClass::Permission, Some(name)) => {
                text("portal-trouble-named-permission").with("hr", hr).with("permission", name)
            }
            (FailureClass::Credential, Some(detail)) if detail == OTHER_COMPANY => {
                text("portal-trouble-other-company")
            }
            (FailureClass::Malformed, Some(records)) => {
                text("portal-trouble-records").with("records", records).with("hr", hr)
            }
            (FailureClass::ProviderDown, Some(detail)) => {
                match certificate::of_detail(Some(detail.as_str())) {
                    Some(fault) => text("portal-trouble-certificate")
                        .with("hr", hr)
                        .with("fault", fault.text()),
                    None => trouble(failing.class, hr),
                }
            }
            (class, _) => trouble(class, hr),
        };
        Self::new("bad", label, text("portal-health-bad-because").with("what", what))
    }
}

fn trouble(class: FailureClass, hr: &str) -> Text {
    match class {
        FailureClass::Credential => text("portal-trouble-credential").with("hr", hr),
        FailureClass::Permission => text("portal-trouble-permission").with("hr", hr),
        FailureClass::Throttled => text("portal-trouble-throttled").with("hr", hr),
        FailureClass::Suspended => text("portal-trouble-suspended").with("hr", hr),
        FailureClass::ProviderDown => text("portal-trouble-down").with("hr", hr),
        FailureClass::Malformed => text("portal-trouble-malformed").with("hr", hr),
        FailureClass::Internal => text("portal-trouble-internal"),
    }
}

/// What a connection is like, before there is one.
#[must_use]
pub fn about(provider: ProviderKind) -> Text {
    match providers::profile(provider).arrival {
        Arrival::Webhook => text("portal-about-at-once"),
        Arrival::Polled => text("portal-about-every-half-hour"),
    }
}

/// Why a full sync ran.
#[must_use]
pub fn trigger(trigger: RunTrigger) -> Text {
    match trigger {
        RunTrigger::Setup => text("portal-trigger-setup"),
        RunTrigger::Credentials => text("portal-trigger-key"),
        RunTrigger::Scheduled => text("portal-trigger-regular"),
        RunTrigger::Manual => text("portal-trigger-manual"),
        RunTrigger::Burst => text("portal-trigger-burst"),
    }
}

/// How a full sync ended or is going: the tone, the word.
#[must_use]
pub fn outcome(state: RunState, gave_way: bool) -> (&'static str, Text) {
    match state {
        RunState::Queued => ("idle", text("portal-outcome-queued")),
        RunState::Running => ("idle", text("portal-outcome-running")),
        RunState::Succeeded => ("good", text("portal-outcome-done")),
        RunState::Failed if gave_way => ("idle", text("portal-outcome-gave-way")),
        RunState::Failed => ("bad", text("portal-outcome-failed")),
    }
}

/// One after the other with commas; nothing for none.
#[must_use]
pub fn with_commas(texts: impl IntoIterator<Item = Text>) -> Option<Text> {
    let next = |before, after| text("portal-comma").with("before", before).with("after", after);
    texts.into_iter().reduce(next)
}

/// What changed of an account, in a few words.
#[must_use]
pub fn change_summary(who: &Markup, rule: Rule, changes: &Changes) -> Text {
    let why = || rule.text();
    if let Some(status) = changes.get("status") {
        let to = status.to.as_str().unwrap_or_default();
        match (rule, to) {
            (Rule::Created | Rule::MadeByApplication | Rule::Imported, "active") => {
                return text("portal-feed-account").with("who", who);
            }
            (_, "active") => return text("portal-feed-access").with("who", who).with("why", why()),
            (_, "inactive") => {
                return text("portal-feed-no-access").with("who", who).with("why", why());
            }
            (_, "pending") => return text("portal-feed-waits").with("who", who),
            _ => {}
        }
    }
    let shown: Vec<Field> = changes.keys().filter_map(|name| Field::of(name)).collect();
    if let [one] = shown.as_slice() {
        return one.another(who);
    }
    match with_commas(shown.into_iter().map(Field::called)) {
        Some(fields) => text("portal-feed-fields").with("who", who).with("fields", fields),
        None => text("portal-feed-other").with("who", who).with("why", why()),
    }
}

/// A member of an account that tells a person something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Email,
    FirstName,
    LastName,
    Department,
    Job,
    Office,
    Manager,
    FirstDay,
    LastDay,
    Access,
    Protection,
}

impl Field {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "email" => Self::Email,
            "first_name" => Self::FirstName,
            "last_name" => Self::LastName,
            "department" => Self::Department,
            "position" => Self::Job,
            "office_location" => Self::Office,
            "manager_account_id" => Self::Manager,
            "start_date" => Self::FirstDay,
            "leaving_date" => Self::LastDay,
            "status" => Self::Access,
            "protected" => Self::Protection,
            _ => return None,
        })
    }

    /// What it is called.
    fn called(self) -> Text {
        match self {
            Self::Email => text("portal-field-email"),
            Self::FirstName => text("portal-field-first-name"),
            Self::LastName => text("portal-field-last-name"),
            Self::Department => text("portal-field-department"),
            Self::Job => text("portal-field-job"),
            Self::Office => text("portal-field-office"),
            Self::Manager => text("portal-field-manager"),
            Self::FirstDay => text("portal-field-first-day"),
            Self::LastDay => text("portal-field-last-day"),
            Self::Access => text("portal-field-access"),
            Self::Protection => text("portal-field-protection"),
        }
    }

    /// That somebody has another one.
    fn another(self, who: &Markup) -> Text {
        match self {
            Self::Email => text("portal-feed-email").with("who", who),
            Self::FirstName => text("portal-feed-first-name").with("who", who),
            Self::LastName => text("portal-feed-last-name").with("who", who),
            Self::Department => text("portal-feed-department").with("who", who),
            Self::Job => text("portal-feed-job").with("who", who),
            Self::Office => text("portal-feed-office").with("who", who),
            Self::Manager => text("portal-feed-manager").with("who", who),
            Self::FirstDay => text("portal-feed-first-day").with("who", who),
            Self::LastDay => text("portal-feed-last-day").with("who", who),
            Self::Access => text("portal-feed-access-field").with("who", who),
            Self::Protection => text("portal-feed-protection").with("who", who),
        }
    }
}

/// Each field that changed, with what it was and what it is.
#[must_use]
pub fn change_lines(changes: &Changes) -> Vec<Text> {
    let line = |(name, change): (&String, &FieldChange)| {
        let field = Field::of(name)?;
        if field == Field::Manager {
            return Some(text("portal-change-manager"));
        }
        Some(match (value(&change.from), value(&change.to)) {
            (None, to) => {
                let to = to.unwrap_or_else(|| Text::verbatim(""));
                text("portal-change-new").with("field", field.called()).with("to", to)
            }
            (Some(from), None) => {
                text("portal-change-gone").with("field", field.called()).with("from", from)
            }
            (Some(from), Some(to)) => text("portal-change-other")
                .with("field", field.called())
                .with("from", from)
                .with("to", to),
        })
    };
    changes.iter().filter_map(line).collect()
}

/// A value as it is shown; none for one that is empty.
fn value(value: &Value) -> Option<Text> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(true) => text("portal-value-yes"),
        Value::Bool(false) => text("portal-value-no"),
        Value::String(words) if words.is_empty() => return None,
        Value::String(words) => Text::verbatim(words.as_str()),
        other => Text::verbatim(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Language;

    #[test]
    fn a_change_is_told_by_what_it_means() {
        let changes = |fields: &[(&str, &str, &str)]| -> Changes {
            let change = |(name, from, to): &(&str, &str, &str)| {
                let text = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
                ((*name).to_owned(), FieldChange { from: text(from), to: text(to) })
            };
            fields.iter().map(change).collect()
        };
        let told = |rule, changes: &Changes| {
            let ann = Markup::default().text(Text::verbatim("Ann"));
            change_summary(&ann, rule, changes).in_language(Language::English)
        };
        let lines = |changes: &Changes| -> Vec<String> {
            let lines = change_lines(changes);
            lines.iter().map(|line| line.in_language(Language::English)).collect()
        };
        let hired = changes(&[("status", "", "active"), ("first_name", "", "Ann")]);
        assert_eq!(told(Rule::Created, &hired), "Ann got an account");
        let job = changes(&[("position", "Cook", "Chef")]);
        assert_eq!(told(Rule::Followed, &job), "Ann has a new job");
        assert_eq!(lines(&job), ["job: Cook → Chef"]);
        let left = changes(&[("status", "active", "inactive")]);
        let expected = "Ann has no access any more. The person's last day is over.";
        assert_eq!(told(Rule::LeavingDateOver, &left), expected);
        let moved =
            changes(&[("department", "A", "B"), ("email", "a@x", ""), ("attributes", "", "")]);
        assert_eq!(told(Rule::Followed, &moved), "Ann changed: department, e-mail");
        assert_eq!(lines(&moved), ["department: A → B", "e-mail: a@x, now none"]);
    }
}
