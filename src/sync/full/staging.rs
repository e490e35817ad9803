//! Takes in everybody while a list is being read; nothing is applied before the list is complete.
//!
//! A person whose raw record has the same keyed hash as last time is not even parsed: that is what
//! makes a quiet full sync cheap. In memory are the changed records and, of everybody, a hash and a
//! key.
//!
//! A record that cannot be read costs its person only (S-16): whoever its key names was seen, and
//! is left as they are. When even the key cannot be read, or there is none, the record may be
//! anybody's, and nobody is missing from this list.
//!
//! What this module must not do: touch the database, or take a list for complete. It is complete
//! when [`Provider::list`] has returned `Ok`, which is when [`Staging::close`] may be called.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use jiff::civil::Date;

use crate::db::directory_users::Known;
use crate::domain::account::{Activity, activity};
use crate::domain::employee::{EmployeeRecord, ExternalKey, KeyKind, Membership, RowProblemCode};
use crate::domain::ids::DirectoryUserId;
use crate::domain::row_problem::Finding;
use crate::limits;
use crate::providers::{List, Provider, ProviderError, RecordKeys, RecordSink};
use crate::secret::SealingKey;
use crate::sync::full::doubles::{self, Candidate, mark_as_double, name_by_content};
use crate::sync::full::everybody::{Everybody, Unread};
use crate::sync::full::namesakes::Namesake;
use crate::sync::full::stored::{RawHash, Seen, Stored, left_unsaid, place_of, stored_of};

/// A record of the list of everybody that cannot be read.
struct Torn {
    /// Its place in the list, from 1.
    place: usize,
    keys: Option<RecordKeys>,
}

/// What asking once more for the list of current staff has brought.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SecondLook {
    /// It was not asked.
    NotAsked,
    /// It is being read, or was not read to its end.
    Unfinished,
    /// It was read to its end.
    Done,
}

/// The list while it is being read.
pub struct Staging<'a> {
    provider: &'a dyn Provider,
    key: &'a SealingKey,
    known: Vec<Known>,
    known_by_hash: HashMap<RawHash, usize>,
    people: Vec<Seen>,
    by_hash: HashMap<RawHash, usize>,
    by_key: HashMap<ExternalKey, Vec<usize>>,
    current: HashSet<usize>,
    lists_current: bool,
    /// How many records of the list of everybody came so far.
    records: usize,
    torn: Vec<Torn>,
    torn_keys: HashSet<ExternalKey>,
    /// Those of them of which the same list has a record that could be read.
    twins: HashSet<ExternalKey>,
    /// The list of everybody holds a record that may be anybody's: its key cannot be read, or it
    /// has none.
    may_be_anybody: bool,
    /// So does the list of current staff.
    current_torn: bool,
    second_look: SecondLook,
}

impl<'a> Staging<'a> {
    /// Ready to read. `known` is everybody as stored.
    pub fn new(provider: &'a dyn Provider, key: &'a SealingKey, known: Vec<Known>) -> Self {
        let by_hash = |(index, known): (usize, &Known)| {
            let hash = RawHash::try_from(known.raw_hash.as_deref()?).ok()?;
            Some((hash, index))
        };
        let known_by_hash = known.iter().enumerate().filter_map(by_hash).collect();
        Self {
            provider,
            key,
            known,
            known_by_hash,
            people: Vec::new(),
            by_hash: HashMap::new(),
            by_key: HashMap::new(),
            current: HashSet::new(),
            lists_current: false,
            records: 0,
            torn: Vec::new(),
            torn_keys: HashSet::new(),
            twins: HashSet::new(),
            may_be_anybody: false,
            current_torn: false,
            second_look: SecondLook::NotAsked,
        }
    }

    fn hash(&self, raw: &[u8]) -> RawHash {
        self.key.record_hash(self.provider.mapping_version(), raw)
    }

