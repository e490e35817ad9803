//! `/api/v1/events`: what happened, oldest first.
//!
//! A reader keeps the id of the last event it has handled and asks for what comes after. Ids are in
//! commit order, so nothing is ever missed. A cursor older than what is kept is refused rather than
//! skipped over in silence.

use actix_web::HttpRequest;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::db::Conn;
use crate::db::events::{self, Event, EventFilter};
use crate::domain::event::{self, EventKind};
use crate::domain::ids::{EventId, OrganizationId};
use crate::web::answer::{self, Answer};
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::state::State;

/// An event as it is sent, the same in the feed and in webhooks.
fn shown(row: &Event) -> Result<Box<RawValue>, Problem> {
    let wrong = |error| Problem::Internal(format!("a stored event is no JSON: {error}"));
    let text = event::wire_text(&row.id, &row.event_type, &row.data, row.created_at);
    text.and_then(RawValue::from_string).map_err(wrong)
}

/// `GET /api/v1/events`.
pub async fn list(state: State, req: HttpRequest) -> Answer {
    let mut query = Query::of(&req);
    let limit = query.limit();
    let filter = EventFilter {
        after: query.text("after").map(EventId::from_text),
        organization_id: query.text("organization_id").map(OrganizationId::from_text),
        types: wanted_types(&mut query),
    };
    query.finish()?;
    let mut rows = state
        .context
        .db
        .read(move |conn| {
            check_cursor(conn, filter.after.as_ref())?;
            Ok::<_, Problem>(events::page(conn, &filter, limit.saturating_add(1))?)
        })
        .await?;
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    let last = rows.last().map(|row| row.id.clone()).filter(|_| more);
    let shown = rows.iter().map(shown).collect::<Result<Vec<_>, _>>()?;
    let metadata = json!({ "before": null, "after": last });
    answer::ok(Envelope { object: "list", data: shown, metadata })
}

#[derive(Debug, Serialize)]
struct Envelope {
    object: &'static str,
    data: Vec<Box<RawValue>>,
    #[serde(rename = "list_metadata")]
    metadata: serde_json::Value,
}

/// The types a reader wants: those it names, else all but those that must be named.
fn wanted_types(query: &mut Query) -> Vec<String> {
    let named: Vec<String> = ["types", "types[]", "events", "events[]"]
        .into_iter()
        .flat_map(|name| query.all(name))
        .flat_map(|value| value.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>())
        .filter(|name| !name.is_empty())
        .collect();
    for name in &named {
        if EventKind::parse(name).is_none() {
            let known: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
            let message = format!("is no event type; there are: {}", known.join(", "));
            query.refuse("types", "unknown_value", message);
        }
    }
    if !named.is_empty() {
        return named;
    }
    let unnamed = EventKind::ALL.iter().filter(|kind| !kind.only_by_name());
    unnamed.map(|kind| kind.as_str().to_owned()).collect()
}

/// Refuses a cursor that is no event id, one that was never given out, and one whose followers may
/// have been deleted.
fn check_cursor(conn: &mut Conn, after: Option<&EventId>) -> Result<(), Problem> {
    let Some(after) = after else { return Ok(()) };
    let number = after.number().ok_or(Problem::InvalidCursor)?;
    if number > events::last_number(conn)? {
        return Err(Problem::InvalidCursor);
    }
    // The cursor itself may be gone: what counts is that its next one is still there. With no event
    // left, only the newest of all still leads on without a gap.
    let oldest = match events::oldest_number(conn)? {
        Some(oldest) => oldest,
        None => events::last_number(conn)?.saturating_add(1),
    };
    if number.saturating_add(1) < oldest { Err(Problem::CursorExpired) } else { Ok(()) }
}
