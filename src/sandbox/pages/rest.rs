//! What the pages of the sandboxes with a REST API have in common: the switches of [`RestFaults`].
//!
//! Names only; decides nothing.
//!
//! [`RestFaults`]: crate::sandbox::rest::RestFaults

use super::switches::{Kind, Named, Switch};
use super::system::{CallRow, Moment};
use crate::sandbox::rest::RestCall;

const ANSWERS: &[Named] = &[
    ("\"throttled\"", "Too many calls (HTTP 429)"),
    (r#"{"html":{"http":502}}"#, "The page of a gateway whose server is gone (HTTP 502)"),
    (r#"{"html":{"http":503}}"#, "A page about maintenance (HTTP 503)"),
    (r#"{"html":{"http":200}}"#, "A log-in page instead of data (HTTP 200)"),
    (
        r#"{"error":{"error_type":"InternalServerError","http":500}}"#,
        "The vendor's own error (HTTP 500)",
    ),
    (r#"{"string_error":{"http":401,"text":"Unauthorized"}}"#, "“Unauthorized” (HTTP 401)"),
    (r#"{"empty_body":{"http":200}}"#, "Nothing at all (HTTP 200)"),
    ("\"empty_list\"", "Success with nobody in the list"),
    ("\"empty_object\"", "Success with an empty object"),
    ("\"truncated_json\"", "The right answer, cut off in the middle"),
    ("\"malformed_json\"", "Text that looks like JSON and is not"),
    ("\"stall\"", "Half of the right answer, and then silence"),
    ("\"hang\"", "No answer at all; the connection stays open"),
];

pub(super) const ALWAYS: Switch = Switch {
    path: "always",
    label: "Every answer",
    what: "What every call gets until you set it back.",
    kind: Kind::Odd(ANSWERS),
};

pub(super) const NEXT: Switch = Switch {
    path: "next",
    label: "The next answers",
    what: "So many calls get this answer first; 0 for none.",
    kind: Kind::Next(ANSWERS),
};

/// Which calls are concerned.
pub(super) const fn only(endpoints: &'static [Named]) -> Switch {
    Switch {
        path: "only",
        label: "Only these calls",
        what: "Which calls “Every answer” and “The next answers” are about.",
        kind: Kind::Choice(endpoints),
    }
}

pub(super) const LET_PASS: Switch = Switch {
    path: "let_pass",
    label: "Right answers first",
    what: "So many of these calls are still answered rightly before it begins.",
    kind: Kind::Whole { min: 0, max: 100_000 },
};

pub(super) const DELAY: Switch = Switch {
    path: "delay_ms",
    label: "Slow answers",
    what: "Holds every answer back for so many milliseconds.",
    kind: Kind::Whole { min: 0, max: 600_000 },
};

pub(super) const LIMIT: Switch = Switch {
    path: "throttle_per_minute",
    label: "Calls a minute",
    what: "Refuses more calls than this within 60 seconds, with HTTP 429.",
    kind: Kind::WholeOrNone { min: 1, max: 100_000, none: "no limit" },
};

pub(super) const WINDOW: Switch = Switch {
    path: "throttle_window",
    label: "How the minute is counted",
    what: "Which 60 seconds the limit is about.",
    kind: Kind::Choice(&[
        ("\"fixed\"", "From the first call on, then anew"),
        ("\"sliding\"", "Any 60 seconds"),
    ]),
};

pub(super) const RETRY_AFTER: Switch = Switch {
    path: "retry_after_seconds",
    label: "Retry-After",
    what: "How many seconds a refusal asks the caller to wait.",
    kind: Kind::WholeOrNone { min: 0, max: 1_000_000, none: "not said" },
};

pub(super) const NEXT_LINK: Switch = Switch {
    path: "quirks.next_link",
    label: "The link to the next page",
    what: "Where the link of a list leads.",
    kind: Kind::Choice(&[
        ("\"right\"", "To the next page"),
        ("\"missing\"", "There is none, as if the list ended"),
        ("\"same_page\"", "To the page that it stands on"),
        ("\"first_page\"", "To the first page, for ever"),
        (
            r#"{"other_host":{"origin":"http://127.0.0.1:9"}}"#,
            "To somebody else (127.0.0.1:9), who would see the key",
        ),
    ]),
};

pub(super) fn call_row(call: &RestCall) -> CallRow {
    let answer = match (&call.error, call.http) {
        (_, 0) => "none".to_owned(),
        (Some(error), http) => format!("{http} · {error}"),
        (None, http) => http.to_string(),
    };
    CallRow {
        at: Moment(call.at),
        what: format!("{} {}", call.method, call.path),
        about: call.query.clone(),
        answer,
        bad: !(200..300).contains(&call.http) || call.error.is_some(),
    }
}
