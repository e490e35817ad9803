//! Whether a key still reads the company whose people are stored (L-10).
//!
//! A key of another company is a good key: it answers, and names people. Without this question
//! their records would be given to the accounts of the people we know (where numbers are alike), or
//! all of ours would be missing and all of theirs be new. So before a full sync applies anything,
//! it looks how many of the people who are employed it has found again.
//!
//! Invariants:
//! - A doubt ends the sync before anything of it is applied, and before anybody is asked about.
//! - An answer of an admin counts for the key that it was given about, as long as that is in use.
//! - After a new key no look at one person counts before a full sync has come through this.

use std::collections::HashSet;

use serde_json::json;

use crate::clock::Timestamp;
use crate::db::directories::Directory;
use crate::db::directory_users;
use crate::db::holds::{self, HoldItem};
use crate::db::types::Json;
use crate::db::{Conn, DbError, Tx, hold_items};
use crate::domain::account::Activity;
use crate::domain::employee::{EmployeeNumber, EmployeeRecord, ExternalKey, name_norm};
use crate::domain::hold::{self, Decision, HoldKind};
use crate::domain::ids::{DirectoryId, DirectoryUserId, HoldItemId};
use crate::limits;
use crate::sync::apply::{guard, question};
use crate::sync::decide::snapshot::Snapshot;
use crate::sync::decide::types::Observed;
use crate::sync::full::everybody::Everybody;
use crate::sync::{Context, SyncError};
use crate::texts::Language;

/// Why a key may read another company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// People who are known and count as employed.
    pub known: usize,
    /// Those of them who were found again.
    pub found: usize,
    /// People who were never seen before.
    pub strangers: usize,
    /// The HR system says that it is another company.
    pub says_other: bool,
    /// How many people the list names.
    pub seen: usize,
}

/// Looks whether the list names the people whom we know; [`SyncError::OtherCompany`] when not and
/// no admin has said to go on all the same.
pub async fn look(
    cx: &Context,
    directory: &Directory,
    everybody: Everybody,
) -> Result<Everybody, SyncError> {
    let roll = everybody.roll;
    // Most syncs bring nearly everybody as they were; that costs no question.
    let unchanged = everybody.unchanged.len();
    let surely_found = unchanged.saturating_sub(roll.all.saturating_sub(roll.active));
    let says_other = says_other(directory);
    let is_fine = roll.active < limits::COMPANY_PEOPLE_MIN
        || (!says_other && surely_found.saturating_mul(2) >= roll.active);
    if is_fine {
        return Ok(everybody);
    }
    let directory = directory.clone();
    let looked = cx.db.read_bulk(move |conn| {
        let (found, strangers) = tally(conn, &directory, &everybody)?;
        let (known, seen) = (roll.active, everybody.seen);
        let doubt = Doubt { known, found, strangers, says_other, seen };
        if !doubt.is_one() {
            return Ok(everybody);
        }
        let answer = decided(conn, &directory)?;
        if answer.is_some_and(|item| item.decision == Some(Decision::Approved)) {
            return Ok(everybody);
        }
        Err(SyncError::OtherCompany(Box::new(doubt)))
    });
    looked.await
}

/// Whether the HR system tells that the key is of another company than the people.
fn says_other(directory: &Directory) -> bool {
    let (ours, read) = (&directory.tenant_key, &directory.credential_tenant_key);
    matches!((ours, read), (Some(ours), Some(read)) if ours != read)
}

impl Doubt {
    fn is_one(&self) -> bool {
        let few = self.found.saturating_mul(2) < self.known && self.strangers > self.found;
        few || self.says_other
    }
}

/// How many of the employed people are found again, and how many were never seen before.
fn tally(
    conn: &mut Conn,
    directory: &Directory,
    everybody: &Everybody,
) -> Result<(usize, usize), DbError> {
    let mut found = directory_users::count_active(conn, &everybody.unchanged)?;
    let mut seen: HashSet<DirectoryUserId> = HashSet::new();
    let mut strangers: usize = 0;
    for people in everybody.changed.chunks(limits::IN_LIST_MAX) {
        let snapshot = people_of(conn, &directory.id, people, everybody)?;
        for one in people {
            match snapshot.stored(&one.record) {
                Some(user) if is_alike(&user.record.0, &one.record) => {
                    let is_first = seen.insert(user.id.clone());
                    found = found
                        .saturating_add(usize::from(is_first && user.state == Activity::Active));
                }
                // A record that says nothing of the person speaks neither for nor against them.
                Some(_) if says_nothing(&one.record) => {}
                _ => strangers = strangers.saturating_add(1),
            }
        }
    }
    Ok((found, strangers))
}

