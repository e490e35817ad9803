//! Logs: one subscriber for the process, to standard error.
//!
//! Human lines on a terminal, else one JSON object a line, unless the settings say which. The level
//! of the settings counts for Rollcall itself; other crates write warnings and errors only, because
//! their finer levels repeat URLs and bodies, which hold personal data and tokens.
//!
//! Standard output belongs to the commands (`keys create` prints a key and nothing else), so logs
//! never go there. This module must not decide what is logged; `docs/LOGGING.md` has the rules.

use std::io::IsTerminal as _;

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{LogFormat, LogLevel, LogSettings};

/// Starts logging. Later calls change nothing and answer `false`, so that tests may all call it.
pub fn init(settings: &LogSettings) -> bool {
    let format = chosen_format(settings.format, std::io::stderr().is_terminal());
    let layer = match format {
        LogFormat::Human => fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .boxed(),
        LogFormat::Json => {
            fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed()
        }
    };
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(filter(settings.level)));
    subscriber.try_init().is_ok()
}

fn chosen_format(wanted: Option<LogFormat>, terminal: bool) -> LogFormat {
    wanted.unwrap_or(if terminal { LogFormat::Human } else { LogFormat::Json })
}

fn filter(level: LogLevel) -> Targets {
    let own = match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    Targets::new()
        .with_default(own.min(LevelFilter::WARN))
        .with_target("rollcall", own)
        // It writes an error for every request that it cannot read, so that strangers could fill
        // the log (O-08). What it has to say about us we say ourselves.
        .with_target("actix_http", LevelFilter::OFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn a_terminal_gets_human_lines_unless_the_settings_say_json() {
        assert_eq!(chosen_format(None, true), LogFormat::Human);
        assert_eq!(chosen_format(None, false), LogFormat::Json);
        assert_eq!(chosen_format(Some(LogFormat::Json), true), LogFormat::Json);
        assert_eq!(chosen_format(Some(LogFormat::Human), false), LogFormat::Human);
    }

    #[test]
    fn other_crates_never_write_more_than_warnings() {
        let trace = filter(LogLevel::Trace);
        assert!(trace.would_enable("rollcall::sync", &Level::TRACE));
        assert!(trace.would_enable("hyper", &Level::WARN));
        assert!(!trace.would_enable("hyper", &Level::INFO));
        let error = filter(LogLevel::Error);
        assert!(!error.would_enable("rollcall", &Level::WARN));
        assert!(!error.would_enable("hyper", &Level::WARN));
        assert!(!filter(LogLevel::Off).would_enable("hyper", &Level::ERROR));
        // Strangers write no lines.
        assert!(!trace.would_enable("actix_http::h1::dispatcher", &Level::ERROR));
        assert!(trace.would_enable("actix_server::accept", &Level::ERROR));
    }

    #[test]
    fn starting_twice_is_harmless() {
        let settings = LogSettings { format: Some(LogFormat::Json), level: LogLevel::Off };
        init(&settings);
        assert!(!init(&settings));
    }
}
