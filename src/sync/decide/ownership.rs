//! Accounts that people of several directories have (S-26): whose word counts.
//!
//! The oldest link of an employed person manages the account; when nobody is employed any more, the
//! oldest of all. Whoever does not manage changes nothing but this: while any of them is employed
//! the account is active, and when the last of them leaves it is not.
//!
//! What this module must not do: look at anything but its arguments.

use jiff::civil::Date;

use crate::domain::account::{AccountStatus, Activity, managing};
use crate::domain::ids::DirectoryId;

/// The links of one account, oldest first: the directory, and whether its person is employed. There
/// is at most one of each directory.
pub type Shares = Vec<(DirectoryId, Activity)>;

/// Somebody who has an account through another directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elsewhere {
    /// Whether they are employed there.
    pub activity: Activity,
    /// Their last day there.
    pub leaving_date: Option<Date>,
    /// The last day that may act there without being counted (S-32).
    pub cleared: Option<Date>,
}

/// How long people of other directories keep an account active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Not at all.
    NotAtAll,
    /// To the end of this day, which is the last of all of theirs.
    Until(Date),
    /// No end is known.
    NoEnd,
}

/// How long others keep an account active. Whoever is employed past their last day is so by an
/// admin's word, or until it comes.
#[must_use]
pub fn kept_by(others: &[Elsewhere], today: Date) -> Kept {
    let active = others.iter().filter(|one| one.activity == Activity::Active);
    let last_days = active.map(|one| one.leaving_date.filter(|day| *day >= today));
    last_days.fold(Kept::NotAtAll, |kept, day| match (kept, day) {
        (Kept::NoEnd, _) | (_, None) => Kept::NoEnd,
        (Kept::Until(other), Some(day)) => Kept::Until(day.max(other)),
        (Kept::NotAtAll, Some(day)) => Kept::Until(day),
    })
}

/// Whether a last day was counted already with the same or a later one of another directory.
#[must_use]
pub fn is_cleared_by(others: &[Elsewhere], day: Date) -> bool {
    let counted = |one: &Elsewhere| one.cleared.is_some() && one.cleared == one.leaving_date;
    others.iter().filter(|one| counted(one)).any(|one| one.leaving_date >= Some(day))
}

/// What a person's directory has to say about the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Say {
    /// It manages the account.
    pub manages: bool,
    /// It did so until now, and another takes over.
    pub hands_over: bool,
    /// Somebody who has the account is employed.
    pub anybody_active: bool,
}

/// Notes that the person of `directory` who has the account is employed or not; a new link is the
/// youngest.
pub fn note(shares: &mut Shares, directory: &DirectoryId, activity: Activity) {
    match shares.iter_mut().find(|(other, _)| other == directory) {
        Some((_, known)) => *known = activity,
        None => shares.push((directory.clone(), activity)),
    }
}

/// What `directory` has to say, when its person is employed or not from now on.
#[must_use]
pub fn say(shares: &Shares, directory: &DirectoryId, activity: Activity) -> Say {
    let is_managing = |shares: &Shares| {
        let oldest_first = shares.iter().map(|(directory, activity)| (directory, *activity));
        managing(oldest_first) == Some(directory)
    };
    let mut after = shares.clone();
    note(&mut after, directory, activity);
    let manages = is_managing(&after);
    Say {
        manages,
        hands_over: !manages && is_managing(shares),
        anybody_active: after.iter().any(|(_, activity)| *activity == Activity::Active),
    }
}

