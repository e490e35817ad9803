//! `/api/v1/organizations/{id}/notices`: what the admins were told, and how it reached them (S-43).

use std::collections::HashMap;

use actix_web::web::Path;
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::notices::{self, MailState, Notice};
use crate::db::page::PageRequest;
use crate::domain::ids::{DirectoryId, NoticeId, OrganizationId};
use crate::domain::notice::NoticeKind;
use crate::operations::{OperationError, organizations};
use crate::web::http::query::{Params, query};
use crate::web::http::response::{self, Iso8601, List, Response};
use crate::web::http::state::State;

/// A message to the admins of an organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notice)]
pub struct NoticeResponse {
    /// `notice`.
    object: &'static str,
    id: NoticeId,
    organization_id: OrganizationId,
    directory_id: Option<DirectoryId>,
    kind: NoticeKind,
    subject: String,
    body: String,
    link: String,
    channels: Vec<Channel>,
    created_at: Iso8601,
    updated_at: Iso8601,
}

/// What became of a notice on one way to its readers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoticeChannel)]
struct Channel {
    /// `portal`, `event` or `mail`.
    #[serde(rename = "channel")]
    name: &'static str,
    /// `waiting`, `sent` or `failed`.
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at: Option<Iso8601>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Channel {
    /// The portal shows a notice, and the feed carries its event, from the moment it is written.
    fn at_once(name: &'static str) -> Self {
        Self {
            name,
            state: "sent".to_owned(),
            recipient: None,
            attempts: None,
            sent_at: None,
            error: None,
        }
    }

    fn mail(mail: MailState) -> Self {
        // That a worker has it in hand is of no interest to readers.
        let waits = mail.state == "leased";
        Self {
            name: "mail",
            state: if waits { "waiting".to_owned() } else { mail.state },
            recipient: Some(mail.recipient_email),
            attempts: Some(mail.attempts),
            sent_at: mail.sent_at_ms.map(Iso8601),
            error: mail.last_error,
        }
    }
}

fn show(row: Notice, mails: Vec<MailState>) -> NoticeResponse {
    let mut channels = vec![Channel::at_once("portal"), Channel::at_once("event")];
    channels.extend(mails.into_iter().map(Channel::mail));
    NoticeResponse {
        object: "notice",
        id: row.id,
        organization_id: row.organization_id,
        directory_id: row.directory_id,
        kind: row.kind,
        subject: row.subject,
        body: row.body,
        link: row.link,
        channels,
        created_at: row.created_at_ms.into(),
        updated_at: row.created_at_ms.into(),
    }
}

query! {
    /// Which notices are listed.
    pub struct NoticesQuery {
        /// The part of the list.
        page: PageRequest,
    }
}

/// Lists what the admins of an organization were told, and how it reached them.
#[utoipa::path(
    get, path = "/api/v1/organizations/{organization_id}/notices", tag = "Organizations",
    operation_id = "list_notices",
    params(NoticesQuery),
    responses(
        (status = 200, description = "A page of notices.", body = List<NoticeResponse>),
        (status = 404, description = "There is no such organization."),
    ),
)]
pub async fn list(
    state: State,
    path: Path<OrganizationId>,
    query: Params<NoticesQuery>,
) -> Response {
    let (organization, page) = (path.into_inner(), query.0.page);
    let read = state.context.db.read(move |conn| {
        organizations::find(conn, &organization)?;
        let found = notices::page(conn, &organization, &page)?;
        let ids: Vec<NoticeId> = found.items.iter().map(|row| row.id.clone()).collect();
        let mut mails: HashMap<NoticeId, Vec<MailState>> = HashMap::new();
        for mail in notices::mails_of(conn, &ids)? {
            mails.entry(mail.notice_id.clone()).or_default().push(mail);
        }
        Ok::<_, OperationError>(found.map(|row| {
            let mails = mails.remove(&row.id).unwrap_or_default();
            show(row, mails)
        }))
    });
    response::list(read.await?, std::convert::identity)
}
