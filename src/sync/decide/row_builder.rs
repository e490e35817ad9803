//! What a plan becomes: the rows of a person and their link, and how it counts.
//!
//! [`crate::sync::apply`] writes these rows, [`crate::sync::full::preview`] only shows what they
//! would be. Both fold plans with [`Decider::plan`] and [`Decider::take_in`], so that what is shown
//! and what is done cannot drift apart.
//!
//! Invariant: a plan that was taken in is in the view before the next person is decided.
//!
//! What this module must not do: decide ([`crate::sync::decide::person`] does), or touch the
//! database.

use serde_json::Value;

use crate::clock::Timestamp;
use crate::db::directory_users::DirectoryUser;
use crate::db::links::Link;
use crate::db::types::{Json, StoredDate};
use crate::domain::account::{AccountStatus, Activity, next_day};
use crate::domain::directory::{InactivePolicy, RunCounts};
use crate::domain::employee::{EmployeeRecord, ExternalKey};
use crate::domain::ids::{AccountId, DirectoryUserId, LinkId};
use crate::domain::row_problem::first_problem;
use crate::domain::search::SearchNames;
use crate::sync::decide::batch::{Decider, Pass};
use crate::sync::decide::person::plan_person;
use crate::sync::decide::snapshot::Snapshot;
use crate::sync::decide::types::{
    AccountFields, Applied, Facts, LinkStep, LossFate, Observed, PersonPlan, Setting, Step,
};
use crate::wire;

/// What a plan becomes.
pub enum PlannedRows {
    /// Nothing: something newer is stored.
    Nothing,
    /// A row problem or a question; the person as stored, if there is one, will be looked at again.
    Problem(Option<Box<DirectoryUser>>),
    /// A person.
    Person(Box<Person>),
}

/// The rows of one person who is applied.
pub struct Person {
    /// The person as stored.
    pub before: Option<DirectoryUser>,
    /// The person from now on.
    pub user: DirectoryUser,
    /// The link that is made or moved.
    pub link: Option<Link>,
    /// The account that the person has from now on.
    pub account: Option<AccountId>,
    /// What there is to tell.
    pub news: UserEvent,
    /// Whom the account is taken from.
    pub former: Option<FormerHolder>,
}

/// Somebody of the directory whose account has gone to another person (S-20).
pub struct FormerHolder {
    /// The person from now on.
    pub user: DirectoryUser,
    /// What the members of the object were that changed.
    pub previous: Value,
}

impl Person {
    /// When the account got this person, or the person another key: the key that it had before, if
    /// it had one.
    #[must_use]
    pub fn former_key(&self) -> Option<Option<ExternalKey>> {
        if self.link.is_some() {
            return Some(self.former.as_ref().map(|former| former.user.external_key.clone()));
        }
        let before = self.before.as_ref().filter(|_| self.account.is_some())?;
        (before.external_key != self.user.external_key).then(|| Some(before.external_key.clone()))
    }
}

/// What the application is told of a person.
pub enum UserEvent {
    /// Nothing: the object is as it was.
    None,
    /// The person is there.
    Created,
    /// The object changed; with what its members were.
    Updated(Value),
    /// The person is not there any more: they became inactive, and the directory is set to delete
    /// (wire contract §6).
    Deleted,
}

