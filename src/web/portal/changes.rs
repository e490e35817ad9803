//! Every change of an account, with what set it off and what was there before.

use std::collections::HashMap;

use actix_web::HttpRequest;
use askama::Template;

use crate::db::account_changes::NumberedAccountChange;
use crate::db::{Conn, DbError, holds, reports};
use crate::domain::action::Actor;
use crate::domain::audit::CauseKind;
use crate::domain::ids::{AccountId, HoldId, OrganizationId};
use crate::texts::{Text, filters, text};
use crate::web::actors::AdminNames;
use crate::web::http::query::Query;
use crate::web::http::response::Response;
use crate::web::http::state::State;
use crate::web::pages::page::request;
use crate::web::portal::directory::{name_of, names};
use crate::web::portal::messages::{self, When};
use crate::web::portal::page::{self, Frame, Pager};
use crate::web::portal::session::Visitor;

/// The fields of a change that are seen at once when there are too many to show them all.
const FIELDS_SEEN: usize = 3;
/// The most fields of a change that are all seen at once.
const FIELDS_SEEN_MAX: usize = 5;

#[derive(Template)]
#[template(path = "portal/changes.html")]
struct Changes {
    frame: Frame,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    when: When,
    who: Text,
    /// What is seen at once.
    fields: Vec<Text>,
    /// What is unfolded: a new account has more values than anybody wants to scroll past.
    more: Vec<Text>,
    why: Text,
    by: Text,
}

/// `GET /portal/changes`.
pub async fn show(state: State, visitor: Visitor, req: HttpRequest) -> Response {
    let page = request(&mut Query::of(&req));
    let organization = visitor.organization_id().clone();
    let read = state.context.db.read(move |conn| {
        let found = reports::portal::changes(conn, &organization, None, &page)?;
        let of: Vec<AccountId> =
            found.items.iter().map(|row| row.change.account_id.clone()).collect();
        let names = names(conn, &of)?;
        let by = deciders(conn, &organization, &found.items)?;
        Ok::<_, DbError>((found, names, by))
    });
    let (found, names, by) = read.await?;
    let (now, zone) = (visitor.now, visitor.zone());
    let row = |NumberedAccountChange { change: row, .. }| {
        let mut fields = messages::change_lines(&row.changes.0);
        let seen = if fields.len() > FIELDS_SEEN_MAX { FIELDS_SEEN } else { fields.len() };
        Row {
            when: When::of(row.created_at_ms, now, &zone),
            who: name_of(&names, &row.account_id),
            more: fields.split_off(seen),
            fields,
            why: row.rule.text(),
            by: cause(row.cause, row.cause_id.as_deref(), &by),
        }
    };
    page::ok(&Changes {
        frame: Frame::at(&visitor, text("portal-changes"), "changes"),
        pager: Pager::newest_first(&found, "/portal/changes", &[]),
        rows: found.items.into_iter().map(row).collect(),
    })
}

/// Who took the decisions, or did with their own hands, what is among these changes.
fn deciders(
    conn: &mut Conn,
    organization: &OrganizationId,
    rows: &[NumberedAccountChange],
) -> Result<HashMap<String, Text>, DbError> {
    let mut found = HashMap::new();
    let names = AdminNames::load(conn, organization)?;
    for NumberedAccountChange { change: row, .. } in rows {
        let Some(id) = &row.cause_id else { continue };
        if found.contains_key(id) {
            continue;
        }
        let by = match row.cause {
            CauseKind::Decision => {
                let hold = holds::find(conn, &HoldId::from_text(id.as_str()))?;
                hold.and_then(|hold| hold.decided_by)
            }
            CauseKind::Admin => Actor::parse(id),
            _ => continue,
        };
        if let Some(by) = by {
            found.insert(id.clone(), names.text(&by));
        }
    }
    Ok(found)
}

fn cause(kind: CauseKind, id: Option<&str>, by: &HashMap<String, Text>) -> Text {
    let named = id.and_then(|id| by.get(id));
    match (kind, named) {
        (CauseKind::Hook, _) => text("portal-by-hook"),
        (CauseKind::Run, _) => text("portal-by-run"),
        (CauseKind::Clock, _) => text("portal-by-clock"),
        (CauseKind::Decision, Some(who)) => text("portal-by-decision").with("who", who),
        (CauseKind::Decision, None) => text("portal-by-decision-unknown"),
        (CauseKind::ApiKey, _) => text("portal-by-application"),
        (CauseKind::Admin, Some(who)) => who.clone(),
        (CauseKind::Admin, None) => text("portal-by-admin-unknown"),
    }
}
