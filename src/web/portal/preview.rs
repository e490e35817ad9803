//! A preview as it is shown: counts first, and the people when they are asked for (L-05).

use crate::domain::guard::LossReason;
use crate::domain::row_problem::Severity;
use crate::limits;
use crate::sync::full::bad_rows::BadRow;
use crate::sync::full::preview::Preview;
use crate::texts::Language;
use crate::web::portal::messages;

/// A preview.
pub struct PreviewPage {
    /// In a sentence.
    pub headline: String,
    /// The numbers.
    pub counts: Vec<Count>,
    /// The people behind them.
    pub lists: Vec<List>,
}

/// One number.
pub struct Count {
    /// How it looks: nothing, or `warn`.
    pub tone: &'static str,
    /// What is counted.
    pub label: &'static str,
    /// How many.
    pub number: usize,
}

/// People of one kind.
pub struct List {
    /// Of which.
    pub title: &'static str,
    /// What becomes of them.
    pub about: &'static str,
    /// How many there are.
    pub total: usize,
    /// The first of them.
    pub people: Vec<One>,
    /// How many are not named.
    pub more: usize,
}

/// One of the people.
pub struct One {
    /// Who.
    pub name: String,
    /// More about them.
    pub detail: String,
}

fn list<T>(
    title: &'static str,
    about: &'static str,
    rows: Vec<T>,
    show: impl Fn(T) -> (String, String),
) -> List {
    let total = rows.len();
    let most = limits::PORTAL_PREVIEW_NAMES_MAX;
    let one = |row: T| {
        let (name, detail) = show(row);
        let (name, detail) = if name.is_empty() { (detail, String::new()) } else { (name, detail) };
        One { name, detail }
    };
    let people: Vec<One> = rows.into_iter().take(most).map(one).collect();
    let more = total.saturating_sub(people.len());
    List { title, about, total, people, more }
}

impl PreviewPage {
    /// What a preview says.
    #[must_use]
    pub fn of(preview: Preview) -> Self {
        let headline = match preview.counts.seen {
            0 => "Nobody was found.".to_owned(),
            seen => format!("{} in the HR system.", messages::people(seen)),
        };
        let email = |email: Option<String>| email.unwrap_or_default();
        let is_problem = |row: &BadRow| row.severity == Severity::Problem;
        let (to_correct, to_check): (Vec<_>, Vec<_>) =
            preview.row_problems.into_iter().partition(is_problem);
        let lists = vec![
            list(
                "Get the account they have",
                "Their e-mail is that of an account.",
                preview.linked,
                |row| (row.name, email(row.email)),
            ),
            list("Get a new account", "Nobody has their e-mail yet.", preview.created, |row| {
                (row.name, email(row.email))
            }),
            list(
                "Need your decision",
                "Where it would be a guess, you are asked.",
                preview.ambiguous,
                |row| (row.name, row.reason.in_language(Language::English)),
            ),
            list(
                "To correct in the HR system",
                "These people wait until their record is corrected; everybody else does not.",
                to_correct,
                |row| (row.name, row.message.in_language(Language::English)),
            ),
            list(
                "To check in the HR system",
                "Something is odd; their records are applied all the same.",
                to_check,
                |row| (row.name, row.message.in_language(Language::English)),
            ),
            list("Lose access", "", preview.deactivated, |row| {
                (row.name, because(row.because).to_owned())
            }),
            list(
                "Would lose access, if you approve",
                "They are unusually many, so you are asked first.",
                preview.held,
                |row| (row.name, because(row.because).to_owned()),
            ),
            list(
                "Accounts of nobody in the HR system",
                "They stay as they are.",
                preview.accounts_not_in_hr,
                |row| (row.email, String::new()),
            ),
        ];
        let lists: Vec<List> = lists.into_iter().filter(|list| list.total > 0).collect();
        let warns = ["Need your decision", "To correct in the HR system"];
        let count = |list: &List| Count {
            tone: if warns.contains(&list.title) { "warn" } else { "" },
            label: list.title,
            number: list.total,
        };
        Self { headline, counts: lists.iter().map(count).collect(), lists }
    }
}

/// Why somebody would lose access.
#[must_use]
pub const fn because(reason: LossReason) -> &'static str {
    match reason {
        LossReason::LeavingDate => "their last day is over",
        LossReason::NotCurrentStaff => "not in the list of current staff",
        LossReason::Former => "marked as having left",
        LossReason::NotInHr => "not in the HR system any more",
    }
}
