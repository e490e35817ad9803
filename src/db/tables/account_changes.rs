//! What was written down of changes of accounts: cause, rule and former values.
//!
//! The numbers of one account's changes are in the order in which they happened: whoever changes
//! accounts has locked their organization. A change outlives its account, without its values.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::clearing;
use crate::db::conn::{Conn, Tx, delete_listed, on_backend};
use crate::db::error::DbError;
use crate::db::page::{Page, PageRequest, load_page};
use crate::db::schema::account_changes;
use crate::db::types::Json;
use crate::domain::audit::{CauseKind, Changes, Rule};
use crate::domain::employee::ExternalKey;
use crate::domain::ids::{AccountChangeId, AccountId, DirectoryId, OrganizationId};
use crate::limits;

/// A change, without its number, which the database gives.
#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = account_changes)]
#[diesel(treat_none_as_default_value = false)]
pub struct AccountChange {
    /// The organization of the account.
    pub organization_id: OrganizationId,
    /// The account.
    pub account_id: AccountId,
    /// The directory it came from, if it did.
    pub directory_id: Option<DirectoryId>,
    /// The person in that directory.
    pub external_key: Option<ExternalKey>,
    /// What kind of thing set it off.
    pub cause: CauseKind,
    /// Which one.
    pub cause_id: Option<String>,
    /// What decided.
    pub rule: Rule,
    /// The members that changed; empty once the account is deleted.
    pub changes: Json<Changes>,
    /// The account's version from then on.
    pub version: i64,
    /// When.
    pub created_at_ms: Timestamp,
}

/// Bound values of one new row.
const COLUMNS: usize = 10;

/// A stored change.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = account_changes)]
pub struct NumberedAccountChange {
    /// Its id, from its number.
    pub id: AccountChangeId,
    /// The change.
    #[diesel(embed)]
    pub change: AccountChange,
}

/// Stores changes, in order.
pub fn insert_many(tx: &mut Tx<'_>, rows: &[AccountChange]) -> Result<(), DbError> {
    for chunk in rows.chunks(limits::BIND_MAX / COLUMNS) {
        on_backend!(&mut **tx, |c| diesel::insert_into(account_changes::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

/// A page of the changes of an account.
pub fn page(
    conn: &mut Conn,
    account: &AccountId,
    request: &PageRequest,
) -> Result<Page<NumberedAccountChange>, DbError> {
    use account_changes as t;
    let number = |text: String| AccountChangeId::from_text(text).number().unwrap_or_default();
    Ok(load_page!(
        conn,
        request,
        t::id,
        |row: &NumberedAccountChange| row.id.as_str(),
        t::table
            .filter(t::account_id.eq(account))
            .filter(t::organization_id.ne_all(clearing::deleted_organizations()))
            .select(NumberedAccountChange::as_select())
            .into_boxed(),
        number
    ))
}

/// Whether anything is written down of an account.
pub fn any(conn: &mut Conn, account: &AccountId) -> Result<bool, DbError> {
    use account_changes as t;
    let found: Option<i64> = on_backend!(conn, |c| t::table
        .filter(t::account_id.eq(account))
        .filter(t::organization_id.ne_all(clearing::deleted_organizations()))
        .select(t::id)
        .first(c)
        .optional())?;
    Ok(found.is_some())
}

/// Takes the values out of an account's changes; that they happened, and why, stays.
pub fn forget_values(tx: &mut Tx<'_>, account: &AccountId) -> Result<usize, DbError> {
    use account_changes as t;
    let (none, nobody) = (Json(Changes::new()), None::<ExternalKey>);
    Ok(on_backend!(&mut **tx, |c| diesel::update(t::table.filter(t::account_id.eq(account)))
        .set((t::changes.eq(&none), t::external_key.eq(&nobody)))
        .execute(c))?)
}

/// Deletes changes older than `before`; at most `limit`, so that nobody waits long.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> Result<usize, DbError> {
    use account_changes as t;
    let old: Vec<i64> = on_backend!(&mut **tx, |c| t::table
        .filter(t::created_at_ms.lt(before))
        .order(t::created_at_ms.asc())
        .limit(limit)
        .select(t::id)
        .load(c))?;
    Ok(delete_listed!(tx, t::table, t::id, old))
}
