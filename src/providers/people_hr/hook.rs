//! Reads from a webhook of People HR whom to look at (S-01, S-02, protocol page §5).
//!
//! The vendor documents neither method nor content type nor encoding of these calls, so every form
//! that a sender could plausibly use is read (protocol page §5.7).
//!
//! Invariants:
//! - Never fails and never panics: what cannot be read is a hint to look at everybody.
//! - Only the employee's number and the action's number leave this module. The old and new values
//!   in a body may be sensitive and are dropped with it.
//!
//! What this module must not do: believe a body. It says where to look, never what is so.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use serde_json::{Map, Value};

use crate::domain::employee::EmployeeNumber;
use crate::domain::hint::{Hint, Whom};
use crate::limits;
use crate::providers::fields::clean_key;

/// How often a text may hold another text that holds the hint (JSON in a string in a form field).
const NESTING_MAX: u8 = 3;

/// Reads the hints of one webhook body, in order and without repetition.
///
/// Empty when the body speaks only of other modules (holiday, training …), which say nothing about
/// a person's record. More than [`limits::HOOK_HINTS_MAX`] hints are one: [`Hint::EVERYBODY`].
pub fn read_hints(content_type: Option<&str>, body: &[u8]) -> Vec<Hint> {
    if body.len() > limits::HOOK_BODY_BYTES_MAX {
        return vec![Hint::EVERYBODY];
    }
    let mut found = Found::default();
    if !found.read_text(&decode(content_type, body), NESTING_MAX) {
        found.add(Hint::EVERYBODY);
    }
    if found.hints.len() > limits::HOOK_HINTS_MAX {
        return vec![Hint::EVERYBODY];
    }
    found.hints
}

/// The body as text: by byte order mark, else by the declared charset, else UTF-8, else Latin-1.
fn decode<'a>(content_type: Option<&str>, body: &'a [u8]) -> Cow<'a, str> {
    if let Some((encoding, mark_bytes)) = Encoding::for_bom(body) {
        let rest = body.get(mark_bytes..).unwrap_or_default();
        return encoding.decode_without_bom_handling(rest).0;
    }
    let guess = match body {
        // JSON and forms begin with an ASCII character.
        [0, first, ..] if *first != 0 => Some(UTF_16BE),
        [first, 0, ..] if *first != 0 => Some(UTF_16LE),
        _ => None,
    };
    let declared = guess.or_else(|| charset(content_type?)).unwrap_or(UTF_8);
    [declared, UTF_8]
        .into_iter()
        .find_map(|encoding| encoding.decode_without_bom_handling_and_without_replacement(body))
        .unwrap_or_else(|| WINDOWS_1252.decode_without_bom_handling(body).0)
}

fn charset(content_type: &str) -> Option<&'static Encoding> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        if !name.trim().eq_ignore_ascii_case("charset") {
            return None;
        }
        let label = value.trim().trim_matches(['"', '\'']);
        if label.eq_ignore_ascii_case("unicode") || label.eq_ignore_ascii_case("utf16") {
            return Some(UTF_16LE);
        }
        Encoding::for_label(label.as_bytes())
    })
}

/// The hints found so far. Its methods return whether they understood what they were given.
#[derive(Default)]
struct Found {
    hints: Vec<Hint>,
}

impl Found {
    fn add(&mut self, hint: Hint) {
        if self.hints.len() <= limits::HOOK_HINTS_MAX && !self.hints.contains(&hint) {
            self.hints.push(hint);
        }
    }

    fn read_text(&mut self, text: &str, nesting: u8) -> bool {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0');
        if text.is_empty() || nesting == 0 {
            return false;
        }
        let bare = text.strip_suffix('=').unwrap_or(text);
        if let Ok(value) = serde_json::from_str(text).or_else(|_| serde_json::from_str(bare)) {
            return self.read_value(&value, nesting);
        }
        if listed_is_first(text) {
            return self.read_listed(text);
        }
        self.read_form(text, nesting) || self.read_listed(text)
    }

    fn read_value(&mut self, value: &Value, nesting: u8) -> bool {
        match value {
            Value::Object(object) => {
                self.read_object(object);
                true
            }
            Value::Array(items) => {
                for item in items {
                    if !matches!(item, Value::Object(_) | Value::String(_))
                        || !self.read_value(item, nesting)
                    {
                        self.add(Hint::EVERYBODY);
                    }
                }
                !items.is_empty()
            }
            Value::String(text) => self.read_text(text, nesting.saturating_sub(1)),
            _ => false,
        }
    }

    fn read_object(&mut self, object: &Map<String, Value>) {
        let mut fields = Fields::default();
        for (key, value) in object {
            fields.take(key, || scalar(value));
        }
        self.add_all(fields.hint());
    }

