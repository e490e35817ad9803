//! Which of the deliveries that wait for an endpoint may go now: a pure rule.
//!
//! A delivery waits for an earlier one that is still open when
//! - both are about one person, and neither is about a membership;
//! - both are about one group, and neither is about a membership;
//! - it is about a membership, and the earlier one is about its person or its group, or about
//!   another membership of its person;
//! - it says that a group is deleted, and the earlier one is about a membership of that group;
//! - both are of one directory and one of them is a barrier (`dsync.activated`, `dsync.deleted`).
//!
//! So what happens to a person never waits for a group that an endpoint does not take.
//!
//! The end of access overtakes: it goes past earlier ones of its person when the first of them was
//! refused twice or for five minutes, and past a barrier that has been refused for five minutes,
//! with all of its person that waits there. Both are found here ([`Overtake`]) and written down
//! before anything is sent: what was overtaken is then open no more, and the end goes first. Among
//! those that may go it is preferred. Memberships of whoever it is about wait, and nothing waits
//! for them, until the person is active again.
//!
//! [`Selection`] reads what is open in the order of the numbers and remembers only what a later one
//! could have to wait for. So a whole backlog need never be in memory, and a lane that waits for
//! its next attempt takes no room from the others.
//!
//! Invariants:
//! - What was chosen, or is on its way, counts as open: of a lane at most one is on its way.
//! - The choice depends on nothing but what is shown to it.
//! - First attempts and retries are chosen apart, so that very many retries delay no first attempt.
//!
//! What this module must not do: read the database, know the time, or send.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::clock::Timestamp;
use crate::db::deliveries::Open;
use crate::domain::endpoint::DeliveryTrigger;
use crate::domain::ids::DirectoryId;
use crate::limits;

/// How many deliveries are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// That were never tried.
    pub first: usize,
    /// That were tried before.
    pub retries: usize,
}

/// The end of somebody's access that may go past what is open before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overtake {
    /// The number of the delivery that says it.
    pub by: i64,
    /// Whom it is about.
    pub lane: String,
}

/// What is open of one person or group, as far as later ones need to know.
struct Ahead {
    /// Whether the end of access may go past it: the first of it was refused often enough, or
    /// waits behind a barrier that was, and is not on its way.
    yields: bool,
}

/// One pass over what is open, in the order of the numbers.
pub struct Selection {
    now: Timestamp,
    /// Nothing but tests before this moment: the endpoint is paused.
    paused_until: Option<Timestamp>,
    demand: Demand,
    /// People and groups whose own events were seen, as hashes. Two with one hash would only wait
    /// for each other.
    lanes: HashMap<u64, Ahead>,
    /// People and groups of whose memberships an event was seen.
    members: HashSet<u64>,
    directories: HashSet<DirectoryId>,
    /// Directories of which a barrier was seen: nothing later of them may go.
    closed: HashSet<DirectoryId>,
    /// Of these, the directories past whose barrier the end of access may go.
    yielding: HashSet<DirectoryId>,
    /// People whose last event that counts is an end of access that overtook.
    quiet: HashSet<u64>,
    /// How many ends of access have overtaken at this endpoint, for [`limits::OVERTAKERS_MAX`].
    overtakers: usize,
    /// The numbers of those that are still open; they were shown first.
    passed: HashSet<i64>,
    overtakes: Vec<Overtake>,
    first: Vec<Open>,
    retries: Vec<Open>,
    /// How many were shown.
    shown: usize,
    /// When the next one may go that may not yet, for no other reason than the time.
    next: Option<Timestamp>,
}

impl Selection {
    /// A look at this moment. While the endpoint is paused it is worth a look again afterwards, in
    /// any case.
    #[must_use]
    pub fn new(now: Timestamp, paused_until: Option<Timestamp>, demand: Demand) -> Self {
        let paused_until = paused_until.filter(|until| *until > now);
        Self {
            now,
            paused_until,
            demand,
            lanes: HashMap::new(),
            members: HashSet::new(),
            directories: HashSet::new(),
            closed: HashSet::new(),
            yielding: HashSet::new(),
            quiet: HashSet::new(),
            overtakers: 0,
            passed: HashSet::new(),
            overtakes: Vec::new(),
            first: Vec::new(),
            retries: Vec::new(),
            shown: 0,
            next: paused_until,
        }
    }

