//! Keeping a claim alive while its work goes on.
//!
//! Work is claimed for a short time and the claim is renewed, so that a dead worker's work is taken
//! over soon, however long the work of a living one takes.

use std::time::Duration;

use crate::db::error::DbError;
use crate::limits;

/// Runs `work` and renews its claim now and then. A claim that could not be renewed does not stop
/// the work: whoever writes its result finds out, because the write checks the claim's epoch.
pub async fn while_renewing<T, F>(work: impl Future<Output = T>, renew: impl Fn() -> F) -> T
where
    F: Future<Output = Result<bool, DbError>>,
{
    let mut work = std::pin::pin!(work);
    loop {
        let pause = tokio::time::sleep(Duration::from_millis(limits::LEASE_RENEW_MS));
        tokio::select! {
            done = &mut work => return done,
            () = pause => {
                if let Err(error) = renew().await && !error.is_away() {
                    tracing::warn!(error = %error, "a claim could not be renewed");
                }
            }
        }
    }
}
