//! Runs: full syncs, from the request to the result (S-06).
//!
//! At most one run per directory is queued and at most one works: `open_key` is unique while a run
//! is open.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::schema::{directories, runs};
use crate::db::types::Json;
use crate::domain::directory::{DirectoryState, RunCounts, RunState, RunTrigger};
use crate::domain::failure::FailureClass;
use crate::domain::ids::{DirectoryId, OrganizationId, RunId};
use crate::domain::provider::ProviderKind;
use crate::limits;

/// A full sync.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = runs)]
#[diesel(treat_none_as_default_value = false)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The directory it reads.
    pub directory_id: DirectoryId,
    /// Why it runs.
    pub run_trigger: RunTrigger,
    /// How far it is.
    pub state: RunState,
    /// Set while it is open.
    pub open_key: Option<String>,
    /// When it was asked for.
    pub requested_at_ms: Timestamp,
    /// When it began to work for the first time.
    pub started_at_ms: Option<Timestamp>,
    /// When it ended.
    pub finished_at_ms: Option<Timestamp>,
    /// Not before this moment does it work.
    pub next_at_ms: Timestamp,
    /// How often it was tried.
    pub tries: i64,
    /// Until when its worker has it.
    pub lease_until_ms: Option<Timestamp>,
    /// Counts up with each claim; a result under an older number writes nothing.
    pub lease_epoch: i64,
    /// Why it failed.
    pub error_class: Option<FailureClass>,
    /// Why it failed, in words; without a class, why it gave way.
    pub error_message: Option<String>,
    /// What it did.
    pub counts: Json<RunCounts>,
}

fn queued_key(directory: &DirectoryId) -> String {
    format!("{directory}|queued")
}

fn running_key(directory: &DirectoryId) -> String {
    format!("{directory}|running")
}

/// Queues a run. When one is queued already, that one serves and its id is returned.
pub fn queue(tx: &mut Tx<'_>, new: Run) -> Result<RunId, DbError> {
    let key = queued_key(&new.directory_id);
    if let Some(waiting) = find_by_key(tx, &key)? {
        return Ok(waiting.id);
    }
    let row = Run { open_key: Some(key), state: RunState::Queued, ..new };
    on_backend!(&mut **tx, |c| diesel::insert_into(runs::table).values(&row).execute(c))?;
    Ok(row.id)
}

fn find_by_key(conn: &mut Conn, key: &str) -> Result<Option<Run>, DbError> {
    Ok(on_backend!(conn, |c| runs::table
        .filter(runs::open_key.eq(key))
        .select(Run::as_select())
        .first(c)
        .optional())?)
}

/// The open run of a directory: the one that works, else the one that waits.
pub fn open(conn: &mut Conn, directory: &DirectoryId) -> Result<Option<Run>, DbError> {
    let keys = [running_key(directory), queued_key(directory)];
    let mut open: Vec<Run> = on_backend!(conn, |c| runs::table
        .filter(runs::open_key.eq_any(&keys))
        .select(Run::as_select())
        .load(c))?;
    open.sort_by_key(|run| run.state != RunState::Running);
    Ok(open.into_iter().next())
}

/// Queued runs that may begin now, the longest waiting first: their directory has none at work, and
/// their organization and their HR system have fewer than they may have (S-46). When an HR system
/// has half of its runs under way, those that are likely to hang, being tried again, wait.
pub fn due(conn: &mut Conn, now: Timestamp, runs_max: i64) -> Result<Vec<Run>, DbError> {
    let busy = Busy::now(conn)?;
    Ok(on_backend!(conn, |c| runs::table
        .inner_join(directories::table.on(directories::id.eq(runs::directory_id)))
        .filter(runs::state.eq(RunState::Queued))
        .filter(runs::next_at_ms.le(now))
        .filter(runs::directory_id.ne_all(&busy.directories))
        .filter(runs::organization_id.ne_all(&busy.organizations))
        .filter(directories::provider.ne_all(&busy.full))
        .filter(
            directories::provider
                .ne_all(&busy.half_full)
                .or(runs::tries.eq(0).and(directories::state.ne(DirectoryState::Failing)))
        )
        .order((runs::next_at_ms.asc(), runs::id.asc()))
        .limit(runs_max)
        .select(Run::as_select())
        .load(c))?)
}

