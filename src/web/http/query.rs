//! Parameters of a request's query string, read with the same care as a body: what is unknown or
//! wrong is named, all of it at once.

use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{self, RefOr, Schema};

use crate::db::page::{Order, PageRequest};
use crate::domain::ids::{
    AccountChangeId, ActionId, DirectoryId, DirectoryUserId, GroupId, OrganizationId,
};
use crate::limits;
use crate::texts;
use crate::web::http::body::{Leaf, Wrong};
use crate::web::http::error::{FieldError, Problem, in_english};
use crate::web::http::members::shortened;
use crate::web::http::schema;

/// The parameters that have not been taken yet, and what was wrong so far.
#[derive(Debug)]
pub struct Query {
    pairs: Vec<(String, String)>,
    known: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl Query {
    /// The parameters of a request.
    #[must_use]
    pub fn of(req: &HttpRequest) -> Self {
        Self::parse(req.query_string())
    }

    fn parse(text: &str) -> Self {
        // Never fails for pairs of text: what is no UTF-8 is replaced.
        let pairs = serde_urlencoded::from_str(text).unwrap_or_default();
        Self { pairs, known: Vec::new(), errors: Vec::new() }
    }

    /// Takes a parameter; the last one counts when it is repeated, an empty one is none.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        self.all(name).pop()
    }

    /// Takes every occurrence of a parameter, leaving out empty ones.
    pub fn all(&mut self, name: &'static str) -> Vec<String> {
        self.known.push(name);
        let (taken, left) =
            std::mem::take(&mut self.pairs).into_iter().partition(|(key, _)| key == name);
        self.pairs = left;
        let taken: Vec<(String, String)> = taken;
        if taken.iter().any(|(_, value)| value.contains('\0')) {
            self.refuse(name, "invalid", in_english(&texts::text("api-has-nul")));
            return Vec::new();
        }
        taken.into_iter().map(|(_, value)| value).filter(|value| !value.is_empty()).collect()
    }

    /// Takes `limit`: 1 to 100, default 10.
    pub fn limit(&mut self) -> i64 {
        let Some(text) = self.text("limit") else { return limits::PAGE_ITEMS_DEFAULT };
        match text.parse::<i64>() {
            Ok(limit) if (1..=limits::PAGE_ITEMS_MAX).contains(&limit) => limit,
            _ => {
                let most = limits::PAGE_ITEMS_MAX;
                let message = texts::text("api-out-of-range").with("most", most);
                self.refuse("limit", "out_of_range", in_english(&message));
                limits::PAGE_ITEMS_DEFAULT
            }
        }
    }

    /// Takes the parameters that every list has.
    pub fn page(&mut self) -> PageRequest {
        self.page_of(Order::Desc)
    }

    /// The same for a list that has another order when nothing is said.
    pub fn page_of(&mut self, default: Order) -> PageRequest {
        let limit = self.limit();
        let order = match self.text("order").map(|text| Order::parse(&text)) {
            None => default,
            Some(Some(order)) => order,
            Some(None) => {
                let message = in_english(&texts::text("api-not-an-order"));
                self.refuse("order", "unknown_value", message);
                default
            }
        };
        PageRequest { limit, after: self.text("after"), before: self.text("before"), order }
    }

    /// Notes that a parameter is wrong.
    pub fn refuse(&mut self, name: &str, code: &'static str, message: impl Into<String>) {
        self.errors.push(FieldError::new(name, code, message));
    }

    /// Ends the reading: fails when something was wrong or was not taken.
    pub fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in std::mem::take(&mut self.pairs) {
            let message = texts::text("api-not-known").with("known", self.known.join(", "));
            self.errors.push(FieldError::new(name, "unknown_parameter", in_english(&message)));
        }
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::Invalid(self.errors)) }
    }
}

/// A value that a parameter can have.
pub trait ParameterValue: Sized {
    /// Takes it from text that is not empty.
    fn parse(text: String) -> Result<Self, Wrong>;

    /// How it is described in OpenAPI.
    fn schema() -> RefOr<Schema>;
}

