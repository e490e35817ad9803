//! Loads what a plan looks at: the people in question, their links, and the accounts that they have
//! or could get.
//!
//! Invariant: everything [`crate::sync::decide::person`] can ask about these people is in the view,
//! so that "not in the view" means "not there". What this module must not do: decide.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::db::accounts::{self, Account};
use crate::db::catalogue;
use crate::db::directories::Directory;
use crate::db::directory_users::{self, DirectoryUser};
use crate::db::hold_items::{self, Asked};
use crate::db::links;
use crate::db::{Conn, DbError};
use crate::domain::account::Activity;
use crate::domain::directory::CatalogueKind;
use crate::domain::employee::{
    EmailNorm, EmployeeNumber, EmployeeRecord, ExternalKey, ManagerReference, name_norm,
};
use crate::domain::hold::HoldKind;
use crate::domain::ids::{AccountId, CatalogueEntryId, DirectoryId, DirectoryUserId};
use crate::secret::Keys;
use crate::sync::apply::former_links;
use crate::sync::decide::ownership::{Elsewhere, Shares};
use crate::sync::decide::snapshot::{AccountView, Snapshot};
use crate::sync::decide::types::{AccountFields, Renamed};

use crate::domain::ids::OrganizationId;

/// The rows behind a view, for the one who writes.
#[derive(Default)]
pub struct Rows {
    /// Accounts as stored.
    pub accounts: HashMap<AccountId, Account>,
    /// Departments, positions and offices that are there, by kind and name for comparison.
    pub units: HashMap<(CatalogueKind, String), CatalogueEntryId>,
}

/// Loads the view of these records. `renamed` are the new keys of people who got another one.
pub fn load(
    conn: &mut Conn,
    keys: &Keys,
    directory: &Directory,
    records: &[&EmployeeRecord],
    renamed: &Renamed,
) -> Result<(Snapshot, Rows), DbError> {
    let mut loader = Loader {
        conn,
        organization: &directory.organization_id,
        directory: &directory.id,
        snapshot: Snapshot { renamed: Arc::clone(renamed), ..Snapshot::default() },
    };
    loader.users_of(records)?;
    loader.former(keys, directory, records)?;
    let accounts = loader.accounts_of(records)?;
    loader.holders(&accounts)?;
    loader.managers(records)?;
    let units = loader.units(records)?;
    let rows = Rows { units, ..loader.account_views(accounts)? };
    loader.decided(records)?;
    Ok((loader.snapshot, rows))
}

struct Loader<'a> {
    conn: &'a mut Conn,
    organization: &'a OrganizationId,
    directory: &'a DirectoryId,
    snapshot: Snapshot,
}

