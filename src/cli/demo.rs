//! `rollcall demo`: the gateway and the sandbox HR systems together, and what happens between them
//! (O-02).
//!
//! The demo plays two parts: the HR department, in the sandbox (`changes`), and the application,
//! through the gateway's public API (`api`, `setup`); `others` does both for the HR systems that
//! send no webhooks. It must not reach into the gateway: what it shows is what any application
//! would see. Everything is on loopback and in a temporary folder that is gone at the end, however
//! the demo ends.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::pin::pin;

use serde::Deserialize;
use serde_json::json;

use crate::app::AppError;
use crate::clock::Timestamp;
use crate::config::ConfigError;
use crate::db::DbError;
use crate::domain::provider::ProviderKind;
use crate::limits;
use crate::sandbox::ChangeError;

use self::api::Api;
use self::others::Polled;
use self::setup::Connected;
use self::stage::Stage;
use super::serve::stop_signal;
use super::{Context, EXIT_USAGE, in_runtime};

mod api;
mod browser;
mod changes;
mod others;
mod scenes;
mod setup;
mod stage;
mod table;

/// The gateway and a sandbox HR system, set up, measured and left running to play with
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Exit after the table instead of keeping on serving
    #[arg(long)]
    once: bool,
    /// Print the pages' addresses and open none of them
    #[arg(long)]
    no_browser: bool,
}

/// Why the demo did not get to its end.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    #[error("the temporary folder {path} cannot be made: {source}")]
    Folder { path: PathBuf, source: std::io::Error },
    #[error("the sandbox HR system cannot listen on {address}: {source}")]
    Sandbox { address: std::net::SocketAddr, source: std::io::Error },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("the gateway does not start: {0}")]
    App(#[from] AppError),
    #[error("an API key cannot be made: {0}")]
    Key(#[from] DbError),
    #[error("no HTTP client can be built: {0}")]
    NoClient(reqwest::Error),
    #[error("{what}: there was no answer: {source}")]
    NoAnswer { what: String, source: reqwest::Error },
    #[error("{what}: the answer is {status}: {text}")]
    Refused { what: String, status: u16, text: String },
    #[error("{what}: the answer is not what it should be: {problem}")]
    Odd { what: String, problem: String },
    #[error("the first full sync has failed: {0}")]
    Sync(String),
    #[error("{what}: the sandbox HR system refuses the change: {source}")]
    Change { what: String, source: ChangeError },
    #[error("{what}: the gateway did not take the webhook: {problem}")]
    Hook { what: String, problem: String },
    #[error("the sandbox company has nobody for: {0}")]
    NoCast(String),
    #[error("{what} did not arrive within {} s", api::ARRIVAL.as_secs())]
    Late { what: String },
}

impl Demo {
    /// Runs the demo; without `--once` until it is told to stop.
    pub fn run(&self, context: &mut Context<'_>) -> u8 {
        if context.config_file.is_some() {
            context
                .say("error: demo takes no --config: it shows the defaults; use serve for yours");
            return EXIT_USAGE;
        }
        if let Some(name) = proxy_in_the_way(context.env) {
            context.say(&format!(
                "{name} is set, and the gateway honours it. If the set-up fails, start the demo \
                 with NO_PROXY=127.0.0.1"
            ));
        }
        let is_terminal = std::io::stdout().is_terminal();
        let opener = browser::opener(is_terminal && !self.no_browser, context.env);
        match in_runtime(demo(self.once, opener, context)) {
            Ok(()) => 0,
            Err(DemoError::Config(error)) => {
                context.fail(&error);
                EXIT_USAGE
            }
            Err(error) => context.fail(&error),
        }
    }
}

/// The variable that would send the gateway's calls to the sandbox through a proxy.
fn proxy_in_the_way(env: &[(String, String)]) -> Option<&str> {
    let set = |wanted: &'static [&str]| {
        env.iter().find(move |(name, value)| {
            wanted.iter().any(|one| name.eq_ignore_ascii_case(one)) && !value.is_empty()
        })
    };
    let spared = |list: &str| list.contains("127.0.0.1") || list.contains('*');
    if set(&["NO_PROXY"]).is_some_and(|(_, list)| spared(list)) {
        return None;
    }
    set(&["HTTP_PROXY", "ALL_PROXY"]).map(|(name, _)| name.as_str())
}

async fn demo(
    once: bool,
    opener: Option<&str>,
    context: &mut Context<'_>,
) -> Result<(), DemoError> {
    // Listened to from the very beginning: a signal must never leave the folder behind.
    let mut stop = pin!(stop_signal());
    let _ = futures_util::poll!(&mut stop);
    let stage = Stage::start(context.env).await?;
    let outcome = tokio::select! {
        biased;
        () = &mut stop => {
            context.say("\nStopping; the demo's data is removed.");
            Ok(())
        }
        outcome = play(&stage, once, opener, context) => outcome,
    };
    stage.stop().await;
    outcome
}

