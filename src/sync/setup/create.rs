//! A new directory, and its webhook URL (L-01, L-02).

use crate::clock::Timestamp;
use crate::db::actions::{self, NewAction};
use crate::db::directories::{self, Directory, FailingColumns};
use crate::db::types::Json;
use crate::db::{DbError, Lane, organizations};
use crate::domain::action::{Action, Actor};
use crate::domain::directory::{DirectoryState, InactivePolicy, Relink};
use crate::domain::ids::{DirectoryId, OrganizationId};
use crate::domain::profile::Arrival;
use crate::domain::provider::ProviderKind;
use crate::providers;
use crate::secret::{Secret, SecretError, new_token};
use crate::sync::Context;
use crate::sync::setup::refusal::SetupError;

/// What a new directory is to be.
#[derive(Debug, Clone)]
pub struct NewDirectory {
    /// Whose.
    pub organization_id: OrganizationId,
    /// Which HR system.
    pub provider: ProviderKind,
    /// What people call it; the HR system's name when not given.
    pub name: Option<String>,
    /// Whether any row problem fails a run.
    pub strict: bool,
    /// Seconds between full syncs; the operator's default when not given.
    pub poll_seconds: Option<i64>,
    /// What happens to directory users of leavers.
    pub inactive_policy: InactivePolicy,
    /// How people are linked on a reconnect.
    pub relink: Relink,
}

/// Creates a directory; with its webhook URL where the HR system calls one (L-02).
pub async fn create_directory(
    cx: &Context,
    new: NewDirectory,
    by: &Actor,
) -> Result<DirectoryId, SetupError> {
    let now = cx.clock.now();
    let profile = providers::profile(new.provider);
    let mut row = blank(cx, &new, now);
    if profile.arrival == Arrival::Webhook {
        let token = new_token(&*cx.random);
        row.webhook_token_hash = Some(cx.keys.lookup.lookup_hash(token.reveal()));
        let context = token_context(&row.id);
        let sealed = cx.keys.sealing.seal(token.reveal().as_bytes(), &context, &*cx.random);
        row.webhook_token_sealed = Some(sealed);
    }
    let id = row.id.clone();
    let created = NewAction::on_directory(&row, by, Action::DirectoryCreated, now);
    cx.db
        .write(Lane::Urgent, move |tx| {
            tx.lock_organization(&new.organization_id)?;
            let organization = organizations::find(tx, &new.organization_id).map_err(missing)?;
            if !organization.allowed_providers.0.contains(&new.provider) {
                return Err(SetupError::ProviderNotAllowed { provider: new.provider });
            }
            let siblings = directories::list(tx, Some(&new.organization_id))?;
            if let Some(open) = siblings.iter().find(|other| other.open_key == row.open_key) {
                return Err(SetupError::AlreadyConnected { directory: open.id.clone() });
            }
            if let Some(zone) = profile.default_time_zone.filter(|_| siblings.is_empty()) {
                organizations::set_default_time_zone(tx, &new.organization_id, zone)?;
            }
            directories::insert(tx, &row)?;
            Ok(actions::record(tx, &created)?)
        })
        .await?;
    Ok(id)
}

fn blank(cx: &Context, new: &NewDirectory, now: Timestamp) -> Directory {
    let external_key = new_token(&*cx.random).reveal().chars().take(16).collect();
    Directory {
        id: DirectoryId::new(now, &*cx.random),
        organization_id: new.organization_id.clone(),
        provider: new.provider,
        open_key: Some(Directory::open_key_of(&new.organization_id, new.provider)),
        name: new.name.clone().unwrap_or_else(|| new.provider.title().to_owned()),
        state: DirectoryState::Setup,
        strict: new.strict,
        poll_seconds: new.poll_seconds.unwrap_or(cx.pace.poll_seconds_default),
        inactive_policy: new.inactive_policy,
        relink: new.relink,
        external_key,
        webhook_token_hash: None,
        webhook_token_sealed: None,
        credential_sealed: None,
        credential_last4: None,
        credential_checked_at_ms: None,
        missing_permissions: Json(Vec::new()),
        credential_generation: 0,
        tenant_key: None,
        company_generation: 0,
        credential_tenant_key: None,
        observation_seq: 0,
        next_sync_at_ms: None,
        last_success_at_ms: None,
        failing: FailingColumns::default(),
        silent_since_ms: None,
        activated_at_ms: None,
        disabled_at_ms: None,
        clearing_since_ms: None,
        created_at_ms: now,
        updated_at_ms: now,
    }
}

/// The webhook URL of a directory, for the page on which it is copied (L-02).
pub fn webhook_url(cx: &Context, directory: &Directory) -> Result<Option<Secret>, SecretError> {
    let Some(sealed) = &directory.webhook_token_sealed else { return Ok(None) };
    let token = cx.keys.sealing.open_text(sealed, &token_context(&directory.id))?;
    let url = format!("{}/hooks/people-hr/{}", cx.public_url, token.reveal());
    Ok(Some(Secret::new(url)))
}

fn token_context(directory: &DirectoryId) -> String {
    format!("webhook_token:{directory}")
}

fn missing(error: DbError) -> SetupError {
    match error {
        DbError::NotFound => SetupError::NotFound,
        other => SetupError::Db(other),
    }
}
