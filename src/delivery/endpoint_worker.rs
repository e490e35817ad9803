//! The worker of one endpoint: writes its deliveries, chooses which may go, sends them, and goes on
//! until nothing is due.
//!
//! Invariants:
//! - It works only while it holds the lease on the endpoint's row, renews it, and checks its time
//!   again right before each request. When the lease is lost, what is on its way is dropped:
//!   whoever has it now sends it again.
//! - At most [`limits::ENDPOINT_SENDING_MAX`] requests are on their way, and one only while the
//!   endpoint is probed. Some of these places are kept for first attempts.
//! - What it holds in memory is bounded, however much waits.
//!
//! What this module must not do: decide about order (`lanes`), retries or pauses
//! (`domain::endpoint`).

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock::Timestamp;
use crate::db::deliveries::{self, Content, Open};
use crate::db::endpoints::{self, Endpoint};
use crate::db::{Conn, DbError, Lane, endpoint_secrets, events, overtaking};
use crate::delivery::lanes::{Demand, Overtake, Selection};
use crate::delivery::lease::Lease;
use crate::delivery::send::{self, Ended, Job, Noted, Target};
use crate::delivery::{Context, disabling};
use crate::domain::endpoint::{EndpointStatus, Health};
use crate::domain::ids::{DirectoryId, EndpointId};
use crate::limits;

/// Whether the worker may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    Held,
    /// Somebody else has it, or the endpoint is disabled or deleted.
    Lost,
}

/// What a look found.
struct Found {
    endpoint: Endpoint,
    target: Target,
    /// Whether there are events without deliveries, or something was written meanwhile.
    behind: bool,
    first: Vec<Open>,
    retries: Vec<Open>,
    next: Option<Timestamp>,
    contents: Vec<Content>,
    /// Ends of access that go past others, before anything else is done.
    overtakes: Vec<Overtake>,
    /// Whether some have, so that a delivery may have to settle what waits behind them.
    has_overtakers: bool,
}

/// Sends what is due for an endpoint, if nobody else does; whether it had the right to.
pub(super) async fn run(
    cx: &Context,
    id: &EndpointId,
    stopped: watch::Receiver<bool>,
) -> Result<bool, DbError> {
    let (now, until) = (cx.clock.now(), cx.clock.now().plus(limits::LEASE_MS_MAX));
    let claimed = id.clone();
    let claim = cx.db.write(Lane::Urgent, move |tx| {
        let endpoint = endpoints::claim(tx, &claimed, now, until)?;
        if let Some(endpoint) = &endpoint {
            deliveries::dispatch(tx, endpoint, now)?;
        }
        Ok::<_, DbError>(endpoint)
    });
    let Some(endpoint) = claim.await? else { return Ok(false) };
    let mut worker = EndpointWorker {
        cx: cx.clone(),
        id: id.clone(),
        epoch: endpoint.lease_epoch,
        lease: Arc::new(Lease::new(until)),
        health: endpoint.health(),
        target: None,
        first: VecDeque::new(),
        retries: VecDeque::new(),
        contents: HashMap::new(),
        taken: HashSet::new(),
        flying: JoinSet::new(),
        retrying: 0,
        is_stale: true,
        has_overtakers: false,
        next: None,
    };
    if let Err(error) = worker.work(stopped).await {
        // What arrived is noted if it can be; what cannot be noted is sent again.
        while let Some(ended) = worker.flying.join_next().await {
            drop(ended);
        }
        let again = worker.cx.clock.now().plus(limits::DELIVERY_REST_MS);
        let _ = worker.release(Some(again), true).await;
        return Err(error);
    }
    Ok(true)
}

struct EndpointWorker {
    cx: Context,
    id: EndpointId,
    epoch: i64,
    lease: Arc<Lease>,
    health: Health,
    /// Where requests go and how they are signed, as of the last look.
    target: Option<Arc<Target>>,
    /// Chosen and not on their way yet.
    first: VecDeque<Open>,
    retries: VecDeque<Open>,
    /// What is sent for them, by number.
    contents: HashMap<i64, Content>,
    /// The numbers of what is chosen or on its way.
    taken: HashSet<i64>,
    flying: JoinSet<Ended>,
    /// How many of those on their way were tried before.
    retrying: usize,
    /// Whether something may have changed since the last look.
    is_stale: bool,
    /// Whether ends of access have overtaken here, as of the last look.
    has_overtakers: bool,
    /// When the next delivery may go, as far as the last look saw.
    next: Option<Timestamp>,
}

