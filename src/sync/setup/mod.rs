//! The life of a directory as an admin drives it: create, check, complete, renew, sync now, disable
//! (product description §2).
//!
//! Invariants:
//! - A bad credential never replaces a good one: it is checked before it is stored (L-04).
//! - A directory that is disabled has no credential, no token and, for everybody who reads, no
//!   people left, and its accounts are as they were (L-08).
//! - What these functions answer has been committed.
//!
//! [`create`] makes a directory; [`credentials`] takes a key ([`stored_credentials`] keeps the key
//! in use, [`pending_credentials`] the one that waits for permissions); [`lifecycle`] completes,
//! syncs and ends. [`refusal`] says why something could not be done.

pub mod create;
pub mod credentials;
pub mod lifecycle;
pub mod pending_credentials;
pub mod refusal;
pub mod stored_credentials;

pub use crate::sync::setup::create::{NewDirectory, create_directory, webhook_url};
pub use crate::sync::setup::credentials::{check, set_credential};
pub use crate::sync::setup::lifecycle::{complete_setup, disable, request_sync};
pub use crate::sync::setup::refusal::SetupError;
pub use crate::sync::setup::stored_credentials::{Checked, KeyState};
