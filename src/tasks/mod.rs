//! Tasks: when work is done. What is done is in `sync`, `delivery` and `notify`; nothing here has a
//! rule.
//!
//! A task is a step without input that does the next piece of work there is, or says that there is
//! none. It runs when it is activated (a webhook came, somebody pressed "Sync now"), when the next
//! piece is due, and now and then in any case; there is one code path for the signal and the scan,
//! so a lost signal only costs time. Work is claimed by expiring leases, so several processes may
//! run the same tasks, and a dead one's work is taken over.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::clock::Timestamp;
use crate::db::{DbError, Lane, clock_belief, holds, inbox, mails, runs};
use crate::delivery::{self, deliverer};
use crate::limits;
use crate::notify::outbox;
use crate::notify::smtp::Mailer;
use crate::sync::apply::guard;
use crate::sync::full::unconfirmed;
use crate::sync::{Context, SyncError, clearing, full, live, reevaluate, schedule};
use crate::tasks::retention::sweep;

mod dispatch;
mod retention;

/// Tells one kind of task that there is work.
#[derive(Clone, Default)]
pub struct Activator(Arc<Notify>);

impl Activator {
    /// There is work now. Never blocks; signals that nobody has taken yet are one.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// The activators of all tasks that others may wake.
#[derive(Clone, Default)]
pub struct Activators {
    /// Hints of webhooks.
    pub inbox: Activator,
    /// Full syncs.
    pub runs: Activator,
    /// Mails.
    pub mails: Activator,
    /// People who are to be decided again.
    pub dates: Activator,
    /// Directories that were disabled.
    pub clearing: Activator,
}

/// What tasks work with.
#[derive(Clone)]
pub struct TaskContext {
    /// For everything about people.
    pub sync: Context,
    /// The mail server, when there is one.
    pub mailer: Option<Arc<Mailer>>,
    /// For everything about endpoints.
    pub delivery: delivery::Context,
}

/// One kind of task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Looks at people whom webhooks named.
    Inbox,
    /// Lets dates act on people (S-12).
    Dates,
    /// Queues full syncs by their schedule.
    Schedule,
    /// Does full syncs.
    Runs,
    /// Asks about people whom lists do not name (S-31).
    Questions,
    /// Tells admins again of what waits for their decision (S-32).
    Reminders,
    /// Clears away what disabled directories leave (L-08).
    Clearing,
    /// Sends mails.
    Mails,
    /// Forgets what is too old.
    Janitor,
    /// Looks whether the clock has jumped.
    Clock,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Dates => "dates",
            Self::Schedule => "schedule",
            Self::Runs => "runs",
            Self::Questions => "questions",
            Self::Reminders => "reminders",
            Self::Clearing => "clearing",
            Self::Mails => "mails",
            Self::Janitor => "janitor",
            Self::Clock => "clock",
        }
    }

    /// Does the next piece of work; false when there is none now.
    fn step(self, cx: &TaskContext) -> BoxFuture<'_, Result<bool, SyncError>> {
        Box::pin(async move {
            match self {
                Self::Inbox => live::step(&cx.sync).await,
                Self::Dates => reevaluate::step(&cx.sync).await,
                Self::Schedule => schedule::queue_due(&cx.sync).await,
                Self::Runs => full::step(&cx.sync).await,
                Self::Questions => Box::pin(unconfirmed::step(&cx.sync)).await,
                Self::Reminders => guard::remind(&cx.sync).await,
                Self::Clearing => clearing::step(&cx.sync).await,
                Self::Mails => match &cx.mailer {
                    Some(mailer) => Ok(outbox::step(&cx.sync.db, &cx.sync.keys, cx, mailer).await?),
                    None => Ok(false),
                },
                Self::Janitor => Ok(sweep(&cx.sync).await?),
                Self::Clock => look_at_clock(&cx.sync).await.map(|()| false),
            }
        })
    }

    /// When the next piece of work is due, as far as is known.
    async fn next_due(self, cx: &TaskContext) -> Result<Option<Timestamp>, DbError> {
        if self == Self::Mails && cx.mailer.is_none() {
            return Ok(None);
        }
        cx.sync
            .db
            .read(move |conn| match self {
                Self::Inbox => inbox::next_due(conn),
                Self::Dates => reevaluate::next_due(conn),
                Self::Schedule => crate::db::directories::next_due(conn),
                Self::Runs => runs::next_due(conn),
                Self::Questions => unconfirmed::next_due(conn),
                Self::Reminders => holds::next_notice(conn),
                Self::Clearing => crate::db::clearing::next_due(conn),
                Self::Mails => mails::next_due(conn),
                Self::Janitor | Self::Clock => Ok(None),
            })
            .await
    }

    /// The longest time without a look for work of this kind, in milliseconds.
    const fn period_ms(self) -> u64 {
        match self {
            Self::Inbox | Self::Runs | Self::Mails => 500,
            Self::Dates | Self::Schedule | Self::Clearing | Self::Questions => 1_000,
            Self::Reminders => 60_000,
            Self::Janitor => 600_000,
            Self::Clock => limits::CLOCK_BEAT_MS,
        }
    }
}

impl outbox::Moment for TaskContext {
    fn now(&self) -> Timestamp {
        self.sync.clock.now()
    }
    fn random(&self) -> &dyn crate::clock::Random {
        &*self.sync.random
    }
}

