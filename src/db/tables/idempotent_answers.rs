//! Answers to requests with an idempotency key, for those who repeat them.
//!
//! A row without an answer is a claim: its request is under way. A claim is good while it is
//! renewed (`created_at_ms` is the moment of the last renewal), so a process that died blocks
//! nobody for long. Only who has the claim writes the answer.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::conn::{Tx, on_backend};
use crate::db::error::DbError;
use crate::db::schema::idempotent_answers;
use crate::domain::ids::ApiKeyId;
use crate::limits;

/// Names a request: whose it is, and a keyed hash of its idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The API key it came with.
    pub api_key_id: ApiKeyId,
    /// Keyed hash of its idempotency key.
    pub key_hash: Vec<u8>,
}

/// What is stored of a request.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = idempotent_answers)]
#[diesel(treat_none_as_default_value = false)]
struct Row {
    api_key_id: ApiKeyId,
    key_hash: Vec<u8>,
    request_hash: Vec<u8>,
    answer_sealed: Option<Vec<u8>>,
    created_at_ms: Timestamp,
}

/// What a request finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing: it is the first, and has the claim from now on.
    Claimed,
    /// The first one is under way.
    UnderWay,
    /// The first one was another request.
    Other,
    /// The first one's answer, sealed.
    Answer(Vec<u8>),
}

/// Claims a request, unless it is under way or answered.
pub fn claim(
    tx: &mut Tx<'_>,
    name: &Name,
    request_hash: &[u8],
    now: Timestamp,
) -> Result<Found, DbError> {
    use idempotent_answers as t;
    let row = Row {
        api_key_id: name.api_key_id.clone(),
        key_hash: name.key_hash.clone(),
        request_hash: request_hash.to_vec(),
        answer_sealed: None,
        created_at_ms: now,
    };
    let inserted = on_backend!(&mut **tx, |c| diesel::insert_into(t::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(c))?;
    if inserted == 1 {
        return Ok(Found::Claimed);
    }
    let of_name = (&name.api_key_id, &name.key_hash);
    let stored: Option<Row> = on_backend!(&mut **tx, |c| t::table
        .find(of_name)
        .select(Row::as_select())
        .first(c)
        .optional())?;
    // Given back between the two statements: who asks again gets it.
    let Some(stored) = stored else { return Ok(Found::UnderWay) };
    let age_ms = now.since(stored.created_at_ms);
    let counts = match stored.answer_sealed {
        Some(_) => age_ms < limits::IDEMPOTENT_ANSWER_MS_MAX,
        // Who came a moment earlier may claim a moment later. A claim of a moment far ahead was
        // made before the clock was set back.
        None => age_ms.abs() < limits::LEASE_MS_MAX,
    };
    if counts {
        return Ok(match stored.answer_sealed {
            _ if stored.request_hash != request_hash => Found::Other,
            Some(answer) => Found::Answer(answer),
            None => Found::UnderWay,
        });
    }
    // Of two who come at once, one finds the moment unchanged.
    let taken = on_backend!(&mut **tx, |c| diesel::update(
        t::table.find(of_name).filter(t::created_at_ms.eq(stored.created_at_ms))
    )
    .set((
        t::request_hash.eq(request_hash),
        t::answer_sealed.eq(None::<Vec<u8>>),
        t::created_at_ms.eq(now),
    ))
    .execute(c))?;
    Ok(if taken == 1 { Found::Claimed } else { Found::UnderWay })
}

/// Moves the claim of `at` to `now`; false when somebody else has it by now.
pub fn renew(tx: &mut Tx<'_>, name: &Name, at: Timestamp, now: Timestamp) -> Result<bool, DbError> {
    use idempotent_answers as t;
    let of_name = (&name.api_key_id, &name.key_hash);
    Ok(on_backend!(&mut **tx, |c| diesel::update(
        t::table.find(of_name).filter(t::created_at_ms.eq(at)).filter(t::answer_sealed.is_null())
    )
    .set(t::created_at_ms.eq(now))
    .execute(c))?
        == 1)
}

/// Ends the claim of `at` with an answer, or by giving it back; does nothing when somebody else has
/// it by now.
pub fn settle(
    tx: &mut Tx<'_>,
    name: &Name,
    at: Timestamp,
    answer_sealed: Option<&[u8]>,
) -> Result<(), DbError> {
    use idempotent_answers as t;
    let of_name = (&name.api_key_id, &name.key_hash);
    let claimed =
        t::table.find(of_name).filter(t::created_at_ms.eq(at)).filter(t::answer_sealed.is_null());
    match answer_sealed {
        Some(answer) => on_backend!(&mut **tx, |c| diesel::update(claimed)
            .set(t::answer_sealed.eq(answer))
            .execute(c))?,
        None => on_backend!(&mut **tx, |c| diesel::delete(claimed).execute(c))?,
    };
    Ok(())
}

/// Deletes what was noted before this moment; at most `limit`.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> Result<usize, DbError> {
    use idempotent_answers as t;
    let old: Vec<(ApiKeyId, Vec<u8>)> = on_backend!(&mut **tx, |c| t::table
        .filter(t::created_at_ms.lt(before))
        .order(t::created_at_ms.asc())
        .limit(limit)
        .select((t::api_key_id, t::key_hash))
        .load(c))?;
    let mut deleted: usize = 0;
    for row in old {
        deleted = deleted.saturating_add(on_backend!(&mut **tx, |c| diesel::delete(
            t::table.find((&row.0, &row.1)).filter(t::created_at_ms.lt(before))
        )
        .execute(c))?);
    }
    Ok(deleted)
}
