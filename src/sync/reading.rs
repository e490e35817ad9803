//! All that a full sync or a preview learns before it decides: everybody, who is missing, whether
//! too many would lose access, and what the HR system says about the missing.
//!
//! Invariants:
//! - Nothing is applied here; an observation number and calls are all that is written.
//! - The missing are counted before anybody is asked about, and over the limit nobody is, but those
//!   whom an admin has approved (S-32).

use std::sync::Arc;

use crate::db::directories::Directory;
use crate::domain::audit::Cause;
use crate::sync::absence::{self, Answers, Missing};
use crate::sync::apply::{Applier, Pass};
use crate::sync::budget::Gate;
use crate::sync::guard::{self, Ruling, Waiting};
use crate::sync::setup::connect;
use crate::sync::staging::Everybody;
use crate::sync::{Context, SyncError, full};

/// What is known before anybody is decided about.
pub struct Reading {
    /// The complete list.
    pub everybody: Everybody,
    /// Whether too many would lose access, so that all of them wait.
    pub too_many: bool,
    /// Missing people who wait for an admin's decision.
    pub waiting: Vec<Waiting>,
    /// What was asked about missing people.
    pub answers: Answers,
}

impl Reading {
    /// What batches of this reading are told about the others.
    #[must_use]
    pub fn ruling(&self) -> Ruling {
        Ruling::Everybody { too_many: self.too_many }
    }
}

/// Reads everybody and asks about the missing. `may_ask` is false while the HR system refuses looks
/// at one person.
pub async fn read(
    cx: &Context,
    directory: &Directory,
    may_ask: bool,
) -> Result<Reading, SyncError> {
    let everybody = full::everybody(cx, directory).await?;
    let (everybody, missing, too_many) = look_ahead(cx, directory, everybody).await?;
    let waiting = missing.iter().filter(|one| too_many && !one.is_decided());
    let waiting = waiting.filter_map(Missing::waiting).collect();
    let answers = if may_ask && !missing.is_empty() {
        let provider = connect(cx, directory, Arc::new(Gate::new(cx, directory, 0)))?;
        absence::ask(cx, directory, &*provider, &missing, too_many).await?
    } else {
        Answers::default()
    };
    Ok(Reading { everybody, too_many, waiting, answers })
}

/// Who is missing, and whether too many would lose access.
async fn look_ahead(
    cx: &Context,
    directory: &Directory,
    everybody: Everybody,
) -> Result<(Everybody, Vec<Missing>, bool), SyncError> {
    let (inner, directory) = (cx.clone(), directory.clone());
    let looked = cx.db.read(move |conn| {
        let key = &inner.keys.record;
        let missing = absence::missing(conn, &directory, &everybody, key)?;
        let (cause, facts) = (&Cause::Clock, &everybody.facts);
        let applier = Applier::new(conn, &inner, &directory, Pass::People, cause, facts)?;
        let count = missing.iter().filter(|one| one.counts()).count();
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let too_many = guard::too_many(conn, &applier, &everybody.changed, count)?;
        Ok::<_, SyncError>((everybody, missing, too_many))
    });
    looked.await
}
