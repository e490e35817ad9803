//! The way in from a mail: a notice leads to a directory's page, and whoever has no visit is sent a
//! link if they are an admin there.
//!
//! Invariant: the answer is the same for every address and every directory, whether there is one or
//! not, so that nobody learns who is an admin.

use actix_web::http::StatusCode;
use actix_web::web::Path;
use askama::Template;

use crate::domain::ids::DirectoryId;
use crate::operations::input::Email;
use crate::operations::portal_links;
use crate::texts::{Text, filters, text};
use crate::web::http::error::Problem;
use crate::web::http::response::Response;
use crate::web::http::state::State;
use crate::web::pages::form::Asked;
use crate::web::portal::page::{self, Frame, Message};

#[derive(Template)]
#[template(path = "portal/sign_in.html")]
struct SignIn {
    frame: Frame,
    id: DirectoryId,
    mails: bool,
    error: Option<Text>,
}

/// The page for somebody without a visit. Where no mail can be sent, or the page is about no
/// directory, it says how else one gets in.
#[must_use]
pub fn page(id: &DirectoryId, mails: bool, error: Option<Text>) -> String {
    let mails = mails && !id.as_str().is_empty();
    let frame = Frame::outside(text("portal-sign-in"));
    let page = SignIn { frame, id: id.clone(), mails, error };
    page.render().unwrap_or_else(|_| Problem::NoVisit.to_string())
}

/// `POST /portal/directories/{id}/sign_in`.
pub async fn request(state: State, path: Path<String>, form: Asked) -> Response {
    let context = &state.context;
    let id = DirectoryId::from_text(path.into_inner());
    let Ok(email) = Email::try_from(form.0.text("email")) else {
        let page = page(&id, context.sends_mail, Some(text("portal-no-email")));
        let mut answer = actix_web::HttpResponse::build(StatusCode::UNPROCESSABLE_ENTITY);
        return Ok(answer.content_type("text/html; charset=utf-8").body(page));
    };
    if context.sends_mail {
        portal_links::mail(context, id, email).await?;
        state.activators.mails.wake();
    }
    page::ok(&Message {
        frame: Frame::outside(text("portal-mailbox")),
        paragraphs: vec![text("portal-mailbox-sent"), text("portal-mailbox-nothing")],
        link: None,
        request_id: None,
    })
}
