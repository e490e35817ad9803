//! Links that let an admin into the portal once (A-02; own API, `portal_links`).
//!
//! Invariants:
//! - A link is good for `limits::PORTAL_LINK_MS_MAX` and for one use.
//! - Only a keyed hash of its token is stored; the link itself is in the answer and nowhere else.
//! - Nothing here logs a path.

use actix_web::web::Path;
use serde_json::json;

use crate::clock::Timestamp;
use crate::db::Lane;
use crate::db::actions::{self, NewAction};
use crate::db::portal_links::{self, PortalLink};
use crate::domain::action::{Action, Actor};
use crate::domain::ids::{OrganizationId, PortalLinkId};
use crate::limits;
use crate::secret::{Secret, new_token};
use crate::web::api::organizations;
use crate::web::auth::Caller;
use crate::web::body::Members;
use crate::web::error::Problem;
use crate::web::response::{self, Iso8601, Response};
use crate::web::state::State;

/// Where an admin is led to afterwards.
#[derive(Debug, Clone, Default)]
pub struct ReturnUrls {
    /// When they leave the portal.
    return_url: Option<String>,
    /// When the set-up is done.
    success_url: Option<String>,
}

impl ReturnUrls {
    /// Takes `return_url` and `success_url`.
    pub fn read(body: &mut Members) -> Self {
        Self { return_url: url(body, "return_url"), success_url: url(body, "success_url") }
    }
}

/// Takes an address that a browser may be led to.
fn url(body: &mut Members, name: &'static str) -> Option<String> {
    let text: String = body.optional(name)?;
    let is_web = url::Url::parse(&text)
        .is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.host().is_some());
    if !is_web || text.len() > limits::PORTAL_URL_BYTES_MAX {
        body.refuse(name, "invalid_url", "must be an address that begins with https://");
        return None;
    }
    Some(text)
}

/// A link that was made.
pub struct MadeLink {
    /// The link.
    pub url: Secret,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Makes a link for an organization.
pub async fn make(
    state: &State,
    organization: OrganizationId,
    urls: ReturnUrls,
    by: &Actor,
) -> Result<MadeLink, Problem> {
    let (cx, now) = (&state.context, state.now());
    let token = new_token(cx.random.as_ref());
    let row = PortalLink {
        id: PortalLinkId::new(now, cx.random.as_ref()),
        organization_id: organization.clone(),
        admin_id: None,
        token_hash: cx.keys.lookup.lookup_hash(token.reveal()),
        return_url: urls.return_url,
        success_url: urls.success_url,
        expires_at_ms: now.plus(limits::PORTAL_LINK_MS_MAX),
        used_at_ms: None,
        created_at_ms: now,
    };
    let expires_at = row.expires_at_ms;
    let made = NewAction::of(&organization, by, Action::PortalLinkMade, now);
    let write = cx.db.write(Lane::Urgent, move |tx| {
        organizations::find(tx, &organization)?;
        portal_links::insert(tx, &row)?;
        Ok::<_, Problem>(actions::record(tx, &made)?)
    });
    write.await?;
    let url = Secret::new(format!("{}/portal/enter/{}", cx.public_url, token.reveal()));
    Ok(MadeLink { url, expires_at })
}

/// `POST /api/v1/organizations/{id}/portal_links`.
pub async fn create(
    state: State,
    caller: Caller,
    path: Path<String>,
    mut body: Members,
) -> Response {
    let urls = ReturnUrls::read(&mut body);
    body.finish()?;
    let made = make(&state, organizations::id_of(&path), urls, &caller.actor()).await?;
    let expires_at = Iso8601::from(made.expires_at);
    response::created(json!({
        "object": "portal_link", "url": made.url.reveal(), "expires_at": expires_at,
    }))
}
