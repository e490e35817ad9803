//! What a caller wants an account to be, and how that is applied.
//!
//! One path for `POST`, `PATCH` and imports, so that the same rules hold: e-mails are unique in the
//! organization, what a directory manages stays as HR has it (S-10), and a change that
//! changes nothing counts as none. What changed is handed back for [`record`], which writes down
//! who changed it.
//!
//! Every function that writes expects the organization to be locked.

#![expect(
    clippy::option_option,
    reason = "a member of a change is missing, null or a value, which is what this type says"
)]

use std::collections::HashMap;

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
use crate::limits;
use crate::sync::apply::audit::{self, Changed};
use crate::web::body::{Email, Members, Text};
use crate::web::error::Problem;

/// The members of an account that a request names. `None` is "not named", `Some(None)` is "empty".
#[derive(Debug, Clone, Default)]
pub(super) struct AccountChange {
    pub(super) email: Option<String>,
    first_name: Option<Option<String>>,
    last_name: Option<Option<String>>,
    external_id: Option<Option<String>>,
    status: Option<AccountStatus>,
    manager_account_id: Option<Option<AccountId>>,
    department: Option<Option<String>>,
    position: Option<Option<String>>,
    office_location: Option<Option<String>>,
    start_date: Option<Option<Date>>,
    leaving_date: Option<Option<Date>>,
    protected: Option<bool>,
    attributes: Option<Attributes>,
}

impl AccountChange {
    /// Takes the members of a new account, which needs an e-mail.
    pub(super) fn read_new(mut members: Members) -> Result<Self, Problem> {
        let email: Option<Email> = members.required("email");
        Self::read_rest(members, email)
    }

    /// Takes the members of a change.
    pub(super) fn read_patch(mut members: Members) -> Result<Self, Problem> {
        let email: Option<Email> = members.not_null("email");
        Self::read_rest(members, email)
    }

    fn read_rest(mut members: Members, email: Option<Email>) -> Result<Self, Problem> {
        let change = Self {
            email: email.map(|email| email.0),
            first_name: text(&mut members, "first_name"),
            last_name: text(&mut members, "last_name"),
            external_id: text(&mut members, "external_id"),
            status: members.not_null("status"),
            manager_account_id: members.patch("manager_account_id"),
            department: text(&mut members, "department"),
            position: text(&mut members, "position"),
            office_location: text(&mut members, "office_location"),
            start_date: members.patch("start_date"),
            leaving_date: members.patch("leaving_date"),
            protected: members.not_null("protected"),
            attributes: members.patch("attributes").map(Option::unwrap_or_default),
        };
        let size = change.attributes.as_ref().map_or(0, length_as_json);
        if size > limits::ATTRIBUTES_BYTES_MAX {
            let message =
                format!("must have at most {} bytes as JSON", limits::ATTRIBUTES_BYTES_MAX);
            members.refuse("attributes", "too_large", message);
        }
        members.finish()?;
        Ok(change)
    }

    /// The comparable form of the e-mail, when the change names one.
    pub(super) fn email_norm(&self) -> Option<EmailNorm> {
        self.email.as_deref().map(EmailNorm::of)
    }
}

fn length_as_json(map: &Attributes) -> usize {
    serde_json::to_vec(map).map_or(usize::MAX, |bytes| bytes.len())
}

