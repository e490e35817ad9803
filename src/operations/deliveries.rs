//! Deliveries that somebody asks for: a test, and events that are told again.
//!
//! Invariants:
//! - Nothing is written for an endpoint that is disabled.
//! - A replay tells of each event once, in the order of the events, and of those only that the
//!   endpoint wants. One that can not be done whole is not begun.
//!
//! What this module must not do: send anything; that is done by [`crate::delivery`].

use std::collections::{BTreeSet, HashMap};

use crate::clock::Timestamp;
use crate::db::deliveries::{self as rows, Delivery};
use crate::db::endpoints::Endpoint;
use crate::db::{Conn, Lane, events, reports};
use crate::delivery::sample;
use crate::domain::event::EventKind;
use crate::domain::ids::{EndpointId, EventId};
use crate::limits;
use crate::operations::endpoints::{self, locked_and_enabled};
use crate::operations::error::{OperationError, WrongItem};
use crate::sync::Context;

/// Writes a test for an endpoint: a sample of this kind, or of one that it wants. It is sent once.
///
/// # Errors
/// [`OperationError::Conflict`] when the endpoint is disabled.
pub async fn send_test(
    cx: &Context,
    id: EndpointId,
    wanted: Option<EventKind>,
) -> Result<Delivery, OperationError> {
    let (now, random) = (cx.clock.now(), cx.random.clone());
    let write = cx.db.write(Lane::Urgent, move |tx| {
        let endpoint = locked_and_enabled(tx, &id)?;
        let usual = endpoint.event_types.0.first().copied().unwrap_or(EventKind::UserCreated);
        let kind = wanted.unwrap_or(usual);
        let body = sample::body(kind, now, &*random)
            .map_err(|error| OperationError::Internal(format!("a sample is no JSON: {error}")))?;
        let made = rows::insert_test(tx, &id, kind, body, now)?;
        Ok::<_, OperationError>(rows::find(tx, &made)?)
    });
    write.await
}

/// Which events are to be told again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// These, by their ids as given.
    Ids(Vec<String>),
    /// Those from one moment up to another that the endpoint wants.
    Range(Timestamp, Timestamp),
}

