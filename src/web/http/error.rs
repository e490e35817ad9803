//! What can go wrong with a request, and how the caller is told (RFC 9457, product description
//!
//!
//! A handler returns a [`Problem`]; [`crate::web::http::middleware`] writes the body, because only
//! it knows the request id and in which [`Form`] the caller reads. What no handler has foreseen is
//! a 500 and logged once, with that id.
//!
//! Invariants: no text of a problem repeats a secret, a webhook URL or a row's contents; the source
//! of an internal error goes to the log and not to the caller.
//!
//! Long because every refusal has its status, its type and its words side by side.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Value, json};

use crate::db::DbError;
use crate::db::error::NoWrites;
use crate::domain::failure::FailureClass;
use crate::domain::ids::{DirectoryId, RunId};
use crate::domain::provider::ProviderKind;
use crate::operations::OperationError;
use crate::web::http::page_headers;

/// One thing that is wrong with one member or parameter of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The member or parameter.
    pub field: String,
    /// What is wrong, as a fixed word.
    pub code: &'static str,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl FieldError {
    /// One thing that is wrong.
    pub fn new(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { field: field.into(), code, message: message.into() }
    }
}

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

/// Why a request was not done.
#[derive(Debug)]
pub enum Problem {
    /// No API key, or one that is unknown or revoked.
    Unauthorized,
    /// An API key is wrong, as were too many before it from the same address.
    TooManyWrongKeys {
        /// When a wrong key is only refused again, in seconds.
        retry_after_seconds: i64,
    },
    /// A page of the portal or the operator's is asked for outside a visit to it.
    NoVisit,
    /// A form that does not come from the page it belongs to.
    ForeignForm,
    /// There is nothing at this address.
    UnknownRoute,
    /// The address is right, the method is not.
    MethodNotAllowed,
    /// The body is no JSON; says where.
    MalformedJson {
        /// What is wrong and where.
        detail: String,
    },
    /// The body could not be read to its end.
    UnreadableBody,
    /// The body did not arrive in time.
    TooSlow {
        /// How long it may take.
        ms_max: u64,
    },
    /// Too many people who are not signed in send forms at the same time, and this one has taken
    /// longest (O-08).
    Crowded,
    /// The body is too large.
    TooLarge {
        /// How large it may be.
        bytes_max: usize,
    },
    /// Members or parameters are wrong.
    Invalid(Vec<FieldError>),
    /// The named thing does not exist.
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// Its id as the caller wrote it; empty when it must not be repeated.
        id: String,
    },
    /// Another one in this organization has this e-mail.
    EmailTaken,
    /// The last admin of an organization that is connected (S-45).
    LastAdmin,
    /// Another one has this external id.
    ExternalIdTaken,
    /// A directory manages these fields of the account (S-10).
    AccountManaged {
        /// The fields, by their names in the API.
        fields: Vec<String>,
        /// The directory that manages them.
        directory: DirectoryId,
        /// Whether the account was to be deleted.
        deleting: bool,
    },
    /// There is an endpoint with this URL already (wire contract §4).
    DuplicateEndpoint,
    /// What was given cannot be the URL of an endpoint.
    InvalidUrl {
        /// What is wrong with it.
        message: String,
    },
    /// The organization still has directories that are not disabled.
    OrganizationInUse,
    /// The operator has not allowed this HR system for the organization (L-01).
    ProviderNotAllowed {
        /// The HR system.
        provider: ProviderKind,
    },
    /// The organization is connected to this HR system already (L-01).
    AlreadyConnected {
        /// Its directory.
        directory: DirectoryId,
    },
    /// The directory is disabled, which is for good (L-09).
    DirectoryDisabled,
    /// The directory has no credential yet.
    NoCredential,
    /// The organization has no admin who could be told of failures (S-45).
    NoAdmin,
    /// The HR system refused the credential, or it lacks a needed permission (L-04).
    CredentialRefused {
        /// The check, as it is shown.
        check: Value,
    },
    /// What was given cannot be a credential of this HR system.
    InvalidCredential {
        /// What is wrong with it.
        message: String,
    },
    /// A full sync is under way already.
    RunInProgress {
        /// Which.
        run: RunId,
    },
    /// The calls that the HR system allows per minute are used up (S-44).
    BudgetSpent {
        /// When to ask again, in seconds.
        retry_after_seconds: i64,
    },
    /// The HR system could not be asked.
    ProviderFailed {
        /// What kind of failure it is, as admins are told of it.
        class: FailureClass,
        /// What happened, without personal data or secrets.
        message: String,
    },
    /// The state of the thing does not allow this.
    Conflict {
        /// Why not, and what to do.
        message: String,
    },
    /// The cursor is no event id.
    InvalidCursor,
    /// The cursor is older than the oldest event that is kept.
    CursorExpired,
    /// This idempotency key was used for another request.
    IdempotencyKeyReused,
    /// The first request with this idempotency key is not answered yet.
    RequestUnderWay,
    /// Too busy, or the database is away; the same request may succeed soon.
    Unavailable,
    /// The database cannot be reached; the same request may succeed soon.
    DatabaseAway,
    /// The database answers and takes no changes (O-08).
    NoWrites(NoWrites),
    /// An HTTP-level refusal by the server library.
    Protocol(StatusCode),
    /// Our own fault; the text is for the log.
    Internal(String),
}

