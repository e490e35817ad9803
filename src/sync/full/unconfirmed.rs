//! Missing people whom a full sync could not ask about in its own minute, and those about whom no
//! answer comes (S-31).
//!
//! What a full sync leaves is in the database, so that a restart loses nothing: each step asks
//! about the people of one directory what this minute's calls allow, applies every answer in a
//! transaction of its own, and lets the rest wait for the next calls. Live looks go first:
//! questions use what full syncs may use. After a day without an answer the admins are told once,
//! and see the names.
//!
//! Invariants:
//! - Only people whom a complete list did not name, and who were not seen since, are asked about.
//! - While a full sync works in the directory, or waits for its calls, nothing is asked here; it
//!   asks itself.
//!
//! What this module must not do: take anything but an answer for an answer.

use std::collections::HashSet;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::db::directories::{self, Directory};
use crate::db::directory_users::{self, DirectoryUser};
use crate::db::lease::while_renewing;
use crate::db::missing_people::{self, MissingPerson};
use crate::db::row_problems::{self, RowProblem};
use crate::db::runs::{self, Run};
use crate::db::{DbError, Lane, Tx};
use crate::domain::audit::Cause;
use crate::domain::directory::{DirectoryState, RunState};
use crate::domain::employee::RowProblemCode;
use crate::domain::ids::{DirectoryUserId, RowProblemId};
use crate::limits;
use crate::providers::RecordKeys;
use crate::sync::apply;
use crate::sync::apply::guard;
use crate::sync::budget::Gate;
use crate::sync::connect::connect;
use crate::sync::decide::batch::Pass;
use crate::sync::decide::types::Facts;
use crate::sync::failure::{self, Notifier};
use crate::sync::full::absence::{self, Gone, Missing};
use crate::sync::full::questions::{Answer, Asker, Questions};
use crate::sync::{Context, SyncError, permissions};

/// People of one directory to ask about: a claim.
pub struct Claim {
    directory: Directory,
    people: Vec<MissingPerson>,
}

/// What a claim found.
pub enum Claimed {
    /// Nobody is to be asked about now.
    Nothing,
    /// Something was put in order, and there may be more.
    Arranged,
    /// People of one directory.
    People(Box<Claim>),
}

/// Does the next piece of work; false when there is none now.
pub async fn step(cx: &Context) -> Result<bool, SyncError> {
    match claim_next(cx).await? {
        Claimed::Nothing => Ok(false),
        Claimed::Arranged => Ok(true),
        Claimed::People(claim) => Box::pin(ask(cx.clone(), *claim)).await.map(|()| true),
    }
}

/// Claims the missing people of one directory.
pub async fn claim_next(cx: &Context) -> Result<Claimed, SyncError> {
    let inner = cx.clone();
    Ok(cx.db.write(Lane::Urgent, move |tx| claim(tx, &inner)).await?)
}

fn claim(tx: &mut Tx<'_>, cx: &Context) -> Result<Claimed, DbError> {
    let now = cx.clock.now();
    let directories_max = i64::try_from(limits::CLAIM_DIRECTORIES_MAX).unwrap_or(i64::MAX);
    for id in missing_people::directories_due(tx, now, directories_max)? {
        let Some(directory) = directories::try_lock(tx, &id)? else { continue };
        let people = missing_people::to_ask(tx, &id, limits::QUESTIONS_PEOPLE_MAX)?;
        if directory.state != DirectoryState::Active
            || !directory.company_is_proven()
            || !permissions::may_look(&directory)
        {
            let people: Vec<DirectoryUserId> =
                people.into_iter().map(|one| one.directory_user_id).collect();
            missing_people::leave_to_full_sync(tx, &people)?;
            return Ok(Claimed::Arranged);
        }
        // A full sync that waits for its calls would wait for ever, and it asks itself.
        let soon = now.plus(Timestamp::MINUTE);
        let is_near = |run: Run| run.state == RunState::Running || run.next_at_ms <= soon;
        let gives_way = runs::open(tx, &id)?.is_some_and(is_near);
        missing_people::ask_at(tx, &id, now.plus(limits::LEASE_MS_MAX))?;
        if gives_way {
            return Ok(Claimed::Arranged);
        }
        return Ok(Claimed::People(Box::new(Claim { directory, people })));
    }
    Ok(Claimed::Nothing)
}

