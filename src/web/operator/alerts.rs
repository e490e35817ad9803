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
use crate::db::reports::operator::{Count, DirectoryProblem, Queue};
use crate::db::{Conn, DbError, reports};
use crate::domain::directory::DirectoryState;
use crate::domain::ids::OrganizationId;
use crate::limits;
use crate::texts::{Language, Text};
use crate::web::operator::messages;
use crate::web::operator::overview::{EndpointQueue, GatewayStatus};
use crate::web::portal::messages::Health;

/// One kind of thing that needs a look.
#[derive(Debug, Clone)]
pub struct Alert {
    /// How bad it is: `bad` or `warn`.
    pub tone: &'static str,
    /// What it is, with its number.
    pub title: String,
    /// What it means and what to do.
    pub means: &'static str,
    /// The first of them.
    pub rows: Vec<Row>,
    /// Where all of them are, when that is anywhere.
    pub href: Option<String>,
}

/// One thing that needs a look.
#[derive(Debug, Clone)]
pub struct Row {
    /// Where it is.
    pub href: String,
    /// What it is.
    pub name: String,
    /// How it is.
    pub text: String,
}

impl Row {
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
        let one = self.total == 1;
        let (tone, verb, means) = match self.problem {
            DirectoryProblem::Failing => (
                "bad",
                if one { "fails" } else { "fail" },
                "Changes in the HR system do not arrive. Nobody loses access because of it.",
            ),
            DirectoryProblem::Silent => (
                "bad",
                if one { "is silent" } else { "are silent" },
                "No sync has succeeded for three intervals, and none has failed either. Look at \
                 its runs and into the log.",
            ),
            DirectoryProblem::Trying => (
                "warn",
                if one { "is tried again" } else { "are tried again" },
                "A sync went wrong. It is repeated before anybody is told.",
            ),
            // These are the customers' to settle, and are in the list of directories.
            DirectoryProblem::Holds | DirectoryProblem::RowProblems => return None,
        };
        let row = |directory: &Directory| Row {
            href: format!("/operator/directories/{}", directory.id),
            name: format!(
                "{}, {}",
                self.names.get(&directory.organization_id).map_or("", String::as_str),
                directory.provider.title()
            ),
            text: directory_text(directory, now),
        };
        let total = messages::number(self.total);
        Some(Alert {
            tone,
            title: format!("{total} {} {verb}", if one { "directory" } else { "directories" }),
            means,
            rows: self.first.iter().map(row).collect(),
            href: Some(format!("/operator/directories?problem={}", self.problem.as_str())),
        })
    }
}

/// How a directory is that has a problem.
fn directory_text(directory: &Directory, now: Timestamp) -> String {
    let stale = messages::staleness(directory, now);
    match directory.failure_class() {
        Some(class) => format!("{} {stale}", messages::meaning(class)),
        None => stale,
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
    let of = |tone: &'static str, verbs: [&'static str; 2], means: &'static str| -> Option<Alert> {
        let health =
            |endpoint: &EndpointQueue| messages::endpoint_health(&endpoint.row, status.now);
        let with: Vec<&EndpointQueue> =
            status.endpoints.iter().filter(|endpoint| health(endpoint).tone == tone).collect();
        let total = i64::try_from(with.len()).unwrap_or(i64::MAX);
        let [one, many] = verbs;
        let (word, verb) = if total == 1 { ("endpoint", one) } else { ("endpoints", many) };
        let row = |endpoint: &&EndpointQueue| Row {
            href: format!("/operator/endpoints/{}", endpoint.row.id),
            name: endpoint.row.endpoint_url.clone(),
            text: health(endpoint).sentence.in_language(Language::English),
        };
        let most = usize::try_from(limits::OPERATOR_NAMED_ITEMS).unwrap_or(usize::MAX);
        (total > 0).then(|| Alert {
            tone,
            title: format!("{} {word} {verb}", messages::number(total)),
            means,
            rows: with.iter().take(most).map(row).collect(),
            href: Some("/operator/endpoints".to_owned()),
        })
    };
    let disabled = of(
        "bad",
        ["is disabled", "are disabled"],
        "The application is not told of changes there. Mend the receiver, enable the endpoint, \
         then replay what was given up.",
    );
    let failing = of(
        "warn",
        ["fails", "fail"],
        "The application does not take what it is sent. It is tried again for three days.",
    );
    disabled.into_iter().chain(failing).collect()
}

