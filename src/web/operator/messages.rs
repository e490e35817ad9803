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
use crate::texts::{Text, text};
use crate::web::pages::when::When;

/// How something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// How it looks: `good`, `busy`, `warn`, `bad` or `idle`.
    pub tone: &'static str,
    /// In a word or two.
    pub label: Text,
    /// In a sentence.
    pub sentence: Text,
}

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

/// How long something takes or lasts, in its largest unit: "40 seconds", "3 days".
#[must_use]
pub fn duration(ms: i64) -> Text {
    let amount = |unit_ms: i64| ms.max(0).div_euclid(unit_ms);
    if ms >= Timestamp::DAY {
        let days = amount(Timestamp::DAY);
        text("operator-days").with("count", days).with("shown", number(days))
    } else if ms >= Timestamp::HOUR {
        let hours = amount(Timestamp::HOUR);
        text("operator-hours").with("count", hours).with("shown", number(hours))
    } else if ms >= Timestamp::MINUTE {
        let minutes = amount(Timestamp::MINUTE);
        text("operator-minutes").with("count", minutes).with("shown", number(minutes))
    } else {
        let seconds = amount(Timestamp::SECOND);
        text("operator-seconds").with("count", seconds).with("shown", number(seconds))
    }
}

/// Texts one after the other; nothing when there are none.
pub fn list(texts: impl IntoIterator<Item = Text>) -> Option<Text> {
    texts
        .into_iter()
        .reduce(|before, next| text("operator-list").with("before", before).with("next", next))
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
pub fn staleness(directory: &Directory, now: Timestamp) -> Text {
    if !directory.state.is_syncing() {
        return text("operator-does-not-sync");
    }
    let interval_ms = directory.poll_seconds.saturating_mul(Timestamp::SECOND).max(1);
    let gone_ms = now.since(directory.without_success_since()).max(0);
    let every = duration(interval_ms);
    let gone = if gone_ms < Timestamp::MINUTE {
        text("operator-under-a-minute")
    } else {
        duration(gone_ms)
    };
    let count = gone_ms.div_euclid(interval_ms);
    let shown = number(count);
    match (directory.last_success_at_ms, count) {
        (Some(_), 0) => text("operator-success-due").with("gone", gone).with("every", every),
        (Some(_), 1) => text("operator-success-late").with("gone", gone).with("every", every),
        (Some(_), _) => text("operator-success-later")
            .with("gone", gone)
            .with("count", count)
            .with("shown", shown)
            .with("every", every),
        (None, 0) => text("operator-no-success-due").with("gone", gone).with("every", every),
        (None, 1) => text("operator-no-success-late").with("gone", gone).with("every", every),
        (None, _) => text("operator-no-success-later")
            .with("gone", gone)
            .with("count", count)
            .with("shown", shown)
            .with("every", every),
    }
}

/// How a directory is, in a word or two and a sentence. It names no time that goes on, because what
/// is read out to people must not change while nothing happens.
#[must_use]
pub fn health(directory: &Directory, now: Timestamp) -> Health {
    let failing = directory.failing();
    let failure = failing.as_ref().map(|failing| meaning(failing.class));
    let (tone, label, sentence) = match (directory.state, failure) {
        (DirectoryState::Setup, _) => {
            ("idle", text("operator-setup"), text("operator-setup-means"))
        }
        (DirectoryState::Disabled, _) => {
            ("idle", text("operator-disabled"), text("operator-disabled-means"))
        }
        (DirectoryState::Failing, failure) => {
            let fault =
                certificate::of_detail(failing.and_then(|failing| failing.detail).as_deref());
            let sentence = match fault {
                Some(fault) => text("operator-certificate-means").with("fault", fault.text()),
                None => failure.unwrap_or_else(|| text("operator-failing-means")),
            };
            ("bad", text("operator-failing"), sentence)
        }
        _ if is_silent(directory, now) => {
            let count = limits::SILENT_INTERVALS_MAX;
            ("bad", text("operator-silent"), text("operator-silent-means").with("count", count))
        }
        (_, Some(failure)) => ("warn", text("operator-trying"), failure),
        (DirectoryState::Validating, None) => {
            ("busy", text("operator-first-sync"), text("operator-first-sync-means"))
        }
        (DirectoryState::Active, None) => {
            let every = duration(directory.poll_seconds.saturating_mul(Timestamp::SECOND));
            let sentence = text("operator-in-step-means").with("every", every);
            ("good", text("operator-in-step"), sentence)
        }
    };
    Health { tone, label, sentence }
}

/// What a class of failure means, and who can do something about it.
#[must_use]
pub fn meaning(class: FailureClass) -> Text {
    match class {
        FailureClass::Credential => text("operator-credential-means"),
        FailureClass::Permission => text("operator-permission-means"),
        FailureClass::Throttled => text("operator-throttled-means"),
        FailureClass::Suspended => text("operator-suspended-means"),
        FailureClass::ProviderDown => text("operator-provider-down-means"),
        FailureClass::Malformed => text("operator-malformed-means"),
        FailureClass::Internal => text("operator-internal-means"),
    }
}

/// How an endpoint is, in a word or two and a sentence.
#[must_use]
pub fn endpoint_health(endpoint: &Endpoint, now: Timestamp) -> Health {
    let (tone, label, sentence) = match endpoint.status {
        EndpointStatus::Disabled => {
            let (tone, sentence) = why_disabled(endpoint.disabled_reason);
            (tone, text("operator-disabled"), sentence)
        }
        EndpointStatus::Enabled => enabled_health(endpoint, now),
    };
    Health { tone, label, sentence }
}

fn why_disabled(reason: Option<DisabledReason>) -> (&'static str, Text) {
    match reason {
        Some(DisabledReason::Gone) => ("bad", text("operator-endpoint-disabled-gone")),
        Some(DisabledReason::Failing) => {
            let lasted = duration(limits::ENDPOINT_FAILING_MS_MAX);
            ("bad", text("operator-endpoint-disabled-failing").with("for", lasted))
        }
        Some(DisabledReason::ByHand) | None => ("idle", text("operator-endpoint-disabled-by-hand")),
    }
}

fn enabled_health(endpoint: &Endpoint, now: Timestamp) -> (&'static str, Text, Text) {
    let (count, shown) = (endpoint.failures, number(endpoint.failures));
    let lasted = endpoint.failing_since_ms.map(|since| duration(now.since(since)));
    match (lasted, endpoint.health().paused(now)) {
        (Some(lasted), Some(until)) => (
            "warn",
            text("operator-endpoint-pausing"),
            text("operator-endpoint-pausing-means")
                .with("count", count)
                .with("shown", shown)
                .with("for", lasted)
                .with("next", duration(until.since(now))),
        ),
        (Some(lasted), None) => (
            "warn",
            text("operator-failing"),
            text("operator-endpoint-failing-means")
                .with("count", count)
                .with("shown", shown)
                .with("for", lasted),
        ),
        _ => ("good", text("operator-endpoint-working"), text("operator-endpoint-working-means")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Language;

    #[test]
    fn numbers_and_times_are_told_as_people_do() {
        let told = |text: Text| text.in_language(Language::English);
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_000), "1,000");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(count(Count { known: 10_000, more: true }), "10,000+");
        assert_eq!(told(duration(59_999)), "59 seconds");
        assert_eq!(told(duration(Timestamp::MINUTE)), "1 minute");
        assert_eq!(told(duration(47 * Timestamp::HOUR)), "1 day");
        assert_eq!(told(duration(-5)), "0 seconds");
        assert_eq!(list([]), None);
        let listed = list(["a", "b", "c"].map(Text::verbatim)).map(told);
        assert_eq!(listed.as_deref(), Some("a, b, c"));
    }
}
