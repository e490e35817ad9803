//! Telling the application of events: signed webhooks to its endpoints.
//!
//! Read [`sign`] for how a delivery proves where it comes from, [`address`] and [`target`] for
//! where a delivery may go and how it gets there.
//!
//! Invariants:
//! - Nothing is connected to that was not vetted by its address in the same breath.
//! - A secret, a URL and a body are never logged and are in no error.
//!
//! What this module must not do: decide what is an event, or know HTTP requests to Rollcall.

pub mod address;
pub mod sign;
pub mod target;
