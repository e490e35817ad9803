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
use std::ops::Range;
use std::sync::Arc;

use crate::db::directory_users::{DirectoryUser, Known};
use crate::domain::account::{Activity, activity};
use crate::domain::employee::{
    EmailNorm, EmployeeNumber, EmployeeRecord, ExternalKey, KeyKind, Membership, Need,
    RowProblemCode,
};
use crate::domain::ids::DirectoryUserId;
use crate::domain::row_problem::Finding;
use crate::limits;
use crate::providers::{List, Provider, ProviderError, RecordKeys, RecordSink};
use crate::secret::SealingKey;
use crate::sync::decide::damaged::is_damaged_unit;
use crate::sync::decide::types::{Facts, Observed};
use crate::sync::decide::{email_swaps, key_changes};
use crate::sync::full::doubles::{self, Candidate, mark_as_double, name_by_content};
use crate::sync::full::namesakes::Namesake;
use crate::sync::full::stored::{RawHash, Roll, Seen, Stored, left_unsaid, place_of, stored_of};
use crate::texts::{Language, text};

use jiff::civil::Date;

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

/// A person of whom nothing is applied, because their record cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The stored person, if there is one under the keys.
    pub user: Option<DirectoryUserId>,
    /// The key, or what stands for it.
    pub external_key: ExternalKey,
    /// The number, if it could be read.
    pub employee_number: Option<EmployeeNumber>,
    /// The record's place in the list, from 1.
    pub place: usize,
    /// The person's name as it is stored, else which record it is.
    pub name: String,
    /// The person's e-mail as it is stored.
    pub email: Option<String>,
}

impl Unread {
    fn of(keys: RecordKeys, place: usize) -> Self {
        let RecordKeys { external_key, employee_number } = keys;
        let name = text("rules-row-of-nobody").with("place", place).in_language(Language::English);
        Self { user: None, external_key, employee_number, place, name, email: None }
    }
}

/// Somebody whose record is as it was and who is planned all the same, with the stored record.
#[derive(Debug, Clone)]
pub struct Moved {
    /// Who.
    pub user: DirectoryUserId,
    /// Whether they are in the list of current staff.
    pub membership: Membership,
    /// The hash of their record, which is the stored one.
    pub hash: Vec<u8>,
    /// What there is to say about the record.
    pub notes: Vec<Finding>,
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

/// A complete list.
#[derive(Default)]
pub struct Everybody {
    /// The number of the question (S-05).
    pub seq: i64,
    /// People to plan: those we know first, so that an e-mail they give up is free for the others.
    pub changed: Vec<Observed>,
    /// Where in them those begin whom we do not know.
    pub strangers_from: usize,
    /// People whose record is as it was, but who joined or left the list of current staff, or whose
    /// records in the list differ.
    pub moved: Vec<Moved>,
    /// What records say that are, or may be, of somebody else than they were: one of them may be
    /// about a person whom no record names.
    others: Vec<Namesake>,
    /// People who are as they were.
    pub unchanged: Vec<DirectoryUserId>,
    /// Those of `changed` who are stored and may give their e-mail up, by their place in it.
    movers: Vec<(usize, DirectoryUserId)>,
    /// Those of `changed` who pass their e-mails on in a circle.
    circles: Vec<Range<usize>>,
    /// Stored people whom the list does not name: under no key and no number. People who got
    /// another id are not among them. Nobody is while one record has no key that can be read.
    pub missing: Vec<DirectoryUserId>,
    /// People whose records cannot be read.
    pub unread: Vec<Unread>,
    /// One of those records may be anybody's.
    pub may_be_anybody: bool,
    /// Keys of the groups that any record names that was read, also one with a problem (S-14).
    pub groups_named: HashSet<String>,
    /// What only a look at everybody can know.
    pub facts: Facts,
    /// How many people the HR system named.
    pub seen: usize,
    /// How many people were stored before.
    pub roll: Roll,
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

impl Everybody {
    /// Whether a record that is nobody's for certain may be about this person, whose own key it
    /// does not have: then the list does not say that they are missing. A key that never changes
    /// leaves no such doubt.
    #[must_use]
    pub fn may_name(&self, user: &DirectoryUser) -> bool {
        user.key_kind == KeyKind::Editable
            && self.others.iter().any(|other| {
                other.external_key != user.external_key && other.may_be(&user.record.0)
            })
    }

    /// The people to plan, in batches that are applied together (S-24).
    #[must_use]
    pub fn batches(&self) -> Vec<&[Observed]> {
        email_swaps::cut(self.changed.len(), &self.circles, limits::APPLY_BATCH_PEOPLE_MAX)
            .into_iter()
            .filter_map(|batch| self.changed.get(batch))
            .collect()
    }

    /// Who may give their e-mail up.
    #[must_use]
    pub fn movers(&self) -> Vec<DirectoryUserId> {
        self.movers.iter().map(|(_, user)| user.clone()).collect()
    }

