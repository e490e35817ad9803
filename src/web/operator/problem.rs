//! A [`Problem`] as a page for the operator: what happened, in the words of the API, and the
//! request's number for the log.
//!
//! Invariant: the source of a fault of our own is in the log and not on the page.

use askama::Template;

use crate::texts::{Markup, Text, filters, text};
use crate::web::http::error::Problem;
use crate::web::operator::enter;
use crate::web::operator::page::Frame;

#[derive(Template)]
#[template(path = "operator/problem.html")]
struct Page {
    frame: Frame,
    sentence: Text,
    request_number: Markup,
}

/// The page of a problem at this path.
#[must_use]
pub fn page(problem: &Problem, path: &str, request_id: &str) -> String {
    if matches!(problem, Problem::NoVisit) {
        return enter::page(path);
    }
    let (title, sentence) = match problem {
        Problem::ForeignForm => {
            (text("operator-foreign-form-title"), text("operator-foreign-form"))
        }
        Problem::UnknownRoute | Problem::NotFound { .. } | Problem::MethodNotAllowed => {
            (text("operator-no-page-title"), text("operator-no-page"))
        }
        Problem::Internal(_) => (text("operator-fault-title"), text("operator-fault")),
        Problem::Unavailable | Problem::DatabaseAway => {
            (text("operator-unavailable-title"), text("operator-unavailable"))
        }
        Problem::Conflict { message } => {
            (text("operator-conflict-title"), Text::verbatim(message.clone()))
        }
        other => (other.title(), other.detail()),
    };
    let id = Text::verbatim(request_id);
    let page = Page {
        frame: Frame::outside(title),
        sentence,
        request_number: Markup::default().html("<code>").text(id).html("</code>"),
    };
    page.render().unwrap_or_else(|_| problem.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_tells_no_technical_detail_and_escapes_what_others_wrote() {
        let internal = Problem::Internal("SELECT <broke>".to_owned());
        let text = page(&internal, "/operator", "req_1");
        assert!(!text.contains("SELECT") && text.contains("req_1"), "{text}");
        let conflict = Problem::Conflict { message: "<script>".to_owned() };
        assert!(!page(&conflict, "/operator", "req_1").contains("<script>"));
    }
}
