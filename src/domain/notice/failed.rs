//! What the admins are told when changes no longer arrive (S-41).

use super::body::Draft;
use super::line::{moment_text, one_line};
use super::{FailureFacts, NoticeText, RecordsFacts};
use crate::domain::certificate;
use crate::domain::failure::{self, FailureClass};
use crate::texts::{Language, Text, text};

/// Changes from the HR system no longer arrive (S-41).
#[must_use]
pub fn sync_failed(facts: &FailureFacts<'_>, language: Language) -> NoticeText {
    if facts.detail == Some(failure::OTHER_COMPANY) {
        return other_company(facts, language);
    }
    let mut body = Draft::new(language);
    body.paragraph(&no_updates(facts));
    body.paragraph(&what_happened(facts));
    body.paragraph(&what_it_means(facts.class));
    match what_to_do(facts) {
        ToDo::Nothing(why) => body.paragraph(&why),
        ToDo::Steps(steps) => body.steps(&steps),
    }
    let label = match facts.class {
        FailureClass::Credential => text("notice-failed-enter-key"),
        _ => text("notice-failed-what-next"),
    };
    body.link(&label, facts.place.link);
    body.finish_for(facts.place.organization, subject(facts))
}

fn no_updates(facts: &FailureFacts<'_>) -> Text {
    text("notice-failed")
        .with("since", moment_text(facts.since, facts.place.zone))
        .with("hr", facts.place.hr_title())
        .with("owner", facts.place.owner())
}

fn subject(facts: &FailureFacts<'_>) -> Text {
    let hr = facts.place.hr_title();
    match facts.class {
        FailureClass::Credential => text("notice-failed-credential-subject").with("hr", hr),
        FailureClass::Permission => text("notice-failed-permission-subject").with("hr", hr),
        FailureClass::Throttled => text("notice-failed-throttled-subject").with("hr", hr),
        FailureClass::Suspended => text("notice-failed-suspended-subject").with("hr", hr),
        FailureClass::ProviderDown => text("notice-failed-down-subject").with("hr", hr),
        FailureClass::Malformed => text("notice-failed-malformed-subject").with("hr", hr),
        FailureClass::Internal => text("notice-failed-internal-subject").with("hr", hr),
    }
}

fn what_happened(facts: &FailureFacts<'_>) -> Text {
    let hr = facts.place.hr_title();
    match facts.class {
        FailureClass::Credential => text("notice-failed-credential").with("hr", hr),
        FailureClass::Permission => match facts.detail.map(one_line) {
            Some(permission) => {
                text("notice-failed-permission-named").with("hr", hr).with("permission", permission)
            }
            None => text("notice-failed-permission").with("hr", hr),
        },
        FailureClass::Throttled => text("notice-failed-throttled").with("hr", hr),
        FailureClass::Suspended => text("notice-failed-suspended").with("hr", hr),
        FailureClass::ProviderDown => match certificate::of_detail(facts.detail) {
            Some(fault) => {
                text("notice-failed-certificate").with("hr", hr).with("fault", fault.text())
            }
            None => text("notice-failed-down").with("hr", hr),
        },
        FailureClass::Malformed => text("notice-failed-malformed").with("hr", hr),
        FailureClass::Internal => text("notice-failed-internal").with("hr", hr),
    }
}

/// The reassurance that every text about a missing update carries.
fn what_it_means(class: FailureClass) -> Text {
    match class {
        FailureClass::Credential | FailureClass::Permission => {
            text("notice-failed-waits-for-repair")
        }
        _ => text("notice-failed-waits"),
    }
}

/// What the admin is asked to do.
enum ToDo {
    Nothing(Text),
    Steps(Vec<Text>),
}

fn what_to_do(facts: &FailureFacts<'_>) -> ToDo {
    let (profile, hr) = (facts.place.hr, facts.place.hr_title());
    let tell_operator =
        || vec![text("notice-tell-operator"), text("notice-keep-trying").with("hr", hr)];
    match facts.class {
        FailureClass::Credential => {
            let made = profile.key_steps.iter().cloned();
            ToDo::Steps(made.chain(profile.credential.entry_steps()).collect())
        }
        FailureClass::Permission => {
            let permission = facts.detail.map(one_line);
            let mut steps = (profile.permission_steps)(permission.as_deref());
            steps.push(text("notice-failed-regularly"));
            ToDo::Steps(steps)
        }
        FailureClass::Throttled => {
            ToDo::Nothing(text("notice-failed-throttled-to-do").with("hr", hr))
        }
        FailureClass::Suspended => ToDo::Steps(vec![
            text("notice-failed-suspended-talk").with("hr", hr),
            text("notice-failed-suspended-then"),
        ]),
        FailureClass::ProviderDown if certificate::of_detail(facts.detail).is_some() => {
            ToDo::Steps(tell_operator())
        }
        FailureClass::ProviderDown => {
            ToDo::Nothing(text("notice-failed-down-to-do").with("hr", hr))
        }
        FailureClass::Malformed => {
            ToDo::Nothing(text("notice-failed-malformed-to-do").with("hr", hr))
        }
        FailureClass::Internal => ToDo::Steps(tell_operator()),
    }
}

/// Nothing is updated because the key seems to read another company (L-10).
fn other_company(facts: &FailureFacts<'_>, language: Language) -> NoticeText {
    let hr = facts.place.hr_title();
    let mut body = Draft::new(language);
    body.paragraph(&no_updates(facts));
    body.paragraph(&text("notice-other-company").with("hr", hr));
    body.paragraph(&what_it_means(FailureClass::Credential));
    body.steps(&[
        text("notice-other-company-open"),
        text("notice-other-company-enter"),
        text("notice-other-company-yes"),
    ]);
    body.link(&text("notice-other-company-page"), facts.place.link);
    let subject = text("notice-other-company-subject").with("hr", hr);
    body.finish_for(facts.place.organization, subject)
}

/// "1 record has", "3 records have": what a strict directory waits for.
#[must_use]
pub fn records_text(records: u64) -> Text {
    text("notice-records").with("count", records)
}

/// Nothing is updated because records have faults and the directory is strict (S-07).
#[must_use]
pub fn records_refused(facts: &RecordsFacts<'_>, language: Language) -> NoticeText {
    let (hr, count) = (facts.place.hr_title(), facts.records);
    let since = moment_text(facts.since, facts.place.zone);
    let mut body = Draft::new(language);
    body.paragraph(
        &text("notice-failed")
            .with("since", since)
            .with("hr", hr)
            .with("owner", facts.place.owner()),
    );
    body.paragraph(&text("notice-records-happened").with("count", count).with("hr", hr));
    body.paragraph(&text("notice-failed-waits"));
    body.steps(&[
        text("notice-records-look"),
        text("notice-records-correct").with("hr", hr),
        text("notice-records-then"),
    ]);
    body.link(&text("notice-records-page"), facts.place.link);
    let subject = text("notice-records-subject").with("count", count).with("hr", hr);
    body.finish_for(facts.place.organization, subject)
}
