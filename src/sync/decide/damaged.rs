//! Damaged text never replaces good text (S-17).
//!
//! A letter that was lost on the way is U+FFFD in what was read. A field with one is left as it
//! was; without an earlier value it counts as missing. The same goes for a status that is not told.
//! Damaged keys do not come here: a record without a sound key cannot be read at all (S-16). Of
//! somebody who has left, HR hears of damage only when it is in what says that they have (S-07).
//!
//! What this module must not do: guess what the text was.

use jiff::civil::Date;

use crate::domain::account::{Activity, activity};
use crate::domain::employee::{EmployeeRecord, ManagerReference, Membership, RowProblemCode, Unit};
use crate::domain::row_problem::Finding;
use crate::sync::decide::types::Observed;

/// What was observed with what is stored in place of damaged fields. `membership` is whether the
/// person is in the list of current staff, as far as is known.
#[must_use]
pub fn mended(
    observed: Observed,
    stored: Option<&EmployeeRecord>,
    membership: Membership,
    today: Date,
) -> Observed {
    let Observed { mut record, mut notes, .. } = observed;
    let is_of_leaver = has_left(&record, membership, today);
    if mend(&mut record, stored) && !is_of_leaver {
        notes.push(Finding::of(RowProblemCode::DamagedText));
    }
    if let Some(stored) = stored.filter(|_| is_untold(&record)) {
        record.standing = stored.standing;
        record.status_text.clone_from(&stored.status_text);
        record.unreadable.retain(|code| *code != RowProblemCode::UnknownStatus);
        notes.push(Finding::of(RowProblemCode::UnknownStatus));
    }
    Observed { record, notes, ..observed }
}

/// Whether the person has left by what of the record arrived whole: then nobody is to be asked to
/// correct the rest (S-07). A damaged status was read as no status, which ends nobody's access.
fn has_left(record: &EmployeeRecord, membership: Membership, today: Date) -> bool {
    !record.has_stale_leaving_date(membership, today)
        && activity(record, membership, today) == Activity::Inactive
}

/// Whether the record should have a status and has none. Nothing is no word for "employed": whoever
/// has left stays so (S-11).
fn is_untold(record: &EmployeeRecord) -> bool {
    record.status_text.is_none() && record.unreadable.contains(&RowProblemCode::UnknownStatus)
}

/// Puts what is stored in place of damaged fields; whether there were any.
fn mend(record: &mut EmployeeRecord, stored: Option<&EmployeeRecord>) -> bool {
    if record.status_text.as_deref().is_some_and(is_damaged)
        && let Some(stored) = stored
    {
        // What the status means was read from its words.
        record.standing = stored.standing;
        record.unreadable.retain(|code| *code != RowProblemCode::UnknownStatus);
    }
    let mut any = false;
    let texts = [
        (&mut record.first_name, stored.map(|it| &it.first_name)),
        (&mut record.last_name, stored.map(|it| &it.last_name)),
        (&mut record.email, stored.map(|it| &it.email)),
        (&mut record.status_text, stored.map(|it| &it.status_text)),
    ];
    for (text, before) in texts {
        any |= keep(text, before, |text| is_damaged(text));
    }
    let units = [
        (&mut record.department, stored.map(|it| &it.department)),
        (&mut record.position, stored.map(|it| &it.position)),
        (&mut record.office_location, stored.map(|it| &it.office_location)),
    ];
    for (unit, before) in units {
        any |= keep(unit, before, is_damaged_unit);
    }
    let number = stored.map(|it| &it.employee_number);
    any |= keep(&mut record.employee_number, number, |number| is_damaged(number.as_str()));
    let manager = stored.map(|it| &it.manager);
    any |= keep(&mut record.manager, manager, |manager| match manager {
        ManagerReference::Key(key) => is_damaged(key.as_str()),
        ManagerReference::Number(number) => is_damaged(number.as_str()),
        ManagerReference::Email(email) => is_damaged(email.as_str()),
    });
    any
}

/// Puts back what was there before when the field is damaged; whether it was.
fn keep<T: Clone>(
    field: &mut Option<T>,
    before: Option<&Option<T>>,
    is_damaged: impl Fn(&T) -> bool,
) -> bool {
    let damaged = field.as_ref().is_some_and(is_damaged);
    if damaged {
        *field = before.cloned().flatten();
    }
    damaged
}

/// Whether a department, position or office was damaged on the way.
#[must_use]
pub fn is_damaged_unit(unit: &Unit) -> bool {
    is_damaged(&unit.name) || unit.key.as_deref().is_some_and(is_damaged)
}

fn is_damaged(text: &str) -> bool {
    text.contains(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::employee::{EmployeeNumber, ExternalKey, KeyKind, Standing};

    const TODAY: Date = date(2026, 11, 23);

    fn record(standing: Standing, status: &str, leaving: Option<Date>) -> EmployeeRecord {
        EmployeeRecord {
            external_key: ExternalKey("7".to_owned()),
            key_kind: KeyKind::Stable,
            employee_number: Some(EmployeeNumber("7".to_owned())),
            first_name: Some("Ann".to_owned()),
            last_name: Some("M\u{fffd}ller".to_owned()),
            email: Some("ann@acme.example".to_owned()),
            start_date: Some(date(2020, 1, 1)),
            leaving_date: leaving,
            department: None,
            position: None,
            office_location: None,
            manager: None,
            standing,
            status_text: Some(status.to_owned()),
            unreadable: Vec::new(),
        }
    }

    fn notes(
        record: EmployeeRecord,
        membership: Membership,
        stored: Option<&EmployeeRecord>,
    ) -> usize {
        let (raw_hash, notes) = (None, Vec::new());
        let observed = Observed { seq: 1, record, membership, gone: false, raw_hash, notes };
        let mended = mended(observed, stored, membership, TODAY);
        mended.notes.iter().filter(|note| note.code == RowProblemCode::DamagedText).count()
    }

    #[test]
    fn s_07_damage_counts_unless_what_arrived_whole_says_that_the_person_has_left() {
        use Membership::{Member, NotMember, NotShown};
        use Standing::{ByMembership, Current, Former};
        let left = Some(date(2026, 11, 22));
        let damaged = "Ex-employ\u{fffd}e";
        for (seen, membership, expected) in [
            (record(Former, "Ex-employee", None), NotShown, 0),
            (record(Current, "Current employee", left), NotShown, 0),
            (record(ByMembership, "2", left), Member, 0),
            (record(ByMembership, "2", None), NotMember, 0),
            (record(ByMembership, "\u{fffd}", left), NotShown, 0),
            (record(Current, damaged, left), NotShown, 0),
            (record(Current, "Current employee", None), NotShown, 1),
            (record(ByMembership, "1", None), Member, 1),
            (record(Current, "Current employee", Some(TODAY)), NotShown, 1),
            // The one who says it is damaged, or the date is of an earlier employment.
            (record(Current, damaged, None), NotShown, 1),
            (record(Current, "Current employee", Some(date(2019, 1, 1))), NotShown, 1),
        ] {
            let stored = EmployeeRecord {
                last_name: Some("Müller".to_owned()),
                ..record(Former, "Ex-employee", None)
            };
            for stored in [None, Some(&stored)] {
                assert_eq!(
                    notes(seen.clone(), membership, stored),
                    expected,
                    "{seen:?} {stored:?}"
                );
            }
        }
    }
}
