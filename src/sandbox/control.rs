//! What the control routes of all sandboxes have in common: JSON over HTTP, without any Rust.
//!
//! Every route calls the method that tests call in process; nothing is decided here. Errors are
//! `{"error": …}` and say how to mend the request. Must not know one HR system from another.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::person::{PersonView, Standing};
use super::register::{ChangeError, Edit, Hire, Leave};

const PEOPLE_LISTED_DEFAULT: usize = 100;

/// An HR system whose people can be changed.
pub(super) trait Staffed: 'static {
    /// What a change answers.
    type Changed: Serialize;
    /// Its fault switches.
    type Faults: Default + Serialize + DeserializeOwned;
    /// An entry of the log of calls.
    type Call: Serialize;

    fn views(&self) -> Vec<PersonView>;
    fn view(&self, id: &str) -> Result<PersonView, ChangeError>;
    async fn hire(&self, hire: &Hire) -> Result<Self::Changed, ChangeError>;
    async fn edit(&self, id: &str, edit: &Edit) -> Result<Self::Changed, ChangeError>;
    async fn leave(&self, id: &str, leave: &Leave) -> Result<Self::Changed, ChangeError>;
    async fn rehire(&self, id: &str) -> Result<Self::Changed, ChangeError>;
    async fn delete(&self, id: &str) -> Result<Self::Changed, ChangeError>;
    fn faults(&self) -> Self::Faults;
    /// Sets the switches; the error says which value cannot be.
    fn switch(&self, faults: Self::Faults) -> Result<(), ChangeError>;
    fn calls(&self) -> Vec<Self::Call>;
    fn clear_logs(&self);
}

/// The routes that every HR system has, as the index lists them.
pub(super) const ROUTES: &[(&str, &str)] = &[
    ("GET /people?standing=&search=&limit=&offset=", "everybody"),
    ("POST /people", "hire: {first_name, last_name, …}"),
    ("GET /people/{id}", "one person"),
    ("PATCH /people/{id}", "edit: only the fields that change"),
    ("DELETE /people/{id}", "delete the record"),
    ("POST /people/{id}/leave", "mark as leaver: {leaving_date, immediately, blank_email}"),
    ("POST /people/{id}/rehire", "take the leaving back"),
    ("GET /faults", "the fault switches"),
    ("PUT /faults", "set all fault switches; what is left out goes back to normal"),
    ("GET /calls", "calls of the vendor's API, oldest first"),
    ("DELETE /calls", "forget the calls so far"),
];

/// Adds the routes that every HR system has.
pub(super) fn routes<S: Staffed>(config: &mut web::ServiceConfig) {
    config
        .route("/people", web::get().to(list_people::<S>))
        .route("/people", web::post().to(hire::<S>))
        .route("/people/{id}", web::get().to(show_person::<S>))
        .route("/people/{id}", web::patch().to(edit::<S>))
        .route("/people/{id}", web::delete().to(delete::<S>))
        .route("/people/{id}/leave", web::post().to(leave::<S>))
        .route("/people/{id}/rehire", web::post().to(rehire::<S>))
        .route("/faults", web::get().to(show_faults::<S>))
        .route("/faults", web::put().to(set_faults::<S>))
        .route("/calls", web::get().to(list_calls::<S>))
        .route("/calls", web::delete().to(clear_calls::<S>));
}

/// A request that was refused.
#[derive(Debug)]
pub(super) struct Refused(pub StatusCode, pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.1)
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        self.0
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.0).json(json!({ "error": self.1 }))
    }
}

impl From<ChangeError> for Refused {
    fn from(error: ChangeError) -> Self {
        let status = match &error {
            ChangeError::Unknown { .. } => StatusCode::NOT_FOUND,
            ChangeError::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            ChangeError::Conflict(_) => StatusCode::CONFLICT,
        };
        Self(status, error.to_string())
    }
}

/// An answer of a control route.
pub(super) type Reply = Result<HttpResponse, Refused>;

pub(super) fn ok(value: impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(value)
}

pub(super) fn created(value: impl Serialize) -> HttpResponse {
    HttpResponse::Created().json(value)
}

