//! Accounts of the application: their status and the fields that a directory manages.

use jiff::civil::Date;

use crate::domain::employee::{EmployeeRecord, Membership, Standing};
use crate::text_enum;

text_enum! {
    /// What an account may do in the application.
    AccountStatus {
        /// May be used.
        Active = "active",
        /// May not be used.
        Inactive = "inactive",
        /// Will be active when the start date comes (S-23).
        Pending = "pending",
    }
}

text_enum! {
    /// Whether the HR system counts a person as employed (S-11).
    Activity {
        /// Employed.
        Active = "active",
        /// Not employed (any more).
        Inactive = "inactive",
    }
}

/// The fields of an account that a directory manages while the link lasts (S-10), by their names in
/// the API.
pub const MANAGED_FIELDS: &[&str] = &[
    "email",
    "first_name",
    "last_name",
    "status",
    "manager_account_id",
    "department",
    "position",
    "office_location",
    "start_date",
    "leaving_date",
];

/// Whether a person is employed today (S-11): by the record itself or by membership in the list of
/// current staff, and never after the leaving date, unless that is one of an earlier employment.
/// Who has not begun yet counts as employed here ([`waits_for_start`]). `Membership::NotShown`
/// counts as a member: the caller puts the stored membership in its place when there is one.
#[must_use]
pub fn activity(record: &EmployeeRecord, membership: Membership, today: Date) -> Activity {
    let employed = match record.standing {
        Standing::Current => true,
        Standing::Former => false,
        Standing::ByMembership => membership != Membership::NotMember,
    };
    let left = record.leaving_date.is_some_and(|leaving| leaving < today)
        && !record.has_stale_leaving_date(membership, today);
    if employed && !left { Activity::Active } else { Activity::Inactive }
}

/// The next day on which a person is to be decided again although nothing is learned of them: their
/// first day, or the day after their last one, if it is still to come (S-12).
#[must_use]
pub fn next_day(record: &EmployeeRecord, today: Date) -> Option<Date> {
    let first = record.start_date;
    let after_last = record.leaving_date.and_then(|last| last.tomorrow().ok());
    first.into_iter().chain(after_last).filter(|day| *day > today).min()
}

/// The status an account gets from its directory user. `before` is the account's present status, or
/// `None` when the account is being created. Before the start date nobody becomes active, and who
/// is active stays so (S-11, S-23).
#[must_use]
pub fn account_status(
    activity: Activity,
    start_date: Option<Date>,
    before: Option<AccountStatus>,
    today: Date,
) -> AccountStatus {
    let starts_later = start_date.is_some_and(|start| start > today);
    match (activity, before) {
        (Activity::Inactive, _) => AccountStatus::Inactive,
        (Activity::Active, before) if starts_later && before != Some(AccountStatus::Active) => {
            AccountStatus::Pending
        }
        (Activity::Active, _) => AccountStatus::Active,
    }
}

/// Whether somebody employed is not active yet, because their start date lies ahead (S-11). Who is
/// active stays so: `account` is the status that their account has from now on, or `None` when they
/// have none; `was_active` says whether the application was told that they are active.
#[must_use]
pub fn waits_for_start(
    activity: Activity,
    start_date: Option<Date>,
    account: Option<AccountStatus>,
    was_active: bool,
    today: Date,
) -> bool {
    let starts_later = start_date.is_some_and(|start| start > today);
    let is_active = account.map_or(was_active, |status| status == AccountStatus::Active);
    activity == Activity::Active && starts_later && !is_active
}

/// Who manages an account that has several links (S-26): of the links whose person is employed the
/// oldest, of all when nobody is. `links` come oldest first.
pub fn managing<T>(links: impl IntoIterator<Item = (T, Activity)>) -> Option<T> {
    let mut oldest = None;
    for (link, activity) in links {
        if activity == Activity::Active {
            return Some(link);
        }
        oldest.get_or_insert(link);
    }
    oldest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_26_the_oldest_active_link_manages_and_the_oldest_of_all_when_none_is() {
        use Activity::{Active, Inactive};
        assert_eq!(managing([(1, Active), (2, Active)]), Some(1));
        assert_eq!(managing([(1, Inactive), (2, Active), (3, Active)]), Some(2));
        assert_eq!(managing([(1, Inactive), (2, Inactive)]), Some(1));
        assert_eq!(managing::<i32>([]), None);
    }
}
