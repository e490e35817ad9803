//! `/api/v1/organizations/{id}/admins`: who is told of failures.

use actix_web::HttpRequest;
use actix_web::web::Path;
use serde::Serialize;

use crate::db::Lane;
use crate::db::actions::{self, NewAction};
use crate::db::admins::{self, Admin};
use crate::db::directories;
use crate::domain::action::{Action, Actor};
use crate::domain::employee::EmailNorm;
use crate::domain::ids::{AdminId, OrganizationId};
use crate::web::api::organizations;
use crate::web::auth::Caller;
use crate::web::body::{Email, Members, Text};
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::response::{self, Iso8601, Response};
use crate::web::state::State;

/// An admin as they are sent.
#[derive(Debug, Serialize)]
struct AdminResponse {
    object: &'static str,
    id: AdminId,
    organization_id: OrganizationId,
    email: String,
    name: String,
    created_at: Iso8601,
    updated_at: Iso8601,
}

impl From<Admin> for AdminResponse {
    fn from(row: Admin) -> Self {
        Self {
            object: "admin",
            id: row.id,
            organization_id: row.organization_id,
            email: row.email,
            name: row.name,
            created_at: row.created_at_ms.into(),
            updated_at: row.updated_at_ms.into(),
        }
    }
}

/// `GET …/admins`.
pub async fn list(state: State, path: Path<String>, req: HttpRequest) -> Response {
    let organization = organizations::id_of(&path);
    let mut query = Query::of(&req);
    let page = query.page();
    query.finish()?;
    let found = state.context.db.read(move |conn| {
        organizations::find(conn, &organization)?;
        Ok::<_, Problem>(admins::page(conn, &organization, &page)?)
    });
    response::list(found.await?, AdminResponse::from)
}

/// `POST …/admins`.
pub async fn create(
    state: State,
    caller: Caller,
    path: Path<String>,
    mut body: Members,
) -> Response {
    let email: Option<Email> = body.required("email");
    let name: Option<Text> = body.required("name");
    let (email, name) = body.finish_with(email.zip(name))?;
    let admin = add(&state, organizations::id_of(&path), email, name, &caller.actor()).await?;
    response::created(AdminResponse::from(admin))
}

/// Adds an admin.
pub(in crate::web) async fn add(
    state: &State,
    organization: OrganizationId,
    email: Email,
    name: Text,
    by: &Actor,
) -> Result<Admin, Problem> {
    let now = state.now();
    let admin = Admin {
        id: AdminId::new(now, state.context.random.as_ref()),
        organization_id: organization,
        email_norm: EmailNorm::of(&email.0),
        email: email.0,
        name: name.0,
        created_at_ms: now,
        updated_at_ms: now,
    };
    let stored = admin.clone();
    let action = Action::AdminAdded { admin_id: admin.id.clone() };
    let added = NewAction::of(&admin.organization_id, by, action, now);
    let write = state.context.db.write(Lane::Urgent, move |tx| {
        organizations::find(tx, &stored.organization_id)?;
        admins::insert(tx, &stored).map_err(Problem::of_write)?;
        Ok::<_, Problem>(actions::record(tx, &added)?)
    });
    write.await?;
    Ok(admin)
}

/// `GET …/admins/{admin_id}`.
pub async fn get(state: State, path: Path<(String, String)>) -> Response {
    let (organization, admin) = ids_of(path);
    let read = state.context.db.read(move |conn| {
        admins::find(conn, &organization, &admin)
            .map_err(|error| Problem::of_lookup(error, "Admin", &admin))
    });
    response::ok(AdminResponse::from(read.await?))
}

/// `DELETE …/admins/{admin_id}`.
pub async fn delete(state: State, caller: Caller, path: Path<(String, String)>) -> Response {
    let (organization, admin) = ids_of(path);
    let action = Action::AdminRemoved { admin_id: admin.clone() };
    let removed = NewAction::of(&organization, &caller.actor(), action, state.now());
    let write = state.context.db.write(Lane::Urgent, move |tx| {
        // Two who remove the last two at the same moment must not both succeed.
        tx.lock_organization(&organization)?;
        admins::find(tx, &organization, &admin)
            .map_err(|error| Problem::of_lookup(error, "Admin", &admin))?;
        let connected = directories::any_connected(tx, &organization)?;
        if connected && admins::count(tx, &organization)? <= 1 {
            return Err(Problem::LastAdmin);
        }
        admins::delete(tx, &organization, &admin)
            .map_err(|error| Problem::of_lookup(error, "Admin", &admin))?;
        Ok::<_, Problem>(actions::record(tx, &removed)?)
    });
    write.await?;
    response::deleted()
}

fn ids_of(path: Path<(String, String)>) -> (OrganizationId, AdminId) {
    let (organization, admin) = path.into_inner();
    (OrganizationId::from_text(organization), AdminId::from_text(admin))
}