/// The status of an account that another directory manages. `own` is the status that the person
/// would give it.
#[must_use]
pub fn status_beside(say: Say, before: AccountStatus, own: AccountStatus) -> AccountStatus {
    match own {
        AccountStatus::Active => AccountStatus::Active,
        _ if say.anybody_active => before,
        _ => AccountStatus::Inactive,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Activity::{Active, Inactive};

    fn id(name: &str) -> DirectoryId {
        DirectoryId::from_text(name)
    }

    fn shares(links: &[(&str, Activity)]) -> Shares {
        links.iter().map(|(directory, activity)| (id(directory), *activity)).collect()
    }

    /// `(manages, hands_over, anybody_active)` of a directory.
    fn of(links: &[(&str, Activity)], who: &str, activity: Activity) -> (bool, bool, bool) {
        let say = say(&shares(links), &id(who), activity);
        (say.manages, say.hands_over, say.anybody_active)
    }

    #[test]
    fn s_26_the_oldest_manages_while_its_person_is_employed() {
        let both = [("old", Active), ("young", Active)];
        assert_eq!(of(&both, "old", Active), (true, false, true));
        assert_eq!(of(&both, "young", Active), (false, false, true));
        assert_eq!(of(&both, "young", Inactive), (false, false, true));
        // Its person leaves: the other takes over.
        assert_eq!(of(&both, "old", Inactive), (false, true, true));
    }

    #[test]
    fn s_26_an_employed_person_manages_before_an_older_link_of_a_leaver() {
        let left = [("old", Inactive), ("young", Active)];
        assert_eq!(of(&left, "young", Active), (true, false, true));
        assert_eq!(of(&left, "old", Inactive), (false, false, true));
        // Back again, the older one manages again.
        assert_eq!(of(&left, "old", Active), (true, false, true));
        // The last one leaves: nobody is employed, and the oldest has it.
        assert_eq!(of(&left, "young", Inactive), (false, true, false));
    }

    #[test]
    fn s_26_a_new_link_is_the_youngest() {
        assert_eq!(of(&[], "new", Inactive), (true, false, false));
        assert_eq!(of(&[("old", Active)], "new", Active), (false, false, true));
        assert_eq!(of(&[("old", Inactive)], "new", Active), (true, false, true));
        assert_eq!(of(&[("old", Inactive)], "new", Inactive), (false, false, false));
    }

    #[test]
    fn s_32_an_account_of_several_ends_with_the_last_of_them() {
        let day = |day| jiff::civil::date(2026, 12, day);
        let one = |activity, leaving_date| Elsewhere { activity, leaving_date, cleared: None };
        let kept = |others: &[Elsewhere]| kept_by(others, day(5));
        assert_eq!(kept(&[]), Kept::NotAtAll);
        assert_eq!(kept(&[one(Inactive, Some(day(1)))]), Kept::NotAtAll);
        assert_eq!(kept(&[one(Active, None)]), Kept::NoEnd);
        let both = [one(Active, Some(day(9))), one(Active, Some(day(5)))];
        assert_eq!(kept(&both), Kept::Until(day(9)));
        assert_eq!(kept(&[both[0], one(Active, None)]), Kept::NoEnd);
        // Held past the last day.
        assert_eq!(kept(&[both[0], one(Active, Some(day(4)))]), Kept::NoEnd);
        let cleared = Elsewhere { cleared: Some(day(9)), ..both[0] };
        assert!(is_cleared_by(&[both[1], cleared], day(9)));
        assert!(!is_cleared_by(&[both[0]], day(9)) && !is_cleared_by(&[cleared], day(10)));
    }

    use AccountStatus as Status;
    use status_beside as beside;

    #[test]
    fn s_26_the_account_is_active_while_anybody_is() {
        let somebody = Say { manages: false, hands_over: false, anybody_active: true };
        let nobody = Say { anybody_active: false, ..somebody };
        assert_eq!(beside(somebody, Status::Active, Status::Inactive), Status::Active);
        assert_eq!(beside(somebody, Status::Pending, Status::Inactive), Status::Pending);
        assert_eq!(beside(somebody, Status::Pending, Status::Active), Status::Active);
        assert_eq!(beside(nobody, Status::Active, Status::Inactive), Status::Inactive);
        assert_eq!(beside(nobody, Status::Inactive, Status::Inactive), Status::Inactive);
    }
}
