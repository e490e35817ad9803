//! When something that failed is tried again, as a value.
//!
//! Invariants:
//! - Every delay lies within 20 % of the schedule, so that many failures at one moment do not
//!   come back at one moment.
//! - What a receiver asks for (`Retry-After`) only ever delays, and by no more than a day.
//! - A schedule ends: after its last delay the answer is `None`, and the work counts as
//!   undelivered.
//!
//! What this module must not do: wait, know the time, or decide whether a failure may be retried.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::clock::{Random, Timestamp};
use crate::limits;

/// A schedule of retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The delays after the first, second, … failed attempt, in milliseconds.
    steps_ms: &'static [i64],
    /// The delay after all later failures, in milliseconds; without one the steps are all there is.
    then_every_ms: Option<i64>,
    /// No retry is planned beyond this many milliseconds after the first attempt (without jitter).
    total_ms_max: i64,
}

/// Mail: 5 s, 30 s, 5 min, 30 min, then every 2 h up to 3 days.
pub const MAIL: RetryPolicy = RetryPolicy {
    steps_ms: &[
        5 * Timestamp::SECOND,
        30 * Timestamp::SECOND,
        5 * Timestamp::MINUTE,
        30 * Timestamp::MINUTE,
    ],
    then_every_ms: Some(2 * Timestamp::HOUR),
    total_ms_max: limits::MAIL_RETRY_MS_MAX,
};

/// Deliveries to endpoints: ten retries, the last a good three days (75.6 h) after the first try.
pub const DELIVERY: RetryPolicy = RetryPolicy {
    steps_ms: &[
        5 * Timestamp::SECOND,
        30 * Timestamp::SECOND,
        5 * Timestamp::MINUTE,
        30 * Timestamp::MINUTE,
        2 * Timestamp::HOUR,
        5 * Timestamp::HOUR,
        10 * Timestamp::HOUR,
        14 * Timestamp::HOUR,
        20 * Timestamp::HOUR,
        24 * Timestamp::HOUR,
    ],
    then_every_ms: None,
    total_ms_max: i64::MAX,
};

impl RetryPolicy {
    /// How long to wait after the `attempt`-th attempt (from 1) has failed, in milliseconds; `None`
    /// when there is no further attempt.
    #[must_use]
    pub fn delay_ms(&self, attempt: u32, random: &dyn Random) -> Option<i64> {
        self.planned_ms(attempt).map(|planned| jittered(planned, random))
    }

    /// The same, when the receiver asked to wait `hint_ms`. The hint can only make the wait longer.
    #[must_use]
    pub fn delay_with_hint_ms(
        &self,
        attempt: u32,
        hint_ms: Option<i64>,
        random: &dyn Random,
    ) -> Option<i64> {
        let delay = self.delay_ms(attempt, random)?;
        let hint = hint_ms.unwrap_or(0).min(limits::RETRY_AFTER_MS_MAX);
        Some(delay.max(hint))
    }

    /// The delay of the schedule, without jitter.
    #[must_use]
    pub fn planned_ms(&self, attempt: u32) -> Option<i64> {
        let index = usize::try_from(attempt.checked_sub(1)?).ok()?;
        if let Some(step) = self.steps_ms.get(index) {
            return Some(*step);
        }
        let every = self.then_every_ms?;
        let repeats = i64::try_from(index.checked_sub(self.steps_ms.len())?).ok()?;
        let steps: i64 = self.steps_ms.iter().sum();
        let total = every.checked_mul(repeats.checked_add(1)?)?.checked_add(steps)?;
        (total <= self.total_ms_max).then_some(every)
    }
}

/// How long a mail waits after its `attempt`-th attempt (from 1) has failed, in milliseconds;
/// `None` means that it stays undelivered.
#[must_use]
pub fn retry_delay_ms(attempt: u32, random: &dyn Random) -> Option<i64> {
    MAIL.delay_ms(attempt, random)
}

/// What a `Retry-After` header asks to wait, in milliseconds; never negative. `date` is the `Date`
/// of the same answer: a wait that is given as a date is measured from there, because the sender's
/// clock may be wrong. Without one it is measured from `now`, our moment.
#[must_use]
pub fn retry_after_ms(retry_after: &str, date: Option<&str>, now: Timestamp) -> Option<i64> {
    let text = retry_after.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // What is too long for a number is longer than every bound.
        let seconds = text.parse::<i64>().unwrap_or(i64::MAX);
        return Some(seconds.saturating_mul(Timestamp::SECOND));
    }
    let until = http_date(text)?;
    let from = date.and_then(http_date).unwrap_or(now.0);
    Some(until.saturating_sub(from).max(0))
}

/// A moment in one of the three forms of RFC 9110 §5.6.7.
fn http_date(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(moment) = jiff::fmt::rfc2822::parse(text) {
        return Some(moment.timestamp().as_millisecond());
    }
    let older = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let mut moments = older.iter().filter_map(|form| DateTime::strptime(form, text).ok());
    let moment = moments.next()?.to_zoned(TimeZone::UTC).ok()?;
    Some(moment.timestamp().as_millisecond())
}

