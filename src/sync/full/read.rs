//! All that a full sync or a preview learns before it decides: everybody, who is missing, whether
//! too many would lose access, and what the HR system says about the missing.
//!
//! Invariants:
//! - Nothing is applied here; an observation number and calls are all that is written.
//! - The missing are counted before anybody is asked about, and over the limit nobody is, but those
//!   whom an admin has approved (S-32).

use std::collections::HashMap;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::db::directories::Directory;
use crate::db::{directory_users, missing_people};
use crate::domain::audit::Cause;
use crate::domain::directory::DirectoryState;
use crate::domain::directory::RunCounts;
use crate::domain::failure::FailureClass;
use crate::domain::ids::DirectoryUserId;
use crate::limits;
use crate::providers::{CallLane, ProviderError, RecordKeys};
use crate::sync::apply;
use crate::sync::apply::guard::{self, Waiting};
use crate::sync::budget::Gate;
use crate::sync::connect::connect;
use crate::sync::decide::batch::{Pass, Ruling};
use crate::sync::full::absence::{self, Answers, Missing};
use crate::sync::full::company;
use crate::sync::full::everybody::Everybody;
use crate::sync::full::list;
use crate::sync::full::questions::Questions;
use crate::sync::{Context, SyncError, clearing, permissions};

/// What is known before anybody is decided about.
pub struct Reading {
    /// The complete list.
    pub everybody: Everybody,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// What batches of this reading are told about the others: whether too many would lose access,
    /// so that all of them wait.
    pub ruling: Ruling,
    /// Whom the list does not name.
    pub missing: Vec<DirectoryUserId>,
    /// Missing people who wait for an admin's decision.
    pub waiting: Vec<Waiting>,
    /// What was asked about missing people.
    pub answers: Answers,
    /// Questions about missing people that are still to be asked, or were not answered.
    pub questions: Questions,
    /// Whether the HR system answers questions about one person.
    pub looks: Looks,
    /// Since when those have been missing of whom lists alone tell that they are gone (L-13).
    pub since: HashMap<DirectoryUserId, Timestamp>,
}

impl Reading {
    /// What is counted of a list before anybody is planned.
    #[must_use]
    pub fn counts_before(&self) -> RunCounts {
        RunCounts {
            held: u64::try_from(self.waiting.len()).unwrap_or(u64::MAX),
            seen: u64::try_from(self.everybody.seen).unwrap_or(u64::MAX),
            unchanged: u64::try_from(self.everybody.unchanged.len()).unwrap_or(u64::MAX),
            row_problems: u64::try_from(self.everybody.unread.len()).unwrap_or(u64::MAX),
            ..RunCounts::default()
        }
    }
}

/// Whether the HR system answers questions about one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// As far as is known.
    Allowed,
    /// The key lacks the permission and works without: lists alone tell who is gone (L-13).
    ByLists,
    /// The key lacks the permission, which is needed.
    Refused,
}

/// Reads everybody and asks about the missing.
pub async fn read(cx: &Context, directory: &Directory) -> Result<Reading, SyncError> {
    let asked_at = cx.clock.now();
    // Whoever had an account under a former directory has it again (L-09).
    clearing::finish(cx, &directory.organization_id).await?;
    let everybody = list::everybody(cx, directory).await?;
    // What a key of another company says of a missing person means nothing.
    let everybody = company::look(cx, directory, everybody).await?;
    let mut looks = looks(cx, directory, &everybody).await?;
    let optional = permissions::looks_are_optional(directory.provider);
    let (everybody, missing, ruling) = look_ahead(cx, directory, everybody).await?;
    let too_many = matches!(ruling, Ruling::Everybody { too_many: true, .. });
    let waiting = missing.iter().filter(|one| one.must_wait(too_many));
    let waiting = waiting.filter_map(Missing::waiting).collect();
    let (mut answers, mut questions) = (Answers::default(), Questions::default());
    if looks == Looks::Allowed && !missing.is_empty() {
        questions = questions_about(cx, directory, &everybody, &missing, too_many).await?;
        match questions.ask_at_once(cx, directory).await {
            Err(SyncError::Provider(ProviderError::Permission { .. })) if optional => {
                (looks, questions) = (Looks::Refused, Questions::default());
            }
            asked => answers = asked?,
        }
    }
    let mut since = HashMap::new();
    if looks == Looks::Refused && optional {
        looks = Looks::ByLists;
        let id = directory.id.clone();
        since = cx.db.read(move |conn| missing_people::since(conn, &id)).await?;
        let question = (everybody.seq, asked_at);
        answers = absence::by_two_lists(&missing, too_many, &since, question);
    }
    let missing = missing.iter().map(|one| one.id().clone()).collect();
    let reading =
        Reading { everybody, asked_at, ruling, missing, waiting, answers, questions, looks, since };
    Ok(reading)
}

