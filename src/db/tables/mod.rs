//! One file per table: its rows and its queries, and nothing else.
//!
//! What this module must not do: decide anything, or begin a transaction.

pub mod account_changes;
pub mod account_problems;
pub mod accounts;
pub mod actions;
pub mod admins;
pub mod api_keys;
pub mod budget;
pub mod catalogue;
pub mod clock_belief;
pub mod data_keys;
pub mod deactivations;
pub mod deliveries;
pub mod directories;
pub mod directory_users;
pub mod endpoint_secrets;
pub mod endpoints;
pub mod events;
pub mod former_links;
pub mod groups;
pub mod hold_items;
pub mod holds;
pub mod idempotent_answers;
pub mod inbox;
pub mod links;
pub mod mails;
pub mod missing_people;
pub mod notices;
pub mod operator_sessions;
pub mod organizations;
pub mod overtaking;
pub mod portal_links;
pub mod portal_sessions;
pub mod row_problems;
pub mod runs;
pub mod waiting_credentials;
