//! The guard against mass deactivation (S-32): counts before anybody loses access, and keeps the
//! one open hold of a directory about people who would.
//!
//! Whether one person waits is decided in [`crate::sync::plan`] with the [`Guard`] that this module
//! puts into the view. A full sync looks ahead over everybody, so that of too many none is let
//! through; what comes one by one is counted as it comes.
//!
//! Invariants:
//! - A directory has at most one open hold about loss of access; it keeps its id while it is open.
//! - Admins hear once of a hold, when it is known who is in it.

use std::collections::HashSet;

use serde_json::json;

use crate::clock::{Millis, Random};
use crate::db::directories::Directory;
use crate::db::directory_users::DirectoryUser;
use crate::db::events::NewEvent;
use crate::db::holds::{self, Hold, HoldItem};
use crate::db::types::Json;
use crate::db::{Conn, DbError, Tx, deactivations, directory_users, hold_items};
use crate::domain::account::{Activity, activity};
use crate::domain::employee::{EmployeeRecord, ExternalKey, Membership};
use crate::domain::event::EventKind;
use crate::domain::guard::{Guard, LossReason};
use crate::domain::hold::{HoldKind, HoldState};
use crate::domain::ids::{AccountId, HoldId, HoldItemId};
use crate::sync::apply::Applier;
use crate::sync::failure::{self, Teller};
use crate::sync::known::View;
use crate::sync::objects;
use crate::sync::plan::{Facts, LossFate, Observed, Step};
use crate::sync::rows::Made;
use crate::sync::view;

/// What is known of the others when a batch is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// Nothing: people who come by webhook or by a date are counted together with those who wait.
    Alone,
    /// A full sync has looked at everybody; whether too many would lose access.
    Everybody {
        /// Whether those who would lose access wait.
        too_many: bool,
    },
}

/// How many have lost access within the hour, and how many had it before.
struct Window {
    lost: u64,
    base: u64,
}

fn window(conn: &mut Conn, directory: &Directory, now: Millis) -> Result<Window, DbError> {
    let lost = deactivations::recent(conn, &directory.id, now)?;
    let base = deactivations::linked_active(conn, &directory.id)?.saturating_add(lost);
    Ok(Window { lost, base })
}

/// Whether a look at this person could end access, whatever is stored.
fn may_lose(view: &View, observed: &Observed, applier: &Applier<'_>) -> bool {
    let today = applier.day.today;
    let ends = |record: &EmployeeRecord, membership| {
        let membership = match membership {
            Membership::NotShown => Membership::NotMember,
            shown => shown,
        };
        activity(record, membership, today) == Activity::Inactive
    };
    let stored = view.stored(&observed.record);
    ends(&observed.record, observed.membership)
        || stored.is_some_and(|user| ends(&user.record.0, observed.membership))
}

/// The guard for one batch.
pub fn for_batch(
    conn: &mut Conn,
    applier: &Applier<'_>,
    view: &View,
    facts: &Facts,
    batch: &[Observed],
) -> Result<Guard, DbError> {
    let some: Vec<&Observed> = batch.iter().filter(|one| may_lose(view, one, applier)).collect();
    if some.is_empty() {
        return Ok(Guard::Open);
    }
    let limits = applier.limits;
    match applier.ruling {
        Ruling::Everybody { too_many: true } => Ok(Guard::Closed),
        Ruling::Everybody { too_many: false } => {
            let Window { lost, base } = window(conn, applier.directory, applier.now)?;
            Ok(Guard::Counting { limits, base, lost })
        }
        Ruling::Alone => {
            let Window { lost, base } = window(conn, applier.directory, applier.now)?;
            let lost = lost.saturating_add(waiting_besides(conn, applier, batch)?);
            let more = losses(applier, view.clone(), facts, &some);
            // One person is simply the next one; of several who come together, none goes first.
            let too_many =
                some.len() > 1 && limits.are_exceeded_by(lost.saturating_add(more), base);
            let counting = Guard::Counting { limits, base, lost };
            Ok(if too_many { Guard::Closed } else { counting })
        }
    }
}