impl Loader<'_> {
    /// The stored people that the records can be about, by key or by number (S-21).
    fn users_of(&mut self, records: &[&EmployeeRecord]) -> Result<(), DbError> {
        let own = records.iter().map(|record| &record.external_key);
        let former = own.clone().filter_map(|key| self.snapshot.renamed.get(key));
        let keys: Vec<ExternalKey> = own.chain(former).cloned().collect();
        let numbers: Vec<EmployeeNumber> =
            records.iter().filter_map(|r| r.employee_number.clone()).collect();
        let users = directory_users::by_keys(self.conn, self.directory, &keys, &numbers)?;
        self.add_users(users)
    }

    fn add_users(&mut self, users: Vec<DirectoryUser>) -> Result<(), DbError> {
        let ids: Vec<DirectoryUserId> = users.iter().map(|user| user.id.clone()).collect();
        for link in links::of_users(self.conn, &ids)? {
            self.snapshot.holders.insert(link.account_id.clone(), link.directory_user_id.clone());
            self.snapshot.links.insert(link.directory_user_id.clone(), link);
        }
        for user in users {
            self.snapshot.by_key.insert(user.external_key.clone(), user.id.clone());
            if let Some(number) = &user.employee_number {
                self.snapshot.by_number.insert(number.clone(), user.id.clone());
            }
            self.snapshot.users.insert(user.id.clone(), user);
        }
        Ok(())
    }

    /// Accounts that people without a link had before the directory was set up again (L-09).
    fn former(
        &mut self,
        keys: &Keys,
        directory: &Directory,
        records: &[&EmployeeRecord],
    ) -> Result<(), DbError> {
        let has_link = |user: &DirectoryUser| self.snapshot.links.contains_key(&user.id);
        let unlinked: Vec<&EmployeeRecord> = records
            .iter()
            .filter(|record| !self.snapshot.stored(record).is_some_and(has_link))
            .copied()
            .collect();
        self.snapshot.former = former_links::find(self.conn, keys, directory, &unlinked)?;
        Ok(())
    }

    /// Accounts that the people have or had, and accounts that have their e-mails.
    fn accounts_of(&mut self, records: &[&EmployeeRecord]) -> Result<Vec<Account>, DbError> {
        let mut emails: Vec<EmailNorm> = records.iter().filter_map(|r| r.email_norm()).collect();
        emails.sort();
        emails.dedup();
        let mut found = accounts::by_emails(self.conn, self.organization, &emails)?;
        let have: HashSet<AccountId> = found.iter().map(|account| account.id.clone()).collect();
        let linked: Vec<AccountId> = self
            .snapshot
            .links
            .values()
            .map(|link| &link.account_id)
            .chain(self.snapshot.former.values().map(|(account, _)| account))
            .filter(|id| !have.contains(id))
            .cloned()
            .collect::<HashSet<AccountId>>()
            .into_iter()
            .collect();
        found.extend(accounts::by_ids(self.conn, &linked)?);
        Ok(found)
    }

    /// Who has these accounts now: in this directory with the person, elsewhere only whether they
    /// are employed.
    fn holders(&mut self, accounts: &[Account]) -> Result<(), DbError> {
        let ids: Vec<AccountId> = accounts.iter().map(|account| account.id.clone()).collect();
        let links = links::of_accounts(self.conn, &ids)?;
        let unknown: Vec<DirectoryUserId> = links
            .iter()
            .map(|link| link.directory_user_id.clone())
            .filter(|id| !self.snapshot.users.contains_key(id))
            .collect();
        let others = directory_users::by_ids(self.conn, &unknown)?;
        let mut state_of: HashMap<DirectoryUserId, Activity> =
            others.iter().map(|user| (user.id.clone(), user.state)).collect();
        let elsewhere: HashMap<DirectoryUserId, Elsewhere> = others
            .iter()
            .filter(|user| user.directory_id != *self.directory)
            .map(|user| (user.id.clone(), elsewhere(user)))
            .collect();
        let here = others.into_iter().filter(|user| user.directory_id == *self.directory).collect();
        self.add_users(here)?;
        state_of.extend(self.snapshot.users.values().map(|user| (user.id.clone(), user.state)));
        for link in links {
            let Some(activity) = state_of.get(&link.directory_user_id) else { continue };
            // Links come oldest first.
            let account = self.snapshot.accounts.entry(link.account_id).or_insert_with(blank);
            account.shares.push((link.directory_id, *activity));
            account.elsewhere.extend(elsewhere.get(&link.directory_user_id).copied());
        }
        Ok(())
    }

    /// What admins have decided about these people.
    fn decided(&mut self, records: &[&EmployeeRecord]) -> Result<(), DbError> {
        let mut keys: HashSet<ExternalKey> = self.snapshot.by_key.keys().cloned().collect();
        keys.extend(records.iter().map(|record| record.external_key.clone()));
        let keys: Vec<ExternalKey> = keys.into_iter().collect();
        for (kind, item) in hold_items::decided(self.conn, self.directory, &keys)? {
            self.snapshot.decided.insert((kind, item.external_key.clone()), item);
        }
        let Asked { waiting, left } =
            hold_items::asked(self.conn, self.directory, HoldKind::Deactivations, &keys)?;
        (self.snapshot.waiting, self.snapshot.left_list) = (waiting, left);
        Ok(())
    }

    fn managers(&mut self, records: &[&EmployeeRecord]) -> Result<(), DbError> {
        let mut keys = Vec::new();
        let (mut numbers, mut emails) = (Vec::new(), Vec::new());
        for reference in records.iter().filter_map(|record| record.manager.as_ref()) {
            match reference {
                ManagerReference::Key(key) => keys.push(key.clone()),
                ManagerReference::Number(number) => numbers.push(number.clone()),
                ManagerReference::Email(email) => emails.push(email.clone()),
            }
        }
        keys.sort();
        keys.dedup();
        numbers.sort();
        numbers.dedup();
        emails.sort();
        emails.dedup();
        let mut managers = directory_users::by_keys(self.conn, self.directory, &keys, &numbers)?;
        managers.extend(self.managers_by_email(&emails)?);
        let ids: Vec<DirectoryUserId> = managers.iter().map(|user| user.id.clone()).collect();
        let accounts: HashMap<DirectoryUserId, AccountId> = links::of_users(self.conn, &ids)?
            .into_iter()
            .map(|link| (link.directory_user_id, link.account_id))
            .collect();
        for user in managers {
            let Some(account) = accounts.get(&user.id) else { continue };
            if let Some(number) = user.employee_number {
                self.snapshot.managers.insert(ManagerReference::Number(number), account.clone());
            }
            if let Some(email) = user.email_norm.filter(|email| emails.contains(email)) {
                self.snapshot.managers.insert(ManagerReference::Email(email), account.clone());
            }
            self.snapshot
                .managers
                .insert(ManagerReference::Key(user.external_key), account.clone());
        }
        Ok(())
    }

    /// Who has these e-mails, where nobody else has (S-13). Somebody employed comes before leavers;
    /// between several nobody guesses.
    fn managers_by_email(&mut self, emails: &[EmailNorm]) -> Result<Vec<DirectoryUser>, DbError> {
        let mut found: HashMap<EmailNorm, Vec<DirectoryUser>> = HashMap::new();
        for user in directory_users::by_emails(self.conn, self.directory, emails)? {
            let Some(email) = user.email_norm.clone() else { continue };
            found.entry(email).or_default().push(user);
        }
        let only = |mut users: Vec<DirectoryUser>| {
            if users.iter().any(|user| user.state == Activity::Active) {
                users.retain(|user| user.state == Activity::Active);
            }
            if users.len() == 1 { users.pop() } else { None }
        };
        Ok(found.into_values().filter_map(only).collect())
    }

    /// How the departments, positions and offices that the records name are spelt; which they are.
    fn units(
        &mut self,
        records: &[&EmployeeRecord],
    ) -> Result<HashMap<(CatalogueKind, String), CatalogueEntryId>, DbError> {
        let of = |record: &EmployeeRecord| {
            [&record.department, &record.position, &record.office_location]
                .into_iter()
                .flatten()
                .map(|unit| name_norm(&unit.name))
                .collect::<Vec<_>>()
        };
        let mut norms: Vec<String> = records.iter().flat_map(|record| of(record)).collect();
        norms.sort_unstable();
        norms.dedup();
        let mut ids = HashMap::new();
        for entry in catalogue::by_norms(self.conn, self.organization, &norms)? {
            ids.insert((entry.kind, entry.name_norm.clone()), entry.id);
            self.snapshot.units.insert((entry.kind, entry.name_norm), entry.name);
        }
        Ok(ids)
    }

    fn account_views(&mut self, accounts: Vec<Account>) -> Result<Rows, DbError> {
        let units: Vec<CatalogueEntryId> = accounts
            .iter()
            .flat_map(|a| [&a.department_id, &a.position_id, &a.office_location_id])
            .flatten()
            .cloned()
            .collect();
        let names = catalogue::names(self.conn, &units)?;
        let mut rows = Rows::default();
        for account in accounts {
            let snapshot = self.snapshot.accounts.entry(account.id.clone()).or_insert_with(blank);
            snapshot.fields = fields_of(&account, &names);
            snapshot.protected = account.protected;
            if let Some(norm) = &account.email_norm {
                self.snapshot.by_email.insert(norm.clone(), account.id.clone());
            }
            rows.accounts.insert(account.id.clone(), account);
        }
        Ok(rows)
    }
}

