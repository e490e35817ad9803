//! What is to be done about each person: pure decisions over what was observed and what is stored.
//!
//! A hook is a plan of one person, a full sync a plan of everybody, and both call [`plan_person`].
//! The plan names every change it will make; [`crate::sync::apply`] only writes it down. Because
//! the [`View`] takes each plan in before the next person is decided, people in one batch see each
//! other's changes.
//!
//! What this module must not do: read the database, the clock or the network.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;

use crate::db::directory_users::DirectoryUser;
use crate::db::links::Link;
use crate::domain::account::{AccountStatus, Activity, account_status, activity};
use crate::domain::employee::{
    EmailNorm, EmployeeNumber, EmployeeRecord, ExternalKey, KeyKind, ManagerReference, Membership,
    RowProblemCode, Unit, name_norm,
};
use crate::domain::hold::{HoldKind, LinkDoubt};
use crate::domain::ids::{AccountId, DirectoryId, DirectoryUserId, LinkId};
use crate::domain::linking::{self, Candidate, Former, Holder, LinkDecision, Rivals};
use crate::sync::shared::{self, Shares};

/// One person as observed.
#[derive(Debug, Clone)]
pub struct Observed {
    /// The number of the question that brought the answer (S-05).
    pub seq: i64,
    /// The answer.
    pub record: EmployeeRecord,
    /// Whether the person is in the list of current staff, where that was asked.
    pub membership: Membership,
    /// The hash of the raw record, when it came from a list.
    pub raw_hash: Option<Vec<u8>>,
}

/// The fields of an account that sync manages (S-10), by name instead of by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountFields {
    /// The e-mail as written.
    pub email: String,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// What the account may do.
    pub status: AccountStatus,
    /// The manager's account.
    pub manager: Option<AccountId>,
    /// Department.
    pub department: Option<String>,
    /// Position.
    pub position: Option<String>,
    /// Office location.
    pub office_location: Option<String>,
    /// First day.
    pub start_date: Option<Date>,
    /// Last day.
    pub leaving_date: Option<Date>,
}

/// An account as the plan sees it.
#[derive(Debug, Clone)]
pub struct AccountView {
    /// What sync manages.
    pub fields: AccountFields,
    /// Never taken over by itself.
    pub protected: bool,
    /// Who has the account, in any directory (S-26).
    pub shares: Shares,
}

/// What is stored about the people in question.
#[derive(Debug, Default)]
pub struct View {
    /// Directory users.
    pub users: HashMap<DirectoryUserId, DirectoryUser>,
    /// Directory users by key.
    pub by_key: HashMap<ExternalKey, DirectoryUserId>,
    /// Directory users by number.
    pub by_number: HashMap<EmployeeNumber, DirectoryUserId>,
    /// Links of this directory, by directory user.
    pub links: HashMap<DirectoryUserId, Link>,
    /// Directory users of this directory, by account.
    pub holders: HashMap<AccountId, DirectoryUserId>,
    /// Accounts.
    pub accounts: HashMap<AccountId, AccountView>,
    /// Who has an e-mail.
    pub by_email: HashMap<EmailNorm, AccountId>,
    /// Accounts of managers.
    pub managers: HashMap<ManagerReference, AccountId>,
    /// Accounts that people had before the directory was set up again, by the key under which they
    /// are observed; and how far that key could be trusted (L-09).
    pub former: HashMap<ExternalKey, (AccountId, KeyKind)>,
}

/// What only a look at everybody can know.
#[derive(Debug, Default, Clone)]
pub struct Facts {
    /// People by e-mail: who has it, and whether they are employed.
    pub people_by_email: Arc<HashMap<EmailNorm, Vec<(ExternalKey, Activity)>>>,
    /// Departments of people who are about to be applied, each once by its key.
    pub departments: Arc<HashMap<String, Unit>>,
    /// Managers who are not known yet may still come; the field is left as it is.
    pub managers_may_come: bool,
}

/// What happens to the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkStep {
    /// It stays (or there is none).
    Keep,
    /// A new link to an account that is there.
    Link,
    /// A link again to the account that the person had before (L-09).
    Restore,
    /// A leaver's link goes to this person.
    Move(LinkId),
    /// A new account and a link to it.
    Create,
}

/// A change that needs a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldPlan {
    /// What waits.
    pub kind: HoldKind,
    /// Why, in words.
    pub reason: String,
    /// The account in question.
    pub account_id: Option<AccountId>,
}

/// What is to be done about one person.
#[derive(Debug, Clone)]
pub struct PersonPlan {
    /// The key under which the person is known from now on.
    pub key: ExternalKey,
    /// The person as stored; `None` at first sight.
    pub before: Option<DirectoryUserId>,
    /// What to do.
    pub step: Step,
}