    /// Takes a record in; `None` when it cannot be read. Identical records are one.
    fn add(&mut self, raw: &[u8], hash: RawHash) -> Result<Option<usize>, ProviderError> {
        if let Some(same) = self.by_hash.get(&hash) {
            return Ok(Some(*same));
        }
        if self.people.len().saturating_add(self.torn.len()) >= limits::DIRECTORY_PEOPLE_MAX {
            let reason = format!("more than {} people", limits::DIRECTORY_PEOPLE_MAX);
            return Err(ProviderError::Malformed { reason });
        }
        let position = self.people.len();
        let known = self.known_by_hash.get(&hash).copied();
        let known = known.and_then(|index| Some((index, self.known.get(index)?)));
        let (key, seen) = if let Some((index, known)) = known {
            (known.external_key.clone(), Seen::Known { index, hash })
        } else {
            let Ok(record) = self.provider.normalise(raw) else { return Ok(None) };
            let mut record = Box::new(record);
            let key = record.external_key.clone();
            if key.is_missing() {
                self.may_be_anybody = true;
                name_by_content(&mut record, hash);
            }
            (key, Seen::Changed { record, hash })
        };
        if !key.is_missing() {
            self.by_key.entry(key).or_default().push(position);
        }
        self.by_hash.insert(hash, position);
        self.people.push(seen);
        Ok(Some(position))
    }

    /// Whether people were named, and not one of them by a key that could be read: then it is the
    /// list that cannot be understood, not some record in it.
    #[must_use]
    pub fn is_without_keys(&self) -> bool {
        self.records > 0 && self.by_key.is_empty()
    }

    /// Stored people of whom the list has several records: which of them counts depends on what is
    /// stored.
    #[must_use]
    pub fn several(&self) -> Vec<DirectoryUserId> {
        let several = |known: &&Known| self.positions(&known.external_key).len() > 1;
        self.known.iter().filter(several).map(|known| known.id.clone()).collect()
    }

    fn key_at(&self, position: usize) -> Option<ExternalKey> {
        match self.people.get(position)? {
            Seen::Known { index, .. } => Some(self.known.get(*index)?.external_key.clone()),
            Seen::Changed { record, .. } => Some(record.external_key.clone()),
        }
    }

