//! In which letters an HR system's answer is written (S-17).
//!
//! What the answer declares counts. Without a declaration it is UTF-8, as JSON has to be; a text in
//! it that is not, and in which nothing speaks for UTF-8, is read as Windows-1252, which older
//! systems send. What is damaged even so becomes U+FFFD ([`super::fields::mend`]), and whoever
//! applies a record leaves such a field as it was.
//!
//! What this module must not do: guess against a declaration.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use memchr::{memchr, memchr2};

/// What an answer's `Content-Type` says of its letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// Nothing, or nothing that is known.
    Unsaid,
    /// UTF-8.
    Utf8,
    /// Something else.
    Other(&'static Encoding),
}

impl Charset {
    /// Reads a `Content-Type`.
    #[must_use]
    pub fn of(content_type: Option<&str>) -> Self {
        let parameters = content_type.unwrap_or_default().split(';').skip(1);
        let named = parameters.filter_map(|parameter| parameter.split_once('='));
        let mut charsets = named.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
        let label = charsets.next().map(|(_, label)| label.trim().trim_matches(['"', '\'']));
        // Who declares ASCII and sends more says nothing about it.
        let label = label.filter(|label| !label.to_ascii_lowercase().contains("ascii"));
        match label.and_then(|label| Encoding::for_label(label.as_bytes())) {
            None => Self::Unsaid,
            Some(encoding) if encoding == UTF_8 => Self::Utf8,
            Some(encoding) => Self::Other(encoding),
        }
    }

    /// One record or answer, already decoded if something else than UTF-8 was declared.
    #[must_use]
    pub fn repair(self, raw: &[u8]) -> Cow<'_, [u8]> {
        if self != Self::Unsaid || std::str::from_utf8(raw).is_ok() {
            return Cow::Borrowed(raw);
        }
        let mut repaired = Vec::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(opened) = memchr(b'"', rest) {
            let (before, text) = split(rest, opened.saturating_add(1));
            let (text, after) = split(text, text_length(text));
            repaired.extend_from_slice(before);
            repaired.extend_from_slice(&windows_1252(text));
            let (quote, after) = split(after, 1);
            repaired.extend_from_slice(quote);
            rest = after;
        }
        repaired.extend_from_slice(rest);
        Cow::Owned(repaired)
    }
}

fn split(bytes: &[u8], at: usize) -> (&[u8], &[u8]) {
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}

/// How many bytes come before the quote that ends a JSON text.
fn text_length(text: &[u8]) -> usize {
    let mut at = 0_usize;
    while let Some(found) = text.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        let found = at.saturating_add(found);
        if text.get(found) == Some(&b'"') {
            return found;
        }
        at = found.saturating_add(2);
    }
    text.len()
}

/// A text that is not UTF-8, read as Windows-1252; as it is when any letter in it is UTF-8, because
/// then it was only cut or damaged.
fn windows_1252(text: &[u8]) -> Cow<'_, [u8]> {
    let is_sound = std::str::from_utf8(text).is_ok();
    if is_sound || text.utf8_chunks().any(|chunk| !chunk.valid().is_ascii()) {
        return Cow::Borrowed(text);
    }
    let (decoded, _) = WINDOWS_1252.decode_without_bom_handling(text);
    Cow::Owned(decoded.into_owned().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_17_a_declared_charset_is_found() {
        for (content_type, charset) in [
            (None, Charset::Unsaid),
            (Some("application/json"), Charset::Unsaid),
            (Some("application/json; charset=klingon"), Charset::Unsaid),
            (Some("application/json; charset=us-ascii"), Charset::Unsaid),
            (Some("application/json; charset=ASCII"), Charset::Unsaid),
            (Some("application/json; charset=utf-8"), Charset::Utf8),
            (Some("text/json;Charset=\"UTF8\""), Charset::Utf8),
            (Some("application/json; x=1; charset=ISO-8859-1"), Charset::Other(WINDOWS_1252)),
            (Some("application/json; charset=windows-1252"), Charset::Other(WINDOWS_1252)),
        ] {
            assert_eq!(Charset::of(content_type), charset, "{content_type:?}");
        }
    }

    #[test]
    fn s_17_undeclared_bytes_that_are_not_utf_8_are_windows_1252() {
        let raw = b"{\"a\":\"M\xfcller \\\"\x80\\\"\",\"b\":\"J\xc3\xbcrgen\"}";
        let repaired = Charset::Unsaid.repair(raw).into_owned();
        assert_eq!(String::from_utf8(repaired).unwrap(), r#"{"a":"Müller \"€\"","b":"Jürgen"}"#);
        // Cut in the middle of a letter: it is UTF-8, and damaged.
        let cut = b"{\"a\":\"J\xc3\xbcrg M\xc3\"}";
        assert_eq!(Charset::Unsaid.repair(cut).as_ref(), cut);
        // Declared as UTF-8 it is not read as anything else.
        assert_eq!(Charset::Utf8.repair(raw).as_ref(), raw);
        for odd in [b"\xff".as_slice(), b"\"\xff", b"\"\xff\\", b"\"\xff\"\"", b""] {
            let repaired = Charset::Unsaid.repair(odd);
            assert!(repaired.len() >= odd.len(), "{odd:?}");
        }
    }
}
