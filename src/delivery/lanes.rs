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
//! [`Look`] reads what is open in the order of the numbers and remembers only what a later one
//! could have to wait for. So a whole backlog need never be in memory, and a lane that waits for
//! its next attempt takes no room from the others.
//!
//! Invariants:
//! - What was chosen, or is on its way, counts as open: of a lane at most one is on its way.
//! - The choice depends on nothing but what is shown to it.
//! - First attempts and retries are chosen apart, so that very many retries delay no first attempt.
//!
//! What this module must not do: read the database, know the time, or send.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::clock::Millis;
use crate::db::deliveries::Open;
use crate::domain::endpoint::DeliveryTrigger;
use crate::domain::ids::DirectoryId;

/// How many deliveries are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// That were never tried.
    pub first: usize,
    /// That were tried before.
    pub retries: usize,
}

/// One pass over what is open, in the order of the numbers.
pub struct Look {
    now: Millis,
    /// Nothing but tests before this moment: the endpoint is paused.
    paused_until: Option<Millis>,
    wish: Wish,
    /// People and groups whose own events were seen, as hashes. Two with one hash would only wait
    /// for each other.
    lanes: HashSet<u64>,
    /// People and groups of whose memberships an event was seen.
    members: HashSet<u64>,
    directories: HashSet<DirectoryId>,
    /// Directories of which a barrier was seen: nothing later of them may go.
    closed: HashSet<DirectoryId>,
    first: Vec<Open>,
    retries: Vec<Open>,
    /// When the next one may go that may not yet, for no other reason than the time.
    next: Option<Millis>,
}

impl Look {
    /// A look at this moment. While the endpoint is paused it is worth a look again afterwards, in
    /// any case.
    #[must_use]
    pub fn new(now: Millis, paused_until: Option<Millis>, wish: Wish) -> Self {
        let paused_until = paused_until.filter(|until| *until > now);
        Self {
            now,
            paused_until,
            wish,
            lanes: HashSet::new(),
            members: HashSet::new(),
            directories: HashSet::new(),
            closed: HashSet::new(),
            first: Vec::new(),
            retries: Vec::new(),
            next: paused_until,
        }
    }

    /// Whether nothing but tests can go.
    #[must_use]
    pub const fn only_tests(&self) -> bool {
        self.paused_until.is_some()
    }

    /// Shows the next open delivery; each has a higher number than those before. `taken` says that
    /// it was chosen before and is not done with.
    pub fn see(&mut self, delivery: &Open, taken: bool) {
        if self.may_go(delivery) && !taken {
            self.choose(delivery);
        }
        let lane = hash(&delivery.lane);
        match &delivery.group_lane {
            Some(group) => self.members.extend([lane, hash(group)]),
            None => self.lanes.extend([lane]),
        }
        if let Some(directory) = &delivery.directory_id {
            if !self.directories.contains(directory) {
                self.directories.insert(directory.clone());
            }
            if delivery.barrier {
                self.closed.insert(directory.clone());
            }
        }
    }

    /// Whether nothing that was seen stands before it.
    fn may_go(&self, delivery: &Open) -> bool {
        let lane = hash(&delivery.lane);
        let behind_member = match &delivery.group_lane {
            Some(group) => self.members.contains(&lane) || self.lanes.contains(&hash(group)),
            None => delivery.ends_group() && self.members.contains(&lane),
        };
        let behind_barrier = |directory: &DirectoryId| {
            self.closed.contains(directory)
                || (delivery.barrier && self.directories.contains(directory))
        };
        !self.lanes.contains(&lane)
            && !behind_member
            && !delivery.directory_id.as_ref().is_some_and(behind_barrier)
    }

    /// Takes one that nothing stands before, if it is time and wanted.
    fn choose(&mut self, delivery: &Open) {
        let is_test = delivery.delivery_trigger == DeliveryTrigger::Test;
        let paused = self.paused_until.filter(|_| !is_test);
        let at = paused.map_or(delivery.next_at_ms, |until| until.max(delivery.next_at_ms));
        if at > self.now {
            self.next = Some(self.next.map_or(at, |next| next.min(at)));
            return;
        }
        let (list, most) = if delivery.attempts == 0 {
            (&mut self.first, self.wish.first)
        } else {
            (&mut self.retries, self.wish.retries)
        };
        if list.len() < most {
            list.push(delivery.clone());
        }
    }

    /// Whether reading on is of no use. It goes on while first attempts are wanted: retries come
    /// early in the order, and what is later gets its turn when the earlier are gone.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.first.len() >= self.wish.first
    }

    /// Directories of which nothing later may go, so that it need not be read. Nothing else waits
    /// for it either: a lane belongs to one directory.
    #[must_use]
    pub fn closed(&self) -> &HashSet<DirectoryId> {
        &self.closed
    }

    /// What was chosen: first attempts, retries, and when the next may go if there is neither.
    #[must_use]
    pub fn finish(self) -> (Vec<Open>, Vec<Open>, Option<Millis>) {
        (self.first, self.retries, self.next)
    }
}

/// How many of these, which come in the order of their numbers, wait for an earlier one.
#[must_use]
pub fn blocked(open: &[Open]) -> usize {
    let mut look = Look::new(Millis(0), None, Wish { first: 0, retries: 0 });
    let stands_behind = |delivery: &&Open| {
        let may_go = look.may_go(delivery);
        look.see(delivery, true);
        !may_go
    };
    open.iter().filter(stands_behind).count()
}

fn hash(lane: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    lane.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
