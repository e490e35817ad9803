//! Admins of an organization: who is told of failures.
//!
//! Invariant: an organization that is connected has an admin (S-45).

use crate::db::actions::{self, NewAction};
use crate::db::admins::{self, Admin};
use crate::db::{Conn, Lane, directories};
use crate::domain::action::{Action, Actor};
use crate::domain::employee::EmailNorm;
use crate::domain::ids::{AdminId, OrganizationId};
use crate::operations::input::{Email, Text};
use crate::operations::{OperationError, organizations};
use crate::sync::Context;

/// The admin, or a refusal that names them.
pub fn find(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: &AdminId,
) -> Result<Admin, OperationError> {
    admins::find(conn, organization, id)
        .map_err(|error| OperationError::of_lookup(error, "Admin", id))
}

/// Adds an admin.
///
/// # Errors
/// [`OperationError::EmailTaken`] when an admin of this organization has the e-mail.
pub async fn add(
    cx: &Context,
    by: &Actor,
    organization: OrganizationId,
    email: Email,
    name: Text,
) -> Result<Admin, OperationError> {
    let now = cx.clock.now();
    let admin = Admin {
        id: AdminId::new(now, cx.random.as_ref()),
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
    let write = cx.db.write(Lane::Urgent, move |tx| {
        organizations::find(tx, &stored.organization_id)?;
        admins::insert(tx, &stored).map_err(OperationError::of_write)?;
        Ok::<_, OperationError>(actions::record(tx, &added)?)
    });
    write.await?;
    Ok(admin)
}

/// Removes an admin.
///
/// # Errors
/// [`OperationError::LastAdmin`] for the last one of an organization that is connected (S-45).
pub async fn remove(
    cx: &Context,
    by: &Actor,
    organization: OrganizationId,
    id: AdminId,
) -> Result<(), OperationError> {
    let action = Action::AdminRemoved { admin_id: id.clone() };
    let removed = NewAction::of(&organization, by, action, cx.clock.now());
    let write = cx.db.write(Lane::Urgent, move |tx| {
        // Two who remove the last two at the same moment must not both succeed.
        tx.lock_organization(&organization)?;
        find(tx, &organization, &id)?;
        let connected = directories::any_connected(tx, &organization)?;
        if connected && admins::count(tx, &organization)? <= 1 {
            return Err(OperationError::LastAdmin);
        }
        admins::delete(tx, &organization, &id)
            .map_err(|error| OperationError::of_lookup(error, "Admin", &id))?;
        Ok(actions::record(tx, &removed)?)
    });
    write.await
}