    fn positions(&self, key: &ExternalKey) -> &[usize] {
        self.by_key.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether somebody who was employed is missing from the list of current staff and nothing in
    /// their record says why: a list that was short once must not end anybody's access (S-11).
    #[must_use]
    pub fn needs_second_look(&self) -> bool {
        let stored = OnceCell::new();
        let missing = self.people.iter().enumerate();
        let mut missing = missing.filter(|(position, _)| !self.current.contains(position));
        self.lists_current
            && missing.any(|(_, seen)| {
                let known = match seen {
                    Seen::Known { index, .. } => self.known.get(*index),
                    Seen::Changed { .. } => {
                        stored_of(seen, stored.get_or_init(|| Stored::of(&self.known)))
                    }
                };
                known.is_some_and(|known| left_unsaid(known, seen))
            })
    }

    /// From now on the list of current staff is read once more.
    pub fn begin_second_look(&mut self) {
        self.second_look = SecondLook::Unfinished;
    }

    /// It was read to its end.
    pub fn end_second_look(&mut self) {
        self.second_look = SecondLook::Done;
    }

    /// Whether a person is in the list of current staff. Where that list cannot be trusted about
    /// somebody who was in it, it says nothing.
    fn membership(&self, position: usize, seen: &Seen, stored: &Stored<'_>) -> Membership {
        match (self.lists_current, self.current.contains(&position)) {
            (false, _) => return Membership::NotShown,
            (true, true) => return Membership::Member,
            (true, false) => {}
        }
        let Some(known) = stored_of(seen, stored) else { return Membership::NotMember };
        let in_doubt = self.current_torn
            || self.second_look == SecondLook::Unfinished
            || self.torn_keys.contains(&known.external_key);
        if in_doubt && left_unsaid(known, seen) {
            Membership::NotShown
        } else {
            Membership::NotMember
        }
    }

    /// The list is complete: who changed, who did not. `seq` is the number of the question, `today`
    /// the date in the organization's time zone, `records` are the stored ones of
    /// [`Staging::several`].
    #[must_use]
    pub fn close(
        mut self,
        seq: i64,
        today: Date,
        records: &HashMap<DirectoryUserId, EmployeeRecord>,
    ) -> Everybody {
        let known = std::mem::take(&mut self.known);
        let stored = Stored::of(&known);
        let fates = self.fates(&stored, records, today);
        let keys_may_change = known.iter().any(|known| known.key_kind == KeyKind::Editable);
        let mut named = HashSet::new();
        let mut strangers = Vec::new();
        let seen = self.people.len().saturating_add(self.torn.len());
        let may_be_anybody =
            self.may_be_anybody || self.torn.iter().any(|torn| self.may_be_known(torn, &stored));
        let mut all = Everybody { seq, may_be_anybody, seen, ..Everybody::default() };
        let people = std::mem::take(&mut self.people);
        for (position, seen) in people.into_iter().enumerate() {
            let fate = fates.get(&position).cloned().unwrap_or_default();
            let membership = match fate.membership {
                Some(membership) => membership,
                None => self.membership(position, &seen, &stored),
            };
            named.extend(place_of(&seen, &stored));
            if fate.is_spare {
                continue;
            }
            match seen {
                Seen::Known { index, hash } => {
                    let Some(known) = known.get(index) else { continue };
                    all.note_known(known, membership, hash, fate.notes);
                }
                Seen::Changed { mut record, hash } => {
                    if fate.is_others {
                        mark_as_double(&mut record);
                    }
                    let active = activity(&record, membership, today);
                    if active == Activity::Inactive && self.torn_keys.contains(&record.external_key)
                    {
                        // The other record of this person may say that they are employed.
                        continue;
                    }
                    let found = stored.find(&record);
                    let same_email =
                        found.is_some_and(|(_, known)| known.email_norm == record.email_norm());
                    if keys_may_change && !same_email {
                        all.others.push(Namesake::of(&record));
                    }
                    let seen = all.observed(*record, membership, active, (hash, fate.notes));
                    if let Some((index, known)) = found {
                        named.insert(index);
                        all.add_known(known, seen);
                    } else {
                        strangers.push(seen);
                    }
                }
            }
        }
        for torn in &self.torn {
            self.note_torn(torn, &stored, &mut named, &mut all);
        }
        let is_missing = |index: &usize| !may_be_anybody && !named.contains(index);
        let missing = known.iter().enumerate().filter(|(index, _)| is_missing(index));
        all.add_strangers(strangers, missing.map(|(_, known)| known).collect());
        all
    }

    /// Whether a record that cannot be read, under a key that is not known, may be about somebody
    /// who is known under another one.
    fn may_be_known(&self, torn: &Torn, stored: &Stored<'_>) -> bool {
        self.provider.keys_can_change()
            && torn.keys.as_ref().is_some_and(|keys| {
                stored.find_by(&keys.external_key, keys.employee_number.as_ref()).is_none()
            })
    }

    /// A record that cannot be read: its person was seen, and nothing of them is applied. Of whom
    /// the list of current staff has a record that could be read, everything is known.
    fn note_torn(
        &self,
        torn: &Torn,
        stored: &Stored<'_>,
        named: &mut HashSet<usize>,
        all: &mut Everybody,
    ) {
        let nobodys = || ExternalKey(format!("unreadable:{}", torn.place));
        let Some(keys) = torn.keys.clone() else {
            let keys = RecordKeys { external_key: nobodys(), employee_number: None };
            all.unread.push(Unread::of(keys, torn.place));
            return;
        };
        let is_current = |position: &usize| self.current.contains(position);
        let is_twin = self.twins.contains(&keys.external_key);
        if !is_twin && self.positions(&keys.external_key).iter().any(is_current) {
            return;
        }
        let found = stored.find_by(&keys.external_key, keys.employee_number.as_ref());
        let mut unread = Unread::of(keys, torn.place);
        if let Some((index, known)) = found {
            if named.insert(index) {
                all.note(known.email_norm.clone(), &known.external_key, known.state);
            }
            unread.user = Some(known.id.clone());
            unread.external_key = known.external_key.clone();
        }
        all.unread.push(unread);
    }

    /// What becomes of records that share their key with others.
    fn fates(
        &self,
        stored: &Stored<'_>,
        records: &HashMap<DirectoryUserId, EmployeeRecord>,
        today: Date,
    ) -> HashMap<usize, Fate> {
        let mut fates = HashMap::new();
        for (key, positions) in self.by_key.iter().filter(|(_, positions)| positions.len() > 1) {
            let before = stored.under(key).and_then(|known| records.get(&known.id));
            let candidate = |position: &usize| {
                let seen = self.people.get(*position)?;
                let record = match seen {
                    Seen::Known { .. } => before?,
                    Seen::Changed { record, .. } => record,
                };
                let membership = self.membership(*position, seen, stored);
                Some(Candidate { position: *position, record, membership })
            };
            let candidates: Vec<Candidate<'_>> = positions.iter().filter_map(candidate).collect();
            let Some(settled) = doubles::settle(&candidates, before, today) else { continue };
            for position in positions {
                let is_others = settled.others.contains(position);
                let counts = *position == settled.position;
                let differ = counts && settled.differ;
                let fate = Fate {
                    is_spare: !counts && !is_others,
                    is_others,
                    membership: counts.then_some(settled.membership),
                    notes: if differ {
                        vec![Finding::of(RowProblemCode::ListedTwice)]
                    } else {
                        vec![]
                    },
                };
                fates.insert(*position, fate);
            }
        }
        fates
    }
}

/// What becomes of a record that shares its key with others.
#[derive(Default, Clone)]
struct Fate {
    /// Another record of the person counts.
    is_spare: bool,
    /// It is about somebody else.
    is_others: bool,
    /// Whether its person is in the list of current staff, if all their records were looked at.
    membership: Option<Membership>,
    notes: Vec<Finding>,
}

impl RecordSink for Staging<'_> {
    fn record(&mut self, raw: &[u8]) -> Result<(), ProviderError> {
        let hash = self.hash(raw);
        let Some(position) = self.add(raw, hash)? else {
            return self.unreadable(List::Everybody, self.provider.salvage(raw), true);
        };
        if !self.torn_keys.is_empty()
            && let Some(key) = self.key_at(position)
            && self.torn_keys.contains(&key)
        {
            self.twins.insert(key);
        }
        self.records = self.records.saturating_add(1);
        Ok(())
    }

