//! The status and the fixed word of each problem.

use actix_web::http::StatusCode;

use super::Problem;

impl Problem {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status_and_code().0
    }

    /// The fixed word for this problem.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.status_and_code().1
    }

    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::TooManyWrongKeys { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_wrong_keys"),
            Self::NoVisit => (StatusCode::UNAUTHORIZED, "no_visit"),
            Self::ForeignForm => (StatusCode::FORBIDDEN, "foreign_form"),
            Self::UnknownRoute => (StatusCode::NOT_FOUND, "unknown_route"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::MalformedJson { .. } => (StatusCode::BAD_REQUEST, "malformed_json"),
            Self::UnreadableBody => (StatusCode::BAD_REQUEST, "unreadable_body"),
            Self::TooSlow { .. } => (StatusCode::REQUEST_TIMEOUT, "body_too_slow"),
            Self::Crowded => (StatusCode::SERVICE_UNAVAILABLE, "crowded"),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_request_parameters"),
            Self::NotFound { .. } => (StatusCode::NOT_FOUND, "entity_not_found"),
            Self::EmailTaken => (StatusCode::CONFLICT, "email_taken"),
            Self::LastAdmin => (StatusCode::CONFLICT, "last_admin"),
            Self::ExternalIdTaken => (StatusCode::CONFLICT, "external_id_taken"),
            Self::AccountManaged { .. } => (StatusCode::CONFLICT, "account-managed"),
            Self::DuplicateEndpoint => (StatusCode::CONFLICT, "duplicate_endpoint"),
            Self::InvalidUrl { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_url"),
            Self::OrganizationInUse => (StatusCode::CONFLICT, "organization_in_use"),
            Self::ProviderNotAllowed { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "provider_not_allowed")
            }
            Self::AlreadyConnected { .. } => (StatusCode::CONFLICT, "already_connected"),
            Self::DirectoryDisabled => (StatusCode::CONFLICT, "directory_disabled"),
            Self::NoCredential => (StatusCode::CONFLICT, "no_credential"),
            Self::NoAdmin => (StatusCode::CONFLICT, "no_admin"),
            Self::CredentialRefused { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "credential_refused")
            }
            Self::InvalidCredential { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid_credential")
            }
            Self::RunInProgress { .. } => (StatusCode::CONFLICT, "run_in_progress"),
            Self::BudgetSpent { .. } => (StatusCode::TOO_MANY_REQUESTS, "call_budget_spent"),
            Self::ProviderFailed { .. } => (StatusCode::BAD_GATEWAY, "provider_failed"),
            Self::Conflict { .. } => (StatusCode::CONFLICT, "conflict"),
            Self::InvalidCursor => (StatusCode::BAD_REQUEST, "invalid_cursor"),
            Self::CursorExpired => (StatusCode::BAD_REQUEST, "cursor_expired"),
            Self::IdempotencyKeyReused => {
                (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused")
            }
            Self::RequestUnderWay => (StatusCode::CONFLICT, "request_under_way"),
            Self::Unavailable | Self::DatabaseAway | Self::NoWrites(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
            }
            Self::Protocol(status) => (*status, "bad_request"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
        }
    }
}
