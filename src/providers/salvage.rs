//! The keys of records that cannot be read (S-16): with them one person is named, and everybody
//! else is known not to be meant.
//!
//! A tolerant walk over the members of the outermost object. It does not mind what is between them:
//! raw control characters, wrong escapes, words that are no JSON, an end that is missing.
//!
//! Invariant: a key is given only when there is no doubt. A name that comes twice, a text that is
//! damaged, or signs of a second person in the bytes (a quote that is missing can make two records
//! look like one) give none.
//!
//! What this module must not do: know an HR system.

use memchr::memmem;

use super::fields::clean_key;

/// The members with these names, as clean keys. `mark` is a member that every record has once and
/// nothing within a record has: bytes in which its name occurs more than once are not about one
/// person, and give nothing.
#[must_use]
pub fn keys<const N: usize>(raw: &[u8], names: &[&str; N], mark: &str) -> [Option<String>; N] {
    let mark = format!("\"{mark}\"");
    if memmem::find_iter(raw, mark.as_bytes()).nth(1).is_some() {
        return [const { None }; N];
    }
    members(raw, names).map(|found| found.and_then(key))
}

/// The text of a value: a text or number, or an object that wraps one as `DisplayValue`.
fn key(value: &[u8]) -> Option<String> {
    let value = value.trim_ascii();
    let text = match value.first()? {
        b'"' => serde_json::from_slice::<String>(value).ok()?,
        b'0'..=b'9' if value.iter().all(u8::is_ascii_digit) => {
            String::from_utf8(value.to_vec()).ok()?
        }
        b'{' => {
            let [inner] = members(value, &["DisplayValue"]);
            return inner.filter(|inner| inner.first() != Some(&b'{')).and_then(key);
        }
        _ => return None,
    };
    clean_key(&text).filter(|key| !key.contains(char::REPLACEMENT_CHARACTER))
}

/// The values of these members of the outermost object, each only when its name comes once.
fn members<'a, const N: usize>(raw: &'a [u8], names: &[&str; N]) -> [Option<&'a [u8]>; N] {
    let mut found = [None; N];
    let mut counts = [0_usize; N];
    let mut walk = Walk { raw, at: 0 };
    if walk.skip_blanks() != Some(b'{') {
        return found;
    }
    walk.step();
    while let Some(byte) = walk.skip_blanks() {
        if byte != b'"' {
            walk.value();
            continue;
        }
        let name = walk.text();
        if walk.skip_blanks() != Some(b':') {
            continue;
        }
        walk.step();
        walk.skip_blanks();
        let value = walk.value();
        let wanted = names.iter().position(|wanted| name == wanted.as_bytes());
        let slot = wanted.and_then(|index| Some((found.get_mut(index)?, counts.get_mut(index)?)));
        if let Some((slot, count)) = slot {
            *count = count.saturating_add(1);
            *slot = (*count == 1).then_some(value);
        }
    }
    found
}

struct Walk<'a> {
    raw: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    fn peek(&self) -> Option<u8> {
        self.raw.get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn since(&self, start: usize) -> &'a [u8] {
        self.raw.get(start..self.at.min(self.raw.len())).unwrap_or_default()
    }

    fn skip_blanks(&mut self) -> Option<u8> {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.step();
        }
        self.peek()
    }

    /// Goes past a text; what stands between its quotes. A quote that nothing follows which can
    /// stand behind a text is one too many, and belongs to the text.
    fn text(&mut self) -> &'a [u8] {
        self.step();
        let start = self.at;
        while let Some(byte) = self.peek() {
            if byte == b'"' && self.ends_text() {
                let inside = self.since(start);
                self.step();
                return inside;
            }
            self.at = self.at.saturating_add(if byte == b'\\' { 2 } else { 1 });
        }
        self.since(start)
    }

    /// Whether this quote is followed by what can stand behind a text.
    fn ends_text(&self) -> bool {
        let rest = self.raw.get(self.at.saturating_add(1)..).unwrap_or_default();
        let next = rest.iter().find(|byte| !byte.is_ascii_whitespace());
        next.is_none_or(|byte| matches!(byte, b',' | b':' | b'}' | b']'))
    }

    /// Goes past one value, or past one byte that begins none.
    fn value(&mut self) -> &'a [u8] {
        let start = self.at;
        match self.peek() {
            Some(b'"') => {
                self.text();
            }
            Some(b'{' | b'[') => self.nested(),
            Some(b',' | b':' | b'}' | b']') => self.step(),
            _ => {
                let ends = |byte: u8| matches!(byte, b',' | b'}' | b']' | b'"');
                while self.peek().is_some_and(|byte| !ends(byte)) {
                    self.step();
                }
            }
        }
        self.since(start)
    }

    fn nested(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.text();
                    continue;
                }
                b'{' | b'[' => depth = depth.saturating_add(1),
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.step();
            if depth == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(raw: &str) -> Option<String> {
        let [id] = keys(raw.as_bytes(), &["id"], "name");
        id
    }

    #[test]
    fn s_16_the_key_of_an_unreadable_record_is_read_when_there_is_no_doubt() {
        for (raw, key) in [
            (r#"{"id":7,"name":"a"}"#, Some("7")),
            ("{\"a\":\"x\ny\u{0}\",\"id\":\"A 7\"}", Some("A 7")),
            (r#"{"a":NaN,"b":-Infinity,"id":"7"}"#, Some("7")),
            (r#"{"a":"\x \u12","d":{"id":1,"x":[{"id":2}]},"id":7"#, Some("7")),
            (r#"{"id":{"DisplayValue":"PW1","FieldHistory":[{"id":3}]},"a":"\q"}"#, Some("PW1")),
            (r#"{"id":"7","a":{"b":"cut of"#, Some("7")),
            (r#"{"a":"24" monitor","id":"7"}"#, Some("7")),
            (r#"{"a":"the "best", they say","id":"7"}"#, None),
            (r#"{"a":"D:\home","b":"x","id":"7"}"#, Some("7")),
            (r#"{"a":"b","id":"6","c","id":"7"}"#, None),
            (r#"{"a":NaN,"id":7.0}"#, None),
            (r#"{"a":NaN,"id":7e0}"#, None),
            (r#"{"a":NaN,"id":-7}"#, None),
            (r#"{"a":NaN,"id":{"DisplayValue":"6","DisplayValue":"7"}}"#, None),
            (r#"{"id":7,"id":8}"#, None),
            (r#"{"id":7,"id":7}"#, None),
            (r#"{"id":"\ud800"}"#, None),
            ("{\"id\":\"7\u{fffd}\"}", None),
            (r#"{"id":"\x7"}"#, None),
            (r#"{"id":null,"a":NaN}"#, None),
            (r#"{"id":"7","name":"a","x":"y},{"id":"8","name":"b"}"#, None),
            ("null", None),
            ("[7]", None),
            ("", None),
        ] {
            assert_eq!(id(raw).as_deref(), key, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_it_ends_and_does_not_panic(
            raw in prop::collection::vec(
                prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\\ id7".to_vec())], 0..120),
        ) {
            let _ = keys(&raw, &["id"], "name");
        }
    }
}