/// Questions about the missing: about all of them, or only about those whose end of access an admin
/// has approved when there are too many.
async fn questions_about(
    cx: &Context,
    directory: &Directory,
    everybody: &Everybody,
    missing: &[Missing],
    too_many: bool,
) -> Result<Questions, SyncError> {
    let whom: Vec<Missing> = missing.iter().filter(|one| one.may_ask(too_many)).cloned().collect();
    let id = directory.id.clone();
    let noted = cx.db.read(move |conn| missing_people::noted(conn, &id)).await?;
    let control = somebody(cx, everybody).await?;
    Ok(Questions::about(whom, &noted, everybody.seq, control))
}

/// Whether questions about one person are answered. Asked, about somebody whom the list names, only
/// when there is a doubt: the key lacked the permission, or a permission failed the directory. A
/// list that can be read does not show it, and without this question every full sync would end such
/// an episode and the next question begin another (S-41).
async fn looks(
    cx: &Context,
    directory: &Directory,
    everybody: &Everybody,
) -> Result<Looks, SyncError> {
    let is_missing = !permissions::may_look(directory);
    let as_known = if is_missing { Looks::Refused } else { Looks::Allowed };
    let has_failed = directory.state == DirectoryState::Failing
        && directory.failure_class() == Some(FailureClass::Permission);
    if !is_missing && !has_failed {
        return Ok(as_known);
    }
    let Some(who) = somebody(cx, everybody).await? else { return Ok(as_known) };
    let provider = connect(cx, directory, Arc::new(Gate::new(cx, directory, 0)))?;
    match provider.fetch(CallLane::Bulk, &who).await {
        Ok(_) => Ok(Looks::Allowed),
        Err(ProviderError::Permission { .. }) => Ok(Looks::Refused),
        Err(error @ (ProviderError::Credential | ProviderError::Suspended)) => Err(error.into()),
        // No answer; the next run asks again.
        Err(_) => Ok(as_known),
    }
}

/// Somebody whom the list names.
async fn somebody(cx: &Context, everybody: &Everybody) -> Result<Option<RecordKeys>, SyncError> {
    let some = limits::APPLY_BATCH_PEOPLE_MAX;
    let ids: Vec<DirectoryUserId> = everybody.unchanged.iter().take(some).cloned().collect();
    let stored = cx.db.read(move |conn| directory_users::by_ids(conn, &ids)).await?;
    let stored = stored.into_iter().map(|user| (user.external_key, user.employee_number));
    let changed = everybody.changed.iter().take(some).map(|seen| &seen.record);
    let changed = changed.filter(|record| !record.has_no_key());
    let changed = changed.map(|it| (it.external_key.clone(), it.employee_number.clone()));
    // Not every HR system asks by number.
    let found = stored.chain(changed).min_by_key(|(_, number)| number.is_none());
    let keys = |(external_key, employee_number)| RecordKeys { external_key, employee_number };
    Ok(found.map(keys))
}

/// Who is missing, and whether too many would lose access.
async fn look_ahead(
    cx: &Context,
    directory: &Directory,
    everybody: Everybody,
) -> Result<(Everybody, Vec<Missing>, Ruling), SyncError> {
    let (inner, directory) = (cx.clone(), directory.clone());
    let looked = cx.db.read_bulk(move |conn| {
        let key = &inner.keys.record;
        let missing = absence::missing(conn, &directory, &everybody, key)?;
        let (cause, facts) = (&Cause::Clock, &everybody.facts);
        let decider = apply::decider(conn, &inner, &directory, Pass::People, cause, facts)?;
        let count = missing.iter().filter(|one| one.counts()).count();
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let ruling = guard::look_ahead(conn, &decider, &everybody.changed, count)?;
        Ok::<_, SyncError>((everybody, missing, ruling))
    });
    looked.await
}
