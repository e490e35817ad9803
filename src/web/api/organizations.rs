//! `/api/v1/organizations`: the customers of the application.

use actix_web::HttpRequest;
use actix_web::web::Path;
use serde::Serialize;

use crate::db::organizations::{self, Organization};
use crate::db::types::Json;
use crate::db::{Conn, Lane, directory_users};
use crate::domain::ids::OrganizationId;
use crate::domain::provider::ProviderKind;
use crate::web::answer::{self, Answer, Timestamp};
use crate::web::body::{Members, Text, ZoneName};
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::state::State;

/// An organization as it is sent.
#[derive(Debug, Serialize)]
struct Shown {
    object: &'static str,
    id: OrganizationId,
    name: String,
    external_id: Option<String>,
    time_zone: String,
    allowed_providers: Vec<ProviderKind>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<Organization> for Shown {
    fn from(row: Organization) -> Self {
        Self {
            object: "organization",
            time_zone: row.effective_time_zone().to_owned(),
            id: row.id,
            name: row.name,
            external_id: row.external_id,
            allowed_providers: row.allowed_providers.0,
            created_at: row.created_at_ms.into(),
            updated_at: row.updated_at_ms.into(),
        }
    }
}

/// Fails with 404 when there is no such organization.
pub(super) fn find(conn: &mut Conn, id: &OrganizationId) -> Result<Organization, Problem> {
    organizations::find(conn, id).map_err(|error| Problem::of_lookup(error, "Organization", id))
}

/// The id in the path.
pub(super) fn id_of(path: &Path<String>) -> OrganizationId {
    OrganizationId::from_text(path.as_str())
}

/// `GET /api/v1/organizations`.
pub async fn list(state: State, req: HttpRequest) -> Answer {
    let mut query = Query::of(&req);
    let page = query.page();
    let external_id = query.text("external_id");
    query.finish()?;
    let found =
        state.context.db.read(move |conn| organizations::page(conn, external_id.as_deref(), &page));
    answer::list(found.await?, Shown::from)
}

/// `POST /api/v1/organizations`.
pub async fn create(state: State, mut body: Members) -> Answer {
    let now = state.now();
    let name: Option<Text> = body.required("name");
    let external_id = body.optional::<Text>("external_id").map(|text| text.0);
    let time_zone = body.optional::<ZoneName>("time_zone").map(|zone| zone.0);
    let allowed: Option<Vec<ProviderKind>> = body.optional("allowed_providers");
    let name = body.finish_with(name)?.0;
    let organization = Organization {
        id: OrganizationId::new(now, state.context.random.as_ref()),
        name,
        external_id,
        time_zone,
        allowed_providers: Json(each_once(allowed.unwrap_or(ProviderKind::ALL.to_vec()))),
        created_at_ms: now,
        updated_at_ms: now,
    };
    let stored = organization.clone();
    state
        .context
        .db
        .write(Lane::Urgent, move |tx| {
            organizations::insert(tx, &stored).map_err(Problem::of_write)
        })
        .await?;
    answer::created(Shown::from(organization))
}

/// `GET /api/v1/organizations/{id}`.
pub async fn get(state: State, path: Path<String>) -> Answer {
    let id = id_of(&path);
    let found = state.context.db.read(move |conn| find(conn, &id)).await?;
    answer::ok(Shown::from(found))
}

/// `PATCH /api/v1/organizations/{id}`: only the members that are there change.
pub async fn patch(state: State, path: Path<String>, mut body: Members) -> Answer {
    let (id, now) = (id_of(&path), state.now());
    let name = body.not_null::<Text>("name");
    let external_id = body.patch::<Text>("external_id");
    let time_zone = body.patch::<ZoneName>("time_zone");
    let allowed = body.not_null::<Vec<ProviderKind>>("allowed_providers");
    body.finish()?;
    let change = move |row: &mut Organization| {
        if let Some(name) = name {
            row.name = name.0;
        }
        if let Some(external_id) = external_id {
            row.external_id = external_id.map(|text| text.0);
        }
        if let Some(time_zone) = time_zone {
            row.time_zone = time_zone.map(|zone| zone.0);
        }
        if let Some(allowed) = allowed {
            row.allowed_providers = Json(each_once(allowed));
        }
    };
    let write = state.context.db.write(Lane::Urgent, move |tx| {
        tx.lock_organization(&id)?;
        let before = find(tx, &id)?;
        let mut after = before.clone();
        change(&mut after);
        if after != before {
            after.updated_at_ms = now;
            organizations::update_row(tx, &after).map_err(Problem::of_write)?;
        }
        if after.effective_time_zone() != before.effective_time_zone() {
            // A day begins and ends at another moment now (S-12).
            directory_users::all_due(tx, &id, now)?;
        }
        Ok::<_, Problem>(after)
    });
    answer::ok(Shown::from(write.await?))
}

/// `DELETE /api/v1/organizations/{id}`: with everything in it, unless a directory is connected.
pub async fn delete(state: State, path: Path<String>) -> Answer {
    let id = id_of(&path);
    let write = state.context.db.write(Lane::Urgent, move |tx| {
        tx.lock_organization(&id)?;
        find(tx, &id)?;
        if organizations::open_directories(tx, &id)? > 0 {
            return Err(Problem::OrganizationInUse);
        }
        Ok::<_, Problem>(organizations::delete(tx, &id)?)
    });
    write.await?;
    answer::deleted()
}

fn each_once(providers: Vec<ProviderKind>) -> Vec<ProviderKind> {
    ProviderKind::ALL.iter().copied().filter(|kind| providers.contains(kind)).collect()
}
