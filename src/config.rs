//! Settings: what the operator decided, typed and checked before anything starts.
//!
//! Defaults (`config.example.toml`, compiled in) < `rollcall.toml` or `--config FILE` < environment
//! (`ROLLCALL__SECTION__KEY` and the customary `DATABASE_URL`). [`KEYS`] lists every setting.
//!
//! Invariants: a [`Settings`] has passed [`Settings::validate`]; unknown keys are errors, because a
//! setting with a typo would silently not count; every error names its key and how to mend it.
//!
//! This module must not show a secret, neither in `Debug` nor in an error, and nothing outside it
//! reads the environment.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Format as _, Toml};

use self::layers::{explain, read_environment, read_file};
use self::raw::Raw;

use crate::domain::provider::ProviderKind;
use crate::limits;
use crate::secret::{SealingKey, Secret};
use crate::text_enum;

mod layers;
mod raw;

/// Every setting with its default and a comment. Where the defaults come from.
pub const EXAMPLE: &str = include_str!("../config.example.toml");

/// The file that is read when no other is named and it exists.
pub const DEFAULT_FILE: &str = "rollcall.toml";

const DATABASE_KEY: &str = "database.url";

/// What the text of an environment variable has to be turned into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Any text; parsed further on.
    Text,
    /// A text that is never shown and may come from a file (`…_FILE`).
    Secret,
    /// A whole number.
    Count,
    /// A number between 0 and 1.
    Share,
    /// `true` or `false`.
    Switch,
}

/// Every setting by its dotted name.
pub const KEYS: &[(&str, KeyKind)] = &[
    (DATABASE_KEY, KeyKind::Secret),
    ("server.listen", KeyKind::Text),
    ("server.public_url", KeyKind::Text),
    ("server.metrics_listen", KeyKind::Text),
    ("server.stop_seconds", KeyKind::Count),
    ("secrets.master_key", KeyKind::Secret),
    ("providers.people_hr.base_url", KeyKind::Text),
    ("providers.people_hr.calls_per_minute", KeyKind::Count),
    ("providers.people_hr.shared_calls_per_minute", KeyKind::Count),
    ("providers.breathe_hr.base_url", KeyKind::Text),
    ("providers.breathe_hr.calls_per_minute", KeyKind::Count),
    ("providers.breathe_hr.shared_calls_per_minute", KeyKind::Count),
    ("providers.hrworks.base_url", KeyKind::Text),
    ("providers.hrworks.calls_per_minute", KeyKind::Count),
    ("providers.hrworks.shared_calls_per_minute", KeyKind::Count),
    ("sync.poll_seconds", KeyKind::Count),
    ("sync.guard_min_count", KeyKind::Count),
    ("sync.guard_share", KeyKind::Share),
    ("sync.guard_max_count", KeyKind::Count),
    ("smtp.url", KeyKind::Secret),
    ("smtp.from", KeyKind::Text),
    ("delivery.allow_private_targets", KeyKind::Switch),
    ("log.format", KeyKind::Text),
    ("log.level", KeyKind::Text),
];

/// A setting that cannot be used: which one, where it comes from, what is wrong, how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The dotted name of the setting, or the file or variable when it has none.
    pub key: String,
    /// The file or the environment variable that it was read from, when that is known.
    pub origin: Option<String>,
    /// What is wrong. Never the value of a secret.
    pub problem: String,
    /// What to do about it.
    pub mend: String,
}

impl ConfigError {
    fn new(key: &str, problem: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { key: key.to_owned(), origin: None, problem: problem.into(), mend: mend.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.key)?;
        if let Some(origin) = self.origin.as_ref().filter(|origin| **origin != self.key) {
            write!(f, " (from {origin})")?;
        }
        write!(f, ": {}; {}", self.problem, self.mend)
    }
}

impl std::error::Error for ConfigError {}

/// Where the data is. The scheme decides; anything else is refused, so that a typo creates no file.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL server: the whole URL, which may carry a password.
    Postgres(Secret),
}

