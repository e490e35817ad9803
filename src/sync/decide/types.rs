//! What a plan about people is made of: what was observed, what only a look at everybody can know,
//! and every change that is to be made. [`crate::sync::decide::person`] makes plans of it.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;
use serde_json::Value;

use crate::domain::account::{AccountStatus, Activity};
use crate::domain::employee::{
    EmailNorm, EmployeeRecord, ExternalKey, KeyKind, Membership, RowProblemCode, Unit,
};
use crate::domain::guard::LossReason;
use crate::domain::hold::HoldKind;
use crate::domain::ids::{AccountId, DirectoryId, DirectoryUserId, HoldId, HoldItemId, LinkId};
use crate::domain::row_problem::Finding;
use crate::secret::SealingKey;
use crate::texts::Text;

/// The fields of an account that sync manages (S-10), by name instead of by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountFields {
    /// The e-mail as written.
    pub email: String,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// What the account may do.
    pub status: AccountStatus,
    /// The manager's account.
    pub manager: Option<AccountId>,
    /// Department.
    pub department: Option<String>,
    /// Position.
    pub position: Option<String>,
    /// Office location.
    pub office_location: Option<String>,
    /// First day.
    pub start_date: Option<Date>,
    /// Last day.
    pub leaving_date: Option<Date>,
}

/// The new keys of people who got another one, with the one they had (S-21).
pub type Renamed = Arc<HashMap<ExternalKey, ExternalKey>>;

/// One person as observed.
#[derive(Debug, Clone)]
pub struct Observed {
    /// The number of the question that brought the answer (S-05).
    pub seq: i64,
    /// The answer.
    pub record: EmployeeRecord,
    /// Whether the person is in the list of current staff, where that was asked.
    pub membership: Membership,
    /// The HR system was asked and no longer has the person; the record is the one that is stored
    /// (S-31).
    pub gone: bool,
    /// The hash of the raw record, when it came from a list.
    pub raw_hash: Option<Vec<u8>>,
    /// What the reader has to say of the person beside the record. It keeps nothing back.
    pub notes: Vec<Finding>,
}

/// What only a look at everybody can know.
#[derive(Debug, Default, Clone)]
pub struct Facts {
    /// People by e-mail: who has it, and whether they are employed.
    pub people_by_email: Arc<HashMap<EmailNorm, Vec<(ExternalKey, Activity)>>>,
    /// Departments of people who are about to be applied, each once by its key.
    pub departments: Arc<HashMap<String, Unit>>,
    /// The new keys of people who got another one, with the one they had (S-21).
    pub renamed: Renamed,
    /// Managers who are not known yet may still come; the field is left as it is.
    pub managers_may_come: bool,
}

/// What happens to the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkStep {
    /// It stays (or there is none).
    Keep,
    /// A new link to an account that is there.
    Link,
    /// A link again to the account that the person had before (L-09).
    Restore,
    /// A leaver's link goes to this person.
    Move(LinkId),
    /// A new account and a link to it.
    Create,
}

/// A change that needs a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldPlan {
    /// What waits.
    pub kind: HoldKind,
    /// Why, in words.
    pub reason: Text,
    /// The account in question.
    pub account_id: Option<AccountId>,
}

/// Somebody who has an active account would lose access (S-32).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Why.
    pub reason: LossReason,
    /// Whose account it is.
    pub account_id: AccountId,
    /// When access ends.
    pub when: LossTime,
    /// What becomes of it.
    pub fate: LossFate,
}

/// When somebody's access ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossTime {
    /// With this plan.
    Now,
    /// After this day, which is still to come. It counts when it becomes known (S-32).
    After(Date),
}

/// Whether somebody loses access now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossFate {
    /// Yes, and the guard counts it.
    Counted,
    /// Yes; an admin has approved it, or it was counted when its date became known.
    Uncounted,
    /// Not before an admin decides.
    Held,
    /// The same; an admin is being asked already, and nothing new is known.
    Waits,
    /// No: an admin has rejected it, and HR says nothing new about the person's employment.
    Rejected,
}

