//! Looks that were not answered, or not so that anybody could read it: one person's trouble, or
//! everybody's (S-42).
//!
//! One record that the HR system chokes on is asked about again after 15, 60 and 120 seconds. It
//! delays nobody else, and is a row problem from the fourth time on; the next full sync that reads
//! the person settles it. Whether it is more than that, a control person says, who was read well
//! before: when they cannot be read either, and two people could not within five minutes, that
//! counts as a failed sync. When it was only one, twice, a full sync goes and finds out.
//!
//! What this module must not do: take a failure for an answer, or let go of a hint.

use crate::clock::Timestamp;
use crate::db::directories::Directory;
use crate::db::directory_users::{self, DirectoryUser};
use crate::db::inbox;
use crate::db::lease::while_renewing;
use crate::db::row_problems::{self, RowProblem};
use crate::db::{DbError, Lane, Tx};
use crate::domain::directory::RunTrigger;
use crate::domain::employee::{EmployeeNumber, EmployeeRecord, ExternalKey, RowProblemCode};
use crate::domain::hint::Whom;
use crate::domain::ids::RowProblemId;
use crate::limits;
use crate::providers::{CallLane, Provider, ProviderError, RecordKeys};
use crate::sync::failure::retry_wait_ms;
use crate::sync::live::claim::Look;
use crate::sync::live::settle;
use crate::sync::live::starters;
use crate::sync::{Context, SyncError, queue};

/// A look without an answer.
pub(crate) struct Unanswered<'a> {
    pub(crate) look: &'a Look,
    pub(crate) error: ProviderError,
    pub(crate) began: Timestamp,
}

/// Whose trouble it is.
#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    /// Single people's.
    Theirs,
    /// One person's, again, and the control person's: a full sync finds out.
    InDoubt,
    /// The HR system's.
    Everybodys,
    /// This, which the control person's answer said.
    Told(ProviderError),
}

/// Settles a look that was not answered.
pub(crate) async fn settle(
    cx: &Context,
    directory: &Directory,
    provider: &dyn Provider,
    one: Unanswered<'_>,
) -> Result<(), SyncError> {
    let Unanswered { look, error, began } = one;
    let (id, epoch) = (look.row.id, look.epoch);
    let renew = || async move {
        let until = cx.clock.now().plus(limits::LEASE_MS_MAX);
        cx.db.write(Lane::Urgent, move |tx| inbox::renew(tx, id, epoch, until)).await
    };
    match while_renewing(whose(cx, directory, provider, look), renew).await? {
        Trouble::Everybodys => settle::failed(cx, directory, look, &error.into(), began).await,
        Trouble::Told(error) => settle::failed(cx, directory, look, &error.into(), began).await,
        Trouble::Theirs => theirs(cx, directory, look, &error, false).await,
        Trouble::InDoubt => theirs(cx, directory, look, &error, true).await,
    }
}

/// Asks about a control person, and says whose trouble it is.
async fn whose(
    cx: &Context,
    directory: &Directory,
    provider: &dyn Provider,
    look: &Look,
) -> Result<Trouble, SyncError> {
    let since = cx.clock.now().plus(-limits::OUTAGE_MS);
    let (id, whom) = (directory.id.clone(), look.row.whom.clone());
    let (people, control) = cx
        .db
        .read(move |conn| {
            let others = i64::try_from(limits::BURST_PEOPLE_MAX).unwrap_or(i64::MAX);
            let mut people = inbox::unanswered_since(conn, &id, since, others)?;
            people.push(whom);
            people.sort();
            people.dedup();
            let number = |whom: &Whom| match whom {
                Whom::Person(number) => Some(number.clone()),
                Whom::Everybody => None,
            };
            let numbers: Vec<EmployeeNumber> = people.iter().filter_map(number).collect();
            let control = directory_users::readable_other_than(conn, &id, &numbers)?;
            Ok::<_, DbError>((people.len(), control))
        })
        .await?;
    let answer = match control {
        Some(control) => provider.fetch(CallLane::Live, &keys_of(control)).await.map(|_| ()),
        // There is nobody else to ask about.
        None => Err(ProviderError::Down { reason: String::new(), retry_after_ms: None }),
    };
    Ok(match answer {
        Ok(()) | Err(ProviderError::BudgetSpent { .. }) => Trouble::Theirs,
        Err(ProviderError::Down { .. } | ProviderError::Malformed { .. }) => {
            match (people, look.row.failures) {
                (2.., _) => Trouble::Everybodys,
                // It may be a bad moment, or somebody else is about to fail too.
                (_, 0) => Trouble::Theirs,
                _ => Trouble::InDoubt,
            }
        }
        Err(error) => Trouble::Told(error),
    })
}