impl DatabaseUrl {
    /// Reads `sqlite://FILE`, `postgres://…` or `postgresql://…`.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let mend = "write sqlite://FILE or postgres://USER:PASSWORD@HOST:PORT/NAME";
        let fail = |problem: String| Err(ConfigError::new(DATABASE_KEY, problem, mend));
        // Only the scheme is ever repeated: the rest may be a password.
        let Some((scheme, rest)) = text.split_once("://") else {
            return fail("there is no scheme such as sqlite:// in it".to_owned());
        };
        match scheme {
            "sqlite" if rest.is_empty() => fail("sqlite:// names no file".to_owned()),
            "sqlite" if rest.contains(":memory:") => {
                fail("a database in memory would be lost, and is another one per connection".into())
            }
            "sqlite" if rest.contains(['?', '#']) => {
                fail("sqlite:// takes a file name and no options".to_owned())
            }
            "sqlite" if rest.ends_with('/') => fail("sqlite:// names a folder".to_owned()),
            "sqlite" => Ok(Self::Sqlite(PathBuf::from(rest))),
            "postgres" | "postgresql" if rest.is_empty() => {
                fail(format!("{scheme}:// names no server"))
            }
            "postgres" | "postgresql" => Ok(Self::Postgres(Secret::new(text))),
            other if other.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+') => {
                fail(format!("{other:?} is no database that Rollcall works with"))
            }
            _ => fail("it does not begin with a scheme".to_owned()),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(_) => f.write_str("postgres://… (not shown)"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

text_enum! {
    /// How log lines are written.
    LogFormat {
        /// For people at a terminal.
        Human = "human",
        /// One JSON object a line, for machines.
        Json = "json",
    }
}

text_enum! {
    /// How much is logged.
    LogLevel {
        /// Nothing.
        Off = "off",
        /// What needs somebody.
        Error = "error",
        /// What may need somebody.
        Warn = "warn",
        /// What happened.
        Info = "info",
        /// Why it happened.
        Debug = "debug",
        /// Every step.
        Trace = "trace",
    }
}

/// Every setting, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `[database]`
    pub database: DatabaseSettings,
    /// `[server]`
    pub server: ServerSettings,
    /// `[secrets]`
    pub secrets: SecretsSettings,
    /// `[providers]`
    pub providers: ProvidersSettings,
    /// `[sync]`
    pub sync: SyncSettings,
    /// `[smtp]`
    pub smtp: SmtpSettings,
    /// `[delivery]`
    pub delivery: DeliverySettings,
    /// `[log]`
    pub log: LogSettings,
}

/// Where the data is.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// `DATABASE_URL`
    pub url: DatabaseUrl,
}

/// Where Rollcall listens and how it is reached.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// The address of the listener.
    pub listen: SocketAddr,
    /// What webhook URLs and links begin with; http or https, without a slash at the end.
    pub public_url: String,
    /// A listener of its own for `/metrics`; unset, the main one serves it.
    pub metrics_listen: Option<SocketAddr>,
    /// How long a stop may take in all, in seconds.
    pub stop_seconds: u32,
}

/// Keys that protect what is stored.
#[derive(Debug, Clone)]
pub struct SecretsSettings {
    /// Seals the data keys. Always set with PostgreSQL; unset with SQLite means the key file beside
    /// the database.
    pub master_key: Option<SealingKey>,
}

/// One entry per HR system.
#[derive(Debug, Clone)]
pub struct ProvidersSettings {
    /// `[providers.people_hr]`
    pub people_hr: ProviderSettings,
    /// `[providers.breathe_hr]`
    pub breathe_hr: ProviderSettings,
    /// `[providers.hrworks]`
    pub hrworks: ProviderSettings,
}

