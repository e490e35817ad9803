//! The first page: whether anything is wrong, what needs a look first, and what waits where.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::clock::Timestamp;
use crate::db::endpoints::{self, Endpoint};
use crate::db::page::PageRequest;
use crate::db::reports::operator::{Count, DirectoryProblem, Mails, Queue};
use crate::db::{Conn, DbError, Place, events, reports};
use crate::domain::directory::{DirectoryState, RunState};
use crate::domain::endpoint::EndpointStatus;
use crate::domain::ids::EndpointId;
use crate::limits;
use crate::texts::{Text, filters, text};
use crate::web::http::error::Problem;
use crate::web::http::query::Query;
use crate::web::http::response::Response;
use crate::web::http::state::State;
use crate::web::operator::alerts::{self, Alert};
use crate::web::operator::messages::{self, Health};
use crate::web::operator::page::{self, Frame};
use crate::web::operator::session::Operator;
use crate::web::pages::when::When;

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
    troubles: Vec<Alert>,
    queues: Vec<QueueRow>,
    states: Vec<StateRow>,
    facts: Facts,
}

/// What waits somewhere, in a row of the table.
struct QueueRow {
    what: Text,
    means: Text,
    count: String,
    oldest: Option<When>,
}

struct StateRow {
    what: Text,
    state: DirectoryState,
    count: String,
}

struct Facts {
    version: &'static str,
    database: Text,
    started: When,
    endpoints: String,
}

/// An endpoint with what waits for it.
#[derive(Debug, Clone)]
pub struct EndpointQueue {
    /// The endpoint.
    pub row: Endpoint,
    /// Since when the oldest delivery waits.
    pub oldest: Option<Timestamp>,
    /// How many of the latest events have no delivery yet.
    pub behind: i64,
}

/// All that the first page is made from.
#[derive(Debug, Clone)]
pub struct GatewayStatus {
    /// The moment.
    pub now: Timestamp,
    /// Directories by state.
    pub states: Vec<(DirectoryState, i64)>,
    /// Problems of directories.
    pub directories: Vec<alerts::DirectoriesWith>,
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
    pub endpoints: Vec<EndpointQueue>,
    /// Deliveries that wait.
    pub waiting: Count,
    /// Deliveries that were given up of late.
    pub dead: Count,
}

impl GatewayStatus {
    fn load(conn: &mut Conn, now: Timestamp) -> Result<Self, DbError> {
        let told_since = now.plus(-limits::OPERATOR_TOLD_MS);
        let (hints, parked) = reports::operator::hints(conn)?;
        let problems =
            [DirectoryProblem::Failing, DirectoryProblem::Silent, DirectoryProblem::Trying];
        let mut directories = Vec::new();
        for problem in problems {
            directories.push(alerts::DirectoriesWith::load(conn, problem, now)?);
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
            endpoints: endpoint_queues(conn)?,
            waiting: reports::operator::waiting_deliveries(conn)?,
            dead: reports::operator::dead_deliveries(conn, told_since)?,
        })
    }

    /// Since when the oldest delivery waits.
    fn oldest_delivery(&self) -> Option<Timestamp> {
        self.endpoints.iter().filter_map(|queue| queue.oldest).min()
    }
}

fn endpoint_queues(conn: &mut Conn) -> Result<Vec<EndpointQueue>, DbError> {
    let last = events::last_number(conn)?;
    let all = PageRequest { limit: limits::ENDPOINTS_MAX, ..PageRequest::default() };
    let mut queues = Vec::new();
    for row in endpoints::page(conn, &all)?.items {
        let id: &EndpointId = &row.id;
        let oldest = reports::operator::oldest_waiting(conn, id)?;
        let is_on = row.status == EndpointStatus::Enabled;
        let behind = if is_on { last.saturating_sub(row.dispatched_number).max(0) } else { 0 };
        queues.push(EndpointQueue { row, oldest, behind });
    }
    Ok(queues)
}

/// `GET /operator`.
pub async fn show(state: State, operator: Operator) -> Response {
    let (live, _) = live_part(&state, operator.now).await?;
    page::ok(&Overview {
        frame: Frame::at(&operator, text("operator-overview-title"), "overview"),
        live,
    })
}

/// `GET /operator/live`: the page's contents, if they differ from what the browser has.
pub async fn live(state: State, operator: Operator, req: HttpRequest) -> Response {
    let seen = Query::of(&req).text("seen");
    let (live, mark) = live_part(&state, operator.now).await?;
    if seen.as_deref() == Some(mark.as_str()) {
        return Ok(HttpResponse::NoContent().finish());
    }
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(live))
}

/// The live part, and what it is recognized by.
async fn live_part(state: &State, now: Timestamp) -> Result<(String, String), Problem> {
    let status = state.context.db.read(move |conn| GatewayStatus::load(conn, now)).await?;
    let mut live = render(state, &status);
    let mark = page::mark(&live)?;
    live.seen.clone_from(&mark);
    Ok((page::text(&live)?, mark))
}

fn render(state: &State, status: &GatewayStatus) -> Live {
    let now = status.now;
    let troubles = alerts::all(status);
    let row = |(state, count): &(DirectoryState, i64)| StateRow {
        what: in_state(*state),
        state: *state,
        count: messages::number(*count),
    };
    Live {
        seen: String::new(),
        health: alerts::health(status, &troubles),
        troubles,
        queues: queues(status),
        states: status.states.iter().map(row).collect(),
        facts: Facts {
            version: env!("CARGO_PKG_VERSION"),
            database: match state.context.db.place() {
                Place::Sqlite(_) => text("operator-sqlite"),
                Place::Postgres(_) => text("operator-postgres"),
            },
            started: messages::when(state.started_at, now),
            endpoints: messages::number(i64::try_from(status.endpoints.len()).unwrap_or(i64::MAX)),
        },
    }
}

/// What the directories in a state are called.
fn in_state(state: DirectoryState) -> Text {
    match state {
        DirectoryState::Setup => text("operator-directories-setup"),
        DirectoryState::Validating => text("operator-directories-validating"),
        DirectoryState::Active => text("operator-directories-active"),
        DirectoryState::Failing => text("operator-directories-failing"),
        DirectoryState::Disabled => text("operator-directories-disabled"),
    }
}

fn queues(status: &GatewayStatus) -> Vec<QueueRow> {
    let row = |what, means, queue: Queue| QueueRow {
        what,
        means,
        count: messages::count(queue.count),
        oldest: queue.oldest.map(|at| messages::when(at, status.now)),
    };
    let oldest = status.oldest_delivery();
    let waiting = Queue { count: status.waiting, oldest, due: oldest };
    vec![
        row(text("operator-queue-hints"), text("operator-queue-hints-means"), status.hints),
        row(text("operator-queue-parked"), text("operator-queue-parked-means"), status.parked),
        row(text("operator-queue-queued"), text("operator-queue-queued-means"), status.queued),
        row(text("operator-queue-running"), text("operator-queue-running-means"), status.running),
        row(text("operator-queue-dates"), text("operator-queue-dates-means"), status.due),
        row(text("operator-decisions"), text("operator-queue-decisions-means"), status.holds),
        row(text("operator-queue-mails"), text("operator-queue-mails-means"), status.mails.waiting),
        row(text("operator-queue-deliveries"), text("operator-queue-deliveries-means"), waiting),
    ]
}
