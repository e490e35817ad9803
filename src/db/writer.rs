//! One thread that commits the writes of many callers together (group commit).
//!
//! Durability costs one disk flush per commit, not per write: the thread takes what waits, runs
//! each job in a savepoint of its own (or in the transaction itself, when there is only one),
//! commits once, and only then answers. An empty queue is never
//! waited for, so a lone write is as fast as without batching.
//!
//! Invariants:
//! - Nobody is answered before the commit that carries their write has succeeded.
//! - A job that fails or panics leaves nothing behind and does not disturb the others. (After a
//!   panic the savepoint is still open; committing then would only release it and lose the whole
//!   batch, so the open levels are rolled back and the depth is checked again after the commit.)
//! - When the transaction itself is lost (SQLite rolls all of it back on a full disk, or the
//!   connection closes), no further job of the batch runs: it would be committed alone, and its
//!   caller told that it was not. Everybody in the batch is told.
//! - A job touches at most `limits::APPLY_BATCH_PEOPLE_MAX` people, so nobody waits long behind it.
//! - Urgent jobs do not wait for a bulk job that has not begun: a commit carries either. So that
//!   bulk work goes on under load, one bulk job rides along after `limits::WRITER_PASSES_MAX`
//!   commits.
//! - Who was urgent a moment ago often has the next urgent job at once (a webhook that was taken in
//!   is claimed). After an urgent commit a bulk job waits for it for `limits::WRITER_PAUSE_US`;
//!   else every step of a webhook would wait behind a bulk job of its own (S-46).

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

use crate::db::checkpointer::Checkpointer;
use crate::db::conn::{Conn, Tx};
use crate::db::error::DbError;
use crate::db::pool::{Place, Use};
use crate::db::presence::Presence;
use crate::db::{Lane, events};
use crate::limits;

/// Tells one caller what became of the commit.
type Publish = Box<dyn FnOnce(Result<(), &DbError>) + Send>;
/// One caller's work.
type Job = Box<dyn FnOnce(&mut Conn, Company) -> Publish + Send>;

/// Whether others share the job's transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Company {
    /// Nobody does: the transaction is the job's own.
    Alone,
    /// Some do: the job needs a savepoint.
    Others,
}

#[derive(Default)]
struct Lanes {
    urgent: VecDeque<Job>,
    bulk: VecDeque<Job>,
    /// Commits in a row without the bulk job that waits.
    passes: usize,
    /// The last commit carried urgent jobs.
    was_urgent: bool,
    /// Bulk jobs since the checkpointer was told.
    bulk_done: usize,
    closed: bool,
}

#[derive(Default)]
struct Queue {
    lanes: Mutex<Lanes>,
    filled: Condvar,
}

impl Queue {
    fn push(&self, lane: Lane, job: Job) -> Result<(), DbError> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if lanes.closed {
            return Err(DbError::Unavailable("the database is being closed".to_owned()));
        }
        let waiting = match lane {
            // There is one small job at a time.
            Lane::Urgent | Lane::Small => &mut lanes.urgent,
            Lane::Bulk => &mut lanes.bulk,
        };
        if waiting.len() >= limits::WRITER_QUEUE_MAX {
            return Err(DbError::Busy);
        }
        waiting.push_back(job);
        drop(lanes);
        self.filled.notify_one();
        Ok(())
    }

    /// Waits for work; `None` when the queue is closed and empty.
    fn take_batch(&self) -> Option<Vec<Job>> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        while lanes.urgent.is_empty() && lanes.bulk.is_empty() {
            if lanes.closed {
                return None;
            }
            lanes.was_urgent = false;
            lanes = self.filled.wait(lanes).unwrap_or_else(PoisonError::into_inner);
        }
        if lanes.was_urgent && lanes.urgent.is_empty() && !lanes.closed {
            let pause = Duration::from_micros(limits::WRITER_PAUSE_US);
            let none_came = |lanes: &mut Lanes| lanes.urgent.is_empty() && !lanes.closed;
            let waited = self.filled.wait_timeout_while(lanes, pause, none_came);
            lanes = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let count = lanes.urgent.len().min(limits::WRITER_BATCH_MAX.saturating_sub(1));
        let mut batch: Vec<Job> = lanes.urgent.drain(..count).collect();
        lanes.was_urgent = !batch.is_empty();
        if batch.is_empty() || lanes.passes >= limits::WRITER_PASSES_MAX {
            let bulk = lanes.bulk.pop_front();
            lanes.bulk_done = lanes.bulk_done.saturating_add(usize::from(bulk.is_some()));
            batch.extend(bulk);
            lanes.passes = 0;
        } else if !lanes.bulk.is_empty() {
            lanes.passes = lanes.passes.saturating_add(1);
        }
        Some(batch)
    }

    /// Whether so many bulk jobs are done that the log is worth a checkpoint; counts anew then.
    fn is_log_long(&self) -> bool {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let is_long = lanes.bulk_done >= limits::CHECKPOINT_BULK_JOBS;
        if is_long {
            lanes.bulk_done = 0;
        }
        is_long
    }

    fn close(&self) {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.filled.notify_all();
    }
}

