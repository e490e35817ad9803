//! Moments as people say them.
//!
//! Invariant: pure; what is said follows from the arguments alone.

use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::domain::notice::moment_text;
use crate::texts::{Language, Markup};

/// A moment as a person says it, with the exact one beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    words: String,
    exact: String,
    machine: String,
}

impl When {
    /// A moment, seen from `now`.
    #[must_use]
    pub fn of(moment: Timestamp, now: Timestamp, zone: &TimeZone) -> Self {
        Self {
            words: when_words(moment, now, zone),
            exact: moment_text(moment, zone).in_language(Language::English),
            machine: moment.to_string(),
        }
    }

    /// As an element of a page, inside a text.
    #[must_use]
    pub fn markup(&self) -> Markup {
        Markup::default().html(self.html())
    }

    /// As an element of a page. No part of it comes from anybody but us.
    #[must_use]
    pub fn html(&self) -> String {
        let Self { words, exact, machine } = self;
        format!("<time datetime=\"{machine}\" title=\"{exact}\">{words}</time>")
    }
}

fn when_words(moment: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (past_ms, minutes) = (now.since(moment), now.since(moment) / Timestamp::MINUTE);
    let exact = moment_text(moment, zone).in_language(Language::English);
    let time = exact.rsplit_once(", ").map_or(exact.as_str(), |(_, time)| time);
    match past_ms {
        0..=59_999 => return "just now".to_owned(),
        60_000..=119_999 => return "1 minute ago".to_owned(),
        120_000..=3_599_999 => return format!("{minutes} minutes ago"),
        -3_599_999..=-1 => return format!("in {} minutes", (-past_ms) / Timestamp::MINUTE + 1),
        _ => {}
    }
    let (day, today) = (moment.date_in(zone), now.date_in(zone));
    if day == today {
        format!("today at {time}")
    } else if day.tomorrow().is_ok_and(|next| next == today) {
        format!("yesterday at {time}")
    } else if today.tomorrow().is_ok_and(|next| next == day) {
        format!("tomorrow at {time}")
    } else {
        exact
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_424_400_000);

    fn words(difference_ms: i64) -> String {
        let zone = TimeZone::get("Europe/London").unwrap();
        when_words(NOW.plus(difference_ms), NOW, &zone)
    }

    #[test]
    fn a_moment_is_told_from_where_one_stands() {
        assert_eq!(words(0), "just now");
        assert_eq!(words(-61_000), "1 minute ago");
        assert_eq!(words(-59 * Timestamp::MINUTE), "59 minutes ago");
        assert_eq!(words(-2 * Timestamp::HOUR), "today at 07:00");
        assert_eq!(words(-10 * Timestamp::HOUR), "yesterday at 23:00");
        assert_eq!(words(-3 * Timestamp::DAY), "20 November 2026, 09:00");
        assert_eq!(words(25 * Timestamp::MINUTE), "in 26 minutes");
        assert_eq!(words(3 * Timestamp::HOUR), "today at 12:00");
        assert_eq!(words(Timestamp::DAY), "tomorrow at 09:00");
    }
}
