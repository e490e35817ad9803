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
//! - Nobody's dates wait for somebody else's.
//!
//! What this module must not do: decide ([`crate::sync::decide::person`] does), or talk to the
//! network.

use crate::clock::Timestamp;
use crate::db::directories::{self, Directory};
use crate::db::directory_users::{self, DirectoryUser};
use crate::db::{Conn, DbError, Lane, Tx, organizations};
use crate::domain::audit::Cause;
use crate::domain::hold::Gathering;
use crate::domain::ids::{DirectoryId, OrganizationId};
use crate::limits;
use crate::sync::apply::guard;
use crate::sync::apply::{self, Outcome};
use crate::sync::decide::batch::{Decider, Pass};
use crate::sync::decide::types::{Facts, Observed};
use crate::sync::failure::Notifier;
use crate::sync::{Context, SyncError};

/// Decides again about people of one directory, at most [`limits::APPLY_BATCH_PEOPLE_MAX`] of them.
/// The caller has locked the organization, then the directory, and has read the people after that.
/// `more_follow`: so many act at once that this is one piece of them.
pub fn decide_again(
    tx: &mut Tx<'_>,
    cx: &Context,
    directory: &Directory,
    users: Vec<DirectoryUser>,
    cause: &Cause,
    more_follow: bool,
) -> Result<Outcome, DbError> {
    debug_assert!(users.len() <= limits::APPLY_BATCH_PEOPLE_MAX, "others wait for this");
    let facts = &Facts::default();
    let gathering = more_follow.then_some(Gathering::Dates);
    let decider = apply::decider(tx, cx, directory, Pass::Again, cause, facts)?;
    let decider = Decider { gathering, ..decider };
    let outcome = apply::apply(&decider, tx, users.into_iter().map(as_stored).collect())?;
    Ok(outcome)
}

/// What is stored of a person, as it was observed.
fn as_stored(user: DirectoryUser) -> Observed {
    Observed {
        seq: user.observation_seq,
        record: user.record.0,
        membership: user.membership,
        gone: false,
        raw_hash: user.raw_hash,
        notes: Vec::new(),
    }
}

/// Decides about the people of one directory whose dates act now; false when there are none (S-12).
///
/// A directory that fails, or whose HR system is down, is no exception: nothing is asked. Somebody
/// whose row cannot be worked on holds up nobody else: they wait, and the fault is in the log.
pub async fn step(cx: &Context) -> Result<bool, SyncError> {
    if move_days(cx).await? {
        return Ok(true);
    }
    let now = cx.clock.now();
    let due = cx.db.read(move |conn| directory_users::directory_due(conn, now)).await?;
    let Some((organization, directory)) = due else { return Ok(false) };
    let dates = Dates { organization, directory, now };
    let mut decided = dates.decide(cx, limits::APPLY_BATCH_PEOPLE_MAX).await;
    if decided.as_ref().is_err_and(|error| !error.is_temporary()) {
        decided = dates.decide(cx, 1).await;
    }
    match decided {
        Err(error) if !error.is_temporary() => {
            let directory = &dates.directory;
            tracing::error!(directory.id = %directory, error = %error, "a date could not act");
            dates.postpone(cx).await?;
            Ok(true)
        }
        other => Ok(other?),
    }
}

/// When somebody is to be decided again next.
pub fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, DbError> {
    if organizations::with_new_time_zone(conn, None)?.is_some() {
        return Ok(Some(Timestamp(0)));
    }
    directory_users::next_due(conn)
}

/// A day begins and ends at another moment in an organization's new time zone (S-12): its people
/// are due, a few in each transaction (S-46). False when there is no such organization.
async fn move_days(cx: &Context) -> Result<bool, DbError> {
    let found = cx.db.read(|conn| organizations::with_new_time_zone(conn, None)).await?;
    let Some((organization, _)) = found else { return Ok(false) };
    let now = cx.clock.now();
    let write = cx.db.write(Lane::Bulk, move |tx| {
        tx.lock_organization(&organization)?;
        let found = organizations::with_new_time_zone(tx, Some(&organization))?;
        let Some((_, reached)) = found else { return Ok(()) };
        let people_max = limits::PIECE_ROWS_MAX;
        let people =
            directory_users::next_of_organization(tx, &organization, &reached, people_max)?;
        directory_users::make_due(tx, &people, now)?;
        organizations::reach_time_zone(tx, &organization, people.last())
    });
    write.await?;
    Ok(true)
}

/// People of a directory whose dates act at a moment.
#[derive(Clone)]
struct Dates {
    organization: OrganizationId,
    directory: DirectoryId,
    now: Timestamp,
}

impl Dates {
    /// Decides about so many, the longest waiting first; false when another worker was faster.
    async fn decide(&self, cx: &Context, people_max: usize) -> Result<bool, DbError> {
        let (dates, inner) = (self.clone(), cx.clone());
        cx.db.write(Lane::Bulk, move |tx| dates.decide_in(tx, &inner, people_max)).await
    }

    fn decide_in(&self, tx: &mut Tx<'_>, cx: &Context, people_max: usize) -> Result<bool, DbError> {
        tx.lock_organization(&self.organization)?;
        let Some(directory) = directories::lock(tx, &self.directory)? else { return Ok(false) };
        let one_more = people_max.saturating_add(1);
        let mut ids = directory_users::due(tx, &directory.id, self.now, one_more)?;
        if ids.is_empty() {
            return Ok(false);
        }
        let more_follow = ids.len() > people_max;
        ids.truncate(people_max);
        if directory.state.is_syncing() {
            let mut users = directory_users::by_ids(tx, &ids)?;
            // Who leaves comes first: a new record of the same person can begin the day after.
            users.sort_by_key(|user| (user.record.0.leaving_date.is_none(), user.id.clone()));
            let outcome = decide_again(tx, cx, &directory, users, &Cause::Clock, more_follow)?;
            let counts = outcome.counts;
            tracing::info!(
                directory.id = %directory.id,
                people = ids.len(),
                updated = counts.updated,
                deactivated = counts.deactivated,
                "people were decided again because of a date"
            );
        }
        // A plan that writes nothing about a person leaves them due.
        directory_users::set_due(tx, &ids, self.now, None)?;
        guard::complete(tx, &directory, Gathering::Dates, self.now)?;
        guard::announce(tx, &Notifier::new(cx), &directory)?;
        Ok(true)
    }

    /// Lets the one who has waited longest wait on.
    async fn postpone(&self, cx: &Context) -> Result<(), DbError> {
        let dates = self.clone();
        let until = self.now.plus(limits::DATE_RETRY_MS);
        let write = cx.db.write(Lane::Bulk, move |tx| {
            tx.lock_organization(&dates.organization)?;
            let ids = directory_users::due(tx, &dates.directory, dates.now, 1)?;
            directory_users::set_due(tx, &ids, dates.now, Some(until))
        });
        write.await
    }
}