/// The handle of the thread. Dropping it finishes what waits and ends the thread.
pub(crate) struct Writer {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
    /// Breaks off when the thread has ended.
    ended: Mutex<mpsc::Receiver<()>>,
    to_deliver: watch::Sender<u64>,
    presence: Arc<Presence>,
}

impl Writer {
    /// Opens a connection of its own and starts the thread.
    pub(crate) fn start(
        place: &Place,
        to_deliver: watch::Sender<u64>,
        presence: Arc<Presence>,
    ) -> Result<Self, DbError> {
        let queue = Arc::new(Queue::default());
        let mut conn = Some(place.connect(Use::Write)?);
        let checkpointer = Checkpointer::start(place)?;
        let (place, jobs, at) = (place.clone(), Arc::clone(&queue), Arc::clone(&presence));
        let (running, ended) = mpsc::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("rollcall-writer".to_owned())
            .spawn(move || {
                let _running = running;
                while let Some(batch) = jobs.take_batch() {
                    let all = AssertUnwindSafe(|| commit_together(&place, &mut conn, batch, &at));
                    if catch_unwind(all).is_err() {
                        // Nobody could be told of a writer that is gone: they would wait for ever.
                        tracing::error!("the writer panicked; it goes on with a new connection");
                        let _ = catch_unwind(AssertUnwindSafe(|| conn = None));
                    }
                    if jobs.is_log_long() {
                        checkpointer.iter().for_each(Checkpointer::wake);
                    }
                }
            })
            .map_err(|error| DbError::Unavailable(error.to_string()))?;
        Ok(Self { queue, thread: Some(thread), ended: Mutex::new(ended), to_deliver, presence })
    }

    /// Queues work and waits for its commit.
    pub(crate) async fn write<T, E>(
        &self,
        lane: Lane,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let signal = self.to_deliver.clone();
        let job: Job = Box::new(move |conn, company| {
            let outcome = run_job(conn, company, work);
            Box::new(move |committed| {
                if committed.is_ok() && matches!(outcome, Ok((_, true))) {
                    signal.send_modify(|commits| *commits = commits.wrapping_add(1));
                }
                let outcome = outcome.map(|(value, _)| value);
                // The caller may be gone; the write stands all the same.
                let _ = answer.send(match committed {
                    Ok(()) => outcome,
                    Err(error) => outcome.and(Err(E::from(clone_for_all(error)))),
                });
            })
        });
        self.queue.push(lane, job)?;
        answered.await.unwrap_or_else(|_| {
            let reason = "nothing was written".to_owned();
            let is_away = self.presence.is_away();
            Err(E::from(if is_away { DbError::Away(reason) } else { DbError::Unavailable(reason) }))
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
        // The last handle may go away inside a job, that is, in the thread itself.
        let own = |thread: &JoinHandle<()>| thread.thread().id() == std::thread::current().id();
        if let Some(thread) = self.thread.take().filter(|thread| !own(thread)) {
            // A database that says nothing must not keep the process alive.
            let patience = Duration::from_millis(limits::STOP_REST_MS_MAX);
            let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
            if ended.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Disconnected) {
                // A panic in the thread has been reported by its own message already.
                let _ = thread.join();
            }
        }
    }
}

/// Runs one job; whatever it did is undone when it fails or panics. Also returns whether there is
/// something to deliver once it is committed.
///
/// A savepoint costs SQLite a copy of every page that is touched. A job that has the transaction to
/// itself needs none: when it fails, the transaction is rolled back and begun anew.
fn run_job<T, E: From<DbError>>(
    conn: &mut Conn,
    company: Company,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> Result<(T, bool), E> {
    let base = conn.depth().unwrap_or(0);
    let run = |c: &mut Conn| {
        let mut tx = Tx::new(c);
        let value = work(&mut tx).map_err(Failed::Work)?;
        let to_deliver = events::append(tx)?;
        Ok((value, to_deliver))
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| match company {
        Company::Alone => run(conn),
        Company::Others => conn.transaction(run),
    }));
    if !matches!(outcome, Ok(Ok(_))) {
        // A panic leaves levels open, and so does a savepoint that could not be released. Whether
        // the transaction is still there is asked by whoever began it.
        let _ = match company {
            Company::Alone => conn.rollback_to_depth(0).and_then(|()| conn.begin_write()),
            Company::Others => conn.rollback_to_depth(base),
        };
    }
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(Failed::Work(error))) => Err(error),
        Ok(Err(Failed::Database(error))) => Err(E::from(error)),
        Err(_panic) => {
            tracing::error!("work inside a transaction panicked; nothing of it was written");
            Err(E::from(DbError::Panicked))
        }
    }
}

