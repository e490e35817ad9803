//! `/organizations`: the customers of the application, as WorkOS shows them.
//!
//! Domains, Stripe customers and profiles outside of the organization are matters of WorkOS's
//! sign-on, which Rollcall has none of. What a request says of them is let pass and not kept, and
//! the answer shows that.

use actix_web::web::Path;
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::organizations::{self as rows, Metadata, Organization};
use crate::db::page::Page;
use crate::domain::ids::OrganizationId;
use crate::operations::OperationError;
use crate::operations::input::{MetadataChange, Patch, Text};
use crate::operations::organizations::{self as operations, OrganizationChange};
use crate::web::api::organizations;
use crate::web::http::auth::Caller;
use crate::web::http::body::{Body, LetPass, Maybe, body};
use crate::web::http::query::{CursorPage, Parameter, Params, Query, query};
use crate::web::http::response::{self, Iso8601, List, Response};
use crate::web::http::state::State;

/// An organization, as WorkOS shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = workos::Organization)]
pub struct OrganizationResponse {
    /// `organization`.
    object: &'static str,
    id: OrganizationId,
    name: String,
    allow_profiles_outside_organization: bool,
    /// Always empty.
    #[schema(value_type = Vec<String>)]
    domains: [(); 0],
    external_id: Option<String>,
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Metadata,
    created_at: Iso8601,
    updated_at: Iso8601,
}

impl From<Organization> for OrganizationResponse {
    fn from(row: Organization) -> Self {
        Self {
            object: "organization",
            id: row.id,
            name: row.name,
            allow_profiles_outside_organization: false,
            domains: [],
            external_id: row.external_id,
            metadata: row.metadata.0,
            created_at: row.created_at_ms.into(),
            updated_at: row.updated_at_ms.into(),
        }
    }
}

body! {
    /// A new organization.
    pub struct OrganizationPost {
        /// Its name.
        name: Text,
        /// The application's own key of it.
        external_id: Option<Text>,
        /// Texts by name.
        metadata: Patch<MetadataChange>,
        /// A matter of WorkOS's sign-on; not kept.
        pub domains: LetPass,
        /// A matter of WorkOS's sign-on; not kept.
        pub domain_data: LetPass,
        /// A matter of WorkOS's sign-on; not kept.
        pub allow_profiles_outside_organization: LetPass,
        /// A matter of WorkOS's payments; not kept.
        pub stripe_customer_id: LetPass,
        /// Python SDK 5 repeats the key of its header here.
        pub idempotency_key: LetPass,
    }

    /// What changes of an organization.
    pub struct OrganizationPut {
        /// Its name.
        name: Maybe<Text>,
        /// The application's own key of it; null takes it away.
        external_id: Patch<Text>,
        /// What changes of the texts by name; null takes one away.
        metadata: Patch<MetadataChange>,
        /// A matter of WorkOS's sign-on; not kept.
        pub domains: LetPass,
        /// A matter of WorkOS's sign-on; not kept.
        pub domain_data: LetPass,
        /// A matter of WorkOS's sign-on; not kept.
        pub allow_profiles_outside_organization: LetPass,
        /// A matter of WorkOS's payments; not kept.
        pub stripe_customer_id: LetPass,
        /// Python SDK 5 repeats the key of its header here.
        pub idempotency_key: LetPass,
    }
}

query! {
    /// Which organizations are listed.
    pub struct OrganizationsQuery {
        /// The part of the list.
        page: CursorPage<OrganizationId>,
        /// Only those whose name has this in it.
        search: Option<String>,
        /// Only those with these domains; none has any.
        domains: AnyOf,
    }
}

/// `domains` or `domains[]`, once or more often.
#[derive(Debug, Clone)]
pub struct AnyOf(Vec<String>);

impl Parameter for AnyOf {
    fn take(query: &mut Query, name: &'static str) -> Option<Self> {
        let mut values = query.all(name);
        values.extend(query.all("domains[]"));
        Some(Self(values))
    }

    fn describe(name: &str, about: &str) -> Vec<utoipa::openapi::path::Parameter> {
        <Vec<String> as Parameter>::describe(name, about)
    }
}

