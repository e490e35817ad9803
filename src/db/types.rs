//! How our own types are stored: ids, words and e-mails as text, moments as milliseconds, dates as
//! `YYYY-MM-DD`, structures as JSON text.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::Sqlite;
use jiff::civil::Date;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::Timestamp;
use crate::domain::account::{AccountStatus, Activity};
use crate::domain::action::Actor;
use crate::domain::audit::{CauseKind, Rule};
use crate::domain::directory::{
    CatalogueKind, DirectoryState, InactivePolicy, Relink, RunState, RunTrigger,
};
use crate::domain::employee::{
    EmailNorm, EmployeeNumber, ExternalKey, KeyKind, Membership, RowProblemCode,
};
use crate::domain::endpoint::{
    DeliveryState, DeliveryTrigger, DisabledReason, EndpointStatus, LegacySigner,
};
use crate::domain::failure::FailureClass;
use crate::domain::hint::Whom;
use crate::domain::hold::{Decision, Gathering, HoldKind, HoldState};
use crate::domain::ids::*;
use crate::domain::notice::NoticeKind;
use crate::domain::provider::ProviderKind;
use crate::domain::row_problem::Severity;

/// Types stored as text: how each becomes text, and how it comes back.
pub(crate) trait StoredText: Sized {
    fn text(&self) -> &str;
    fn parse_stored(text: String) -> Option<Self>;
}

/// Implements diesel's traits for types that are stored as text.
macro_rules! stored_as_text {
    ($($name:ident),+ $(,)?) => {$(
        const _: () = {
            #[derive(AsExpression, FromSqlRow)]
            #[diesel(foreign_derive)]
            #[diesel(sql_type = Text)]
            #[expect(dead_code, reason = "carries the derive for a type of another module")]
            struct Proxy($name);

            impl ToSql<Text, Sqlite> for $name {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                    out.set_value(StoredText::text(self));
                    Ok(IsNull::No)
                }
            }

            impl ToSql<Text, Pg> for $name {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                    <str as ToSql<Text, Pg>>::to_sql(StoredText::text(self), out)
                }
            }

            impl<DB: Backend> FromSql<Text, DB> for $name
            where
                String: FromSql<Text, DB>,
            {
                fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                    let text = String::from_sql(value)?;
                    <$name as StoredText>::parse_stored(text)
                        .ok_or_else(|| concat!("unknown ", stringify!($name)).into())
                }
            }
        };
    )+};
}

macro_rules! stored_ids {
    ($($name:ident),+ $(,)?) => {
        $(impl StoredText for $name {
            fn text(&self) -> &str { self.as_str() }
            fn parse_stored(text: String) -> Option<Self> { Some(Self::from_text(text)) }
        })+
        stored_as_text!($($name),+);
    };
}

macro_rules! stored_words {
    ($($name:ident),+ $(,)?) => {
        $(impl StoredText for $name {
            fn text(&self) -> &str { self.as_str() }
            fn parse_stored(text: String) -> Option<Self> { Self::parse(&text) }
        })+
        stored_as_text!($($name),+);
    };
}

pub(crate) use stored_as_text;

/// Lets a `text_enum!` that belongs to one table be stored as its word.
macro_rules! text_enum_column {
    ($name:ident) => {
        const _: () = {
            use diesel::backend::Backend;
            use diesel::deserialize::{self, FromSql, FromSqlRow};
            use diesel::expression::AsExpression;
            use diesel::pg::Pg;
            use diesel::serialize::{self, IsNull, Output, ToSql};
            use diesel::sql_types::Text;
            use diesel::sqlite::Sqlite;
            use $crate::db::types::StoredText;
            impl StoredText for $name {
                fn text(&self) -> &str {
                    self.as_str()
                }
                fn parse_stored(text: String) -> Option<Self> {
                    Self::parse(&text)
                }
            }
            $crate::db::types::stored_as_text!($name);
        };
    };
}
pub(crate) use text_enum_column;

stored_ids!(
    OrganizationId,
    AdminId,
    AccountId,
    DirectoryId,
    DirectoryUserId,
    GroupId,
    LinkId,
    CatalogueEntryId,
    RunId,
    HoldId,
    HoldItemId,
    RowProblemId,
    NoticeId,
    MailId,
    EndpointId,
    EndpointSecretId,
    PortalLinkId,
    PortalSessionId,
    OperatorSessionId,
    ApiKeyId,
    DataKeyId,
);

