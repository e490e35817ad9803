//! Accounts: the users of the application, by organization.
//!
//! E-mails are unique in an organization for comparison, not as written. `email_norm` is
//! empty only inside the transaction in which people swap addresses (S-24).

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::clearing;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::page::{Page, PageRequest, load_page};
use crate::db::schema::accounts;
use crate::db::types::{Json, StoredDate};
use crate::domain::account::AccountStatus;
use crate::domain::employee::EmailNorm;
use crate::domain::ids::{AccountId, CatalogueEntryId, OrganizationId};
use crate::limits;

/// What the application keeps with an account for itself.
pub type Attributes = serde_json::Map<String, serde_json::Value>;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = accounts)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(treat_none_as_null = true)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The organization it belongs to.
    pub organization_id: OrganizationId,
    /// The e-mail as written.
    pub email: String,
    /// The e-mail for comparison; once per organization.
    pub email_norm: Option<EmailNorm>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// The application's own key; once per organization.
    pub external_id: Option<String>,
    /// What it may do.
    pub status: AccountStatus,
    /// The account of the person's manager.
    pub manager_account_id: Option<AccountId>,
    /// The department.
    pub department_id: Option<CatalogueEntryId>,
    /// The position.
    pub position_id: Option<CatalogueEntryId>,
    /// The office location.
    pub office_location_id: Option<CatalogueEntryId>,
    /// First day of employment.
    pub start_date: Option<StoredDate>,
    /// Last day of employment.
    pub leaving_date: Option<StoredDate>,
    /// Never linked by e-mail alone (S-22).
    pub protected: bool,
    /// The application's own members.
    pub attributes: Json<Attributes>,
    /// Counts the changes, from 1.
    pub version: i64,
    /// When it was made.
    pub created_at_ms: Timestamp,
    /// When it last changed.
    pub updated_at_ms: Timestamp,
}

/// Which accounts of an organization a list shows.
#[derive(Debug, Clone, Default)]
pub struct AccountFilter {
    /// Only the one with this e-mail.
    pub email: Option<EmailNorm>,
    /// Only the one with this key of the application.
    pub external_id: Option<String>,
}

/// Stores a new account.
pub fn insert(tx: &mut Tx<'_>, account: &Account) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::insert_into(accounts::table).values(account).execute(c))?;
    Ok(())
}

/// Stores new accounts; a manager may be among them.
pub fn insert_many(tx: &mut Tx<'_>, rows: &[Account]) -> Result<(), DbError> {
    for chunk in rows.chunks(limits::APPLY_BATCH_PEOPLE_MAX) {
        on_backend!(&mut **tx, |c| diesel::insert_into(accounts::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// One account.
pub fn find(conn: &mut Conn, id: &AccountId) -> Result<Account, DbError> {
    Ok(on_backend!(conn, |c| accounts::table
        .find(id)
        .filter(accounts::organization_id.ne_all(clearing::deleted_organizations()))
        .select(Account::as_select())
        .first(c))?)
}

/// These accounts, in no order; those that are not there are left out.
pub fn by_ids(conn: &mut Conn, ids: &[AccountId]) -> Result<Vec<Account>, DbError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(limits::IN_LIST_MAX) {
        found.extend(on_backend!(conn, |c| accounts::table
            .filter(accounts::id.eq_any(chunk))
            .select(Account::as_select())
            .load::<Account>(c))?);
    }
    Ok(found)
}

/// Id and e-mail of every account of an organization, in order of id.
pub fn emails(
    conn: &mut Conn,
    organization: &OrganizationId,
) -> Result<Vec<(AccountId, String)>, DbError> {
    Ok(on_backend!(conn, |c| accounts::table
        .filter(accounts::organization_id.eq(organization))
        .order(accounts::id.asc())
        .select((accounts::id, accounts::email))
        .load(c))?)
}

/// The accounts of an organization that have these e-mails, in no order.
pub fn by_emails(
    conn: &mut Conn,
    organization: &OrganizationId,
    emails: &[EmailNorm],
) -> Result<Vec<Account>, DbError> {
    let mut found = Vec::new();
    for chunk in emails.chunks(limits::IN_LIST_MAX) {
        found.extend(on_backend!(conn, |c| accounts::table
            .filter(accounts::organization_id.eq(organization))
            .filter(accounts::email_norm.eq_any(chunk))
            .select(Account::as_select())
            .load::<Account>(c))?);
    }
    Ok(found)
}

/// Who of an organization has this key of the application.
pub fn by_external_id(
    conn: &mut Conn,
    organization: &OrganizationId,
    external_id: &str,
) -> Result<Option<AccountId>, DbError> {
    Ok(on_backend!(conn, |c| accounts::table
        .filter(accounts::organization_id.eq(organization))
        .filter(accounts::external_id.eq(external_id))
        .select(accounts::id)
        .first(c)
        .optional())?)
}

/// Writes every column that can change; `None` is written as NULL.
pub fn update_row(tx: &mut Tx<'_>, account: &Account) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(accounts::table.find(&account.id))
        .set(account)
        .execute(c))?;
    Ok(())
}

/// Takes the e-mails of these accounts out of the comparison, because others are about to get them
/// (S-24). Each must be written again in the same transaction.
pub fn park_emails(tx: &mut Tx<'_>, ids: &[AccountId]) -> Result<(), DbError> {
    for chunk in ids.chunks(limits::IN_LIST_MAX) {
        on_backend!(&mut **tx, |c| diesel::update(
            accounts::table.filter(accounts::id.eq_any(chunk))
        )
        .set(accounts::email_norm.eq(None::<EmailNorm>))
        .execute(c))?;
    }
    Ok(())
}

/// A page of the accounts of an organization.
pub fn page(
    conn: &mut Conn,
    organization: &OrganizationId,
    filter: &AccountFilter,
    request: &PageRequest,
) -> Result<Page<Account>, DbError> {
    Ok(load_page!(conn, request, accounts::id, |row: &Account| row.id.as_str(), {
        let mut query = accounts::table
            .filter(accounts::organization_id.eq(organization))
            .select(Account::as_select())
            .into_boxed();
        if let Some(email) = &filter.email {
            query = query.filter(accounts::email_norm.eq(email));
        }
        if let Some(external_id) = &filter.external_id {
            query = query.filter(accounts::external_id.eq(external_id));
        }
        query
    }))
}

/// Leaves those whose manager this is without one; the accounts as they are then, in order of id.
pub fn take_manager_away(
    tx: &mut Tx<'_>,
    manager: &AccountId,
    now: Timestamp,
) -> Result<Vec<Account>, DbError> {
    let mut reports: Vec<Account> = on_backend!(&mut **tx, |c| diesel::update(
        accounts::table.filter(accounts::manager_account_id.eq(manager))
    )
    .set((
        accounts::manager_account_id.eq(None::<AccountId>),
        accounts::version.eq(accounts::version + 1),
        accounts::updated_at_ms.eq(now),
    ))
    .returning(Account::as_returning())
    .get_results(c))?;
    reports.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(reports)
}

/// Deletes an account.
pub fn delete(tx: &mut Tx<'_>, id: &AccountId) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::delete(accounts::table.find(id)).execute(c))?;
    Ok(())
}
