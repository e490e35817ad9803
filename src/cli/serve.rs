//! `rollcall serve`: the gateway, until it is told to stop.
//!
//! On a new SQLite file the first API key is made and shown once, on standard output; everything
//! else goes to standard error.

use crate::app::{AppError, Running, Surroundings, Work};
use crate::config::{DatabaseUrl, Settings};
use crate::telemetry;

use super::{Context, in_runtime};

/// Takes no arguments of its own; everything is a setting.
#[derive(Debug, clap::Args)]
pub struct Serve {}

impl Serve {
    /// Runs until SIGINT or SIGTERM.
    pub fn run(&self, context: &mut Context<'_>) -> u8 {
        let settings = match context.settings() {
            Ok(settings) => settings,
            Err(code) => return code,
        };
        telemetry::init(&settings.log);
        match in_runtime(serve(&settings, context)) {
            Ok(()) => 0,
            Err(error) => context.fail(&error),
        }
    }
}

async fn serve(settings: &Settings, context: &mut Context<'_>) -> Result<(), AppError> {
    let running = Running::start(settings, Surroundings::default(), Work::BySelf).await?;
    let is_sqlite = matches!(settings.database.url, DatabaseUrl::Sqlite(_));
    if is_sqlite && let Some(key) = running.store.first_api_key().await? {
        context.say("This is a new database. Here is its first API key; it is shown only now:");
        context.answer(key.reveal());
        context.say("Make more with `rollcall keys create --name NAME`.");
        context.say(&format!(
            "A customer's HR admin gets into the portal, {}/portal, by a link that the application \
             asks for: POST /api/v1/organizations/ID/portal_links.",
            running.context.public_url
        ));
    }
    context.say(&format!(
        "Rollcall {} listens on http://{} and is reached at {} (database: {})",
        env!("CARGO_PKG_VERSION"),
        running.address,
        running.context.public_url,
        settings.database.url
    ));
    stop_signal().await;
    context.say("Stopping: no new requests; work in progress is finished.");
    running.stop().await;
    Ok(())
}

/// Waits for SIGINT (Ctrl-C) or SIGTERM.
pub(super) async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
