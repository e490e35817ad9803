//! What the demo plays on: the sandbox HR system, the gateway and the folder of its data.
//!
//! Invariant: whatever happens, the folder is removed when the stage is gone.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::{AppError, Running, Surroundings, Work};
use crate::clock::{SystemClock, SystemRandom};
use crate::config::Settings;
use crate::sandbox::{self, BreatheFaults, Faults, Sandbox, SandboxSettings};
use crate::secret::{Secret, new_token};
use crate::telemetry;

use super::DemoError;

/// How many people the sandbox company has, those who left included.
pub(super) const PEOPLE: usize = 300;

/// Where the sandbox listens when that is free; `rollcall sandbox` has the same default.
const SANDBOX_PORT: u16 = 8_081;

/// A folder that is removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self, DemoError> {
        let name: String = new_token(&SystemRandom).reveal().chars().take(16).collect();
        let path = std::env::temp_dir().join(format!("rollcall-demo-{name}"));
        // API keys and a sealing key will be in it.
        let made = std::fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|source| DemoError::Folder { path: path.clone(), source })?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(error = %error, "the demo's temporary folder could not be removed");
        }
    }
}

/// Everything that runs. Fields are dropped in this order.
pub(super) struct Stage {
    pub(super) gateway: Running,
    pub(super) api_key: Secret,
    pub(super) sandbox: Sandbox,
    _folder: Folder,
}

impl Stage {
    /// Starts the sandbox and the gateway.
    pub(super) async fn start(env: &[(String, String)]) -> Result<Self, DemoError> {
        let folder = Folder::make()?;
        let sandbox = start_sandbox().await?;
        let urls = [sandbox.base_url(), sandbox.breathe_hr_base_url(), sandbox.hrworks_base_url()];
        let settings = settings(env, &folder.0, urls.each_ref().map(String::as_str))?;
        telemetry::init(&settings.log);
        let gateway = start_gateway(settings).await?;
        let api_key = gateway.store.create_api_key("demo").await?;
        Ok(Self { gateway, api_key, sandbox, _folder: folder })
    }

    /// Stops everything and removes the folder.
    pub(super) async fn stop(self) {
        self.gateway.stop().await;
        self.sandbox.stop().await;
    }
}

/// On the usual port, or on any free one when that is taken.
async fn start_sandbox() -> Result<Sandbox, DemoError> {
    let mut address = SocketAddr::from((Ipv4Addr::LOCALHOST, SANDBOX_PORT));
    let settings = |listen| SandboxSettings { listen, people: PEOPLE, ..Default::default() };
    let mut started = sandbox::start(settings(address), Arc::new(SystemClock)).await;
    if started.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse) {
        address.set_port(0);
        started = sandbox::start(settings(address), Arc::new(SystemClock)).await;
    }
    let sandbox = started.map_err(|source| DemoError::Sandbox { address, source })?;
    let hr = sandbox.people_hr();
    hr.set_faults(Faults { throttle_per_minute: None, ..hr.faults() });
    let hr = sandbox.breathe_hr();
    hr.set_faults(BreatheFaults { throttle_per_minute: None, ..hr.faults() });
    Ok(sandbox)
}

/// The defaults, and what makes it a demo. Of the environment only the `log` settings count, and no
/// file: neither a real database nor a real mail server may get into it. `sandbox_urls` are those
/// of People HR, Breathe HR and HRworks.
fn settings(
    env: &[(String, String)],
    folder: &Path,
    sandbox_urls: [&str; 3],
) -> Result<Settings, DemoError> {
    const LEVEL: &str = "ROLLCALL__LOG__LEVEL";
    let mut given: Vec<(String, String)> =
        env.iter().filter(|(name, _)| name.starts_with("ROLLCALL__LOG__")).cloned().collect();
    let database = format!("sqlite://{}", folder.join("demo.db").display());
    let mut give = |name: &str, value: &str| given.push((name.to_owned(), value.to_owned()));
    give("DATABASE_URL", &database);
    for (name, url) in ["PEOPLE_HR", "BREATHE_HR", "HRWORKS"].into_iter().zip(sandbox_urls) {
        give(&format!("ROLLCALL__PROVIDERS__{name}__BASE_URL"), url);
        // Ten changes within a second are more than a real company's minute has calls for.
        give(&format!("ROLLCALL__PROVIDERS__{name}__CALLS_PER_MINUTE"), "1000");
    }
    if !env.iter().any(|(name, value)| name == LEVEL && !value.trim().is_empty()) {
        given.retain(|(name, _)| name != LEVEL);
        given.push((LEVEL.to_owned(), "warn".to_owned()));
    }
    Ok(Settings::load(Some(Path::new("/dev/null")), &given)?)
}

/// On the usual port, or on any free one when that is taken.
async fn start_gateway(mut settings: Settings) -> Result<Running, AppError> {
    let started = Running::start(&settings, Surroundings::default(), Work::BySelf).await;
    match started {
        Err(AppError::Listen { source, .. }) if source.kind() == std::io::ErrorKind::AddrInUse => {
            settings.server.listen.set_port(0);
            Running::start(&settings, Surroundings::default(), Work::BySelf).await
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LogLevel;

    #[test]
    fn of_the_environment_only_the_log_settings_count() {
        let env = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let theirs = env(&[
            ("DATABASE_URL", "postgres://production"),
            ("ROLLCALL__SMTP__URL", "smtp://mail.example"),
            ("ROLLCALL__LOG__LEVEL", ""),
        ]);
        let url = "http://127.0.0.1:1";
        let urls = [url, "http://127.0.0.1:2/v1", "http://127.0.0.1:3/v2"];
        let quiet = settings(&theirs, Path::new("/tmp/x"), urls).unwrap();
        assert_eq!(quiet.database.url.to_string(), "sqlite:///tmp/x/demo.db");
        assert_eq!((quiet.log.level, quiet.smtp.url.is_none()), (LogLevel::Warn, true));
        assert_eq!(quiet.providers.people_hr.base_url.as_deref(), Some(url));
        assert_eq!(quiet.providers.hrworks.base_url.as_deref(), Some(urls[2]));
        let asked = env(&[("ROLLCALL__LOG__LEVEL", "debug")]);
        let asked = settings(&asked, Path::new("/tmp/x"), urls).unwrap();
        assert_eq!(asked.log.level, LogLevel::Debug);
    }

    #[test]
    fn the_folder_is_private_and_goes_away() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = Folder::make().unwrap();
        let path = folder.0.clone();
        std::fs::write(path.join("file"), "x").unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        drop(folder);
        assert!(!path.exists());
    }
}