    /// Form fields with the documented keys, or one field whose value or name is the message.
    fn read_form(&mut self, text: &str, nesting: u8) -> bool {
        let Ok(pairs) = serde_urlencoded::from_str::<Vec<(String, String)>>(text) else {
            return false;
        };
        let mut fields = Fields::default();
        for (key, value) in &pairs {
            fields.take(key, || Some(value.clone()));
        }
        if fields.seen {
            self.add_all(fields.hint());
            return true;
        }
        let inner = nesting.saturating_sub(1);
        pairs.iter().any(|(name, value)| {
            // A text that is its own only name would be read again without end or use.
            self.read_text(value, inner) || (name != text && self.read_text(name, inner))
        })
    }

    /// The vendor's own notation: `Key:Value, Key:Value`. Values may hold commas and colons, so the
    /// first occurrence of a key counts: the keys that matter come before free text.
    fn read_listed(&mut self, text: &str) -> bool {
        let mut fields = Fields::default();
        for part in text.split([',', '\n']) {
            if let Some((key, value)) = part.split_once(':') {
                let value = value.trim().trim_matches(['{', '}', '[', ']', '"', '\'']);
                fields.take(key, || Some(value.to_owned()));
            }
        }
        if fields.seen {
            self.add_all(fields.hint());
        }
        fields.seen
    }

    fn add_all(&mut self, hint: Option<Hint>) {
        if let Some(hint) = hint {
            self.add(hint);
        }
    }
}

/// Whether a text begins like `Key:Value, …` with a key we know; then it is no form, whatever
/// characters its values hold.
fn listed_is_first(text: &str) -> bool {
    let first = text.split([',', '\n']).next().unwrap_or_default();
    first.split_once(':').is_some_and(|(key, _)| Field::of(key).is_some())
}

/// A JSON value as text. Numbers keep their digits; of an object, the member that can be an id.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        Value::Object(object) => {
            let is_id = |key: &str| {
                key.eq_ignore_ascii_case("DisplayValue")
                    || matches!(Field::of(key), Some(Field::EmployeeId | Field::Id))
            };
            object.iter().find(|(key, _)| is_id(key)).and_then(|(_, value)| match value {
                Value::Object(_) => None,
                value => scalar(value),
            })
        }
        _ => None,
    }
}

/// A key that means something, in the order of how much its value is trusted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    ActionId,
    Action,
    EmployeeId,
    Employee,
    Id,
}

impl Field {
    /// Case, blanks, underscores, quotes and braces do not matter.
    fn of(key: &str) -> Option<Self> {
        let plain: String = key
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        match plain.as_str() {
            "actionid" => Some(Self::ActionId),
            "action" => Some(Self::Action),
            "employeeid" => Some(Self::EmployeeId),
            "employee" => Some(Self::Employee),
            "id" => Some(Self::Id),
            _ => None,
        }
    }
}

/// The fields of one message that matter; of several with the same name the first counts.
#[derive(Default)]
struct Fields {
    seen: bool,
    action_id: Option<i32>,
    action_name: Option<i32>,
    employee_id: Option<String>,
    employee: Option<String>,
    id: Option<String>,
}

impl Fields {
    fn take(&mut self, key: &str, value: impl FnOnce() -> Option<String>) {
        let Some(field) = Field::of(key) else { return };
        self.seen = true;
        let Some(value) = value() else { return };
        match field {
            Field::ActionId => self.action_id = self.action_id.or(value.trim().parse().ok()),
            Field::Action => self.action_name = self.action_name.or(action_by_name(&value)),
            Field::EmployeeId => self.employee_id = self.employee_id.take().or(clean_key(&value)),
            Field::Employee => self.employee = self.employee.take().or(clean_key(&value)),
            Field::Id => self.id = self.id.take().or(clean_key(&value)),
        }
    }

    /// What the message asks for; `None` when it is about another module.
    fn hint(&mut self) -> Option<Hint> {
        let action_id = self.action_id.or(self.action_name);
        let number = [self.employee_id.take(), self.employee.take(), self.id.take()];
        let employee = number.into_iter().flatten().next().map(EmployeeNumber);
        let whom = employee.map_or(Whom::Everybody, Whom::Person);
        match action_id.map(concern) {
            Some(Concern::Other) => None,
            Some(Concern::Person) => Some(Hint { whom, action_id }),
            Some(Concern::Unknown) | None => Some(Hint { whom: Whom::Everybody, action_id }),
        }
    }
}

/// What an action is about.
enum Concern {
    /// The person's record (protocol page §5.3).
    Person,
    /// Another module: says nothing about the record (protocol page §5.4).
    Other,
    /// Not documented; could be anything.
    Unknown,
}

fn concern(action_id: i32) -> Concern {
    match action_id {
        1 | 2 | 3 | 18 => Concern::Person,
        4..=17 | 21..=25 | 31..=54 => Concern::Other,
        _ => Concern::Unknown,
    }
}

/// The action's number by its documented name, for senders that leave the number out.
fn action_by_name(name: &str) -> Option<i32> {
    match name.trim().to_ascii_lowercase().as_str() {
        "new starter added" => Some(1),
        "employee detail updated" => Some(2),
        "marked leaver" => Some(3),
        "employee deleted" => Some(18),
        _ => None,
    }
}

#[cfg(test)]
#[path = "hook_tests.rs"]
mod tests;
