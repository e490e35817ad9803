//! The page of one connection: how it is, the latest changes, what waits for somebody, and how it
//! is repaired. A connection that is being set up shows the set-up instead, an ended one that it
//! ended.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::clock::Timestamp;
use crate::db::account_changes::{AccountChange, NumberedAccountChange};
use crate::db::directories::{self, Directory, DirectoryCounts};
use crate::db::holds::Hold;
use crate::db::notices::Notice;
use crate::db::page::PageRequest;
use crate::db::row_problems::RowProblem;
use crate::db::runs::{self, Run};
use crate::db::waiting_credentials::{self, WaitingCredential};
use crate::db::{Conn, DbError, accounts, actions, hold_items, reports};
use crate::domain::directory::{DirectoryState, RunState};
use crate::domain::failure::FailureClass;
use crate::domain::hold::HoldState;
use crate::domain::ids::{AccountId, DirectoryId};
use crate::domain::notice::{Block, NoticeKind, NoticeText};
use crate::limits;
use crate::providers;
use crate::sync::Context;
use crate::sync::full::look_ahead::Preview;
use crate::sync::setup;
use crate::texts::{Markup, Text, filters, text};
use crate::web::actors::{self, Told};
use crate::web::http::error::Problem;
use crate::web::http::query::Query;
use crate::web::http::response::Response;
use crate::web::http::state::State;
use crate::web::portal::activity::WhoRow;
use crate::web::portal::chart::Chart;
use crate::web::portal::holds::HoldRow;
use crate::web::portal::key::{KeyForm, Said};
use crate::web::portal::lists::RunRow;
use crate::web::portal::messages::{self, Health, When};
use crate::web::portal::page::{self, Frame, own_directory, web_address};
use crate::web::portal::session::Visitor;
use crate::web::portal::wizard;

/// What a page shows beyond what is stored.
#[derive(Default)]
pub struct Extra {
    /// What became of a key that was entered just now.
    pub said: Said,
    /// The preview that was asked for just now.
    pub preview: Option<Preview>,
    /// What was done just now.
    pub done: Option<Text>,
}

#[derive(Template)]
#[template(path = "portal/directory.html")]
struct Connected<'a> {
    frame: Frame,
    csrf: String,
    id: DirectoryId,
    title: &'static str,
    done: Option<Text>,
    live: String,
    feed: String,
    success_url: Option<String>,
    failure: Vec<Block<'a>>,
    key: KeyForm,
    holds: Vec<HoldRow>,
    problems: Problems,
    chart: Option<Chart>,
    runs: Vec<RunRow>,
    rows: Vec<WhoRow>,
    employed: Text,
    groups: i64,
    next: Option<When>,
    make_steps: &'static [Text],
    webhook_url: Option<String>,
}

struct Problems {
    total: i64,
    heading: Text,
    sentences: Vec<Text>,
    first: Vec<ProblemRow>,
}

struct ProblemRow {
    name: Text,
    number: String,
    message: Text,
}

#[derive(Template)]
#[template(path = "portal/ended.html")]
struct Ended {
    frame: Frame,
    id: DirectoryId,
    title: &'static str,
    done: Option<Text>,
    when: When,
}

#[derive(Template)]
#[template(path = "portal/live.html")]
struct Live {
    id: DirectoryId,
    around: String,
    seen: String,
    health: Health,
    progress: Option<Text>,
    last_success: Option<When>,
}

#[derive(Template)]
#[template(path = "portal/feed.html")]
struct Feed {
    title: &'static str,
    changes: Vec<FeedRow>,
}

struct FeedRow {
    when: When,
    what: Text,
}

/// The live parts of a page.
struct LiveParts {
    live: String,
    feed: String,
    mark: String,
}

/// What the live parts need.
struct Latest {
    row: Directory,
    counts: DirectoryCounts,
    open: Option<Run>,
    changes: Vec<AccountChange>,
    names: HashMap<AccountId, String>,
}

