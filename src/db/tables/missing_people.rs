//! People whom complete lists do not name: since when, and whether the HR system is still to be
//! asked about them (S-31, L-13). Only a complete list adds somebody here.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::clock::Timestamp;
use crate::db::conn::{Conn, Tx, delete_listed, on_backend};
use crate::db::directories::Directory;
use crate::db::error::DbError;
use crate::db::schema::missing_people;
use crate::domain::ids::{DirectoryId, DirectoryUserId, OrganizationId};
use crate::limits;

/// Somebody who is missing.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = missing_people)]
#[diesel(treat_none_as_default_value = false)]
pub struct MissingPerson {
    /// Who.
    pub directory_user_id: DirectoryUserId,
    /// Whose they are.
    pub organization_id: OrganizationId,
    /// In which directory.
    pub directory_id: DirectoryId,
    /// When the first list was asked for that did not name them. When they were answered about in
    /// between, they are somebody new here.
    pub missing_since_ms: Timestamp,
    /// The number of the latest such list, where questions about one person are asked.
    pub list_seq: Option<i64>,
    /// When to ask about them; `None` when the next full sync does.
    pub question_at_ms: Option<Timestamp>,
    /// When the admins were told that no answer comes.
    pub told_at_ms: Option<Timestamp>,
}

/// Since when each of a directory's missing people has been missing, where lists alone tell it.
pub fn since(
    conn: &mut Conn,
    directory: &DirectoryId,
) -> Result<HashMap<DirectoryUserId, Timestamp>, DbError> {
    use missing_people as t;
    let rows: Vec<(DirectoryUserId, Timestamp)> = on_backend!(conn, |c| t::table
        .filter(t::directory_id.eq(directory))
        .filter(t::list_seq.is_null())
        .select((t::directory_user_id, t::missing_since_ms))
        .load(c))?;
    Ok(rows.into_iter().collect())
}

/// A directory's missing people.
pub fn noted(
    conn: &mut Conn,
    directory: &DirectoryId,
) -> Result<HashSet<DirectoryUserId>, DbError> {
    use missing_people as t;
    let rows: Vec<DirectoryUserId> = on_backend!(conn, |c| t::table
        .filter(t::directory_id.eq(directory))
        .select(t::directory_user_id)
        .load(c))?;
    Ok(rows.into_iter().collect())
}

/// When and after which list to ask about somebody.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// The number of the list.
    pub list_seq: i64,
    /// When to ask; `None` when the next full sync does.
    pub at: Option<Timestamp>,
}

/// Notes people whom the list that was asked for at `asked_at` does not name; whoever is noted
/// already keeps the earlier moment. Where lists alone are to tell from now on, no moment before
/// counts: whoever could be asked about, and was not answered about, is missing anew (L-13). Give a
/// few at a time.
pub fn note(
    tx: &mut Tx<'_>,
    directory: &Directory,
    people: &[DirectoryUserId],
    asked_at: Timestamp,
    question: Option<Question>,
) -> Result<(), DbError> {
    use missing_people as t;
    // A moment that is still to come was noted before the clock was set back.
    let is_anew = question.is_none();
    on_backend!(&mut **tx, |c| diesel::update(
        t::table.filter(t::directory_user_id.eq_any(people)).filter(
            t::missing_since_ms
                .gt(asked_at)
                .or(t::list_seq.is_not_null().and(is_anew.into_sql::<Bool>()))
        )
    )
    .set(t::missing_since_ms.eq(asked_at))
    .execute(c))?;
    let (list_seq, question_at) = (question.map(|it| it.list_seq), question.and_then(|it| it.at));
    let row = |id: &DirectoryUserId| MissingPerson {
        directory_user_id: id.clone(),
        organization_id: directory.organization_id.clone(),
        directory_id: directory.id.clone(),
        missing_since_ms: asked_at,
        list_seq,
        question_at_ms: question_at,
        told_at_ms: None,
    };
    let rows: Vec<MissingPerson> = people.iter().map(row).collect();
    on_backend!(&mut **tx, |c| diesel::insert_into(t::table)
        .values(&rows)
        .on_conflict(t::directory_user_id)
        .do_update()
        .set((t::list_seq.eq(list_seq), t::question_at_ms.eq(question_at)))
        .execute(c))?;
    Ok(())
}

