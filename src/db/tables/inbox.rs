//! The inbox: whom webhooks told us to look at (S-02, S-03).
//!
//! What is stored is a hint (an employee number, or "everybody"), never a value from a body. At
//! most one row waits per directory and person: `waiting_key` is set while a row waits and NULL
//! once it is claimed, so hints that come during a look collapse into one more look.
//!
//! Long because one table has one file, with all its queries.

use std::collections::HashMap;

use diesel::dsl::{IsNotNull, case_when};
use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::clock::Timestamp;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::directories::{self, HookTarget};
use crate::db::error::DbError;
use crate::db::schema::{directory_users, inbox};
use crate::db::types::{StoredText, text_enum_column};
use crate::domain::directory::DirectoryState;
use crate::domain::hint::{Hint, Whom};
use crate::domain::ids::{DirectoryId, OrganizationId};
use crate::limits;
use crate::text_enum;

text_enum! {
    /// How far a hint is.
    InboxState {
        /// Waits for a look, or for a full sync to settle it.
        Waiting = "waiting",
        /// Somebody looks.
        Leased = "leased",
        /// Settled.
        Done = "done",
    }
}
text_enum_column!(InboxState);

/// A hint.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = inbox)]
pub struct InboxRow {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The directory it came to.
    pub directory_id: DirectoryId,
    /// Whom to look at.
    #[diesel(column_name = employee_hint)]
    pub whom: Whom,
    /// The HR system's number for what happened: the strongest of those that were merged into this
    /// row, see [`stronger`].
    pub action_id: Option<i64>,
    /// How far it is.
    pub state: InboxState,
    /// Set while it waits.
    pub waiting_key: Option<String>,
    /// How many webhooks it stands for.
    pub hooks: i64,
    /// When the first of them came.
    pub first_received_at_ms: Timestamp,
    /// When the last of them came.
    pub last_received_at_ms: Timestamp,
    /// The number of the latest question when the last of them came: a full sync with a higher
    /// number has asked after it, whatever the clock says.
    pub last_received_seq: i64,
    /// Not before this moment is it looked at.
    pub next_at_ms: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
    /// Until when the one who looks has it.
    pub lease_until_ms: Option<Timestamp>,
    /// Counts up with each claim; a result under an older number writes nothing.
    pub lease_epoch: i64,
    /// When it was settled.
    pub done_at_ms: Option<Timestamp>,
    /// How it was settled.
    pub outcome: Option<String>,
    /// How often in a row the look was not answered (S-42).
    pub failures: i64,
    /// When it was not answered last.
    pub failed_at_ms: Option<Timestamp>,
}

#[derive(Insertable)]
#[diesel(table_name = inbox)]
#[diesel(treat_none_as_default_value = false)]
struct NewRow<'a> {
    organization_id: &'a OrganizationId,
    directory_id: &'a DirectoryId,
    employee_hint: &'a Whom,
    action_id: Option<i64>,
    state: InboxState,
    waiting_key: Option<String>,
    hooks: i64,
    first_received_at_ms: Timestamp,
    last_received_at_ms: Timestamp,
    last_received_seq: i64,
    next_at_ms: Timestamp,
    attempts: i64,
    lease_epoch: i64,
}

/// `ActionId` of "Marked Leaver" (protocol page, People HR §5.3). It asks for more than a look, so
/// neither a retry nor a later webhook about the same person makes it forgotten (S-03, S-11).
pub const MARKED_LEAVER: i64 = 3;
/// `ActionId` of "New Starter Added". People HR may tell of somebody before they can be read, so
/// "no such person" is not the last word (S-03).
pub const NEW_STARTER: i64 = 1;

/// A moment that never comes: the row waits for a full sync to settle it.
pub const PARKED: Timestamp = Timestamp(i64::MAX);

/// What merged hints about one person say together: the strongest reason to look at them. A leaver
/// stays a leaver and a starter a starter; otherwise the latest counts.
#[must_use]
pub fn stronger(older: Option<i64>, newer: Option<i64>) -> Option<i64> {
    let strong = [MARKED_LEAVER, NEW_STARTER];
    strong.map(Some).into_iter().find(|it| *it == older || *it == newer).unwrap_or(newer)
}