/// `planned` moved by a random share of at most [`limits::RETRY_JITTER_PERCENT`] either way.
pub(crate) fn jittered(planned: i64, random: &dyn Random) -> i64 {
    // Divides first, so that no delay can overflow; whole seconds lose nothing by it.
    let spread = (planned / 100).saturating_mul(limits::RETRY_JITTER_PERCENT);
    let width = u64::try_from(spread.saturating_mul(2).saturating_add(1)).unwrap_or(0);
    let offset = i64::try_from(random.below(width)).unwrap_or(0);
    planned.saturating_sub(spread).saturating_add(offset)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::SeededRandom;

    const THREE_DAYS: i64 = 3 * Timestamp::DAY;

    fn plan(policy: &RetryPolicy) -> Vec<i64> {
        (1..).map_while(|attempt| policy.planned_ms(attempt)).collect()
    }

    #[test]
    fn a_07_mail_is_tried_for_three_days_and_no_longer() {
        let plan = plan(&MAIL);
        assert_eq!(plan[..5], [5_000, 30_000, 300_000, 1_800_000, 7_200_000]);
        assert!(plan[4..].iter().all(|delay| *delay == 2 * Timestamp::HOUR));
        let total: i64 = plan.iter().sum();
        assert!(total <= THREE_DAYS && total + 2 * Timestamp::HOUR > THREE_DAYS, "{total}");
    }

    #[test]
    fn a_07_deliveries_follow_the_ten_steps() {
        let seconds: Vec<i64> = plan(&DELIVERY).iter().map(|ms| ms / 1_000).collect();
        let steps = [5, 30, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
        assert_eq!(seconds, steps);
        assert_eq!(seconds.iter().sum::<i64>(), 272_135);
    }

    /// 8 November 1994, 08:49:37 GMT.
    const NOW: Timestamp = Timestamp(784_284_577_000);

    #[test]
    fn s_40_a_wait_is_read_as_seconds_or_as_a_date() {
        let sent = "Tue, 08 Nov 1994 08:49:37 GMT";
        let wait = |text: &str, date: Option<&str>| retry_after_ms(text, date, NOW);
        assert_eq!(wait(" 7 ", None), Some(7_000));
        let dates = [
            "Tue, 08 Nov 1994 08:50:37 GMT",
            "Tuesday, 08-Nov-94 08:50:37 GMT",
            "Tue Nov  8 08:50:37 1994",
        ];
        for date in dates {
            assert_eq!(wait(date, Some(sent)), Some(60_000), "{date}");
            // Without a date of the answer our clock counts.
            assert_eq!(wait(date, None), Some(60_000), "{date}");
            assert_eq!(retry_after_ms(date, None, NOW.plus(20_000)), Some(40_000), "{date}");
            assert_eq!(wait(date, Some("yesterday")), Some(60_000), "{date}");
            // The sender's clock is an hour ahead of ours.
            assert_eq!(wait(date, Some("Tue, 08 Nov 1994 08:50:00 GMT")), Some(37_000), "{date}");
            // Over already.
            assert_eq!(retry_after_ms(date, None, NOW.plus(Timestamp::HOUR)), Some(0), "{date}");
        }
        assert_eq!(wait("99999999999999999999", None), Some(i64::MAX));
        for useless in ["", "soon", "-5", "1.5", "8 Nov"] {
            assert_eq!(wait(useless, None), None, "{useless}");
        }
    }

    #[test]
    fn there_is_no_attempt_zero() {
        assert_eq!(MAIL.planned_ms(0), None);
        assert_eq!(DELIVERY.delay_with_hint_ms(0, Some(1), &SeededRandom::new(1)), None);
    }

    proptest! {
        #[test]
        fn a_07_a_delay_is_within_a_fifth_of_the_plan(seed: u64, attempt in 0_u32..60) {
            for policy in [MAIL, DELIVERY] {
                let delay = policy.delay_ms(attempt, &SeededRandom::new(seed));
                prop_assert_eq!(delay.is_some(), policy.planned_ms(attempt).is_some());
                if let (Some(delay), Some(planned)) = (delay, policy.planned_ms(attempt)) {
                    prop_assert!(delay * 5 >= planned * 4 && delay * 5 <= planned * 6);
                }
            }
        }

        #[test]
        fn a_07_all_delays_together_stay_within_the_plan_and_its_jitter(seed: u64) {
            let random = SeededRandom::new(seed);
            for (policy, total_max) in [(MAIL, THREE_DAYS), (DELIVERY, 272_135_000)] {
                let total: i64 = (1..).map_while(|n| policy.delay_ms(n, &random)).sum();
                prop_assert!(total * 5 <= total_max * 6 && total * 5 >= total_max * 3);
            }
        }

        #[test]
        fn a_hint_only_ever_delays(seed: u64, attempt: u32, hint: Option<i64>) {
            for policy in [MAIL, DELIVERY] {
                let without = policy.delay_ms(attempt, &SeededRandom::new(seed));
                let with = policy.delay_with_hint_ms(attempt, hint, &SeededRandom::new(seed));
                prop_assert_eq!(with.is_some(), without.is_some());
                if let (Some(with), Some(without)) = (with, without) {
                    prop_assert!(with >= without);
                    prop_assert!(with <= without.max(limits::RETRY_AFTER_MS_MAX));
                    let wanted = hint.unwrap_or(0).min(limits::RETRY_AFTER_MS_MAX);
                    prop_assert!(with >= wanted);
                }
            }
        }

        #[test]
        fn no_attempt_number_overflows(seed: u64, attempt: u32) {
            let _ = MAIL.delay_ms(attempt, &SeededRandom::new(seed));
            let _ = DELIVERY.delay_ms(attempt, &SeededRandom::new(seed));
        }
    }
}
