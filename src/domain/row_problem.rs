//! What HR has to look at in one person's record, and how much it matters (S-07, S-11, S-16).
//!
//! A *problem* keeps the record, or a part of it, from being applied. A *warning* keeps nothing
//! back: the record is applied, and HR should look whether it says what they mean. A person may
//! have both at the same time, each code once.

use crate::text_enum;

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

    /// What the HR admin reads and can act on (S-07).
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::MissingKey => {
                "The employee id is empty, so nobody can tell whose record this is. \
                 Enter it in the HR system. The account then follows by itself."
            }
            Self::MissingFirstName => {
                "The first name is empty. Enter it in the HR system. \
                 The account then follows by itself."
            }
            Self::MissingLastName => {
                "The last name is empty. Enter it in the HR system. \
                 The account then follows by itself."
            }
            Self::MissingEmail => {
                "The work e-mail is empty. Enter it in the HR system. \
                 The account then follows by itself."
            }
            Self::InvalidEmail => {
                "The work e-mail is not an e-mail address. Correct it in the HR system."
            }
            Self::DuplicateEmail => {
                "Another person has the same work e-mail. \
                 Give each person their own in the HR system."
            }
            Self::DuplicateKey => {
                "Two people have the same unique key. Ask the HR system's support to correct one."
            }
            Self::InvalidStartDate => "The start date is not a date. Correct it in the HR system.",
            Self::InvalidLeavingDate => {
                "The leaving date is not a date. Correct it in the HR system."
            }
            Self::ListedTwice => {
                "The HR system lists this person more than once, with different details. \
                 Only one of the records is used. Correct or delete the others in the HR system."
            }
            Self::UnreadableRecord => {
                "This record cannot be read, so nothing of it is applied. \
                 Correct line breaks, unusual characters or very large pictures in the HR system \
                 and save the record again."
            }
            Self::DamagedText => {
                "A text of this record arrived damaged. The account keeps what it had before. \
                 Correct the text in the HR system and save the record again."
            }
            Self::UnknownStatus => {
                "The employment status is not one that we know, so the dates decide. \
                 Correct the status in the HR system, or enter a leaving date if the person left."
            }
            Self::LeavingBeforeStart => {
                "The leaving date is before the start date, so it is ignored and the person keeps \
                 access. Correct or delete it in the HR system."
            }
            Self::AbsenceUnconfirmed => {
                "The HR system's list does not name this person any more, but it gives no clear \
                 answer about them. They keep access until it does. Correct the record in the HR \
                 system, or mark the person as a leaver there, if they left."
            }
            Self::StartDateAhead => {
                "The start date is in the future, but this person already has access and keeps \
                 it. Correct the start date in the HR system if it is wrong."
            }
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
    pub fn message(&self) -> String {
        message(self.code, self.detail.as_deref())
    }
}

/// What the HR admin reads, with the HR system's own word where there is one.
#[must_use]
pub fn message(code: RowProblemCode, detail: Option<&str>) -> String {
    match (code, detail) {
        (RowProblemCode::UnknownStatus, Some(word)) => {
            code.message().replacen("status is", &format!("status “{word}” is"), 1)
        }
        _ => code.message().to_owned(),
    }
}

/// The first finding that keeps something from being applied.
pub fn first_problem(findings: &[Finding]) -> Option<&Finding> {
    findings.iter().find(|finding| finding.code.severity() == Severity::Problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_07_every_problem_says_what_hr_has_to_do() {
        for code in RowProblemCode::ALL {
            let message = code.message();
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
        let message = finding.message();
        assert!(message.starts_with("The employment status “Ex employee” is not one"), "{message}");
        assert_eq!(finding.code.severity(), Severity::Warning);
    }
}
