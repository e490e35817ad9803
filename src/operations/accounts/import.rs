//! Many accounts at once: one batch of rows, written in one transaction.
//!
//! Rows are matched by e-mail within the organization; a row that cannot be written fails alone.
//!
//! What this module must not do: read files, or know how rows are written in them.

use std::collections::HashMap;

use crate::db::accounts::{self, Account};
use crate::db::{Lane, Tx, links};
use crate::domain::audit::{Cause, Rule};
use crate::domain::employee::EmailNorm;
use crate::domain::ids::{AccountId, DirectoryId, OrganizationId};
use crate::operations::accounts::AccountChange;
use crate::operations::accounts::rules::{self, Writing};
use crate::operations::input::Email;
use crate::operations::{OperationError, organizations};
use crate::sync::Context;
use crate::sync::apply::audit::Changed;

/// One account that is to be made or changed.
#[derive(Debug, Clone)]
pub struct Row {
    /// The line on which it begins.
    pub line: u64,
    /// Whose account it is.
    pub email: Email,
    /// What is said of it besides.
    pub change: AccountChange,
}

/// What became of a row.
#[derive(Debug)]
pub enum Outcome {
    /// The account was made.
    Created(AccountId),
    /// The account was changed.
    Updated(AccountId),
    /// The account was like that already.
    Unchanged(AccountId),
    /// Nothing was done, and why.
    Refused(OperationError),
}

/// Writes one batch, and tells by line what became of each row.
///
/// # Errors
/// When the organization or the database is away: nothing of the batch was written then.
pub async fn write(
    cx: &Context,
    by: &Cause,
    organization: &OrganizationId,
    rows: Vec<Row>,
) -> Result<Vec<(u64, Outcome)>, OperationError> {
    let (now, random) = (cx.clock.now(), cx.random.clone());
    let (organization, by) = (organization.clone(), by.clone());
    let write = cx.db.write(Lane::Bulk, move |tx| {
        let rule = Rule::Imported;
        let writing = Writing { now, random: random.as_ref(), cause: &by, rule };
        write_rows(tx, &organization, rows, writing)
    });
    write.await
}

fn write_rows(
    tx: &mut Tx<'_>,
    organization: &OrganizationId,
    rows: Vec<Row>,
    writing: Writing<'_>,
) -> Result<Vec<(u64, Outcome)>, OperationError> {
    tx.lock_organization(organization)?;
    organizations::find(tx, organization)?;
    let emails: Vec<EmailNorm> = rows.iter().map(|row| EmailNorm::of(&row.email.0)).collect();
    let found = accounts::by_emails(tx, organization, &emails)?;
    let ids: Vec<AccountId> = found.iter().map(|account| account.id.clone()).collect();
    let mut known = Known {
        managers: links::managed_by(tx, &ids)?,
        accounts: found
            .into_iter()
            .filter_map(|account| Some((account.email_norm.clone()?, account)))
            .collect(),
        changed: Vec::new(),
    };
    let mut outcomes = Vec::with_capacity(rows.len());
    for row in rows {
        let line = row.line;
        let outcome = match known.write(tx, organization, row, writing) {
            Ok(outcome) => outcome,
            // What the database could not do spoils the transaction for the other rows too.
            Err(error @ OperationError::Db(_)) => return Err(error),
            Err(error) => Outcome::Refused(error),
        };
        outcomes.push((line, outcome));
    }
    rules::record(tx, &known.changed, writing)?;
    Ok(outcomes)
}

/// The accounts that a batch is about, as they are after the rows so far.
struct Known {
    accounts: HashMap<EmailNorm, Account>,
    managers: HashMap<AccountId, DirectoryId>,
    /// What the rows so far have changed.
    changed: Vec<Changed>,
}

impl Known {
    fn write(
        &mut self,
        tx: &mut Tx<'_>,
        organization: &OrganizationId,
        row: Row,
        writing: Writing<'_>,
    ) -> Result<Outcome, OperationError> {
        let Row { email, mut change, .. } = row;
        let key = EmailNorm::of(&email.0);
        let Some(before) = self.accounts.get(&key) else {
            let made = rules::insert(tx, organization, email, change, writing)?;
            let id = made.after.id.clone();
            self.accounts.insert(key, made.after.clone());
            self.changed.push(made);
            return Ok(Outcome::Created(id));
        };
        let mut account = before.clone();
        let managed_by = self.managers.get(&account.id);
        change.email = Some(email);
        let changed = rules::update(tx, &mut account, change, managed_by, writing)?;
        let id = account.id.clone();
        self.accounts.insert(key, account);
        let Some(changed) = changed else { return Ok(Outcome::Unchanged(id)) };
        self.changed.push(changed);
        Ok(Outcome::Updated(id))
    }
}
