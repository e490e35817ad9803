//! Since when the clock has gone on without a jump, shared by all processes (O-06).

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::conn::{Tx, on_backend};
use crate::db::error::DbError;
use crate::db::schema::clock_belief;
use crate::domain::trust::Belief;

/// There is one row.
const ROW: i64 = 1;

/// Notes that a process sees this time; since when the clock can be believed.
pub fn beat(tx: &mut Tx<'_>, now: Timestamp) -> Result<Belief, DbError> {
    use clock_belief as t;
    let before: Option<(Timestamp, Timestamp)> = on_backend!(&mut **tx, |c| t::table
        .find(ROW)
        .select((t::seen_at_ms, t::since_ms))
        .first(c)
        .optional())?;
    let before = before.map(|(seen_at, since)| Belief { seen_at, since });
    let belief = Belief::after(before, now);
    on_backend!(&mut **tx, |c| diesel::insert_into(t::table)
        .values((t::id.eq(ROW), t::seen_at_ms.eq(belief.seen_at), t::since_ms.eq(belief.since),))
        .on_conflict(t::id)
        .do_update()
        .set((t::seen_at_ms.eq(belief.seen_at), t::since_ms.eq(belief.since)))
        .execute(c))?;
    Ok(belief)
}
