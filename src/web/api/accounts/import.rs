//! `POST /api/v1/organizations/{id}/accounts/import`: many accounts at once, as NDJSON or CSV.
//!
//! The body is read as a stream; rows are written in small batches and each gets its own result,
//! one JSON object per line. Results are collected and not sent while the body is still
//! being read, because many clients read nothing before they have sent everything. Their number is
//! bounded by `limits::IMPORT_ROWS_MAX`, their size by `Results`.
//!
//! What this module must not do: write rows, which is [`operations`]' work.

use std::convert::Infallible;

use actix_web::body::SizedStream;
use actix_web::dev::Decompress;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::{Bytes, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{StreamExt, stream};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::audit::Cause;
use crate::domain::ids::{AccountId, OrganizationId};
use crate::limits;
use crate::operations::accounts::import::{self as operations, Outcome};
use crate::operations::organizations;
use crate::web::api::accounts::NewAccount;
use crate::web::api::accounts::import_rows::{Reader, Row};
use crate::web::api::accounts::import_split::{Format, Record, Splitter};
use crate::web::http::auth::Caller;
use crate::web::http::error::{FieldError, Problem, in_english};
use crate::web::http::members::shortened;
use crate::web::http::response::Response;
use crate::web::http::state::State;

/// What became of one row.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportResult)]
pub struct RowResult {
    /// The line on which the row begins.
    line: u64,
    /// `created`, `updated`, `unchanged` or `failed`.
    status: &'static str,
    /// The account, unless it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<AccountId>,
    /// Why it failed, as a fixed word.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// Why it failed. Of very many failures only the first have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// What is wrong with which member.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    errors: Vec<FieldError>,
}

impl RowResult {
    fn of(line: u64, outcome: Outcome) -> Self {
        match outcome {
            Outcome::Created(id) => Self::written(line, "created", id),
            Outcome::Updated(id) => Self::written(line, "updated", id),
            Outcome::Unchanged(id) => Self::written(line, "unchanged", id),
            Outcome::Refused(error) => Self::failed(line, &error.into()),
        }
    }

    fn written(line: u64, status: &'static str, id: AccountId) -> Self {
        Self { line, status, id: Some(id), code: None, message: None, errors: Vec::new() }
    }

    fn failed(line: u64, problem: &Problem) -> Self {
        let short = |text: &str| shortened(text, limits::IMPORT_RESULT_CHARS_MAX);
        let errors: Vec<FieldError> = match problem {
            Problem::Invalid(errors) => errors
                .iter()
                .take(limits::IMPORT_ROW_ERRORS_MAX)
                .map(|error| {
                    FieldError::new(short(&error.field), error.code, short(&error.message))
                })
                .collect(),
            _ => Vec::new(),
        };
        let (code, message) = (Some(problem.code()), Some(short(&in_english(&problem.detail()))));
        Self { line, status: "failed", id: None, code, message, errors }
    }
}

/// What is answered: one JSON object per line, in blocks, so that it is never copied as a whole.
#[derive(Debug, Default)]
struct Results {
    blocks: Vec<Bytes>,
    block: Vec<u8>,
    detailed: usize,
}

impl Results {
    fn is_empty(&self) -> bool {
        self.block.is_empty() && self.blocks.is_empty()
    }

    /// Adds a result. Of very many failures only the first are told in detail, so that an answer
    /// is not larger than what was sent.
    fn push(&mut self, mut result: RowResult) {
        if result.message.is_some() {
            self.detailed = self.detailed.saturating_add(1);
            if self.detailed > limits::IMPORT_DETAILED_ROWS_MAX {
                (result.message, result.errors) = (None, Vec::new());
            }
        }
        self.write(&result);
    }

    /// Adds the last result, which says why the import ended: always in full.
    fn close(&mut self, result: &RowResult) {
        self.write(result);
    }

    fn write(&mut self, result: &RowResult) {
        // Writing plain members to memory does not fail.
        if serde_json::to_writer(&mut self.block, result).is_ok() {
            self.block.push(b'\n');
        }
        if self.block.len() >= limits::API_BODY_BYTES_MAX {
            self.blocks.push(std::mem::take(&mut self.block).into());
        }
    }

    fn into_body(mut self) -> SizedStream<impl stream::Stream<Item = Result<Bytes, Infallible>>> {
        self.blocks.push(self.block.into());
        let size = self.blocks.iter().map(|block| u64::try_from(block.len()).unwrap_or(0)).sum();
        SizedStream::new(size, stream::iter(self.blocks.into_iter().map(Ok)))
    }
}

/// Makes and changes many accounts at once.
///
/// Rows are matched by e-mail within the organization; a row that cannot be written fails alone. A
/// CSV has a header with the names of members, and `attributes.` with a name for each attribute.
#[utoipa::path(
    post, path = "/api/v1/organizations/{organization_id}/accounts/import", tag = "Accounts",
    operation_id = "import_accounts",
    request_body(content(
        (NewAccount = "application/x-ndjson",
            example = json!({ "email": "ann@acme.example", "first_name": "Ann" })),
        (String = "text/csv",
            example = json!("email,first_name,attributes.cost_centre\nann@acme.example,Ann,7\n")),
    )),
    responses(
        (status = 200, description = "One result per row, each on a line of its own. The last \
            line says why an import ended early.",
            body = RowResult, content_type = "application/x-ndjson"),
        (status = 404, description = "There is no such organization."),
    ),
)]
pub async fn import(
    state: State,
    caller: Caller,
    path: Path<OrganizationId>,
    req: HttpRequest,
    payload: Payload,
) -> Response {
    let organization = path.into_inner();
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
        splitter: Splitter::new(content_type.and_then(Format::of_content_type)),
        reader: None,
        batch: Vec::new(),
        rows: 0,
        results: Results::default(),
    };
    import.run(&req, payload).await?;
    let body = import.results.into_body();
    Ok(HttpResponse::Ok().content_type("application/x-ndjson").body(body))
}

