//! Holds: changes that wait for an admin's decision (S-22, S-24, S-32).

use crate::text_enum;
use crate::texts::{Text, text};

text_enum! {
    /// What waits.
    HoldKind {
        /// Whom a person is linked to.
        Link = "link",
        /// A new e-mail that another account has.
        EmailChange = "email_change",
        /// Too many people who would become inactive.
        Deactivations = "deactivations",
        /// The key seems to read another company (L-10).
        OtherCompany = "other_company",
        /// An employee number may belong to somebody else now (S-21).
        ReusedNumber = "reused_number",
    }
}

text_enum! {
    /// What became of it.
    HoldState {
        /// Waits.
        Open = "open",
        /// Everything was approved.
        Approved = "approved",
        /// Some were approved; the rest is in a new hold.
        PartlyApproved = "partly_approved",
        /// Rejected.
        Rejected = "rejected",
        /// No longer needed: the HR system or the accounts changed.
        Superseded = "superseded",
    }
}

text_enum! {
    /// What still adds people to a hold, piece by piece: the list is not complete yet (S-32).
    Gathering {
        /// A full sync, until it has come to its end.
        Run = "run",
        /// Dates that act, until nobody is due any more.
        Dates = "dates",
    }
}

/// What is read in place of the reason while a list is not complete.
#[must_use]
pub fn still_gathered() -> Text {
    text("rules-hold-still-gathered")
}

/// Why the end of many people's access waits.
#[must_use]
pub fn too_many_deactivations() -> Text {
    text("rules-hold-deactivations")
}

/// Why nothing is done with a key that may read another company.
#[must_use]
pub fn may_be_other_company() -> Text {
    text("rules-hold-other-company")
}

/// Why a record waits that has the number of somebody else.
#[must_use]
pub fn number_may_be_reused() -> Text {
    text("rules-hold-reused-number")
}

/// Why a new e-mail waits.
#[must_use]
pub fn email_is_taken() -> Text {
    text("rules-hold-email-change")
}

text_enum! {
    /// What an admin decided about one person of a hold.
    Decision {
        /// The change may be made, once.
        Approved = "approved",
        /// Nothing is changed until the HR system says something else about the person.
        Rejected = "rejected",
    }
}

/// How long after the last notice about an undecided hold the next one is due, in days, when
/// `notices` were written: told when it opens, again after 1, 3 and 7 days, then weekly (S-32).
#[must_use]
pub const fn days_to_next_notice(notices: i64) -> i64 {
    match notices {
        ..=1 => 1,
        2 => 2,
        3 => 4,
        _ => 7,
    }
}

text_enum! {
    /// Why a link could not be decided, in the order in which it is looked for (S-22).
    LinkDoubt {
        /// The account with this e-mail is linked to somebody else who is still active.
        AccountTaken = "account_taken",
        /// The account with this e-mail is protected.
        AccountProtected = "account_protected",
        /// Two people in the HR system have this e-mail.
        DuplicateEmail = "duplicate_email",
        /// The e-mail belonged to a leaver with another name (S-20).
        AddressGivenToAnother = "address_given_to_another",
    }
}

impl LinkDoubt {
    /// What the admin reads.
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::AccountTaken => text("rules-hold-account-taken"),
            Self::AccountProtected => text("rules-hold-account-protected"),
            Self::DuplicateEmail => text("rules-hold-duplicate-email"),
            Self::AddressGivenToAnother => text("rules-hold-address-given-to-another"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_32_an_undecided_hold_is_told_again_after_1_3_7_days_and_then_weekly() {
        let mut day = 0;
        let days: Vec<i64> = (1..=6)
            .map(|notices| {
                day += days_to_next_notice(notices);
                day
            })
            .collect();
        assert_eq!(days, [1, 3, 7, 14, 21, 28]);
    }
}
