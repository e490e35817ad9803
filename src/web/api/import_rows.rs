//! The rows of an import: cutting a stream into records, and records into changes.
//!
//! Pure: bytes in, rows out. Memory is bounded by one record (`limits::IMPORT_LINE_BYTES_MAX`).

use serde_json::{Map, Value};

use crate::limits;
use crate::web::api::account_change::AccountChange;
use crate::web::body::Members;
use crate::web::error::{FieldError, Problem};

/// How the rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// One JSON object per line.
    Ndjson,
    /// Comma-separated values with a header.
    Csv,
}

impl Format {
    /// The format that a content type names, if it names one.
    pub(super) fn of_content_type(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        if text.contains("csv") {
            Some(Self::Csv)
        } else if text.contains("json") {
            Some(Self::Ndjson)
        } else {
            None
        }
    }

    /// The format of content that begins like this; `None` while there is nothing but blanks.
    pub(super) fn of_content(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace())?;
        Some(if *first == b'{' { Self::Ndjson } else { Self::Csv })
    }
}

const BOM: &[u8] = b"\xef\xbb\xbf";

/// One record, with the number of the line on which it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) line: u64,
    /// `None` when it was too long to be kept.
    pub(super) bytes: Option<Vec<u8>>,
}

/// Cuts a stream into records. In CSV a quoted field may go over several lines.
#[derive(Debug)]
pub(super) struct Splitter {
    format: Format,
    record: Vec<u8>,
    too_long: bool,
    in_quotes: bool,
    line: u64,
    started: u64,
}

impl Splitter {
    pub(super) fn new(format: Format) -> Self {
        Self { format, record: Vec::new(), too_long: false, in_quotes: false, line: 1, started: 1 }
    }

    /// Takes bytes, gives the records that they complete.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<Record>) {
        for &byte in bytes {
            if byte == b'\n' {
                self.line = self.line.saturating_add(1);
                if !self.in_quotes {
                    self.end_record(out);
                    continue;
                }
            }
            if byte == b'"' && self.format == Format::Csv {
                self.in_quotes = !self.in_quotes;
            }
            if self.record.len() < limits::IMPORT_LINE_BYTES_MAX {
                self.record.push(byte);
            } else {
                self.too_long = true;
                // A quote that is never closed must not swallow the rest of the file.
                self.in_quotes = false;
            }
        }
    }

    /// Gives the record that ends with the stream.
    pub(super) fn finish(&mut self, out: &mut Vec<Record>) {
        self.end_record(out);
    }

    fn end_record(&mut self, out: &mut Vec<Record>) {
        let mut bytes = std::mem::take(&mut self.record);
        if self.started == 1
            && let Some(rest) = bytes.strip_prefix(BOM)
        {
            bytes = rest.to_vec();
        }
        let blank = bytes.iter().all(u8::is_ascii_whitespace);
        if self.too_long {
            out.push(Record { line: self.started, bytes: None });
        } else if !blank {
            out.push(Record { line: self.started, bytes: Some(bytes) });
        }
        self.too_long = false;
        self.in_quotes = false;
        self.started = self.line;
    }
}

/// One row that is to be written, or why it can not be.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) change: Result<AccountChange, Problem>,
}

/// Turns records into rows.
#[derive(Debug)]
pub(super) enum Reader {
    Ndjson,
    /// CSV; the header is the first record.
    Csv(Option<Vec<String>>),
}

/// The columns a CSV may have; `attributes.` with anything after it is possible too.
const COLUMNS: &[&str] = &[
    "email",
    "first_name",
    "last_name",
    "external_id",
    "status",
    "manager_account_id",
    "department",
    "position",
    "office_location",
    "start_date",
    "leaving_date",
    "protected",
];
const ATTRIBUTE_PREFIX: &str = "attributes.";

impl Reader {
    pub(super) fn new(format: Format) -> Self {
        match format {
            Format::Ndjson => Self::Ndjson,
            Format::Csv => Self::Csv(None),
        }
    }

