//! Cutting the stream of an import into records (A-09).
//!
//! Pure: bytes in, records out. Memory is bounded by one record (`limits::IMPORT_LINE_BYTES_MAX`).
//! Where a CSV record ends is decided as the csv library decides it, byte by byte; the library then
//! reads the record. A test compares both over the whole stream.
//!
//! Invariants:
//! - Every line that is not blank belongs to exactly one record, so no row goes missing.
//! - A quoted field goes over several lines only when it is closed properly, its record has as many
//!   fields as the header, and none of its lines looks like another row.
//! - A quotation mark that is never closed was a slip: the line that it is on is
//!   [`Content::OpenQuote`], and reading goes on in the line after it.
//! - One that is closed, but not so, is in doubt: its lines may be a text or rows. All of them
//!   fail, the others as [`Content::InQuote`], so that no part of a text becomes an account.

use std::collections::VecDeque;

use crate::limits;

/// How the rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// One JSON object per line.
    Ndjson,
    /// Comma-separated values with a header; semicolons and tabs are taken too.
    Csv,
}

impl Format {
    /// The format that a content type names, if it names one.
    pub(super) fn of_content_type(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        if text.contains("csv") || text.contains("tab-separated") {
            Some(Self::Csv)
        } else if text.contains("json") {
            Some(Self::Ndjson)
        } else {
            None
        }
    }

    /// The format of content that begins like this; `None` while there is nothing but blanks.
    fn of_content(bytes: &[u8]) -> Option<Self> {
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace())?;
        Some(if *first == b'{' { Self::Ndjson } else { Self::Csv })
    }
}

const BOM: &[u8] = b"\xef\xbb\xbf";

/// What may stand between the fields of a CSV, the usual one first.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// What stands between the fields of the CSV with this header: what makes the most fields of it.
pub(super) fn delimiter_of(header: &[u8]) -> u8 {
    let mut found = (b',', 1);
    for delimiter in DELIMITERS {
        let fields = fields_of(header, delimiter).map_or(0, |fields| fields.len());
        if fields > found.1 {
            found = (delimiter, fields);
        }
    }
    found.0
}

/// The fields of one record; `None` when they are not UTF-8.
pub(super) fn fields_of(record: &[u8], delimiter: u8) -> Option<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(record);
    let mut fields = csv::StringRecord::new();
    reader.read_record(&mut fields).ok()?;
    Some(fields.iter().map(|field| field.trim().to_owned()).collect())
}

/// Whether a text that goes over lines in this record holds what looks like another row: two slips
/// can make a text of all rows between them.
fn swallows_a_row(record: &[u8], delimiter: u8) -> bool {
    let fields = fields_of(record, delimiter).unwrap_or_default();
    let is_row = |line: &str| line.contains('@') && line.contains(char::from(delimiter));
    fields.iter().any(|field| field.split(['\r', '\n']).skip(1).any(is_row))
}

/// One record, with the number of the line on which it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) line: u64,
    pub(super) content: Content,
}

/// What a record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// It was too long to be kept.
    TooLong,
    /// A quotation mark opens a field on this line and is not closed, or not where it should be.
    OpenQuote,
    /// The line, or a part of it, is within the quotation marks that open on the line with this
    /// number, and nobody can tell whether it is a part of a text or a row.
    InQuote(u64),
}

/// Whether a record of one row is blank, when fields are parted by this.
fn is_blank(record: &[u8], delimiter: Option<u8>) -> bool {
    record.iter().all(|byte| byte.is_ascii_whitespace() && Some(*byte) != delimiter)
}

/// The lines of a record, without what ends them.
fn lines(record: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(record);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
            rest = None;
            return Some(text);
        };
        let (line, after) = text.split_at_checked(end)?;
        rest = after.strip_prefix(b"\r\n").or_else(|| after.get(1..));
        Some(line)
    })
}

/// Where in a CSV record one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    FieldStart,
    Plain,
    Quoted,
    QuoteInQuoted,
}

/// Cuts a stream into records.
#[derive(Debug)]
pub(super) struct Splitter {
    format: Option<Format>,
    /// What came before the format was known.
    head: Option<Vec<u8>>,
    /// The delimiter of a CSV and how many fields its header has, once that was read.
    header: Option<(u8, usize)>,
    record: Vec<u8>,
    too_long: bool,
    at: At,
    fields: usize,
    /// Whether this record, and its present field, go over more than one line.
    over_lines: bool,
    field_over_lines: bool,
    /// The line began within quotation marks in doubt, which open on the line with this number.
    in_quote: Option<u64>,
    after_return: bool,
    line: u64,
    started: u64,
    /// Bytes that are to be read again, because a quotation mark was a slip.
    again: VecDeque<u8>,
    slips: usize,
}