/// What to do.
#[derive(Debug, Clone)]
pub enum Step {
    /// Something newer is stored.
    Stale,
    /// The record can not be applied at all.
    Problem {
        /// Why.
        code: RowProblemCode,
        /// What the record says, for the list of problems.
        observed: Box<Observed>,
    },
    /// Apply.
    Apply(Box<Applied>),
}

/// Everything that applying a person writes.
#[derive(Debug, Clone)]
pub struct Applied {
    /// What is observed; its record is what is stored from now on.
    pub observed: Observed,
    /// How far the key can be trusted.
    pub key_kind: KeyKind,
    /// Whether the person counts as employed.
    pub activity: Activity,
    /// Only part of the record could be applied, for this reason; with what the record says.
    pub problem: Option<(RowProblemCode, EmployeeRecord)>,
    /// What happens to the link.
    pub link: LinkStep,
    /// The account, before and after; `before` is `None` when it is created.
    pub account: Option<(AccountId, Option<AccountFields>, AccountFields)>,
    /// Another directory manages the account from now on (S-26).
    pub hands_over: bool,
    /// A change that needs a decision.
    pub hold: Option<HoldPlan>,
    /// Whether the next full sync may skip this person when the raw record is the same.
    pub settled: bool,
}

impl View {
    /// The stored person a record is about (S-21): by key; else an `EmployeeId` link that now has a
    /// `UniqueKey`; else a `UniqueKey` link whose record came without it.
    #[must_use]
    pub fn stored(&self, record: &EmployeeRecord) -> Option<&DirectoryUser> {
        if let Some(user) = self.by_key.get(&record.external_key).and_then(|id| self.users.get(id))
        {
            return Some(user);
        }
        let number = record.employee_number.as_ref()?;
        let user = self.by_number.get(number).and_then(|id| self.users.get(id))?;
        (user.key_kind != record.key_kind).then_some(user)
    }

    fn candidate(&self, email: &EmailNorm) -> Option<Candidate> {
        self.candidate_of(self.by_email.get(email)?)
    }

    fn candidate_of(&self, account_id: &AccountId) -> Option<Candidate> {
        let account = self.accounts.get(account_id)?;
        let holder = self.holders.get(account_id).and_then(|user_id| {
            let (link, user) = (self.links.get(user_id)?, self.users.get(user_id)?);
            Some(Holder {
                link_id: link.id.clone(),
                activity: user.state,
                first_name: user.record.0.first_name.clone(),
                last_name: user.record.0.last_name.clone(),
            })
        });
        Some(Candidate { account_id: account_id.clone(), protected: account.protected, holder })
    }

    /// The account that a person had before the directory was set up again (L-09).
    fn former(&self, key: &ExternalKey) -> Option<Former> {
        let (account_id, key_kind) = self.former.get(key)?;
        let fields = &self.accounts.get(account_id)?.fields;
        Some(Former {
            candidate: self.candidate_of(account_id)?,
            key_kind: *key_kind,
            email: EmailNorm::of(&fields.email),
            first_name: fields.first_name.clone(),
            last_name: fields.last_name.clone(),
        })
    }

    /// Takes an account's new fields in, so that the next person is decided with them.
    fn take_in_account(&mut self, id: &AccountId, fields: &AccountFields, user: &DirectoryUser) {
        let norm = EmailNorm::of(&fields.email);
        if let Some(account) = self.accounts.get_mut(id) {
            let old = EmailNorm::of(&account.fields.email);
            if old != norm && self.by_email.get(&old) == Some(id) {
                self.by_email.remove(&old);
            }
            account.fields = fields.clone();
            shared::note(&mut account.shares, &user.directory_id, user.state);
        } else {
            let shares = vec![(user.directory_id.clone(), user.state)];
            let account = AccountView { fields: fields.clone(), protected: false, shares };
            self.accounts.insert(id.clone(), account);
        }
        self.by_email.insert(norm, id.clone());
    }

    /// A person has another id from now on (wire contract §6: who comes back is somebody new).
    pub fn change_id(&mut self, old: &DirectoryUserId, new: &DirectoryUserId) {
        if let Some(user) = self.users.remove(old) {
            self.by_key.insert(user.external_key.clone(), new.clone());
            if let Some(number) = &user.employee_number {
                self.by_number.insert(number.clone(), new.clone());
            }
            self.users.insert(new.clone(), DirectoryUser { id: new.clone(), ..user });
        }
        if let Some(link) = self.links.remove(old) {
            self.holders.insert(link.account_id.clone(), new.clone());
            let link = Link { directory_user_id: new.clone(), ..link };
            self.links.insert(new.clone(), link);
        }
    }