/// The two ways in which a transaction fails: the work's own error, or the database's.
pub(crate) enum Failed<E> {
    Work(E),
    Database(DbError),
}

impl<E> From<diesel::result::Error> for Failed<E> {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.into())
    }
}

impl<E> From<DbError> for Failed<E> {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}

/// Runs the jobs in one transaction, commits, and answers everybody.
fn commit_together(place: &Place, slot: &mut Option<Conn>, batch: Vec<Job>, presence: &Presence) {
    let asked = presence.begin();
    let mut publish = Vec::with_capacity(batch.len());
    let result =
        begun(place, slot, presence).and_then(|conn| run_and_commit(conn, batch, &mut publish));
    match &result {
        Ok(()) => presence.found(asked),
        Err(DbError::Away(reason)) => presence.lost(reason),
        // It is told already.
        Err(DbError::NoWrites(_)) => {}
        Err(error) => tracing::error!(error = %error, "a commit failed; its callers are told so"),
    }
    if result.is_err() {
        // Whatever state the connection is in, a new one is sound.
        *slot = None;
    }
    for answer in publish {
        let answer = || answer(result.as_ref().copied());
        // What a caller who went away does not take is dropped here, and may panic at that.
        let _ = catch_unwind(AssertUnwindSafe(answer));
    }
}

/// The connection, with a transaction begun. A connection that PostgreSQL closed since the last
/// commit is opened again: nothing of the batch has run, so nobody needs to be refused. When that
/// fails, the jobs are dropped unrun, which tells their callers that nothing was written.
fn begun<'a>(
    place: &Place,
    slot: &'a mut Option<Conn>,
    presence: &Presence,
) -> Result<&'a mut Conn, DbError> {
    // Before the jobs are dropped: who waits for them is to know why.
    let connect =
        || place.connect(Use::Write).inspect_err(|error| presence.lost(&error.to_string()));
    let conn = match slot.take().map(begin) {
        Some(Ok(conn)) => conn,
        // A file does not close by itself; somebody else has been writing for long.
        Some(Err(error)) if matches!(place, Place::Sqlite(_)) => return Err(error),
        Some(Err(_)) | None => begin(connect()?)?,
    };
    Ok(slot.insert(conn))
}

fn begin(mut conn: Conn) -> Result<Conn, DbError> {
    conn.begin_write()?;
    Ok(conn)
}

/// Runs the jobs in the open transaction and commits it. Jobs that did not get to run are dropped.
fn run_and_commit(
    conn: &mut Conn,
    batch: Vec<Job>,
    publish: &mut Vec<Publish>,
) -> Result<(), DbError> {
    let company = if batch.len() == 1 { Company::Alone } else { Company::Others };
    conn.end(|c| {
        for job in batch {
            publish.push(job(c, company));
            if c.depth() != Some(1) {
                return Err(DbError::Unavailable("the transaction was lost".to_owned()));
            }
        }
        Ok(())
    })?;
    match conn.depth() {
        Some(0) => Ok(()),
        depth => Err(DbError::Other(format!("a commit left depth {depth:?}"))),
    }
}

/// Everybody in a failed batch is told the same.
fn clone_for_all(error: &DbError) -> DbError {
    if matches!(error, DbError::Deadlock) {
        DbError::Deadlock
    } else if let DbError::Away(reason) = error {
        DbError::Away(reason.clone())
    } else if let DbError::NoWrites(why) = error {
        DbError::NoWrites(*why)
    } else if error.is_temporary() {
        DbError::Unavailable(error.to_string())
    } else {
        DbError::Other(error.to_string())
    }
}
