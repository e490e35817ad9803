//! What all of the operator's pages have in common.

use askama::Template;

use crate::texts::Text;
use crate::web::http::error::Problem;
use crate::web::operator::session::Operator;
use crate::web::pages::assets::{ASSETS, Assets};

pub use crate::web::pages::page::{Pager, html, ok, request, see_other, text};

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
    /// What the key is called that opened it.
    pub key_name: String,
    /// What forms carry.
    pub csrf: String,
    /// Which part it is: `overview`, `organizations`, `directories`, `endpoints`, or none of them.
    pub at: &'static str,
}

impl Frame {
    /// A page of an operator, in one of the parts that the head names.
    pub fn at(operator: &Operator, title: Text, at: &'static str) -> Self {
        let visit = Visit { key_name: operator.key.name.clone(), csrf: operator.csrf.clone(), at };
        Self { title, assets: &ASSETS, visit: Some(visit) }
    }

    /// A page of nobody we know.
    pub fn outside(title: Text) -> Self {
        Self { title, assets: &ASSETS, visit: None }
    }
}

/// What a part of a page is recognized by, so that it is sent again only when it differs.
pub fn mark(part: &impl Template) -> Result<String, Problem> {
    Ok(blake3::hash(text(part)?.as_bytes()).to_hex().chars().take(16).collect())
}
