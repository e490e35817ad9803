//! Which calls get an odd answer: what the fault switches of all sandboxes have in common.
//!
//! Plain data and counting; which odd answers there are is each HR system's own business.

use serde::{Deserialize, Serialize};

use super::people_hr::OddAnswer;

/// The next few answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NextAnswers<A = OddAnswer> {
    /// How many more.
    pub count: u32,
    /// What they are.
    pub answer: A,
}

/// The odd answer of a call, if it gets one; counts `next`, which goes first, down.
pub(super) fn take<A: Clone>(next: &mut Option<NextAnswers<A>>, always: Option<&A>) -> Option<A> {
    let Some(waiting) = next else { return always.cloned() };
    let answer = waiting.answer.clone();
    waiting.count = waiting.count.saturating_sub(1);
    if waiting.count == 0 {
        *next = None;
    }
    Some(answer)
}
