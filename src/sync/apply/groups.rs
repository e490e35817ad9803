//! Departments as groups: who is in which, and those that nobody is in any more (S-14).
//!
//! A person is in the group of their department and in no other. A complete list shows which
//! departments are still named. A group that has no member and that no record names is deleted with
//! one event; no membership ends with it, because there is none (wire contract §6). When the
//! department comes back it is a new group.
//!
//! Invariant: whoever cannot be applied, and whoever is missing from the list without being known
//! to be gone, still holds their group: by the membership that stays as it is, or by being read.
//!
//! What this module must not do: decide who is in which department.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::db::directories::Directory;
use crate::db::groups::{self, Group};
use crate::db::{DbError, Tx};
use crate::domain::employee::{Unit, name_norm};
use crate::domain::event::EventKind;
use crate::domain::event::NewEvent;
use crate::domain::ids::{DirectoryUserId, GroupId};
use crate::sync::apply::write::Writing;
use crate::wire;

/// Deletes the groups without members whose keys a complete list did not name.
pub(crate) fn delete_emptied(
    tx: &mut Tx<'_>,
    directory: &Directory,
    named: &HashSet<String>,
    now: Timestamp,
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
            group_lane: None,
            data: Value::Object(wire::group(&group)),
            created_at: now,
        });
    }
    Ok(())
}

impl Writing<'_, '_, '_> {
    /// Departments are groups (S-14): a person is in the group of their department and in no other.
    pub(crate) fn move_between_groups(&mut self) -> Result<(), DbError> {
        let movers = std::mem::take(&mut self.memberships);
        self.create_groups()?;
        let ids: Vec<DirectoryUserId> = movers.iter().map(|mover| mover.user.clone()).collect();
        let mut present: HashMap<DirectoryUserId, GroupId> =
            groups::memberships_of(self.tx, &ids)?.into_iter().collect();
        let mut placed: BTreeMap<DirectoryUserId, Option<GroupId>> = BTreeMap::new();
        for mover in movers {
            let target = match mover.department.as_ref().filter(|_| mover.listed) {
                Some(unit) => Some(self.group(unit)?),
                None => None,
            };
            let former = present.get(&mover.user).cloned();
            if former.as_ref() == target.as_ref().map(|group| &group.id) {
                continue;
            }
            let told = former.filter(|_| mover.listed);
            if let Some(group) = told.and_then(|id| self.group_by_id(&id)) {
                let data = wire::membership(&mover.object, &group);
                let kind = EventKind::GroupUserRemoved;
                self.emit_membership(kind, &mover.user, &group.id, data);
            }
            placed.insert(mover.user.clone(), target.as_ref().map(|group| group.id.clone()));
            if let Some(group) = target {
                let data = wire::membership(&mover.object, &group);
                let kind = EventKind::GroupUserAdded;
                self.emit_membership(kind, &mover.user, &group.id, data);
                present.insert(mover.user, group.id);
            } else {
                present.remove(&mover.user);
            }
        }
        groups::set_memberships(self.tx, &self.cx.directory.organization_id, &placed)
    }

    /// All groups come before the first membership (wire contract §6), those of later batches too.
    fn create_groups(&mut self) -> Result<(), DbError> {
        let cx = self.cx;
        let departments = &cx.facts.departments;
        let known = self.known_groups()?;
        let mut new: Vec<(&String, &Unit)> =
            departments.iter().filter(|(key, _)| !known.contains_key(*key)).collect();
        new.sort_by_key(|(key, _)| *key);
        for (_, unit) in new {
            self.group(unit)?;
        }
        Ok(())
    }

    fn known_groups(&mut self) -> Result<&mut HashMap<String, Group>, DbError> {
        if self.groups.is_none() {
            let groups = groups::of_directory(self.tx, &self.cx.directory.id)?;
            let by_key = groups.into_iter().map(|group| (group.group_key.clone(), group)).collect();
            self.groups = Some(by_key);
        }
        Ok(self.groups.get_or_insert_default())
    }

    fn group_by_id(&self, id: &GroupId) -> Option<Group> {
        self.groups.as_ref()?.values().find(|group| group.id == *id).cloned()
    }

    /// The group of a department, created at first sight and renamed by its key.
    ///
    /// A list can have one key under two names. The first of them counts, or the name would go to
    /// and fro with every full sync.
    fn group(&mut self, unit: &Unit) -> Result<Group, DbError> {
        let key = unit.group_key();
        let cx = self.cx;
        let unit = cx.facts.departments.get(&key).unwrap_or(unit);
        let Some(mut group) = self.known_groups()?.get(&key).cloned() else {
            let group = Group {
                id: GroupId::new(cx.now, cx.random),
                organization_id: cx.directory.organization_id.clone(),
                directory_id: cx.directory.id.clone(),
                group_key: key.clone(),
                name: unit.name.clone(),
                created_at_ms: cx.now,
                updated_at_ms: cx.now,
            };
            groups::insert(self.tx, &group)?;
            let data = Value::Object(wire::group(&group));
            self.emit(EventKind::GroupCreated, group.id.as_str(), data);
            self.known_groups()?.insert(key, group.clone());
            return Ok(group);
        };
        if name_norm(&group.name) != name_norm(&unit.name) {
            let old = wire::group(&group);
            groups::rename(self.tx, &group.id, &unit.name, cx.now)?;
            group.name.clone_from(&unit.name);
            group.updated_at_ms = cx.now;
            let mut data = wire::group(&group);
            let previous = wire::previous_attributes(&old, &data).unwrap_or_else(|| json!({}));
            data.insert("previous_attributes".to_owned(), previous);
            self.emit(EventKind::GroupUpdated, group.id.as_str(), Value::Object(data));
            self.known_groups()?.insert(key, group.clone());
        }
        Ok(group)
    }
}
