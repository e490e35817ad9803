//! The credential of a directory, sealed and opened, and the conversation with its HR system.
//!
//! What this module must not do: store a credential, or ask the HR system anything.

use std::sync::Arc;

use crate::db::directories::Directory;
use crate::domain::ids::DirectoryId;
use crate::providers::{self, CallGate, Credential, Provider};
use crate::secret::SecretError;
use crate::sync::{Context, SyncError};

/// Opens a conversation with the directory's HR system, with the stored credential.
pub fn connect(
    cx: &Context,
    directory: &Directory,
    gate: Arc<dyn CallGate>,
) -> Result<Box<dyn Provider>, SyncError> {
    let sealed = directory.credential_sealed.as_deref().ok_or(SyncError::NoCredential)?;
    let credential = open(cx, directory, sealed)?;
    cx.connect
        .connect(directory.provider, &credential, gate)
        .ok_or(SyncError::NoProvider(directory.provider))
}

/// A credential as it is stored.
pub(crate) fn seal(cx: &Context, directory: &Directory, credential: &Credential) -> Vec<u8> {
    let text = credential.to_sealed_text();
    let context = credential_context(&directory.id);
    cx.keys.sealing.seal(text.reveal().as_bytes(), &context, &*cx.random)
}

/// A credential from how it is stored.
pub(crate) fn open(
    cx: &Context,
    directory: &Directory,
    sealed: &[u8],
) -> Result<Credential, SecretError> {
    let text = cx.keys.sealing.open_text(sealed, &credential_context(&directory.id))?;
    Ok(Credential::from_sealed_text(providers::profile(directory.provider).credential, text))
}

fn credential_context(directory: &DirectoryId) -> String {
    format!("credential:{directory}")
}