impl Latest {
    fn load(conn: &mut Conn, row: Directory) -> Result<Self, Problem> {
        let request = PageRequest { limit: limits::PORTAL_FEED_ITEMS, ..PageRequest::default() };
        let (organization, id) = (&row.organization_id, &row.id);
        let found = reports::portal::changes(conn, organization, Some(id), &request)?.items;
        let change = |row: NumberedAccountChange| row.change;
        let changes: Vec<AccountChange> = found.into_iter().map(change).collect();
        let of: Vec<AccountId> = changes.iter().map(|row| row.account_id.clone()).collect();
        Ok(Self {
            counts: directories::counts(conn, id)?,
            open: runs::open(conn, id)?,
            names: names(conn, &of)?,
            changes,
            row,
        })
    }

    /// The live parts of the page: how the connection is, and the latest changes. The first names
    /// a mark of both, by which the next question is answered.
    fn render(&self, visitor: &Visitor) -> Result<LiveParts, Problem> {
        let (now, zone) = (visitor.now, visitor.zone());
        let row = |row: &AccountChange| FeedRow {
            when: When::of(row.created_at_ms, now, &zone),
            what: messages::change_summary(&self.who(row), row.rule, &row.changes.0),
        };
        let title = self.row.provider.title();
        let feed = page::text(&Feed { title, changes: self.changes.iter().map(row).collect() })?;
        let mut live = Live {
            id: self.row.id.clone(),
            around: self.around(),
            seen: String::new(),
            health: Health::of(&self.row, self.counts),
            progress: self.progress(),
            last_success: self.row.last_success_at_ms.map(|at| When::of(at, now, &zone)),
        };
        let both = format!("{}{feed}", page::text(&live)?);
        let mark: String = blake3::hash(both.as_bytes()).to_hex().chars().take(16).collect();
        live.seen.clone_from(&mark);
        Ok(LiveParts { live: page::text(&live)?, feed, mark })
    }

    /// Whose account it is.
    fn who(&self, change: &AccountChange) -> Markup {
        let name = name_of(&self.names, &change.account_id);
        Markup::default().html("<strong>").text(name).html("</strong>")
    }

    /// What the rest of the page goes by: when it is another, the page is out of date.
    fn around(&self) -> String {
        let DirectoryCounts { holds, row_problems, warnings, .. } = self.counts;
        format!("{}-{holds}-{row_problems}-{warnings}", self.row.state.as_str())
    }

    /// What is going on, while an admin waits for it. A regular sync of a healthy connection is
    /// nobody's concern.
    fn progress(&self) -> Option<Text> {
        let open = self.open.as_ref()?;
        if self.row.state == DirectoryState::Active && open.run_trigger.is_quiet() {
            return None;
        }
        let seen = open.counts.0.seen;
        Some(match (open.state, seen) {
            (RunState::Queued, _) => text("portal-progress-queued"),
            (_, 0) => text("portal-progress-reading").with("hr", self.row.provider.title()),
            (_, seen) => text("portal-progress-updating").with("count", seen),
        })
    }
}

/// What people are called who have these accounts.
pub(super) fn names(
    conn: &mut Conn,
    ids: &[AccountId],
) -> Result<HashMap<AccountId, String>, DbError> {
    let name = |account: accounts::Account| {
        let parts = [account.first_name.as_deref(), account.last_name.as_deref()];
        let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        (account.id, if name.is_empty() { account.email } else { name })
    };
    Ok(accounts::by_ids(conn, ids)?.into_iter().map(name).collect())
}

/// What the person is called who has this account.
#[must_use]
pub(super) fn name_of(names: &HashMap<AccountId, String>, id: &AccountId) -> Text {
    names.get(id).map_or_else(|| text("portal-deleted-account"), Text::verbatim)
}

/// The webhook URL, as it is shown to be copied (L-02).
pub fn webhook_url(context: &Context, row: &Directory) -> Result<Option<String>, Problem> {
    let url = setup::webhook_url(context, row);
    let url = url.map_err(|error| Problem::Internal(error.to_string()))?;
    Ok(url.map(|url| url.reveal().to_owned()))
}

/// `GET /portal/directories/{id}`.
pub async fn show(
    state: State,
    visitor: Visitor,
    path: Path<String>,
    req: HttpRequest,
) -> Response {
    let done = Query::of(&req).text("done").and_then(|word| done_words(&word));
    let extra = Extra { done, ..Extra::default() };
    let id = DirectoryId::from_text(path.into_inner());
    render(&state, &visitor, &id, extra, StatusCode::OK).await
}

