//! What can be done with an endpoint beside changing it: try it out, give it a new secret, have
//! events delivered again, and see what became of deliveries.
//!
//! What this module must not do: send anything; that is done by [`crate::delivery`].

use std::collections::{BTreeSet, HashMap};

use actix_web::HttpRequest;
use actix_web::web::{Bytes, Path};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock::Timestamp;
use crate::db::deliveries::{self, Attempt, Delivery};
use crate::db::endpoint_secrets::{self, EndpointSecret};
use crate::db::endpoints::Endpoint;
use crate::db::{Conn, DbError, Lane, Tx, events};
use crate::delivery::sample;
use crate::delivery::sign::SigningSecret;
use crate::domain::endpoint::{DeliveryState, DeliveryTrigger, EndpointStatus};
use crate::domain::event::EventKind;
use crate::domain::ids::{DeliveryId, EndpointId, EventId};
use crate::limits;
use crate::web::api::endpoints::{self, EndpointDetails};
use crate::web::body::{Members, Moment};
use crate::web::error::{FieldError, Problem, shown_id};
use crate::web::query::Query;
use crate::web::response::{self, Iso8601, Response};
use crate::web::state::State;

/// A delivery as it is sent.
#[derive(Debug, Serialize)]
struct DeliveryResponse {
    object: &'static str,
    id: DeliveryId,
    endpoint_id: EndpointId,
    trigger: DeliveryTrigger,
    event_id: Option<String>,
    event: String,
    state: DeliveryState,
    attempts: Vec<AttemptResponse>,
    next_attempt_at: Option<Iso8601>,
    last_status: Option<i64>,
    last_error: Option<String>,
    done_at: Option<Iso8601>,
    created_at: Iso8601,
}

#[derive(Debug, Serialize)]
struct AttemptResponse {
    attempted_at: Iso8601,
    duration_ms: i64,
    status: Option<i64>,
    error: Option<String>,
}

impl From<Attempt> for AttemptResponse {
    fn from(row: Attempt) -> Self {
        Self {
            attempted_at: row.attempted_at_ms.into(),
            duration_ms: row.duration_ms,
            status: row.status,
            error: row.error,
        }
    }
}

fn show(row: Delivery, attempts: Vec<Attempt>) -> DeliveryResponse {
    let is_open = row.state == DeliveryState::Waiting;
    DeliveryResponse {
        object: "delivery",
        endpoint_id: row.endpoint_id.clone(),
        trigger: row.delivery_trigger,
        event_id: sent_id(&row),
        id: row.id,
        event: row.event_type,
        state: row.state,
        attempts: attempts.into_iter().map(AttemptResponse::from).collect(),
        next_attempt_at: is_open.then_some(Iso8601(row.next_at_ms)),
        last_status: row.last_status,
        last_error: row.last_error,
        done_at: row.done_at_ms.map(Iso8601),
        created_at: row.created_at_ms.into(),
    }
}

/// The id that is sent as `webhook-id`.
fn sent_id(row: &Delivery) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    if let Some(id) = row.event_id() {
        return Some(id.to_string());
    }
    let named: Option<Named> = serde_json::from_str(row.test_body.as_deref()?).ok();
    named.map(|named| named.id)
}

/// An endpoint that is enabled: nothing is sent to another.
fn enabled(tx: &mut Tx<'_>, id: &EndpointId) -> Result<Endpoint, Problem> {
    let endpoint = endpoints::locked(tx, id)?;
    if endpoint.status == EndpointStatus::Enabled {
        return Ok(endpoint);
    }
    let message = "The endpoint is disabled: nothing is sent to it. Enable it first, with PATCH \
                   and {\"status\":\"enabled\"}.";
    Err(Problem::Conflict { message: message.to_owned() })
}

/// `POST /api/v1/endpoints/{id}/test`: sends a sample of `event`, once. Answers the delivery, which
/// tells the outcome when it is asked for again.
pub async fn test(state: State, path: Path<String>, body: Bytes) -> Response {
    let mut body = Members::parse_or_none(&body)?;
    let wanted: Option<EventKind> = body.not_null("event");
    body.finish()?;
    let made = send_test(&state, &endpoints::id_of(&path), wanted).await?;
    response::accepted(show(made, Vec::new()))
}

/// Writes a test for an endpoint: a sample of this kind, or of one that it wants.
pub async fn send_test(
    state: &State,
    id: &EndpointId,
    wanted: Option<EventKind>,
) -> Result<Delivery, Problem> {
    let (id, now, random) = (id.clone(), state.now(), state.context.random.clone());
    let write = state.context.db.write(Lane::Urgent, move |tx| {
        let endpoint = enabled(tx, &id)?;
        let usual = endpoint.event_types.0.first().copied().unwrap_or(EventKind::UserCreated);
        let kind = wanted.unwrap_or(usual);
        let body = sample::body(kind, now, &*random)
            .map_err(|error| Problem::Internal(format!("a sample is no JSON: {error}")))?;
        let made = deliveries::insert_test(tx, &id, kind, body, now)?;
        Ok::<_, Problem>(deliveries::find(tx, &made)?)
    });
    write.await
}