/// Forgets everybody of a directory but these: they were seen again, or are known to be gone.
pub fn keep_only(
    tx: &mut Tx<'_>,
    directory: &DirectoryId,
    people: &[DirectoryUserId],
) -> Result<(), DbError> {
    let kept: HashSet<&DirectoryUserId> = people.iter().collect();
    let noted = noted(tx, directory)?;
    let seen: Vec<DirectoryUserId> = noted.into_iter().filter(|id| !kept.contains(id)).collect();
    forget(tx, &seen)
}

/// Forgets people: there was an answer about them.
pub fn forget(tx: &mut Tx<'_>, people: &[DirectoryUserId]) -> Result<(), DbError> {
    use missing_people as t;
    delete_listed!(tx, t::table, t::directory_user_id, people);
    Ok(())
}

/// Directories with people to ask about now, the longest waiting first.
pub fn directories_due(
    conn: &mut Conn,
    now: Timestamp,
    directories_max: i64,
) -> Result<Vec<DirectoryId>, DbError> {
    use missing_people as t;
    Ok(on_backend!(conn, |c| t::table
        .filter(t::question_at_ms.is_not_null())
        .filter(t::question_at_ms.le(now))
        .group_by(t::directory_id)
        .order(diesel::dsl::min(t::question_at_ms).asc())
        .limit(directories_max)
        .select(t::directory_id)
        .load(c))?)
}

/// When the next question is due.
pub fn next_question(conn: &mut Conn) -> Result<Option<Timestamp>, DbError> {
    use missing_people as t;
    Ok(on_backend!(conn, |c| t::table
        .filter(t::question_at_ms.is_not_null())
        .order(t::question_at_ms.asc())
        .select(t::question_at_ms)
        .first(c)
        .optional())?
    .flatten())
}

/// Whether there are people of a directory to ask about.
pub fn has_questions(conn: &mut Conn, directory: &DirectoryId) -> Result<bool, DbError> {
    Ok(!to_ask(conn, directory, 1)?.is_empty())
}

/// The people of a directory to ask about, so many at most.
pub fn to_ask(
    conn: &mut Conn,
    directory: &DirectoryId,
    people_max: i64,
) -> Result<Vec<MissingPerson>, DbError> {
    use missing_people as t;
    Ok(on_backend!(conn, |c| t::table
        .filter(t::directory_id.eq(directory))
        .filter(t::question_at_ms.is_not_null())
        .order((t::question_at_ms.asc(), t::directory_user_id.asc()))
        .limit(people_max)
        .select(MissingPerson::as_select())
        .load(c))?)
}

/// Lets all questions of a directory that are still to be asked wait until `at`.
pub fn ask_at(tx: &mut Tx<'_>, directory: &DirectoryId, at: Timestamp) -> Result<usize, DbError> {
    use missing_people as t;
    Ok(on_backend!(&mut **tx, |c| diesel::update(
        t::table.filter(t::directory_id.eq(directory)).filter(t::question_at_ms.is_not_null())
    )
    .set(t::question_at_ms.eq(at))
    .execute(c))?)
}

/// Leaves people to the next full sync.
pub fn leave_to_full_sync(tx: &mut Tx<'_>, people: &[DirectoryUserId]) -> Result<(), DbError> {
    use missing_people as t;
    for chunk in people.chunks(limits::IN_LIST_MAX) {
        on_backend!(&mut **tx, |c| diesel::update(
            t::table.filter(t::directory_user_id.eq_any(chunk))
        )
        .set(t::question_at_ms.eq(None::<Timestamp>))
        .execute(c))?;
    }
    Ok(())
}

/// People about whom questions are asked without an answer since before `before`, so many at most.
pub fn unconfirmed(
    conn: &mut Conn,
    directory: &DirectoryId,
    before: Timestamp,
    people_max: i64,
) -> Result<Vec<MissingPerson>, DbError> {
    use missing_people as t;
    Ok(on_backend!(conn, |c| t::table
        .filter(t::directory_id.eq(directory))
        .filter(t::list_seq.is_not_null())
        .filter(t::missing_since_ms.le(before))
        .order(t::directory_user_id.asc())
        .limit(people_max)
        .select(MissingPerson::as_select())
        .load(c))?)
}

/// Notes that the admins were told of people.
pub fn note_told(
    tx: &mut Tx<'_>,
    people: &[DirectoryUserId],
    now: Timestamp,
) -> Result<(), DbError> {
    use missing_people as t;
    for chunk in people.chunks(limits::IN_LIST_MAX) {
        on_backend!(&mut **tx, |c| diesel::update(
            t::table.filter(t::directory_user_id.eq_any(chunk))
        )
        .set(t::told_at_ms.eq(now))
        .execute(c))?;
    }
    Ok(())
}
