//! The guard against mass deactivation (S-32): counts before anybody loses access, keeps the one
//! open hold of a directory about people who would, and tells the admins of open holds of any kind.
//!
//! Whether one person waits is decided in [`crate::sync::decide::person`] with the [`Guard`] that
//! this module puts into the view. A full sync looks ahead over everybody, so that of too many none
//! is let through; what comes one by one is counted as it comes.
//!
//! Invariants:
//! - A directory has at most one open hold about loss of access; it keeps its id while it is open.
//! - A hold binds: whoever is in it leaves it by a decision, or because nothing would end their
//!   access any more; no clock, count or later run takes them out.
//! - People who wait are not counted: they draw nobody else in.
//! - Admins are told when a hold opens, once it is known who is in it, and again while it waits.

use std::collections::{BTreeMap, HashSet};

use jiff::civil::Date;
use serde_json::json;

use crate::clock::{Random, Timestamp};
use crate::db::directories::{self, Directory};
use crate::db::directory_users::DirectoryUser;
use crate::db::holds::{self, Hold, HoldItem};
use crate::db::types::Json;
use crate::db::{Conn, DbError, Lane, Tx, deactivations, directory_users, hold_items};
use crate::domain::account::{Activity, activity};
use crate::domain::employee::{EmployeeRecord, ExternalKey, Membership};
use crate::domain::event::EventKind;
use crate::domain::event::NewEvent;
use crate::domain::guard::{Guard, LossReason};
use crate::domain::hold::{self, Decision, Gathering, HoldKind, HoldState, days_to_next_notice};
use crate::domain::ids::{AccountId, HoldId, HoldItemId};
use crate::domain::notice::HoldCount;
use crate::limits;
use crate::sync::apply::load_snapshot;
use crate::sync::decide::batch::{Decider, Ruling};
use crate::sync::decide::row_builder::PlannedRows;
use crate::sync::decide::snapshot::Snapshot;
use crate::sync::decide::types::{Facts, LossFate, Observed, Step};
use crate::sync::failure::{self, Notifier};
use crate::sync::{Context, SyncError};
use crate::texts::Language;
use crate::wire;

/// How many have lost access within the hour, and how many had it before.
struct Window {
    lost: u64,
    base: u64,
}

fn window(conn: &mut Conn, directory: &Directory, now: Timestamp) -> Result<Window, DbError> {
    let (lost, ended) = deactivations::recent(conn, &directory.id, now)?;
    let base = deactivations::linked_active(conn, &directory.id)?.saturating_add(ended);
    Ok(Window { lost, base })
}

/// Whether a look at this person could end access, whatever is stored.
fn may_lose(snapshot: &Snapshot, observed: &Observed, decider: &Decider<'_>) -> bool {
    let today = decider.day.today;
    let ends = |record: &EmployeeRecord, membership| {
        let membership = match membership {
            Membership::NotShown => Membership::NotMember,
            shown => shown,
        };
        activity(record, membership, today) == Activity::Inactive
    };
    let stored = snapshot.stored(&observed.record);
    // A leaving date that is still to come counts when it becomes known.
    observed.record.leaving_date.is_some()
        || ends(&observed.record, observed.membership)
        || stored.is_some_and(|user| ends(&user.record.0, observed.membership))
}

/// Whether a list of people who would lose access was begun and is not complete: what was to add
/// the others was cut off, or is still at it.
fn is_gathered(conn: &mut Conn, directory: &Directory) -> Result<bool, DbError> {
    let open = holds::find_open(conn, &holds::deactivations_key(&directory.id))?;
    Ok(open.is_some_and(|hold| hold.gathering.is_some()))
}

