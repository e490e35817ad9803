//! The key of a directory: checked before it is stored, and whenever somebody asks (L-04).
//!
//! Invariant: a bad credential never replaces a good one.

use std::sync::Arc;

use crate::db::actions::{self, NewAction};
use crate::db::directories::{self, Directory};
use crate::db::{DbError, Lane};
use crate::domain::action::{Action, Actor, KeyRefusal, Refusal};
use crate::domain::directory::DirectoryState;
use crate::domain::ids::DirectoryId;
use crate::providers::{self, Check, Credential, CredentialInput, ProviderError};
use crate::sync::budget::Gate;
use crate::sync::setup::pending_credentials;
use crate::sync::setup::refusal::{SetupError, refusal};
use crate::sync::setup::stored_credentials::{Checked, KeyState, Replaces, ask, scrub, store};
use crate::sync::{Context, connect, permissions};

/// A directory that is not disabled.
pub(crate) async fn find(cx: &Context, id: &DirectoryId) -> Result<Directory, SetupError> {
    let id = id.clone();
    let found = cx.db.read(move |conn| directories::find(conn, &id)).await?;
    let directory = found.ok_or(SetupError::NotFound)?;
    match directory.state {
        DirectoryState::Disabled => Err(SetupError::Disabled),
        _ => Ok(directory),
    }
}

/// Looks whether the credential works and has the needed permissions (L-04): the one that waits
/// for some, if there is one, which is then stored when they are there (L-14); else the stored one.
pub async fn check(cx: &Context, id: &DirectoryId, by: &Actor) -> Result<Checked, SetupError> {
    let directory = find(cx, id).await?;
    if let Some(waiting) = pending_credentials::find(cx, &directory).await? {
        return pending_credentials::check_again(cx, &directory, waiting, by).await;
    }
    let check = check_stored(cx, &directory).await?;
    Ok(Checked { check, key: KeyState::Stored, run_id: None })
}

pub(crate) async fn check_stored(cx: &Context, directory: &Directory) -> Result<Check, SetupError> {
    let gate = Arc::new(Gate::new(cx, directory, 0));
    let provider = connect::connect(cx, directory, gate).map_err(|error| refusal(cx, error))?;
    let check = ask(cx, &*provider).await?;
    let (id, now) = (directory.id.clone(), cx.clock.now());
    let (found, asked_with) = (check.clone(), directory.credential_generation);
    cx.db
        .write(Lane::Urgent, move |tx| {
            if let Some(mut directory) = directories::lock(tx, &id)? {
                directory.credential_checked_at_ms = Some(now);
                if directory.credential_generation == asked_with {
                    permissions::note_check(&mut directory, &found);
                    // It may not have been told when the key was entered; L-09 needs it.
                    let tenant = found.tenant.map(|tenant| tenant.key);
                    if tenant.is_some() {
                        directory.credential_tenant_key.clone_from(&tenant);
                    }
                    directory.tenant_key = directory.tenant_key.or(tenant);
                }
                directories::update(tx, &directory)?;
            }
            Ok::<_, DbError>(())
        })
        .await?;
    Ok(check)
}

/// Why a key was refused, as it is written down; nothing for failures that are not the key's.
pub(crate) fn refused(error: &SetupError) -> Option<Refusal> {
    let (reason, permissions) = match error {
        SetupError::CredentialRefused(check) => refused_by(check),
        SetupError::OtherCompany => (KeyRefusal::OtherCompany, Vec::new()),
        _ => return None,
    };
    Some(Refusal { reason, permissions })
}

fn refused_by(check: &Check) -> (KeyRefusal, Vec<String>) {
    match &check.error {
        Some(ProviderError::Credential) => return (KeyRefusal::NotAccepted, Vec::new()),
        Some(ProviderError::Suspended) => return (KeyRefusal::Suspended, Vec::new()),
        _ => {}
    }
    let needed = check.missing().filter(|permission| permission.is_required());
    let names = needed.map(|permission| permission.name.to_owned()).collect();
    (KeyRefusal::Permissions, names)
}

/// Writes down that a key was refused. Nothing else changes then, so this has a transaction of its
/// own.
pub(crate) async fn record_refusal(
    cx: &Context,
    directory: &Directory,
    by: &Actor,
    action: Action,
) -> Result<(), DbError> {
    let row = NewAction::on_directory(directory, by, action, cx.clock.now());
    cx.db.write(Lane::Urgent, move |tx| actions::record(tx, &row)).await
}

/// Checks a new credential and stores it if it is good (L-04). In a directory that is set up, a
/// full sync follows that brings everything up to date (L-07).
pub async fn set_credential(
    cx: &Context,
    id: &DirectoryId,
    input: CredentialInput,
    by: &Actor,
) -> Result<Checked, SetupError> {
    let directory = find(cx, id).await?;
    let credential = providers::credential(directory.provider, input)
        .map_err(|message| SetupError::InvalidCredential { message })?;
    let done = check_and_store(cx, &directory, &credential, by).await;
    if let Some(refusal) = done.as_ref().err().and_then(refused) {
        record_refusal(cx, &directory, by, Action::KeyRefused(refusal)).await?;
    }
    let done = done?;
    scrub(cx).await;
    Ok(done)
}

async fn check_and_store(
    cx: &Context,
    directory: &Directory,
    credential: &Credential,
    by: &Actor,
) -> Result<Checked, SetupError> {
    let gate = Arc::new(Gate::new(cx, directory, 0));
    let provider = cx
        .connect
        .connect(directory.provider, credential, gate)
        .ok_or(SetupError::ProviderUnknown { provider: directory.provider })?;
    let check = ask(cx, &*provider).await?;
    if pending_credentials::may_wait(directory.provider, &check) {
        let until = pending_credentials::keep(cx, directory, credential, &check, by).await?;
        return Ok(Checked { check, key: KeyState::Waits { until }, run_id: None });
    }
    if !check.acceptable() {
        return Err(SetupError::CredentialRefused(Box::new(check)));
    }
    let run_id = store(cx, directory, credential, &check, Replaces::Entered, by).await?;
    Ok(Checked { check, key: KeyState::Stored, run_id })
}
