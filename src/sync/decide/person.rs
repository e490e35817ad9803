//! What is to be done about each person: pure decisions over what was observed and what is stored.
//!
//! A hook is a plan of one person, a full sync a plan of everybody, and both call [`plan_person`].
//! The plan names every change it will make; [`crate::sync::apply`] only writes it down. Because
//! the [`Snapshot`] takes each plan in before the next person is decided, people in one batch see
//! each other's changes.
//!
//! What this module must not do: read the database, the clock or the network.

use jiff::civil::Date;

use crate::db::directory_users::DirectoryUser;
use crate::db::holds::HoldItem;
use crate::db::links::Link;
use crate::domain::account::{Activity, account_status, activity, waits_for_start};
use crate::domain::employee::{
    EmailNorm, EmployeeRecord, ExternalKey, KeyKind, Membership, Unit, name_norm,
};
use crate::domain::hold::{self, Decision, HoldKind, LinkDoubt};
use crate::domain::ids::{AccountId, DirectoryId, HoldId, HoldItemId};
use crate::domain::linking::{self, Candidate, LinkDecision, Rivals};
use crate::secret::SealingKey;
use crate::sync::decide::observed_record::{Said, findings, membership_of, not_applied, said};
use crate::sync::decide::ownership;
use crate::sync::decide::snapshot::Snapshot;
use crate::sync::decide::types::{AccountFields, *};
use crate::sync::decide::{damaged, reused_numbers};

/// Decides about one person. `new_account` gives the id of an account that is created.
pub fn plan_person(
    snapshot: &Snapshot,
    facts: &Facts,
    setting: Setting<'_>,
    mut observed: Observed,
    new_account: &mut dyn FnMut() -> AccountId,
) -> PersonPlan {
    let stored = snapshot.stored(&observed.record);
    let before = stored.map(|user| user.id.clone());
    let key = key_to_keep(stored, &observed.record);
    if stored.is_some_and(|user| observed.seq < user.observation_seq) {
        return PersonPlan { key, before, step: Step::Stale };
    }
    let answered = match reused_numbers::judge(snapshot, setting, &observed) {
        reused_numbers::Verdict::Fine { answered } => answered,
        reused_numbers::Verdict::Stop(plan) => return *plan,
    };
    let membership = membership_of(&observed, stored);
    let link = stored.and_then(|user| snapshot.links.get(&user.id));
    let known = stored.map(|user| &user.record.0);
    observed = damaged::mended(observed, known, membership, setting.today);
    let said = said(&mut observed, stored, link.is_some(), membership, setting);
    let record = match &said.record {
        Ok(record) => snapshot.with_known_units(record.clone()),
        Err(why) => {
            let step = not_applied(*why, observed, said.is_stale);
            return PersonPlan { key, before, step };
        }
    };
    let own_keys = own_keys(stored, &observed.record);
    let record = EmployeeRecord { external_key: key.clone(), ..record };
    let fingerprint = fingerprint(setting.key, &record, membership, observed.gone);
    let employment = employment_hash(setting.key, &record, membership, observed.gone);
    let gone = employment_hash(setting.key, &record, membership, true);
    let person = Person {
        snapshot,
        facts,
        directory: setting.directory,
        today: setting.today,
        record: &record,
        own_keys: &own_keys,
        activity: activity(&record, membership, setting.today),
        fingerprint: &fingerprint,
        employment: &employment,
        gone_too: setting.is_again.then_some(&gone),
    };
    observed.membership = membership;
    let mut applied = person.apply(stored, link, observed, &said, new_account);
    applied.carried_out.extend(answered);
    PersonPlan { key, before, step: Step::Apply(Box::new(applied)) }
}

fn kind_to_keep(stored: Option<&DirectoryUser>, record: &EmployeeRecord) -> KeyKind {
    match stored {
        Some(user) if user.key_kind == KeyKind::Stable => KeyKind::Stable,
        _ => record.key_kind,
    }
}

