//! Answers with pages, and the parts that lists have.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use askama::Template;

use crate::db::page::{Page, PageRequest};
use crate::limits;
use crate::texts::{self, Markup, Text};
use crate::web::http::error::Problem;
use crate::web::http::query::Query;
use crate::web::http::response::Response;

/// Where somebody goes on.
pub struct Link {
    /// The address.
    pub href: String,
    /// The words.
    pub label: Text,
}

/// A link inside a text, to an address of ours that needs no escaping.
#[must_use]
pub fn link(href: &str, label: Text) -> Markup {
    Markup::default().html(format!("<a href=\"{href}\">")).text(label).html("</a>")
}

/// A page, or a part of one, as text.
pub fn text(page: &impl Template) -> Result<String, Problem> {
    page.render().map_err(|error| Problem::Internal(error.to_string()))
}

/// An answer with a page.
pub fn html(status: StatusCode, page: &impl Template) -> Response {
    let body = text(page)?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(body))
}

/// 200 with a page.
pub fn ok(page: &impl Template) -> Response {
    html(StatusCode::OK, page)
}

/// After a form: the page that shows what became of it.
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}

/// Links to the neighbours of a page of a list.
pub struct Pager {
    /// Where the items before these are.
    pub newer: Option<String>,
    /// Where the items after these are.
    pub older: Option<String>,
    /// What leads back.
    pub newer_word: Text,
    /// What leads on.
    pub older_word: Text,
}

impl Pager {
    /// For a list at `path` with these parameters besides the cursor, the newest first.
    pub fn newest_first<T>(page: &Page<T>, path: &str, params: &[(&str, &str)]) -> Self {
        Self {
            newer_word: texts::text("pages-newer"),
            older_word: texts::text("pages-older"),
            ..Self::of(page, path, params)
        }
    }

    /// For a list at `path` with these parameters besides the cursor.
    pub fn of<T>(page: &Page<T>, path: &str, params: &[(&str, &str)]) -> Self {
        let link = |name: &str, id: &Option<String>| {
            let id = id.as_deref()?;
            let all = params.iter().copied().filter(|(_, value)| !value.is_empty());
            let query = serde_urlencoded::to_string(all.chain([(name, id)]).collect::<Vec<_>>());
            Some(format!("{path}?{}", query.unwrap_or_default()))
        };
        Self {
            newer: link("before", &page.before),
            older: link("after", &page.after),
            newer_word: texts::text("pages-back"),
            older_word: texts::text("pages-more"),
        }
    }
}

/// The part of a list that an address asks for.
pub fn request(query: &mut Query) -> PageRequest {
    PageRequest {
        limit: limits::PORTAL_PAGE_ITEMS,
        after: query.text("after"),
        before: query.text("before"),
        ..PageRequest::default()
    }
}