fn waiting_key(directory: &DirectoryId, whom: &Whom) -> String {
    format!("{directory}|{}", whom.text())
}

/// Hints that wait. In these words, because the database looks for them in an index of their own,
/// without the many that are settled.
pub(crate) fn is_waiting() -> IsNotNull<inbox::waiting_key> {
    inbox::waiting_key.is_not_null()
}

/// Hints whose person is being looked at; in these words for the same reason.
pub(crate) fn is_leased() -> IsNotNull<inbox::lease_until_ms> {
    inbox::lease_until_ms.is_not_null()
}

/// Stores the hints of one webhook: the token is looked up in the same transaction, so the URL of a
/// disabled directory is dead at once everywhere. `None` when the token is nobody's (404). An empty
/// list is fine: the webhook was about something that does not concern us.
pub fn take_in(
    tx: &mut Tx<'_>,
    token_hash: &[u8],
    hints: &[Hint],
    now: Timestamp,
) -> Result<Option<DirectoryId>, DbError> {
    let Some(target) = directories::hold_by_token_hash(tx, token_hash)? else { return Ok(None) };
    if !hints.is_empty() && is_crowded(tx, &target.id)? {
        put(tx, &target, &Hint::EVERYBODY, now)?;
        return Ok(Some(target.id));
    }
    for hint in hints {
        put(tx, &target, hint, now)?;
    }
    Ok(Some(target.id))
}

fn put(tx: &mut Tx<'_>, target: &HookTarget, hint: &Hint, now: Timestamp) -> Result<(), DbError> {
    // Only an active directory looks at once; elsewhere the next full sync settles what waits
    // (L-07).
    let next_at = if target.state == DirectoryState::Active { now } else { PARKED };
    let row = NewRow {
        organization_id: &target.organization_id,
        directory_id: &target.id,
        employee_hint: &hint.whom,
        action_id: hint.action_id.map(i64::from),
        state: InboxState::Waiting,
        waiting_key: Some(waiting_key(&target.id, &hint.whom)),
        hooks: 1,
        first_received_at_ms: now,
        last_received_at_ms: now,
        last_received_seq: target.observation_seq,
        next_at_ms: next_at,
        attempts: 0,
        lease_epoch: 0,
    };
    on_backend!(&mut **tx, |c| diesel::insert_into(inbox::table)
        .values(&row)
        .on_conflict(inbox::waiting_key)
        .do_update()
        .set((
            inbox::hooks.eq(inbox::hooks + 1),
            inbox::last_received_at_ms.eq(excluded(inbox::last_received_at_ms)),
            // Another replica may have read its number earlier and write it later.
            inbox::last_received_seq.eq(case_when(
                excluded(inbox::last_received_seq).gt(inbox::last_received_seq),
                excluded(inbox::last_received_seq),
            )
            .otherwise(inbox::last_received_seq)),
            inbox::action_id.eq(case_when(inbox::action_id.eq(MARKED_LEAVER), inbox::action_id)
                .when(excluded(inbox::action_id).eq(MARKED_LEAVER), excluded(inbox::action_id))
                .when(inbox::action_id.eq(NEW_STARTER), inbox::action_id)
                .otherwise(excluded(inbox::action_id))),
            // Whoever is looked at again now and then, or could not be read so often that they wait
            // for a full sync, is looked at now: something has happened.
            inbox::next_at_ms.eq(case_when(
                inbox::action_id
                    .eq(NEW_STARTER)
                    .and(inbox::attempts.gt(0))
                    .or(inbox::failures.ge(limits::PERSON_TRIES_MAX)),
                excluded(inbox::next_at_ms),
            )
            .otherwise(inbox::next_at_ms)),
        ))
        .execute(c))?;
    Ok(())
}

/// How many hints wait in a directory.
pub fn waiting_count(conn: &mut Conn, directory: &DirectoryId) -> Result<i64, DbError> {
    Ok(on_backend!(conn, |c| inbox::table
        .filter(inbox::directory_id.eq(directory))
        .filter(is_waiting())
        .count()
        .get_result(c))?)
}

