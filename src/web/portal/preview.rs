//! A preview as it is shown: counts first, and the people when they are asked for (L-05).

use crate::domain::guard::LossReason;
use crate::domain::row_problem::Severity;
use crate::limits;
use crate::sync::full::bad_rows::BadRow;
use crate::sync::full::look_ahead::{Leaving, Preview};
use crate::texts::{Text, text};

/// A preview.
pub struct PreviewPage {
    /// In a sentence.
    pub headline: Text,
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
    pub label: Text,
    /// How many.
    pub number: usize,
}

/// People of one kind.
pub struct List {
    /// How it looks: nothing, or `warn`.
    pub tone: &'static str,
    /// Of which.
    pub title: Text,
    /// What becomes of them.
    pub about: Option<Text>,
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
    pub name: Text,
    /// More about them.
    pub detail: Option<Text>,
}

impl One {
    /// A person; without a name, the detail says who it is.
    fn of(name: String, detail: Option<Text>) -> Self {
        match (name.is_empty(), detail) {
            (true, Some(detail)) => Self { name: detail, detail: None },
            (_, detail) => Self { name: Text::verbatim(name), detail },
        }
    }

    fn with_email(name: String, email: Option<String>) -> Self {
        let email = email.filter(|email| !email.is_empty());
        Self::of(name, email.map(Text::verbatim))
    }
}

impl List {
    fn of<T>(title: Text, rows: Vec<T>, show: impl Fn(T) -> One) -> Self {
        let total = rows.len();
        let people: Vec<One> =
            rows.into_iter().take(limits::PORTAL_PREVIEW_NAMES_MAX).map(show).collect();
        let more = total.saturating_sub(people.len());
        Self { tone: "", title, about: None, total, people, more }
    }

    /// With what becomes of the people.
    fn about(self, about: Text) -> Self {
        Self { about: Some(about), ..self }
    }

    /// A list that somebody has to do something about.
    fn warns(self) -> Self {
        Self { tone: "warn", ..self }
    }
}

impl PreviewPage {
    /// What a preview says.
    #[must_use]
    pub fn of(preview: Preview) -> Self {
        let headline = match preview.counts.seen {
            0 => text("portal-preview-nobody"),
            seen => text("portal-preview-people").with("count", seen),
        };
        let lists = lists(preview).into_iter().filter(|list| list.total > 0);
        let lists: Vec<List> = lists.collect();
        let count =
            |list: &List| Count { tone: list.tone, label: list.title.clone(), number: list.total };
        Self { headline, counts: lists.iter().map(count).collect(), lists }
    }
}

/// Everything that can be listed, also lists that nobody is in.
fn lists(preview: Preview) -> [List; 8] {
    let is_problem = |row: &BadRow| row.severity == Severity::Problem;
    let (to_correct, to_check): (Vec<_>, Vec<_>) =
        preview.row_problems.into_iter().partition(is_problem);
    let bad = |row: BadRow| One::of(row.name, Some(row.message));
    let leaving = |row: Leaving| One::of(row.name, Some(because(row.because)));
    [
        List::of(text("portal-preview-linked"), preview.linked, |row| {
            One::with_email(row.name, row.email)
        })
        .about(text("portal-preview-linked-means")),
        List::of(text("portal-preview-created"), preview.created, |row| {
            One::with_email(row.name, row.email)
        })
        .about(text("portal-preview-created-means")),
        List::of(text("portal-preview-ambiguous"), preview.ambiguous, |row| {
            One::of(row.name, Some(row.reason))
        })
        .about(text("portal-preview-ambiguous-means"))
        .warns(),
        List::of(text("portal-preview-to-correct"), to_correct, bad)
            .about(text("portal-preview-to-correct-means"))
            .warns(),
        List::of(text("portal-preview-to-check"), to_check, bad)
            .about(text("portal-preview-to-check-means")),
        List::of(text("portal-preview-deactivated"), preview.deactivated, leaving),
        List::of(text("portal-preview-held"), preview.held, leaving)
            .about(text("portal-preview-held-means")),
        List::of(text("portal-preview-not-in-hr"), preview.accounts_not_in_hr, |row| {
            One::of(row.email, None)
        })
        .about(text("portal-preview-not-in-hr-means")),
    ]
}

/// Why somebody would lose access.
#[must_use]
pub fn because(reason: LossReason) -> Text {
    match reason {
        LossReason::LeavingDate => text("portal-because-leaving-date"),
        LossReason::NotCurrentStaff => text("portal-because-not-current"),
        LossReason::Former => text("portal-because-former"),
        LossReason::NotInHr => text("portal-because-not-in-hr"),
    }
}
