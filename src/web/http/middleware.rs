//! The frame around every answer: a request id, and a JSON body on whatever is no success.
//!
//! Invariants:
//! - Every answer has `X-Request-ID`; the id is ours, whatever the caller sends.
//! - Every answer from 400 on has a problem body, also those that the server library makes, in the
//!   [`Form`] of its path.
//! - `HEAD` is answered as `GET` without the body, `OPTIONS` with the methods that are possible.
//! - The path is repeated to the caller only under `/api/`: a webhook's path holds its secret.
//! - The log gets the pattern of the route and never the path.
//! - A connection whose body was not read to its end is closed after the answer (O-08).

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{self, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, TRANSFER_ENCODING};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage, HttpResponse};
use futures_util::Stream;

use crate::domain::ids::RequestId;
use crate::web::http::error::{Form, Problem};
use crate::web::http::page_headers;
use crate::web::http::state::State;

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
    // No id has it in it, and PostgreSQL cannot compare with it.
    if req.path().contains("%00") || req.path().contains('\0') {
        return Ok(finish(req.error_response(Problem::UnknownRoute), &id));
    }
    // The server library leaves the body out by itself.
    if req.method() == Method::HEAD {
        req.head_mut().method = Method::GET;
    }
    let unread = Unread::of(&mut req);
    let answer = next.call(req).await?.map_into_boxed_body();
    Ok(finish(answer, &id).map_body(|_, body| match unread {
        Some(unread) => BoxBody::new(Holding { body, _unread: unread }),
        None => body,
    }))
}

/// The body of a request that does not say how long it is. The server library waits for the end of
/// such a body for ever once nobody wants it any more, so it is wanted until the answer is out;
/// then the library closes the connection if the end was not reached.
#[derive(Clone)]
struct Unread(Rc<RefCell<Payload>>);

impl Unread {
    fn of(req: &mut ServiceRequest) -> Option<Self> {
        if !req.headers().contains_key(TRANSFER_ENCODING) {
            return None;
        }
        let unread = Self(Rc::new(RefCell::new(req.take_payload())));
        let shared: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> =
            Box::pin(unread.clone());
        req.set_payload(Payload::from(shared));
        Some(unread)
    }
}

impl Stream for Unread {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(cx)
    }
}

/// The body of an answer, and what must live as long.
struct Holding {
    body: BoxBody,
    _unread: Unread,
}

impl MessageBody for Holding {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

fn finish(answer: ServiceResponse<BoxBody>, id: &RequestId) -> ServiceResponse<BoxBody> {
    let mut answer = with_body(answer, id);
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    if page_headers::is_page(answer.request().path()) {
        page_headers::put(answer.headers_mut());
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
    } else if problem.status().is_server_error() && !is_told_elsewhere(problem) {
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

/// Whether the log tells of a problem already, once for all (an outage), or not at all, because
/// strangers could fill it.
fn is_told_elsewhere(problem: &Problem) -> bool {
    matches!(problem, Problem::DatabaseAway | Problem::NoWrites(_) | Problem::Crowded)
}

/// The page of a problem.
fn page(
    answer: &ServiceResponse<BoxBody>,
    problem: &Problem,
    path: &str,
    id: &RequestId,
) -> String {
    // Without the state nothing can be answered anyway.
    let Some(state) = answer.request().app_data::<State>() else { return String::new() };
    (state.problem_page)(problem, path, state.context.sends_mail, id)
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
