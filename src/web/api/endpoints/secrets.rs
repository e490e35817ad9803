//! `/api/v1/endpoints/{id}/rotate_secret`: a new secret for an endpoint.

use actix_web::web::Path;
use serde_json::Value;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::domain::ids::EndpointId;
use crate::limits;
use crate::operations::endpoints as operations;
use crate::web::api::endpoints::EndpointResponse;
use crate::web::http::body::{Leaf, Maybe, OptionalBody, Wrong, body};
use crate::web::http::response::{self, Response};
use crate::web::http::schema;
use crate::web::http::state::State;

/// For how many seconds the older secrets go on signing.
#[derive(Debug, Clone, Copy)]
pub struct OverlapSeconds(i64);

impl Leaf for OverlapSeconds {
    fn read(value: Value) -> Result<Self, Wrong> {
        let seconds: i64 = schema::by_serde(value)?;
        let most = limits::SECRET_OVERLAP_SECONDS_MAX;
        if (0..=most).contains(&seconds) {
            return Ok(Self(seconds));
        }
        Err(("out_of_range", format!("must be from 0 to {most}")))
    }

    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(0))
            .maximum(Some(limits::SECRET_OVERLAP_SECONDS_MAX))
            .default(Some(limits::SECRET_OVERLAP_SECONDS.into()))
            .into()
    }
}

body! {
    /// How a new secret takes over.
    pub struct SecretRotation {
        /// For how many seconds the older secrets go on signing beside the new one. None of them
        /// does with 0.
        overlap_seconds: Maybe<OverlapSeconds>,
    }
}

/// Gives an endpoint a new secret.
///
/// The answer tells it, once. The body may be left out.
#[utoipa::path(
    post, path = "/api/v1/endpoints/{endpoint_id}/rotate_secret", tag = "Endpoints",
    operation_id = "rotate_endpoint_secret",
    request_body(content = Option<SecretRotation>, example = json!({ "overlap_seconds": 3600 })),
    responses(
        (status = 200, description = "The endpoint, with its new secret.", body = EndpointResponse),
        (status = 404, description = "There is no such endpoint."),
        (status = 409, description = "`conflict`: as many secrets are live as there can be."),
    ),
)]
pub async fn rotate(
    state: State,
    path: Path<EndpointId>,
    body: OptionalBody<SecretRotation>,
) -> Response {
    let overlap = body.0.overlap_seconds.0;
    let seconds = overlap.map_or(limits::SECRET_OVERLAP_SECONDS, |overlap| overlap.0);
    let made = operations::rotate_secret(&state.context, path.into_inner(), seconds).await?;
    response::ok(EndpointResponse::whole(made))
}
