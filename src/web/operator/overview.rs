//! The first page: whether anything is wrong, what needs a look first, and what waits where.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::clock::Millis;
use crate::db::endpoints::{self, Endpoint};
use crate::db::page::PageRequest;
use crate::db::reports::operator::{Count, DirectoryProblem, Mails, Queue};
use crate::db::{Conn, DbError, Place, events, reports};
use crate::domain::directory::{DirectoryState, RunState};
use crate::domain::endpoint::EndpointStatus;
use crate::domain::ids::EndpointId;
use crate::limits;
use crate::web::answer::Answer;
use crate::web::error::Problem;
use crate::web::operator::page::{self, Frame};
use crate::web::operator::session::Operator;
use crate::web::operator::trouble::{self, Trouble};
use crate::web::operator::words;
use crate::web::pages::when::When;
use crate::web::portal::words::Health;
use crate::web::query::Query;
use crate::web::state::State;

#[derive(Template)]
#[template(path = "operator/overview.html")]
struct Overview {
    frame: Frame,
    live: String,
}

#[derive(Template)]
#[template(path = "operator/live.html")]
struct Live {
    seen: String,
    health: Health,
    troubles: Vec<Trouble>,
    queues: Vec<QueueRow>,
    states: Vec<StateRow>,
    facts: Facts,
}

/// What waits somewhere, in a row of the table.
struct QueueRow {
    what: &'static str,
    means: &'static str,
    count: String,
    oldest: Option<When>,
}

struct StateRow {
    state: DirectoryState,
    count: String,
}

struct Facts {
    version: &'static str,
    database: &'static str,
    started: When,
    endpoints: String,
}

/// An endpoint with what waits for it.
#[derive(Debug, Clone)]
pub struct EndpointLook {
    /// The endpoint.
    pub row: Endpoint,
    /// Since when the oldest delivery waits.
    pub oldest: Option<Millis>,
    /// How many of the latest events have no delivery yet.
    pub behind: i64,
}

/// All that the first page is made from.
#[derive(Debug, Clone)]
pub struct Look {
    /// The moment.
    pub now: Millis,
    /// Directories by state.
    pub states: Vec<(DirectoryState, i64)>,
    /// Problems of directories.
    pub directories: Vec<trouble::DirectoriesWith>,
    /// Decisions that wait for a customer.
    pub holds: Queue,
    /// Hints that wait for a look.
    pub hints: Queue,
    /// Hints that wait for a full sync.
    pub parked: Queue,
    /// Full syncs that wait.
    pub queued: Queue,
    /// Full syncs under way.
    pub running: Queue,
    /// People whose date has come.
    pub due: Queue,
    /// Mails.
    pub mails: Mails,
    /// Endpoints; there are at most [`limits::ENDPOINTS_MAX`].
    pub endpoints: Vec<EndpointLook>,
    /// Deliveries that wait.
    pub waiting: Count,
    /// Deliveries that were given up of late.
    pub dead: Count,
}

impl Look {
    fn load(conn: &mut Conn, now: Millis) -> Result<Self, DbError> {
        let told_since = now.plus(-limits::OPERATOR_TOLD_MS);
        let (hints, parked) = reports::operator::hints(conn)?;
        let problems =
            [DirectoryProblem::Failing, DirectoryProblem::Silent, DirectoryProblem::Trying];
        let mut directories = Vec::new();
        for problem in problems {
            directories.push(trouble::DirectoriesWith::load(conn, problem, now)?);
        }
        Ok(Self {
            now,
            states: reports::operator::directories_by_state(conn)?,
            directories,
            holds: reports::operator::open_holds(conn)?,
            hints,
            parked,
            queued: reports::operator::open_runs(conn, RunState::Queued)?,
            running: reports::operator::open_runs(conn, RunState::Running)?,
            due: reports::operator::due_people(conn, now)?,
            mails: reports::operator::mails(conn, told_since)?,
            endpoints: endpoint_looks(conn)?,
            waiting: reports::operator::waiting_deliveries(conn)?,
            dead: reports::operator::dead_deliveries(conn, told_since)?,
        })
    }

