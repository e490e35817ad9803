//! Who may use the API: bearers of a key that is not revoked.
//!
//! Only a keyed hash of the key is looked up. Nothing about a key is logged. Handlers that want to
//! know who calls take a [`Caller`]. Of a request without a good key no body is read (O-08), and
//! wrong keys are slowed by address ([`crate::web::http::sign_in_throttle`]).

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};

use crate::clock::Timestamp;
use crate::db::api_keys::{self, ApiKey};
use crate::domain::action::Actor;
use crate::domain::audit::Cause;
use crate::domain::ids::ApiKeyId;
use crate::operations::api_keys::PREFIX;
use crate::secret::Secret;
use crate::web::http::error::Problem;
use crate::web::http::sign_in_throttle::Verdict;
use crate::web::http::state::State;

/// Longer than every key.
const KEY_BYTES_MAX: usize = 128;

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
    let from = req.peer_addr().map(|address| address.ip());
    Ok(Caller(of_key(state, &key, from).await?.id))
}

/// The row of a key that is good. For every other text [`Problem::Unauthorized`], or, when there
/// were many from this address, [`Problem::TooManyWrongKeys`].
pub async fn of_key(state: &State, key: &Secret, from: Option<IpAddr>) -> Result<ApiKey, Problem> {
    let now = state.now();
    if let Some(found) = found(state, key, from, now).await? {
        return Ok(found);
    }
    let Verdict::Wait { wait_ms, first } = state.tries.wrong(from, now) else {
        return Err(Problem::Unauthorized);
    };
    if first {
        tracing::warn!(wait_ms, "too many wrong API keys from one address");
    }
    let retry_after_seconds = (wait_ms / Timestamp::SECOND).max(0).saturating_add(1);
    Err(Problem::TooManyWrongKeys { retry_after_seconds })
}

async fn found(
    state: &State,
    key: &Secret,
    from: Option<IpAddr>,
    now: Timestamp,
) -> Result<Option<ApiKey>, Problem> {
    let text = key.reveal();
    if !text.starts_with(PREFIX) || text.len() > KEY_BYTES_MAX {
        return Ok(None);
    }
    let _permit = state.tries.look(from, now).await;
    let hash = state.context.keys.lookup.lookup_hash(text);
    Ok(state.context.db.read(move |conn| api_keys::find_valid(conn, &hash)).await?)
}

/// The key of an `Authorization: Bearer sk_live_…` header.
fn bearer(req: &ServiceRequest) -> Option<Secret> {
    let header = req.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(key.trim()))
}