/// Asks about the people of a claim.
pub async fn ask(cx: Context, claim: Claim) -> Result<(), SyncError> {
    let id = claim.directory.id.clone();
    let renew = || {
        let (id, until) = (id.clone(), cx.clock.now().plus(limits::LEASE_MS_MAX));
        cx.db.write(Lane::Urgent, move |tx| {
            missing_people::ask_at(tx, &id, until).map(|people| people > 0)
        })
    };
    match while_renewing(Box::pin(ask_about(&cx, &claim)), renew).await {
        Err(SyncError::Superseded) => Ok(()),
        Err(SyncError::Provider(error)) => {
            // The next full sync meets it too, and tells the admins.
            tracing::info!(
                directory.id = %claim.directory.id,
                error = %error,
                "missing people could not be asked about; the next full sync asks again"
            );
            leave(&cx, &claim).await
        }
        other => other,
    }
}

async fn leave(cx: &Context, claim: &Claim) -> Result<(), SyncError> {
    let people: Vec<DirectoryUserId> =
        claim.people.iter().map(|one| one.directory_user_id.clone()).collect();
    let write =
        cx.db.write(Lane::Urgent, move |tx| missing_people::leave_to_full_sync(tx, &people));
    Ok(write.await?)
}

async fn ask_about(cx: &Context, claim: &Claim) -> Result<(), SyncError> {
    let (inner, directory, people) = (cx.clone(), claim.directory.clone(), claim.people.clone());
    let read = cx.db.read(move |conn| {
        let missing = absence::still_missing(conn, &directory, &people, &inner.keys.record)?;
        let seq = people.iter().filter_map(|one| one.list_seq).max().unwrap_or(i64::MAX);
        let control = directory_users::seen_since(conn, &directory.id, seq)?;
        Ok::<_, DbError>((missing, control))
    });
    let (missing, control) = read.await?;
    let whom: Vec<Missing> = missing.into_iter().filter(|one| one.may_ask(false)).collect();
    let wanted: HashSet<DirectoryUserId> = whom.iter().map(|one| one.id().clone()).collect();
    // Who was seen meanwhile, or whose end of access was rejected, is asked about no more.
    let settled = claim.people.iter().map(|one| &one.directory_user_id);
    let settled: Vec<DirectoryUserId> =
        settled.filter(|id| !wanted.contains(*id)).cloned().collect();
    let control = control.map(|user| RecordKeys {
        external_key: user.external_key,
        employee_number: user.employee_number,
    });
    let mut questions = Questions::about(whom, &HashSet::new(), 0, control);
    let gate = Arc::new(Gate::new(cx, &claim.directory, 0));
    let provider = connect(cx, &claim.directory, gate)?;
    let until = cx.clock.now().plus(limits::QUESTIONS_MS_MAX);
    let asker = Asker { cx, directory: &claim.directory, provider: &*provider, until };
    let applying = Applying { cx, claim };
    applying.write(move |tx, _, _| Ok(missing_people::forget(tx, &settled)?)).await?;
    while let Some(answer) = questions.next(&asker).await? {
        applying.answer(answer).await?;
    }
    let next_at = questions.next_at().unwrap_or_else(|| cx.clock.now());
    let unanswered = questions.unanswered();
    applying
        .write(move |tx, directory, cx| {
            missing_people::leave_to_full_sync(tx, &unanswered)?;
            missing_people::ask_at(tx, &directory.id, next_at)?;
            Ok(tell(tx, cx, &directory, None)?)
        })
        .await
}

/// Applies what was learned, each in a transaction that checks the claim first.
struct Applying<'a> {
    cx: &'a Context,
    claim: &'a Claim,
}

