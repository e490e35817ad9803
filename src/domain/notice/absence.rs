//! What the admins are told of people who are missing from HR's list (S-31).

use super::{Draft, Names, NoticeText, UnconfirmedFacts, moment_text, one_line};

/// People are missing from HR's list, and HR gives no clear answer about them (S-31).
#[must_use]
pub fn absence_unconfirmed(facts: &UnconfirmedFacts<'_>) -> NoticeText {
    let (names, title) = (Names::of(&facts.place), facts.place.provider.title());
    let since = moment_text(facts.since, facts.place.zone);
    let (who, they, accounts) = match facts.people {
        1 => ("1 person".to_owned(), "this person", "Their account stays"),
        count => (format!("{count} people"), "these people", "Their accounts stay"),
    };
    let mut text = Draft::default();
    text.paragraph(format!(
        "What happened: since {since}, the list that {title} gives us for {names} does not name \
         {who} any more. We have asked {title} about {they} again and again for a day, and got no \
         clear answer."
    ));
    text.paragraph(format!(
        "What it means: we cannot tell whether {they} left. {accounts} active until {title} says \
         so. Everybody else is kept up to date as usual."
    ));
    text.paragraph("What to do:".to_owned());
    text.steps(&[
        "Open the page below. The names are in its list of records to look at.".to_owned(),
        format!("If somebody left, mark them as a leaver in {title}. Access then ends by itself."),
        format!(
            "If somebody still works for you, open and save their record in {title}, so that its \
             list names them again."
        ),
    ]);
    text.link("The names are on this page:", facts.place.link);
    let organization = one_line(facts.place.organization);
    text.finish(format!("{organization}: {title} does not say whether {who} left"))
}
