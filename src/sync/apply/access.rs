//! What waits for a decision about a person, and whose access ends, as a batch writes it (S-32).
//!
//! What this module must not do: decide who waits.

use serde_json::json;

use crate::db::holds::{self, HoldItem};
use crate::db::types::Json;
use crate::db::{DbError, deactivations, hold_items};
use crate::domain::employee::ExternalKey;
use crate::domain::guard::Guard;
use crate::domain::hold::HoldKind;
use crate::domain::ids::*;
use crate::sync::apply::guard::{self, Waiting};
use crate::sync::apply::question;
use crate::sync::apply::write::Writing;
use crate::sync::decide::batch::Pass;
use crate::sync::decide::types::{Applied, HoldPlan, LossFate, LossTime};
use crate::texts::Language;

/// Kinds of holds about one person each.
const PERSONAL: [HoldKind; 3] = [HoldKind::Link, HoldKind::EmailChange, HoldKind::ReusedNumber];

/// Access that the batch ends, and access that it does not end yet (S-32).
#[derive(Default)]
pub(super) struct Access {
    /// Whose access ends, and whether it does now or on a day that became known.
    pub(super) lost: Vec<(AccountId, bool)>,
    pub(super) waiting: Vec<Waiting>,
    pub(super) undisputed: Vec<ExternalKey>,
    pub(super) carried_out: Vec<HoldItemId>,
}

impl Writing<'_, '_, '_> {
    /// What is noted about a person under their former key is noted under the new one (S-21).
    pub(super) fn new_key(&mut self, old: &ExternalKey, new: &ExternalKey) -> Result<(), DbError> {
        let directory = &self.cx.directory.id;
        for kind in PERSONAL {
            let old_key = holds::open_key(directory, kind, old);
            if let Some(hold) = holds::find_open(self.tx, &old_key)? {
                let new_key = holds::open_key(directory, kind, new);
                holds::follow_key(self.tx, &hold.id, &new_key)?;
            }
        }
        hold_items::follow_key(self.tx, directory, old, new)
    }

    /// Opens the hold the plan asks for; those it does not ask for are settled.
    pub(super) fn hold(&mut self, key: &ExternalKey, applied: &Applied) -> Result<(), DbError> {
        for kind in PERSONAL {
            // Nothing was learned of the record: what was asked about it is still to be answered.
            if kind == HoldKind::ReusedNumber && self.cx.pass == Pass::Again {
                continue;
            }
            if applied.hold.as_ref().is_none_or(|hold| hold.kind != kind) {
                self.resolved.holds.push(holds::open_key(&self.cx.directory.id, kind, key));
            }
        }
        let Some(plan) = &applied.hold else { return Ok(()) };
        self.ask(key, applied, plan)
    }

    /// Notes what becomes of a person's access.
    pub(super) fn loss(&mut self, key: &ExternalKey, applied: &Applied) {
        self.access.carried_out.extend(applied.carried_out.iter().map(|(item, _)| item.clone()));
        let Some(loss) = &applied.loss else { return self.access.undisputed.push(key.clone()) };
        let (ends_now, last_day) = match loss.when {
            LossTime::Now => (true, None),
            LossTime::After(day) => (false, Some(day)),
        };
        match loss.fate {
            LossFate::Counted => self.access.lost.push((loss.account_id.clone(), ends_now)),
            LossFate::Uncounted => {}
            LossFate::Rejected => self.outcome.kept.push(key.clone()),
            LossFate::Waits => return self.outcome.held.push(key.clone()),
            LossFate::Held => {
                self.access.waiting.push(Waiting {
                    external_key: key.clone(),
                    name: applied.observed.record.display_name(),
                    account_id: loss.account_id.clone(),
                    reason: loss.reason,
                    last_day,
                    employment: applied.employment.clone(),
                });
                return;
            }
        }
        self.access.undisputed.push(key.clone());
    }

    pub(super) fn write_access(&mut self) -> Result<(), DbError> {
        let Access { lost, waiting, undisputed, carried_out } = std::mem::take(&mut self.access);
        let (cx, now) = (self.cx, self.cx.now);
        let directory = cx.directory;
        deactivations::note(self.tx, &directory.organization_id, &directory.id, &lost, now)?;
        hold_items::mark_done(self.tx, &carried_out, now)?;
        guard::leave(self.tx, directory, &undisputed, now)?;
        // Who waits for a reason of their own draws nobody else in.
        let gathering = cx.gathering.filter(|_| self.snapshot.guard == Guard::Closed);
        guard::hold(self.tx, directory, &waiting, gathering, now, cx.random)?;
        self.outcome.held.extend(waiting.into_iter().map(|one| one.external_key));
        Ok(())
    }

    /// Opens the hold about this person, or brings it up to date.
    pub(super) fn ask(
        &mut self,
        key: &ExternalKey,
        applied: &Applied,
        plan: &HoldPlan,
    ) -> Result<(), DbError> {
        let cx = self.cx;
        let open_key = holds::open_key(&cx.directory.id, plan.kind, key);
        let open = holds::find_open(self.tx, &open_key)?;
        let reason = plan.reason.in_language(Language::English);
        if let Some(open) = open.as_ref().filter(|open| open.reason != reason) {
            holds::set_reason(self.tx, &open.id, &reason, cx.now)?;
        }
        let is_new = open.is_none();
        let hold = open.unwrap_or_else(|| {
            guard::blank(cx.directory, plan.kind, open_key, reason, cx.now, cx.random)
        });
        let record = &applied.observed.record;
        let item = HoldItem {
            id: HoldItemId::new(cx.now, cx.random),
            organization_id: hold.organization_id.clone(),
            directory_id: hold.directory_id.clone(),
            hold_id: hold.id.clone(),
            external_key: key.clone(),
            account_id: plan.account_id.clone(),
            name: record.display_name(),
            planned_change: Json(json!({"email": record.email})),
            record_hash: Some(applied.fingerprint.clone()),
            decision: None,
            done_at_ms: None,
            created_at_ms: cx.now,
            list_version: hold.list_version,
            left_at_ms: None,
        };
        question::ask(self.tx, &hold, is_new, item, cx.now)
    }
}