/// The running tasks of a process.
pub struct Tasks {
    running: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Tasks {
    /// Starts all tasks.
    #[must_use]
    pub fn start(cx: &TaskContext, activators: &Activators) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut running = JoinSet::new();
        let mut spawn = |kind: Kind, count: usize, activator: &Activator| {
            for number in 0..count {
                let worker = Worker { kind, is_first: number == 0 };
                let (cx, activator, all) = (cx.clone(), activator.clone(), activators.clone());
                running.spawn(keep_going(worker, cx, activator, all, stopped.clone()));
            }
        };
        spawn(Kind::Clearing, 1, &activators.clearing);
        spawn(Kind::Dates, 1, &activators.dates);
        spawn(Kind::Schedule, 1, &Activator::default());
        spawn(Kind::Reminders, 1, &Activator::default());
        spawn(Kind::Janitor, 1, &Activator::default());
        spawn(Kind::Clock, 1, &Activator::default());
        let questions = Activator::default();
        for (kind, activator) in [
            (Kind::Inbox, &activators.inbox),
            (Kind::Runs, &activators.runs),
            (Kind::Questions, &questions),
            (Kind::Mails, &activators.mails),
        ] {
            let (cx, activator, all) = (cx.clone(), activator.clone(), activators.clone());
            running.spawn(dispatch::keep_going(kind, cx, activator, all, stopped.clone()));
        }
        running.spawn(deliverer::run(cx.delivery.clone(), stopped));
        Self { running, stop }
    }

    /// Lets every task finish the piece it is at, and waits for that. Work that takes longer than
    /// the deadline is left; its claim ends and another process takes it over.
    pub async fn stop(mut self, deadline: Duration) {
        let _ = self.stop.send(true);
        let all = async { while self.running.join_next().await.is_some() {} };
        if tokio::time::timeout(deadline, all).await.is_err() {
            tracing::warn!("some work was not finished in time; the next start takes it over");
        }
    }
}

/// One of the workers of a kind that does one piece after the other.
#[derive(Clone, Copy)]
struct Worker {
    kind: Kind,
    /// The first looks often by itself; the others mostly when they are woken.
    is_first: bool,
}

impl Worker {
    /// The longest time without a look, in milliseconds.
    const fn period_ms(self) -> u64 {
        if self.is_first { self.kind.period_ms() } else { limits::SLOW_LOOK_MS }
    }
}

async fn keep_going(
    worker: Worker,
    cx: TaskContext,
    activator: Activator,
    all: Activators,
    mut stopped: watch::Receiver<bool>,
) {
    while !*stopped.borrow() {
        // Registered before the look, so that no signal is lost between the look and the wait.
        let mut woken = std::pin::pin!(activator.0.notified());
        woken.as_mut().enable();
        // A worker that is gone would be missed by nobody until something is not done.
        let step = AssertUnwindSafe(worker.kind.step(&cx)).catch_unwind().await;
        let pause_ms = match step.unwrap_or(Err(SyncError::Panicked)) {
            Ok(true) => {
                pass_on(worker.kind, &cx, &all).await;
                continue;
            }
            Ok(false) => pause_ms(worker.kind, &cx, worker.period_ms()).await,
            Err(error) if error.is_away() => 1_000,
            Err(error) => {
                let task = worker.kind.name();
                tracing::error!(task, error = %error, "a task failed; it goes on");
                1_000
            }
        };
        tokio::select! {
            () = woken => {}
            () = tokio::time::sleep(Duration::from_millis(pause_ms)) => {}
            _ = stopped.changed() => {}
        }
    }
}

/// A webhook's work can queue a full sync (a leaver, a burst of changes), and the schedule does. It
/// begins at once and not with the next scan; access that ended should not last until then (S-11).
async fn pass_on(kind: Kind, cx: &TaskContext, all: &Activators) {
    if !matches!(kind, Kind::Inbox | Kind::Schedule) {
        return;
    }
    // Without an answer the scan finds it.
    let due = Kind::Runs.next_due(cx).await.ok().flatten();
    if due.is_some_and(|due| due <= cx.sync.clock.now()) {
        all.runs.wake();
    }
}

/// How long to rest when there is nothing to do now, in milliseconds; `period_ms` at most.
async fn pause_ms(kind: Kind, cx: &TaskContext, period_ms: u64) -> u64 {
    let wait = match kind.next_due(cx).await {
        // Work can be due and yet not to be had: its person or directory is being worked on.
        Ok(Some(due)) => u64::try_from(due.since(cx.sync.clock.now())).unwrap_or(0).max(50),
        _ => u64::MAX,
    };
    wait.min(period_ms)
}

/// Looks at the clock, and notes whether it has gone on or jumped (O-06).
pub async fn look_at_clock(cx: &Context) -> Result<(), SyncError> {
    let now = cx.clock.now();
    let belief = cx.db.write(Lane::Urgent, move |tx| clock_belief::beat(tx, now)).await?;
    cx.trust.note(belief);
    crate::db::error::note_write();
    Ok(())
}

/// Forgets everything that is too old now; for tests, with the tasks not running.
pub async fn forget_all_old(cx: &TaskContext) -> Result<(), SyncError> {
    while Kind::Janitor.step(cx).await? {}
    Ok(())
}

/// Does everything there is to do now, in order, until nothing is left; for tests and the command
/// line, with the tasks not running.
pub async fn run_until_idle(cx: &TaskContext) -> Result<(), SyncError> {
    loop {
        let mut worked = false;
        let kinds = [
            Kind::Clearing,
            Kind::Dates,
            Kind::Inbox,
            Kind::Schedule,
            Kind::Runs,
            Kind::Questions,
            Kind::Reminders,
            Kind::Mails,
        ];
        for kind in kinds {
            while kind.step(cx).await? {
                worked = true;
            }
        }
        while deliverer::step(&cx.delivery).await? {
            worked = true;
        }
        if !worked {
            return Ok(());
        }
    }
}
