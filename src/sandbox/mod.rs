//! Sandbox HR systems: for tests, for `rollcall demo` and for developers who have no HR system.
//!
//! A sandbox is a real HTTP server that answers as the vendors do, with a made-up company behind
//! each, hooks that it sends by itself and switches for what can go wrong. It is written from the
//! vendors' pages and speaks HTTP only: it shares no type with `crate::providers`, so that a
//! misunderstanding there cannot hide behind the same misunderstanding here. The same settings
//! make the same company; private values are marked (see [`CANARIES`]).

mod breathe_hr;
mod canaries;
mod company;
mod control;
mod faults;
mod gate;
mod hrworks;
mod log;
mod names;
mod odd;
mod pages;
mod people_hr;
mod person;
mod register;
mod rest;
mod server;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

pub use self::breathe_hr::{
    BreatheAccount, BreatheEndpoint, BreatheFaults, BreatheHr, BreatheKeyKind, BreatheQuirks,
};
pub use self::canaries::CANARIES;
pub use self::faults::{KeySpelling, NextAnswers};
pub use self::hrworks::{
    Hrworks, HrworksEndpoint, HrworksFaults, HrworksKeyPair, HrworksPermission, HrworksQuirks,
    Unset,
};
pub use self::log::CallWindow;
pub use self::odd::{NobodyAnswer, OddPlace, OddRecord, Oddities, RecordChange};
pub use self::people_hr::{
    Action, ApiCall, ApiKey, Changed, Company, Faults, HookEncoding, HookFaults, HookOutcome,
    HookSending, OddAnswer, PeopleHr, SentHook,
};
pub use self::person::{PersonView, ShownInstead, Standing};
pub use self::register::{ChangeError, Edit, Hire, Leave};
pub use self::rest::{NextLink, RestAnswer, RestCall, RestFaults, RestHr};

use self::breathe_hr::Breathe;
use self::hrworks::Works;
use self::rest::Behaviour;
use self::server::Systems;
use crate::clock::Clock;

/// What sandbox to start.
#[derive(Debug, Clone)]
pub struct SandboxSettings {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Which companies to make up; each HR system has another.
    pub seed: u64,
    /// How many people each has, those who left included.
    pub people: usize,
    /// Whether changes send hooks.
    pub hooks: HookSending,
    /// How many of the people of each company have a record with a fault in it: by turns a start
    /// date that is none, no employee id (elsewhere than at People HR no e-mail), somebody else's
    /// `UniqueKey` (elsewhere no first name), blanks and control characters in the last name.
    pub problems: usize,
    /// What People HR says whose company it is.
    pub company: Company,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 1,
            people: 200,
            hooks: HookSending::Immediate,
            problems: 0,
            company: Company {
                id: 4_711,
                sub_domain: "acme".to_owned(),
                name: "Acme Example Ltd".to_owned(),
            },
        }
    }
}

/// A sandbox that was started.
pub struct Sandbox {
    systems: Systems,
    server: server::Running,
}

/// Starts a sandbox; needs a running tokio. Calls are answered as soon as this returns.
#[expect(clippy::unused_async, reason = "the server is spawned on the runtime of the caller")]
pub async fn start(settings: SandboxSettings, clock: Arc<dyn Clock>) -> std::io::Result<Sandbox> {
    let systems = Systems {
        people_hr: PeopleHr::new(&settings, Arc::clone(&clock))?,
        breathe_hr: BreatheHr::new(&settings, Arc::clone(&clock))?,
        hrworks: Hrworks::new(&settings, clock)?,
    };
    let server = server::start(settings.listen, &systems)?;
    Ok(Sandbox { systems, server })
}

impl Sandbox {
    /// Where the server is, without a slash at the end; the base URL of People HR.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The base URL of Breathe HR, with `/v1`.
    pub fn breathe_hr_base_url(&self) -> String {
        format!("{}{}", self.base_url(), Breathe::PREFIX)
    }

    /// The base URL of HRworks, with `/v2`.
    pub fn hrworks_base_url(&self) -> String {
        format!("{}{}", self.base_url(), Works::PREFIX)
    }

    /// Where the pages begin, for a browser.
    pub fn pages_url(&self) -> String {
        format!("{}{}", self.base_url(), pages::ROOT)
    }

    /// The sandbox People HR.
    pub fn people_hr(&self) -> &Arc<PeopleHr> {
        &self.systems.people_hr
    }

    /// The sandbox Breathe HR.
    pub fn breathe_hr(&self) -> &Arc<BreatheHr> {
        &self.systems.breathe_hr
    }

    /// The sandbox HRworks.
    pub fn hrworks(&self) -> &Arc<Hrworks> {
        &self.systems.hrworks
    }

    /// Stops the server.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
