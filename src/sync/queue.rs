//! The queue of full syncs: whoever finds that everybody has to be read, says so here.
//!
//! What this module must not do: begin a full sync ([`crate::sync::full`] claims what is queued).

use crate::clock::Timestamp;
use crate::db::directories::Directory;
use crate::db::runs::{self, Run};
use crate::db::types::Json;
use crate::db::{DbError, Tx};
use crate::domain::directory::{RunCounts, RunState, RunTrigger};
use crate::domain::ids::RunId;
use crate::sync::Context;

/// Queues a full sync; when one waits already, that one serves.
pub fn full_sync(
    tx: &mut Tx<'_>,
    cx: &Context,
    directory: &Directory,
    trigger: RunTrigger,
    now: Timestamp,
) -> Result<RunId, DbError> {
    // Trouble that is being waited out is waited out here too.
    let retry_at = directory.failing().and_then(|failing| failing.retry_at);
    let at = retry_at.map_or(now, |retry_at| retry_at.max(now));
    runs::queue(
        tx,
        Run {
            id: RunId::new(now, &*cx.random),
            organization_id: directory.organization_id.clone(),
            directory_id: directory.id.clone(),
            run_trigger: trigger,
            state: RunState::Queued,
            open_key: None,
            requested_at_ms: now,
            started_at_ms: None,
            finished_at_ms: None,
            next_at_ms: at,
            tries: 0,
            lease_until_ms: None,
            lease_epoch: 0,
            error_class: None,
            error_message: None,
            counts: Json(RunCounts::default()),
        },
    )
}
