//! The way in by an API key, and the way out.
//!
//! Invariants:
//! - The key is checked by the code that checks the API's bearers, and is neither stored nor shown
//!   nor logged.
//! - Whatever is wrong with a key (unknown, revoked, no key at all), the answer is the same.
//! - Wrong keys are slowed as those of the API are ([`crate::web::http::sign_in_throttle`]).

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::clock::Timestamp;
use crate::db::api_keys::ApiKey;
use crate::db::operator_sessions::{self, OperatorSession};
use crate::db::{DbError, Lane};
use crate::domain::ids::OperatorSessionId;
use crate::limits;
use crate::operations::api_keys;
use crate::providers::pasted;
use crate::secret::{Secret, new_token};
use crate::texts::{Markup, Text, filters, text};
use crate::web::http::auth;
use crate::web::http::error::Problem;
use crate::web::http::page_headers;
use crate::web::http::response::Response;
use crate::web::http::state::State;
use crate::web::operator::page::{self, Frame};
use crate::web::operator::session::{DOOR, Posted};
use crate::web::pages::form::Asked;

#[derive(Template)]
#[template(path = "operator/sign_in.html")]
struct SignIn {
    frame: Frame,
    /// Where one goes on afterwards.
    to: String,
    error: Option<Text>,
    left: bool,
    /// How a key is made.
    command: Markup,
}

impl SignIn {
    fn at(to: &str, error: Option<Text>, left: bool) -> Self {
        let frame = Frame::outside(text("operator-sign-in-title"));
        let command = text("operator-new-key-command");
        let command = Markup::default().html("<code>").text(command).html("</code>");
        Self { frame, to: own_path(to), error, left, command }
    }
}

/// The page for somebody without a visit, who wanted to see this path.
#[must_use]
pub fn page(path: &str) -> String {
    let page = SignIn::at(path, None, false);
    page.render().unwrap_or_else(|_| Problem::NoVisit.to_string())
}

/// What forms are sent to, below the page that they are on.
const FORMS: [&str; 6] = ["sync", "portal_link", "test", "enable", "disable", "replay"];

/// A page of the operator's that one can be led to; the first for every other text. Whoever sent a
/// form without a visit is led to the page that it is on.
fn own_path(path: &str) -> String {
    let path = match path.rsplit_once('/') {
        Some((page, last)) if FORMS.contains(&last) => page,
        _ => path,
    };
    let is_plain = path.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '_'));
    let is_way =
        ["/operator/sign_in", "/operator/leave"].contains(&path) || path.ends_with("/live");
    if page_headers::is_operator_page(path) && is_plain && !is_way {
        path.to_owned()
    } else {
        "/operator".to_owned()
    }
}

/// `GET /operator/sign_in`, such as a page that is loaded again: the first page, which asks for the
/// key when it has to.
pub async fn back() -> Response {
    Ok(page::see_other("/operator"))
}

/// `POST /operator/sign_in`: begins a visit.
pub async fn sign_in(state: State, req: HttpRequest, form: Asked) -> Response {
    let (now, from) = (state.now(), req.peer_addr().map(|address| address.ip()));
    let to = own_path(&form.0.text("to"));
    let entered = form.0.secret("api_key").unwrap_or_else(|| Secret::new(""));
    // It is pasted by people, as every key is (L-11).
    let key = pasted::key(&entered, |word| word.starts_with(api_keys::PREFIX));
    let entered = key.unwrap_or(entered);
    let key = match auth::of_key(&state, &entered, from).await {
        Ok(key) => key,
        Err(Problem::Unauthorized) => return refused(&to),
        Err(Problem::TooManyWrongKeys { retry_after_seconds }) => {
            return too_many(&to, retry_after_seconds);
        }
        Err(error) => return Err(error),
    };
    let context = &state.context;
    let token = new_token(&*context.random);
    let row = visit(&state, key, DOOR.hash(context, &token), now);
    let former = DOOR.token(&req, context).map(|token| DOOR.hash(context, &token));
    let write = context.db.write(Lane::Urgent, move |tx| {
        if let Some(former) = former {
            operator_sessions::delete(tx, &former)?;
        }
        operator_sessions::insert(tx, &row)
    });
    write.await?;
    let mut answer = page::see_other(&to);
    DOOR.give(&mut answer, context, &token);
    Ok(answer)
}

fn visit(state: &State, key: ApiKey, token_hash: Vec<u8>, now: Timestamp) -> OperatorSession {
    let id = OperatorSessionId::new(now, &*state.context.random);
    tracing::info!(
        api_key.id = %key.id,
        operator_session.id = %id,
        "a visit to the operator's pages began"
    );
    OperatorSession {
        id,
        api_key_id: key.id,
        token_hash,
        last_used_at_ms: now,
        expires_at_ms: now.plus(limits::PORTAL_SESSION_MS_MAX),
        created_at_ms: now,
    }
}

/// The same for every key that is not good.
fn refused(to: &str) -> Response {
    tracing::debug!("a key for the operator's pages was refused");
    let error = text("operator-wrong-key");
    page::html(StatusCode::UNAUTHORIZED, &SignIn::at(to, Some(error), false))
}

fn too_many(to: &str, retry_after_seconds: i64) -> Response {
    let page = SignIn::at(to, Some(text("operator-wrong-keys")), false);
    let mut answer: HttpResponse = page::html(StatusCode::TOO_MANY_REQUESTS, &page)?;
    answer.headers_mut().insert(RETRY_AFTER, retry_after_seconds.into());
    Ok(answer)
}

/// `POST /operator/leave`: ends the visit.
pub async fn leave(state: State, req: HttpRequest, form: Posted) -> Response {
    let context = &state.context;
    if let Some(token) = DOOR.token(&req, context) {
        let hash = DOOR.hash(context, &token);
        let write = context.db.write(Lane::Urgent, move |tx| operator_sessions::delete(tx, &hash));
        write.await.map_err(|error: DbError| error)?;
    }
    tracing::info!(
        operator_session.id = %form.visitor.session.id,
        "a visit to the operator's pages ended by hand"
    );
    let mut answer = page::ok(&SignIn::at("/operator", None, true))?;
    DOOR.take_back(&mut answer, context);
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_led_to_an_own_page_and_nowhere_else() {
        assert_eq!(
            own_path("/operator/directories/directory_01"),
            "/operator/directories/directory_01"
        );
        let others = [
            "",
            "/",
            "//evil.example",
            "/operators",
            "/portal",
            "https://evil.example",
            "/operator/sign_in",
            "/operator/leave",
            "/operator/live",
            "/operator/\"x",
            "/operator/?x",
            "/operator//evil.example",
        ];
        for other in others {
            let led = own_path(other);
            assert!(led == "/operator" || led.starts_with("/operator/"), "{other}");
        }
        assert_eq!(own_path("/operator/live"), "/operator");
        assert_eq!(own_path("/operators"), "/operator");
    }
}
