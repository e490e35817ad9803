//! Who did what: what admins, the application and Rollcall did with the connections, in sentences.

use actix_web::HttpRequest;
use askama::Template;
use jiff::tz::TimeZone;

use crate::clock::Millis;
use crate::db::page::Page;
use crate::db::{DbError, actions};
use crate::web::answer::Answer;
use crate::web::pages::page::request;
use crate::web::portal::page::{self, Frame, Pager};
use crate::web::portal::session::Visitor;
use crate::web::portal::words::When;
use crate::web::query::Query;
use crate::web::state::State;
use crate::web::who::{self, Told};

#[derive(Template)]
#[template(path = "portal/who.html")]
struct Who {
    frame: Frame,
    rows: Vec<WhoRow>,
    pager: Pager,
}

/// An action in a list.
pub struct WhoRow {
    /// When.
    pub when: When,
    /// Who did what.
    pub sentence: String,
}

impl WhoRow {
    /// As it is told now.
    #[must_use]
    pub fn of(told: Told, now: Millis, zone: &TimeZone) -> Self {
        Self { when: When::of(told.at, now, zone), sentence: told.sentence }
    }
}

/// `GET /portal/actions`.
pub async fn show(state: State, visitor: Visitor, req: HttpRequest) -> Answer {
    let page = request(&mut Query::of(&req));
    let organization = visitor.organization_id().clone();
    let read = state.context.db.read(move |conn| {
        let Page { items, before, after } = actions::page(conn, &organization, None, &page)?;
        Ok::<_, DbError>(Page { items: who::tell(conn, &organization, items)?, before, after })
    });
    let found = read.await?;
    let (now, zone) = (visitor.now, visitor.zone());
    page::ok(&Who {
        frame: Frame::at(&visitor, "Who did what", "who"),
        pager: Pager::of(&found, "/portal/actions", &[], ["Newer", "Older"]),
        rows: found.items.into_iter().map(|told| WhoRow::of(told, now, &zone)).collect(),
    })
}
