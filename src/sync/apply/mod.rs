//! APPLY: loads what a decision looks at, and writes what was decided, in one transaction.
//!
//! ```text
//! load_snapshot ─> guard (counts before access ends) ─> decide ─> write ─> groups, findings, audit
//! ```
//!
//! What this module must not do: decide, or talk to the network.

pub mod access;
pub mod accounts;
pub mod audit;
pub mod findings;
pub mod former_links;
pub mod groups;
pub mod guard;
pub mod load_snapshot;
pub mod number_questions;
pub mod question;
pub mod write;

pub use crate::sync::apply::write::*;
