//! What the admins are told of holds: changes that wait for their decision (S-32).

use super::{Draft, HoldCount, HoldFacts, Names, NoticeText, moment_text, one_line};
use crate::domain::hold::HoldKind;

/// Changes wait for an admin's decision, or still do (S-32).
#[must_use]
pub fn hold_waits(facts: &HoldFacts<'_>) -> NoticeText {
    let (names, title) = (Names::of(&facts.place), facts.place.provider.title());
    let opened = moment_text(facts.opened_at, facts.place.zone);
    let mut text = Draft::default();
    text.paragraph(if facts.is_reminder {
        format!("A decision about the user accounts of {names} has been waiting since {opened}.")
    } else {
        format!(
            "What happened: because of changes in {title}, a decision about the user accounts of \
             {names} is needed since {opened}."
        )
    });
    for count in facts.waiting {
        text.paragraph(what_waits(*count, title));
    }
    text.paragraph(
        "What it means: none of this is done before you decide, however long it takes. All other \
         changes go on as usual."
            .to_owned(),
    );
    text.paragraph("What to do:".to_owned());
    text.steps(&[
        "Open the page below and read the list of names.".to_owned(),
        "If it is right, choose \"Approve\". You can also approve only some.".to_owned(),
        format!(
            "If it is not right, choose \"Reject\" and correct the records in {title}. Everything \
             stays as it is."
        ),
    ]);
    text.link("Decide on this page:", facts.place.link);
    let organization = one_line(facts.place.organization);
    let what = match facts.waiting {
        [HoldCount { kind: HoldKind::Deactivations, people }] => {
            format!("{} would lose access", people_phrase(*people))
        }
        [HoldCount { kind: HoldKind::OtherCompany, .. }] => {
            "the key may be the wrong one".to_owned()
        }
        many => {
            let people = many.iter().fold(0_u64, |sum, count| sum.saturating_add(count.people));
            format!("{} to look at", people_phrase(people))
        }
    };
    let again = if facts.is_reminder { "still waiting, " } else { "" };
    text.finish(format!("{organization}: {again}please decide, {what}"))
}

fn people_phrase(count: u64) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}

fn what_waits(count: HoldCount, title: &str) -> String {
    let people = people_phrase(count.people);
    match count.kind {
        HoldKind::Deactivations => format!(
            "{people} would lose access. That is more than usual for such a short time, so we ask \
             you first. Nobody on the list loses access before you decide."
        ),
        HoldKind::Link => format!("For {people} it is not clear which user account is theirs."),
        HoldKind::EmailChange => {
            format!("{people} got an e-mail in {title} that another user account already has.")
        }
        HoldKind::OtherCompany => format!(
            "The key that was entered seems to belong to another company in {title}. Nothing is \
             updated until you decide."
        ),
        HoldKind::ReusedNumber => {
            format!("The employee number of {people} in {title} may belong to somebody else now.")
        }
    }
}
