//! What the admins are told of a receiver of events that was switched off.

use super::body::Draft;
use super::line::{moment_text, one_line};
use super::{EndpointFacts, NoticeText};
use crate::texts::{Language, text};

/// The application is not told of changes any more. An admin cannot repair that; the words
/// are still such that everybody understands them, because the portal shows the notice.
#[must_use]
pub fn endpoint_disabled(facts: &EndpointFacts<'_>, language: Language) -> NoticeText {
    let organization = one_line(facts.organization);
    let mut body = Draft::new(language);
    body.paragraph(&text("notice-endpoint").with("organization", organization));
    body.paragraph(&if facts.gone {
        text("notice-endpoint-closed").with("endpoint", facts.endpoint.as_str())
    } else {
        text("notice-endpoint-failing")
            .with("since", moment_text(facts.since, facts.zone))
            .with("endpoint", facts.endpoint.as_str())
    });
    body.paragraph(&text("notice-endpoint-means"));
    body.steps(&[text("notice-endpoint-send"), text("notice-endpoint-they")]);
    body.link(&text("notice-endpoint-page"), facts.link);
    body.finish_for(facts.organization, text("notice-endpoint-subject"))
}
