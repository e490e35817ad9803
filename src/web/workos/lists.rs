//! What the lists of people and groups have in common: cursors and scope.
//!
//! Python SDK 5 sends the further pages of a list without its scope, so a cursor stands for the
//! directory of its object (wire contract C-14). An object that is gone stands for nothing: an
//! empty page would look like the end of the list, so such a request is refused.
//!
//! Invariant: whatever is read has a scope, so nobody is shown another directory's people.

use utoipa::openapi::path;

use crate::db::page::PageRequest;
use crate::domain::ids::{DirectoryId, DirectoryUserId, GroupId};
use crate::web::http::error::Problem;
use crate::web::http::query::{Parameter, ParameterValue, Query};

/// A parameter that a release of the Python SDK sends under another name.
#[derive(Debug, Clone)]
pub struct Aliased<Id>(pub Option<Id>);

/// An id that a parameter may have under another name.
pub trait Alias {
    /// The other name.
    const OTHER_NAME: &'static str;
}

impl Alias for DirectoryId {
    const OTHER_NAME: &'static str = "directory_id";
}

impl Alias for DirectoryUserId {
    const OTHER_NAME: &'static str = "user_id";
}

impl Alias for GroupId {
    const OTHER_NAME: &'static str = "group_id";
}

impl<Id: Alias + ParameterValue + PartialEq> Parameter for Aliased<Id> {
    fn take(query: &mut Query, name: &'static str) -> Option<Self> {
        let value: Option<Option<Id>> = Parameter::take(query, name);
        let other: Option<Option<Id>> = Parameter::take(query, Id::OTHER_NAME);
        match (value?, other?) {
            (Some(value), Some(other)) if value != other => {
                let message = format!("must be the same as {name}");
                query.refuse(Id::OTHER_NAME, "contradiction", message);
                None
            }
            (value, other) => Some(Self(value.or(other))),
        }
    }

    fn describe(name: &str, about: &str) -> Vec<path::Parameter> {
        let mut described = <Option<Id> as Parameter>::describe(name, about);
        let same = format!("The same as `{name}`.");
        described.extend(<Option<Id> as Parameter>::describe(Id::OTHER_NAME, &same));
        described
    }
}

/// The object whose directory a request without scope means.
pub(super) fn cursor(page: &PageRequest) -> Option<&str> {
    page.after.as_deref().or(page.before.as_deref())
}

/// The refusal of a request without a scope that can be known.
pub(super) fn no_scope(page: &PageRequest, other: &str) -> Problem {
    let message = if cursor(page).is_some() {
        format!("is required, or {other}: the object of the cursor is not there any more")
    } else {
        format!("is required, or {other}")
    };
    Problem::invalid("directory", "required", message)
}

/// The names of the members that are sent.
#[cfg(test)]
pub(super) fn sent_members(object: &serde_json::Map<String, serde_json::Value>) -> Vec<String> {
    let mut names: Vec<String> = object.keys().cloned().collect();
    names.sort_unstable();
    names
}

/// The names of the members that are described.
#[cfg(test)]
pub(super) fn described_members(
    schema: &utoipa::openapi::RefOr<utoipa::openapi::Schema>,
) -> Vec<String> {
    use utoipa::openapi::{RefOr, Schema};
    let RefOr::T(Schema::Object(object)) = schema else { panic!("no object") };
    let mut names: Vec<String> = object.properties.keys().cloned().collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::page::Order;
    use crate::web::http::error::in_english;

    #[test]
    fn c_14_a_refusal_says_whether_the_cursor_is_of_no_use() {
        let with = |after: Option<&str>| PageRequest {
            limit: 10,
            after: after.map(str::to_owned),
            before: None,
            order: Order::Desc,
        };
        let detail = |page| in_english(&no_scope(&page, "group").detail());
        assert!(!detail(with(None)).contains("cursor"));
        assert!(detail(with(Some("directory_user_1"))).contains("not there any more"));
    }
}
