//! `/api/v1/endpoints`: where the application wants to be told of events (A-04, wire contract §4).
//!
//! The same handlers serve `/webhook_endpoints` for WorkOS SDKs ([`crate::web::workos`]).
//!
//! Invariants:
//! - A secret is told once, by the answer that makes it; after that only its last characters are.
//! - What is stored of a secret is sealed.
//!
//! What this module must not do: send anything.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::web::Path;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::db::endpoint_secrets::{self, EndpointSecret};
use crate::db::endpoints::{self, Endpoint};
use crate::db::types::Json;
use crate::db::{Conn, DbError, Lane, Tx, deliveries, events, overtaking};
use crate::delivery::sign::SigningSecret;
use crate::delivery::target;
use crate::domain::endpoint::{DisabledReason, EndpointStatus, Health, LegacySigner};
use crate::domain::event::EventKind;
use crate::domain::ids::EndpointId;
use crate::limits;
use crate::secret::Keys;
use crate::web::body::Members;
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::response::{self, Iso8601, Response};
use crate::web::state::{AppState, State};

/// What waits for an endpoint that somebody disables becomes dead for this reason.
const DISABLED_BY_HAND: &str = "the endpoint was disabled";

/// An endpoint as it is sent. Its `secret` is the whole one only where it was made.
#[derive(Serialize)]
struct EndpointResponse {
    object: &'static str,
    id: EndpointId,
    endpoint_url: String,
    secret: String,
    status: EndpointStatus,
    disabled_reason: Option<DisabledReason>,
    events: Vec<EventKind>,
    legacy_signs_with: LegacySigner,
    older_secrets_expire_at: Option<Iso8601>,
    failing_since: Option<Iso8601>,
    paused_until: Option<Iso8601>,
    last_success_at: Option<Iso8601>,
    waiting: i64,
    created_at: Iso8601,
    updated_at: Iso8601,
}

/// An endpoint with what else is shown of it.
pub(super) struct EndpointDetails {
    endpoint: Endpoint,
    /// Those that are live, newest first.
    secrets: Vec<EndpointSecret>,
    waiting: i64,
}

impl EndpointDetails {
    fn all_of(
        conn: &mut Conn,
        rows: Vec<Endpoint>,
        now: Timestamp,
    ) -> Result<HashMap<EndpointId, Self>, DbError> {
        let ids: Vec<EndpointId> = rows.iter().map(|row| row.id.clone()).collect();
        let waiting = endpoints::waiting(conn, &ids)?;
        let mut views: HashMap<EndpointId, Self> = rows
            .into_iter()
            .map(|endpoint| {
                let waiting = waiting.get(&endpoint.id).copied().unwrap_or(0);
                (endpoint.id.clone(), Self { endpoint, secrets: Vec::new(), waiting })
            })
            .collect();
        for secret in endpoint_secrets::live_of(conn, &ids, now)? {
            if let Some(view) = views.get_mut(&secret.endpoint_id) {
                view.secrets.push(secret);
            }
        }
        Ok(views)
    }

    /// What is shown of one endpoint.
    pub(super) fn of(conn: &mut Conn, id: &EndpointId, now: Timestamp) -> Result<Self, Problem> {
        let row = find(conn, id)?;
        let view = Self::all_of(conn, vec![row], now)?.remove(id);
        view.ok_or_else(|| Problem::of_lookup(DbError::NotFound, WHAT, id))
    }

    /// With the secret that was just made, or with the last characters of the newest.
    fn show(self, keys: &Keys, now: Timestamp, made: Option<&SigningSecret>) -> EndpointResponse {
        let masked = || {
            let newest = self.secrets.first().and_then(|secret| secret.open(keys).ok());
            format!("whsec_…{}", newest.map(|secret| secret.last4()).unwrap_or_default())
        };
        let secret = made.map_or_else(masked, |made| made.whole().reveal().to_owned());
        let older = self.secrets.iter().filter_map(|secret| secret.expires_at_ms).max();
        let row = self.endpoint;
        EndpointResponse {
            object: "webhook_endpoint",
            paused_until: row.health().paused(now).map(Iso8601),
            id: row.id,
            endpoint_url: row.endpoint_url,
            secret,
            status: row.status,
            disabled_reason: row.disabled_reason,
            events: row.event_types.0,
            legacy_signs_with: row.legacy_signs_with,
            older_secrets_expire_at: older.map(Iso8601),
            failing_since: row.failing_since_ms.map(Iso8601),
            last_success_at: row.last_success_at_ms.map(Iso8601),
            waiting: self.waiting,
            created_at: row.created_at_ms.into(),
            updated_at: row.updated_at_ms.into(),
        }
    }

