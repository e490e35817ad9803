//! The account of a person, as a batch writes it.
//!
//! What this module must not do: decide what an account becomes.

use crate::db::accounts::{self, Account};
use crate::db::types::StoredDate;
use crate::db::{DbError, catalogue};
use crate::domain::directory::CatalogueKind;
use crate::domain::employee::{EmailNorm, ExternalKey, name_norm};
use crate::domain::ids::*;
use crate::sync::apply::audit::{self, Changed, Owner};
use crate::sync::apply::write::Writing;
use crate::sync::decide::row_builder::Person;
use crate::sync::decide::types::{AccountFields, Applied, PlannedAccount};

impl Writing<'_, '_, '_> {
    /// Writes the account when it differs, and notes why, or why it got another person.
    pub(super) fn account(
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

    pub(super) fn write_account(
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

    pub(super) fn write_new_accounts(&mut self) -> Result<(), DbError> {
        accounts::insert_many(self.tx, &std::mem::take(&mut self.new_accounts))
    }

    pub(super) fn account_row(
        &mut self,
        id: &AccountId,
        after: &AccountFields,
    ) -> Result<Account, DbError> {
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
    pub(super) fn unit(
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
}
