//! What can be done with a directory: `/api/v1/directories/{id}/credentials`, `check`, `preview`,
//! `complete_setup`, `sync` and `disable`.
//!
//! A credential is in no log and in no answer; what is wrong with it is said without repeating it.

use actix_web::web::Path;
use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::ids::RunId;
use crate::secret::Secret;
use crate::sync::full::preview::{self, Preview};
use crate::sync::setup::{self, Checked, CredentialInput, KeyState};
use crate::web::api::directories::{self, id_of};
use crate::web::api::setup_problem::{self, CheckResponse};
use crate::web::auth::Caller;
use crate::web::body::Members;
use crate::web::error::Problem;
use crate::web::response::{self, Iso8601, Response};
use crate::web::state::State;

/// A check with what became of the credential.
#[derive(Debug, Serialize)]
struct CredentialResponse {
    #[serde(flatten)]
    check: CheckResponse,
    /// `stored`, or `waiting` for permissions (L-14).
    credential: &'static str,
    waiting_until: Option<Iso8601>,
    /// The full sync that a new credential has started.
    run_id: Option<RunId>,
}

/// 202 while the credential waits for permissions.
fn shown(checked: Checked) -> Response {
    let Checked { check, key, run_id } = checked;
    let check = CheckResponse::from(check);
    match key {
        KeyState::Stored => response::ok(CredentialResponse {
            check,
            credential: "stored",
            waiting_until: None,
            run_id,
        }),
        KeyState::Waits { until } => {
            let waiting_until = Some(Iso8601(until));
            response::accepted(CredentialResponse {
                check,
                credential: "waiting",
                waiting_until,
                run_id,
            })
        }
    }
}

/// `PUT …/credentials`: checks a credential and stores it when it is good (L-04, L-07).
pub async fn set_credentials(
    state: State,
    caller: Caller,
    path: Path<String>,
    mut body: Members,
) -> Response {
    let id = id_of(&path);
    let input = credential(&mut body);
    body.finish()?;
    let input = input?;
    let done = setup::set_credential(&state.context, &id, input, &caller.actor())
        .await
        .map_err(|error| setup_problem::problem(error, &id))?;
    state.activators.runs.wake();
    shown(done)
}

/// Takes the credential in one of its three forms. Which one a directory needs is not known here.
fn credential(body: &mut Members) -> Result<CredentialInput, Problem> {
    let [api_key, access_key, secret_access_key, text] =
        ["api_key", "access_key", "secret_access_key", "text"].map(|name| secret(body, name));
    let message = match (api_key, access_key, secret_access_key, text) {
        (Some(key), None, None, None) => return Ok(CredentialInput::ApiKey(key)),
        (None, None, None, Some(text)) => return Ok(CredentialInput::Text(text)),
        (None, Some(access_key), Some(secret_access_key), None) => {
            return Ok(CredentialInput::KeyPair { access_key, secret_access_key });
        }
        (None, Some(_), None, None) => "Send the secret_access_key together with the access_key.",
        (None, None, Some(_), None) => "Send the access_key together with the secret_access_key.",
        (None, None, None, None) => {
            // Unless one was there and refused already.
            if !body.has_errors() {
                body.refuse("api_key", "required", FORMS);
            }
            FORMS
        }
        _ => {
            "Send one form of the credential only: api_key, access_key and secret_access_key, or \
              text."
        }
    };
    Err(Problem::InvalidCredential { message: message.to_owned() })
}

const FORMS: &str = "is required; for HRworks send access_key and secret_access_key, or text";

/// Takes a member that is a secret. Its value is not repeated, whatever it is.
fn secret(body: &mut Members, name: &'static str) -> Option<Secret> {
    match body.optional::<Value>(name)? {
        Value::String(text) if !text.trim().is_empty() => Some(Secret::new(text.trim())),
        _ => {
            body.refuse(name, "invalid", "must be text and not empty");
            None
        }
    }
}

/// `POST …/check`: asks the HR system whether the credential works: the one that waits for
/// permissions, if there is one, else the stored one.
pub async fn check(state: State, caller: Caller, path: Path<String>) -> Response {
    let id = id_of(&path);
    let found = setup::check(&state.context, &id, &caller.actor())
        .await
        .map_err(|error| setup_problem::problem(error, &id))?;
    state.activators.runs.wake();
    shown(found)
}

/// A preview as it is sent.
#[derive(Debug, Serialize)]
struct PreviewResponse {
    object: &'static str,
    #[serde(flatten)]
    preview: Preview,
}

/// `POST …/preview`: what a full sync would do now (L-05). Answered when it is done.
pub async fn preview(state: State, path: Path<String>) -> Response {
    let id = id_of(&path);
    let preview = preview::preview(&state.context, &id)
        .await
        .map_err(|error| setup_problem::problem(error, &id))?;
    response::ok(PreviewResponse { object: "preview", preview })
}

/// `POST …/complete_setup`: starts the first full sync (L-05).
pub async fn complete_setup(state: State, caller: Caller, path: Path<String>) -> Response {
    let id = id_of(&path);
    let run = setup::complete_setup(&state.context, &id, &caller.actor())
        .await
        .map_err(|error| setup_problem::problem(error, &id))?;
    state.activators.runs.wake();
    response::accepted(json!({ "run_id": run }))
}

/// `POST …/sync`: starts a full sync.
pub async fn sync(state: State, caller: Caller, path: Path<String>) -> Response {
    let id = id_of(&path);
    let run = setup::request_sync(&state.context, &id, &caller.actor())
        .await
        .map_err(|error| setup_problem::problem(error, &id))?;
    state.activators.runs.wake();
    response::accepted(json!({ "run_id": run }))
}

/// `POST …/disable`: ends the directory for good (L-08).
pub async fn disable(state: State, caller: Caller, path: Path<String>) -> Response {
    let id = id_of(&path);
    setup::disable(&state.context, &id, &caller.actor())
        .await
        .map_err(|error| setup_problem::problem(error, &id))?;
    state.activators.runs.wake();
    // Accounts that somebody of another directory has go on with that one (S-26).
    state.activators.clearing.wake();
    directories::get(state, path).await
}
