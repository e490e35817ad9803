//! Endpoints: where the application wants to be told of events. Made, changed, given a new secret,
//! and deleted (A-04, wire contract §4).
//!
//! Invariants:
//! - A secret is handed back once, by the operation that makes it. What is stored of it is sealed.
//! - A URL is stored in its normal form, so that one address is not stored twice.
//! - What waits for an endpoint that somebody disables is given up at once.
//!
//! Endpoints belong to no organization, and actions are written down of organizations only: so
//! nothing here asks who acts.
//!
//! What this module must not do: send anything.

use std::collections::HashMap;

use crate::clock::Timestamp;
use crate::db::endpoint_secrets::{self, EndpointSecret};
use crate::db::endpoints::{self as rows, Endpoint};
use crate::db::page::{Page, PageRequest};
use crate::db::types::Json;
use crate::db::{Conn, DbError, Lane, Tx, deliveries, events, overtaking};
use crate::delivery::sign::SigningSecret;
use crate::delivery::target;
use crate::domain::endpoint::{DisabledReason, EndpointStatus, Health, LegacySigner};
use crate::domain::event::EventKind;
use crate::domain::ids::EndpointId;
use crate::limits;
use crate::operations::OperationError;
use crate::secret::Keys;
use crate::sync::Context;

/// What an endpoint is called when there is none with an id.
const WHAT: &str = "Webhook endpoint";

/// What waits for an endpoint that somebody disables becomes dead for this reason.
const DISABLED_BY_HAND: &str = "the endpoint was disabled";

/// The URL of an endpoint, in its normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointUrl(String);

impl EndpointUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`OperationError::InvalidUrl`] when it cannot be the one of an endpoint.
    pub fn read(text: &str, allow_private: bool) -> Result<Self, OperationError> {
        let url = target::check_url(text, allow_private);
        url.map(|url| Self(url.into()))
            .map_err(|refused| OperationError::InvalidUrl { message: refused.to_string() })
    }
}

/// The types of events that an endpoint wants, each once; none stands for all that need not be
/// named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WantedEvents(Vec<EventKind>);

impl TryFrom<Vec<String>> for WantedEvents {
    type Error = String;

    fn try_from(names: Vec<String>) -> Result<Self, String> {
        let mut kinds = Vec::new();
        for name in names {
            match EventKind::parse(&name) {
                Some(kind) if kinds.contains(&kind) => {}
                Some(kind) => kinds.push(kind),
                None => {
                    let known: Vec<&str> =
                        EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
                    return Err(format!("are event types; there are: {}", known.join(", ")));
                }
            }
        }
        Ok(Self(kinds))
    }
}

/// A new endpoint.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    /// Where it is.
    pub url: EndpointUrl,
    /// What it is told of.
    pub events: WantedEvents,
    /// Whether events are sent there.
    pub status: EndpointStatus,
    /// Which secret signs the header that has room for one signature.
    pub legacy_signs_with: LegacySigner,
}

/// What changes of an endpoint; what is missing stays.
#[derive(Debug, Clone, Default)]
pub struct EndpointChange {
    /// Where it is.
    pub url: Option<EndpointUrl>,
    /// What it is told of.
    pub events: Option<WantedEvents>,
    /// Whether events are sent there.
    pub status: Option<EndpointStatus>,
    /// Which secret signs the header that has room for one signature.
    pub legacy_signs_with: Option<LegacySigner>,
}

/// An endpoint with what else is told of it.
pub struct EndpointDetails {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Its secrets that sign at this moment, newest first.
    pub live_secrets: Vec<EndpointSecret>,
    /// How much waits for it.
    pub waiting: i64,
    /// Until when nothing is sent there, while that is so.
    pub paused_until: Option<Timestamp>,
}

impl EndpointDetails {
    /// When the last of the secrets ends that are not the newest.
    #[must_use]
    pub fn older_secrets_expire_at(&self) -> Option<Timestamp> {
        self.live_secrets.iter().filter_map(|secret| secret.expires_at_ms).max()
    }

    /// The last characters of the newest secret; none when it cannot be opened.
    #[must_use]
    pub fn last4(&self, keys: &Keys) -> String {
        let newest = self.live_secrets.first().and_then(|secret| secret.open(keys).ok());
        newest.map(|secret| secret.last4()).unwrap_or_default()
    }
}

/// An endpoint with the secret that was made for it just now.
pub struct WithSecret {
    /// The endpoint.
    pub details: EndpointDetails,
    /// The secret, which is told here and never again.
    pub secret: SigningSecret,
}

/// The endpoint, or a refusal that names it.
pub fn find(conn: &mut Conn, id: &EndpointId) -> Result<Endpoint, OperationError> {
    rows::find(conn, id).map_err(|error| OperationError::of_lookup(error, WHAT, id))
}

/// The endpoint, held until this transaction ends, or a refusal that names it.
fn locked(tx: &mut Tx<'_>, id: &EndpointId) -> Result<Endpoint, OperationError> {
    rows::locked(tx, id).map_err(|error| OperationError::of_lookup(error, WHAT, id))
}

