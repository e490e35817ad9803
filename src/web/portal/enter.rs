//! The way in by a link, and the way out.
//!
//! Invariant: looking at a link does not use it up. Programs that guard mailboxes open every link
//! that they find; only the button that a person presses lets in, once.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use askama::Template;

use crate::clock::Timestamp;
use crate::db::actions::{self, NewAction};
use crate::db::portal_links::{self, PortalLink};
use crate::db::portal_sessions::{self, PortalSession};
use crate::db::{DbError, Lane, organizations};
use crate::domain::action::Action;
use crate::domain::ids::{AdminId, DirectoryId, PortalSessionId};
use crate::limits;
use crate::secret::new_token;
use crate::web::pages::form::Asked;
use crate::web::portal::page::{self, Frame, Link, Message, directory_path};
use crate::web::portal::session::{DOOR, Posted};
use crate::web::query::Query;
use crate::web::response::Response;
use crate::web::state::State;

#[derive(Template)]
#[template(path = "portal/enter.html")]
struct Button {
    frame: Frame,
    organization: String,
}

fn link_hash(state: &State, token: &str) -> Vec<u8> {
    state.context.keys.lookup.lookup_hash(token)
}

/// `GET /portal/enter/{token}`: a page with the button.
pub async fn ask(state: State, path: Path<String>, req: HttpRequest) -> Response {
    let (hash, now) = (link_hash(&state, &path), state.now());
    let read = state.context.db.read(move |conn| {
        let Some(link) = portal_links::find_good(conn, &hash, now)? else { return Ok(None) };
        Ok::<_, DbError>(Some(organizations::find(conn, &link.organization_id)?.name))
    });
    match read.await? {
        Some(organization) => {
            page::ok(&Button { frame: Frame::outside("Open the HR connection"), organization })
        }
        None => ended(&state, &req),
    }
}

/// `POST /portal/enter/{token}`: uses the link up and begins a visit.
pub async fn enter(state: State, path: Path<String>, req: HttpRequest, _: Asked) -> Response {
    let context = &state.context;
    let (hash, now) = (link_hash(&state, &path), state.now());
    let token = new_token(&*context.random);
    let cookie_hash = DOOR.hash(context, &token);
    let id = PortalSessionId::new(now, &*context.random);
    let former = DOOR.token(&req, context).map(|token| DOOR.hash(context, &token));
    let write = context.db.write(Lane::Urgent, move |tx| {
        let Some(link) = portal_links::use_up(tx, &hash, now)? else { return Ok(false) };
        if let Some(former) = former {
            portal_sessions::delete(tx, &former)?;
        }
        let visit = visit(id, link, cookie_hash, now);
        portal_sessions::insert(tx, &visit)?;
        let (organization, action) = (&visit.organization_id, Action::PortalEntered);
        actions::record(tx, &NewAction::of(organization, &visit.actor(), action, now))?;
        Ok::<_, DbError>(true)
    });
    if !write.await? {
        return ended(&state, &req);
    }
    // A mail about one directory leads to its page.
    let directory = Query::of(&req).text("directory").filter(|id| is_plain(id));
    let path = directory.map(|id| directory_path(&DirectoryId::from_text(id)));
    let mut answer = page::see_other(path.as_deref().unwrap_or("/portal"));
    DOOR.give(&mut answer, context, &token);
    Ok(answer)
}

fn visit(
    id: PortalSessionId,
    link: PortalLink,
    token_hash: Vec<u8>,
    now: Timestamp,
) -> PortalSession {
    tracing::info!(
        organization.id = %link.organization_id,
        portal_link.id = %link.id,
        portal_session.id = %id,
        admin.id = link.admin_id.as_ref().map(AdminId::as_str),
        "a visit to the portal began"
    );
    PortalSession {
        id,
        organization_id: link.organization_id,
        admin_id: link.admin_id,
        token_hash,
        return_url: link.return_url,
        success_url: link.success_url,
        last_used_at_ms: now,
        expires_at_ms: now.plus(limits::PORTAL_SESSION_MS_MAX),
        created_at_ms: now,
    }
}

/// Whether a text can be an id in an address.
fn is_plain(id: &str) -> bool {
    id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The page for a link that lets nobody in any more. That somebody who pressed the button twice
/// is in already is said too, to whoever has a cookie.
fn ended(state: &State, req: &HttpRequest) -> Response {
    let has_cookie = DOOR.token(req, &state.context).is_some();
    let link = has_cookie
        .then(|| Link { href: "/portal".to_owned(), label: "Go on where you were".to_owned() });
    let message = Message {
        frame: Frame::outside("This link does not work any more"),
        paragraphs: vec![
            "Each link works once and for a short time. This one was used, or it is too old."
                .to_owned(),
            "Open the HR connection again from the application that you use. If a message from us \
             brought you here, open the link in that message; it leads to a new one."
                .to_owned(),
        ],
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
    let back = "To come back, open the HR connection from the application that you use.";
    let message = Message {
        frame: Frame::outside("You are signed out"),
        paragraphs: vec![back.to_owned()],
        link: None,
        request_id: None,
    };
    let mut answer = page::ok(&message)?;
    DOOR.take_back(&mut answer, context);
    Ok(answer)
}