/// `POST /api/v1/endpoints/{id}/rotate_secret`: answers a new secret. The older ones go on signing
/// beside it for `overlap_seconds`.
pub async fn rotate_secret(state: State, path: Path<String>, body: Bytes) -> Response {
    let mut body = Members::parse_or_none(&body)?;
    let overlap: Option<i64> = body.not_null("overlap_seconds");
    let overlap = overlap.unwrap_or(limits::SECRET_OVERLAP_SECONDS);
    if !(0..=limits::SECRET_OVERLAP_SECONDS_MAX).contains(&overlap) {
        let most = limits::SECRET_OVERLAP_SECONDS_MAX;
        body.refuse("overlap_seconds", "out_of_range", format!("must be from 0 to {most}"));
    }
    body.finish()?;
    let (id, now, random) = (endpoints::id_of(&path), state.now(), state.context.random.clone());
    let keys = state.context.keys.clone();
    let made = SigningSecret::generate(&*random);
    let whole = made.whole().clone();
    let write = state.context.db.write(Lane::Urgent, move |tx| {
        endpoints::locked(tx, &id)?;
        let live = endpoint_secrets::live(tx, &id, now)?;
        if overlap > 0 && live.len() >= limits::ENDPOINT_SECRETS_MAX {
            let message = format!(
                "{} secrets are live already, which is the limit. Wait until one ends, or end them \
                 all with {{\"overlap_seconds\":0}}.",
                live.len()
            );
            return Err(Problem::Conflict { message });
        }
        let end = now.plus(overlap.saturating_mul(Timestamp::SECOND));
        endpoint_secrets::expire(tx, &id, end)?;
        endpoint_secrets::prune(tx, now)?;
        let next = EndpointSecret::seal(&id, &whole, live.first(), now, (&keys, &*random));
        endpoint_secrets::insert(tx, &next)?;
        EndpointDetails::of(tx, &id, now)
    });
    response::ok(write.await?.with_secret(&state, &made))
}

/// Which events are to be delivered again.
enum ReplaySelection {
    /// These, by their ids as given.
    Ids(Vec<String>),
    /// Those from one moment up to another that the endpoint wants.
    Range(Timestamp, Timestamp),
}

impl ReplaySelection {
    fn read(body: &[u8], now: Timestamp) -> Result<Self, Problem> {
        let mut body = Members::parse_or_none(body)?;
        let ids: Option<Vec<String>> = body.not_null("event_ids");
        let since: Option<Moment> = body.not_null("since");
        let until: Option<Moment> = body.not_null("until");
        let oldest = now.plus(-limits::EVENT_DAYS_KEPT.saturating_mul(Timestamp::DAY));
        match (&ids, since, until) {
            (Some(ids), None, None) if ids.is_empty() => {
                body.refuse("event_ids", "required", "must name at least one event");
            }
            (Some(ids), None, None) if ids.len() > limits::REPLAY_IDS_MAX => {
                let message = format!("may name at most {} events", limits::REPLAY_IDS_MAX);
                body.refuse("event_ids", "too_many", message);
            }
            (None, Some(since), _) if since.0 < oldest => {
                let message = format!("events are kept for {} days", limits::EVENT_DAYS_KEPT);
                body.refuse("since", "expired", message);
            }
            (None, Some(since), Some(until)) if until.0 <= since.0 => {
                body.refuse("until", "out_of_range", "must be later than since");
            }
            (Some(_), None, None) | (None, Some(_), _) => {}
            (Some(_), ..) => {
                body.refuse("event_ids", "invalid", "cannot be combined with since and until");
            }
            (None, None, _) if !body.has_errors() => {
                body.refuse("since", "required", "is required, or else event_ids");
            }
            (None, None, _) => {}
        }
        let selection = match (ids, since) {
            (Some(ids), _) => Some(Self::Ids(ids)),
            (None, Some(since)) => {
                // Up to and including this millisecond.
                let until = until.map_or(now.plus(1), |until| until.0);
                Some(Self::Range(since.0, until))
            }
            (None, None) => None,
        };
        body.finish_with(selection)
    }

    /// The numbers of the events, each once, in order; at most [`limits::REPLAY_EVENTS_MAX`].
    fn numbers(self, conn: &mut Conn, endpoint: &Endpoint) -> Result<Vec<i64>, Problem> {
        match self {
            Self::Ids(ids) => numbers_of(conn, endpoint, &ids),
            Self::Range(since, until) => {
                let wanted = EventKind::ALL.iter().map(|kind| kind.as_str());
                let types: Vec<&str> = wanted.filter(|kind| endpoint.wants(kind)).collect();
                let most = limits::REPLAY_EVENTS_MAX;
                let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
                let numbers = events::numbers_between(conn, (since, until), &types, limit)?;
                if numbers.len() <= most {
                    return Ok(numbers);
                }
                let message = format!(
                    "there are more than {most} events in this time, which is the most for one \
                     request; ask for a shorter time, and for the rest afterwards"
                );
                Err(Problem::invalid("until", "too_many", message))
            }
        }
    }
}

