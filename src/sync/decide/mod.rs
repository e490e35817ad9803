//! DECIDE: what follows from what was observed and what is stored. Pure.
//!
//! ```text
//! observed_record ─┐
//! snapshot ────────┴─> person ─> types (the plan) ─> row_builder (the rows that it makes)
//! ```
//!
//! [`person`] is the same for a webhook, a full sync, a preview and a date that has come. The
//! others answer one question each: whose account it is ([`ownership`]), whether a number is
//! somebody else's ([`reused_numbers`]), who has another key ([`key_changes`]), who swaps e-mails
//! ([`email_swaps`]), which text is damaged ([`damaged`]), what admins have said ([`verdict`]),
//! whether access ends ([`losses`]).
//!
//! What this module must not do: read the database, the clock or the network.

pub mod batch;
pub mod damaged;
pub mod email_swaps;
pub mod key_changes;
pub mod losses;
pub mod observed_record;
pub mod ownership;
pub mod person;
pub mod reused_numbers;
pub mod row_builder;
pub mod snapshot;
pub mod types;
pub mod verdict;