impl EndpointWorker {
    /// Goes on until nothing is due, the right is lost, or the process stops.
    async fn work(&mut self, mut stopped: watch::Receiver<bool>) -> Result<(), DbError> {
        let mut news = self.cx.db.to_deliver();
        let mut looks = ticks(limits::DELIVERY_LOOK_MS);
        let mut renewals = ticks(limits::LEASE_RENEW_MS);
        loop {
            let stops = *stopped.borrow_and_update();
            if stops {
                self.forget_chosen();
            } else if self.is_stale && self.first.len() < limits::ENDPOINT_SENDING_MAX {
                // Before the look, so that no signal is lost between the look and the wait.
                news.borrow_and_update();
                if self.select().await? == Right::Lost {
                    return Ok(());
                }
            }
            self.start();
            if self.flying.is_empty() && (stops || !self.is_stale) {
                let due_at = if stops { Some(self.cx.clock.now()) } else { self.next };
                if self.release(due_at, stops).await? {
                    return Ok(());
                }
                self.is_stale = true;
                continue;
            }
            if self.flying.is_empty() {
                continue;
            }
            tokio::select! {
                Some(ended) = self.flying.join_next() => {
                    let ended = ended.map_err(|_| DbError::Panicked)?;
                    if self.land(ended).await? == Right::Lost {
                        return Ok(());
                    }
                }
                _ = renewals.tick() => {
                    if self.renew().await == Right::Lost {
                        return Ok(());
                    }
                }
                _ = looks.tick() => self.is_stale = true,
                _ = news.changed() => self.is_stale = true,
                _ = stopped.changed(), if !stops => {}
            }
        }
    }

    /// Writes the next deliveries and chooses which may go.
    async fn select(&mut self) -> Result<Right, DbError> {
        self.is_stale = false;
        let Some(found) = self.read().await? else { return Ok(Right::Lost) };
        if found.behind {
            self.is_stale = true;
            return self.dispatch().await;
        }
        self.has_overtakers = found.has_overtakers;
        if !found.overtakes.is_empty() {
            self.is_stale = true;
            return self.overtake(found.overtakes).await;
        }
        self.health = found.endpoint.health();
        self.target = Some(Arc::new(found.target));
        self.next = found.next;
        self.contents.extend(found.contents.into_iter().map(|c| (c.number, c)));
        let chosen = found.first.iter().chain(&found.retries);
        self.taken.extend(chosen.map(|open| open.number));
        self.first.extend(found.first);
        self.retries.extend(found.retries);
        Ok(Right::Held)
    }

    /// Reads the endpoint and what may go there; `None` when the right is lost.
    async fn read(&self) -> Result<Option<Found>, DbError> {
        let (id, epoch, now) = (self.id.clone(), self.epoch, self.cx.clock.now());
        let (taken, keys) = (self.taken.clone(), self.cx.keys.clone());
        let (first, retries) = (self.first.len(), self.retries.len());
        let read = self.cx.db.read(move |conn| {
            let endpoint = match endpoints::find(conn, &id) {
                Err(DbError::NotFound) => return Ok(None),
                found => found?,
            };
            if endpoint.lease_epoch != epoch || endpoint.status != EndpointStatus::Enabled {
                return Ok(None);
            }
            let demand = demand(&endpoint.health(), first, retries);
            let mut selection = Selection::new(now, endpoint.health().paused(now), demand);
            let gone_past = overtaking::marks(conn, &id)?;
            selection.know_overtaken(gone_past.iter().map(|mark| mark.person.as_str()));
            for open in &overtaking::waiting(conn, &gone_past)? {
                selection.see_overtaker(open, taken.contains(&open.number));
            }
            let behind = endpoint.dispatched_number < events::last_number(conn)?
                || endpoint.due_at_ms.is_some_and(|due| due <= now);
            if !behind {
                see_all(conn, &id, &taken, &mut selection)?;
            }
            let overtakes = selection.overtakes().to_vec();
            let (first, retries, next) = selection.finish();
            let numbers: Vec<i64> = first.iter().chain(&retries).map(|open| open.number).collect();
            let contents =
                if numbers.is_empty() { Vec::new() } else { deliveries::contents(conn, &numbers)? };
            let secrets = endpoint_secrets::live(conn, &id, now)?;
            let target = Target::of(&endpoint, &secrets, &keys);
            Ok::<_, DbError>(Some(Found {
                endpoint,
                target,
                behind,
                first,
                retries,
                next,
                contents,
                overtakes,
                has_overtakers: !gone_past.is_empty(),
            }))
        });
        read.await
    }

