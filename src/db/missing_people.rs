//! People whom complete lists do not name, in directories whose key may not ask about one person:
//! since when (L-13). Only a complete list writes here.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use crate::clock::Millis;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::directories::Directory;
use crate::db::error::DbError;
use crate::db::schema::missing_people;
use crate::domain::ids::{DirectoryId, DirectoryUserId, OrganizationId};
use crate::limits;

#[derive(Insertable)]
#[diesel(table_name = missing_people)]
#[diesel(treat_none_as_default_value = false)]
struct NewRow<'a> {
    directory_user_id: &'a DirectoryUserId,
    organization_id: &'a OrganizationId,
    directory_id: &'a DirectoryId,
    missing_since_ms: Millis,
}

/// Since when each of a directory's missing people has been missing.
pub fn since(
    conn: &mut Conn,
    directory: &DirectoryId,
) -> Result<HashMap<DirectoryUserId, Millis>, DbError> {
    use missing_people as t;
    let rows: Vec<(DirectoryUserId, Millis)> = on_backend!(conn, |c| t::table
        .filter(t::directory_id.eq(directory))
        .select((t::directory_user_id, t::missing_since_ms))
        .load(c))?;
    Ok(rows.into_iter().collect())
}

/// Notes people whom the list that was asked for at `asked_at` does not name; whoever is noted
/// already keeps the earlier moment. Give a few at a time.
pub fn note(
    tx: &mut Tx<'_>,
    directory: &Directory,
    people: &[DirectoryUserId],
    asked_at: Millis,
) -> Result<(), DbError> {
    use missing_people as t;
    // A moment that is still to come was noted before the clock was set back.
    on_backend!(&mut **tx, |c| diesel::update(
        t::table
            .filter(t::directory_user_id.eq_any(people))
            .filter(t::missing_since_ms.gt(asked_at))
    )
    .set(t::missing_since_ms.eq(asked_at))
    .execute(c))?;
    let row = |id| NewRow {
        directory_user_id: id,
        organization_id: &directory.organization_id,
        directory_id: &directory.id,
        missing_since_ms: asked_at,
    };
    let rows: Vec<NewRow<'_>> = people.iter().map(row).collect();
    on_backend!(&mut **tx, |c| diesel::insert_into(t::table)
        .values(&rows)
        .on_conflict(t::directory_user_id)
        .do_nothing()
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
    let noted = since(tx, directory)?;
    let seen: Vec<&DirectoryUserId> = noted.keys().filter(|id| !kept.contains(id)).collect();
    for chunk in seen.chunks(limits::IN_LIST_MAX) {
        on_backend!(&mut **tx, |c| diesel::delete(
            missing_people::table
                .filter(missing_people::directory_user_id.eq_any(chunk.iter().copied()))
        )
        .execute(c))?;
    }
    Ok(())
}
