//! `rollcall openapi`: what the API is, for generators and for `docs/openapi.json`.
//!
//! Reads no settings and opens no connection.

use super::Context;
use crate::web;

/// Takes no arguments of its own.
#[derive(Debug, clap::Args)]
pub struct PrintOpenapi {}

impl PrintOpenapi {
    /// Prints the description as JSON, the same as `/openapi.json`.
    pub fn run(&self, context: &mut Context<'_>) -> u8 {
        match web::openapi::description().to_pretty_json() {
            Ok(text) => {
                context.answer(&text);
                0
            }
            Err(error) => context.fail(&error),
        }
    }
}
