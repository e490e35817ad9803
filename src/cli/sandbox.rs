//! `rollcall sandbox`: HR systems to play with, for developers who have none (O-02).

use std::net::SocketAddr;
use std::sync::Arc;

use crate::clock::SystemClock;
use crate::sandbox::{self, Action, SandboxSettings};

use super::serve::stop_signal;
use super::{Context, in_runtime};

/// A People HR to play with.
#[derive(Debug, clap::Args)]
pub struct SandboxCommand {
    /// Where to listen; loopback only
    #[arg(long, default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    /// How many people the company has
    #[arg(long, default_value_t = 300)]
    people: usize,
    /// Another seed makes another company
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl SandboxCommand {
    /// Runs until it is told to stop.
    pub fn run(&self, context: &mut Context<'_>) -> u8 {
        let settings = SandboxSettings {
            listen: self.listen,
            people: self.people,
            seed: self.seed,
            ..SandboxSettings::default()
        };
        let ran = in_runtime(async {
            let sandbox = sandbox::start(settings, Arc::new(SystemClock)).await?;
            let key = sandbox.people_hr().create_key(Action::USUAL);
            let url = sandbox.base_url();
            context.say(&format!("The sandbox People HR listens on {url}."));
            context.say(&format!("Its control pages begin at {url}/_sandbox"));
            context.say("An API key for it:");
            context.answer(&key.key);
            stop_signal().await;
            sandbox.stop().await;
            Ok::<_, std::io::Error>(())
        });
        match ran {
            Ok(()) => 0,
            Err(error) => {
                context.say(&format!("error: can not listen on {}: {error}", self.listen));
                1
            }
        }
    }
}
