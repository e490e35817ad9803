//! What admins decide about holds: approve all, approve some, reject (S-22, S-24, S-32).
//!
//! A decision is written down and nothing else; the people it is about are then decided again on
//! the one apply path, which finds the decision. It covers exactly the people who were named, or
//! who were on the list that the admin saw and still wait, once. Everybody else goes on waiting in
//! one new hold. Who is only missing from HR's list is still asked about before access ends (S-31).
//!
//! Invariants:
//! - An open hold is decided once; of several decisions the first counts.
//! - A list that is not complete is not decided about: the rest of it would be let through.
//! - What was decided changes only by a decision that says so and names the people.

use std::collections::HashSet;

use crate::clock::Timestamp;
use crate::db::actions::{self, NewAction};
use crate::db::directories::{self, Directory};
use crate::db::holds::{self, Hold, HoldItem};
use crate::db::{DbError, Lane, Tx, accounts, directory_users, hold_items, links};
use crate::domain::action::{Action, Actor};
use crate::domain::directory::RunTrigger;
use crate::domain::employee::{EmailNorm, ExternalKey};
use crate::domain::event::EventKind;
use crate::domain::guard::LossReason;
use crate::domain::hold::{Decision, HoldKind, HoldState};
use crate::domain::ids::{AccountId, DirectoryId, DirectoryUserId, HoldId, HoldItemId};
use crate::sync::apply::guard;
use crate::sync::{Context, queue};

/// What an admin wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldDecision {
    /// Yes or no.
    pub decision: Decision,
    /// About whom.
    pub about: About,
    /// Whether this takes the place of an earlier decision about the same people.
    pub changes_decision: bool,
}

/// Whom a decision is about (S-32).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// These.
    Items(Vec<HoldItemId>),
    /// Those of this version of the list who still wait.
    Version(i64),
}

impl HoldDecision {
    /// A first decision.
    #[must_use]
    pub const fn new(decision: Decision, about: About) -> Self {
        Self { decision, about, changes_decision: false }
    }
}

/// Why a decision was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// There is no such hold in this directory.
    #[error("there is no such hold")]
    NotFound,
    /// The hold was decided before, or is no longer needed.
    #[error("this hold is {} already", .0.as_str().replace('_', " "))]
    Closed(HoldState),
    /// The list is not complete yet.
    #[error("the list of this hold is not complete yet; decide when the sync has ended")]
    NotComplete,
    /// Nobody was named.
    #[error("name at least one item of the hold")]
    Nobody,
    /// The list never had this version.
    #[error("the list of this hold has no version {0}")]
    NoVersion(i64),
    /// Of those on the list that was seen nobody waits any more.
    #[error("nobody of that version of the list waits any more")]
    NobodyWaits,
    /// About these people there is nothing to decide otherwise.
    #[error("decided so already, or overtaken by something newer: {}", .0.join(", "))]
    NotToChange(Vec<String>),
    /// These are not in the hold.
    #[error("not in this hold: {}", .0.join(", "))]
    Unknown(Vec<String>),
    /// The account that has the e-mail still has it.
    #[error("the account {0} still has this e-mail; change the e-mail there first")]
    EmailTaken(AccountId),
    /// The database did not do what was asked.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Takes a decision; returns the hold as it is then. `by` says who decided.
pub async fn decide(
    cx: &Context,
    directory: &DirectoryId,
    hold: &HoldId,
    wanted: HoldDecision,
    by: Actor,
) -> Result<Hold, DecideError> {
    let (inner, directory, hold) = (cx.clone(), directory.clone(), hold.clone());
    cx.db
        .write(Lane::Urgent, move |tx| {
            let organization =
                directories::find(tx, &directory)?.ok_or(DecideError::NotFound)?.organization_id;
            tx.lock_organization(&organization)?;
            let directory = directories::lock(tx, &directory)?.ok_or(DecideError::NotFound)?;
            let hold = holds::find(tx, &hold)?
                .filter(|hold| hold.directory_id == directory.id)
                .ok_or(DecideError::NotFound)?;
            let deciding =
                Deciding { cx: &inner, directory: &directory, now: inner.clock.now(), by: &by };
            if hold.gathering.is_some() {
                return Err(DecideError::NotComplete);
            }
            if hold.state == HoldState::Open {
                return deciding.take(tx, &hold, wanted);
            }
            deciding.change(tx, &hold, wanted)
        })
        .await
}

struct Deciding<'a> {
    cx: &'a Context,
    directory: &'a Directory,
    now: Timestamp,
    by: &'a Actor,
}