/// The guard for one batch.
pub fn for_batch(
    conn: &mut Conn,
    decider: &Decider<'_>,
    snapshot: &Snapshot,
    facts: &Facts,
    batch: &[Observed],
) -> Result<Guard, DbError> {
    let some: Vec<&Observed> =
        batch.iter().filter(|one| may_lose(snapshot, one, decider)).collect();
    if some.is_empty() {
        return Ok(Guard::Open);
    }
    let limits = decider.limits;
    match decider.ruling {
        Ruling::Everybody { too_many: true, .. } => Ok(Guard::Closed),
        // Counting those with access for every batch would cost the square of the directory.
        Ruling::Everybody { too_many: false, base } => {
            let (lost, _) = deactivations::recent(conn, &decider.directory.id, decider.now)?;
            Ok(Guard::Counting { limits, base, lost })
        }
        // The rest of a list that is being put together joins it.
        Ruling::Alone if is_gathered(conn, decider.directory)? => Ok(Guard::Closed),
        Ruling::Alone => {
            let more = losses(decider, snapshot.clone(), facts, &some);
            // Counting costs the size of the directory, and about one person who keeps access the
            // guard is not asked. (Others in the batch can change how somebody is planned.)
            let is_alone = |one: &Observed| decider.retire(&mut snapshot.clone(), one).is_none();
            if more == 0 && matches!(batch, [one] if is_alone(one)) {
                return Ok(Guard::Open);
            }
            let Window { lost, base } = window(conn, decider.directory, decider.now)?;
            // One person is simply the next one; of several who come together, none goes first.
            let too_many =
                some.len() > 1 && limits.are_exceeded_by(lost.saturating_add(more), base);
            let counting = Guard::Counting { limits, base, lost };
            Ok(if too_many { Guard::Closed } else { counting })
        }
    }
}

/// How many of these people would lose access in a way that counts, if nobody had to wait.
fn losses(
    decider: &Decider<'_>,
    mut snapshot: Snapshot,
    facts: &Facts,
    people: &[&Observed],
) -> u64 {
    snapshot.guard = Guard::Open;
    let mut count: u64 = 0;
    for observed in people {
        let plan = decider.plan(&snapshot, facts, (*observed).clone());
        if let (Step::Apply(applied), PlannedRows::Person(_)) =
            (&plan.step, decider.take_in(&mut snapshot, &plan))
            && applied.loss.as_ref().is_some_and(|loss| loss.fate == LossFate::Counted)
        {
            count = count.saturating_add(1);
        }
    }
    count
}

/// Whether too many would lose access by a full sync: those whose records say so, and `missing`
/// others whom the list does not name. Nobody is linked before the first one, so there it counts
/// against those whom it is about to link.
pub fn look_ahead(
    conn: &mut Conn,
    decider: &Decider<'_>,
    people: &[Observed],
    missing: u64,
) -> Result<Ruling, DbError> {
    let is_active = |one: &&Observed| {
        let shown = one.membership;
        activity(&one.record, shown, decider.day.today) == Activity::Active
    };
    let leaves = |one: &&Observed| {
        one.membership == Membership::NotShown
            || one.record.leaving_date.is_some()
            || !is_active(one)
    };
    let some: Vec<&Observed> = people.iter().filter(leaves).collect();
    let Window { lost, base } = window(conn, decider.directory, decider.now)?;
    let to_link = || u64::try_from(people.iter().filter(is_active).count()).unwrap_or(u64::MAX);
    let is_first = decider.directory.last_success_at_ms.is_none();
    let at_most = u64::try_from(some.len()).unwrap_or(u64::MAX).saturating_add(missing);
    let base = if is_first { base.max(to_link()) } else { base };
    if is_gathered(conn, decider.directory)? {
        return Ok(Ruling::Everybody { too_many: true, base });
    }
    if !decider.limits.are_exceeded_by(lost.saturating_add(at_most), base) {
        return Ok(Ruling::Everybody { too_many: false, base });
    }
    let records: Vec<&EmployeeRecord> = some.iter().map(|one| &one.record).collect();
    let (snapshot, _) = load_snapshot::load(
        conn,
        decider.keys,
        decider.directory,
        &records,
        &decider.facts.renamed,
    )?;
    let facts = decider.facts_of_everybody();
    let more = losses(decider, snapshot, &facts, &some);
    // Those who are active and will leave are among the linked already.
    let base = if is_first { base.max(to_link().saturating_add(more)) } else { base };
    let too_many =
        decider.limits.are_exceeded_by(lost.saturating_add(more).saturating_add(missing), base);
    Ok(Ruling::Everybody { too_many, base })
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
    /// The last day, when it is still to come.
    pub last_day: Option<Date>,
    /// The hash of the facts about their employment.
    pub employment: Vec<u8>,
}

