//! Notices to the admins, and what became of each on its way (S-43). Reading only; the part that
//! writes and sends them is in `notify`'s tables.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::conn::{Conn, on_backend};
use crate::db::error::DbError;
use crate::db::page::{Page, PageRequest, load_page};
use crate::db::schema::{mails, notices};
use crate::domain::ids::{DirectoryId, NoticeId, OrganizationId};
use crate::domain::notice::NoticeKind;

/// A notice.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = notices)]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// The organization whose admins it is for.
    pub organization_id: OrganizationId,
    /// The directory it is about.
    pub directory_id: Option<DirectoryId>,
    /// What it is about.
    pub kind: NoticeKind,
    /// One line.
    pub subject: String,
    /// What happened and what to do.
    pub body: String,
    /// Where it is repaired.
    pub link: String,
    /// When it was written.
    pub created_at_ms: Timestamp,
}

/// One notice to one admin by mail.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = mails)]
pub struct MailState {
    /// The notice.
    #[diesel(select_expression = mails::notice_id.assume_not_null())]
    pub notice_id: NoticeId,
    /// To whom.
    pub recipient_email: String,
    /// How far it got: `waiting`, `leased`, `sent`, `undelivered`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When the mail server took it.
    pub sent_at_ms: Option<Timestamp>,
    /// Why the last try failed.
    pub last_error: Option<String>,
}

/// A page of the notices of an organization.
pub fn page(
    conn: &mut Conn,
    organization: &OrganizationId,
    request: &PageRequest,
) -> Result<Page<Notice>, DbError> {
    Ok(load_page!(conn, request, notices::id, |row: &Notice| row.id.as_str(), {
        notices::table
            .filter(notices::organization_id.eq(organization))
            .select(Notice::as_select())
            .into_boxed()
    }))
}

/// What became of these notices by mail, oldest first. At most a page of notices is asked for.
pub fn mails_of(conn: &mut Conn, ids: &[NoticeId]) -> Result<Vec<MailState>, DbError> {
    Ok(on_backend!(conn, |c| mails::table
        .filter(mails::notice_id.eq_any(ids))
        .order(mails::id.asc())
        .select(MailState::as_select())
        .load(c))?)
}
