//! What all pages have in common.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use askama::Template;

use crate::db::directories::Directory;
use crate::db::page::Page;
use crate::db::{Conn, DbError, directories};
use crate::domain::ids::{DirectoryId, OrganizationId};
use crate::web::answer::Answer;
use crate::web::error::Problem;
use crate::web::portal::assets::{ASSETS, Assets};
use crate::web::portal::session::Visitor;

/// What stands around a page's contents.
pub struct Frame {
    /// The page's title.
    pub title: String,
    /// Where its files are.
    pub assets: &'static Assets,
    /// Who sees it; nobody on the way in.
    pub visit: Option<Visit>,
}

/// What the head of a page says of the visit.
pub struct Visit {
    /// The organization's name.
    pub organization: String,
    /// What forms carry.
    pub csrf: String,
    /// Where "back to the application" leads.
    pub return_url: Option<String>,
    /// Which part of the portal it is: `overview`, `changes`, `who`, `notices`, or none of them.
    pub at: &'static str,
}

impl Frame {
    /// A page of a visitor.
    pub fn of(visitor: &Visitor, title: impl Into<String>) -> Self {
        Self::at(visitor, title, "")
    }

    /// A page of a visitor, in one of the parts that the head names.
    pub fn at(visitor: &Visitor, title: impl Into<String>, at: &'static str) -> Self {
        let visit = Visit {
            organization: visitor.organization.name.clone(),
            csrf: visitor.csrf.clone(),
            return_url: web_address(visitor.session.return_url.as_deref()),
            at,
        };
        Self { title: title.into(), assets: &ASSETS, visit: Some(visit) }
    }

    /// A page of nobody we know.
    pub fn outside(title: impl Into<String>) -> Self {
        Self { title: title.into(), assets: &ASSETS, visit: None }
    }
}

/// An address that a link may lead to.
#[must_use]
pub fn web_address(url: Option<&str>) -> Option<String> {
    let url = url::Url::parse(url?).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.to_string())
}

/// Where somebody goes on.
pub struct Link {
    /// The address.
    pub href: String,
    /// The words.
    pub label: String,
}

/// A page with nothing but words.
#[derive(Template)]
#[template(path = "portal/message.html")]
pub struct Message {
    /// What stands around it.
    pub frame: Frame,
    /// The words.
    pub paragraphs: Vec<String>,
    /// Where one goes on.
    pub link: Option<Link>,
    /// The request, when something went wrong.
    pub request_id: Option<String>,
}

/// A page, or a part of one, as text.
pub fn text(page: &impl Template) -> Result<String, Problem> {
    page.render().map_err(|error| Problem::Internal(error.to_string()))
}

/// An answer with a page.
pub fn html(status: StatusCode, page: &impl Template) -> Answer {
    let body = text(page)?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(body))
}

/// 200 with a page.
pub fn ok(page: &impl Template) -> Answer {
    html(StatusCode::OK, page)
}

/// After a form: the page that shows what became of it.
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}

/// The address of a directory's page.
#[must_use]
pub fn directory_path(id: &DirectoryId) -> String {
    format!("/portal/directories/{id}")
}

/// A directory of this organization; another's is not found.
pub fn own_directory(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: &DirectoryId,
) -> Result<Directory, Problem> {
    let found = directories::find(conn, id)?;
    let own = found.filter(|directory| directory.organization_id == *organization);
    own.ok_or_else(|| Problem::of_lookup(DbError::NotFound, "Connection", id))
}

/// Links to the neighbours of a page of a list.
pub struct Pager {
    /// Where the items before these are.
    pub newer: Option<String>,
    /// Where the items after these are.
    pub older: Option<String>,
    /// What leads back.
    pub newer_word: &'static str,
    /// What leads on.
    pub older_word: &'static str,
}

impl Pager {
    /// For a list at `path` with these parameters besides the cursor.
    pub fn of<T>(
        page: &Page<T>,
        path: &str,
        params: &[(&str, &str)],
        words: [&'static str; 2],
    ) -> Self {
        let link = |name: &str, id: &Option<String>| {
            let id = id.as_deref()?;
            let all = params.iter().copied().filter(|(_, value)| !value.is_empty());
            let query = serde_urlencoded::to_string(all.chain([(name, id)]).collect::<Vec<_>>());
            Some(format!("{path}?{}", query.unwrap_or_default()))
        };
        Self {
            newer: link("before", &page.before),
            older: link("after", &page.after),
            newer_word: words.first().copied().unwrap_or_default(),
            older_word: words.last().copied().unwrap_or_default(),
        }
    }
}