/// The keys under which others may know somebody.
fn own_keys(stored: Option<&DirectoryUser>, record: &EmployeeRecord) -> [Option<ExternalKey>; 2] {
    [Some(record.external_key.clone()), stored.map(|user| user.external_key.clone())]
}

/// A stable key replaces an editable one and never the other way round (S-21).
fn key_to_keep(stored: Option<&DirectoryUser>, record: &EmployeeRecord) -> ExternalKey {
    match stored {
        Some(user) if user.key_kind == KeyKind::Stable => user.external_key.clone(),
        _ => record.external_key.clone(),
    }
}

/// What the link and the account become.
pub(super) struct Decided {
    pub(super) link: LinkStep,
    pub(super) account: Option<PlannedAccount>,
    pub(super) hands_over: bool,
    pub(super) hold: Option<HoldPlan>,
    /// The approval that this follows.
    pub(super) approved: Option<(HoldItemId, HoldId)>,
    /// Something waits no longer because an admin said no.
    pub(super) rejected: bool,
}

impl Decided {
    pub(super) fn nothing() -> Self {
        Self::of(LinkStep::Keep, None)
    }

    fn of(link: LinkStep, account: Option<PlannedAccount>) -> Self {
        let (hands_over, rejected) = (false, false);
        Self { link, account, hands_over, hold: None, approved: None, rejected }
    }
}

/// The hash of what the HR system says of a person; with it "has anything changed since the admin
/// decided?" is answered without keeping the record.
#[must_use]
pub fn fingerprint(
    key: &SealingKey,
    record: &EmployeeRecord,
    membership: Membership,
    gone: bool,
) -> Vec<u8> {
    // No mapping has this version, so no raw record has the same hash.
    const NOT_A_RAW_RECORD: u32 = u32::MAX;
    let said = serde_json::json!([record, membership, gone]).to_string();
    key.record_hash(NOT_A_RAW_RECORD, said.as_bytes()).to_vec()
}

/// The hash of the facts about a person's employment: status, leaving date and presence. What an
/// admin has decided about the end of access stands until one of these changes (S-32).
#[must_use]
pub fn employment_hash(
    key: &SealingKey,
    record: &EmployeeRecord,
    membership: Membership,
    gone: bool,
) -> Vec<u8> {
    const NOT_A_RAW_RECORD: u32 = u32::MAX;
    // Of somebody whom the HR system no longer has, only that is known.
    let said = if gone {
        serde_json::json!(["gone"])
    } else {
        let is_member = membership != Membership::NotMember;
        serde_json::json!([record.standing, record.status_text, record.leaving_date, is_member])
    };
    key.record_hash(NOT_A_RAW_RECORD, said.to_string().as_bytes()).to_vec()
}

/// The approvals that a plan carries out.
fn carried_out(
    link: Option<(HoldItemId, HoldId)>,
    person: &Person<'_>,
    loss: Option<&Loss>,
) -> Vec<(HoldItemId, HoldId)> {
    let ends = loss.filter(|loss| loss.fate == LossFate::Uncounted);
    let approved = ends
        .and_then(|_| person.decision(HoldKind::Deactivations))
        .filter(|item| item.decision == Some(Decision::Approved));
    link.into_iter().chain(approved.map(|item| (item.id.clone(), item.hold_id.clone()))).collect()
}

/// One person, with all that a decision looks at.
#[derive(Clone, Copy)]
pub(super) struct Person<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) facts: &'a Facts,
    pub(super) directory: &'a DirectoryId,
    pub(super) today: Date,
    pub(super) record: &'a EmployeeRecord,
    /// The keys under which others may know this person: as stored, and as the record has it.
    pub(super) own_keys: &'a [Option<ExternalKey>],
    pub(super) activity: Activity,
    pub(super) fingerprint: &'a [u8],
    pub(super) employment: &'a [u8],
    /// The hash of those of somebody who is gone, when nothing was learned that speaks against it.
    pub(super) gone_too: Option<&'a [u8]>,
}