/// How many others wait already.
fn waiting_besides(
    conn: &mut Conn,
    applier: &Applier<'_>,
    batch: &[Observed],
) -> Result<u64, DbError> {
    let Some(hold) = holds::find_open(conn, &holds::deactivations_key(&applier.directory.id))?
    else {
        return Ok(0);
    };
    let mut waiting: HashSet<ExternalKey> =
        hold_items::of_hold(conn, &hold.id)?.into_iter().map(|item| item.external_key).collect();
    for observed in batch {
        waiting.remove(&observed.record.external_key);
    }
    Ok(u64::try_from(waiting.len()).unwrap_or(u64::MAX))
}

/// How many of these people would lose access in a way that counts, if nobody had to wait.
fn losses(applier: &Applier<'_>, mut view: View, facts: &Facts, people: &[&Observed]) -> u64 {
    view.guard = Guard::Open;
    let mut count: u64 = 0;
    for observed in people {
        let plan = applier.plan(&view, facts, (*observed).clone());
        if let (Step::Apply(applied), Made::Person(_)) =
            (&plan.step, applier.take_in(&mut view, &plan))
            && applied.loss.as_ref().is_some_and(|loss| loss.fate == LossFate::Counted)
        {
            count = count.saturating_add(1);
        }
    }
    count
}

/// Whether too many would lose access by a full sync: those whose records say so, and `missing`
/// others whom the list does not name.
pub fn too_many(
    conn: &mut Conn,
    applier: &Applier<'_>,
    people: &[Observed],
    missing: u64,
) -> Result<bool, DbError> {
    let leaves = |one: &&Observed| match one.membership {
        Membership::NotShown => true,
        shown => activity(&one.record, shown, applier.day.today) == Activity::Inactive,
    };
    let some: Vec<&Observed> = people.iter().filter(leaves).collect();
    let Window { lost, base } = window(conn, applier.directory, applier.now)?;
    let at_most = u64::try_from(some.len()).unwrap_or(u64::MAX).saturating_add(missing);
    if !applier.limits.are_exceeded_by(lost.saturating_add(at_most), base) {
        return Ok(false);
    }
    let records: Vec<&EmployeeRecord> = some.iter().map(|one| &one.record).collect();
    let (view, _) =
        view::load(conn, applier.keys, applier.directory, &records, &applier.facts.renamed)?;
    let facts = applier.facts_of_everybody();
    let more = losses(applier, view, &facts, &some).saturating_add(missing);
    Ok(applier.limits.are_exceeded_by(lost.saturating_add(more), base))
}

/// Somebody who waits for a decision.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Who.
    pub external_key: ExternalKey,
    /// Their name.
    pub name: String,
    /// The account that would become inactive.
    pub account_id: AccountId,
    /// Why.
    pub reason: LossReason,
    /// The hash of what the HR system says.
    pub fingerprint: Vec<u8>,
}

/// Puts people into the directory's open hold, which is opened when there is none.
pub fn hold(
    tx: &mut Tx<'_>,
    directory: &Directory,
    people: &[Waiting],
    now: Millis,
    random: &dyn Random,
) -> Result<(), DbError> {
    if people.is_empty() {
        return Ok(());
    }
    let key = holds::deactivations_key(&directory.id);
    let hold_id = if let Some(open) = holds::find_open(tx, &key)? {
        open.id
    } else {
        let hold = blank(directory, HoldKind::Deactivations, key, REASON, now, random);
        holds::insert(tx, &hold, &[])?;
        hold.id
    };
    let items: Vec<HoldItem> = people
        .iter()
        .map(|one| HoldItem {
            id: HoldItemId::new(now, random),
            organization_id: directory.organization_id.clone(),
            directory_id: directory.id.clone(),
            hold_id: hold_id.clone(),
            external_key: one.external_key.clone(),
            account_id: Some(one.account_id.clone()),
            name: one.name.clone(),
            planned_change: Json(json!({
                "status": {"from": "active", "to": "inactive"},
                "because": one.reason,
            })),
            record_hash: Some(one.fingerprint.clone()),
            decision: None,
            done_at_ms: None,
            created_at_ms: now,
        })
        .collect();
    hold_items::put(tx, &items)
}

/// What the admin reads.
pub const REASON: &str = "Unusually many people would lose access within an hour. \
     Nobody on this list loses it before an admin decides.";