fn mails(status: &GatewayStatus) -> Vec<Alert> {
    let mails = &status.mails;
    let reason = mails.reason.as_deref().map(|reason| format!("One reason: {reason}."));
    let row = |queue: &Queue| Row {
        href: String::new(),
        name: String::new(),
        text: [
            queue.oldest.map(|at| {
                format!("The oldest is {} old.", messages::duration(status.now.since(at)))
            }),
            reason.clone(),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" "),
    };
    let mut found = Vec::new();
    if !mails.undelivered.count.is_zero() {
        found.push(Alert {
            tone: "bad",
            title: format!(
                "{} given up today",
                messages::counted(mails.undelivered.count, "mail was", "mails were")
            ),
            means: "Admins were not told by mail of what happened. It is in their portal and in \
                    the events. Look at the mail server and the settings smtp.url and smtp.from.",
            rows: vec![row(&mails.undelivered)],
            href: None,
        });
    }
    if !mails.refused.count.is_zero() {
        found.push(Alert {
            tone: "warn",
            title: format!(
                "{} not go out",
                messages::counted(mails.refused.count, "mail does", "mails do")
            ),
            means: "The mail server has not taken them. They are tried again for three days.",
            rows: vec![row(&mails.refused)],
            href: None,
        });
    }
    found
}

fn dead(status: &GatewayStatus) -> Option<Alert> {
    (!status.dead.is_zero()).then(|| Alert {
        tone: "bad",
        title: format!(
            "{} given up today",
            messages::counted(status.dead, "delivery was", "deliveries were")
        ),
        means: "The application was not told of these changes. Mend the receiver, then replay \
                them on the endpoint's page.",
        rows: Vec::new(),
        href: Some("/operator/endpoints".to_owned()),
    })
}

/// Work that is to be done within seconds and is old.
fn stuck(status: &GatewayStatus) -> Option<Alert> {
    let named = [
        ("webhooks wait to be looked at", status.hints),
        ("full syncs wait", status.queued),
        ("people wait whose date has come", status.due),
    ];
    let is_old = |at: &Timestamp| status.now.since(*at) > limits::OPERATOR_STUCK_MS;
    let row = |(what, queue): (&str, Queue)| {
        let due = queue.due.filter(is_old)?;
        Some(Row {
            href: String::new(),
            name: String::new(),
            text: format!(
                "{} {what}; the oldest for {}.",
                messages::count(queue.count),
                messages::duration(status.now.since(due))
            ),
        })
    };
    let rows: Vec<Row> = named.into_iter().filter_map(row).collect();
    (!rows.is_empty()).then(|| Alert {
        tone: "bad",
        title: "Work stands still".to_owned(),
        means: "Nothing should wait that long. Look whether a server runs and reaches the \
                database, and into the log for what fails.",
        rows,
        href: None,
    })
}

fn holds(status: &GatewayStatus) -> Option<Alert> {
    let oldest = status.holds.oldest?;
    Some(Alert {
        tone: "warn",
        title: format!(
            "{} for a customer",
            messages::counted(status.holds.count, "decision waits", "decisions wait")
        ),
        means: "The customers' admins were told. What they do not approve is not done.",
        rows: vec![Row {
            href: String::new(),
            name: String::new(),
            text: format!("The oldest waits for {}.", messages::duration(status.now.since(oldest))),
        }],
        href: Some("/operator/directories?problem=holds".to_owned()),
    })
}

/// The one sentence on top.
#[must_use]
pub fn health(status: &GatewayStatus, troubles: &[Alert]) -> Health {
    let told = |tone: &'static str| -> Vec<&str> {
        let of_tone = troubles.iter().filter(|trouble| trouble.tone == tone);
        of_tone.map(|trouble| trouble.title.as_str()).collect()
    };
    let (bad, warn) = (told("bad"), told("warn"));
    let (tone, label, sentence) = if !bad.is_empty() {
        ("bad", "Something is wrong", format!("{}.", bad.join(", ")))
    } else if !warn.is_empty() {
        ("warn", "Nothing is broken; worth a look", format!("{}.", warn.join(", ")))
    } else {
        let syncing: i64 = status
            .states
            .iter()
            .filter(|(state, _)| *state == DirectoryState::Active)
            .map(|(_, count)| count)
            .sum();
        let all = Count { known: syncing, more: false };
        let sentence = match syncing {
            0 => "No directory is connected yet, and nothing waits.".to_owned(),
            _ => format!(
                "{} in step, and nothing waits too long.",
                messages::counted(all, "directory is", "directories are")
            ),
        };
        ("good", "All is well", sentence)
    };
    Health { tone, label: Text::verbatim(label), sentence: Text::verbatim(sentence) }
}
