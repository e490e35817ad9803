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

/// Puts people into an open hold; who is in it already gets the new particulars, and a new id: no
/// decision about what the item said before is one about what it says now (S-32).
pub fn put(tx: &mut Tx<'_>, items: &[HoldItem]) -> Result<(), DbError> {
    use diesel::upsert::excluded;
    use hold_items as t;
    for chunk in items.chunks(limits::APPLY_BATCH_PEOPLE_MAX) {
        on_backend!(&mut **tx, |c| diesel::insert_into(t::table)
            .values(chunk)
            .on_conflict((t::hold_id, t::external_key))
            .do_update()
            .set((
                t::id.eq(excluded(t::id)),
                t::account_id.eq(excluded(t::account_id)),
                t::name.eq(excluded(t::name)),
                t::planned_change.eq(excluded(t::planned_change)),
                t::record_hash.eq(excluded(t::record_hash)),
                t::list_version.eq(excluded(t::list_version)),
                t::left_at_ms.eq(None::<Timestamp>),
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
        .filter(hold_items::left_at_ms.is_null())
        .order(hold_items::id.asc())
        .select(HoldItem::as_select())
        .load(c))?)
}

/// Who is in a hold.
pub fn people_of_hold(conn: &mut Conn, hold: &HoldId) -> Result<Vec<ExternalKey>, DbError> {
    Ok(on_backend!(conn, |c| hold_items::table
        .filter(hold_items::hold_id.eq(hold))
        .filter(hold_items::left_at_ms.is_null())
        .select(hold_items::external_key)
        .load(c))?)
}

/// Those of these people who are in a hold, as they are on the list.
pub fn those_in(
    conn: &mut Conn,
    (directory, hold): (&DirectoryId, &HoldId),
    people: &[ExternalKey],
) -> Result<HashMap<ExternalKey, HoldItem>, DbError> {
    use hold_items as t;
    let mut found = HashMap::new();
    for chunk in people.chunks(limits::IN_LIST_MAX) {
        let rows: Vec<HoldItem> = on_backend!(conn, |c| t::table
            .filter(t::directory_id.eq(directory))
            .filter(t::external_key.eq_any(chunk))
            .filter(t::hold_id.eq(hold))
            .filter(t::left_at_ms.is_null())
            .select(HoldItem::as_select())
            .load(c))?;
        found.extend(rows.into_iter().map(|item| (item.external_key.clone(), item)));
    }
    Ok(found)
}

/// Notes what the HR system says of a person where the list shows nothing of it.
pub fn set_record_hash(
    tx: &mut Tx<'_>,
    item: &HoldItemId,
    hash: Option<&[u8]>,
) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(hold_items::table.find(item))
        .set(hold_items::record_hash.eq(hash))
        .execute(c))?;
    Ok(())
}

/// The facts that these rejections were about are others now: what comes next is asked about.
pub fn forget_facts(tx: &mut Tx<'_>, items: &[HoldItemId]) -> Result<(), DbError> {
    for chunk in items.chunks(limits::IN_LIST_MAX) {
        on_backend!(&mut **tx, |c| diesel::update(
            hold_items::table.filter(hold_items::id.eq_any(chunk))
        )
        .set(hold_items::record_hash.eq(None::<Vec<u8>>))
        .execute(c))?;
    }
    Ok(())
}

/// How many people are in a hold.
pub fn count(conn: &mut Conn, hold: &HoldId) -> Result<u64, DbError> {
    let count: i64 = on_backend!(conn, |c| hold_items::table
        .filter(hold_items::hold_id.eq(hold))
        .filter(hold_items::left_at_ms.is_null())
        .filter(hold_items::directory_id.ne_all(clearing::unfinished()))
        .count()
        .get_result(c))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Takes people out of an open hold, which remembers them; returns whether anybody was in it.
pub fn leave(
    tx: &mut Tx<'_>,
    hold: &HoldId,
    people: &[ExternalKey],
    now: Timestamp,
) -> Result<bool, DbError> {
    let mut left: usize = 0;
    for chunk in people.chunks(limits::IN_LIST_MAX) {
        left = left.saturating_add(on_backend!(&mut **tx, |c| diesel::update(
            hold_items::table
                .filter(hold_items::hold_id.eq(hold))
                .filter(hold_items::left_at_ms.is_null())
                .filter(hold_items::external_key.eq_any(chunk))
        )
        .set(hold_items::left_at_ms.eq(now))
        .execute(c))?);
    }
    Ok(left > 0)
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
/// rejections whose facts are as they were.
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
            .filter(t::record_hash.is_not_null().or(t::decision.eq(Decision::Approved)))
            .select((t::id, t::external_key, holds::kind, t::decision))
            .load(c))?;
    let decided = |(id, key, kind, decision)| Some((id, key, kind, decision?));
    Ok(rows.into_iter().filter_map(decided).collect())
}

/// Who of these people is or was in a hold of this kind that is open.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// They wait for the decision.
    pub waiting: HashSet<ExternalKey>,
    /// They were seen again before it came.
    pub left: HashSet<ExternalKey>,
}

/// Who of these people waits in an open hold of this kind, or has left it.
pub fn asked(
    conn: &mut Conn,
    directory: &DirectoryId,
    kind: HoldKind,
    people: &[ExternalKey],
) -> Result<Asked, DbError> {
    use hold_items as t;
    let mut found = Asked::default();
    for chunk in people.chunks(limits::IN_LIST_MAX) {
        let rows: Vec<(ExternalKey, Option<Timestamp>)> = on_backend!(conn, |c| t::table
            .inner_join(holds::table)
            .filter(t::directory_id.eq(directory))
            .filter(t::external_key.eq_any(chunk))
            .filter(t::decision.is_null())
            .filter(holds::kind.eq(kind))
            .filter(holds::state.eq(HoldState::Open))
            .select((t::external_key, t::left_at_ms))
            .load(c))?;
        for (key, left_at) in rows {
            let set = if left_at.is_some() { &mut found.left } else { &mut found.waiting };
            set.insert(key);
        }
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
            .filter(t::left_at_ms.is_null())
            .select(t::external_key)
            .load(c))?;
        found.extend(keys);
    }
    Ok(found)
}

/// What was decided about these people in earlier holds of this kind counts no longer: something
/// else is decided now.
pub fn retire(
    tx: &mut Tx<'_>,
    directory: &DirectoryId,
    kind: HoldKind,
    people: &[ExternalKey],
    now: Timestamp,
) -> Result<(), DbError> {
    let old = decided(tx, directory, people)?.into_iter().filter(|(of, _)| *of == kind);
    let old: Vec<HoldItemId> = old.map(|(_, item)| item.id).collect();
    mark_done(tx, &old, now)
}

/// These people are asked about anew: approvals of the past count no longer, and rejections only in
/// that nothing is done unasked.
pub fn ask_anew(
    tx: &mut Tx<'_>,
    directory: &DirectoryId,
    kind: HoldKind,
    people: &[ExternalKey],
    now: Timestamp,
) -> Result<(), DbError> {
    let old = decided(tx, directory, people)?.into_iter().filter(|(of, _)| *of == kind);
    let (approved, rejected): (Vec<HoldItem>, Vec<HoldItem>) =
        old.map(|(_, item)| item).partition(|item| item.decision == Some(Decision::Approved));
    let ids = |items: Vec<HoldItem>| -> Vec<HoldItemId> {
        items.into_iter().map(|item| item.id).collect()
    };
    mark_done(tx, &ids(approved), now)?;
    forget_facts(tx, &ids(rejected))
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