    /// Takes a plan in. `user` and `link` are the rows that it becomes.
    pub fn take_in(&mut self, plan: &Applied, user: DirectoryUser, link: Option<Link>) {
        if let Some((id, _, after)) = &plan.account {
            self.take_in_account(id, after, &user);
        }
        if let Some(link) = link {
            if let Some(former) = self.holders.insert(link.account_id.clone(), user.id.clone()) {
                self.links.remove(&former);
            }
            if let Some(number) = &user.employee_number {
                let reference = ManagerReference::Number(number.clone());
                self.managers.insert(reference, link.account_id.clone());
            }
            let reference = ManagerReference::Key(user.external_key.clone());
            self.managers.insert(reference, link.account_id.clone());
            self.links.insert(user.id.clone(), link);
        }
        if let Some(number) = &user.employee_number {
            self.by_number.insert(number.clone(), user.id.clone());
        }
        self.by_key.insert(user.external_key.clone(), user.id.clone());
        self.users.insert(user.id.clone(), user);
    }
}

/// Decides about one person. `new_account` gives the id of an account that is created.
pub fn plan_person(
    view: &View,
    facts: &Facts,
    directory: &DirectoryId,
    today: Date,
    observed: Observed,
    new_account: &mut dyn FnMut() -> AccountId,
) -> PersonPlan {
    let stored = view.stored(&observed.record);
    let before = stored.map(|user| user.id.clone());
    let key = key_to_keep(stored, &observed.record);
    if stored.is_some_and(|user| observed.seq < user.observation_seq) {
        return PersonPlan { key, before, step: Step::Stale };
    }
    let membership = match (observed.membership, stored) {
        (Membership::NotShown, Some(user)) => user.membership,
        (shown, _) => shown,
    };
    let link = stored.and_then(|user| view.links.get(&user.id));
    let raw_activity = activity(&observed.record, membership, today);
    // HR systems ask for the e-mail to be taken away as soon as somebody is marked as leaver, and
    // who has left needs none: nobody is to be asked to enter it again (ADR 15).
    let has_left = raw_activity == Activity::Inactive;
    let is_leaving = link.is_some() && observed.record.leaving_date.is_some();
    let problem = observed.record.problem(has_left || is_leaving);
    let record = match (problem, stored) {
        (None, stored) => with_last_known_email(observed.record.clone(), stored),
        (Some(_), Some(user)) if link.is_some() => access_only(&user.record.0, &observed.record),
        (Some(code), _) => {
            let step = Step::Problem { code, observed: Box::new(observed) };
            return PersonPlan { key, before, step };
        }
    };
    let own_keys =
        [Some(observed.record.external_key.clone()), stored.map(|user| user.external_key.clone())];
    let as_written = observed.record;
    let record = EmployeeRecord { external_key: key.clone(), ..record };
    let key_kind = match stored {
        Some(user) if user.key_kind == KeyKind::Stable => KeyKind::Stable,
        _ => record.key_kind,
    };
    let activity = activity(&record, membership, today);
    let own_keys = own_keys.as_slice();
    let person = Person { view, facts, directory, today, record: &record, own_keys, activity };
    let decided = person.decide(link, new_account);
    let applied = Applied {
        settled: problem.is_none() && decided.hold.is_none() && !person.manager_is_unknown(),
        observed: Observed {
            seq: observed.seq,
            membership,
            raw_hash: observed.raw_hash,
            record: EmployeeRecord { key_kind, ..record.clone() },
        },
        key_kind,
        activity,
        problem: problem.map(|code| (code, as_written)),
        link: decided.link,
        account: decided.account,
        hands_over: decided.hands_over,
        hold: decided.hold,
    };
    PersonPlan { key, before, step: Step::Apply(Box::new(applied)) }
}

/// A stable key replaces an editable one and never the other way round (S-21).
fn key_to_keep(stored: Option<&DirectoryUser>, record: &EmployeeRecord) -> ExternalKey {
    match stored {
        Some(user) if user.key_kind == KeyKind::Stable => user.external_key.clone(),
        _ => record.external_key.clone(),
    }
}

/// A linked leaver whose e-mail was blanked keeps the last known one (S-07).
fn with_last_known_email(
    mut record: EmployeeRecord,
    stored: Option<&DirectoryUser>,
) -> EmployeeRecord {
    if record.email.is_none() {
        record.email = stored.and_then(|user| user.record.0.email.clone());
    }
    record
}