impl Decider<'_> {
    /// What a full sync knows of everybody, in this pass.
    #[must_use]
    pub fn facts_of_everybody(&self) -> Facts {
        let managers_may_come = matches!(self.pass, Pass::People | Pass::Ends);
        Facts { managers_may_come, ..self.facts.clone() }
    }

    /// Decides about one person.
    #[must_use]
    pub fn plan(&self, snapshot: &Snapshot, facts: &Facts, observed: Observed) -> PersonPlan {
        let mut new_account = || AccountId::new(self.now, self.random);
        let setting = Setting {
            directory: &self.directory.id,
            today: self.day.today,
            key: &self.keys.record,
            ends_only: self.pass == Pass::Ends,
            is_again: self.pass == Pass::Again,
        };
        plan_person(snapshot, facts, setting, observed, &mut new_account)
    }

    /// Makes the rows that a plan becomes, and takes them into the view.
    pub fn take_in(&self, snapshot: &mut Snapshot, plan: &PersonPlan) -> PlannedRows {
        let before = plan.before.as_ref().and_then(|id| snapshot.users.get(id)).cloned();
        match &plan.step {
            Step::Stale => PlannedRows::Nothing,
            Step::Problem { .. } | Step::InDoubt(_) => {
                // A person who could not be applied is looked at again by the next full sync, and
                // an older answer is still older (S-05).
                let seq = plan.step.observed().map_or(0, |observed| observed.seq);
                let again = before.map(|user| DirectoryUser {
                    raw_hash: None,
                    observation_seq: seq,
                    due_at_ms: self.due_at(&user.record.0),
                    ..user
                });
                if let Some(user) = &again {
                    snapshot.users.insert(user.id.clone(), user.clone());
                }
                PlannedRows::Problem(again.map(Box::new))
            }
            Step::Apply(applied) => {
                let person = self.person(snapshot, &plan.key, before, applied);
                if let Some(former) = &person.former {
                    snapshot.users.insert(former.user.id.clone(), former.user.clone());
                }
                if let Some(before) = person.before.as_ref().filter(|b| b.id != person.user.id) {
                    snapshot.change_id(&before.id, &person.user.id);
                }
                snapshot.take_in(applied, person.user.clone(), person.link.clone());
                PlannedRows::Person(Box::new(person))
            }
        }
    }

    fn person(
        &self,
        snapshot: &Snapshot,
        key: &ExternalKey,
        before: Option<DirectoryUser>,
        applied: &Applied,
    ) -> Person {
        let mut user = self.user_row(key, before.as_ref(), applied);
        let former_account = before
            .as_ref()
            .and_then(|user| snapshot.links.get(&user.id))
            .map(|link| link.account_id.clone());
        let mut link = self.link_row(&user.id, applied);
        let account = link.as_ref().map(|link| link.account_id.clone()).or(former_account.clone());
        let changed = changed(&user, account.as_ref(), before.as_ref(), former_account.as_ref());
        let (news, listed) = self.news(&user, before.as_ref(), changed);
        user.listed = listed;
        match news {
            UserEvent::None => {}
            UserEvent::Created => {
                user.version = 1;
                if before.is_some() {
                    self.begin_anew(&mut user, link.as_mut());
                }
            }
            UserEvent::Updated(_) | UserEvent::Deleted => {
                user.version = user.version.saturating_add(1);
                user.updated_at_ms = self.now;
            }
        }
        let former = link.as_ref().and_then(|link| self.former_holder(snapshot, link));
        Person { before, user, link, account, news, former }
    }

    /// Who of the directory had the account of a link that is made or moved.
    fn former_holder(&self, snapshot: &Snapshot, link: &Link) -> Option<FormerHolder> {
        let holder = snapshot.holders.get(&link.account_id);
        let holder = holder.filter(|holder| **holder != link.directory_user_id)?;
        // Who is not listed is not told of either.
        let mut user = snapshot.users.get(holder).filter(|user| user.listed)?.clone();
        let old = wire::directory_user(&user, Some(&link.account_id));
        let previous = wire::previous_attributes(&old, &wire::directory_user(&user, None))?;
        user.version = user.version.saturating_add(1);
        user.updated_at_ms = self.now;
        Some(FormerHolder { user, previous })
    }

    /// Who comes back is somebody new for the application (wire contract §6).
    fn begin_anew(&self, user: &mut DirectoryUser, link: Option<&mut Link>) {
        user.id = DirectoryUserId::new(self.now, self.random);
        user.created_at_ms = self.now;
        user.updated_at_ms = self.now;
        if let Some(link) = link {
            link.directory_user_id = user.id.clone();
        }
    }

    /// What the application is told, and whether the person is in its list from now on. Another
    /// policy acts with the next change of a person.
    fn news(
        &self,
        user: &DirectoryUser,
        before: Option<&DirectoryUser>,
        changed: Option<Value>,
    ) -> (UserEvent, bool) {
        let leave_out = self.directory.inactive_policy == InactivePolicy::Delete
            && user.shown_state() == Activity::Inactive;
        let was_listed = before.is_some_and(|before| before.listed);
        match changed {
            None if before.is_some() => (UserEvent::None, was_listed),
            _ if leave_out && was_listed => (UserEvent::Deleted, false),
            _ if leave_out => (UserEvent::None, false),
            Some(previous) if was_listed => (UserEvent::Updated(previous), true),
            _ => (UserEvent::Created, true),
        }
    }

    fn user_row(
        &self,
        key: &ExternalKey,
        before: Option<&DirectoryUser>,
        applied: &Applied,
    ) -> DirectoryUser {
        let record = applied.observed.record.clone();
        let SearchNames { first_last, last_first } = SearchNames::of(&record);
        let new_id = || DirectoryUserId::new(self.now, self.random);
        let id = before.map_or_else(new_id, |user| user.id.clone());
        // Only the second pass of a full sync knows everything that a later one may skip.
        let settled = applied.settled && !matches!(self.pass, Pass::People | Pass::Ends);
        DirectoryUser {
            name_order: format!("{last_first}\n{id}"),
            id,
            organization_id: self.directory.organization_id.clone(),
            directory_id: self.directory.id.clone(),
            external_key: key.clone(),
            key_kind: applied.key_kind,
            employee_number: record.employee_number.clone(),
            email_norm: record.email_norm(),
            first_last,
            state: applied.activity,
            waits_for_start: applied.waits_for_start,
            membership: applied.observed.membership,
            leaving_date_cleared: applied.leaving_date_cleared.map(StoredDate),
            due_at_ms: self.due_at(&record),
            listed: before.is_some_and(|user| user.listed),
            raw_hash: applied.observed.raw_hash.clone().filter(|_| settled),
            observation_seq: applied.observed.seq,
            version: before.map_or(0, |user| user.version),
            created_at_ms: before.map_or(self.now, |user| user.created_at_ms),
            updated_at_ms: before.map_or(self.now, |user| user.updated_at_ms),
            record: Json(record),
        }
    }

    /// When this person is to be decided again, because a date of theirs acts (S-12).
    fn due_at(&self, record: &EmployeeRecord) -> Option<Timestamp> {
        let day = next_day(record, self.day.today)?;
        let due_at = Timestamp::start_of(day, &self.day.zone);
        // Where clocks are set back over midnight, a day can begin twice.
        Some(if due_at > self.now { due_at } else { self.now.plus(Timestamp::MINUTE) })
    }

    fn link_row(&self, user: &DirectoryUserId, applied: &Applied) -> Option<Link> {
        let account_id = &applied.account.as_ref()?.id;
        let rule = match &applied.link {
            LinkStep::Keep => return None,
            LinkStep::Link => "email",
            LinkStep::Restore => "ledger",
            LinkStep::Move(_) => "rehire",
            LinkStep::Create => "created",
        };
        let id = match &applied.link {
            LinkStep::Move(id) => id.clone(),
            _ => LinkId::new(self.now, self.random),
        };
        Some(Link {
            id,
            organization_id: self.directory.organization_id.clone(),
            directory_id: self.directory.id.clone(),
            directory_user_id: user.clone(),
            account_id: account_id.clone(),
            link_rule: rule.to_owned(),
            created_at_ms: self.now,
        })
    }
}

