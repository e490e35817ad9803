//! A form as a browser sends it, and addresses with a query.
//!
//! Invariant: whatever was sent, there is a form; what cannot be read is not in it. Must not know
//! what the fields mean.

/// The fields of a form or of a query.
#[derive(Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn read(sent: &[u8]) -> Self {
        Self(serde_urlencoded::from_bytes(sent).unwrap_or_default())
    }

    /// The text of a field; empty when it is not there.
    pub(super) fn text(&self, name: &str) -> &str {
        self.given(name).unwrap_or_default()
    }

    /// The text of a field, when it is there.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// Whether a box is ticked.
    pub(super) fn ticked(&self, name: &str) -> bool {
        self.given(name).is_some()
    }

    /// All values of a field that can be there several times.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, text)| text.as_str())
    }
}

/// A path with a query.
pub(super) fn address(path: &str, query: &[(&str, &str)]) -> String {
    let query: Vec<_> = query.iter().filter(|(_, text)| !text.is_empty()).collect();
    if query.is_empty() {
        return path.to_owned();
    }
    format!("{path}?{}", serde_urlencoded::to_string(query).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_leniently_and_an_address_written_safely() {
        let form = Form::read(b"a=%C3%A9+x&b=&grant=1&grant=2");
        assert_eq!((form.text("a"), form.given("b"), form.given("c")), ("é x", Some(""), None));
        assert_eq!(form.all("grant").collect::<Vec<_>>(), ["1", "2"]);
        assert!(Form::read(b"\xff=\xff&&&").given("a").is_none());
        assert_eq!(
            address("/p", &[("id", "É/1 %41?#&"), ("note", "")]),
            "/p?id=%C3%89%2F1+%2541%3F%23%26"
        );
    }
}
