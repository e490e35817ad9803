//! A full sync: reads everybody, decides who changed, applies them in pieces (S-30, S-46).
//!
//! ```text
//! run ─> read ─> staging (each record: as last time, or to be planned) ─> everybody
//!  └──> pieces (each a transaction) ─> decide ─> apply
//! ```
//!
//! What was read goes forward as a value; nothing that [`mod@run`] calls calls it back. Whom the
//! list does not name is [`absence`]; whoever is asked about by themselves is [`questions`] and
//! [`unconfirmed`]. A [`preview`] goes the same way, looks ahead ([`look_ahead`]) and writes
//! nothing. [`company`] stops a run that reads another company's people (L-10).

pub mod absence;
pub mod bad_rows;
pub mod company;
pub mod doubles;
pub mod everybody;
pub mod list;
pub mod look_ahead;
pub mod namesakes;
pub mod pieces;
pub mod preview;
pub mod questions;
pub mod read;
pub mod run;
pub mod second_look;
pub mod staging;
pub mod stored;
pub mod unconfirmed;

pub use crate::sync::full::run::*;