impl Applying<'_> {
    async fn write<T, F>(&self, work: F) -> Result<T, SyncError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>, Directory, &Context) -> Result<T, SyncError> + Send + 'static,
    {
        let (cx, claimed) = (self.cx.clone(), self.claim.directory.clone());
        let db = cx.db.clone();
        db.write(Lane::Urgent, move |tx| {
            let directory = still_counts(tx, &claimed)?;
            work(tx, directory, &cx)
        })
        .await
    }

    async fn answer(&self, answer: Answer) -> Result<(), SyncError> {
        match answer {
            Answer::Gone(gone) => self.gone(*gone).await,
            Answer::There(id) => {
                self.write(move |tx, directory, _| {
                    let id = [id];
                    missing_people::forget(tx, &id)?;
                    let found = directory_users::by_ids(tx, &id)?;
                    let keys: Vec<_> = found.into_iter().map(|user| user.external_key).collect();
                    let code = [RowProblemCode::AbsenceUnconfirmed];
                    row_problems::clear(tx, &directory.id, &keys, &code)?;
                    Ok(())
                })
                .await
            }
        }
    }

    async fn gone(&self, gone: Gone) -> Result<(), SyncError> {
        self.write(move |tx, directory, cx| {
            let run = runs::page(tx, &directory.id, None, 1)?.pop();
            let cause = run.as_ref().map_or(Cause::Clock, |run| Cause::Run(run.id.clone()));
            let facts = Facts::default();
            let decider = apply::decider(tx, cx, &directory, Pass::Whole, &cause, &facts)?;
            let outcome = apply::apply(&decider, tx, vec![gone.observed()])?;
            missing_people::forget(tx, std::slice::from_ref(gone.id()))?;
            guard::announce(tx, &Notifier::new(cx), &directory)?;
            if let Some(Run { id, counts, .. }) = run {
                let mut counts = counts.0;
                counts.add(outcome.counts);
                runs::set_counts(tx, &id, counts)?;
            }
            Ok(())
        })
        .await
    }
}

/// The directory as it must still be for an answer to count: active, with the same credential, and
/// without a full sync that works.
fn still_counts(tx: &mut Tx<'_>, as_claimed: &Directory) -> Result<Directory, SyncError> {
    tx.lock_organization(&as_claimed.organization_id)?;
    let directory = directories::lock(tx, &as_claimed.id)?.ok_or(SyncError::Superseded)?;
    let works = runs::open(tx, &directory.id)?.is_some_and(|run| run.state == RunState::Running);
    let same = directory.state == DirectoryState::Active
        && directory.credential_generation == as_claimed.credential_generation
        && !works;
    if same { Ok(directory) } else { Err(SyncError::Superseded) }
}

/// Lists people about whom no answer has come for a day, and tells the admins of those of whom they
/// do not know yet. `seq`: only people whom this list did not name either.
pub(crate) fn tell(
    tx: &mut Tx<'_>,
    cx: &Context,
    directory: &Directory,
    seq: Option<i64>,
) -> Result<(), DbError> {
    let now = cx.clock.now();
    let before = now.plus(-limits::UNCONFIRMED_MS);
    let mut people =
        missing_people::unconfirmed(tx, &directory.id, before, limits::UNCONFIRMED_PEOPLE_MAX)?;
    people.retain(|one| seq.is_none_or(|seq| one.list_seq == Some(seq)));
    if people.is_empty() {
        return Ok(());
    }
    let ids: Vec<DirectoryUserId> =
        people.iter().map(|one| one.directory_user_id.clone()).collect();
    for user in directory_users::by_ids(tx, &ids)? {
        let missing = people.iter().find(|one| one.directory_user_id == user.id);
        let seq = missing.and_then(|one| one.list_seq).unwrap_or(user.observation_seq);
        row_problems::put(tx, &problem(cx, directory, &user, seq))?;
    }
    let new = people.iter().filter(|one| one.told_at_ms.is_none());
    let Some(since) = new.clone().map(|one| one.missing_since_ms).min() else { return Ok(()) };
    let count = u64::try_from(new.clone().count()).unwrap_or(u64::MAX);
    failure::tell_of_unconfirmed(tx, &Notifier::new(cx), directory, count, since)?;
    let new: Vec<DirectoryUserId> = new.map(|one| one.directory_user_id.clone()).collect();
    missing_people::note_told(tx, &new, now)
}

fn problem(cx: &Context, directory: &Directory, user: &DirectoryUser, seq: i64) -> RowProblem {
    let (code, now) = (RowProblemCode::AbsenceUnconfirmed, cx.clock.now());
    RowProblem {
        id: RowProblemId::new(now, &*cx.random),
        organization_id: directory.organization_id.clone(),
        directory_id: directory.id.clone(),
        external_key: user.external_key.clone(),
        employee_number: user.employee_number.clone(),
        name: user.record.0.display_name(),
        email: user.record.0.email.clone(),
        code,
        severity: code.severity(),
        detail: None,
        observation_seq: seq,
        first_seen_at_ms: now,
        updated_at_ms: now,
    }
}

/// When somebody is to be asked about next.
pub fn next_due(conn: &mut crate::db::Conn) -> Result<Option<Timestamp>, DbError> {
    missing_people::next_question(conn)
}
