//! Accounts whose e-mail another account of the organization owns (S-18). Only the upgrade finds
//! them: earlier versions took two spellings of one address for two.
//!
//! A row goes with either account. It counts for as long as the two e-mails are one address.

use diesel::prelude::*;

use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::schema::{account_problems, accounts};
use crate::domain::email::EmailNorm;
use crate::domain::ids::{AccountId, OrganizationId};

/// An account without an address of its own.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = account_problems)]
pub struct AccountProblem {
    /// The account.
    pub account_id: AccountId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The account that owns the address.
    pub owner_account_id: AccountId,
}

/// Both accounts of a problem that still is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwoAccounts {
    /// The account without an address of its own.
    pub account_id: AccountId,
    /// Its e-mail, as it is spelt.
    pub email: String,
    /// The account that owns the address.
    pub owner_account_id: AccountId,
    /// Its e-mail.
    pub owner_email: String,
}

/// Notes a problem.
pub fn put(tx: &mut Tx<'_>, problem: &AccountProblem) -> Result<(), DbError> {
    use account_problems as t;
    on_backend!(&mut **tx, |c| diesel::insert_into(t::table)
        .values(problem)
        .on_conflict(t::account_id)
        .do_nothing()
        .execute(c))?;
    Ok(())
}

/// The problems of an organization that still are some, in order of account, at most `limit`.
pub fn of_organization(
    conn: &mut Conn,
    organization: &OrganizationId,
    limit: i64,
) -> Result<Vec<TwoAccounts>, DbError> {
    use account_problems as t;
    let rows: Vec<AccountProblem> = on_backend!(conn, |c| t::table
        .filter(t::organization_id.eq(organization))
        .order(t::account_id.asc())
        .limit(limit)
        .select(AccountProblem::as_select())
        .load(c))?;
    let mut found = Vec::new();
    for row in rows {
        let ids = [row.account_id.clone(), row.owner_account_id.clone()];
        let emails: Vec<(AccountId, String)> = on_backend!(conn, |c| accounts::table
            .filter(accounts::id.eq_any(&ids))
            .select((accounts::id, accounts::email))
            .load(c))?;
        let email = |id: &AccountId| {
            emails.iter().find(|(own, _)| own == id).map(|(_, email)| email.clone())
        };
        let (Some(own), Some(owner)) = (email(&row.account_id), email(&row.owner_account_id))
        else {
            continue;
        };
        if EmailNorm::of(&own) == EmailNorm::of(&owner) {
            found.push(TwoAccounts {
                account_id: row.account_id,
                email: own,
                owner_account_id: row.owner_account_id,
                owner_email: owner,
            });
        }
    }
    Ok(found)
}
