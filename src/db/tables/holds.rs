//! Holds: changes that wait for an admin's decision, and the people in them.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::clearing;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::hold_items;
use crate::db::schema::{hold_items as items_table, holds};
use crate::db::types::Json;
use crate::domain::action::Actor;
use crate::domain::employee::ExternalKey;
use crate::domain::hold::{self, Decision, Gathering, HoldKind, HoldState};
use crate::domain::ids::{AccountId, DirectoryId, HoldId, HoldItemId, OrganizationId};
use crate::limits;
use crate::texts::Text;

/// A hold.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = holds)]
#[diesel(treat_none_as_default_value = false)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The directory it belongs to.
    pub directory_id: DirectoryId,
    /// What waits.
    pub kind: HoldKind,
    /// Set while it is open: at most one per directory, kind and person.
    pub open_key: Option<String>,
    /// Why, in words for the admin.
    pub reason: String,
    /// What became of it.
    pub state: HoldState,
    /// When it was opened.
    pub created_at_ms: Timestamp,
    /// When it last changed.
    pub updated_at_ms: Timestamp,
    /// When it was decided.
    pub decided_at_ms: Option<Timestamp>,
    /// Who decided.
    pub decided_by: Option<Actor>,
    /// Counts up when somebody joins the list; a decision says which version it saw (S-32).
    pub list_version: i64,
    /// How many notices were written about it.
    pub notices: i64,
    /// When the admins are told again, while it is open.
    pub next_notice_at_ms: Option<Timestamp>,
    /// What still adds to it. While this is set, the list is not complete.
    pub gathering: Option<Gathering>,
}

impl Hold {
    /// Why it was opened, or that it is not complete yet.
    #[must_use]
    pub fn text(&self) -> Text {
        match self.gathering {
            Some(_) => hold::still_gathered(),
            None => Text::verbatim(&self.reason),
        }
    }
}

/// One person's change in a hold.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::db::schema::hold_items)]
#[diesel(treat_none_as_default_value = false)]
pub struct HoldItem {
    /// Its id.
    pub id: HoldItemId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The directory it belongs to.
    pub directory_id: DirectoryId,
    /// The hold it is in.
    pub hold_id: HoldId,
    /// The person's key.
    pub external_key: ExternalKey,
    /// The account in question.
    pub account_id: Option<AccountId>,
    /// The person's name.
    pub name: String,
    /// What would be done.
    pub planned_change: Json<serde_json::Value>,
    /// Hash of what the HR system said of the person when the item was made; what was rejected is
    /// asked again only when it says something else (S-32).
    pub record_hash: Option<Vec<u8>>,
    /// What was decided.
    pub decision: Option<Decision>,
    /// When an approval was carried out; it covers one change, once.
    pub done_at_ms: Option<Timestamp>,
    /// When it was added.
    pub created_at_ms: Timestamp,
    /// The version of the list with which it was added, or its facts last changed.
    pub list_version: i64,
    /// Since when the person is not on the list any more although it is open: they were seen again.
    pub left_at_ms: Option<Timestamp>,
}

impl HoldItem {
    /// Whether an admin reads the same in both.
    #[must_use]
    pub fn shows_the_same_as(&self, other: &Self) -> bool {
        let change = |item: &Self| item.planned_change.0.clone();
        self.name == other.name
            && self.account_id == other.account_id
            && change(self) == change(other)
    }
}

/// The value of `open_key` for a hold about one person.
#[must_use]
pub fn open_key(directory: &DirectoryId, kind: HoldKind, person: &ExternalKey) -> String {
    format!("{directory}|{kind}|{}", person.as_str())
}

/// The value of `open_key` for the one hold of a directory about people who would lose access.
#[must_use]
pub fn deactivations_key(directory: &DirectoryId) -> String {
    format!("{directory}|{}|", HoldKind::Deactivations)
}

/// The open hold with this key.
pub fn find_open(conn: &mut Conn, key: &str) -> Result<Option<Hold>, DbError> {
    Ok(on_backend!(conn, |c| holds::table
        .filter(holds::open_key.eq(key))
        .select(Hold::as_select())
        .first(c)
        .optional())?)
}

