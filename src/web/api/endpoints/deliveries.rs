//! `/api/v1/endpoints/{id}/deliveries`: what became of deliveries; and `test`, which tries an
//! endpoint out.
//!
//! What this module must not do: send anything; that is done by [`crate::delivery`].

use std::collections::HashMap;

use actix_web::web::Path;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use crate::db::DbError;
use crate::db::deliveries::{self as rows, Attempt, Delivery};
use crate::db::page::PageRequest;
use crate::domain::endpoint::{DeliveryState, DeliveryTrigger};
use crate::domain::event::EventKind;
use crate::domain::ids::{DeliveryId, EndpointId};
use crate::operations::{OperationError, deliveries as operations, endpoints};
use crate::web::http::body::{Leaf, Maybe, OptionalBody, Wrong, body};
use crate::web::http::query::{Params, query};
use crate::web::http::response::{self, Iso8601, List, Response};
use crate::web::http::state::State;

/// A delivery of an event, or a test.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryResponse {
    /// `delivery`.
    object: &'static str,
    id: DeliveryId,
    endpoint_id: EndpointId,
    trigger: DeliveryTrigger,
    /// The id that is sent as `webhook-id`.
    event_id: Option<String>,
    /// The type of the event.
    event: String,
    state: DeliveryState,
    /// What came of it so far, oldest first.
    attempts: Vec<AttemptResponse>,
    next_attempt_at: Option<Iso8601>,
    /// The HTTP status of the last answer.
    last_status: Option<i64>,
    last_error: Option<String>,
    /// When it was delivered or given up.
    done_at: Option<Iso8601>,
    created_at: Iso8601,
}

/// One attempt to make a delivery.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryAttempt)]
struct AttemptResponse {
    attempted_at: Iso8601,
    duration_ms: i64,
    /// The HTTP status of the answer; none when there was no answer.
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

body! {
    /// What is tried out.
    pub struct EndpointTest {
        /// The type of the event; one that the endpoint wants when nothing is said.
        event: Maybe<EventKind>,
    }
}

/// Tries an endpoint out.
///
/// A sample is sent, once. The answer is the delivery, which tells the outcome when it is asked for
/// again. The body may be left out.
#[utoipa::path(
    post, path = "/api/v1/endpoints/{endpoint_id}/test", tag = "Endpoints",
    operation_id = "test_endpoint",
    request_body(content = Option<EndpointTest>, example = json!({
        "event": "dsync.user.created",
    })),
    responses(
        (status = 202, description = "The delivery.", body = DeliveryResponse),
        (status = 404, description = "There is no such endpoint."),
        (status = 409, description = "`conflict`: the endpoint is disabled."),
    ),
)]
pub async fn test(
    state: State,
    path: Path<EndpointId>,
    body: OptionalBody<EndpointTest>,
) -> Response {
    let wanted = body.0.event.0;
    let made = operations::send_test(&state.context, path.into_inner(), wanted).await?;
    response::accepted(show(made, Vec::new()))
}

/// A state that is looked for.
#[derive(Debug, Clone, Copy)]
pub struct WantedState(DeliveryState);

impl Leaf for WantedState {
    fn read(value: Value) -> Result<Self, Wrong> {
        value.as_str().and_then(DeliveryState::parse).map(Self).ok_or_else(|| {
            ("unknown_value", "must be waiting, delivered, dead or overtaken".to_owned())
        })
    }

    fn schema() -> RefOr<Schema> {
        <DeliveryState as Leaf>::schema()
    }
}

query! {
    /// Which deliveries are listed.
    pub struct DeliveriesQuery {
        /// The part of the list.
        page: PageRequest,
        /// Only those that are as far as this.
        state: Option<WantedState>,
    }
}

/// Lists the deliveries to an endpoint.
#[utoipa::path(
    get, path = "/api/v1/endpoints/{endpoint_id}/deliveries", tag = "Endpoints",
    operation_id = "list_deliveries", params(DeliveriesQuery),
    responses(
        (status = 200, description = "A page of deliveries.", body = List<DeliveryResponse>),
        (status = 404, description = "There is no such endpoint."),
    ),
)]
pub async fn list(
    state: State,
    path: Path<EndpointId>,
    query: Params<DeliveriesQuery>,
) -> Response {
    let (id, DeliveriesQuery { page, state: wanted }) = (path.into_inner(), query.0);
    let read = state.context.db.read(move |conn| {
        endpoints::find(conn, &id)?;
        let page = rows::page(conn, &id, wanted.map(|wanted| wanted.0), &page)?;
        let ids: Vec<DeliveryId> = page.items.iter().map(|row| row.id.clone()).collect();
        let attempts = rows::attempts(conn, &ids)?;
        Ok::<_, OperationError>((page, attempts))
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

/// Reads a delivery.
#[utoipa::path(
    get, path = "/api/v1/endpoints/{endpoint_id}/deliveries/{delivery_id}", tag = "Endpoints",
    operation_id = "get_delivery",
    responses(
        (status = 200, description = "The delivery.", body = DeliveryResponse),
        (status = 404, description = "There is no such delivery to this endpoint."),
    ),
)]
pub async fn get(state: State, path: Path<(EndpointId, DeliveryId)>) -> Response {
    let (id, delivery) = path.into_inner();
    let read = state.context.db.read(move |conn| {
        endpoints::find(conn, &id)?;
        let found = rows::find(conn, &delivery)
            .and_then(|row| if row.endpoint_id == id { Ok(row) } else { Err(DbError::NotFound) })
            .map_err(|error| OperationError::of_lookup(error, "Delivery", &delivery))?;
        let attempts = rows::attempts(conn, std::slice::from_ref(&delivery))?;
        Ok::<_, OperationError>(show(found, attempts))
    });
    response::ok(read.await?)
}
