//! Who is stored, as records of a list name them.
//!
//! What this module must not do: touch the database.

use std::collections::HashMap;

use crate::db::directory_users::Known;
use crate::domain::account::Activity;
use crate::domain::employee::{EmployeeNumber, EmployeeRecord, ExternalKey, Membership};

/// How many people were stored before a list was read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Roll {
    /// Who counts as employed.
    pub active: usize,
    /// Everybody.
    pub all: usize,
}

/// The keyed hash of a raw record.
pub(crate) type RawHash = [u8; 16];

/// One person of the list.
pub(crate) enum Seen {
    /// As last time.
    Known { index: usize, hash: RawHash },
    /// To be planned.
    Changed { record: Box<EmployeeRecord>, hash: RawHash },
}

/// Everybody as stored, by what a record can name them by.
pub(crate) struct Stored<'a> {
    pub(crate) all: &'a [Known],
    by_key: HashMap<&'a ExternalKey, (usize, &'a Known)>,
    by_number: HashMap<&'a EmployeeNumber, (usize, &'a Known)>,
}

impl<'a> Stored<'a> {
    pub(crate) fn of(known: &'a [Known]) -> Self {
        let all = || known.iter().enumerate();
        let number = |(index, known): (usize, &'a Known)| {
            Some((known.employee_number.as_ref()?, (index, known)))
        };
        Self {
            all: known,
            by_key: all().map(|(index, known)| (&known.external_key, (index, known))).collect(),
            by_number: all().filter_map(number).collect(),
        }
    }

    /// Whom these keys name.
    pub(crate) fn find_by(
        &self,
        key: &ExternalKey,
        number: Option<&EmployeeNumber>,
    ) -> Option<(usize, &'a Known)> {
        let by_number = || self.by_number.get(number?);
        self.by_key.get(key).or_else(by_number).copied()
    }

    /// Who is stored under a key.
    pub(crate) fn under(&self, key: &ExternalKey) -> Option<&'a Known> {
        self.by_key.get(key).map(|(_, known)| *known)
    }

    /// Whom a record is about, by the rule of [`crate::sync::decide::person::Snapshot::stored`].
    pub(crate) fn find(&self, record: &EmployeeRecord) -> Option<(usize, &'a Known)> {
        let by_number = || {
            let found = self.by_number.get(record.employee_number.as_ref()?)?;
            (found.1.key_kind != record.key_kind).then_some(found)
        };
        self.by_key.get(&record.external_key).or_else(by_number).copied()
    }
}

/// Where in the stored people the one stands whom a record is about.
pub(crate) fn place_of(seen: &Seen, stored: &Stored<'_>) -> Option<usize> {
    match seen {
        Seen::Known { index, .. } => Some(*index),
        Seen::Changed { record, .. } => stored.find(record).map(|(index, _)| index),
    }
}

pub(crate) fn stored_of<'a>(seen: &Seen, stored: &Stored<'a>) -> Option<&'a Known> {
    place_of(seen, stored).and_then(|index| stored.all.get(index))
}

/// Whether somebody who counted as employed would not any more although nothing in their record
/// says so.
pub(crate) fn left_unsaid(known: &Known, seen: &Seen) -> bool {
    let says_so = match seen {
        Seen::Known { .. } => false,
        Seen::Changed { record, .. } => record.leaving_date.is_some(),
    };
    known.membership == Membership::Member && known.state == Activity::Active && !says_so
}
