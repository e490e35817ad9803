//! What admins decide about holds: approve all, approve some, reject (S-22, S-24, S-32).
//!
//! A decision is written down and nothing else; the people it is about are then decided again on
//! the one apply path, which finds the decision. An approval covers exactly the list that the admin
//! saw, once. Who is only missing from HR's list is still asked about before access ends (S-31).
//!
//! Invariant: an open hold is decided once; of several decisions the first counts.

use std::collections::HashSet;

use crate::clock::Millis;
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
use crate::sync::{Context, full, guard};

/// What an admin wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Everybody on the list.
    ApproveAll,
    /// These, and the others are asked about again in a hold of their own.
    Approve(Vec<HoldItemId>),
    /// Nobody.
    Reject,
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
    /// Nobody was named.
    #[error("name at least one item of the hold")]
    Nobody,
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
    wish: Wish,
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
            if hold.state != HoldState::Open {
                return Err(DecideError::Closed(hold.state));
            }
            Deciding { cx: &inner, directory: &directory, now: inner.clock.now(), by: &by }
                .take(tx, &hold, wish)
        })
        .await
}

struct Deciding<'a> {
    cx: &'a Context,
    directory: &'a Directory,
    now: Millis,
    by: &'a Actor,
}

impl Deciding<'_> {
    fn take(&self, tx: &mut Tx<'_>, hold: &Hold, wish: Wish) -> Result<Hold, DecideError> {
        let items = hold_items::of_hold(tx, &hold.id)?;
        let (approved, rest) = match wish {
            Wish::Reject => return self.reject(tx, hold, &items),
            Wish::ApproveAll => (items, Vec::new()),
            Wish::Approve(ids) => split(items, ids)?,
        };
        if hold.kind == HoldKind::EmailChange {
            email_is_free(tx, self.directory, &approved)?;
        }
        let state = if rest.is_empty() { HoldState::Approved } else { HoldState::PartlyApproved };
        holds::close(tx, &hold.id, state, self.by, self.now)?;
        if !rest.is_empty() {
            self.ask_again(tx, hold, &rest)?;
        }
        hold_items::decide(tx, &hold.id, Decision::Approved)?;
        self.carry_out(tx, &approved)?;
        self.decided(tx, &hold.id, approved.len())
    }

    fn reject(
        &self,
        tx: &mut Tx<'_>,
        hold: &Hold,
        items: &[HoldItem],
    ) -> Result<Hold, DecideError> {
        holds::close(tx, &hold.id, HoldState::Rejected, self.by, self.now)?;
        hold_items::decide(tx, &hold.id, Decision::Rejected)?;
        self.decided(tx, &hold.id, items.len())
    }

    /// Who was not approved is asked about in a hold of their own.
    fn ask_again(&self, tx: &mut Tx<'_>, hold: &Hold, rest: &[HoldItem]) -> Result<(), DbError> {
        let key = hold.open_key.clone().unwrap_or_default();
        let (kind, random) = (hold.kind, &*self.cx.random);
        let new = guard::blank(self.directory, kind, key, &hold.reason, self.now, random);
        holds::insert(tx, &new, &[])?;
        let ids: Vec<HoldItemId> = rest.iter().map(|item| item.id.clone()).collect();
        hold_items::move_to(tx, &ids, &new.id)?;
        let people = u64::try_from(rest.len()).unwrap_or(u64::MAX);
        guard::emit(tx, EventKind::HoldOpened, &new, people, self.now);
        Ok(())
    }

    /// The people are decided again; about those who are missing the HR system is asked first.
    fn carry_out(&self, tx: &mut Tx<'_>, approved: &[HoldItem]) -> Result<(), DbError> {
        let keys: Vec<ExternalKey> =
            approved.iter().map(|item| item.external_key.clone()).collect();
        let users = directory_users::by_keys(tx, &self.directory.id, &keys, &[])?;
        let mut due: HashSet<DirectoryUserId> = users.into_iter().map(|user| user.id).collect();
        // Whoever has the account now may lose it.
        let accounts: Vec<AccountId> =
            approved.iter().filter_map(|item| item.account_id.clone()).collect();
        let links = links::of_accounts(tx, &accounts)?;
        let here = links.into_iter().filter(|link| link.directory_id == self.directory.id);
        due.extend(here.map(|link| link.directory_user_id));
        let due: Vec<DirectoryUserId> = due.into_iter().collect();
        directory_users::make_due(tx, &due, self.now)?;
        let missing = serde_json::json!(LossReason::NotInHr);
        let asks =
            approved.iter().any(|item| item.planned_change.0.get("because") == Some(&missing));
        if asks && self.directory.state.is_syncing() {
            full::queue(tx, self.cx, self.directory, RunTrigger::Manual, self.now)?;
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

/// Two accounts can not have one e-mail, whatever an admin approves.
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
