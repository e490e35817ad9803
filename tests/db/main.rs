//! What the database layer promises, on SQLite and on PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test program may stop at the first surprise"
)]

#[path = "../support/db.rs"]
mod testdb;

mod account_changes;
mod errors;
mod events;
mod fingerprint;
mod former_links;
mod inbox;
mod kill;
mod migrations;
mod overtaking;
mod plans;
mod reads;
mod rows;
mod scarce;
mod schema;
mod search;
mod statistics;
mod upgrade;
mod writer;
