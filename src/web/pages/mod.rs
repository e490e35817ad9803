//! What the pages for people have in common, whoever they are for: the portal
//! ([`crate::web::portal`]) and the operator's pages ([`crate::web::operator`]).
//!
//! Read [`session`] for cookies, [`form`] for what a form has to prove,
//! [`crate::web::http::page_headers`] for what a browser may do with a page.
//!
//! What this module must not do: know who the visitor is or what a page is about.

pub mod assets;
pub mod form;
pub mod page;
pub mod session;
pub mod when;
