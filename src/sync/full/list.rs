//! Reads the list of everybody and compares each record with what is stored.
//!
//! Nothing is written but the observation number and the calls.

use std::collections::HashMap;
use std::sync::Arc;

use crate::db::directories::{self, Directory};
use crate::db::directory_users::{self, DirectoryUser, Known};
use crate::db::{DbError, Lane, Tx, inbox, links, runs};
use crate::domain::account::Activity;
use crate::domain::directory::RunTrigger;
use crate::domain::ids::DirectoryUserId;
use crate::providers;
use crate::providers::{CallLane, Provider, ProviderError};
use crate::sync::apply::{self, former_links};
use crate::sync::budget::{self, Gate, Reservation};
use crate::sync::connect::connect;
use crate::sync::decide::types::Observed;
use crate::sync::full::everybody::{Everybody, Moved};
use crate::sync::full::second_look;
use crate::sync::full::staging::Staging;
use crate::sync::full::stored::Roll;
use crate::sync::{Context, SyncError};

/// Takes the observation number, and the calls of a list together: taken one by one, each could
/// be used up by a run that does not get the next one.
async fn begin(cx: &Context, directory: &Directory) -> Result<(i64, i64), SyncError> {
    let (inner, directory) = (cx.clone(), directory.clone());
    let begun = cx.db.write(Lane::Urgent, move |tx| {
        let locked = directories::lock(tx, &directory.id)?.ok_or(DbError::NotFound)?;
        let now = inner.clock.now();
        let lane = list_lane(tx, &locked)?;
        let calls = providers::profile(locked.provider).list_calls;
        match budget::reserve(tx, &inner.pace, &locked, lane, calls, now)? {
            Reservation::Made(()) => {
                let seq = directories::take_observation_seqs(tx, &locked.id, 1)?;
                Ok::<_, DbError>(Reservation::Made((seq, calls)))
            }
            Reservation::NotBefore(until) => Ok(Reservation::NotBefore(until)),
        }
    });
    match begun.await? {
        Reservation::Made(begun) => Ok(begun),
        Reservation::NotBefore(until) => Err(ProviderError::BudgetSpent { until }.into()),
    }
}

/// Webhooks do not wait behind the calls that looks have used: the list that brings what they are
/// about has its own (S-03).
fn list_lane(tx: &mut Tx<'_>, directory: &Directory) -> Result<CallLane, DbError> {
    let run = runs::open(tx, &directory.id)?;
    let is_burst = run.is_some_and(|run| run.run_trigger == RunTrigger::Burst)
        || inbox::waiting_count(tx, &directory.id)? > 0;
    Ok(if is_burst { CallLane::Burst } else { CallLane::Bulk })
}

/// Reads everybody, for a full sync or a preview. Nothing is written but the observation number and
/// the calls.
pub async fn everybody(cx: &Context, directory: &Directory) -> Result<Everybody, SyncError> {
    let (seq, calls) = begin(cx, directory).await?;
    let (id, now) = (directory.id.clone(), cx.clock.now());
    let known = cx.db.read_bulk(move |conn| directory_users::known(conn, &id, now)).await?;
    let is_active = |one: &&Known| one.state == Activity::Active;
    let roll = Roll { active: known.iter().filter(is_active).count(), all: known.len() };
    let provider = connect(cx, directory, Arc::new(Gate::of_list(cx, directory, calls)))?;
    let provider: &dyn Provider = &*provider;
    let mut staging = Staging::new(provider, &cx.keys.record, known);
    provider.list(&mut staging).await?;
    second_look::ask(provider, directory, &mut staging).await?;
    let (organization, now) = (directory.organization_id.clone(), cx.clock.now());
    let day = cx.db.read_bulk(move |conn| apply::day(conn, &organization, now)).await?;
    if staging.is_without_keys() {
        let reason = "no record of the list has a key".to_owned();
        return Err(ProviderError::Malformed { reason }.into());
    }
    let several = staging.several();
    let stored = cx.db.read(move |conn| directory_users::by_ids(conn, &several)).await?;
    let records = stored.into_iter().map(|user| (user.id, user.record.0)).collect();
    let mut everybody = staging.close(seq, day.today, &records);
    everybody.roll = roll;
    name_unread(cx, &mut everybody).await?;
    put_former_first(cx, directory, &mut everybody).await?;
    add_moved(cx, &mut everybody).await?;
    let movers = everybody.movers();
    let emails = cx.db.read_bulk(move |conn| links::emails_of_users(conn, &movers)).await?;
    everybody.put_in_order(&emails);
    Ok(everybody)
}

/// Whoever is stored and cannot be read is listed by the name that is stored.
async fn name_unread(cx: &Context, all: &mut Everybody) -> Result<(), DbError> {
    let ids: Vec<DirectoryUserId> =
        all.unread.iter().filter_map(|unread| unread.user.clone()).collect();
    let stored = cx.db.read(move |conn| directory_users::by_ids(conn, &ids)).await?;
    let stored: HashMap<&DirectoryUserId, &DirectoryUser> =
        stored.iter().map(|user| (&user.id, user)).collect();
    for unread in &mut all.unread {
        let Some(user) = unread.user.as_ref().and_then(|id| stored.get(id)) else { continue };
        unread.name = user.record.0.display_name();
        unread.email.clone_from(&user.record.0.email);
        unread.employee_number.clone_from(&user.employee_number);
    }
    Ok(())
}

/// Of the people whom we do not know, those come first who had an account before the directory was
/// set up again (L-09).
async fn put_former_first(
    cx: &Context,
    directory: &Directory,
    all: &mut Everybody,
) -> Result<(), SyncError> {
    let mut strangers = all.changed.split_off(all.strangers_from.min(all.changed.len()));
    let (directory, keys) = (directory.clone(), Arc::clone(&cx.keys));
    let read = cx.db.read_bulk(move |conn| {
        former_links::put_first(conn, &keys, &directory, &mut strangers)?;
        Ok::<_, DbError>(strangers)
    });
    all.changed.append(&mut read.await?);
    Ok(())
}

/// People whose record is as it was but who joined or left the list of current staff are planned
/// with the stored record.
async fn add_moved(cx: &Context, all: &mut Everybody) -> Result<(), SyncError> {
    let seq = all.seq;
    let ids: Vec<DirectoryUserId> = all.moved.iter().map(|moved| moved.user.clone()).collect();
    let stored: Vec<DirectoryUser> =
        cx.db.read_bulk(move |conn| directory_users::by_ids(conn, &ids)).await?;
    let mut stored: HashMap<DirectoryUserId, DirectoryUser> =
        stored.into_iter().map(|user| (user.id.clone(), user)).collect();
    for Moved { user, membership, hash, notes } in std::mem::take(&mut all.moved) {
        let Some(user) = stored.remove(&user) else { continue };
        // A look meanwhile took the hash away, and its record did not come from this raw one.
        let raw_hash = user.raw_hash.filter(|stored| *stored == hash);
        let record = user.record.0;
        all.changed.push(Observed { seq, record, membership, gone: false, raw_hash, notes });
    }
    Ok(())
}
