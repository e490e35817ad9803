//! A [`Problem`] as a page for the operator: what happened, in the words of the API, and the
//! request's number for the log.
//!
//! Invariant: the source of a fault of our own is in the log and not on the page.

use askama::Template as _;

use crate::texts::Text;
use crate::web::http::error::Problem;
use crate::web::operator::enter;
use crate::web::operator::page::{Frame, Message};
use crate::web::pages::page::Link;

/// The page of a problem at this path.
#[must_use]
pub fn page(problem: &Problem, path: &str, request_id: &str) -> String {
    if matches!(problem, Problem::NoVisit) {
        return enter::page(path, None);
    }
    let (title, text) = match problem {
        Problem::ForeignForm => (
            "Please do that again",
            "This form was not sent from the page as it is now, so nothing was changed. Open the \
             page again and repeat what you did."
                .to_owned(),
        ),
        Problem::UnknownRoute | Problem::NotFound { .. } | Problem::MethodNotAllowed => (
            "This page does not exist",
            "What it was about may have been deleted, or the address was not copied whole."
                .to_owned(),
        ),
        Problem::Internal(_) => (
            "Something went wrong on our side",
            "The log says what, under the number below. Nothing was changed by halves.".to_owned(),
        ),
        Problem::Unavailable | Problem::DatabaseAway => (
            "Not possible at the moment",
            "The database does not answer, or too much is waiting for it. The log says which. Try \
             again in a minute."
                .to_owned(),
        ),
        Problem::Conflict { message } => ("That is not possible", message.clone()),
        other => (other.title(), other.detail()),
    };
    let label = Text::verbatim("Go to the first page");
    let message = Message {
        frame: Frame::outside(title),
        paragraphs: vec![text],
        link: Some(Link { href: "/operator".to_owned(), label }),
        request_id: Some(request_id.to_owned()),
    };
    message.render().unwrap_or_else(|_| problem.title().to_owned())
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
