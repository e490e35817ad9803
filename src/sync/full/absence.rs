//! People whom HR's list does not name any more (S-30, S-31).
//!
//! Somebody is gone when two things hold: a complete list does not name them under any key, and the
//! HR system, asked about them in or after that run, says that there is nobody by that name.
//! [`Gone`] is the proof of both. It is made only of a [`Missing`], which only a complete list
//! gives, and only it can be applied as an absence. Who may make it is
//! [`crate::sync::full::questions`], of an answer about that person.
//!
//! Where the key may not ask about one person, a second complete list, asked for an hour later or
//! more, stands in for that answer (L-13).
//!
//! What this module must not do: apply anything, or take an error for an answer.

use std::collections::HashMap;

use crate::clock::Timestamp;
use crate::db::directories::Directory;
use crate::db::directory_users::{self, DirectoryUser};
use crate::db::holds::HoldItem;
use crate::db::links::{self, Link};
use crate::db::missing_people::MissingPerson;
use crate::db::{Conn, DbError, accounts, hold_items};
use crate::domain::account::{AccountStatus, Activity};
use crate::domain::employee::{ExternalKey, Membership, Standing};
use crate::domain::guard::LossReason;
use crate::domain::hold::HoldKind;
use crate::domain::ids::{AccountId, DirectoryId, DirectoryUserId};
use crate::limits;
use crate::providers::RecordKeys;
use crate::secret::SealingKey;
use crate::sync::apply::guard::Waiting;
use crate::sync::decide::person::employment_hash;
use crate::sync::decide::types::Observed;
use crate::sync::decide::verdict::Verdict;
use crate::sync::full::everybody::Everybody;

/// Somebody who counts as employed and whom a complete list does not name under any key.
#[derive(Debug, Clone)]
pub struct Missing {
    user: DirectoryUser,
    /// The account that would become inactive, and whether it is active now.
    account: Option<(AccountId, AccountStatus)>,
    /// What admins have said about it.
    verdict: Verdict,
    employment: Vec<u8>,
}

/// Somebody who is missing, and of whom the HR system says that there is no such person.
#[derive(Debug, Clone)]
pub struct Gone {
    user: DirectoryUser,
    seq: i64,
}

impl Gone {
    /// Who it is.
    #[must_use]
    pub fn id(&self) -> &DirectoryUserId {
        &self.user.id
    }

    /// What is applied: the record as it is stored, of somebody who is no longer employed.
    #[must_use]
    pub fn observed(&self) -> Observed {
        let mut record = self.user.record.0.clone();
        record.standing = Standing::Former;
        Observed {
            seq: self.seq,
            record,
            membership: Membership::NotMember,
            gone: true,
            raw_hash: None,
            notes: Vec::new(),
        }
    }
}

impl Missing {
    /// Whether the guard counts this person: an active account would become inactive, and admins
    /// have neither decided about it nor are they asked (S-32).
    #[must_use]
    pub fn counts(&self) -> bool {
        self.loses_access() && self.verdict == Verdict::None
    }

    /// Who it is.
    #[must_use]
    pub fn id(&self) -> &DirectoryUserId {
        &self.user.id
    }

    /// Whether an admin has to decide before anything happens.
    #[must_use]
    pub fn must_wait(&self, too_many: bool) -> bool {
        match self.verdict {
            Verdict::None => self.loses_access() && too_many,
            Verdict::Binding => self.loses_access(),
            Verdict::Approved | Verdict::Rejected => false,
        }
    }

    /// Whether the HR system is asked about this person. Over the limit nobody is, before an admin
    /// has approved it.
    #[must_use]
    pub fn may_ask(&self, too_many: bool) -> bool {
        match self.verdict {
            Verdict::None => !too_many,
            Verdict::Binding => !too_many && !self.loses_access(),
            Verdict::Approved => true,
            Verdict::Rejected => false,
        }
    }

    /// Whether an admin has approved their end of access.
    #[must_use]
    pub fn is_approved(&self) -> bool {
        self.verdict == Verdict::Approved
    }

    /// Whether an account would become inactive.
    #[must_use]
    pub fn has_account(&self) -> bool {
        self.account.is_some()
    }

    /// What to ask the HR system by.
    #[must_use]
    pub fn keys(&self) -> RecordKeys {
        RecordKeys {
            external_key: self.user.external_key.clone(),
            employee_number: self.user.employee_number.clone(),
        }
    }

    /// The HR system, asked under this number, says that there is no such person.
    #[must_use]
    pub(crate) fn gone(self, seq: i64) -> Gone {
        Gone { user: self.user, seq }
    }

    /// The person as they are stored.
    #[must_use]
    pub fn user(&self) -> &DirectoryUser {
        &self.user
    }

    fn loses_access(&self) -> bool {
        let is_active = |(_, status): &(_, AccountStatus)| *status == AccountStatus::Active;
        self.account.as_ref().is_some_and(is_active)
    }

    /// The person as an item of a hold.
    #[must_use]
    pub fn waiting(&self) -> Option<Waiting> {
        Some(Waiting {
            external_key: self.user.external_key.clone(),
            name: self.user.record.0.display_name(),
            account_id: self.account.as_ref()?.0.clone(),
            reason: LossReason::NotInHr,
            last_day: None,
            employment: self.employment.clone(),
        })
    }
}