/// What was done, by the word in the address; so nobody else's words get onto the page.
fn done_words(word: &str) -> Option<Text> {
    Some(match word {
        "key" => text("portal-done-key"),
        "complete" => text("portal-done-complete"),
        "sync" => text("portal-done-sync"),
        "decided" => text("portal-done-decided"),
        "disabled" => text("portal-done-disabled"),
        _ => return None,
    })
}

/// The page of a directory in whatever state it is.
pub async fn render(
    state: &State,
    visitor: &Visitor,
    id: &DirectoryId,
    extra: Extra,
    status: StatusCode,
) -> Response {
    let (organization, wanted) = (visitor.organization_id().clone(), id.clone());
    let read = state.context.db.read(move |conn| own_directory(conn, &organization, &wanted));
    let row = read.await?;
    match row.state {
        DirectoryState::Setup => wizard::render(state, visitor, row, extra, status).await,
        DirectoryState::Disabled => {
            let at = row.disabled_at_ms.unwrap_or(row.updated_at_ms);
            let page = Ended {
                frame: Frame::of(visitor, Text::verbatim(row.provider.title())),
                title: row.provider.title(),
                done: extra.done,
                when: When::of(at, visitor.now, &visitor.zone()),
                id: row.id,
            };
            page::html(status, &page)
        }
        _ => connected(state, visitor, row, extra, status).await,
    }
}

/// Everything on the page of a connection.
struct Around {
    latest: Latest,
    holds: Vec<(Hold, u64)>,
    problems: Vec<RowProblem>,
    runs: Vec<Run>,
    done: Vec<Told>,
    notice: Option<Notice>,
    waiting: Option<WaitingCredential>,
}

impl Around {
    fn load(conn: &mut Conn, row: Directory, now: Timestamp) -> Result<Self, Problem> {
        let id = row.id.clone();
        let page = |limit: i64| PageRequest { limit, ..PageRequest::default() };
        let open = reports::directory::holds(
            conn,
            &id,
            Some(HoldState::Open),
            &page(limits::PORTAL_PAGE_ITEMS),
        )?;
        let mut holds = Vec::with_capacity(open.items.len());
        for hold in open.items {
            let people = hold_items::count(conn, &hold.id)?;
            holds.push((hold, people));
        }
        let notice = match row.state {
            DirectoryState::Failing => {
                reports::portal::latest_notice(conn, &id, NoticeKind::SyncFailed)?
            }
            _ => None,
        };
        let done = actions::page(conn, &row.organization_id, Some(&id), &page(5))?.items;
        Ok(Self {
            done: actors::tell(conn, &row.organization_id, done)?,
            problems: reports::directory::row_problems(conn, &id, &page(5))?.items,
            runs: reports::portal::finished_runs(conn, &id, limits::PORTAL_CHART_RUNS)?,
            latest: Latest::load(conn, row)?,
            holds,
            notice,
            waiting: waiting_credentials::find(conn, &id, now)?,
        })
    }
}

