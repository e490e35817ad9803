//! What stands inside a line of a notice: names and moments.

use jiff::Zoned;
use jiff::tz::TimeZone;

use super::Place;
use crate::clock::Timestamp;
use crate::limits;
use crate::texts::{Text, text};

/// A moment as the admin's calendar and clock show it: `22 November 2026, 14:05`.
#[must_use]
pub fn moment_text(moment: Timestamp, zone: &TimeZone) -> Text {
    let local = local(moment, zone);
    text("notice-moment")
        .with("day", local.day().to_string())
        .with("month", month(local.month()))
        .with("year", local.year().to_string())
        .with("time", time_text(moment, zone))
}

/// A moment as the admin's clock shows it: `14:05`.
#[must_use]
pub fn time_text(moment: Timestamp, zone: &TimeZone) -> String {
    local(moment, zone).strftime("%H:%M").to_string()
}

fn local(moment: Timestamp, zone: &TimeZone) -> Zoned {
    let timestamp =
        jiff::Timestamp::from_millisecond(moment.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    timestamp.to_zoned(zone.clone())
}

fn month(number: i8) -> Text {
    match number {
        1 => text("notice-january"),
        2 => text("notice-february"),
        3 => text("notice-march"),
        4 => text("notice-april"),
        5 => text("notice-may"),
        6 => text("notice-june"),
        7 => text("notice-july"),
        8 => text("notice-august"),
        9 => text("notice-september"),
        10 => text("notice-october"),
        11 => text("notice-november"),
        _ => text("notice-december"),
    }
}

/// A name made fit for a line of text: no line breaks or other invisible characters, which could
/// forge a header or turn the reading direction around; not longer than
/// [`limits::NOTICE_NAME_CHARS_MAX`].
#[must_use]
pub fn one_line(name: &str) -> String {
    let visible: String =
        name.chars().map(|c| if invisible(c) || c.is_whitespace() { ' ' } else { c }).collect();
    let words: Vec<&str> = visible.split(' ').filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    if line.chars().count() <= limits::NOTICE_NAME_CHARS_MAX {
        return line;
    }
    let kept = limits::NOTICE_NAME_CHARS_MAX.saturating_sub(1);
    line.chars().take(kept).chain(['…']).collect()
}

/// Characters that show nothing and can change how the rest of a line looks.
fn invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
        )
}

impl Place<'_> {
    /// Whose user accounts a sentence is about.
    pub(super) fn owner(&self) -> Text {
        text("notice-owner")
            .with("organization", one_line(self.organization))
            .with("directory", one_line(self.directory))
    }

    /// What the HR system is called.
    pub(super) fn hr_title(&self) -> &'static str {
        self.hr.kind.title()
    }
}
