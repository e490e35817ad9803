//! Directories of all organizations: a list that is filtered by what is wrong, and one with its
//! latest runs.

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::clock::Timestamp;
use crate::db::directories::Directory;
use crate::db::page::PageRequest;
use crate::db::reports::operator::{DirectoryNumbers, DirectoryProblem, OperatorFilter};
use crate::db::runs::Run;
use crate::db::{Conn, budget, organizations, reports};
use crate::domain::directory::{DirectoryState, RunCounts, RunState};
use crate::domain::failure::FailureClass;
use crate::domain::ids::{DirectoryId, OrganizationId, RunId};
use crate::domain::provider::ProviderKind;
use crate::limits;
use crate::operations::directories as operations;
use crate::texts::{Text, filters, text};
use crate::web::api::directories::actions;
use crate::web::http::error::Problem;
use crate::web::http::query::Query;
use crate::web::http::response::Response;
use crate::web::http::state::State;
use crate::web::operator::messages::{self, Health};
use crate::web::operator::page::{self, Frame, Pager};
use crate::web::operator::session::{On, Operator, Posted};
use crate::web::pages::when::When;
use crate::web::portal::messages::trigger;

/// A directory in a list.
pub struct DirectoryRow {
    /// Its id.
    pub id: DirectoryId,
    /// Whose it is.
    pub organization: String,
    /// Which HR system.
    pub title: &'static str,
    /// How it is.
    pub health: Health,
    /// When a sync last succeeded.
    pub last_success: Option<When>,
    /// When the next full sync is due.
    pub next: Option<When>,
    /// People that are known.
    pub people: String,
    /// Changes that wait for a decision.
    pub holds: String,
    /// Records to be corrected.
    pub row_problems: String,
}

impl DirectoryRow {
    /// A directory as it is at this moment.
    #[must_use]
    pub fn of(
        row: Directory,
        organization: &str,
        numbers: DirectoryNumbers,
        now: Timestamp,
    ) -> Self {
        Self {
            organization: organization.to_owned(),
            title: row.provider.title(),
            health: messages::health(&row, now),
            last_success: row.last_success_at_ms.map(|at| messages::when(at, now)),
            next: row.next_sync_at_ms.map(|at| messages::when(at, now)),
            people: messages::count(numbers.people),
            holds: messages::count(numbers.holds),
            row_problems: messages::count(numbers.row_problems),
            id: row.id,
        }
    }
}

/// A choice of a filter.
struct Choice {
    value: &'static str,
    words: Text,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "operator/directories.html")]
struct Directories {
    frame: Frame,
    states: Vec<Choice>,
    providers: Vec<Choice>,
    problems: Vec<Choice>,
    filtered: bool,
    rows: Vec<DirectoryRow>,
    pager: Pager,
}

/// `GET /operator/directories`, all or those of a `state`, a `provider` or with a `problem`.
pub async fn list(state: State, operator: Operator, req: HttpRequest) -> Response {
    let now = operator.now;
    let mut query = Query::of(&req);
    let page = page::request(&mut query);
    let mut take = |name| query.text(name).unwrap_or_default();
    let (wanted, provider, problem) = (take("state"), take("provider"), take("problem"));
    let filter = OperatorFilter {
        state: DirectoryState::parse(&wanted),
        provider: ProviderKind::parse(&provider),
        problem: DirectoryProblem::parse(&problem),
    };
    let for_query = filter.clone();
    let read = state.context.db.read(move |conn| {
        let found = reports::operator::directories_page(conn, &for_query, now, &page)?;
        let of: Vec<OrganizationId> =
            found.items.iter().map(|row| row.organization_id.clone()).collect();
        let names = reports::operator::names(conn, &of)?;
        let mut numbers = Vec::new();
        for row in &found.items {
            numbers.push(reports::operator::directory_numbers(conn, &row.id)?);
        }
        Ok::<_, Problem>((found, names, numbers))
    });
    let (found, names, numbers) = read.await?;
    let params = [
        ("state", wanted.as_str()),
        ("provider", provider.as_str()),
        ("problem", problem.as_str()),
    ];
    let pager = Pager::newest_first(&found, "/operator/directories", &params);
    let row = |(row, numbers): (Directory, DirectoryNumbers)| {
        let name = names.get(&row.organization_id).map_or("", String::as_str);
        DirectoryRow::of(row, name, numbers, now)
    };
    page::ok(&Directories {
        frame: Frame::at(&operator, text("operator-directories"), "directories"),
        states: states(filter.state),
        providers: providers(filter.provider),
        problems: problems(filter.problem),
        filtered: params.iter().any(|(_, value)| !value.is_empty()),
        rows: found.items.into_iter().zip(numbers).map(row).collect(),
        pager,
    })
}

