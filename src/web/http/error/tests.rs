//! How problems are written.

use actix_web::ResponseError as _;
use actix_web::http::header::RETRY_AFTER;
use serde_json::json;

use super::*;

#[test]
fn s_10_a_managed_account_names_fields_and_directory() {
    let problem = Problem::AccountManaged {
        fields: vec!["first_name".to_owned()],
        directory: DirectoryId::from_text("directory_1"),
        deleting: false,
    };
    let body = problem.body(Form::Own, Some("/api/v1/accounts/account_1"), "req_1");
    assert_eq!(body["type"], "urn:rollcall:problem:account-managed");
    assert_eq!(body["status"], 409);
    assert_eq!(body["fields"], json!(["first_name"]));
    assert_eq!(body["directory_id"], "directory_1");
    assert!(body["detail"].as_str().unwrap().contains("directory_1"));
    assert_eq!(body["request_id"], "req_1");
}

#[test]
fn the_database_s_errors_become_the_right_status() {
    let conflict = |rule: &str| DbError::Conflict { rule: rule.to_owned() };
    let status = |problem: Problem| problem.status().as_u16();
    assert_eq!(status(DbError::Busy.into()), 503);
    assert_eq!(status(DbError::Unavailable(String::new()).into()), 503);
    assert_eq!(status(DbError::Away(String::new()).into()), 503);
    assert_eq!(status(DbError::NotFound.into()), 404);
    assert_eq!(status(DbError::Corrupt(String::new()).into()), 500);
    assert_eq!(status(DbError::Panicked.into()), 500);
    assert_eq!(Problem::of_write(conflict("accounts.email_norm")).code(), "email_taken");
    assert_eq!(
        Problem::of_write(conflict("accounts_organization_id_external_id")).code(),
        "external_id_taken"
    );
    assert_eq!(status(Problem::of_write(conflict("links.id"))), 500);
}

#[test]
fn what_went_wrong_inside_is_not_shown_to_the_caller() {
    for form in [Form::Own, Form::Compatible] {
        let problem = Problem::Internal("SELECT broke".to_owned());
        let body = problem.body(form, None, "req_1").to_string();
        assert!(!body.contains("SELECT"), "{body}");
    }
}

#[test]
fn a_02_the_path_decides_how_a_problem_is_written() {
    for own in ["/api/v1/events", "/api", "/hooks/people-hr/x", "/livez"] {
        assert_eq!(Form::of(own), Form::Own, "{own}");
    }
    for other in ["/directories", "/events", "/portal/generate_link", "/apis", "/operators"] {
        assert_eq!(Form::of(other), Form::Compatible, "{other}");
    }
    let pages = ["/portal", "/portal/directories/directory_1", "/portal/enter/x", "/operator"];
    for page in pages.into_iter().chain(["/operator/endpoints/we_1"]) {
        assert_eq!(Form::of(page), Form::Page, "{page}");
    }
}

#[test]
fn a_02_a_compatible_body_has_what_the_sdks_read_and_nothing_that_misleads_them() {
    let body = |problem: Problem| problem.body(Form::Compatible, None, "req_1");
    let refused = body(Problem::Unauthorized);
    assert_eq!(refused["message"], "Unauthorized");
    let invalid = body(Problem::invalid("limit", "out_of_range", "must be from 1 to 100"));
    assert_eq!(invalid["message"], "Validation failed.");
    assert_eq!(invalid["code"], "invalid_request_parameters");
    assert_eq!(invalid["errors"][0]["field"], "limit");
    let spent = body(Problem::BudgetSpent { retry_after_seconds: 30 });
    assert_eq!(spent["code"], "directory_sync_rate_limited");
    assert_eq!(spent["retry_after_seconds"], 30);
    let expired = body(Problem::CursorExpired);
    assert_eq!(expired["errors"][0]["code"], "cursor_expired");
    for body in [refused, invalid, spent, expired] {
        assert!(body["message"].is_string() && body["code"].is_string(), "{body}");
        assert_eq!(body["error"], Value::Null);
        assert_eq!(body["error_description"], Value::Null);
    }
}

#[test]
fn an_unavailable_database_says_when_to_ask_again() {
    let answer = Problem::Unavailable.error_response();
    assert!(answer.headers().contains_key(RETRY_AFTER));
}
