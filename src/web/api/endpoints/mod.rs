//! `/api/v1/endpoints`: where the application wants to be told of events (A-04, wire contract §4).
//!
//! The same handlers serve `/webhook_endpoints` for WorkOS SDKs ([`crate::web::workos`]).
//!
//! Invariant: a secret is told once, by the answer that makes it; after that only its last
//! characters are.
//!
//! What this module must not do: send anything.

use actix_web::web::{self, Path, ServiceConfig};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use crate::db::page::PageRequest;
use crate::domain::endpoint::{DisabledReason, EndpointStatus, LegacySigner};
use crate::domain::event::EventKind;
use crate::domain::ids::EndpointId;
use crate::operations::endpoints::{
    self as operations, EndpointChange, EndpointDetails, EndpointUrl, WantedEvents, WithSecret,
};
use crate::secret::Keys;
use crate::web::http::body::{Body, Leaf, Maybe, Wrong, body};
use crate::web::http::query::{Params, query};
use crate::web::http::response::{self, Iso8601, List, Response};
use crate::web::http::schema;
use crate::web::http::state::State;

pub mod deliveries;
pub mod replay;
pub mod secrets;

/// The routes of endpoints.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/endpoints").route(web::get().to(list)).route(web::post().to(create)),
    )
    .service(
        web::resource("/endpoints/{endpoint_id}")
            .route(web::get().to(get))
            .route(web::patch().to(patch))
            .route(web::delete().to(delete)),
    )
    .service(web::resource("/endpoints/{endpoint_id}/test").route(web::post().to(deliveries::test)))
    .service(
        web::resource("/endpoints/{endpoint_id}/rotate_secret")
            .route(web::post().to(secrets::rotate)),
    )
    .service(web::resource("/endpoints/{endpoint_id}/replay").route(web::post().to(replay::replay)))
    .service(
        web::resource("/endpoints/{endpoint_id}/deliveries").route(web::get().to(deliveries::list)),
    )
    .service(
        web::resource("/endpoints/{endpoint_id}/deliveries/{delivery_id}")
            .route(web::get().to(deliveries::get)),
    );
}

/// Where the application is told of events.
#[derive(Serialize, ToSchema)]
#[schema(as = Endpoint)]
pub struct EndpointResponse {
    /// `webhook_endpoint`.
    object: &'static str,
    id: EndpointId,
    /// Its URL, in the normal form.
    endpoint_url: String,
    /// The whole one in the answer that makes it; everywhere else `whsec_…` and its last
    /// characters.
    secret: String,
    status: EndpointStatus,
    /// Why it is disabled.
    disabled_reason: Option<DisabledReason>,
    /// The types of events that it wants; an empty list stands for all that need not be named.
    events: Vec<EventKind>,
    /// Which secret signs `WorkOS-Signature` while two are live.
    legacy_signs_with: LegacySigner,
    /// When the last of the older secrets ends.
    older_secrets_expire_at: Option<Iso8601>,
    /// Since when nothing but failures came.
    failing_since: Option<Iso8601>,
    /// Until when nothing is sent there.
    paused_until: Option<Iso8601>,
    last_success_at: Option<Iso8601>,
    /// How many deliveries wait.
    waiting: i64,
    created_at: Iso8601,
    updated_at: Iso8601,
}

impl EndpointResponse {
    /// With the last characters of the newest secret.
    fn masked(details: EndpointDetails, keys: &Keys) -> Self {
        let secret = format!("whsec_…{}", details.last4(keys));
        Self::with(details, secret)
    }

    /// With the secret that was just made.
    fn whole(made: WithSecret) -> Self {
        let secret = made.secret.whole().reveal().to_owned();
        Self::with(made.details, secret)
    }

    fn with(details: EndpointDetails, secret: String) -> Self {
        let older = details.older_secrets_expire_at();
        let EndpointDetails { endpoint: row, waiting, paused_until, .. } = details;
        Self {
            object: "webhook_endpoint",
            id: row.id,
            endpoint_url: row.endpoint_url,
            secret,
            status: row.status,
            disabled_reason: row.disabled_reason,
            events: row.event_types.0,
            legacy_signs_with: row.legacy_signs_with,
            older_secrets_expire_at: older.map(Iso8601),
            failing_since: row.failing_since_ms.map(Iso8601),
            paused_until: paused_until.map(Iso8601),
            last_success_at: row.last_success_at_ms.map(Iso8601),
            waiting,
            created_at: row.created_at_ms.into(),
            updated_at: row.updated_at_ms.into(),
        }
    }
}

impl Leaf for WantedEvents {
    fn read(value: Value) -> Result<Self, Wrong> {
        let names: Vec<String> = schema::by_serde(value)?;
        Self::try_from(names).map_err(|message| ("unknown_value", message))
    }

    fn schema() -> RefOr<Schema> {
        <Vec<EventKind> as Leaf>::schema()
    }
}

