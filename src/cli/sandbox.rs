//! `rollcall sandbox`: HR systems to play with, for developers who have none (O-02).

use std::net::SocketAddr;
use std::sync::Arc;

use crate::clock::SystemClock;
use crate::sandbox::{self, Action, HrworksPermission, Sandbox, SandboxSettings};

use super::serve::stop_signal;
use super::{Context, in_runtime};

/// A People HR, a Breathe HR and an HRworks to play with.
#[derive(Debug, clap::Args)]
pub struct SandboxCommand {
    /// Where to listen; loopback only
    #[arg(long, default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    /// How many people the company at each HR system has
    #[arg(long, default_value_t = 300)]
    people: usize,
    /// Another seed makes other companies
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl SandboxCommand {
    /// Runs until it is told to stop.
    pub fn run(&self, context: &mut Context<'_>) -> u8 {
        if !self.listen.ip().is_loopback() {
            context.say(&format!(
                "error: --listen {}: the sandbox is for this machine alone, because anybody who \
                 reaches it can do everything there; give a loopback address such as \
                 127.0.0.1:8081",
                self.listen
            ));
            return 2;
        }
        let settings = SandboxSettings {
            listen: self.listen,
            people: self.people,
            seed: self.seed,
            ..SandboxSettings::default()
        };
        let ran = in_runtime(async {
            let sandbox = sandbox::start(settings, Arc::new(SystemClock)).await?;
            tell(context, &sandbox);
            stop_signal().await;
            sandbox.stop().await;
            Ok::<_, std::io::Error>(())
        });
        match ran {
            Ok(()) => 0,
            Err(error) => {
                context.say(&format!("error: cannot listen on {}: {error}", self.listen));
                1
            }
        }
    }
}

/// Says where everything is. Keys go to standard output, that of People HR first.
fn tell(context: &mut Context<'_>, sandbox: &Sandbox) {
    let url = sandbox.base_url();
    context.say(&format!("The sandbox People HR listens on {url}; an API key for it:"));
    context.answer(&sandbox.people_hr().create_key(Action::USUAL).key);
    let base = sandbox.breathe_hr_base_url();
    context.say(&format!("The base URL of the sandbox Breathe HR is {base}; an API key for it:"));
    context.answer(&sandbox.breathe_hr().create_key());
    let base = sandbox.hrworks_base_url();
    context.say(&format!("The base URL of the sandbox HRworks is {base}; a key pair for it:"));
    let pair = sandbox.hrworks().create_key_pair(HrworksPermission::USUAL);
    context.answer(&format!("{} {}", pair.access_key, pair.secret_access_key));
    context.say(&format!("The control routes begin at {url}/_sandbox, which lists them."));
    context.say(&format!("In a browser, play the HR department: {}", sandbox.pages_url()));
}
