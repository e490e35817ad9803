//! The keys of an HR system's API, what each may do, and the rest of the vendor's page for them.
//!
//! Every form calls the method that the control route calls; nothing is decided here.

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::form::{Form, address};
use super::layout::{Frame, Refused, go, path, show, status, words};
use super::notes::{Note, Notes};
use super::people::Answer;
use super::system::{Grant, KeyView, KeyWords, Paged, SmallForm};

#[derive(Template)]
#[template(path = "sandbox/access.html")]
struct AccessPage {
    frame: Frame,
    base_url: String,
    setting: &'static str,
    key_words: KeyWords,
    keys: Vec<KeyView>,
    new_grants: Vec<Grant>,
    doors: Vec<SmallForm>,
}

fn page<S: Paged>(request: &HttpRequest, hr: &S) -> AccessPage {
    AccessPage {
        frame: Frame::of(hr, "/access", "API access"),
        base_url: base_url::<S>(request),
        setting: S::BASE_URL_SETTING,
        key_words: S::KEYS,
        keys: hr.keys(),
        new_grants: S::grants(),
        doors: hr.doors(),
    }
}

/// The base URL of the API, at the address under which the browser has this page.
pub(super) fn base_url<S: Paged>(request: &HttpRequest) -> String {
    let host = request.headers().get(actix_web::http::header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    format!("http://{host}{}", S::PREFIX)
}

/// `GET …/{system}/access`.
pub(super) async fn access<S: Paged>(
    request: HttpRequest,
    hr: Data<S>,
    notes: Data<Notes>,
) -> HttpResponse {
    let form = Form::read(request.query_string().as_bytes());
    let mut page = page(&request, hr.get_ref());
    page.frame.note = notes.find(form.text("note"));
    show(StatusCode::OK, &page)
}

fn back<S: Paged>(notes: &Notes, note: Note) -> HttpResponse {
    let number = notes.keep(note).to_string();
    go(&address(&path::<S>("/access"), &[("note", &number)]))
}

/// `POST …/{system}/access/make`.
pub(super) async fn make<S: Paged>(hr: Data<S>, body: Bytes, notes: Data<Notes>) -> HttpResponse {
    hr.make_key(&Form::read(&body));
    let one = S::KEYS.one;
    back::<S>(&notes, Note::done(format!("There is a new {one}. It is the last of the list.")))
}

/// `POST …/{system}/access/grant`: what a key may do.
pub(super) async fn grant<S: Paged>(hr: Data<S>, body: Bytes, notes: Data<Notes>) -> Answer {
    let form = Form::read(&body);
    let done = Note::done("What it may do is changed, from the next call on.");
    of_key::<S>(&notes, hr.set_grants(form.text("key"), &form), done)
}

/// `POST …/{system}/access/remove`.
pub(super) async fn remove<S: Paged>(hr: Data<S>, body: Bytes, notes: Data<Notes>) -> Answer {
    let form = Form::read(&body);
    let text = format!("The {} is revoked. Calls with it are refused from now on.", S::KEYS.one);
    of_key::<S>(&notes, hr.remove_key(form.text("key")), Note::done(text))
}

fn of_key<S: Paged>(notes: &Notes, was_there: bool, note: Note) -> Answer {
    if was_there {
        return Ok(back::<S>(notes, note));
    }
    Err(Refused::missing(&format!("There is no such {} (any more).", S::KEYS.one)))
}

/// `POST …/{system}/access/door/{name}`: see [`SmallForm`].
pub(super) async fn door<S: Paged>(
    request: HttpRequest,
    hr: Data<S>,
    name: Path<String>,
    body: Bytes,
    notes: Data<Notes>,
) -> Answer {
    let form = Form::read(&body);
    match hr.use_door(&name, &form) {
        None => Err(Refused::missing("There is no such form here.")),
        Some(Ok(note)) => Ok(back::<S>(&notes, note)),
        Some(Err(error)) => {
            let mut page = page(&request, hr.get_ref());
            let used = page.doors.iter_mut().find(|door| door.name == name.as_str());
            if let Some(field) = used.and_then(|door| door.field.as_mut()) {
                form.text("value").clone_into(&mut field.value);
                field.problem = words(&error);
            }
            Ok(show(status(&error), &page))
        }
    }
}
