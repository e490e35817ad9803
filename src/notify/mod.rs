//! Tells the admins by mail (S-41, S-43).
//!
//! [`mail`] turns a notice into a message, [`smtp`] hands it to a mail server, [`outbox`] sends
//! what waits in the database until it is taken or given up. The words of a notice are rules and
//! live in [`crate::domain::notice`]; when a failed mail is tried again is decided by
//! [`crate::domain::retry`].
//!
//! Invariants:
//! - No address, name or text of a mail is logged or put into an error.
//! - A mail that is tried again is the same message with the same Message-ID.
//!
//! What this module must not do: decide who is told or write notices (`sync::failure` does).

pub mod mail;
pub mod outbox;
pub mod smtp;