/// Puts people into the directory's open hold, which is opened when there is none. Who is in it
/// already stays as they are, unless their name, their account or the facts about their employment
/// are others now. `gathering`: others may follow.
pub fn hold(
    tx: &mut Tx<'_>,
    directory: &Directory,
    people: &[Waiting],
    gathering: Option<Gathering>,
    now: Timestamp,
    random: &dyn Random,
) -> Result<(), DbError> {
    if people.is_empty() {
        return Ok(());
    }
    let key = holds::deactivations_key(&directory.id);
    let open = holds::find_open(tx, &key)?;
    let is_new = open.is_none();
    let mut hold = open.unwrap_or_else(|| {
        let reason = hold::too_many_deactivations().in_language(Language::English);
        blank(directory, HoldKind::Deactivations, key, reason, now, random)
    });
    let keys: Vec<ExternalKey> = people.iter().map(|one| one.external_key.clone()).collect();
    let known = hold_items::those_in(tx, (&directory.id, &hold.id), &keys)?;
    let as_before =
        |one: &&Waiting| known.get(&one.external_key).is_some_and(|item| one.is_as_in(item));
    let news: Vec<&Waiting> = people.iter().filter(|one| !as_before(one)).collect();
    if news.is_empty() {
        return Ok(());
    }
    let keys: Vec<ExternalKey> = news.iter().map(|one| one.external_key.clone()).collect();
    hold_items::ask_anew(tx, &directory.id, HoldKind::Deactivations, &keys, now)?;
    let list_version = if is_new { 1 } else { hold.list_version.saturating_add(1) };
    let items: Vec<HoldItem> =
        news.into_iter().map(|one| one.item(&hold, list_version, now, random)).collect();
    if is_new {
        hold.gathering = gathering;
        return holds::insert(tx, &hold, &items);
    }
    // A full sync looks at everybody; dates do not end what it has begun.
    if gathering.is_some() && hold.gathering != Some(Gathering::Run) {
        holds::set_gathering(tx, &hold.id, gathering)?;
    }
    holds::set_list_version(tx, &hold.id, list_version, now)?;
    hold_items::put(tx, &items)
}

/// What was adding to the directory's list has come to its end: the list is complete, and a list of
/// nobody is closed. Dates that are due, and that a full sync has not looked at, may add to it yet.
pub fn complete(
    tx: &mut Tx<'_>,
    directory: &Directory,
    by: Gathering,
    now: Timestamp,
) -> Result<(), DbError> {
    let key = holds::deactivations_key(&directory.id);
    let Some(open) = holds::find_open(tx, &key)? else { return Ok(()) };
    if open.gathering.is_none() || (by == Gathering::Dates && open.gathering != Some(by)) {
        return Ok(());
    }
    if !directory_users::due(tx, &directory.id, now, 1)?.is_empty() {
        return holds::set_gathering(tx, &open.id, Some(Gathering::Dates));
    }
    holds::set_gathering(tx, &open.id, None)?;
    if hold_items::count(tx, &open.id)? == 0 {
        holds::supersede(tx, &[key], now)?;
    }
    Ok(())
}

impl Waiting {
    /// Whether an item says the same of the person. That a day has come is no news.
    fn is_as_in(&self, item: &HoldItem) -> bool {
        item.record_hash.as_ref() == Some(&self.employment)
            && item.name == self.name
            && item.account_id.as_ref() == Some(&self.account_id)
    }

