//! What is known of the people in question when they are decided about, as one picture.
//!
//! [`crate::sync::apply::load_snapshot`] fills it from the database,
//! [`crate::sync::decide::person`] looks at it, and each plan is taken in before the next person is
//! decided, so that people of one batch see each other's changes.
//!
//! What this module must not do: decide, or read the database, the clock or the network.

use std::collections::{HashMap, HashSet};

use crate::db::directory_users::DirectoryUser;
use crate::db::holds::HoldItem;
use crate::db::links::Link;
use crate::domain::account::Activity;
use crate::domain::directory::CatalogueKind;
use crate::domain::employee::{
    EmailNorm, EmployeeNumber, EmployeeRecord, ExternalKey, KeyKind, ManagerReference, name_norm,
};
use crate::domain::guard::Guard;
use crate::domain::hold::HoldKind;
use crate::domain::ids::{AccountId, DirectoryUserId};
use crate::domain::linking::{Candidate, Former, Holder};
use crate::domain::text::same_text;
use crate::sync::decide::ownership::{self, Elsewhere, Shares};
use crate::sync::decide::types::{AccountFields, Applied, LossFate, Renamed};

/// An account as the plan sees it.
#[derive(Debug, Clone)]
pub struct AccountView {
    /// What sync manages.
    pub fields: AccountFields,
    /// Never taken over by itself.
    pub protected: bool,
    /// Who has the account, in any directory (S-26).
    pub shares: Shares,
    /// Those of them who have it through other directories.
    pub elsewhere: Vec<Elsewhere>,
}

/// What is stored about the people in question.
#[derive(Debug, Default, Clone)]
pub struct Snapshot {
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
    /// How departments, positions and offices are spelt in the organization, by their comparable
    /// names (S-18).
    pub units: HashMap<(CatalogueKind, String), String>,
    /// What admins have decided and still counts, the last one of each kind and person.
    pub decided: HashMap<(HoldKind, ExternalKey), HoldItem>,
    /// Whose end of access waits for an admin's decision.
    pub waiting: HashSet<ExternalKey>,
    /// Who was on the open list about loss of access and has left it.
    pub left_list: HashSet<ExternalKey>,
    /// How many more people may lose access.
    pub guard: Guard,
    /// The new keys of people who got another one, with the one they had (S-21).
    pub renamed: Renamed,
    /// People whose number is another's now, by the key that they have from now on (S-21).
    pub retired: HashMap<ExternalKey, DirectoryUserId>,
    /// Accounts that people had before the directory was set up again, by the key under which they
    /// are observed; and how far that key could be trusted (L-09).
    pub former: HashMap<ExternalKey, (AccountId, KeyKind)>,
}

impl Snapshot {
    /// The stored person a record is about (S-21): by key; else an `EmployeeId` link that now has a
    /// `UniqueKey`; else a `UniqueKey` link whose record came without it; else the one who had
    /// another id before, as a complete list shows.
    #[must_use]
    pub fn stored(&self, record: &EmployeeRecord) -> Option<&DirectoryUser> {
        if let Some(user) = self.by_key.get(&record.external_key).and_then(|id| self.users.get(id))
        {
            return Some(user);
        }
        let by_number = record.employee_number.as_ref().and_then(|it| self.by_number.get(it));
        by_number
            .and_then(|id| self.users.get(id))
            .filter(|user| user.key_kind != record.key_kind)
            .or_else(|| self.users.get(self.retired.get(&record.external_key)?))
            .or_else(|| self.under_another_id(record))
    }

    /// Whoever had another id and has a name in common with the record. Without one it may be a
    /// successor who was given the address.
    fn under_another_id(&self, record: &EmployeeRecord) -> Option<&DirectoryUser> {
        let old = self.renamed.get(&record.external_key)?;
        let user = self.by_key.get(old).and_then(|id| self.users.get(id))?;
        let same = |a: &Option<String>, b: &Option<String>| match (a, b) {
            (Some(a), Some(b)) => same_text(a, b),
            _ => false,
        };
        let before = &user.record.0;
        let alike = same(&before.first_name, &record.first_name)
            || same(&before.last_name, &record.last_name);
        alike.then_some(user)
    }

    /// A record whose department, position and office are spelt as they are known: the first
    /// spelling stays (S-18).
    #[must_use]
    pub fn with_known_units(&self, mut record: EmployeeRecord) -> EmployeeRecord {
        let units = [
            (CatalogueKind::Department, &mut record.department),
            (CatalogueKind::Position, &mut record.position),
            (CatalogueKind::OfficeLocation, &mut record.office_location),
        ];
        for (kind, unit) in units {
            let Some(unit) = unit else { continue };
            if let Some(known) = self.units.get(&(kind, name_norm(&unit.name))) {
                unit.name.clone_from(known);
            }
        }
        record
    }

