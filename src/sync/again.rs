//! Decides again about people as they are stored, without asking the HR system.
//!
//! What is stored of a person can mean something else than when it was stored: a date has come
//! (S-12), the organization has another time zone, a hold was decided, another directory let go of
//! the account (S-26). Each time the stored record goes the one apply path once more. Nothing is
//! learned of the record: the observation number stays, and so does what is noted about a record
//! that HR has to mend.
//!
//! Invariants:
//! - Deciding again about somebody for whom nothing is different writes no event and no version.
//! - Whoever was due is not due any more for a past moment, whatever was decided.
//!
//! What this module must not do: decide ([`crate::sync::plan`] does), or talk to the network.

use crate::clock::Millis;
use crate::db::directories::{self, Directory};
use crate::db::directory_users::{self, DirectoryUser};
use crate::db::{DbError, Lane, Tx};
use crate::domain::audit::Cause;
use crate::domain::ids::{DirectoryId, DirectoryUserId, OrganizationId};
use crate::limits;
use crate::sync::apply::{self, Applier, Outcome, Pass};
use crate::sync::plan::{Facts, Observed};
use crate::sync::{Context, SyncError};

/// Decides again about people of one directory, at most [`limits::APPLY_BATCH_PEOPLE_MAX`] of them.
/// The caller has locked the organization, then the directory, and has read the people after that.
pub fn decide_again(
    tx: &mut Tx<'_>,
    cx: &Context,
    directory: &Directory,
    users: Vec<DirectoryUser>,
    cause: &Cause,
) -> Result<Outcome, DbError> {
    debug_assert!(users.len() <= limits::APPLY_BATCH_PEOPLE_MAX, "others wait for this");
    let now = cx.clock.now();
    let applier = Applier {
        directory,
        now,
        day: &apply::day(tx, &directory.organization_id, now)?,
        random: &*cx.random,
        keys: &cx.keys,
        cause,
        pass: Pass::Again,
        facts: &Facts::default(),
    };
    applier.apply(tx, users.into_iter().map(as_stored).collect())
}

/// What is stored of a person, as it was observed.
fn as_stored(user: DirectoryUser) -> Observed {
    Observed {
        seq: user.observation_seq,
        record: user.record.0,
        membership: user.membership,
        raw_hash: user.raw_hash,
    }
}

/// Decides about the people of one directory whose dates act now; false when there are none (S-12).
///
/// A directory that fails, or whose HR system is down, is no exception: nothing is asked.
pub async fn step(cx: &Context) -> Result<bool, SyncError> {
    let now = cx.clock.now();
    let due = cx.db.read(move |conn| directory_users::directory_due(conn, now)).await?;
    let Some((organization, directory)) = due else { return Ok(false) };
    let inner = cx.clone();
    let decided =
        cx.db.write(Lane::Bulk, move |tx| dates_of(tx, &inner, &organization, &directory, now));
    Ok(decided.await?)
}

/// The next people of one directory; false when another worker was faster.
fn dates_of(
    tx: &mut Tx<'_>,
    cx: &Context,
    organization: &OrganizationId,
    directory: &DirectoryId,
    now: Millis,
) -> Result<bool, DbError> {
    tx.lock_organization(organization)?;
    let Some(directory) = directories::lock(tx, directory)? else { return Ok(false) };
    let limit = i64::try_from(limits::APPLY_BATCH_PEOPLE_MAX).unwrap_or(i64::MAX);
    let users = directory_users::due(tx, &directory.id, now, limit)?;
    if users.is_empty() {
        return Ok(false);
    }
    let ids: Vec<DirectoryUserId> = users.iter().map(|user| user.id.clone()).collect();
    if directory.state.is_syncing() {
        let Outcome { counts, .. } = decide_again(tx, cx, &directory, users, &Cause::Clock)?;
        tracing::info!(
            directory.id = %directory.id,
            people = ids.len(),
            updated = counts.updated,
            deactivated = counts.deactivated,
            "people were decided again because of a date"
        );
    }
    // A plan that writes nothing about a person leaves them due.
    directory_users::clear_due(tx, &ids, now)?;
    Ok(true)
}
