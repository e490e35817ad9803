//! What holds whenever an account is written.
//!
//! One path for one account and for imports, so that the same rules hold: e-mails are unique in the
//! organization, what a directory manages stays as HR has it (S-10), and a change that
//! changes nothing counts as none. What changed is handed back for [`record`], which writes down
//! who changed it.
//!
//! Every function that writes expects the organization to be locked.

use jiff::civil::Date;

use crate::clock::{Random, Timestamp};
use crate::db::accounts::{self, Account, Attributes};
use crate::db::types::{Json, StoredDate};
use crate::db::{Conn, DbError, Tx, catalogue};
use crate::domain::account::AccountStatus;
use crate::domain::audit::{Cause, Rule};
use crate::domain::directory::CatalogueKind;
use crate::domain::employee::{EmailNorm, name_norm};
use crate::domain::ids::{AccountId, CatalogueEntryId, DirectoryId, OrganizationId};
use crate::operations::OperationError;
use crate::operations::accounts::{AccountChange, unit_names};
use crate::operations::input::{Email, Patch, Text};
use crate::sync::apply::audit::{self, Changed};

/// What writing an account needs besides the change.
#[derive(Clone, Copy)]
pub(super) struct Writing<'a> {
    pub(super) now: Timestamp,
    pub(super) random: &'a dyn Random,
    /// Who changes it.
    pub(super) cause: &'a Cause,
    /// How.
    pub(super) rule: Rule,
}

/// Writes down what was changed by whom, in the transaction of the changes.
pub(super) fn record(
    tx: &mut Tx<'_>,
    changed: &[Changed],
    writing: Writing<'_>,
) -> Result<(), DbError> {
    audit::write(tx, writing.cause, writing.now, changed)
}

/// Makes an account.
#[must_use = "a change is written down with `record`"]
pub(super) fn insert(
    tx: &mut Tx<'_>,
    organization: &OrganizationId,
    email: Email,
    mut change: AccountChange,
    writing: Writing<'_>,
) -> Result<Changed, OperationError> {
    let mut account = Account {
        id: AccountId::new(writing.now, writing.random),
        organization_id: organization.clone(),
        email_norm: Some(EmailNorm::of(&email.0)),
        email: email.0.clone(),
        first_name: None,
        last_name: None,
        external_id: None,
        status: AccountStatus::Active,
        manager_account_id: None,
        department_id: None,
        position_id: None,
        office_location_id: None,
        start_date: None,
        leaving_date: None,
        protected: false,
        attributes: Json(Attributes::new()),
        version: 1,
        created_at_ms: writing.now,
        updated_at_ms: writing.now,
    };
    change.email = Some(email);
    check_unique(tx, &account, &change)?;
    set_members(tx, &mut account, change, writing)?;
    accounts::insert(tx, &account).map_err(OperationError::of_write)?;
    Ok(changed(None, account, writing))
}

fn changed(before: Option<Account>, after: Account, writing: Writing<'_>) -> Changed {
    Changed { before, after, owner: None, rules: writing.rule.into(), approved: None }
}

/// Changes an account. `managed_by` is the directory that manages it, if one does. Says what
/// changed, if anything did.
#[must_use = "a change is written down with `record`"]
pub(super) fn update(
    tx: &mut Tx<'_>,
    account: &mut Account,
    mut change: AccountChange,
    managed_by: Option<&DirectoryId>,
    writing: Writing<'_>,
) -> Result<Option<Changed>, OperationError> {
    if let Some(directory) = managed_by {
        // Written in other case it is still the address that HR has; HR's way of writing it stays.
        if change.email_norm() == account.email_norm {
            change.email = None;
        }
        let fields = managed_differences(tx, account, &change)?;
        if !fields.is_empty() {
            let directory = directory.clone();
            return Err(OperationError::AccountManaged { fields, directory, deleting: false });
        }
    }
    check_unique(tx, account, &change)?;
    let before = account.clone();
    set_members(tx, account, change, writing)?;
    if *account == before {
        return Ok(None);
    }
    account.version = account.version.saturating_add(1);
    account.updated_at_ms = writing.now;
    accounts::update_row(tx, account).map_err(OperationError::of_write)?;
    Ok(Some(changed(Some(before), account.clone(), writing)))
}

/// Deletes an account, and takes it from those whose manager it was. What was written down of it
/// loses its values: personal data goes with the account.
pub(super) fn delete(
    tx: &mut Tx<'_>,
    account: &Account,
    writing: Writing<'_>,
) -> Result<(), OperationError> {
    let managers_gone = accounts::take_manager_away(tx, &account.id, writing.now)?;
    let without = Writing { rule: Rule::ManagerDeleted, ..writing };
    let reports: Vec<Changed> = managers_gone
        .into_iter()
        .map(|after| {
            let before = Account { manager_account_id: Some(account.id.clone()), ..after.clone() };
            changed(Some(before), after, without)
        })
        .collect();
    accounts::delete(tx, &account.id)?;
    record(tx, &reports, without)?;
    Ok(audit::write_deleted(tx, writing.cause, writing.now, account)?)
}