    fn item(
        &self,
        hold: &Hold,
        list_version: i64,
        now: Timestamp,
        random: &dyn Random,
    ) -> HoldItem {
        let status = json!({"from": "active", "to": "inactive"});
        let change = match self.last_day {
            Some(day) => json!({"status": status, "because": self.reason, "last_day": day}),
            None => json!({"status": status, "because": self.reason}),
        };
        HoldItem {
            id: HoldItemId::new(now, random),
            organization_id: hold.organization_id.clone(),
            directory_id: hold.directory_id.clone(),
            hold_id: hold.id.clone(),
            external_key: self.external_key.clone(),
            account_id: Some(self.account_id.clone()),
            name: self.name.clone(),
            planned_change: Json(change),
            record_hash: Some(self.employment.clone()),
            decision: None,
            done_at_ms: None,
            created_at_ms: now,
            list_version,
            left_at_ms: None,
        }
    }
}

/// A hold that is opened now, without people.
#[must_use]
pub fn blank(
    directory: &Directory,
    kind: HoldKind,
    open_key: String,
    reason: String,
    now: Timestamp,
    random: &dyn Random,
) -> Hold {
    Hold {
        id: HoldId::new(now, random),
        organization_id: directory.organization_id.clone(),
        directory_id: directory.id.clone(),
        kind,
        open_key: Some(open_key),
        reason,
        state: HoldState::Open,
        created_at_ms: now,
        updated_at_ms: now,
        decided_at_ms: None,
        decided_by: None,
        list_version: 1,
        notices: 0,
        next_notice_at_ms: Some(now.plus(limits::HOLD_NOTICE_MS_MAX)),
        gathering: None,
    }
}

