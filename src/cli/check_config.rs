//! `rollcall check-config`: are the settings fine, and which are in force?
//!
//! Reads settings and nothing else: it opens no database and no connection.

use super::Context;
use crate::app;

/// Takes no arguments of its own.
#[derive(Debug, clap::Args)]
pub struct CheckConfig {}

impl CheckConfig {
    /// Prints the effective settings without secrets, or what is wrong.
    pub fn run(&self, context: &mut Context<'_>) -> u8 {
        match context.settings() {
            Ok(settings) => {
                if let Err(error) = app::check(&settings) {
                    context.say(&format!("error: {error}"));
                    return 2;
                }
                let rows = settings.effective();
                let lines: Vec<String> =
                    rows.iter().map(|(key, value)| format!("{key:<44} {value}")).collect();
                let text = format!("configuration is fine\n\n{}", lines.join("\n"));
                u8::from(writeln!(context.out, "{text}").is_err())
            }
            Err(code) => code,
        }
    }
}
