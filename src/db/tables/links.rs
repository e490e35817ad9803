//! Links: which directory user belongs to which account (§1 of the product description).

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::clearing;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::schema::{accounts, directory_users, links};
use crate::domain::account::{Activity, managing};
use crate::domain::employee::{EmailNorm, EmployeeNumber, ExternalKey, KeyKind};
use crate::domain::ids::{AccountId, DirectoryId, DirectoryUserId, LinkId, OrganizationId};
use crate::limits;

/// A link, with the rule that made it.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = links)]
pub struct Link {
    /// Its id; ids sort by age, which counts when an account has several (S-26).
    pub id: LinkId,
    /// The organization of both ends.
    pub organization_id: OrganizationId,
    /// The directory of the directory user.
    pub directory_id: DirectoryId,
    /// The person as the HR system has them.
    pub directory_user_id: DirectoryUserId,
    /// The user of the application.
    pub account_id: AccountId,
    /// The rule that made the link ("email", "ledger", "created", "rehire").
    pub link_rule: String,
    /// When it was made.
    pub created_at_ms: Timestamp,
}

/// Stores new links.
pub fn insert(tx: &mut Tx<'_>, new: &[Link]) -> Result<(), DbError> {
    for chunk in new.chunks(limits::APPLY_BATCH_PEOPLE_MAX) {
        on_backend!(&mut **tx, |c| diesel::insert_into(links::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// Gives a link to another directory user (a re-hire under a new number, S-20). Who reports to the
/// former one has another manager now, or none, though their own records are as they were; so the
/// next full sync looks at them again (S-13).
pub fn move_to(
    tx: &mut Tx<'_>,
    link: &LinkId,
    directory_user: &DirectoryUserId,
) -> Result<(), DbError> {
    let (directory, account): (DirectoryId, AccountId) = on_backend!(&mut **tx, |c| links::table
        .find(link)
        .select((links::directory_id, links::account_id))
        .first(c))?;
    let reports = links::table
        .inner_join(accounts::table.on(accounts::id.eq(links::account_id)))
        .filter(links::directory_id.eq(&directory))
        .filter(accounts::manager_account_id.eq(&account))
        .select(links::directory_user_id);
    on_backend!(&mut **tx, |c| diesel::update(
        directory_users::table.filter(directory_users::id.eq_any(reports))
    )
    .set(directory_users::raw_hash.eq(None::<Vec<u8>>))
    .execute(c))?;
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
            .filter(links::directory_id.ne_all(clearing::unfinished()))
            .order(links::id.asc())
            .select(Link::as_select())
            .load::<Link>(c))?);
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

/// Which of these accounts somebody employed has through another directory (S-26).
pub fn kept_by_others(
    conn: &mut Conn,
    accounts: &[AccountId],
    directory: &DirectoryId,
) -> Result<HashSet<AccountId>, DbError> {
    let mut found = HashSet::new();
    for chunk in accounts.chunks(limits::IN_LIST_MAX) {
        let kept: Vec<AccountId> = on_backend!(conn, |c| links::table
            .inner_join(directory_users::table)
            .filter(links::account_id.eq_any(chunk))
            .filter(links::directory_id.ne(directory))
            .filter(links::directory_id.ne_all(clearing::unfinished()))
            .filter(directory_users::state.eq(Activity::Active))
            .select(links::account_id)
            .load(c))?;
        found.extend(kept);
    }
    Ok(found)
}

/// Which directory manages each of these accounts: of the links whose person is employed the
/// oldest, of all when nobody is (S-26). Accounts without a link are not in the answer. Links count
/// only while their directory is not disabled.
pub fn managed_by(
    conn: &mut Conn,
    accounts: &[AccountId],
) -> Result<HashMap<AccountId, DirectoryId>, DbError> {
    let mut found: Vec<(LinkId, AccountId, DirectoryId, Activity)> = Vec::new();
    for chunk in accounts.chunks(limits::IN_LIST_MAX) {
        found.extend(on_backend!(conn, |c| links::table
            .inner_join(directory_users::table)
            .filter(links::account_id.eq_any(chunk))
            .filter(links::directory_id.ne_all(clearing::unfinished()))
            .select((links::id, links::account_id, links::directory_id, directory_users::state))
            .load::<(LinkId, AccountId, DirectoryId, Activity)>(c))?);
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let mut of_account: HashMap<AccountId, Vec<(DirectoryId, Activity)>> = HashMap::new();
    for (_, account, directory, activity) in found {
        of_account.entry(account).or_default().push((directory, activity));
    }
    let managing = |(account, links)| Some((account, managing(links)?));
    Ok(of_account.into_iter().filter_map(managing).collect())
}

/// Somebody who has a link, as far as a later directory has to know them again (L-09).
#[derive(Debug, Clone, Queryable)]
pub struct Linked {
    /// The link.
    pub link_id: LinkId,
    /// The person.
    pub directory_user_id: DirectoryUserId,
    /// The account.
    pub account_id: AccountId,
    /// The person's key.
    pub external_key: ExternalKey,
    /// How far it can be trusted.
    pub key_kind: KeyKind,
    /// The person's number.
    pub employee_number: Option<EmployeeNumber>,
}

/// Some people of a directory who have a link, so many at most. In no order: one would have to be
/// made of all of them, each time.
pub fn people(
    conn: &mut Conn,
    directory: &DirectoryId,
    people_max: i64,
) -> Result<Vec<Linked>, DbError> {
    use directory_users as u;
    Ok(on_backend!(conn, |c| links::table
        .inner_join(u::table)
        .filter(links::directory_id.eq(directory))
        .limit(people_max)
        .select((
            links::id,
            links::directory_user_id,
            links::account_id,
            u::external_key,
            u::key_kind,
            u::employee_number,
        ))
        .load(c))?)
}
