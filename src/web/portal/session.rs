//! Who is let in: visitors with the cookie of a visit that has not ended.
//!
//! Invariants:
//! - The cookie holds 256 random bits; the database has a keyed hash of them.
//! - A visit ends half an hour after something was last done, and after half a day in any case.
//!   Looking on (the live part of a page) does not prolong it.
//! - Whoever uses a link gets a new visit; the one they had before ends.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::COOKIE;
use actix_web::{FromRequest, HttpRequest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::tz::TimeZone;

use crate::clock::Millis;
use crate::db::admins::{self, Admin};
use crate::db::organizations::{self, Organization};
use crate::db::portal_sessions::{self, PortalSession};
use crate::db::{DbError, Lane};
use crate::domain::action::Actor;
use crate::domain::ids::{DirectoryId, OrganizationId};
use crate::limits;
use crate::secret::Secret;
use crate::sync::Context;
use crate::web::error::Problem;
use crate::web::state::State;

/// What the hashes of cookies and forms are labelled with, so that none is good for the other.
const COOKIE_LABEL: &str = "rollcall 2026-11 portal cookie";
const FORM_LABEL: &str = "rollcall 2026-11 portal form";

/// Somebody who was let in.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Whose pages they see.
    pub organization: Organization,
    /// Who they are, when we know.
    pub admin: Option<Admin>,
    /// Their visit.
    pub session: PortalSession,
    /// What their forms carry.
    pub csrf: String,
    /// The moment of this request.
    pub now: Millis,
}

impl Visitor {
    /// The organization's time zone.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(self.organization.effective_time_zone()).unwrap_or(TimeZone::UTC)
    }

    /// Whose pages they see.
    #[must_use]
    pub fn organization_id(&self) -> &OrganizationId {
        &self.organization.id
    }

    /// Who acts, as it is written down with what they do.
    #[must_use]
    pub fn acting(&self) -> Actor {
        self.session.actor()
    }

    /// Notes in the log that they did something.
    pub fn note(&self, directory: &DirectoryId, action: &'static str) {
        tracing::info!(
            organization.id = %self.organization.id,
            directory.id = %directory,
            portal_session.id = %self.session.id,
            admin.id = self.admin.as_ref().map(|admin| admin.id.as_str()),
            action,
            "an admin acted on the portal"
        );
    }
}

/// Whether the portal is served over https, so that cookies can insist on it.
fn is_https(context: &Context) -> bool {
    context.public_url.starts_with("https://")
}

/// `__Host-` lets no other host of the same domain set the cookie; browsers want https for it.
fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-rollcall" } else { "rollcall" }
}

/// The header that gives a visitor their cookie.
#[must_use]
pub fn cookie(context: &Context, token: &Secret) -> String {
    let seconds = limits::PORTAL_SESSION_MS_MAX / Millis::SECOND;
    cookie_header(is_https(context), token.reveal(), seconds)
}

/// The header that takes it back.
#[must_use]
pub fn no_cookie(context: &Context) -> String {
    cookie_header(is_https(context), "", 0)
}

fn cookie_header(https: bool, value: &str, seconds: i64) -> String {
    let (name, secure) = (cookie_name(https), if https { "; Secure" } else { "" });
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

/// The token of a request's cookie.
#[must_use]
pub fn token(req: &HttpRequest, context: &Context) -> Option<Secret> {
    let name = cookie_name(is_https(context));
    let headers = req.headers().get_all(COOKIE).filter_map(|header| header.to_str().ok());
    let mut pairs = headers.flat_map(|header| header.split(';')).filter_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name && !value.is_empty()).then_some(value)
    });
    pairs.next().map(Secret::new)
}

/// The hash by which a visit is found.
#[must_use]
pub fn hash(context: &Context, token: &Secret) -> Vec<u8> {
    context.keys.lookup.labelled_hash(COOKIE_LABEL, &[token.reveal()])
}

fn csrf(context: &Context, token: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(context.keys.lookup.labelled_hash(FORM_LABEL, &[token.reveal()]))
}

/// Whether a visit goes on at this moment. A clock that was set back ends nothing.
fn is_open(session: &PortalSession, now: Millis) -> bool {
    now < session.expires_at_ms && now.since(session.last_used_at_ms) < limits::PORTAL_IDLE_MS_MAX
}

/// Finds the visitor of a request. `looks_on`: the request is not one that somebody made by hand.
async fn visitor(req: &HttpRequest, state: &State, looks_on: bool) -> Result<Visitor, Problem> {
    let context = &state.context;
    let token = token(req, context).ok_or(Problem::NoVisit)?;
    let (wanted, now) = (hash(context, &token), state.now());
    let read = context.db.read(move |conn| {
        let found = portal_sessions::find(conn, &wanted)?;
        let Some(session) = found.filter(|session| is_open(session, now)) else {
            return Ok(None);
        };
        let organization = organizations::find(conn, &session.organization_id)?;
        let admin = match &session.admin_id {
            Some(id) => Some(admins::find(conn, &session.organization_id, id)?),
            None => None,
        };
        Ok::<_, DbError>(Some((session, organization, admin)))
    });
    let (session, organization, admin) = read.await?.ok_or(Problem::NoVisit)?;
    if !looks_on && now.since(session.last_used_at_ms) >= limits::PORTAL_TOUCH_MS {
        let id = session.id.clone();
        context.db.write(Lane::Urgent, move |tx| portal_sessions::touch(tx, &id, now)).await?;
    }
    Ok(Visitor { organization, admin, session, csrf: csrf(context, &token), now })
}

impl FromRequest for Visitor {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let state = state(&req)?;
            let looks_on = req.path().ends_with("/live");
            visitor(&req, &state, looks_on).await
        })
    }
}

/// The state, for extractors.
pub(super) fn state(req: &HttpRequest) -> Result<State, Problem> {
    let state = req.app_data::<State>().cloned();
    state.ok_or_else(|| Problem::Internal("the server was started without its state".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_https_a_cookie_is_for_this_host_and_https_alone() {
        let secure = cookie_header(true, "token", 60);
        let expected = "__Host-rollcall=token; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure";
        assert_eq!(secure, expected);
        let plain = cookie_header(false, "token", 60);
        assert_eq!(plain, "rollcall=token; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
    }
}
