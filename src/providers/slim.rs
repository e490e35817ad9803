//! Leaves very long texts out of a JSON document while it arrives: a photo of megabytes in one
//! record is a field that is dropped anyway, and must neither be held nor cost the person (S-16).
//!
//! Invariants:
//! - A text of more than [`limits::JSON_TEXT_BYTES_MAX`] bytes becomes an empty one; everything
//!   else passes as it is.
//! - What comes out does not depend on where the document was cut into pieces.
//! - Memory holds at most one text of that length besides the piece.
//!
//! What this module must not do: judge whether the document is valid.

use memchr::{memchr, memchr2};

use crate::limits;

/// Takes a document in pieces and gives it back without very long texts.
#[derive(Default)]
pub struct Slim {
    in_text: bool,
    escaped: bool,
    /// Whether the present text is too long and the rest of it is left out.
    skips: bool,
    /// The part of the present text that came with earlier pieces.
    held: Vec<u8>,
}

impl Slim {
    /// Takes the next piece; gives what may be handed on.
    pub fn take(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut out = std::mem::take(&mut self.held);
        out.reserve(piece.len());
        // Where the present text begins in `out`, if one is open.
        let mut start = 0_usize;
        let mut rest = piece;
        while let Some(length) = self.segment(rest) {
            let (part, tail) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            rest = tail;
            let ends_text = self.pass(part, &mut out, start);
            if ends_text || !self.in_text {
                start = out.len();
            }
        }
        if self.in_text {
            self.held = out.split_off(start.min(out.len()));
        }
        out
    }

    /// What is left when the document ends in the middle of a text.
    pub fn finish(self) -> Vec<u8> {
        self.held
    }

    /// How far the next step goes: to the next quote or escape, with it.
    fn segment(&self, rest: &[u8]) -> Option<usize> {
        if rest.is_empty() {
            return None;
        }
        if self.escaped {
            return Some(1);
        }
        let found = if self.in_text { memchr2(b'"', b'\\', rest) } else { memchr(b'"', rest) };
        Some(found.map_or(rest.len(), |found| found.saturating_add(1)))
    }

    /// Hands a part on; whether a text begins or ends with it.
    fn pass(&mut self, part: &[u8], out: &mut Vec<u8>, start: usize) -> bool {
        let last = part.last().copied();
        let was_escaped = std::mem::take(&mut self.escaped);
        let quote = !was_escaped && last == Some(b'"');
        if !self.in_text {
            out.extend_from_slice(part);
            self.in_text = quote;
            return quote;
        }
        if quote {
            let inside = part.split_last().map(|(_, inside)| inside).unwrap_or_default();
            self.keep(inside, out, start);
            out.push(b'"');
            (self.in_text, self.skips) = (false, false);
            return true;
        }
        self.escaped = !was_escaped && last == Some(b'\\');
        self.keep(part, out, start);
        false
    }

    fn keep(&mut self, part: &[u8], out: &mut Vec<u8>, start: usize) {
        if self.skips {
            return;
        }
        out.extend_from_slice(part);
        if out.len().saturating_sub(start) > limits::JSON_TEXT_BYTES_MAX {
            out.truncate(start);
            self.skips = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slim(document: &[u8], piece: usize) -> Vec<u8> {
        let mut slim = Slim::default();
        let mut out: Vec<u8> = document.chunks(piece).flat_map(|piece| slim.take(piece)).collect();
        out.extend(slim.finish());
        out
    }

    #[test]
    fn s_16_a_photo_is_left_out_however_the_document_is_cut() {
        let fits = "x".repeat(limits::JSON_TEXT_BYTES_MAX);
        let photo = "\\\"y".repeat(limits::JSON_TEXT_BYTES_MAX);
        let document = format!(r#"{{"a":"\\","p":"{photo}","b":["{fits}","\"{{"],"c":"x{fits}"}}"#);
        let expected = format!(r#"{{"a":"\\","p":"","b":["{fits}","\"{{"],"c":""}}"#);
        for piece in [1, 7, 1000, 65_536, usize::MAX] {
            let out = slim(document.as_bytes(), piece.min(document.len()));
            assert_eq!(out, expected.as_bytes(), "{piece}");
        }
    }

    #[test]
    fn everything_else_passes_as_it_is() {
        for document in ["", "\"", "{\"a\":\"\\", "<html lang=\"de\">", "\u{feff}{\"a\":\"\n\"}"] {
            for piece in 1..4 {
                assert_eq!(slim(document.as_bytes(), piece), document.as_bytes(), "{document}");
            }
        }
    }
}
