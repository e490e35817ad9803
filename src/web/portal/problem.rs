//! A [`Problem`] as a page: what happened and what to do, in plain words, with the request's
//! number.
//!
//! Invariant: nothing of a problem's technical detail is shown, but for what the HR system's side
//! of it says in words for people.

use askama::Template as _;

use crate::domain::ids::DirectoryId;
use crate::web::http::error::Problem;
use crate::web::portal::page::{Frame, Link, Message, directory_path};
use crate::web::portal::sign_in;

/// The page of a problem at this path. `mails`: whether links can be sent by mail.
#[must_use]
pub fn page(problem: &Problem, path: &str, mails: bool, request_id: &str) -> String {
    if matches!(problem, Problem::NoVisit) {
        return sign_in::page(&DirectoryId::from_text(directory_in(path)), mails, None);
    }
    let (title, text) = words(problem);
    let back = directory_in(path);
    let link = match problem {
        Problem::NotFound { .. } | Problem::UnknownRoute => {
            Link { href: "/portal".to_owned(), label: "Go to the overview".to_owned() }
        }
        _ if back.is_empty() => {
            Link { href: "/portal".to_owned(), label: "Go to the overview".to_owned() }
        }
        _ => Link {
            href: directory_path(&DirectoryId::from_text(back)),
            label: "Back to the connection".to_owned(),
        },
    };
    let message = Message {
        frame: Frame::outside(title),
        paragraphs: vec![text],
        link: Some(link),
        request_id: Some(request_id.to_owned()),
    };
    message.render().unwrap_or_else(|_| problem.title().to_owned())
}

/// The directory that a path is about; empty when it is about none, or names no id of ours.
fn directory_in(path: &str) -> &str {
    let rest = path.strip_prefix("/portal/directories/").unwrap_or_default();
    let id = rest.split('/').next().unwrap_or_default();
    let is_id = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_id { id } else { "" }
}

/// What happened, and what to do.
fn words(problem: &Problem) -> (&'static str, String) {
    match problem {
        Problem::BudgetSpent { retry_after_seconds } => {
            let seconds = (*retry_after_seconds).max(1);
            let text = format!(
                "The HR system answers only so many questions in a minute, and they are used up. \
                 Try again in {seconds} seconds."
            );
            ("Please wait a moment", text)
        }
        Problem::ProviderFailed { message, .. } => {
            ("The HR system could not be asked", format!("{message} Try again later."))
        }
        Problem::InvalidCredential { message } | Problem::Conflict { message } => {
            ("That is not possible", message.clone())
        }
        other => {
            let (title, text) = fixed_words(other);
            (title, text.to_owned())
        }
    }
}

/// The words of problems that say nothing particular.
const fn fixed_words(problem: &Problem) -> (&'static str, &'static str) {
    match problem {
        Problem::ForeignForm => (
            "Please do that again",
            "This form was not sent from the page as it is now, so nothing was changed. Open the \
             page again and repeat what you did.",
        ),
        Problem::UnknownRoute | Problem::NotFound { .. } | Problem::MethodNotAllowed => (
            "This page does not exist",
            "It may have been removed, or the address was not copied whole.",
        ),
        Problem::ProviderNotAllowed { .. } => (
            "This HR system is not switched on for you",
            "Ask the people who run the application to switch it on.",
        ),
        Problem::AlreadyConnected { .. } => (
            "This HR system is connected already",
            "Open it on the overview. To connect it anew, disable it there first.",
        ),
        Problem::DirectoryDisabled => (
            "This connection was disabled",
            "A disabled connection stays disabled. Start a new set-up on the overview.",
        ),
        Problem::NoCredential => {
            ("The key is missing", "Enter the key of the HR system first, then go on.")
        }
        Problem::NoAdmin => (
            "Nobody would hear of a failure",
            "Name at least one person who is told when something goes wrong, then go on.",
        ),
        Problem::RunInProgress { .. } => (
            "A full sync is under way already",
            "You need not do anything. Its end brings everything up to date.",
        ),
        Problem::TooLarge { .. } => ("That is too much at once", "Send less in one go."),
        Problem::TooSlow { .. } | Problem::Crowded => (
            "That did not arrive in time",
            "Nothing was changed. Open the page again and repeat what you did.",
        ),
        Problem::Unavailable => {
            ("Not possible at the moment", "Too much is waiting. Try again in a minute.")
        }
        Problem::DatabaseAway => (
            "Not possible at the moment",
            "These pages cannot reach their data. It is safe, and we have been told. Try again \
             in a few minutes.",
        ),
        Problem::Internal(_) => (
            "Something went wrong on our side",
            "Nothing was changed by halves. Try again. If it happens again, tell the people who \
             run this service for you.",
        ),
        Problem::CredentialRefused { .. } => (
            "The HR system refuses the key",
            "Nothing was changed. Open the page again; it says which steps are missing.",
        ),
        _ => (
            "That did not work",
            "What was sent cannot be understood, so nothing was changed. Open the page again and \
             repeat what you did.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_tells_no_technical_detail_and_escapes_what_others_wrote() {
        let internal = Problem::Internal("SELECT <broke>".to_owned());
        let text = page(&internal, "/portal", true, "req_1");
        assert!(!text.contains("SELECT") && text.contains("req_1"), "{text}");
        let conflict = Problem::Conflict { message: "<script>".to_owned() };
        assert!(!page(&conflict, "/portal", true, "req_1").contains("<script>"));
    }

    #[test]
    fn only_an_id_of_a_directory_is_taken_from_a_path() {
        assert_eq!(directory_in("/portal/directories/directory_01/key"), "directory_01");
        assert_eq!(directory_in("/portal/directories/%22%3E/key"), "");
        assert_eq!(directory_in("/portal"), "");
    }
}
