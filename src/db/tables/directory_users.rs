//! Directory users: people as the HR system has them.

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::clock::Timestamp;
use crate::db::clearing;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::like::containing;
use crate::db::schema::{directory_users, links, row_problems};
use crate::db::types::{Json, StoredDate};
use crate::domain::account::Activity;
use crate::domain::employee::{
    EmailNorm, EmployeeNumber, EmployeeRecord, ExternalKey, KeyKind, ManagerReference, Membership,
    RowProblemCode,
};
use crate::domain::ids::{AccountId, DirectoryId, DirectoryUserId, OrganizationId};
use crate::limits;

/// A directory user.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = directory_users)]
#[diesel(treat_none_as_default_value = false)]
pub struct DirectoryUser {
    /// Its id.
    pub id: DirectoryUserId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The directory it belongs to.
    pub directory_id: DirectoryId,
    /// The provider's key, which the link follows (S-21).
    pub external_key: ExternalKey,
    /// How far that key can be trusted.
    pub key_kind: KeyKind,
    /// The employee number.
    pub employee_number: Option<EmployeeNumber>,
    /// The work e-mail, for comparison.
    pub email_norm: Option<EmailNorm>,
    /// "first last" of the name, folded (`domain::search`).
    pub first_last: String,
    /// Their place in a list of people: "last first" of the name, folded, a line break and the id.
    pub name_order: String,
    /// Whether the HR system counts them as employed. What the application is told is
    /// [`DirectoryUser::shown_state`].
    pub state: Activity,
    /// Whether they are in the list of current staff.
    pub membership: Membership,
    /// What was applied last.
    pub record: Json<EmployeeRecord>,
    /// Keyed hash of the raw record it came from; none when a full sync has to look again.
    pub raw_hash: Option<Vec<u8>>,
    /// When this person is to be decided again from what is stored, because a date acts (S-12).
    pub due_at_ms: Option<Timestamp>,
    /// Whether the application has this person in its list: it was told of them, and not that they
    /// are gone (`inactive_policy`, wire contract §6). Lists and counts name only these.
    pub listed: bool,
    /// The number of the question that brought it (S-05).
    pub observation_seq: i64,
    /// Counts up with every event about this person.
    pub version: i64,
    /// When they were first seen.
    pub created_at_ms: Timestamp,
    /// When they last changed.
    pub updated_at_ms: Timestamp,
    /// The leaving date that has passed the guard, and acts on its day without being counted again
    /// (S-32).
    pub leaving_date_cleared: Option<StoredDate>,
    /// Employed, and not active before their first day (S-11).
    pub waits_for_start: bool,
}

impl DirectoryUser {
    /// Whether they are active for the application.
    #[must_use]
    pub const fn shown_state(&self) -> Activity {
        if self.waits_for_start { Activity::Inactive } else { self.state }
    }
}

/// What a full sync has to know of everybody before it reads.
#[derive(Debug, Clone, Queryable)]
pub struct Known {
    /// Who.
    pub id: DirectoryUserId,
    /// Their key.
    pub external_key: ExternalKey,
    /// How far that key can be trusted.
    pub key_kind: KeyKind,
    /// Their number.
    pub employee_number: Option<EmployeeNumber>,
    /// Their e-mail, for comparison.
    pub email_norm: Option<EmailNorm>,
    /// Whether they count as employed.
    pub state: Activity,
    /// Whether they were in the list of current staff.
    pub membership: Membership,
    /// The hash of their raw record.
    pub raw_hash: Option<Vec<u8>>,
    /// When they last changed.
    pub updated_at_ms: Timestamp,
}

