//! What an answer about one person looks like, so that two can be compared (S-31).
//!
//! Nobody knows all the words in which an HR system says that somebody is not there. An answer that
//! is not understood may still be told apart: it says the same as the answer to a question about
//! somebody who never existed, or it does not.
//!
//! Invariants:
//! - Refusals of a key, throttling, the HR system's own trouble (401, 403, 429, from 500 on) and
//!   successes that answer no question (201, 206) have no likeness: they say nothing about anybody.
//! - A success without a word has none either (S-30).
//!
//! What this module must not do: decide that somebody is gone ([`crate::sync::full::absence`]
//! does).

use serde_json::Value;

use super::ProviderError;
use crate::limits;

/// Members of an answer that differ from call to call, whatever it says; letters only.
const OF_THE_CALL: [&str; 6] =
    ["requestid", "traceid", "correlationid", "timestamp", "time", "duration"];

/// Status and words of an answer about one person.
#[derive(Clone, PartialEq, Eq)]
pub struct Likeness {
    status: u16,
    /// By what was asked.
    id: String,
    text: String,
}

impl std::fmt::Debug for Likeness {
    /// The words may name somebody.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Likeness(HTTP status {})", self.status)
    }
}

impl Likeness {
    /// The likeness of an answer to the question about `id`, if it can say something about a
    /// person.
    #[must_use]
    pub fn of(status: u16, id: &str, body: &[u8]) -> Option<Self> {
        let is_about_person =
            matches!(status, 200 | 300..=499) && !matches!(status, 401 | 403 | 407 | 429);
        let text = words(body);
        let is_silent = status < 300 && text.is_empty();
        (is_about_person && !is_silent && body.len() <= limits::ENVELOPE_BYTES_MAX).then(|| Self {
            status,
            id: id.to_owned(),
            text,
        })
    }

    /// Whether both answers say the same, each about whom it was asked: status and words are equal
    /// but for the ids.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        self.status == other.status
            && are_equal_but_for_ids((&self.text, &self.id), (&other.text, &other.id))
    }
}

/// What an answer says: of JSON without what is of the call alone, else the text; white space
/// folded.
fn words(body: &[u8]) -> String {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            forget_call(&mut value);
            value.to_string()
        }
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn forget_call(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| {
                let letters = name.chars().filter(char::is_ascii_alphabetic);
                let letters: String = letters.map(|c| c.to_ascii_lowercase()).collect();
                !OF_THE_CALL.contains(&letters.as_str())
            });
            members.values_mut().for_each(forget_call);
        }
        Value::Array(values) => values.iter_mut().for_each(forget_call),
        _ => {}
    }
}

fn are_equal_but_for_ids((a, a_id): (&str, &str), (b, b_id): (&str, &str)) -> bool {
    let (mut a, mut b) = (a, b);
    loop {
        if let (Some(a_rest), Some(b_rest)) = (without_prefix(a, a_id), without_prefix(b, b_id)) {
            (a, b) = (a_rest, b_rest);
            continue;
        }
        let (mut a_chars, mut b_chars) = (a.chars(), b.chars());
        match (a_chars.next(), b_chars.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if one == other => {
                (a, b) = (a_chars.as_str(), b_chars.as_str());
            }
            _ => return false,
        }
    }
}

fn without_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (first, rest) = text.split_at_checked(prefix.len())?;
    (!prefix.is_empty() && first.eq_ignore_ascii_case(prefix)).then_some(rest)
}

/// A question about one person without an answer that is understood.
#[derive(Debug, Clone)]
pub struct Unclear {
    /// What it counts as: "could not ask".
    pub error: ProviderError,
    /// What it looks like, if that can say something about the person.
    pub likeness: Option<Likeness>,
}

impl Unclear {
    /// The error of an answer to the question about `id`. Only what is not understood has a
    /// likeness; what refuses the key or asks to slow down is understood.
    #[must_use]
    pub fn of(error: ProviderError, status: u16, id: &str, body: &[u8]) -> Self {
        let is_not_understood =
            matches!(error, ProviderError::Down { .. } | ProviderError::Malformed { .. });
        let likeness = if is_not_understood { Likeness::of(status, id, body) } else { None };
        Self { error, likeness }
    }
}

impl From<ProviderError> for Unclear {
    fn from(error: ProviderError) -> Self {
        Self { error, likeness: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: (&str, &str), b: (&str, &str)) -> bool {
        let likeness = |(id, body): (&str, &str)| Likeness::of(404, id, body.as_bytes()).unwrap();
        let (a, b) = (likeness(a), likeness(b));
        assert_eq!(a.says_the_same_as(&b), b.says_the_same_as(&a));
        a.says_the_same_as(&b)
    }

    #[test]
    fn s_31_answers_are_equal_apart_from_the_ids() {
        let page = |id: &str| format!("<html>HTTP/1.1: no employee {id}.\n</html>");
        assert!(same(("1", &page("1")), ("987654", &page("987654"))));
        assert!(same(("1", "<p>gone</p>"), ("2", "<p>gone</p>")));
        assert!(same(("AB-c", "no ab-C here"), ("zz", "no ZZ here")));
        assert!(!same(("1", &page("2")), ("987654", &page("987654"))), "about another one");
        assert!(!same(("1", "employee 1 is suspended"), ("9", "employee 9 is not there")));
        assert!(!same(("1", "no"), ("9", "no, never")));
    }

    #[test]
    fn s_31_what_is_of_the_call_alone_is_left_out() {
        let json = |id: &str, call: &str| {
            format!(r#"{{"error": {{"text": "no {id}", "request_id": "{call}"}}, "time": {call}}}"#)
        };
        assert!(same(("7", &json("7", "11")), ("55", &json("55", "22"))));
    }

    #[test]
    fn s_30_what_says_nothing_about_a_person_has_no_likeness() {
        for status in [401, 403, 407, 429, 500, 502, 503, 100, 201, 204, 206] {
            assert_eq!(Likeness::of(status, "1", b"no such person"), None, "{status}");
        }
        assert_eq!(Likeness::of(200, "1", b" \n"), None, "an empty answer");
        assert!(Likeness::of(404, "1", b"").is_some());
        let error = ProviderError::Permission { permission: None };
        assert_eq!(Unclear::of(error, 404, "1", b"no").likeness, None);
        let error = ProviderError::Malformed { reason: String::new() };
        let unclear = Unclear::of(error, 404, "1", b"Ann is away");
        assert!(unclear.likeness.is_some());
        assert!(!format!("{unclear:?}").contains("Ann"));
    }
}
