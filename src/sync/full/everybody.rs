//! A complete list: who is to be planned and in which order, who is as they were, who is missing.
//!
//! What this module must not do: touch the database, or know how the list was read.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use crate::db::directory_users::{DirectoryUser, Known};
use crate::domain::account::Activity;
use crate::domain::employee::{
    EmailNorm, EmployeeNumber, EmployeeRecord, ExternalKey, KeyKind, Membership, Need,
};
use crate::domain::ids::DirectoryUserId;
use crate::domain::row_problem::Finding;
use crate::limits;
use crate::providers::RecordKeys;
use crate::sync::decide::damaged::is_damaged_unit;
use crate::sync::decide::types::{Facts, Observed};
use crate::sync::decide::{email_swaps, key_changes};
use crate::sync::full::namesakes::Namesake;
use crate::sync::full::stored::{RawHash, Roll};
use crate::texts::{Language, text};

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
    pub(super) fn of(keys: RecordKeys, place: usize) -> Self {
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
    pub(super) others: Vec<Namesake>,
    /// People who are as they were.
    pub unchanged: Vec<DirectoryUserId>,
    /// Those of `changed` who are stored and may give their e-mail up, by their place in it.
    pub(super) movers: Vec<(usize, DirectoryUserId)>,
    /// Those of `changed` who pass their e-mails on in a circle.
    pub(super) circles: Vec<Range<usize>>,
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
    pub(super) fn add_known(&mut self, known: &Known, seen: Observed) {
        if known.raw_hash.is_none() || known.email_norm != seen.record.email_norm() {
            self.movers.push((self.changed.len(), known.id.clone()));
        }
        self.changed.push(seen);
    }

    /// People who are not stored under what their records name; `missing` are those whom no record
    /// names. Some are the same people under another id (S-21).
    pub(super) fn add_strangers(&mut self, strangers: Vec<Observed>, missing: Vec<&Known>) {
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
    pub(super) fn observed(
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

    pub(super) fn note(&mut self, email: Option<EmailNorm>, key: &ExternalKey, activity: Activity) {
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

    pub(super) fn note_known(
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
