//! Endpoints and their deliveries: how well each does, what waits and what was given up, and what
//! can be done about it.

use std::collections::HashMap;

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::clock::Timestamp;
use crate::db::deliveries::{self, Delivery};
use crate::db::endpoints::{self, Endpoint};
use crate::db::page::PageRequest;
use crate::db::reports::operator::Count;
use crate::db::{Conn, DbError, reports};
use crate::delivery::lanes;
use crate::domain::endpoint::{DeliveryState, DeliveryTrigger, EndpointStatus};
use crate::domain::ids::{DeliveryId, EndpointId};
use crate::limits;
use crate::operations;
use crate::texts::{Text, filters, text};
use crate::web::http::error::Problem;
use crate::web::http::query::Query;
use crate::web::http::response::Response;
use crate::web::http::state::State;
use crate::web::operator::messages::{self, Health};
use crate::web::operator::page::{self, Frame, Pager};
use crate::web::operator::session::{On, Operator, Posted};
use crate::web::pages::when::When;

/// What waits for an endpoint, and what was given up.
#[derive(Debug, Clone, Copy)]
struct Numbers {
    waiting: Count,
    dead: Count,
    oldest: Option<Timestamp>,
}

impl Numbers {
    fn load(conn: &mut Conn, id: &EndpointId) -> Result<Self, DbError> {
        Ok(Self {
            waiting: reports::operator::deliveries_of(conn, id, DeliveryState::Waiting)?,
            dead: reports::operator::deliveries_of(conn, id, DeliveryState::Dead)?,
            oldest: reports::operator::oldest_waiting(conn, id)?,
        })
    }
}

#[derive(Template)]
#[template(path = "operator/endpoints.html")]
struct Endpoints {
    frame: Frame,
    rows: Vec<EndpointRow>,
    pager: Pager,
}

struct EndpointRow {
    id: EndpointId,
    url: String,
    health: Health,
    waiting: String,
    oldest: Option<When>,
    dead: String,
    last_success: Option<When>,
    failing_since: Option<When>,
}

/// `GET /operator/endpoints`.
pub async fn list(state: State, operator: Operator, req: HttpRequest) -> Response {
    let now = operator.now;
    let page = page::request(&mut Query::of(&req));
    let read = state.context.db.read(move |conn| {
        let found = endpoints::page(conn, &page)?;
        let mut numbers = HashMap::new();
        for row in &found.items {
            numbers.insert(row.id.clone(), Numbers::load(conn, &row.id)?);
        }
        Ok::<_, Problem>((found, numbers))
    });
    let (found, numbers) = read.await?;
    let pager = Pager::newest_first(&found, "/operator/endpoints", &[]);
    let row = |row: Endpoint| {
        let numbers = numbers.get(&row.id)?;
        Some(EndpointRow {
            health: messages::endpoint_health(&row, now),
            waiting: messages::count(numbers.waiting),
            oldest: numbers.oldest.map(|at| messages::when(at, now)),
            dead: messages::count(numbers.dead),
            last_success: row.last_success_at_ms.map(|at| messages::when(at, now)),
            failing_since: row.failing_since_ms.map(|at| messages::when(at, now)),
            url: row.endpoint_url,
            id: row.id,
        })
    };
    page::ok(&Endpoints {
        frame: Frame::at(&operator, text("operator-endpoints"), "endpoints"),
        rows: found.items.into_iter().filter_map(row).collect(),
        pager,
    })
}

#[derive(Template)]
#[template(path = "operator/endpoint.html")]
struct Page {
    frame: Frame,
    csrf: String,
    id: EndpointId,
    url: String,
    done: Option<Text>,
    health: Health,
    enabled: bool,
    waiting: String,
    oldest: Option<When>,
    blocked: Text,
    dead: String,
    to_replay: Option<Text>,
    wants: Text,
    last_success: Option<When>,
    failing_since: Option<When>,
    states: Vec<StateLink>,
    rows: Vec<DeliveryRow>,
    pager: Pager,
}