impl Person<'_> {
    /// What is applied of what was observed.
    fn apply(
        self,
        stored: Option<&DirectoryUser>,
        link: Option<&Link>,
        mut observed: Observed,
        said: &Said,
        new_account: &mut dyn FnMut() -> AccountId,
    ) -> Applied {
        let key_kind = kind_to_keep(stored, self.record);
        let kept_record = EmployeeRecord { key_kind, ..self.record.clone() };
        let as_written = std::mem::replace(&mut observed.record, kept_record);
        let decided = self.decide(link, new_account);
        let loss = self.loss(stored, &decided, observed.membership, observed.gone);
        let leaving_date_cleared = self.leaving_date_cleared(stored, loss.as_ref());
        let binds = loss.as_ref().is_some_and(|loss| loss.fate.keeps_access());
        let kept = binds && loss.as_ref().is_some_and(|loss| loss.when == LossTime::Now);
        let (activity, decided) =
            if kept { self.kept(stored, link, &decided) } else { (self.activity, decided) };
        let (waits_for_start, is_ahead) = self.start(stored, activity, &decided);
        let notes = std::mem::take(&mut observed.notes);
        let notes = findings(notes, self.record, said.is_stale, is_ahead);
        Applied {
            settled: said.problem.is_none()
                && notes.is_empty()
                && decided.hold.is_none()
                && !decided.rejected
                && !binds
                && !self.manager_is_unknown(),
            observed,
            key_kind,
            activity,
            waits_for_start,
            problem: said.problem.map(|code| (code, as_written)),
            notes,
            link: decided.link,
            account: decided.account,
            hands_over: decided.hands_over,
            hold: decided.hold,
            carried_out: carried_out(decided.approved, &self, loss.as_ref()),
            loss,
            leaving_date_cleared,
            fingerprint: self.fingerprint.to_vec(),
            employment: self.employment.to_vec(),
        }
    }

    fn decide(&self, link: Option<&Link>, new_account: &mut dyn FnMut() -> AccountId) -> Decided {
        if let Some(link) = link {
            return self.follow(&link.account_id, LinkStep::Keep);
        }
        match self.link_decision() {
            LinkDecision::Restore(account) => self.follow(&account, LinkStep::Restore),
            LinkDecision::Link(account) => self.follow(&account, LinkStep::Link),
            LinkDecision::Move { link_id, account_id } => {
                self.follow(&account_id, LinkStep::Move(link_id))
            }
            LinkDecision::Create => self.create(new_account()),
            LinkDecision::NoAccount => Decided::nothing(),
            LinkDecision::Hold { doubt, account_id } => {
                self.doubtful(doubt, account_id, new_account)
            }
        }
    }

    fn create(&self, id: AccountId) -> Decided {
        let created = PlannedAccount { id, before: None, after: self.fields(None) };
        Decided::of(LinkStep::Create, Some(created))
    }

    /// Whether somebody employed waits for their first day, and whether that day lies ahead of who
    /// is active (S-11).
    fn start(
        &self,
        stored: Option<&DirectoryUser>,
        activity: Activity,
        decided: &Decided,
    ) -> (bool, bool) {
        let was_active = stored.is_some_and(|user| user.shown_state() == Activity::Active);
        let account = decided.account.as_ref().map(|change| change.after.status);
        let start = self.record.start_date;
        let waits = waits_for_start(activity, start, account, was_active, self.today);
        let starts_later = start.is_some_and(|start| start > self.today);
        (waits, starts_later && activity == Activity::Active && !waits)
    }

    /// What an admin has decided about this person and this kind of doubt.
    pub(super) fn decision(&self, kind: HoldKind) -> Option<&HoldItem> {
        let mut keys = self.own_keys.iter().flatten();
        keys.find_map(|key| self.snapshot.decided.get(&(kind, key.clone())))
    }

    /// Whether an admin has yet to decide about the end of this person's access.
    pub(super) fn awaits_decision(&self) -> bool {
        self.own_keys.iter().flatten().any(|key| self.snapshot.waiting.contains(key))
    }

    /// The same, or this person was on the list that they have yet to decide about.
    pub(super) fn was_asked_about(&self) -> bool {
        let has_left = |key| self.snapshot.left_list.contains(key);
        self.awaits_decision() || self.own_keys.iter().flatten().any(has_left)
    }

    /// An admin has said no, and the HR system says nothing new.
    pub(super) fn is_rejected(&self, kind: HoldKind) -> bool {
        self.decision(kind).is_some_and(|item| {
            item.decision == Some(Decision::Rejected)
                && item.record_hash.as_deref() == Some(self.fingerprint)
        })
    }

    /// A link that is not ours to decide: an admin has, or it waits. An approval covers the account
    /// that the admin saw, and no other.
    fn doubtful(
        &self,
        doubt: LinkDoubt,
        account_id: Option<AccountId>,
        new_account: &mut dyn FnMut() -> AccountId,
    ) -> Decided {
        if self.is_rejected(HoldKind::Link) {
            return Decided { rejected: true, ..Decided::nothing() };
        }
        let approved = self.decision(HoldKind::Link).filter(|item| {
            item.decision == Some(Decision::Approved) && item.account_id == account_id
        });
        let Some(item) = approved else { return held(doubt, account_id) };
        let candidate = account_id.as_ref().and_then(|id| self.snapshot.candidate_of(id));
        let linked = match candidate {
            Some(Candidate { account_id, holder: None, .. }) => {
                self.follow(&account_id, LinkStep::Link)
            }
            Some(Candidate { account_id, holder: Some(holder), .. }) => {
                self.follow(&account_id, LinkStep::Move(holder.link_id))
            }
            None => self.create(new_account()),
        };
        Decided { approved: Some((item.id.clone(), item.hold_id.clone())), ..linked }
    }

    /// A former link is restored first (L-09), else the e-mail decides (S-20).
    fn link_decision(&self) -> LinkDecision {
        let former = self.own_keys.iter().flatten().find_map(|key| self.snapshot.former(key));
        let restored = former.and_then(|former| linking::restore(self.record, &former));
        restored.unwrap_or_else(|| {
            let email = self.record.email_norm();
            let candidate = email.as_ref().and_then(|email| self.snapshot.candidate(email));
            linking::decide(self.record, self.activity, candidate.as_ref(), self.rivals())
        })
    }

    /// The account follows its person, unless another directory manages it (S-26) or another
    /// account has the new e-mail (S-24).
    pub(super) fn follow(&self, id: &AccountId, link: LinkStep) -> Decided {
        let Some(account) = self.snapshot.accounts.get(id) else {
            return Decided::of(link, None);
        };
        let change = |after: AccountFields| {
            Some(PlannedAccount { id: id.clone(), before: Some(account.fields.clone()), after })
        };
        let mut after = self.fields(Some(&account.fields));
        let say = ownership::say(&account.shares, self.directory, self.activity);
        let hands_over = say.hands_over;
        if !say.manages {
            let status = ownership::status_beside(say, account.fields.status, after.status);
            let after = AccountFields { status, ..account.fields.clone() };
            return Decided { hands_over, ..Decided::of(link, change(after)) };
        }
        // Nobody is their own manager, whatever HR says.
        after.manager = after.manager.filter(|manager| manager != id);
        let owner = self.snapshot.by_email.get(&EmailNorm::of(&after.email));
        let is_change = after.email != account.fields.email;
        let hold = owner.filter(|owner| *owner != id && is_change).map(|owner| HoldPlan {
            kind: HoldKind::EmailChange,
            reason: hold::email_is_taken(),
            account_id: Some(owner.clone()),
        });
        if hold.is_some() {
            after.email.clone_from(&account.fields.email);
        }
        let change = change(after);
        if hold.is_some() && self.is_rejected(HoldKind::EmailChange) {
            return Decided { hands_over, rejected: true, ..Decided::of(link, change) };
        }
        Decided { hands_over, hold, ..Decided::of(link, change) }
    }

    fn fields(&self, before: Option<&AccountFields>) -> AccountFields {
        let record = self.record;
        AccountFields {
            email: email_after(before.map(|b| b.email.as_str()), record.email.as_deref()),
            first_name: self
                .name(record.first_name.as_ref(), before.and_then(|b| b.first_name.as_ref())),
            last_name: self
                .name(record.last_name.as_ref(), before.and_then(|b| b.last_name.as_ref())),
            status: account_status(
                self.activity,
                record.start_date,
                before.map(|b| b.status),
                self.today,
            ),
            manager: self.manager(before),
            department: name_after(
                before.and_then(|b| b.department.as_ref()),
                record.department.as_ref(),
            ),
            position: name_after(
                before.and_then(|b| b.position.as_ref()),
                record.position.as_ref(),
            ),
            office_location: name_after(
                before.and_then(|b| b.office_location.as_ref()),
                record.office_location.as_ref(),
            ),
            start_date: record.start_date,
            leaving_date: record.leaving_date,
        }
    }

    /// A name that HR has erased after somebody left is not taken from the account (S-07).
    fn name(&self, said: Option<&String>, before: Option<&String>) -> Option<String> {
        let kept = before.filter(|_| self.activity == Activity::Inactive);
        said.or(kept).cloned()
    }

    fn manager(&self, before: Option<&AccountFields>) -> Option<AccountId> {
        let reference = self.record.manager.as_ref()?;
        match self.snapshot.managers.get(reference) {
            Some(manager) => Some(manager.clone()),
            None if self.facts.managers_may_come => before.and_then(|b| b.manager.clone()),
            None => None,
        }
    }

    fn manager_is_unknown(&self) -> bool {
        let reference = self.record.manager.as_ref();
        reference.is_some_and(|reference| !self.snapshot.managers.contains_key(reference))
    }

    fn rivals(&self) -> Rivals {
        let mut rivals = Rivals::default();
        let Some(email) = self.record.email_norm() else { return rivals };
        for (key, activity) in self.facts.people_by_email.get(&email).into_iter().flatten() {
            if self.own_keys.iter().flatten().any(|own| own == key) {
                continue;
            }
            match activity {
                Activity::Active => rivals.active = rivals.active.saturating_add(1),
                Activity::Inactive => rivals.inactive = rivals.inactive.saturating_add(1),
            }
        }
        rivals
    }
}

fn held(doubt: LinkDoubt, account_id: Option<AccountId>) -> Decided {
    let hold = HoldPlan { kind: HoldKind::Link, reason: doubt.text(), account_id };
    Decided { hold: Some(hold), ..Decided::nothing() }
}

/// An e-mail that differs only in case is no change.
fn email_after(before: Option<&str>, record: Option<&str>) -> String {
    match (before, record) {
        (Some(before), Some(record)) if EmailNorm::of(before) == EmailNorm::of(record) => {
            before.to_owned()
        }
        (_, Some(record)) => record.to_owned(),
        (before, None) => before.unwrap_or_default().to_owned(),
    }
}

/// A name that differs only in case and white space is no change (S-09).
fn name_after(before: Option<&String>, unit: Option<&Unit>) -> Option<String> {
    let name = &unit?.name;
    match before {
        Some(before) if name_norm(before) == name_norm(name) => Some(before.clone()),
        _ => Some(name.clone()),
    }
}

#[cfg(test)]
#[path = "person_tests.rs"]
mod tests;