stored_words!(
    AccountStatus,
    Activity,
    Actor,
    CatalogueKind,
    CauseKind,
    Decision,
    DeliveryState,
    DeliveryTrigger,
    DirectoryState,
    DisabledReason,
    EndpointStatus,
    FailureClass,
    HoldKind,
    Gathering,
    HoldState,
    InactivePolicy,
    KeyKind,
    LegacySigner,
    Membership,
    NoticeKind,
    ProviderKind,
    Relink,
    RowProblemCode,
    Rule,
    RunState,
    RunTrigger,
    Severity,
);

impl StoredText for ExternalKey {
    fn text(&self) -> &str {
        self.as_str()
    }
    fn parse_stored(text: String) -> Option<Self> {
        Some(Self(text))
    }
}

/// The empty text stands for everybody; no employee number is empty.
impl StoredText for Whom {
    fn text(&self) -> &str {
        match self {
            Self::Everybody => "",
            Self::Person(number) => number.as_str(),
        }
    }
    fn parse_stored(text: String) -> Option<Self> {
        Some(if text.is_empty() { Self::Everybody } else { Self::Person(EmployeeNumber(text)) })
    }
}

impl StoredText for EmployeeNumber {
    fn text(&self) -> &str {
        self.as_str()
    }
    fn parse_stored(text: String) -> Option<Self> {
        Some(Self(text))
    }
}

impl StoredText for EmailNorm {
    fn text(&self) -> &str {
        self.as_str()
    }
    fn parse_stored(text: String) -> Option<Self> {
        Some(Self::stored(text))
    }
}

stored_as_text!(ExternalKey, Whom, EmployeeNumber, EmailNorm);

const _: () = {
    #[derive(AsExpression, FromSqlRow)]
    #[diesel(foreign_derive)]
    #[diesel(sql_type = BigInt)]
    #[expect(dead_code, reason = "carries the derive for a type of another module")]
    struct Proxy(Timestamp);
};

impl ToSql<BigInt, Sqlite> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0);
        Ok(IsNull::No)
    }
}

impl ToSql<BigInt, Pg> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <i64 as ToSql<BigInt, Pg>>::to_sql(&self.0, &mut out.reborrow())
    }
}

impl<DB: Backend> FromSql<BigInt, DB> for Timestamp
where
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        i64::from_sql(value).map(Self)
    }
}

/// Lets ids that derive from a number be read from the column of that number.
macro_rules! numbered_ids {
    ($($name:ident),+ $(,)?) => {$(
        const _: () = {
            #[derive(AsExpression, FromSqlRow)]
            #[diesel(foreign_derive)]
            #[diesel(sql_type = BigInt)]
            #[expect(dead_code, reason = "carries the derive for a type of another module")]
            struct Proxy($name);
        };

        impl<DB: Backend> FromSql<BigInt, DB> for $name
        where
            i64: FromSql<BigInt, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                i64::from_sql(value).map(Self::from_number)
            }
        }
    )+};
}

numbered_ids!(AccountChangeId, ActionId, EventId, DeliveryId);

/// A calendar date, stored as `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct StoredDate(pub Date);

/// A structure, stored as JSON text.
#[derive(Debug, Clone, PartialEq, Eq, Default, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Json<T: std::fmt::Debug>(pub T);

impl ToSql<Text, Sqlite> for StoredDate {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.to_string());
        Ok(IsNull::No)
    }
}

impl ToSql<Text, Pg> for StoredDate {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let text = self.0.to_string();
        <str as ToSql<Text, Pg>>::to_sql(&text, &mut out.reborrow())
    }
}

impl<DB: Backend> FromSql<Text, DB> for StoredDate
where
    String: FromSql<Text, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(String::from_sql(value)?.parse()?))
    }
}

impl<T: Serialize + std::fmt::Debug> ToSql<Text, Sqlite> for Json<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}

impl<T: Serialize + std::fmt::Debug> ToSql<Text, Pg> for Json<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let text = serde_json::to_string(&self.0)?;
        <str as ToSql<Text, Pg>>::to_sql(&text, &mut out.reborrow())
    }
}

impl<DB: Backend, T: DeserializeOwned + std::fmt::Debug> FromSql<Text, DB> for Json<T>
where
    String: FromSql<Text, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        // The library's own text would quote the value, which can be personal data.
        serde_json::from_str(&String::from_sql(value)?)
            .map(Self)
            .map_err(|error| format!("JSON that does not fit, at column {}", error.column()).into())
    }
}
