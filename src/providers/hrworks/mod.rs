//! HRworks: polled (protocol page `hrworks`).
//!
//! `keys` reads what an admin pastes, `token` and `client` ask and judge answers, `wire` names what
//! is read of them, `names` names departments and locations, `normalise` brings a record to the
//! normal form, `check` looks for permissions.
//!
//! Invariants:
//! - HRworks is only read: the client can build nothing but GET requests and the exchange of the
//!   key pair for a token.
//! - A list counts only when every page was answered without an error and no page came twice
//!   (S-30). HRworks tells no total, so links say where the list ends.
//! - *Gone* is said only for `InvalidParameterError` about the identifier (S-31).
//!
//! What this module must not do: decide who is removed, retry or wait (the gate may wait).

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::fields::{clean_key, guid_key, object};
use super::http::HttpClient;
use super::paging::Walk;
use super::{
    CallGate, CallLane, Check, Fetched, List, Provider, ProviderError, RecordKeys, RecordSink,
    Unclear, malformed,
};
use crate::clock::Clock;
use crate::domain::employee::{EmployeeRecord, ExternalKey};
use crate::domain::provider::ProviderKind;
use crate::limits;

mod check;
mod client;
mod keys;
mod names;
mod normalise;
mod profile;
mod token;
mod wire;

pub use keys::{KeyPair, NoPair};
pub use profile::PROFILE;

use client::{Api, Found, Listing};
use names::{FromPeople, Names, named};
use wire::{Establishment, Person, Unit};

/// HRworks with one customer's key pair.
pub struct Hrworks {
    api: Api,
    pages_max: u32,
    /// Nothing in them: the key pair may not read the list.
    unit_names: OnceCell<Option<Names>>,
    place_names: OnceCell<Option<Names>>,
}

impl Hrworks {
    /// A customer's HRworks. `base_url` is the address with `/v2`; `clock` tells when a token ends;
    /// `gate` gives leave for every call (S-44).
    pub fn new(
        base_url: &str,
        pair: KeyPair,
        http: HttpClient,
        clock: Arc<dyn Clock>,
        gate: Arc<dyn CallGate>,
    ) -> Self {
        Self {
            api: Api::new(base_url, pair, http, clock, gate),
            pages_max: limits::LIST_PAGES_MAX,
            unit_names: OnceCell::new(),
            place_names: OnceCell::new(),
        }
    }

    async fn ask_in(&self, lane: CallLane, uuid: &str) -> Result<Fetched, Unclear> {
        let raw = match self.api.person(lane, uuid).await? {
            Found::Record(raw) => raw,
            Found::Gone => return Ok(Fetched::Gone),
        };
        let mut person = Person::read(&raw)?;
        self.complete(lane, &mut person).await?;
        let record = normalise::record_of(person);
        if Some(record.external_key.as_str()) != guid_key(uuid).as_deref() {
            return Err(malformed("the answer is about another person than asked for").into());
        }
        Ok(Fetched::Found(Box::new(record)))
    }

    async fn read_list(&self, sink: &mut dyn RecordSink) -> Result<(), ProviderError> {
        let mut walk = Walk::new(self.pages_max);
        let mut names = FromPeople::default();
        loop {
            let Listing { records, links } = self.api.persons(walk.page(), false).await?;
            for record in &records {
                let Ok(mut person) = record.whole().and_then(Person::read) else {
                    let keys = normalise::salvage(&record.bytes);
                    walk.note(keys.as_ref().map(|keys| &keys.external_key))?;
                    sink.unreadable(List::Everybody, keys, record.alone)?;
                    continue;
                };
                walk.note(Some(&normalise::key(&person)))?;
                names.learn(&person);
                let is_complete = self.complete(CallLane::Bulk, &mut person).await?;
                if is_complete && !names::has_named_superior(&person) {
                    sink.record(&person.canonical()?)?;
                } else {
                    names.wait(person);
                }
            }
            if !walk.advance(links, records.len())? {
                break;
            }
        }
        if walk.count() == 0 {
            return Err(malformed("the list is empty"));
        }
        for person in names.named() {
            sink.record(&person.canonical()?)?;
        }
        Ok(())
    }

    /// A department or location that comes without its name is looked up in the list of those. That
    /// list is asked for once, and only when it is needed. Whether a name could be looked up; it
    /// cannot when the key pair may not read that list. If the list cannot be read for another
    /// reason, nobody's department is taken away, but the whole question fails.
    async fn complete(&self, lane: CallLane, person: &mut Person) -> Result<bool, ProviderError> {
        let mut allowed = true;
        if let Some(key) = names::nameless_unit(person) {
            match self.unit_names.get_or_try_init(|| self.read_unit_names(lane)).await? {
                Some(known) => names::name_unit(person, known.get(&key)),
                None => allowed = false,
            }
        }
        if let Some(key) = names::nameless_place(person) {
            match self.place_names.get_or_try_init(|| self.read_place_names(lane)).await? {
                Some(known) => names::name_place(person, known.get(&key)),
                None => allowed = false,
            }
        }
        Ok(allowed)
    }

    async fn read_unit_names(&self, lane: CallLane) -> Result<Option<Names>, ProviderError> {
        let Some(units) = unless_refused(self.api.organization_units(lane).await)? else {
            return Ok(None);
        };
        let mut names = Names::new();
        for record in units {
            // One that cannot be read costs nobody but the people who are in it their name of it.
            let Ok(value) = record.whole().and_then(object) else { continue };
            let Ok(Some(unit)) = Unit::read(Some(value)) else { continue };
            let Some(name) = named(unit.name.as_deref()) else { continue };
            let uuid = unit.uuid.as_deref().and_then(guid_key);
            let number = unit.number.as_deref().and_then(clean_key);
            for key in uuid.into_iter().chain(number) {
                names.entry(key).or_insert_with(|| name.clone());
            }
        }
        Ok(Some(names))
    }

    async fn read_place_names(&self, lane: CallLane) -> Result<Option<Names>, ProviderError> {
        let Some(places) = unless_refused(self.api.permanent_establishments(lane).await)? else {
            return Ok(None);
        };
        let mut names = Names::new();
        for record in places {
            let Ok(value) = record.whole().and_then(object) else { continue };
            let Ok(Some(found)) = Establishment::read(Some(value)) else { continue };
            let key = found.id.as_deref().and_then(clean_key);
            if let (Some(key), Some(name)) = (key, named(found.name.as_deref())) {
                names.insert(key, name);
            }
        }
        Ok(Some(names))
    }
}

/// What was asked for; nothing when the key pair may not ask.
fn unless_refused<T>(asked: Result<T, ProviderError>) -> Result<Option<T>, ProviderError> {
    match asked {
        Err(ProviderError::Permission { .. }) => Ok(None),
        other => other.map(Some),
    }
}

impl Provider for Hrworks {
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

    fn keys_of_nobody(&self, number: u64) -> RecordKeys {
        let hex = format!("{number:016x}");
        let (a, b) = hex.split_at(4);
        let uuid = format!("ffffffff-{a}-4000-8000-{b}");
        RecordKeys { external_key: ExternalKey(uuid), employee_number: None }
    }

    fn list<'a>(
        &'a self,
        sink: &'a mut dyn RecordSink,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(self.read_list(sink))
    }

    fn normalise(&self, raw: &[u8]) -> Result<EmployeeRecord, ProviderError> {
        Ok(normalise::record_of(Person::read(raw)?))
    }

    fn keys(&self, raw: &[u8]) -> Result<RecordKeys, ProviderError> {
        Ok(normalise::keys(&Person::read(raw)?))
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
