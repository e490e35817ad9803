//! Who may use the API: bearers of a key that is not revoked.
//!
//! Only a keyed hash of the key is looked up. Nothing about a key is logged. Handlers that want to
//! know who calls take a [`Caller`].

use std::future::{Ready, ready};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};

use crate::db::api_keys::{self, ApiKey};
use crate::domain::action::Actor;
use crate::domain::audit::Cause;
use crate::domain::ids::ApiKeyId;
use crate::secret::Secret;
use crate::web::error::Problem;
use crate::web::state::State;

/// What every API key starts with.
pub const KEY_PREFIX: &str = "sk_live_";

/// Whose key a request has.
#[derive(Debug, Clone)]
pub struct Caller(ApiKeyId);

impl Caller {
    /// Whose key it is.
    #[must_use]
    pub fn key(&self) -> &ApiKeyId {
        &self.0
    }

    /// The caller as the one who does something.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::ApiKey(self.0.clone())
    }

    /// The caller as the cause of a change.
    #[must_use]
    pub fn cause(self) -> Cause {
        Cause::ApiKey(self.0)
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = req.extensions().get::<Self>().cloned();
        ready(caller.ok_or_else(|| Problem::Internal("a route is open to everybody".to_owned())))
    }
}

/// Lets a request through when its key is good.
pub async fn need_api_key(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match allowed(&req).await {
        Ok(caller) => {
            req.extensions_mut().insert(caller);
            Ok(next.call(req).await?.map_into_boxed_body())
        }
        Err(problem) => Ok(req.error_response(problem)),
    }
}

async fn allowed(req: &ServiceRequest) -> Result<Caller, Problem> {
    let key = bearer(req).ok_or(Problem::Unauthorized)?;
    let state = req
        .app_data::<State>()
        .ok_or_else(|| Problem::Internal("the server was started without its state".to_owned()))?;
    Ok(Caller(of_key(state, &key).await?.id))
}

/// The row of a key that is good; [`Problem::Unauthorized`] for every other text.
pub async fn of_key(state: &State, key: &Secret) -> Result<ApiKey, Problem> {
    if !key.reveal().starts_with(KEY_PREFIX) {
        return Err(Problem::Unauthorized);
    }
    let hash = state.context.keys.lookup.lookup_hash(key.reveal());
    let found = state.context.db.read(move |conn| api_keys::find_valid(conn, &hash)).await?;
    found.ok_or(Problem::Unauthorized)
}

/// The key of an `Authorization: Bearer sk_live_…` header.
fn bearer(req: &ServiceRequest) -> Option<Secret> {
    let header = req.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(key.trim()))
}
