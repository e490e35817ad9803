//! `POST /portal/generate_link`: a link that lets an organization's admin into the portal.

use serde_json::{Value, json};

use crate::domain::ids::OrganizationId;
use crate::web::auth::Caller;
use crate::web::body::Members;
use crate::web::portal_links::{self, ReturnUrls};
use crate::web::response::{self, Response};
use crate::web::state::State;

/// `POST /portal/generate_link`.
pub async fn generate_link(state: State, caller: Caller, mut body: Members) -> Response {
    let organization: Option<String> = body.required("organization");
    let intent: Option<String> = body.optional("intent");
    if intent.is_some_and(|intent| intent != "dsync") {
        body.refuse("intent", "unknown_value", "must be dsync: the portal has nothing else");
    }
    let urls = ReturnUrls::read(&mut body);
    // Who relies on one of these would wait for a mail, or for an end of access, that never comes.
    for name in ["it_contact_emails", "external_user_id"] {
        let given: Option<Value> = body.optional(name);
        if given.is_some_and(|value| value != json!([])) {
            body.refuse(name, "not_supported", "is not supported by Rollcall; leave it out");
        }
    }
    let organization = body.finish_with(organization)?;
    let organization = OrganizationId::from_text(organization);
    let made = portal_links::make(&state, organization, urls, &caller.actor()).await?;
    response::created(json!({ "link": made.url.reveal() }))
}
