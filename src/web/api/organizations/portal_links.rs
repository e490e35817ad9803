//! `/api/v1/organizations/{id}/portal_links`: links that let an admin into the portal once.
//!
//! What this module must not do: log a path or a link.

use actix_web::web::Path;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::ids::OrganizationId;
use crate::operations::input::WebAddress;
use crate::operations::portal_links::{self as operations, ReturnUrls};
use crate::web::http::auth::Caller;
use crate::web::http::body::{Body, body};
use crate::web::http::response::{self, Iso8601, Response};
use crate::web::http::state::State;

/// A link that lets an admin into the portal once.
#[derive(Serialize, ToSchema)]
#[schema(as = PortalLink)]
pub struct PortalLinkResponse {
    /// `portal_link`.
    object: &'static str,
    /// The link. It is told here and kept nowhere.
    url: String,
    /// Until when it is good.
    expires_at: Iso8601,
}

body! {
    /// Where the admin is led to afterwards.
    pub struct NewPortalLink {
        /// When they leave the portal.
        return_url: Option<WebAddress>,
        /// When the set-up is done.
        success_url: Option<WebAddress>,
    }
}

/// Makes a link that lets an admin of the organization into the portal once.
///
/// It is good for five minutes.
#[utoipa::path(
    post, path = "/api/v1/organizations/{organization_id}/portal_links", tag = "Organizations",
    operation_id = "create_portal_link",
    request_body(content = NewPortalLink, example = json!({
        "return_url": "https://app.example.com/settings",
    })),
    responses(
        (status = 201, description = "The link.", body = PortalLinkResponse),
        (status = 404, description = "There is no such organization."),
    ),
)]
pub async fn create(
    state: State,
    caller: Caller,
    path: Path<OrganizationId>,
    body: Body<NewPortalLink>,
) -> Response {
    let NewPortalLink { return_url, success_url } = body.0;
    let urls = ReturnUrls { return_url, success_url };
    let made = operations::create(&state.context, &caller.actor(), path.into_inner(), urls).await?;
    response::created(PortalLinkResponse {
        object: "portal_link",
        url: made.url.reveal().to_owned(),
        expires_at: made.expires_at.into(),
    })
}