/// The stored people whom these records can be about.
fn people_of(
    conn: &mut Conn,
    directory: &DirectoryId,
    people: &[Observed],
    everybody: &Everybody,
) -> Result<Snapshot, DbError> {
    let renamed = &everybody.facts.renamed;
    let own = people.iter().map(|one| &one.record.external_key);
    let keys: Vec<ExternalKey> =
        own.clone().chain(own.filter_map(|key| renamed.get(key))).cloned().collect();
    let numbers: Vec<EmployeeNumber> =
        people.iter().filter_map(|one| one.record.employee_number.clone()).collect();
    let mut snapshot = Snapshot { renamed: renamed.clone(), ..Snapshot::default() };
    for user in directory_users::by_keys(conn, directory, &keys, &numbers)? {
        snapshot.by_key.insert(user.external_key.clone(), user.id.clone());
        if let Some(number) = &user.employee_number {
            snapshot.by_number.insert(number.clone(), user.id.clone());
        }
        snapshot.users.insert(user.id.clone(), user);
    }
    Ok(snapshot)
}

/// Whether a record has the name or the e-mail of somebody.
fn is_alike(before: &EmployeeRecord, now: &EmployeeRecord) -> bool {
    let norm = |name: &Option<String>| name.as_deref().map(name_norm);
    let same = |a: &Option<String>, b: &Option<String>| a.is_some() && norm(a) == norm(b);
    let same_name =
        same(&before.first_name, &now.first_name) && same(&before.last_name, &now.last_name);
    same_name || (now.email.is_some() && now.email_norm() == before.email_norm())
}

fn says_nothing(record: &EmployeeRecord) -> bool {
    record.first_name.is_none() && record.last_name.is_none() && record.email.is_none()
}

/// The last answer about the key that is in use.
fn decided(conn: &mut Conn, directory: &Directory) -> Result<Option<HoldItem>, DbError> {
    let key = subject();
    let decided = hold_items::decided(conn, &directory.id, std::slice::from_ref(&key))?;
    let about_company = decided.into_iter().filter(|(kind, _)| *kind == HoldKind::OtherCompany);
    let last = about_company.map(|(_, item)| item).next_back();
    let key = Some(about_key(directory));
    Ok(last.filter(|item| item.record_hash == key))
}

/// What stands in place of a person's key: the question is about nobody in particular.
fn subject() -> ExternalKey {
    ExternalKey("company".to_owned())
}

/// Which key an answer is about.
fn about_key(directory: &Directory) -> Vec<u8> {
    directory.credential_generation.to_be_bytes().to_vec()
}

fn open_key(directory: &Directory) -> String {
    holds::open_key(&directory.id, HoldKind::OtherCompany, &subject())
}

/// Asks the admins whether it is the right company, once for each key. `directory` is the locked
/// row.
pub fn ask(
    tx: &mut Tx<'_>,
    cx: &Context,
    directory: &Directory,
    doubt: &Doubt,
) -> Result<(), DbError> {
    if decided(tx, directory)?.is_some() {
        return Ok(());
    }
    let (now, kind) = (cx.clock.now(), HoldKind::OtherCompany);
    let open = holds::find_open(tx, &open_key(directory))?;
    let is_new = open.is_none();
    let hold = open.unwrap_or_else(|| {
        let reason = hold::may_be_other_company().in_language(Language::English);
        guard::blank(directory, kind, open_key(directory), reason, now, &*cx.random)
    });
    let item = HoldItem {
        id: HoldItemId::new(now, &*cx.random),
        organization_id: hold.organization_id.clone(),
        directory_id: hold.directory_id.clone(),
        hold_id: hold.id.clone(),
        external_key: subject(),
        account_id: None,
        name: directory.name.clone(),
        planned_change: Json(json!({
            "known": doubt.known,
            "found": doubt.found,
            "never_seen": doubt.strangers,
            "another_company_by_id": doubt.says_other,
        })),
        record_hash: Some(about_key(directory)),
        decision: None,
        done_at_ms: None,
        created_at_ms: now,
        list_version: hold.list_version,
        left_at_ms: None,
    };
    question::ask(tx, &hold, is_new, item, now)
}

/// A full sync has come through: it is the right company, or an admin has said to go on.
/// `directory` is the locked row, which the caller writes.
pub fn settle(tx: &mut Tx<'_>, directory: &mut Directory, now: Timestamp) -> Result<(), DbError> {
    holds::supersede(tx, &[open_key(directory)], now)?;
    directory.company_generation = directory.credential_generation;
    if let Some(tenant) = &directory.credential_tenant_key {
        directory.tenant_key = Some(tenant.clone());
    }
    Ok(())
}

impl Directory {
    /// Whether a full sync has found the people of this company with the key that is in use.
    #[must_use]
    pub fn company_is_proven(&self) -> bool {
        self.company_generation == self.credential_generation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l_10_few_found_and_more_strangers_or_the_hr_systems_own_word_make_a_doubt() {
        for (known, found, strangers, says_other, expected) in [
            (5, 2, 3, false, true),
            (5, 2, 2, false, false),
            (5, 3, 400, false, false),
            (6, 3, 400, false, false),
            (30, 0, 30, false, true),
            (30, 0, 0, false, false),
            (30, 14, 15, false, true),
            (30, 30, 0, true, true),
        ] {
            let doubt = Doubt { known, found, strangers, says_other, seen: 0 };
            assert_eq!(doubt.is_one(), expected, "{doubt:?}");
        }
    }
}
