//! What the lists of people and groups have in common: cursors and scope.
//!
//! Python SDK 5 sends the further pages of a list without its scope, so a cursor stands for the
//! directory of its object (wire contract C-14). An object that is gone stands for nothing: an
//! empty page would look like the end of the list, so such a request is refused.
//!
//! Invariant: whatever is read has a scope, so nobody is shown another directory's people.

use crate::db::page::PageRequest;
use crate::web::error::Problem;
use crate::web::query::Query;

/// Takes the parameters that every list has. A cursor must look like an id of the list's objects:
/// any other text would silently be before or behind all of them.
pub(super) fn page(query: &mut Query, prefix: &str) -> PageRequest {
    let page = query.page();
    for (name, cursor) in [("after", &page.after), ("before", &page.before)] {
        let is_id = |id: &String| id.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('_'));
        if cursor.as_ref().is_some_and(|id| !is_id(id)) {
            query.refuse(
                name,
                "invalid_cursor",
                format!("must be an id that starts with {prefix}_"),
            );
        }
    }
    page
}

/// Takes a parameter that a release of the Python SDK sends under another name.
pub(super) fn alias(
    query: &mut Query,
    name: &'static str,
    other_name: &'static str,
) -> Option<String> {
    let (value, other) = (query.text(name), query.text(other_name));
    if let (Some(value), Some(other)) = (&value, &other)
        && value != other
    {
        query.refuse(other_name, "contradiction", format!("must be the same as {name}"));
    }
    value.or(other)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::page::Order;

    #[test]
    fn c_14_a_refusal_says_whether_the_cursor_is_of_no_use() {
        let with = |after: Option<&str>| PageRequest {
            limit: 10,
            after: after.map(str::to_owned),
            before: None,
            order: Order::Desc,
        };
        let detail = |page| no_scope(&page, "group").detail();
        assert!(!detail(with(None)).contains("cursor"));
        assert!(detail(with(Some("directory_user_1"))).contains("not there any more"));
    }
}
