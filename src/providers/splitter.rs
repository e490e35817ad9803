//! Cuts the list out of an HR system's JSON answer, record by record, while it arrives.
//!
//! Why: a list of 100,000 people is half a gigabyte. Parsing it whole costs gigabytes of memory,
//! and most of its records are unchanged and need no parse at all; their bytes are only hashed.
//!
//! Invariants:
//! - Memory holds at most one record and the envelope (everything around the list), both bounded.
//! - Records are handed out in order, exactly as sent, without the white space around them. One
//!   that is too large loses what nobody reads (`trim.rs`). Of one that is too large even so only
//!   the beginning is kept, and its reader is told: one record never costs the others anything
//!   (S-16).
//! - [`Splitter::finish`] succeeds only for a complete document: one JSON object, nothing after it,
//!   the list closed, the envelope valid. A cut-off answer is never a short list (S-30).
//!
//! What is not checked: that a record is valid JSON, or an object at all. Whoever parses it finds
//! out. Where it ends is found by its brackets and quotes. When a quote is missing or too many,
//! that shows at the next text; then the next record is looked for, which begins with the same
//! member as the first one, and all before it is handed out as one record that is not alone. Where
//! none is found the list never closes, and the whole document is an error.
//!
//! What this module must not do: know an HR system, judge the envelope, do I/O.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::IgnoredAny;

use super::ProviderError;
use super::splitter_element::{Element, Lost, Scan, Shape, first_name, without_end_of_list};
use super::trim::Trim;
use crate::limits;

/// Why a document could not be split. Positions and contents are not told: they could be personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// Nothing but white space.
    #[error("the answer is empty")]
    Empty,
    /// The document does not begin with `{`.
    #[error("the answer is not a JSON object")]
    NotAnObject,
    /// The document ended too early.
    #[error("the answer was cut off")]
    Truncated,
    /// Something stands where JSON does not allow it.
    #[error("the answer is not valid JSON")]
    Invalid,
    /// There is something after the end of the document.
    #[error("there is something after the end of the answer")]
    Trailing,
    /// The list occurs twice; which one is meant cannot be known.
    #[error("the list occurs twice in the answer")]
    TwoLists,
    /// The rest of the document is larger than [`limits::ENVELOPE_BYTES_MAX`].
    #[error("the answer without its records is larger than {} bytes", limits::ENVELOPE_BYTES_MAX)]
    EnvelopeTooLarge,
    /// An earlier piece of this document already failed.
    #[error("the answer could not be read")]
    Broken,
}

/// An empty body is the HR system's own failure (protocol page §2.4); the rest is malformed.
impl From<SplitError> for ProviderError {
    fn from(error: SplitError) -> Self {
        let reason = error.to_string();
        match error {
            SplitError::Empty => Self::Down { reason, retry_after_ms: None },
            _ => Self::Malformed { reason },
        }
    }
}

/// One record of the list, as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw<'a> {
    /// Its bytes; of a record that is larger than [`limits::RECORD_BYTES_MAX`] those that are read,
    /// or the first of them.
    pub bytes: &'a [u8],
    /// Whether that is all of it.
    pub whole: bool,
    /// Whether it is certain that these bytes, and those that are left out, are one record.
    pub alone: bool,
}

/// What is known once the whole document was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Split {
    /// The document as JSON, with an empty list in place of the list.
    pub envelope: Vec<u8>,
    /// How many records were handed out.
    pub records: u64,
    /// Whether there was a list at all; `"Result": null` has none.
    pub list_found: bool,
}

