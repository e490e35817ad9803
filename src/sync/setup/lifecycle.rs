//! The life of a directory after it has a key: set-up is completed, a sync is asked for, it ends.
//!
//! Invariant: a directory that is disabled has no credential, no token and, for everybody who
//! reads, no people left, and its accounts are as they were (L-08).

use crate::clock::Timestamp;
use crate::db::actions::{self, NewAction};
use crate::db::directories::{self, Directory, DirectoryCounts};
use crate::db::types::Json;
use crate::db::{DbError, Lane, Tx, admins, holds, missing_people, runs, waiting_credentials};
use crate::domain::action::{Action, Actor};
use crate::domain::directory::{DirectoryState, RunTrigger};
use crate::domain::event::{EventKind, NewEvent};
use crate::domain::ids::{DirectoryId, RunId};
use crate::providers::{self, Check};
use crate::sync::budget::{self, Reservation};
use crate::sync::setup::credentials::{check, check_stored, find, record_refusal, refused};
use crate::sync::setup::refusal::{SetupError, spent};
use crate::sync::setup::stored_credentials::{KeyState, scrub};
use crate::sync::{Context, queue, schedule};
use crate::texts::{Language, text};
use crate::wire;

/// "Complete set-up": verifies, then runs the first full sync (L-05).
pub async fn complete_setup(
    cx: &Context,
    id: &DirectoryId,
    by: &Actor,
) -> Result<RunId, SetupError> {
    let directory = find(cx, id).await?;
    if directory.state != DirectoryState::Setup {
        return Err(SetupError::AlreadyComplete);
    }
    let organization = directory.organization_id.clone();
    let admins = cx.db.read(move |conn| admins::count(conn, &organization)).await?;
    if admins == 0 {
        return Err(SetupError::NoAdmin);
    }
    let check = check_for_setup(cx, &directory, by).await?;
    if !check.acceptable() {
        let error = SetupError::CredentialRefused(Box::new(check));
        if let Some(refusal) = refused(&error) {
            record_refusal(cx, &directory, by, Action::SetupRefused(refusal)).await?;
        }
        return Err(error);
    }
    let (inner, id, by) = (cx.clone(), id.clone(), by.clone());
    cx.db
        .write(Lane::Urgent, move |tx| {
            let mut directory = directories::lock(tx, &id)?.ok_or(SetupError::NotFound)?;
            match directory.state {
                DirectoryState::Setup => {}
                DirectoryState::Disabled => return Err(SetupError::Disabled),
                _ => return Err(SetupError::AlreadyComplete),
            }
            let now = inner.clock.now();
            directory.state = DirectoryState::Validating;
            directory.next_sync_at_ms = Some(schedule::next_sync_at(&inner, &directory, now));
            directory.updated_at_ms = now;
            directories::update(tx, &directory)?;
            let action = Action::SetupCompleted;
            actions::record(tx, &NewAction::on_directory(&directory, &by, action, now))?;
            Ok(queue::full_sync(tx, &inner, &directory, RunTrigger::Setup, now)?)
        })
        .await
}

/// The check before set-up is completed. A key that still waits for permissions is of no use, but
/// another one may be stored.
async fn check_for_setup(
    cx: &Context,
    directory: &Directory,
    by: &Actor,
) -> Result<Check, SetupError> {
    let checked = match check(cx, &directory.id, by).await {
        Err(SetupError::CredentialRefused(check)) => return Ok(*check),
        checked => checked?,
    };
    match checked.key {
        KeyState::Waits { .. } if directory.credential_sealed.is_some() => {
            check_stored(cx, directory).await
        }
        _ => Ok(checked.check),
    }
}