body! {
    /// A new endpoint.
    pub struct NewEndpoint {
        /// Its URL: https, and at an address that everybody can reach.
        endpoint_url: String,
        /// The types of events that it wants; an empty list, or none, stands for all that need not
        /// be named.
        events: Maybe<WantedEvents>,
        /// Whether events are sent there; they are when nothing is said.
        status: Maybe<EndpointStatus>,
        /// Which secret signs `WorkOS-Signature` while two are live; the newest when nothing is
        /// said.
        legacy_signs_with: Maybe<LegacySigner>,
    }

    /// What changes of an endpoint. What is not named stays.
    pub struct EndpointPatch {
        /// Its URL: https, and at an address that everybody can reach.
        endpoint_url: Maybe<String>,
        /// The types of events that it wants; an empty list stands for all that need not be named.
        events: Maybe<WantedEvents>,
        /// Whether events are sent there. What waits for an endpoint that is disabled is given up;
        /// one that is enabled gets the events from then on.
        status: Maybe<EndpointStatus>,
        /// Which secret signs `WorkOS-Signature` while two are live.
        legacy_signs_with: Maybe<LegacySigner>,
    }
}

query! {
    /// Which endpoints are listed.
    pub struct EndpointsQuery {
        /// The part of the list.
        page: PageRequest,
    }
}

/// Lists endpoints.
#[utoipa::path(
    get, path = "/api/v1/endpoints", tag = "Endpoints", operation_id = "list_endpoints",
    params(EndpointsQuery),
    responses((status = 200, description = "A page of endpoints.",
        body = List<EndpointResponse>)),
)]
pub async fn list(state: State, query: Params<EndpointsQuery>) -> Response {
    let (page, now) = (query.0.page, state.now());
    let read = state.context.db.read(move |conn| operations::page(conn, &page, now));
    let keys = &state.context.keys;
    response::list(read.await?, |details| EndpointResponse::masked(details, keys))
}

/// Makes an endpoint.
///
/// It gets the events from now on. The answer tells its secret, once.
#[utoipa::path(
    post, path = "/api/v1/endpoints", tag = "Endpoints", operation_id = "create_endpoint",
    request_body(content = NewEndpoint, example = json!({
        "endpoint_url": "https://app.example.com/webhooks", "events": ["dsync.user.created"],
    })),
    responses(
        (status = 201, description = "The endpoint, with its secret.", body = EndpointResponse),
        (status = 409, description = "`duplicate_endpoint`: there is one with this URL; \
            `conflict`: there are as many as there can be."),
        (status = 422, description = "`invalid_url`: this cannot be the URL of an endpoint; \
            `invalid_request_parameters`: `errors` names all that is wrong."),
    ),
)]
pub async fn create(state: State, body: Body<NewEndpoint>) -> Response {
    let NewEndpoint { endpoint_url, events, status, legacy_signs_with } = body.0;
    let new = operations::NewEndpoint {
        url: EndpointUrl::read(&endpoint_url, state.allow_private_targets)?,
        events: events.0.unwrap_or_default(),
        status: status.0.unwrap_or(EndpointStatus::Enabled),
        legacy_signs_with: legacy_signs_with.0.unwrap_or(LegacySigner::New),
    };
    let made = operations::create(&state.context, new).await?;
    response::created(EndpointResponse::whole(made))
}

/// Reads an endpoint.
#[utoipa::path(
    get, path = "/api/v1/endpoints/{endpoint_id}", tag = "Endpoints",
    operation_id = "get_endpoint",
    responses(
        (status = 200, description = "The endpoint.", body = EndpointResponse),
        (status = 404, description = "There is no such endpoint."),
    ),
)]
pub async fn get(state: State, path: Path<EndpointId>) -> Response {
    let (id, now) = (path.into_inner(), state.now());
    let found = state.context.db.read(move |conn| operations::details(conn, &id, now)).await?;
    response::ok(EndpointResponse::masked(found, &state.context.keys))
}

/// Changes an endpoint.
///
/// Only the members that are there change.
#[utoipa::path(
    patch, path = "/api/v1/endpoints/{endpoint_id}", tag = "Endpoints",
    operation_id = "update_endpoint",
    request_body(content = EndpointPatch, example = json!({ "status": "disabled" })),
    responses(
        (status = 200, description = "The endpoint as it is now.", body = EndpointResponse),
        (status = 404, description = "There is no such endpoint."),
        (status = 409, description = "`duplicate_endpoint`: another one has this URL."),
        (status = 422, description = "`invalid_url`: this cannot be the URL of an endpoint; \
            `invalid_request_parameters`: `errors` names all that is wrong."),
    ),
)]
pub async fn patch(state: State, path: Path<EndpointId>, body: Body<EndpointPatch>) -> Response {
    let EndpointPatch { endpoint_url, events, status, legacy_signs_with } = body.0;
    let url = endpoint_url.0.map(|text| EndpointUrl::read(&text, state.allow_private_targets));
    let change = EndpointChange {
        url: url.transpose()?,
        events: events.0,
        status: status.0,
        legacy_signs_with: legacy_signs_with.0,
    };
    let changed = operations::change(&state.context, path.into_inner(), change).await?;
    response::ok(EndpointResponse::masked(changed, &state.context.keys))
}

/// Deletes an endpoint with its secrets and deliveries.
#[utoipa::path(
    delete, path = "/api/v1/endpoints/{endpoint_id}", tag = "Endpoints",
    operation_id = "delete_endpoint",
    responses(
        (status = 204, description = "It is deleted."),
        (status = 404, description = "There is no such endpoint."),
    ),
)]
pub async fn delete(state: State, path: Path<EndpointId>) -> Response {
    operations::delete(&state.context, path.into_inner()).await?;
    response::deleted()
}