/// The managed fields of a stored account, by name.
fn fields_of(account: &Account, names: &HashMap<CatalogueEntryId, String>) -> AccountFields {
    let name = |id: &Option<CatalogueEntryId>| id.as_ref().and_then(|id| names.get(id)).cloned();
    AccountFields {
        email: account.email.clone(),
        first_name: account.first_name.clone(),
        last_name: account.last_name.clone(),
        status: account.status,
        manager: account.manager_account_id.clone(),
        department: name(&account.department_id),
        position: name(&account.position_id),
        office_location: name(&account.office_location_id),
        start_date: account.start_date.map(|date| date.0),
        leaving_date: account.leaving_date.map(|date| date.0),
    }
}

fn blank() -> AccountView {
    AccountView {
        fields: AccountFields {
            email: String::new(),
            first_name: None,
            last_name: None,
            status: crate::domain::account::AccountStatus::Inactive,
            manager: None,
            department: None,
            position: None,
            office_location: None,
            start_date: None,
            leaving_date: None,
        },
        protected: false,
        shares: Shares::new(),
        elsewhere: Vec::new(),
    }
}

fn elsewhere(user: &DirectoryUser) -> Elsewhere {
    Elsewhere {
        activity: user.state,
        leaving_date: user.record.0.leaving_date,
        cleared: user.leaving_date_cleared.map(|date| date.0),
    }
}