/// A hold that is opened now, without people.
#[must_use]
pub fn blank(
    directory: &Directory,
    kind: HoldKind,
    open_key: String,
    reason: &str,
    now: Millis,
    random: &dyn Random,
) -> Hold {
    Hold {
        id: HoldId::new(now, random),
        organization_id: directory.organization_id.clone(),
        directory_id: directory.id.clone(),
        kind,
        open_key: Some(open_key),
        reason: reason.to_owned(),
        state: HoldState::Open,
        created_at_ms: now,
        updated_at_ms: now,
        decided_at_ms: None,
        decided_by: None,
    }
}

/// These people need no decision any more: they were seen again, or have lost access in a way that
/// needs none. A hold without anybody is closed.
pub fn leave(
    tx: &mut Tx<'_>,
    directory: &Directory,
    people: &[ExternalKey],
    now: Millis,
) -> Result<(), DbError> {
    let key = holds::deactivations_key(&directory.id);
    let Some(open) = holds::find_open(tx, &key)? else { return Ok(()) };
    if hold_items::remove(tx, &open.id, people)? && hold_items::count(tx, &open.id)? == 0 {
        holds::supersede(tx, &[key], now)?;
    }
    Ok(())
}

/// After a full sync: whoever is not held by it leaves the hold, but for those about whom something
/// newer is known.
pub fn keep_only(
    tx: &mut Tx<'_>,
    directory: &Directory,
    is_held: impl Fn(&ExternalKey) -> bool,
    seq: i64,
    now: Millis,
) -> Result<(), DbError> {
    let Some(open) = holds::find_open(tx, &holds::deactivations_key(&directory.id))? else {
        return Ok(());
    };
    let others: Vec<ExternalKey> = hold_items::of_hold(tx, &open.id)?
        .into_iter()
        .map(|item| item.external_key)
        .filter(|key| !is_held(key))
        .collect();
    let newer: HashSet<ExternalKey> = directory_users::by_keys(tx, &directory.id, &others, &[])?
        .into_iter()
        .filter(|user: &DirectoryUser| user.observation_seq > seq)
        .map(|user| user.external_key)
        .collect();
    let leaving: Vec<ExternalKey> = others.into_iter().filter(|key| !newer.contains(key)).collect();
    leave(tx, directory, &leaving, now)
}

/// After a full sync: approvals about people whom it has seen are used up. They were carried out,
/// or there was nothing to carry out; what happens to these people later is asked about again.
pub fn spend_approvals(
    tx: &mut Tx<'_>,
    directory: &Directory,
    seq: i64,
    now: Millis,
) -> Result<(), DbError> {
    let live = hold_items::live_approvals(tx, &directory.id)?;
    let keys: Vec<ExternalKey> = live.iter().map(|(_, key)| key.clone()).collect();
    let seen: HashSet<ExternalKey> = directory_users::by_keys(tx, &directory.id, &keys, &[])?
        .into_iter()
        .filter(|user| user.observation_seq >= seq)
        .map(|user| user.external_key)
        .collect();
    let spent: Vec<HoldItemId> =
        live.into_iter().filter(|(_, key)| seen.contains(key)).map(|(item, _)| item).collect();
    hold_items::mark_done(tx, &spent, now)
}

/// Tells the admins and the application of the open hold; once.
pub fn announce(tx: &mut Tx<'_>, teller: &Teller, directory: &Directory) -> Result<(), DbError> {
    let Some(hold) = holds::find_open(tx, &holds::deactivations_key(&directory.id))? else {
        return Ok(());
    };
    let people = hold_items::count(tx, &hold.id)?;
    if failure::tell_of_hold(tx, teller, directory, &hold, people)? {
        emit(tx, EventKind::HoldOpened, &hold, people, hold.created_at_ms);
    }
    Ok(())
}

/// Emits an event about a hold.
pub fn emit(tx: &mut Tx<'_>, kind: EventKind, hold: &Hold, people: u64, now: Millis) {
    tx.emit(NewEvent {
        organization_id: hold.organization_id.clone(),
        directory_id: Some(hold.directory_id.clone()),
        kind,
        lane: hold.directory_id.to_string(),
        group_lane: None,
        data: objects::hold(hold, people),
        created_at: now,
    });
}
