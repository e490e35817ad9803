//! Where one record of a list ends, by its brackets and quotes, and where the next one begins when
//! that cannot be told.
//!
//! What this module must not do: keep a record, or judge one.

use memchr::{memchr2, memchr3};

/// How far a look for the end of an element came.
#[derive(Clone, Copy)]
pub(super) enum Scan {
    /// It has not ended yet.
    Open,
    /// So many bytes still belong to it.
    End(usize),
    /// After so many bytes something stands where JSON allows nothing of the kind: a quote is
    /// missing or too many, and its end cannot be told any more.
    Torn(usize),
}

/// Looks for the record after one whose end cannot be told: for an object that follows another and
/// begins with the same member.
#[derive(Default)]
pub(super) struct Lost {
    /// The name of the member with which records begin, with its quotes.
    pub(super) name: Vec<u8>,
    /// How much of `},{` and the name was found.
    pub(super) matched: usize,
    /// The last bytes that are no blanks.
    pub(super) last: [u8; 3],
    /// How much of the record there was when the match began.
    pub(super) end: usize,
}

/// What stands before the end of the list and of the document.
pub(super) fn without_end_of_list(bytes: &[u8]) -> &[u8] {
    let strip = |bytes: &'_ [u8], end: &[u8]| -> usize {
        let bytes = bytes.trim_ascii_end();
        bytes.strip_suffix(end).unwrap_or(bytes).trim_ascii_end().len()
    };
    let bytes = bytes.get(..strip(bytes, b"}")).unwrap_or(bytes);
    bytes.get(..strip(bytes, b"]")).unwrap_or(bytes)
}

/// The name of an object's first member, with its quotes.
pub(super) fn first_name(record: &[u8]) -> Option<&[u8]> {
    let inside = record.trim_ascii_start().strip_prefix(b"{")?.trim_ascii_start();
    let text = inside.strip_prefix(b"\"")?;
    let length = text.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    inside.get(..length.checked_add(2)?).filter(|name| name.ends_with(b"\""))
}

/// What stands between two records.
const BETWEEN: &[u8] = b"},{";

impl Lost {
    /// Takes a byte, with which the record has this length; whether the next record has begun.
    pub(super) fn finds(&mut self, byte: u8, length: usize) -> bool {
        let place = self.matched.checked_sub(BETWEEN.len());
        let is_blank = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        if is_blank && place.is_none_or(|place| place == 0) {
            return false;
        }
        self.last.rotate_left(1);
        if let Some(last) = self.last.last_mut() {
            *last = byte;
        }
        let wanted = match place {
            None => BETWEEN.get(self.matched),
            Some(place) => self.name.get(place),
        };
        if self.matched == 0 || wanted != Some(&byte) {
            self.end = length;
        }
        if wanted == Some(&byte) {
            self.matched = self.matched.saturating_add(1);
            return self.matched == BETWEEN.len().saturating_add(self.name.len());
        }
        self.matched = usize::from(byte == b'}');
        false
    }

    /// Whether the document could end here, right behind the list.
    pub(super) fn ends_list(&self) -> bool {
        self.last == *b"}]}"
    }

    /// How the record begins that was found.
    pub(super) fn beginning(&self) -> Vec<u8> {
        [b"{".as_slice(), &self.name].concat()
    }
}

/// One element of the list, while its end is looked for.
pub(super) struct Element {
    pub(super) shape: Shape,
    pub(super) depth: usize,
    pub(super) in_string: bool,
    pub(super) escaped: bool,
    /// A text has just ended.
    pub(super) after_text: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// An object or array. Only its own kind of brackets is counted: in valid JSON that is enough,
    /// and three needles are what `memchr` searches at once.
    Nested { open: u8, close: u8 },
    /// A string.
    Text,
    /// A number, `true`, `false`, `null`, or anything else that is no record.
    Bare,
}

impl Element {
    pub(super) fn starts_with(byte: u8) -> bool {
        let punctuation = matches!(byte, b',' | b':' | b']' | b'}');
        !punctuation && !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
    }

    pub(super) fn starting_with(byte: u8) -> Self {
        let shape = match byte {
            b'{' => Shape::Nested { open: b'{', close: b'}' },
            b'[' => Shape::Nested { open: b'[', close: b']' },
            b'"' => Shape::Text,
            _ => Shape::Bare,
        };
        Self { shape, depth: 0, in_string: false, escaped: false, after_text: false }
    }

    /// An object of which the name of the first member was read.
    pub(super) fn after_first_name() -> Self {
        Self { depth: 1, after_text: true, ..Self::starting_with(b'{') }
    }

    /// Looks for the end among these bytes.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Scan {
        let (open, close) = match self.shape {
            Shape::Nested { open, close } => (open, close),
            Shape::Text => (b'"', b'"'),
            Shape::Bare => {
                let is_end = |b: &u8| matches!(b, b',' | b']' | b' ' | b'\t' | b'\r' | b'\n');
                return bytes.iter().position(is_end).map_or(Scan::Open, Scan::End);
            }
        };
        let mut at = 0_usize;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if self.escaped {
                self.escaped = false;
                at = at.saturating_add(1);
                continue;
            }
            if self.after_text {
                let is_blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
                let Some(next) = rest.iter().position(|b| !is_blank(b)) else { break };
                at = at.saturating_add(next);
                if !matches!(bytes.get(at), Some(b',' | b':' | b'}' | b']')) {
                    return Scan::Torn(at);
                }
                self.after_text = false;
                continue;
            }
            let found = if self.in_string {
                memchr2(b'"', b'\\', rest)
            } else {
                memchr3(b'"', open, close, rest)
            };
            let Some(found) = found else { break };
            let byte = rest.get(found).copied();
            at = at.saturating_add(found).saturating_add(1);
            match byte {
                Some(b'\\') => self.escaped = true,
                Some(b'"') => {
                    self.in_string = !self.in_string;
                    if self.shape == Shape::Text && !self.in_string {
                        return Scan::End(at);
                    }
                    self.after_text = !self.in_string;
                }
                byte if byte == Some(open) => self.depth = self.depth.saturating_add(1),
                _ => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Scan::End(at);
                    }
                }
            }
        }
        Scan::Open
    }
}