impl Problem {
    /// One wrong member or parameter.
    pub fn invalid(field: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, code, message)])
    }

    /// What a failed look-up by id means: 404 naming what was looked for, or the database's fault.
    pub fn of_lookup(error: DbError, what: &'static str, id: impl fmt::Display) -> Self {
        match error {
            DbError::NotFound => Self::NotFound { what, id: shown_id(&id.to_string()) },
            other => other.into(),
        }
    }

    /// What a refused write of an organization, admin or account means.
    pub fn of_write(error: DbError) -> Self {
        if error.is_conflict_on("email_norm") {
            Self::EmailTaken
        } else if error.is_conflict_on("external_id") {
            Self::ExternalIdTaken
        } else {
            error.into()
        }
    }

    /// The fixed word for this problem.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::TooManyWrongKeys { .. } => "too_many_wrong_keys",
            Self::NoVisit => "no_visit",
            Self::ForeignForm => "foreign_form",
            Self::UnknownRoute => "unknown_route",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::MalformedJson { .. } => "malformed_json",
            Self::UnreadableBody => "unreadable_body",
            Self::TooSlow { .. } => "body_too_slow",
            Self::Crowded => "crowded",
            Self::TooLarge { .. } => "body_too_large",
            Self::Invalid(_) => "invalid_request_parameters",
            Self::NotFound { .. } => "entity_not_found",
            Self::EmailTaken => "email_taken",
            Self::LastAdmin => "last_admin",
            Self::ExternalIdTaken => "external_id_taken",
            Self::AccountManaged { .. } => "account-managed",
            Self::DuplicateEndpoint => "duplicate_endpoint",
            Self::InvalidUrl { .. } => "invalid_url",
            Self::OrganizationInUse => "organization_in_use",
            Self::ProviderNotAllowed { .. } => "provider_not_allowed",
            Self::AlreadyConnected { .. } => "already_connected",
            Self::DirectoryDisabled => "directory_disabled",
            Self::NoCredential => "no_credential",
            Self::NoAdmin => "no_admin",
            Self::CredentialRefused { .. } => "credential_refused",
            Self::InvalidCredential { .. } => "invalid_credential",
            Self::RunInProgress { .. } => "run_in_progress",
            Self::BudgetSpent { .. } => "call_budget_spent",
            Self::ProviderFailed { .. } => "provider_failed",
            Self::Conflict { .. } => "conflict",
            Self::InvalidCursor => "invalid_cursor",
            Self::CursorExpired => "cursor_expired",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::RequestUnderWay => "request_under_way",
            Self::Unavailable | Self::DatabaseAway | Self::NoWrites(_) => "unavailable",
            Self::Protocol(_) => "bad_request",
            Self::Internal(_) => "server_error",
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized | Self::NoVisit => StatusCode::UNAUTHORIZED,
            Self::ForeignForm => StatusCode::FORBIDDEN,
            Self::UnknownRoute | Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::MalformedJson { .. }
            | Self::UnreadableBody
            | Self::InvalidCursor
            | Self::CursorExpired => StatusCode::BAD_REQUEST,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Invalid(_)
            | Self::ProviderNotAllowed { .. }
            | Self::CredentialRefused { .. }
            | Self::IdempotencyKeyReused
            | Self::InvalidUrl { .. }
            | Self::InvalidCredential { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::EmailTaken
            | Self::LastAdmin
            | Self::ExternalIdTaken
            | Self::AccountManaged { .. }
            | Self::DuplicateEndpoint
            | Self::OrganizationInUse
            | Self::AlreadyConnected { .. }
            | Self::DirectoryDisabled
            | Self::NoCredential
            | Self::NoAdmin
            | Self::RunInProgress { .. }
            | Self::RequestUnderWay
            | Self::Conflict { .. } => StatusCode::CONFLICT,
            Self::BudgetSpent { .. } | Self::TooManyWrongKeys { .. } => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::TooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::ProviderFailed { .. } => StatusCode::BAD_GATEWAY,
            Self::Unavailable | Self::DatabaseAway | Self::NoWrites(_) | Self::Crowded => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Protocol(status) => *status,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What kind of problem it is, in a few words that never change.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::Unauthorized => "A valid API key is needed",
            Self::TooManyWrongKeys { .. } => "Too many API keys were wrong",
            Self::NoVisit => "Sign in to the HR connection",
            Self::ForeignForm => "The form does not come from its page",
            Self::UnknownRoute => "There is nothing at this address",
            Self::MethodNotAllowed => "This method is not possible here",
            Self::MalformedJson { .. } => "The body is not JSON",
            Self::UnreadableBody => "The body could not be read",
            Self::TooSlow { .. } => "The body did not arrive in time",
            Self::Crowded => "Too many forms at the same time",
            Self::TooLarge { .. } => "The body is too large",
            Self::Invalid(_) => "Validation failed",
            Self::NotFound { .. } => "Not found",
            Self::EmailTaken => "This e-mail is taken",
            Self::LastAdmin => "The organization needs an admin",
            Self::ExternalIdTaken => "This external id is taken",
            Self::AccountManaged { .. } => "A directory manages this account",
            Self::DuplicateEndpoint => "There is an endpoint with this URL already",
            Self::InvalidUrl { .. } => "This cannot be the URL of an endpoint",
            Self::OrganizationInUse => "The organization has a connected directory",
            Self::ProviderNotAllowed { .. } => "This HR system is not allowed here",
            Self::AlreadyConnected { .. } => "This HR system is connected already",
            Self::DirectoryDisabled => "The directory is disabled",
            Self::NoCredential => "The directory has no credential",
            Self::NoAdmin => "The organization has no admin",
            Self::CredentialRefused { .. } => "The HR system refused the credential",
            Self::InvalidCredential { .. } => "This cannot be a credential",
            Self::RunInProgress { .. } => "A full sync is under way",
            Self::BudgetSpent { .. } => "The calls of this minute are used up",
            Self::ProviderFailed { .. } => "The HR system could not be asked",
            Self::Conflict { .. } => "Not possible in this state",
            Self::InvalidCursor => "The cursor is not an event id",
            Self::CursorExpired => "The cursor is too old",
            Self::IdempotencyKeyReused => "This idempotency key was used for another request",
            Self::RequestUnderWay => "The first request with this key is under way",
            Self::Unavailable | Self::DatabaseAway | Self::NoWrites(_) => {
                "Not available at the moment"
            }
            Self::Protocol(_) => "The request cannot be understood",
            Self::Internal(_) => "Something went wrong on our side",
        }
    }

    /// What is wrong with this request and what to do about it.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::MalformedJson { detail } => detail.clone(),
            Self::TooLarge { bytes_max } => {
                format!("The body may have at most {bytes_max} bytes, after decompression.")
            }
            Self::TooSlow { ms_max } => {
                format!("It has to be there within {} seconds. Send it again.", ms_max / 1_000)
            }
            Self::TooManyWrongKeys { retry_after_seconds } => format!(
                "This key is not valid, nor were many others from this address. Use a valid key; \
                 wrong ones may be tried again in {retry_after_seconds} seconds."
            ),
            Self::Invalid(errors) => validation_detail(errors),
            Self::NotFound { what, id } if id.is_empty() => format!("{what} not found."),
            Self::NotFound { what, id } => format!("{what} not found: '{id}'."),
            Self::AccountManaged { directory, deleting: true, .. } => format!(
                "The account cannot be deleted: the directory {directory} manages it. \
                 Disable the directory first."
            ),
            Self::AccountManaged { fields, directory, .. } => format!(
                "{} cannot be changed here: the directory {directory} manages this account. \
                 Change it in the HR system.",
                fields.join(", ")
            ),
            Self::ProviderNotAllowed { provider } => format!(
                "{} is not among the allowed_providers of the organization. \
                 Add \"{provider}\" there first.",
                provider.title()
            ),
            Self::InvalidUrl { message } => format!("endpoint_url {message}."),
            Self::AlreadyConnected { directory } => format!(
                "The directory {directory} connects this organization to this HR system. \
                 Disable it before making another."
            ),
            Self::InvalidCredential { message }
            | Self::ProviderFailed { message, .. }
            | Self::Conflict { message } => message.clone(),
            Self::RunInProgress { run } => {
                format!("The run {run} is not finished. Its end brings everything up to date.")
            }
            Self::BudgetSpent { retry_after_seconds } => {
                format!("Ask again in {retry_after_seconds} seconds.")
            }
            plain => plain.plain_detail().to_owned(),
        }
    }

    /// The details that are the same each time.
    fn plain_detail(&self) -> &'static str {
        match self {
            Self::Unauthorized => {
                "Send the header `Authorization: Bearer sk_live_…` with an API key that is not \
                 revoked. `rollcall keys create` makes one."
            }
            Self::UnknownRoute => "No part of Rollcall answers at this address.",
            Self::MethodNotAllowed => "The `Allow` header names the methods that are possible.",
            Self::UnreadableBody => {
                "The body ended early, or its compression is broken. Send it again."
            }
            Self::LastAdmin => {
                "Somebody has to be told when the connection to the HR system fails. Add another \
                 admin first, or disable the directories."
            }
            Self::EmailTaken => {
                "Another one in this organization has this e-mail. Case makes no difference."
            }
            Self::ExternalIdTaken => "Another one has this external_id already.",
            Self::DuplicateEndpoint => "Change the endpoint with this URL, or delete it first.",
            Self::OrganizationInUse => "Disable its directories first.",
            Self::DirectoryDisabled => {
                "A disabled directory stays disabled. Make a new directory to connect again."
            }
            Self::NoCredential => {
                "Enter a credential first: PUT …/credentials. One that waits for its permissions \
                 counts as soon as it has them: POST …/check."
            }
            Self::NoAdmin => {
                "Add an admin to the organization first, so that somebody is told of failures."
            }
            Self::CredentialRefused { .. } => {
                "The credential was refused or lacks a needed permission; nothing was stored. \
                 The member `check` tells which."
            }
            Self::InvalidCursor => "Use the id of an event as `after`, as the feed gave it.",
            Self::CursorExpired => {
                "Events after this cursor were deleted. Read the present state of the \
                 directories, then follow the feed without `after`."
            }
            Self::IdempotencyKeyReused => {
                "The same Idempotency-Key came with another path or body within 24 hours. Use a \
                 new key for a new request."
            }
            Self::RequestUnderWay => {
                "A request with this Idempotency-Key is not answered yet. Send it again soon; \
                 then the first answer is repeated."
            }
            Self::Crowded => "Send it again.",
            Self::Unavailable => "Too much is waiting. Try again soon.",
            Self::DatabaseAway => "The database cannot be reached. Try again soon.",
            Self::NoWrites(NoWrites::DiskFull) => {
                "The disk of the database is full, so nothing can be changed. Try again later."
            }
            Self::NoWrites(NoWrites::ReadOnly) => {
                "The database is read-only at the moment, so nothing can be changed. Try again \
                 later."
            }
            Self::Internal(_) => {
                "Our log has the details under the request id. Trying again may help."
            }
            _ => "The request cannot be understood.",
        }
    }

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

    /// The text that WorkOS SDKs show.
    fn message(&self) -> String {
        match self {
            Self::Unauthorized => "Unauthorized".to_owned(),
            Self::Invalid(_) => "Validation failed.".to_owned(),
            other => other.detail(),
        }
    }

    /// The body of the answer.
    #[must_use]
    pub fn body(&self, form: Form, instance: Option<&str>, request_id: &str) -> Value {
        let mut body = serde_json::Map::new();
        let kind = self.code().replace('_', "-");
        body.insert("type".to_owned(), format!("urn:rollcall:problem:{kind}").into());
        body.insert("title".to_owned(), self.title().into());
        body.insert("status".to_owned(), self.status().as_u16().into());
        body.insert("detail".to_owned(), self.detail().into());
        if let Some(instance) = instance {
            body.insert("instance".to_owned(), instance.into());
        }
        body.insert("code".to_owned(), self.code().into());
        body.extend(self.extras().into_iter().map(|(name, value)| (name.to_owned(), value)));
        if form == Form::Compatible {
            body.insert("code".to_owned(), self.compatible_code().into());
            body.insert("message".to_owned(), self.message().into());
            if self.status() == StatusCode::BAD_REQUEST {
                // Without it the Node SDK does not take a 400 for a bad request.
                let error = json!({"code": self.compatible_code(), "message": self.detail()});
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

/// "Validation failed." with the first finding, so that a plain log line already helps.
fn validation_detail(errors: &[FieldError]) -> String {
    match errors.first() {
        Some(first) => format!("{}: {}", first.field, first.message),
        None => "Validation failed.".to_owned(),
    }
}

/// What of an id that a caller wrote is repeated to them: text of a sane length without surprises.
pub fn shown_id(id: &str) -> String {
    id.chars().filter(|c| c.is_ascii_graphic() && !"<>'\"&".contains(*c)).take(100).collect()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

impl From<OperationError> for Problem {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::NotFound { what, id } => Self::NotFound { what, id: shown_id(&id) },
            OperationError::Invalid { field, code, message } => Self::invalid(field, code, message),
            OperationError::InvalidItems { field, wrong } => {
                let told = wrong.into_iter().map(|wrong| {
                    let message = format!("{} {}", shown_id(&wrong.item), wrong.why);
                    FieldError::new(field, wrong.code, message)
                });
                Self::Invalid(told.collect())
            }
            OperationError::InvalidUrl { message } => Self::InvalidUrl { message },
            OperationError::EmailTaken => Self::EmailTaken,
            OperationError::ExternalIdTaken => Self::ExternalIdTaken,
            OperationError::LastAdmin => Self::LastAdmin,
            OperationError::OrganizationInUse => Self::OrganizationInUse,
            OperationError::DirectoryDisabled => Self::DirectoryDisabled,
            OperationError::DuplicateEndpoint => Self::DuplicateEndpoint,
            OperationError::AccountManaged { fields, directory, deleting } => {
                Self::AccountManaged { fields, directory, deleting }
            }
            OperationError::Conflict { message } => Self::Conflict { message },
            OperationError::Internal(text) => Self::Internal(text),
            OperationError::Db(error) => error.into(),
        }
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match error {
            DbError::NotFound => Self::NotFound { what: "Object", id: String::new() },
            DbError::Busy | DbError::Unavailable(_) => Self::Unavailable,
            DbError::Away(_) => Self::DatabaseAway,
            DbError::NoWrites(why) => Self::NoWrites(why),
            other => Self::Internal(other.to_string()),
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

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