fn text(members: &mut Members, name: &'static str) -> Option<Option<String>> {
    members.patch::<Text>(name).map(|value| value.map(|text| text.0))
}

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
    change: &AccountChange,
    writing: Writing<'_>,
) -> Result<Changed, Problem> {
    let email = change.email.clone().unwrap_or_default();
    let mut account = Account {
        id: AccountId::new(writing.now, writing.random),
        organization_id: organization.clone(),
        email_norm: Some(EmailNorm::of(&email)),
        email,
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
    check_unique(tx, &account, change)?;
    set_members(tx, &mut account, change, writing)?;
    accounts::insert(tx, &account).map_err(Problem::of_write)?;
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
    change: &AccountChange,
    managed_by: Option<&DirectoryId>,
    writing: Writing<'_>,
) -> Result<Option<Changed>, Problem> {
    let mut change = change.clone();
    if let Some(directory) = managed_by {
        // Written in other case it is still the address that HR has; HR's way of writing it stays.
        if change.email_norm() == account.email_norm {
            change.email = None;
        }
        let fields = managed_differences(tx, account, &change)?;
        if !fields.is_empty() {
            let directory = directory.clone();
            return Err(Problem::AccountManaged { fields, directory, deleting: false });
        }
    }
    check_unique(tx, account, &change)?;
    let before = account.clone();
    set_members(tx, account, &change, writing)?;
    if *account == before {
        return Ok(None);
    }
    account.version = account.version.saturating_add(1);
    account.updated_at_ms = writing.now;
    accounts::update_row(tx, account).map_err(Problem::of_write)?;
    Ok(Some(changed(Some(before), account.clone(), writing)))
}

/// Deletes an account, and takes it from those whose manager it was. What was written down of it
/// loses its values: personal data goes with the account.
pub(super) fn delete(
    tx: &mut Tx<'_>,
    account: &Account,
    writing: Writing<'_>,
) -> Result<(), Problem> {
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
    let same_unit = |wanted: &Option<Option<String>>, id: &Option<CatalogueEntryId>| {
        wanted.as_ref().is_none_or(|wanted| {
            let has = id.as_ref().and_then(|id| units.get(id));
            wanted.as_deref().map(name_norm) == has.map(|name| name_norm(name))
        })
    };
    let same = [
        ("email", change.email.as_ref().is_none_or(|email| *email == account.email)),
        ("first_name", same(change.first_name.as_ref(), &account.first_name)),
        ("last_name", same(change.last_name.as_ref(), &account.last_name)),
        ("status", change.status.is_none_or(|status| status == account.status)),
        (
            "manager_account_id",
            same(change.manager_account_id.as_ref(), &account.manager_account_id),
        ),
        ("department", same_unit(&change.department, &account.department_id)),
        ("position", same_unit(&change.position, &account.position_id)),
        ("office_location", same_unit(&change.office_location, &account.office_location_id)),
        ("start_date", same(change.start_date.as_ref(), &account.start_date.map(|date| date.0))),
        (
            "leaving_date",
            same(change.leaving_date.as_ref(), &account.leaving_date.map(|date| date.0)),
        ),
    ];
    Ok(same.into_iter().filter(|(_, same)| !same).map(|(name, _)| name.to_owned()).collect())
}

fn same<T: PartialEq>(wanted: Option<&T>, has: &T) -> bool {
    wanted.is_none_or(|wanted| wanted == has)
}

/// Looks for another account with the same e-mail or external id. Looking first keeps a refused row
/// of an import from spoiling the transaction of the others; the unique rules stand behind it.
fn check_unique(conn: &mut Conn, account: &Account, change: &AccountChange) -> Result<(), Problem> {
    if let Some(email) = change.email_norm() {
        let others = accounts::by_emails(conn, &account.organization_id, &[email])?;
        if others.iter().any(|other| other.id != account.id) {
            return Err(Problem::EmailTaken);
        }
    }
    if let Some(Some(external_id)) = &change.external_id {
        let other = accounts::by_external_id(conn, &account.organization_id, external_id)?;
        if other.is_some_and(|other| other != account.id) {
            return Err(Problem::ExternalIdTaken);
        }
    }
    Ok(())
}

fn set_members(
    tx: &mut Tx<'_>,
    account: &mut Account,
    change: &AccountChange,
    writing: Writing<'_>,
) -> Result<(), Problem> {
    let wanted = change.clone();
    if let Some(email) = wanted.email {
        account.email_norm = Some(EmailNorm::of(&email));
        account.email = email;
    }
    set(&mut account.first_name, wanted.first_name);
    set(&mut account.last_name, wanted.last_name);
    set(&mut account.external_id, wanted.external_id);
    set(&mut account.status, wanted.status);
    set(&mut account.start_date, wanted.start_date.map(|date| date.map(StoredDate)));
    set(&mut account.leaving_date, wanted.leaving_date.map(|date| date.map(StoredDate)));
    set(&mut account.protected, wanted.protected);
    set(&mut account.attributes, wanted.attributes.map(Json));
    if let Some(manager) = &wanted.manager_account_id {
        check_manager(tx, account, manager.as_ref())?;
    }
    set(&mut account.manager_account_id, wanted.manager_account_id);
    let organization = account.organization_id.clone();
    let mut unit = |kind: CatalogueKind, name: Option<Option<String>>| match name {
        None => Ok::<_, DbError>(None),
        Some(None) => Ok(Some(None)),
        Some(Some(name)) => {
            let (now, random) = (writing.now, writing.random);
            let id = catalogue::ensure(tx, &organization, kind, &name, now, random)?;
            Ok(Some(Some(id)))
        }
    };
    let department = unit(CatalogueKind::Department, wanted.department)?;
    let position = unit(CatalogueKind::Position, wanted.position)?;
    let office_location = unit(CatalogueKind::OfficeLocation, wanted.office_location)?;
    set(&mut account.department_id, department);
    set(&mut account.position_id, position);
    set(&mut account.office_location_id, office_location);
    Ok(())
}

fn set<T>(place: &mut T, wanted: Option<T>) {
    if let Some(wanted) = wanted {
        *place = wanted;
    }
}

/// A manager is another account of the same organization.
fn check_manager(
    conn: &mut Conn,
    account: &Account,
    manager: Option<&AccountId>,
) -> Result<(), Problem> {
    let Some(manager) = manager else { return Ok(()) };
    let found = accounts::by_ids(conn, std::slice::from_ref(manager))?;
    let known = found
        .iter()
        .any(|found| found.organization_id == account.organization_id && found.id != account.id);
    if known {
        Ok(())
    } else {
        let message = "must be the id of another account of the same organization";
        Err(Problem::invalid("manager_account_id", "unknown_account", message))
    }
}

/// The names of the departments, positions and office locations of these accounts.
pub(super) fn unit_names(
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
