//! The control routes of the sandbox People HR: JSON over HTTP, for people without Rust.
//!
//! Every route calls the method of [`PeopleHr`] that tests call in process; nothing is decided
//! here. Errors are `{"error": …}` and say how to mend the request.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data, Path, Query};
use actix_web::{HttpResponse, ResponseError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Action, ChangeError, Edit, Faults, Hire, Leave, PeopleHr};
use crate::sandbox::person::{PersonView, Standing};

const PEOPLE_LISTED_DEFAULT: usize = 100;

/// The routes, as the index lists them.
pub(in super::super) const ROUTES: &[(&str, &str)] = &[
    ("GET /people?standing=&search=&limit=&offset=", "everybody"),
    ("POST /people", "hire: {first_name, last_name, …}"),
    ("GET /people/{id}", "one person"),
    ("PATCH /people/{id}", "edit: only the fields that change"),
    ("DELETE /people/{id}", "delete the record"),
    ("POST /people/{id}/leave", "mark as leaver: {leaving_date, immediately, blank_email}"),
    ("POST /people/{id}/rehire", "take the leaving back"),
    ("GET /keys", "API keys"),
    ("POST /keys", "create an API key: {actions: […]} or {}"),
    ("DELETE /keys/{key}", "remove an API key"),
    ("GET /webhook", "where hooks go"),
    ("PUT /webhook", "set it: {url}"),
    ("GET /faults", "the fault switches"),
    ("PUT /faults", "set all fault switches; what is left out goes back to normal"),
    ("GET /hooks", "hooks sent, oldest first"),
    ("GET /calls", "calls of the vendor's API, oldest first"),
];

/// Adds the routes.
pub(in super::super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/people", web::get().to(list_people))
        .route("/people", web::post().to(hire))
        .route("/people/{id}", web::get().to(show_person))
        .route("/people/{id}", web::patch().to(edit))
        .route("/people/{id}", web::delete().to(delete))
        .route("/people/{id}/leave", web::post().to(leave))
        .route("/people/{id}/rehire", web::post().to(rehire))
        .route("/keys", web::get().to(list_keys))
        .route("/keys", web::post().to(create_key))
        .route("/keys/{key}", web::delete().to(remove_key))
        .route("/webhook", web::get().to(show_webhook))
        .route("/webhook", web::put().to(set_webhook))
        .route("/faults", web::get().to(show_faults))
        .route("/faults", web::put().to(set_faults))
        .route("/hooks", web::get().to(list_hooks))
        .route("/calls", web::get().to(list_calls));
}

/// A request that was refused.
#[derive(Debug)]
struct Refused(StatusCode, String);

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
            ChangeError::Unknown(_) => StatusCode::NOT_FOUND,
            ChangeError::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            ChangeError::Conflict(_) => StatusCode::CONFLICT,
        };
        Self(status, error.to_string())
    }
}

type Reply = Result<HttpResponse, Refused>;

fn ok(value: impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(value)
}

fn created(value: impl Serialize) -> HttpResponse {
    HttpResponse::Created().json(value)
}

/// The body of a request; an empty one is `{}`.
fn body<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Refused> {
    let text: &[u8] = if bytes.trim_ascii().is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(text).map_err(|error| {
        let status = match error.classify() {
            serde_json::error::Category::Data => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::BAD_REQUEST,
        };
        Refused(status, format!("The body is not the JSON that this route takes: {error}."))
    })
}

#[derive(Deserialize)]
struct Listing {
    standing: Option<Standing>,
    search: Option<String>,
    limit: Option<usize>,
    offset: Option<usize>,
}

async fn list_people(hr: Data<PeopleHr>, listing: Query<Listing>) -> HttpResponse {
    let wanted = listing.search.as_deref().unwrap_or_default().to_lowercase();
    let shown = |person: &PersonView| {
        let standing = listing.standing.is_none_or(|standing| standing == person.standing);
        let found = [&person.employee_id, &person.first_name, &person.last_name, &person.email];
        standing && found.iter().any(|text| text.to_lowercase().contains(&wanted))
    };
    let people: Vec<PersonView> = hr.people().into_iter().filter(shown).collect();
    let limit = listing.limit.unwrap_or(PEOPLE_LISTED_DEFAULT);
    let page = people.iter().skip(listing.offset.unwrap_or(0)).take(limit);
    ok(json!({ "total": people.len(), "people": page.collect::<Vec<_>>() }))
}

async fn show_person(hr: Data<PeopleHr>, id: Path<String>) -> Reply {
    let id = id.into_inner();
    match hr.person(&id) {
        Some(person) => Ok(ok(person)),
        None => Err(ChangeError::Unknown(id).into()),
    }
}

async fn hire(hr: Data<PeopleHr>, bytes: Bytes) -> Reply {
    let wanted: Hire = body(&bytes)?;
    Ok(created(hr.hire(&wanted).await?))
}

async fn edit(hr: Data<PeopleHr>, id: Path<String>, bytes: Bytes) -> Reply {
    let wanted: Edit = body(&bytes)?;
    Ok(ok(hr.edit(&id, &wanted).await?))
}

async fn delete(hr: Data<PeopleHr>, id: Path<String>) -> Reply {
    Ok(ok(hr.delete(&id).await?))
}

async fn leave(hr: Data<PeopleHr>, id: Path<String>, bytes: Bytes) -> Reply {
    let wanted: Leave = body(&bytes)?;
    Ok(ok(hr.leave(&id, &wanted).await?))
}

async fn rehire(hr: Data<PeopleHr>, id: Path<String>) -> Reply {
    Ok(ok(hr.rehire(&id).await?))
}

async fn list_keys(hr: Data<PeopleHr>) -> HttpResponse {
    ok(json!({ "keys": hr.keys() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewKey {
    actions: Option<Vec<Action>>,
}

async fn create_key(hr: Data<PeopleHr>, bytes: Bytes) -> Reply {
    let wanted: NewKey = body(&bytes)?;
    Ok(created(hr.create_key(wanted.actions.as_deref().unwrap_or(Action::USUAL))))
}

async fn remove_key(hr: Data<PeopleHr>, key: Path<String>) -> Reply {
    if hr.remove_key(&key) {
        return Ok(HttpResponse::NoContent().finish());
    }
    let text = "There is no such API key; GET /_sandbox/people-hr/keys lists them.";
    Err(Refused(StatusCode::NOT_FOUND, text.to_owned()))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhook {
    url: Option<String>,
}

async fn show_webhook(hr: Data<PeopleHr>) -> HttpResponse {
    ok(Webhook { url: hr.webhook() })
}

async fn set_webhook(hr: Data<PeopleHr>, bytes: Bytes) -> Reply {
    let wanted: Webhook = body(&bytes)?;
    hr.set_webhook(wanted.url.as_deref())?;
    Ok(ok(wanted))
}

async fn show_faults(hr: Data<PeopleHr>) -> HttpResponse {
    ok(hr.faults())
}

async fn set_faults(hr: Data<PeopleHr>, bytes: Bytes) -> Reply {
    let wanted: Faults = body(&bytes)?;
    hr.set_faults(wanted);
    Ok(ok(hr.faults()))
}

async fn list_hooks(hr: Data<PeopleHr>) -> HttpResponse {
    ok(json!({ "hooks": hr.hooks() }))
}

async fn list_calls(hr: Data<PeopleHr>) -> HttpResponse {
    ok(json!({ "calls": hr.calls() }))
}