impl LossFate {
    /// Whether the person keeps access for now.
    #[must_use]
    pub const fn keeps_access(self) -> bool {
        matches!(self, Self::Held | Self::Waits | Self::Rejected)
    }
}

/// The moment and place of a decision.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The directory.
    pub directory: &'a DirectoryId,
    /// Today in the organization's time zone (S-12).
    pub today: Date,
    /// For comparing records with those that were decided about.
    pub key: &'a SealingKey,
    /// Only ends of access count, by status and leaving date; whoever keeps it stays as they are
    /// (S-07).
    pub ends_only: bool,
    /// Nothing is learned of anybody: the stored records are decided about again. Whether the HR
    /// system still has these people is not known.
    pub is_again: bool,
}

/// What is to be done about one person.
#[derive(Debug, Clone)]
pub struct PersonPlan {
    /// The key under which the person is known from now on.
    pub key: ExternalKey,
    /// The person as stored; `None` at first sight.
    pub before: Option<DirectoryUserId>,
    /// What to do.
    pub step: Step,
}

/// What to do.
#[derive(Debug, Clone)]
pub enum Step {
    /// Something newer is stored.
    Stale,
    /// The record cannot be applied at all.
    Problem {
        /// Why.
        code: RowProblemCode,
        /// What the record says, for the list of problems; with what else is odd.
        observed: Box<Observed>,
    },
    /// The record may be about somebody else than its number says: nothing of it is applied (S-21).
    InDoubt(Box<Question>),
    /// Apply.
    Apply(Box<Applied>),
}

/// An account as a plan finds it and leaves it. Both may be the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedAccount {
    /// Which.
    pub id: AccountId,
    /// As it is; `None` when it is created.
    pub before: Option<AccountFields>,
    /// As it becomes.
    pub after: AccountFields,
}

/// Everything that applying a person writes.
#[derive(Debug, Clone)]
pub struct Applied {
    /// What is observed; its record is what is stored from now on.
    pub observed: Observed,
    /// How far the key can be trusted.
    pub key_kind: KeyKind,
    /// Whether the person counts as employed.
    pub activity: Activity,
    /// Employed, and not active before their first day (S-11).
    pub waits_for_start: bool,
    /// Only part of the record could be applied, for this reason; with what the record says.
    pub problem: Option<(RowProblemCode, EmployeeRecord)>,
    /// What else HR has to look at; it keeps nothing back.
    pub notes: Vec<Finding>,
    /// What happens to the link.
    pub link: LinkStep,
    /// The account.
    pub account: Option<PlannedAccount>,
    /// Another directory manages the account from now on (S-26).
    pub hands_over: bool,
    /// A change that needs a decision.
    pub hold: Option<HoldPlan>,
    /// Access that ends, or would end.
    pub loss: Option<Loss>,
    /// The leaving date that may act on its day without being counted again (S-32).
    pub leaving_date_cleared: Option<Date>,
    /// The approvals that this carries out, with their holds.
    pub carried_out: Vec<(HoldItemId, HoldId)>,
    /// The hash of what the HR system says of the person, for comparing it with what an admin
    /// decides about.
    pub fingerprint: Vec<u8>,
    /// The hash of what the HR system says of the person's employment, for comparing it with what
    /// an admin decides about the end of access.
    pub employment: Vec<u8>,
    /// Whether the next full sync may skip this person when the raw record is the same.
    pub settled: bool,
}

/// A record that may be about somebody else than its number says.
#[derive(Debug, Clone)]
pub struct Question {
    /// The record; nothing of it is applied.
    pub observed: Observed,
    /// The name of the person we know.
    pub name: String,
    /// The account that is not touched.
    pub account_id: Option<AccountId>,
    /// Both sides, for the admin.
    pub change: Value,
    /// What the record says of the person; an answer counts for it.
    pub fingerprint: Vec<u8>,
}
