//! What the admins are told of updates that work again, and of silence.

use super::body::Draft;
use super::line::moment_text;
use super::{NoticeText, RecoveryFacts, SilenceFacts};
use crate::texts::{Language, text};

/// Changes from the HR system arrive again.
#[must_use]
pub fn sync_recovered(facts: &RecoveryFacts<'_>, language: Language) -> NoticeText {
    let (hr, zone) = (facts.place.hr_title(), facts.place.zone);
    let mut body = Draft::new(language);
    body.paragraph(
        &text("notice-recovered")
            .with("hr", hr)
            .with("owner", facts.place.owner())
            .with("from", moment_text(facts.failing_since, zone))
            .with("until", moment_text(facts.recovered_at, zone)),
    );
    body.paragraph(&text("notice-recovered-means"));
    body.paragraph(&text("notice-nothing-to-do"));
    body.link(&text("notice-recovered-page"), facts.place.link);
    let subject = text("notice-recovered-subject").with("hr", hr);
    body.finish_for(facts.place.organization, subject)
}

/// Nothing succeeded for too long.
#[must_use]
pub fn sync_silent(facts: &SilenceFacts<'_>, language: Language) -> NoticeText {
    let (hr, owner) = (facts.place.hr_title(), facts.place.owner());
    let mut body = Draft::new(language);
    body.paragraph(&match facts.last_success {
        Some(last) => text("notice-silent")
            .with("owner", owner)
            .with("hr", hr)
            .with("last", moment_text(last, facts.place.zone)),
        None => text("notice-silent-from-the-start").with("owner", owner).with("hr", hr),
    });
    body.paragraph(&text("notice-silent-happened"));
    body.paragraph(&text("notice-failed-waits"));
    body.steps(&[text("notice-silent-open"), text("notice-silent-tell")]);
    body.link(&text("notice-silent-page"), facts.place.link);
    let subject = text("notice-silent-subject").with("hr", hr);
    body.finish_for(facts.place.organization, subject)
}