/// Where in the document the next byte belongs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the document, after so many bytes of a byte order mark.
    Start { mark_bytes: usize },
    /// In the envelope, outside of strings.
    Envelope,
    /// In a string of the envelope.
    EnvelopeString { escaped: bool },
    /// After the list's `[`.
    FirstElement,
    /// After a comma of the list.
    NextElement,
    /// Inside a record.
    Element,
    /// In a record whose end cannot be told: the next one is looked for.
    Lost,
    /// After a record.
    AfterElement,
    /// After the document.
    Done,
    /// After an error.
    Broken,
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Takes a document in pieces of any size and hands out the records of its list.
pub struct Splitter {
    path: &'static [&'static str],
    state: State,
    envelope: Vec<u8>,
    /// Objects and arrays of the envelope that are open.
    depth: usize,
    /// How many keys of `path` lead to where we are.
    matched: usize,
    /// The latest string that stands directly in the object where the path goes on.
    string: Range<usize>,
    /// Whether the value that comes next belongs to the next key of the path.
    on_path: bool,
    list_found: bool,
    element: Element,
    /// The part of a record that came with earlier pieces.
    record: Vec<u8>,
    /// Whether a part of the record was left out because it is too large.
    cut: bool,
    /// The members that are read of a record.
    names: &'static [&'static str],
    /// What a record goes through that is too large as it was sent.
    trim: Option<Trim>,
    lost: Lost,
    /// The name of the first member of the first record, with its quotes.
    name: Vec<u8>,
    records: u64,
}