/// The events of these ids, or a problem that names those that cannot be delivered again.
fn numbers_of(conn: &mut Conn, endpoint: &Endpoint, ids: &[String]) -> Result<Vec<i64>, Problem> {
    let number = |id: &String| EventId::from_text(id.as_str()).number();
    let numbers: BTreeSet<i64> = ids.iter().filter_map(number).collect();
    let numbers: Vec<i64> = numbers.into_iter().collect();
    let types: HashMap<i64, String> = events::types_of(conn, &numbers)?.into_iter().collect();
    let last = events::last_number(conn)?;
    let wrong = ids.iter().filter_map(|id| {
        let number = number(id);
        let (code, why) = match number.map(|number| types.get(&number)) {
            Some(Some(kind)) if endpoint.wants(kind) => return None,
            Some(Some(_)) => ("not_subscribed", "is of a type that the endpoint does not want"),
            Some(None) if number.is_some_and(|number| (1..=last).contains(&number)) => {
                ("expired", "is not kept any more")
            }
            _ => ("unknown_value", "is no event"),
        };
        Some(FieldError::new("event_ids", code, format!("{} {why}", shown_id(id))))
    });
    let wrong: Vec<FieldError> = wrong.take(limits::NAMED_IN_PROBLEM_MAX).collect();
    if wrong.is_empty() { Ok(numbers) } else { Err(Problem::Invalid(wrong)) }
}

/// `POST /api/v1/endpoints/{id}/replay`: delivers events again, by their ids or of a time.
pub async fn replay(state: State, path: Path<String>, body: Bytes) -> Response {
    let (id, now, db) = (endpoints::id_of(&path), state.now(), &state.context.db);
    let selection = ReplaySelection::read(&body, now)?;
    let of = id.clone();
    let read = db.read(move |conn| {
        let endpoint = endpoints::find(conn, &of)?;
        selection.numbers(conn, &endpoint)
    });
    let written = deliver_again(&state, &id, &read.await?).await?;
    response::accepted(json!({"object": "replay", "endpoint_id": id, "events": written}))
}

/// Writes deliveries that tell an enabled endpoint of these events again; how many.
pub async fn deliver_again(
    state: &State,
    id: &EndpointId,
    numbers: &[i64],
) -> Result<usize, Problem> {
    let (now, db) = (state.now(), &state.context.db);
    let mut written = 0_usize;
    // Once even without any event, to see that the endpoint is enabled.
    let none = numbers.is_empty().then(Vec::new);
    let chunks = numbers.chunks(limits::REPLAY_BATCH_EVENTS_MAX).map(<[i64]>::to_vec);
    for chunk in none.into_iter().chain(chunks) {
        let of = id.clone();
        let piece = db.write(Lane::Bulk, move |tx| {
            let endpoint = enabled(tx, &of)?;
            Ok::<_, Problem>(deliveries::insert_replays(tx, &endpoint, &chunk, now)?)
        });
        written = written.saturating_add(piece.await?);
    }
    Ok(written)
}

/// `GET /api/v1/endpoints/{id}/deliveries`, of all states or one.
pub async fn deliveries_of(state: State, path: Path<String>, req: HttpRequest) -> Response {
    let id = endpoints::id_of(&path);
    let mut query = Query::of(&req);
    let page = query.page();
    let wanted = query.text("state").map(|text| DeliveryState::parse(&text));
    if wanted == Some(None) {
        query.refuse("state", "unknown_value", "must be waiting, delivered, dead or overtaken");
    }
    query.finish()?;
    let read = state.context.db.read(move |conn| {
        endpoints::find(conn, &id)?;
        let page = deliveries::page(conn, &id, wanted.flatten(), &page)?;
        let ids: Vec<DeliveryId> = page.items.iter().map(|row| row.id.clone()).collect();
        let attempts = deliveries::attempts(conn, &ids)?;
        Ok::<_, Problem>((page, attempts))
    });
    let (page, attempts) = read.await?;
    let mut by_delivery: HashMap<DeliveryId, Vec<Attempt>> = HashMap::new();
    for attempt in attempts {
        by_delivery.entry(attempt.delivery_id.clone()).or_default().push(attempt);
    }
    response::list(page, |row| {
        let attempts = by_delivery.remove(&row.id).unwrap_or_default();
        show(row, attempts)
    })
}

/// `GET /api/v1/endpoints/{id}/deliveries/{delivery_id}`.
pub async fn delivery(state: State, path: Path<(String, String)>) -> Response {
    let id = endpoints::id_of(&path.0);
    let delivery = DeliveryId::from_text(path.1.as_str());
    let read = state.context.db.read(move |conn| {
        endpoints::find(conn, &id)?;
        let found = deliveries::find(conn, &delivery)
            .and_then(|row| if row.endpoint_id == id { Ok(row) } else { Err(DbError::NotFound) })
            .map_err(|error| Problem::of_lookup(error, "Delivery", &delivery))?;
        let attempts = deliveries::attempts(conn, std::slice::from_ref(&delivery))?;
        Ok::<_, Problem>(show(found, attempts))
    });
    response::ok(read.await?)
}
