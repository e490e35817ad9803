//! `/api/v1/organizations`: the customers of the application.

#![expect(
    clippy::option_option,
    reason = "a member of a change is missing, null or a value, which is what this type says"
)]

use actix_web::HttpRequest;
use actix_web::web::Path;
use serde::Serialize;

use crate::db::actions::{self, NewAction};
use crate::db::organizations::{self, Metadata, Organization};
use crate::db::types::Json;
use crate::db::{Conn, Lane};
use crate::domain::action::{Action, Actor};
use crate::domain::ids::OrganizationId;
use crate::domain::provider::ProviderKind;
use crate::web::auth::Caller;
use crate::web::body::{Members, Text, ZoneName};
use crate::web::error::Problem;
use crate::web::metadata::{self, MetadataChange};
use crate::web::query::Query;
use crate::web::response::{self, Iso8601, Response};
use crate::web::state::State;

/// An organization as it is sent.
#[derive(Debug, Serialize)]
struct OrganizationResponse {
    object: &'static str,
    id: OrganizationId,
    name: String,
    external_id: Option<String>,
    time_zone: String,
    allowed_providers: Vec<ProviderKind>,
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

/// Fails with 404 when there is no such organization.
pub(in crate::web) fn find(conn: &mut Conn, id: &OrganizationId) -> Result<Organization, Problem> {
    organizations::find(conn, id).map_err(|error| Problem::of_lookup(error, "Organization", id))
}

/// The id in the path.
pub(in crate::web) fn id_of(path: &Path<String>) -> OrganizationId {
    OrganizationId::from_text(path.as_str())
}

/// `GET /api/v1/organizations`.
pub async fn list(state: State, req: HttpRequest) -> Response {
    let mut query = Query::of(&req);
    let page = query.page();
    let external_id = query.text("external_id");
    query.finish()?;
    let found = state
        .context
        .db
        .read(move |conn| organizations::page(conn, external_id.as_deref(), None, &page));
    response::list(found.await?, OrganizationResponse::from)
}

/// The members of an organization that a request names. `None` is "not named", `Some(None)` is
/// "empty".
#[derive(Debug, Default)]
pub(in crate::web) struct OrganizationChange {
    name: Option<String>,
    external_id: Option<Option<String>>,
    time_zone: Option<Option<String>>,
    allowed_providers: Option<Vec<ProviderKind>>,
    metadata: Option<MetadataChange>,
}

impl OrganizationChange {
    /// Takes the members that both surfaces have. A new organization needs a name.
    pub(in crate::web) fn read(body: &mut Members, is_new: bool) -> Self {
        let name: Option<Text> = if is_new { body.required("name") } else { body.not_null("name") };
        Self {
            name: name.map(|text| text.0),
            external_id: body.patch::<Text>("external_id").map(|id| id.map(|text| text.0)),
            metadata: MetadataChange::read(body),
            ..Self::default()
        }
    }

    /// Takes the members that only the own API has.
    fn read_own(mut self, body: &mut Members, is_new: bool) -> Self {
        let zone = body.patch::<ZoneName>("time_zone");
        self.time_zone = zone.map(|zone| zone.map(|zone| zone.0));
        let allowed: Option<Vec<ProviderKind>> = if is_new {
            body.optional("allowed_providers")
        } else {
            body.not_null("allowed_providers")
        };
        self.allowed_providers = allowed.map(|allowed| each_once(&allowed));
        self
    }

    /// What it is when it is written down; nothing when nothing differs.
    fn action(before: &Organization, after: &Organization) -> Option<Action> {
        let allowed_differs = before.allowed_providers != after.allowed_providers;
        let members = [
            ("name", before.name != after.name),
            ("external_id", before.external_id != after.external_id),
            ("time_zone", before.time_zone != after.time_zone),
            ("allowed_providers", allowed_differs),
            ("metadata", before.metadata != after.metadata),
        ];
        let differ = members.into_iter().filter(|(_, differs)| *differs);
        let fields: Vec<String> = differ.map(|(name, _)| name.to_owned()).collect();
        let allowed_providers = allowed_differs.then(|| after.allowed_providers.0.clone());
        (!fields.is_empty()).then_some(Action::OrganizationChanged { fields, allowed_providers })
    }

