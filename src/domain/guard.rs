//! The guard against mass deactivation (S-32): how many people of a directory may lose access
//! within an hour before an admin is asked. Pure; what counts is decided in
//! [`crate::sync::decide::person`].
//!
//! Invariant: a limit never grows past [`GuardLimits::max_count`], and never lets through more than
//! half of a small directory.

use jiff::civil::Date;

use crate::domain::employee::{EmployeeRecord, Membership};
use crate::text_enum;

text_enum! {
    /// Why a person's access would end.
    LossReason {
        /// The leaving date is over.
        LeavingDate = "leaving_date",
        /// They are not in the HR system's list of current staff.
        NotCurrentStaff = "not_current_staff",
        /// The HR system says that they are no longer employed.
        Former = "former",
        /// The HR system no longer has them.
        NotInHr = "not_in_hr",
    }
}

impl LossReason {
    /// Why somebody with this record has left; `gone` when the HR system no longer has them.
    #[must_use]
    pub fn of(record: &EmployeeRecord, membership: Membership, gone: bool, today: Date) -> Self {
        let leaving_date = record.leaving_date.filter(|leaving| *leaving < today);
        match (gone, leaving_date, membership) {
            (true, ..) => Self::NotInHr,
            (_, Some(_), _) => Self::LeavingDate,
            (_, _, Membership::NotMember) => Self::NotCurrentStaff,
            _ => Self::Former,
        }
    }
}

/// What the operator allows within an hour without an admin's word.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GuardLimits {
    /// This many people, as far as they are no more than half of those who had access.
    pub min_count: u32,
    /// This share of those who had access, from 0 to 1, as far as it is no more than `max_count`.
    pub share: f64,
    /// The most people that the share lets through.
    pub max_count: u32,
}

impl GuardLimits {
    /// Whether `lost` people are too many where `base` had access before.
    #[must_use]
    pub fn are_exceeded_by(&self, lost: u64, base: u64) -> bool {
        // A share that is a whole number of people must not be missed by a rounding error.
        const ROUNDING: f64 = 1e-9;
        let number = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let of_few = f64::from(self.min_count).min(number(base) / 2.0);
        let of_many = f64::from(self.max_count).min(self.share * number(base));
        number(lost) > of_few.max(of_many) + ROUNDING
    }
}

/// The guard while people are being decided about, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Guard {
    /// Nobody has to wait; also when it is only to be found out how many there would be.
    #[default]
    Open,
    /// Too many would lose access: all of them wait.
    Closed,
    /// So many have lost it within the hour, of so many who had it.
    Counting {
        /// What is allowed.
        limits: GuardLimits,
        /// How many had access before.
        base: u64,
        /// How many have lost it, or wait.
        lost: u64,
    },
}

impl Guard {
    /// Whether one more person may lose access.
    #[must_use]
    pub fn lets_through(&self) -> bool {
        match self {
            Self::Open => true,
            Self::Closed => false,
            Self::Counting { limits, base, lost } => {
                !limits.are_exceeded_by(lost.saturating_add(1), *base)
            }
        }
    }

    /// One more person has lost access.
    pub fn note_loss(&mut self) {
        if let Self::Counting { lost, .. } = self {
            *lost = lost.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: GuardLimits = GuardLimits { min_count: 5, share: 0.10, max_count: 100 };

    #[test]
    fn s_32_the_limit_is_the_larger_of_a_few_and_a_share() {
        for (lost, base, too_many) in [
            (0, 0, false),
            (1, 0, true),
            (1, 1, true),
            (1, 2, false),
            (2, 3, true),
            (2, 4, false),
            (2, 5, false),
            (3, 5, true),
            (5, 5, true),
            (5, 10, false),
            (6, 10, true),
            (6, 60, false),
            (6, 59, true),
            (7, 60, true),
            (100, 1_000, false),
            (101, 1_000, true),
            (100, 5_000, false),
            (101, 5_000, true),
            (500, 5_000, true),
            (u64::MAX, 1_000, true),
        ] {
            assert_eq!(USUAL.are_exceeded_by(lost, base), too_many, "{lost} of {base}");
        }
        let third = GuardLimits { min_count: 0, share: 0.29, max_count: 100 };
        assert!(!third.are_exceeded_by(29, 100) && third.are_exceeded_by(30, 100));
    }

    #[test]
    fn s_32_the_guard_closes_after_what_is_allowed() {
        let mut guard = Guard::Counting { limits: USUAL, base: 40, lost: 3 };
        for _ in 0..2 {
            assert!(guard.lets_through());
            guard.note_loss();
        }
        assert!(!guard.lets_through());
        assert!(Guard::Open.lets_through() && !Guard::Closed.lets_through());
    }
}
