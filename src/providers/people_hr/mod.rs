//! Access People HR: live by webhook, with a full list as the truth (protocol page `people-hr`).
//!
//! `client` asks and judges answers, `wire` names what is read of them, `normalise` brings a record
//! to the normal form, `check` looks for permissions, `hook` reads webhooks, `profile` holds the
//! facts that others decide by.
//!
//! Invariants:
//! - People HR is only read; no writing request can be built.
//! - A list counts only when both of its calls were answered completely, without an error and not
//!   empty (S-11, S-30). Throttling comes as HTTP 200 with nobody in it.
//! - *Gone* is said only for the answers of S-31's table.
//!
//! What this module must not do: decide who is active or removed, retry or wait.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::http::HttpClient;
use super::splitter::Raw;
use super::{
    CallGate, CallLane, Check, Fetched, List, Provider, ProviderError, RecordKeys, RecordSink,
    Unclear, malformed, pasted,
};
use crate::domain::employee::{EmployeeNumber, EmployeeRecord};
use crate::domain::provider::ProviderKind;
use crate::limits;
use crate::secret::Secret;
use crate::texts::{Text, text};

mod check;
mod client;
mod hook;
mod normalise;
mod profile;
mod wire;

pub use hook::read_hints;
pub use profile::PROFILE;

use client::{Action, Api, Halt, Judgement, Streamed};

/// The key of People HR in what somebody pasted (L-11), or why there is none. Asks nobody.
///
/// A key is a GUID, in whatever form People HR writes it. Other keys are taken as they are: only
/// People HR can say that it does not know one.
pub fn key_of(entered: &Secret) -> Result<Secret, Text> {
    pasted::key(entered, is_guid)
        .map_err(|misfit| text("check-people-hr-not-a-key").with("misfit", misfit.text()))
}

fn is_guid(text: &str) -> bool {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    let is_hex = |c: char| c.is_ascii_hexdigit() || c == '-';
    text.chars().all(is_hex) && (parts == [8, 4, 4, 4, 12] || parts == [32])
}

/// People HR with one customer's key.
pub struct PeopleHr {
    api: Api,
}

impl PeopleHr {
    /// A customer's People HR. `base_url` is the address without a path
    /// (`https://api.peoplehr.net`); `http` comes from [`HttpClient::build`]; `gate` gives leave
    /// for every call (S-44).
    pub fn new(base_url: &str, key: Secret, http: HttpClient, gate: Arc<dyn CallGate>) -> Self {
        Self { api: Api::new(base_url, key, http, gate) }
    }

    async fn ask_in(&self, lane: CallLane, number: &EmployeeNumber) -> Result<Fetched, Unclear> {
        self.api.reserve(lane).await?;
        let (answer, judgement) = self.api.about(number).await?;
        if judgement == Judgement::NothingThere {
            return Ok(Fetched::Gone);
        }
        Ok(Fetched::Found(Box::new(Self::record_about(number, &answer)?)))
    }

    fn record_about(
        number: &EmployeeNumber,
        answer: &[u8],
    ) -> Result<EmployeeRecord, ProviderError> {
        let envelope = client::envelope(answer)?;
        let raw = envelope.result.map(|result| result.get().as_bytes()).unwrap_or_default();
        let record = normalise::record(raw)?;
        let answered = record.employee_number.as_ref().map(|number| number.as_str().trim());
        if answered != Some(number.as_str().trim()) {
            return Err(malformed("the answer is about another employee than asked for"));
        }
        Ok(record)
    }

    /// Streams one of the two lists. An empty one is an error: silence is no proof that everybody
    /// left (S-30).
    async fn read_list(&self, list: List, sink: &mut dyn RecordSink) -> Result<(), ProviderError> {
        let mut count = 0_usize;
        let mut each = |raw: Raw<'_>| {
            count = count.saturating_add(1);
            if count > limits::DIRECTORY_PEOPLE_MAX {
                return Err(Halt::Failed(malformed("the list has more people than are allowed")));
            }
            let taken = match list {
                _ if !raw.whole || raw.bytes.first() != Some(&b'{') => {
                    sink.unreadable(list, normalise::salvage(raw.bytes), raw.alone)
                }
                List::Everybody => sink.record(raw.bytes),
                List::Current => sink.current(raw.bytes),
            };
            taken.map_err(Halt::Failed)
        };
        let action = Action::AllEmployees { include_leavers: list == List::Everybody };
        match self.api.stream(action, limits::PROVIDER_LIST_MS_MAX, &mut each).await? {
            Streamed::Complete { records: 0 } => Err(malformed("the list is empty")),
            Streamed::Complete { .. } => Ok(()),
            Streamed::Stopped => Err(malformed("the list was not read to its end")),
        }
    }
}

impl Provider for PeopleHr {
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
        Box::pin(async move {
            let Some(number) = &who.employee_number else {
                return Err(malformed("the person has no employee number to ask by").into());
            };
            self.ask_in(lane, number).await
        })
    }

    /// Fifteen characters, the most that an employee id may have (§3).
    fn keys_of_nobody(&self, number: u64) -> RecordKeys {
        let number = number.checked_rem(1_000_000_000).unwrap_or(0);
        RecordKeys::of_number(EmployeeNumber(format!("NOBODY{number:09}")))
    }

    fn list<'a>(
        &'a self,
        sink: &'a mut dyn RecordSink,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move {
            // Both at once: the first list is worth nothing if the second may not be asked for.
            self.api.reserve(CallLane::Bulk).await?;
            self.api.reserve(CallLane::Bulk).await?;
            self.read_list(List::Everybody, sink).await?;
            self.read_list(List::Current, sink).await
        })
    }

    fn list_current<'a>(
        &'a self,
        sink: &'a mut dyn RecordSink,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move {
            self.api.reserve(CallLane::Bulk).await?;
            self.read_list(List::Current, sink).await
        })
    }

    fn normalise(&self, raw: &[u8]) -> Result<EmployeeRecord, ProviderError> {
        normalise::record(raw)
    }

    fn keys(&self, raw: &[u8]) -> Result<RecordKeys, ProviderError> {
        normalise::keys(raw)
    }

    fn salvage(&self, raw: &[u8]) -> Option<RecordKeys> {
        normalise::salvage(raw)
    }

    fn keys_can_change(&self) -> bool {
        true
    }

    fn mapping_version(&self) -> u32 {
        normalise::MAPPING_VERSION
    }
}

#[cfg(test)]
mod tests;
