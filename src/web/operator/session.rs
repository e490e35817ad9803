//! Who is let in: operators with the cookie of a visit that an API key opened.
//!
//! Invariants:
//! - Cookies, forms and the end of a visit are as [`crate::web::pages::session`] says.
//! - A visit is looked up together with its key: when the key is revoked the visit has ended.
//! - The API key itself is not kept: the visit names its row.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::clock::Timestamp;
use crate::db::api_keys::ApiKey;
use crate::db::operator_sessions::{self, OperatorSession};
use crate::db::{DbError, Lane};
use crate::domain::action::Actor;
use crate::domain::ids::{DirectoryId, EndpointId, OrganizationId};
use crate::web::http::error::Problem;
use crate::web::http::state::{self, State};
use crate::web::pages::form::{self, Visiting};
use crate::web::pages::session::{SessionCookie, is_open, is_to_note};

/// The way in to the operator's pages.
pub const DOOR: SessionCookie = SessionCookie {
    cookie_name: "rollcall_operator",
    cookie_label: "rollcall 2026-11 operator cookie",
    form_label: "rollcall 2026-11 operator form",
};

/// A form of an operator.
pub type Posted = form::Posted<Operator>;

/// An operator who was let in.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The key that opened the visit.
    pub key: ApiKey,
    /// The visit.
    pub session: OperatorSession,
    /// What their forms carry.
    pub csrf: String,
    /// The moment of this request.
    pub now: Timestamp,
}

/// What an operator did something with.
#[derive(Debug, Clone, Copy)]
pub enum On<'a> {
    /// An organization.
    Organization(&'a OrganizationId),
    /// A directory.
    Directory(&'a DirectoryId),
    /// An endpoint.
    Endpoint(&'a EndpointId),
}

impl Operator {
    /// Who they are in the record of what was done: their key.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::ApiKey(self.key.id.clone())
    }

    /// Notes in the log that they did something.
    pub fn note(&self, on: On<'_>, action: &'static str) {
        let (organization, directory, endpoint) = match on {
            On::Organization(id) => (Some(id.as_str()), None, None),
            On::Directory(id) => (None, Some(id.as_str()), None),
            On::Endpoint(id) => (None, None, Some(id.as_str())),
        };
        tracing::info!(
            api_key.id = %self.key.id,
            operator_session.id = %self.session.id,
            organization.id = organization,
            directory.id = directory,
            endpoint.id = endpoint,
            action,
            "the operator acted on a page"
        );
    }
}

impl Visiting for Operator {
    fn csrf(&self) -> &str {
        &self.csrf
    }
}

/// Finds the operator of a request.
async fn operator(req: &HttpRequest, state: &State) -> Result<Operator, Problem> {
    let context = &state.context;
    let token = DOOR.token(req, context).ok_or(Problem::NoVisit)?;
    let (wanted, now) = (DOOR.hash(context, &token), state.now());
    let read = context.db.read(move |conn| operator_sessions::find(conn, &wanted));
    let found: Option<(OperatorSession, ApiKey)> = read.await.map_err(|error: DbError| error)?;
    let (session, key) = found
        .filter(|(row, _)| is_open(row.last_used_at_ms, row.expires_at_ms, now))
        .ok_or(Problem::NoVisit)?;
    if is_to_note(req.path(), session.last_used_at_ms, now) {
        let id = session.id.clone();
        context.db.write(Lane::Urgent, move |tx| operator_sessions::touch(tx, &id, now)).await?;
    }
    Ok(Operator { key, session, csrf: DOOR.csrf(context, &token), now })
}

impl FromRequest for Operator {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let state = state::of(&req)?;
            operator(&req, &state).await
        })
    }
}
