//! E-mails that go from one person to another within one full sync (S-24).
//!
//! Two people who swap their e-mails, or three who pass them on in a circle, cannot be written one
//! after the other: each would find the new e-mail taken. [`order`] puts the people of a run in an
//! order in which whoever gives an e-mail up comes before whoever takes it, and the members of a
//! circle follow each other. [`cut`] makes batches that part no circle. When the writer comes to a
//! complete circle ([`Decider::park`]), all its accounts let go of their e-mails first, in the same
//! transaction.
//!
//! Invariants:
//! - Nobody lets go of an e-mail who does not get another one in the same transaction.
//! - What is decided here only makes room. Whether an e-mail is taken is decided by
//!   [`crate::sync::decide::person`], as for everybody; a circle that is not complete waits as
//!   holds.
//!
//! What this module must not do: touch the database, or look at more than it is given.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;

use crate::domain::employee::{EmailNorm, Need};
use crate::domain::ids::{AccountId, DirectoryId};
use crate::sync::decide::batch::Decider;
use crate::sync::decide::ownership;
use crate::sync::decide::snapshot::Snapshot;
use crate::sync::decide::types::{Facts, Observed, PersonPlan, Step};

/// People in an order in which e-mails can be handed on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Order {
    /// Positions in the original list.
    pub people: Vec<usize>,
    /// Where in `people` the members of circles stand, each followed by the one whose e-mail they
    /// take.
    pub circles: Vec<Range<usize>>,
}

/// For each person the one whose e-mail they take. `gives` names the e-mails that people have and
/// will no longer have, with the person; `takes` is what each will have.
#[must_use]
pub(crate) fn wants<E: Eq + Hash>(
    gives: &HashMap<E, usize>,
    takes: &[Option<E>],
) -> Vec<Option<usize>> {
    let wanted = |(own, email): (usize, &Option<E>)| {
        gives.get(email.as_ref()?).copied().filter(|giver| *giver != own)
    };
    takes.iter().enumerate().map(wanted).collect()
}

/// Puts people in order. `wants` is for each person the one whose e-mail they take. Who has nothing
/// to do with the others keeps their place among them. A circle of more than `circle_max` is not
/// kept together; it cannot be resolved.
#[must_use]
pub fn order(wants: &[Option<usize>], circle_max: usize) -> Order {
    let mut order = Order::default();
    let mut walk = Walk { wants, marks: vec![Mark::New; wants.len()] };
    for start in 0..wants.len() {
        let mut path = Vec::new();
        let end = walk.from(start, &mut path);
        // The walk ended at one who is on it already: the rest of it is a circle.
        let circle = path.iter().position(|person| Some(*person) == end);
        let circle = path.split_off(circle.unwrap_or(path.len()));
        let begin = order.people.len();
        if circle.len() > circle_max {
            order.people.extend(circle.into_iter().rev());
        } else if !circle.is_empty() {
            order.people.extend(circle);
            order.circles.push(begin..order.people.len());
        }
        // Whoever comes later on the walk gives to whoever comes before.
        order.people.extend(path.into_iter().rev());
    }
    order
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    OnWalk,
    Done,
}

struct Walk<'a> {
    wants: &'a [Option<usize>],
    marks: Vec<Mark>,
}

impl Walk<'_> {
    /// Walks from a person to whom they take from, and so on, through people who are new. Returns
    /// where the walk met itself.
    fn from(&mut self, start: usize, path: &mut Vec<usize>) -> Option<usize> {
        let mut next = Some(start);
        let mut met = None;
        while let Some(person) = next {
            match self.marks.get_mut(person) {
                Some(mark @ Mark::New) => *mark = Mark::OnWalk,
                Some(Mark::OnWalk) => {
                    met = Some(person);
                    break;
                }
                Some(Mark::Done) | None => break,
            }
            path.push(person);
            next = self.wants.get(person).copied().flatten();
        }
        for person in path.iter() {
            if let Some(mark) = self.marks.get_mut(*person) {
                *mark = Mark::Done;
            }
        }
        met
    }
}

