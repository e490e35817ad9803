//! Accounts, the users of the application: made, changed and deleted by it, one at a time or many
//! ([`import`]).
//!
//! Invariants:
//! - What was changed, and who did it, is written down in the transaction of the change.
//! - An account that a directory manages is changed by that directory alone, but for what is the
//!   application's own (S-10).
//!
//! What this module must not do: link accounts to people, or decide what HR says of them.

use std::collections::HashMap;

use jiff::civil::Date;

use crate::db::accounts::{self, Account, AccountFilter, Attributes};
use crate::db::page::{Page, PageRequest};
use crate::db::{Conn, DbError, Lane, Tx, catalogue, links};
use crate::domain::account::{AccountStatus, MANAGED_FIELDS};
use crate::domain::audit::{Cause, Rule};
use crate::domain::employee::EmailNorm;
use crate::domain::ids::{AccountId, CatalogueEntryId, DirectoryId, OrganizationId};
use crate::limits;
use crate::operations::accounts::rules::Writing;
use crate::operations::input::{Email, Patch, Text};
use crate::operations::{OperationError, organizations};
use crate::sync::Context;

pub mod import;
mod rules;

/// What the application keeps with an account for itself, of a bounded size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAttributes(Attributes);

impl TryFrom<Attributes> for OwnAttributes {
    type Error = String;

    fn try_from(attributes: Attributes) -> Result<Self, String> {
        let size = serde_json::to_vec(&attributes).map_or(usize::MAX, |bytes| bytes.len());
        if size > limits::ATTRIBUTES_BYTES_MAX {
            return Err(format!(
                "must have at most {} bytes as JSON",
                limits::ATTRIBUTES_BYTES_MAX
            ));
        }
        Ok(Self(attributes))
    }
}

impl OwnAttributes {
    fn into_map(self) -> Attributes {
        self.0
    }
}

/// What an account is to be. What is missing stays, or has its default in a new account.
#[derive(Debug, Clone, Default)]
pub struct AccountChange {
    /// The e-mail, once per organization.
    pub email: Option<Email>,
    /// First name.
    pub first_name: Patch<Text>,
    /// Last name.
    pub last_name: Patch<Text>,
    /// The application's own key, once per organization.
    pub external_id: Patch<Text>,
    /// What it may do.
    pub status: Option<AccountStatus>,
    /// The account of the person's manager.
    pub manager_account_id: Patch<AccountId>,
    /// The department.
    pub department: Patch<Text>,
    /// The position.
    pub position: Patch<Text>,
    /// The office location.
    pub office_location: Patch<Text>,
    /// First day of employment.
    pub start_date: Patch<Date>,
    /// Last day of employment.
    pub leaving_date: Patch<Date>,
    /// Whether it is never linked by e-mail alone (S-22).
    pub protected: Option<bool>,
    /// The application's own members, all of them.
    pub attributes: Patch<OwnAttributes>,
}

impl AccountChange {
    /// The comparable form of the e-mail, when the change names one.
    fn email_norm(&self) -> Option<EmailNorm> {
        self.email.as_ref().map(|email| EmailNorm::of(&email.0))
    }
}

/// An account with what is kept of it elsewhere.
#[derive(Debug, Clone)]
pub struct FullAccount {
    /// The account.
    pub account: Account,
    /// The name of its department.
    pub department: Option<String>,
    /// The name of its position.
    pub position: Option<String>,
    /// The name of its office location.
    pub office_location: Option<String>,
    /// The directory that manages it, if one does.
    pub managed_by: Option<DirectoryId>,
}

/// What full accounts need from other tables.
struct Around {
    units: HashMap<CatalogueEntryId, String>,
    managers: HashMap<AccountId, DirectoryId>,
}

impl Around {
    fn load(conn: &mut Conn, rows: &[Account]) -> Result<Self, DbError> {
        let ids: Vec<AccountId> = rows.iter().map(|row| row.id.clone()).collect();
        Ok(Self { units: unit_names(conn, rows)?, managers: links::managed_by(conn, &ids)? })
    }

    fn complete(&self, account: Account) -> FullAccount {
        let unit = |id: Option<&CatalogueEntryId>| id.and_then(|id| self.units.get(id).cloned());
        FullAccount {
            department: unit(account.department_id.as_ref()),
            position: unit(account.position_id.as_ref()),
            office_location: unit(account.office_location_id.as_ref()),
            managed_by: self.managers.get(&account.id).cloned(),
            account,
        }
    }
}

