//! What the admins were told, and whether it reached them by mail (S-41, S-43).

use std::collections::HashMap;

use actix_web::HttpRequest;
use askama::Template;

use crate::db::DbError;
use crate::db::notices::{self, MailState, Notice};
use crate::domain::ids::{DirectoryId, NoticeId};
use crate::domain::notice::{Block, NoticeText};
use crate::web::http::query::Query;
use crate::web::http::response::Response;
use crate::web::http::state::State;
use crate::web::pages::page::request;
use crate::web::portal::messages::When;
use crate::web::portal::page::{self, Frame, Pager};
use crate::web::portal::session::Visitor;

#[derive(Template)]
#[template(path = "portal/notices.html")]
struct Notices {
    frame: Frame,
    mails: bool,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    when: When,
    subject: String,
    text: NoticeText,
    directory: Option<DirectoryId>,
    sent: String,
}

impl Row {
    fn blocks(&self) -> Vec<Block<'_>> {
        self.text.blocks()
    }
}

/// `GET /portal/notices`.
pub async fn show(state: State, visitor: Visitor, req: HttpRequest) -> Response {
    let page = request(&mut Query::of(&req));
    let organization = visitor.organization_id().clone();
    let read = state.context.db.read(move |conn| {
        let found = notices::page(conn, &organization, &page)?;
        let ids: Vec<NoticeId> = found.items.iter().map(|row| row.id.clone()).collect();
        Ok::<_, DbError>((found, notices::mails_of(conn, &ids)?))
    });
    let (found, mails) = read.await?;
    let mut of_notice: HashMap<NoticeId, Vec<MailState>> = HashMap::new();
    for mail in mails {
        of_notice.entry(mail.notice_id.clone()).or_default().push(mail);
    }
    let (now, zone) = (visitor.now, visitor.zone());
    let row = |row: Notice| Row {
        when: When::of(row.created_at_ms, now, &zone),
        sent: sent(&of_notice.remove(&row.id).unwrap_or_default()),
        subject: row.subject.clone(),
        text: NoticeText { subject: row.subject, body: row.body },
        directory: row.directory_id,
    };
    page::ok(&Notices {
        frame: Frame::at(&visitor, "Notices", "notices"),
        mails: state.context.sends_mail,
        pager: Pager::of(&found, "/portal/notices", &[], ["Newer", "Older"]),
        rows: found.items.into_iter().map(row).collect(),
    })
}

/// To whom it went by mail, and to whom it did not.
fn sent(mails: &[MailState]) -> String {
    let of_state = |wanted: &[&str]| {
        let those = mails.iter().filter(|mail| wanted.contains(&mail.state.as_str()));
        those.map(|mail| mail.recipient_email.as_str()).collect::<Vec<_>>().join(", ")
    };
    let parts = [
        ("Sent to", of_state(&["sent"])),
        ("On its way to", of_state(&["waiting", "leased"])),
        ("Could not be delivered to", of_state(&["undelivered"])),
    ];
    let told = parts.iter().filter(|(_, whom)| !whom.is_empty());
    told.map(|(what, whom)| format!("{what} {whom}.")).collect::<Vec<_>>().join(" ")
}
