//! Numbers that may belong to somebody else now (S-21).
//!
//! Where a record names somebody we know by nothing but the employee number, `judge` looks
//! whether it is about them ([`reused::owner`] is the rule). In doubt nothing of the record is
//! applied and an admin is asked. Is it somebody new, the one we knew is *retired*: they lose the
//! number and their access, and the record is that of a person seen for the first time.
//!
//! Invariants:
//! - Until an admin has answered, neither person's record changes the other's account.
//! - Who is retired keeps account, link and history under a key of their own, so that the number is
//!   free.
//!
//! What this module must not do: read the database, the clock or the network.

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::db::directory_users::DirectoryUser;
use crate::db::holds::HoldItem;
use crate::domain::account::activity;
use crate::domain::employee::{
    EmployeeRecord, ExternalKey, KeyKind, Membership, RowProblemCode, Standing,
};
use crate::domain::hold::{Decision, HoldKind};
use crate::domain::ids::{HoldId, HoldItemId};
use crate::domain::reused::{self, Owner};
use crate::secret::SealingKey;
use crate::sync::decide::batch::{Decider, Pass};
use crate::sync::decide::snapshot::Snapshot;
use crate::sync::decide::types::{Observed, PersonPlan, Question, Setting, Step};

/// Whether a record may be applied to the person whom it names.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    /// It may.
    Fine {
        /// The answer of an admin that is used up by it.
        answered: Option<(HoldItemId, HoldId)>,
    },
    /// It may not, and this is done instead.
    Stop(Box<PersonPlan>),
}

impl Step {
    /// What was observed of somebody who is not applied.
    pub(crate) fn observed(&self) -> Option<&Observed> {
        match self {
            Self::Problem { observed, .. } => Some(observed),
            Self::InDoubt(question) => Some(&question.observed),
            Self::Stale | Self::Apply(_) => None,
        }
    }
}

impl Snapshot {
    /// The person whom a record names by nothing but the employee number.
    fn by_number_alone(&self, record: &EmployeeRecord) -> Option<&DirectoryUser> {
        self.stored(record).filter(|user| {
            user.key_kind == KeyKind::Editable || user.external_key != record.external_key
        })
    }

    /// What an admin has said about the number of this person.
    pub(crate) fn number_item(&self, user: &DirectoryUser) -> Option<&HoldItem> {
        self.decided.get(&(HoldKind::ReusedNumber, user.external_key.clone()))
    }
}

/// The person whom a record names by number alone although it does not look like them.
fn doubted<'a>(
    snapshot: &'a Snapshot,
    observed: &Observed,
    today: Date,
) -> Option<(&'a DirectoryUser, Owner)> {
    let record = &observed.record;
    let user = snapshot.by_number_alone(record)?;
    // What is stored of the person says nothing about the record.
    let is = activity(record, observed.membership, today);
    match reused::owner(&user.record.0, user.state, record, is) {
        Owner::Same => None,
        owner => Some((user, owner)),
    }
}

/// Looks whether a record is about the person whose number it has.
pub(crate) fn judge(snapshot: &Snapshot, setting: Setting<'_>, observed: &Observed) -> Verdict {
    let record = &observed.record;
    let spends = |item: &HoldItem| (item.id.clone(), item.hold_id.clone());
    let Some((user, _)) = doubted(snapshot, observed, setting.today) else {
        let retired = snapshot.retired.get(&record.external_key);
        let retired = retired.and_then(|id| snapshot.users.get(id));
        return Verdict::Fine {
            answered: retired.and_then(|it| snapshot.number_item(it)).map(spends),
        };
    };
    let key_problem = [RowProblemCode::MissingKey, RowProblemCode::DuplicateKey]
        .into_iter()
        .find(|code| record.unreadable.contains(code));
    if let Some(code) = key_problem {
        let step = Step::Problem { code, observed: Box::new(observed.clone()) };
        let key = record.external_key.clone();
        return Verdict::Stop(Box::new(PersonPlan { key, before: None, step }));
    }
    let fingerprint = fingerprint(setting.key, record);
    let answer = snapshot.number_item(user).filter(|item| {
        item.decision == Some(Decision::Approved)
            && item.record_hash.as_deref() == Some(fingerprint.as_slice())
    });
    if let Some(item) = answer {
        return Verdict::Fine { answered: Some(spends(item)) };
    }
    let question = Question {
        name: user.record.0.display_name(),
        account_id: snapshot.links.get(&user.id).map(|link| link.account_id.clone()),
        change: json!({"from": side(&user.record.0), "to": side(record)}),
        fingerprint,
        observed: observed.clone(),
    };
    Verdict::Stop(Box::new(PersonPlan {
        key: user.external_key.clone(),
        before: Some(user.id.clone()),
        step: Step::InDoubt(Box::new(question)),
    }))
}

/// One side of the question.
fn side(record: &EmployeeRecord) -> Value {
    json!({
        "name": record.display_name(),
        "email": record.email,
        "start_date": record.start_date,
        "leaving_date": record.leaving_date,
    })
}

/// The hash of what says who somebody is. Another job does not make an answer void.
fn fingerprint(key: &SealingKey, record: &EmployeeRecord) -> Vec<u8> {
    // No mapping has this version, so no raw record has the same hash.
    const WHO: u32 = u32::MAX - 1;
    let said = json!([
        record.employee_number,
        record.first_name,
        record.last_name,
        record.email_norm(),
        record.start_date,
    ]);
    key.record_hash(WHO, said.to_string().as_bytes()).to_vec()
}

impl Decider<'_> {
    /// The person who is retired before `observed` is decided, as they are from now on: the number
    /// is somebody else's, because an admin has said so, or because the dates leave no doubt.
    pub fn retire(&self, snapshot: &mut Snapshot, observed: &Observed) -> Option<Observed> {
        let rejected = |user: &DirectoryUser| {
            snapshot.number_item(user).is_some_and(|item| item.decision == Some(Decision::Rejected))
        };
        let user = if self.pass == Pass::Again {
            snapshot.stored(&observed.record).filter(|user| rejected(user))
        } else {
            doubted(snapshot, observed, self.day.today)
                .filter(|(user, owner)| *owner == Owner::SomebodyNew || rejected(user))
                .map(|(user, _)| user)
        };
        let user = user.filter(|user| observed.seq >= user.observation_seq)?.clone();
        let external_key = match user.key_kind {
            KeyKind::Stable => user.external_key.clone(),
            KeyKind::Editable => retired_key(&user),
        };
        let record = EmployeeRecord {
            external_key: external_key.clone(),
            employee_number: None,
            standing: Standing::Former,
            ..user.record.0
        };
        snapshot.retired.insert(external_key, user.id);
        let (seq, membership) = (user.observation_seq, Membership::NotMember);
        Some(Observed { seq, record, membership, gone: true, raw_hash: None, notes: Vec::new() })
    }
}

/// The key of somebody whose number is another's; observation numbers make it unique.
fn retired_key(user: &DirectoryUser) -> ExternalKey {
    ExternalKey(format!("{} (former {})", user.external_key.as_str(), user.observation_seq))
}
