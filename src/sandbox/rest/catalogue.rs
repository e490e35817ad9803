//! The departments or offices of a company, which have ids of their own at a REST API.
//!
//! Invariants: a name is there once; an id stays with its entry when that is renamed and is never
//! given away again. Holds few entries and looks through them.

/// One department or office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Entry {
    pub id: u64,
    pub name: String,
    /// Not deactivated.
    pub active: bool,
}

/// All departments or offices.
#[derive(Debug)]
pub(in super::super) struct Catalogue {
    entries: Vec<Entry>,
    next_id: u64,
    step: u64,
}

impl Catalogue {
    /// An empty one; its first ids are `first`, `first + step` and so on.
    pub(super) fn new((first, step): (u64, u64)) -> Self {
        Self { entries: Vec::new(), next_id: first, step }
    }

    /// Makes an entry for a name that is neither empty nor there.
    pub(super) fn note(&mut self, name: &str) {
        if name.is_empty() || self.find(name).is_some() {
            return;
        }
        self.entries.push(Entry { id: self.next_id, name: name.to_owned(), active: true });
        self.next_id += self.step;
    }

    pub(in super::super) fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    pub(in super::super) fn all(&self) -> &[Entry] {
        &self.entries
    }

    /// Renames an entry; false when there is none or the new name is taken.
    pub(super) fn rename(&mut self, old: &str, new: &str) -> bool {
        if new.is_empty() || self.find(new).is_some() {
            return false;
        }
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.name == old) else {
            return false;
        };
        new.clone_into(&mut entry.name);
        true
    }

    /// Deactivates an entry or takes that back; false when there is none.
    pub(in super::super) fn set_active(&mut self, name: &str, active: bool) -> bool {
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.name == name) else {
            return false;
        };
        entry.active = active;
        true
    }
}