/// Stores a new hold with its items.
pub fn insert(tx: &mut Tx<'_>, hold: &Hold, items: &[HoldItem]) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::insert_into(holds::table).values(hold).execute(c))?;
    hold_items::put(tx, items)
}

/// The list of an open hold has another version from now on.
pub fn set_list_version(
    tx: &mut Tx<'_>,
    id: &HoldId,
    version: i64,
    now: Timestamp,
) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(holds::table.find(id))
        .set((holds::list_version.eq(version), holds::updated_at_ms.eq(now)))
        .execute(c))?;
    Ok(())
}

/// Whether something still adds to an open hold.
pub fn set_gathering(
    tx: &mut Tx<'_>,
    id: &HoldId,
    gathering: Option<Gathering>,
) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(holds::table.find(id))
        .set(holds::gathering.eq(gathering))
        .execute(c))?;
    Ok(())
}

/// A directory with an open hold of which the admins are to be told by now, the longest due first.
pub fn directory_to_tell(conn: &mut Conn, now: Timestamp) -> Result<Option<DirectoryId>, DbError> {
    Ok(on_backend!(conn, |c| holds::table
        .filter(holds::next_notice_at_ms.le(now))
        .filter(holds::gathering.is_null().or(holds::notices.gt(0)))
        .order(holds::next_notice_at_ms.asc())
        .select(holds::directory_id)
        .first(c)
        .optional())?)
}

/// When admins are next to be told of a hold.
pub fn next_notice(conn: &mut Conn) -> Result<Option<Timestamp>, DbError> {
    let next: Option<Option<Timestamp>> = on_backend!(conn, |c| holds::table
        .filter(holds::next_notice_at_ms.is_not_null())
        .filter(holds::gathering.is_null().or(holds::notices.gt(0)))
        .order(holds::next_notice_at_ms.asc())
        .select(holds::next_notice_at_ms)
        .first(c)
        .optional())?;
    Ok(next.flatten())
}

/// The open holds of a directory of which the admins were never told, or are to be told by `now`.
/// A list that is not complete is not told of.
pub fn to_tell(
    conn: &mut Conn,
    directory: &DirectoryId,
    now: Option<Timestamp>,
) -> Result<Vec<Hold>, DbError> {
    Ok(on_backend!(conn, |c| {
        let open = holds::table
            .filter(holds::directory_id.eq(directory))
            .filter(holds::state.eq(HoldState::Open))
            .order(holds::id.asc())
            .select(Hold::as_select());
        match now {
            Some(now) => open
                .filter(holds::next_notice_at_ms.le(now))
                .filter(holds::gathering.is_null().or(holds::notices.gt(0)))
                .load(c),
            None => open.filter(holds::notices.eq(0)).filter(holds::gathering.is_null()).load(c),
        }
    })?)
}

/// A notice about an open hold was written; the next one is due at `next`.
pub fn note_told(tx: &mut Tx<'_>, hold: &Hold, next: Timestamp) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(holds::table.find(&hold.id))
        .set(
            (holds::notices.eq(hold.notices.saturating_add(1)), holds::next_notice_at_ms.eq(next),)
        )
        .execute(c))?;
    Ok(())
}

/// Changes the reason of an open hold.
pub fn set_reason(
    tx: &mut Tx<'_>,
    id: &HoldId,
    reason: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(holds::table.find(id))
        .set((holds::reason.eq(reason), holds::updated_at_ms.eq(now)))
        .execute(c))?;
    Ok(())
}

/// The person of an open hold has another key from now on.
pub fn follow_key(tx: &mut Tx<'_>, id: &HoldId, open_key: &str) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(holds::table.find(id))
        .set(holds::open_key.eq(open_key))
        .execute(c))?;
    Ok(())
}

