//! What can go wrong at an HR system, as switches.
//!
//! Plain data: the vendor's API ([`super::vendor`]) and the hooks ([`super::hooks`]) obey it. The
//! default is a system in good order with the vendor's usual limit of calls.

use serde::{Deserialize, Serialize};

use super::super::faults::{self, KeySpelling, NextAnswers};
use super::super::person::Person;
use super::keys::Action;

/// An answer that is not the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OddAnswer {
    /// The text for too many calls.
    Throttled,
    /// HTTP 200 with nothing in it.
    EmptyBody,
    /// The page of the vendor's edge that refuses a caller.
    Html403,
    /// The page of a gateway whose server is gone.
    Html502,
    /// The right answer, cut off in the middle of a record.
    TruncatedJson,
    /// Text that looks like JSON and is not.
    MalformedJson,
    /// Success with an empty list: "the company has no employees".
    EmptyList,
    /// Success with Status 10, "No record found." and no result.
    Status10,
    /// Status 6, "Oops! Something went wrong."
    Status6,
    /// The customer's account is suspended.
    Suspended,
    /// The customer's trial has ended.
    TrialExpired,
    /// The key may not see employees at all.
    NoSchemaAccess,
    /// The key may not do this.
    AccessDenied,
}

/// All switches of the sandbox People HR.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Calls in any 60 seconds before the vendor refuses; none for no limit.
    pub throttle_per_minute: Option<u32>,
    /// The next few answers are odd.
    pub next: Option<NextAnswers>,
    /// Every answer is odd until this is taken back; `next` goes before it.
    pub always: Option<OddAnswer>,
    /// `next` and `always` concern only calls with this Action.
    pub only_action: Option<Action>,
    /// Answers are indented.
    pub pretty: bool,
    /// Answers are compressed for callers who accept gzip.
    pub gzip: bool,
    /// How long an answer is held back, in milliseconds.
    pub delay_ms: u64,
    /// Keys of customers whose calls are never answered (of `only_action`, when it is set).
    pub silent_keys: Vec<String>,
    /// Employee ids about whom a call by id is never answered.
    pub silent_employees: Vec<String>,
    /// Employee ids that no list names although they are there.
    pub unlisted: Vec<String>,
    /// Employees come without `UniqueKey`, as from old versions.
    pub omit_unique_key: bool,
    /// How lists write `UniqueKey`.
    pub key_in_lists: KeySpelling,
    /// How answers about one employee write it.
    pub key_by_id: KeySpelling,
    /// How hooks go astray.
    pub hooks: HookFaults,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            throttle_per_minute: Some(50),
            next: None,
            always: None,
            only_action: None,
            pretty: false,
            gzip: false,
            delay_ms: 0,
            silent_keys: Vec::new(),
            silent_employees: Vec::new(),
            unlisted: Vec::new(),
            omit_unique_key: false,
            key_in_lists: KeySpelling::Usual,
            key_by_id: KeySpelling::Usual,
            hooks: HookFaults::default(),
        }
    }
}

impl Faults {
    /// What a record has as `UniqueKey`: nothing, `null`, or the key.
    #[expect(clippy::option_option, reason = "a member that is not there is not null")]
    pub(super) fn key_of(&self, person: &Person, spelling: KeySpelling) -> Option<Option<String>> {
        (!self.omit_unique_key).then(|| spelling.of(&person.unique_key))
    }

    /// The odd answer for a call, if it gets one; counts `next` down.
    pub(super) fn take(&mut self, action: Option<Action>) -> Option<OddAnswer> {
        if self.only_action.is_some() && self.only_action != action {
            return None;
        }
        faults::take(&mut self.next, self.always.as_ref())
    }

    /// Whether a call is never answered.
    pub(super) fn is_silent(
        &self,
        action: Option<Action>,
        key: Option<&str>,
        employee: Option<&str>,
    ) -> bool {
        let names = |list: &[String], it: Option<&str>| {
            it.is_some_and(|it| list.iter().any(|listed| listed == it))
        };
        let concerned = self.only_action.is_none() || self.only_action == action;
        (concerned && names(&self.silent_keys, key)) || names(&self.silent_employees, employee)
    }
}

/// How a hook's body is written. The vendor does not say which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookEncoding {
    /// A JSON object.
    #[default]
    Json,
    /// Form fields with the same names.
    Form,
    /// One form field, `payload`, with the JSON.
    JsonInForm,
    /// A JSON string that holds the JSON.
    JsonInString,
    /// `Key:Value, Key:Value`, as the vendor's pages print it.
    Text,
}

/// How hooks differ from what one would expect.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HookFaults {
    /// How the body is written.
    pub encoding: HookEncoding,
    /// Content-Type to send instead of the encoding's own; empty for none.
    pub content_type: Option<String>,
    /// The object stands in an array (JSON encodings only).
    pub in_array: bool,
    /// `ActionId` is text (JSON encodings only).
    pub string_action_id: bool,
    /// Every hook is sent twice.
    pub doubled: bool,
    /// No hook is sent.
    pub dropped: bool,
    /// The hooks of one change are sent in reverse order.
    pub reordered: bool,
    /// The hook of a changed employee id carries the old id.
    pub old_employee_id: bool,
    /// Undoing a leaver sends a hook; the vendor documents none.
    pub tell_rehire: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_answers_go_before_the_permanent_ones_and_are_used_up() {
        let mut faults = Faults {
            next: Some(NextAnswers { count: 2, answer: OddAnswer::EmptyBody }),
            always: Some(OddAnswer::Status6),
            ..Faults::default()
        };
        let taken: Vec<_> = (0..3).map(|_| faults.take(None)).collect();
        let expected = [OddAnswer::EmptyBody, OddAnswer::EmptyBody, OddAnswer::Status6];
        assert_eq!(taken, expected.map(Some));
        faults.only_action = Some(Action::GetAllEmployeeDetail);
        assert_eq!(faults.take(Some(Action::GetEmployeeDetailById)), None);
        assert_eq!(faults.take(Some(Action::GetAllEmployeeDetail)), Some(OddAnswer::Status6));
    }
}
