//! What an admin, an operator or the application may do, as functions over a context, who acts and
//! what they want. The API, the portal, the operator's pages and the command line call the same
//! ones, so that a rule stands once and every surface writes down who did it.
//!
//! What this module must not do: read requests or write answers.

pub mod accounts;
pub mod admins;
pub mod api_keys;
pub mod decisions;
pub mod deliveries;
pub mod directories;
pub mod endpoints;
pub mod error;
pub mod input;
pub mod organizations;
pub mod portal_links;

pub use error::OperationError;