impl Splitter {
    /// For content of this format; without one the content shows it.
    pub(super) fn new(format: Option<Format>) -> Self {
        Self {
            format,
            head: Some(Vec::new()),
            header: None,
            record: Vec::new(),
            too_long: false,
            at: At::FieldStart,
            fields: 1,
            over_lines: false,
            field_over_lines: false,
            in_quote: None,
            after_return: false,
            line: 1,
            started: 1,
            again: VecDeque::new(),
            slips: 0,
        }
    }

    /// The format, once it is known.
    pub(super) const fn format(&self) -> Option<Format> {
        self.format
    }

    /// Takes bytes, gives the records that they complete.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<Record>) {
        let Some(mut head) = self.head.take() else { return self.read(bytes, out) };
        head.extend_from_slice(bytes);
        if BOM.starts_with(&head) {
            self.head = Some(head);
            return;
        }
        let content = head.strip_prefix(BOM).unwrap_or(&head);
        self.format = self.format.or_else(|| Format::of_content(content));
        if self.format.is_none() && content.len() < limits::IMPORT_LINE_BYTES_MAX {
            self.head = Some(head);
            return;
        }
        self.format.get_or_insert(Format::Csv);
        self.read(content, out);
    }

    /// Gives the records that end with the stream.
    pub(super) fn finish(&mut self, out: &mut Vec<Record>) {
        if let Some(head) = self.head.take() {
            self.format.get_or_insert(Format::Csv);
            let content = head.strip_prefix(BOM).unwrap_or(&head).to_owned();
            self.read(&content, out);
        }
        loop {
            let is_open = self.at == At::Quoted && !self.too_long;
            match (is_open, self.over_lines) {
                (true, true) => self.slip(None, out),
                (true, false) => self.give(Content::OpenQuote, out),
                (false, _) => self.end_record(out),
            }
            if self.again.is_empty() {
                return;
            }
            self.read(&[], out);
        }
    }

    fn read(&mut self, bytes: &[u8], out: &mut Vec<Record>) {
        while let Some(byte) = self.again.pop_front() {
            self.take(byte, out);
        }
        for &byte in bytes {
            self.take(byte, out);
            while let Some(byte) = self.again.pop_front() {
                self.take(byte, out);
            }
        }
    }

    fn take(&mut self, byte: u8, out: &mut Vec<Record>) {
        let ends_return = std::mem::take(&mut self.after_return) && byte == b'\n';
        let is_quoted = self.at == At::Quoted;
        if ends_return {
            if is_quoted {
                self.keep(byte, out);
            }
            return;
        }
        if matches!(byte, b'\r' | b'\n') {
            self.line = self.line.saturating_add(1);
            self.after_return = byte == b'\r';
            if !is_quoted || self.too_long {
                self.end_record(out);
            } else if self.slips >= limits::IMPORT_SLIPS_MAX {
                self.give(Content::OpenQuote, out);
            } else {
                (self.over_lines, self.field_over_lines) = (true, true);
                self.keep(byte, out);
            }
            return;
        }
        if self.format == Some(Format::Csv) && self.in_quote.is_none() {
            let closes_text = self.at == At::QuoteInQuoted && self.field_over_lines;
            self.at = self.next(byte);
            if closes_text && self.at == At::Plain {
                // The mark before this byte stands where a field of another row would open.
                let opens = self.opens_field();
                return if opens { self.slip(Some(byte), out) } else { self.doubt(out) };
            }
        }
        self.keep(byte, out);
    }

    /// Whether the last byte of the record stands where a field begins.
    fn opens_field(&self) -> bool {
        let before = self.record.iter().rev().nth(1).copied();
        before.is_none_or(|byte| matches!(byte, b'\r' | b'\n') || self.is_delimiter(byte))
    }

    /// Where one is after this byte, which ends no line. The same steps as in the csv library.
    fn next(&mut self, byte: u8) -> At {
        match (self.at, byte) {
            (At::FieldStart, b'"') => {
                self.field_over_lines = false;
                At::Quoted
            }
            (At::Quoted, b'"') => At::QuoteInQuoted,
            (At::Quoted, _) | (At::QuoteInQuoted, b'"') => At::Quoted,
            _ if self.is_delimiter(byte) => {
                self.fields = self.fields.saturating_add(1);
                At::FieldStart
            }
            _ => At::Plain,
        }
    }

    /// Until the header was read every delimiter may be the one.
    fn is_delimiter(&self, byte: u8) -> bool {
        match self.header {
            Some((delimiter, _)) => byte == delimiter,
            None => DELIMITERS.contains(&byte),
        }
    }

    fn keep(&mut self, byte: u8, out: &mut Vec<Record>) {
        if self.record.len() < limits::IMPORT_LINE_BYTES_MAX {
            self.record.push(byte);
        } else if self.over_lines {
            self.slip(Some(byte), out);
        } else {
            self.too_long = true;
        }
    }

    /// The record ends, with its line or with the stream.
    fn end_record(&mut self, out: &mut Vec<Record>) {
        if let Some(opened) = self.in_quote {
            return self.give(Content::InQuote(opened), out);
        }
        if self.too_long {
            return self.give(Content::TooLong, out);
        }
        if is_blank(&self.record, self.delimiter()) {
            return self.begin_record();
        }
        match self.header {
            Some((delimiter, columns))
                if self.over_lines
                    && (self.fields != columns || swallows_a_row(&self.record, delimiter)) =>
            {
                return self.doubt_whole(out);
            }
            None if self.format == Some(Format::Csv) => {
                let delimiter = delimiter_of(&self.record);
                let columns = fields_of(&self.record, delimiter).map_or(0, |fields| fields.len());
                self.header = Some((delimiter, columns));
            }
            _ => {}
        }
        let bytes = std::mem::take(&mut self.record);
        self.give(Content::Bytes(bytes), out);
    }

    fn delimiter(&self) -> Option<u8> {
        self.header.map(|(delimiter, _)| delimiter)
    }

    fn give(&mut self, content: Content, out: &mut Vec<Record>) {
        out.push(Record { line: self.started, content });
        self.begin_record();
    }

    fn begin_record(&mut self) {
        self.record.clear();
        self.too_long = false;
        self.at = At::FieldStart;
        self.fields = 1;
        (self.over_lines, self.field_over_lines) = (false, false);
        self.in_quote = None;
        self.started = self.line;
    }

    /// The record has ended, and it is in doubt whether it is one: each of its lines fails.
    fn doubt_whole(&mut self, out: &mut Vec<Record>) {
        let (record, opened) = (std::mem::take(&mut self.record), self.started);
        let delimiter = self.delimiter();
        let failed = (opened..).zip(lines(&record)).filter(|(_, line)| !is_blank(line, delimiter));
        out.extend(failed.map(|(line, _)| {
            let is_first = line == opened;
            let content = if is_first { Content::OpenQuote } else { Content::InQuote(opened) };
            Record { line, content }
        }));
        self.begin_record();
    }

    /// The same in the middle of the record's last line, of which the rest is yet to come.
    fn doubt(&mut self, out: &mut Vec<Record>) {
        let opened = self.started;
        let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let end = self.record.iter().rposition(is_end).unwrap_or_default();
        self.record.truncate(end);
        self.doubt_whole(out);
        (self.at, self.in_quote) = (At::Plain, Some(opened));
    }

    /// A quotation mark was a slip: its line is given up, and everything after that line, with this
    /// byte, is read again.
    fn slip(&mut self, byte: Option<u8>, out: &mut Vec<Record>) {
        self.slips = self.slips.saturating_add(1);
        let record = std::mem::take(&mut self.record);
        let end = record.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let end = end.unwrap_or(record.len());
        let length =
            if record.get(end..).is_some_and(|rest| rest.starts_with(b"\r\n")) { 2 } else { 1 };
        let rest = record.get(end.saturating_add(length)..).unwrap_or_default();
        for byte in rest.iter().copied().chain(byte).rev() {
            self.again.push_front(byte);
        }
        // A line feed that ends the return before it, when the record ended between the two.
        self.after_return = rest.is_empty() && record.get(end..) == Some(b"\r");
        self.line = self.started.saturating_add(1);
        self.give(Content::OpenQuote, out);
    }
}

#[cfg(test)]
#[path = "import_split_tests.rs"]
mod tests;
