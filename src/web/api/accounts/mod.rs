//! `/api/v1/organizations/{id}/accounts` and `/api/v1/accounts/{id}`: the users of the application.

use actix_web::web::{self, Path, ServiceConfig};
use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::db::accounts::{AccountFilter, Attributes};
use crate::db::page::PageRequest;
use crate::domain::account::{AccountStatus, MANAGED_FIELDS};
use crate::domain::employee::{EmailNorm, clean_text};
use crate::domain::ids::{AccountId, DirectoryId, OrganizationId};
use crate::operations::accounts::{self as operations, AccountChange, FullAccount, OwnAttributes};
use crate::operations::input::{Email, Patch, Text};
use crate::web::http::auth::Caller;
use crate::web::http::body::{Body, Leaf, Maybe, Wrong, body};
use crate::web::http::query::{Params, query};
use crate::web::http::response::{self, Iso8601, List, Response};
use crate::web::http::schema;
use crate::web::http::state::State;

pub mod changes;
pub mod import;
mod import_rows;
mod import_split;

/// The routes of accounts.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/organizations/{organization_id}/accounts")
            .route(web::get().to(list))
            .route(web::post().to(create)),
    )
    .service(
        web::resource("/organizations/{organization_id}/accounts/import")
            .route(web::post().to(import::import)),
    )
    .service(
        web::resource("/accounts/{account_id}")
            .route(web::get().to(get))
            .route(web::patch().to(patch))
            .route(web::delete().to(delete)),
    )
    .service(web::resource("/accounts/{account_id}/changes").route(web::get().to(changes::list)));
}

/// A user of the application.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountResponse {
    /// `account`.
    object: &'static str,
    id: AccountId,
    organization_id: OrganizationId,
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    /// The application's own key of it.
    external_id: Option<String>,
    status: AccountStatus,
    manager_account_id: Option<AccountId>,
    department: Option<String>,
    position: Option<String>,
    office_location: Option<String>,
    /// The first day of employment.
    #[schema(value_type = Option<String>, format = "date")]
    start_date: Option<Date>,
    /// The last day of employment.
    #[schema(value_type = Option<String>, format = "date")]
    leaving_date: Option<Date>,
    /// Whether it is never linked by e-mail alone.
    protected: bool,
    /// The directory that manages it.
    managed_by: Option<DirectoryId>,
    /// What only that directory changes.
    #[schema(value_type = Vec<String>)]
    locked_fields: &'static [&'static str],
    /// What the application keeps with it for itself.
    #[schema(value_type = Object)]
    attributes: Attributes,
    /// Counts the changes, from 1.
    version: i64,
    created_at: Iso8601,
    updated_at: Iso8601,
}

impl From<FullAccount> for AccountResponse {
    fn from(full: FullAccount) -> Self {
        let row = full.account;
        Self {
            object: "account",
            id: row.id,
            organization_id: row.organization_id,
            email: row.email,
            first_name: row.first_name,
            last_name: row.last_name,
            external_id: row.external_id,
            status: row.status,
            manager_account_id: row.manager_account_id,
            department: full.department,
            position: full.position,
            office_location: full.office_location,
            start_date: row.start_date.map(|date| date.0),
            leaving_date: row.leaving_date.map(|date| date.0),
            protected: row.protected,
            locked_fields: if full.managed_by.is_some() { MANAGED_FIELDS } else { &[] },
            managed_by: full.managed_by,
            attributes: row.attributes.0,
            version: row.version,
            created_at: row.created_at_ms.into(),
            updated_at: row.updated_at_ms.into(),
        }
    }
}

impl Leaf for OwnAttributes {
    fn read(value: Value) -> Result<Self, Wrong> {
        let attributes: Attributes = schema::by_serde(value)?;
        Self::try_from(attributes).map_err(|message| ("too_large", message))
    }

    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Object).into()
    }
}

body! {
    /// A new account. A row of an import is one too; of an account that is there already it changes
    /// only what it names.
    pub struct NewAccount {
        /// The e-mail, once per organization; case makes no difference.
        email: Email,
        /// The first name.
        first_name: Patch<Text>,
        /// The last name.
        last_name: Patch<Text>,
        /// The application's own key of it, once per organization.
        external_id: Patch<Text>,
        /// Whether it may be used; `active` when nothing is said.
        status: Maybe<AccountStatus>,
        /// Another account of the same organization.
        manager_account_id: Patch<AccountId>,
        /// The department, by its name.
        department: Patch<Text>,
        /// The position, by its name.
        position: Patch<Text>,
        /// The office location, by its name.
        office_location: Patch<Text>,
        /// The first day of employment.
        start_date: Patch<Date>,
        /// The last day of employment.
        leaving_date: Patch<Date>,
        /// Whether it is never linked by e-mail alone.
        protected: Maybe<bool>,
        /// What the application keeps with it for itself; up to 64 KiB as JSON.
        attributes: Patch<OwnAttributes>,
    }

    /// What changes of an account. What is not named stays, null empties.
    pub struct AccountPatch {
        /// The e-mail, once per organization; case makes no difference.
        email: Maybe<Email>,
        /// The first name.
        first_name: Patch<Text>,
        /// The last name.
        last_name: Patch<Text>,
        /// The application's own key of it, once per organization.
        external_id: Patch<Text>,
        /// Whether it may be used.
        status: Maybe<AccountStatus>,
        /// Another account of the same organization.
        manager_account_id: Patch<AccountId>,
        /// The department, by its name.
        department: Patch<Text>,
        /// The position, by its name.
        position: Patch<Text>,
        /// The office location, by its name.
        office_location: Patch<Text>,
        /// The first day of employment.
        start_date: Patch<Date>,
        /// The last day of employment.
        leaving_date: Patch<Date>,
        /// Whether it is never linked by e-mail alone.
        protected: Maybe<bool>,
        /// What the application keeps with it for itself, as a whole; up to 64 KiB as JSON.
        attributes: Patch<OwnAttributes>,
    }
}

