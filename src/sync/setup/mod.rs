//! The life of a directory as an admin drives it: create, check, complete, renew, sync now, disable
//! (product description §2).
//!
//! Invariants:
//! - A bad credential never replaces a good one: it is checked before it is stored (L-04).
//! - A directory that is disabled has no credential, no token and, for everybody who reads, no
//!   people left, and its accounts are as they were (L-08).
//! - What these functions answer has been committed.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::db::actions::{self, NewAction};
use crate::db::directories::{self, Directory, DirectoryCounts, FailingColumns};
use crate::db::types::Json;
use crate::db::{
    DbError, Lane, Tx, admins, holds, missing_people, organizations, runs, waiting_credentials,
};
use crate::domain::action::{Action, Actor, KeyRefusal, Refusal};
use crate::domain::directory::{DirectoryState, InactivePolicy, Relink, RunTrigger};
use crate::domain::event::EventKind;
use crate::domain::event::NewEvent;
use crate::domain::ids::{DirectoryId, OrganizationId, RunId};
use crate::domain::profile::Arrival;
use crate::domain::provider::ProviderKind;
use crate::providers::{self, Check, Credential, CredentialInput, Provider, ProviderError};
use crate::secret::{Secret, SecretError, new_token};
use crate::sync::budget::{self, Gate, Reservation};
use crate::sync::{Context, SyncError, connect, permissions, queue, schedule};
use crate::texts::{Language, Text, text};
use crate::wire;

pub mod pending_credentials;

/// Why something could not be done. The texts are for the caller of the API.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// There is no such organization or directory.
    #[error("there is no such directory")]
    NotFound,
    /// The operator does not allow this HR system for this organization (L-01).
    #[error("{} is not enabled for this organization", .provider.title())]
    ProviderNotAllowed {
        /// The HR system.
        provider: ProviderKind,
    },
    /// This version does not speak to this HR system.
    #[error("this version does not sync with {}", .provider.title())]
    ProviderUnknown {
        /// The HR system.
        provider: ProviderKind,
    },
    /// The organization has an open directory of this HR system already (L-01).
    #[error("the organization already has a directory of this HR system: {directory}")]
    AlreadyConnected {
        /// That directory.
        directory: DirectoryId,
    },
    /// The directory was disabled; set-up again makes a new one (L-09).
    #[error("the directory was disabled; create a new one to connect again")]
    Disabled,
    /// Set-up was completed before.
    #[error("set-up of this directory is complete already")]
    AlreadyComplete,
    /// Set-up has not been completed yet.
    #[error("set-up of this directory is not complete yet")]
    NotComplete,
    /// No credential was entered yet.
    #[error("enter the key of the HR system first")]
    NoCredential,
    /// Nobody would hear of a failure (S-45).
    #[error("add at least one admin first, so that somebody hears of failures")]
    NoAdmin,
    /// The HR system refuses the credential, or a permission is missing (L-04).
    #[error("the HR system does not accept this key for what is needed")]
    CredentialRefused(Box<Check>),
    /// The key works, and belongs to another company: people of two companies must never be mixed
    /// in one directory.
    #[error(
        "this key belongs to another company than the one this directory reads; disable the \
         directory and connect again to change the company"
    )]
    OtherCompany,
    /// The credential cannot be one.
    #[error("{}", .message.in_language(Language::English))]
    InvalidCredential {
        /// What is wrong and how to mend it.
        message: Text,
    },
    /// A full sync is waiting or at work.
    #[error("a sync is running already: {0}")]
    RunInProgress(RunId),
    /// This minute's calls are used up.
    #[error("the calls of this minute are used up; try again in {retry_after_seconds} seconds")]
    BudgetSpent {
        /// When there is room again.
        retry_after_seconds: i64,
    },
    /// The HR system could not be asked.
    #[error(transparent)]
    Provider(ProviderError),
    /// Records have problems, and the directory is strict.
    #[error("{}", SyncError::RowProblems(*.0))]
    RowProblems(u64),
    /// A sealed credential does not open.
    #[error("the stored key cannot be opened: {0}")]
    Secret(#[from] SecretError),
    /// The database did not do what was asked.
    #[error(transparent)]
    Db(#[from] DbError),
}

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

/// What a check found, and what became of the key that was checked.
#[derive(Debug)]
pub struct Checked {
    /// What the check found out; it may hold warnings.
    pub check: Check,
    /// What became of the key.
    pub key: KeyState,
    /// The full sync that brings everything up to date, when the key is new and the directory was
    /// set up before (L-07).
    pub run_id: Option<RunId>,
}

/// What became of a key that was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It is the one in use.
    Stored,
    /// It waits for permissions, beside the one in use (L-14).
    Waits {
        /// When it is deleted.
        until: Timestamp,
    },
}

