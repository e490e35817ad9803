//! THE apply path: plans about people become rows and events, in one transaction (S-04).
//!
//! Webhooks, full syncs and everything that comes later end here; nothing else writes people, links
//! or the managed fields of accounts.
//!
//! Invariants:
//! - A person's row, link, account, holds, problems and events are written together or not at all.
//! - Nothing that did not change is an event, and no version moves for it.
//! - What changes of an account, and the account's getting another person, is written down with its
//!   cause ([`crate::sync::apply::audit`]).
//! - The caller has locked the organization and has checked that its claim still stands.
//!
//! What this module must not do: decide ([`crate::sync::decide::person`] does), or talk to the
//! network.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::clock::Timestamp;
use crate::db::accounts::{self, Account};
use crate::db::directories::{self, Directory};
use crate::db::directory_users::{self, DirectoryUser};
use crate::db::groups::Group;
use crate::db::holds::{self, HoldItem};
use crate::db::links::{self, Link};
use crate::db::row_problems;
use crate::db::types::{Json, StoredDate};
use crate::db::{Conn, DbError, Tx, catalogue, deactivations, hold_items, organizations};
use crate::domain::account::activity;
use crate::domain::audit::Cause;
use crate::domain::directory::{CatalogueKind, RunCounts};
use crate::domain::employee::{
    EmailNorm, EmployeeRecord, ExternalKey, RowProblemCode, Unit, name_norm,
};
use crate::domain::event::EventKind;
use crate::domain::event::NewEvent;
use crate::domain::guard::Guard;
use crate::domain::hold::HoldKind;
use crate::domain::ids::*;
use crate::domain::row_problem::Finding;
use crate::providers;
use crate::sync::Context;
use crate::sync::apply::audit::{self, Changed, Owner};
use crate::sync::apply::guard::{self, Waiting};
use crate::sync::apply::load_snapshot::{self, Rows};
use crate::sync::apply::question;
use crate::sync::decide::batch::{Day, Decider, Pass, Ruling};
use crate::sync::decide::row_builder::{self, FormerHolder, Person, PlannedRows, UserEvent};
use crate::sync::decide::snapshot::Snapshot;
use crate::sync::decide::types::AccountFields;
use crate::sync::decide::types::{
    Applied, Facts, HoldPlan, LinkStep, LossFate, LossTime, Observed, PersonPlan, PlannedAccount,
    Step,
};
use crate::texts::Language;
use crate::wire;

/// Kinds of holds about one person each.
const PERSONAL: [HoldKind; 3] = [HoldKind::Link, HoldKind::EmailChange, HoldKind::ReusedNumber];

/// What a batch did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// In people.
    pub counts: RunCounts,
    /// Somebody's status or leaving date in the HR system is another than before; only a full sync
    /// shows what that means for the list of current staff (S-11).
    pub employment_moved: bool,
    /// Who keeps access until an admin decides.
    pub held: Vec<ExternalKey>,
    /// Who keeps access because an admin said so.
    pub kept: Vec<ExternalKey>,
}

/// The day that it is in the organization's time zone.
pub fn day(conn: &mut Conn, organization: &OrganizationId, now: Timestamp) -> Result<Day, DbError> {
    let organization = organizations::find(conn, organization)?;
    let zone = TimeZone::get(organization.effective_time_zone()).unwrap_or(TimeZone::UTC);
    Ok(Day { today: now.date_in(&zone), zone })
}

/// What deciding needs at this moment, knowing nothing of the others ([`Ruling::Alone`]).
pub fn decider<'a>(
    conn: &mut Conn,
    cx: &'a Context,
    directory: &'a Directory,
    pass: Pass,
    cause: &'a Cause,
    facts: &'a Facts,
) -> Result<Decider<'a>, DbError> {
    let now = cx.clock.now();
    Ok(Decider {
        directory,
        now,
        day: day(conn, &directory.organization_id, now)?,
        random: &*cx.random,
        keys: &cx.keys,
        cause,
        pass,
        facts,
        limits: cx.guard,
        ruling: Ruling::Alone,
        gathering: None,
    })
}

