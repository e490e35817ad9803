//! Rollcall keeps the user accounts of an application in step with its customers' HR systems.
//!
//! Read the modules in the order in which a change travels:
//!
//! 1. [`web`] takes a webhook and stores a hint, or takes a request of the API.
//! 2. [`tasks`] wake up and claim work; they decide when, never what.
//! 3. [`providers`] ask an HR system and bring its answer to one normal form.
//! 4. [`sync`] decides and applies: the one path on which a person changes.
//! 5. [`db`] makes it durable; [`domain`] holds the rules, pure; [`wire`] is what is sent of it.
//! 6. [`notify`] tells the admins, [`delivery`] the application.
//! 7. [`operations`] are what admins, operators and the application may do.
//! 8. [`texts`] is what people read, in their language.
//!
//! `docs/ARCHITECTURE.md` tells the same at length. The import rules between the modules are kept
//! by `tests/tidy.rs`.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod delivery;
pub mod domain;
pub mod limits;
pub mod notify;
pub mod operations;
pub mod providers;
pub mod sandbox;
pub mod secret;
pub mod sync;
pub mod tasks;
pub mod telemetry;
pub mod texts;
pub mod web;
pub mod wire;