impl Splitter {
    /// A splitter for the list under `path`: the keys that lead to it from the top, compared
    /// without regard to ASCII case, for example `["Result"]` or `["Result", "Result"]`.
    #[must_use]
    pub fn new(path: &'static [&'static str]) -> Self {
        Self {
            path,
            state: State::Start { mark_bytes: 0 },
            envelope: Vec::new(),
            depth: 0,
            matched: 0,
            string: 0..0,
            on_path: false,
            list_found: false,
            element: Element::starting_with(b'{'),
            record: Vec::new(),
            cut: false,
            names: &[],
            trim: None,
            lost: Lost::default(),
            name: Vec::new(),
            records: 0,
        }
    }

    /// The same for records of which members with these names are read, at whatever depth: of one
    /// that is too large the others are left out. Without names such a record is cut off.
    #[must_use]
    pub fn of_members(path: &'static [&'static str], names: &'static [&'static str]) -> Self {
        Self { names, ..Self::new(path) }
    }

    /// Takes the next piece and calls `each` for every record that is complete with it. After an
    /// error, also one of `each`, the document is lost and [`Splitter::finish`] fails.
    pub fn feed<E: From<SplitError>>(
        &mut self,
        piece: &[u8],
        mut each: impl FnMut(Raw<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let result = self.advance(piece, &mut each);
        if result.is_err() {
            self.state = State::Broken;
        }
        result
    }

    /// Ends the document. When its last record is one without an end, `each` is called for it.
    pub fn finish<E: From<SplitError>>(
        mut self,
        mut each: impl FnMut(Raw<'_>) -> Result<(), E>,
    ) -> Result<Split, E> {
        match self.state {
            State::Done => {}
            State::Lost if self.lost.ends_list() && self.depth == 1 => {
                self.envelope.extend_from_slice(b"]}");
                let end = without_end_of_list(&self.record).len();
                self.hand_out_torn(end, &mut each)?;
            }
            State::Start { .. } => return Err(SplitError::Empty.into()),
            State::Broken => return Err(SplitError::Broken.into()),
            _ => return Err(SplitError::Truncated.into()),
        }
        // Outside of records only the nesting was followed; this is the check of the rest.
        valid(&self.envelope)?;
        let Self { envelope, records, list_found, .. } = self;
        Ok(Split { envelope, records, list_found })
    }

    fn advance<E: From<SplitError>>(
        &mut self,
        piece: &[u8],
        each: &mut impl FnMut(Raw<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = piece;
        while let Some((&byte, tail)) = rest.split_first() {
            match self.state {
                State::Element => rest = self.take_element(rest, each)?,
                State::Lost => rest = self.take_torn(rest, each)?,
                State::FirstElement | State::NextElement if Element::starts_with(byte) => {
                    self.element = Element::starting_with(byte);
                    self.state = State::Element;
                }
                _ => {
                    self.take_byte(byte)?;
                    rest = tail;
                }
            }
        }
        Ok(())
    }

    /// Takes what belongs to the current record and gives what comes after.
    fn take_element<'a, E: From<SplitError>>(
        &mut self,
        rest: &'a [u8],
        each: &mut impl FnMut(Raw<'_>) -> Result<(), E>,
    ) -> Result<&'a [u8], E> {
        let found = self.element.scan(rest);
        let end = match found {
            Scan::Open => None,
            Scan::End(end) | Scan::Torn(end) => Some(end),
        };
        let (part, tail) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, &[]));
        let trimmed = self.trimmed(part);
        let part = trimmed.as_deref().unwrap_or(part);
        let room = limits::RECORD_BYTES_MAX.saturating_sub(self.record.len());
        let kept = part.get(..room).unwrap_or(part);
        self.cut |= kept.len() < part.len();
        if end.is_none() {
            self.record.extend_from_slice(kept);
            return Ok(tail);
        }
        self.trim = None;
        if matches!(found, Scan::Torn(_)) {
            self.record.extend_from_slice(kept);
            if self.name.is_empty() {
                self.name = first_name(&self.record).unwrap_or_default().to_vec();
            }
            if self.name.is_empty() {
                return Err(SplitError::Invalid.into());
            }
            self.lost = Lost { name: self.name.clone(), ..Lost::default() };
            self.state = State::Lost;
            return Ok(tail);
        }
        self.records = self.records.saturating_add(1);
        let mut held = std::mem::take(&mut self.record);
        let record: Cow<'_, [u8]> = if held.is_empty() {
            Cow::Borrowed(kept)
        } else {
            held.extend_from_slice(kept);
            Cow::Owned(held)
        };
        let whole = !std::mem::take(&mut self.cut);
        if self.name.is_empty() {
            self.name = first_name(&record).unwrap_or_default().to_vec();
        }
        self.state = State::AfterElement;
        each(Raw { bytes: &record, whole, alone: true })?;
        Ok(tail)
    }

    /// What is left of the next part of a record that is too large; nothing when it is not.
    fn trimmed(&mut self, part: &[u8]) -> Option<Vec<u8>> {
        let is_large = self.record.len().saturating_add(part.len()) > limits::RECORD_BYTES_MAX;
        let is_object = matches!(self.element.shape, Shape::Nested { open: b'{', .. });
        if self.trim.is_none() && is_large && is_object && !self.names.is_empty() {
            let sent = std::mem::take(&mut self.record);
            if self.name.is_empty() {
                self.name = first_name(&sent).unwrap_or_default().to_vec();
            }
            let mut trim = Trim::new(self.names);
            trim.take(&sent, &mut self.record);
            self.trim = Some(trim);
        }
        let trim = self.trim.as_mut()?;
        let mut left = Vec::new();
        trim.take(part, &mut left);
        Some(left)
    }

    /// Looks for the next record after one whose end cannot be told, and gives what comes after
    /// its beginning.
    fn take_torn<'a, E: From<SplitError>>(
        &mut self,
        rest: &'a [u8],
        each: &mut impl FnMut(Raw<'_>) -> Result<(), E>,
    ) -> Result<&'a [u8], E> {
        for (at, byte) in rest.iter().enumerate() {
            if self.record.len() < limits::RECORD_BYTES_MAX {
                self.record.push(*byte);
            } else {
                self.cut = true;
            }
            if self.lost.finds(*byte, self.record.len()) {
                self.hand_out_torn(self.lost.end, each)?;
                self.element = Element::after_first_name();
                self.record = self.lost.beginning();
                self.state = State::Element;
                return Ok(rest.get(at.saturating_add(1)..).unwrap_or_default());
            }
        }
        Ok(&[])
    }

    /// Hands out so many bytes as a record whose end could not be told.
    fn hand_out_torn<E: From<SplitError>>(
        &mut self,
        end: usize,
        each: &mut impl FnMut(Raw<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.records = self.records.saturating_add(1);
        self.cut = false;
        let record = std::mem::take(&mut self.record);
        each(Raw { bytes: record.get(..end).unwrap_or(&record), whole: false, alone: false })
    }

    fn take_byte(&mut self, byte: u8) -> Result<(), SplitError> {
        let blank = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        match self.state {
            State::Start { mark_bytes } => self.start(byte, mark_bytes, blank),
            State::Envelope => self.envelope_byte(byte),
            State::EnvelopeString { escaped } => self.envelope_string_byte(byte, escaped),
            State::FirstElement | State::NextElement | State::AfterElement | State::Done
                if blank =>
            {
                Ok(())
            }
            State::FirstElement | State::AfterElement if byte == b']' => {
                self.state = State::Envelope;
                self.push(byte)
            }
            State::AfterElement if byte == b',' => {
                self.state = State::NextElement;
                Ok(())
            }
            State::Done => Err(SplitError::Trailing),
            State::Broken => Err(SplitError::Broken),
            _ => Err(SplitError::Invalid),
        }
    }

    fn start(&mut self, byte: u8, mark_bytes: usize, blank: bool) -> Result<(), SplitError> {
        if BYTE_ORDER_MARK.get(mark_bytes) == Some(&byte) {
            self.state = State::Start { mark_bytes: mark_bytes.saturating_add(1) };
            return Ok(());
        }
        if mark_bytes != 0 && mark_bytes != BYTE_ORDER_MARK.len() {
            return Err(SplitError::NotAnObject);
        }
        match byte {
            b'{' => {
                self.state = State::Envelope;
                self.depth = 1;
                self.push(byte)
            }
            _ if blank => {
                // A byte order mark may not come after white space.
                self.state = State::Start { mark_bytes: BYTE_ORDER_MARK.len() };
                Ok(())
            }
            _ => Err(SplitError::NotAnObject),
        }
    }

    fn envelope_byte(&mut self, byte: u8) -> Result<(), SplitError> {
        // Directly in the object in which the next key of the path is looked for.
        let here = self.depth == self.matched.saturating_add(1);
        match byte {
            b'"' => {
                if here {
                    self.string = self.envelope.len()..self.envelope.len();
                }
                self.state = State::EnvelopeString { escaped: false };
            }
            b':' if here => self.on_path = self.string_is_next_key(),
            b',' if here => self.on_path = false,
            b'[' | b'{' => self.open(byte, here)?,
            b']' | b'}' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    self.state = State::Done;
                }
                if here {
                    self.matched = self.matched.saturating_sub(1);
                    self.on_path = false;
                }
            }
            _ => {}
        }
        self.push(byte)
    }

    fn open(&mut self, byte: u8, here: bool) -> Result<(), SplitError> {
        let is_last_key = self.matched.saturating_add(1) == self.path.len();
        match byte {
            b'[' if here && self.on_path && is_last_key => {
                if self.list_found {
                    return Err(SplitError::TwoLists);
                }
                self.list_found = true;
                self.state = State::FirstElement;
                // The closing bracket comes from `take_byte` and does not lower the depth.
                return Ok(());
            }
            b'{' if here && self.on_path && !is_last_key => {
                self.matched = self.matched.saturating_add(1);
                self.on_path = false;
            }
            _ => {}
        }
        self.depth = self.depth.saturating_add(1);
        Ok(())
    }

    fn envelope_string_byte(&mut self, byte: u8, escaped: bool) -> Result<(), SplitError> {
        self.push(byte)?;
        match byte {
            _ if escaped => self.state = State::EnvelopeString { escaped: false },
            b'\\' => self.state = State::EnvelopeString { escaped: true },
            b'"' => {
                self.state = State::Envelope;
                if self.depth == self.matched.saturating_add(1) {
                    self.string.end = self.envelope.len();
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn string_is_next_key(&self) -> bool {
        let raw = self.envelope.get(self.string.clone()).unwrap_or_default();
        let key = serde_json::from_slice::<String>(raw).unwrap_or_default();
        self.path.get(self.matched).is_some_and(|wanted| key.eq_ignore_ascii_case(wanted))
    }

    fn push(&mut self, byte: u8) -> Result<(), SplitError> {
        if self.envelope.len() >= limits::ENVELOPE_BYTES_MAX {
            return Err(SplitError::EnvelopeTooLarge);
        }
        self.envelope.push(byte);
        Ok(())
    }
}

fn valid(json: &[u8]) -> Result<(), SplitError> {
    // From text, because serde_json lets damaged UTF-8 pass in strings that it skips.
    let text = std::str::from_utf8(json).map_err(|_| SplitError::Invalid)?;
    serde_json::from_str::<IgnoredAny>(text).map(|_| ()).map_err(|_| SplitError::Invalid)
}

#[cfg(test)]
#[path = "splitter_tests.rs"]
mod tests;
