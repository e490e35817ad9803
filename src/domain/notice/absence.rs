//! What the admins are told of people who are missing from HR's list (S-31).

use super::body::Draft;
use super::line::moment_text;
use super::{NoticeText, UnconfirmedFacts};
use crate::texts::{Language, text};

/// People are missing from HR's list, and HR gives no clear answer about them (S-31).
#[must_use]
pub fn absence_unconfirmed(facts: &UnconfirmedFacts<'_>, language: Language) -> NoticeText {
    let (hr, people) = (facts.place.hr_title(), facts.people);
    let mut body = Draft::new(language);
    body.paragraph(
        &text("notice-absence-happened")
            .with("since", moment_text(facts.since, facts.place.zone))
            .with("hr", hr)
            .with("owner", facts.place.owner())
            .with("people", people),
    );
    body.paragraph(&text("notice-absence-means").with("people", people).with("hr", hr));
    body.steps(&[
        text("notice-absence-open"),
        text("notice-absence-left").with("hr", hr),
        text("notice-absence-works").with("hr", hr),
    ]);
    body.link(&text("notice-absence-page"), facts.place.link);
    let subject = text("notice-absence-subject").with("people", people).with("hr", hr);
    body.finish_for(facts.place.organization, subject)
}