/// Cuts `len` people into batches of at most `batch_max`, never inside one of the `circles`, which
/// are in order. A circle that is longer than a batch is a batch of its own.
#[must_use]
pub fn cut(len: usize, circles: &[Range<usize>], batch_max: usize) -> Vec<Range<usize>> {
    let mut batches = Vec::new();
    let mut circles = circles.iter().peekable();
    let mut begin = 0;
    while begin < len {
        let mut end = begin.saturating_add(batch_max.max(1)).min(len);
        while circles.peek().is_some_and(|circle| circle.end <= end) {
            circles.next();
        }
        if let Some(circle) = circles.peek().filter(|it| (begin..end).contains(&it.start)) {
            end = if circle.start == begin { circle.end } else { circle.start };
        }
        batches.push(begin..end);
        begin = end;
    }
    batches
}

impl Decider<'_> {
    /// Before the first of these people is decided: the accounts that let go of their e-mails, in
    /// the view already, because the first begins a circle and every member of it will take the
    /// next one's. Empty for everybody else.
    pub fn park(
        &self,
        snapshot: &mut Snapshot,
        facts: &Facts,
        people: &[Observed],
    ) -> Vec<AccountId> {
        let accounts = circle_at(snapshot, &self.directory.id, people);
        snapshot.park(&accounts);
        let mut members = people.iter().take(accounts.len());
        if members.all(|seen| takes_the_email(&self.plan(snapshot, facts, seen.clone()), seen)) {
            return accounts;
        }
        // Some rule keeps a member from it, so nobody gives anything up.
        snapshot.take_back(&accounts);
        Vec::new()
    }
}

/// Whether the plan gives the account the e-mail that was observed.
fn takes_the_email(plan: &PersonPlan, observed: &Observed) -> bool {
    let Step::Apply(applied) = &plan.step else { return false };
    let after = applied.account.as_ref().map(|account| EmailNorm::of(&account.after.email));
    after == observed.record.email_norm()
}

/// The accounts of the circle that begins with the first of these people and follows without a gap;
/// empty when there is none. Whoever is known not to take the next one's e-mail is in none.
fn circle_at(snapshot: &Snapshot, directory: &DirectoryId, people: &[Observed]) -> Vec<AccountId> {
    let mut accounts: Vec<AccountId> = Vec::new();
    for observed in people {
        let Some((account, owner)) = exchange(snapshot, directory, observed) else { break };
        // The one before takes the e-mail of this one.
        accounts.push(account.clone());
        if accounts.first() == Some(&owner) {
            return if accounts.len() > 1 { accounts } else { Vec::new() };
        }
        let next = people.get(accounts.len());
        let next = next.and_then(|next| exchange(snapshot, directory, next));
        if next.is_none_or(|(account, _)| account != owner) {
            break;
        }
    }
    Vec::new()
}

/// The account of a person whose e-mail will change to one that is taken, and who has that one.
/// `None` for everybody whose e-mail would not change even if it were free.
fn exchange(
    snapshot: &Snapshot,
    directory: &DirectoryId,
    observed: &Observed,
) -> Option<(AccountId, AccountId)> {
    let record = &observed.record;
    let target = record.email_norm()?;
    if record.problem(Need::Everything).is_some() {
        return None;
    }
    let user = snapshot.stored(record).filter(|user| observed.seq >= user.observation_seq)?;
    let id = &snapshot.links.get(&user.id)?.account_id;
    let account = snapshot.accounts.get(id)?;
    if !ownership::say(&account.shares, directory, user.state).manages {
        return None;
    }
    let own = EmailNorm::of(&account.fields.email);
    let owner = snapshot.by_email.get(&target)?;
    (own != target && owner != id && snapshot.by_email.get(&own) == Some(id))
        .then(|| (id.clone(), owner.clone()))
}

#[cfg(test)]
#[path = "email_swaps_tests.rs"]
mod tests;