/// Closes a hold with what was decided; one that is closed gets the later decision.
pub fn close(
    tx: &mut Tx<'_>,
    id: &HoldId,
    state: HoldState,
    decided_by: &Actor,
    now: Timestamp,
) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(holds::table.find(id))
        .set((
            holds::state.eq(state),
            holds::open_key.eq(None::<String>),
            holds::next_notice_at_ms.eq(None::<Timestamp>),
            holds::gathering.eq(None::<Gathering>),
            holds::decided_by.eq(decided_by),
            holds::decided_at_ms.eq(now),
            holds::updated_at_ms.eq(now),
        ))
        .execute(c))?;
    Ok(())
}

/// Closes open holds that are no longer needed.
pub fn supersede(tx: &mut Tx<'_>, open_keys: &[String], now: Timestamp) -> Result<usize, DbError> {
    let mut closed: usize = 0;
    for chunk in open_keys.chunks(limits::IN_LIST_MAX) {
        closed = closed.saturating_add(on_backend!(&mut **tx, |c| diesel::update(
            holds::table.filter(holds::open_key.eq_any(chunk))
        )
        .set((
            holds::state.eq(HoldState::Superseded),
            holds::open_key.eq(None::<String>),
            holds::next_notice_at_ms.eq(None::<Timestamp>),
            holds::gathering.eq(None::<Gathering>),
            holds::updated_at_ms.eq(now),
        ))
        .execute(c))?);
    }
    Ok(closed)
}

/// Closes all open holds of a directory.
pub fn supersede_all(
    tx: &mut Tx<'_>,
    directory: &DirectoryId,
    now: Timestamp,
) -> Result<usize, DbError> {
    Ok(on_backend!(&mut **tx, |c| diesel::update(
        holds::table
            .filter(holds::directory_id.eq(directory))
            .filter(holds::state.eq(HoldState::Open))
    )
    .set((
        holds::state.eq(HoldState::Superseded),
        holds::open_key.eq(None::<String>),
        holds::next_notice_at_ms.eq(None::<Timestamp>),
        holds::gathering.eq(None::<Gathering>),
        holds::updated_at_ms.eq(now),
    ))
    .execute(c))?)
}

/// The keys of all open holds of a directory about one person each, for passes over everybody.
pub fn open_keys(conn: &mut Conn, directory: &DirectoryId) -> Result<Vec<String>, DbError> {
    let keys: Vec<Option<String>> = on_backend!(conn, |c| holds::table
        .filter(holds::directory_id.eq(directory))
        .filter(holds::state.eq(HoldState::Open))
        .select(holds::open_key)
        .load(c))?;
    Ok(keys.into_iter().flatten().collect())
}

/// A page of holds in order of id; `state` narrows it.
pub fn page(
    conn: &mut Conn,
    directory: &DirectoryId,
    state: Option<HoldState>,
    after: Option<&HoldId>,
    limit: i64,
) -> Result<Vec<Hold>, DbError> {
    Ok(on_backend!(conn, |c| {
        let mut query = holds::table
            .filter(holds::directory_id.eq(directory))
            .order(holds::id.asc())
            .limit(limit)
            .select(Hold::as_select())
            .into_boxed();
        if let Some(state) = state {
            query = query.filter(holds::state.eq(state));
        }
        if let Some(after) = after {
            query = query.filter(holds::id.gt(after));
        }
        query.load(c)
    })?)
}

/// One hold.
pub fn find(conn: &mut Conn, id: &HoldId) -> Result<Option<Hold>, DbError> {
    Ok(on_backend!(conn, |c| holds::table.find(id).select(Hold::as_select()).first(c).optional())?)
}

/// The items of these holds, in order of id.
pub fn items(conn: &mut Conn, ids: &[HoldId]) -> Result<Vec<HoldItem>, DbError> {
    let mut found: Vec<HoldItem> = Vec::new();
    for chunk in ids.chunks(limits::IN_LIST_MAX) {
        found.extend(on_backend!(conn, |c| items_table::table
            .filter(items_table::hold_id.eq_any(chunk))
            .filter(items_table::left_at_ms.is_null())
            .filter(items_table::directory_id.ne_all(clearing::unfinished()))
            .order(items_table::id.asc())
            .select(HoldItem::as_select())
            .load(c))?);
    }
    Ok(found)
}