    fn apply(self, row: &mut Organization) {
        if let Some(name) = self.name {
            row.name = name;
        }
        if let Some(external_id) = self.external_id {
            row.external_id = external_id;
        }
        if let Some(time_zone) = self.time_zone {
            row.time_zone = time_zone;
        }
        if let Some(allowed) = self.allowed_providers {
            row.allowed_providers = Json(allowed);
        }
        if let Some(metadata) = self.metadata {
            metadata.apply(&mut row.metadata.0);
        }
    }
}

/// Makes an organization; the change has its name.
pub(in crate::web) async fn make(
    state: &State,
    change: OrganizationChange,
) -> Result<Organization, Problem> {
    let now = state.now();
    let mut organization = Organization {
        id: OrganizationId::new(now, state.context.random.as_ref()),
        name: String::new(),
        external_id: None,
        time_zone: None,
        allowed_providers: Json(ProviderKind::ALL.to_vec()),
        metadata: Json(Metadata::new()),
        created_at_ms: now,
        updated_at_ms: now,
    };
    change.apply(&mut organization);
    metadata::check_size(&organization.metadata.0)?;
    let stored = organization.clone();
    let write = state.context.db.write(Lane::Urgent, move |tx| {
        organizations::insert(tx, &stored).map_err(Problem::of_write)
    });
    write.await?;
    Ok(organization)
}

/// Changes an organization.
pub(in crate::web) async fn change(
    state: &State,
    id: OrganizationId,
    change: OrganizationChange,
    by: Actor,
) -> Result<Organization, Problem> {
    let now = state.now();
    let write = state.context.db.write(Lane::Urgent, move |tx| {
        tx.lock_organization(&id)?;
        let before = find(tx, &id)?;
        let mut after = before.clone();
        change.apply(&mut after);
        metadata::check_size(&after.metadata.0)?;
        if after != before {
            after.updated_at_ms = now;
            organizations::update_row(tx, &after).map_err(Problem::of_write)?;
        }
        if let Some(action) = OrganizationChange::action(&before, &after) {
            actions::record(tx, &NewAction::of(&id, &by, action, now))?;
        }
        if after.effective_time_zone() != before.effective_time_zone() {
            // A day begins and ends at another moment now (S-12).
            organizations::begin_time_zone(tx, &id)?;
        }
        Ok::<_, Problem>(after)
    });
    write.await
}

/// Deletes an organization with everything in it, unless a directory is connected.
pub(in crate::web) async fn remove(state: &State, id: OrganizationId) -> Result<(), Problem> {
    let now = state.context.clock.now();
    let write = state.context.db.write(Lane::Urgent, move |tx| {
        tx.lock_organization(&id)?;
        find(tx, &id)?;
        if organizations::open_directories(tx, &id)? > 0 {
            return Err(Problem::OrganizationInUse);
        }
        Ok::<_, Problem>(organizations::delete(tx, &id, now)?)
    });
    write.await?;
    state.activators.clearing.wake();
    Ok(())
}

/// `POST /api/v1/organizations`.
pub async fn create(state: State, mut body: Members) -> Response {
    let change = OrganizationChange::read(&mut body, true).read_own(&mut body, true);
    body.finish()?;
    response::created(OrganizationResponse::from(make(&state, change).await?))
}

/// `GET /api/v1/organizations/{id}`.
pub async fn get(state: State, path: Path<String>) -> Response {
    let id = id_of(&path);
    let found = state.context.db.read(move |conn| find(conn, &id)).await?;
    response::ok(OrganizationResponse::from(found))
}

/// `PATCH /api/v1/organizations/{id}`: only the members that are there change.
pub async fn patch(
    state: State,
    caller: Caller,
    path: Path<String>,
    mut body: Members,
) -> Response {
    let wanted = OrganizationChange::read(&mut body, false).read_own(&mut body, false);
    body.finish()?;
    response::ok(OrganizationResponse::from(
        change(&state, id_of(&path), wanted, caller.actor()).await?,
    ))
}

/// `DELETE /api/v1/organizations/{id}`: with everything in it, unless a directory is connected.
pub async fn delete(state: State, path: Path<String>) -> Response {
    remove(&state, id_of(&path)).await?;
    response::deleted()
}

fn each_once(providers: &[ProviderKind]) -> Vec<ProviderKind> {
    ProviderKind::ALL.iter().copied().filter(|kind| providers.contains(kind)).collect()
}