    /// The answer with the secret that was just made.
    pub(super) fn with_secret(self, state: &AppState, made: &SigningSecret) -> impl Serialize {
        self.show(&state.context.keys, state.now(), Some(made))
    }
}

const WHAT: &str = "Webhook endpoint";

/// The endpoint, or a 404 that names it.
pub(super) fn find(conn: &mut Conn, id: &EndpointId) -> Result<Endpoint, Problem> {
    endpoints::find(conn, id).map_err(|error| Problem::of_lookup(error, WHAT, id))
}

/// The endpoint, held until this transaction ends, or a 404 that names it.
pub(super) fn locked(tx: &mut Tx<'_>, id: &EndpointId) -> Result<Endpoint, Problem> {
    endpoints::locked(tx, id).map_err(|error| Problem::of_lookup(error, WHAT, id))
}

pub(super) fn id_of(path: &str) -> EndpointId {
    EndpointId::from_text(path)
}

/// What of an endpoint can be set; what is missing is not said.
struct Settings {
    url: Option<String>,
    events: Option<Vec<EventKind>>,
    status: Option<EndpointStatus>,
    legacy: Option<LegacySigner>,
}

impl Settings {
    /// Reads a body to its end.
    fn read(mut body: Members, is_new: bool, allow_private: bool) -> Result<Self, Problem> {
        let url: Option<String> =
            if is_new { body.required("endpoint_url") } else { body.not_null("endpoint_url") };
        let events = read_events(&mut body);
        let status = body.not_null("status");
        let legacy = body.not_null("legacy_signs_with");
        body.finish()?;
        // The normal form, so that one address is not stored twice.
        let url = url.map(|text| target::check_url(&text, allow_private)).transpose();
        let url = url.map_err(|refused| Problem::InvalidUrl { message: refused.to_string() })?;
        Ok(Self { url: url.map(String::from), events, status, legacy })
    }
}

/// Takes `events`, each once; an empty list stands for all that need not be named.
fn read_events(body: &mut Members) -> Option<Vec<EventKind>> {
    let mut kinds = Vec::new();
    for name in body.not_null::<Vec<String>>("events")? {
        match EventKind::parse(&name) {
            Some(kind) if kinds.contains(&kind) => {}
            Some(kind) => kinds.push(kind),
            None => {
                let known: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
                let message = format!("are event types; there are: {}", known.join(", "));
                body.refuse("events", "unknown_value", message);
                return None;
            }
        }
    }
    Some(kinds)
}

fn conflict(error: DbError) -> Problem {
    if error.is_conflict_on("endpoint_url") { Problem::DuplicateEndpoint } else { error.into() }
}

/// `GET /api/v1/endpoints`.
pub async fn list(state: State, req: HttpRequest) -> Response {
    let now = state.now();
    let mut query = Query::of(&req);
    let page = query.page();
    query.finish()?;
    let read = state.context.db.read(move |conn| {
        let page = endpoints::page(conn, &page)?;
        let views = EndpointDetails::all_of(conn, page.items.clone(), now)?;
        Ok::<_, Problem>((page, views))
    });
    let (page, mut views) = read.await?;
    let keys = &state.context.keys;
    response::list(page, |row| views.remove(&row.id).map(|view| view.show(keys, now, None)))
}

/// `GET /api/v1/endpoints/{id}`.
pub async fn get(state: State, path: Path<String>) -> Response {
    let (id, now) = (id_of(&path), state.now());
    let view = state.context.db.read(move |conn| EndpointDetails::of(conn, &id, now)).await?;
    response::ok(view.show(&state.context.keys, now, None))
}

/// `POST /api/v1/endpoints`: answers the secret. It gets the events from now on.
pub async fn create(state: State, body: Members) -> Response {
    let settings = Settings::read(body, true, state.allow_private_targets)?;
    let (now, random, keys) = (state.now(), state.context.random.clone(), &state.context.keys);
    let status = settings.status.unwrap_or(EndpointStatus::Enabled);
    let is_disabled = status == EndpointStatus::Disabled;
    let mut row = Endpoint {
        id: EndpointId::new(now, &*random),
        endpoint_url: settings.url.unwrap_or_default(),
        event_types: Json(settings.events.unwrap_or_default()),
        status,
        disabled_reason: is_disabled.then_some(DisabledReason::ByHand),
        legacy_signs_with: settings.legacy.unwrap_or(LegacySigner::New),
        dispatched_number: 0,
        failures: 0,
        failing_since_ms: None,
        paused_until_ms: None,
        last_success_at_ms: None,
        lease_until_ms: None,
        lease_epoch: 0,
        due_at_ms: None,
        created_at_ms: now,
        updated_at_ms: now,
    };
    let made = SigningSecret::generate(&*random);
    let secret = EndpointSecret::seal(&row.id, made.whole(), None, now, (keys, &*random));
    let write = state.context.db.write(Lane::Urgent, move |tx| {
        if endpoints::count(tx)? >= limits::ENDPOINTS_MAX {
            let message = format!(
                "There are {} endpoints already, which is the limit. Delete one first.",
                limits::ENDPOINTS_MAX
            );
            return Err(Problem::Conflict { message });
        }
        row.dispatched_number = events::last_number(tx)?;
        endpoints::insert(tx, &row).map_err(conflict)?;
        endpoint_secrets::insert(tx, &secret)?;
        EndpointDetails::of(tx, &row.id, now)
    });
    response::created(write.await?.with_secret(&state, &made))
}