/// Applies observations in order; returns what was done.
pub fn apply(
    decider: &Decider<'_>,
    tx: &mut Tx<'_>,
    batch: Vec<Observed>,
) -> Result<Outcome, DbError> {
    let records: Vec<&EmployeeRecord> = batch.iter().map(|seen| &seen.record).collect();
    let (mut snapshot, rows) =
        load_snapshot::load(tx, decider.keys, decider.directory, &records, &decider.facts.renamed)?;
    let facts = facts_of(decider, tx, &records)?;
    snapshot.guard = guard::for_batch(tx, decider, &snapshot, &facts, &batch)?;
    let mut writing = Writing {
        cx: decider,
        tx,
        snapshot,
        rows,
        groups: None,
        units: HashMap::new(),
        users: Vec::new(),
        new_accounts: Vec::new(),
        links: Vec::new(),
        memberships: Vec::new(),
        changed: Vec::new(),
        new_ids: Vec::new(),
        handed_over: Vec::new(),
        resolved: Resolved::default(),
        access: Access::default(),
        parked: HashSet::new(),
        outcome: Outcome::default(),
    };
    let mut people = batch.into_iter();
    loop {
        let parked = decider.park(&mut writing.snapshot, &facts, people.as_slice());
        writing.park(parked)?;
        let Some(observed) = people.next() else { break };
        if let Some(retired) = decider.retire(&mut writing.snapshot, &observed) {
            let plan = decider.plan(&writing.snapshot, &facts, retired);
            writing.person(plan)?;
            if decider.pass == Pass::Again {
                continue;
            }
        }
        let plan = decider.plan(&writing.snapshot, &facts, observed);
        writing.person(plan)?;
    }
    writing.finish()
}

/// A full sync knows who else has an e-mail; a single look asks the database.
pub fn facts_of(
    decider: &Decider<'_>,
    conn: &mut Conn,
    records: &[&EmployeeRecord],
) -> Result<Facts, DbError> {
    if matches!(decider.pass, Pass::People | Pass::Relations | Pass::Ends) {
        return Ok(decider.facts_of_everybody());
    }
    let emails: Vec<EmailNorm> = records.iter().filter_map(|r| r.email_norm()).collect();
    let mut people_by_email: HashMap<EmailNorm, Vec<_>> = HashMap::new();
    for user in directory_users::by_emails(conn, &decider.directory.id, &emails)? {
        // A date that has come acts on others too, even if its person is decided after them.
        let is_due = user.due_at_ms.is_some_and(|due_at| due_at <= decider.now);
        let today = || activity(&user.record.0, user.membership, decider.day.today);
        let state = if is_due { today() } else { user.state };
        let Some(email) = user.email_norm else { continue };
        people_by_email.entry(email).or_default().push((user.external_key, state));
    }
    let managers_may_come = decider.pass == Pass::Again;
    let people_by_email = Arc::new(people_by_email);
    Ok(Facts { people_by_email, managers_may_come, ..Facts::default() })
}

fn event(
    decider: &Decider<'_>,
    kind: EventKind,
    lane: &str,
    group: Option<&GroupId>,
    data: Value,
) -> NewEvent {
    NewEvent {
        organization_id: decider.directory.organization_id.clone(),
        directory_id: Some(decider.directory.id.clone()),
        kind,
        lane: lane.to_owned(),
        group_lane: group.map(ToString::to_string),
        data,
        created_at: decider.now,
    }
}

/// Problems and holds that the batch has settled.
#[derive(Default)]
pub(crate) struct Resolved {
    pub(crate) problems: Vec<ExternalKey>,
    /// Keys that nobody has any more.
    former_keys: Vec<ExternalKey>,
    holds: Vec<String>,
}

/// Access that the batch ends, and access that it does not end yet (S-32).
#[derive(Default)]
struct Access {
    /// Whose access ends, and whether it does now or on a day that became known.
    lost: Vec<(AccountId, bool)>,
    waiting: Vec<Waiting>,
    undisputed: Vec<ExternalKey>,
    carried_out: Vec<HoldItemId>,
}

/// A person whose group may have changed.
pub(crate) struct Mover {
    pub(crate) user: DirectoryUserId,
    /// Who is not in the application's list is in no group, and nobody is told of it.
    pub(crate) listed: bool,
    pub(crate) object: Map<String, Value>,
    pub(crate) department: Option<Unit>,
}

