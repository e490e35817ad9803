//! `/api/v1/endpoints/{id}/replay`: events that are delivered again.

use actix_web::web::Path;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::ids::EndpointId;
use crate::operations::deliveries::{self as operations, Replay};
use crate::web::http::body::{Maybe, OptionalBody, body};
use crate::web::http::response::{self, Response};
use crate::web::http::schema::Moment;
use crate::web::http::state::State;

body! {
    /// Which events are delivered again: either some by their ids, or those of a time.
    pub struct NewReplay {
        /// The ids of events.
        event_ids: Maybe<Vec<String>>,
        /// The events from this moment on.
        since: Maybe<Moment>,
        /// The events before this moment; without it, up to now.
        until: Maybe<Moment>,
    }
}

/// What is delivered again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Replay)]
pub struct ReplayResponse {
    /// `replay`.
    object: &'static str,
    endpoint_id: EndpointId,
    /// How many events.
    events: usize,
}

/// Delivers events again.
///
/// Either those with some ids, or those of a time that the endpoint wants; each once, in order.
#[utoipa::path(
    post, path = "/api/v1/endpoints/{endpoint_id}/replay", tag = "Endpoints",
    operation_id = "replay_events",
    request_body(content = NewReplay, example = json!({ "since": "2026-11-23T09:00:00.000Z" })),
    responses(
        (status = 202, description = "How many events are on their way.", body = ReplayResponse),
        (status = 404, description = "There is no such endpoint."),
        (status = 409, description = "`conflict`: the endpoint is disabled."),
        (status = 422, description = "`invalid_request_parameters`: `errors` names all that is \
            wrong, such as events that are not kept any more, or too many of them."),
    ),
)]
pub async fn replay(
    state: State,
    path: Path<EndpointId>,
    body: OptionalBody<NewReplay>,
) -> Response {
    let (endpoint_id, body) = (path.into_inner(), body.0);
    let at = |moment: Maybe<Moment>| moment.0.map(|moment| moment.0);
    let which = Replay::of(body.event_ids.0, at(body.since), at(body.until), state.now())?;
    let events = operations::replay(&state.context, &endpoint_id, which).await?;
    response::accepted(ReplayResponse { object: "replay", endpoint_id, events })
}