/// The same, if it is enabled: nothing is sent to another.
///
/// # Errors
/// [`OperationError::Conflict`] when it is disabled.
pub fn locked_and_enabled(tx: &mut Tx<'_>, id: &EndpointId) -> Result<Endpoint, OperationError> {
    let endpoint = locked(tx, id)?;
    if endpoint.status == EndpointStatus::Enabled {
        return Ok(endpoint);
    }
    let message = "The endpoint is disabled: nothing is sent to it. Enable it first, with PATCH \
                   and {\"status\":\"enabled\"}.";
    Err(OperationError::Conflict { message: message.to_owned() })
}

/// An endpoint with what else is told of it, or a refusal that names it.
pub fn details(
    conn: &mut Conn,
    id: &EndpointId,
    now: Timestamp,
) -> Result<EndpointDetails, OperationError> {
    let row = find(conn, id)?;
    let found = details_of(conn, vec![row], now)?.pop();
    found.ok_or_else(|| OperationError::of_lookup(DbError::NotFound, WHAT, id))
}

/// A page of endpoints with what else is told of them.
pub fn page(
    conn: &mut Conn,
    request: &PageRequest,
    now: Timestamp,
) -> Result<Page<EndpointDetails>, OperationError> {
    let Page { items, before, after } = rows::page(conn, request)?;
    Ok(Page { items: details_of(conn, items, now)?, before, after })
}

fn details_of(
    conn: &mut Conn,
    found: Vec<Endpoint>,
    now: Timestamp,
) -> Result<Vec<EndpointDetails>, DbError> {
    let ids: Vec<EndpointId> = found.iter().map(|row| row.id.clone()).collect();
    let waiting = rows::waiting(conn, &ids)?;
    let mut secrets: HashMap<EndpointId, Vec<EndpointSecret>> = HashMap::new();
    for secret in endpoint_secrets::live_of(conn, &ids, now)? {
        secrets.entry(secret.endpoint_id.clone()).or_default().push(secret);
    }
    let details = |endpoint: Endpoint| EndpointDetails {
        live_secrets: secrets.remove(&endpoint.id).unwrap_or_default(),
        waiting: waiting.get(&endpoint.id).copied().unwrap_or(0),
        paused_until: endpoint.health().paused(now),
        endpoint,
    };
    Ok(found.into_iter().map(details).collect())
}

fn conflict(error: DbError) -> OperationError {
    if error.is_conflict_on("endpoint_url") {
        OperationError::DuplicateEndpoint
    } else {
        error.into()
    }
}

