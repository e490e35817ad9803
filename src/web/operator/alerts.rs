//! What is wrong, or is worth a look, and how bad it is: the rules of the first page.
//!
//! Invariants:
//! - Bad is what does not end by itself and what somebody has to do something about: a failing or
//!   silent directory, a disabled endpoint, a mail or delivery that was given up, work that stands
//!   still. Everything else is at most worth a look.
//! - What is told is told from [`GatewayStatus`] alone.

use std::collections::HashMap;

use crate::clock::Timestamp;
use crate::db::directories::Directory;
use crate::db::reports::operator::{DirectoryProblem, Queue};
use crate::db::{Conn, DbError, reports};
use crate::domain::directory::DirectoryState;
use crate::domain::ids::OrganizationId;
use crate::limits;
use crate::texts::{Text, text};
use crate::web::operator::messages::{self, Health};
use crate::web::operator::overview::{EndpointQueue, GatewayStatus};

/// One kind of thing that needs a look.
#[derive(Debug, Clone)]
pub struct Alert {
    /// How bad it is: `bad` or `warn`.
    pub tone: &'static str,
    /// What it is, with its number.
    pub title: Text,
    /// What it means and what to do.
    pub means: Text,
    /// The first of them.
    pub rows: Vec<Row>,
    /// Where all of them are, when that is anywhere.
    pub href: Option<String>,
}

/// One thing that needs a look.
#[derive(Debug, Clone)]
pub struct Row {
    /// Where it is and what it is called, when it has a page.
    pub link: Option<RowLink>,
    /// How it is, in sentences.
    pub sentences: Vec<Text>,
}

/// The page of a thing that needs a look.
#[derive(Debug, Clone)]
pub struct RowLink {
    /// Where it is.
    pub href: String,
    /// What it is.
    pub name: String,
}

impl Row {
    /// A row about things that have no page of their own.
    fn of(sentences: impl IntoIterator<Item = Text>) -> Self {
        Self { link: None, sentences: sentences.into_iter().collect() }
    }
}

impl RowLink {
    /// What it is called within the page, so that it keeps the focus when the page has news.
    #[must_use]
    pub fn id(&self) -> &str {
        self.href.rsplit('/').next().unwrap_or_default()
    }
}

/// The directories with one problem.
#[derive(Debug, Clone)]
pub struct DirectoriesWith {
    problem: DirectoryProblem,
    total: i64,
    first: Vec<Directory>,
    names: HashMap<OrganizationId, String>,
}

impl DirectoriesWith {
    /// Reads them.
    pub fn load(
        conn: &mut Conn,
        problem: DirectoryProblem,
        now: Timestamp,
    ) -> Result<Self, DbError> {
        let most = limits::OPERATOR_NAMED_ITEMS;
        let (first, total) = reports::operator::directories_with(conn, problem, now, most)?;
        let ids: Vec<OrganizationId> =
            first.iter().map(|row| row.organization_id.clone()).collect();
        let names = reports::operator::names(conn, &ids)?;
        Ok(Self { problem, total, first, names })
    }

    fn trouble(&self, now: Timestamp) -> Option<Alert> {
        if self.total == 0 {
            return None;
        }
        let (count, shown) = (self.total, messages::number(self.total));
        let (tone, title, means) = match self.problem {
            DirectoryProblem::Failing => (
                "bad",
                text("operator-directories-fail").with("count", count).with("shown", shown),
                text("operator-directories-fail-means"),
            ),
            DirectoryProblem::Silent => (
                "bad",
                text("operator-directories-silent").with("count", count).with("shown", shown),
                text("operator-directories-silent-means"),
            ),
            DirectoryProblem::Trying => (
                "warn",
                text("operator-directories-trying").with("count", count).with("shown", shown),
                text("operator-directories-trying-means"),
            ),
            // These are the customers' to settle, and are in the list of directories.
            DirectoryProblem::Holds | DirectoryProblem::RowProblems => return None,
        };
        Some(Alert {
            tone,
            title,
            means,
            rows: self.first.iter().map(|directory| self.row(directory, now)).collect(),
            href: Some(format!("/operator/directories?problem={}", self.problem.as_str())),
        })
    }

    fn row(&self, directory: &Directory, now: Timestamp) -> Row {
        let organization = self.names.get(&directory.organization_id).map_or("", String::as_str);
        let link = RowLink {
            href: format!("/operator/directories/{}", directory.id),
            name: format!("{organization}, {}", directory.provider.title()),
        };
        let failure = directory.failure_class().map(messages::meaning);
        let stale = messages::staleness(directory, now);
        Row { link: Some(link), sentences: failure.into_iter().chain([stale]).collect() }
    }
}

/// Everything that needs a look, the worst first.
#[must_use]
pub fn all(status: &GatewayStatus) -> Vec<Alert> {
    let mut found: Vec<Alert> =
        status.directories.iter().filter_map(|with| with.trouble(status.now)).collect();
    found.extend(endpoints(status));
    found.extend(mails(status));
    found.extend(dead(status));
    found.extend(stuck(status));
    found.extend(holds(status));
    found.sort_by_key(|trouble| trouble.tone != "bad");
    found
}

fn endpoints(status: &GatewayStatus) -> Vec<Alert> {
    let (disabled, disabled_count) = endpoints_like(status, "bad");
    let (failing, failing_count) = endpoints_like(status, "warn");
    let href = || Some("/operator/endpoints".to_owned());
    let disabled = (disabled_count > 0).then(|| Alert {
        tone: "bad",
        title: text("operator-endpoints-disabled")
            .with("count", disabled_count)
            .with("shown", messages::number(disabled_count)),
        means: text("operator-endpoints-disabled-means"),
        rows: disabled,
        href: href(),
    });
    let failing = (failing_count > 0).then(|| Alert {
        tone: "warn",
        title: text("operator-endpoints-fail")
            .with("count", failing_count)
            .with("shown", messages::number(failing_count)),
        means: text("operator-endpoints-fail-means"),
        rows: failing,
        href: href(),
    });
    disabled.into_iter().chain(failing).collect()
}

