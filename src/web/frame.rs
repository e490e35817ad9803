//! The frame around every answer: a request id, and a JSON body on whatever is no success.
//!
//! Invariants:
//! - Every answer has `X-Request-ID`; the id is ours, whatever the caller sends.
//! - Every answer from 400 on has a problem body, also those that the server library makes, in the
//!   [`Form`] of its path.
//! - `HEAD` is answered as `GET` without the body, `OPTIONS` with the methods that are possible.
//! - The path is repeated to the caller only under `/api/`: a webhook's path holds its secret.
//! - The log gets the pattern of the route and never the path.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse};

use crate::domain::ids::RequestId;
use crate::web::error::{Form, Problem};
use crate::web::state::State;
use crate::web::{operator, pages, portal};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Tells htmx to load the page anew.
const LOAD_ANEW: HeaderName = HeaderName::from_static("hx-refresh");

/// Runs a request and frames its answer.
pub async fn frame(
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = req
        .app_data::<State>()
        .map(|state| RequestId::new(state.now(), state.context.random.as_ref()));
    let id = id.unwrap_or_else(|| RequestId::from_text("req_unknown"));
    req.extensions_mut().insert(id.clone());
    // No id has it in it, and PostgreSQL can not compare with it.
    if req.path().contains("%00") || req.path().contains('\0') {
        return Ok(finish(req.error_response(Problem::UnknownRoute), &id));
    }
    // The server library leaves the body out by itself.
    if req.method() == Method::HEAD {
        req.head_mut().method = Method::GET;
    }
    let answer = next.call(req).await?.map_into_boxed_body();
    Ok(finish(answer, &id))
}

fn finish(answer: ServiceResponse<BoxBody>, id: &RequestId) -> ServiceResponse<BoxBody> {
    let mut answer = with_body(answer, id);
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    if pages::headers::is_page(answer.request().path()) {
        pages::headers::put(answer.headers_mut());
    }
    let route = answer.request().match_pattern().unwrap_or_else(|| "unknown".to_owned());
    tracing::debug!(
        request.id = %id,
        http.method = %answer.request().method(),
        http.route = route,
        http.status = answer.status().as_u16(),
        "request answered"
    );
    answer
}

/// The answer as its reader gets it, but for the request id. It can be asked for early, by who has
/// to know the body; once more changes nothing.
pub fn with_body(answer: ServiceResponse<BoxBody>, id: &RequestId) -> ServiceResponse<BoxBody> {
    let status = answer.status();
    if status == StatusCode::METHOD_NOT_ALLOWED && answer.request().method() == Method::OPTIONS {
        return only_methods(answer);
    }
    if status.as_u16() < 400 { answer } else { with_problem(answer, id) }
}

/// What `OPTIONS` is answered: the `Allow` header that the refusal would have had.
fn only_methods(mut answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    *answer.response_mut().status_mut() = StatusCode::NO_CONTENT;
    answer.map_body(|_, _| BoxBody::new(()))
}

/// Gives an answer its problem body.
fn with_problem(answer: ServiceResponse<BoxBody>, id: &RequestId) -> ServiceResponse<BoxBody> {
    let path = answer.request().path().to_owned();
    let instance = path.starts_with("/api/").then_some(path.as_str());
    let form = Form::of(&path);
    let foreign;
    let problem = match answer.response().error().map(|error| error.as_error::<Problem>()) {
        Some(Some(problem)) => problem,
        _ if is_problem(&answer) => return answer,
        _ => {
            foreign = of_status(answer.status());
            &foreign
        }
    };
    if let Problem::Internal(source) = problem {
        tracing::error!(request_id = %id, source, "a request failed through our own fault");
    } else if problem.status().is_server_error() {
        tracing::warn!(request_id = %id, code = problem.code(), "a request could not be done");
    }
    let body = match form {
        Form::Page => page(&answer, problem, &path, id),
        Form::Own | Form::Compatible => problem.body(form, instance, id.as_str()).to_string(),
    };
    let visit_ended = form == Form::Page && matches!(problem, Problem::NoVisit);
    let (req, bare) = answer.into_parts();
    // Without the error, so that nobody takes it for an answer that still needs its body.
    let mut answer = HttpResponse::build(bare.status()).body(body);
    for (name, value) in bare.headers() {
        answer.headers_mut().append(name.clone(), value.clone());
    }
    let content_type = HeaderValue::from_static(form.content_type());
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    if visit_ended {
        // The live part of a page whose visit has ended makes place for the whole page.
        answer.headers_mut().insert(LOAD_ANEW, HeaderValue::from_static("true"));
    }
    ServiceResponse::new(req, answer)
}

/// The page of a problem.
fn page(
    answer: &ServiceResponse<BoxBody>,
    problem: &Problem,
    path: &str,
    id: &RequestId,
) -> String {
    let state = answer.request().app_data::<State>();
    let mails = state.is_some_and(|state| state.context.sends_mail);
    if pages::headers::is_operator_page(path) {
        return operator::problem::page(problem, path, id.as_str());
    }
    portal::problem::page(problem, path, mails, id.as_str())
}

/// Whether somebody has written a body that says what is wrong.
fn is_problem(answer: &ServiceResponse<BoxBody>) -> bool {
    let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|text| text.contains("json") || text.contains("html"))
}

/// The problem for a status that the server library answered by itself.
fn of_status(status: StatusCode) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::UnknownRoute,
        StatusCode::METHOD_NOT_ALLOWED => Problem::MethodNotAllowed,
        StatusCode::UNAUTHORIZED => Problem::Unauthorized,
        StatusCode::SERVICE_UNAVAILABLE => Problem::Unavailable,
        status if status.is_server_error() => {
            Problem::Internal(format!("the server library answered {status}"))
        }
        status => Problem::Protocol(status),
    }
}

/// Answers what no route takes.
pub async fn unknown_route() -> Result<HttpResponse, Problem> {
    Err(Problem::UnknownRoute)
}
