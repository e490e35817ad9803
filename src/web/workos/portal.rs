//! `POST /portal/generate_link`: a link that lets an organization's admin into the portal.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use crate::domain::ids::OrganizationId;
use crate::operations::input::WebAddress;
use crate::operations::portal_links::{self as operations, ReturnUrls};
use crate::web::http::auth::Caller;
use crate::web::http::body::{Body, Leaf, Wrong, body};
use crate::web::http::response::{self, Response};
use crate::web::http::schema;
use crate::web::http::state::State;

/// What the portal is for.
#[derive(Debug, Clone)]
pub struct Intent;

impl Leaf for Intent {
    fn read(value: Value) -> Result<Self, Wrong> {
        if value == json!("dsync") {
            return Ok(Self);
        }
        Err(("unknown_value", "must be dsync: the portal has nothing else".to_owned()))
    }

    fn schema() -> RefOr<Schema> {
        schema::text().enum_values(Some([json!("dsync")])).into()
    }
}

/// A member that would have an effect at WorkOS and has none here. Who relies on one of these would
/// wait for a mail, or for an end of access, that never comes.
#[derive(Debug, Clone)]
pub struct Unsupported;

impl Leaf for Unsupported {
    fn read(value: Value) -> Result<Self, Wrong> {
        if value == json!([]) {
            return Ok(Self);
        }
        Err(("not_supported", "is not supported by Rollcall; leave it out".to_owned()))
    }

    fn schema() -> RefOr<Schema> {
        utoipa::openapi::ArrayBuilder::new().items(schema::anything()).max_items(Some(0)).into()
    }
}

body! {
    /// For whom a link is made.
    pub struct GenerateLink {
        /// The organization.
        organization: OrganizationId,
        /// `dsync`.
        pub intent: Option<Intent>,
        /// When they leave the portal.
        return_url: Option<WebAddress>,
        /// When the set-up is done.
        success_url: Option<WebAddress>,
        /// Nobody is mailed: leave it out.
        pub it_contact_emails: Option<Unsupported>,
        /// A link belongs to nobody: leave it out.
        pub external_user_id: Option<Unsupported>,
    }
}

/// A link that lets an admin into the portal once.
#[derive(Serialize, ToSchema)]
#[schema(as = workos::PortalLink)]
pub struct LinkResponse {
    /// The link.
    link: String,
}

/// Makes a link that lets an admin of an organization into the portal once.
#[utoipa::path(
    post, path = "/portal/generate_link", tag = "WorkOS", operation_id = "workos_generate_link",
    request_body(content = GenerateLink, example = json!({
        "organization": "org_01JD0Z6K3M8V5R2Q9T4W7X1Y0B", "intent": "dsync",
    })),
    responses(
        (status = 201, description = "The link.", body = LinkResponse),
        (status = 404, description = "There is no such organization."),
    ),
)]
pub async fn generate_link(state: State, caller: Caller, body: Body<GenerateLink>) -> Response {
    let GenerateLink { organization, return_url, success_url, .. } = body.0;
    let urls = ReturnUrls { return_url, success_url };
    let made = operations::create(&state.context, &caller.actor(), organization, urls).await?;
    response::created(LinkResponse { link: made.url.reveal().to_owned() })
}
