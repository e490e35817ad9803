//! What HR has to look at in one person's record, and how much it matters (S-07, S-11, S-16).
//!
//! A *problem* keeps the record, or a part of it, from being applied. A *warning* keeps nothing
//! back: the record is applied, and HR should look whether it says what they mean. A person may
//! have both at the same time, each code once.

use crate::text_enum;
use crate::texts::{Text, text};

text_enum! {
    /// Whether a row problem keeps something from being applied.
    Severity {
        /// The record, or a part of it, is not applied.
        Problem = "problem",
        /// Everything is applied; HR should look at it.
        Warning = "warning",
    }
}

text_enum! {
    /// What is odd about one person's record.
    RowProblemCode {
        /// Neither a key nor a number: nobody can tell whose record it is.
        MissingKey = "missing_key",
        /// No first name.
        MissingFirstName = "missing_first_name",
        /// No last name.
        MissingLastName = "missing_last_name",
        /// No work e-mail.
        MissingEmail = "missing_email",
        /// The work e-mail is no e-mail address.
        InvalidEmail = "invalid_email",
        /// Two people have the same work e-mail.
        DuplicateEmail = "duplicate_email",
        /// Two people have the same key in the HR system.
        DuplicateKey = "duplicate_key",
        /// The start date cannot be read.
        InvalidStartDate = "invalid_start_date",
        /// The leaving date cannot be read.
        InvalidLeavingDate = "invalid_leaving_date",
        /// The HR system lists the person more than once, with different records (S-16).
        ListedTwice = "listed_twice",
        /// The record cannot be read at all (S-16, S-42).
        UnreadableRecord = "unreadable_record",
        /// A text of the record arrived damaged (S-17).
        DamagedText = "damaged_text",
        /// A status that we do not know; dates decide (S-11).
        UnknownStatus = "unknown_status",
        /// The leaving date of somebody employed is before their start date (S-11).
        LeavingBeforeStart = "leaving_before_start",
        /// Somebody who is active has a start date in the future (S-11).
        StartDateAhead = "start_date_ahead",
        /// The list does not name somebody, and no answer about them has come for a day (S-31).
        AbsenceUnconfirmed = "absence_unconfirmed",
    }
}

impl RowProblemCode {
    /// Whether it keeps something from being applied.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::UnknownStatus
            | Self::LeavingBeforeStart
            | Self::StartDateAhead
            | Self::AbsenceUnconfirmed => Severity::Warning,
            _ => Severity::Problem,
        }
    }

    /// Whether it puts in doubt whose record it is.
    #[must_use]
    pub const fn is_about_whose_it_is(self) -> bool {
        matches!(self, Self::MissingKey | Self::DuplicateKey | Self::UnreadableRecord)
    }

    /// Whether only a complete list shows it: a look at one person neither finds nor settles it.
    #[must_use]
    pub const fn needs_a_list(self) -> bool {
        matches!(self, Self::ListedTwice)
    }

    /// Whether it follows from the record as it is stored, and from the date.
    #[must_use]
    pub const fn is_told_by_stored(self) -> bool {
        matches!(self, Self::UnknownStatus | Self::StartDateAhead)
    }

    /// What the HR admin reads and can act on (S-07), with the HR system's own word where there is
    /// one.
    #[must_use]
    pub fn text(self, detail: Option<&str>) -> Text {
        match (self, detail) {
            (Self::MissingKey, _) => text("rules-row-missing-key"),
            (Self::MissingFirstName, _) => text("rules-row-missing-first-name"),
            (Self::MissingLastName, _) => text("rules-row-missing-last-name"),
            (Self::MissingEmail, _) => text("rules-row-missing-email"),
            (Self::InvalidEmail, _) => text("rules-row-invalid-email"),
            (Self::DuplicateEmail, _) => text("rules-row-duplicate-email"),
            (Self::DuplicateKey, _) => text("rules-row-duplicate-key"),
            (Self::InvalidStartDate, _) => text("rules-row-invalid-start-date"),
            (Self::InvalidLeavingDate, _) => text("rules-row-invalid-leaving-date"),
            (Self::ListedTwice, _) => text("rules-row-listed-twice"),
            (Self::UnreadableRecord, _) => text("rules-row-unreadable-record"),
            (Self::DamagedText, _) => text("rules-row-damaged-text"),
            (Self::UnknownStatus, None) => text("rules-row-unknown-status"),
            (Self::UnknownStatus, Some(status)) => {
                text("rules-row-unknown-status-word").with("status", status)
            }
            (Self::LeavingBeforeStart, _) => text("rules-row-leaving-before-start"),
            (Self::StartDateAhead, _) => text("rules-row-start-date-ahead"),
            (Self::AbsenceUnconfirmed, _) => text("rules-row-absence-unconfirmed"),
        }
    }
}

/// One thing that is odd about one person's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub code: RowProblemCode,
    /// The HR system's own word that it is about, when that helps to find it.
    pub detail: Option<String>,
}

impl Finding {
    /// A finding without a word.
    #[must_use]
    pub const fn of(code: RowProblemCode) -> Self {
        Self { code, detail: None }
    }

    /// What the HR admin reads.
    #[must_use]
    pub fn text(&self) -> Text {
        self.code.text(self.detail.as_deref())
    }
}

/// The first finding that keeps something from being applied.
pub fn first_problem(findings: &[Finding]) -> Option<&Finding> {
    findings.iter().find(|finding| finding.code.severity() == Severity::Problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Language;

    #[test]
    fn s_07_every_problem_says_what_hr_has_to_do() {
        for code in RowProblemCode::ALL {
            let message = code.text(None).in_language(Language::English);
            assert!(message.starts_with(char::is_uppercase) && message.ends_with('.'), "{message}");
            assert!(message.contains("HR system"), "{message}");
            let acts = ["Enter", "Correct", "Give", "Ask"];
            assert!(acts.iter().any(|act| message.contains(act)), "{message}");
            for jargon in ["null", "JSON", "field", "invalid", "parse", code.as_str()] {
                assert!(!message.contains(jargon), "{jargon} in {message}");
            }
        }
    }

    #[test]
    fn s_11_a_warning_names_the_word() {
        let finding =
            Finding { code: RowProblemCode::UnknownStatus, detail: Some("Ex employee".to_owned()) };
        let message = finding.text().in_language(Language::English);
        assert!(message.starts_with("The employment status “Ex employee” is not one"), "{message}");
        assert_eq!(finding.code.severity(), Severity::Warning);
    }
}