/// The answer to a change of a key that has nothing to show: done, or there is no such key.
pub(super) fn found(was_there: bool, list_route: &str) -> Reply {
    if was_there {
        return Ok(HttpResponse::NoContent().finish());
    }
    let text = format!("There is no such API key; GET {list_route} lists them.");
    Err(Refused(StatusCode::NOT_FOUND, text))
}

/// The body of a request; an empty one is `{}`.
pub(super) fn body<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Refused> {
    let text: &[u8] = if bytes.trim_ascii().is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(text).map_err(|error| {
        let status = match error.classify() {
            serde_json::error::Category::Data => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::BAD_REQUEST,
        };
        Refused(status, format!("The body is not the JSON that this route takes: {error}."))
    })
}

/// The answer for a route that there is not.
pub(super) async fn no_such_route(request: HttpRequest) -> HttpResponse {
    let (method, path) = (request.method(), request.path());
    let error = format!("There is no {method} {path}. GET /_sandbox lists what there is.");
    HttpResponse::NotFound().json(json!({ "error": error }))
}

#[derive(Deserialize)]
struct Listing {
    standing: Option<Standing>,
    search: Option<String>,
    limit: Option<usize>,
    offset: Option<usize>,
}

/// Everybody of a standing (none for all) in whose record a text stands, in the order of hiring.
pub(super) fn listed<S: Staffed>(
    hr: &S,
    standing: Option<Standing>,
    search: &str,
) -> Vec<PersonView> {
    let wanted = search.trim().to_lowercase();
    let shown = |person: &PersonView| {
        let full_name = format!("{} {}", person.first_name, person.last_name);
        let texts =
            [&person.employee_id, &full_name, &person.email, &person.department, &person.job_role];
        let found = texts.iter().any(|text| text.to_lowercase().contains(&wanted));
        found && standing.is_none_or(|standing| standing == person.standing)
    };
    hr.views().into_iter().filter(shown).collect()
}

async fn list_people<S: Staffed>(hr: Data<S>, listing: Query<Listing>) -> HttpResponse {
    let search = listing.search.as_deref().unwrap_or_default();
    let people = listed(hr.get_ref(), listing.standing, search);
    let limit = listing.limit.unwrap_or(PEOPLE_LISTED_DEFAULT);
    let page = people.iter().skip(listing.offset.unwrap_or(0)).take(limit);
    ok(json!({ "total": people.len(), "people": page.collect::<Vec<_>>() }))
}

async fn show_person<S: Staffed>(hr: Data<S>, id: Path<String>) -> Reply {
    Ok(ok(hr.view(&id)?))
}

async fn hire<S: Staffed>(hr: Data<S>, bytes: Bytes) -> Reply {
    let wanted: Hire = body(&bytes)?;
    Ok(created(hr.hire(&wanted).await?))
}

async fn edit<S: Staffed>(hr: Data<S>, id: Path<String>, bytes: Bytes) -> Reply {
    let wanted: Edit = body(&bytes)?;
    Ok(ok(hr.edit(&id, &wanted).await?))
}

async fn delete<S: Staffed>(hr: Data<S>, id: Path<String>) -> Reply {
    Ok(ok(hr.delete(&id).await?))
}

async fn leave<S: Staffed>(hr: Data<S>, id: Path<String>, bytes: Bytes) -> Reply {
    let wanted: Leave = body(&bytes)?;
    Ok(ok(hr.leave(&id, &wanted).await?))
}

async fn rehire<S: Staffed>(hr: Data<S>, id: Path<String>) -> Reply {
    Ok(ok(hr.rehire(&id).await?))
}

async fn show_faults<S: Staffed>(hr: Data<S>) -> HttpResponse {
    ok(hr.faults())
}

async fn set_faults<S: Staffed>(hr: Data<S>, bytes: Bytes) -> Reply {
    let wanted: S::Faults = body(&bytes)?;
    hr.switch(wanted)?;
    Ok(ok(hr.faults()))
}

async fn list_calls<S: Staffed>(hr: Data<S>) -> HttpResponse {
    ok(json!({ "calls": hr.calls() }))
}

async fn clear_calls<S: Staffed>(hr: Data<S>) -> HttpResponse {
    hr.clear_logs();
    HttpResponse::NoContent().finish()
}