/// Where an HR system is and how often it may be asked.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// Without a slash at the end. Unset only for Breathe HR: the API key tells the host.
    pub base_url: Option<String>,
    /// Calls of one directory in any 60 seconds.
    pub calls_per_minute: u32,
    /// Calls of all its directories in any 60 seconds; unset, it is learned (S-44).
    pub shared_calls_per_minute: Option<u32>,
}

/// How syncs run when a directory does not say otherwise.
#[derive(Debug, Clone)]
pub struct SyncSettings {
    /// Seconds between two full runs.
    pub poll_seconds: u32,
    /// Ends of access within an hour that flow, up to half of a directory (S-32).
    pub guard_min_count: u32,
    /// Share of the active accounts whose access may end within an hour (S-32), 0 to 1.
    pub guard_share: f64,
    /// The most ends of access that the share lets through (S-32).
    pub guard_max_count: u32,
}

/// How mail leaves.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// The mail server with its credentials; unset, no mail is sent.
    pub url: Option<Secret>,
    /// The sender; always set when `url` is.
    pub from: Option<String>,
}

/// How webhooks leave.
#[derive(Debug, Clone)]
pub struct DeliverySettings {
    /// Whether targets may be http or in private networks.
    pub allow_private_targets: bool,
}

/// What is logged and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// Unset: human on a terminal, else JSON.
    pub format: Option<LogFormat>,
    /// The least severe level that is written.
    pub level: LogLevel,
}

/// The environment as a list: the one place that reads it. Variables that are not text are left
/// out; none of ours can be one.
pub fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

impl Settings {
    /// Reads defaults, file and environment, in this order, and checks the result. Without a named
    /// file `rollcall.toml` is read if there is one.
    pub fn load(config_file: Option<&Path>, env: &[(String, String)]) -> Result<Self, ConfigError> {
        let default_file = Path::new(DEFAULT_FILE);
        let file = config_file.or_else(|| default_file.is_file().then_some(default_file));
        let mut figment = Figment::from(Toml::string(EXAMPLE));
        if let Some(path) = file {
            figment = figment.merge(Toml::string(&read_file(path)?));
        }
        let variables = read_environment(env)?;
        for variable in &variables {
            figment = variable.merge_into(figment)?;
        }
        let settings = figment
            .extract::<Raw>()
            .map_err(|error| explain(&error))
            .and_then(Raw::into_settings)
            .and_then(|settings| settings.validate().map(|()| settings));
        settings.map_err(|mut error| {
            let variable = variables.iter().find(|variable| variable.key == error.key);
            let file_name = || file.map(|path| path.display().to_string());
            error.origin = variable.map(|variable| variable.name.clone()).or_else(file_name);
            error
        })
    }

