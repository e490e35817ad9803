//! Takes in everybody while a list is being read; nothing is applied before the list is complete.
//!
//! A person whose raw record has the same keyed hash as last time is not even parsed: that is what
//! makes a quiet full sync cheap. In memory are the changed records and, of everybody, a hash and a
//! key.
//!
//! What this module must not do: touch the database, or take a list for complete. It is complete
//! when [`Provider::list`] has returned `Ok`, which is when [`Staging::close`] may be called.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use crate::db::directory_users::Known;
use crate::domain::account::{Activity, activity};
use crate::domain::employee::{
    EmailNorm, EmployeeNumber, EmployeeRecord, ExternalKey, KeyKind, Membership, Need,
    RowProblemCode,
};
use crate::domain::ids::DirectoryUserId;
use crate::limits;
use crate::providers::{Provider, ProviderError, RecordKeys, RecordSink};
use crate::secret::SealingKey;
use crate::sync::plan::{Facts, Observed};
use crate::sync::{renamed, swap};

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
    /// Those of `changed` who are stored and may give their e-mail up, by their place in it.
    movers: Vec<(usize, DirectoryUserId)>,
    /// Those of `changed` who pass their e-mails on in a circle.
    circles: Vec<Range<usize>>,
    /// Stored people whom the list does not name: under no key and no number. People who got
    /// another id are not among them, nor is whoever a record without a key may be about.
    pub missing: Vec<DirectoryUserId>,
    /// Keys of the groups that any record names that was read, also one with a problem (S-14).
    pub groups_named: HashSet<String>,
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
            let mut record = Box::new(self.provider.normalise(raw)?);
            let key = record.external_key.clone();
            if key.is_missing() {
                if let Some(same) = self.by_hash.get(&hash) {
                    return Ok(*same);
                }
                name_by_content(&mut record, hash);
            }
            (key, Seen::Changed { record, hash })
        };
        if !key.is_missing() {
            self.by_key.entry(key).or_default().push(position);
        }
        self.by_hash.insert(hash, position);
        self.people.push(seen);
        Ok(position)
    }

    /// Whether people were named, and not one of them by a key: then it is the list that can not be
    /// understood, not some record in it.
    #[must_use]
    pub fn is_without_keys(&self) -> bool {
        !self.people.is_empty() && self.by_key.is_empty()
    }

    /// The list is complete: who changed, who did not. `seq` is the number of the question, `today`
    /// the date in the organization's time zone.
    #[must_use]
    pub fn close(self, seq: i64, today: Date) -> Everybody {
        let stored = Stored::of(&self.known);
        let mut named = HashSet::new();
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
                    named.insert(index);
                    all.note_known(known, membership, hash);
                }
                Seen::Changed { mut record, hash } => {
                    let same_key = self.by_key.get(&record.external_key).map(Vec::as_slice);
                    let keeps = match (stored.under(&record.external_key), same_key) {
                        (_, None | Some([_])) => true,
                        (Some(known), _) => known.employee_number == record.employee_number,
                        (None, Some(same)) => same.first() == Some(&position),
                    };
                    if !keeps {
                        mark_as_double(&mut record);
                    }
                    let active = activity(&record, membership, today);
                    all.note(record.email_norm(), &record.external_key, active);
                    all.note_department(&record);
                    let raw_hash = Some(hash.to_vec());
                    let found = stored.find(&record);
                    let (record, notes) = (*record, Vec::new());
                    let seen = Observed { seq, record, membership, gone: false, raw_hash, notes };
                    if let Some((index, known)) = found {
                        named.insert(index);
                        all.add_known(known, seen);
                    } else {
                        strangers.push(seen);
                    }
                }
            }
        }
        let missing = self.known.iter().enumerate().filter(|(index, _)| !named.contains(index));
        all.add_strangers(strangers, missing.map(|(_, known)| known).collect());
        all
    }
}

/// Everybody as stored, by what a record can name them by.
struct Stored<'a> {
    by_key: HashMap<&'a ExternalKey, (usize, &'a Known)>,
    by_number: HashMap<&'a EmployeeNumber, (usize, &'a Known)>,
}

impl<'a> Stored<'a> {
    fn of(known: &'a [Known]) -> Self {
        let all = || known.iter().enumerate();
        let number = |(index, known): (usize, &'a Known)| {
            Some((known.employee_number.as_ref()?, (index, known)))
        };
        Self {
            by_key: all().map(|(index, known)| (&known.external_key, (index, known))).collect(),
            by_number: all().filter_map(number).collect(),
        }
    }

    /// Who is stored under a key.
    fn under(&self, key: &ExternalKey) -> Option<&'a Known> {
        self.by_key.get(key).map(|(_, known)| *known)
    }

    /// Whom a record is about, by the rule of [`crate::sync::plan::View::stored`].
    fn find(&self, record: &EmployeeRecord) -> Option<(usize, &'a Known)> {
        let by_number = || {
            let found = self.by_number.get(record.employee_number.as_ref()?)?;
            (found.1.key_kind != record.key_kind).then_some(found)
        };
        self.by_key.get(&record.external_key).or_else(by_number).copied()
    }
}

impl Everybody {
    /// The people to plan, in batches that are applied together (S-24).
    #[must_use]
    pub fn batches(&self) -> Vec<&[Observed]> {
        swap::cut(self.changed.len(), &self.circles, limits::APPLY_BATCH_PEOPLE_MAX)
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
        let wants = swap::wants(&gives, &takes);
        let order = swap::order(&wants, limits::APPLY_BATCH_PEOPLE_MAX);
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
    /// names. Some are the same people under another id (S-21). Whoever may be meant by a record
    /// without a key was seen (S-30).
    fn add_strangers(&mut self, strangers: Vec<Observed>, mut missing: Vec<&Known>) {
        let keyless: HashSet<EmailNorm> = strangers
            .iter()
            .filter(|seen| seen.record.has_no_key())
            .filter_map(|seen| seen.record.email_norm())
            .collect();
        missing.retain(|known| known.email_norm.as_ref().is_none_or(|it| !keyless.contains(it)));
        let others_employed = |email: &EmailNorm, key: &ExternalKey| {
            let people = self.facts.people_by_email.get(email).into_iter().flatten();
            people.filter(|(it, activity)| it != key && *activity == Activity::Active).count()
        };
        let records = strangers.iter().map(|seen| &seen.record);
        let renamed = renamed::pairs(missing.iter().copied(), records, others_employed);
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

    fn note(&mut self, email: Option<EmailNorm>, key: &ExternalKey, activity: Activity) {
        let Some(email) = email else { return };
        let people = Arc::make_mut(&mut self.facts.people_by_email).entry(email).or_default();
        people.push((key.clone(), activity));
    }

    fn note_department(&mut self, record: &EmployeeRecord) {
        let Some(unit) = &record.department else { return };
        self.groups_named.insert(unit.group_key());
        if record.problem(Need::Names).is_some() {
            return;
        }
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

/// A record without a key is named by what it says: it is one row problem for as long as it says
/// the same, and can not be taken for somebody else's (S-07).
fn name_by_content(record: &mut EmployeeRecord, hash: RawHash) {
    let content = u128::from_be_bytes(hash);
    record.external_key = ExternalKey(format!("no-key:{content:032x}"));
    record.key_kind = KeyKind::Editable;
    record.unreadable.insert(0, RowProblemCode::MissingKey);
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
            if external_key.is_missing() {
                // It says something else than in the first list, and there is no telling whose it
                // is. The next full sync reads it again.
                return Ok(());
            }
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
