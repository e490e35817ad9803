//! What admins have said about the end of somebody's access (S-32).
//!
//! The one rule by which a decision of the past counts for the facts of today. Pure: whoever asks
//! brings the decision, the facts, and whether an admin is being asked at present.
//!
//! What this module must not do: decide what follows from it.

use crate::db::holds::HoldItem;
use crate::domain::hold::Decision;
use crate::domain::ids::AccountId;

/// What admins have said about the end of somebody's access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    None,
    /// It may end, once.
    Approved,
    /// It may not end while the facts are these.
    Rejected,
    /// It may not end before they have decided.
    Binding,
}

impl Verdict {
    /// The verdict that the latest decision about a person gives, if there is one. A decision is
    /// about the employment facts and the account that were on the list; once there was a
    /// rejection, other facts are asked about and never carried out unasked; one without facts is
    /// one whose facts were others in between. `employment` are the hashes of the facts of which
    /// today's can be one: several when nothing was learned and it is not known whether the HR
    /// system still has the person. `waits`: the person is, or was, on a list that is open.
    #[must_use]
    pub fn of(
        item: Option<&HoldItem>,
        account: Option<&AccountId>,
        employment: &[&[u8]],
        waits: bool,
    ) -> Self {
        let hash = item.and_then(|item| item.record_hash.as_deref());
        let same_facts = hash.is_some_and(|hash| employment.contains(&hash));
        let same_account = item.is_some_and(|item| item.account_id.as_ref() == account);
        match item.and_then(|item| item.decision) {
            Some(Decision::Approved) if same_facts && same_account => Self::Approved,
            _ if waits => Self::Binding,
            Some(Decision::Rejected) if same_facts => Self::Rejected,
            Some(Decision::Rejected) => Self::Binding,
            _ => Self::None,
        }
    }
}
