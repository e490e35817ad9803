//! Keys that come before their permissions (L-14).
//!
//! Some HR systems make the key first; its permissions are ticked afterwards. A key that is right
//! and lacks some is kept sealed for a day, beside the credential in use, and becomes the
//! credential when all of them are there: when somebody checks again, completes the set-up, or a
//! full sync looks.
//!
//! Invariants:
//! - Nothing is read of people with a credential that waits; only checks are made with it.
//! - A bad moment neither ends the wait nor makes the credential one that is used. Only a pair that
//!   the HR system does not know any more is forgotten before its time.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::db::actions::{self, NewAction};
use crate::db::directories::{self, Directory};
use crate::db::types::Json;
use crate::db::waiting_credentials::{self, WaitingCredential};
use crate::db::{DbError, Lane};
use crate::domain::action::{Action, Actor, KeyRefusal, Refusal};
use crate::domain::directory::DirectoryState;
use crate::domain::provider::ProviderKind;
use crate::limits;
use crate::providers::{self, Check, Credential, ProbeResult, ProviderError};
use crate::sync::budget::Gate;
use crate::sync::setup::refusal::SetupError;
use crate::sync::setup::stored_credentials::{self, Checked, KeyState, Replaces};
use crate::sync::{Context, SyncError, connect};

/// Whether a key that was checked like this may wait: it is right, and all that it lacks are
/// permissions that can be ticked for it as it is.
#[must_use]
pub fn may_wait(provider: ProviderKind, check: &Check) -> bool {
    let come_later = providers::profile(provider).permissions_come_later;
    come_later && check.error.is_none() && !check.acceptable()
}

/// The permissions that are needed and missing.
fn needed(check: &Check) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for permission in check.missing().filter(|permission| permission.is_required()) {
        if !names.iter().any(|name| name == permission.name) {
            names.push(permission.name.to_owned());
        }
    }
    names
}

/// Whether all the permissions are there that were waited for. "Could not be found out" is not
/// enough: it was known that they are missing.
fn has_all(check: &Check, names: &[String]) -> bool {
    let has = |name: &String| {
        let mut probes = check.probes.iter().filter(|probe| probe.permission.name == *name);
        probes.any(|probe| probe.result == ProbeResult::Granted)
    };
    check.acceptable() && names.iter().all(has)
}

/// Keeps a new credential until its permissions are there; until when.
pub async fn keep(
    cx: &Context,
    directory: &Directory,
    credential: &Credential,
    check: &Check,
    by: &Actor,
) -> Result<Timestamp, SetupError> {
    let now = cx.clock.now();
    let expires_at_ms = now.plus(limits::KEY_WAITS_MS_MAX);
    let permissions = needed(check);
    let waiting = WaitingCredential {
        directory_id: directory.id.clone(),
        organization_id: directory.organization_id.clone(),
        credential_sealed: connect::seal(cx, directory, credential),
        credential_last4: credential.last4(),
        missing_permissions: Json(permissions.clone()),
        checked_at_ms: now,
        expires_at_ms,
        created_at_ms: now,
    };
    let action = Action::KeyWaits(Refusal { reason: KeyRefusal::Permissions, permissions });
    let action = NewAction::on_directory(directory, by, action, now);
    cx.db
        .write(Lane::Urgent, move |tx| {
            let directory =
                directories::lock(tx, &waiting.directory_id)?.ok_or(SetupError::NotFound)?;
            if directory.state == DirectoryState::Disabled {
                return Err(SetupError::Disabled);
            }
            waiting_credentials::put(tx, &waiting)?;
            Ok(actions::record(tx, &action)?)
        })
        .await?;
    // An earlier one may have waited.
    stored_credentials::scrub(cx).await;
    Ok(expires_at_ms)
}

/// What waits in a directory.
pub async fn find(
    cx: &Context,
    directory: &Directory,
) -> Result<Option<WaitingCredential>, DbError> {
    let (id, now) = (directory.id.clone(), cx.clock.now());
    cx.db.read(move |conn| waiting_credentials::find(conn, &id, now)).await
}

/// Checks the credential that waits, and stores it if its permissions are there.
pub async fn check_again(
    cx: &Context,
    directory: &Directory,
    waiting: WaitingCredential,
    by: &Actor,
) -> Result<Checked, SetupError> {
    let credential = connect::open(cx, directory, &waiting.credential_sealed)?;
    let gate = Arc::new(Gate::new(cx, directory, 0));
    let provider = cx
        .connect
        .connect(directory.provider, &credential, gate)
        .ok_or(SetupError::ProviderUnknown { provider: directory.provider })?;
    let check = stored_credentials::ask(cx, &*provider).await?;
    if has_all(&check, &waiting.missing_permissions.0) {
        let replaces = Replaces::Waiting(waiting.credential_sealed);
        let run_id =
            stored_credentials::store(cx, directory, &credential, &check, replaces, by).await?;
        stored_credentials::scrub(cx).await;
        return Ok(Checked { check, key: KeyState::Stored, run_id });
    }
    if matches!(check.error, Some(ProviderError::Credential | ProviderError::Suspended)) {
        if check.error == Some(ProviderError::Credential) {
            forget(cx, waiting).await?;
        }
        return Err(SetupError::CredentialRefused(Box::new(check)));
    }
    let (until, now) = (waiting.expires_at_ms, cx.clock.now());
    let missing = needed(&check);
    cx.db
        .write(Lane::Urgent, move |tx| {
            let id = &waiting.directory_id;
            directories::lock(tx, id)?;
            // Another one may wait by now.
            if let Some(mut row) = waiting_credentials::find(tx, id, now)?
                && row.credential_sealed == waiting.credential_sealed
            {
                row.checked_at_ms = now;
                if !missing.is_empty() {
                    row.missing_permissions = Json(missing);
                }
                waiting_credentials::put(tx, &row)?;
            }
            Ok::<_, DbError>(())
        })
        .await?;
    Ok(Checked { check, key: KeyState::Waits { until }, run_id: None })
}

/// The pair was removed in the HR system; it will never have its permissions.
async fn forget(cx: &Context, waiting: WaitingCredential) -> Result<(), DbError> {
    let now = cx.clock.now();
    let write = cx.db.write(Lane::Urgent, move |tx| {
        let id = &waiting.directory_id;
        directories::lock(tx, id)?;
        let row = waiting_credentials::find(tx, id, now)?;
        if row.is_some_and(|row| row.credential_sealed == waiting.credential_sealed) {
            waiting_credentials::delete(tx, id)?;
        }
        Ok::<_, DbError>(())
    });
    write.await?;
    stored_credentials::scrub(cx).await;
    Ok(())
}

/// Looks, on the way to a full sync, whether the permissions are there that a credential waits for.
/// Whether it is the one in use from now on; then another full sync follows, with it.
pub async fn look(cx: &Context, directory: &Directory) -> Result<bool, SyncError> {
    let Some(waiting) = find(cx, directory).await? else { return Ok(false) };
    // A moment that is still to come was noted before the clock was set back.
    let since = cx.clock.now().since(waiting.checked_at_ms);
    if (0..limits::KEY_LOOK_MS).contains(&since) {
        return Ok(false);
    }
    match check_again(cx, directory, waiting, &Actor::Rollcall).await {
        Ok(checked) => Ok(checked.key == KeyState::Stored),
        Err(SetupError::Db(error)) => Err(error.into()),
        Err(SetupError::Provider(error)) => Err(error.into()),
        // The sync goes on with the credential in use.
        Err(_) => Ok(false),
    }
}
