//! Damaged text never replaces good text (S-17).
//!
//! A letter that was lost on the way is U+FFFD in what was read. A field with one is left as it
//! was; without an earlier value it counts as missing. The same goes for a status that is not told.
//! Damaged keys do not come here: a record without a sound key cannot be read at all (S-16).
//!
//! What this module must not do: guess what the text was.

use crate::domain::employee::{EmployeeRecord, ManagerReference, RowProblemCode, Unit};
use crate::domain::row_problem::Finding;
use crate::sync::decide::types::Observed;

/// What was observed with what is stored in place of damaged fields.
#[must_use]
pub fn mended(observed: Observed, stored: Option<&EmployeeRecord>) -> Observed {
    let Observed { mut record, mut notes, .. } = observed;
    if mend(&mut record, stored) {
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