    /// Since when the oldest delivery waits.
    fn oldest_delivery(&self) -> Option<Millis> {
        self.endpoints.iter().filter_map(|look| look.oldest).min()
    }
}

fn endpoint_looks(conn: &mut Conn) -> Result<Vec<EndpointLook>, DbError> {
    let last = events::last_number(conn)?;
    let all = PageRequest { limit: limits::ENDPOINTS_MAX, ..PageRequest::default() };
    let mut looks = Vec::new();
    for row in endpoints::page(conn, &all)?.items {
        let id: &EndpointId = &row.id;
        let oldest = reports::operator::oldest_waiting(conn, id)?;
        let is_on = row.status == EndpointStatus::Enabled;
        let behind = if is_on { last.saturating_sub(row.dispatched_number).max(0) } else { 0 };
        looks.push(EndpointLook { row, oldest, behind });
    }
    Ok(looks)
}

/// `GET /operator`.
pub async fn show(state: State, operator: Operator) -> Answer {
    let (live, _) = live_part(&state, operator.now).await?;
    page::ok(&Overview { frame: Frame::at(&operator, "What needs a look", "overview"), live })
}

/// `GET /operator/live`: the page's contents, if they differ from what the browser has.
pub async fn live(state: State, operator: Operator, req: HttpRequest) -> Answer {
    let seen = Query::of(&req).text("seen");
    let (live, mark) = live_part(&state, operator.now).await?;
    if seen.as_deref() == Some(mark.as_str()) {
        return Ok(HttpResponse::NoContent().finish());
    }
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(live))
}

/// The live part, and what it is recognized by.
async fn live_part(state: &State, now: Millis) -> Result<(String, String), Problem> {
    let look = state.context.db.read(move |conn| Look::load(conn, now)).await?;
    let mut live = render(state, &look);
    let mark = page::mark(&live)?;
    live.seen.clone_from(&mark);
    Ok((page::text(&live)?, mark))
}

fn render(state: &State, look: &Look) -> Live {
    let now = look.now;
    let troubles = trouble::all(look);
    let row = |(state, count): &(DirectoryState, i64)| StateRow {
        state: *state,
        count: words::number(*count),
    };
    Live {
        seen: String::new(),
        health: trouble::health(look, &troubles),
        troubles,
        queues: queues(look),
        states: look.states.iter().map(row).collect(),
        facts: Facts {
            version: env!("CARGO_PKG_VERSION"),
            database: match state.context.db.place() {
                Place::Sqlite(_) => "SQLite",
                Place::Postgres(_) => "PostgreSQL",
            },
            started: words::when(state.started_at, now),
            endpoints: words::number(i64::try_from(look.endpoints.len()).unwrap_or(i64::MAX)),
        },
    }
}

fn queues(look: &Look) -> Vec<QueueRow> {
    let row = |what, means, queue: Queue| QueueRow {
        what,
        means,
        count: words::count(queue.count),
        oldest: queue.oldest.map(|at| words::when(at, look.now)),
    };
    let oldest = look.oldest_delivery();
    let waiting = Queue { count: look.waiting, oldest, due: oldest };
    vec![
        row("Webhooks in", "People to look at; done within seconds.", look.hints),
        row("Webhooks in, parked", "Wait until their failing directory recovers.", look.parked),
        row(
            "Full syncs, waiting",
            "Wait for a worker, for calls, or for the next try.",
            look.queued,
        ),
        row("Full syncs, under way", "Read an HR system or apply what was read.", look.running),
        row("Dates", "People whose first or last day has come; done within seconds.", look.due),
        row("Decisions", "Holds that wait for a customer's admin.", look.holds),
        row("Mails, waiting", "Not taken by the mail server yet.", look.mails.waiting),
        row("Webhooks out, waiting", "Not taken by the application yet.", waiting),
    ]
}
