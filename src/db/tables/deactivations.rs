//! Who lost access lately because of a directory, or will on a date that became known lately: what
//! the guard counts (S-32).

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::schema::{accounts, deactivations, links};
use crate::domain::account::AccountStatus;
use crate::domain::ids::{AccountId, DirectoryId, OrganizationId};
use crate::limits;

/// Notes that these accounts became inactive (`ended`) or that it became known on which day they
/// will, and forgets what no window needs any more.
pub fn note(
    tx: &mut Tx<'_>,
    organization: &OrganizationId,
    directory: &DirectoryId,
    accounts: &[(AccountId, bool)],
    now: Timestamp,
) -> Result<(), DbError> {
    use deactivations as t;
    if accounts.is_empty() {
        return Ok(());
    }
    let needed_since = now.plus(-limits::GUARD_WINDOW_MS.saturating_mul(2));
    on_backend!(&mut **tx, |c| diesel::delete(
        t::table
            .filter(t::directory_id.eq(directory))
            .filter(t::deactivated_at_ms.lt(needed_since))
    )
    .execute(c))?;
    for chunk in accounts.chunks(limits::APPLY_BATCH_PEOPLE_MAX) {
        let rows: Vec<_> = chunk
            .iter()
            .map(|(account, ended)| {
                (
                    t::organization_id.eq(organization),
                    t::directory_id.eq(directory),
                    t::account_id.eq(account),
                    t::deactivated_at_ms.eq(now),
                    t::ended.eq(*ended),
                )
            })
            .collect();
        on_backend!(&mut **tx, |c| diesel::insert_into(t::table).values(&rows).execute(c))?;
    }
    Ok(())
}

/// How many were noted in the hour before `now`, and how many of them are inactive since. What lies
/// far in the future was noted before the clock was set back, and does not count.
pub fn recent(
    conn: &mut Conn,
    directory: &DirectoryId,
    now: Timestamp,
) -> Result<(u64, u64), DbError> {
    use deactivations as t;
    let ended: Vec<bool> = on_backend!(conn, |c| t::table
        .filter(t::directory_id.eq(directory))
        .filter(t::deactivated_at_ms.gt(now.plus(-limits::GUARD_WINDOW_MS)))
        .filter(t::deactivated_at_ms.le(now.plus(limits::GUARD_WINDOW_MS)))
        .select(t::ended)
        .load(c))?;
    let count = |some: usize| u64::try_from(some).unwrap_or(u64::MAX);
    Ok((count(ended.len()), count(ended.iter().filter(|ended| **ended).count())))
}

/// How many active accounts the directory has links to.
pub fn linked_active(conn: &mut Conn, directory: &DirectoryId) -> Result<u64, DbError> {
    let count: i64 = on_backend!(conn, |c| links::table
        .inner_join(accounts::table)
        .filter(links::directory_id.eq(directory))
        .filter(accounts::status.eq(AccountStatus::Active))
        .count()
        .get_result(c))?;
    Ok(u64::try_from(count).unwrap_or(0))
}
