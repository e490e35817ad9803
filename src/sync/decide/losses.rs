//! Whether somebody's access ends, now or on a day to come, and what keeps it for now (S-32).
//!
//! What this module must not do: read the database, the clock or the network.

use jiff::civil::Date;

use crate::db::directory_users::DirectoryUser;
use crate::db::links::Link;
use crate::domain::account::{AccountStatus, Activity};
use crate::domain::employee::Membership;
use crate::domain::guard::LossReason;
use crate::domain::hold::HoldKind;
use crate::domain::ids::AccountId;
use crate::sync::decide::ownership::{self, Elsewhere, Kept};
use crate::sync::decide::person::{Decided, Person};
use crate::sync::decide::types::*;
use crate::sync::decide::verdict::Verdict;

impl Person<'_> {
    /// Whether an active account would no longer be kept active by this person, now or after a
    /// leaving date that is still to come, and what becomes of that (S-32).
    pub(super) fn loss(
        &self,
        stored: Option<&DirectoryUser>,
        decided: &Decided,
        membership: Membership,
        gone: bool,
    ) -> Option<Loss> {
        let PlannedAccount { id: account_id, before, after } = decided.account.as_ref()?;
        let had_access = before.as_ref().is_some_and(|b| b.status == AccountStatus::Active);
        let has_left = self.activity == Activity::Inactive;
        let verdict = self.verdict(decided, account_id);
        let (reason, when) = if has_left {
            // Somebody else may keep the account active (S-26).
            let ends = had_access && after.status == AccountStatus::Inactive;
            if !ends && verdict != Verdict::Rejected {
                return None;
            }
            (LossReason::of(self.record, membership, gone, self.today), LossTime::Now)
        } else {
            let day = self.ends_after(stored, decided, verdict)?;
            (LossReason::LeavingDate, LossTime::After(day))
        };
        let fate = match verdict {
            Verdict::Approved => LossFate::Uncounted,
            Verdict::Rejected => LossFate::Rejected,
            Verdict::None if self.was_cleared(stored, account_id, reason) => LossFate::Uncounted,
            Verdict::None
                if !is_left_over(stored, decided) && self.snapshot.guard.lets_through() =>
            {
                LossFate::Counted
            }
            Verdict::Binding if self.gone_too.is_some() && self.awaits_decision() => {
                LossFate::Waits
            }
            Verdict::Binding | Verdict::None => LossFate::Held,
        };
        Some(Loss { reason, account_id: account_id.clone(), when, fate })
    }

    /// What admins have said about the end of this person's access.
    pub(super) fn verdict(&self, decided: &Decided, account: &AccountId) -> Verdict {
        // An admin, or the dates, have said that their number is another's (S-21).
        let is_retired = self.snapshot.retired.contains_key(&self.record.external_key);
        if is_retired || decided.approved.is_some() {
            return Verdict::Approved;
        }
        let item = self.decision(HoldKind::Deactivations);
        let facts = [Some(self.employment), self.gone_too];
        let facts: Vec<&[u8]> = facts.into_iter().flatten().collect();
        Verdict::of(item, Some(account), &facts, self.was_asked_about())
    }

    /// The leaving date to come after which an account that is active now would not be, when it is
    /// news about somebody linked, or admins have something to say about it. One that was there
    /// when the person was first seen counts on its day.
    pub(super) fn ends_after(
        &self,
        stored: Option<&DirectoryUser>,
        decided: &Decided,
        verdict: Verdict,
    ) -> Option<Date> {
        let PlannedAccount { id: account_id, before, after } = decided.account.as_ref()?;
        let day = self.record.leaving_date.filter(|day| *day >= self.today)?;
        let user = stored.filter(|_| decided.link == LinkStep::Keep)?;
        let has_access = before.as_ref().is_some_and(|b| b.status == AccountStatus::Active)
            && after.status == AccountStatus::Active;
        // Who has it through other directories ends with the last of all (S-26).
        let others = match ownership::kept_by(self.elsewhere(account_id), self.today) {
            Kept::NotAtAll => None,
            Kept::Until(day) => Some(day),
            Kept::NoEnd => return None,
        };
        let end_of = |own: Date| others.map_or(own, |day| day.max(own));
        let end = end_of(day);
        // A date that moves away from today is no news.
        let is_earlier = |known: Option<Date>| known.is_none_or(|known| end < end_of(known));
        let cleared = user.leaving_date_cleared.map(|date| date.0);
        let is_news = is_earlier(cleared) && is_earlier(user.record.0.leaving_date);
        let is_asked = is_earlier(cleared) && verdict != Verdict::None;
        (has_access && (is_news || is_asked)).then_some(end)
    }

    /// Who has the account through other directories.
    pub(super) fn elsewhere(&self, account: &AccountId) -> &[Elsewhere] {
        self.snapshot.accounts.get(account).map_or(&[], |view| view.elsewhere.as_slice())
    }

    /// Whether the date that ends access has passed the guard before.
    pub(super) fn was_cleared(
        &self,
        stored: Option<&DirectoryUser>,
        account: &AccountId,
        reason: LossReason,
    ) -> bool {
        let cleared = stored.and_then(|user| user.leaving_date_cleared).map(|date| date.0);
        let day = self.record.leaving_date.filter(|_| reason == LossReason::LeavingDate);
        day.is_some_and(|day| {
            cleared.is_some_and(|cleared| day >= cleared)
                || ownership::is_cleared_by(self.elsewhere(account), day)
        })
    }

    /// The leaving date that may act without being counted again: one that passed the guard, also
    /// when it moves away from today.
    pub(super) fn leaving_date_cleared(
        &self,
        stored: Option<&DirectoryUser>,
        loss: Option<&Loss>,
    ) -> Option<Date> {
        let day = self.record.leaving_date?;
        let cleared = stored.and_then(|user| user.leaving_date_cleared).map(|date| date.0);
        match loss {
            Some(loss) => (!loss.fate.keeps_access()).then_some(day),
            None => cleared.filter(|cleared| *cleared <= day).map(|_| day),
        }
    }

    /// What becomes of somebody who keeps access for now. Who is linked is still told to be active,
    /// unless they were told to have left before and only the account is kept; of somebody seen for
    /// the first time there is no account to touch.
    pub(super) fn kept(
        self,
        stored: Option<&DirectoryUser>,
        link: Option<&Link>,
        decided: &Decided,
    ) -> (Activity, Decided) {
        let Some(link) = link else { return (self.activity, Decided::nothing()) };
        let before = decided.account.as_ref().and_then(|change| change.before.as_ref());
        let has_access = before.is_some_and(|before| before.status == AccountStatus::Active);
        let left_over = has_access && is_left_over(stored, decided);
        let kept = Person { activity: Activity::Active, ..self };
        let state = if left_over { Activity::Inactive } else { Activity::Active };
        (state, kept.follow(&link.account_id, LinkStep::Keep))
    }
}

/// Whether the person had left before, and the account was kept active by another directory that is
/// gone: that is no leaving of this person, and never an effect of disabling (L-08).
pub(super) fn is_left_over(stored: Option<&DirectoryUser>, decided: &Decided) -> bool {
    decided.link == LinkStep::Keep && stored.is_some_and(|user| user.state == Activity::Inactive)
}
