//! Departments that nobody is in any more (S-14).
//!
//! A complete list shows which departments are still named. A group that has no member and that no
//! record names is deleted with one event; no membership ends with it, because there is none (wire
//! contract §6). When the department comes back it is a new group.
//!
//! Invariant: whoever can not be applied, and whoever is missing from the list without being known
//! to be gone, still holds their group: by the membership that stays as it is, or by being read.
//!
//! What this module must not do: end a membership.

use std::collections::HashSet;

use serde_json::Value;

use crate::clock::Millis;
use crate::db::directories::Directory;
use crate::db::events::NewEvent;
use crate::db::{DbError, Tx, groups};
use crate::domain::event::EventKind;
use crate::sync::objects;

/// Deletes the groups without members whose keys a complete list did not name.
pub(super) fn delete_emptied(
    tx: &mut Tx<'_>,
    directory: &Directory,
    named: &HashSet<String>,
    now: Millis,
) -> Result<(), DbError> {
    let mut emptied = groups::without_members(tx, &directory.id)?;
    emptied.retain(|group| !named.contains(&group.group_key));
    let ids: Vec<_> = emptied.iter().map(|group| group.id.clone()).collect();
    groups::delete(tx, &ids)?;
    for group in emptied {
        tx.emit(NewEvent {
            organization_id: directory.organization_id.clone(),
            directory_id: Some(directory.id.clone()),
            kind: EventKind::GroupDeleted,
            lane: group.id.to_string(),
            data: Value::Object(objects::group(&group)),
            created_at: now,
        });
    }
    Ok(())
}
