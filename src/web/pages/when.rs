//! Moments as people say them.
//!
//! Invariant: pure; what is said follows from the arguments alone.

use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::domain::notice::{moment_text, time_text};
use crate::texts::filters::ToText;
use crate::texts::{Argument, Markup, Text, ToArgument, text};

/// A moment as a person says it, with the exact one beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    words: Text,
    exact: Text,
    machine: String,
}

impl When {
    /// A moment, seen from `now`.
    #[must_use]
    pub fn of(moment: Timestamp, now: Timestamp, zone: &TimeZone) -> Self {
        Self {
            words: words(moment, now, zone),
            exact: moment_text(moment, zone),
            machine: moment.to_string(),
        }
    }

    /// As an element of a page. No part of it comes from anybody but us.
    #[must_use]
    pub fn markup(&self) -> Markup {
        let Self { words, exact, machine } = self;
        Markup::default()
            .html(format!("<time datetime=\"{machine}\" title=\""))
            .text(exact.clone())
            .html("\">")
            .text(words.clone())
            .html("</time>")
    }
}

impl ToText for When {
    fn to_text(&self) -> Text {
        Text::markup(self.markup())
    }
}

impl ToArgument for When {
    fn to_argument(&self) -> Argument {
        Argument::Markup(self.markup())
    }
}

fn words(moment: Timestamp, now: Timestamp, zone: &TimeZone) -> Text {
    let past_ms = now.since(moment);
    match past_ms {
        0..=59_999 => return text("pages-when-now"),
        60_000..=3_599_999 => {
            return text("pages-when-minutes-ago").with("count", past_ms / Timestamp::MINUTE);
        }
        -3_599_999..=-1 => {
            let minutes = (-past_ms) / Timestamp::MINUTE + 1;
            return text("pages-when-in-minutes").with("count", minutes);
        }
        _ => {}
    }
    let time = time_text(moment, zone);
    let (day, today) = (moment.date_in(zone), now.date_in(zone));
    if day == today {
        text("pages-when-today").with("time", time)
    } else if day.tomorrow().is_ok_and(|next| next == today) {
        text("pages-when-yesterday").with("time", time)
    } else if today.tomorrow().is_ok_and(|next| next == day) {
        text("pages-when-tomorrow").with("time", time)
    } else {
        moment_text(moment, zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Language;

    const NOW: Timestamp = Timestamp(1_795_424_400_000);

    fn said(difference_ms: i64) -> String {
        let zone = TimeZone::get("Europe/London").unwrap();
        words(NOW.plus(difference_ms), NOW, &zone).in_language(Language::English)
    }

    #[test]
    fn a_moment_is_told_from_where_one_stands() {
        assert_eq!(said(0), "just now");
        assert_eq!(said(-61_000), "1 minute ago");
        assert_eq!(said(-59 * Timestamp::MINUTE), "59 minutes ago");
        assert_eq!(said(-2 * Timestamp::HOUR), "today at 07:00");
        assert_eq!(said(-10 * Timestamp::HOUR), "yesterday at 23:00");
        assert_eq!(said(-3 * Timestamp::DAY), "20 November 2026, 09:00");
        assert_eq!(said(25 * Timestamp::MINUTE), "in 26 minutes");
        assert_eq!(said(1), "in 1 minute");
        assert_eq!(said(3 * Timestamp::HOUR), "today at 12:00");
        assert_eq!(said(Timestamp::DAY), "tomorrow at 09:00");
    }
}
