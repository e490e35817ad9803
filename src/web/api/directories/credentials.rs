//! `/api/v1/directories/{id}/credentials` and `check`: the key to the HR system.
//!
//! Invariant: a credential is in no log and in no answer; what is wrong with it is said without
//! repeating it.

use actix_web::web::Path;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::OneOfBuilder as OneOf;
use utoipa::openapi::{RefOr, Schema, SchemaFormat};

use crate::domain::ids::{DirectoryId, RunId};
use crate::providers::CredentialInput;
use crate::secret::Secret;
use crate::sync::setup::{self, Checked, KeyState};
use crate::web::api::directories::setup_problem::{self, CheckResponse};
use crate::web::http::auth::Caller;
use crate::web::http::body::{Body, FromMembers, Leaf, Wrong, body};
use crate::web::http::error::Problem;
use crate::web::http::members::Members;
use crate::web::http::response::{self, Iso8601, Response};
use crate::web::http::schema::{self, Object};
use crate::web::http::state::State;

/// A key, or a part of one. Blanks around it do not count.
#[derive(Debug, Clone)]
pub struct SecretText(Secret);

impl Leaf for SecretText {
    fn read(value: Value) -> Result<Self, Wrong> {
        match value {
            Value::String(text) if !text.trim().is_empty() => Ok(Self(Secret::new(text.trim()))),
            _ => Err(("invalid", "must be text and not empty".to_owned())),
        }
    }

    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::Custom("password".to_owned());
        schema::text().min_length(Some(1)).format(Some(format)).write_only(true).into()
    }
}

body! {
    /// A credential in any of its forms.
    struct CredentialMembers {
        /// One key.
        api_key: Option<SecretText>,
        /// Names a pair of keys.
        access_key: Option<SecretText>,
        /// Proves that one has the pair.
        secret_access_key: Option<SecretText>,
        /// The text of the file that the HR system hands out.
        text: Option<SecretText>,
    }
}

/// A credential in one of its three forms. Which one a directory needs is not known here.
#[derive(Debug, Clone)]
pub struct CredentialBody(CredentialMembers);

const FORMS: &str = "is required; for HRworks send access_key and secret_access_key, or text";

impl FromMembers for CredentialBody {
    fn take(members: &mut Members) -> Option<Self> {
        let entered = CredentialMembers::take(members)?;
        // What was wrong is told already, and is none for that.
        if let CredentialMembers {
            api_key: None,
            access_key: None,
            secret_access_key: None,
            text: None,
        } = &entered
            && !members.has_errors()
        {
            members.refuse("api_key", "required", FORMS);
        }
        Some(Self(entered))
    }
}

impl utoipa::PartialSchema for CredentialBody {
    fn schema() -> RefOr<Schema> {
        let one_key = Object::new("The API key of People HR or Breathe.")
            .member::<SecretText>("api_key", "The key.");
        let two_keys = Object::new("The key pair of HRworks.")
            .member::<SecretText>("access_key", "The access key.")
            .member::<SecretText>("secret_access_key", "The secret access key.");
        let file = Object::new("The key pair of HRworks as it is downloaded.")
            .member::<SecretText>("text", "The whole text of the file.");
        OneOf::new()
            .item(one_key.build())
            .item(two_keys.build())
            .item(file.build())
            .description(Some("A credential in one of its three forms."))
            .into()
    }
}

impl ToSchema for CredentialBody {}

impl CredentialBody {
    fn into_input(self) -> Result<CredentialInput, Problem> {
        let CredentialMembers { api_key, access_key, secret_access_key, text } = self.0;
        let message = match (api_key, access_key, secret_access_key, text) {
            (Some(key), None, None, None) => return Ok(CredentialInput::ApiKey(key.0)),
            (None, None, None, Some(text)) => return Ok(CredentialInput::Text(text.0)),
            (None, Some(SecretText(access_key)), Some(SecretText(secret_access_key)), None) => {
                return Ok(CredentialInput::KeyPair { access_key, secret_access_key });
            }
            (None, Some(_), None, None) => {
                "Send the secret_access_key together with the access_key."
            }
            (None, None, Some(_), None) => {
                "Send the access_key together with the secret_access_key."
            }
            _ => {
                "Send one form of the credential only: api_key, access_key and secret_access_key, \
                 or text."
            }
        };
        Err(Problem::InvalidCredential { message: message.to_owned() })
    }
}

