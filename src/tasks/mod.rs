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

use crate::clock::Millis;
use crate::db::{
    DbError, Lane, account_changes, actions, deliveries, directory_users, endpoint_secrets, events,
    holds, idempotent_answers, inbox, mails, operator_sessions, portal_links, portal_sessions,
    runs, waiting_credentials, waits,
};
use crate::delivery::{self, deliverer};
use crate::limits;
use crate::notify::outbox;
use crate::notify::smtp::Mailer;
use crate::sync::{Context, SyncError, again, full, guard, live};

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
    /// Tells admins again of what waits for their decision (S-32).
    Reminders,
    /// Sends mails.
    Mails,
    /// Forgets what is too old.
    Janitor,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Dates => "dates",
            Self::Schedule => "schedule",
            Self::Runs => "runs",
            Self::Reminders => "reminders",
            Self::Mails => "mails",
            Self::Janitor => "janitor",
        }
    }

    /// Does the next piece of work; false when there is none now.
    fn step(self, cx: &TaskContext) -> BoxFuture<'_, Result<bool, SyncError>> {
        Box::pin(async move {
            match self {
                Self::Inbox => live::step(&cx.sync).await,
                Self::Dates => again::step(&cx.sync).await,
                Self::Schedule => full::queue_due(&cx.sync).await,
                Self::Runs => full::step(&cx.sync).await,
                Self::Reminders => guard::remind(&cx.sync).await,
                Self::Mails => match &cx.mailer {
                    Some(mailer) => Ok(outbox::step(&cx.sync.db, &cx.sync.keys, cx, mailer).await?),
                    None => Ok(false),
                },
                Self::Janitor => Ok(sweep(&cx.sync).await?),
            }
        })
    }

    /// When the next piece of work is due, as far as is known.
    async fn next_due(self, cx: &TaskContext) -> Result<Option<Millis>, DbError> {
        if self == Self::Mails && cx.mailer.is_none() {
            return Ok(None);
        }
        cx.sync
            .db
            .read(move |conn| match self {
                Self::Inbox => inbox::next_due(conn),
                Self::Dates => directory_users::next_due(conn),
                Self::Schedule => crate::db::directories::next_due(conn),
                Self::Runs => runs::next_due(conn),
                Self::Reminders => holds::next_notice(conn),
                Self::Mails => mails::next_due(conn),
                Self::Janitor => Ok(None),
            })
            .await
    }

    /// The longest time without a look by the first worker of this kind, in milliseconds.
    const fn period_ms(self) -> u64 {
        match self {
            Self::Inbox | Self::Runs | Self::Mails => 500,
            Self::Dates | Self::Schedule => 1_000,
            Self::Reminders => 60_000,
            Self::Janitor => 600_000,
        }
    }
}

impl outbox::Moment for TaskContext {
    fn now(&self) -> Millis {
        self.sync.clock.now()
    }
    fn random(&self) -> &dyn crate::clock::Random {
        &*self.sync.random
    }
}

/// Makes due what a clock that was set back would keep waiting; forgets events, settled hints,
/// noted changes of accounts, actions, deliveries, answers, links into the portal and visits to it
/// that are too old, secrets that have ended and keys that have waited too long; and removes what
/// was deleted from the files (L-08). False when there is nothing more to forget.
async fn sweep(cx: &Context) -> Result<bool, DbError> {
    let now = cx.clock.now();
    let mended = waits::mend(&cx.db, now).await?;
    if mended > 0 {
        tracing::warn!(rows = mended, "the clock was set back; what waited too long is due now");
    }
    let forgotten = cx
        .db
        .write(Lane::Bulk, move |tx| {
            let events_before = now.plus(-limits::EVENT_DAYS_KEPT.saturating_mul(Millis::DAY));
            let hints_before = now.plus(-limits::INBOX_DAYS_KEPT.saturating_mul(Millis::DAY));
            let changes_before = now.plus(-limits::AUDIT_DAYS_KEPT.saturating_mul(Millis::DAY));
            let sent_before = now.plus(-limits::DELIVERY_DAYS_KEPT.saturating_mul(Millis::DAY));
            let hints = inbox::prune(tx, hints_before, limits::PRUNE_ROWS_MAX)?;
            let events = events::prune(tx, events_before, limits::PRUNE_ROWS_MAX)?;
            let changes = account_changes::prune(tx, changes_before, limits::PRUNE_ROWS_MAX)?;
            let sent = deliveries::prune(tx, sent_before, limits::PRUNE_ROWS_MAX)?;
            let secrets = endpoint_secrets::prune(tx, now)?;
            let answers_before = now.plus(-limits::IDEMPOTENT_ANSWER_MS_MAX);
            let answers = idempotent_answers::prune(tx, answers_before, limits::PRUNE_ROWS_MAX)?;
            let ended_before = now.plus(-limits::PORTAL_ENDED_MS_KEPT);
            let visits = portal_sessions::prune(tx, ended_before, limits::PRUNE_ROWS_MAX)?;
            let links = portal_links::prune(tx, ended_before, limits::PRUNE_ROWS_MAX)?;
            let operators = operator_sessions::prune(tx, ended_before, limits::PRUNE_ROWS_MAX)?;
            let done_before = now.plus(-limits::ACTION_DAYS_KEPT.saturating_mul(Millis::DAY));
            let keys = waiting_credentials::prune(tx, now)?;
            let done = actions::prune(tx, done_before, limits::PRUNE_ROWS_MAX)?;
            let forgotten = [
                hints, events, changes, done, sent, secrets, answers, links, visits, operators,
                keys,
            ];
            Ok::<_, DbError>(forgotten.into_iter().fold(0, usize::saturating_add))
        })
        .await?;
    if forgotten == 0
        && let Err(error) = cx.db.scrub().await
    {
        tracing::info!(error = %error, "deleted bytes are in the files until the next sweep");
    }
    Ok(forgotten > 0)
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
        spawn(Kind::Inbox, limits::INBOX_WORKERS, &activators.inbox);
        spawn(Kind::Runs, limits::RUN_WORKERS, &activators.runs);
        spawn(Kind::Mails, 1, &activators.mails);
        spawn(Kind::Dates, 1, &activators.dates);
        spawn(Kind::Schedule, 1, &Activator::default());
        spawn(Kind::Reminders, 1, &Activator::default());
        spawn(Kind::Janitor, 1, &Activator::default());
        running.spawn(deliverer::run(cx.delivery.clone(), stopped));
        Self { running, stop }
    }

    /// Lets every task finish the piece it is at, and waits for that. Work that takes longer than
    /// the deadline is left; its claim ends and another process takes it over.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let all = async { while self.running.join_next().await.is_some() {} };
        let deadline = Duration::from_millis(limits::STOP_MS_MAX);
        if tokio::time::timeout(deadline, all).await.is_err() {
            tracing::warn!("some work was not finished in time; the next start takes it over");
        }
    }
}

/// One of the workers of a kind.
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
            Ok(false) => pause_ms(worker, &cx).await,
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

async fn pause_ms(worker: Worker, cx: &TaskContext) -> u64 {
    let wait = match worker.kind.next_due(cx).await {
        // Work can be due and yet not to be had: its person or directory is being worked on.
        Ok(Some(due)) => u64::try_from(due.since(cx.sync.clock.now())).unwrap_or(0).max(50),
        _ => u64::MAX,
    };
    wait.min(worker.period_ms())
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
        for kind in
            [Kind::Dates, Kind::Inbox, Kind::Schedule, Kind::Runs, Kind::Reminders, Kind::Mails]
        {
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
