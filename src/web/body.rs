//! JSON bodies of requests: read member by member, so that everything that is wrong is named at
//! once.
//!
//! A body that is no JSON is a 400 that says where; wrong, missing and unknown members are a 422
//! that names each. The content type is not looked at: clients that forget it mean JSON too.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::domain::employee::{clean_email, clean_text, is_email};
use crate::limits;
use crate::web::error::{FieldError, Problem};

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
            _ => Err(Problem::invalid("(body)", "invalid_type", "must be a JSON object")),
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

    /// Takes a member that must be there.
    pub fn required<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        let value = self.optional(name);
        if value.is_none() && !self.errors.iter().any(|error| error.field == name) {
            self.refuse(name, "required", "is required");
        }
        value
    }

    /// Takes a member that may be missing or null.
    pub fn optional<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        self.patch(name).flatten()
    }

    /// Takes a member that may be missing, but not null.
    pub fn not_null<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        match self.patch(name) {
            Some(None) => {
                self.refuse(name, "invalid_type", "must not be null");
                None
            }
            value => value.flatten(),
        }
    }

    /// Takes a member of a change: missing is `None`, null is `Some(None)`.
    pub fn patch<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<Option<T>> {
        self.known.push(name);
        match self.map.remove(name)? {
            Value::Null => Some(None),
            // PostgreSQL cannot keep it in a text, and no text needs it.
            Value::String(text) if text.contains('\0') => {
                self.refuse(name, "invalid", "must not contain the character U+0000");
                None
            }
            value => match serde_json::from_value(value) {
                Ok(value) => Some(Some(value)),
                Err(error) => {
                    // It repeats what was sent.
                    let message = shortened(&error.to_string(), limits::TEXT_IN_PROBLEM_CHARS_MAX);
                    self.refuse(name, "invalid", message);
                    None
                }
            },
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
            format!("is not known here; known are: {}", self.known.join(", "))
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
        errors.push(FieldError::new("(more)", code, format!("and {rest} more like these")));
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
        "The body is empty; a JSON object is needed.".to_owned()
    } else {
        let (line, column) = (error.line(), error.column());
        let what = match error.classify() {
            serde_json::error::Category::Eof => "The JSON ends too early",
            _ => "The JSON is malformed",
        };
        format!("{what} at line {line}, column {column}.")
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

impl FromRequest for Members {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = Bytes::from_request(req, payload);
        Box::pin(async move {
            let body = body.await.map_err(|error| unreadable(&error))?;
            Self::parse(&body)
        })
    }
}

/// A text: cleaned of control characters and needless blanks, not empty, of a bounded length.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Text(pub String);

impl TryFrom<String> for Text {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.chars().count() > limits::FIELD_CHARS_MAX {
            return Err(format!("must have at most {} characters", limits::FIELD_CHARS_MAX));
        }
        clean_text(&text).map(Self).ok_or_else(|| "must not be empty".to_owned())
    }
}

/// An e-mail address, in the form in which it is kept (S-18).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Email(pub String);

impl TryFrom<String> for Email {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let email = clean_email(&text).filter(|email| is_email(email));
        email
            .map(Self)
            .ok_or_else(|| "must be an e-mail address, such as name@example.com".to_owned())
    }
}

/// The name of a time zone, as the tz database writes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ZoneName(pub String);

impl TryFrom<String> for ZoneName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let zone = jiff::tz::TimeZoneDatabase::bundled().get(&text);
        zone.ok()
            .and_then(|zone| zone.iana_name().map(|name| Self(name.to_owned())))
            .ok_or_else(|| "must be the name of a time zone, such as Europe/London".to_owned())
    }
}

/// A moment, as RFC 3339 writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Moment(pub Timestamp);

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse::<jiff::Timestamp>()
            .map(|moment| Self(Timestamp(moment.as_millisecond())))
            .map_err(|_| "must be a moment, such as 2026-11-23T09:00:00.000Z".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(problem: Problem) -> Vec<(String, &'static str)> {
        match problem {
            Problem::Invalid(errors) => errors.into_iter().map(|e| (e.field, e.code)).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let mut members = Members::parse(br#"{"email":7,"nmae":"x"}"#).unwrap();
        assert_eq!(members.required::<Email>("email"), None);
        assert_eq!(members.required::<Text>("name"), None);
        let wrong = fields(members.finish().unwrap_err());
        let expected = [("email", "invalid"), ("name", "required"), ("nmae", "unknown_member")];
        assert_eq!(wrong, expected.map(|(field, code)| (field.to_owned(), code)));
    }

    #[test]
    fn malformed_json_says_where() {
        let Err(Problem::MalformedJson { detail }) = Members::parse(b"{\"a\":1,\n x}") else {
            panic!("must fail")
        };
        assert!(detail.contains("line 2, column 2"), "{detail}");
        assert!(matches!(Members::parse(b""), Err(Problem::MalformedJson { .. })));
        assert!(matches!(Members::parse(b"[]"), Err(Problem::Invalid(_))));
    }

    #[test]
    fn a_change_tells_missing_from_null() {
        let mut members = Members::parse(br#"{"a":null,"b":"x"}"#).unwrap();
        assert_eq!(members.patch::<Text>("a"), Some(None));
        assert_eq!(members.patch::<Text>("b"), Some(Some(Text("x".to_owned()))));
        assert_eq!(members.patch::<Text>("c"), None);
        assert!(members.finish().is_ok());
    }

    #[test]
    fn a_time_zone_is_one_of_the_bundled_ones() {
        assert_eq!(
            ZoneName::try_from("europe/berlin".to_owned()),
            Ok(ZoneName("Europe/Berlin".to_owned()))
        );
        assert!(ZoneName::try_from("Mars/Olympus".to_owned()).is_err());
    }
}
