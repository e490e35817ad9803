//! Lists and numbers for people, which join several tables: what the API, the portal and the
//! operator's pages show.
//!
//! What this module must not do: write, or show what belongs to a directory that is being cleared.

pub mod directory;
pub mod operator;
pub mod portal;
