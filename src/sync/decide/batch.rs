//! What a batch of people is decided with: the moment, the directory, what set it off, and what is
//! known of everybody else.
//!
//! What this module must not do: read the clock or the database. Whoever makes a [`Decider`] does.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::clock::{Random, Timestamp};
use crate::db::directories::Directory;
use crate::domain::audit::Cause;
use crate::domain::employee::RowProblemCode;
use crate::domain::guard::GuardLimits;
use crate::domain::hold::Gathering;
use crate::secret::Keys;
use crate::sync::decide::types::Facts;

/// Which part of a batch is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Everything; a single person.
    Whole,
    /// People without their groups: the first half of a full sync, so that all `user.created` come
    /// before the groups (wire contract §6).
    People,
    /// Managers and groups: the second half.
    Relations,
    /// Everything, of people who are decided again as they are stored
    /// ([`crate::sync::reevaluate`]). Nothing is learned of their records, so what is noted about
    /// those stays.
    Again,
    /// Only ends of access, in a strict directory whose run fails (S-07). What is noted stays.
    Ends,
}

impl Pass {
    /// The problems that are over when this pass does not find them any more.
    #[must_use]
    pub fn settles(self) -> Vec<RowProblemCode> {
        let all = RowProblemCode::ALL.iter().copied();
        match self {
            Self::People | Self::Relations => all.collect(),
            Self::Whole => all.filter(|code| !code.needs_a_list()).collect(),
            Self::Again => all.filter(|code| code.is_told_by_stored()).collect(),
            Self::Ends => Vec::new(),
        }
    }
}

/// What deciding about a batch of people needs besides the snapshot.
#[derive(Clone)]
pub struct Decider<'a> {
    /// The directory.
    pub directory: &'a Directory,
    /// The moment.
    pub now: Timestamp,
    /// Today in the organization's time zone (S-12).
    pub day: Day,
    /// For ids.
    pub random: &'a dyn Random,
    /// For comparing what must not be stored itself.
    pub keys: &'a Keys,
    /// What set this off.
    pub cause: &'a Cause,
    /// Which part is written.
    pub pass: Pass,
    /// What only a look at everybody can know.
    pub facts: &'a Facts,
    /// How many people may lose access without an admin's word (S-32).
    pub limits: GuardLimits,
    /// What is known of the others.
    pub ruling: Ruling,
    /// What this batch is one piece of, when a hold about loss of access is not complete with it.
    pub gathering: Option<Gathering>,
}

/// A day where the organization is (S-12).
#[derive(Debug, Clone)]
pub struct Day {
    /// The date.
    pub today: Date,
    /// Its time zone.
    pub zone: TimeZone,
}

impl Ruling {
    /// Whether a full sync puts together a list of those who would lose access.
    #[must_use]
    pub const fn gathers(self) -> bool {
        matches!(self, Self::Everybody { too_many: true, .. })
    }
}

/// What is known of the others when a batch is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// Nothing: people who come by webhook or by a date are counted together with those who wait.
    Alone,
    /// A full sync has looked at everybody; whether too many would lose access.
    Everybody {
        /// Whether those who would lose access wait.
        too_many: bool,
        /// How many had access before, as far as the run knows better than the database.
        base: u64,
    },
}
