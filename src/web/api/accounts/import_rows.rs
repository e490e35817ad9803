//! The rows of an import: records into accounts, each read as the body of a new one.
//!
//! Pure. What is wrong with a row is told shortly: its texts are the caller's and may be long.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::limits;
use crate::web::api::accounts::NewAccount;
use crate::web::api::accounts::import_split::{Content, Format, Record, delimiter_of, fields_of};
use crate::web::http::body::FromMembers;
use crate::web::http::error::{FieldError, Problem};
use crate::web::http::members::{Members, named_up_to_a_bound};

/// One row that is to be written, or why it cannot be.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) account: Result<NewAccount, Problem>,
}

/// Turns records into rows.
#[derive(Debug)]
pub(super) enum Reader {
    Ndjson,
    Csv {
        /// What stands between the fields, and the columns; the first record tells.
        header: Option<(u8, Vec<String>)>,
        /// Whether a quotation mark was a slip so far. From then on a line may be a part of a text
        /// and is a row only when it has all fields.
        slipped: bool,
    },
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
    pub(super) const fn new(format: Format) -> Self {
        match format {
            Format::Ndjson => Self::Ndjson,
            Format::Csv => Self::Csv { header: None, slipped: false },
        }
    }

    /// The row of a record; `None` for the header. Fails only when the header makes the whole
    /// import pointless.
    pub(super) fn read(&mut self, record: Record) -> Result<Option<Row>, Problem> {
        let line = record.line;
        let bytes = match record.content {
            Content::Bytes(bytes) => Ok(bytes),
            Content::TooLong => Err(Problem::TooLarge { bytes_max: limits::IMPORT_LINE_BYTES_MAX }),
            Content::OpenQuote => Err(open_quote()),
            Content::InQuote(opened) => Err(in_quote(opened)),
        };
        let members = match self {
            Self::Ndjson => bytes.and_then(|bytes| Members::parse(&bytes)),
            Self::Csv { header: None, .. } => {
                *self = Self::Csv { header: Some(header_of(&bytes?)?), slipped: false };
                return Ok(None);
            }
            Self::Csv { header: Some((delimiter, columns)), slipped } => {
                *slipped |= bytes.as_ref().is_err_and(|problem| problem.code() != "body_too_large");
                let read = |bytes: Vec<u8>| csv_row(&bytes, *delimiter, columns, *slipped);
                bytes.and_then(read).map(Members::of)
            }
        };
        let account = members.and_then(NewAccount::read);
        Ok(Some(Row { line, account }))
    }
}

fn open_quote() -> Problem {
    let message = "a quotation mark opens a field on this line and is not closed properly; write \
                   it twice (\"\") inside quotation marks, or remove it";
    Problem::invalid("(row)", "open_quote", message)
}

fn in_quote(opened: u64) -> Problem {
    let message = format!(
        "this line is within the quotation marks that open on line {opened} and may be a part of \
         a text, so it was not taken; close them on that line, or remove them"
    );
    Problem::invalid("(row)", "open_quote", message)
}

fn header_of(bytes: &[u8]) -> Result<(u8, Vec<String>), Problem> {
    let delimiter = delimiter_of(bytes);
    let columns = fields_of(bytes, delimiter).ok_or_else(not_utf8)?;
    Ok((delimiter, checked_header(columns)?))
}

fn not_utf8() -> Problem {
    Problem::invalid("(row)", "invalid", "must be comma-separated values in UTF-8")
}

fn csv_row(
    bytes: &[u8],
    delimiter: u8,
    columns: &[String],
    needs_all: bool,
) -> Result<Map<String, Value>, Problem> {
    let fields = fields_of(bytes, delimiter).ok_or_else(not_utf8)?;
    if needs_all && fields.len() < columns.len() {
        let message = format!(
            "has {} fields and not {}; after an open quotation mark further up only complete rows \
             are taken",
            fields.len(),
            columns.len()
        );
        return Err(Problem::invalid("(row)", "too_few_fields", message));
    }
    csv_members(columns, fields)
}

fn checked_header(columns: Vec<String>) -> Result<Vec<String>, Problem> {
    let known = |column: &str| {
        COLUMNS.contains(&column)
            || column.strip_prefix(ATTRIBUTE_PREFIX).is_some_and(|name| !name.is_empty())
    };
    let columns: Vec<String> = columns.iter().map(|column| column_name(column)).collect();
    let unknown = columns.iter().filter(|column| !known(column));
    let unknown: Vec<String> = unknown.cloned().collect();
    let mut errors = named_up_to_a_bound(unknown.into_iter(), "unknown_column", || {
        format!("is no column; there are: {}, {ATTRIBUTE_PREFIX}…", COLUMNS.join(", "))
    });
    let mut seen = HashSet::new();
    let twice = columns.iter().filter(|column| known(column) && !seen.insert(column.as_str()));
    let twice: Vec<String> = twice.cloned().collect();
    errors.extend(named_up_to_a_bound(twice.into_iter(), "duplicate_column", || {
        "is there more than once".to_owned()
    }));
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

    fn read_csv(lines: &[&str]) -> Result<Vec<Row>, Problem> {
        let mut reader = Reader::new(Format::Csv);
        let mut rows = Vec::new();
        for (line, text) in (1..).zip(lines) {
            let content = match *text {
                "open" => Content::OpenQuote,
                text => Content::Bytes(text.as_bytes().to_vec()),
            };
            rows.extend(reader.read(Record { line, content })?);
        }
        Ok(rows)
    }

    fn refused(lines: &[&str]) -> Vec<(String, &'static str)> {
        let Err(Problem::Invalid(errors)) = read_csv(lines) else { panic!("must fail") };
        errors.into_iter().map(|error| (error.field, error.code)).collect()
    }

    #[test]
    fn a_09_a_header_that_makes_no_sense_is_refused_as_a_whole() {
        let found = refused(&["first_name,shoe_size"]);
        let expected = [("shoe_size", "unknown_column"), ("email", "required")];
        assert_eq!(found, expected.map(|(field, code)| (field.to_owned(), code)));
        assert_eq!(refused(&["email,Email"]), [("email".to_owned(), "duplicate_column")]);
        assert_eq!(refused(&["open"]), [("(row)".to_owned(), "open_quote")]);
        // Very many unknown columns are not all named.
        let many = (0..5_000).fold(String::new(), |many, n: u32| many + ",column" + &n.to_string());
        assert!(refused(&[&format!("email{many}")]).len() <= limits::NAMED_IN_PROBLEM_MAX + 1);
    }

    #[test]
    fn csv_rows_become_accounts_and_bad_rows_say_why() {
        let rows = read_csv(&[
            "Email,first_name,protected,attributes.costCentre",
            "a@b.co,Ann,yes,7",
            "not-an-address,,,",
            "c@d.co",
            "e@f.co,a,b,c,d",
        ])
        .unwrap();
        assert!(rows[0].account.is_ok() && rows[2].account.is_ok());
        for bad in [&rows[1], &rows[3]] {
            assert!(matches!(bad.account, Err(Problem::Invalid(_))), "{bad:?}");
        }
        assert_eq!(rows[0].account.as_ref().unwrap().email.0, "a@b.co");
    }

    #[test]
    fn a_09_after_an_open_quote_only_complete_rows_are_taken() {
        let rows =
            read_csv(&["email;first_name", "c@d.co", "open", "e@f.co", "g@h.co;Al"]).unwrap();
        let taken: Vec<bool> = rows.iter().map(|row| row.account.is_ok()).collect();
        assert_eq!(taken, [true, false, false, true]);
    }
}