/// Lists organizations.
#[utoipa::path(
    get, path = "/organizations", tag = "WorkOS", operation_id = "workos_list_organizations",
    params(OrganizationsQuery),
    responses((status = 200, description = "A page of organizations.",
        body = List<OrganizationResponse>)),
)]
pub async fn list(state: State, query: Params<OrganizationsQuery>) -> Response {
    let OrganizationsQuery { page, search, domains } = query.0;
    if !domains.0.is_empty() {
        // No organization has a domain here.
        let nothing: Page<()> = Page { items: Vec::new(), before: None, after: None };
        return response::list(nothing, std::convert::identity);
    }
    let page = page.request;
    let read = state.context.db.read(move |conn| rows::page(conn, None, search.as_deref(), &page));
    response::list(read.await?, OrganizationResponse::from)
}

/// Makes an organization.
#[utoipa::path(
    post, path = "/organizations", tag = "WorkOS", operation_id = "workos_create_organization",
    request_body(content = OrganizationPost, example = json!({ "name": "Acme GmbH" })),
    responses(
        (status = 201, description = "The organization.", body = OrganizationResponse),
        (status = 409, description = "`external_id_taken`: another organization has this key."),
    ),
)]
pub async fn create(state: State, body: Body<OrganizationPost>) -> Response {
    let new = body.0;
    let change = OrganizationChange {
        external_id: new.external_id.map_or(Patch::Missing, Patch::Value),
        metadata: new.metadata,
        ..OrganizationChange::default()
    };
    let made = operations::create(&state.context, new.name, change).await?;
    response::created(OrganizationResponse::from(made))
}

/// Reads an organization.
#[utoipa::path(
    get, path = "/organizations/{organization_id}", tag = "WorkOS",
    operation_id = "workos_get_organization",
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

/// Reads the organization that has a key of the application's.
#[utoipa::path(
    get, path = "/organizations/external_id/{external_id}", tag = "WorkOS",
    operation_id = "workos_get_organization_by_external_id",
    responses(
        (status = 200, description = "The organization.", body = OrganizationResponse),
        (status = 404, description = "No organization has this key."),
    ),
)]
pub async fn get_by_external_id(state: State, path: Path<String>) -> Response {
    let external_id = path.into_inner();
    let read = state.context.db.read(move |conn| {
        rows::by_external_id(conn, &external_id)
            .map_err(|error| OperationError::of_lookup(error, "Organization", &external_id))
    });
    response::ok(OrganizationResponse::from(read.await?))
}

/// Changes an organization.
///
/// Only the members that are there change, as WorkOS does it.
#[utoipa::path(
    put, path = "/organizations/{organization_id}", tag = "WorkOS",
    operation_id = "workos_update_organization",
    request_body(content = OrganizationPut, example = json!({ "name": "Acme AG" })),
    responses(
        (status = 200, description = "The organization as it is now.", body = OrganizationResponse),
        (status = 404, description = "There is no such organization."),
        (status = 409, description = "`external_id_taken`: another organization has this key."),
    ),
)]
pub async fn put(
    state: State,
    caller: Caller,
    path: Path<OrganizationId>,
    body: Body<OrganizationPut>,
) -> Response {
    let wanted = body.0;
    let change = OrganizationChange {
        name: wanted.name.0,
        external_id: wanted.external_id,
        metadata: wanted.metadata,
        ..OrganizationChange::default()
    };
    let (id, by) = (path.into_inner(), caller.actor());
    let changed = operations::change(&state.context, &by, id, change).await?;
    response::ok(OrganizationResponse::from(changed))
}

/// Deletes an organization with everything in it.
#[utoipa::path(
    delete, path = "/organizations/{organization_id}", tag = "WorkOS",
    operation_id = "workos_delete_organization",
    responses(
        (status = 204, description = "It is deleted."),
        (status = 404, description = "There is no such organization."),
        (status = 409, description = "`organization_in_use`: disable its directories first."),
    ),
)]
pub async fn delete(state: State, path: Path<OrganizationId>) -> Response {
    organizations::delete(state, path).await
}