impl NewAccount {
    /// Whose account it is, and what is said of it besides.
    fn parts(self) -> (Email, AccountChange) {
        let change = AccountChange {
            email: None,
            first_name: self.first_name,
            last_name: self.last_name,
            external_id: self.external_id,
            status: self.status.0,
            manager_account_id: self.manager_account_id,
            department: self.department,
            position: self.position,
            office_location: self.office_location,
            start_date: self.start_date,
            leaving_date: self.leaving_date,
            protected: self.protected.0,
            attributes: self.attributes,
        };
        (self.email, change)
    }
}

impl From<AccountPatch> for AccountChange {
    fn from(wanted: AccountPatch) -> Self {
        Self {
            email: wanted.email.0,
            first_name: wanted.first_name,
            last_name: wanted.last_name,
            external_id: wanted.external_id,
            status: wanted.status.0,
            manager_account_id: wanted.manager_account_id,
            department: wanted.department,
            position: wanted.position,
            office_location: wanted.office_location,
            start_date: wanted.start_date,
            leaving_date: wanted.leaving_date,
            protected: wanted.protected.0,
            attributes: wanted.attributes,
        }
    }
}

query! {
    /// Which accounts are listed.
    pub struct AccountsQuery {
        /// The part of the list.
        page: PageRequest,
        /// Only the one with this e-mail; case makes no difference.
        email: Option<String>,
        /// Only the one with this key of the application's.
        external_id: Option<String>,
    }
}

/// Lists the accounts of an organization.
#[utoipa::path(
    get, path = "/api/v1/organizations/{organization_id}/accounts", tag = "Accounts",
    operation_id = "list_accounts", params(AccountsQuery),
    responses(
        (status = 200, description = "A page of accounts.", body = List<AccountResponse>),
        (status = 404, description = "There is no such organization."),
    ),
)]
pub async fn list(
    state: State,
    path: Path<OrganizationId>,
    query: Params<AccountsQuery>,
) -> Response {
    let organization = path.into_inner();
    let AccountsQuery { page, email, external_id } = query.0;
    let filter = AccountFilter {
        email: email.map(|email| EmailNorm::of(&email)),
        external_id: external_id.map(|id| clean_text(&id).unwrap_or(id)),
    };
    let read =
        state.context.db.read(move |conn| operations::page(conn, &organization, &filter, &page));
    response::list(read.await?, AccountResponse::from)
}

/// Makes an account.
#[utoipa::path(
    post, path = "/api/v1/organizations/{organization_id}/accounts", tag = "Accounts",
    operation_id = "create_account",
    request_body(content = NewAccount, example = json!({
        "email": "ann@acme.example", "first_name": "Ann", "last_name": "Lee",
        "department": "Sales", "attributes": { "cost_centre": 7 },
    })),
    responses(
        (status = 201, description = "The account.", body = AccountResponse),
        (status = 404, description = "There is no such organization."),
        (status = 409, description = "`email_taken` or `external_id_taken`: another account of \
            the organization has it."),
    ),
)]
pub async fn create(
    state: State,
    caller: Caller,
    path: Path<OrganizationId>,
    body: Body<NewAccount>,
) -> Response {
    let (email, change) = body.0.parts();
    let (organization, by) = (path.into_inner(), caller.cause());
    let made = operations::create(&state.context, &by, organization, email, change).await?;
    response::created(AccountResponse::from(made))
}

/// Reads an account.
#[utoipa::path(
    get, path = "/api/v1/accounts/{account_id}", tag = "Accounts", operation_id = "get_account",
    responses(
        (status = 200, description = "The account.", body = AccountResponse),
        (status = 404, description = "There is no such account."),
    ),
)]
pub async fn get(state: State, path: Path<AccountId>) -> Response {
    let id = path.into_inner();
    let found = state.context.db.read(move |conn| operations::get(conn, &id)).await?;
    response::ok(AccountResponse::from(found))
}

/// Changes an account.
///
/// Only the members that are there change. What a directory manages is changed in the HR system.
#[utoipa::path(
    patch, path = "/api/v1/accounts/{account_id}", tag = "Accounts",
    operation_id = "update_account",
    request_body(content = AccountPatch, example = json!({
        "external_id": "user_17", "attributes": { "cost_centre": 8 },
    })),
    responses(
        (status = 200, description = "The account as it is now.", body = AccountResponse),
        (status = 404, description = "There is no such account."),
        (status = 409, description = "`email_taken` or `external_id_taken`: another account of \
            the organization has it. `account-managed`: a directory manages what would change; \
            `fields` names it."),
    ),
)]
pub async fn patch(
    state: State,
    caller: Caller,
    path: Path<AccountId>,
    body: Body<AccountPatch>,
) -> Response {
    let (id, by) = (path.into_inner(), caller.cause());
    let changed = operations::change(&state.context, &by, id, body.0.into()).await?;
    response::ok(AccountResponse::from(changed))
}

/// Deletes an account.
///
/// What was written down of its changes loses its values.
#[utoipa::path(
    delete, path = "/api/v1/accounts/{account_id}", tag = "Accounts",
    operation_id = "delete_account",
    responses(
        (status = 204, description = "It is deleted."),
        (status = 404, description = "There is no such account."),
        (status = 409, description = "`account-managed`: a directory manages it."),
    ),
)]
pub async fn delete(state: State, caller: Caller, path: Path<AccountId>) -> Response {
    operations::delete(&state.context, &caller.cause(), path.into_inner()).await?;
    response::deleted()
}
