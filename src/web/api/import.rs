//! `POST /api/v1/organizations/{id}/accounts/import`: many accounts at once, as NDJSON or CSV.
//!
//! The body is read as a stream; rows are written in small batches and each gets its own result,
//! one JSON object per line. Results are collected and not sent while the body is still being read,
//! because many clients read nothing before they have sent everything. Their size is bounded by
//! `limits::IMPORT_ROWS_MAX`.
//!
//! Rows are matched by e-mail within the organization; a row that can not be written fails alone.

use std::collections::HashMap;

use actix_web::dev::Decompress;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::StreamExt;
use serde::Serialize;

use crate::db::accounts::{self, Account};
use crate::db::{Lane, Tx, links};
use crate::domain::audit::{Cause, Rule};
use crate::domain::employee::EmailNorm;
use crate::domain::ids::{AccountId, DirectoryId, OrganizationId};
use crate::limits;
use crate::sync::audit::Changed;
use crate::web::answer::Answer;
use crate::web::api::account_change::{self, AccountChange, Writing};
use crate::web::api::import_rows::{Format, Reader, Record, Row, Splitter};
use crate::web::api::organizations;
use crate::web::auth::Caller;
use crate::web::error::{FieldError, Problem};
use crate::web::state::State;

/// What became of one row.
#[derive(Debug, Serialize)]
struct RowResult {
    line: u64,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

impl RowResult {
    fn written(line: u64, status: &'static str, id: AccountId) -> Self {
        Self { line, status, id: Some(id), code: None, message: None, errors: Vec::new() }
    }

