//! What the operator's pages say, in words for somebody who was just woken up.
//!
//! Invariant: pure; what is said follows from the arguments alone.

use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::db::directories::Directory;
use crate::db::endpoints::Endpoint;
use crate::db::reports::operator::Count;
use crate::domain::certificate;
use crate::domain::directory::{DirectoryState, silent_after_ms};
use crate::domain::endpoint::{DisabledReason, EndpointStatus};
use crate::domain::failure::FailureClass;
use crate::limits;
use crate::texts::Text;
use crate::web::pages::when::When;
use crate::web::portal::messages::Health;

/// A moment, told in UTC: the operator looks after customers of all time zones.
#[must_use]
pub fn when(moment: Timestamp, now: Timestamp) -> When {
    When::of(moment, now, &TimeZone::UTC)
}

/// A number with its thousands set apart.
#[must_use]
pub fn number(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len().saturating_add(4));
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count, as far as was counted: "10,000+".
#[must_use]
pub fn count(count: Count) -> String {
    format!("{}{}", number(count.known), if count.more { "+" } else { "" })
}

/// "1 directory", "10,000+ directories".
#[must_use]
pub fn counted(count: Count, one: &str, many: &str) -> String {
    let word = if count.known == 1 && !count.more { one } else { many };
    format!("{} {word}", self::count(count))
}

/// How long something takes or lasts, in its largest unit: "40 seconds", "3 days".
#[must_use]
pub fn duration(ms: i64) -> String {
    let units = [(Timestamp::DAY, "day"), (Timestamp::HOUR, "hour"), (Timestamp::MINUTE, "minute")];
    let unit = units.into_iter().find(|(unit_ms, _)| ms >= *unit_ms);
    let (unit_ms, word) = unit.unwrap_or((Timestamp::SECOND, "second"));
    let amount = ms.max(0).div_euclid(unit_ms);
    format!("{} {word}{}", number(amount), if amount == 1 { "" } else { "s" })
}

/// Whether a directory that should sync has not succeeded for too long. The same rule as
/// `DirectoryProblem::Silent` in the database.
#[must_use]
pub fn is_silent(directory: &Directory, now: Timestamp) -> bool {
    let gone_ms = now.since(directory.without_success_since());
    matches!(directory.state, DirectoryState::Active | DirectoryState::Validating)
        && directory.failure_class().is_none()
        && gone_ms > silent_after_ms(directory.poll_seconds)
}

/// How long ago the last success was, against the interval.
#[must_use]
pub fn staleness(directory: &Directory, now: Timestamp) -> String {
    if !directory.state.is_syncing() {
        return "Does not sync.".to_owned();
    }
    let interval_ms = directory.poll_seconds.saturating_mul(Timestamp::SECOND).max(1);
    let gone_ms = now.since(directory.without_success_since()).max(0);
    let every = duration(interval_ms);
    let intervals = gone_ms.div_euclid(interval_ms);
    let gone = if gone_ms < Timestamp::MINUTE {
        "less than a minute".to_owned()
    } else {
        duration(gone_ms)
    };
    let last = match directory.last_success_at_ms {
        Some(_) => format!("Last success {gone} ago"),
        None => format!("No success yet, for {gone}"),
    };
    match intervals {
        0 => format!("{last}; a full sync is due every {every}."),
        1 => format!("{last}; that is more than the interval of {every}."),
        _ => format!("{last}; that is {} intervals of {every}.", number(intervals)),
    }
}