/// Inserts or replaces directory users by id. The batch must not name one twice.
pub fn upsert(tx: &mut Tx<'_>, users: &[DirectoryUser]) -> Result<(), DbError> {
    use directory_users as t;
    for chunk in users.chunks(limits::APPLY_BATCH_PEOPLE_MAX) {
        on_backend!(&mut **tx, |c| diesel::insert_into(t::table)
            .values(chunk)
            .on_conflict(t::id)
            .do_update()
            .set((
                t::external_key.eq(excluded(t::external_key)),
                t::key_kind.eq(excluded(t::key_kind)),
                t::employee_number.eq(excluded(t::employee_number)),
                t::email_norm.eq(excluded(t::email_norm)),
                t::first_last.eq(excluded(t::first_last)),
                t::name_order.eq(excluded(t::name_order)),
                t::state.eq(excluded(t::state)),
                t::membership.eq(excluded(t::membership)),
                t::record.eq(excluded(t::record)),
                t::raw_hash.eq(excluded(t::raw_hash)),
                t::leaving_date_cleared.eq(excluded(t::leaving_date_cleared)),
                t::due_at_ms.eq(excluded(t::due_at_ms)),
                t::listed.eq(excluded(t::listed)),
                t::observation_seq.eq(excluded(t::observation_seq)),
                t::version.eq(excluded(t::version)),
                t::created_at_ms.eq(excluded(t::created_at_ms)),
                t::updated_at_ms.eq(excluded(t::updated_at_ms)),
                t::waits_for_start.eq(excluded(t::waits_for_start)),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// Gives a directory user another id: for the application, who comes back is somebody new (wire
/// contract §6). Their link follows.
pub fn change_id(
    tx: &mut Tx<'_>,
    old: &DirectoryUserId,
    new: &DirectoryUserId,
) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(directory_users::table.find(old))
        .set(directory_users::id.eq(new))
        .execute(c))?;
    Ok(())
}

/// Lets the people of other directories who have these accounts too be decided again from what is
/// stored, as if a date had come: `directory` does not manage the accounts any more (S-26).
pub fn decide_again_elsewhere(
    tx: &mut Tx<'_>,
    directory: &DirectoryId,
    accounts: &[AccountId],
    now: Timestamp,
) -> Result<(), DbError> {
    let mut people: Vec<DirectoryUserId> = Vec::new();
    for chunk in accounts.chunks(limits::IN_LIST_MAX) {
        people.extend(on_backend!(&mut **tx, |c| links::table
            .filter(links::account_id.eq_any(chunk))
            .filter(links::directory_id.ne(directory))
            .select(links::directory_user_id)
            .load::<DirectoryUserId>(c))?);
    }
    make_due(tx, &people, now)
}

/// Lets the next full sync of other directories look at their people who have these accounts too:
/// `directory` is gone, and the fields follow those (L-08).
pub fn look_again_elsewhere(
    tx: &mut Tx<'_>,
    directory: &DirectoryId,
    accounts: &[AccountId],
) -> Result<(), DbError> {
    for chunk in accounts.chunks(limits::IN_LIST_MAX) {
        let people: Vec<DirectoryUserId> = on_backend!(&mut **tx, |c| links::table
            .filter(links::account_id.eq_any(chunk))
            .filter(links::directory_id.ne(directory))
            .select(links::directory_user_id)
            .load(c))?;
        on_backend!(&mut **tx, |c| diesel::update(
            directory_users::table.filter(directory_users::id.eq_any(&people))
        )
        .set(directory_users::raw_hash.eq(None::<Vec<u8>>))
        .execute(c))?;
    }
    Ok(())
}

/// The directory users with these keys or numbers.
pub fn by_keys(
    conn: &mut Conn,
    directory: &DirectoryId,
    keys: &[ExternalKey],
    numbers: &[EmployeeNumber],
) -> Result<Vec<DirectoryUser>, DbError> {
    use directory_users as t;
    let mut found: Vec<DirectoryUser> = Vec::new();
    for chunk in keys.chunks(limits::IN_LIST_MAX) {
        found.extend(on_backend!(conn, |c| t::table
            .filter(t::directory_id.eq(directory))
            .filter(t::external_key.eq_any(chunk))
            .select(DirectoryUser::as_select())
            .load(c))?);
    }
    for chunk in numbers.chunks(limits::IN_LIST_MAX) {
        found.extend(on_backend!(conn, |c| t::table
            .filter(t::directory_id.eq(directory))
            .filter(t::employee_number.eq_any(chunk))
            .select(DirectoryUser::as_select())
            .load(c))?);
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found.dedup_by(|a, b| a.id == b.id);
    Ok(found)
}

/// The directory users with these e-mails.
pub fn by_emails(
    conn: &mut Conn,
    directory: &DirectoryId,
    emails: &[EmailNorm],
) -> Result<Vec<DirectoryUser>, DbError> {
    use directory_users as t;
    let mut found: Vec<DirectoryUser> = Vec::new();
    for chunk in emails.chunks(limits::IN_LIST_MAX) {
        found.extend(on_backend!(conn, |c| t::table
            .filter(t::directory_id.eq(directory))
            .filter(t::email_norm.eq_any(chunk))
            .select(DirectoryUser::as_select())
            .load(c))?);
    }
    Ok(found)
}

/// Directory users by id, in no particular order.
pub fn by_ids(conn: &mut Conn, ids: &[DirectoryUserId]) -> Result<Vec<DirectoryUser>, DbError> {
    let mut found: Vec<DirectoryUser> = Vec::new();
    for chunk in ids.chunks(limits::IN_LIST_MAX) {
        found.extend(on_backend!(conn, |c| directory_users::table
            .filter(directory_users::id.eq_any(chunk))
            .filter(directory_users::directory_id.ne_all(clearing::unfinished()))
            .select(DirectoryUser::as_select())
            .load(c))?);
    }
    Ok(found)
}

/// Somebody employed whom a question with this number or a later one has seen, for the HR systems
/// that ask by number with a number.
pub fn seen_since(
    conn: &mut Conn,
    directory: &DirectoryId,
    seq: i64,
) -> Result<Option<DirectoryUser>, DbError> {
    use directory_users as t;
    let with_number = on_backend!(conn, |c| t::table
        .filter(t::directory_id.eq(directory))
        .filter(t::state.eq(Activity::Active))
        .filter(t::observation_seq.ge(seq))
        .filter(t::employee_number.is_not_null())
        .select(DirectoryUser::as_select())
        .first(c)
        .optional())?;
    if with_number.is_some() {
        return Ok(with_number);
    }
    Ok(on_backend!(conn, |c| t::table
        .filter(t::directory_id.eq(directory))
        .filter(t::state.eq(Activity::Active))
        .filter(t::observation_seq.ge(seq))
        .select(DirectoryUser::as_select())
        .first(c)
        .optional())?)
}

/// Somebody else than these, who has a number to ask by, counts as employed, and whose record could
/// be read so far.
pub fn readable_other_than(
    conn: &mut Conn,
    directory: &DirectoryId,
    numbers: &[EmployeeNumber],
) -> Result<Option<DirectoryUser>, DbError> {
    use directory_users as t;
    let unreadable = row_problems::table
        .filter(row_problems::directory_id.eq(directory))
        .filter(row_problems::external_key.eq(t::external_key))
        .filter(row_problems::code.eq(RowProblemCode::UnreadableRecord));
    Ok(on_backend!(conn, |c| t::table
        .filter(t::directory_id.eq(directory))
        .filter(t::employee_number.is_not_null())
        .filter(t::employee_number.ne_all(numbers))
        .filter(t::state.eq(Activity::Active))
        .filter(not(exists(unreadable)))
        .order(t::employee_number.asc())
        .select(DirectoryUser::as_select())
        .first(c)
        .optional())?)
}

/// How many of these directory users count as employed.
pub fn count_active(conn: &mut Conn, ids: &[DirectoryUserId]) -> Result<usize, DbError> {
    use directory_users as t;
    let mut sum: usize = 0;
    for chunk in ids.chunks(limits::IN_LIST_MAX) {
        let count: i64 = on_backend!(conn, |c| t::table
            .filter(t::id.eq_any(chunk))
            .filter(t::state.eq(Activity::Active))
            .count()
            .get_result(c))?;
        sum = sum.saturating_add(usize::try_from(count).unwrap_or(0));
    }
    Ok(sum)
}

/// Whether somebody who is not settled names one of these as their manager. It may say yes too
/// often, never too seldom.
pub fn any_waits_for(
    conn: &mut Conn,
    directory: &DirectoryId,
    managers: &[ManagerReference],
) -> Result<bool, DbError> {
    use directory_users as t;
    for manager in managers {
        // As it stands in the record.
        let named = format!("\"manager\":{}", serde_json::json!(manager));
        let waiting = t::table
            .filter(t::directory_id.eq(directory))
            .filter(t::raw_hash.is_null())
            .filter(t::record.like(containing(&named)).escape('!'));
        if on_backend!(conn, |c| diesel::select(exists(waiting)).get_result(c))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What a full sync has to know of everybody. Whoever changed at a moment that is still to come was
/// decided before the clock was set back, perhaps on a day that is still to come, and is looked at
/// again.
pub fn known(
    conn: &mut Conn,
    directory: &DirectoryId,
    now: Timestamp,
) -> Result<Vec<Known>, DbError> {
    use directory_users as t;
    let mut all: Vec<Known> = on_backend!(conn, |c| t::table
        .filter(t::directory_id.eq(directory))
        .order(t::id.asc())
        .select((
            t::id,
            t::external_key,
            t::key_kind,
            t::employee_number,
            t::email_norm,
            t::state,
            t::membership,
            t::raw_hash,
            t::updated_at_ms,
        ))
        .load(c))?;
    for person in all.iter_mut().filter(|person| person.updated_at_ms > now) {
        person.raw_hash = None;
    }
    Ok(all)
}

/// The directory of the person who has waited longest to be decided again, with its organization.
pub fn directory_due(
    conn: &mut Conn,
    now: Timestamp,
) -> Result<Option<(OrganizationId, DirectoryId)>, DbError> {
    use directory_users as t;
    Ok(on_backend!(conn, |c| t::table
        .filter(t::due_at_ms.le(now))
        .order(t::due_at_ms.asc())
        .select((t::organization_id, t::directory_id))
        .first(c)
        .optional())?)
}

/// The people of a directory who are to be decided again, the longest waiting first.
pub fn due(
    conn: &mut Conn,
    directory: &DirectoryId,
    now: Timestamp,
    people_max: usize,
) -> Result<Vec<DirectoryUserId>, DbError> {
    use directory_users as t;
    let limit = i64::try_from(people_max).unwrap_or(i64::MAX);
    Ok(on_backend!(conn, |c| t::table
        .filter(t::directory_id.eq(directory))
        .filter(t::due_at_ms.le(now))
        .order((t::due_at_ms.asc(), t::id.asc()))
        .limit(limit)
        .select(t::id)
        .load(c))?)
}

/// When the next person is to be decided again.
pub fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, DbError> {
    Ok(on_backend!(conn, |c| directory_users::table
        .select(diesel::dsl::min(directory_users::due_at_ms))
        .first(c))?)
}

/// Whoever of these is still to be decided again for a moment that is past, is so at this one.
pub fn set_due(
    tx: &mut Tx<'_>,
    ids: &[DirectoryUserId],
    now: Timestamp,
    due_at: Option<Timestamp>,
) -> Result<(), DbError> {
    use directory_users as t;
    for chunk in ids.chunks(limits::IN_LIST_MAX) {
        on_backend!(&mut **tx, |c| diesel::update(
            t::table.filter(t::id.eq_any(chunk)).filter(t::due_at_ms.le(now))
        )
        .set(t::due_at_ms.eq(due_at))
        .execute(c))?;
    }
    Ok(())
}

/// These people are to be decided again now.
pub fn make_due(tx: &mut Tx<'_>, ids: &[DirectoryUserId], now: Timestamp) -> Result<(), DbError> {
    use directory_users as t;
    for chunk in ids.chunks(limits::IN_LIST_MAX) {
        on_backend!(&mut **tx, |c| diesel::update(t::table.filter(t::id.eq_any(chunk)))
            .set(t::due_at_ms.eq(now))
            .execute(c))?;
    }
    Ok(())
}

/// The next people of an organization in the order of their ids, behind `after`.
pub fn next_of_organization(
    conn: &mut Conn,
    organization: &OrganizationId,
    after: &DirectoryUserId,
    people_max: usize,
) -> Result<Vec<DirectoryUserId>, DbError> {
    use directory_users as t;
    let limit = i64::try_from(people_max).unwrap_or(i64::MAX);
    Ok(on_backend!(conn, |c| t::table
        .filter(t::organization_id.eq(organization))
        .filter(t::id.gt(after))
        .order(t::id.asc())
        .limit(limit)
        .select(t::id)
        .load(c))?)
}

/// Moves the observation number of people who were seen unchanged, so that an older answer that
/// comes later is dropped (S-05). A person who was changed by a look since (which takes the hash
/// away) is not what the list was compared with, and is left for the next full sync.
pub fn mark_seen(
    tx: &mut Tx<'_>,
    ids: &[DirectoryUserId],
    observation_seq: i64,
) -> Result<(), DbError> {
    use directory_users as t;
    for chunk in ids.chunks(limits::IN_LIST_MAX) {
        on_backend!(&mut **tx, |c| diesel::update(
            t::table
                .filter(t::id.eq_any(chunk))
                .filter(t::observation_seq.lt(observation_seq))
                .filter(t::raw_hash.is_not_null())
        )
        .set(t::observation_seq.eq(observation_seq))
        .execute(c))?;
    }
    Ok(())
}
