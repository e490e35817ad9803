//! What is odd about people's records, as it is written down and forgotten (S-07, S-16).
//!
//! Each pass forgets what it would have found and has not. What only a complete list shows is
//! forgotten by a full sync alone.

use crate::db::DbError;
use crate::db::row_problems::{self, RowProblem};
use crate::domain::employee::{EmployeeRecord, ExternalKey};
use crate::domain::ids::RowProblemId;
use crate::domain::row_problem::Finding;
use crate::sync::apply::write::Writing;

impl Writing<'_, '_, '_> {
    /// Notes what is odd about somebody's record, and forgets what is not any more, as far as this
    /// pass can tell.
    pub(crate) fn findings(
        &mut self,
        key: &ExternalKey,
        found: Vec<Finding>,
        record: &EmployeeRecord,
        seq: i64,
    ) -> Result<(), DbError> {
        if found.is_empty() {
            self.resolved.problems.push(key.clone());
            return Ok(());
        }
        let mut settled = self.cx.pass.settles();
        settled.retain(|code| found.iter().all(|finding| finding.code != *code));
        let directory = &self.cx.directory.id;
        row_problems::clear(self.tx, directory, std::slice::from_ref(key), &settled)?;
        found.into_iter().try_for_each(|finding| self.problem(key, finding, record, seq))
    }

    fn problem(
        &mut self,
        key: &ExternalKey,
        finding: Finding,
        record: &EmployeeRecord,
        seq: i64,
    ) -> Result<(), DbError> {
        let cx = self.cx;
        let Finding { code, detail } = finding;
        let problem = RowProblem {
            id: RowProblemId::new(cx.now, cx.random),
            organization_id: cx.directory.organization_id.clone(),
            directory_id: cx.directory.id.clone(),
            external_key: key.clone(),
            employee_number: record.employee_number.clone(),
            name: record.display_name(),
            email: record.email.clone(),
            code,
            severity: code.severity(),
            detail,
            observation_seq: seq,
            first_seen_at_ms: cx.now,
            updated_at_ms: cx.now,
        };
        row_problems::put(self.tx, &problem)
    }
}
