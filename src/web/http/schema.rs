//! What values look like in requests, for reading and for OpenAPI: ids, words, moments, the types
//! of input, and the objects of `body!`.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayItems, ObjectBuilder, OneOfBuilder, SchemaType, Type,
};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::clock::Timestamp;
use crate::domain::account::{AccountStatus, Activity};
use crate::domain::action::ActorKind;
use crate::domain::audit::{CauseKind, Rule};
use crate::domain::directory::{DirectoryState, InactivePolicy, Relink, RunState, RunTrigger};
use crate::domain::endpoint::{
    DeliveryState, DeliveryTrigger, DisabledReason, EndpointStatus, LegacySigner,
};
use crate::domain::event::EventKind;
use crate::domain::failure::FailureClass;
use crate::domain::guard::LossReason;
use crate::domain::hold::{Decision, HoldKind, HoldState};
use crate::domain::ids::{
    AccountChangeId, AccountId, ActionId, AdminId, CatalogueEntryId, DeliveryId, DirectoryId,
    DirectoryUserId, EndpointId, EventId, GroupId, HoldId, HoldItemId, NoticeId, OrganizationId,
    RowProblemId, RunId,
};
use crate::domain::notice::NoticeKind;
use crate::domain::provider::ProviderKind;
use crate::domain::row_problem::{RowProblemCode, Severity};
use crate::limits;
use crate::operations::input::{Email, MetadataChange, PollSeconds, Text, WebAddress, ZoneName};
use crate::providers::ProbeResult;
use crate::texts;
use crate::web::http::body::{Leaf, Member, Wrong};
use crate::web::http::error::in_english;

/// An object, member by member.
pub struct Object(ObjectBuilder);

impl Object {
    /// An object that takes no other members than those that follow.
    #[must_use]
    pub fn new(about: &str) -> Self {
        let object = ObjectBuilder::new().schema_type(Type::Object).description(Some(about.trim()));
        Self(object.additional_properties(Some(AdditionalProperties::FreeForm(false))))
    }

    /// Adds a member.
    #[must_use]
    pub fn member<M: Member>(self, name: &str, about: &str) -> Self {
        let object = self.0.property(name, with_text(M::schema(), about));
        Self(if M::REQUIRED { object.required(name) } else { object })
    }

    /// The object.
    #[must_use]
    pub fn build(self) -> RefOr<Schema> {
        self.0.into()
    }
}

/// The schema with what the member is for.
fn with_text(schema: RefOr<Schema>, about: &str) -> RefOr<Schema> {
    let about = about.trim().to_owned();
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            object.description = Some(about);
            RefOr::T(Schema::Object(object))
        }
        RefOr::T(Schema::Array(mut array)) => {
            array.description = Some(about);
            RefOr::T(Schema::Array(array))
        }
        other => other,
    }
}

/// The same value, or null.
#[must_use]
pub fn nullable(schema: RefOr<Schema>) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            if let SchemaType::Type(kind) = &object.schema_type {
                object.schema_type = SchemaType::from_iter([kind.clone(), Type::Null]);
            }
            if let Some(words) = &mut object.enum_values {
                words.push(Value::Null);
            }
            RefOr::T(Schema::Object(object))
        }
        other => OneOfBuilder::new()
            .item(ObjectBuilder::new().schema_type(Type::Null))
            .item(other)
            .into(),
    }
}

/// Whatever JSON can hold.
#[must_use]
pub fn anything() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue).into()
}

/// A text.
#[must_use]
pub fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// A value that `serde` reads.
pub fn by_serde<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Wrong> {
    serde_json::from_value(value).map_err(|error| ("invalid", error.to_string()))
}

/// A value that a schema allows, to show what an answer looks like.
#[must_use]
pub fn example(schema: &RefOr<Schema>, known: &BTreeMap<String, RefOr<Schema>>) -> Value {
    let schema = match schema {
        RefOr::T(schema) => schema,
        RefOr::Ref(to) => {
            let name = to.ref_location.rsplit('/').next().unwrap_or_default();
            return known.get(name).map_or(Value::Null, |schema| example(schema, known));
        }
    };
    match schema {
        Schema::Object(object) => example_of_object(object, known),
        Schema::Array(array) => match &array.items {
            ArrayItems::RefOrSchema(items) => json!([example(items, known)]),
            ArrayItems::False => json!([]),
        },
        Schema::OneOf(one) => first_example(&one.items, known),
        Schema::AnyOf(any) => first_example(&any.items, known),
        Schema::AllOf(all) => {
            let parts = all.items.iter().map(|part| example(part, known));
            let members = parts.filter_map(|part| match part {
                Value::Object(members) => Some(members),
                _ => None,
            });
            Value::Object(members.flatten().collect())
        }
        _ => Value::Null,
    }
}

/// Of several shapes the first that is not only null.
fn first_example(shapes: &[RefOr<Schema>], known: &BTreeMap<String, RefOr<Schema>>) -> Value {
    let examples = shapes.iter().map(|shape| example(shape, known));
    examples.into_iter().find(|value| !value.is_null()).unwrap_or_default()
}