/// Who has as many runs at work as they may have.
struct Busy {
    directories: Vec<DirectoryId>,
    organizations: Vec<OrganizationId>,
    half_full: Vec<ProviderKind>,
    full: Vec<ProviderKind>,
}

impl Busy {
    fn now(conn: &mut Conn) -> Result<Self, DbError> {
        let working: Vec<(DirectoryId, OrganizationId, ProviderKind)> =
            on_backend!(conn, |c| runs::table
                .inner_join(directories::table.on(directories::id.eq(runs::directory_id)))
                .filter(runs::state.eq(RunState::Running))
                .select((runs::directory_id, runs::organization_id, directories::provider))
                .load(c))?;
        let mut of_organization: HashMap<OrganizationId, usize> = HashMap::new();
        let mut of_provider: HashMap<ProviderKind, usize> = HashMap::new();
        let mut directories = Vec::new();
        for (directory, organization, provider) in working {
            directories.push(directory);
            let runs = of_organization.entry(organization).or_default();
            *runs = runs.saturating_add(1);
            let runs = of_provider.entry(provider).or_default();
            *runs = runs.saturating_add(1);
        }
        let providers_from = |runs_min: usize| {
            let reached = of_provider.iter().filter(|(_, runs)| **runs >= runs_min);
            reached.map(|(provider, _)| *provider).collect::<Vec<_>>()
        };
        let (half_full, full) = (
            providers_from(limits::PROVIDER_RUNS_MAX / 2),
            providers_from(limits::PROVIDER_RUNS_MAX),
        );
        let organizations = of_organization.into_iter();
        let organizations = organizations
            .filter(|(_, runs)| *runs >= limits::ORGANIZATION_RUNS_MAX)
            .map(|(organization, _)| organization)
            .collect();
        Ok(Self { directories, organizations, half_full, full })
    }
}

/// Claims a queued run until `until`; false when somebody else was faster.
pub fn claim(
    tx: &mut Tx<'_>,
    run: &Run,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, DbError> {
    let changed = on_backend!(&mut **tx, |c| diesel::update(
        runs::table
            .find(&run.id)
            .filter(runs::state.eq(RunState::Queued))
            .filter(runs::lease_epoch.eq(run.lease_epoch))
    )
    .set((
        runs::state.eq(RunState::Running),
        runs::open_key.eq(running_key(&run.directory_id)),
        runs::started_at_ms.eq(run.started_at_ms.unwrap_or(now)),
        runs::tries.eq(runs::tries + 1),
        runs::lease_until_ms.eq(until),
        runs::lease_epoch.eq(runs::lease_epoch + 1),
    ))
    .execute(c))?;
    Ok(changed == 1)
}

/// Prolongs a claim; false when it was lost.
pub fn renew(tx: &mut Tx<'_>, id: &RunId, epoch: i64, until: Timestamp) -> Result<bool, DbError> {
    let changed = on_backend!(&mut **tx, |c| diesel::update(
        runs::table
            .find(id)
            .filter(runs::state.eq(RunState::Running))
            .filter(runs::lease_epoch.eq(epoch))
    )
    .set(runs::lease_until_ms.eq(until))
    .execute(c))?;
    Ok(changed == 1)
}

/// Whether a claim still stands.
pub fn holds(conn: &mut Conn, id: &RunId, epoch: i64) -> Result<bool, DbError> {
    let count: i64 = on_backend!(conn, |c| runs::table
        .find(id)
        .filter(runs::state.eq(RunState::Running))
        .filter(runs::lease_epoch.eq(epoch))
        .count()
        .get_result(c))?;
    Ok(count == 1)
}

/// Notes what a run has done so far.
pub fn set_counts(tx: &mut Tx<'_>, id: &RunId, counts: RunCounts) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(runs::table.find(id))
        .set(runs::counts.eq(Json(counts)))
        .execute(c))?;
    Ok(())
}