    /// Writes deliveries for the next events.
    async fn dispatch(&self) -> Result<Right, DbError> {
        let (id, epoch, now) = (self.id.clone(), self.epoch, self.cx.clock.now());
        let write = self.cx.db.write(Lane::Urgent, move |tx| {
            let Some(endpoint) = endpoints::held(tx, &id, epoch)? else { return Ok(Right::Lost) };
            deliveries::dispatch(tx, &endpoint, now)?;
            if endpoint.due_at_ms.is_some_and(|due| due <= now) {
                endpoints::not_due(tx, &id)?;
            }
            Ok::<_, DbError>(Right::Held)
        });
        write.await
    }

    /// Lets ends of access go past what stands before them. None of that is on its way: the
    /// look knew what is, and nothing was begun since.
    async fn overtake(&mut self, overtakes: Vec<Overtake>) -> Result<Right, DbError> {
        let (id, epoch, now) = (self.id.clone(), self.epoch, self.cx.clock.now());
        tracing::info!(endpoint.id = %id, count = overtakes.len(),
            "the end of access goes past what the endpoint does not take");
        self.has_overtakers = true;
        let write = self.cx.db.write(Lane::Urgent, move |tx| {
            if endpoints::held(tx, &id, epoch)?.is_none() {
                return Ok(Right::Lost);
            }
            for Overtake { by, lane } in &overtakes {
                overtaking::overtake(tx, &id, (*by, lane), now)?;
            }
            Ok::<_, DbError>(Right::Held)
        });
        write.await
    }

    /// Starts as many requests as may be on their way.
    fn start(&mut self) {
        let Some(target) = self.target.clone() else { return };
        let probed = self.health.is_probed();
        let most = if probed { 1 } else { limits::ENDPOINT_SENDING_MAX };
        while self.flying.len() < most {
            let retry_first = !probed && self.retrying < limits::ENDPOINT_RETRYING_MAX;
            let retry = if retry_first { self.retries.pop_front() } else { None };
            let mut open = retry.or_else(|| self.first.pop_front());
            if probed {
                // One that was never tried says more about the endpoint; the end of access is worth
                // more than that.
                let is_end = |open: Option<&Open>| open.is_some_and(|open| open.ends_access);
                if open.is_none() || (is_end(self.retries.front()) && !is_end(open.as_ref())) {
                    let other = self.retries.pop_front();
                    self.first.extend(open);
                    open = other;
                }
            }
            let Some(open) = open else { break };
            if open.attempts > 0 {
                self.retrying = self.retrying.saturating_add(1);
            }
            let content = self.contents.remove(&open.number);
            let job = Job {
                cx: self.cx.clone(),
                target: Arc::clone(&target),
                lease: Arc::clone(&self.lease),
                epoch: self.epoch,
                has_overtakers: self.has_overtakers,
                open,
                content,
            };
            self.flying.spawn(send::attempt(job));
        }
        if probed {
            // Who comes next is chosen again after the answer.
            self.forget_chosen();
        }
    }

    /// Takes in what became of a request.
    async fn land(&mut self, ended: Ended) -> Result<Right, DbError> {
        self.is_stale = true;
        self.taken.remove(&ended.number);
        if ended.was_retry {
            self.retrying = self.retrying.saturating_sub(1);
        }
        match ended.noted? {
            Noted::Lost => {
                self.flying.abort_all();
                return Ok(Right::Lost);
            }
            Noted::NotSent => return Ok(self.renew().await),
            Noted::Written { health, disabled } => {
                self.health = health;
                if let Some(disabled) = disabled {
                    disabling::log(&self.id, &disabled);
                    self.flying.abort_all();
                    return Ok(Right::Lost);
                }
            }
        }
        if self.health.is_probed() || self.health.paused(self.cx.clock.now()).is_some() {
            self.forget_chosen();
        }
        Ok(Right::Held)
    }

