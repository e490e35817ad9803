//! Breathe HR: polled, because it has no webhooks (protocol page `breathe-hr`).
//!
//! `client` asks and judges answers, `wire` names what is read of them, `normalise` brings a record
//! to the normal form, `check` looks whether the key works, `profile` holds the facts that others
//! decide by.
//!
//! Invariants:
//! - Breathe HR is only read: the client can build nothing but GET requests, although the key could
//!   do everything.
//! - A list counts only when every page was answered without an error, no page came twice, and
//!   there were as many records as Breathe HR says (S-30).
//! - *Gone* is said only for HTTP 404 with a JSON body (S-31).
//!
//! What this module must not do: decide who is removed, retry or wait (the gate may wait).

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::http::HttpClient;
use super::paging::Walk;
use super::{
    CallGate, CallLane, Check, Fetched, List, Provider, ProviderError, RecordKeys, RecordSink,
    Unclear, malformed,
};
use crate::domain::employee::{EmployeeRecord, ExternalKey};
use crate::domain::provider::ProviderKind;
use crate::limits;
use crate::secret::Secret;

mod check;
mod client;
mod key;
mod normalise;
mod profile;
mod wire;

pub use key::key_of;
pub use profile::PROFILE;

use client::{Api, Found, Listing};
use wire::Employee;

/// Breathe HR with one customer's key.
pub struct BreatheHr {
    api: Api,
    pages_max: u32,
}

impl BreatheHr {
    /// A customer's Breathe HR. `base_url` is an address with `/v1`; without one the key's prefix
    /// decides between production and sandbox. `gate` gives leave for every call (S-44).
    pub fn new(
        base_url: Option<&str>,
        key: Secret,
        http: HttpClient,
        gate: Arc<dyn CallGate>,
    ) -> Self {
        let api = Api::new(base_url, key, http, gate);
        Self { api, pages_max: limits::LIST_PAGES_MAX }
    }

    async fn ask_in(&self, lane: CallLane, key: &str) -> Result<Fetched, Unclear> {
        let raw = match self.api.employee(lane, key).await? {
            Found::Record(raw) => raw,
            Found::Gone => return Ok(Fetched::Gone),
        };
        let employee = Employee::read(&raw)?;
        warn_of_unknown_statuses(usize::from(normalise::has_unknown_status(&employee)));
        let record = normalise::record_of(employee);
        if record.external_key.as_str() != key {
            return Err(malformed("the answer is about another employee than asked for").into());
        }
        Ok(Fetched::Found(Box::new(record)))
    }

    async fn read_list(&self, sink: &mut dyn RecordSink) -> Result<(), ProviderError> {
        let mut walk = Walk::new(self.pages_max);
        let mut unknown_statuses = 0_usize;
        loop {
            let Listing { records, links, total } =
                self.api.employees(walk.page(), limits::BREATHE_PAGE_PEOPLE).await?;
            for record in &records {
                let Ok(employee) = record.whole().and_then(Employee::read) else {
                    let keys = normalise::salvage(&record.bytes);
                    walk.note(keys.as_ref().map(|keys| &keys.external_key))?;
                    sink.unreadable(List::Everybody, keys, record.alone)?;
                    continue;
                };
                walk.note(Some(&normalise::key(&employee)))?;
                if normalise::has_unknown_status(&employee) {
                    unknown_statuses = unknown_statuses.saturating_add(1);
                }
                sink.record(&employee.canonical()?)?;
            }
            if !walk.advance(links, records.len())? {
                // Rows move up when one is deleted during the walk, and one can be missed then.
                if usize::try_from(total).ok() != Some(walk.count()) {
                    return Err(malformed("the list has not as many employees as it says"));
                }
                break;
            }
        }
        if walk.count() == 0 {
            return Err(malformed("the list is empty"));
        }
        warn_of_unknown_statuses(unknown_statuses);
        Ok(())
    }
}

/// The words themselves are in the stored records; here they could be anything.
fn warn_of_unknown_statuses(people: usize) {
    if people > 0 {
        tracing::warn!(
            provider = PROFILE.kind.as_str(),
            people,
            "people have an employment status that Rollcall does not know; their dates decide \
             whether they are active"
        );
    }
}

impl Provider for BreatheHr {
    fn kind(&self) -> ProviderKind {
        PROFILE.kind
    }

    fn check(&self) -> BoxFuture<'_, Result<Check, ProviderError>> {
        Box::pin(check::check(self))
    }

    fn ask<'a>(
        &'a self,
        lane: CallLane,
        who: &'a RecordKeys,
    ) -> BoxFuture<'a, Result<Fetched, Unclear>> {
        Box::pin(self.ask_in(lane, who.external_key.as_str()))
    }

    /// Its ids are numbers; this one has ten digits, so that any system can read it.
    fn keys_of_nobody(&self, number: u64) -> RecordKeys {
        let id = number.checked_rem(1_000_000_000).unwrap_or(0).saturating_add(1_100_000_000);
        RecordKeys { external_key: ExternalKey(id.to_string()), employee_number: None }
    }

    fn list<'a>(
        &'a self,
        sink: &'a mut dyn RecordSink,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(self.read_list(sink))
    }

    fn normalise(&self, raw: &[u8]) -> Result<EmployeeRecord, ProviderError> {
        Ok(normalise::record_of(Employee::read(raw)?))
    }

    fn keys(&self, raw: &[u8]) -> Result<RecordKeys, ProviderError> {
        Ok(normalise::keys(&Employee::read(raw)?))
    }

    fn salvage(&self, raw: &[u8]) -> Option<RecordKeys> {
        normalise::salvage(raw)
    }

    fn mapping_version(&self) -> u32 {
        normalise::MAPPING_VERSION
    }
}

#[cfg(test)]
mod tests;
