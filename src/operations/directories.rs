//! Directories: what can be set of them.
//!
//! What a directory does (its key, its set-up, its syncs and its end) is in [`crate::sync::setup`],
//! whose functions every surface calls as they are.
//!
//! Invariant: nothing of a disabled directory changes (L-09).

use crate::clock::Timestamp;
use crate::db::actions::{self, NewAction};
use crate::db::directories::{self, Directory};
use crate::db::holds::{self, Hold};
use crate::db::runs::{self, Run};
use crate::db::{Conn, DbError, Lane};
use crate::domain::action::{Action, Actor};
use crate::domain::directory::{DirectoryState, InactivePolicy, Relink};
use crate::domain::ids::{DirectoryId, HoldId, RunId};
use crate::operations::OperationError;
use crate::operations::input::{PollSeconds, Text};
use crate::sync::Context;

/// What changes of a directory's settings. What is missing stays.
#[derive(Debug, Clone, Default)]
pub struct DirectoryChange {
    /// What people call it.
    pub name: Option<Text>,
    /// Whether any row problem fails a run.
    pub strict: Option<bool>,
    /// Seconds between full syncs.
    pub poll_seconds: Option<PollSeconds>,
    /// What happens to directory users of leavers.
    pub inactive_policy: Option<InactivePolicy>,
    /// How people are linked on a reconnect.
    pub relink: Option<Relink>,
}

impl DirectoryChange {
    fn apply(self, row: &mut Directory, now: Timestamp) {
        if let Some(name) = self.name {
            row.name = name.0;
        }
        row.strict = self.strict.unwrap_or(row.strict);
        row.inactive_policy = self.inactive_policy.unwrap_or(row.inactive_policy);
        row.relink = self.relink.unwrap_or(row.relink);
        if let Some(PollSeconds(seconds)) = self.poll_seconds {
            row.poll_seconds = seconds;
            let next = now.plus(seconds.saturating_mul(Timestamp::SECOND));
            row.next_sync_at_ms = row.next_sync_at_ms.map(|due| due.min(next));
        }
        row.updated_at_ms = now;
    }
}

/// The directory, or a refusal that names it.
pub fn find(conn: &mut Conn, id: &DirectoryId) -> Result<Directory, OperationError> {
    directories::find(conn, id)?.ok_or_else(|| missing("Directory", id.as_str()))
}

/// The run of this directory, or a refusal that names it.
pub fn find_run(
    conn: &mut Conn,
    directory: &DirectoryId,
    id: &RunId,
) -> Result<Run, OperationError> {
    let found = runs::find(conn, id)?.filter(|row| row.directory_id == *directory);
    found.ok_or_else(|| missing("Run", id.as_str()))
}

/// The hold of this directory, or a refusal that names it.
pub fn find_hold(
    conn: &mut Conn,
    directory: &DirectoryId,
    id: &HoldId,
) -> Result<Hold, OperationError> {
    let found = holds::find(conn, id)?.filter(|row| row.directory_id == *directory);
    found.ok_or_else(|| missing("Hold", id.as_str()))
}

fn missing(what: &'static str, id: &str) -> OperationError {
    OperationError::of_lookup(DbError::NotFound, what, id)
}

/// Changes the settings of a directory. A shorter time between syncs counts at once.
///
/// # Errors
/// [`OperationError::DirectoryDisabled`] when it is disabled.
pub async fn change(
    cx: &Context,
    by: &Actor,
    id: DirectoryId,
    change: DirectoryChange,
) -> Result<Directory, OperationError> {
    let (now, by) = (cx.clock.now(), by.clone());
    let write = cx.db.write(Lane::Urgent, move |tx| {
        let organization = find(tx, &id)?.organization_id;
        tx.lock_organization(&organization)?;
        let locked = directories::lock(tx, &id)?;
        let before = locked.ok_or_else(|| missing("Directory", id.as_str()))?;
        if before.state == DirectoryState::Disabled {
            return Err(OperationError::DirectoryDisabled);
        }
        let mut after = before.clone();
        change.apply(&mut after, now);
        directories::update(tx, &after)?;
        if let Some(action) = changed(&before, &after) {
            actions::record(tx, &NewAction::on_directory(&after, &by, action, now))?;
        }
        Ok(after)
    });
    write.await
}

/// What a change is when it is written down; nothing when nothing differs.
fn changed(before: &Directory, after: &Directory) -> Option<Action> {
    let members = [
        ("name", before.name != after.name),
        ("strict", before.strict != after.strict),
        ("poll_seconds", before.poll_seconds != after.poll_seconds),
        ("inactive_policy", before.inactive_policy != after.inactive_policy),
        ("relink", before.relink != after.relink),
    ];
    let differ = members.into_iter().filter(|(_, differs)| *differs);
    let fields: Vec<String> = differ.map(|(name, _)| name.to_owned()).collect();
    (!fields.is_empty()).then_some(Action::DirectoryChanged { fields })
}
