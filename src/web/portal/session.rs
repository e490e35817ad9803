//! Who is let in: visitors with the cookie of a visit that has not ended.
//!
//! Invariants:
//! - Cookies, forms and the end of a visit are as [`crate::web::pages::session`] says.
//! - Whoever uses a link gets a new visit; the one they had before ends.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::db::admins::{self, Admin};
use crate::db::organizations::{self, Organization};
use crate::db::portal_sessions::{self, PortalSession};
use crate::db::{DbError, Lane};
use crate::domain::action::Actor;
use crate::domain::ids::{DirectoryId, OrganizationId};
use crate::web::http::error::Problem;
use crate::web::http::state::{self, State};
use crate::web::pages::form::{self, Visiting};
use crate::web::pages::session::{SessionCookie, is_open, is_to_note};

/// The way into the portal.
pub const DOOR: SessionCookie = SessionCookie {
    cookie_name: "rollcall",
    cookie_label: "rollcall 2026-11 portal cookie",
    form_label: "rollcall 2026-11 portal form",
};

/// A form of a visitor of the portal.
pub type Posted = form::Posted<Visitor>;

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
    pub now: Timestamp,
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

/// Finds the visitor of a request.
async fn visitor(req: &HttpRequest, state: &State) -> Result<Visitor, Problem> {
    let context = &state.context;
    let token = DOOR.token(req, context).ok_or(Problem::NoVisit)?;
    let (wanted, now) = (DOOR.hash(context, &token), state.now());
    let read = context.db.read(move |conn| {
        let found = portal_sessions::find(conn, &wanted)?;
        let is_open = |row: &PortalSession| is_open(row.last_used_at_ms, row.expires_at_ms, now);
        let Some(session) = found.filter(is_open) else {
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
    if is_to_note(req.path(), session.last_used_at_ms, now) {
        let id = session.id.clone();
        context.db.write(Lane::Urgent, move |tx| portal_sessions::touch(tx, &id, now)).await?;
    }
    Ok(Visitor { organization, admin, session, csrf: DOOR.csrf(context, &token), now })
}

impl Visiting for Visitor {
    fn csrf(&self) -> &str {
        &self.csrf
    }
}

impl FromRequest for Visitor {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let state = state::of(&req)?;
            visitor(&req, &state).await
        })
    }
}