/// Which managed fields the change would really change (S-10): naming a field with the value it has
/// is no change.
fn managed_differences(
    conn: &mut Conn,
    account: &Account,
    change: &AccountChange,
) -> Result<Vec<String>, DbError> {
    let units = unit_names(conn, std::slice::from_ref(account))?;
    let same_text = |wanted: &Patch<Text>, has: Option<&String>| {
        same(wanted, has, |wanted, has| wanted.0 == *has)
    };
    let same_unit = |wanted: &Patch<Text>, id: Option<&CatalogueEntryId>| {
        let has = id.and_then(|id| units.get(id));
        same(wanted, has, |wanted, has| name_norm(&wanted.0) == name_norm(has))
    };
    let same_date = |wanted: &Patch<Date>, has: Option<&StoredDate>| {
        same(wanted, has, |wanted, has| *wanted == has.0)
    };
    let manager = account.manager_account_id.as_ref();
    let same = [
        ("email", change.email.as_ref().is_none_or(|email| email.0 == account.email)),
        ("first_name", same_text(&change.first_name, account.first_name.as_ref())),
        ("last_name", same_text(&change.last_name, account.last_name.as_ref())),
        ("status", change.status.is_none_or(|status| status == account.status)),
        ("manager_account_id", same(&change.manager_account_id, manager, AccountId::eq)),
        ("department", same_unit(&change.department, account.department_id.as_ref())),
        ("position", same_unit(&change.position, account.position_id.as_ref())),
        (
            "office_location",
            same_unit(&change.office_location, account.office_location_id.as_ref()),
        ),
        ("start_date", same_date(&change.start_date, account.start_date.as_ref())),
        ("leaving_date", same_date(&change.leaving_date, account.leaving_date.as_ref())),
    ];
    Ok(same.into_iter().filter(|(_, same)| !same).map(|(name, _)| name.to_owned()).collect())
}

/// Whether a value stays what it is.
fn same<W, H>(wanted: &Patch<W>, has: Option<&H>, is: impl Fn(&W, &H) -> bool) -> bool {
    match wanted {
        Patch::Missing => true,
        Patch::Null => has.is_none(),
        Patch::Value(wanted) => has.is_some_and(|has| is(wanted, has)),
    }
}

/// Looks for another account with the same e-mail or external id. Looking first keeps a refused row
/// of an import from spoiling the transaction of the others; the unique rules stand behind it.
fn check_unique(
    conn: &mut Conn,
    account: &Account,
    change: &AccountChange,
) -> Result<(), OperationError> {
    if let Some(email) = change.email_norm() {
        let others = accounts::by_emails(conn, &account.organization_id, &[email])?;
        if others.iter().any(|other| other.id != account.id) {
            return Err(OperationError::EmailTaken);
        }
    }
    if let Patch::Value(Text(external_id)) = &change.external_id {
        let other = accounts::by_external_id(conn, &account.organization_id, external_id)?;
        if other.is_some_and(|other| other != account.id) {
            return Err(OperationError::ExternalIdTaken);
        }
    }
    Ok(())
}

fn set_members(
    tx: &mut Tx<'_>,
    account: &mut Account,
    change: AccountChange,
    writing: Writing<'_>,
) -> Result<(), OperationError> {
    if let Some(Email(email)) = change.email {
        account.email_norm = Some(EmailNorm::of(&email));
        account.email = email;
    }
    change.first_name.map(|text| text.0).apply(&mut account.first_name);
    change.last_name.map(|text| text.0).apply(&mut account.last_name);
    change.external_id.map(|text| text.0).apply(&mut account.external_id);
    if let Some(status) = change.status {
        account.status = status;
    }
    change.start_date.map(StoredDate).apply(&mut account.start_date);
    change.leaving_date.map(StoredDate).apply(&mut account.leaving_date);
    if let Some(protected) = change.protected {
        account.protected = protected;
    }
    match change.attributes {
        Patch::Missing => {}
        Patch::Null => account.attributes = Json(Attributes::new()),
        Patch::Value(attributes) => account.attributes = Json(attributes.into_map()),
    }
    if let Patch::Value(manager) = &change.manager_account_id {
        check_manager(tx, account, manager)?;
    }
    change.manager_account_id.apply(&mut account.manager_account_id);
    let organization = account.organization_id.clone();
    let mut unit = |kind: CatalogueKind, name: Patch<Text>| match name {
        Patch::Missing => Ok::<_, DbError>(Patch::Missing),
        Patch::Null => Ok(Patch::Null),
        Patch::Value(Text(name)) => {
            let (now, random) = (writing.now, writing.random);
            let id = catalogue::ensure(tx, &organization, kind, &name, now, random)?;
            Ok(Patch::Value(id))
        }
    };
    unit(CatalogueKind::Department, change.department)?.apply(&mut account.department_id);
    unit(CatalogueKind::Position, change.position)?.apply(&mut account.position_id);
    unit(CatalogueKind::OfficeLocation, change.office_location)?
        .apply(&mut account.office_location_id);
    Ok(())
}

/// A manager is another account of the same organization.
fn check_manager(
    conn: &mut Conn,
    account: &Account,
    manager: &AccountId,
) -> Result<(), OperationError> {
    let found = accounts::by_ids(conn, std::slice::from_ref(manager))?;
    let known = found
        .iter()
        .any(|found| found.organization_id == account.organization_id && found.id != account.id);
    if known {
        return Ok(());
    }
    Err(OperationError::Invalid {
        field: "manager_account_id",
        code: "unknown_account",
        message: "must be the id of another account of the same organization".to_owned(),
    })
}
