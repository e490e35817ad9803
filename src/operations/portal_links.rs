//! Links that let an admin into the portal once: handed to the application, or sent to an
//! admin by mail; and the visit that a link begins.
//!
//! Invariants:
//! - A link is good for one use, and for `limits::PORTAL_LINK_MS_MAX`; by mail for
//!   `limits::PORTAL_MAIL_LINK_MS_MAX`.
//! - Only a keyed hash of its token is stored; the link itself is handed back, or is in a mail
//!   whose row is sealed, and kept nowhere else.
//! - An admin is sent at most `limits::PORTAL_MAIL_LINKS_MAX` links an hour.
//! - Whoever uses a link gets a new visit; the one they had before ends.

use crate::clock::Timestamp;
use crate::db::actions::{self, NewAction};
use crate::db::admins::{self, Admin};
use crate::db::mails::{self, Mail, MailState};
use crate::db::organizations::{self as organization_rows, Organization};
use crate::db::portal_links::{self, PortalLink};
use crate::db::portal_sessions::{self, PortalSession};
use crate::db::{DbError, Lane, Tx, directories};
use crate::domain::action::{Action, Actor};
use crate::domain::employee::EmailNorm;
use crate::domain::ids::{
    AdminId, DirectoryId, MailId, OrganizationId, PortalLinkId, PortalSessionId,
};
use crate::domain::notice;
use crate::limits;
use crate::operations::input::{Email, WebAddress};
use crate::operations::{OperationError, organizations};
use crate::secret::{Secret, new_token};
use crate::sync::Context;
use crate::texts::Language;

/// Where an admin is led to afterwards.
#[derive(Debug, Clone, Default)]
pub struct ReturnUrls {
    /// When they leave the portal.
    pub return_url: Option<WebAddress>,
    /// When the set-up is done.
    pub success_url: Option<WebAddress>,
}

/// A link that was made.
pub struct MadeLink {
    /// The link.
    pub url: Secret,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Makes a link for an organization.
pub async fn create(
    cx: &Context,
    by: &Actor,
    organization: OrganizationId,
    urls: ReturnUrls,
) -> Result<MadeLink, OperationError> {
    let now = cx.clock.now();
    let token = new_token(cx.random.as_ref());
    let row = PortalLink {
        id: PortalLinkId::new(now, cx.random.as_ref()),
        organization_id: organization.clone(),
        admin_id: None,
        token_hash: token_hash(cx, token.reveal()),
        return_url: urls.return_url.map(|url| url.0),
        success_url: urls.success_url.map(|url| url.0),
        expires_at_ms: now.plus(limits::PORTAL_LINK_MS_MAX),
        used_at_ms: None,
        created_at_ms: now,
    };
    let expires_at = row.expires_at_ms;
    let made = NewAction::of(&organization, by, Action::PortalLinkMade, now);
    let write = cx.db.write(Lane::Urgent, move |tx| {
        organizations::find(tx, &organization)?;
        portal_links::insert(tx, &row)?;
        Ok::<_, OperationError>(actions::record(tx, &made)?)
    });
    write.await?;
    let url = Secret::new(format!("{}/portal/enter/{}", cx.public_url, token.reveal()));
    Ok(MadeLink { url, expires_at })
}

fn token_hash(cx: &Context, token: &str) -> Vec<u8> {
    cx.keys.lookup.lookup_hash(token)
}

/// Sends a link by mail to whoever has this address, if they are an admin of the directory's
/// organization. That nothing is sent is not told, so that nobody learns who is an admin. The
/// caller wakes what sends mails.
pub async fn mail(cx: &Context, directory: DirectoryId, email: Email) -> Result<(), DbError> {
    let (inner, now) = (cx.clone(), cx.clock.now());
    let email = EmailNorm::of(&email.0);
    cx.db.write(Lane::Urgent, move |tx| send(tx, &inner, &directory, &email, now)).await
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
        token_hash: token_hash(cx, token.reveal()),
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
    mails::insert(tx, &[written(cx, admin, &address, now)])
}

/// The mail with a link.
fn written(cx: &Context, admin: Admin, address: &str, now: Timestamp) -> Mail {
    let id = MailId::new(now, &*cx.random);
    let minutes = limits::PORTAL_MAIL_LINK_MS_MAX / Timestamp::MINUTE;
    let text = notice::sign_in(address, minutes, Language::English);
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

/// Whose portal the link with this token opens, while it is good. Does not use it up.
pub async fn opens(cx: &Context, token: &str) -> Result<Option<Organization>, DbError> {
    let (hash, now) = (token_hash(cx, token), cx.clock.now());
    let read = cx.db.read(move |conn| {
        let Some(link) = portal_links::find_good(conn, &hash, now)? else { return Ok(None) };
        organization_rows::find(conn, &link.organization_id).map(Some)
    });
    read.await
}

/// Uses a link up and begins a visit, which is known by the hash of what its cookie holds; the
/// visit that somebody had before ends. Says whether the link was still good.
pub async fn enter(
    cx: &Context,
    token: &str,
    cookie_hash: Vec<u8>,
    former_cookie_hash: Option<Vec<u8>>,
) -> Result<bool, DbError> {
    let (hash, now) = (token_hash(cx, token), cx.clock.now());
    let id = PortalSessionId::new(now, &*cx.random);
    let write = cx.db.write(Lane::Urgent, move |tx| {
        let Some(link) = portal_links::use_up(tx, &hash, now)? else { return Ok(false) };
        if let Some(former) = former_cookie_hash {
            portal_sessions::delete(tx, &former)?;
        }
        let visit = visit(id, link, cookie_hash, now);
        portal_sessions::insert(tx, &visit)?;
        let (organization, action) = (&visit.organization_id, Action::PortalEntered);
        actions::record(tx, &NewAction::of(organization, &visit.actor(), action, now))?;
        Ok(true)
    });
    write.await
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
