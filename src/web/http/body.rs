//! Bodies of requests as types: `body!` declares one, and reading and description follow from it.
//!
//! The type of a member says whether it may be left out:
//!
//! | type | left out | null |
//! |---|---|---|
//! | `T` | refused | refused |
//! | `Option<T>` | `None` | `None` |
//! | `Maybe<T>` | `None` | refused |
//! | `Patch<T>` | `Missing` | `Null` |
//!
//! Everything that is wrong with a body is told at once ([`Members`]). Neither `deserr` nor `serde`
//! with `garde` does this with one declaration for reading and OpenAPI (ADR 32).

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use serde_json::Value;
use utoipa::openapi::{RefOr, Schema};

use crate::operations::input::Patch;
use crate::texts::text;
use crate::web::http::error::{Problem, in_english};
use crate::web::http::members::{Members, unreadable};
use crate::web::http::schema;

/// What is wrong with a value: a fixed word and how to mend it.
pub type Wrong = (&'static str, String);

/// A value that a member can have.
pub trait Leaf: Sized {
    /// Takes it from JSON that is not null.
    fn read(value: Value) -> Result<Self, Wrong>;

    /// How it is described in OpenAPI.
    fn schema() -> RefOr<Schema>;
}

/// A member of a body. Its type says whether it may be left out.
pub trait Member: Sized {
    /// Whether a body without it is refused.
    const REQUIRED: bool;

    /// Takes it. What is wrong is noted, and then there is none.
    fn take(members: &mut Members, name: &'static str) -> Option<Self>;

    /// How it is described in OpenAPI.
    fn schema() -> RefOr<Schema>;
}

impl<T: Leaf> Member for T {
    const REQUIRED: bool = true;

    fn take(members: &mut Members, name: &'static str) -> Option<Self> {
        match members.leaf(name) {
            Patch::Value(value) => Some(value),
            Patch::Missing | Patch::Null => {
                members.refuse_once(name, "required", in_english(&text("api-required")));
                None
            }
        }
    }

    fn schema() -> RefOr<Schema> {
        <T as Leaf>::schema()
    }
}

impl<T: Leaf> Member for Option<T> {
    const REQUIRED: bool = false;

    fn take(members: &mut Members, name: &'static str) -> Option<Self> {
        match members.leaf(name) {
            Patch::Value(value) => Some(Some(value)),
            Patch::Missing | Patch::Null => Some(None),
        }
    }

    fn schema() -> RefOr<Schema> {
        schema::nullable(<T as Leaf>::schema())
    }
}

impl<T: Leaf> Member for Patch<T> {
    const REQUIRED: bool = false;

    fn take(members: &mut Members, name: &'static str) -> Option<Self> {
        Some(members.leaf(name))
    }

    fn schema() -> RefOr<Schema> {
        schema::nullable(<T as Leaf>::schema())
    }
}

/// A member that may be left out, but not null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Maybe<T>(pub Option<T>);

impl<T: Leaf> Member for Maybe<T> {
    const REQUIRED: bool = false;

    fn take(members: &mut Members, name: &'static str) -> Option<Self> {
        match members.leaf(name) {
            Patch::Value(value) => Some(Self(Some(value))),
            Patch::Missing => Some(Self(None)),
            Patch::Null => {
                members.refuse(name, "invalid_type", in_english(&text("api-null")));
                None
            }
        }
    }

    fn schema() -> RefOr<Schema> {
        <T as Leaf>::schema()
    }
}

/// A member that other services have and this one does not: let pass and not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LetPass;

impl Member for LetPass {
    const REQUIRED: bool = false;

    fn take(members: &mut Members, name: &'static str) -> Option<Self> {
        members.let_pass(name);
        Some(Self)
    }

    fn schema() -> RefOr<Schema> {
        schema::anything()
    }
}

/// A request's body that is read from its members.
pub trait FromMembers: Sized {
    /// Takes the members. What is wrong is noted, and then there is no body.
    fn take(members: &mut Members) -> Option<Self>;

    /// Reads a body to its end.
    fn read(mut members: Members) -> Result<Self, Problem> {
        let taken = Self::take(&mut members);
        members.finish_with(taken)
    }
}

/// Declares the body of a request: a struct, how it is read ([`FromMembers`]), and its description.
macro_rules! body {
    ($($(#[doc = $about:literal])+ $vis:vis struct $name:ident {
        $($(#[doc = $text:literal])+ $member_vis:vis $member:ident: $kind:ty,)+
    })+) => {$(
        $(#[doc = $about])+
        #[derive(Debug, Clone)]
        $vis struct $name {
            $($(#[doc = $text])+ $member_vis $member: $kind,)+
        }

        impl $crate::web::http::body::FromMembers for $name {
            fn take(members: &mut $crate::web::http::members::Members) -> Option<Self> {
                use $crate::web::http::body::Member;
                $(let $member = <$kind as Member>::take(members, stringify!($member));)+
                Some(Self { $($member: $member?,)+ })
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::web::http::schema::Object::new(concat!($($about),+))
                    $(.member::<$kind>(stringify!($member), concat!($($text),+)))+
                    .build()
            }
        }

        impl utoipa::ToSchema for $name {}
    )+};
}
pub(in crate::web) use body;

async fn read<T: FromMembers>(
    body: impl Future<Output = Result<Bytes, actix_web::Error>>,
    parse: fn(&[u8]) -> Result<Members, Problem>,
) -> Result<T, Problem> {
    let body = body.await.map_err(|error| unreadable(&error))?;
    T::read(parse(&body)?)
}

/// A JSON body, read.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: FromMembers + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = Bytes::from_request(req, payload);
        Box::pin(async move { read(body, Members::parse).await.map(Self) })
    }
}

/// A JSON body that may be missing: then it has no members.
#[derive(Debug)]
pub struct OptionalBody<T>(pub T);

impl<T: FromMembers + 'static> FromRequest for OptionalBody<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = Bytes::from_request(req, payload);
        Box::pin(async move { read(body, Members::parse_or_none).await.map(Self) })
    }
}
