//! One attempt: sign, send, and note what came of it.
//!
//! Invariants:
//! - No request is begun when the lease has run out.
//! - Each attempt is signed anew: receivers accept a signature for some minutes only.
//! - The outcome, the attempt, the endpoint's health and, if need be, its end are one transaction,
//!   written only while the lease stands.
//!
//! What this module must not do: choose what is sent.

use std::sync::Arc;

use serde::Deserialize;

use crate::clock::Timestamp;
use crate::db::deliveries::{self, Content, Open, Outcome};
use crate::db::endpoint_secrets::EndpointSecret;
use crate::db::endpoints::{self, Endpoint};
use crate::db::{DbError, Lane, overtaking};
use crate::delivery::disabling::{self, Disabled};
use crate::delivery::lease::Lease;
use crate::delivery::sign::{self, SigningSecret};
use crate::delivery::target::Answered;
use crate::delivery::{Context, open_secret};
use crate::domain::endpoint::{
    self, DeliveryState, DeliveryTrigger, Fate, Health, LegacySigner, Reply,
};
use crate::domain::event::{self, EventKind, Settled};
use crate::domain::ids::{EndpointId, EventId};
use crate::secret::Keys;

/// Where requests go and how they are signed.
pub(super) struct Target {
    id: EndpointId,
    url: String,
    legacy: LegacySigner,
    /// Newest first; empty when none can be opened.
    secrets: Vec<SigningSecret>,
}

impl Target {
    pub(super) fn of(endpoint: &Endpoint, secrets: &[EndpointSecret], keys: &Keys) -> Self {
        Self {
            id: endpoint.id.clone(),
            url: endpoint.endpoint_url.clone(),
            legacy: endpoint.legacy_signs_with,
            secrets: secrets.iter().filter_map(|secret| open_secret(secret, keys)).collect(),
        }
    }
}

/// What one attempt needs.
pub(super) struct Job {
    pub(super) cx: Context,
    pub(super) target: Arc<Target>,
    pub(super) lease: Arc<Lease>,
    pub(super) epoch: i64,
    /// Whether ends of access have overtaken at the endpoint.
    pub(super) has_overtakers: bool,
    pub(super) open: Open,
    pub(super) content: Option<Content>,
}

/// What became of an attempt.
pub(super) struct Ended {
    pub(super) number: i64,
    pub(super) was_retry: bool,
    pub(super) noted: Result<Noted, DbError>,
}

/// What was written about it.
pub(super) enum Noted {
    /// Nothing: somebody else has the right to send there, or nobody any more.
    Lost,
    /// Nothing: the lease had run out before the request was begun.
    NotSent,
    /// The outcome; the endpoint's health since, and what its end meant, if this was it.
    Written { health: Health, disabled: Option<Disabled> },
}

/// Makes an attempt.
pub(super) async fn attempt(job: Job) -> Ended {
    let (number, was_retry) = (job.open.number, job.open.attempts > 0);
    Ended { number, was_retry, noted: attempted(job).await }
}

async fn attempted(job: Job) -> Result<Noted, DbError> {
    let clock = Arc::clone(&job.cx.clock);
    let began = clock.now();
    if !job.lease.holds(began) {
        return Ok(Noted::NotSent);
    }
    let answered = match request(&job, began) {
        Ok((headers, body)) => job.cx.targets.post(&job.target.url, headers, body).await,
        Err(reason) => {
            Answered { status: None, retry_after_ms: None, error: Some(reason.to_owned()) }
        }
    };
    note(job, answered, began, clock.now()).await
}

/// The headers and the body of a request.
type Request = (Vec<(&'static str, String)>, String);

/// What is sent, or why nothing can be.
fn request(job: &Job, now: Timestamp) -> Result<Request, &'static str> {
    let unreadable = "what is to be sent cannot be read";
    if job.target.secrets.is_empty() {
        return Err("the signing secret cannot be opened");
    }
    let (id, body) = match job.content.clone() {
        Some(Content { event: Some((number, event_type, data, created_at)), .. }) => {
            let id = EventId::from_number(number);
            let body = event::wire_text(&id, &event_type, &data, created_at);
            (id.to_string(), body.map_err(|_| unreadable)?)
        }
        Some(Content { test_body: Some(body), .. }) => {
            #[derive(Deserialize)]
            struct Named {
                id: String,
            }
            let named: Named = serde_json::from_str(&body).map_err(|_| unreadable)?;
            (named.id, body)
        }
        _ => return Err(unreadable),
    };
    let headers = sign::headers(&id, now, &body, &job.target.secrets, job.target.legacy);
    Ok((headers, body))
}

/// Writes down what came of an attempt, all of it or nothing.
async fn note(
    job: Job,
    answered: Answered,
    began: Timestamp,
    now: Timestamp,
) -> Result<Noted, DbError> {
    let reply = Reply { status: answered.status, retry_after_ms: answered.retry_after_ms };
    let db = job.cx.db.clone();
    let write = db.write(Lane::Urgent, move |tx| {
        let (id, open, random) = (&job.target.id, &job.open, &*job.cx.random);
        let Some(endpoint) = endpoints::held(tx, id, job.epoch)? else { return Ok(Noted::Lost) };
        let attempts = u32::try_from(open.attempts).unwrap_or(u32::MAX).saturating_add(1);
        let trigger = open.delivery_trigger;
        let (state, next_at) = match endpoint::fate(trigger, attempts, reply, now, random) {
            Fate::Delivered => (DeliveryState::Delivered, now),
            Fate::Again(at) => (DeliveryState::Waiting, at),
            Fate::Dead => (DeliveryState::Dead, now),
        };
        let outcome = Outcome {
            number: open.number,
            state,
            next_at,
            attempted_at: began,
            duration_ms: now.since(began).max(0),
            status: answered.status,
            error: answered.error,
            refused_since: (!reply.took()).then(|| open.refused_since_ms.unwrap_or(now)),
            now,
        };
        let (health, why) = endpoint.health().after(trigger, attempts, reply, now, random);
        let why = Health::end(why, job.cx.trust.holds_at(now));
        // Asked while this delivery still waits: its organization is told too.
        let affected = match why {
            None => Vec::new(),
            Some(_) => disabling::affected(tx, id)?,
        };
        // When nothing is noted, it was deleted meanwhile, with its organization or its event.
        let _ = deliveries::record(tx, &outcome)?;
        let is_done = state != DeliveryState::Waiting;
        if let (true, Some(settled)) = (job.has_overtakers && is_done, settles(open)) {
            overtaking::settle(tx, id, (open, settled), now)?;
        }
        let last_success = reply.took().then_some(now).or(endpoint.last_success_at_ms);
        endpoints::write_health(tx, id, &health, last_success)?;
        let disabled = match why {
            None => None,
            Some(why) => {
                Some(disabling::switch_off(tx, &job.cx, (&endpoint, why), &affected, now)?)
            }
        };
        Ok::<_, DbError>(Noted::Written { health, disabled })
    });
    write.await
}

/// What the end of a delivery means for memberships that wait. What is told again is old, and says
/// nothing about now.
fn settles(open: &Open) -> Option<Settled> {
    let kind = EventKind::parse(&open.event_type)?;
    kind.settles(open.ends_access).filter(|_| open.delivery_trigger == DeliveryTrigger::Event)
}
