//! What can go wrong with a sync, by class (S-40), and for how long it has (S-45).

use crate::clock::Timestamp;
use crate::limits;
use crate::text_enum;

text_enum! {
    /// Why a sync did not succeed. The class decides what the admin is told and when (S-45).
    FailureClass {
        /// The key is unknown, removed or malformed. An admin has to enter a new one.
        Credential = "credential",
        /// The key is good but lacks a permission, or the caller's address is not allowed.
        Permission = "permission",
        /// The HR system asks us to slow down.
        Throttled = "throttled",
        /// The customer's account at the HR system is suspended or its trial has ended.
        Suspended = "suspended",
        /// The HR system does not answer, or answers with an error of its own.
        ProviderDown = "provider_down",
        /// The answer could not be understood or was cut off.
        Malformed = "malformed",
        /// Our own fault.
        Internal = "internal",
    }
}

/// What is wrong with a directory since its last success. It is there from the first failed
/// attempt on, also while the directory is still tried again and nobody was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// What went wrong last.
    pub class: FailureClass,
    /// More about it: the missing permission in the HR system's words, or how many records have to
    /// be corrected.
    pub detail: Option<String>,
    /// When it first went wrong.
    pub since: Timestamp,
    /// When it last went wrong.
    pub last: Timestamp,
    /// How often it went wrong in a row.
    pub tries: i64,
    /// Not before this moment is the HR system asked again.
    pub retry_at: Option<Timestamp>,
}

impl Failing {
    /// The first failed attempt.
    #[must_use]
    pub const fn first(class: FailureClass, detail: Option<String>, now: Timestamp) -> Self {
        Self { class, detail, since: now, last: now, tries: 1, retry_at: None }
    }

    /// One more failed attempt, which began at `began`. An attempt that was under way when the last
    /// failure became known does not count again.
    #[must_use]
    pub fn again(
        &self,
        class: FailureClass,
        detail: Option<String>,
        began: Timestamp,
        now: Timestamp,
    ) -> Self {
        // A last failure in the future was noted before the clock was set back.
        let counted_already = self.last >= began && self.last <= now;
        let tries = self.tries.saturating_add(i64::from(!counted_already));
        Self { class, detail, since: self.since, last: now, tries, retry_at: None }
    }

    /// Whether an attempt that began at `began` is so late that its failure is not of this trouble.
    #[must_use]
    pub fn is_over(&self, began: Timestamp) -> bool {
        let expected = self.retry_at.unwrap_or(self.last).max(self.last);
        // An attempt may take as long as a slow list does.
        began.since(expected) > limits::TROUBLE_GAP_MS
    }
}

/// What is kept of a failed sync whose key may read another company (L-10), in place of a
/// permission's name.
pub const OTHER_COMPANY: &str = "this key reads another company";