    /// Whether nothing but tests can go.
    #[must_use]
    pub const fn only_tests(&self) -> bool {
        self.paused_until.is_some()
    }

    /// Tells whose ends of access have overtaken, before anything is shown.
    pub fn know_overtaken<'a>(&mut self, people: impl Iterator<Item = &'a str>) {
        for person in people {
            self.overtakers = self.overtakers.saturating_add(1);
            self.quiet.insert(hash(person));
        }
    }

    /// Shows an end of access that has overtaken and waits still, before anything else and in the
    /// order of the numbers: nothing stands before it but others of the kind. `taken` is as for
    /// [`Selection::see`].
    pub fn see_overtaker(&mut self, delivery: &Open, taken: bool) {
        let lane = hash(&delivery.lane);
        self.passed.insert(delivery.number);
        let chosen = !taken && !self.lanes.contains_key(&lane) && self.choose(delivery);
        self.note_lane(lane, delivery, taken || chosen);
    }

    /// Shows the next open delivery; each has a higher number than those before. `taken` says that
    /// it was chosen before and is not done with.
    pub fn see(&mut self, delivery: &Open, taken: bool) {
        self.shown = self.shown.saturating_add(1);
        let lane = hash(&delivery.lane);
        if delivery.group_lane.is_some() && self.quiet.contains(&lane) {
            return;
        }
        let passed = self.passed.contains(&delivery.number);
        let may_go = !passed && self.may_go(delivery);
        let chosen = may_go && !taken && self.choose(delivery);
        if !may_go && !passed && !taken {
            self.overtake_with(delivery);
        }
        match &delivery.group_lane {
            Some(group) => self.members.extend([lane, hash(group)]),
            None => self.note_lane(lane, delivery, taken || chosen),
        }
        if let Some(directory) = &delivery.directory_id {
            if !self.directories.contains(directory) {
                self.directories.insert(directory.clone());
            }
            if delivery.barrier {
                let is_first = self.closed.insert(directory.clone());
                if let (true, Some(at)) = (is_first && !taken && !chosen, yields_at(delivery)) {
                    if at <= self.now {
                        self.yielding.insert(directory.clone());
                    } else {
                        self.next = Some(self.next.map_or(at, |next| next.min(at)));
                    }
                }
            }
        }
    }

    /// Shows an end of access that waits behind a barrier past which it may go
    /// ([`Selection::yielding`]), in the order of the numbers; some may have been shown before.
    pub fn see_behind_barrier(&mut self, delivery: &Open, taken: bool) {
        let lane = hash(&delivery.lane);
        // Whoever was seen before is in order already; so is who comes later in this list.
        if !taken && !self.passed.contains(&delivery.number) && !self.lanes.contains_key(&lane) {
            self.overtake_with(delivery);
            self.note_lane(lane, delivery, true);
        }
    }

    fn note_lane(&mut self, lane: u64, delivery: &Open, is_going: bool) {
        let behind_yielding = |directory: &DirectoryId| self.yielding.contains(directory);
        let yields_at = yields_at(delivery).filter(|_| !is_going);
        let is_refused = delivery.attempts >= limits::OVERTAKEN_AFTER_ATTEMPTS
            || yields_at.is_some_and(|at| at <= self.now)
            || delivery.directory_id.as_ref().is_some_and(behind_yielding);
        let yields = !is_going && is_refused;
        if let Some(at) = yields_at.filter(|_| !yields) {
            self.next = Some(self.next.map_or(at, |next| next.min(at)));
        }
        self.lanes.entry(lane).or_insert(Ahead { yields });
    }

    /// Lets the end of access go past what stands before it, if all of that yields.
    fn overtake_with(&mut self, delivery: &Open) {
        let lane = hash(&delivery.lane);
        let behind_yielding = |directory: &DirectoryId| {
            !self.closed.contains(directory) || self.yielding.contains(directory)
        };
        let may_overtake = delivery.ends_access
            && self.overtakers < limits::OVERTAKERS_MAX
            && self.lanes.get(&lane).is_none_or(|ahead| ahead.yields)
            && delivery.directory_id.as_ref().is_none_or(behind_yielding);
        if may_overtake {
            self.overtakers = self.overtakers.saturating_add(1);
            // A later end waits for this one.
            self.lanes.insert(lane, Ahead { yields: false });
            self.overtakes.push(Overtake { by: delivery.number, lane: delivery.lane.clone() });
        }
    }

    /// Whether nothing that was seen stands before it.
    fn may_go(&self, delivery: &Open) -> bool {
        let lane = hash(&delivery.lane);
        let behind_member = match &delivery.group_lane {
            Some(group) => self.members.contains(&lane) || self.lanes.contains_key(&hash(group)),
            None => delivery.ends_group() && self.members.contains(&lane),
        };
        let behind_barrier = |directory: &DirectoryId| {
            self.closed.contains(directory)
                || (delivery.barrier && self.directories.contains(directory))
        };
        !self.lanes.contains_key(&lane)
            && !behind_member
            && !delivery.directory_id.as_ref().is_some_and(behind_barrier)
    }

    /// Takes one that nothing stands before, if it is time and wanted; whether it did.
    fn choose(&mut self, delivery: &Open) -> bool {
        let is_test = delivery.delivery_trigger == DeliveryTrigger::Test;
        let paused = self.paused_until.filter(|_| !is_test);
        let at = paused.map_or(delivery.next_at_ms, |until| until.max(delivery.next_at_ms));
        if at > self.now {
            self.next = Some(self.next.map_or(at, |next| next.min(at)));
            return false;
        }
        let (list, most) = if delivery.attempts == 0 {
            (&mut self.first, self.demand.first)
        } else {
            (&mut self.retries, self.demand.retries)
        };
        if list.len() < most {
            list.push(delivery.clone());
            return true;
        }
        // The end of access does not wait for a place behind others.
        let other = list.iter_mut().rev().find(|other| !other.ends_access);
        match other.filter(|_| delivery.ends_access) {
            Some(other) => {
                *other = delivery.clone();
                true
            }
            None => false,
        }
    }

    /// Whether reading on is of no use. It goes on while first attempts are wanted: retries come
    /// early in the order, and what is later gets its turn when the earlier are gone. An endpoint
    /// that gets one at a time has its turns far apart, so an end of access is looked for.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let wants_end = self.demand.first == 1 && self.shown < limits::PROBE_LOOK_MAX;
        self.first.len() >= self.demand.first
            && !(wants_end && self.first.iter().any(|one| !one.ends_access))
    }

    /// Directories of which nothing later may go, so that it need not be read. Nothing else waits
    /// for it either: a lane belongs to one directory.
    #[must_use]
    pub fn closed(&self) -> &HashSet<DirectoryId> {
        &self.closed
    }

    /// Directories past whose barrier the end of access may go. What is behind it was not shown.
    #[must_use]
    pub fn yielding(&self) -> &HashSet<DirectoryId> {
        &self.yielding
    }

    /// Ends of access that may go past what is before them, once that is written down.
    #[must_use]
    pub fn overtakes(&self) -> &[Overtake] {
        &self.overtakes
    }

    /// What was chosen: first attempts, retries, and when the next may go if there is neither.
    #[must_use]
    pub fn finish(self) -> (Vec<Open>, Vec<Open>, Option<Timestamp>) {
        (self.first, self.retries, self.next)
    }
}

/// How many of these, which come in the order of their numbers, wait for an earlier one.
#[must_use]
pub fn blocked(open: &[Open]) -> usize {
    let mut selection = Selection::new(Timestamp(0), None, Demand { first: 0, retries: 0 });
    let stands_behind = |delivery: &&Open| {
        let may_go = delivery.overtook || selection.may_go(delivery);
        selection.see(delivery, true);
        !may_go
    };
    open.iter().filter(stands_behind).count()
}

/// From when on the end of access goes past a delivery that is still refused.
fn yields_at(delivery: &Open) -> Option<Timestamp> {
    delivery.refused_since_ms.map(|since| since.plus(limits::REFUSED_MS_MAX))
}

fn hash(lane: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    lane.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