impl<T: Leaf> ParameterValue for T {
    fn parse(text: String) -> Result<Self, Wrong> {
        T::read(serde_json::Value::String(text))
    }

    fn schema() -> RefOr<Schema> {
        <T as Leaf>::schema()
    }
}

/// One or several parameters of a query string.
pub trait Parameter: Sized {
    /// Takes it. What is wrong is noted, and then there is none.
    fn take(query: &mut Query, name: &'static str) -> Option<Self>;

    /// How it is described in OpenAPI.
    fn describe(name: &str, about: &str) -> Vec<openapi::path::Parameter>;
}

impl<T: ParameterValue> Parameter for Option<T> {
    fn take(query: &mut Query, name: &'static str) -> Option<Self> {
        let Some(text) = query.text(name) else { return Some(None) };
        match T::parse(text) {
            Ok(value) => Some(Some(value)),
            Err((code, message)) => {
                query.refuse(name, code, shortened(&message, limits::TEXT_IN_PROBLEM_CHARS_MAX));
                None
            }
        }
    }

    fn describe(name: &str, about: &str) -> Vec<openapi::path::Parameter> {
        vec![described(name, about, T::schema())]
    }
}

/// A parameter that can be repeated.
impl<T: ParameterValue> Parameter for Vec<T> {
    fn take(query: &mut Query, name: &'static str) -> Option<Self> {
        let mut values = Self::new();
        for text in query.all(name) {
            match T::parse(text) {
                Ok(value) => values.push(value),
                Err((code, message)) => {
                    let message = shortened(&message, limits::TEXT_IN_PROBLEM_CHARS_MAX);
                    query.refuse(name, code, message);
                    return None;
                }
            }
        }
        Some(values)
    }

    fn describe(name: &str, about: &str) -> Vec<openapi::path::Parameter> {
        let list = openapi::ArrayBuilder::new().items(T::schema());
        vec![described(name, about, list.into())]
    }
}

/// `limit`, `order`, `after` and `before` of a list that shows the newest first.
impl Parameter for PageRequest {
    fn take(query: &mut Query, _: &'static str) -> Option<Self> {
        Some(query.page())
    }

    fn describe(_: &str, _: &str) -> Vec<openapi::path::Parameter> {
        described_page(Order::Desc)
    }
}

/// The same of a list that shows the oldest first.
#[derive(Debug, Clone)]
pub struct OldestFirst(pub PageRequest);

impl Parameter for OldestFirst {
    fn take(query: &mut Query, _: &'static str) -> Option<Self> {
        Some(Self(query.page_of(Order::Asc)))
    }

    fn describe(_: &str, _: &str) -> Vec<openapi::path::Parameter> {
        described_page(Order::Asc)
    }
}

/// The parameters of a list whose cursors must look like ids of its items: any other text would
/// silently be before or behind all of them (wire contract C-14).
#[derive(Debug, Clone)]
pub struct CursorPage<Id> {
    /// The part of the list.
    pub request: PageRequest,
    of: PhantomData<Id>,
}

/// An id that can be a cursor.
pub trait Cursor {
    /// What is wrong with a text that is no such id.
    fn check(text: &str) -> Result<(), Wrong>;
}

/// Ids that are known by the word that they begin with.
macro_rules! prefixed {
    ($($name:ident),+) => {$(
        impl Cursor for $name {
            fn check(text: &str) -> Result<(), Wrong> {
                let rest = text.strip_prefix(Self::PREFIX);
                if rest.is_some_and(|rest| rest.starts_with('_')) {
                    return Ok(());
                }
                let message = texts::text("api-wrong-prefix").with("prefix", Self::PREFIX);
                Err(("invalid_cursor", in_english(&message)))
            }
        }
    )+};
}

/// Ids that are made from a number.
macro_rules! numbered {
    ($($name:ident),+) => {$(
        impl Cursor for $name {
            fn check(text: &str) -> Result<(), Wrong> {
                match Self::from_text(text).number() {
                    Some(_) => Ok(()),
                    None => Err(("invalid", in_english(&texts::text("api-not-of-this-list")))),
                }
            }
        }
    )+};
}

prefixed!(DirectoryId, DirectoryUserId, GroupId, OrganizationId);
numbered!(AccountChangeId, ActionId);

impl<Id: Cursor> Parameter for CursorPage<Id> {
    fn take(query: &mut Query, _: &'static str) -> Option<Self> {
        let request = query.page();
        for (name, cursor) in [("after", &request.after), ("before", &request.before)] {
            if let Some(Err((code, message))) = cursor.as_deref().map(Id::check) {
                query.refuse(name, code, message);
            }
        }
        Some(Self { request, of: PhantomData })
    }

