//! People in holds, and what was decided about them (S-22, S-24, S-32).

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::clearing;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::holds::{Hold, HoldItem};
use crate::db::schema::{hold_items, holds};
use crate::domain::employee::ExternalKey;
use crate::domain::hold::{Decision, HoldKind, HoldState};
use crate::domain::ids::{DirectoryId, HoldId, HoldItemId};
use crate::limits;

/// Puts people into an open hold; who is in it already gets the new particulars.
pub fn put(tx: &mut Tx<'_>, items: &[HoldItem]) -> Result<(), DbError> {
    use diesel::upsert::excluded;
    use hold_items as t;
    for chunk in items.chunks(limits::APPLY_BATCH_PEOPLE_MAX) {
        on_backend!(&mut **tx, |c| diesel::insert_into(t::table)
            .values(chunk)
            .on_conflict((t::hold_id, t::external_key))
            .do_update()
            .set((
                t::account_id.eq(excluded(t::account_id)),
                t::name.eq(excluded(t::name)),
                t::planned_change.eq(excluded(t::planned_change)),
                t::record_hash.eq(excluded(t::record_hash)),
                t::list_version.eq(excluded(t::list_version)),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// A person has another key from now on; what was or is to be decided about them stays theirs.
pub fn follow_key(
    tx: &mut Tx<'_>,
    directory: &DirectoryId,
    old: &ExternalKey,
    new: &ExternalKey,
) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(
        hold_items::table
            .filter(hold_items::directory_id.eq(directory))
            .filter(hold_items::external_key.eq(old))
    )
    .set(hold_items::external_key.eq(new))
    .execute(c))?;
    Ok(())
}

/// The people of one hold, in order of id.
pub fn of_hold(conn: &mut Conn, hold: &HoldId) -> Result<Vec<HoldItem>, DbError> {
    Ok(on_backend!(conn, |c| hold_items::table
        .filter(hold_items::hold_id.eq(hold))
        .order(hold_items::id.asc())
        .select(HoldItem::as_select())
        .load(c))?)
}

/// Who is in a hold.
pub fn people_of_hold(conn: &mut Conn, hold: &HoldId) -> Result<Vec<ExternalKey>, DbError> {
    Ok(on_backend!(conn, |c| hold_items::table
        .filter(hold_items::hold_id.eq(hold))
        .select(hold_items::external_key)
        .load(c))?)
}

/// The facts about those of these people who are in a hold, as they were on the list.
pub fn facts_in(
    conn: &mut Conn,
    (directory, hold): (&DirectoryId, &HoldId),
    people: &[ExternalKey],
) -> Result<HashMap<ExternalKey, Option<Vec<u8>>>, DbError> {
    use hold_items as t;
    let mut found = HashMap::new();
    for chunk in people.chunks(limits::IN_LIST_MAX) {
        let rows: Vec<(ExternalKey, Option<Vec<u8>>)> = on_backend!(conn, |c| t::table
            .filter(t::directory_id.eq(directory))
            .filter(t::external_key.eq_any(chunk))
            .filter(t::hold_id.eq(hold))
            .select((t::external_key, t::record_hash))
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// How many people are in a hold.
pub fn count(conn: &mut Conn, hold: &HoldId) -> Result<u64, DbError> {
    let count: i64 = on_backend!(conn, |c| hold_items::table
        .filter(hold_items::hold_id.eq(hold))
        .filter(hold_items::directory_id.ne_all(clearing::unfinished()))
        .count()
        .get_result(c))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Takes people out of a hold; returns whether anybody was in it.
pub fn remove(tx: &mut Tx<'_>, hold: &HoldId, people: &[ExternalKey]) -> Result<bool, DbError> {
    let mut removed: usize = 0;
    for chunk in people.chunks(limits::IN_LIST_MAX) {
        removed = removed.saturating_add(on_backend!(&mut **tx, |c| diesel::delete(
            hold_items::table
                .filter(hold_items::hold_id.eq(hold))
                .filter(hold_items::external_key.eq_any(chunk))
        )
        .execute(c))?);
    }
    Ok(removed > 0)
}

/// Moves people to another hold.
pub fn move_to(tx: &mut Tx<'_>, items: &[HoldItemId], hold: &HoldId) -> Result<(), DbError> {
    for chunk in items.chunks(limits::IN_LIST_MAX) {
        on_backend!(&mut **tx, |c| diesel::update(
            hold_items::table.filter(hold_items::id.eq_any(chunk))
        )
        .set(hold_items::hold_id.eq(hold))
        .execute(c))?;
    }
    Ok(())
}

/// Notes what was decided about these people; what was carried out before does not count any more.
pub fn decide(tx: &mut Tx<'_>, items: &[HoldItemId], decision: Decision) -> Result<(), DbError> {
    for chunk in items.chunks(limits::IN_LIST_MAX) {
        on_backend!(&mut **tx, |c| diesel::update(
            hold_items::table.filter(hold_items::id.eq_any(chunk))
        )
        .set((hold_items::decision.eq(decision), hold_items::done_at_ms.eq(None::<Timestamp>)))
        .execute(c))?;
    }
    Ok(())
}

/// Notes that approvals were carried out; each covers one change, once.
pub fn mark_done(tx: &mut Tx<'_>, items: &[HoldItemId], now: Timestamp) -> Result<(), DbError> {
    for chunk in items.chunks(limits::IN_LIST_MAX) {
        on_backend!(&mut **tx, |c| diesel::update(
            hold_items::table.filter(hold_items::id.eq_any(chunk))
        )
        .set(hold_items::done_at_ms.eq(now))
        .execute(c))?;
    }
    Ok(())
}

/// What was decided in a directory and still counts: approvals that were not carried out, and
/// rejections.
pub fn live_decisions(
    conn: &mut Conn,
    directory: &DirectoryId,
) -> Result<Vec<(HoldItemId, ExternalKey, HoldKind, Decision)>, DbError> {
    use hold_items as t;
    let rows: Vec<(HoldItemId, ExternalKey, HoldKind, Option<Decision>)> =
        on_backend!(conn, |c| t::table
            .inner_join(holds::table)
            .filter(t::directory_id.eq(directory))
            .filter(t::decision.is_not_null())
            .filter(t::done_at_ms.is_null())
            .select((t::id, t::external_key, holds::kind, t::decision))
            .load(c))?;
    let decided = |(id, key, kind, decision)| Some((id, key, kind, decision?));
    Ok(rows.into_iter().filter_map(decided).collect())
}

/// Who of these people waits in an open hold of this kind.
pub fn waiting(
    conn: &mut Conn,
    directory: &DirectoryId,
    kind: HoldKind,
    people: &[ExternalKey],
) -> Result<HashSet<ExternalKey>, DbError> {
    use hold_items as t;
    let mut found = HashSet::new();
    for chunk in people.chunks(limits::IN_LIST_MAX) {
        let keys: Vec<ExternalKey> = on_backend!(conn, |c| t::table
            .inner_join(holds::table)
            .filter(t::directory_id.eq(directory))
            .filter(t::external_key.eq_any(chunk))
            .filter(t::decision.is_null())
            .filter(holds::kind.eq(kind))
            .filter(holds::state.eq(HoldState::Open))
            .select(t::external_key)
            .load(c))?;
        found.extend(keys);
    }
    Ok(found)
}

/// Who of these people is in a hold of the same kind that was opened after this one.
pub fn later_than(
    conn: &mut Conn,
    hold: &Hold,
    people: &[ExternalKey],
) -> Result<HashSet<ExternalKey>, DbError> {
    use hold_items as t;
    let mut found = HashSet::new();
    for chunk in people.chunks(limits::IN_LIST_MAX) {
        let keys: Vec<ExternalKey> = on_backend!(conn, |c| t::table
            .inner_join(holds::table)
            .filter(t::directory_id.eq(&hold.directory_id))
            .filter(t::external_key.eq_any(chunk))
            .filter(holds::kind.eq(hold.kind))
            .filter(holds::id.gt(&hold.id))
            .select(t::external_key)
            .load(c))?;
        found.extend(keys);
    }
    Ok(found)
}

/// What was decided about these people in earlier holds of this kind counts no longer: they are
/// asked about anew.
pub fn retire(
    tx: &mut Tx<'_>,
    directory: &DirectoryId,
    kind: HoldKind,
    people: &[ExternalKey],
    now: Timestamp,
) -> Result<(), DbError> {
    let old: Vec<HoldItemId> = decided(tx, directory, people)?
        .into_iter()
        .filter(|(of, _)| *of == kind)
        .map(|(_, item)| item.id)
        .collect();
    mark_done(tx, &old, now)
}

/// What was decided about these people and still counts: approvals that were not carried out, and
/// rejections. In the order of the decisions, so that the last one of a person is the valid one.
pub fn decided(
    conn: &mut Conn,
    directory: &DirectoryId,
    people: &[ExternalKey],
) -> Result<Vec<(HoldKind, HoldItem)>, DbError> {
    use hold_items as t;
    let mut found: Vec<(HoldKind, Option<Timestamp>, HoldItem)> = Vec::new();
    for chunk in people.chunks(limits::IN_LIST_MAX) {
        found.extend(on_backend!(conn, |c| t::table
            .inner_join(holds::table)
            .filter(t::directory_id.eq(directory))
            .filter(t::external_key.eq_any(chunk))
            .filter(t::decision.is_not_null())
            .filter(t::done_at_ms.is_null())
            .select((holds::kind, holds::decided_at_ms, HoldItem::as_select()))
            .load(c))?);
    }
    found.sort_by(|a, b| (a.1, &a.2.hold_id).cmp(&(b.1, &b.2.hold_id)));
    Ok(found.into_iter().map(|(kind, _, item)| (kind, item)).collect())
}