/// One batch while it is being written.
pub(crate) struct Writing<'a, 'tx, 'conn> {
    pub(crate) cx: &'a Decider<'a>,
    pub(crate) tx: &'tx mut Tx<'conn>,
    snapshot: Snapshot,
    rows: Rows,
    pub(crate) groups: Option<HashMap<String, Group>>,
    units: HashMap<(CatalogueKind, String), CatalogueEntryId>,
    users: Vec<DirectoryUser>,
    new_accounts: Vec<Account>,
    links: Vec<(LinkStep, Link)>,
    pub(crate) memberships: Vec<Mover>,
    changed: Vec<Changed>,
    new_ids: Vec<(DirectoryUserId, DirectoryUserId)>,
    handed_over: Vec<AccountId>,
    pub(crate) resolved: Resolved,
    access: Access,
    /// Accounts that let go of their e-mail and have not got their new one yet.
    parked: HashSet<AccountId>,
    outcome: Outcome,
}

impl Writing<'_, '_, '_> {
    /// Accounts have let go of their e-mails for the next people, who take them from each other
    /// (S-24). It is no change of the accounts: nobody outside of this transaction sees it.
    fn park(&mut self, accounts: Vec<AccountId>) -> Result<(), DbError> {
        accounts::park_emails(self.tx, &accounts)?;
        self.parked.extend(accounts);
        Ok(())
    }

    fn person(&mut self, plan: PersonPlan) -> Result<(), DbError> {
        let made = self.cx.take_in(&mut self.snapshot, &plan);
        if self.cx.pass != Pass::Relations {
            row_builder::count(&mut self.outcome.counts, &plan, &made);
        }
        match (plan.step, made) {
            (Step::Problem { code, observed }, PlannedRows::Problem(again)) => {
                let Observed { record, seq, notes, .. } = *observed;
                let found = std::iter::once(Finding::of(code)).chain(notes).collect();
                self.findings(&plan.key, found, &record, seq)?;
                self.users.extend(again.map(|user| *user));
                Ok(())
            }
            (Step::InDoubt(question), PlannedRows::Problem(again)) => {
                self.ask_about_number(&plan.key, &question)?;
                self.users.extend(again.map(|user| *user));
                Ok(())
            }
            (Step::Apply(applied), PlannedRows::Person(person)) => {
                self.applied(&plan.key, *applied, *person)
            }
            _ => Ok(()),
        }
    }

    fn applied(
        &mut self,
        key: &ExternalKey,
        applied: Applied,
        person: Person,
    ) -> Result<(), DbError> {
        let (code, record) = match &applied.problem {
            Some((code, record)) => (Some(Finding::of(*code)), record),
            None => (None, &applied.observed.record),
        };
        let found = code.into_iter().chain(applied.notes.iter().cloned()).collect();
        self.findings(key, found, record, applied.observed.seq)?;
        if let Some(before) = person.before.as_ref().filter(|user| user.external_key != *key) {
            // A number that was given up may be somebody else's in the same batch.
            if applied.observed.record.employee_number.is_some() {
                self.resolved.former_keys.push(before.external_key.clone());
            }
            self.new_key(&before.external_key, key)?;
        }
        self.hold(key, &applied)?;
        self.loss(key, &applied);
        self.account(key, &applied, &person)?;
        if let Some(former) = &person.former {
            self.lost_account(former);
        }
        if let Some(account) = applied.account.as_ref().filter(|_| applied.hands_over) {
            self.handed_over.push(account.id.clone());
        }
        if let Some(before) = person.before.as_ref().filter(|before| before.id != person.user.id) {
            self.new_id(&before.id, &person.user.id);
        }
        self.user_event(&person);
        let Person { before, user, link, account, .. } = person;
        self.memberships.push(Mover {
            user: user.id.clone(),
            listed: user.listed,
            object: wire::directory_user(&user, account.as_ref()),
            department: user.record.0.department.clone(),
        });
        self.outcome.employment_moved |= before.as_ref().is_some_and(|before| {
            before.record.0.status_text != user.record.0.status_text
                || before.record.0.leaving_date != user.record.0.leaving_date
        });
        self.users.push(user);
        self.links.extend(link.map(|link| (applied.link, link)));
        Ok(())
    }

    /// Tells that somebody's account has gone to another person, before that person is told of.
    fn lost_account(&mut self, former: &FormerHolder) {
        let user = &former.user;
        let mut object = wire::directory_user(user, None);
        for mover in self.memberships.iter_mut().filter(|mover| mover.user == user.id) {
            mover.object.clone_from(&object);
        }
        object.insert("previous_attributes".to_owned(), former.previous.clone());
        self.emit(EventKind::UserUpdated, user.id.as_str(), Value::Object(object));
        self.users.push(user.clone());
    }

    /// What waits to be written about somebody is written under their new id.
    fn new_id(&mut self, old: &DirectoryUserId, new: &DirectoryUserId) {
        self.users.retain(|user| user.id != *old);
        self.memberships.retain(|mover| mover.user != *old);
        for (_, link) in self.links.iter_mut().filter(|(_, link)| link.directory_user_id == *old) {
            link.directory_user_id = new.clone();
        }
        self.new_ids.push((old.clone(), new.clone()));
    }

    /// Emits `user.created`, `user.updated` or `user.deleted` when the object changed.
    fn user_event(&mut self, person: &Person) {
        let mut object = wire::directory_user(&person.user, person.account.as_ref());
        let kind = match &person.news {
            UserEvent::None => return,
            UserEvent::Created => EventKind::UserCreated,
            UserEvent::Updated(previous) => {
                object.insert("previous_attributes".to_owned(), previous.clone());
                EventKind::UserUpdated
            }
            UserEvent::Deleted => EventKind::UserDeleted,
        };
        self.emit(kind, person.user.id.as_str(), Value::Object(object));
    }

    pub(crate) fn emit(&mut self, kind: EventKind, lane: &str, data: Value) {
        let event = event(self.cx, kind, lane, None, data);
        self.tx.emit(event);
    }

    /// Tells that a person joined or left a group.
    pub(crate) fn emit_membership(
        &mut self,
        kind: EventKind,
        user: &DirectoryUserId,
        group: &GroupId,
        data: Value,
    ) {
        let event = event(self.cx, kind, user.as_str(), Some(group), data);
        self.tx.emit(event);
    }

    /// Writes the links that wait, in order; the people and accounts they refer to are there.
    fn write_links(&mut self) -> Result<(), DbError> {
        let mut new = Vec::new();
        for (step, link) in std::mem::take(&mut self.links) {
            if let LinkStep::Move(id) = step {
                links::insert(self.tx, &std::mem::take(&mut new))?;
                links::move_to(self.tx, &id, &link.directory_user_id)?;
            } else {
                new.push(link);
            }
        }
        links::insert(self.tx, &new)
    }

    /// Writes the directory users that wait. A person can be in a batch twice; the last row counts.
    fn write_users(&mut self) -> Result<(), DbError> {
        for (old, new) in std::mem::take(&mut self.new_ids) {
            directory_users::change_id(self.tx, &old, &new)?;
        }
        let mut waiting = std::mem::take(&mut self.users);
        waiting.reverse();
        let mut seen = HashSet::new();
        waiting.retain(|user| seen.insert(user.id.clone()));
        waiting.reverse();
        directory_users::upsert(self.tx, &waiting)
    }

    /// Writes the account when it differs, and notes why, or why it got another person.
    fn account(
        &mut self,
        key: &ExternalKey,
        applied: &Applied,
        person: &Person,
    ) -> Result<(), DbError> {
        let Some(PlannedAccount { id, before, after }) = &applied.account else { return Ok(()) };
        let (differs, former_key) = (before.as_ref() != Some(after), person.former_key());
        if !differs && former_key.is_none() {
            return Ok(());
        }
        let stored = self.rows.accounts.get(id).cloned();
        if differs {
            self.write_account(id, before.is_none(), after)?;
        }
        let Some(row) = self.rows.accounts.get(id).cloned() else { return Ok(()) };
        let (directory_id, external_key) = (self.cx.directory.id.clone(), key.clone());
        self.changed.push(Changed {
            before: stored,
            after: row,
            owner: Some(Owner { directory_id, external_key, former_key }),
            rules: audit::rules(self.cx.cause, applied, self.cx.day.today),
            approved: applied.carried_out.first().map(|(_, hold)| hold.clone()),
        });
        Ok(())
    }

    fn write_account(
        &mut self,
        id: &AccountId,
        is_new: bool,
        after: &AccountFields,
    ) -> Result<(), DbError> {
        let row = self.account_row(id, after)?;
        if is_new {
            self.new_accounts.push(row.clone());
        } else {
            // In order, because one person's old e-mail can be another's new one.
            self.write_new_accounts()?;
            accounts::update_row(self.tx, &row)?;
            self.parked.remove(id);
        }
        self.rows.accounts.insert(id.clone(), row);
        Ok(())
    }

    fn write_new_accounts(&mut self) -> Result<(), DbError> {
        accounts::insert_many(self.tx, &std::mem::take(&mut self.new_accounts))
    }

    fn account_row(&mut self, id: &AccountId, after: &AccountFields) -> Result<Account, DbError> {
        let stored = self.rows.accounts.get(id).cloned();
        let cx = self.cx;
        let department = self.unit(CatalogueKind::Department, after.department.as_deref())?;
        let position = self.unit(CatalogueKind::Position, after.position.as_deref())?;
        let office = self.unit(CatalogueKind::OfficeLocation, after.office_location.as_deref())?;
        // An account that has no address of its own keeps it so (S-18).
        let same = stored.as_ref().filter(|row| row.email == after.email);
        let email_norm =
            same.map_or_else(|| Some(EmailNorm::of(&after.email)), |row| row.email_norm.clone());
        Ok(Account {
            id: id.clone(),
            organization_id: cx.directory.organization_id.clone(),
            email: after.email.clone(),
            email_norm,
            first_name: after.first_name.clone(),
            last_name: after.last_name.clone(),
            external_id: stored.as_ref().and_then(|row| row.external_id.clone()),
            status: after.status,
            manager_account_id: after.manager.clone().filter(|manager| manager != id),
            department_id: department,
            position_id: position,
            office_location_id: office,
            start_date: after.start_date.map(StoredDate),
            leaving_date: after.leaving_date.map(StoredDate),
            protected: stored.as_ref().is_some_and(|row| row.protected),
            attributes: stored.as_ref().map(|row| row.attributes.clone()).unwrap_or_default(),
            version: stored.as_ref().map_or(1, |row| row.version.saturating_add(1)),
            created_at_ms: stored.as_ref().map_or(cx.now, |row| row.created_at_ms),
            updated_at_ms: cx.now,
        })
    }

    /// The catalogue entry with this name, created when there is none (S-09).
    fn unit(
        &mut self,
        kind: CatalogueKind,
        name: Option<&str>,
    ) -> Result<Option<CatalogueEntryId>, DbError> {
        let Some(name) = name else { return Ok(None) };
        let key = (kind, name_norm(name));
        if let Some(id) = self.units.get(&key).or_else(|| self.rows.units.get(&key)) {
            return Ok(Some(id.clone()));
        }
        let organization = &self.cx.directory.organization_id;
        let id = catalogue::add(self.tx, organization, kind, name, self.cx.now, self.cx.random)?;
        self.units.insert(key, id.clone());
        Ok(Some(id))
    }

    /// What is noted about a person under their former key is noted under the new one (S-21).
    fn new_key(&mut self, old: &ExternalKey, new: &ExternalKey) -> Result<(), DbError> {
        let directory = &self.cx.directory.id;
        for kind in PERSONAL {
            let old_key = holds::open_key(directory, kind, old);
            if let Some(hold) = holds::find_open(self.tx, &old_key)? {
                let new_key = holds::open_key(directory, kind, new);
                holds::follow_key(self.tx, &hold.id, &new_key)?;
            }
        }
        hold_items::follow_key(self.tx, directory, old, new)
    }

    /// Opens the hold the plan asks for; those it does not ask for are settled.
    fn hold(&mut self, key: &ExternalKey, applied: &Applied) -> Result<(), DbError> {
        for kind in PERSONAL {
            // Nothing was learned of the record: what was asked about it is still to be answered.
            if kind == HoldKind::ReusedNumber && self.cx.pass == Pass::Again {
                continue;
            }
            if applied.hold.as_ref().is_none_or(|hold| hold.kind != kind) {
                self.resolved.holds.push(holds::open_key(&self.cx.directory.id, kind, key));
            }
        }
        let Some(plan) = &applied.hold else { return Ok(()) };
        self.ask(key, applied, plan)
    }

    /// Notes what becomes of a person's access.
    fn loss(&mut self, key: &ExternalKey, applied: &Applied) {
        self.access.carried_out.extend(applied.carried_out.iter().map(|(item, _)| item.clone()));
        let Some(loss) = &applied.loss else { return self.access.undisputed.push(key.clone()) };
        let (ends_now, last_day) = match loss.when {
            LossTime::Now => (true, None),
            LossTime::After(day) => (false, Some(day)),
        };
        match loss.fate {
            LossFate::Counted => self.access.lost.push((loss.account_id.clone(), ends_now)),
            LossFate::Uncounted => {}
            LossFate::Rejected => self.outcome.kept.push(key.clone()),
            LossFate::Waits => return self.outcome.held.push(key.clone()),
            LossFate::Held => {
                self.access.waiting.push(Waiting {
                    external_key: key.clone(),
                    name: applied.observed.record.display_name(),
                    account_id: loss.account_id.clone(),
                    reason: loss.reason,
                    last_day,
                    employment: applied.employment.clone(),
                });
                return;
            }
        }
        self.access.undisputed.push(key.clone());
    }

    fn write_access(&mut self) -> Result<(), DbError> {
        let Access { lost, waiting, undisputed, carried_out } = std::mem::take(&mut self.access);
        let (cx, now) = (self.cx, self.cx.now);
        let directory = cx.directory;
        deactivations::note(self.tx, &directory.organization_id, &directory.id, &lost, now)?;
        hold_items::mark_done(self.tx, &carried_out, now)?;
        guard::leave(self.tx, directory, &undisputed, now)?;
        // Who waits for a reason of their own draws nobody else in.
        let gathering = cx.gathering.filter(|_| self.snapshot.guard == Guard::Closed);
        guard::hold(self.tx, directory, &waiting, gathering, now, cx.random)?;
        self.outcome.held.extend(waiting.into_iter().map(|one| one.external_key));
        Ok(())
    }

    /// Opens the hold about this person, or brings it up to date.
    fn ask(
        &mut self,
        key: &ExternalKey,
        applied: &Applied,
        plan: &HoldPlan,
    ) -> Result<(), DbError> {
        let cx = self.cx;
        let open_key = holds::open_key(&cx.directory.id, plan.kind, key);
        let open = holds::find_open(self.tx, &open_key)?;
        let reason = plan.reason.in_language(Language::English);
        if let Some(open) = open.as_ref().filter(|open| open.reason != reason) {
            holds::set_reason(self.tx, &open.id, &reason, cx.now)?;
        }
        let is_new = open.is_none();
        let hold = open.unwrap_or_else(|| {
            guard::blank(cx.directory, plan.kind, open_key, reason, cx.now, cx.random)
        });
        let record = &applied.observed.record;
        let item = HoldItem {
            id: HoldItemId::new(cx.now, cx.random),
            organization_id: hold.organization_id.clone(),
            directory_id: hold.directory_id.clone(),
            hold_id: hold.id.clone(),
            external_key: key.clone(),
            account_id: plan.account_id.clone(),
            name: record.display_name(),
            planned_change: Json(json!({"email": record.email})),
            record_hash: Some(applied.fingerprint.clone()),
            decision: None,
            done_at_ms: None,
            created_at_ms: cx.now,
            list_version: hold.list_version,
            left_at_ms: None,
        };
        question::ask(self.tx, &hold, is_new, item, cx.now)
    }

    fn finish(mut self) -> Result<Outcome, DbError> {
        if !self.parked.is_empty() {
            // Everybody in a circle was fit to take the next one's e-mail; nothing is written.
            return Err(DbError::Other("an account was left without its e-mail".to_owned()));
        }
        self.write_new_accounts()?;
        self.write_users()?;
        self.write_links()?;
        let (directory, now) = (&self.cx.directory.id, self.cx.now);
        directory_users::decide_again_elsewhere(self.tx, directory, &self.handed_over, now)?;
        if !matches!(self.cx.pass, Pass::People | Pass::Ends) {
            self.move_between_groups()?;
        }
        self.write_access()?;
        let Resolved { problems, former_keys, .. } = &self.resolved;
        row_problems::clear(self.tx, directory, problems, &self.cx.pass.settles())?;
        row_problems::clear(self.tx, directory, former_keys, RowProblemCode::ALL)?;
        holds::supersede(self.tx, &self.resolved.holds, self.cx.now)?;
        audit::write(self.tx, self.cx.cause, self.cx.now, &self.changed)?;
        Ok(self.outcome)
    }
}

/// Emits `dsync.activated` once in a directory's life: before the first person (A-04 barrier).
pub fn activate(tx: &mut Tx<'_>, directory: &mut Directory, now: Timestamp) -> Result<(), DbError> {
    if directory.activated_at_ms.is_some() {
        return Ok(());
    }
    directory.activated_at_ms = Some(now);
    directories::update(tx, directory)?;
    tx.emit(NewEvent {
        organization_id: directory.organization_id.clone(),
        directory_id: Some(directory.id.clone()),
        kind: EventKind::DsyncActivated,
        lane: directory.id.to_string(),
        group_lane: None,
        data: wire::activated(directory, providers::profile(directory.provider), now),
        created_at: now,
    });
    Ok(())
}