    fn describe(_: &str, _: &str) -> Vec<openapi::path::Parameter> {
        described_page(Order::Desc)
    }
}

fn described(name: &str, about: &str, schema: RefOr<Schema>) -> openapi::path::Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .description(Some(about.trim()))
        .schema(Some(schema))
        .build()
}

fn described_page(order: Order) -> Vec<openapi::path::Parameter> {
    let limit = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(limits::PAGE_ITEMS_MAX))
        .default(Some(limits::PAGE_ITEMS_DEFAULT.into()));
    let words = Order::ALL.iter().map(|order| serde_json::json!(order.as_str()));
    let orders = schema::text().enum_values(Some(words)).default(Some(order.as_str().into()));
    let id = schema::text;
    vec![
        described("limit", "At most this many items.", limit.into()),
        described(
            "order",
            "`desc` shows the newest first and `asc` the oldest. `normal` is `desc` with the \
             meaning of `after` and `before` exchanged, as WorkOS has it.",
            orders.into(),
        ),
        described("after", "Only items after the one with this id.", id().into()),
        described("before", "Only items before the one with this id.", id().into()),
    ]
}

/// The parameters of a request, read to their end.
pub trait FromQuery: Sized {
    /// Takes the parameters. What is wrong is noted, and then there is nothing.
    fn take(query: &mut Query) -> Option<Self>;
}

/// Declares the parameters of a request: a struct, how it is read ([`FromQuery`]), and its
/// description.
macro_rules! query {
    ($($(#[doc = $about:literal])+ $vis:vis struct $name:ident {
        $($(#[doc = $text:literal])+ $member_vis:vis $member:ident: $kind:ty,)*
    })+) => {$(
        $(#[doc = $about])+
        #[derive(Debug, Clone)]
        $vis struct $name {
            $($(#[doc = $text])+ $member_vis $member: $kind,)*
        }

        impl $crate::web::http::query::FromQuery for $name {
            fn take(query: &mut $crate::web::http::query::Query) -> Option<Self> {
                // A request can have no parameters.
                let _ = &query;
                $(let $member = <$kind as $crate::web::http::query::Parameter>::take(
                    query,
                    stringify!($member),
                );)*
                Some(Self { $($member: $member?,)* })
            }
        }

        impl utoipa::IntoParams for $name {
            fn into_params(
                _: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
            ) -> Vec<utoipa::openapi::path::Parameter> {
                let all: &[Vec<utoipa::openapi::path::Parameter>] =
                    &[$(<$kind as $crate::web::http::query::Parameter>::describe(
                        stringify!($member),
                        concat!($($text),+),
                    )),*];
                all.concat()
            }
        }
    )+};
}
pub(in crate::web) use query;

/// The parameters of a request, read.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: FromQuery> FromRequest for Params<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut query = Query::of(req);
        let taken = T::take(&mut query);
        let missing = || Problem::Internal("parameters were read incompletely".to_owned());
        ready(query.finish().and_then(|()| taken.ok_or_else(missing)).map(Self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_ten_items_newest_first_when_nothing_is_said() {
        let mut query = Query::parse("");
        assert_eq!(query.page(), PageRequest::default());
        assert!(query.finish().is_ok());
    }

    #[test]
    fn what_is_wrong_or_unknown_is_named_all_at_once() {
        let mut query = Query::parse("limit=101&order=up&emial=x");
        query.page();
        let Err(Problem::Invalid(errors)) = query.finish() else { panic!("must fail") };
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["limit", "order", "emial"]);
    }
}
