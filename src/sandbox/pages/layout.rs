//! What is around every page: its head, where one is, what just happened; and how it is answered.
//!
//! Invariant: a page loads nothing but the style sheet of this server and runs no script. Must not
//! know what is on a page.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, ResponseError};
use askama::Template;

use super::ROOT;
use super::notes::Note;
use super::system::Paged;
use crate::sandbox::register::ChangeError;

/// What is around a page.
pub(super) struct Frame {
    pub title: String,
    pub systems: [(&'static str, &'static str); 3],
    /// The HR system whose page it is.
    pub here: Option<Here>,
    pub note: Option<Note>,
    /// The page loads itself again every few seconds, because somebody asked for it.
    pub live: bool,
}

/// Which page of which HR system.
pub(super) struct Here {
    pub slug: &'static str,
    pub name: &'static str,
    pub company: String,
    /// The last part of the address of the entry in the navigation.
    pub tab: &'static str,
    pub has_hooks: bool,
}

impl Frame {
    /// A page that belongs to no HR system.
    pub(super) fn outside(title: &str) -> Self {
        use crate::sandbox::{BreatheHr, Hrworks, PeopleHr};
        let systems = [
            (PeopleHr::SLUG, PeopleHr::NAME),
            (BreatheHr::SLUG, BreatheHr::NAME),
            (Hrworks::SLUG, Hrworks::NAME),
        ];
        Self { title: title.to_owned(), systems, here: None, note: None, live: false }
    }

    /// A page of an HR system.
    pub(super) fn of<S: Paged>(hr: &S, tab: &'static str, title: &str) -> Self {
        let company = hr.company_name();
        let has_hooks = S::SENDS_HOOKS;
        let here = Here { slug: S::SLUG, name: S::NAME, company, tab, has_hooks };
        Self { here: Some(here), ..Self::outside(&format!("{title} · {}", S::NAME)) }
    }

    pub(super) fn with(self, note: Option<Note>) -> Self {
        Self { note, ..self }
    }
}

/// The address of a page of an HR system.
pub(super) fn path<S: Paged>(page: &str) -> String {
    format!("{ROOT}/{}{page}", S::SLUG)
}

/// Answers with a page.
pub(super) fn show(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(html) => HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html),
        Err(_) => HttpResponse::InternalServerError().body("This page could not be written."),
    }
}

/// Sends the browser to a page after a form.
pub(super) fn go(address: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, address)).finish()
}

#[derive(Template)]
#[template(path = "sandbox/refused.html")]
struct RefusedPage<'a> {
    frame: Frame,
    text: &'a str,
}

/// A page that there is not, or a form that cannot be done.
#[derive(Debug)]
pub(super) struct Refused(pub StatusCode, pub String);

impl Refused {
    pub(super) fn missing(text: &str) -> Self {
        Self(StatusCode::NOT_FOUND, text.to_owned())
    }
}

impl From<ChangeError> for Refused {
    fn from(error: ChangeError) -> Self {
        Self(status(&error), words(&error))
    }
}

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
        let title = if self.0 == StatusCode::NOT_FOUND { "Not there" } else { "Not done" };
        show(self.0, &RefusedPage { frame: Frame::outside(title), text: &self.1 })
    }
}

/// The status for a change that was refused, as the control routes have it.
pub(super) fn status(error: &ChangeError) -> StatusCode {
    crate::sandbox::control::Refused::from(error.clone()).0
}

/// A refused change in words for a page, which has no use for the names of routes.
pub(super) fn words(error: &ChangeError) -> String {
    match error {
        ChangeError::Unknown { handle_name, handle, .. } => {
            format!("Nobody has the {handle_name} “{handle}” (any more).")
        }
        ChangeError::Invalid { problem, .. } if problem.starts_with("must") => {
            sentence(&format!("this {problem}"))
        }
        ChangeError::Invalid { problem, .. } => sentence(problem),
        ChangeError::Conflict(text) => sentence(text),
    }
}

/// A text with a capital letter at its beginning and a full stop at its end.
fn sentence(text: &str) -> String {
    let mut letters = text.trim_end_matches('.').chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(letters).chain(['.']).collect()
}