fn keys_of(user: DirectoryUser) -> RecordKeys {
    RecordKeys { external_key: user.external_key, employee_number: user.employee_number }
}

/// One person could not be read.
async fn theirs(
    cx: &Context,
    claimed: &Directory,
    look: &Look,
    error: &ProviderError,
    in_doubt: bool,
) -> Result<(), SyncError> {
    tracing::info!(
        directory.id = %claimed.id,
        failures = look.row.failures.saturating_add(1),
        error = %error,
        "a look at one person was not answered"
    );
    let garbled = matches!(error, ProviderError::Malformed { .. });
    let (cx, claimed, row) = (cx.clone(), claimed.clone(), look.row.clone());
    let (epoch, seq, number) = (look.epoch, look.seq, look.number.clone());
    let db = cx.db.clone();
    db.write(Lane::Urgent, move |tx| {
        let directory = settle::still_counts(tx, &claimed)?;
        let now = cx.clock.now();
        let stored =
            directory_users::by_keys(tx, &directory.id, &[], std::slice::from_ref(&number))?;
        let stored = stored.into_iter().next();
        let is_starter = starters::is_unseen(tx, &directory, &row)?;
        // Garbage about somebody unknown can be a garbled hint; the full sync finds out. A starter
        // may only not be saved yet, and each full sync would bring the next question (S-03).
        let is_unknown = garbled && stored.is_none() && !is_starter;
        let failures = row.failures.saturating_add(1);
        let is_leaver = row.action_id == Some(inbox::MARKED_LEAVER);
        // After a full sync a starter is asked about again, which must not bring the next one.
        if (in_doubt && !is_starter) || is_unknown || is_leaver {
            queue::full_sync(tx, &cx, &directory, RunTrigger::Burst, now)?;
        }
        let next_at = if is_unknown {
            inbox::PARKED
        } else if is_starter && failures < limits::PERSON_TRIES_MAX {
            starters::next_at(row.first_received_at_ms, now)
        } else if failures >= limits::PERSON_TRIES_MAX && !in_doubt {
            put_problem(tx, &cx, &directory, number, stored, seq)?;
            inbox::PARKED
        } else {
            now.plus(retry_wait_ms(failures, None, &*cx.random))
        };
        Ok(inbox::note_unanswered(tx, &row, epoch, (next_at, failures), now)?)
    })
    .await
}

/// HR sees whose record cannot be read.
fn put_problem(
    tx: &mut Tx<'_>,
    cx: &Context,
    directory: &Directory,
    number: EmployeeNumber,
    stored: Option<DirectoryUser>,
    seq: i64,
) -> Result<(), DbError> {
    let code = RowProblemCode::UnreadableRecord;
    let now = cx.clock.now();
    let record = stored.as_ref().map(|user| &user.record.0);
    let external_key = stored.as_ref().map(|user| user.external_key.clone());
    let problem = RowProblem {
        id: RowProblemId::new(now, &*cx.random),
        organization_id: directory.organization_id.clone(),
        directory_id: directory.id.clone(),
        external_key: external_key.unwrap_or_else(|| ExternalKey(number.0.clone())),
        employee_number: Some(number),
        name: record.map(EmployeeRecord::display_name).unwrap_or_default(),
        email: record.and_then(|record| record.email.clone()),
        code,
        severity: code.severity(),
        detail: None,
        observation_seq: seq,
        first_seen_at_ms: now,
        updated_at_ms: now,
    };
    row_problems::put(tx, &problem)
}
