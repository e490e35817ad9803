//! What can go wrong at an HR system with a REST API, as switches.
//!
//! Plain data, obeyed by [`super::serve`] and, as far as it is one system's own, by that system.
//! The default is a system in good order with the vendor's usual limit of calls.

use serde::{Deserialize, Serialize};

use super::super::faults::{self, NextAnswers};
use super::super::log::CallWindow;
use super::super::register::ChangeError;
use super::{Behaviour, System};

/// An answer that is not the right one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RestAnswer {
    /// Too many calls: HTTP 429 as the vendor writes it.
    Throttled,
    /// The vendor's own error object with this `type`, under any HTTP status, 200 included.
    Error {
        /// HTTP status, 200 to 599.
        http: u16,
        /// What the object says as `type`.
        error_type: String,
    },
    /// `{"error": "…"}`, a string and no object.
    StringError {
        /// HTTP status, 200 to 599.
        http: u16,
        /// The string.
        text: String,
    },
    /// A web page instead of JSON: of a gateway, of maintenance, of a log-in.
    Html {
        /// HTTP status, 200 to 599.
        http: u16,
    },
    /// Nothing in it.
    EmptyBody {
        /// HTTP status, 200 to 599.
        http: u16,
    },
    /// Success with an empty list: "the company has no employees".
    EmptyList,
    /// Success with an object that has no member.
    EmptyObject,
    /// The right answer, cut off in the middle.
    TruncatedJson,
    /// Text that looks like JSON and is not.
    MalformedJson,
    /// Half of the right answer, and then nothing more while the connection stays open.
    Stall,
    /// No answer at all while the connection stays open.
    Hang,
}

/// Where the `next` link of a list leads.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum NextLink {
    /// To the next page.
    #[default]
    Right,
    /// There is none, as if the list ended here.
    Missing,
    /// To the page that it stands on.
    SamePage,
    /// To the first page: a cycle of all pages. On the last page there is one too.
    FirstPage,
    /// To the next page at somebody else, who would get to see the key.
    OtherHost {
        /// Scheme, host and port, such as `http://127.0.0.1:9000`.
        origin: String,
    },
}

/// All switches of a sandbox with a REST API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, bound = "")]
pub struct RestFaults<S: System> {
    /// Calls in 60 seconds before the vendor refuses; none for no limit.
    pub throttle_per_minute: Option<u32>,
    /// How these 60 seconds are counted.
    pub throttle_window: CallWindow,
    /// What a refusal says as `Retry-After`; none for no such header.
    pub retry_after_seconds: Option<u32>,
    /// The next few answers are odd.
    pub next: Option<NextAnswers<RestAnswer>>,
    /// Every answer is odd until this is taken back; `next` goes before it.
    pub always: Option<RestAnswer>,
    /// `next` and `always` concern only calls of this endpoint.
    pub only: Option<S::Endpoint>,
    /// How many calls that `next` and `always` concern are answered rightly before they begin.
    pub let_pass: u32,
    /// How long an answer is held back, in milliseconds.
    pub delay_ms: u64,
    /// What only this HR system has.
    pub quirks: S::Quirks,
}

impl<S: System> Default for RestFaults<S> {
    fn default() -> Self {
        Self {
            throttle_per_minute: S::CALLS_PER_MINUTE,
            throttle_window: CallWindow::default(),
            retry_after_seconds: None,
            next: None,
            always: None,
            only: None,
            let_pass: 0,
            delay_ms: 0,
            quirks: S::Quirks::default(),
        }
    }
}

impl<S: System> RestFaults<S> {
    /// The odd answer for a call, if it gets one; counts `let_pass` and then `next` down.
    pub(super) fn take(&mut self, endpoint: Option<S::Endpoint>) -> Option<RestAnswer> {
        let concerned = self.only.is_none() || self.only == endpoint;
        if !concerned || (self.next.is_none() && self.always.is_none()) {
            return None;
        }
        if self.let_pass > 0 {
            self.let_pass -= 1;
            return None;
        }
        faults::take(&mut self.next, self.always.as_ref())
    }
}

/// Whether every HTTP status in the switches is one that an answer can have.
pub(super) fn check<S: Behaviour>(faults: &RestFaults<S>) -> Result<(), ChangeError> {
    let next = faults.next.as_ref().map(|next| &next.answer);
    let answers = [("next", next), ("always", faults.always.as_ref())];
    let answers = answers.into_iter().filter_map(|(field, answer)| Some((field, answer?)));
    let statuses = answers.filter_map(|(field, answer)| Some((field, status_of(answer)?)));
    for (field, http) in statuses.chain(S::statuses(&faults.quirks)) {
        if !(200..=599).contains(&http) {
            let problem = format!("{http} is no HTTP status from 200 to 599");
            return Err(ChangeError::Invalid { field, problem });
        }
    }
    Ok(())
}

fn status_of(answer: &RestAnswer) -> Option<u16> {
    match answer {
        RestAnswer::Error { http, .. }
        | RestAnswer::StringError { http, .. }
        | RestAnswer::Html { http }
        | RestAnswer::EmptyBody { http } => Some(*http),
        _ => None,
    }
}
