//! Leaves out of a record what is dropped anyway, for records that are too large to be held (S-16).
//!
//! Members with other names than the wanted ones are left out; within a wanted member the values of
//! others become `null`, because "an object with something in it" is not "nothing". Bytes pass in
//! pieces of any size, and what comes out does not depend on how they were cut.
//!
//! What this module must not do: judge whether the record is valid, or read it.

use crate::limits;

/// Takes one record in pieces and gives it back without what nobody reads.
pub struct Trim {
    wanted: &'static [&'static str],
    /// The containers that are open and wanted, from the record itself; whether each is an object.
    open: Vec<bool>,
    /// The containers that are open within a value that is left out.
    skipped: usize,
    at: At,
    in_text: bool,
    escaped: bool,
    /// The name of the present member, with its quotes.
    name: Vec<u8>,
    /// Whether a member of the record itself was written.
    has_member: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// Where a name may begin, in an object.
    Name,
    /// In a value that is wanted.
    Value,
    /// In a value that is not.
    Skipped,
}

impl Trim {
    /// For records of which members with these names are read, at whatever depth.
    pub fn new(wanted: &'static [&'static str]) -> Self {
        Self {
            wanted,
            open: Vec::new(),
            skipped: 0,
            at: At::Value,
            in_text: false,
            escaped: false,
            name: Vec::new(),
            has_member: false,
        }
    }

    /// Takes the next piece of the record, and adds what is left of it.
    pub fn take(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        for byte in piece {
            self.byte(*byte, out);
        }
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        if self.in_text {
            self.put(byte, out);
            let was_escaped = std::mem::take(&mut self.escaped);
            self.escaped = !was_escaped && byte == b'\\';
            self.in_text = was_escaped || byte != b'"';
            return;
        }
        match byte {
            b'"' => {
                self.in_text = true;
                self.put(byte, out);
            }
            b':' if self.at == At::Name => self.begin_value(out),
            b'{' | b'[' if self.at == At::Skipped => self.skipped = self.skipped.saturating_add(1),
            b'}' | b']' if self.at == At::Skipped && self.skipped > 0 => {
                self.skipped = self.skipped.saturating_sub(1);
            }
            b'{' | b'[' if self.open.len() >= limits::JSON_DEPTH_MAX => {
                out.extend_from_slice(b"null");
                (self.at, self.skipped) = (At::Skipped, 1);
            }
            b'{' | b'[' => {
                self.open.push(byte == b'{');
                self.at = if byte == b'{' { At::Name } else { At::Value };
                out.push(byte);
            }
            b'}' | b']' => {
                self.end_name(out);
                self.open.pop();
                self.at = At::Value;
                out.push(byte);
            }
            b',' if self.at != At::Skipped || self.skipped == 0 => self.end_value(out),
            _ => self.put(byte, out),
        }
    }

    /// A byte that is a part of a name or of a value.
    fn put(&mut self, byte: u8, out: &mut Vec<u8>) {
        match self.at {
            At::Value => out.push(byte),
            At::Name if self.name.len() < limits::JSON_NAME_BYTES_MAX => self.name.push(byte),
            At::Name | At::Skipped => {}
        }
    }

    fn begin_value(&mut self, out: &mut Vec<u8>) {
        let is_own = self.open.len() == 1;
        let is_wanted = self.is_wanted();
        if self.name.len() >= limits::JSON_NAME_BYTES_MAX {
            self.name = b"\"\"".to_vec();
        }
        self.at = if is_wanted { At::Value } else { At::Skipped };
        if is_wanted || !is_own {
            if is_own && std::mem::replace(&mut self.has_member, true) {
                out.push(b',');
            }
            out.append(&mut self.name);
            out.push(b':');
        }
        if !is_wanted && !is_own {
            out.extend_from_slice(b"null");
        }
        self.name.clear();
    }

    /// A name without a value stays, so that the record shows it.
    fn end_name(&mut self, out: &mut Vec<u8>) {
        if !self.name.trim_ascii().is_empty() {
            out.extend_from_slice(&self.name);
        }
        self.name.clear();
    }

    /// A comma: behind a member, or behind an element of a list.
    fn end_value(&mut self, out: &mut Vec<u8>) {
        self.end_name(out);
        let in_object = self.open.last() == Some(&true);
        // Of the record itself, the next member that is written writes the comma.
        if self.open.len() != 1 || self.at == At::Name {
            out.push(b',');
        }
        self.at = if in_object { At::Name } else { At::Value };
    }

    /// Whether the present name is one that is read. One that cannot be read stays, so that the
    /// record shows it.
    fn is_wanted(&self) -> bool {
        let name = self.name.trim_ascii();
        self.name.len() < limits::JSON_NAME_BYTES_MAX
            && serde_json::from_slice::<String>(name)
                .map_or(true, |name| self.wanted.contains(&name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const WANTED: &[&str] = &["id", "name", "DisplayValue"];

    fn trimmed(record: &[u8], piece: usize) -> Vec<u8> {
        let (mut trim, mut out) = (Trim::new(WANTED), Vec::new());
        record.chunks(piece).for_each(|piece| trim.take(piece, &mut out));
        out
    }

    #[test]
    fn s_16_what_is_dropped_anyway_is_left_out_however_the_record_is_cut() {
        let record = br#"{ "a" : {"id":[1,{"x":"}\",]"}],"b":2}, "id":7,"docs":["{",[],"]"],
            "name": {"History":[{"DisplayValue":"old"}], "DisplayValue":"A,\"b","z":1},
            "e":"x", "\u006eame":[{"q":1,"id":2},3],"last":{}}"#;
        let whole = trimmed(record, record.len());
        let expected = json!({"id": 7, "name": [{"q": null, "id": 2}, 3]});
        assert_eq!(
            serde_json::from_slice::<Value>(&whole).unwrap(),
            expected,
            "the last one counts"
        );
        let text = String::from_utf8(whole.clone()).unwrap();
        assert!(text.contains(r#"{"History":null, "DisplayValue":"A,\"b","z":null}"#), "{text}");
        for piece in 1..20 {
            assert_eq!(trimmed(record, piece), whole, "{piece}");
        }
    }

    #[test]
    fn s_16_what_is_no_valid_record_is_none_afterwards() {
        for record in [
            r#"{"id":7,"name":NaN}"#,
            r#"{"id":7,,"name":1}"#,
            r#"{"id":7,"na\me":1}"#,
            "{\"id\":7,\"name\":\"a\nb\"}",
            r#"{"id":7,"name":[1,}"#,
            r#"{"id":7,"x"}"#,
            r#"{"id":7,"x","name":1}"#,
        ] {
            let out = trimmed(record.as_bytes(), 3);
            assert!(serde_json::from_slice::<Value>(&out).is_err(), "{record}");
        }
        // Whatever is open within what is read, the end is found and little is kept.
        let deep = format!(r#"{{"name":{}1{},"id":7}}"#, "[".repeat(9_000), "]".repeat(9_000));
        let out = trimmed(deep.as_bytes(), 1_000);
        assert!(out.len() < 400 && out.ends_with(b",\"id\":7}"));
        for record in ["{}", r#"{"a":1}"#, r#"{"a":1,"b":[2]}"#] {
            assert_eq!(trimmed(record.as_bytes(), 3), b"{}");
        }
    }
}