    /// The row of a record; `None` for the header. Fails only when the header makes the whole
    /// import pointless.
    pub(super) fn read(&mut self, record: Record) -> Result<Option<Row>, Problem> {
        let line = record.line;
        let Some(bytes) = record.bytes else {
            let bytes_max = limits::IMPORT_LINE_BYTES_MAX;
            return Ok(Some(Row { line, change: Err(Problem::TooLarge { bytes_max }) }));
        };
        let members = match self {
            Self::Ndjson => Members::parse(&bytes),
            Self::Csv(header) => {
                let fields = csv_fields(&bytes);
                let Some(columns) = header else {
                    *header = Some(checked_header(fields?)?);
                    return Ok(None);
                };
                fields.and_then(|fields| csv_members(columns, fields)).map(Members::of)
            }
        };
        let change = members.and_then(AccountChange::read_new);
        Ok(Some(Row { line, change }))
    }
}

fn csv_fields(bytes: &[u8]) -> Result<Vec<String>, Problem> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(_) => Ok(record.iter().map(|field| field.trim().to_owned()).collect()),
        Err(_not_utf8) => {
            Err(Problem::invalid("(row)", "invalid", "must be comma-separated values in UTF-8"))
        }
    }
}

fn checked_header(columns: Vec<String>) -> Result<Vec<String>, Problem> {
    let known = |column: &str| {
        COLUMNS.contains(&column)
            || column.strip_prefix(ATTRIBUTE_PREFIX).is_some_and(|name| !name.is_empty())
    };
    let columns: Vec<String> = columns.iter().map(|column| column_name(column)).collect();
    let mut errors: Vec<FieldError> = columns
        .iter()
        .filter(|column| !known(column))
        .map(|column| {
            let message =
                format!("is no column; there are: {}, {ATTRIBUTE_PREFIX}…", COLUMNS.join(", "));
            FieldError::new(column, "unknown_column", message)
        })
        .collect();
    if !columns.iter().any(|column| column == "email") {
        errors.push(FieldError::new("email", "required", "the header needs this column"));
    }
    if errors.is_empty() { Ok(columns) } else { Err(Problem::Invalid(errors)) }
}

/// The name of a column in lower case, but the application's own part of an attribute as it is.
fn column_name(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    match (lower.starts_with(ATTRIBUTE_PREFIX), text.get(ATTRIBUTE_PREFIX.len()..)) {
        (true, Some(name)) => format!("{ATTRIBUTE_PREFIX}{name}"),
        _ => lower,
    }
}

/// The members of one CSV row. An empty field is a member that is not named.
fn csv_members(columns: &[String], fields: Vec<String>) -> Result<Map<String, Value>, Problem> {
    if fields.len() > columns.len() {
        let message = format!("has {} fields; the header has {}", fields.len(), columns.len());
        return Err(Problem::invalid("(row)", "too_many_fields", message));
    }
    let (mut members, mut attributes) = (Map::new(), Map::new());
    for (column, field) in columns.iter().zip(fields) {
        if field.is_empty() {
            continue;
        }
        if let Some(name) = column.strip_prefix(ATTRIBUTE_PREFIX) {
            attributes.insert(name.to_owned(), Value::String(field));
        } else if column == "protected" {
            members.insert(column.clone(), truth(field));
        } else {
            members.insert(column.clone(), Value::String(field));
        }
    }
    if !attributes.is_empty() {
        members.insert("attributes".to_owned(), Value::Object(attributes));
    }
    Ok(members)
}

