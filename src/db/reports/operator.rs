//! What the operator's pages show: what needs a look, over all organizations. Reading only.
//!
//! Invariants:
//! - What is counted is counted up to [`limits::OPERATOR_COUNT_MAX`], and each query has an index
//!   for what grows with people, changes or deliveries. Only `directories` and `organizations` are
//!   read whole.
//! - Nothing of an employee is read: counts only.
//!
//! Long because all these reads count in one way, up to one bound.

use std::collections::HashMap;

use diesel::define_sql_function;
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use crate::clock::Timestamp;
use crate::db::clearing;
use crate::db::conn::{Conn, on_backend};
use crate::db::directories::Directory;
use crate::db::error::DbError;
use crate::db::inbox::{PARKED, is_waiting};
use crate::db::mails::MailState;
use crate::db::page::{Page, PageRequest, load_page};
use crate::db::schema::{
    accounts, admins, deliveries, directories, directory_users, endpoints, holds, inbox, mails,
    organizations, row_problems, runs,
};
use crate::domain::directory::{DirectoryState, RunState};
use crate::domain::endpoint::{DeliveryState, DisabledReason};
use crate::domain::hold::HoldState;
use crate::domain::ids::{DirectoryId, EndpointId, OrganizationId};
use crate::domain::provider::ProviderKind;
use crate::domain::row_problem::Severity;
use crate::limits;
use crate::text_enum;

/// A number of rows that is exact up to [`limits::OPERATOR_COUNT_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// How many there are, as far as was counted.
    pub known: i64,
    /// Whether there are more than that.
    pub more: bool,
}

impl Count {
    fn of(rows: i64) -> Self {
        let most = limits::OPERATOR_COUNT_MAX;
        Self { known: rows.min(most), more: rows > most }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.known == 0
    }
}

/// What waits somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Queue {
    /// How much.
    pub count: Count,
    /// Since when the oldest of it does, of as much as was counted.
    pub oldest: Option<Timestamp>,
    /// Since when something of it could have been done. Later than `oldest` where it waits on
    /// purpose, such as for the moment that an HR system has named.
    pub due: Option<Timestamp>,
}

impl Queue {
    /// Of moments, of which one more was read than is counted.
    fn of(since: &[Timestamp]) -> Self {
        let rows = i64::try_from(since.len()).unwrap_or(i64::MAX);
        let oldest = since.iter().copied().min();
        Self { count: Count::of(rows), oldest, due: oldest }
    }

    /// The same of what is not to be done before a moment: since when it waits, and that moment.
    fn of_due(rows: &[(Timestamp, Timestamp)]) -> Self {
        let since: Vec<Timestamp> = rows.iter().map(|(since, _)| *since).collect();
        let due = rows.iter().map(|(since, next)| *since.max(next)).min();
        Self { due, ..Self::of(&since) }
    }
}

/// One row more than is counted, so that it shows that there are more.
const READ_MAX: i64 = limits::OPERATOR_COUNT_MAX + 1;

/// Counts the rows of a boxed query up to the bound; it is evaluated once per statement.
macro_rules! count_up_to {
    ($conn:expr, $query:expr) => {{
        let beyond: Option<i32> = on_backend!($conn, |c| $query
            .select(1_i32.into_sql::<diesel::sql_types::Integer>())
            .offset(limits::OPERATOR_COUNT_MAX)
            .limit(1)
            .first(c)
            .optional())?;
        match beyond {
            Some(_) => Count::of(READ_MAX),
            None => Count::of(on_backend!($conn, |c| $query.count().get_result(c))?),
        }
    }};
}

// ------------------------------------------------------------------------------------- directories

text_enum! {
    /// What can need a look with a directory.
    DirectoryProblem {
        /// A sync has failed, and the admins know.
        Failing = "failing",
        /// A sync went wrong and is tried again; nobody was told yet.
        Trying = "trying",
        /// No sync has succeeded for too long.
        Silent = "silent",
        /// Changes wait for an admin's decision.
        Holds = "holds",
        /// Records wait to be corrected in the HR system.
        RowProblems = "row_problems",
    }
}

/// Which directories are asked for.
#[derive(Debug, Clone, Default)]
pub struct OperatorFilter {
    /// Only those in this state.
    pub state: Option<DirectoryState>,
    /// Only those of this HR system.
    pub provider: Option<ProviderKind>,
    /// Only those with this problem.
    pub problem: Option<DirectoryProblem>,
}

define_sql_function! {
    /// The first of these that is there.
    #[sql_name = "coalesce"]
    fn first_of(
        a: Nullable<BigInt>,
        b: Nullable<BigInt>,
        c: BigInt,
    ) -> BigInt;
}