/// These people need no decision any more: they were seen again, or have lost access in a way that
/// needs none. A hold without anybody is closed, unless it is not complete yet.
pub fn leave(
    tx: &mut Tx<'_>,
    directory: &Directory,
    people: &[ExternalKey],
    now: Timestamp,
) -> Result<(), DbError> {
    let key = holds::deactivations_key(&directory.id);
    let Some(open) = holds::find_open(tx, &key)? else { return Ok(()) };
    let anybody_left = hold_items::leave(tx, &open.id, people, now)?;
    if anybody_left && open.gathering.is_none() && hold_items::count(tx, &open.id)? == 0 {
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
    now: Timestamp,
) -> Result<(), DbError> {
    let Some(open) = holds::find_open(tx, &holds::deactivations_key(&directory.id))? else {
        return Ok(());
    };
    let mut others = hold_items::people_of_hold(tx, &open.id)?;
    others.retain(|key| !is_held(key));
    let newer: HashSet<ExternalKey> = directory_users::by_keys(tx, &directory.id, &others, &[])?
        .into_iter()
        .filter(|user: &DirectoryUser| user.observation_seq > seq)
        .map(|user| user.external_key)
        .collect();
    let leaving: Vec<ExternalKey> = others.into_iter().filter(|key| !newer.contains(key)).collect();
    leave(tx, directory, &leaving, now)
}

/// After a full sync: approvals about people whom it has seen are used up. They were carried out,
/// or there was nothing to carry out. A rejection is overtaken when nothing would end the person's
/// access any more (`is_kept` says of whom something still would): the facts that it was about are
/// others, and what happens to these people later is asked about again.
pub fn spend_decisions(
    tx: &mut Tx<'_>,
    directory: &Directory,
    is_kept: impl Fn(&ExternalKey) -> bool,
    seq: i64,
    now: Timestamp,
) -> Result<(), DbError> {
    let live = hold_items::live_decisions(tx, &directory.id)?;
    let keys: Vec<ExternalKey> = live.iter().map(|(_, key, ..)| key.clone()).collect();
    let seen: HashSet<ExternalKey> = directory_users::by_keys(tx, &directory.id, &keys, &[])?
        .into_iter()
        .filter(|user| user.observation_seq >= seq)
        .map(|user| user.external_key)
        .collect();
    let (mut spent, mut overtaken): (Vec<HoldItemId>, Vec<HoldItemId>) = Default::default();
    for (item, key, kind, decision) in live.into_iter().filter(|(_, key, ..)| seen.contains(key)) {
        match decision {
            // Said of a record, which is still to come.
            Decision::Approved if kind == HoldKind::ReusedNumber => {}
            Decision::Approved => spent.push(item),
            Decision::Rejected if kind == HoldKind::Deactivations && !is_kept(&key) => {
                overtaken.push(item);
            }
            Decision::Rejected => {}
        }
    }
    hold_items::mark_done(tx, &spent, now)?;
    hold_items::forget_facts(tx, &overtaken)
}

/// Tells the admins of the directory's open holds of which they do not know yet.
pub fn announce(
    tx: &mut Tx<'_>,
    notifier: &Notifier,
    directory: &Directory,
) -> Result<(), DbError> {
    let new = holds::to_tell(tx, &directory.id, None)?;
    tell_of(tx, notifier, directory, &new)
}

/// Tells the admins of a directory of open holds that have waited long enough to be told of
/// (again); false when there is nothing to tell now.
pub async fn remind(cx: &Context) -> Result<bool, SyncError> {
    let now = cx.clock.now();
    let Some(id) = cx.db.read(move |conn| holds::directory_to_tell(conn, now)).await? else {
        return Ok(false);
    };
    let inner = cx.clone();
    let written = cx.db.write(Lane::Bulk, move |tx| {
        let Some(directory) = directories::lock(tx, &id)? else { return Ok(()) };
        let due = holds::to_tell(tx, &directory.id, Some(now))?;
        tell_of(tx, &Notifier::new(&inner), &directory, &due)
    });
    written.await?;
    Ok(true)
}

/// One notice about these holds, and when the next one is due. New holds are told before old ones
/// are told again.
fn tell_of(
    tx: &mut Tx<'_>,
    notifier: &Notifier,
    directory: &Directory,
    due: &[Hold],
) -> Result<(), DbError> {
    let (new, old): (Vec<&Hold>, Vec<&Hold>) = due.iter().partition(|hold| hold.notices == 0);
    for (holds, is_reminder) in [(new, false), (old, true)] {
        let Some(opened_at) = holds.iter().map(|hold| hold.created_at_ms).min() else { continue };
        let mut waiting: BTreeMap<&str, HoldCount> = BTreeMap::new();
        for hold in holds {
            let people = hold_items::count(tx, &hold.id)?;
            if hold.kind == HoldKind::Deactivations && !is_reminder {
                emit(tx, EventKind::HoldOpened, hold, people, hold.created_at_ms);
            }
            let none = HoldCount { kind: hold.kind, people: 0 };
            let count = waiting.entry(hold.kind.as_str()).or_insert(none);
            count.people = count.people.saturating_add(people);
            holds::note_told(tx, hold, next_notice(hold, notifier.now))?;
        }
        let waiting: Vec<HoldCount> = waiting.into_values().collect();
        failure::tell_of_holds(tx, notifier, directory, &waiting, opened_at, is_reminder)?;
    }
    Ok(())
}

/// When the notice after the one that is written now is due. What was missed while nothing ran is
/// not made up for.
fn next_notice(hold: &Hold, now: Timestamp) -> Timestamp {
    let due =
        if hold.notices == 0 { hold.created_at_ms } else { hold.next_notice_at_ms.unwrap_or(now) };
    let wait = days_to_next_notice(hold.notices.saturating_add(1)).saturating_mul(Timestamp::DAY);
    let next = due.plus(wait);
    if next > now { next } else { now.plus(wait) }
}

/// Emits an event about a hold.
pub fn emit(tx: &mut Tx<'_>, kind: EventKind, hold: &Hold, people: u64, now: Timestamp) {
    tx.emit(NewEvent {
        organization_id: hold.organization_id.clone(),
        directory_id: Some(hold.directory_id.clone()),
        kind,
        lane: hold.directory_id.to_string(),
        group_lane: None,
        data: wire::hold(hold, people),
        created_at: now,
    });
}
