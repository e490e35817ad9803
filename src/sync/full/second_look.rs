//! People HR's list of current staff, asked for once more when it is short (S-11).
//!
//! What this module must not do: take a list that could not be read for an answer.

use crate::db::directories::Directory;
use crate::providers::{Provider, ProviderError};
use crate::sync::SyncError;
use crate::sync::full::staging::Staging;

/// Asks once more for the list of current staff when it is short of somebody and nothing says why
/// (S-11). When that cannot be answered now, those people stay as they are; only what will not be
/// answered later either is a failure.
pub(crate) async fn ask(
    provider: &dyn Provider,
    directory: &Directory,
    staging: &mut Staging<'_>,
) -> Result<(), SyncError> {
    if !staging.needs_second_look() {
        return Ok(());
    }
    staging.begin_second_look();
    match provider.list_current(staging).await {
        Ok(()) => {
            staging.end_second_look();
            Ok(())
        }
        Err(
            error @ (ProviderError::Credential
            | ProviderError::Permission { .. }
            | ProviderError::Suspended),
        ) => Err(error.into()),
        Err(error) => {
            tracing::info!(
                directory.id = %directory.id,
                error = %error,
                "the list of current staff could not be read once more; nobody leaves by it"
            );
            Ok(())
        }
    }
}