/// What a key takes the place of when it is stored.
pub(crate) enum Replaces {
    /// It was entered just now.
    Entered,
    /// It waited for permissions, sealed like this.
    Waiting(Vec<u8>),
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

async fn check_stored(cx: &Context, directory: &Directory) -> Result<Check, SetupError> {
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

pub(crate) async fn ask(cx: &Context, provider: &dyn Provider) -> Result<Check, SetupError> {
    provider.check().await.map_err(|error| match error {
        ProviderError::BudgetSpent { until } => spent(cx, until),
        other => SetupError::Provider(other),
    })
}

/// What it means for the caller that sync work was not done.
pub(crate) fn refusal(cx: &Context, error: SyncError) -> SetupError {
    match error {
        SyncError::Provider(ProviderError::BudgetSpent { until }) => spent(cx, until),
        SyncError::Provider(error) => SetupError::Provider(error),
        SyncError::NoProvider(provider) => SetupError::ProviderUnknown { provider },
        SyncError::NoCredential | SyncError::Superseded => SetupError::NoCredential,
        // A preview says it instead of failing.
        SyncError::OtherCompany(_) => SetupError::OtherCompany,
        SyncError::Secret(error) => SetupError::Secret(error),
        SyncError::Db(error) => SetupError::Db(error),
        // A preview says what is wrong instead of failing.
        SyncError::RowProblems(records) => SetupError::RowProblems(records),
        SyncError::Panicked => SetupError::Db(DbError::Panicked),
    }
}

fn spent(cx: &Context, until: Timestamp) -> SetupError {
    let wait_ms = until.since(cx.clock.now()).max(0);
    let retry_after_seconds = wait_ms.saturating_add(999) / Timestamp::SECOND;
    SetupError::BudgetSpent { retry_after_seconds: retry_after_seconds.max(1) }
}

/// Why a key was refused, as it is written down; nothing for failures that are not the key's.
fn refused(error: &SetupError) -> Option<Refusal> {
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
async fn record_refusal(
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

/// Stores a credential that was checked. In a directory that is set up, a full sync follows.
pub(crate) async fn store(
    cx: &Context,
    directory: &Directory,
    credential: &Credential,
    check: &Check,
    replaces: Replaces,
    by: &Actor,
) -> Result<Option<RunId>, SetupError> {
    let sealed = connect::seal(cx, directory, credential);
    let (inner, id, by) = (cx.clone(), directory.id.clone(), by.clone());
    let (last4, found) = (credential.last4(), check.clone());
    cx.db
        .write(Lane::Urgent, move |tx| {
            let mut directory = directories::lock(tx, &id)?.ok_or(SetupError::NotFound)?;
            if directory.state == DirectoryState::Disabled {
                return Err(SetupError::Disabled);
            }
            let tenant = found.tenant.as_ref().map(|tenant| tenant.key.clone());
            let is_other = tenant.is_some()
                && directory.tenant_key.is_some()
                && tenant != directory.tenant_key;
            if is_other && directory.state.is_syncing() {
                return Err(SetupError::OtherCompany);
            }
            let now = inner.clock.now();
            let waiting = waiting_credentials::find(tx, &id, now)?;
            let action = match replaces {
                Replaces::Entered if directory.credential_sealed.is_none() => Action::KeyEntered,
                Replaces::Entered => Action::KeyReplaced,
                Replaces::Waiting(sealed) => {
                    // Another one was entered, or somebody was faster.
                    if waiting.is_none_or(|waiting| waiting.credential_sealed != sealed) {
                        return Ok(None);
                    }
                    Action::WaitingKeyAccepted
                }
            };
            waiting_credentials::delete(tx, &id)?;
            actions::record(tx, &NewAction::on_directory(&directory, &by, action, now))?;
            directory.credential_sealed = Some(sealed);
            directory.credential_last4 = Some(last4);
            directory.credential_checked_at_ms = Some(now);
            directory.credential_generation = directory.credential_generation.saturating_add(1);
            directory.missing_permissions = Json::default();
            permissions::note_check(&mut directory, &found);
            directory.credential_tenant_key.clone_from(&tenant);
            directory.tenant_key = tenant.or(directory.tenant_key);
            directory.end_wait();
            directory.updated_at_ms = now;
            directories::update(tx, &directory)?;
            if !directory.state.is_syncing() {
                return Ok(None);
            }
            // A run at work uses the old credential; it writes nothing more and gives way.
            let why = text("rules-run-new-key").in_language(Language::English);
            runs::cancel_open(tx, &directory.id, &why, now)?;
            Ok(Some(queue::full_sync(tx, &inner, &directory, RunTrigger::Credentials, now)?))
        })
        .await
}

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

/// Removes the deleted bytes from the database's files too. When that cannot be done now (a long
/// read is open), the janitor goes on trying; the rows are gone either way.
pub(crate) async fn scrub(cx: &Context) {
    if let Err(error) = cx.db.scrub().await {
        tracing::warn!(error = %error, "deleted secrets could not be scrubbed from the files yet");
    }
}

fn missing(error: DbError) -> SetupError {
    match error {
        DbError::NotFound => SetupError::NotFound,
        other => SetupError::Db(other),
    }
}