/// A check with what became of the credential.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CredentialCheck)]
pub struct CredentialCheckResponse {
    #[serde(flatten)]
    check: CheckResponse,
    /// `stored`, or `waiting` for permissions (L-14).
    credential: &'static str,
    /// When a credential that waits is deleted.
    waiting_until: Option<Iso8601>,
    /// The full sync that a new credential has started.
    run_id: Option<RunId>,
}

/// 202 while the credential waits for permissions.
fn shown(checked: Checked) -> Response {
    let Checked { check, key, run_id } = checked;
    let check = CheckResponse::from(check);
    match key {
        KeyState::Stored => response::ok(CredentialCheckResponse {
            check,
            credential: "stored",
            waiting_until: None,
            run_id,
        }),
        KeyState::Waits { until } => {
            let waiting_until = Some(Iso8601(until));
            response::accepted(CredentialCheckResponse {
                check,
                credential: "waiting",
                waiting_until,
                run_id,
            })
        }
    }
}

/// Checks a credential and stores it when it is good.
///
/// It takes the place of the one in use only then (L-04). In a directory that is set up, a full
/// sync follows (L-07).
#[utoipa::path(
    put, path = "/api/v1/directories/{directory_id}/credentials", tag = "Directories",
    operation_id = "set_credentials",
    request_body(content = CredentialBody, example = json!({
        "api_key": "00000000-0000-4000-8000-000000000000",
    })),
    responses(
        (status = 200, description = "It is stored.", body = CredentialCheckResponse),
        (status = 202, description = "It waits for permissions.", body = CredentialCheckResponse),
        (status = 404, description = "There is no such directory."),
        (status = 409, description = "`directory_disabled`, or `conflict`: this version does not \
            sync with the HR system."),
        (status = 422, description = "`credential_refused`: the HR system does not accept it; \
            `invalid_credential`: it cannot be one; or `invalid_request_parameters`."),
    ),
)]
pub async fn set(
    state: State,
    caller: Caller,
    path: Path<DirectoryId>,
    body: Body<CredentialBody>,
) -> Response {
    let id = path.into_inner();
    let input = body.0.into_input()?;
    let done = setup::set_credential(&state.context, &id, input, &caller.actor())
        .await
        .map_err(|error| setup_problem::problem(error, &id))?;
    state.activators.runs.wake();
    shown(done)
}

/// Asks the HR system whether the credential works.
///
/// The one that waits for permissions, if there is one, else the stored one.
#[utoipa::path(
    post, path = "/api/v1/directories/{directory_id}/check", tag = "Directories",
    operation_id = "check_credentials",
    responses(
        (status = 200, description = "What it may do.", body = CredentialCheckResponse),
        (status = 202, description = "It waits for permissions.", body = CredentialCheckResponse),
        (status = 404, description = "There is no such directory."),
        (status = 409, description = "`directory_disabled`, `no_credential`, or `conflict`: this \
            version does not sync with the HR system."),
        (status = 422, description = "`credential_refused` or `invalid_credential`: the one that \
            waited cannot be stored."),
    ),
)]
pub async fn check(state: State, caller: Caller, path: Path<DirectoryId>) -> Response {
    let id = path.into_inner();
    let found = setup::check(&state.context, &id, &caller.actor())
        .await
        .map_err(|error| setup_problem::problem(error, &id))?;
    state.activators.runs.wake();
    shown(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<CredentialBody, Problem> {
        CredentialBody::read(Members::parse(body.as_bytes())?)
    }

    #[test]
    fn all_that_is_wrong_is_named_and_nothing_is_repeated() {
        let sent = r#"{"api_key":["hush"],"text":" ","key":"hush"}"#;
        let Err(Problem::Invalid(errors)) = read(sent) else { panic!("must fail") };
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["api_key", "text", "key"]);
        assert!(errors.iter().all(|error| !error.message.contains("hush")));
    }

    #[test]
    fn one_form_is_needed_and_one_only() {
        let Err(Problem::Invalid(errors)) = read("{}") else { panic!("must fail") };
        assert_eq!(errors.first().map(|error| error.code), Some("required"));
        let both = read(r#"{"api_key":"a","text":"b"}"#).unwrap().into_input();
        assert!(matches!(both, Err(Problem::InvalidCredential { .. })));
        let pair = read(r#"{"access_key":"a","secret_access_key":"b","text":null}"#).unwrap();
        assert!(matches!(pair.into_input(), Ok(CredentialInput::KeyPair { .. })));
    }
}