/// A boxed query for the directories with a problem. Silence is told from the last success itself
/// and not from what the tasks have noted of it, so that it shows when the tasks stand still.
macro_rules! with_problem {
    ($problem:expr, $now:expr) => {{
        use directories as t;
        let (problem, now): (Option<DirectoryProblem>, Timestamp) = ($problem, $now);
        let query = t::table
            .filter(t::organization_id.ne_all(clearing::deleted_organizations()))
            .into_boxed();
        match problem {
            None => query,
            Some(DirectoryProblem::Failing) => query.filter(t::state.eq(DirectoryState::Failing)),
            Some(DirectoryProblem::Trying) => query
                .filter(t::state.eq_any([DirectoryState::Validating, DirectoryState::Active]))
                .filter(t::failure_class.is_not_null()),
            Some(DirectoryProblem::Silent) => {
                let began = first_of(t::last_success_at_ms, t::activated_at_ms, t::updated_at_ms);
                let interval_ms = limits::SILENT_INTERVALS_MAX * Timestamp::SECOND;
                query
                    .filter(t::state.eq_any([DirectoryState::Validating, DirectoryState::Active]))
                    .filter(t::failure_class.is_null())
                    .filter(began.lt(t::poll_seconds * (-interval_ms) + now.0))
                    .filter(began.lt(now.0 - limits::SILENT_MS_MIN))
            }
            Some(DirectoryProblem::Holds) => query.filter(t::id.eq_any(
                holds::table.filter(holds::state.eq(HoldState::Open)).select(holds::directory_id),
            )),
            Some(DirectoryProblem::RowProblems) => query.filter(diesel::dsl::exists(
                row_problems::table
                    .filter(row_problems::directory_id.eq(t::id))
                    .filter(row_problems::severity.eq(Severity::Problem)),
            )),
        }
    }};
}

/// A page of directories.
pub fn directories_page(
    conn: &mut Conn,
    filter: &OperatorFilter,
    now: Timestamp,
    request: &PageRequest,
) -> Result<Page<Directory>, DbError> {
    use directories as t;
    Ok(load_page!(conn, request, t::id, |row: &Directory| row.id.as_str(), {
        let mut query = with_problem!(filter.problem, now).select(Directory::as_select());
        if let Some(state) = filter.state {
            query = query.filter(t::state.eq(state));
        }
        if let Some(provider) = filter.provider {
            query = query.filter(t::provider.eq(provider));
        }
        query
    }))
}

/// The first directories with a problem, those that have it longest first as far as ids tell; and
/// how many there are.
pub fn directories_with(
    conn: &mut Conn,
    problem: DirectoryProblem,
    now: Timestamp,
    limit: i64,
) -> Result<(Vec<Directory>, i64), DbError> {
    let total: i64 =
        on_backend!(conn, |c| with_problem!(Some(problem), now).count().get_result(c))?;
    if total == 0 {
        return Ok((Vec::new(), 0));
    }
    let rows = on_backend!(conn, |c| with_problem!(Some(problem), now)
        .order((directories::last_success_at_ms.asc(), directories::id.asc()))
        .limit(limit)
        .select(Directory::as_select())
        .load(c))?;
    Ok((rows, total))
}

/// How many directories there are in each state; states without any are left out.
pub fn directories_by_state(conn: &mut Conn) -> Result<Vec<(DirectoryState, i64)>, DbError> {
    Ok(on_backend!(conn, |c| directories::table
        .group_by(directories::state)
        .select((directories::state, count_star()))
        .load(c))?)
}

/// The names of these organizations, which are at most a page.
pub fn names(
    conn: &mut Conn,
    ids: &[OrganizationId],
) -> Result<HashMap<OrganizationId, String>, DbError> {
    let rows: Vec<(OrganizationId, String)> = on_backend!(conn, |c| organizations::table
        .filter(organizations::id.eq_any(ids))
        .select((organizations::id, organizations::name))
        .load(c))?;
    Ok(rows.into_iter().collect())
}

/// What is counted of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DirectoryNumbers {
    /// People that are known.
    pub people: Count,
    /// Changes that wait for a decision.
    pub holds: Count,
    /// Records that cannot be applied.
    pub row_problems: Count,
}

/// What is counted of one directory.
pub fn directory_numbers(conn: &mut Conn, id: &DirectoryId) -> Result<DirectoryNumbers, DbError> {
    let people = count_up_to!(
        conn,
        directory_users::table
            .filter(directory_users::directory_id.eq(id))
            .filter(directory_users::directory_id.ne_all(clearing::unfinished()))
    );
    let holds = count_up_to!(
        conn,
        holds::table.filter(holds::directory_id.eq(id)).filter(holds::state.eq(HoldState::Open))
    );
    let row_problems = count_up_to!(
        conn,
        row_problems::table
            .filter(row_problems::directory_id.eq(id))
            .filter(row_problems::severity.eq(Severity::Problem))
            .filter(row_problems::directory_id.ne_all(clearing::unfinished()))
    );
    Ok(DirectoryNumbers { people, holds, row_problems })
}