/// What of a record with a problem is applied to a linked person: status and leaving date, so that
/// a problem never delays the end of access (S-07).
fn access_only(stored: &EmployeeRecord, observed: &EmployeeRecord) -> EmployeeRecord {
    let leaving_date = if observed.unreadable.contains(&RowProblemCode::InvalidLeavingDate) {
        stored.leaving_date
    } else {
        observed.leaving_date
    };
    EmployeeRecord {
        standing: observed.standing,
        status_text: observed.status_text.clone(),
        employee_number: observed.employee_number.clone(),
        key_kind: observed.key_kind,
        leaving_date,
        ..stored.clone()
    }
}

/// What the link and the account become.
struct Decided {
    link: LinkStep,
    account: Option<(AccountId, Option<AccountFields>, AccountFields)>,
    hands_over: bool,
    hold: Option<HoldPlan>,
}

impl Decided {
    /// There is no account to change.
    const fn without_account(link: LinkStep) -> Self {
        Self { link, account: None, hands_over: false, hold: None }
    }
}

/// One person, with all that a decision looks at.
struct Person<'a> {
    view: &'a View,
    facts: &'a Facts,
    directory: &'a DirectoryId,
    today: Date,
    record: &'a EmployeeRecord,
    /// The keys under which others may know this person: as stored, and as the record has it.
    own_keys: &'a [Option<ExternalKey>],
    activity: Activity,
}

impl Person<'_> {
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
            LinkDecision::Create => Decided {
                link: LinkStep::Create,
                account: Some((new_account(), None, self.fields(None))),
                hands_over: false,
                hold: None,
            },
            LinkDecision::NoAccount => Decided::without_account(LinkStep::Keep),
            LinkDecision::Hold { doubt, account_id } => held(doubt, account_id),
        }
    }

    /// A former link is restored first (L-09), else the e-mail decides (S-20).
    fn link_decision(&self) -> LinkDecision {
        let former = self.own_keys.iter().flatten().find_map(|key| self.view.former(key));
        let restored = former.and_then(|former| linking::restore(self.record, &former));
        restored.unwrap_or_else(|| {
            let email = self.record.email_norm();
            let candidate = email.as_ref().and_then(|email| self.view.candidate(email));
            linking::decide(self.record, self.activity, candidate.as_ref(), self.rivals())
        })
    }

    /// The account follows its person, unless another directory manages it (S-26) or another
    /// account has the new e-mail (S-24).
    fn follow(&self, id: &AccountId, link: LinkStep) -> Decided {
        let Some(account) = self.view.accounts.get(id) else {
            return Decided::without_account(link);
        };
        let mut after = self.fields(Some(&account.fields));
        let say = shared::say(&account.shares, self.directory, self.activity);
        let hands_over = say.hands_over;
        if !say.manages {
            let status = shared::status_beside(say, account.fields.status, after.status);
            let after = AccountFields { status, ..account.fields.clone() };
            let change = Some((id.clone(), Some(account.fields.clone()), after));
            return Decided { link, account: change, hands_over, hold: None };
        }
        // Nobody is their own manager, whatever HR says.
        after.manager = after.manager.filter(|manager| manager != id);
        let owner = self.view.by_email.get(&EmailNorm::of(&after.email));
        let hold = owner.filter(|owner| *owner != id).map(|owner| HoldPlan {
            kind: HoldKind::EmailChange,
            reason: "Another account already has the new e-mail.".to_owned(),
            account_id: Some(owner.clone()),
        });
        if hold.is_some() {
            after.email.clone_from(&account.fields.email);
        }
        let change = Some((id.clone(), Some(account.fields.clone()), after));
        Decided { link, account: change, hands_over, hold }
    }

    fn fields(&self, before: Option<&AccountFields>) -> AccountFields {
        let record = self.record;
        AccountFields {
            email: email_after(before.map(|b| b.email.as_str()), record.email.as_deref()),
            first_name: record.first_name.clone(),
            last_name: record.last_name.clone(),
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

    fn manager(&self, before: Option<&AccountFields>) -> Option<AccountId> {
        let reference = self.record.manager.as_ref()?;
        match self.view.managers.get(reference) {
            Some(manager) => Some(manager.clone()),
            None if self.facts.managers_may_come => before.and_then(|b| b.manager.clone()),
            None => None,
        }
    }

    fn manager_is_unknown(&self) -> bool {
        let reference = self.record.manager.as_ref();
        reference.is_some_and(|reference| !self.view.managers.contains_key(reference))
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
    let reason = doubt.message().to_owned();
    let hold = HoldPlan { kind: HoldKind::Link, reason, account_id };
    Decided { hold: Some(hold), ..Decided::without_account(LinkStep::Keep) }
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