/// Whom a complete list does not name although they count as employed.
pub fn missing(
    conn: &mut Conn,
    directory: &Directory,
    everybody: &Everybody,
    key: &SealingKey,
) -> Result<Vec<Missing>, DbError> {
    let is_missing =
        |user: &DirectoryUser| user.observation_seq < everybody.seq && !everybody.may_name(user);
    missing_of(conn, directory, &everybody.missing, is_missing, key)
}

/// Who of these people, whom a complete list did not name, has not been seen since: each with the
/// number of that list.
pub fn still_missing(
    conn: &mut Conn,
    directory: &Directory,
    people: &[MissingPerson],
    key: &SealingKey,
) -> Result<Vec<Missing>, DbError> {
    let lists: HashMap<&DirectoryUserId, i64> =
        people.iter().filter_map(|one| Some((&one.directory_user_id, one.list_seq?))).collect();
    let ids: Vec<DirectoryUserId> = lists.keys().map(|id| (*id).clone()).collect();
    let is_missing =
        |user: &DirectoryUser| lists.get(&user.id).is_some_and(|seq| user.observation_seq < *seq);
    missing_of(conn, directory, &ids, is_missing, key)
}

fn missing_of(
    conn: &mut Conn,
    directory: &Directory,
    ids: &[DirectoryUserId],
    is_missing: impl Fn(&DirectoryUser) -> bool,
    key: &SealingKey,
) -> Result<Vec<Missing>, DbError> {
    let users: Vec<DirectoryUser> = directory_users::by_ids(conn, ids)?
        .into_iter()
        .filter(|user| user.state == Activity::Active && is_missing(user))
        .collect();
    let accounts = accounts_of(conn, &directory.id, &users)?;
    let keys: Vec<ExternalKey> = users.iter().map(|user| user.external_key.clone()).collect();
    let decided: HashMap<ExternalKey, HoldItem> = hold_items::decided(conn, &directory.id, &keys)?
        .into_iter()
        .filter(|(kind, _)| *kind == HoldKind::Deactivations)
        .map(|(_, item)| (item.external_key.clone(), item))
        .collect();
    let asked = hold_items::asked(conn, &directory.id, HoldKind::Deactivations, &keys)?;
    let mut missing: Vec<Missing> = users
        .into_iter()
        .map(|user| {
            let employment = employment_hash(key, &user.record.0, user.membership, true);
            let account = accounts.get(&user.id).cloned();
            let item = decided.get(&user.external_key);
            let waits =
                [&asked.waiting, &asked.left].iter().any(|it| it.contains(&user.external_key));
            let account_id = account.as_ref().map(|(id, _)| id);
            let verdict = Verdict::of(item, account_id, &[&employment], waits);
            Missing { user, account, verdict, employment }
        })
        .collect();
    missing.sort_by(|a, b| a.user.id.cmp(&b.user.id));
    Ok(missing)
}

/// The accounts of these people that could become inactive: nobody of another directory keeps them
/// active (S-26).
fn accounts_of(
    conn: &mut Conn,
    directory: &DirectoryId,
    users: &[DirectoryUser],
) -> Result<HashMap<DirectoryUserId, (AccountId, AccountStatus)>, DbError> {
    let ids: Vec<DirectoryUserId> = users.iter().map(|user| user.id.clone()).collect();
    let links = links::of_users(conn, &ids)?;
    let ids: Vec<AccountId> = links.iter().map(|link| link.account_id.clone()).collect();
    let kept = links::kept_by_others(conn, &ids, directory)?;
    let statuses: HashMap<AccountId, AccountStatus> = accounts::by_ids(conn, &ids)?
        .into_iter()
        .filter(|account| account.status != AccountStatus::Inactive && !kept.contains(&account.id))
        .map(|account| (account.id, account.status))
        .collect();
    let with_status = |link: Link| {
        let status = *statuses.get(&link.account_id)?;
        Some((link.directory_user_id, (link.account_id, status)))
    };
    Ok(links.into_iter().filter_map(with_status).collect())
}

/// What asking about the missing has brought.
#[derive(Default)]
pub struct Answers {
    /// Who is gone.
    pub gone: Vec<Gone>,
}

/// Who is gone by two complete lists: the one that was asked for at `asked_at` under the number
/// `seq`, and one before it that did not name them either (`since`).
#[must_use]
#[expect(clippy::implicit_hasher, reason = "there is one caller")]
pub fn by_two_lists(
    missing: &[Missing],
    too_many: bool,
    since: &HashMap<DirectoryUserId, Timestamp>,
    (seq, asked_at): (i64, Timestamp),
) -> Answers {
    let is_proven = |one: &&Missing| {
        let first = since.get(&one.user.id);
        first.is_some_and(|first| asked_at.since(*first) >= limits::ABSENCE_BY_LISTS_MS)
    };
    let gone = missing.iter().filter(|one| one.may_ask(too_many)).filter(is_proven);
    let gone = gone.map(|one| Gone { user: one.user.clone(), seq }).collect();
    Answers { gone }
}
