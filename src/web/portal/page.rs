//! What all pages of the portal have in common.

use askama::Template;

use crate::db::directories::Directory;
use crate::db::{Conn, DbError, directories};
use crate::domain::ids::{DirectoryId, OrganizationId};
use crate::texts::Text;
use crate::texts::filters;
use crate::web::http::error::Problem;
use crate::web::pages::assets::{ASSETS, Assets};
use crate::web::portal::session::Visitor;

pub use crate::web::pages::page::{Link, Pager, html, link, ok, request, see_other, text};

/// What stands around a page's contents.
pub struct Frame {
    /// The page's title.
    pub title: Text,
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
    pub fn of(visitor: &Visitor, title: Text) -> Self {
        Self::at(visitor, title, "")
    }

    /// A page of a visitor, in one of the parts that the head names.
    pub fn at(visitor: &Visitor, title: Text, at: &'static str) -> Self {
        let visit = Visit {
            organization: visitor.organization.name.clone(),
            csrf: visitor.csrf.clone(),
            return_url: web_address(visitor.session.return_url.as_deref()),
            at,
        };
        Self { title, assets: &ASSETS, visit: Some(visit) }
    }

    /// A page of nobody we know.
    pub fn outside(title: Text) -> Self {
        Self { title, assets: &ASSETS, visit: None }
    }
}

/// An address that a link may lead to.
#[must_use]
pub fn web_address(url: Option<&str>) -> Option<String> {
    let url = url::Url::parse(url?).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.to_string())
}

/// A page with nothing but words.
#[derive(Template)]
#[template(path = "portal/message.html")]
pub struct Message {
    /// What stands around it.
    pub frame: Frame,
    /// The words.
    pub paragraphs: Vec<Text>,
    /// Where one goes on.
    pub link: Option<Link>,
    /// The request, when something went wrong.
    pub request_id: Option<String>,
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