/// "Sync now": queues a full sync; refused while one is open or when this minute's calls are used
/// up.
pub async fn request_sync(cx: &Context, id: &DirectoryId, by: &Actor) -> Result<RunId, SetupError> {
    find(cx, id).await?;
    let (inner, id, by) = (cx.clone(), id.clone(), by.clone());
    let queued = cx
        .db
        .write(Lane::Urgent, move |tx| {
            let mut directory = directories::lock(tx, &id)?.ok_or(SetupError::NotFound)?;
            if !directory.state.is_syncing() {
                return Err(SetupError::NotComplete);
            }
            if let Some(open) = runs::open(tx, &id)? {
                return Err(SetupError::RunInProgress(open.id));
            }
            let now = inner.clock.now();
            if let Some(until) = budget::full_sync_waits(tx, &inner.pace, &directory, now)?
                // Questions about missing people have used the calls; they let the run go first.
                && !missing_people::has_questions(tx, &id)?
            {
                return Ok(Reservation::NotBefore(until));
            }
            // Somebody wants to know now whether it works again.
            directory.end_wait();
            directories::update(tx, &directory)?;
            let run_id = queue::full_sync(tx, &inner, &directory, RunTrigger::Manual, now)?;
            let action = Action::SyncRequested { run_id: run_id.clone() };
            actions::record(tx, &NewAction::on_directory(&directory, &by, action, now))?;
            Ok(Reservation::Made(run_id))
        })
        .await?;
    match queued {
        Reservation::Made(run_id) => Ok(run_id),
        Reservation::NotBefore(until) => Err(spent(cx, until)),
    }
}

/// Ends a directory for good (L-08). What it leaves is cleared away afterwards
/// ([`crate::sync::clearing`]), so this is short however many people there are.
pub async fn disable(cx: &Context, id: &DirectoryId, by: &Actor) -> Result<(), SetupError> {
    find(cx, id).await?;
    let (id, now, by) = (id.clone(), cx.clock.now(), by.clone());
    let of = id.clone();
    // Counted before, because that takes as long as there are people.
    let counts = cx.db.read(move |conn| directories::counts(conn, &of)).await?;
    cx.db
        .write(Lane::Urgent, move |tx| {
            let organization =
                directories::find(tx, &id)?.ok_or(SetupError::NotFound)?.organization_id;
            tx.lock_organization(&organization)?;
            let directory = directories::lock_out_webhooks(tx, &id)?.ok_or(SetupError::NotFound)?;
            if directory.state == DirectoryState::Disabled {
                return Err(SetupError::Disabled);
            }
            let action = Action::DirectoryDisabled;
            actions::record(tx, &NewAction::on_directory(&directory, &by, action, now))?;
            Ok(end(tx, directory, counts, now)?)
        })
        .await?;
    scrub(cx).await;
    Ok(())
}

fn end(
    tx: &mut Tx<'_>,
    mut directory: Directory,
    counts: DirectoryCounts,
    now: Timestamp,
) -> Result<(), DbError> {
    let id = directory.id.clone();
    if directory.activated_at_ms.is_some() {
        tx.emit(NewEvent {
            organization_id: directory.organization_id.clone(),
            directory_id: Some(id.clone()),
            kind: EventKind::DsyncDeleted,
            lane: id.to_string(),
            group_lane: None,
            data: wire::deleted(&directory, providers::profile(directory.provider), counts, now),
            created_at: now,
        });
    }
    holds::supersede_all(tx, &id, now)?;
    waiting_credentials::delete(tx, &id)?;
    let why = text("rules-run-disabled").in_language(Language::English);
    runs::cancel_open(tx, &id, &why, now)?;
    directory.state = DirectoryState::Disabled;
    directory.open_key = None;
    directory.webhook_token_hash = None;
    directory.webhook_token_sealed = None;
    directory.credential_sealed = None;
    directory.credential_last4 = None;
    directory.missing_permissions = Json::default();
    directory.credential_generation = directory.credential_generation.saturating_add(1);
    directory.next_sync_at_ms = None;
    directory.silent_since_ms = None;
    directory.set_failing(None);
    directory.disabled_at_ms = Some(now);
    directory.clearing_since_ms = Some(now);
    directory.updated_at_ms = now;
    directories::update(tx, &directory)
}