/// Whether so many hints wait in a directory that further ones are folded into one.
fn is_crowded(conn: &mut Conn, directory: &DirectoryId) -> Result<bool, DbError> {
    let last: Option<i64> = on_backend!(conn, |c| inbox::table
        .filter(inbox::directory_id.eq(directory))
        .filter(is_waiting())
        .order(inbox::id.asc())
        .offset(limits::INBOX_WAITING_MAX.saturating_sub(1))
        .select(inbox::id)
        .first(c)
        .optional())?;
    Ok(last.is_some())
}

/// A directory that has hints to look at now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueDirectory {
    /// Which.
    pub id: DirectoryId,
    /// Looks of its organization that are under way.
    pub looks: usize,
    /// People to look at.
    pub people: usize,
    /// Whether a hint names nobody and means everybody.
    pub everybody: bool,
}

/// Directories that have hints to look at now: those whose organization has the fewest looks under
/// way first, then the longest waiting, so that the organizations take turns (S-46).
pub fn directories_due(conn: &mut Conn, now: Timestamp) -> Result<Vec<DueDirectory>, DbError> {
    use diesel::dsl::{count_star, min};
    type Row = (OrganizationId, DirectoryId, Option<i64>, Option<Whom>, i64);
    let rows: Vec<Row> = on_backend!(conn, |c| inbox::table
        .filter(is_waiting())
        .filter(inbox::next_at_ms.le(now))
        .group_by((inbox::organization_id, inbox::directory_id))
        .select((
            inbox::organization_id,
            inbox::directory_id,
            min(inbox::id),
            min(inbox::employee_hint),
            count_star(),
        ))
        .load(c))?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let looks: HashMap<OrganizationId, i64> = on_backend!(conn, |c| inbox::table
        .filter(is_leased())
        .group_by(inbox::organization_id)
        .select((inbox::organization_id, count_star()))
        .load::<(OrganizationId, i64)>(c))?
    .into_iter()
    .collect();
    let count = |rows: i64| usize::try_from(rows).unwrap_or(usize::MAX);
    let due = |(organization, id, first, whom, people): Row| {
        let looks = count(looks.get(&organization).copied().unwrap_or(0));
        // The least of all texts is the empty one.
        let everybody = whom == Some(Whom::Everybody);
        ((looks, first), DueDirectory { id, looks, people: count(people), everybody })
    };
    let mut due: Vec<_> = rows.into_iter().map(due).collect();
    due.sort_by_key(|(order, _)| *order);
    Ok(due.into_iter().map(|(_, directory)| directory).collect())
}

/// A look that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct UnderWay {
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The directory.
    pub directory_id: DirectoryId,
    /// Who is looked at.
    pub whom: Whom,
}

/// All looks that are under way, of which there are few (S-46). Of all HR systems only People HR
/// has webhooks, so these are also those of the HR system.
pub fn under_way(conn: &mut Conn) -> Result<Vec<UnderWay>, DbError> {
    Ok(on_backend!(conn, |c| inbox::table
        .filter(is_leased())
        .select((inbox::organization_id, inbox::directory_id, inbox::employee_hint))
        .load(c))?)
}

/// Which of the hints that are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// All but those of the other kind.
    First,
    /// Starters whom the HR system did not know when they were looked at before (S-03). They must
    /// not make a burst, or a run that does not bring them would lead to the next one.
    Again,
}

