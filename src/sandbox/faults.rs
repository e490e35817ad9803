//! Which calls get an odd answer: what the fault switches of all sandboxes have in common.
//!
//! Plain data and counting; which odd answers there are is each HR system's own business.

use serde::{Deserialize, Serialize};

use super::people_hr::OddAnswer;

/// How a GUID is written. Versions of one HR system differ, and so do its lists and single answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeySpelling {
    /// As documented: lower case with hyphens.
    #[default]
    Usual,
    /// In upper case.
    Upper,
    /// In upper case, in braces.
    Braces,
    /// Without hyphens.
    NoHyphens,
    /// Not set: zeros in braces.
    Zeros,
    /// Not set: an empty text.
    Empty,
    /// Not set: `null`.
    Null,
}

impl KeySpelling {
    /// The key as it is sent; `None` stands for `null`.
    pub(super) fn of(self, key: &str) -> Option<String> {
        Some(match self {
            Self::Usual => key.to_owned(),
            Self::Upper => key.to_uppercase(),
            Self::Braces => format!("{{{}}}", key.to_uppercase()),
            Self::NoHyphens => key.replace('-', ""),
            Self::Zeros => "{00000000-0000-0000-0000-000000000000}".to_owned(),
            Self::Empty => String::new(),
            Self::Null => return None,
        })
    }
}

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
