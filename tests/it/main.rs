//! The product as its users meet it: a real gateway over a real database, a real (sandbox) HR
//! system, a real mail server, and the public API. Time is moved by hand and work is drained by
//! hand, so nothing here waits; only `crash` has real clocks.
//!
//! Each behaviour is an `async fn` that takes a [`support::TestApp`] and is listed in
//! `behaviours!`, which runs it on SQLite and on PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

#[expect(dead_code, reason = "each test program uses its part of this")]
#[path = "../support/smtp.rs"]
mod smtp;
#[path = "../support/db.rs"]
mod testdb;

mod absence;
mod application;
mod audit;
mod binding;
mod browser;
mod budget;
mod certificates;
mod chromium;
mod clearing;
mod contract;
mod convergence;
mod crash;
mod dates;
mod decisions;
mod deliveries;
mod delivery_order;
mod dirty_records;
mod doubtful_keys;
mod doubtful_records;
mod endpoints;
mod evidence;
mod failure;
mod gathered;
mod groups;
mod hooks;
mod hr;
mod idempotency;
mod identity;
mod imports;
mod inactive;
mod keys;
mod ledger;
mod lifecycle;
mod linking;
mod managers;
mod neighbours;
mod openapi;
mod operator;
mod operator_access;
mod order;
mod other_company;
mod overtaking;
mod pieces;
mod polled;
mod portal;
mod portal_access;
mod portal_lists;
mod preview;
mod privacy;
mod questions;
mod receiver;
mod renamed;
mod reused;
mod root;
mod row_problems;
mod runs;
mod sandbox_pages;
mod scarce;
mod sdk;
mod shared;
mod silence;
mod standing;
mod starters;
mod support;
mod swaps;
mod sync;
mod systems;
mod text;
mod webhook_examples;
mod who;
mod workos;
mod workos_pages;
mod wrong_keys;
