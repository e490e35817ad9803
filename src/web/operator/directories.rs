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
use crate::sync::setup;
use crate::texts::{Text, filters};
use crate::web::api::directories::setup_problem;
use crate::web::http::error::Problem;
use crate::web::http::query::Query;
use crate::web::http::response::Response;
use crate::web::http::state::State;
use crate::web::operator::messages;
use crate::web::operator::page::{self, Frame, Pager};
use crate::web::operator::session::{On, Operator, Posted};
use crate::web::pages::when::When;
use crate::web::portal::messages::{Health, trigger};

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
    words: &'static str,
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
    let mut text = |name| query.text(name).unwrap_or_default();
    let (wanted, provider, problem) = (text("state"), text("provider"), text("problem"));
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
        frame: Frame::at(&operator, "Directories", "directories"),
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
            DirectoryState::Setup => "set-up",
            DirectoryState::Validating => "first sync",
            DirectoryState::Active => "in step",
            DirectoryState::Failing => "failing",
            DirectoryState::Disabled => "disabled",
        },
        chosen: chosen == Some(*state),
    };
    DirectoryState::ALL.iter().map(choice).collect()
}

fn providers(chosen: Option<ProviderKind>) -> Vec<Choice> {
    let choice = |provider: &ProviderKind| Choice {
        value: provider.as_str(),
        words: provider.title(),
        chosen: chosen == Some(*provider),
    };
    ProviderKind::ALL.iter().map(choice).collect()
}

fn problems(chosen: Option<DirectoryProblem>) -> Vec<Choice> {
    let choice = |problem: &DirectoryProblem| Choice {
        value: problem.as_str(),
        words: match problem {
            DirectoryProblem::Failing => "failing",
            DirectoryProblem::Trying => "trying again",
            DirectoryProblem::Silent => "silent",
            DirectoryProblem::Holds => "decisions wait",
            DirectoryProblem::RowProblems => "records to correct",
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
    title: String,
    organization_id: OrganizationId,
    organization: String,
    done: Option<&'static str>,
    syncs: bool,
    live: String,
    key: String,
    key_checked: Option<When>,
    strict: bool,
    interval: String,
    created: When,
    activated: Option<When>,
}

#[derive(Template)]
#[template(path = "operator/directory_live.html")]
struct Live {
    id: DirectoryId,
    seen: String,
    health: Health,
    staleness: String,
    last_success: Option<When>,
    next: Option<When>,
    retry: Option<When>,
    failure: Option<Failure>,
    people: String,
    holds: String,
    row_problems: String,
    calls: String,
    runs: Vec<RunRow>,
}

struct Failure {
    class: &'static str,
    means: &'static str,
    detail: String,
    since: When,
    tries: String,
}

struct RunRow {
    id: RunId,
    when: When,
    why: Text,
    state: RunState,
    tone: &'static str,
    duration: String,
    counts: RunCounts,
    error: String,
}

impl RunRow {
    fn of(run: Run, now: Timestamp) -> Self {
        let duration = match (run.started_at_ms, run.finished_at_ms) {
            (Some(start), Some(end)) => {
                let seconds = end.since(start).max(0).div_euclid(100);
                format!("{}.{} s", seconds.div_euclid(10), seconds.rem_euclid(10))
            }
            (Some(start), None) => format!("{} so far", messages::duration(now.since(start))),
            (None, _) => String::new(),
        };
        let class = run.error_class.map(FailureClass::as_str);
        let error: Vec<&str> = class.into_iter().chain(run.error_message.as_deref()).collect();
        Self {
            when: messages::when(run.started_at_ms.unwrap_or(run.requested_at_ms), now),
            why: trigger(run.run_trigger),
            state: run.state,
            tone: match run.state {
                RunState::Succeeded => "good",
                RunState::Failed if run.error_class.is_some() => "bad",
                _ => "idle",
            },
            duration,
            counts: run.counts.0,
            error: error.join(": "),
            id: run.id,
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
        let own = format!("{} of {} in the last minute", self.calls, pace.of(row.provider));
        let title = row.provider.title();
        let calls = match pace.shared(row.provider).or(self.shared) {
            Some(shared) => format!("{own}; all directories of {title} together have {shared}"),
            None => own,
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
    let title = format!("{} of {}", row.provider.title(), status.organization);
    let last4 = row.credential_last4.filter(|last4| !last4.is_empty());
    page::ok(&Page {
        frame: Frame::at(&operator, title.clone(), "directories"),
        csrf: operator.csrf.clone(),
        title,
        organization_id: row.organization_id,
        organization: status.organization,
        done: (done.as_deref() == Some("sync")).then_some("A full sync is asked for."),
        syncs: row.state.is_syncing(),
        live,
        key: last4.map_or("none".to_owned(), |last4| format!("ends with {last4}")),
        key_checked: row.credential_checked_at_ms.map(|at| messages::when(at, now)),
        strict: row.strict,
        interval: messages::duration(row.poll_seconds.saturating_mul(Timestamp::SECOND)),
        created: messages::when(row.created_at_ms, now),
        activated: row.activated_at_ms.map(|at| messages::when(at, now)),
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
    setup::request_sync(&state.context, &id, &form.visitor.actor())
        .await
        .map_err(|error| setup_problem::problem(error, &id))?;
    form.visitor.note(On::Directory(&id), "sync");
    state.activators.runs.wake();
    Ok(page::see_other(&format!("/operator/directories/{id}?done=sync")))
}