/// The names of the departments, positions and office locations of these accounts.
fn unit_names(
    conn: &mut Conn,
    rows: &[Account],
) -> Result<HashMap<CatalogueEntryId, String>, DbError> {
    let mut ids: Vec<CatalogueEntryId> = rows
        .iter()
        .flat_map(|row| [&row.department_id, &row.position_id, &row.office_location_id])
        .flatten()
        .cloned()
        .collect();
    ids.sort_unstable();
    ids.dedup();
    catalogue::names(conn, &ids)
}

fn complete(conn: &mut Conn, account: Account) -> Result<FullAccount, OperationError> {
    Ok(Around::load(conn, std::slice::from_ref(&account))?.complete(account))
}

fn find(conn: &mut Conn, id: &AccountId) -> Result<Account, OperationError> {
    accounts::find(conn, id).map_err(|error| OperationError::of_lookup(error, "Account", id))
}

/// Finds an account, locks its organization, and reads the account again as it is under the lock.
fn find_locked(tx: &mut Tx<'_>, id: &AccountId) -> Result<Account, OperationError> {
    let organization = find(tx, id)?.organization_id;
    tx.lock_organization(&organization)?;
    find(tx, id)
}

/// The account, or a refusal that names it.
pub fn get(conn: &mut Conn, id: &AccountId) -> Result<FullAccount, OperationError> {
    let account = find(conn, id)?;
    complete(conn, account)
}

/// A page of the accounts of an organization.
pub fn page(
    conn: &mut Conn,
    organization: &OrganizationId,
    filter: &AccountFilter,
    request: &PageRequest,
) -> Result<Page<FullAccount>, OperationError> {
    organizations::find(conn, organization)?;
    let found = accounts::page(conn, organization, filter, request)?;
    let around = Around::load(conn, &found.items)?;
    Ok(found.map(|account| around.complete(account)))
}

/// Makes an account.
///
/// # Errors
/// [`OperationError::EmailTaken`] and [`OperationError::ExternalIdTaken`] when another account of
/// the organization has the e-mail or the external id.
pub async fn create(
    cx: &Context,
    by: &Cause,
    organization: OrganizationId,
    email: Email,
    change: AccountChange,
) -> Result<FullAccount, OperationError> {
    let (now, random, by) = (cx.clock.now(), cx.random.clone(), by.clone());
    let write = cx.db.write(Lane::Urgent, move |tx| {
        tx.lock_organization(&organization)?;
        organizations::find(tx, &organization)?;
        let rule = Rule::MadeByApplication;
        let writing = Writing { now, random: random.as_ref(), cause: &by, rule };
        let made = rules::insert(tx, &organization, email, change, writing)?;
        rules::record(tx, std::slice::from_ref(&made), writing)?;
        complete(tx, made.after)
    });
    write.await
}

/// Changes an account.
///
/// # Errors
/// [`OperationError::AccountManaged`] when a directory manages what would change (S-10), and the
/// same as of [`create`].
pub async fn change(
    cx: &Context,
    by: &Cause,
    id: AccountId,
    change: AccountChange,
) -> Result<FullAccount, OperationError> {
    let (now, random, by) = (cx.clock.now(), cx.random.clone(), by.clone());
    let write = cx.db.write(Lane::Urgent, move |tx| {
        let mut account = find_locked(tx, &id)?;
        let managed_by = links::managed_by(tx, std::slice::from_ref(&id))?.remove(&id);
        let rule = Rule::EditedByApplication;
        let writing = Writing { now, random: random.as_ref(), cause: &by, rule };
        let changed = rules::update(tx, &mut account, change, managed_by.as_ref(), writing)?;
        rules::record(tx, changed.as_slice(), writing)?;
        complete(tx, account)
    });
    write.await
}

/// Deletes an account.
///
/// # Errors
/// [`OperationError::AccountManaged`] when a directory manages it (S-10).
pub async fn delete(cx: &Context, by: &Cause, id: AccountId) -> Result<(), OperationError> {
    let (now, random, by) = (cx.clock.now(), cx.random.clone(), by.clone());
    let write = cx.db.write(Lane::Urgent, move |tx| {
        let account = find_locked(tx, &id)?;
        if let Some(directory) = links::managed_by(tx, std::slice::from_ref(&id))?.remove(&id) {
            let fields = MANAGED_FIELDS.iter().map(|&field| field.to_owned()).collect();
            return Err(OperationError::AccountManaged { fields, directory, deleting: true });
        }
        let rule = Rule::Deleted;
        let writing = Writing { now, random: random.as_ref(), cause: &by, rule };
        rules::delete(tx, &account, writing)
    });
    write.await
}
