//! The credential in use: how the HR system is asked about one, and how a good one is stored
//! (L-04).
//!
//! What this module must not do: decide whether a credential is good enough.

use crate::clock::Timestamp;
use crate::db::actions::{self, NewAction};
use crate::db::directories::{self, Directory};
use crate::db::types::Json;
use crate::db::{Lane, runs, waiting_credentials};
use crate::domain::action::{Action, Actor};
use crate::domain::directory::{DirectoryState, RunTrigger};
use crate::domain::ids::RunId;
use crate::providers::{Check, Credential, Provider, ProviderError};
use crate::sync::setup::refusal::{SetupError, spent};
use crate::sync::{Context, connect, permissions, queue};
use crate::texts::{Language, text};

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

/// Asks the HR system what a credential may do.
pub(crate) async fn ask(cx: &Context, provider: &dyn Provider) -> Result<Check, SetupError> {
    provider.check().await.map_err(|error| match error {
        ProviderError::BudgetSpent { until } => spent(cx, until),
        other => SetupError::Provider(other),
    })
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

/// Removes the deleted bytes from the database's files too. When that cannot be done now (a long
/// read is open), the janitor goes on trying; the rows are gone either way.
pub(crate) async fn scrub(cx: &Context) {
    if let Err(error) = cx.db.scrub().await {
        tracing::warn!(error = %error, "deleted secrets could not be scrubbed from the files yet");
    }
}