/// How a directory is, in a word or two and a sentence. It names no time that goes on, because what
/// is read out to people must not change while nothing happens.
#[must_use]
pub fn health(directory: &Directory, now: Timestamp) -> Health {
    let told = |tone, label: &str, sentence: String| Health {
        tone,
        label: Text::verbatim(label),
        sentence: Text::verbatim(sentence),
    };
    let failing = directory.failing();
    let class = failing.as_ref().map(|failing| failing.class);
    match directory.state {
        DirectoryState::Setup => {
            told("idle", "Set-up", "The customer has not completed the set-up.".to_owned())
        }
        DirectoryState::Disabled => {
            told("idle", "Disabled", "It was ended, and stays so.".to_owned())
        }
        DirectoryState::Failing => {
            let fault = certificate::of_detail(
                failing.as_ref().and_then(|failing| failing.detail.as_deref()),
            );
            let meaning = class.map_or("The last sync failed.", meaning);
            told("bad", "Failing", fault.map_or_else(|| meaning.to_owned(), of_certificate))
        }
        _ if is_silent(directory, now) => {
            let sentence = format!(
                "No sync has succeeded for {} intervals, and none has failed either.",
                limits::SILENT_INTERVALS_MAX
            );
            told("bad", "Silent", sentence)
        }
        _ if class.is_some() => told("warn", "Trying again", class.map_or("", meaning).to_owned()),
        DirectoryState::Validating => {
            told("busy", "First sync", "Everybody is read for the first time.".to_owned())
        }
        DirectoryState::Active => {
            let interval_ms = directory.poll_seconds.saturating_mul(Timestamp::SECOND);
            let sentence = format!("A full sync is made every {}.", duration(interval_ms));
            told("good", "In step", sentence)
        }
    }
}

fn of_certificate(fault: certificate::Fault) -> String {
    format!(
        "The HR system's TLS certificate is not accepted: {fault}. Look at the address in the \
         settings, at this machine's root certificates and clock, and at a proxy in between."
    )
}

/// What a class of failure means, and who can do something about it.
#[must_use]
pub const fn meaning(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Credential => {
            "The HR system refuses the key. The customer's admins were told and have to enter a \
             new one."
        }
        FailureClass::Permission => {
            "The key lacks a permission. The customer's admins were told and have to grant it in \
             the HR system."
        }
        FailureClass::Throttled => {
            "The HR system asks for fewer calls. It goes on by itself; if it stays, lower \
             calls_per_minute."
        }
        FailureClass::Suspended => {
            "The HR system says that the customer's account there is not active. The customer has \
             to settle it with the vendor."
        }
        FailureClass::ProviderDown => {
            "The HR system does not answer. It is asked again; look whether others of the same HR \
             system fail too, and whether this machine reaches it."
        }
        FailureClass::Malformed => {
            "The HR system's answer could not be read, or records have to be corrected in a strict \
             directory. If it stays, report it with the log."
        }
        FailureClass::Internal => {
            "A fault on our side. The log says which, under the id of the directory."
        }
    }
}

/// How an endpoint is, in a word or two and a sentence.
#[must_use]
pub fn endpoint_health(endpoint: &Endpoint, now: Timestamp) -> Health {
    let told = |tone, label: &str, sentence: String| Health {
        tone,
        label: Text::verbatim(label),
        sentence: Text::verbatim(sentence),
    };
    if endpoint.status == EndpointStatus::Disabled {
        return match endpoint.disabled_reason {
            Some(DisabledReason::Gone) => told(
                "bad",
                "Disabled",
                "It answered 410 “Gone”, so nothing is sent any more.".to_owned(),
            ),
            Some(DisabledReason::Failing) => told(
                "bad",
                "Disabled",
                format!(
                    "It did nothing but fail for {}, so nothing is sent any more.",
                    duration(limits::ENDPOINT_FAILING_MS_MAX)
                ),
            ),
            Some(DisabledReason::ByHand) | None => {
                told("idle", "Disabled", "Somebody disabled it by hand.".to_owned())
            }
        };
    }
    let failures = number(endpoint.failures);
    let since = endpoint.failing_since_ms.map(|since| duration(now.since(since)));
    match (since, endpoint.health().paused(now)) {
        (Some(since), Some(until)) => told(
            "warn",
            "Pausing",
            format!(
                "{failures} attempts failed in a row, for {since}. The next is tried in {}.",
                duration(until.since(now))
            ),
        ),
        (Some(since), None) => told(
            "warn",
            "Failing",
            format!("{failures} attempts failed since the last that succeeded, for {since}."),
        ),
        _ => told("good", "Working", "It takes what it is sent.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_told_as_people_do() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_000), "1,000");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(count(Count { known: 10_000, more: true }), "10,000+");
        assert_eq!(counted(Count { known: 1, more: false }, "mail", "mails"), "1 mail");
        assert_eq!(duration(59_999), "59 seconds");
        assert_eq!(duration(Timestamp::MINUTE), "1 minute");
        assert_eq!(duration(47 * Timestamp::HOUR), "1 day");
        assert_eq!(duration(-5), "0 seconds");
    }
}
