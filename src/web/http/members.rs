//! JSON bodies of requests: read member by member, so that everything that is wrong is named at
//! once.
//!
//! A body that is no JSON is a 400 that says where; wrong, missing and unknown members are a 422
//! that names each. The content type is not looked at: clients that forget it mean JSON too.

use serde_json::{Map, Value};

use crate::limits;
use crate::operations::input::Patch;
use crate::texts::text;
use crate::web::http::body::Leaf;
use crate::web::http::error::{FieldError, Problem, in_english};

/// The members of a request's body that have not been taken yet, and what was wrong so far.
#[derive(Debug, Default)]
pub struct Members {
    map: Map<String, Value>,
    known: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl Members {
    /// Reads a JSON object.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let value = serde_json::from_slice(body).map_err(|error| malformed(body, &error))?;
        match value {
            Value::Object(map) => Ok(Self { map, ..Self::default() }),
            _ => Err(Problem::invalid(
                "(body)",
                "invalid_type",
                in_english(&text("api-not-an-object")),
            )),
        }
    }

    /// Reads a JSON object, or nothing, where every member may be missing.
    pub fn parse_or_none(body: &[u8]) -> Result<Self, Problem> {
        if body.is_empty() { Ok(Self::default()) } else { Self::parse(body) }
    }

    /// The members of an object that is at hand already.
    #[must_use]
    pub fn of(map: Map<String, Value>) -> Self {
        Self { map, ..Self::default() }
    }

    /// Takes a member: missing, null or a value. A wrong value is noted and counts as missing.
    pub fn leaf<T: Leaf>(&mut self, name: &'static str) -> Patch<T> {
        self.known.push(name);
        match self.map.remove(name) {
            None => Patch::Missing,
            Some(Value::Null) => Patch::Null,
            // PostgreSQL cannot keep it in a text, and no text needs it.
            Some(Value::String(value)) if value.contains('\0') => {
                self.refuse(name, "invalid", in_english(&text("api-has-nul")));
                Patch::Missing
            }
            Some(value) => match T::read(value) {
                Ok(value) => Patch::Value(value),
                Err((code, message)) => {
                    // It may repeat what was sent.
                    let message = shortened(&message, limits::TEXT_IN_PROBLEM_CHARS_MAX);
                    self.refuse(name, code, message);
                    Patch::Missing
                }
            },
        }
    }

    /// Takes a member without looking at it.
    pub fn let_pass(&mut self, name: &'static str) {
        self.known.push(name);
        self.map.remove(name);
    }

    /// Notes that a member is wrong, unless that was noted.
    pub fn refuse_once(&mut self, name: &str, code: &'static str, message: impl Into<String>) {
        if !self.errors.iter().any(|error| error.field == name) {
            self.refuse(name, code, message);
        }
    }

    /// Notes that a member is wrong.
    pub fn refuse(&mut self, name: &str, code: &'static str, message: impl Into<String>) {
        self.errors.push(FieldError::new(name, code, message));
    }

    /// Whether something was wrong so far.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Ends the reading: fails when something was wrong or was not taken.
    pub fn finish(mut self) -> Result<(), Problem> {
        let unknown = std::mem::take(&mut self.map).into_iter().map(|(name, _)| name);
        let unknown = named_up_to_a_bound(unknown, "unknown_member", || {
            in_english(&text("api-not-known").with("known", self.known.join(", ")))
        });
        self.errors.extend(unknown);
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::Invalid(self.errors)) }
    }

    /// Ends the reading of a request that is complete only with `value`, which is there unless
    /// something was wrong.
    pub fn finish_with<T>(self, value: Option<T>) -> Result<T, Problem> {
        self.finish()?;
        value.ok_or_else(|| Problem::Internal("a request was read incompletely".to_owned()))
    }
}

/// The same finding about each of these names, of which the callers may have sent very many and
/// very long ones.
pub fn named_up_to_a_bound(
    names: impl ExactSizeIterator<Item = String>,
    code: &'static str,
    message: impl Fn() -> String,
) -> Vec<FieldError> {
    let rest = names.len().saturating_sub(limits::NAMED_IN_PROBLEM_MAX);
    let some = names.take(limits::NAMED_IN_PROBLEM_MAX).map(|name| {
        let name = shortened(&name, limits::NAME_IN_PROBLEM_CHARS_MAX);
        FieldError::new(name, code, message())
    });
    let mut errors: Vec<FieldError> = some.collect();
    if rest > 0 {
        let message = in_english(&text("api-more-like-these").with("count", rest));
        errors.push(FieldError::new("(more)", code, message));
    }
    errors
}

/// The beginning of a text that may be long.
#[must_use]
pub fn shortened(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

fn malformed(body: &[u8], error: &serde_json::Error) -> Problem {
    let detail = if body.is_empty() {
        text("api-body-empty")
    } else {
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            serde_json::error::Category::Eof => {
                text("api-json-ends").with("line", line).with("column", column)
            }
            _ => text("api-json-malformed").with("line", line).with("column", column),
        }
    };
    Problem::MalformedJson { detail }
}

/// What a failed reading of a body means.
#[must_use]
pub fn unreadable(error: &actix_web::Error) -> Problem {
    if error.as_response_error().status_code() == 413 {
        Problem::TooLarge { bytes_max: limits::API_BODY_BYTES_MAX }
    } else {
        Problem::UnreadableBody
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::input::{Email, Text};
    use crate::web::http::body::Member;

    fn fields(problem: Problem) -> Vec<(String, &'static str)> {
        match problem {
            Problem::Invalid(errors) => errors.into_iter().map(|e| (e.field, e.code)).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let mut members = Members::parse(br#"{"email":7,"nmae":"x"}"#).unwrap();
        assert!(<Email as Member>::take(&mut members, "email").is_none());
        assert!(<Text as Member>::take(&mut members, "name").is_none());
        let wrong = fields(members.finish().unwrap_err());
        let expected = [("email", "invalid"), ("name", "required"), ("nmae", "unknown_member")];
        assert_eq!(wrong, expected.map(|(field, code)| (field.to_owned(), code)));
    }

    #[test]
    fn malformed_json_says_where() {
        let Err(Problem::MalformedJson { detail }) = Members::parse(b"{\"a\":1,\n x}") else {
            panic!("must fail")
        };
        let detail = in_english(&detail);
        assert!(detail.contains("line 2, column 2"), "{detail}");
        assert!(matches!(Members::parse(b""), Err(Problem::MalformedJson { .. })));
        assert!(matches!(Members::parse(b"[]"), Err(Problem::Invalid(_))));
    }

    #[test]
    fn a_change_tells_missing_from_null() {
        let mut members = Members::parse(br#"{"a":null,"b":"x"}"#).unwrap();
        assert_eq!(members.leaf::<Text>("a"), Patch::Null);
        assert_eq!(members.leaf("b"), Patch::Value(Text("x".to_owned())));
        assert_eq!(members.leaf::<Text>("c"), Patch::Missing);
        assert!(members.finish().is_ok());
    }
}
