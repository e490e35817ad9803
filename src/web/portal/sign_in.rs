//! The way in from a mail: a notice leads to a directory's page, and whoever has no visit is sent a
//! link if they are an admin there.
//!
//! Invariants:
//! - The answer is the same for every address and every directory, whether there is one or not, so
//!   that nobody learns who is an admin.
//! - An admin is sent at most `limits::PORTAL_MAIL_LINKS_MAX` links an hour.
//! - The link is in the mail and nowhere else: its row has a keyed hash, the mail's row is sealed.

use actix_web::http::StatusCode;
use actix_web::web::Path;
use askama::Template;

use crate::clock::Timestamp;
use crate::db::actions::{self, NewAction};
use crate::db::admins::Admin;
use crate::db::mails::{self, Mail, MailState};
use crate::db::portal_links::{self, PortalLink};
use crate::db::{DbError, Lane, Tx, admins, directories};
use crate::domain::action::{Action, Actor};
use crate::domain::employee::{EmailNorm, clean_email, is_email};
use crate::domain::ids::{DirectoryId, MailId, PortalLinkId};
use crate::domain::notice;
use crate::limits;
use crate::secret::new_token;
use crate::sync::Context;
use crate::web::error::Problem;
use crate::web::pages::form::Asked;
use crate::web::portal::page::{self, Frame, Message};
use crate::web::response::Response;
use crate::web::state::State;

#[derive(Template)]
#[template(path = "portal/sign_in.html")]
struct SignIn {
    frame: Frame,
    id: DirectoryId,
    mails: bool,
    error: Option<&'static str>,
}

/// The page for somebody without a visit. Where no mail can be sent, or the page is about no
/// directory, it says how else one gets in.
#[must_use]
pub fn page(id: &DirectoryId, mails: bool, error: Option<&'static str>) -> String {
    let mails = mails && !id.as_str().is_empty();
    let frame = Frame::outside("Sign in to the HR connection");
    let page = SignIn { frame, id: id.clone(), mails, error };
    page.render().unwrap_or_else(|_| Problem::NoVisit.title().to_owned())
}

/// `POST /portal/directories/{id}/sign_in`.
pub async fn request(state: State, path: Path<String>, form: Asked) -> Response {
    let context = &state.context;
    let id = DirectoryId::from_text(path.into_inner());
    let email = form.0.text("email");
    let cleaned = clean_email(&email).filter(|email| is_email(email));
    let Some(email) = cleaned else {
        let wrong = Some("This is not an e-mail address. It looks like name@company.com.");
        let page = page(&id, context.sends_mail, wrong);
        let mut answer = actix_web::HttpResponse::build(StatusCode::UNPROCESSABLE_ENTITY);
        return Ok(answer.content_type("text/html; charset=utf-8").body(page));
    };
    if context.sends_mail {
        let (inner, now) = (context.clone(), state.now());
        let write = context
            .db
            .write(Lane::Urgent, move |tx| send(tx, &inner, &id, &EmailNorm::of(&email), now));
        write.await?;
        state.activators.mails.wake();
    }
    page::ok(&Message {
        frame: Frame::outside("Look into your mailbox"),
        paragraphs: vec![
            "If this address belongs to somebody who looks after this connection, a message with a \
             link is on its way. It works once and for half an hour."
                .to_owned(),
            "Nothing there after a few minutes? Look into the folder for unwanted mail, or open \
             the HR connection from the application that you use."
                .to_owned(),
        ],
        link: None,
        request_id: None,
    })
}

/// Writes the link and the mail, if the address is an admin's of the directory's organization.
fn send(
    tx: &mut Tx<'_>,
    cx: &Context,
    id: &DirectoryId,
    email: &EmailNorm,
    now: Timestamp,
) -> Result<(), DbError> {
    let Some(directory) = directories::find(tx, id)? else { return Ok(()) };
    let organization = &directory.organization_id;
    let Some(admin) = admins::by_email(tx, organization, email)? else { return Ok(()) };
    let sent = portal_links::made_since(tx, &admin.id, now.plus(-Timestamp::HOUR))?;
    if sent >= limits::PORTAL_MAIL_LINKS_MAX {
        tracing::info!(admin.id = %admin.id, "an admin asked for more links than are sent");
        return Ok(());
    }
    let token = new_token(&*cx.random);
    let link = PortalLink {
        id: PortalLinkId::new(now, &*cx.random),
        organization_id: organization.clone(),
        admin_id: Some(admin.id.clone()),
        token_hash: cx.keys.lookup.lookup_hash(token.reveal()),
        return_url: None,
        success_url: None,
        expires_at_ms: now.plus(limits::PORTAL_MAIL_LINK_MS_MAX),
        used_at_ms: None,
        created_at_ms: now,
    };
    portal_links::insert(tx, &link)?;
    let action = Action::PortalLinkMailed { admin_id: admin.id.clone() };
    actions::record(tx, &NewAction::on_directory(&directory, &Actor::Rollcall, action, now))?;
    // The page of the directory comes first.
    let address = format!("{}/portal/enter/{}?directory={id}", cx.public_url, token.reveal());
    mails::insert(tx, &[mail(cx, admin, &address, now)])
}

fn mail(cx: &Context, admin: Admin, address: &str, now: Timestamp) -> Mail {
    let id = MailId::new(now, &*cx.random);
    let minutes = limits::PORTAL_MAIL_LINK_MS_MAX / Timestamp::MINUTE;
    let text = notice::sign_in(address, minutes);
    let text_sealed = Some(mails::seal_text(&cx.keys, &*cx.random, &id, &text));
    Mail {
        id,
        organization_id: admin.organization_id,
        notice_id: None,
        text_sealed,
        recipient_domain: mails::domain_of(&admin.email),
        recipient_email: admin.email,
        recipient_name: admin.name,
        state: MailState::Waiting,
        attempts: 0,
        next_at_ms: now,
        lease_until_ms: None,
        lease_epoch: 0,
        sent_at_ms: None,
        last_error: None,
        created_at_ms: now,
    }
}