struct DeliveryRow {
    id: DeliveryId,
    event: String,
    why: Option<Text>,
    state: Text,
    tone: &'static str,
    attempts: i64,
    answer: String,
    next: Option<When>,
    created: When,
}

impl DeliveryRow {
    fn of(row: Delivery, now: Timestamp) -> Self {
        let status = row.last_status.map(|status| status.to_string());
        let answer: Vec<&str> =
            status.as_deref().into_iter().chain(row.last_error.as_deref()).collect();
        let is_open = row.state == DeliveryState::Waiting;
        Self {
            answer: answer.join(", "),
            event: row.event_type,
            why: match row.delivery_trigger {
                DeliveryTrigger::Event => None,
                DeliveryTrigger::Replay => Some(text("operator-delivery-replayed")),
                DeliveryTrigger::Test => Some(text("operator-delivery-test")),
            },
            state: delivery_state(row.state),
            tone: match row.state {
                DeliveryState::Delivered => "good",
                DeliveryState::Dead => "bad",
                DeliveryState::Waiting | DeliveryState::Overtaken => "idle",
            },
            attempts: row.attempts,
            next: is_open.then(|| messages::when(row.next_at_ms, now)),
            created: messages::when(row.created_at_ms, now),
            id: row.id,
        }
    }
}

/// Leads to the deliveries of one state, or all.
struct StateLink {
    href: String,
    words: Text,
    current: bool,
}

fn state_links(at: &str, wanted: Option<DeliveryState>) -> Vec<StateLink> {
    let link = |state: Option<DeliveryState>| StateLink {
        href: state.map_or_else(|| at.to_owned(), |state| format!("{at}?state={state}")),
        words: state.map_or_else(|| text("operator-delivery-all"), delivery_state),
        current: state == wanted,
    };
    let states = DeliveryState::ALL.iter().copied().map(Some);
    [None].into_iter().chain(states).map(link).collect()
}

/// How far a delivery is, in a word.
fn delivery_state(state: DeliveryState) -> Text {
    match state {
        DeliveryState::Waiting => text("operator-delivery-waiting"),
        DeliveryState::Delivered => text("operator-delivery-delivered"),
        DeliveryState::Dead => text("operator-delivery-dead"),
        DeliveryState::Overtaken => text("operator-delivery-overtaken"),
    }
}

/// "3", or "3 of the first 1,000" when only so many were looked at.
fn blocked_words(blocked: usize, seen: usize) -> Text {
    let all = i64::try_from(seen).is_ok_and(|seen| seen < limits::OPEN_DELIVERIES_READ);
    if all {
        return Text::verbatim(size(blocked));
    }
    text("operator-blocked-of").with("blocked", size(blocked)).with("seen", size(seen))
}

/// How many there are, with the thousands set apart.
fn size(count: usize) -> String {
    messages::number(i64::try_from(count).unwrap_or(i64::MAX))
}

/// What the button says that sends again what was given up; there is none when nothing was.
fn replay_words(given_up: usize) -> Option<Text> {
    let shown = size(given_up);
    match given_up {
        0 => None,
        limits::REPLAY_EVENTS_MAX.. => Some(text("operator-replay-first").with("shown", shown)),
        _ => Some(text("operator-replay").with("shown", shown)),
    }
}