    fn forget_chosen(&mut self) {
        for open in self.first.drain(..).chain(self.retries.drain(..)) {
            self.taken.remove(&open.number);
            self.contents.remove(&open.number);
        }
    }

    /// Prolongs the lease. A database that does not answer is asked again; meanwhile no request is
    /// begun once the lease has run out.
    async fn renew(&mut self) -> Right {
        let (id, epoch) = (self.id.clone(), self.epoch);
        let until = self.cx.clock.now().plus(limits::LEASE_MS_MAX);
        let renewed =
            self.cx.db.write(Lane::Urgent, move |tx| endpoints::renew(tx, &id, epoch, until)).await;
        match renewed {
            Ok(true) => self.lease.set(until),
            Ok(false) => {
                self.flying.abort_all();
                return Right::Lost;
            }
            Err(error) if error.is_away() => {}
            Err(error) => {
                tracing::warn!(endpoint.id = %self.id, error = %error,
                    "the right to send to an endpoint could not be renewed");
            }
        }
        Right::Held
    }

    /// Gives the right back, unless there is more to do; whether the worker is done.
    async fn release(&self, due_at: Option<Timestamp>, in_any_case: bool) -> Result<bool, DbError> {
        let (id, epoch, now) = (self.id.clone(), self.epoch, self.cx.clock.now());
        let write = self.cx.db.write(Lane::Urgent, move |tx| {
            let Some(endpoint) = endpoints::held(tx, &id, epoch)? else { return Ok(true) };
            let behind = endpoint.dispatched_number < events::last_number(tx)?
                || endpoint.due_at_ms.into_iter().chain(due_at).any(|due| due <= now);
            if behind && !in_any_case {
                return Ok(false);
            }
            endpoints::release(tx, &endpoint, due_at)?;
            Ok::<_, DbError>(true)
        });
        write.await
    }
}

/// How many more are to be chosen. While an endpoint is probed, one; rather one that was never
/// tried: it says more about the endpoint.
fn demand(health: &Health, first: usize, retries: usize) -> Demand {
    if health.is_probed() {
        return Demand { first: 1, retries: 1 };
    }
    let room = |held: usize| limits::DELIVERIES_READY_MAX.saturating_sub(held);
    Demand { first: room(first), retries: room(retries) }
}

/// Shows what is open to the rule, in order, until it has enough. Of a paused endpoint only tests:
/// very much may wait for it, and new events come all the time.
fn see_all(
    conn: &mut Conn,
    id: &EndpointId,
    taken: &HashSet<i64>,
    selection: &mut Selection,
) -> Result<(), DbError> {
    if selection.only_tests() {
        for open in &deliveries::open_tests(conn, id)? {
            selection.see(open, taken.contains(&open.number));
        }
        return Ok(());
    }
    let mut after = 0;
    while !selection.is_full() {
        let closed: Vec<_> = selection.closed().iter().collect();
        let page = deliveries::open_after(conn, id, after, &closed)?;
        drop(closed);
        for open in &page {
            if selection.is_full() {
                break;
            }
            selection.see(open, taken.contains(&open.number));
        }
        let is_last = i64::try_from(page.len()).is_ok_and(|n| n < limits::OPEN_DELIVERIES_READ);
        match page.last() {
            Some(last) if !is_last => after = last.number,
            _ => break,
        }
    }
    if !selection.yielding().is_empty() {
        let yielding: Vec<DirectoryId> = selection.yielding().iter().cloned().collect();
        for open in &overtaking::ends_of_access(conn, id, &yielding)? {
            selection.see_behind_barrier(open, taken.contains(&open.number));
        }
    }
    Ok(())
}

fn ticks(period_ms: u64) -> tokio::time::Interval {
    let period = Duration::from_millis(period_ms);
    let mut ticks = tokio::time::interval(period);
    ticks.reset();
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks
}
