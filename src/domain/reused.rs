//! Whether an employee number belongs to somebody else now (S-21).
//!
//! People HR lets a company give the number of somebody who has left to a newcomer. Where nothing
//! but the number says who a record is about, the record has to look like the person as well.
//! Somebody who marries, moves or gets another e-mail still does; somebody with another e-mail and
//! other names does not.
//!
//! What this module must not do: guess. Only dates that leave no doubt decide by themselves.

use crate::domain::account::Activity;
use crate::domain::employee::{EmailNorm, EmployeeRecord, is_email, name_norm};

/// Whom a record is about that has the number of somebody we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The person we know.
    Same,
    /// Perhaps somebody else; an admin has to say.
    InDoubt,
    /// Somebody else: they began after the person we know had left.
    SomebodyNew,
}

/// Looks whether a record is about the person who had the number `before`. `was` is whether they
/// count as employed, `is` whether the person of the record does.
#[must_use]
pub fn owner(before: &EmployeeRecord, was: Activity, now: &EmployeeRecord, is: Activity) -> Owner {
    let last_name = differ(before.last_name.as_deref(), now.last_name.as_deref());
    let both_names = last_name && differ(before.first_name.as_deref(), now.first_name.as_deref());
    let start =
        matches!((before.start_date, now.start_date), (Some(before), Some(now)) if before != now);
    if !(both_names || last_name && start) || !has_other_email(before, now, is) {
        return Owner::Same;
    }
    let has_left = was == Activity::Inactive;
    match (before.leaving_date.filter(|_| has_left), now.start_date) {
        (Some(leaving), Some(start)) if start > leaving => Owner::SomebodyNew,
        _ => Owner::InDoubt,
    }
}

/// Whether the e-mail speaks against the person we know. One that is missing says nothing of
/// somebody who leaves, because it is taken away then; of anybody else it does not say that they
/// are the same.
fn has_other_email(before: &EmployeeRecord, now: &EmployeeRecord, is: Activity) -> bool {
    match now.email.as_deref().filter(|email| is_email(email)) {
        Some(email) => before.email_norm().is_none_or(|known| known != EmailNorm::of(email)),
        None => is == Activity::Active,
    }
}

/// Whether two names are there and are not the same name.
fn differ(before: Option<&str>, now: Option<&str>) -> bool {
    matches!((before, now), (Some(before), Some(now)) if name_norm(before) != name_norm(now))
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};

    use super::*;
    use crate::domain::employee::{ExternalKey, KeyKind, Standing};

    const THEN: Date = date(2020, 3, 2);
    const LATER: Date = date(2026, 11, 2);

    fn person(first: &str, last: &str, email: &str, start_date: Date) -> EmployeeRecord {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        EmployeeRecord {
            external_key: ExternalKey("42".into()),
            key_kind: KeyKind::Editable,
            employee_number: None,
            first_name: text(first),
            last_name: text(last),
            email: text(email),
            start_date: Some(start_date),
            leaving_date: None,
            department: None,
            position: None,
            office_location: None,
            manager: None,
            standing: Standing::ByMembership,
            status_text: None,
            unreadable: vec![],
        }
    }

    fn ann() -> EmployeeRecord {
        person("Ann", "Lee", "ann@acme.example", THEN)
    }

    fn owner_of(now: &EmployeeRecord) -> Owner {
        owner(&ann(), Activity::Active, now, Activity::Active)
    }

    #[test]
    fn s_21_a_person_who_changes_is_the_same_and_one_who_looks_like_nobody_known_is_in_doubt() {
        let new = "new@acme.example";
        for (now, expected) in [
            (person("Ann", "Ray", new, THEN), Owner::Same),
            (person("Bea", "Lee", new, LATER), Owner::Same),
            (person("Ann", "Lee", new, LATER), Owner::Same),
            (person("ANN", "lee", new, LATER), Owner::Same),
            (person("Bob", "Ray", "Ann@acme.example", LATER), Owner::Same),
            (person("", "", new, THEN), Owner::Same),
            (person("Bob", "Ray", new, THEN), Owner::InDoubt),
            (person("Ann", "Ray", new, LATER), Owner::InDoubt),
            (person("Bob", "Ray", "", LATER), Owner::InDoubt),
            (person("Bob", "Ray", "n/a", LATER), Owner::InDoubt),
        ] {
            assert_eq!(owner_of(&now), expected, "{now:?}");
        }
    }

    #[test]
    fn s_21_a_leaver_whose_e_mail_was_taken_away_is_still_the_leaver() {
        for email in ["", "n/a", "LEFT"] {
            let left = person("Former", "Employee", email, THEN);
            assert_eq!(owner(&ann(), Activity::Active, &left, Activity::Inactive), Owner::Same);
        }
    }

    #[test]
    fn s_21_who_began_after_the_other_had_left_is_somebody_new_without_a_question() {
        let now = person("Bob", "Ray", "bob@acme.example", LATER);
        let owner_after = |was, leaving_date| {
            owner(&EmployeeRecord { leaving_date, ..ann() }, was, &now, Activity::Active)
        };
        let before = Some(date(2026, 10, 30));
        assert_eq!(owner_after(Activity::Inactive, before), Owner::SomebodyNew);
        assert_eq!(owner_after(Activity::Active, before), Owner::InDoubt);
        assert_eq!(owner_after(Activity::Inactive, None), Owner::InDoubt);
        assert_eq!(owner_after(Activity::Inactive, Some(LATER)), Owner::InDoubt);
    }
}