/// The first endpoints whose health looks like this, and how many there are.
fn endpoints_like(status: &GatewayStatus, tone: &str) -> (Vec<Row>, i64) {
    let with_health = status.endpoints.iter().filter_map(|endpoint: &EndpointQueue| {
        let health = messages::endpoint_health(&endpoint.row, status.now);
        (health.tone == tone).then_some((endpoint, health))
    });
    let rows: Vec<Row> = with_health
        .map(|(endpoint, health)| Row {
            link: Some(RowLink {
                href: format!("/operator/endpoints/{}", endpoint.row.id),
                name: endpoint.row.endpoint_url.clone(),
            }),
            sentences: vec![health.sentence],
        })
        .collect();
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let most = usize::try_from(limits::OPERATOR_NAMED_ITEMS).unwrap_or(usize::MAX);
    (rows.into_iter().take(most).collect(), count)
}

fn mails(status: &GatewayStatus) -> Vec<Alert> {
    let mails = &status.mails;
    let reason = mails.reason.as_deref();
    let reason = reason.map(|reason| text("operator-mail-reason").with("reason", reason));
    let row = |queue: &Queue| {
        let age = |at: Timestamp| messages::duration(status.now.since(at));
        let oldest = queue.oldest.map(|at| text("operator-oldest-mail").with("old", age(at)));
        Row::of(oldest.into_iter().chain(reason.clone()))
    };
    let mut found = Vec::new();
    let count = mails.undelivered.count;
    if !count.is_zero() {
        found.push(Alert {
            tone: "bad",
            title: text("operator-mails-given-up")
                .with("count", count.known)
                .with("shown", messages::count(count)),
            means: text("operator-mails-given-up-means"),
            rows: vec![row(&mails.undelivered)],
            href: None,
        });
    }
    let count = mails.refused.count;
    if !count.is_zero() {
        found.push(Alert {
            tone: "warn",
            title: text("operator-mails-refused")
                .with("count", count.known)
                .with("shown", messages::count(count)),
            means: text("operator-mails-refused-means"),
            rows: vec![row(&mails.refused)],
            href: None,
        });
    }
    found
}

fn dead(status: &GatewayStatus) -> Option<Alert> {
    (!status.dead.is_zero()).then(|| Alert {
        tone: "bad",
        title: text("operator-deliveries-given-up")
            .with("count", status.dead.known)
            .with("shown", messages::count(status.dead)),
        means: text("operator-deliveries-given-up-means"),
        rows: Vec::new(),
        href: Some("/operator/endpoints".to_owned()),
    })
}

/// Work that is to be done within seconds and is old.
fn stuck(status: &GatewayStatus) -> Option<Alert> {
    // How many of them wait, that number in words, and for how long the oldest does.
    let old = |queue: Queue| {
        let since = queue.due.map(|due| status.now.since(due))?;
        let is_old = since > limits::OPERATOR_STUCK_MS;
        let (count, shown) = (queue.count.known, messages::count(queue.count));
        is_old.then(|| (count, shown, messages::duration(since)))
    };
    let hints = old(status.hints).map(|(count, shown, lasted)| {
        text("operator-stuck-hints").with("count", count).with("shown", shown).with("for", lasted)
    });
    let syncs = old(status.queued).map(|(count, shown, lasted)| {
        text("operator-stuck-syncs").with("count", count).with("shown", shown).with("for", lasted)
    });
    let dates = old(status.due).map(|(count, shown, lasted)| {
        text("operator-stuck-dates").with("count", count).with("shown", shown).with("for", lasted)
    });
    let rows: Vec<Row> =
        [hints, syncs, dates].into_iter().flatten().map(|told| Row::of([told])).collect();
    (!rows.is_empty()).then(|| Alert {
        tone: "bad",
        title: text("operator-stuck"),
        means: text("operator-stuck-means"),
        rows,
        href: None,
    })
}

fn holds(status: &GatewayStatus) -> Option<Alert> {
    let lasted = messages::duration(status.now.since(status.holds.oldest?));
    Some(Alert {
        tone: "warn",
        title: text("operator-decisions-wait")
            .with("count", status.holds.count.known)
            .with("shown", messages::count(status.holds.count)),
        means: text("operator-decisions-wait-means"),
        rows: vec![Row::of([text("operator-oldest-decision").with("for", lasted)])],
        href: Some("/operator/directories?problem=holds".to_owned()),
    })
}

/// The one sentence on top.
#[must_use]
pub fn health(status: &GatewayStatus, troubles: &[Alert]) -> Health {
    let told = |tone: &'static str| {
        let of_tone = troubles.iter().filter(|trouble| trouble.tone == tone);
        let titles = messages::list(of_tone.map(|trouble| trouble.title.clone()))?;
        Some(text("operator-all-listed").with("titles", titles))
    };
    if let Some(sentence) = told("bad") {
        return Health { tone: "bad", label: text("operator-all-bad"), sentence };
    }
    if let Some(sentence) = told("warn") {
        return Health { tone: "warn", label: text("operator-all-warn"), sentence };
    }
    let active = status.states.iter().filter(|(state, _)| *state == DirectoryState::Active);
    let sentence = match active.map(|(_, count)| count).sum::<i64>() {
        0 => text("operator-nothing-connected"),
        count => text("operator-in-step-count")
            .with("count", count)
            .with("shown", messages::number(count)),
    };
    Health { tone: "good", label: text("operator-all-good"), sentence }
}