/// The hints of a directory that may be looked at now, oldest first; those whose person is being
/// looked at already are left waiting.
pub fn due(
    tx: &mut Tx<'_>,
    directory: &DirectoryId,
    turn: Turn,
    under_way: &[UnderWay],
    now: Timestamp,
    limit: i64,
) -> Result<Vec<InboxRow>, DbError> {
    let of_directory = |look: &&UnderWay| look.directory_id == *directory;
    let busy: Vec<&Whom> = under_way.iter().filter(of_directory).map(|look| &look.whom).collect();
    let is_other = || inbox::action_id.is_null().or(inbox::action_id.ne(NEW_STARTER));
    let first = || is_other().or(inbox::attempts.eq(0));
    let again = || inbox::attempts.gt(0).and(inbox::action_id.eq(NEW_STARTER));
    macro_rules! of {
        ($turn:ident) => {
            inbox::table
                .filter(inbox::directory_id.eq(directory))
                .filter(is_waiting())
                .filter(inbox::next_at_ms.le(now))
                .filter(inbox::employee_hint.ne_all(busy))
                .filter($turn())
                .order(inbox::id.asc())
                .limit(limit)
                .select(InboxRow::as_select())
        };
    }
    // The row lock only saves other replicas the attempt; `claim` repeats the condition.
    Ok(match (turn, &mut **tx) {
        (Turn::First, Conn::Sqlite(c)) => of!(first).load(c)?,
        (Turn::Again, Conn::Sqlite(c)) => of!(again).load(c)?,
        (Turn::First, Conn::Pg(c)) => of!(first).for_update().skip_locked().load(c)?,
        (Turn::Again, Conn::Pg(c)) => of!(again).for_update().skip_locked().load(c)?,
    })
}

/// Claims a waiting row until `until`; false when somebody else was faster.
pub fn claim(tx: &mut Tx<'_>, row: &InboxRow, until: Timestamp) -> Result<bool, DbError> {
    let changed = on_backend!(&mut **tx, |c| diesel::update(
        inbox::table
            .find(row.id)
            .filter(inbox::state.eq(InboxState::Waiting))
            .filter(inbox::lease_epoch.eq(row.lease_epoch))
    )
    .set((
        inbox::state.eq(InboxState::Leased),
        inbox::waiting_key.eq(None::<String>),
        inbox::lease_until_ms.eq(until),
        inbox::lease_epoch.eq(inbox::lease_epoch + 1),
        inbox::attempts.eq(inbox::attempts + 1),
    ))
    .execute(c))?;
    Ok(changed == 1)
}

/// Prolongs a claim; false when it was lost.
pub fn renew(tx: &mut Tx<'_>, id: i64, epoch: i64, until: Timestamp) -> Result<bool, DbError> {
    let changed = on_backend!(&mut **tx, |c| diesel::update(
        inbox::table
            .find(id)
            .filter(inbox::state.eq(InboxState::Leased))
            .filter(inbox::lease_epoch.eq(epoch))
    )
    .set(inbox::lease_until_ms.eq(until))
    .execute(c))?;
    Ok(changed == 1)
}

/// Settles a claimed row; false when the claim was lost, and then nothing else may be written.
pub fn settle(
    tx: &mut Tx<'_>,
    id: i64,
    epoch: i64,
    outcome: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let changed = on_backend!(&mut **tx, |c| diesel::update(
        inbox::table
            .find(id)
            .filter(inbox::state.eq(InboxState::Leased))
            .filter(inbox::lease_epoch.eq(epoch))
    )
    .set((
        inbox::state.eq(InboxState::Done),
        inbox::done_at_ms.eq(now),
        inbox::outcome.eq(outcome),
        inbox::lease_until_ms.eq(None::<Timestamp>),
    ))
    .execute(c))?;
    Ok(changed == 1)
}

/// Gives a claimed row back, to be looked at from `next_at` on. When the person has a newer waiting
/// row, this one is merged into it. When the claim was lost, nothing is written.
pub fn give_back(
    tx: &mut Tx<'_>,
    row: &InboxRow,
    epoch: i64,
    next_at: Timestamp,
    now: Timestamp,
) -> Result<(), DbError> {
    if !renew(tx, row.id, epoch, now)? {
        return Ok(());
    }
    let key = waiting_key(&row.directory_id, &row.whom);
    for _ in 0..limits::GIVE_BACK_TRIES_MAX {
        if merge_into_newer(tx, row, &key)? {
            settle(tx, row.id, epoch, "merged", now)?;
            return Ok(());
        }
        // On PostgreSQL a newer hint may be stored at this very moment; then it is there now.
        match tx.transaction(|c| wait_again(c, row.id, &key, next_at)) {
            Err(error) if error.is_conflict_on("waiting_key") => {}
            outcome => return outcome,
        }
    }
    Err(DbError::Busy)
}