fn states(chosen: Option<DirectoryState>) -> Vec<Choice> {
    let choice = |state: &DirectoryState| Choice {
        value: state.as_str(),
        words: match state {
            DirectoryState::Setup => text("operator-choice-setup"),
            DirectoryState::Validating => text("operator-choice-validating"),
            DirectoryState::Active => text("operator-choice-active"),
            DirectoryState::Failing => text("operator-choice-failing"),
            DirectoryState::Disabled => text("operator-choice-disabled"),
        },
        chosen: chosen == Some(*state),
    };
    DirectoryState::ALL.iter().map(choice).collect()
}

fn providers(chosen: Option<ProviderKind>) -> Vec<Choice> {
    let choice = |provider: &ProviderKind| Choice {
        value: provider.as_str(),
        words: Text::verbatim(provider.title()),
        chosen: chosen == Some(*provider),
    };
    ProviderKind::ALL.iter().map(choice).collect()
}

fn problems(chosen: Option<DirectoryProblem>) -> Vec<Choice> {
    let choice = |problem: &DirectoryProblem| Choice {
        value: problem.as_str(),
        words: match problem {
            DirectoryProblem::Failing => text("operator-choice-failing"),
            DirectoryProblem::Trying => text("operator-choice-trying"),
            DirectoryProblem::Silent => text("operator-choice-silent"),
            DirectoryProblem::Holds => text("operator-choice-holds"),
            DirectoryProblem::RowProblems => text("operator-choice-row-problems"),
        },
        chosen: chosen == Some(*problem),
    };
    DirectoryProblem::ALL.iter().map(choice).collect()
}

#[derive(Template)]
#[template(path = "operator/directory.html")]
struct Page {
    frame: Frame,
    csrf: String,
    id: DirectoryId,
    title: Text,
    organization_id: OrganizationId,
    organization: String,
    done: Option<Text>,
    syncs: bool,
    live: String,
    key: Text,
    strict: bool,
    interval: Text,
    created: When,
    activated: Option<When>,
}

#[derive(Template)]
#[template(path = "operator/directory_live.html")]
struct Live {
    id: DirectoryId,
    seen: String,
    health: Health,
    staleness: Text,
    last_success: Option<When>,
    next: Option<When>,
    retry: Option<When>,
    failure: Option<Failure>,
    people: String,
    holds: String,
    row_problems: String,
    calls: Text,
    runs: Vec<RunRow>,
}

struct Failure {
    class: &'static str,
    means: Text,
    detail: String,
    since: When,
    tries: String,
}

struct RunRow {
    id: RunId,
    when: When,
    why: Text,
    state: Text,
    tone: &'static str,
    duration: Option<Text>,
    counts: RunCounts,
    error: String,
}

impl RunRow {
    fn of(run: Run, now: Timestamp) -> Self {
        let class = run.error_class.map(FailureClass::as_str);
        let error: Vec<&str> = class.into_iter().chain(run.error_message.as_deref()).collect();
        Self {
            when: messages::when(run.started_at_ms.unwrap_or(run.requested_at_ms), now),
            why: trigger(run.run_trigger),
            state: run_state(run.state),
            tone: match run.state {
                RunState::Succeeded => "good",
                RunState::Failed if run.error_class.is_some() => "bad",
                _ => "idle",
            },
            duration: run_duration(&run, now),
            counts: run.counts.0,
            error: error.join(": "),
            id: run.id,
        }
    }
}

/// How far a full sync is, in a word.
fn run_state(state: RunState) -> Text {
    match state {
        RunState::Queued => text("operator-run-queued"),
        RunState::Running => text("operator-run-running"),
        RunState::Succeeded => text("operator-run-succeeded"),
        RunState::Failed => text("operator-run-failed"),
    }
}

/// How long a full sync took, or takes so far.
fn run_duration(run: &Run, now: Timestamp) -> Option<Text> {
    let start = run.started_at_ms?;
    Some(match run.finished_at_ms {
        Some(end) => {
            let tenths = end.since(start).max(0).div_euclid(100);
            let seconds = format!("{}.{}", tenths.div_euclid(10), tenths.rem_euclid(10));
            text("operator-run-seconds").with("seconds", seconds)
        }
        None => text("operator-run-so-far").with("for", messages::duration(now.since(start))),
    })
}

/// What is known of a directory's key.
fn key(row: &Directory, now: Timestamp) -> Text {
    let last = row.credential_last4.as_deref().filter(|last| !last.is_empty());
    let checked = row.credential_checked_at_ms.map(|at| messages::when(at, now).markup());
    match (last, checked) {
        (None, None) => text("operator-credential-none"),
        (None, Some(when)) => text("operator-credential-none-checked").with("when", when),
        (Some(last), None) => text("operator-credential-ends").with("last", last),
        (Some(last), Some(when)) => {
            text("operator-credential-ends-checked").with("last", last).with("when", when)
        }
    }
}

/// What the page of a directory is made from.
struct DirectoryStatus {
    row: Directory,
    organization: String,
    numbers: DirectoryNumbers,
    runs: Vec<Run>,
    calls: usize,
    shared: Option<i64>,
}

