//! `/api/v1/organizations/{id}/accounts` and `/api/v1/accounts/{id}`: the users of the application.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::web::Path;
use jiff::civil::Date;
use serde::Serialize;

use crate::db::accounts::{self, Account, AccountFilter, Attributes};
use crate::db::{Conn, DbError, Lane, Tx, links};
use crate::domain::account::{AccountStatus, MANAGED_FIELDS};
use crate::domain::audit::Rule;
use crate::domain::employee::{EmailNorm, clean_text};
use crate::domain::ids::{AccountId, CatalogueEntryId, DirectoryId, OrganizationId};
use crate::web::api::account_change::{self, AccountChange, Writing};
use crate::web::api::organizations;
use crate::web::auth::Caller;
use crate::web::body::Members;
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::response::{self, Iso8601, Response};
use crate::web::state::State;

/// An account as it is sent.
#[derive(Debug, Serialize)]
struct AccountResponse {
    object: &'static str,
    id: AccountId,
    organization_id: OrganizationId,
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    external_id: Option<String>,
    status: AccountStatus,
    manager_account_id: Option<AccountId>,
    department: Option<String>,
    position: Option<String>,
    office_location: Option<String>,
    start_date: Option<Date>,
    leaving_date: Option<Date>,
    protected: bool,
    managed_by: Option<DirectoryId>,
    locked_fields: &'static [&'static str],
    attributes: Attributes,
    version: i64,
    created_at: Iso8601,
    updated_at: Iso8601,
}

/// What showing accounts needs from other tables.
struct Around {
    units: HashMap<CatalogueEntryId, String>,
    managers: HashMap<AccountId, DirectoryId>,
}

impl Around {
    fn load(conn: &mut Conn, rows: &[Account]) -> Result<Self, DbError> {
        let ids: Vec<AccountId> = rows.iter().map(|row| row.id.clone()).collect();
        Ok(Self {
            units: account_change::unit_names(conn, rows)?,
            managers: links::managed_by(conn, &ids)?,
        })
    }

    fn show(&self, row: Account) -> AccountResponse {
        let unit = |id: Option<CatalogueEntryId>| id.and_then(|id| self.units.get(&id).cloned());
        let managed_by = self.managers.get(&row.id).cloned();
        AccountResponse {
            object: "account",
            id: row.id,
            organization_id: row.organization_id,
            email: row.email,
            first_name: row.first_name,
            last_name: row.last_name,
            external_id: row.external_id,
            status: row.status,
            manager_account_id: row.manager_account_id,
            department: unit(row.department_id),
            position: unit(row.position_id),
            office_location: unit(row.office_location_id),
            start_date: row.start_date.map(|date| date.0),
            leaving_date: row.leaving_date.map(|date| date.0),
            protected: row.protected,
            locked_fields: if managed_by.is_some() { MANAGED_FIELDS } else { &[] },
            managed_by,
            attributes: row.attributes.0,
            version: row.version,
            created_at: row.created_at_ms.into(),
            updated_at: row.updated_at_ms.into(),
        }
    }
}

fn show_one(conn: &mut Conn, row: Account) -> Result<AccountResponse, DbError> {
    Ok(Around::load(conn, std::slice::from_ref(&row))?.show(row))
}

fn find(conn: &mut Conn, id: &AccountId) -> Result<Account, Problem> {
    accounts::find(conn, id).map_err(|error| Problem::of_lookup(error, "Account", id))
}

/// Finds an account, locks its organization, and reads the account again as it is under the lock.
fn find_locked(tx: &mut Tx<'_>, id: &AccountId) -> Result<Account, Problem> {
    let organization = find(tx, id)?.organization_id;
    tx.lock_organization(&organization)?;
    find(tx, id)
}

/// `GET …/accounts`.
pub async fn list(state: State, path: Path<String>, req: HttpRequest) -> Response {
    let organization = organizations::id_of(&path);
    let mut query = Query::of(&req);
    let page = query.page();
    let filter = AccountFilter {
        email: query.text("email").map(|email| EmailNorm::of(&email)),
        external_id: query.text("external_id").map(|id| clean_text(&id).unwrap_or(id)),
    };
    query.finish()?;
    let read = state.context.db.read(move |conn| {
        organizations::find(conn, &organization)?;
        let found = accounts::page(conn, &organization, &filter, &page)?;
        let around = Around::load(conn, &found.items)?;
        Ok::<_, Problem>(found.map(|row| around.show(row)))
    });
    response::list(read.await?, std::convert::identity)
}

/// `POST …/accounts`.
pub async fn create(state: State, caller: Caller, path: Path<String>, body: Members) -> Response {
    let (organization, now) = (organizations::id_of(&path), state.now());
    let change = AccountChange::read_new(body)?;
    let (random, cause) = (state.context.random.clone(), caller.cause());
    let write = state.context.db.write(Lane::Urgent, move |tx| {
        tx.lock_organization(&organization)?;
        organizations::find(tx, &organization)?;
        let rule = Rule::MadeByApplication;
        let writing = Writing { now, random: random.as_ref(), cause: &cause, rule };
        let made = account_change::insert(tx, &organization, &change, writing)?;
        account_change::record(tx, std::slice::from_ref(&made), writing)?;
        Ok::<_, Problem>(show_one(tx, made.after)?)
    });
    response::created(write.await?)
}

/// `GET /api/v1/accounts/{id}`.
pub async fn get(state: State, path: Path<String>) -> Response {
    let id = AccountId::from_text(path.into_inner());
    let read = state.context.db.read(move |conn| {
        let account = find(conn, &id)?;
        Ok::<_, Problem>(show_one(conn, account)?)
    });
    response::ok(read.await?)
}

/// `PATCH /api/v1/accounts/{id}`: only the members that are there change.
pub async fn patch(state: State, caller: Caller, path: Path<String>, body: Members) -> Response {
    let (id, now) = (AccountId::from_text(path.into_inner()), state.now());
    let change = AccountChange::read_patch(body)?;
    let (random, cause) = (state.context.random.clone(), caller.cause());
    let write = state.context.db.write(Lane::Urgent, move |tx| {
        let mut account = find_locked(tx, &id)?;
        let managed_by = links::managed_by(tx, std::slice::from_ref(&id))?.remove(&id);
        let rule = Rule::EditedByApplication;
        let writing = Writing { now, random: random.as_ref(), cause: &cause, rule };
        let managed_by = managed_by.as_ref();
        let changed = account_change::update(tx, &mut account, &change, managed_by, writing)?;
        account_change::record(tx, changed.as_slice(), writing)?;
        Ok::<_, Problem>(show_one(tx, account)?)
    });
    response::ok(write.await?)
}

/// `DELETE /api/v1/accounts/{id}`, unless a directory manages it (S-10).
pub async fn delete(state: State, caller: Caller, path: Path<String>) -> Response {
    let (id, now) = (AccountId::from_text(path.into_inner()), state.now());
    let (random, cause) = (state.context.random.clone(), caller.cause());
    let write = state.context.db.write(Lane::Urgent, move |tx| {
        let account = find_locked(tx, &id)?;
        if let Some(directory) = links::managed_by(tx, std::slice::from_ref(&id))?.remove(&id) {
            let fields = MANAGED_FIELDS.iter().map(|&field| field.to_owned()).collect();
            return Err(Problem::AccountManaged { fields, directory, deleting: true });
        }
        let rule = Rule::Deleted;
        let writing = Writing { now, random: random.as_ref(), cause: &cause, rule };
        account_change::delete(tx, &account, writing)
    });
    write.await?;
    response::deleted()
}
