//! Live looks: a webhook named somebody, so they are looked at and applied (S-01, S-03).
//!
//! One step claims the waiting hints of one directory, asks the HR system about each person (no
//! transaction is open meanwhile), and applies each answer in a transaction of its own. More people
//! than a minute's calls can look at become one full sync instead: two calls bring everybody.
//! Looks that hang keep nobody else waiting: each is on its own, and an organization has a bounded
//! number of them under way (S-46).
//!
//! Invariants:
//! - A hint is settled in the transaction that applies what was learned, or it waits again (S-42).
//! - The first hint for a person is looked at at once; those that come meanwhile are one more look.
//! - A "gone" answer removes nobody here; it queues a full sync (S-31). Of a starter whom nobody
//!   has seen yet it only means "not yet" (S-03).
//! - One person who cannot be read delays nobody else ([`crate::sync::live::unanswered`]).
//! - A known key under another number, and a new id with the e-mail of somebody whose id may have
//!   changed, are not believed here; they queue a full sync (S-21).
//!
//! ```text
//! claim ─> look (ask, apply what was found) ─> settle (what becomes of the hint)
//! ```
//!
//! [`starters`] and [`unanswered`] say when somebody is asked about again.

pub mod claim;
pub mod look;
pub mod settle;
pub mod starters;
pub mod unanswered;

pub use crate::sync::live::claim::{Claimed, claim_next};
pub use crate::sync::live::look::{look_at, step};