async fn connected(
    state: &State,
    visitor: &Visitor,
    row: Directory,
    extra: Extra,
    status: StatusCode,
) -> Response {
    let moment = visitor.now;
    let read = state.context.db.read(move |conn| Around::load(conn, row, moment));
    let Around { latest, holds, problems, runs, done, notice, waiting } = read.await?;
    let LiveParts { live, feed, .. } = latest.render(visitor)?;
    let (row, counts) = (&latest.row, latest.counts);
    let (now, zone) = (visitor.now, visitor.zone());
    let notice = notice.map(|notice| NoticeText { subject: notice.subject, body: notice.body });
    let mut key = KeyForm::of(row, waiting, extra.said, (now, &zone));
    let needs_key = matches!(
        row.failure_class(),
        Some(FailureClass::Credential | FailureClass::Permission | FailureClass::Suspended)
    );
    key.open |= row.state == DirectoryState::Failing && needs_key;
    key.second &= !key.open;
    let page = Connected {
        frame: Frame::of(visitor, Text::verbatim(row.provider.title())),
        csrf: visitor.csrf.clone(),
        id: row.id.clone(),
        title: row.provider.title(),
        // Whoever came to connect goes on when it is done.
        success_url: web_address(visitor.session.success_url.as_deref())
            .filter(|_| row.state == DirectoryState::Active),
        done: extra.done,
        live,
        feed,
        failure: notice.as_ref().map(NoticeText::blocks).unwrap_or_default(),
        key,
        holds: holds.into_iter().map(|(hold, n)| HoldRow::of(hold, n, now, &zone)).collect(),
        problems: Problems {
            total: counts.row_problems.saturating_add(counts.warnings),
            heading: problems_heading(counts, row.provider.title()),
            sentences: problems_sentences(counts, row),
            first: problems.into_iter().map(ProblemRow::from).collect(),
        },
        chart: Chart::of(&runs, now, &zone),
        runs: runs.into_iter().take(5).map(|run| RunRow::of(run, now, &zone)).collect(),
        rows: done.into_iter().map(|told| WhoRow::of(told, now, &zone)).collect(),
        employed: employed(counts),
        groups: counts.groups,
        next: row.next_sync_at_ms.map(|at| When::of(at, now, &zone)),
        make_steps: providers::profile(row.provider).key_steps,
        webhook_url: webhook_url(&state.context, row)?,
    };
    page::html(status, &page)
}

/// How many people are employed, and how many are not.
fn employed(counts: DirectoryCounts) -> Text {
    let (active, inactive) = (counts.active, counts.inactive);
    if inactive > 0 {
        text("portal-employed-and-others").with("active", active).with("inactive", inactive)
    } else {
        text("portal-employed").with("active", active)
    }
}

/// What the list of records is called.
#[must_use]
pub fn problems_heading(counts: DirectoryCounts, hr: &str) -> Text {
    if counts.row_problems == 0 {
        text("portal-to-check-in").with("hr", hr)
    } else {
        text("portal-to-correct-in").with("hr", hr)
    }
}

/// How many records are to be corrected or checked, and what that means.
#[must_use]
pub fn problems_sentences(counts: DirectoryCounts, row: &Directory) -> Vec<Text> {
    let DirectoryCounts { row_problems, warnings, .. } = counts;
    let to_correct = if row.strict {
        text("portal-problems-to-correct-strict").with("count", row_problems)
    } else {
        text("portal-problems-to-correct").with("count", row_problems)
    };
    let to_check = text("portal-problems-to-check").with("count", warnings);
    let sentences = [(row_problems > 0).then_some(to_correct), (warnings > 0).then_some(to_check)];
    sentences.into_iter().flatten().collect()
}

/// What the person is called whose record it is.
#[must_use]
pub fn name_of_problem(row: &RowProblem) -> Text {
    if row.name.is_empty() { text("portal-nameless") } else { Text::verbatim(row.name.as_str()) }
}

impl From<RowProblem> for ProblemRow {
    fn from(row: RowProblem) -> Self {
        let number = row.employee_number.as_ref().map(|it| it.0.clone()).unwrap_or_default();
        let (name, message) = (name_of_problem(&row), row.text());
        Self { name, number, message }
    }
}

/// `GET /portal/directories/{id}/live`: the live part of the page, if it differs from what the
/// browser has. When the page around it is out of date, because the state is another or there is
/// something else to decide or to correct, the whole page is loaded anew.
pub async fn live(
    state: State,
    visitor: Visitor,
    path: Path<String>,
    req: HttpRequest,
) -> Response {
    let id = DirectoryId::from_text(path.into_inner());
    let mut query = Query::of(&req);
    let (seen, known) = (query.text("seen"), query.text("around"));
    let organization = visitor.organization_id().clone();
    let read = state.context.db.read(move |conn| {
        let row = own_directory(conn, &organization, &id)?;
        Latest::load(conn, row)
    });
    let latest = read.await?;
    if known.is_some_and(|known| known != latest.around()) {
        return Ok(HttpResponse::NoContent().insert_header(("HX-Refresh", "true")).finish());
    }
    let parts = latest.render(&visitor)?;
    if seen.as_deref() == Some(parts.mark.as_str()) {
        return Ok(HttpResponse::NoContent().finish());
    }
    let body = format!("{}{}", parts.live, parts.feed);
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(body))
}
