//! `/api/v1/organizations`: the customers of the application, and what each of them has.

use actix_web::web::{self, Path, ServiceConfig};
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::organizations::{self, Metadata, Organization};
use crate::db::page::PageRequest;
use crate::domain::ids::OrganizationId;
use crate::domain::provider::ProviderKind;
use crate::operations::input::{MetadataChange, Patch, Text, ZoneName};
use crate::operations::organizations::{self as operations, OrganizationChange};
use crate::web::http::auth::Caller;
use crate::web::http::body::{Body, Maybe, body};
use crate::web::http::query::{Params, query};
use crate::web::http::response::{self, Iso8601, List, Response};
use crate::web::http::state::State;

pub mod actions;
pub mod admins;
pub mod catalogue;
pub mod notices;
pub mod portal_links;
pub mod row_problems;

/// The routes of organizations.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/organizations").route(web::get().to(list)).route(web::post().to(create)),
    )
    .service(
        web::resource("/organizations/{organization_id}")
            .route(web::get().to(get))
            .route(web::patch().to(patch))
            .route(web::delete().to(delete)),
    )
    .service(
        web::resource("/organizations/{organization_id}/admins")
            .route(web::get().to(admins::list))
            .route(web::post().to(admins::create)),
    )
    .service(
        web::resource("/organizations/{organization_id}/admins/{admin_id}")
            .route(web::get().to(admins::get))
            .route(web::delete().to(admins::delete)),
    )
    .service(
        web::resource("/organizations/{organization_id}/departments")
            .route(web::get().to(catalogue::departments)),
    )
    .service(
        web::resource("/organizations/{organization_id}/positions")
            .route(web::get().to(catalogue::positions)),
    )
    .service(
        web::resource("/organizations/{organization_id}/office_locations")
            .route(web::get().to(catalogue::office_locations)),
    )
    .service(
        web::resource("/organizations/{organization_id}/row_problems")
            .route(web::get().to(row_problems::list)),
    )
    .service(
        web::resource("/organizations/{organization_id}/actions")
            .route(web::get().to(actions::list)),
    )
    .service(
        web::resource("/organizations/{organization_id}/notices")
            .route(web::get().to(notices::list)),
    )
    .service(
        web::resource("/organizations/{organization_id}/portal_links")
            .route(web::post().to(portal_links::create)),
    );
}

/// An organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Organization)]
pub struct OrganizationResponse {
    /// `organization`.
    object: &'static str,
    id: OrganizationId,
    name: String,
    /// The application's own key of it.
    external_id: Option<String>,
    /// The time zone that counts, from the tz database.
    time_zone: String,
    /// The HR systems that it may connect.
    allowed_providers: Vec<ProviderKind>,
    /// What the application notes of it for itself.
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Metadata,
    created_at: Iso8601,
    updated_at: Iso8601,
}

impl From<Organization> for OrganizationResponse {
    fn from(row: Organization) -> Self {
        Self {
            object: "organization",
            time_zone: row.effective_time_zone().to_owned(),
            id: row.id,
            name: row.name,
            external_id: row.external_id,
            allowed_providers: row.allowed_providers.0,
            metadata: row.metadata.0,
            created_at: row.created_at_ms.into(),
            updated_at: row.updated_at_ms.into(),
        }
    }
}

body! {
    /// A new organization.
    pub struct NewOrganization {
        /// Its name, as its admins know it.
        name: Text,
        /// The application's own key of it; at most one organization has it.
        external_id: Option<Text>,
        /// Its time zone, as the tz database writes it. Without it the HR system's counts, or
        /// Europe/London.
        time_zone: Option<ZoneName>,
        /// The HR systems that it may connect; all of them when nothing is said.
        allowed_providers: Option<Vec<ProviderKind>>,
        /// What the application notes of it for itself: texts by name.
        metadata: Patch<MetadataChange>,
    }

    /// What changes of an organization. What is not named stays.
    pub struct OrganizationPatch {
        /// Its name, as its admins know it.
        name: Maybe<Text>,
        /// The application's own key of it; null takes it away.
        external_id: Patch<Text>,
        /// Its time zone, as the tz database writes it; null leaves it to the HR system.
        time_zone: Patch<ZoneName>,
        /// The HR systems that it may connect. What is connected stays connected.
        allowed_providers: Maybe<Vec<ProviderKind>>,
        /// What changes of the application's notes: texts by name, null to take one away.
        metadata: Patch<MetadataChange>,
    }
}