    /// Accounts let go of their e-mails, which others take (S-24).
    pub fn park(&mut self, accounts: &[AccountId]) {
        for id in accounts {
            let Some(account) = self.accounts.get(id) else { continue };
            let email = EmailNorm::of(&account.fields.email);
            if self.by_email.get(&email) == Some(id) {
                self.by_email.remove(&email);
            }
        }
    }

    /// They keep them after all.
    pub fn take_back(&mut self, accounts: &[AccountId]) {
        for id in accounts {
            let Some(account) = self.accounts.get(id) else { continue };
            self.by_email.insert(EmailNorm::of(&account.fields.email), id.clone());
        }
    }

    pub(crate) fn candidate(&self, email: &EmailNorm) -> Option<Candidate> {
        self.candidate_of(self.by_email.get(email)?)
    }

    pub(crate) fn candidate_of(&self, account_id: &AccountId) -> Option<Candidate> {
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
    pub(crate) fn former(&self, key: &ExternalKey) -> Option<Former> {
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
            ownership::note(&mut account.shares, &user.directory_id, user.state);
        } else {
            let shares = vec![(user.directory_id.clone(), user.state)];
            let (fields, elsewhere) = (fields.clone(), Vec::new());
            let account = AccountView { fields, protected: false, shares, elsewhere };
            self.accounts.insert(id.clone(), account);
        }
        // One that has no address of its own (S-18) takes nobody else's.
        self.by_email.entry(norm).or_insert_with(|| id.clone());
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
        if plan.loss.as_ref().is_some_and(|loss| loss.fate == LossFate::Counted) {
            self.guard.note_loss();
        }
        if let Some(account) = &plan.account {
            self.take_in_account(&account.id, &account.after, &user);
        }
        self.forget_names_of(&user.id);
        self.follow_key(&user);
        if let Some(link) = link {
            if let Some(former) = self.holders.insert(link.account_id.clone(), user.id.clone()) {
                self.links.remove(&former);
            }
            self.links.insert(user.id.clone(), link);
        }
        let account = self.links.get(&user.id).map(|link| link.account_id.clone());
        if let Some(number) = &user.employee_number {
            self.by_number.insert(number.clone(), user.id.clone());
            let reference = ManagerReference::Number(number.clone());
            self.managers.extend(account.clone().map(|account| (reference, account)));
        }
        if user.state == Activity::Active
            && let (Some(email), Some(account)) = (&user.email_norm, &account)
        {
            self.managers.insert(ManagerReference::Email(email.clone()), account.clone());
        }
        let reference = ManagerReference::Key(user.external_key.clone());
        self.managers.extend(account.map(|account| (reference, account)));
        self.note_units(&user.record.0);
        self.by_key.insert(user.external_key.clone(), user.id.clone());
        self.users.insert(user.id.clone(), user);
    }

    /// What is named for the first time is spelt like this from now on.
    fn note_units(&mut self, record: &EmployeeRecord) {
        let units = [
            (CatalogueKind::Department, &record.department),
            (CatalogueKind::Position, &record.position),
            (CatalogueKind::OfficeLocation, &record.office_location),
        ];
        for (kind, unit) in units {
            let Some(unit) = unit else { continue };
            let spelling = || unit.name.clone();
            self.units.entry((kind, name_norm(&unit.name))).or_insert_with(spelling);
        }
    }

    /// What was decided about a person stays theirs under another key. The former key, when it was
    /// a number that somebody else has now, is free for them.
    fn follow_key(&mut self, user: &DirectoryUser) {
        self.retired.remove(&user.external_key);
        let before = self.users.get(&user.id).map(|before| before.external_key.clone());
        let Some(before) = before.filter(|before| *before != user.external_key) else { return };
        for set in [&mut self.waiting, &mut self.left_list] {
            if set.remove(&before) {
                set.insert(user.external_key.clone());
            }
        }
        for kind in HoldKind::ALL {
            if let Some(item) = self.decided.remove(&(*kind, before.clone())) {
                self.decided.insert((*kind, user.external_key.clone()), item);
            }
        }
    }

    /// A person who has another key or number from now on is no longer found under the former, as
    /// somebody else may have it by then (S-21).
    fn forget_names_of(&mut self, id: &DirectoryUserId) {
        let Some(user) = self.users.get(id) else { return };
        let account = self.links.get(id).map(|link| &link.account_id);
        let key = &user.external_key;
        if self.by_key.get(key) == Some(id) {
            self.by_key.remove(key);
            let reference = ManagerReference::Key(key.clone());
            if self.managers.get(&reference) == account {
                self.managers.remove(&reference);
            }
        }
        if let Some(email) = &user.email_norm {
            let reference = ManagerReference::Email(email.clone());
            if self.managers.get(&reference) == account {
                self.managers.remove(&reference);
            }
        }
        let Some(number) = &user.employee_number else { return };
        if self.by_number.get(number) == Some(id) {
            self.by_number.remove(number);
            let reference = ManagerReference::Number(number.clone());
            if self.managers.get(&reference) == account {
                self.managers.remove(&reference);
            }
        }
    }
}