    fn current(&mut self, raw: &[u8]) -> Result<(), ProviderError> {
        self.lists_current = true;
        let hash = self.hash(raw);
        let position = if let Some(position) = self.by_hash.get(&hash) {
            *position
        } else {
            let Ok(RecordKeys { external_key, .. }) = self.provider.keys(raw) else {
                return self.unreadable(List::Current, self.provider.salvage(raw), true);
            };
            if external_key.is_missing() {
                // It says something else than in the first list, and there is no telling whose it
                // is: it may be anybody's. The next full sync reads it again.
                self.current_torn = true;
                return Ok(());
            }
            let positions = self.positions(&external_key).to_vec();
            match positions.as_slice() {
                [position] => *position,
                // Hired between the two calls, one of several with this key, or one that could not
                // be read in the first list.
                _ if self.second_look == SecondLook::NotAsked => match self.add(raw, hash)? {
                    Some(position) => position,
                    None => {
                        return self.unreadable(List::Current, self.provider.salvage(raw), true);
                    }
                },
                _ => {
                    self.current.extend(positions);
                    return Ok(());
                }
            }
        };
        self.current.insert(position);
        Ok(())
    }

    fn unreadable(
        &mut self,
        list: List,
        keys: Option<RecordKeys>,
        alone: bool,
    ) -> Result<(), ProviderError> {
        match list {
            List::Everybody => self.may_be_anybody |= !alone || keys.is_none(),
            List::Current => self.current_torn |= !alone || keys.is_none(),
        }
        match (list, keys) {
            (List::Everybody, keys) => {
                self.records = self.records.saturating_add(1);
                if let Some(RecordKeys { external_key, .. }) = &keys {
                    self.torn_keys.insert(external_key.clone());
                    if !self.positions(external_key).is_empty() {
                        self.twins.insert(external_key.clone());
                    }
                }
                self.torn.push(Torn { place: self.records, keys });
            }
            (List::Current, None) => self.lists_current = true,
            (List::Current, Some(keys)) => {
                self.lists_current = true;
                match self.positions(&keys.external_key).to_vec().as_slice() {
                    [position] => {
                        self.current.insert(*position);
                    }
                    [] => {}
                    // There is no telling which of them it is.
                    _ => self.current_torn = true,
                }
            }
        }
        Ok(())
    }
}