impl DirectoryStatus {
    fn load(conn: &mut Conn, id: &DirectoryId, now: Timestamp) -> Result<Self, Problem> {
        let row = operations::find(conn, id)?;
        let latest = PageRequest { limit: limits::PAGE_ITEMS_DEFAULT, ..PageRequest::default() };
        Ok(Self {
            organization: organizations::find(conn, &row.organization_id)?.name,
            numbers: reports::operator::directory_numbers(conn, id)?,
            runs: reports::directory::runs(conn, id, &latest)?.items,
            calls: budget::calls_of_directory(conn, id, now)?.len(),
            shared: budget::shared_pace(conn, row.provider)?.map(|(pace, _)| pace),
            row,
        })
    }

    /// The live part, and what it is recognized by.
    fn live(&self, state: &State, now: Timestamp) -> Result<(String, String), Problem> {
        let row = &self.row;
        let pace = &state.context.pace;
        let most = pace.of(row.provider);
        let calls = match pace.shared(row.provider).or(self.shared) {
            Some(shared) => text("operator-calls-made-shared")
                .with("calls", self.calls)
                .with("most", most)
                .with("hr", row.provider.title())
                .with("shared", shared),
            None => text("operator-calls-made").with("calls", self.calls).with("most", most),
        };
        let failing = row.failing();
        let retry = failing.as_ref().and_then(|failing| failing.retry_at);
        let failure = failing.map(|failing| Failure {
            class: failing.class.as_str(),
            means: messages::meaning(failing.class),
            detail: failing.detail.unwrap_or_default(),
            since: messages::when(failing.since, now),
            tries: messages::number(failing.tries),
        });
        let mut live = Live {
            id: row.id.clone(),
            seen: String::new(),
            health: messages::health(row, now),
            staleness: messages::staleness(row, now),
            last_success: row.last_success_at_ms.map(|at| messages::when(at, now)),
            next: row.next_sync_at_ms.map(|at| messages::when(at, now)),
            retry: retry.map(|at| messages::when(at, now)),
            failure,
            people: messages::count(self.numbers.people),
            holds: messages::count(self.numbers.holds),
            row_problems: messages::count(self.numbers.row_problems),
            calls,
            runs: self.runs.iter().cloned().map(|run| RunRow::of(run, now)).collect(),
        };
        let mark = page::mark(&live)?;
        live.seen.clone_from(&mark);
        Ok((page::text(&live)?, mark))
    }
}

async fn load_status(
    state: &State,
    path: Path<String>,
    now: Timestamp,
) -> Result<DirectoryStatus, Problem> {
    let id = DirectoryId::from_text(path.into_inner());
    state.context.db.read(move |conn| DirectoryStatus::load(conn, &id, now)).await
}

/// `GET /operator/directories/{id}`.
pub async fn show(
    state: State,
    operator: Operator,
    path: Path<String>,
    req: HttpRequest,
) -> Response {
    let now = operator.now;
    let status = load_status(&state, path, now).await?;
    let done = Query::of(&req).text("done");
    let (live, _) = status.live(&state, now)?;
    let row = status.row;
    let title = text("operator-directory-title")
        .with("hr", row.provider.title())
        .with("organization", &status.organization);
    page::ok(&Page {
        frame: Frame::at(&operator, title.clone(), "directories"),
        csrf: operator.csrf.clone(),
        title,
        organization: status.organization,
        done: (done.as_deref() == Some("sync")).then(|| text("operator-sync-asked")),
        syncs: row.state.is_syncing(),
        live,
        key: key(&row, now),
        strict: row.strict,
        interval: messages::duration(row.poll_seconds.saturating_mul(Timestamp::SECOND)),
        created: messages::when(row.created_at_ms, now),
        activated: row.activated_at_ms.map(|at| messages::when(at, now)),
        organization_id: row.organization_id,
        id: row.id,
    })
}

/// `GET /operator/directories/{id}/live`: the live part, if it differs from what the browser has.
pub async fn live(
    state: State,
    operator: Operator,
    path: Path<String>,
    req: HttpRequest,
) -> Response {
    let seen = Query::of(&req).text("seen");
    let status = load_status(&state, path, operator.now).await?;
    let (live, mark) = status.live(&state, operator.now)?;
    if seen.as_deref() == Some(mark.as_str()) {
        return Ok(HttpResponse::NoContent().finish());
    }
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(live))
}

/// `POST /operator/directories/{id}/sync`: starts a full sync, as the API does.
pub async fn sync(state: State, path: Path<String>, form: Posted) -> Response {
    let id = DirectoryId::from_text(path.into_inner());
    actions::request_sync(&state, &id, &form.visitor.actor()).await?;
    form.visitor.note(On::Directory(&id), "sync");
    Ok(page::see_other(&format!("/operator/directories/{id}?done=sync")))
}
