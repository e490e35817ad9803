//! What all requests have in common: the state they share, how bodies and parameters are read, how
//! answers and failures are written, who may call, and what is done once only.
//!
//! Read [`members`], [`body`] and [`query`] for the way in, [`response`] and [`error`] for the way
//! out, and [`middleware`] for what is around both.
//!
//! What this module must not do: know a resource or a page.

pub mod auth;
pub mod body;
pub mod crowd;
pub mod error;
pub mod health;
pub mod hook_turns;
pub mod idempotency;
pub mod members;
pub mod middleware;
pub mod page_headers;
pub mod query;
pub mod response;
pub mod schema;
pub mod sign_in_throttle;
pub mod state;