    /// Puts the people to plan in an order in which e-mails can be handed on. `emails` are those of
    /// the accounts of [`Everybody::movers`].
    pub fn put_in_order(&mut self, emails: &HashMap<DirectoryUserId, EmailNorm>) {
        if self.movers.is_empty() {
            return;
        }
        let email_of = |seen: &Observed| seen.record.email_norm();
        let takes: Vec<Option<EmailNorm>> = self.changed.iter().map(email_of).collect();
        let gives: HashMap<EmailNorm, usize> = std::mem::take(&mut self.movers)
            .into_iter()
            .filter_map(|(place, user)| Some((emails.get(&user)?.clone(), place)))
            .filter(|(email, place)| takes.get(*place) != Some(&Some(email.clone())))
            .collect();
        if gives.is_empty() {
            return;
        }
        let wants = email_swaps::wants(&gives, &takes);
        let order = email_swaps::order(&wants, limits::CIRCLE_PEOPLE_MAX);
        let mut people: Vec<Option<Observed>> =
            std::mem::take(&mut self.changed).into_iter().map(Some).collect();
        let mut take = |place: usize| people.get_mut(place).and_then(Option::take);
        self.changed = order.people.into_iter().filter_map(&mut take).collect();
        self.circles = order.circles;
    }

    /// Somebody who is stored. Whoever may give an e-mail up is noted for the order: the record has
    /// another one than is stored, or nothing was settled when it was stored.
    fn add_known(&mut self, known: &Known, seen: Observed) {
        if known.raw_hash.is_none() || known.email_norm != seen.record.email_norm() {
            self.movers.push((self.changed.len(), known.id.clone()));
        }
        self.changed.push(seen);
    }

    /// People who are not stored under what their records name; `missing` are those whom no record
    /// names. Some are the same people under another id (S-21).
    fn add_strangers(&mut self, strangers: Vec<Observed>, missing: Vec<&Known>) {
        let others_employed = |email: &EmailNorm, key: &ExternalKey| {
            let people = self.facts.people_by_email.get(email).into_iter().flatten();
            people.filter(|(it, activity)| it != key && *activity == Activity::Active).count()
        };
        let records = strangers.iter().map(|seen| &seen.record);
        let renamed = key_changes::pairs(missing.iter().copied(), records, others_employed);
        let mut new = Vec::new();
        let mut missing: HashMap<&ExternalKey, &Known> =
            missing.into_iter().map(|known| (&known.external_key, known)).collect();
        for seen in strangers {
            let old = renamed.get(&seen.record.external_key);
            match old.and_then(|old| missing.remove(old)) {
                Some(known) => self.add_known(known, seen),
                None => new.push(seen),
            }
        }
        self.strangers_from = self.changed.len();
        self.changed.append(&mut new);
        self.missing = missing.into_values().map(|known| known.id.clone()).collect();
        self.missing.sort();
        self.facts.renamed = Arc::new(renamed);
    }

    /// A record that is to be planned.
    fn observed(
        &mut self,
        record: EmployeeRecord,
        membership: Membership,
        active: Activity,
        (hash, notes): (RawHash, Vec<Finding>),
    ) -> Observed {
        self.note(record.email_norm(), &record.external_key, active);
        self.note_department(&record);
        let raw_hash = Some(hash.to_vec());
        Observed { seq: self.seq, record, membership, gone: false, raw_hash, notes }
    }

    fn note(&mut self, email: Option<EmailNorm>, key: &ExternalKey, activity: Activity) {
        let Some(email) = email else { return };
        let people = Arc::make_mut(&mut self.facts.people_by_email).entry(email).or_default();
        people.push((key.clone(), activity));
    }

    fn note_department(&mut self, record: &EmployeeRecord) {
        let Some(unit) = &record.department else { return };
        self.groups_named.insert(unit.group_key());
        if record.problem(Need::Names).is_some() || is_damaged_unit(unit) {
            return;
        }
        let departments = Arc::make_mut(&mut self.facts.departments);
        departments.entry(unit.group_key()).or_insert_with(|| unit.clone());
    }

    fn note_known(
        &mut self,
        known: &Known,
        membership: Membership,
        hash: RawHash,
        notes: Vec<Finding>,
    ) {
        let moved = membership != Membership::NotShown && membership != known.membership;
        let activity = match (moved, membership) {
            (false, _) => known.state,
            (true, Membership::NotMember) => Activity::Inactive,
            (true, _) => Activity::Active,
        };
        self.note(known.email_norm.clone(), &known.external_key, activity);
        if moved || !notes.is_empty() {
            let (user, hash) = (known.id.clone(), hash.to_vec());
            self.moved.push(Moved { user, membership, hash, notes });
        } else {
            self.unchanged.push(known.id.clone());
        }
    }
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
