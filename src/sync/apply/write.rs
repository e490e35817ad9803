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
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::db::accounts::{self, Account};
use crate::db::directories::{self, Directory};
use crate::db::directory_users::{self, DirectoryUser};
use crate::db::groups::Group;
use crate::db::holds;
use crate::db::links::{self, Link};
use crate::db::{Conn, DbError, Tx, organizations, row_problems};
use crate::domain::account::activity;
use crate::domain::audit::Cause;
use crate::domain::directory::{CatalogueKind, RunCounts};
use crate::domain::employee::{EmailNorm, EmployeeRecord, ExternalKey, RowProblemCode, Unit};
use crate::domain::event::{EventKind, NewEvent};
use crate::domain::ids::*;
use crate::domain::row_problem::Finding;
use crate::providers;
use crate::sync::Context;
use crate::sync::apply::access::Access;
use crate::sync::apply::audit::{self, Changed};
use crate::sync::apply::guard;
use crate::sync::apply::load_snapshot::{self, Rows};
use crate::sync::decide::batch::{Day, Decider, Pass, Ruling};
use crate::sync::decide::row_builder::{self, FormerHolder, Person, PlannedRows, UserEvent};
use crate::sync::decide::snapshot::Snapshot;
use crate::sync::decide::types::{Applied, Facts, LinkStep, Observed, PersonPlan, Step};
use crate::wire;

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
    pub(super) former_keys: Vec<ExternalKey>,
    pub(super) holds: Vec<String>,
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
    pub(super) cx: &'a Decider<'a>,
    pub(super) tx: &'tx mut Tx<'conn>,
    pub(super) snapshot: Snapshot,
    pub(super) rows: Rows,
    pub(super) groups: Option<HashMap<String, Group>>,
    pub(super) units: HashMap<(CatalogueKind, String), CatalogueEntryId>,
    pub(super) users: Vec<DirectoryUser>,
    pub(super) new_accounts: Vec<Account>,
    pub(super) links: Vec<(LinkStep, Link)>,
    pub(super) memberships: Vec<Mover>,
    pub(super) changed: Vec<Changed>,
    pub(super) new_ids: Vec<(DirectoryUserId, DirectoryUserId)>,
    pub(super) handed_over: Vec<AccountId>,
    pub(super) resolved: Resolved,
    pub(super) access: Access,
    /// Accounts that let go of their e-mail and have not got their new one yet.
    pub(super) parked: HashSet<AccountId>,
    pub(super) outcome: Outcome,
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
