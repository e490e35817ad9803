//! What of an observed record counts: whether it can be applied, what stays as it was known, and
//! what HR has to look at.
//!
//! What this module must not do: decide about links, accounts or access
//! ([`crate::sync::decide::person`] does).

use jiff::civil::Date;

use crate::db::directory_users::DirectoryUser;
use crate::domain::account::{Activity, activity};
use crate::domain::employee::{
    EmailNorm, EmployeeRecord, Membership, Need, RowProblemCode, is_email,
};
use crate::domain::row_problem::Finding;
use crate::sync::decide::types::{Observed, Setting, Step};

/// What an observed record comes to.
pub(crate) struct Said {
    /// The leaving date was one of an earlier employment, and is left out (S-11).
    pub(crate) is_stale: bool,
    /// What keeps the record, or a part of it, from being applied.
    pub(crate) problem: Option<RowProblemCode>,
    /// What is applied. Otherwise why nothing is, or nothing at all when there is nothing to do.
    pub(crate) record: Result<EmployeeRecord, Option<RowProblemCode>>,
}

/// Judges what was observed of somebody.
pub(crate) fn said(
    observed: &mut Observed,
    stored: Option<&DirectoryUser>,
    is_linked: bool,
    membership: Membership,
    setting: Setting<'_>,
) -> Said {
    let is_stale = observed.record.has_stale_leaving_date(membership, setting.today);
    if is_stale {
        observed.record.leaving_date = None;
    }
    let need = need(&observed.record, membership, is_linked, setting.today);
    let problem = observed.record.problem(need);
    let linked = stored.filter(|_| is_linked);
    let record = match (problem, linked) {
        _ if setting.ends_only => {
            let ends =
                |it: &EmployeeRecord| activity(it, membership, setting.today) == Activity::Inactive;
            let record = linked.map(|user| access_only(&user.record.0, &observed.record));
            record.filter(ends).ok_or(None)
        }
        (None, _) => Ok(with_known(observed.record.clone(), stored, need)),
        (Some(_), Some(user)) => Ok(access_only(&user.record.0, &observed.record)),
        (Some(code), None) => Err(Some(code)),
    };
    Said { is_stale, problem, record }
}

/// What is to be done about a record of which nothing is applied.
pub(crate) fn not_applied(
    why: Option<RowProblemCode>,
    mut observed: Observed,
    is_stale: bool,
) -> Step {
    let Some(code) = why else { return Step::Stale };
    observed.notes = findings(observed.notes, &observed.record, is_stale, false);
    Step::Problem { code, observed: Box::new(observed) }
}

/// Whether the person is in the list of current staff, as far as is known.
pub(crate) fn membership_of(observed: &Observed, stored: Option<&DirectoryUser>) -> Membership {
    match (observed.membership, stored) {
        (Membership::NotShown, Some(user)) => user.membership,
        (shown, _) => shown,
    }
}

/// What a record has to hold. HR systems ask for the e-mail to be taken away as soon as somebody is
/// marked as leaver, and who has left needs neither name nor e-mail: nobody is to be asked to enter
/// them again (ADR 15).
fn need(record: &EmployeeRecord, membership: Membership, is_linked: bool, today: Date) -> Need {
    if activity(record, membership, today) == Activity::Inactive {
        return Need::Key;
    }
    let is_leaving = is_linked && record.leaving_date.is_some();
    if is_leaving { Need::Names } else { Need::Everything }
}

/// What HR has to look at of somebody whose record is applied (S-11).
pub(crate) fn findings(
    mut notes: Vec<Finding>,
    record: &EmployeeRecord,
    is_stale: bool,
    is_ahead: bool,
) -> Vec<Finding> {
    if record.unreadable.contains(&RowProblemCode::UnknownStatus) {
        let detail = record.status_text.clone();
        notes.push(Finding { code: RowProblemCode::UnknownStatus, detail });
    }
    if is_stale {
        notes.push(Finding::of(RowProblemCode::LeavingBeforeStart));
    }
    if is_ahead {
        notes.push(Finding::of(RowProblemCode::StartDateAhead));
    }
    notes
}

/// Of somebody who leaves or has left, what was blanked or spoilt stays as it was last known
/// (S-07). An e-mail that is written in another case is the one we know, as it is written there
/// (S-24).
fn with_known(
    mut record: EmployeeRecord,
    stored: Option<&DirectoryUser>,
    need: Need,
) -> EmployeeRecord {
    let before = stored.map(|user| &user.record.0);
    if need == Need::Key {
        record.email = record.email.filter(|email| is_email(email));
        let unreadable = |code| record.unreadable.contains(&code);
        let (start, leaving) = (
            unreadable(RowProblemCode::InvalidStartDate),
            unreadable(RowProblemCode::InvalidLeavingDate),
        );
        if let Some(before) = before {
            record.first_name = record.first_name.or_else(|| before.first_name.clone());
            record.last_name = record.last_name.or_else(|| before.last_name.clone());
            record.start_date = if start { before.start_date } else { record.start_date };
            record.leaving_date = if leaving { before.leaving_date } else { record.leaving_date };
        }
    }
    let known = before.and_then(|before| before.email.as_ref());
    match (&record.email, known) {
        (Some(email), Some(known)) if EmailNorm::of(email) != EmailNorm::of(known) => {}
        (_, Some(known)) => record.email = Some(known.clone()),
        (_, None) => {}
    }
    record
}

/// What of a record with a problem is applied to a linked person: status and leaving date, so that
/// a problem never delays the end of access (S-07).
fn access_only(stored: &EmployeeRecord, observed: &EmployeeRecord) -> EmployeeRecord {
    let leaving_date = if observed.unreadable.contains(&RowProblemCode::InvalidLeavingDate) {
        stored.leaving_date
    } else {
        observed.leaving_date
    };
    let is_status = |code: &RowProblemCode| *code == RowProblemCode::UnknownStatus;
    let status = observed.unreadable.iter().copied().filter(is_status);
    let others = stored.unreadable.iter().copied().filter(|code| !is_status(code));
    EmployeeRecord {
        unreadable: status.chain(others).collect(),
        standing: observed.standing,
        status_text: observed.status_text.clone(),
        employee_number: observed.employee_number.clone(),
        key_kind: observed.key_kind,
        leaving_date,
        ..stored.clone()
    }
}
