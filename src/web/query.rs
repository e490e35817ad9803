//! Parameters of a request's query string, read with the same care as a body: what is unknown or
//! wrong is named, all of it at once.

use actix_web::HttpRequest;

use crate::db::page::{Order, PageRequest};
use crate::limits;
use crate::web::error::{FieldError, Problem};

/// The parameters that have not been taken yet, and what was wrong so far.
#[derive(Debug)]
pub struct Query {
    pairs: Vec<(String, String)>,
    known: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl Query {
    /// The parameters of a request.
    #[must_use]
    pub fn of(req: &HttpRequest) -> Self {
        Self::parse(req.query_string())
    }

    fn parse(text: &str) -> Self {
        // Never fails for pairs of text: what is no UTF-8 is replaced.
        let pairs = serde_urlencoded::from_str(text).unwrap_or_default();
        Self { pairs, known: Vec::new(), errors: Vec::new() }
    }

    /// Takes a parameter; the last one counts when it is repeated, an empty one is none.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        self.all(name).pop()
    }

    /// Takes every occurrence of a parameter, leaving out empty ones.
    pub fn all(&mut self, name: &'static str) -> Vec<String> {
        self.known.push(name);
        let (taken, left) =
            std::mem::take(&mut self.pairs).into_iter().partition(|(key, _)| key == name);
        self.pairs = left;
        let taken: Vec<(String, String)> = taken;
        if taken.iter().any(|(_, value)| value.contains('\0')) {
            self.refuse(name, "invalid", "must not contain the character U+0000");
            return Vec::new();
        }
        taken.into_iter().map(|(_, value)| value).filter(|value| !value.is_empty()).collect()
    }

    /// Takes `limit`: 1 to 100, default 10.
    pub fn limit(&mut self) -> i64 {
        let Some(text) = self.text("limit") else { return limits::PAGE_ITEMS_DEFAULT };
        match text.parse::<i64>() {
            Ok(limit) if (1..=limits::PAGE_ITEMS_MAX).contains(&limit) => limit,
            _ => {
                let message =
                    format!("must be a whole number from 1 to {}", limits::PAGE_ITEMS_MAX);
                self.refuse("limit", "out_of_range", message);
                limits::PAGE_ITEMS_DEFAULT
            }
        }
    }

    /// Takes the parameters that every list has.
    pub fn page(&mut self) -> PageRequest {
        self.page_of(Order::Desc)
    }

    /// The same for a list that has another order when nothing is said.
    pub fn page_of(&mut self, default: Order) -> PageRequest {
        let limit = self.limit();
        let order = match self.text("order").map(|text| Order::parse(&text)) {
            None => default,
            Some(Some(order)) => order,
            Some(None) => {
                self.refuse("order", "unknown_value", "must be asc, desc or normal");
                default
            }
        };
        PageRequest { limit, after: self.text("after"), before: self.text("before"), order }
    }

    /// Notes that a parameter is wrong.
    pub fn refuse(&mut self, name: &str, code: &'static str, message: impl Into<String>) {
        self.errors.push(FieldError::new(name, code, message));
    }

    /// Ends the reading: fails when something was wrong or was not taken.
    pub fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in std::mem::take(&mut self.pairs) {
            let message = format!("is not known here; known are: {}", self.known.join(", "));
            self.errors.push(FieldError::new(name, "unknown_parameter", message));
        }
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::Invalid(self.errors)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_ten_items_newest_first_when_nothing_is_said() {
        let mut query = Query::parse("");
        assert_eq!(query.page(), PageRequest::default());
        assert!(query.finish().is_ok());
    }

    #[test]
    fn what_is_wrong_or_unknown_is_named_all_at_once() {
        let mut query = Query::parse("limit=101&order=up&emial=x");
        query.page();
        let Err(Problem::Invalid(errors)) = query.finish() else { panic!("must fail") };
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["limit", "order", "emial"]);
    }
}
