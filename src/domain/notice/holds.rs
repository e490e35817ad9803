//! What the admins are told of holds: changes that wait for their decision (S-32).

use super::body::Draft;
use super::line::moment_text;
use super::{HoldCount, HoldFacts, NoticeText};
use crate::domain::hold::HoldKind;
use crate::texts::{Language, Text, text};

/// Changes wait for an admin's decision, or still do (S-32).
#[must_use]
pub fn hold_waits(facts: &HoldFacts<'_>, language: Language) -> NoticeText {
    let (hr, owner) = (facts.place.hr_title(), facts.place.owner());
    let opened = moment_text(facts.opened_at, facts.place.zone);
    let mut body = Draft::new(language);
    body.paragraph(&if facts.is_reminder {
        text("notice-hold-waits").with("owner", owner).with("opened", opened)
    } else {
        text("notice-hold-opened").with("hr", hr).with("owner", owner).with("opened", opened)
    });
    for count in facts.waiting {
        body.paragraph(&what_waits(*count, hr));
    }
    body.paragraph(&text("notice-hold-means"));
    body.steps(&[
        text("notice-hold-open"),
        text("notice-hold-approve"),
        text("notice-hold-reject").with("hr", hr),
    ]);
    body.link(&text("notice-hold-page"), facts.place.link);
    let first = subject(facts.waiting);
    let subject = if facts.is_reminder {
        text("notice-hold-again-subject").with("what", first)
    } else {
        first
    };
    body.finish_for(facts.place.organization, subject)
}

fn subject(waiting: &[HoldCount]) -> Text {
    match waiting {
        [HoldCount { kind: HoldKind::Deactivations, people }] => {
            text("notice-hold-access-subject").with("people", *people)
        }
        [HoldCount { kind: HoldKind::OtherCompany, .. }] => text("notice-hold-company-subject"),
        many => {
            let people = many.iter().fold(0_u64, |sum, count| sum.saturating_add(count.people));
            text("notice-hold-subject").with("people", people)
        }
    }
}

fn what_waits(count: HoldCount, hr: &str) -> Text {
    let people = count.people;
    match count.kind {
        HoldKind::Deactivations => text("notice-hold-access").with("people", people),
        HoldKind::Link => text("notice-hold-link").with("people", people),
        HoldKind::EmailChange => text("notice-hold-email").with("people", people).with("hr", hr),
        HoldKind::OtherCompany => text("notice-hold-company").with("hr", hr),
        HoldKind::ReusedNumber => text("notice-hold-number").with("people", people).with("hr", hr),
    }
}
