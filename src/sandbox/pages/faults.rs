//! The page of the fault switches.
//!
//! Sets them with the method that the control route calls, from the same JSON.

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::Value;

use super::form::{Form, address};
use super::layout::{Frame, go, path, show, words};
use super::notes::{Note, Notes};
use super::switches::{self, Control, GroupView, Wrong};
use super::system::Paged;
use crate::sandbox::register::ChangeError;

#[derive(Template)]
#[template(path = "sandbox/faults.html")]
struct FaultsPage {
    frame: Frame,
    groups: Vec<GroupView>,
    differing: Vec<&'static str>,
    problem: String,
    /// The switch that the problem is about.
    wrong: &'static str,
}

/// The switches of an HR system as they stand, and as they usually are.
fn present<S: Paged>(hr: &S) -> (Value, Value) {
    let value = |faults: S::Faults| serde_json::to_value(faults).unwrap_or_default();
    (value(hr.faults()), value(S::Faults::default()))
}

/// The names of the switches that are not as usual.
pub(super) fn differing<S: Paged>(hr: &S) -> Vec<&'static str> {
    let (current, normal) = present(hr);
    switches::differing(S::SWITCHES, &current, &normal)
}

fn page<S: Paged>(hr: &S, wrong: Option<&Wrong>) -> FaultsPage {
    let (current, normal) = present(hr);
    FaultsPage {
        frame: Frame::of(hr, "/faults", "Fault switches"),
        groups: switches::views(S::SWITCHES, &current, &normal),
        differing: switches::differing(S::SWITCHES, &current, &normal),
        problem: wrong.map(|w| format!("“{}” {}.", w.label, w.problem)).unwrap_or_default(),
        wrong: wrong.map_or("", |wrong| wrong.path),
    }
}

/// `GET …/{system}/faults`.
pub(super) async fn form<S: Paged>(
    request: HttpRequest,
    hr: Data<S>,
    notes: Data<Notes>,
) -> HttpResponse {
    let form = Form::read(request.query_string().as_bytes());
    let mut page = page(hr.get_ref(), None);
    page.frame.note = notes.find(form.text("note"));
    show(StatusCode::OK, &page)
}

/// `POST …/{system}/faults`.
pub(super) async fn set<S: Paged>(hr: Data<S>, body: Bytes, notes: Data<Notes>) -> HttpResponse {
    match wanted(hr.get_ref(), &Form::read(&body)) {
        Ok(faults) => switched(hr.get_ref(), faults, &notes),
        Err(wrong) => show(StatusCode::UNPROCESSABLE_ENTITY, &page(hr.get_ref(), Some(&wrong))),
    }
}

/// `POST …/{system}/faults/usual`: everything as it usually is.
pub(super) async fn usual<S: Paged>(hr: Data<S>, _body: Bytes, notes: Data<Notes>) -> HttpResponse {
    switched(hr.get_ref(), S::Faults::default(), &notes)
}

fn wanted<S: Paged>(hr: &S, form: &Form) -> Result<S::Faults, Wrong> {
    let (current, _) = present(hr);
    let value = switches::read(S::SWITCHES, &current, form)?;
    let odd = |error: serde_json::Error| Wrong {
        path: "",
        label: "The switches",
        problem: format!("cannot be set like this: {error}"),
    };
    serde_json::from_value(value).map_err(odd)
}

fn switched<S: Paged>(hr: &S, faults: S::Faults, notes: &Notes) -> HttpResponse {
    let note = match hr.switch(faults) {
        Ok(()) => match differing(hr).as_slice() {
            [] => Note::done(format!("{} is in good order now.", S::NAME)),
            _ => Note::done("The switches are set."),
        },
        Err(error) => refused(&error),
    };
    let number = notes.keep(note).to_string();
    go(&address(&path::<S>("/faults"), &[("note", &number)]))
}

fn refused(error: &ChangeError) -> Note {
    Note::refused(format!("Nothing was changed. {}", words(error)))
}