// ----------------------------------------------------------------------------------- organizations

/// The directories of these organizations, which are at most a page, that are not disabled.
pub fn open_directories(
    conn: &mut Conn,
    ids: &[OrganizationId],
) -> Result<Vec<Directory>, DbError> {
    use directories as t;
    Ok(on_backend!(conn, |c| t::table
        .filter(t::organization_id.eq_any(ids))
        .filter(t::state.ne(DirectoryState::Disabled))
        .order(t::id.asc())
        .select(Directory::as_select())
        .load(c))?)
}

/// How many accounts and admins an organization has.
pub fn organization_numbers(
    conn: &mut Conn,
    id: &OrganizationId,
) -> Result<(Count, Count), DbError> {
    let accounts = count_up_to!(conn, accounts::table.filter(accounts::organization_id.eq(id)));
    let admins = count_up_to!(conn, admins::table.filter(admins::organization_id.eq(id)));
    Ok((accounts, admins))
}

// ------------------------------------------------------------------------------------------ queues

/// Open holds, by when they were opened.
pub fn open_holds(conn: &mut Conn) -> Result<Queue, DbError> {
    let since: Vec<Timestamp> = on_backend!(conn, |c| holds::table
        .filter(holds::state.eq(HoldState::Open))
        .order(holds::created_at_ms.asc())
        .limit(READ_MAX)
        .select(holds::created_at_ms)
        .load(c))?;
    Ok(Queue::of(&since))
}

/// Hints of webhooks: those that wait for a look, and those that wait for a full sync because their
/// directory is failing.
pub fn hints(conn: &mut Conn) -> Result<(Queue, Queue), DbError> {
    let of = |conn: &mut Conn, parked: bool| -> Result<Queue, DbError> {
        let rows: Vec<(Timestamp, Timestamp)> = on_backend!(conn, |c| {
            let query = inbox::table
                .filter(is_waiting())
                .order(inbox::next_at_ms.asc())
                .limit(READ_MAX)
                .select((inbox::first_received_at_ms, inbox::next_at_ms))
                .into_boxed();
            if parked {
                query.filter(inbox::next_at_ms.eq(PARKED)).load(c)
            } else {
                query.filter(inbox::next_at_ms.lt(PARKED)).load(c)
            }
        })?;
        Ok(Queue::of_due(&rows))
    };
    Ok((of(conn, false)?, of(conn, true)?))
}

/// Full syncs in a state that is not the end.
pub fn open_runs(conn: &mut Conn, state: RunState) -> Result<Queue, DbError> {
    let rows: Vec<(Timestamp, Timestamp)> = on_backend!(conn, |c| runs::table
        .filter(runs::state.eq(state))
        .limit(READ_MAX)
        .select((runs::requested_at_ms, runs::next_at_ms))
        .load(c))?;
    Ok(Queue::of_due(&rows))
}

/// Mails on their way.
#[derive(Debug, Clone, Default)]
pub struct Mails {
    /// All that wait.
    pub waiting: Queue,
    /// Those of them that the mail server has not taken at least once.
    pub refused: Queue,
    /// Those given up since a moment.
    pub undelivered: Queue,
    /// Why one of those that it has not taken was not; no personal data.
    pub reason: Option<String>,
}

/// Mails that wait, and those that were given up after `since`.
pub fn mails(conn: &mut Conn, since: Timestamp) -> Result<Mails, DbError> {
    use mails as t;
    let waiting: Vec<(Timestamp, i64)> = on_backend!(conn, |c| t::table
        .filter(t::state.eq_any([MailState::Waiting, MailState::Leased]))
        .limit(READ_MAX)
        .select((t::created_at_ms, t::attempts))
        .load(c))?;
    let undelivered: Vec<Timestamp> = on_backend!(conn, |c| t::table
        .filter(t::state.eq(MailState::Undelivered))
        .filter(t::next_at_ms.gt(since))
        .limit(READ_MAX)
        .select(t::created_at_ms)
        .load(c))?;
    let reason: Option<Option<String>> = on_backend!(conn, |c| t::table
        .filter(t::state.eq_any([MailState::Waiting, MailState::Undelivered]))
        .filter(t::last_error.is_not_null())
        .filter(t::next_at_ms.gt(since))
        .select(t::last_error)
        .first(c)
        .optional())?;
    let all: Vec<Timestamp> = waiting.iter().map(|(at, _)| *at).collect();
    let refused: Vec<Timestamp> =
        waiting.iter().filter(|(_, attempts)| *attempts > 0).map(|(at, _)| *at).collect();
    Ok(Mails {
        waiting: Queue::of(&all),
        refused: Queue::of(&refused),
        undelivered: Queue::of(&undelivered),
        reason: reason.flatten(),
    })
}