/// `GET /operator/endpoints/{id}`, with deliveries of all states or one.
pub async fn show(
    state: State,
    operator: Operator,
    path: Path<String>,
    req: HttpRequest,
) -> Response {
    let (id, now) = (EndpointId::from_text(path.into_inner()), operator.now);
    let mut query = Query::of(&req);
    let request = PageRequest { limit: limits::PORTAL_PAGE_ITEMS, ..page::request(&mut query) };
    let wanted = query.text("state").and_then(|text| DeliveryState::parse(&text));
    let (done, events) = (query.text("done"), query.text("events"));
    let read = state.context.db.read(move |conn| {
        let row = operations::endpoints::find(conn, &id)?;
        let numbers = Numbers::load(conn, &id)?;
        let open = deliveries::open_after(conn, &id, 0, &[])?;
        let given_up = reports::operator::given_up(conn, &id, limits::REPLAY_EVENTS_MAX)?;
        let given_up = given_up.iter().filter(|(_, kind)| row.wants(kind)).count();
        let page = deliveries::page(conn, &id, wanted, &request)?;
        Ok::<_, Problem>((row, numbers, open, given_up, page))
    });
    let (row, numbers, open, given_up, found) = read.await?;
    let at = format!("/operator/endpoints/{}", row.id);
    let params = [("state", wanted.map_or("", |state| state.as_str()))];
    let kinds: Vec<&str> = row.event_types.0.iter().map(|kind| kind.as_str()).collect();
    let enabled = row.status == EndpointStatus::Enabled;
    page::ok(&Page {
        frame: Frame::at(&operator, text("operator-endpoint"), "endpoints"),
        csrf: operator.csrf.clone(),
        done: done.and_then(|done| done_words(&done, events.as_deref())),
        health: messages::endpoint_health(&row, now),
        enabled,
        waiting: messages::count(numbers.waiting),
        oldest: numbers.oldest.map(|at| messages::when(at, now)),
        blocked: blocked_words(lanes::blocked(&open), open.len()),
        dead: messages::count(numbers.dead),
        to_replay: replay_words(given_up).filter(|_| enabled),
        wants: if kinds.is_empty() {
            text("operator-events-default")
        } else {
            Text::verbatim(kinds.join(", "))
        },
        last_success: row.last_success_at_ms.map(|at| messages::when(at, now)),
        failing_since: row.failing_since_ms.map(|at| messages::when(at, now)),
        states: state_links(&at, wanted),
        pager: Pager::newest_first(&found, &at, &params),
        rows: found.items.into_iter().map(|row| DeliveryRow::of(row, now)).collect(),
        url: row.endpoint_url,
        id: row.id,
    })
}

/// What was done just now.
fn done_words(done: &str, events: Option<&str>) -> Option<Text> {
    let count: i64 = events.and_then(|text| text.parse().ok()).unwrap_or_default();
    Some(match done {
        "test" => text("operator-test-done"),
        "enable" => text("operator-enable-done"),
        "disable" => text("operator-disable-done"),
        "replay" => {
            text("operator-replay-done").with("count", count).with("shown", messages::number(count))
        }
        _ => return None,
    })
}

fn back(id: &EndpointId, done: &str) -> HttpResponse {
    page::see_other(&format!("/operator/endpoints/{id}?done={done}"))
}

/// `POST /operator/endpoints/{id}/test`: sends a sample.
pub async fn test(state: State, path: Path<EndpointId>, form: Posted) -> Response {
    let id = path.into_inner();
    operations::deliveries::send_test(&state.context, id.clone(), None).await?;
    form.visitor.note(On::Endpoint(&id), "test");
    Ok(back(&id, "test"))
}

/// `POST /operator/endpoints/{id}/enable`.
pub async fn enable(state: State, path: Path<EndpointId>, form: Posted) -> Response {
    let (id, status) = (path.into_inner(), EndpointStatus::Enabled);
    operations::endpoints::set_status(&state.context, id.clone(), status).await?;
    form.visitor.note(On::Endpoint(&id), "enable");
    Ok(back(&id, "enable"))
}

/// `POST /operator/endpoints/{id}/disable`.
pub async fn disable(state: State, path: Path<EndpointId>, form: Posted) -> Response {
    let (id, status) = (path.into_inner(), EndpointStatus::Disabled);
    operations::endpoints::set_status(&state.context, id.clone(), status).await?;
    form.visitor.note(On::Endpoint(&id), "disable");
    Ok(back(&id, "disable"))
}

/// `POST /operator/endpoints/{id}/replay`: delivers again what was given up and not delivered
/// since.
pub async fn replay(state: State, path: Path<EndpointId>, form: Posted) -> Response {
    let id = path.into_inner();
    let written = operations::deliveries::replay_given_up(&state.context, &id).await?;
    form.visitor.note(On::Endpoint(&id), "replay");
    Ok(back(&id, &format!("replay&events={written}")))
}