async fn play(
    stage: &Stage,
    once: bool,
    opener: Option<&str>,
    context: &mut Context<'_>,
) -> Result<(), DemoError> {
    let api = Api::new(stage)?;
    context.answer(&format!(
        "Rollcall demo. Everybody in it is made up, and nothing leaves this machine.\n\n\
         People HR   {}\n\
         Breathe HR  {}\n\
         HRworks     {}\n            \
         three HR systems of a sandbox, each with a company of {} people\n\
         gateway     {}  SQLite in a temporary folder\n",
        stage.sandbox.base_url(),
        stage.sandbox.breathe_hr_base_url(),
        stage.sandbox.hrworks_base_url(),
        stage::PEOPLE,
        api.base,
    ));
    let connected = setup::connect(&api, stage, context).await?;
    context.answer(
        "Ten changes in People HR, one after the other; it tells of each by webhook. Times in \
         milliseconds:\n",
    );
    let cursor = changes::play(&api, stage, &connected, context).await?;
    let polled = others::play(&api, stage, &connected, context).await?;
    let cursor = changes::end_of_feed(&api, cursor).await?;
    if !once {
        let links = portal_links(&api, &connected, &polled).await?;
        context.answer(&invitation(&api, stage, &connected, &polled, &links, &cursor));
        if let (Some(opener), Some(first)) = (opener, links.first()) {
            // One portal only: a browser has one visit at a time.
            browser::open(opener, &[&stage.sandbox.pages_url(), &first.url]);
        }
        std::future::pending::<()>().await;
    }
    Ok(())
}

/// A way into a customer's portal.
struct PortalLink {
    of: String,
    url: String,
}

#[derive(Deserialize)]
struct MadeLink {
    url: String,
}

/// A link into the portal of each customer, as the application would show it to their HR admin.
async fn portal_links(
    api: &Api,
    connected: &Connected,
    polled: &[Polled],
) -> Result<Vec<PortalLink>, DemoError> {
    let first = (ProviderKind::PeopleHr, &connected.organization_id);
    let others = polled.iter().map(|polled| (polled.provider, &polled.organization_id));
    let mut links = Vec::new();
    for (provider, organization) in std::iter::once(first).chain(others) {
        let path = format!("/organizations/{organization}/portal_links");
        let made: MadeLink = api.post(&path, json!({})).await?;
        links.push(PortalLink { of: provider.title().to_owned(), url: made.url });
    }
    Ok(links)
}

/// What to try while everything keeps running.
fn invitation(
    api: &Api,
    stage: &Stage,
    connected: &Connected,
    polled: &[Polled],
    links: &[PortalLink],
    cursor: &str,
) -> String {
    let (base, key) = (&api.base, api.key.reveal());
    let curl = format!("curl -H 'Authorization: Bearer {key}'");
    let sandbox = format!("{}/_sandbox", stage.sandbox.base_url());
    let pages = stage.sandbox.pages_url();
    let somebody = &connected.somebody;
    let again = polled.iter().map(|polled| {
        let Polled { provider, control, directory_id, who, .. } = polled;
        format!(
            "# rename {} in {}, and press \"Sync now\"\n\
             curl -X PATCH -d '{{\"last_name\": \"Newname\"}}' \
             {sandbox}/{control}/people/{}\n\
             {curl} -X POST '{base}/api/v1/directories/{directory_id}/sync'\n\n",
            who.first_name,
            provider.title(),
            who.unique_key,
        )
    });
    let again: String = again.collect();
    let rows = links.iter().map(|link| vec![link.of.clone(), link.url.clone()]);
    let portal = table::lines(&rows.collect::<Vec<_>>(), &[false, false]);
    let minutes = limits::PORTAL_LINK_MS_MAX / Timestamp::MINUTE;
    format!(
        "\nBoth keep running. It is your turn:\n\n\
         In a browser, play both sides. You are the HR department here: hire, edit, let go, \
         switch\nfaults on.\n  \
         {pages}\n\n\
         You are each customer's HR admin here, and see it arrive. A link works once, for \
         {minutes}\nminutes; a browser is with one customer at a time.\n\
         {portal}\n\
         By hand:\n\n\
         API base URL     {base}/api/v1\n\
         API key          {key}\n\
         sandbox control  {sandbox} (lists what it can do)\n\n\
         # accounts of the application\n\
         {curl} '{base}/api/v1/organizations/{}/accounts?limit=3'\n\n\
         # rename {} in People HR …\n\
         curl -X PATCH -d '{{\"last_name\": \"Newname\"}}' {sandbox}/people-hr/people/{}\n\n\
         # … and see it arrive: events after the demo's own\n\
         {curl} '{base}/api/v1/events?after={cursor}'\n\n\
         {again}\
         Ctrl-C stops both and removes the data.",
        connected.organization_id, somebody.first_name, somebody.employee_id,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_in_the_way_unless_loopback_is_spared() {
        let env = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let proxy = ("http_proxy", "http://proxy.example:3128");
        assert_eq!(proxy_in_the_way(&env(&[proxy])), Some("http_proxy"));
        assert_eq!(proxy_in_the_way(&env(&[proxy, ("NO_PROXY", "localhost,127.0.0.1")])), None);
        assert_eq!(proxy_in_the_way(&env(&[proxy, ("no_proxy", "*")])), None);
        assert_eq!(proxy_in_the_way(&env(&[("HTTP_PROXY", "")])), None);
        assert_eq!(proxy_in_the_way(&env(&[("HTTPS_PROXY", "http://proxy.example")])), None);
    }
}
