//! `/api/v1/events`: what happened, oldest first unless another order is asked for.
//!
//! A reader keeps the id of the last event it has handled and asks for what comes after. Ids are in
//! commit order, so nothing is ever missed. A cursor older than what is kept is refused rather than
//! skipped over in silence.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::openapi::schema::ObjectBuilder;
use utoipa::openapi::{RefOr, Schema, SchemaFormat, path};
use utoipa::{PartialSchema, ToSchema};

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::events::{self, Event, EventFilter};
use crate::db::page::{Page, PageRequest};
use crate::domain::event::{self, EventKind};
use crate::domain::ids::{EventId, OrganizationId};
use crate::limits;
use crate::web::http::body::{Leaf, Wrong};
use crate::web::http::error::{FieldError, Problem};
use crate::web::http::query::{OldestFirst, Parameter, Params, Query, query};
use crate::web::http::response::{self, Iso8601, List, Response};
use crate::web::http::schema;
use crate::web::http::state::State;

/// An event as it is sent, the same in the feed and in webhooks.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct EventResponse(Box<RawValue>);

impl EventResponse {
    fn of(row: &Event) -> Result<Self, Problem> {
        let wrong = |error| Problem::Internal(format!("a stored event is no JSON: {error}"));
        let text = event::wire_text(&row.id, &row.event_type, &row.data, row.created_at);
        text.and_then(RawValue::from_string).map(Self).map_err(wrong)
    }
}

impl PartialSchema for EventResponse {
    fn schema() -> RefOr<Schema> {
        let object = || ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::Object);
        ["object", "id", "event", "data", "created_at", "context"]
            .into_iter()
            .fold(object().description(Some("What happened.")), ObjectBuilder::required)
            .property("object", schema::text().enum_values(Some([json!("event")])))
            .property("id", <EventId as PartialSchema>::schema())
            .property("event", <EventKind as PartialSchema>::schema())
            .property("data", object().description(Some("Whom or what it is about.")))
            .property("created_at", Iso8601::schema())
            .property("context", object().description(Some("Always empty.")))
            .into()
    }
}

impl ToSchema for EventResponse {
    fn name() -> std::borrow::Cow<'static, str> {
        "Event".into()
    }
}

/// A moment in UTC.
#[derive(Debug, Clone, Copy)]
pub struct UtcMoment(Timestamp);

impl Leaf for UtcMoment {
    fn read(value: Value) -> Result<Self, Wrong> {
        let text: String = schema::by_serde(value)?;
        let moment = text.parse::<jiff::Timestamp>().ok().filter(|_| text.ends_with(['Z', 'z']));
        moment.map(|moment| Self(Timestamp(moment.as_millisecond()))).ok_or_else(|| {
            let message = "must be a moment in UTC that ends in Z, such as \
                           2026-01-31T09:30:00.000Z";
            ("invalid", message.to_owned())
        })
    }

    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::Custom("date-time".to_owned());
        schema::text().format(Some(format)).examples([json!("2026-01-31T09:30:00.000Z")]).into()
    }
}

/// The types a reader wants: those it names, else all but those that must be named. `None`
/// when it names only such as never happen here.
#[derive(Debug, Clone)]
pub struct WantedTypes(Option<Vec<String>>);

impl Parameter for WantedTypes {
    fn take(query: &mut Query, _: &'static str) -> Option<Self> {
        let named: Vec<String> = ["types", "types[]", "events", "events[]"]
            .into_iter()
            .flat_map(|name| query.all(name))
            .flat_map(|value| {
                value.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>()
            })
            .filter(|name| !name.is_empty())
            .collect();
        if named.is_empty() {
            let unnamed = EventKind::ALL.iter().filter(|kind| !kind.only_by_name());
            return Some(Self(Some(unnamed.map(|kind| kind.as_str().to_owned()).collect())));
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
        Some(Self((!known.is_empty()).then_some(known)))
    }

    fn describe(name: &str, about: &str) -> Vec<path::Parameter> {
        let mut described = <Vec<String> as Parameter>::describe(name, about);
        described.extend(<Vec<String> as Parameter>::describe("types", "The same as `events`."));
        described
    }
}

query! {
    /// Which events are listed.
    pub struct EventsQuery {
        /// The part of the list.
        page: OldestFirst,
        /// Only those of this organization.
        organization_id: Option<OrganizationId>,
        /// Only these types, repeated or with commas between them. Those whose names begin with
        /// `rollcall.` are only sent to who names them.
        events: WantedTypes,
        /// Only those from this moment on; at most 30 days before `range_end`, or before now.
        range_start: Option<UtcMoment>,
        /// Only those before this moment. Needs `range_start`.
        range_end: Option<UtcMoment>,
    }
}

/// Lists what happened, the oldest first.
///
/// Ids are in the order of the events. Keep the id of the last event that you have handled and ask
/// for what comes after it.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "Events", operation_id = "list_events",
    params(EventsQuery),
    responses(
        (status = 200, description = "A page of events.", body = List<EventResponse>),
        (status = 400, description = "`invalid_cursor`: the cursor is not the id of an event. \
            `cursor_expired`: events after it were deleted."),
    ),
)]
pub async fn list(state: State, query: Params<EventsQuery>) -> Response {
    let EventsQuery { page: OldestFirst(page), organization_id, events, range_start, range_end } =
        query.0;
    let (from, until) = (range_start.map(|from| from.0), range_end.map(|until| until.0));
    check_range(from, until, state.now())?;
    let read = state.context.db.read(move |conn| {
        check_cursors(conn, &page)?;
        match events.0 {
            Some(types) => {
                let filter = EventFilter { organization_id, types, from, until };
                Ok::<_, Problem>(events::page(conn, &filter, &page)?)
            }
            None => Ok(Page { items: Vec::new(), before: None, after: None }),
        }
    });
    let Page { items, before, after } = read.await?;
    let items = items.iter().map(EventResponse::of).collect::<Result<Vec<_>, _>>()?;
    response::list(Page { items, before, after }, std::convert::identity)
}

/// Lists what happened, the oldest first, as WorkOS SDKs ask for it: the same bytes.
#[utoipa::path(
    get, path = "/events", tag = "WorkOS", operation_id = "workos_list_events",
    params(EventsQuery),
    responses(
        (status = 200, description = "A page of events.", body = List<EventResponse>),
        (status = 400, description = "`invalid_cursor`: the cursor is not the id of an event. \
            `cursor_expired`: events after it were deleted."),
    ),
)]
pub async fn workos_list(state: State, query: Params<EventsQuery>) -> Response {
    list(state, query).await
}

/// Looks at `range_start` and `range_end` (wire contract §3). An event of the very moment of the
/// end is not in the range, so that ranges that meet show it once.
fn check_range(
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Problem> {
    let Some(from) = from else {
        if until.is_none() {
            return Ok(());
        }
        return Err(Problem::invalid("range_start", "required", "is required with range_end"));
    };
    let mut errors = Vec::new();
    let span_ms = until.unwrap_or(now).since(from);
    if until.is_some() && span_ms < 0 {
        let message = "must not be before range_start";
        errors.push(FieldError::new("range_end", "out_of_range", message));
    }
    if span_ms > limits::EVENT_RANGE_MS_MAX {
        let message = "must be at most 30 days before range_end, or before now";
        errors.push(FieldError::new("range_start", "out_of_range", message));
    }
    if errors.is_empty() { Ok(()) } else { Err(Problem::Invalid(errors)) }
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
