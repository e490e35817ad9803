//! `rollcall migrate`: brings the database up to this version, and says what was done.

use crate::app::place;
use crate::db::migrate;

use super::Context;

/// Takes no arguments of its own.
#[derive(Debug, clap::Args)]
pub struct Migrate {}

impl Migrate {
    /// Runs the migrations that are missing.
    pub fn run(&self, context: &mut Context<'_>) -> u8 {
        let settings = match context.settings() {
            Ok(settings) => settings,
            Err(code) => return code,
        };
        match migrate::run(&place(&settings.database.url)) {
            Ok(ran) if ran.is_empty() => context.answer("the database is up to date"),
            Ok(ran) => {
                for name in ran {
                    context.answer(&format!("ran {name}"));
                }
            }
            Err(error) => return context.fail(&error),
        }
        0
    }
}