impl Deciding<'_> {
    fn take(
        &self,
        tx: &mut Tx<'_>,
        hold: &Hold,
        wanted: HoldDecision,
    ) -> Result<Hold, DecideError> {
        let items = hold_items::of_hold(tx, &hold.id)?;
        // Who came after the version that was seen takes nothing from an approval of all of it.
        let by_version = matches!(wanted.about, About::Version(_));
        let (covered, rest) = match wanted.about {
            About::Items(ids) => split(items, ids)?,
            About::Version(seen) => of_version(hold, items, seen)?,
        };
        let saw_all = by_version || rest.is_empty();
        if hold.kind == HoldKind::EmailChange && wanted.decision == Decision::Approved {
            email_is_free(tx, self.directory, &covered)?;
        }
        let state = match wanted.decision {
            Decision::Rejected => HoldState::Rejected,
            Decision::Approved if saw_all => HoldState::Approved,
            Decision::Approved => HoldState::PartlyApproved,
        };
        holds::close(tx, &hold.id, state, self.by, self.now)?;
        if !rest.is_empty() {
            self.ask_again(tx, hold, &rest)?;
        }
        self.settle(tx, hold, &covered, wanted.decision)
    }

    /// Decides otherwise about people of a hold that was decided before.
    fn change(
        &self,
        tx: &mut Tx<'_>,
        hold: &Hold,
        wanted: HoldDecision,
    ) -> Result<Hold, DecideError> {
        let About::Items(ids) = wanted.about else { return Err(DecideError::Closed(hold.state)) };
        let was_decided = matches!(
            hold.state,
            HoldState::Approved | HoldState::PartlyApproved | HoldState::Rejected
        );
        if !wanted.changes_decision || !was_decided {
            return Err(DecideError::Closed(hold.state));
        }
        let all = hold_items::of_hold(tx, &hold.id)?;
        let (covered, rest) = split(all, ids)?;
        let stuck = self.not_to_change(tx, hold, &covered, wanted.decision)?;
        if !stuck.is_empty() {
            return Err(DecideError::NotToChange(stuck));
        }
        if hold.kind == HoldKind::EmailChange {
            email_is_free(tx, self.directory, &covered)?;
        }
        let others = |decision| rest.iter().any(|item| item.decision == Some(decision));
        let state = match wanted.decision {
            Decision::Approved if !others(Decision::Rejected) => HoldState::Approved,
            Decision::Rejected if !others(Decision::Approved) => HoldState::Rejected,
            _ => HoldState::PartlyApproved,
        };
        holds::close(tx, &hold.id, state, self.by, self.now)?;
        self.settle(tx, hold, &covered, wanted.decision)
    }

    /// Of these people a decision cannot be changed: it was this one, something newer waits or was
    /// decided, or it was carried out in a way that nothing takes back.
    fn not_to_change(
        &self,
        tx: &mut Tx<'_>,
        hold: &Hold,
        items: &[HoldItem],
        decision: Decision,
    ) -> Result<Vec<String>, DbError> {
        let keys: Vec<ExternalKey> = items.iter().map(|item| item.external_key.clone()).collect();
        let waiting = hold_items::asked(tx, &self.directory.id, hold.kind, &keys)?.waiting;
        let newer: HashSet<ExternalKey> = hold_items::later_than(tx, hold, &keys)?;
        // Whom the HR system no longer has has nothing to be kept by.
        let can_be_taken_back = |item: &HoldItem| {
            hold.kind == HoldKind::Deactivations && !(is_missing(item) && item.done_at_ms.is_some())
        };
        let is_stuck = |item: &&HoldItem| {
            item.decision == Some(decision)
                || waiting.contains(&item.external_key)
                || newer.contains(&item.external_key)
                || (decision == Decision::Rejected && !can_be_taken_back(item))
                // A rejection that HR's facts have overtaken says nothing any more.
                || (decision == Decision::Approved
                    && (item.done_at_ms.is_some() || item.record_hash.is_none()))
        };
        Ok(items.iter().filter(is_stuck).map(|item| item.id.to_string()).collect())
    }

    fn settle(
        &self,
        tx: &mut Tx<'_>,
        hold: &Hold,
        covered: &[HoldItem],
        decision: Decision,
    ) -> Result<Hold, DecideError> {
        let ids: Vec<HoldItemId> = covered.iter().map(|item| item.id.clone()).collect();
        if hold.kind == HoldKind::Deactivations {
            let keys: Vec<ExternalKey> =
                covered.iter().map(|item| item.external_key.clone()).collect();
            hold_items::retire(tx, &self.directory.id, hold.kind, &keys, self.now)?;
        }
        hold_items::decide(tx, &ids, decision)?;
        self.carry_out(tx, hold, covered, decision)?;
        self.decided(tx, &hold.id, covered.len())
    }

    /// Who was not approved is asked about in a hold of their own.
    fn ask_again(&self, tx: &mut Tx<'_>, hold: &Hold, rest: &[HoldItem]) -> Result<(), DbError> {
        let key = hold.open_key.clone().unwrap_or_default();
        let (kind, random) = (hold.kind, &*self.cx.random);
        let new = Hold {
            // They have waited as long as before, and the admins know of them.
            list_version: hold.list_version,
            notices: hold.notices.max(1),
            next_notice_at_ms: hold
                .next_notice_at_ms
                .filter(|_| hold.notices > 0)
                .or(Some(self.now.plus(Timestamp::DAY))),
            ..guard::blank(self.directory, kind, key, hold.reason.clone(), self.now, random)
        };
        holds::insert(tx, &new, &[])?;
        let ids: Vec<HoldItemId> = rest.iter().map(|item| item.id.clone()).collect();
        hold_items::move_to(tx, &ids, &new.id)?;
        let people = u64::try_from(rest.len()).unwrap_or(u64::MAX);
        guard::emit(tx, EventKind::HoldOpened, &new, people, self.now);
        Ok(())
    }

    /// The people are decided again; about those who are missing the HR system is asked first.
    fn carry_out(
        &self,
        tx: &mut Tx<'_>,
        hold: &Hold,
        covered: &[HoldItem],
        decision: Decision,
    ) -> Result<(), DbError> {
        let keys: Vec<ExternalKey> = covered.iter().map(|item| item.external_key.clone()).collect();
        let users = directory_users::by_keys(tx, &self.directory.id, &keys, &[])?;
        let mut due: HashSet<DirectoryUserId> = users.into_iter().map(|user| user.id).collect();
        // Whoever has the account now may lose it.
        let accounts: Vec<AccountId> =
            covered.iter().filter_map(|item| item.account_id.clone()).collect();
        let links = links::of_accounts(tx, &accounts)?;
        let here = links.into_iter().filter(|link| link.directory_id == self.directory.id);
        due.extend(here.map(|link| link.directory_user_id));
        let due: Vec<DirectoryUserId> = due.into_iter().collect();
        directory_users::make_due(tx, &due, self.now)?;
        // What the HR system says is not stored for these, so it is read again.
        let is_read_again = match hold.kind {
            HoldKind::ReusedNumber => true,
            HoldKind::OtherCompany => decision == Decision::Approved,
            _ => false,
        };
        let asks =
            is_read_again || (decision == Decision::Approved && covered.iter().any(is_missing));
        if asks && self.directory.state.is_syncing() {
            queue::full_sync(tx, self.cx, self.directory, RunTrigger::Manual, self.now)?;
        }
        Ok(())
    }

    fn decided(&self, tx: &mut Tx<'_>, hold: &HoldId, people: usize) -> Result<Hold, DecideError> {
        let hold = holds::find(tx, hold)?.ok_or(DecideError::NotFound)?;
        let people = u64::try_from(people).unwrap_or(u64::MAX);
        guard::emit(tx, EventKind::HoldDecided, &hold, people, self.now);
        let action = Action::HoldDecided {
            hold_id: hold.id.clone(),
            hold_kind: hold.kind,
            state: hold.state,
            people,
        };
        actions::record(tx, &NewAction::on_directory(self.directory, self.by, action, self.now))?;
        tracing::info!(
            directory.id = %hold.directory_id,
            hold.id = %hold.id,
            hold.kind = %hold.kind,
            hold.state = %hold.state,
            people,
            "a hold was decided"
        );
        Ok(hold)
    }
}

