//! Records that could not be applied, or only in part, as a run and a preview show them.

use crate::db::directories::Directory;
use crate::db::row_problems::RowProblem;
use crate::domain::employee::{EmployeeNumber, EmployeeRecord, ExternalKey, RowProblemCode};
use crate::domain::ids::RowProblemId;
use crate::domain::row_problem::{Finding, Severity};
use crate::sync::Context;
use crate::sync::full::everybody::Unread;
use crate::texts::Text;

/// A record that could not be applied, or only in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// Who.
    pub external_key: ExternalKey,
    /// Their number.
    pub employee_number: Option<EmployeeNumber>,
    /// Their name.
    pub name: String,
    /// Their e-mail in the HR system.
    pub email: Option<String>,
    /// What is wrong.
    pub code: RowProblemCode,
    /// Whether it keeps something from being applied.
    pub severity: Severity,
    /// The HR system's own word that it is about.
    pub detail: Option<String>,
    /// The same in words.
    pub message: Text,
}

impl BadRow {
    /// As it is stored.
    pub(crate) fn into_row(self, directory: &Directory, seq: i64, cx: &Context) -> RowProblem {
        let now = cx.clock.now();
        RowProblem {
            id: RowProblemId::new(now, &*cx.random),
            organization_id: directory.organization_id.clone(),
            directory_id: directory.id.clone(),
            external_key: self.external_key,
            employee_number: self.employee_number,
            name: self.name,
            email: self.email,
            code: self.code,
            severity: self.severity,
            detail: self.detail,
            observation_seq: seq,
            first_seen_at_ms: now,
            updated_at_ms: now,
        }
    }
}

impl BadRow {
    /// A record that cannot be read.
    pub(crate) fn unread(unread: &Unread) -> Self {
        let finding = Finding::of(RowProblemCode::UnreadableRecord);
        Self {
            external_key: unread.external_key.clone(),
            name: unread.name.clone(),
            employee_number: unread.employee_number.clone(),
            email: unread.email.clone(),
            code: finding.code,
            severity: finding.code.severity(),
            message: finding.text(),
            detail: None,
        }
    }
}

pub(crate) fn bad_rows_of(
    key: &ExternalKey,
    found: impl Iterator<Item = Finding>,
    record: &EmployeeRecord,
) -> Vec<BadRow> {
    let row = |finding: Finding| BadRow {
        external_key: key.clone(),
        name: record.display_name(),
        employee_number: record.employee_number.clone(),
        email: record.email.clone(),
        code: finding.code,
        severity: finding.code.severity(),
        message: finding.text(),
        detail: finding.detail,
    };
    found.map(row).collect()
}
