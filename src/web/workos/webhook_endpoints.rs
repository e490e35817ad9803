//! `/webhook_endpoints`: the same endpoints as `/api/v1/endpoints`, for WorkOS SDKs (wire contract
//! §2 and §4). The object is the same too: SDKs leave members alone that they do not know.
//!
//! What this module must not do: have rules of its own; the handlers of
//! [`crate::web::api::endpoints`] do everything.

use actix_web::web::{self, Path, ServiceConfig};

use crate::domain::ids::EndpointId;
use crate::web::api::endpoints::{
    self, EndpointPatch, EndpointResponse, EndpointsQuery, NewEndpoint,
};
use crate::web::http::body::Body;
use crate::web::http::query::Params;
use crate::web::http::response::{List, Response};
use crate::web::http::state::State;

/// The routes under `/webhook_endpoints`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("").route(web::get().to(list)).route(web::post().to(create)))
        .service(
            web::resource("/{endpoint_id}")
                .route(web::get().to(get))
                .route(web::patch().to(patch))
                .route(web::delete().to(delete)),
        );
}

/// Lists endpoints.
#[utoipa::path(
    get, path = "/webhook_endpoints", tag = "WorkOS",
    operation_id = "workos_list_webhook_endpoints", params(EndpointsQuery),
    responses((status = 200, description = "A page of endpoints.",
        body = List<EndpointResponse>)),
)]
pub async fn list(state: State, query: Params<EndpointsQuery>) -> Response {
    endpoints::list(state, query).await
}

/// Makes an endpoint.
///
/// It gets the events from now on. The answer tells its secret, once.
#[utoipa::path(
    post, path = "/webhook_endpoints", tag = "WorkOS",
    operation_id = "workos_create_webhook_endpoint",
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
    endpoints::create(state, body).await
}

/// Reads an endpoint.
#[utoipa::path(
    get, path = "/webhook_endpoints/{endpoint_id}", tag = "WorkOS",
    operation_id = "workos_get_webhook_endpoint",
    responses(
        (status = 200, description = "The endpoint.", body = EndpointResponse),
        (status = 404, description = "There is no such endpoint."),
    ),
)]
pub async fn get(state: State, path: Path<EndpointId>) -> Response {
    endpoints::get(state, path).await
}

/// Changes an endpoint.
///
/// Only the members that are there change.
#[utoipa::path(
    patch, path = "/webhook_endpoints/{endpoint_id}", tag = "WorkOS",
    operation_id = "workos_update_webhook_endpoint",
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
    endpoints::patch(state, path, body).await
}

/// Deletes an endpoint with its secrets and deliveries.
#[utoipa::path(
    delete, path = "/webhook_endpoints/{endpoint_id}", tag = "WorkOS",
    operation_id = "workos_delete_webhook_endpoint",
    responses(
        (status = 204, description = "It is deleted."),
        (status = 404, description = "There is no such endpoint."),
    ),
)]
pub async fn delete(state: State, path: Path<EndpointId>) -> Response {
    endpoints::delete(state, path).await
}
