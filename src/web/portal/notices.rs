//! What the admins were told, and whether it reached them by mail (S-41, S-43).

use std::collections::HashMap;

use actix_web::HttpRequest;
use askama::Template;

use crate::db::DbError;
use crate::db::notices::{self, MailState, Notice};
use crate::domain::ids::{DirectoryId, NoticeId};
use crate::domain::notice::{Block, NoticeText};
use crate::texts::{Text, filters, text};
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
    /// To whom it went by mail, in sentences.
    sent: Vec<Text>,
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
        frame: Frame::at(&visitor, text("portal-notices"), "notices"),
        mails: state.context.sends_mail,
        pager: Pager::newest_first(&found, "/portal/notices", &[]),
        rows: found.items.into_iter().map(row).collect(),
    })
}

/// To whom it went by mail, and to whom it did not.
fn sent(mails: &[MailState]) -> Vec<Text> {
    let to = |states: &[&str]| {
        let those = mails.iter().filter(|mail| states.contains(&mail.state.as_str()));
        let addresses: Vec<&str> = those.map(|mail| mail.recipient_email.as_str()).collect();
        (!addresses.is_empty()).then(|| addresses.join(", "))
    };
    let (sent, on_its_way) = (to(&["sent"]), to(&["waiting", "leased"]));
    let undelivered = to(&["undelivered"]);
    let told = [
        sent.map(|to| text("portal-notice-sent").with("addresses", to)),
        on_its_way.map(|to| text("portal-notice-on-its-way").with("addresses", to)),
        undelivered.map(|to| text("portal-notice-undelivered").with("addresses", to)),
    ];
    told.into_iter().flatten().collect()
}