const BYTES_MAX: usize = limits::IMPORT_BYTES_MAX;

/// An import under way.
struct Import {
    state: State,
    cause: Cause,
    organization: OrganizationId,
    splitter: Splitter,
    /// Made when the format is known.
    reader: Option<Reader>,
    batch: Vec<Row>,
    rows: usize,
    results: Results,
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
            self.splitter.push(&chunk, &mut records);
            for record in records.drain(..) {
                line = record.line;
                self.take(record).await?;
            }
        }
        self.splitter.finish(&mut records);
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
        let format = self.splitter.format().unwrap_or(Format::Csv);
        let reader = self.reader.get_or_insert_with(|| Reader::new(format));
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
        self.results.close(&RowResult::failed(line, &problem));
        Stop::Ended
    }

    async fn write_batch(&mut self) -> Result<(), Stop> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        let lines: Vec<u64> = batch.iter().map(|row| row.line).collect();
        let (mut rows, mut results) = (Vec::new(), Vec::new());
        for Row { line, account } in batch {
            match account.map(NewAccount::parts) {
                Ok((email, change)) => rows.push(operations::Row { line, email, change }),
                Err(problem) => results.push(RowResult::failed(line, &problem)),
            }
        }
        let context = &self.state.context;
        match operations::write(context, &self.cause, &self.organization, rows).await {
            Ok(written) => {
                results.extend(written.into_iter().map(|(line, told)| RowResult::of(line, told)));
                results.sort_by_key(|result| result.line);
                for result in results {
                    self.results.push(result);
                }
                Ok(())
            }
            Err(error) => Err(self.lose_batch(&lines, error.into())),
        }
    }

    /// Nothing of a batch was written, and what follows it is not read.
    fn lose_batch(&mut self, lines: &[u64], problem: Problem) -> Stop {
        if self.results.is_empty() {
            return Stop::Refused(problem);
        }
        if let Problem::Internal(source) = &problem {
            tracing::error!(source, "an import ended through our own fault");
        }
        for line in lines {
            self.results.push(RowResult::failed(*line, &problem));
        }
        Stop::Ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_09_why_an_import_ends_is_told_after_however_many_failures() {
        let problem = || Problem::Conflict { message: "Send the rest in another one.".into() };
        let mut results = Results::default();
        for line in 0..=limits::IMPORT_DETAILED_ROWS_MAX {
            results.push(RowResult::failed(u64::try_from(line).unwrap(), &problem()));
        }
        let last = |results: &Results| {
            let text = String::from_utf8(results.block.clone()).unwrap();
            text.lines().last().unwrap().to_owned()
        };
        assert!(!last(&results).contains("Send the rest"));
        results.close(&RowResult::failed(1, &problem()));
        assert!(last(&results).contains("Send the rest"), "{}", last(&results));
    }
}
