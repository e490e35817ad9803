//! A [`Problem`] as a page: what happened and what to do, in plain words, with the request's
//! number.
//!
//! Invariant: nothing of a problem's technical detail is shown, but for what the HR system's side
//! of it says in words for people.

use askama::Template as _;

use crate::domain::ids::DirectoryId;
use crate::texts::{Text, text};
use crate::web::http::error::Problem;
use crate::web::portal::page::{Frame, Link, Message, directory_path};
use crate::web::portal::sign_in;

/// The page of a problem at this path. `mails`: whether links can be sent by mail.
#[must_use]
pub fn page(problem: &Problem, path: &str, mails: bool, request_id: &str) -> String {
    if matches!(problem, Problem::NoVisit) {
        return sign_in::page(&DirectoryId::from_text(directory_in(path)), mails, None);
    }
    let (title, what) = words(problem);
    let back = directory_in(path);
    let overview = || Link { href: "/portal".to_owned(), label: text("portal-to-overview") };
    let link = match problem {
        Problem::NotFound { .. } | Problem::UnknownRoute => overview(),
        _ if back.is_empty() => overview(),
        _ => Link {
            href: directory_path(&DirectoryId::from_text(back)),
            label: text("portal-problem-back"),
        },
    };
    let message = Message {
        frame: Frame::outside(title),
        paragraphs: vec![what],
        link: Some(link),
        request_id: Some(request_id.to_owned()),
    };
    message.render().unwrap_or_else(|_| problem.to_string())
}

/// The directory that a path is about; empty when it is about none, or names no id of ours.
fn directory_in(path: &str) -> &str {
    let rest = path.strip_prefix("/portal/directories/").unwrap_or_default();
    let id = rest.split('/').next().unwrap_or_default();
    let is_id = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_id { id } else { "" }
}

/// What happened, and what to do.
fn words(problem: &Problem) -> (Text, Text) {
    match problem {
        Problem::BudgetSpent { retry_after_seconds } => {
            let seconds = (*retry_after_seconds).max(1);
            let what = text("portal-problem-wait-do").with("seconds", seconds);
            (text("portal-problem-wait"), what)
        }
        Problem::ProviderFailed { message, .. } => {
            let what = text("portal-problem-provider-do").with("reason", message);
            (text("portal-problem-provider"), what)
        }
        Problem::InvalidCredential { message } | Problem::Conflict { message } => {
            (text("portal-problem-not-possible"), Text::verbatim(message))
        }
        other => fixed_words(other),
    }
}

/// The words of problems that say nothing particular.
fn fixed_words(problem: &Problem) -> (Text, Text) {
    match problem {
        Problem::ForeignForm => (text("portal-problem-foreign"), text("portal-problem-foreign-do")),
        Problem::UnknownRoute | Problem::NotFound { .. } | Problem::MethodNotAllowed => {
            (text("portal-problem-no-page"), text("portal-problem-no-page-do"))
        }
        Problem::ProviderNotAllowed { .. } => {
            (text("portal-problem-not-allowed"), text("portal-problem-not-allowed-do"))
        }
        Problem::AlreadyConnected { .. } => {
            (text("portal-problem-connected"), text("portal-problem-connected-do"))
        }
        Problem::DirectoryDisabled => {
            (text("portal-problem-disabled"), text("portal-problem-disabled-do"))
        }
        Problem::NoCredential => (text("portal-problem-no-key"), text("portal-problem-no-key-do")),
        Problem::NoAdmin => (text("portal-problem-no-admin"), text("portal-problem-no-admin-do")),
        Problem::RunInProgress { .. } => {
            (text("portal-problem-running"), text("portal-problem-running-do"))
        }
        Problem::TooLarge { .. } => {
            (text("portal-problem-too-large"), text("portal-problem-too-large-do"))
        }
        Problem::TooSlow { .. } | Problem::Crowded => {
            (text("portal-problem-too-slow"), text("portal-problem-too-slow-do"))
        }
        Problem::Unavailable => {
            (text("portal-problem-unavailable"), text("portal-problem-unavailable-do"))
        }
        Problem::DatabaseAway => {
            (text("portal-problem-unavailable"), text("portal-problem-database-do"))
        }
        Problem::Internal(_) => {
            (text("portal-problem-internal"), text("portal-problem-internal-do"))
        }
        Problem::CredentialRefused { .. } => {
            (text("portal-problem-refused"), text("portal-problem-refused-do"))
        }
        _ => (text("portal-problem-other"), text("portal-problem-other-do")),
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
