//! From the types of TOML to the types of [`Settings`]: each value on its own, by its key.
//!
//! What concerns ranges and more than one setting is in [`Settings::validate`].

use std::net::SocketAddr;

use serde::Deserialize;

use super::{
    ConfigError, DatabaseSettings, DatabaseUrl, DeliverySettings, LogFormat, LogLevel, LogSettings,
    ProviderSettings, ProvidersSettings, SecretsSettings, ServerSettings, Settings, SmtpSettings,
    SyncSettings,
};
use crate::secret::{SealingKey, Secret};

/// The settings as they are written: only the types of TOML.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    database: RawDatabase,
    server: RawServer,
    secrets: RawSecrets,
    providers: RawProviders,
    sync: RawSync,
    smtp: RawSmtp,
    delivery: RawDelivery,
    log: RawLog,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDatabase {
    url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawServer {
    listen: String,
    public_url: String,
    metrics_listen: Option<String>,
    stop_seconds: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSecrets {
    master_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProviders {
    people_hr: RawProvider,
    breathe_hr: RawProvider,
    hrworks: RawProvider,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProvider {
    base_url: Option<String>,
    calls_per_minute: u32,
    shared_calls_per_minute: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSync {
    poll_seconds: u32,
    guard_min_count: u32,
    guard_share: f64,
    guard_max_count: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSmtp {
    url: Option<String>,
    from: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDelivery {
    allow_private_targets: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLog {
    format: Option<String>,
    level: String,
}

impl Raw {
    pub(super) fn into_settings(self) -> Result<Settings, ConfigError> {
        let master_key = self.secrets.master_key.filter(|text| !text.is_empty()).map(Secret::new);
        let smtp_url = self.smtp.url.filter(|text| !text.is_empty()).map(Secret::new);
        Ok(Settings {
            database: DatabaseSettings { url: DatabaseUrl::parse(&self.database.url)? },
            server: ServerSettings {
                listen: address("server.listen", &self.server.listen)?,
                public_url: web_url("server.public_url", &self.server.public_url)?,
                metrics_listen: self
                    .server
                    .metrics_listen
                    .map(|text| address("server.metrics_listen", &text))
                    .transpose()?,
                stop_seconds: self.server.stop_seconds,
            },
            secrets: SecretsSettings {
                master_key: master_key.map(|secret| sealing_key(&secret)).transpose()?,
            },
            providers: ProvidersSettings {
                people_hr: self.providers.people_hr.into_settings("people_hr")?,
                breathe_hr: self.providers.breathe_hr.into_settings("breathe_hr")?,
                hrworks: self.providers.hrworks.into_settings("hrworks")?,
            },
            sync: SyncSettings {
                poll_seconds: self.sync.poll_seconds,
                guard_min_count: self.sync.guard_min_count,
                guard_share: self.sync.guard_share,
                guard_max_count: self.sync.guard_max_count,
            },
            smtp: SmtpSettings {
                url: smtp_url.map(check_smtp_url).transpose()?,
                from: self.smtp.from.map(check_sender).transpose()?,
            },
            delivery: DeliverySettings {
                allow_private_targets: self.delivery.allow_private_targets,
            },
            log: LogSettings {
                format: self
                    .log
                    .format
                    .map(|text| word("log.format", &text, LogFormat::parse, "human or json"))
                    .transpose()?,
                level: word("log.level", &self.log.level, LogLevel::parse, LEVELS)?,
            },
        })
    }
}

const LEVELS: &str = "off, error, warn, info, debug or trace";

impl RawProvider {
    fn into_settings(self, name: &str) -> Result<ProviderSettings, ConfigError> {
        let key = format!("providers.{name}.base_url");
        Ok(ProviderSettings {
            base_url: self.base_url.map(|text| web_url(&key, &text)).transpose()?,
            calls_per_minute: self.calls_per_minute,
            shared_calls_per_minute: self.shared_calls_per_minute,
        })
    }
}

fn word<T>(
    key: &str,
    text: &str,
    parse: impl Fn(&str) -> Option<T>,
    words: &str,
) -> Result<T, ConfigError> {
    parse(text).ok_or_else(|| {
        ConfigError::new(key, format!("{text:?} cannot be used"), format!("give {words}"))
    })
}

fn address(key: &str, text: &str) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_| {
        let mend = "give an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080";
        ConfigError::new(key, format!("{text:?} is no address to listen on"), mend)
    })
}

/// Checks that something can be put behind the URL, and takes the slash off its end.
fn web_url(key: &str, text: &str) -> Result<String, ConfigError> {
    let mend = "give a URL such as https://rollcall.example.com, without user, query or fragment";
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let odd = |c: char| c.is_whitespace() || c.is_control() || "?#@\"<>\\".contains(c);
    if host.is_empty() || host.starts_with(':') || text.contains(odd) {
        // A URL with an @ may carry a password.
        let value = if text.contains('@') { "the value".to_owned() } else { format!("{text:?}") };
        return Err(ConfigError::new(key, format!("{value} is no usable URL"), mend));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn sealing_key(secret: &Secret) -> Result<SealingKey, ConfigError> {
    SealingKey::from_base64(secret.reveal()).map_err(|_| {
        ConfigError::new(
            "secrets.master_key",
            "it is not 32 bytes in base64",
            "give the output of `openssl rand -base64 32`",
        )
    })
}

fn check_smtp_url(url: Secret) -> Result<Secret, ConfigError> {
    let text = url.reveal();
    let rest = text.strip_prefix("smtps://").or_else(|| text.strip_prefix("smtp://"));
    if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) {
        return Err(ConfigError::new(
            "smtp.url",
            "it is no URL of a mail server",
            "give smtp://USER:PASSWORD@HOST:PORT or smtps://…",
        ));
    }
    Ok(url)
}

fn check_sender(from: String) -> Result<String, ConfigError> {
    let address = from.rsplit('<').next().unwrap_or_default().trim_end().trim_end_matches('>');
    let parts = address.split_once('@');
    if from.contains(char::is_control)
        || parts.is_none_or(|(user, host)| user.is_empty() || host.is_empty())
    {
        return Err(ConfigError::new(
            "smtp.from",
            format!("{from:?} is no sender"),
            "give an address such as \"Rollcall <rollcall@example.com>\"",
        ));
    }
    Ok(from)
}
