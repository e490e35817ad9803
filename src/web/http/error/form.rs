//! How a problem is written: the headers and the body, in the [`Form`] that the caller reads.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};

use super::{FieldError, Problem, in_english};
use crate::web::http::page_headers;

/// How a problem is written. Which one a caller gets depends on the path alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `application/problem+json`, for the own API.
    Own,
    /// `application/json` with `message`, `code` and `errors` beside the members of RFC 9457, as
    /// WorkOS SDKs read it (wire contract §5). Never with `error` or `error_description`.
    Compatible,
    /// A page for an admin, under `/portal`, or for the operator, under `/operator`.
    Page,
}

impl Form {
    /// The paths whose callers are no WorkOS SDK. Whatever else is asked for, known or not, may
    /// come from one.
    const OWN: &[&str] =
        &["/api", "/hooks", "/livez", "/readyz", "/metrics", "/openapi.json", "/docs"];

    /// The form for a request with this path.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let under = |own: &&str| {
            path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if Self::OWN.iter().any(under) {
            Self::Own
        } else if page_headers::is_page(path) {
            Self::Page
        } else {
            Self::Compatible
        }
    }

    /// The content type of the body.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Own => "application/problem+json",
            Self::Compatible => "application/json",
            Self::Page => "text/html; charset=utf-8",
        }
    }
}

impl Problem {
    /// Members of the body beyond those that all problems have.
    fn extras(&self) -> Vec<(&'static str, Value)> {
        match self {
            Self::Invalid(errors) => vec![("errors", json!(errors))],
            Self::InvalidUrl { message } => {
                let error = FieldError::new("endpoint_url", "invalid_url", message.clone());
                vec![("errors", json!([error]))]
            }
            Self::InvalidCredential { message } => {
                let error = FieldError::new("credential", "invalid", message.clone());
                vec![("errors", json!([error]))]
            }
            Self::AccountManaged { fields, directory, .. } => {
                vec![("fields", json!(fields)), ("directory_id", json!(directory))]
            }
            Self::AlreadyConnected { directory } => vec![("directory_id", json!(directory))],
            Self::CredentialRefused { check } => vec![("check", check.clone())],
            Self::ProviderFailed { class, .. } => vec![("class", json!(class))],
            Self::RunInProgress { run } => vec![("run_id", json!(run))],
            Self::BudgetSpent { retry_after_seconds } => {
                vec![("retry_after_seconds", json!(retry_after_seconds))]
            }
            _ => Vec::new(),
        }
    }

    /// The fixed word for this problem as WorkOS SDKs know it (wire contract §5).
    fn compatible_code(&self) -> &'static str {
        match self {
            // Only "sync now" spends calls on that surface.
            Self::BudgetSpent { .. } => "directory_sync_rate_limited",
            other => other.code(),
        }
    }

    /// The body of the answer.
    #[must_use]
    pub fn body(&self, form: Form, instance: Option<&str>, request_id: &str) -> Value {
        let mut body = serde_json::Map::new();
        let kind = self.code().replace('_', "-");
        body.insert("type".to_owned(), format!("urn:rollcall:problem:{kind}").into());
        body.insert("title".to_owned(), in_english(&self.title()).into());
        body.insert("status".to_owned(), self.status().as_u16().into());
        body.insert("detail".to_owned(), in_english(&self.detail()).into());
        if let Some(instance) = instance {
            body.insert("instance".to_owned(), instance.into());
        }
        body.insert("code".to_owned(), self.code().into());
        body.extend(self.extras().into_iter().map(|(name, value)| (name.to_owned(), value)));
        if form == Form::Compatible {
            body.insert("code".to_owned(), self.compatible_code().into());
            body.insert("message".to_owned(), in_english(&self.message()).into());
            if self.status() == StatusCode::BAD_REQUEST {
                // Without it the Node SDK does not take a 400 for a bad request.
                let error =
                    json!({"code": self.compatible_code(), "message": in_english(&self.detail())});
                body.entry("errors").or_insert_with(|| json!([error]));
            }
        }
        body.insert("request_id".to_owned(), request_id.into());
        Value::Object(body)
    }

    /// When the caller should ask again, in seconds.
    fn retry_after_seconds(&self) -> Option<i64> {
        match self {
            Self::BudgetSpent { retry_after_seconds }
            | Self::TooManyWrongKeys { retry_after_seconds } => Some((*retry_after_seconds).max(1)),
            Self::RequestUnderWay | Self::Unavailable | Self::Crowded => Some(1),
            Self::DatabaseAway | Self::NoWrites(_) => Some(5),
            _ => None,
        }
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    /// The status and headers only; [`crate::web::http::middleware`] adds the body.
    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status());
        if let Some(seconds) = self.retry_after_seconds() {
            answer.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if matches!(self, Self::Unauthorized) {
            answer.insert_header(("WWW-Authenticate", "Bearer"));
        }
        answer.finish()
    }
}
