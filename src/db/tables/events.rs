//! Events: what happened, in commit order.
//!
//! The number of an event is handed out by the last statements before the commit. The one row of
//! `event_sequence` stays locked until then, so a reader that has seen number 10 will never be
//! shown a 9 later. Ids derive from the number.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::page::{Page, PageRequest, load_page};
use crate::db::schema::{event_sequence, events};
use crate::domain::ids::{DirectoryId, EventId, OrganizationId};
use crate::limits;

/// A stored event.
#[derive(Debug, Clone, Queryable)]
pub struct Event {
    /// Its id, from its number.
    pub id: EventId,
    /// The organization it belongs to.
    pub organization_id: OrganizationId,
    /// Its type, as sent.
    pub event_type: String,
    /// The `data` member, as it is sent: JSON text.
    pub data: String,
    /// When it happened.
    pub created_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = events)]
#[diesel(treat_none_as_default_value = false)]
struct Row {
    number: i64,
    organization_id: OrganizationId,
    directory_id: Option<DirectoryId>,
    event_type: &'static str,
    lane: String,
    group_lane: Option<String>,
    data: String,
    created_at_ms: Timestamp,
    ends_access: bool,
}

/// Numbers and writes what a transaction has to tell, as its last statements before the commit.
/// Returns whether to wake whoever delivers.
pub(crate) fn append(mut tx: Tx<'_>) -> Result<bool, DbError> {
    let (waiting, to_deliver) = tx.take_events();
    let Ok(count) = i64::try_from(waiting.len()) else { return Err(DbError::Busy) };
    if count == 0 {
        return Ok(to_deliver);
    }
    let last: i64 = on_backend!(&mut *tx, |c| diesel::update(event_sequence::table)
        .set(event_sequence::last_number.eq(event_sequence::last_number + count))
        .returning(event_sequence::last_number)
        .get_result(c))?;
    let first = last.saturating_sub(count).saturating_add(1);
    let rows: Vec<Row> = (first..)
        .zip(waiting)
        .map(|(number, event)| Row {
            number,
            organization_id: event.organization_id,
            directory_id: event.directory_id,
            event_type: event.kind.as_str(),
            lane: event.lane,
            group_lane: event.group_lane,
            ends_access: event.kind.ends_access(&event.data),
            data: event.data.to_string(),
            created_at_ms: event.created_at,
        })
        .collect();
    for chunk in rows.chunks(500) {
        on_backend!(&mut *tx, |c| diesel::insert_into(events::table).values(chunk).execute(c))?;
    }
    Ok(true)
}

/// Which events a reader asks for.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Only those of this organization.
    pub organization_id: Option<OrganizationId>,
    /// Only those of these types; all when empty.
    pub types: Vec<String>,
    /// Only those that happened at this moment or later.
    pub from: Option<Timestamp>,
    /// Only those that happened before this moment.
    pub until: Option<Timestamp>,
}

/// A page of events. Ascending is oldest first.
pub fn page(
    conn: &mut Conn,
    filter: &EventFilter,
    request: &PageRequest,
) -> Result<Page<Event>, DbError> {
    use events as t;
    let number = |text: String| EventId::from_text(text).number().unwrap_or(i64::MAX);
    Ok(load_page!(
        conn,
        request,
        t::number,
        |row: &Event| row.id.as_str(),
        {
            let columns = (t::number, t::organization_id, t::event_type, t::data, t::created_at_ms);
            let mut query = t::table.select(columns).into_boxed();
            if let Some(organization) = &filter.organization_id {
                query = query.filter(t::organization_id.eq(organization));
            }
            if !filter.types.is_empty() {
                query = query.filter(t::event_type.eq_any(&filter.types));
            }
            if let Some(from) = filter.from {
                query = query.filter(t::created_at_ms.ge(from));
            }
            if let Some(until) = filter.until {
                query = query.filter(t::created_at_ms.lt(until));
            }
            query
        },
        number
    ))
}

/// The numbers of the events of these types from one moment up to (and without) another, in order;
/// at most `limit`.
pub fn numbers_between(
    conn: &mut Conn,
    (since, until): (Timestamp, Timestamp),
    types: &[&str],
    limit: i64,
) -> Result<Vec<i64>, DbError> {
    Ok(on_backend!(conn, |c| events::table
        .filter(events::created_at_ms.ge(since))
        .filter(events::created_at_ms.lt(until))
        .filter(events::event_type.eq_any(types))
        .order(events::number.asc())
        .limit(limit)
        .select(events::number)
        .load(c))?)
}

/// Which of these events are kept, with their types. The caller bounds the list.
pub fn types_of(conn: &mut Conn, numbers: &[i64]) -> Result<Vec<(i64, String)>, DbError> {
    let mut found = Vec::with_capacity(numbers.len());
    for chunk in numbers.chunks(limits::IN_LIST_MAX) {
        let rows: Vec<(i64, String)> = on_backend!(conn, |c| events::table
            .filter(events::number.eq_any(chunk))
            .select((events::number, events::event_type))
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// The number of the oldest event that is kept; `None` when there is none.
pub fn oldest_number(conn: &mut Conn) -> Result<Option<i64>, DbError> {
    Ok(on_backend!(conn, |c| events::table.select(diesel::dsl::min(events::number)).first(c))?)
}

/// Deletes events older than `before`; at most `limit`, so that nobody waits long.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> Result<usize, DbError> {
    let numbers: Vec<i64> = on_backend!(&mut **tx, |c| events::table
        .filter(events::created_at_ms.lt(before))
        .order(events::number.asc())
        .limit(limit)
        .select(events::number)
        .load(c))?;
    let Some(last) = numbers.last().copied() else { return Ok(0) };
    Ok(on_backend!(&mut **tx, |c| diesel::delete(
        events::table.filter(events::number.le(last)).filter(events::created_at_ms.lt(before))
    )
    .execute(c))?)
}

/// The number of the newest event there ever was; 0 when there was none.
pub fn last_number(conn: &mut Conn) -> Result<i64, DbError> {
    Ok(on_backend!(conn, |c| event_sequence::table.select(event_sequence::last_number).first(c))?)
}
