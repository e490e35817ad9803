//! Call budgets: which calls were made to an HR system in the last minute (S-44).
//!
//! Rows, not memory, so that replicas and restarts share them. The window is a strict sliding
//! minute: a call is allowed when fewer than the limit were made in the 60 seconds before it. Calls
//! far in the future were noted before the clock was set back, and do not count.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::schema::{provider_calls, provider_throttles, shared_paces};
use crate::domain::ids::{DirectoryId, OrganizationId};
use crate::domain::provider::ProviderKind;

/// The window in milliseconds.
pub const WINDOW_MS: i64 = Timestamp::MINUTE;

/// Calls of a directory in the window before `now`, oldest first.
pub fn calls_of_directory(
    conn: &mut Conn,
    directory: &DirectoryId,
    now: Timestamp,
) -> Result<Vec<Timestamp>, DbError> {
    use provider_calls as t;
    Ok(on_backend!(conn, |c| t::table
        .filter(t::directory_id.eq(directory))
        .filter(t::called_at_ms.gt(now.plus(-WINDOW_MS)))
        .filter(t::called_at_ms.le(now.plus(WINDOW_MS)))
        .order(t::called_at_ms.asc())
        .select(t::called_at_ms)
        .load(c))?)
}

/// Calls of all directories of a provider in the window before `now`, oldest first.
pub fn calls_of_provider(
    conn: &mut Conn,
    provider: ProviderKind,
    now: Timestamp,
) -> Result<Vec<Timestamp>, DbError> {
    use provider_calls as t;
    Ok(on_backend!(conn, |c| t::table
        .filter(t::provider.eq(provider))
        .filter(t::called_at_ms.gt(now.plus(-WINDOW_MS)))
        .filter(t::called_at_ms.le(now.plus(WINDOW_MS)))
        .order(t::called_at_ms.asc())
        .select(t::called_at_ms)
        .load(c))?)
}

/// Notes `count` calls, and forgets those of the directory that no window needs any more.
pub fn note_calls(
    tx: &mut Tx<'_>,
    organization: &OrganizationId,
    directory: &DirectoryId,
    provider: ProviderKind,
    count: usize,
    now: Timestamp,
) -> Result<(), DbError> {
    use provider_calls as t;
    on_backend!(&mut **tx, |c| diesel::delete(
        t::table
            .filter(t::directory_id.eq(directory))
            .filter(t::called_at_ms.le(now.plus(-2 * WINDOW_MS)))
    )
    .execute(c))?;
    let call = (
        t::organization_id.eq(organization),
        t::directory_id.eq(directory),
        t::provider.eq(provider),
        t::called_at_ms.eq(now),
    );
    let calls = vec![call; count];
    on_backend!(&mut **tx, |c| diesel::insert_into(t::table).values(&calls).execute(c))?;
    Ok(())
}

/// Notes that the HR system asked to slow down; returns how many directories of the provider heard
/// that within the last minute, this one included.
pub fn note_throttle(
    tx: &mut Tx<'_>,
    organization: &OrganizationId,
    directory: &DirectoryId,
    provider: ProviderKind,
    calls_per_minute: Option<i64>,
    now: Timestamp,
) -> Result<usize, DbError> {
    use provider_throttles as t;
    on_backend!(&mut **tx, |c| diesel::delete(
        t::table.filter(t::throttled_at_ms.le(now.plus(-10 * WINDOW_MS)))
    )
    .execute(c))?;
    on_backend!(&mut **tx, |c| diesel::insert_into(t::table)
        .values((
            t::organization_id.eq(organization),
            t::directory_id.eq(directory),
            t::provider.eq(provider),
            t::throttled_at_ms.eq(now),
            t::calls_per_minute.eq(calls_per_minute),
        ))
        .execute(c))?;
    let heard: Vec<DirectoryId> = on_backend!(&mut **tx, |c| t::table
        .filter(t::provider.eq(provider))
        .filter(t::throttled_at_ms.gt(now.plus(-WINDOW_MS)))
        .select(t::directory_id)
        .distinct()
        .load(c))?;
    Ok(heard.len())
}

/// The learned shared pace of a provider and when it was last confirmed.
pub fn shared_pace(
    conn: &mut Conn,
    provider: ProviderKind,
) -> Result<Option<(i64, Timestamp)>, DbError> {
    use shared_paces as t;
    Ok(on_backend!(conn, |c| t::table
        .find(provider)
        .select((t::calls_per_minute, t::last_throttled_at_ms))
        .first(c)
        .optional())?)
}

/// Puts all directories of a provider under one pace, or confirms it.
pub fn learn_shared_pace(
    tx: &mut Tx<'_>,
    provider: ProviderKind,
    calls_per_minute: i64,
    now: Timestamp,
) -> Result<(), DbError> {
    use shared_paces as t;
    on_backend!(&mut **tx, |c| diesel::insert_into(t::table)
        .values((
            t::provider.eq(provider),
            t::calls_per_minute.eq(calls_per_minute),
            t::learned_at_ms.eq(now),
            t::last_throttled_at_ms.eq(now),
        ))
        .on_conflict(t::provider)
        .do_update()
        .set((t::calls_per_minute.eq(calls_per_minute), t::last_throttled_at_ms.eq(now)))
        .execute(c))?;
    Ok(())
}

/// Ends the shared pace of a provider.
pub fn release_shared_pace(tx: &mut Tx<'_>, provider: ProviderKind) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::delete(shared_paces::table.find(provider)).execute(c))?;
    Ok(())
}