/// `PATCH /api/v1/endpoints/{id}`.
pub async fn patch(state: State, path: Path<String>, body: Members) -> Response {
    let settings = Settings::read(body, false, state.allow_private_targets)?;
    let (id, now) = (id_of(&path), state.now());
    let write = state.context.db.write(Lane::Urgent, move |tx| {
        change(tx, &id, settings, now)?;
        EndpointDetails::of(tx, &id, now)
    });
    response::ok(write.await?.show(&state.context.keys, now, None))
}

/// Enables or disables an endpoint by hand; nothing when it is so already.
pub async fn set_status(
    state: &State,
    id: &EndpointId,
    status: EndpointStatus,
) -> Result<(), Problem> {
    let (id, now) = (id.clone(), state.now());
    let settings = Settings { url: None, events: None, status: Some(status), legacy: None };
    state.context.db.write(Lane::Urgent, move |tx| change(tx, &id, settings, now)).await
}

fn change(
    tx: &mut Tx<'_>,
    id: &EndpointId,
    settings: Settings,
    now: Timestamp,
) -> Result<(), Problem> {
    let mut row = locked(tx, id)?;
    let moved = settings.url.as_ref().is_some_and(|url| *url != row.endpoint_url);
    row.endpoint_url = settings.url.unwrap_or(row.endpoint_url);
    let chosen_anew = settings.events.is_some();
    row.event_types.0 = settings.events.unwrap_or(row.event_types.0);
    row.legacy_signs_with = settings.legacy.unwrap_or(row.legacy_signs_with);
    row.updated_at_ms = now;
    endpoints::write_settings(tx, &row).map_err(conflict)?;
    if chosen_anew {
        // It may not hear of a return any more.
        overtaking::forget(tx, id)?;
    }
    let is_enabled = row.status == EndpointStatus::Enabled;
    if moved && is_enabled {
        // How the old address did says nothing about the new one.
        endpoints::write_health(tx, id, &Health::default(), row.last_success_at_ms)?;
    }
    if (moved || chosen_anew) && is_enabled {
        endpoints::make_due(tx, id, now)?;
    }
    match settings.status {
        Some(EndpointStatus::Disabled) if row.status == EndpointStatus::Enabled => {
            endpoints::switch_off(tx, id, DisabledReason::ByHand, now)?;
            deliveries::discard_waiting(tx, id, DISABLED_BY_HAND, now)?;
            overtaking::forget(tx, id)?;
        }
        Some(EndpointStatus::Enabled) if row.status == EndpointStatus::Disabled => {
            endpoints::switch_on(tx, id, now)?;
        }
        _ => {}
    }
    Ok(())
}

/// `DELETE /api/v1/endpoints/{id}`: with its secrets at once, and its deliveries.
pub async fn delete(state: State, path: Path<String>) -> Response {
    let (id, now) = (id_of(&path), state.now());
    let db = &state.context.db;
    let ending = id.clone();
    let first = db.write(Lane::Urgent, move |tx| {
        locked(tx, &ending)?;
        endpoints::switch_off(tx, &ending, DisabledReason::ByHand, now)?;
        Ok::<_, Problem>(endpoint_secrets::delete_of(tx, &ending)?)
    });
    first.await?;
    // In pieces, so that nobody waits long behind it.
    loop {
        let of = id.clone();
        let piece = db.write(Lane::Bulk, move |tx| {
            Ok::<_, Problem>(deliveries::delete_of(tx, &of, limits::PRUNE_ROWS_MAX)?)
        });
        if piece.await? == 0 {
            break;
        }
    }
    let last = db.write(Lane::Urgent, move |tx| {
        endpoints::delete(tx, &id).map_err(|error| Problem::of_lookup(error, WHAT, &id))
    });
    last.await?;
    if let Err(error) = db.scrub().await {
        tracing::warn!(error = %error, "deleted secrets could not be scrubbed from the files yet");
    }
    response::deleted()
}