    fn failed(line: u64, problem: Problem) -> Self {
        let (code, message) = (problem.code(), problem.detail());
        let errors = match problem {
            Problem::Invalid(errors) => errors,
            _ => Vec::new(),
        };
        let (code, message) = (Some(code), Some(message));
        Self { line, status: "failed", id: None, code, message, errors }
    }
}

/// `POST …/accounts/import`.
pub async fn import(
    state: State,
    caller: Caller,
    path: Path<String>,
    req: HttpRequest,
    payload: Payload,
) -> Answer {
    let organization = organizations::id_of(&path);
    let length = req.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if length.and_then(|text| text.parse().ok()).is_some_and(|n: usize| n > BYTES_MAX) {
        return Err(Problem::TooLarge { bytes_max: BYTES_MAX });
    }
    let looked_for = organization.clone();
    state.context.db.read(move |conn| organizations::find(conn, &looked_for)).await?;
    let content_type = req.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut import = Import {
        state,
        cause: caller.cause(),
        organization,
        format: content_type.and_then(Format::of_content_type),
        parts: None,
        batch: Vec::new(),
        rows: 0,
        results: Vec::new(),
    };
    import.run(&req, payload).await?;
    Ok(HttpResponse::Ok().content_type("application/x-ndjson").body(import.results))
}

const BYTES_MAX: usize = limits::IMPORT_BYTES_MAX;

/// An import under way.
struct Import {
    state: State,
    cause: Cause,
    organization: OrganizationId,
    format: Option<Format>,
    /// Made when the format is known.
    parts: Option<(Splitter, Reader)>,
    batch: Vec<Row>,
    rows: usize,
    /// What is answered: one JSON object per line.
    results: Vec<u8>,
}

/// Why an import ends before its body does.
enum Stop {
    /// Nothing was written yet: the whole request is refused.
    Refused(Problem),
    /// Some of it stands: the last line of the answer says why it ends there.
    Ended,
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl Import {
    async fn run(&mut self, req: &HttpRequest, payload: Payload) -> Result<(), Problem> {
        match self.read_all(req, payload).await {
            Ok(()) | Err(Stop::Ended) => Ok(()),
            Err(Stop::Refused(problem)) => Err(problem),
        }
    }

    async fn read_all(&mut self, req: &HttpRequest, payload: Payload) -> Result<(), Stop> {
        let mut decoded = Decompress::from_headers(payload, req.headers());
        let (mut seen, mut records, mut line) = (0_usize, Vec::new(), 0);
        while let Some(chunk) = decoded.next().await {
            let Ok(chunk) = chunk else {
                return Err(self.end(line, Problem::UnreadableBody).await);
            };
            seen = seen.saturating_add(chunk.len());
            if seen > BYTES_MAX {
                return Err(self.end(line, Problem::TooLarge { bytes_max: BYTES_MAX }).await);
            }
            self.format = self.format.or_else(|| Format::of_content(&chunk));
            let Some(format) = self.format else { continue };
            let (splitter, _) =
                self.parts.get_or_insert_with(|| (Splitter::new(format), Reader::new(format)));
            splitter.push(&chunk, &mut records);
            for record in records.drain(..) {
                line = record.line;
                self.take(record).await?;
            }
        }
        if let Some((splitter, _)) = &mut self.parts {
            splitter.finish(&mut records);
        }
        for record in records.drain(..) {
            self.take(record).await?;
        }
        self.write_batch().await
    }

    async fn take(&mut self, record: Record) -> Result<(), Stop> {
        let line = record.line;
        if self.rows >= limits::IMPORT_ROWS_MAX {
            let message = format!(
                "An import may have {} rows. Send the rest in another one.",
                limits::IMPORT_ROWS_MAX
            );
            return Err(self.end(line, Problem::Conflict { message }).await);
        }
        let Some((_, reader)) = &mut self.parts else { return Ok(()) };
        if let Some(row) = reader.read(record)? {
            self.rows = self.rows.saturating_add(1);
            self.batch.push(row);
        }
        if self.batch.len() >= limits::IMPORT_BATCH_ROWS_MAX {
            self.write_batch().await?;
        }
        Ok(())
    }

    /// Writes what is complete and ends the import with a last line that says why.
    async fn end(&mut self, line: u64, problem: Problem) -> Stop {
        if self.rows == 0 {
            return Stop::Refused(problem);
        }
        if let Err(stop) = self.write_batch().await {
            return stop;
        }
        self.report([RowResult::failed(line, problem)]);
        Stop::Ended
    }

    async fn write_batch(&mut self) -> Result<(), Stop> {
        let rows = std::mem::take(&mut self.batch);
        let Some(first) = rows.first().map(|row| row.line) else { return Ok(()) };
        let (organization, cause) = (self.organization.clone(), self.cause.clone());
        let (now, random) = (self.state.now(), self.state.context.random.clone());
        let write = self.state.context.db.write(Lane::Bulk, move |tx| {
            let rule = Rule::Imported;
            let writing = Writing { now, random: random.as_ref(), cause: &cause, rule };
            write_rows(tx, &organization, rows, writing)
        });
        match write.await {
            Ok(results) => {
                self.report(results);
                Ok(())
            }
            Err(problem) if self.results.is_empty() => Err(Stop::Refused(problem)),
            Err(problem) => {
                if let Problem::Internal(source) = &problem {
                    tracing::error!(source, "an import ended through our own fault");
                }
                self.report([RowResult::failed(first, problem)]);
                Err(Stop::Ended)
            }
        }
    }

    fn report(&mut self, results: impl IntoIterator<Item = RowResult>) {
        for result in results {
            // Writing plain members to memory does not fail.
            if serde_json::to_writer(&mut self.results, &result).is_ok() {
                self.results.push(b'\n');
            }
        }
    }
}

/// Writes one batch in one transaction.
fn write_rows(
    tx: &mut Tx<'_>,
    organization: &OrganizationId,
    rows: Vec<Row>,
    writing: Writing<'_>,
) -> Result<Vec<RowResult>, Problem> {
    tx.lock_organization(organization)?;
    organizations::find(tx, organization)?;
    let emails: Vec<EmailNorm> =
        rows.iter().filter_map(|row| row.change.as_ref().ok()?.email_norm()).collect();
    let found = accounts::by_emails(tx, organization, &emails)?;
    let ids: Vec<AccountId> = found.iter().map(|account| account.id.clone()).collect();
    let mut known = Known {
        managers: links::managed_by(tx, &ids)?,
        accounts: found
            .into_iter()
            .filter_map(|account| Some((account.email_norm.clone()?, account)))
            .collect(),
        changed: Vec::new(),
    };
    let mut results = Vec::with_capacity(rows.len());
    for row in rows {
        let written = row.change.and_then(|change| known.write(tx, organization, &change, writing));
        results.push(match written {
            Ok((status, id)) => RowResult::written(row.line, status, id),
            Err(Problem::Unavailable) => return Err(Problem::Unavailable),
            Err(Problem::Internal(source)) => return Err(Problem::Internal(source)),
            Err(problem) => RowResult::failed(row.line, problem),
        });
    }
    account_change::record(tx, &known.changed, writing)?;
    Ok(results)
}

/// The accounts that a batch is about, as they are after the rows so far.
struct Known {
    accounts: HashMap<EmailNorm, Account>,
    managers: HashMap<AccountId, DirectoryId>,
    /// What the rows so far have changed.
    changed: Vec<Changed>,
}

impl Known {
    fn write(
        &mut self,
        tx: &mut Tx<'_>,
        organization: &OrganizationId,
        change: &AccountChange,
        writing: Writing<'_>,
    ) -> Result<(&'static str, AccountId), Problem> {
        let email = change.email_norm().unwrap_or_else(|| EmailNorm::of(""));
        let Some(before) = self.accounts.get(&email) else {
            let made = account_change::insert(tx, organization, change, writing)?;
            let id = made.after.id.clone();
            self.accounts.insert(email, made.after.clone());
            self.changed.push(made);
            return Ok(("created", id));
        };
        let mut account = before.clone();
        let managed_by = self.managers.get(&account.id);
        let changed = account_change::update(tx, &mut account, change, managed_by, writing)?;
        let id = account.id.clone();
        self.accounts.insert(email, account);
        let status = if changed.is_some() { "updated" } else { "unchanged" };
        self.changed.extend(changed);
        Ok((status, id))
    }
}
