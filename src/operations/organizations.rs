//! Organizations: made, changed and deleted by the application.

use crate::db::actions::{self, NewAction};
use crate::db::organizations::{self, Metadata, Organization};
use crate::db::types::Json;
use crate::db::{Conn, Lane};
use crate::domain::action::{Action, Actor};
use crate::domain::ids::OrganizationId;
use crate::domain::provider::ProviderKind;
use crate::operations::OperationError;
use crate::operations::input::{MetadataChange, Patch, Text, ZoneName};
use crate::sync::Context;

/// What an organization is to be. Of a new one, what is missing has its default.
#[derive(Debug, Clone, Default)]
pub struct OrganizationChange {
    /// Its name.
    pub name: Option<Text>,
    /// The application's own key of it; at most one organization has it.
    pub external_id: Patch<Text>,
    /// Its time zone; empty leaves the choice to the HR system (S-12).
    pub time_zone: Patch<ZoneName>,
    /// The HR systems it may use (L-01).
    pub allowed_providers: Option<Vec<ProviderKind>>,
    /// What the application notes of it for itself.
    pub metadata: Patch<MetadataChange>,
}

impl OrganizationChange {
    fn apply(self, row: &mut Organization) -> Result<(), OperationError> {
        if let Some(name) = self.name {
            row.name = name.0;
        }
        self.external_id.map(|text| text.0).apply(&mut row.external_id);
        self.time_zone.map(|zone| zone.0).apply(&mut row.time_zone);
        if let Some(allowed) = self.allowed_providers {
            row.allowed_providers = Json(each_once(&allowed));
        }
        MetadataChange::apply(self.metadata, &mut row.metadata.0)
    }
}

fn each_once(providers: &[ProviderKind]) -> Vec<ProviderKind> {
    ProviderKind::ALL.iter().copied().filter(|kind| providers.contains(kind)).collect()
}

/// The organization, or a refusal that names it.
pub fn find(conn: &mut Conn, id: &OrganizationId) -> Result<Organization, OperationError> {
    organizations::find(conn, id)
        .map_err(|error| OperationError::of_lookup(error, "Organization", id))
}

/// Makes an organization.
///
/// # Errors
/// [`OperationError::ExternalIdTaken`] when another organization has its external id.
pub async fn create(
    cx: &Context,
    name: Text,
    change: OrganizationChange,
) -> Result<Organization, OperationError> {
    let now = cx.clock.now();
    let mut organization = Organization {
        id: OrganizationId::new(now, cx.random.as_ref()),
        name: name.0,
        external_id: None,
        time_zone: None,
        allowed_providers: Json(ProviderKind::ALL.to_vec()),
        metadata: Json(Metadata::new()),
        created_at_ms: now,
        updated_at_ms: now,
    };
    change.apply(&mut organization)?;
    let stored = organization.clone();
    let write = cx.db.write(Lane::Urgent, move |tx| {
        organizations::insert(tx, &stored).map_err(OperationError::of_write)
    });
    write.await?;
    Ok(organization)
}

/// Changes an organization.
///
/// # Errors
/// [`OperationError::ExternalIdTaken`] when another organization has its external id.
pub async fn change(
    cx: &Context,
    by: &Actor,
    id: OrganizationId,
    change: OrganizationChange,
) -> Result<Organization, OperationError> {
    let (now, by) = (cx.clock.now(), by.clone());
    let write = cx.db.write(Lane::Urgent, move |tx| {
        tx.lock_organization(&id)?;
        let before = find(tx, &id)?;
        let mut after = before.clone();
        change.apply(&mut after)?;
        if after != before {
            after.updated_at_ms = now;
            organizations::update_row(tx, &after).map_err(OperationError::of_write)?;
        }
        if let Some(action) = changed(&before, &after) {
            actions::record(tx, &NewAction::of(&id, &by, action, now))?;
        }
        if after.effective_time_zone() != before.effective_time_zone() {
            // A day begins and ends at another moment now (S-12).
            organizations::begin_time_zone(tx, &id)?;
        }
        Ok::<_, OperationError>(after)
    });
    write.await
}

/// What a change is when it is written down; nothing when nothing differs.
fn changed(before: &Organization, after: &Organization) -> Option<Action> {
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

/// Deletes an organization with everything in it. The caller wakes what clears it away.
///
/// # Errors
/// [`OperationError::OrganizationInUse`] while a directory is connected.
pub async fn delete(cx: &Context, id: OrganizationId) -> Result<(), OperationError> {
    let now = cx.clock.now();
    let write = cx.db.write(Lane::Urgent, move |tx| {
        tx.lock_organization(&id)?;
        find(tx, &id)?;
        if organizations::open_directories(tx, &id)? > 0 {
            return Err(OperationError::OrganizationInUse);
        }
        Ok(organizations::delete(tx, &id, now)?)
    });
    write.await
}
