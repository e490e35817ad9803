//! The way in by a link, and the way out.
//!
//! Invariant: looking at a link does not use it up. Programs that guard mailboxes open every link
//! that they find; only the button that a person presses lets in, once.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use askama::Template;

use crate::db::{Lane, portal_sessions};
use crate::domain::ids::DirectoryId;
use crate::operations::portal_links;
use crate::secret::new_token;
use crate::texts::{filters, text};
use crate::web::http::query::Query;
use crate::web::http::response::Response;
use crate::web::http::state::State;
use crate::web::pages::form::Asked;
use crate::web::portal::page::{self, Frame, Link, Message, directory_path};
use crate::web::portal::session::{DOOR, Posted};

#[derive(Template)]
#[template(path = "portal/enter.html")]
struct Button {
    frame: Frame,
    organization: String,
}

/// `GET /portal/enter/{token}`: a page with the button.
pub async fn ask(state: State, path: Path<String>, req: HttpRequest) -> Response {
    match portal_links::opens(&state.context, &path).await? {
        Some(organization) => page::ok(&Button {
            frame: Frame::outside(text("portal-enter-title")),
            organization: organization.name,
        }),
        None => ended(&state, &req),
    }
}

/// `POST /portal/enter/{token}`: uses the link up and begins a visit.
pub async fn enter(state: State, path: Path<String>, req: HttpRequest, _: Asked) -> Response {
    let context = &state.context;
    let token = new_token(&*context.random);
    let cookie_hash = DOOR.hash(context, &token);
    let former = DOOR.token(&req, context).map(|token| DOOR.hash(context, &token));
    if !portal_links::enter(context, &path, cookie_hash, former).await? {
        return ended(&state, &req);
    }
    // A mail about one directory leads to its page.
    let directory = Query::of(&req).text("directory").filter(|id| is_plain(id));
    let path = directory.map(|id| directory_path(&DirectoryId::from_text(id)));
    let mut answer = page::see_other(path.as_deref().unwrap_or("/portal"));
    DOOR.give(&mut answer, context, &token);
    Ok(answer)
}

/// Whether a text can be an id in an address.
fn is_plain(id: &str) -> bool {
    id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The page for a link that lets nobody in any more. That somebody who pressed the button twice
/// is in already is said too, to whoever has a cookie.
fn ended(state: &State, req: &HttpRequest) -> Response {
    let has_cookie = DOOR.token(req, &state.context).is_some();
    let label = text("portal-link-ended-go-on");
    let link = has_cookie.then(|| Link { href: "/portal".to_owned(), label });
    let message = Message {
        frame: Frame::outside(text("portal-link-ended")),
        paragraphs: vec![text("portal-link-ended-why"), text("portal-link-ended-again")],
        link,
        request_id: None,
    };
    page::html(StatusCode::GONE, &message)
}

/// `POST /portal/leave`: ends the visit.
pub async fn leave(state: State, req: HttpRequest, _: Posted) -> Response {
    let context = &state.context;
    if let Some(token) = DOOR.token(&req, context) {
        let hash = DOOR.hash(context, &token);
        let write = context.db.write(Lane::Urgent, move |tx| portal_sessions::delete(tx, &hash));
        write.await?;
    }
    let message = Message {
        frame: Frame::outside(text("portal-left")),
        paragraphs: vec![text("portal-left-back")],
        link: None,
        request_id: None,
    };
    let mut answer = page::ok(&message)?;
    DOOR.take_back(&mut answer, context);
    Ok(answer)
}
