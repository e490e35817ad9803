//! Who delivers when: a worker for every endpoint that has something due, each on its own.
//!
//! A commit of this process that wrote an event or a delivery wakes it at once; what other
//! processes write is found at the next look. There is no pool of workers: an endpoint that hangs
//! keeps nothing but its own worker busy, and there are never more workers than endpoints.
//!
//! What this module must not do: send, or hold anything that a crash could lose.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use crate::clock::Timestamp;
use crate::db::{DbError, endpoints};
use crate::delivery::{Context, endpoint_worker};
use crate::domain::ids::EndpointId;
use crate::limits;

type Ended = (EndpointId, Result<bool, DbError>);

/// The workers of a process.
struct Deliverer {
    cx: Context,
    workers: JoinSet<Ended>,
    running: HashSet<EndpointId>,
    /// Endpoints whose worker failed, with the moment until which they rest.
    resting: HashMap<EndpointId, Timestamp>,
    stop: watch::Sender<bool>,
}

impl Deliverer {
    fn new(cx: &Context) -> Self {
        Self {
            cx: cx.clone(),
            workers: JoinSet::new(),
            running: HashSet::new(),
            resting: HashMap::new(),
            stop: watch::Sender::new(false),
        }
    }

    /// Starts a worker for every endpoint that is due; how long to wait for the next, in
    /// milliseconds.
    async fn start_due(&mut self) -> Result<u64, DbError> {
        let now = self.cx.clock.now();
        let read = self.cx.db.read(move |conn| {
            Ok::<_, DbError>((endpoints::due(conn, now)?, endpoints::next_due(conn)?))
        });
        let (due, next) = read.await?;
        self.resting.retain(|_, until| {
            let wait_ms = until.since(now);
            wait_ms > 0 && wait_ms <= limits::DELIVERY_REST_MS
        });
        for id in due {
            if self.resting.contains_key(&id) || !self.running.insert(id.clone()) {
                continue;
            }
            let (cx, stopped) = (self.cx.clone(), self.stop.subscribe());
            self.workers.spawn(async move {
                let work =
                    AssertUnwindSafe(endpoint_worker::run(&cx, &id, stopped)).catch_unwind().await;
                (id, work.unwrap_or(Err(DbError::Panicked)))
            });
        }
        let wait_ms = next.map_or(i64::MAX, |next| next.since(now).max(50));
        Ok(u64::try_from(wait_ms).unwrap_or(0).min(limits::DELIVERY_LOOK_MS))
    }

    /// Takes in the end of a worker; whether it had something to do.
    fn ended(&mut self, ended: Result<Ended, JoinError>) -> bool {
        let Ok((id, outcome)) = ended else { return false };
        self.running.remove(&id);
        match outcome {
            Ok(worked) => worked,
            Err(error) => {
                if !error.is_away() {
                    tracing::error!(endpoint.id = %id, error = %error,
                        "deliveries to an endpoint were interrupted; they go on");
                }
                let until = self.cx.clock.now().plus(limits::DELIVERY_REST_MS);
                self.resting.insert(id, until);
                false
            }
        }
    }
}

/// Delivers until it is stopped; then lets what is on its way end.
pub async fn run(cx: Context, mut stopped: watch::Receiver<bool>) {
    let mut deliverer = Deliverer::new(&cx);
    let mut news = cx.db.to_deliver();
    while !*stopped.borrow() {
        // Before the look, so that no signal is lost between the look and the wait.
        news.borrow_and_update();
        let pause_ms = deliverer.start_due().await.unwrap_or_else(|error| {
            if !error.is_away() {
                tracing::error!(error = %error, "it cannot be seen what is to be delivered");
            }
            limits::DELIVERY_LOOK_MS
        });
        tokio::select! {
            _ = news.changed() => {}
            Some(ended) = deliverer.workers.join_next() => {
                deliverer.ended(ended);
            }
            () = tokio::time::sleep(Duration::from_millis(pause_ms)) => {}
            _ = stopped.changed() => {}
        }
    }
    let _ = deliverer.stop.send(true);
    while deliverer.workers.join_next().await.is_some() {}
}

/// Delivers everything that is due now, to all endpoints at once; whether there was anything.
pub async fn step(cx: &Context) -> Result<bool, DbError> {
    let mut deliverer = Deliverer::new(cx);
    deliverer.start_due().await?;
    let mut worked = false;
    while let Some(ended) = deliverer.workers.join_next().await {
        let (_, outcome) = ended.map_err(|_| DbError::Panicked)?;
        worked |= outcome?;
    }
    Ok(worked)
}
