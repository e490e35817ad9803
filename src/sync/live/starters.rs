//! Starters whom a webhook announces before they can be read (S-03).
//!
//! People HR tells of a new starter while the record is still being saved, so the first answer can
//! be "no such person". They are asked about again a few times within the first minute, then once
//! after every full sync for a day. None of this queues a full sync.
//!
//! What this module must not do: ask, or decide about anybody who was seen before.

use std::slice;

use crate::clock::Timestamp;
use crate::db::directories::Directory;
use crate::db::inbox::{self, InboxRow};
use crate::db::{DbError, Tx, directory_users};
use crate::domain::hint::Whom;
use crate::limits;

/// When a starter is asked about again, counted from the first webhook, in milliseconds.
const AGAIN_MS: [i64; 4] =
    [2 * Timestamp::SECOND, 5 * Timestamp::SECOND, 15 * Timestamp::SECOND, 60 * Timestamp::SECOND];

/// What becomes of a hint about a starter whom the HR system does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// They are asked about again at this moment.
    Again(Timestamp),
    /// They are asked about again after the next full sync.
    AfterRun,
    /// Nobody of this number has started.
    Nobody,
}

fn then(announced: Timestamp, now: Timestamp) -> Then {
    let age = now.since(announced);
    match AGAIN_MS.into_iter().find(|after| *after > age) {
        Some(after) => Then::Again(announced.plus(after)),
        None if age < limits::STARTER_MS_MAX => Then::AfterRun,
        None => Then::Nobody,
    }
}

/// When a starter whose look was not answered is asked about again.
pub(crate) fn next_at(announced: Timestamp, now: Timestamp) -> Timestamp {
    match then(announced, now) {
        Then::Again(at) => at,
        Then::AfterRun | Then::Nobody => inbox::PARKED,
    }
}

/// When everybody is to be read for a starter about whom the key may not ask (L-13): at the same
/// moments, `None` being now. `read_at` is when everybody was read last.
pub(crate) fn list_at(
    announced: Timestamp,
    read_at: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let age = now.since(announced);
    let passed = AGAIN_MS.into_iter().rev().find(|after| *after <= age);
    let is_read = |after: i64| read_at.is_some_and(|read_at| read_at >= announced.plus(after));
    match passed {
        Some(after) if age < limits::STARTER_MS_MAX && !is_read(after) => None,
        _ => Some(next_at(announced, now)),
    }
}

/// Whether a hint announces somebody of whom nothing is stored.
pub(crate) fn is_unseen(
    tx: &mut Tx<'_>,
    directory: &Directory,
    row: &InboxRow,
) -> Result<bool, DbError> {
    let Whom::Person(number) = &row.whom else { return Ok(false) };
    if row.action_id != Some(inbox::NEW_STARTER) {
        return Ok(false);
    }
    let stored = directory_users::by_keys(tx, &directory.id, &[], slice::from_ref(number))?;
    Ok(stored.is_empty())
}

/// The HR system does not know this starter: the claimed hint waits for the next question.
pub(crate) fn not_there_yet(
    tx: &mut Tx<'_>,
    row: &InboxRow,
    epoch: i64,
    now: Timestamp,
) -> Result<(), DbError> {
    match then(row.first_received_at_ms, now) {
        Then::Again(at) => inbox::give_back(tx, row, epoch, at, now),
        Then::AfterRun => inbox::give_back(tx, row, epoch, inbox::PARKED, now),
        Then::Nobody => inbox::settle(tx, row.id, epoch, "gone", now).map(|_| ()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_03_a_starter_is_asked_about_again_after_2_5_15_and_60_seconds() {
        let mut now = Timestamp(1_000);
        let mut asked = Vec::new();
        while let Then::Again(at) = then(Timestamp(1_000), now) {
            asked.push(at.since(Timestamp(1_000)));
            now = at;
        }
        assert_eq!(asked, [2_000, 5_000, 15_000, 60_000]);
        assert_eq!(then(Timestamp(1_000), now), Then::AfterRun);
        // An answer that was slow does not bring the next question forward or away.
        assert_eq!(then(Timestamp(0), Timestamp(4_999)), Then::Again(Timestamp(5_000)));
        assert_eq!(then(Timestamp(0), Timestamp(86_399_999)), Then::AfterRun);
        assert_eq!(then(Timestamp(0), Timestamp(86_400_000)), Then::Nobody);
    }

    #[test]
    fn l_13_everybody_is_read_at_the_same_moments_and_once_for_each() {
        let at = |read_at, now| list_at(Timestamp(0), Some(Timestamp(read_at)), Timestamp(now));
        assert_eq!(at(-10, 100), Some(Timestamp(2_000)));
        assert_eq!(at(150, 2_000), None);
        assert_eq!(at(2_100, 2_200), Some(Timestamp(5_000)));
        assert_eq!(at(2_100, 5_000), None);
        assert_eq!(at(2_100, 70_000), None);
        assert_eq!(at(70_000, 70_100), Some(inbox::PARKED));
    }
}