    /// Checks what concerns ranges and more than one setting.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let fail = |key: &str, problem: &str, mend: &str| {
            Err::<(), _>(ConfigError::new(key, problem, mend))
        };
        if matches!(self.database.url, DatabaseUrl::Postgres(_))
            && self.secrets.master_key.is_none()
        {
            return fail(
                "secrets.master_key",
                "it is not set, but with PostgreSQL every replica needs the same one",
                "set ROLLCALL__SECRETS__MASTER_KEY or ROLLCALL__SECRETS__MASTER_KEY_FILE, for \
                 example to the output of `openssl rand -base64 32`",
            );
        }
        let (least, most) = (limits::STOP_SECONDS_MIN, limits::STOP_SECONDS_MAX);
        if !(least..=most).contains(&self.server.stop_seconds) {
            return fail(
                "server.stop_seconds",
                &format!("{} is out of range", self.server.stop_seconds),
                &format!("give {least} to {most}"),
            );
        }
        if !(60..=604_800).contains(&self.sync.poll_seconds) {
            return fail(
                "sync.poll_seconds",
                &format!("{} is out of range", self.sync.poll_seconds),
                "give 60 (a minute) to 604800 (a week)",
            );
        }
        if !(0.0..=1.0).contains(&self.sync.guard_share) {
            return fail(
                "sync.guard_share",
                &format!("{} is out of range", self.sync.guard_share),
                "give a share from 0 to 1, such as 0.10 for 10 %",
            );
        }
        for (name, provider) in self.providers.named() {
            let calls_min = limits::CALLS_PER_MINUTE_MIN;
            let shared = provider.shared_calls_per_minute;
            for (key, calls) in
                [("calls_per_minute", Some(provider.calls_per_minute)), (SHARED, shared)]
            {
                if let Some(calls) = calls.filter(|calls| *calls < calls_min) {
                    let key = format!("providers.{name}.{key}");
                    let problem = format!(
                        "{calls} is too few: a list of people and the questions about those who \
                         are missing in it would never come to an end"
                    );
                    let mend = format!("give at least {calls_min}, the smallest that works");
                    return fail(&key, &problem, &mend);
                }
            }
        }
        if self.smtp.url.is_some() && self.smtp.from.is_none() {
            return fail(
                "smtp.from",
                "it is not set, but smtp.url is",
                "set the sender, such as \"Rollcall <rollcall@example.com>\"",
            );
        }
        Ok(())
    }

    /// The settings in force, by name, in the order of [`KEYS`]; secrets are not shown.
    pub fn effective(&self) -> Vec<(String, String)> {
        let secret = |set: bool| if set { "(set, not shown)" } else { UNSET }.to_owned();
        let mut rows = vec![
            (DATABASE_KEY.to_owned(), self.database.url.to_string()),
            ("server.listen".to_owned(), self.server.listen.to_string()),
            ("server.public_url".to_owned(), self.server.public_url.clone()),
            ("server.metrics_listen".to_owned(), shown(self.server.metrics_listen.as_ref())),
            ("server.stop_seconds".to_owned(), self.server.stop_seconds.to_string()),
            ("secrets.master_key".to_owned(), secret(self.secrets.master_key.is_some())),
        ];
        for (name, provider) in self.providers.named() {
            let shared = shown(provider.shared_calls_per_minute.as_ref());
            rows.extend([
                (format!("providers.{name}.base_url"), shown(provider.base_url.as_ref())),
                (
                    format!("providers.{name}.calls_per_minute"),
                    provider.calls_per_minute.to_string(),
                ),
                (format!("providers.{name}.{SHARED}"), shared),
            ]);
        }
        let allow_private_targets = self.delivery.allow_private_targets.to_string();
        rows.extend([
            ("sync.poll_seconds".to_owned(), self.sync.poll_seconds.to_string()),
            ("sync.guard_min_count".to_owned(), self.sync.guard_min_count.to_string()),
            ("sync.guard_share".to_owned(), self.sync.guard_share.to_string()),
            ("sync.guard_max_count".to_owned(), self.sync.guard_max_count.to_string()),
            ("smtp.url".to_owned(), secret(self.smtp.url.is_some())),
            ("smtp.from".to_owned(), shown(self.smtp.from.as_ref())),
            ("delivery.allow_private_targets".to_owned(), allow_private_targets),
            ("log.format".to_owned(), shown(self.log.format.as_ref())),
            ("log.level".to_owned(), self.log.level.to_string()),
        ]);
        rows
    }
}

const SHARED: &str = "shared_calls_per_minute";
const UNSET: &str = "(unset)";

fn shown<T: fmt::Display>(value: Option<&T>) -> String {
    value.map_or_else(|| UNSET.to_owned(), ToString::to_string)
}

impl ProvidersSettings {
    fn named(&self) -> impl Iterator<Item = (&'static str, &ProviderSettings)> {
        ProviderKind::ALL.iter().map(|kind| (kind.as_str(), self.of(*kind)))
    }

    /// Those of one HR system.
    #[must_use]
    pub const fn of(&self, provider: ProviderKind) -> &ProviderSettings {
        match provider {
            ProviderKind::PeopleHr => &self.people_hr,
            ProviderKind::BreatheHr => &self.breathe_hr,
            ProviderKind::Hrworks => &self.hrworks,
        }
    }
}

#[cfg(test)]
mod tests;