/// What changed in the object that the application sees.
fn changed(
    user: &DirectoryUser,
    account: Option<&AccountId>,
    before: Option<&DirectoryUser>,
    former_account: Option<&AccountId>,
) -> Option<Value> {
    let old = wire::directory_user(before?, former_account);
    let new = wire::directory_user(user, account);
    wire::previous_attributes(&old, &new)
}

/// Counts one person of a batch. Of the two passes of a full sync only the first is counted.
pub fn count(counts: &mut RunCounts, plan: &PersonPlan, made: &PlannedRows) {
    add_one(&mut counts.seen);
    let (applied, person) = match (&plan.step, made) {
        (Step::Stale, _) => return add_one(&mut counts.unchanged),
        (Step::Problem { .. }, _) => return add_one(&mut counts.row_problems),
        (Step::InDoubt(_), _) => return add_one(&mut counts.held),
        (Step::Apply(applied), PlannedRows::Person(person)) => (applied, person),
        (Step::Apply(_), _) => return,
    };
    if applied.problem.is_some() || first_problem(&applied.notes).is_some() {
        add_one(&mut counts.row_problems);
    }
    let waits_for_loss = applied
        .loss
        .as_ref()
        .is_some_and(|loss| matches!(loss.fate, LossFate::Held | LossFate::Waits));
    if applied.hold.is_some() || waits_for_loss {
        add_one(&mut counts.held);
    }
    let change = applied.account.as_ref();
    let account_changed =
        change.is_some_and(|account| account.before.as_ref() != Some(&account.after));
    let changed = account_changed || !matches!(person.news, UserEvent::None);
    add_one(match applied.link {
        LinkStep::Create => &mut counts.created,
        LinkStep::Link | LinkStep::Restore | LinkStep::Move(_) => &mut counts.linked,
        LinkStep::Keep if changed => &mut counts.updated,
        LinkStep::Keep => &mut counts.unchanged,
    });
    let became_inactive = change.is_some_and(|account| {
        let was_other = |before: &AccountFields| before.status != AccountStatus::Inactive;
        account.before.as_ref().is_some_and(was_other)
            && account.after.status == AccountStatus::Inactive
    });
    if became_inactive {
        add_one(&mut counts.deactivated);
    }
}

fn add_one(count: &mut u64) {
    *count = count.saturating_add(1);
}
