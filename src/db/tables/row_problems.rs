//! Row problems: what HR has to look at in people's records, and why (S-07). A person may have
//! several, each code once.

use diesel::dsl::exists;
use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::schema::row_problems;
use crate::domain::employee::{EmployeeNumber, ExternalKey, RowProblemCode};
use crate::domain::ids::{DirectoryId, OrganizationId, RowProblemId};
use crate::domain::row_problem::Severity;
use crate::limits;
use crate::texts::Text;

/// One thing about a person's record. Holds what HR needs to find the person, nothing more.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = row_problems)]
#[diesel(treat_none_as_default_value = false)]
pub struct RowProblem {
    /// Its id.
    pub id: RowProblemId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The directory it belongs to.
    pub directory_id: DirectoryId,
    /// The person's key.
    pub external_key: ExternalKey,
    /// The person's number.
    pub employee_number: Option<EmployeeNumber>,
    /// The person's name, or what there is of it.
    pub name: String,
    /// The e-mail as written.
    pub email: Option<String>,
    /// What is wrong.
    pub code: RowProblemCode,
    /// Whether it keeps something from being applied.
    pub severity: Severity,
    /// The HR system's own word that it is about.
    pub detail: Option<String>,
    /// The number of the question that brought it last (S-05).
    pub observation_seq: i64,
    /// When it was first seen.
    pub first_seen_at_ms: Timestamp,
    /// When it was last seen.
    pub updated_at_ms: Timestamp,
}

impl RowProblem {
    /// What the HR admin reads and can act on.
    #[must_use]
    pub fn text(&self) -> Text {
        self.code.text(self.detail.as_deref())
    }
}

/// Stores a problem; the same one of the same person is replaced and keeps its date.
pub fn put(tx: &mut Tx<'_>, problem: &RowProblem) -> Result<(), DbError> {
    use row_problems as t;
    on_backend!(&mut **tx, |c| diesel::insert_into(t::table)
        .values(problem)
        .on_conflict((t::directory_id, t::external_key, t::code))
        .do_update()
        .set((
            t::employee_number.eq(&problem.employee_number),
            t::name.eq(&problem.name),
            t::email.eq(&problem.email),
            t::severity.eq(problem.severity),
            t::detail.eq(&problem.detail),
            t::observation_seq.eq(problem.observation_seq),
            t::updated_at_ms.eq(problem.updated_at_ms),
        ))
        .execute(c))?;
    Ok(())
}

/// Forgets these problems of these people.
pub fn clear(
    tx: &mut Tx<'_>,
    directory: &DirectoryId,
    keys: &[ExternalKey],
    codes: &[RowProblemCode],
) -> Result<usize, DbError> {
    use row_problems as t;
    let mut cleared: usize = 0;
    for chunk in keys.chunks(limits::IN_LIST_MAX) {
        cleared = cleared.saturating_add(on_backend!(&mut **tx, |c| diesel::delete(
            t::table
                .filter(t::directory_id.eq(directory))
                .filter(t::external_key.eq_any(chunk))
                .filter(t::code.eq_any(codes))
        )
        .execute(c))?);
    }
    Ok(cleared)
}

/// Forgets problems that a full sync whose question has the number `seq` has not met again, so many
/// at most; how many there were.
pub fn clear_unseen(
    tx: &mut Tx<'_>,
    directory: &DirectoryId,
    seq: i64,
    rows_max: usize,
) -> Result<usize, DbError> {
    use row_problems as t;
    let rows_max = i64::try_from(rows_max).unwrap_or(i64::MAX);
    let ids: Vec<RowProblemId> = on_backend!(&mut **tx, |c| t::table
        .filter(t::directory_id.eq(directory))
        .filter(t::observation_seq.lt(seq))
        .limit(rows_max)
        .select(t::id)
        .load(c))?;
    Ok(on_backend!(&mut **tx, |c| diesel::delete(t::table.filter(t::id.eq_any(ids))).execute(c))?)
}

/// Whether somebody has this problem.
pub fn has(
    conn: &mut Conn,
    directory: &DirectoryId,
    key: &ExternalKey,
    code: RowProblemCode,
) -> Result<bool, DbError> {
    use row_problems as t;
    let found = t::table
        .filter(t::directory_id.eq(directory))
        .filter(t::external_key.eq(key))
        .filter(t::code.eq(code));
    Ok(on_backend!(conn, |c| diesel::select(exists(found)).get_result(c))?)
}

/// A page of problems in order of id.
pub fn page(
    conn: &mut Conn,
    directory: &DirectoryId,
    after: Option<&RowProblemId>,
    limit: i64,
) -> Result<Vec<RowProblem>, DbError> {
    use row_problems as t;
    Ok(on_backend!(conn, |c| {
        let mut query = t::table
            .filter(t::directory_id.eq(directory))
            .order(t::id.asc())
            .limit(limit)
            .select(RowProblem::as_select())
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(t::id.gt(after));
        }
        query.load(c)
    })?)
}