/// People whose dates have come and who wait to be decided again.
pub fn due_people(conn: &mut Conn, now: Timestamp) -> Result<Queue, DbError> {
    use directory_users as t;
    let since: Vec<Option<Timestamp>> = on_backend!(conn, |c| t::table
        .filter(t::due_at_ms.le(now))
        .order(t::due_at_ms.asc())
        .limit(READ_MAX)
        .select(t::due_at_ms)
        .load(c))?;
    let since: Vec<Timestamp> = since.into_iter().flatten().collect();
    Ok(Queue::of(&since))
}

/// How many deliveries wait, for all endpoints together.
pub fn waiting_deliveries(conn: &mut Conn) -> Result<Count, DbError> {
    Ok(count_up_to!(conn, deliveries::table.filter(deliveries::state.eq(DeliveryState::Waiting))))
}

/// The condition that an event was not sent again since its delivery was given up, or was given up
/// again: no later delivery of it to the same endpoint waits or was taken.
macro_rules! not_sent_again {
    () => {{
        use deliveries as t;
        let later = diesel::alias!(deliveries as later);
        diesel::dsl::not(diesel::dsl::exists(
            later
                .filter(later.field(t::event_number).eq(t::event_number))
                .filter(later.field(t::endpoint_id).eq(t::endpoint_id))
                .filter(later.field(t::number).gt(t::number)),
        ))
    }};
}

/// How many events were given up since a moment and not sent again since, for all endpoints
/// together but those that somebody disabled by hand, who knew what waited. Of more than is counted
/// the latest are looked at.
pub fn dead_deliveries(conn: &mut Conn, since: Timestamp) -> Result<Count, DbError> {
    use deliveries as t;
    let of_late = diesel::alias!(deliveries as of_late);
    let rows: i64 = on_backend!(conn, |c| t::table
        .filter(
            t::number.eq_any(
                of_late
                    .filter(of_late.field(t::state).eq(DeliveryState::Dead))
                    .filter(of_late.field(t::done_at_ms).gt(since))
                    .filter(of_late.field(t::event_number).is_not_null())
                    .filter(
                        of_late.field(t::endpoint_id).ne_all(
                            endpoints::table
                                .filter(endpoints::disabled_reason.eq(DisabledReason::ByHand))
                                .select(endpoints::id)
                        )
                    )
                    .order(of_late.field(t::done_at_ms).desc())
                    .limit(READ_MAX)
                    .select(of_late.field(t::number))
            )
        )
        .filter(not_sent_again!())
        .count()
        .get_result(c))?;
    Ok(Count::of(rows))
}

/// The events that were given up for an endpoint and not sent there again since, by number, with
/// their types; the first so many, which the caller bounds.
pub fn given_up(
    conn: &mut Conn,
    endpoint: &EndpointId,
    limit: usize,
) -> Result<Vec<(i64, String)>, DbError> {
    use deliveries as t;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows: Vec<(Option<i64>, String)> = on_backend!(conn, |c| t::table
        .filter(t::endpoint_id.eq(endpoint))
        .filter(t::state.eq(DeliveryState::Dead))
        .filter(t::event_number.is_not_null())
        .filter(not_sent_again!())
        .order(t::number.asc())
        .limit(limit)
        .select((t::event_number, t::event_type))
        .load(c))?;
    Ok(rows.into_iter().filter_map(|(number, kind)| Some((number?, kind))).collect())
}

/// How many deliveries of an endpoint are in a state.
pub fn deliveries_of(
    conn: &mut Conn,
    endpoint: &EndpointId,
    state: DeliveryState,
) -> Result<Count, DbError> {
    Ok(count_up_to!(
        conn,
        deliveries::table
            .filter(deliveries::endpoint_id.eq(endpoint))
            .filter(deliveries::state.eq(state))
    ))
}

/// When the first delivery was written that still waits for an endpoint.
pub fn oldest_waiting(
    conn: &mut Conn,
    endpoint: &EndpointId,
) -> Result<Option<Timestamp>, DbError> {
    use deliveries as t;
    Ok(on_backend!(conn, |c| t::table
        .filter(t::endpoint_id.eq(endpoint))
        .filter(t::state.eq(DeliveryState::Waiting))
        .order(t::number.asc())
        .select(t::created_at_ms)
        .first(c)
        .optional())?)
}
