//! What a disabled directory or a deleted organization leaves is cleared away in pieces (L-08,
//! S-46).
//!
//! Disabling is one short transaction: from then on the directory has no key, no URL and, for
//! everybody who reads, no people. Their rows go afterwards, a few in each transaction, so that no
//! webhook of another organization waits long behind them. Who had which account is kept on the way
//! (L-09), and other directories look again at people whose accounts they have too (S-26).
//!
//! Invariants:
//! - A piece is whole or not there; whoever comes next, in this process or another, goes on.
//! - A full sync or preview of the organization first finishes what is left, because it needs to
//!   know who had which account.
//!
//! What this module must not do: change an account.

use crate::db::directories::{self, Directory};
use crate::db::links::{self, Linked};
use crate::db::{DbError, Lane, Tx, clearing, directory_users};
use crate::domain::ids::{AccountId, DirectoryId, OrganizationId};
use crate::limits;
use crate::sync::apply::former_links;
use crate::sync::{Context, SyncError};

/// Clears the next piece; false when there is none.
pub async fn step(cx: &Context) -> Result<bool, SyncError> {
    let next = cx.db.read(|conn| clearing::next(conn, None)).await?;
    let Some((organization, directory)) = next else { return delete_piece(cx).await };
    if clear_piece(cx, organization, directory).await? {
        // The freed bytes go from the files too; the janitor tries again if this cannot be now.
        if let Err(error) = cx.db.scrub().await {
            tracing::info!(error = %error, "deleted bytes are in the files until the next sweep");
        }
    }
    Ok(true)
}

/// Deletes a piece of a deleted organization; false when there is none.
async fn delete_piece(cx: &Context) -> Result<bool, SyncError> {
    let next = cx.db.read(clearing::next_organization).await?;
    let Some(organization) = next else { return Ok(false) };
    let write = cx.db.write(Lane::Bulk, move |tx| {
        tx.lock_organization(&organization)?;
        clearing::delete_rows_of_organization(tx, &organization, limits::PIECE_ROWS_MAX)
    });
    write.await?;
    Ok(true)
}

/// Clears all that is left of an organization's disabled directories.
pub async fn finish(cx: &Context, organization: &OrganizationId) -> Result<(), DbError> {
    loop {
        let of = organization.clone();
        let next = cx.db.read(move |conn| clearing::next(conn, Some(&of))).await?;
        let Some((organization, directory)) = next else { return Ok(()) };
        clear_piece(cx, organization, directory).await?;
    }
}

/// Clears a piece of one directory; true when it was the last one.
async fn clear_piece(
    cx: &Context,
    organization: OrganizationId,
    directory: DirectoryId,
) -> Result<bool, DbError> {
    let inner = cx.clone();
    let write = cx.db.write(Lane::Bulk, move |tx| {
        tx.lock_organization(&organization)?;
        let Some(directory) = directories::lock(tx, &directory)? else { return Ok(true) };
        if directory.clearing_since_ms.is_none() {
            return Ok(true);
        }
        if clear_in(tx, &inner, &directory)? {
            clearing::go_on_later(tx, &directory.id, inner.clock.now())?;
            return Ok(false);
        }
        clearing::finish(tx, &directory.id)?;
        tracing::info!(directory.id = %directory.id, "what a disabled directory left is cleared");
        Ok(true)
    });
    write.await
}

/// Clears so many rows of a directory; false when none is left.
fn clear_in(tx: &mut Tx<'_>, cx: &Context, directory: &Directory) -> Result<bool, DbError> {
    let now = cx.clock.now();
    let people_max = i64::try_from(limits::PIECE_PEOPLE_MAX).unwrap_or(i64::MAX);
    let people = links::people(tx, &directory.id, people_max)?;
    if people.is_empty() {
        return Ok(clearing::delete_rows(tx, &directory.id, limits::PIECE_ROWS_MAX)? > 0);
    }
    let users: Vec<_> = people.iter().map(|one: &Linked| one.directory_user_id.clone()).collect();
    let accounts: Vec<AccountId> = people.iter().map(|one| one.account_id.clone()).collect();
    former_links::keep(tx, &cx.keys, directory, people, now)?;
    // Accounts that somebody else has too go on with that one, whose next full sync brings the
    // fields (S-26); all others stay as they are.
    directory_users::look_again_elsewhere(tx, &directory.id, &accounts)?;
    clearing::delete_people(tx, &users)?;
    Ok(true)
}
