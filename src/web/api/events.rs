//! `/api/v1/events`: what happened, oldest first unless another order is asked for.
//!
//! A reader keeps the id of the last event it has handled and asks for what comes after. Ids are in
//! commit order, so nothing is ever missed. A cursor older than what is kept is refused rather than
//! skipped over in silence.

use actix_web::HttpRequest;
use serde_json::value::RawValue;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::events::{self, Event, EventFilter};
use crate::db::page::{Order, Page, PageRequest};
use crate::domain::event::{self, EventKind};
use crate::domain::ids::{EventId, OrganizationId};
use crate::limits;
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::response::{self, Response};
use crate::web::state::State;

/// An event as it is sent, the same in the feed and in webhooks.
fn shown(row: &Event) -> Result<Box<RawValue>, Problem> {
    let wrong = |error| Problem::Internal(format!("a stored event is no JSON: {error}"));
    let text = event::wire_text(&row.id, &row.event_type, &row.data, row.created_at);
    text.and_then(RawValue::from_string).map_err(wrong)
}

/// `GET /api/v1/events`, and `GET /events` for WorkOS SDKs: the same bytes.
pub async fn list(state: State, req: HttpRequest) -> Response {
    let mut query = Query::of(&req);
    let page = query.page_of(Order::Asc);
    let organization_id = query.text("organization_id").map(OrganizationId::from_text);
    let types = wanted_types(&mut query);
    let (from, until) = range(&mut query, state.now());
    query.finish()?;
    let read = state.context.db.read(move |conn| {
        check_cursors(conn, &page)?;
        match types {
            Some(types) => {
                let filter = EventFilter { organization_id, types, from, until };
                Ok::<_, Problem>(events::page(conn, &filter, &page)?)
            }
            None => Ok(Page { items: Vec::new(), before: None, after: None }),
        }
    });
    let Page { items, before, after } = read.await?;
    let items = items.iter().map(shown).collect::<Result<Vec<_>, _>>()?;
    response::list(Page { items, before, after }, std::convert::identity)
}

/// Takes `range_start` and `range_end` (wire contract §3). An event of the very moment of the end
/// is not in the range, so that ranges that meet show it once.
fn range(query: &mut Query, now: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
    let from = moment(query, "range_start");
    let until = moment(query, "range_end");
    match (from, until) {
        (None, Some(_)) => {
            query.refuse("range_start", "required", "is required with range_end");
        }
        (Some(from), until) => {
            let span_ms = until.unwrap_or(now).since(from);
            if until.is_some() && span_ms < 0 {
                query.refuse("range_end", "out_of_range", "must not be before range_start");
            }
            if span_ms > limits::EVENT_RANGE_MS_MAX {
                let message = "must be at most 30 days before range_end, or before now";
                query.refuse("range_start", "out_of_range", message);
            }
        }
        (None, None) => {}
    }
    (from, until)
}

fn moment(query: &mut Query, name: &'static str) -> Option<Timestamp> {
    let text = query.text(name)?;
    let parsed = text.ends_with(['Z', 'z']).then(|| text.parse::<jiff::Timestamp>().ok()).flatten();
    if parsed.is_none() {
        let message = "must be a moment in UTC that ends in Z, such as 2026-01-31T09:30:00.000Z";
        query.refuse(name, "invalid", message);
    }
    parsed.map(|moment| Timestamp(moment.as_millisecond()))
}

/// The types a reader wants: those it names, else all but those that must be named. `None`
/// when it names only such as never happen here.
fn wanted_types(query: &mut Query) -> Option<Vec<String>> {
    let named: Vec<String> = ["types", "types[]", "events", "events[]"]
        .into_iter()
        .flat_map(|name| query.all(name))
        .flat_map(|value| value.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>())
        .filter(|name| !name.is_empty())
        .collect();
    if named.is_empty() {
        let unnamed = EventKind::ALL.iter().filter(|kind| !kind.only_by_name());
        return Some(unnamed.map(|kind| kind.as_str().to_owned()).collect());
    }
    let (known, others): (Vec<String>, Vec<String>) =
        named.into_iter().partition(|name| EventKind::parse(name).is_some());
    for name in others {
        if !event::is_foreign(&name) {
            let known: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
            let message =
                format!("has a name that is no event type; there are: {}", known.join(", "));
            query.refuse("events", "unknown_value", message);
        }
    }
    (!known.is_empty()).then_some(known)
}

/// Refuses a cursor that is no event id, one that was never given out, and one whose followers may
/// have been deleted.
fn check_cursors(conn: &mut Conn, page: &PageRequest) -> Result<(), Problem> {
    let (above, below) = page.bounds();
    let number = |text: &str| EventId::from_text(text).number().ok_or(Problem::InvalidCursor);
    let (above, below) = (above.map(number).transpose()?, below.map(number).transpose()?);
    let Some(highest) = above.max(below) else { return Ok(()) };
    let last = events::last_number(conn)?;
    if highest > last {
        return Err(Problem::InvalidCursor);
    }
    // Who reads towards older events comes to an end there; who follows must miss none. The cursor
    // itself may be gone: what counts is that its next one is still there. With no event left, only
    // the newest of all still leads on without a gap.
    let Some(above) = above else { return Ok(()) };
    let oldest = events::oldest_number(conn)?.unwrap_or_else(|| last.saturating_add(1));
    if above.saturating_add(1) < oldest { Err(Problem::CursorExpired) } else { Ok(()) }
}