/// Makes an endpoint. It gets the events from now on.
///
/// # Errors
/// [`OperationError::DuplicateEndpoint`] when there is one with this URL,
/// [`OperationError::Conflict`] when there are as many as there can be.
pub async fn create(cx: &Context, new: NewEndpoint) -> Result<WithSecret, OperationError> {
    let (now, random) = (cx.clock.now(), &*cx.random);
    let is_disabled = new.status == EndpointStatus::Disabled;
    let mut row = Endpoint {
        id: EndpointId::new(now, random),
        endpoint_url: new.url.0,
        event_types: Json(new.events.0),
        status: new.status,
        disabled_reason: is_disabled.then_some(DisabledReason::ByHand),
        legacy_signs_with: new.legacy_signs_with,
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
    let secret = SigningSecret::generate(random);
    let sealed = EndpointSecret::seal(&row.id, secret.whole(), None, now, (&cx.keys, random));
    let write = cx.db.write(Lane::Urgent, move |tx| {
        if rows::count(tx)? >= limits::ENDPOINTS_MAX {
            let message = format!(
                "There are {} endpoints already, which is the limit. Delete one first.",
                limits::ENDPOINTS_MAX
            );
            return Err(OperationError::Conflict { message });
        }
        row.dispatched_number = events::last_number(tx)?;
        rows::insert(tx, &row).map_err(conflict)?;
        endpoint_secrets::insert(tx, &sealed)?;
        details(tx, &row.id, now)
    });
    Ok(WithSecret { details: write.await?, secret })
}

/// Changes an endpoint.
///
/// # Errors
/// [`OperationError::DuplicateEndpoint`] when another one has this URL.
pub async fn change(
    cx: &Context,
    id: EndpointId,
    change: EndpointChange,
) -> Result<EndpointDetails, OperationError> {
    let now = cx.clock.now();
    let write = cx.db.write(Lane::Urgent, move |tx| {
        apply(tx, &id, change, now)?;
        details(tx, &id, now)
    });
    write.await
}

/// Enables or disables an endpoint by hand; nothing when it is so already.
pub async fn set_status(
    cx: &Context,
    id: EndpointId,
    status: EndpointStatus,
) -> Result<(), OperationError> {
    let now = cx.clock.now();
    let change = EndpointChange { status: Some(status), ..EndpointChange::default() };
    cx.db.write(Lane::Urgent, move |tx| apply(tx, &id, change, now)).await
}

fn apply(
    tx: &mut Tx<'_>,
    id: &EndpointId,
    change: EndpointChange,
    now: Timestamp,
) -> Result<(), OperationError> {
    let mut row = locked(tx, id)?;
    let url = change.url.map(|url| url.0);
    let moved = url.as_ref().is_some_and(|url| *url != row.endpoint_url);
    row.endpoint_url = url.unwrap_or(row.endpoint_url);
    let chosen_anew = change.events.is_some();
    row.event_types.0 = change.events.map_or(row.event_types.0, |events| events.0);
    row.legacy_signs_with = change.legacy_signs_with.unwrap_or(row.legacy_signs_with);
    row.updated_at_ms = now;
    rows::write_settings(tx, &row).map_err(conflict)?;
    if chosen_anew {
        // It may not hear of a return any more.
        overtaking::forget(tx, id)?;
    }
    let is_enabled = row.status == EndpointStatus::Enabled;
    if moved && is_enabled {
        // How the old address did says nothing about the new one.
        rows::write_health(tx, id, &Health::default(), row.last_success_at_ms)?;
    }
    if (moved || chosen_anew) && is_enabled {
        rows::make_due(tx, id, now)?;
    }
    match change.status {
        Some(EndpointStatus::Disabled) if row.status == EndpointStatus::Enabled => {
            rows::switch_off(tx, id, DisabledReason::ByHand, now)?;
            deliveries::discard_waiting(tx, id, DISABLED_BY_HAND, now)?;
            overtaking::forget(tx, id)?;
        }
        Some(EndpointStatus::Enabled) if row.status == EndpointStatus::Disabled => {
            rows::switch_on(tx, id, now)?;
        }
        _ => {}
    }
    Ok(())
}

/// Gives an endpoint a new secret. The older ones go on signing beside it for so many seconds.
///
/// # Errors
/// [`OperationError::Conflict`] when as many secrets are live as there can be.
pub async fn rotate_secret(
    cx: &Context,
    id: EndpointId,
    overlap_seconds: i64,
) -> Result<WithSecret, OperationError> {
    let (now, random, keys) = (cx.clock.now(), cx.random.clone(), cx.keys.clone());
    let secret = SigningSecret::generate(&*random);
    let whole = secret.whole().clone();
    let write = cx.db.write(Lane::Urgent, move |tx| {
        locked(tx, &id)?;
        let live = endpoint_secrets::live(tx, &id, now)?;
        if overlap_seconds > 0 && live.len() >= limits::ENDPOINT_SECRETS_MAX {
            let message = format!(
                "{} secrets are live already, which is the limit. Wait until one ends, or end them \
                 all with {{\"overlap_seconds\":0}}.",
                live.len()
            );
            return Err(OperationError::Conflict { message });
        }
        let end = now.plus(overlap_seconds.saturating_mul(Timestamp::SECOND));
        endpoint_secrets::expire(tx, &id, end)?;
        endpoint_secrets::prune(tx, now)?;
        let next = EndpointSecret::seal(&id, &whole, live.first(), now, (&keys, &*random));
        endpoint_secrets::insert(tx, &next)?;
        details(tx, &id, now)
    });
    Ok(WithSecret { details: write.await?, secret })
}

/// Deletes an endpoint: with its secrets at once, and its deliveries.
pub async fn delete(cx: &Context, id: EndpointId) -> Result<(), OperationError> {
    let (now, db) = (cx.clock.now(), &cx.db);
    let ending = id.clone();
    let first = db.write(Lane::Urgent, move |tx| {
        locked(tx, &ending)?;
        rows::switch_off(tx, &ending, DisabledReason::ByHand, now)?;
        Ok::<_, OperationError>(endpoint_secrets::delete_of(tx, &ending)?)
    });
    first.await?;
    // In pieces, so that nobody waits long behind it.
    loop {
        let of = id.clone();
        let piece = db.write(Lane::Bulk, move |tx| {
            Ok::<_, OperationError>(deliveries::delete_of(tx, &of, limits::PRUNE_ROWS_MAX)?)
        });
        if piece.await? == 0 {
            break;
        }
    }
    let last = db.write(Lane::Urgent, move |tx| {
        rows::delete(tx, &id).map_err(|error| OperationError::of_lookup(error, WHAT, &id))
    });
    last.await?;
    if let Err(error) = db.scrub().await {
        tracing::warn!(error = %error, "deleted secrets could not be scrubbed from the files yet");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_06_events_are_wanted_each_once_and_by_their_names() {
        let wanted = |names: &[&str]| {
            WantedEvents::try_from(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };
        let twice = wanted(&["dsync.user.updated", "dsync.user.created", "dsync.user.updated"]);
        let once = WantedEvents(vec![EventKind::UserUpdated, EventKind::UserCreated]);
        assert_eq!(twice, Ok(once));
        let message = wanted(&["dsync.user.created", "dsync.invented"]).unwrap_err();
        assert!(message.contains("dsync.group.user_added"), "{message}");
    }

    #[test]
    fn a_05_a_url_is_read_into_its_normal_form() {
        let url = EndpointUrl::read("https://APP.example:443/hooks", false).unwrap();
        assert_eq!(url, EndpointUrl("https://app.example/hooks".to_owned()));
        assert!(EndpointUrl::read("http://app.example/", false).is_err());
    }
}