query! {
    /// Which organizations are listed.
    pub struct OrganizationsQuery {
        /// The part of the list.
        page: PageRequest,
        /// Only the one with this key of the application's.
        external_id: Option<String>,
    }
}

/// Lists organizations.
///
/// Newest first, unless `order` says otherwise.
#[utoipa::path(
    get, path = "/api/v1/organizations", tag = "Organizations",
    operation_id = "list_organizations", params(OrganizationsQuery),
    responses((status = 200, description = "A page of organizations.",
        body = List<OrganizationResponse>)),
)]
pub async fn list(state: State, query: Params<OrganizationsQuery>) -> Response {
    let OrganizationsQuery { page, external_id } = query.0;
    let found = state
        .context
        .db
        .read(move |conn| organizations::page(conn, external_id.as_deref(), None, &page));
    response::list(found.await?, OrganizationResponse::from)
}

/// Makes an organization.
#[utoipa::path(
    post, path = "/api/v1/organizations", tag = "Organizations",
    operation_id = "create_organization",
    request_body(content = NewOrganization, example = json!({
        "name": "Acme GmbH", "external_id": "cust_17", "time_zone": "Europe/Berlin",
    })),
    responses(
        (status = 201, description = "The organization.", body = OrganizationResponse),
        (status = 409, description = "`external_id_taken`: another organization has this key."),
    ),
)]
pub async fn create(state: State, body: Body<NewOrganization>) -> Response {
    let new = body.0;
    let change = OrganizationChange {
        name: None,
        external_id: new.external_id.map_or(Patch::Missing, Patch::Value),
        time_zone: new.time_zone.map_or(Patch::Missing, Patch::Value),
        allowed_providers: new.allowed_providers,
        metadata: new.metadata,
    };
    let made = operations::create(&state.context, new.name, change).await?;
    response::created(OrganizationResponse::from(made))
}

/// Reads an organization.
#[utoipa::path(
    get, path = "/api/v1/organizations/{organization_id}", tag = "Organizations",
    operation_id = "get_organization",
    responses(
        (status = 200, description = "The organization.", body = OrganizationResponse),
        (status = 404, description = "There is no such organization."),
    ),
)]
pub async fn get(state: State, path: Path<OrganizationId>) -> Response {
    let id = path.into_inner();
    let found = state.context.db.read(move |conn| operations::find(conn, &id)).await?;
    response::ok(OrganizationResponse::from(found))
}

/// Changes an organization.
///
/// Only the members that are there change.
#[utoipa::path(
    patch, path = "/api/v1/organizations/{organization_id}", tag = "Organizations",
    operation_id = "update_organization",
    request_body(content = OrganizationPatch, example = json!({ "name": "Acme AG" })),
    responses(
        (status = 200, description = "The organization as it is now.", body = OrganizationResponse),
        (status = 404, description = "There is no such organization."),
        (status = 409, description = "`external_id_taken`: another organization has this key."),
    ),
)]
pub async fn patch(
    state: State,
    caller: Caller,
    path: Path<OrganizationId>,
    body: Body<OrganizationPatch>,
) -> Response {
    let wanted = body.0;
    let change = OrganizationChange {
        name: wanted.name.0,
        external_id: wanted.external_id,
        time_zone: wanted.time_zone,
        allowed_providers: wanted.allowed_providers.0,
        metadata: wanted.metadata,
    };
    let (id, by) = (path.into_inner(), caller.actor());
    let changed = operations::change(&state.context, &by, id, change).await?;
    response::ok(OrganizationResponse::from(changed))
}

/// Deletes an organization with everything in it.
#[utoipa::path(
    delete, path = "/api/v1/organizations/{organization_id}", tag = "Organizations",
    operation_id = "delete_organization",
    responses(
        (status = 204, description = "It is deleted."),
        (status = 404, description = "There is no such organization."),
        (status = 409, description = "`organization_in_use`: disable its directories first."),
    ),
)]
pub async fn delete(state: State, path: Path<OrganizationId>) -> Response {
    operations::delete(&state.context, path.into_inner()).await?;
    state.activators.clearing.wake();
    response::deleted()
}
