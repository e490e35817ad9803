//! Links: which directory user belongs to which account (§1 of the product description).

use std::collections::HashMap;

use diesel::prelude::*;

use crate::clock::Millis;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::schema::{accounts, links};
use crate::domain::employee::EmailNorm;
use crate::domain::ids::{AccountId, DirectoryId, DirectoryUserId, LinkId, OrganizationId};
use crate::limits;

/// A link, with the rule that made it.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = links)]
pub struct Link {
    /// Its id; ids sort by age, and the oldest link of an account manages it (S-26).
    pub id: LinkId,
    /// The organization of both ends.
    pub organization_id: OrganizationId,
    /// The directory of the directory user.
    pub directory_id: DirectoryId,
    /// The person as the HR system has them.
    pub directory_user_id: DirectoryUserId,
    /// The user of the application.
    pub account_id: AccountId,
    /// The rule that made the link ("email", "created", "rehire").
    pub link_rule: String,
    /// When it was made.
    pub created_at_ms: Millis,
}

/// Stores a new link.
pub fn insert(tx: &mut Tx<'_>, link: &Link) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::insert_into(links::table).values(link).execute(c))?;
    Ok(())
}

/// Gives a link to another directory user (a re-hire under a new number, S-20).
pub fn move_to(
    tx: &mut Tx<'_>,
    link: &LinkId,
    directory_user: &DirectoryUserId,
) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(links::table.find(link))
        .set((links::directory_user_id.eq(directory_user), links::link_rule.eq("rehire")))
        .execute(c))?;
    Ok(())
}

/// The links of these directory users.
pub fn of_users(conn: &mut Conn, users: &[DirectoryUserId]) -> Result<Vec<Link>, DbError> {
    let mut found = Vec::new();
    for chunk in users.chunks(limits::IN_LIST_MAX) {
        found.extend(on_backend!(conn, |c| links::table
            .filter(links::directory_user_id.eq_any(chunk))
            .select(Link::as_select())
            .load(c))?);
    }
    Ok(found)
}

/// The e-mails, for comparison, of the accounts that these directory users have.
pub fn emails_of_users(
    conn: &mut Conn,
    users: &[DirectoryUserId],
) -> Result<HashMap<DirectoryUserId, EmailNorm>, DbError> {
    let mut found = HashMap::new();
    for chunk in users.chunks(limits::IN_LIST_MAX) {
        let rows: Vec<(DirectoryUserId, Option<EmailNorm>)> = on_backend!(conn, |c| links::table
            .inner_join(accounts::table.on(accounts::id.eq(links::account_id)))
            .filter(links::directory_user_id.eq_any(chunk))
            .select((links::directory_user_id, accounts::email_norm))
            .load(c))?;
        found.extend(rows.into_iter().filter_map(|(user, email)| Some((user, email?))));
    }
    Ok(found)
}

/// The links of these accounts, in any directory, oldest first.
pub fn of_accounts(conn: &mut Conn, accounts: &[AccountId]) -> Result<Vec<Link>, DbError> {
    let mut found = Vec::new();
    for chunk in accounts.chunks(limits::IN_LIST_MAX) {
        found.extend(on_backend!(conn, |c| links::table
            .filter(links::account_id.eq_any(chunk))
            .order(links::id.asc())
            .select(Link::as_select())
            .load::<Link>(c))?);
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

/// Which directory manages each of these accounts: the one with the oldest link (S-26). Accounts
/// without a link are not in the answer. Links exist only while their directory is not disabled.
pub fn managed_by(
    conn: &mut Conn,
    accounts: &[AccountId],
) -> Result<HashMap<AccountId, DirectoryId>, DbError> {
    let mut managers = HashMap::new();
    for link in of_accounts(conn, accounts)? {
        managers.entry(link.account_id).or_insert(link.directory_id);
    }
    Ok(managers)
}

/// Ends all links of a directory (L-08).
pub fn delete_of_directory(tx: &mut Tx<'_>, directory: &DirectoryId) -> Result<usize, DbError> {
    Ok(on_backend!(&mut **tx, |c| diesel::delete(
        links::table.filter(links::directory_id.eq(directory))
    )
    .execute(c))?)
}