impl Replay {
    /// What somebody wants who names events, or a time. Without an end the time goes on until now.
    ///
    /// # Errors
    /// [`OperationError::Invalid`] when that makes no sense together.
    pub fn of(
        ids: Option<Vec<String>>,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, OperationError> {
        let invalid = |field, code, message| Err(OperationError::Invalid { field, code, message });
        match (ids, since, until) {
            (Some(ids), None, None) if ids.is_empty() => {
                invalid("event_ids", "required", "must name at least one event".to_owned())
            }
            (Some(ids), None, None) if ids.len() > limits::REPLAY_IDS_MAX => {
                let message = format!("may name at most {} events", limits::REPLAY_IDS_MAX);
                invalid("event_ids", "too_many", message)
            }
            (Some(ids), None, None) => Ok(Self::Ids(ids)),
            (Some(_), ..) => {
                let message = "cannot be combined with since and until";
                invalid("event_ids", "invalid", message.to_owned())
            }
            (None, None, _) => {
                invalid("since", "required", "is required, or else event_ids".to_owned())
            }
            (None, Some(since), _) if since < oldest_kept(now) => {
                let message = format!("events are kept for {} days", limits::EVENT_DAYS_KEPT);
                invalid("since", "expired", message)
            }
            (None, Some(since), Some(until)) if until <= since => {
                invalid("until", "out_of_range", "must be later than since".to_owned())
            }
            // Up to and including this millisecond.
            (None, Some(since), until) => Ok(Self::Range(since, until.unwrap_or(now.plus(1)))),
        }
    }

    /// The numbers of the events, each once, in order; at most [`limits::REPLAY_EVENTS_MAX`].
    fn numbers(self, conn: &mut Conn, endpoint: &Endpoint) -> Result<Vec<i64>, OperationError> {
        let (since, until) = match self {
            Self::Ids(ids) => return numbers_of(conn, endpoint, &ids),
            Self::Range(since, until) => (since, until),
        };
        let wanted = EventKind::ALL.iter().map(|kind| kind.as_str());
        let types: Vec<&str> = wanted.filter(|kind| endpoint.wants(kind)).collect();
        let most = limits::REPLAY_EVENTS_MAX;
        let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
        let numbers = events::numbers_between(conn, (since, until), &types, limit)?;
        if numbers.len() <= most {
            return Ok(numbers);
        }
        let message = format!(
            "there are more than {most} events in this time, which is the most for one request; \
             ask for a shorter time, and for the rest afterwards"
        );
        Err(OperationError::Invalid { field: "until", code: "too_many", message })
    }
}

fn oldest_kept(now: Timestamp) -> Timestamp {
    now.plus(-limits::EVENT_DAYS_KEPT.saturating_mul(Timestamp::DAY))
}

/// The events of these ids, or a refusal that names those that cannot be told again.
fn numbers_of(
    conn: &mut Conn,
    endpoint: &Endpoint,
    ids: &[String],
) -> Result<Vec<i64>, OperationError> {
    let number = |id: &String| EventId::from_text(id.as_str()).number();
    let numbers: BTreeSet<i64> = ids.iter().filter_map(number).collect();
    let numbers: Vec<i64> = numbers.into_iter().collect();
    let types: HashMap<i64, String> = events::types_of(conn, &numbers)?.into_iter().collect();
    let last = events::last_number(conn)?;
    let wrong = ids.iter().filter_map(|id| {
        let number = number(id);
        let (code, why) = match number.map(|number| types.get(&number)) {
            Some(Some(kind)) if endpoint.wants(kind) => return None,
            Some(Some(_)) => ("not_subscribed", "is of a type that the endpoint does not want"),
            Some(None) if number.is_some_and(|number| (1..=last).contains(&number)) => {
                ("expired", "is not kept any more")
            }
            _ => ("unknown_value", "is no event"),
        };
        Some(WrongItem { item: id.clone(), code, why })
    });
    let wrong: Vec<WrongItem> = wrong.take(limits::NAMED_IN_PROBLEM_MAX).collect();
    if wrong.is_empty() {
        Ok(numbers)
    } else {
        Err(OperationError::InvalidItems { field: "event_ids", wrong })
    }
}

/// Tells an endpoint of events again; how many.
///
/// # Errors
/// [`OperationError::Invalid`] and [`OperationError::InvalidItems`] for events that cannot be told
/// again, [`OperationError::Conflict`] when the endpoint is disabled.
pub async fn replay(cx: &Context, id: &EndpointId, which: Replay) -> Result<usize, OperationError> {
    let of = id.clone();
    let read = cx.db.read(move |conn| {
        let endpoint = endpoints::find(conn, &of)?;
        which.numbers(conn, &endpoint)
    });
    deliver_again(cx, id, &read.await?).await
}

/// Tells an endpoint again of what was given up and not delivered since; how many events.
///
/// # Errors
/// [`OperationError::Conflict`] when the endpoint is disabled.
pub async fn replay_given_up(cx: &Context, id: &EndpointId) -> Result<usize, OperationError> {
    let of = id.clone();
    let read = cx.db.read(move |conn| {
        let endpoint = endpoints::find(conn, &of)?;
        let given_up = reports::operator::given_up(conn, &of, limits::REPLAY_EVENTS_MAX)?;
        let wanted = given_up.into_iter().filter(|(_, kind)| endpoint.wants(kind));
        Ok::<_, OperationError>(wanted.map(|(number, _)| number).collect::<Vec<i64>>())
    });
    deliver_again(cx, id, &read.await?).await
}

/// Writes deliveries that tell an enabled endpoint of these events again; how many.
async fn deliver_again(
    cx: &Context,
    id: &EndpointId,
    numbers: &[i64],
) -> Result<usize, OperationError> {
    let now = cx.clock.now();
    let mut written = 0_usize;
    // Once even without any event, to see that the endpoint is enabled.
    let none = numbers.is_empty().then(Vec::new);
    let chunks = numbers.chunks(limits::REPLAY_BATCH_EVENTS_MAX).map(<[i64]>::to_vec);
    for chunk in none.into_iter().chain(chunks) {
        let of = id.clone();
        let piece = cx.db.write(Lane::Bulk, move |tx| {
            let endpoint = locked_and_enabled(tx, &of)?;
            Ok::<_, OperationError>(rows::insert_replays(tx, &endpoint, &chunk, now)?)
        });
        written = written.saturating_add(piece.await?);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_424_400_000);

    fn refusal(
        ids: Option<&[&str]>,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> (&'static str, &'static str) {
        let ids = ids.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect());
        match Replay::of(ids, since, until, NOW) {
            Err(OperationError::Invalid { field, code, .. }) => (field, code),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_04_a_replay_names_events_or_a_time_and_not_both() {
        let (before, day) = (NOW.plus(-1), Timestamp::DAY);
        assert_eq!(refusal(None, None, None), ("since", "required"));
        assert_eq!(refusal(None, None, Some(NOW)), ("since", "required"));
        assert_eq!(refusal(Some(&[]), None, None), ("event_ids", "required"));
        assert_eq!(refusal(Some(&["a"]), Some(before), None), ("event_ids", "invalid"));
        assert_eq!(refusal(Some(&[]), None, Some(NOW)), ("event_ids", "invalid"));
        assert_eq!(refusal(None, Some(NOW), Some(NOW)), ("until", "out_of_range"));
        let long_ago = NOW.plus(-limits::EVENT_DAYS_KEPT * day - 1);
        assert_eq!(refusal(None, Some(long_ago), None), ("since", "expired"));
        let until_now = Replay::of(None, Some(before), None, NOW).unwrap();
        assert_eq!(until_now, Replay::Range(before, NOW.plus(1)));
    }
}