/// Puts a run that was claimed with this epoch back into the queue, to be tried again from
/// `next_at` on. A newer queued run of the same directory gives way to it. Nothing is written when
/// the claim was lost meanwhile.
pub fn requeue(
    tx: &mut Tx<'_>,
    run: &Run,
    epoch: i64,
    next_at: Timestamp,
    now: Timestamp,
) -> Result<(), DbError> {
    let given_back = on_backend!(&mut **tx, |c| diesel::update(
        runs::table
            .find(&run.id)
            .filter(runs::state.eq(RunState::Running))
            .filter(runs::lease_epoch.eq(epoch))
    )
    .set((
        runs::state.eq(RunState::Queued),
        runs::open_key.eq(None::<String>),
        runs::next_at_ms.eq(next_at),
        runs::lease_until_ms.eq(None::<Timestamp>),
    ))
    .execute(c))?;
    if given_back == 0 {
        return Ok(());
    }
    let key = queued_key(&run.directory_id);
    if let Some(newer) = find_by_key(tx, &key)? {
        let why = "This sync gave way to one that was asked for earlier and is tried again.";
        give_way(tx, &newer.id, why, now)?;
    }
    on_backend!(&mut **tx, |c| diesel::update(runs::table.find(&run.id))
        .set(runs::open_key.eq(key))
        .execute(c))?;
    Ok(())
}

/// Ends a run.
pub fn finish(
    tx: &mut Tx<'_>,
    id: &RunId,
    state: RunState,
    error: Option<(FailureClass, &str)>,
    now: Timestamp,
) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(runs::table.find(id))
        .set((
            runs::state.eq(state),
            runs::open_key.eq(None::<String>),
            runs::finished_at_ms.eq(now),
            runs::lease_until_ms.eq(None::<Timestamp>),
            runs::error_class.eq(error.map(|(class, _)| class)),
            runs::error_message.eq(error.map(|(_, message)| message)),
        ))
        .execute(c))?;
    Ok(())
}

/// Ends a run that did not fail but is not wanted any more: it has no class of failure, only words.
pub fn give_way(tx: &mut Tx<'_>, id: &RunId, why: &str, now: Timestamp) -> Result<(), DbError> {
    finish(tx, id, RunState::Failed, None, now)?;
    on_backend!(&mut **tx, |c| diesel::update(runs::table.find(id))
        .set(runs::error_message.eq(why))
        .execute(c))?;
    Ok(())
}

/// Runs whose worker died: their claim has ended without a result.
pub fn expired(conn: &mut Conn, now: Timestamp) -> Result<Vec<Run>, DbError> {
    Ok(on_backend!(conn, |c| runs::table
        .filter(runs::state.eq(RunState::Running))
        .filter(runs::lease_until_ms.lt(now))
        .select(Run::as_select())
        .load(c))?)
}

/// Ends the open runs of a directory that was disabled or got a new credential.
pub fn cancel_open(
    tx: &mut Tx<'_>,
    directory: &DirectoryId,
    why: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    for key in [queued_key(directory), running_key(directory)] {
        if let Some(run) = find_by_key(tx, &key)? {
            give_way(tx, &run.id, why, now)?;
        }
    }
    Ok(())
}

/// When the next run is due: one that waits, or one whose claim ends.
pub fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, DbError> {
    let queued: Option<Timestamp> = on_backend!(conn, |c| runs::table
        .filter(runs::state.eq(RunState::Queued))
        .select(diesel::dsl::min(runs::next_at_ms))
        .first(c))?;
    let leased: Option<Timestamp> = on_backend!(conn, |c| runs::table
        .filter(runs::state.eq(RunState::Running))
        .select(diesel::dsl::min(runs::lease_until_ms))
        .first(c))?;
    Ok(queued.into_iter().chain(leased).min())
}

/// One run.
pub fn find(conn: &mut Conn, id: &RunId) -> Result<Option<Run>, DbError> {
    Ok(on_backend!(conn, |c| runs::table.find(id).select(Run::as_select()).first(c).optional())?)
}

/// A page of runs, the latest first.
pub fn page(
    conn: &mut Conn,
    directory: &DirectoryId,
    after: Option<&RunId>,
    limit: i64,
) -> Result<Vec<Run>, DbError> {
    Ok(on_backend!(conn, |c| {
        let mut query = runs::table
            .filter(runs::directory_id.eq(directory))
            .order(runs::id.desc())
            .limit(limit)
            .select(Run::as_select())
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(runs::id.lt(after));
        }
        query.load(c)
    })?)
}
