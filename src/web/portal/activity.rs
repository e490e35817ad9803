//! Who did what: what admins, the application and Rollcall did with the connections, in sentences.

use actix_web::HttpRequest;
use askama::Template;
use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::db::page::Page;
use crate::db::{DbError, actions};
use crate::texts::{Markup, Text, filters, text};
use crate::web::actors::{self, Told};
use crate::web::http::query::Query;
use crate::web::http::response::Response;
use crate::web::http::state::State;
use crate::web::pages::page::request;
use crate::web::portal::messages::When;
use crate::web::portal::page::{self, Frame, Pager};
use crate::web::portal::session::Visitor;

#[derive(Template)]
#[template(path = "portal/who.html")]
struct Who {
    frame: Frame,
    /// The link to the changes of accounts.
    changes: Markup,
    rows: Vec<WhoRow>,
    pager: Pager,
}

/// An action in a list.
pub struct WhoRow {
    /// When.
    pub when: When,
    /// Who did what.
    pub sentence: Text,
}

impl WhoRow {
    /// As it is told now.
    #[must_use]
    pub fn of(told: Told, now: Timestamp, zone: &TimeZone) -> Self {
        Self { when: When::of(told.at, now, zone), sentence: told.sentence }
    }
}

/// `GET /portal/actions`.
pub async fn show(state: State, visitor: Visitor, req: HttpRequest) -> Response {
    let page = request(&mut Query::of(&req));
    let organization = visitor.organization_id().clone();
    let read = state.context.db.read(move |conn| {
        let Page { items, before, after } = actions::page(conn, &organization, None, &page)?;
        Ok::<_, DbError>(Page { items: actors::tell(conn, &organization, items)?, before, after })
    });
    let found = read.await?;
    let (now, zone) = (visitor.now, visitor.zone());
    page::ok(&Who {
        frame: Frame::at(&visitor, text("portal-actions"), "who"),
        changes: page::link("/portal/changes", text("portal-changes")),
        pager: Pager::newest_first(&found, "/portal/actions", &[]),
        rows: found.items.into_iter().map(|told| WhoRow::of(told, now, &zone)).collect(),
    })
}
