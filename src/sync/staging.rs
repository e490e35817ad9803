//! Takes in everybody while a list is being read; nothing is applied before the list is complete.
//!
//! A person whose raw record has the same keyed hash as last time is not even parsed: that is what
//! makes a quiet full sync cheap. In memory are the changed records and, of everybody, a hash and a
//! key.
//!
//! What this module must not do: touch the database, or take a list for complete. It is complete
//! when [`Provider::list`] has returned `Ok`, which is when [`Staging::close`] may be called.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::db::directory_users::Known;
use crate::domain::account::{Activity, activity};
use crate::domain::employee::{
    EmailNorm, EmployeeNumber, EmployeeRecord, ExternalKey, KeyKind, Membership, RowProblemCode,
};
use crate::domain::ids::DirectoryUserId;
use crate::limits;
use crate::providers::{Provider, ProviderError, RecordKeys, RecordSink};
use crate::secret::SealingKey;
use crate::sync::plan::{Facts, Observed};

use jiff::civil::Date;

type RawHash = [u8; 16];

/// One person of the list.
enum Seen {
    /// As last time.
    Known { index: usize, hash: RawHash },
    /// To be planned.
    Changed { record: Box<EmployeeRecord>, hash: RawHash },
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
    /// People whose record is as it was, but who joined or left the list of current staff; with the
    /// hash of their record, which is the stored one.
    pub moved: Vec<(DirectoryUserId, Membership, Vec<u8>)>,
    /// People who are as they were.
    pub unchanged: Vec<DirectoryUserId>,
    /// What only a look at everybody can know.
    pub facts: Facts,
    /// How many people the HR system named.
    pub seen: usize,
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
        }
    }

    fn hash(&self, raw: &[u8]) -> RawHash {
        self.key.record_hash(self.provider.mapping_version(), raw)
    }

    fn add(&mut self, raw: &[u8], hash: RawHash) -> Result<usize, ProviderError> {
        if self.people.len() >= limits::DIRECTORY_PEOPLE_MAX {
            let reason = format!("more than {} people", limits::DIRECTORY_PEOPLE_MAX);
            return Err(ProviderError::Malformed { reason });
        }
        let position = self.people.len();
        let known = self.known_by_hash.get(&hash).copied();
        let known = known.and_then(|index| Some((index, self.known.get(index)?)));
        let (key, seen) = if let Some((index, known)) = known {
            (known.external_key.clone(), Seen::Known { index, hash })
        } else {
            let record = Box::new(self.provider.normalise(raw)?);
            (record.external_key.clone(), Seen::Changed { record, hash })
        };
        self.by_key.entry(key).or_default().push(position);
        self.by_hash.insert(hash, position);
        self.people.push(seen);
        Ok(position)
    }

    /// The list is complete: who changed, who did not. `seq` is the number of the question, `today`
    /// the date in the organization's time zone.
    #[must_use]
    pub fn close(self, seq: i64, today: Date) -> Everybody {
        let numbers: HashMap<&ExternalKey, Option<&EmployeeNumber>> =
            self.known.iter().map(|k| (&k.external_key, k.employee_number.as_ref())).collect();
        let mut strangers = Vec::new();
        let mut all = Everybody { seq, seen: self.people.len(), ..Everybody::default() };
        for (position, seen) in self.people.into_iter().enumerate() {
            let membership = match (self.lists_current, self.current.contains(&position)) {
                (false, _) => Membership::NotShown,
                (true, true) => Membership::Member,
                (true, false) => Membership::NotMember,
            };
            match seen {
                Seen::Known { index, hash } => {
                    let Some(known) = self.known.get(index) else { continue };
                    all.note_known(known, membership, hash);
                }
                Seen::Changed { mut record, hash } => {
                    let same_key = self.by_key.get(&record.external_key).map(Vec::as_slice);
                    let keeps = match (numbers.get(&record.external_key), same_key) {
                        (_, None | Some([_])) => true,
                        (Some(stored), _) => *stored == record.employee_number.as_ref(),
                        (None, Some(same)) => same.first() == Some(&position),
                    };
                    if !keeps {
                        mark_as_double(&mut record);
                    }
                    let active = activity(&record, membership, today);
                    all.note(record.email_norm(), &record.external_key, active);
                    all.note_department(&record);
                    let is_stranger = !numbers.contains_key(&record.external_key);
                    let raw_hash = Some(hash.to_vec());
                    let seen = Observed { seq, record: *record, membership, raw_hash };
                    if is_stranger { &mut strangers } else { &mut all.changed }.push(seen);
                }
            }
        }
        all.strangers_from = all.changed.len();
        all.changed.append(&mut strangers);
        all
    }
}

impl Everybody {
    fn note(&mut self, email: Option<EmailNorm>, key: &ExternalKey, activity: Activity) {
        let Some(email) = email else { return };
        let people = Arc::make_mut(&mut self.facts.people_by_email).entry(email).or_default();
        people.push((key.clone(), activity));
    }

    fn note_department(&mut self, record: &EmployeeRecord) {
        let Some(unit) = record.department.as_ref().filter(|_| record.problem(true).is_none())
        else {
            return;
        };
        let departments = Arc::make_mut(&mut self.facts.departments);
        departments.entry(unit.group_key()).or_insert_with(|| unit.clone());
    }

    fn note_known(&mut self, known: &Known, membership: Membership, hash: RawHash) {
        let moved = membership != Membership::NotShown && membership != known.membership;
        let activity = match (moved, membership) {
            (false, _) => known.state,
            (true, Membership::NotMember) => Activity::Inactive,
            (true, _) => Activity::Active,
        };
        self.note(known.email_norm.clone(), &known.external_key, activity);
        if moved {
            self.moved.push((known.id.clone(), membership, hash.to_vec()));
        } else {
            self.unchanged.push(known.id.clone());
        }
    }
}

/// Several records with one key: the one with the number that is stored for the key keeps it, or
/// the first when the key is new. The others go by their numbers and are row problems, because we
/// do not guess who is who.
fn mark_as_double(record: &mut EmployeeRecord) {
    let key = match &record.employee_number {
        Some(number) => number.as_str().to_owned(),
        None => format!("{} (double)", record.external_key.as_str()),
    };
    record.external_key = ExternalKey(key);
    record.key_kind = KeyKind::Editable;
    record.unreadable.insert(0, RowProblemCode::DuplicateKey);
}

impl RecordSink for Staging<'_> {
    fn record(&mut self, raw: &[u8]) -> Result<(), ProviderError> {
        let hash = self.hash(raw);
        self.add(raw, hash).map(|_| ())
    }

    fn current(&mut self, raw: &[u8]) -> Result<(), ProviderError> {
        self.lists_current = true;
        let hash = self.hash(raw);
        let position = if let Some(position) = self.by_hash.get(&hash) {
            *position
        } else {
            let RecordKeys { external_key, .. } = self.provider.keys(raw)?;
            match self.by_key.get(&external_key).map(Vec::as_slice) {
                Some([position]) => *position,
                // Hired between the two calls, or one of several with this key.
                _ => self.add(raw, hash)?,
            }
        };
        self.current.insert(position);
        Ok(())
    }
}
