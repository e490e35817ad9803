//! The common parts of successful answers: timestamps and lists (wire contract §4).

#![expect(unused_qualifications, reason = "in the derived description of a list")]

use actix_web::HttpResponse;
use serde::{Serialize, Serializer};
use serde_json::json;
use utoipa::openapi::{RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::clock::Timestamp;
use crate::db::page::Page;
use crate::web::http::error::Problem;
use crate::web::http::schema;

/// What a handler returns.
pub type Response = Result<HttpResponse, Problem>;

/// A moment as it is sent: `YYYY-MM-DDTHH:MM:SS.mmmZ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Iso8601(pub Timestamp);

impl Serialize for Iso8601 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl PartialSchema for Iso8601 {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::Custom("date-time".to_owned());
        let example = json!("2026-11-23T09:00:00.000Z");
        schema::text().format(Some(format)).examples([example]).into()
    }
}

impl ToSchema for Iso8601 {}

impl From<Timestamp> for Iso8601 {
    fn from(moment: Timestamp) -> Self {
        Self(moment)
    }
}

/// A list as it is sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// `list`.
    object: &'static str,
    data: Vec<T>,
    #[serde(rename = "list_metadata")]
    around: Around,
}

/// Where the list goes on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListMetadata)]
struct Around {
    /// The cursor of the items before these, if there are any.
    before: Option<String>,
    /// The cursor of the items after these, if there are any.
    after: Option<String>,
}

impl<T> From<Page<T>> for List<T> {
    fn from(page: Page<T>) -> Self {
        Self {
            object: "list",
            data: page.items,
            around: Around { before: page.before, after: page.after },
        }
    }
}

/// 200 with an object.
pub fn ok(object: impl Serialize) -> Response {
    Ok(HttpResponse::Ok().json(object))
}

/// 201 with the object that was made.
pub fn created(object: impl Serialize) -> Response {
    Ok(HttpResponse::Created().json(object))
}

/// 202 with what tells more.
pub fn accepted(object: impl Serialize) -> Response {
    Ok(HttpResponse::Accepted().json(object))
}

/// 204.
pub fn deleted() -> Response {
    Ok(HttpResponse::NoContent().finish())
}

/// 200 with a list whose rows are shown by `show`.
pub fn list<R, T: Serialize>(page: Page<R>, show: impl FnMut(R) -> T) -> Response {
    ok(List::from(page.map(show)))
}