/// Whether it is only known of a person that the list does not name them.
fn is_missing(item: &HoldItem) -> bool {
    let because = item.planned_change.0.get("because").and_then(|value| value.as_str());
    because == Some(LossReason::NotInHr.as_str())
}

/// Those who were named, and the others.
fn split(
    items: Vec<HoldItem>,
    ids: Vec<HoldItemId>,
) -> Result<(Vec<HoldItem>, Vec<HoldItem>), DecideError> {
    let mut named: HashSet<HoldItemId> = ids.into_iter().collect();
    if named.is_empty() {
        return Err(DecideError::Nobody);
    }
    let (approved, rest) = items.into_iter().partition(|item| named.remove(&item.id));
    if !named.is_empty() {
        let mut unknown: Vec<String> = named.into_iter().map(|id| id.to_string()).collect();
        unknown.sort();
        return Err(DecideError::Unknown(unknown));
    }
    Ok((approved, rest))
}

/// Those of this version of the list who still wait, and those who came later.
fn of_version(
    hold: &Hold,
    items: Vec<HoldItem>,
    seen: i64,
) -> Result<(Vec<HoldItem>, Vec<HoldItem>), DecideError> {
    if seen < 1 || seen > hold.list_version {
        return Err(DecideError::NoVersion(seen));
    }
    let (covered, rest): (Vec<HoldItem>, Vec<HoldItem>) =
        items.into_iter().partition(|item| item.list_version <= seen);
    if covered.is_empty() { Err(DecideError::NobodyWaits) } else { Ok((covered, rest)) }
}

/// Two accounts cannot have one e-mail, whatever an admin approves.
fn email_is_free(
    tx: &mut Tx<'_>,
    directory: &Directory,
    items: &[HoldItem],
) -> Result<(), DecideError> {
    let wanted = |item: &HoldItem| {
        item.planned_change.0.get("email").and_then(|email| email.as_str()).map(EmailNorm::of)
    };
    let emails: Vec<EmailNorm> = items.iter().filter_map(wanted).collect();
    let owners = accounts::by_emails(tx, &directory.organization_id, &emails)?;
    let taken = owners
        .into_iter()
        .find(|owner| items.iter().any(|item| item.account_id.as_ref() == Some(&owner.id)));
    taken.map_or(Ok(()), |owner| Err(DecideError::EmailTaken(owner.id)))
}