fn example_of_object(
    object: &utoipa::openapi::Object,
    known: &BTreeMap<String, RefOr<Schema>>,
) -> Value {
    let given = object.examples.first().or(object.example.as_ref()).or(object.default.as_ref());
    if let Some(value) = given.or(object.enum_values.as_ref().and_then(|words| words.first())) {
        return value.clone();
    }
    let kinds: &[Type] = match &object.schema_type {
        SchemaType::Type(kind) => std::slice::from_ref(kind),
        SchemaType::Array(kinds) => kinds,
        SchemaType::AnyValue => &[],
    };
    match kinds.iter().find(|kind| **kind != Type::Null) {
        Some(Type::Object) => {
            let members = object.properties.iter();
            members.map(|(name, schema)| (name.clone(), example(schema, known))).collect()
        }
        Some(Type::Integer | Type::Number) => json!(1),
        Some(Type::Boolean) => json!(false),
        Some(Type::String) => json!("text"),
        _ => Value::Null,
    }
}

/// A value that `serde` reads and that is described in one way wherever it stands.
macro_rules! described_leaf {
    ($name:ident) => {
        impl ToSchema for $name {}

        impl Leaf for $name {
            fn read(value: Value) -> Result<Self, Wrong> {
                by_serde(value)
            }

            fn schema() -> RefOr<Schema> {
                <Self as PartialSchema>::schema()
            }
        }
    };
}

/// Describes ids: a prefix and 26 characters. As members of a body they may be any text; what
/// names nothing is not found.
macro_rules! ids {
    ($($name:ident),+ $(,)?) => {$(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let example = format!("{}_01JD0Z6K3M8V5R2Q9T4W7X1Y0B", Self::PREFIX);
                text().examples([json!(example)]).into()
            }
        }

        described_leaf!($name);
    )+};
}

ids!(
    AccountChangeId,
    AccountId,
    ActionId,
    AdminId,
    CatalogueEntryId,
    DeliveryId,
    DirectoryId,
    DirectoryUserId,
    EndpointId,
    EventId,
    GroupId,
    HoldId,
    HoldItemId,
    NoticeId,
    OrganizationId,
    RowProblemId,
    RunId,
);

/// Describes fixed words.
macro_rules! text_enums {
    ($($name:ident),+ $(,)?) => {$(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let words = Self::ALL.iter().map(|word| json!(word.as_str()));
                text().enum_values(Some(words)).into()
            }
        }

        described_leaf!($name);
    )+};
}

text_enums!(
    AccountStatus,
    Activity,
    ActorKind,
    CauseKind,
    Decision,
    DeliveryState,
    DeliveryTrigger,
    DirectoryState,
    DisabledReason,
    EndpointStatus,
    EventKind,
    FailureClass,
    HoldKind,
    HoldState,
    InactivePolicy,
    LegacySigner,
    LossReason,
    NoticeKind,
    ProbeResult,
    ProviderKind,
    Relink,
    RowProblemCode,
    Rule,
    RunState,
    RunTrigger,
    Severity,
);

impl Leaf for bool {
    fn read(value: Value) -> Result<Self, Wrong> {
        by_serde(value)
    }

    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Boolean).into()
    }
}

impl Leaf for i64 {
    fn read(value: Value) -> Result<Self, Wrong> {
        by_serde(value)
    }

    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::Int64);
        ObjectBuilder::new().schema_type(Type::Integer).format(Some(format)).into()
    }
}

impl Leaf for String {
    fn read(value: Value) -> Result<Self, Wrong> {
        by_serde(value)
    }

    fn schema() -> RefOr<Schema> {
        text().into()
    }
}

impl<T: Leaf> Leaf for Vec<T> {
    fn read(value: Value) -> Result<Self, Wrong> {
        let Value::Array(items) = value else {
            return Err(("invalid", in_english(&texts::text("api-not-a-list"))));
        };
        items.into_iter().map(T::read).collect()
    }

    fn schema() -> RefOr<Schema> {
        utoipa::openapi::ArrayBuilder::new().items(T::schema()).into()
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
            .map_err(|_| in_english(&texts::text("api-not-a-moment")))
    }
}

/// Describes values that `serde` reads.
macro_rules! serde_leaves {
    ($($name:ident: $schema:expr;)+) => {$(
        impl Leaf for $name {
            fn read(value: Value) -> Result<Self, Wrong> {
                by_serde(value)
            }

            fn schema() -> RefOr<Schema> {
                $schema.into()
            }
        }
    )+};
}

serde_leaves! {
    Text: text().min_length(Some(1)).max_length(Some(limits::FIELD_CHARS_MAX));
    Email: text().format(Some(format("email")));
    ZoneName: text().examples([json!("Europe/London")]);
    MetadataChange: ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(nullable(text().into())))
        .examples([json!({ "plan": "gold", "old": null })]);
    Moment: text().format(Some(format("date-time")));
    Date: text().format(Some(format("date")));
}

impl Leaf for WebAddress {
    fn read(value: Value) -> Result<Self, Wrong> {
        let text: String = by_serde(value)?;
        Self::try_from(text).map_err(|message| ("invalid_url", message))
    }

    fn schema() -> RefOr<Schema> {
        text().format(Some(format("uri"))).max_length(Some(limits::PORTAL_URL_BYTES_MAX)).into()
    }
}

impl Leaf for PollSeconds {
    fn read(value: Value) -> Result<Self, Wrong> {
        let seconds: i64 = by_serde(value)?;
        Self::try_from(seconds).map_err(|message| ("out_of_range", message))
    }

    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(limits::POLL_SECONDS_MIN))
            .maximum(Some(limits::POLL_SECONDS_MAX))
            .into()
    }
}

fn format(name: &str) -> SchemaFormat {
    SchemaFormat::Custom(name.to_owned())
}