fn truth(field: String) -> Value {
    match field.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Value::Bool(true),
        "false" | "no" | "0" => Value::Bool(false),
        _ => Value::String(field),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(format: Format, chunks: &[&[u8]]) -> Vec<(u64, Option<String>)> {
        let (mut splitter, mut out) = (Splitter::new(format), Vec::new());
        for chunk in chunks {
            splitter.push(chunk, &mut out);
        }
        splitter.finish(&mut out);
        out.into_iter()
            .map(|r| (r.line, r.bytes.map(|bytes| String::from_utf8(bytes).unwrap())))
            .collect()
    }

    fn row(line: u64, text: &str) -> (u64, Option<String>) {
        (line, Some(text.to_owned()))
    }

    #[test]
    fn records_do_not_depend_on_how_the_stream_is_cut() {
        let whole = records(Format::Ndjson, &[b"\xef\xbb\xbf{\"a\":1}\n\n{\"b\":2}"]);
        let cut = records(Format::Ndjson, &[b"\xef\xbb\xbf{\"a", b"\":1}", b"\n\n{\"b\":2}"]);
        assert_eq!(whole, [row(1, "{\"a\":1}"), row(3, "{\"b\":2}")]);
        assert_eq!(whole, cut);
    }

    #[test]
    fn a_quoted_field_may_go_over_lines_and_line_numbers_stay_right() {
        let found = records(Format::Csv, &[b"email,name\r\na@b.co,\"x\ny\"\nc@d.co,z\n"]);
        assert_eq!(found, [row(1, "email,name\r"), row(2, "a@b.co,\"x\ny\""), row(4, "c@d.co,z")]);
    }

    #[test]
    fn a_record_over_the_bound_is_given_up_and_the_next_one_is_read() {
        let mut text = vec![b'"'; 1];
        text.resize(limits::IMPORT_LINE_BYTES_MAX + 10, b'x');
        text.extend(b"\na@b.co\n");
        let found = records(Format::Csv, &[&text]);
        assert_eq!(found, [(1, None), row(2, "a@b.co")]);
    }

    #[test]
    fn the_format_is_seen_from_the_content_type_or_the_first_byte() {
        assert_eq!(Format::of_content_type("text/CSV; charset=utf-8"), Some(Format::Csv));
        assert_eq!(Format::of_content_type("application/x-ndjson"), Some(Format::Ndjson));
        assert_eq!(Format::of_content_type("application/octet-stream"), None);
        assert_eq!(Format::of_content(b" \n{\"email\""), Some(Format::Ndjson));
        assert_eq!(Format::of_content(b"\xef\xbb\xbfemail"), Some(Format::Csv));
        assert_eq!(Format::of_content(b"\n"), None);
    }

    fn read_csv(lines: &[&str]) -> Result<Vec<Row>, Problem> {
        let mut reader = Reader::new(Format::Csv);
        let mut rows = Vec::new();
        for (line, text) in (1..).zip(lines) {
            let record = Record { line, bytes: Some(text.as_bytes().to_vec()) };
            rows.extend(reader.read(record)?);
        }
        Ok(rows)
    }

    #[test]
    fn a_header_with_unknown_columns_or_without_email_is_refused_as_a_whole() {
        let Err(Problem::Invalid(errors)) = read_csv(&["first_name,shoe_size"]) else {
            panic!("must fail")
        };
        let codes: Vec<_> = errors.iter().map(|e| (e.field.as_str(), e.code)).collect();
        assert_eq!(codes, [("shoe_size", "unknown_column"), ("email", "required")]);
    }

    #[test]
    fn csv_rows_become_changes_and_bad_rows_say_why() {
        let rows = read_csv(&[
            "Email,first_name,protected,attributes.costCentre",
            "a@b.co,Ann,yes,7",
            "not-an-address,,,",
            "c@d.co",
            "e@f.co,a,b,c,d",
        ])
        .unwrap();
        assert!(rows[0].change.is_ok() && rows[2].change.is_ok());
        for bad in [&rows[1], &rows[3]] {
            assert!(matches!(bad.change, Err(Problem::Invalid(_))), "{bad:?}");
        }
        assert_eq!(rows[0].change.as_ref().unwrap().email.as_deref(), Some("a@b.co"));
    }
}