/// Gives back a claimed row whose look was not answered, so many times in a row by now; from
/// `next_at` on it is looked at again.
pub fn note_unanswered(
    tx: &mut Tx<'_>,
    row: &InboxRow,
    epoch: i64,
    (next_at, failures): (Timestamp, i64),
    now: Timestamp,
) -> Result<(), DbError> {
    give_back(tx, row, epoch, next_at, now)?;
    // The row itself, or the newer one of the same person that it was merged into.
    let key = waiting_key(&row.directory_id, &row.whom);
    on_backend!(&mut **tx, |c| diesel::update(inbox::table.filter(inbox::waiting_key.eq(&key)))
        .set((inbox::failures.eq(failures), inbox::failed_at_ms.eq(now)))
        .execute(c))?;
    Ok(())
}

/// People of a directory, `limit` at most, looks at whom were not answered since `since`.
pub fn unanswered_since(
    conn: &mut Conn,
    directory: &DirectoryId,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<Whom>, DbError> {
    Ok(on_backend!(conn, |c| inbox::table
        .filter(inbox::directory_id.eq(directory))
        .filter(inbox::failed_at_ms.ge(since))
        .filter(inbox::state.ne(InboxState::Done))
        .order(inbox::failed_at_ms.desc())
        .limit(limit)
        .select(inbox::employee_hint)
        .load(c))?)
}

fn merge_into_newer(tx: &mut Tx<'_>, row: &InboxRow, key: &str) -> Result<bool, DbError> {
    let waiting = || inbox::table.filter(inbox::waiting_key.eq(key));
    let action: Option<Option<i64>> = match &mut **tx {
        Conn::Sqlite(c) => waiting().select(inbox::action_id).first(c).optional()?,
        Conn::Pg(c) => waiting().select(inbox::action_id).for_update().first(c).optional()?,
    };
    let Some(action) = action else { return Ok(false) };
    let newer = on_backend!(&mut **tx, |c| diesel::update(waiting())
        .set((
            inbox::hooks.eq(inbox::hooks + row.hooks),
            inbox::first_received_at_ms.eq(row.first_received_at_ms),
            inbox::action_id.eq(stronger(row.action_id, action)),
        ))
        .execute(c))?;
    Ok(newer > 0)
}

fn wait_again(conn: &mut Conn, id: i64, key: &str, next_at: Timestamp) -> Result<(), DbError> {
    on_backend!(conn, |c| diesel::update(inbox::table.find(id))
        .set((
            inbox::state.eq(InboxState::Waiting),
            inbox::waiting_key.eq(key),
            inbox::next_at_ms.eq(next_at),
            inbox::lease_until_ms.eq(None::<Timestamp>),
        ))
        .execute(c))?;
    Ok(())
}

/// Rows whose claim ended without a result, because their worker died; the longest ended
/// first.
pub fn expired(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<Vec<InboxRow>, DbError> {
    Ok(on_backend!(&mut **tx, |c| inbox::table
        .filter(is_leased())
        .filter(inbox::lease_until_ms.lt(now))
        .order(inbox::lease_until_ms.asc())
        .limit(limit)
        .select(InboxRow::as_select())
        .load(c))?)
}

/// Lets these hints wait until `until`.
pub fn let_wait(tx: &mut Tx<'_>, rows: &[InboxRow], until: Timestamp) -> Result<(), DbError> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    on_backend!(&mut **tx, |c| diesel::update(inbox::table.filter(inbox::id.eq_any(ids)))
        .set(inbox::next_at_ms.eq(until))
        .execute(c))?;
    Ok(())
}

/// Lets all waiting hints of a directory wait for a full sync.
pub fn park(tx: &mut Tx<'_>, directory: &DirectoryId) -> Result<usize, DbError> {
    Ok(on_backend!(&mut **tx, |c| diesel::update(
        inbox::table.filter(inbox::directory_id.eq(directory)).filter(is_waiting())
    )
    .set(inbox::next_at_ms.eq(PARKED))
    .execute(c))?)
}

/// Lets the waiting hints of a directory that are due wait until `until`.
pub fn defer(tx: &mut Tx<'_>, directory: &DirectoryId, until: Timestamp) -> Result<usize, DbError> {
    Ok(on_backend!(&mut **tx, |c| diesel::update(
        inbox::table
            .filter(inbox::directory_id.eq(directory))
            .filter(is_waiting())
            .filter(inbox::next_at_ms.lt(until))
    )
    .set(inbox::next_at_ms.eq(until))
    .execute(c))?)
}

/// A full sync whose question has the number `seq` has succeeded: hints that came before it was
/// sent are settled by it, the others are due now. So is a starter of less than a day whom the list
/// did not name either: they are looked at once more (S-03).
pub fn settle_by_run(
    tx: &mut Tx<'_>,
    directory: &DirectoryId,
    seq: i64,
    now: Timestamp,
) -> Result<usize, DbError> {
    let waiting = || inbox::table.filter(inbox::directory_id.eq(directory)).filter(is_waiting());
    let starters = unseen_starters(tx, directory, now)?;
    let settled = on_backend!(&mut **tx, |c| diesel::update(
        waiting().filter(inbox::last_received_seq.lt(seq)).filter(inbox::id.ne_all(&starters))
    )
    .set((
        inbox::state.eq(InboxState::Done),
        inbox::waiting_key.eq(None::<String>),
        inbox::done_at_ms.eq(now),
        inbox::outcome.eq("full_sync"),
    ))
    .execute(c))?;
    on_backend!(&mut **tx, |c| diesel::update(waiting())
        .set(inbox::next_at_ms.eq(now))
        .execute(c))?;
    on_backend!(&mut **tx, |c| diesel::update(
        waiting().filter(inbox::last_received_seq.lt(seq)).filter(inbox::id.eq_any(&starters))
    )
    .set(inbox::attempts.eq(inbox::attempts + 1))
    .execute(c))?;
    Ok(settled)
}

/// Hints of the last day about starters of whom nothing is stored.
fn unseen_starters(
    conn: &mut Conn,
    directory: &DirectoryId,
    now: Timestamp,
) -> Result<Vec<i64>, DbError> {
    use directory_users as u;
    let stored = u::table
        .filter(u::directory_id.eq(directory))
        .filter(u::employee_number.eq(inbox::employee_hint.nullable()));
    Ok(on_backend!(conn, |c| inbox::table
        .filter(inbox::directory_id.eq(directory))
        .filter(is_waiting())
        .filter(inbox::action_id.eq(NEW_STARTER))
        .filter(inbox::employee_hint.ne(Whom::Everybody))
        .filter(inbox::first_received_at_ms.gt(now.plus(-limits::STARTER_MS_MAX)))
        .filter(diesel::dsl::not(diesel::dsl::exists(stored)))
        .select(inbox::id)
        .load(c))?)
}

/// When the next hint is due: one that waits, or one whose claim ends.
pub fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, DbError> {
    let waiting: Option<Timestamp> = on_backend!(conn, |c| inbox::table
        .filter(is_waiting())
        .filter(inbox::next_at_ms.lt(PARKED))
        .select(diesel::dsl::min(inbox::next_at_ms))
        .first(c))?;
    let leased: Option<Timestamp> = on_backend!(conn, |c| inbox::table
        .filter(is_leased())
        .select(diesel::dsl::min(inbox::lease_until_ms))
        .first(c))?;
    Ok(waiting.into_iter().chain(leased).min())
}

/// Deletes the hints of a directory.
pub fn delete_of_directory(tx: &mut Tx<'_>, directory: &DirectoryId) -> Result<usize, DbError> {
    Ok(on_backend!(&mut **tx, |c| diesel::delete(
        inbox::table.filter(inbox::directory_id.eq(directory))
    )
    .execute(c))?)
}

/// Deletes settled hints older than `before`; at most `limit`, so that nobody waits long.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> Result<usize, DbError> {
    let ids: Vec<i64> = on_backend!(&mut **tx, |c| inbox::table
        .filter(inbox::done_at_ms.lt(before))
        .order(inbox::done_at_ms.asc())
        .limit(limit)
        .select(inbox::id)
        .load(c))?;
    Ok(on_backend!(&mut **tx, |c| diesel::delete(inbox::table.filter(inbox::id.eq_any(&ids)))
        .execute(c))?)
}
