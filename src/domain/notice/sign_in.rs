//! The mail with which an admin gets in who asked for it.

use super::NoticeText;
use super::body::Draft;
use crate::texts::{Language, text};

/// The link that lets an admin in who asked for it. Nobody else gets to see these words.
#[must_use]
pub fn sign_in(link: &str, minutes: i64, language: Language) -> NoticeText {
    let mut body = Draft::new(language);
    body.paragraph(&text("notice-sign-in"));
    body.paragraph(&text("notice-sign-in-works").with("minutes", minutes));
    body.link(&text("notice-sign-in-page"), link);
    body.paragraph(&text("notice-sign-in-not-you"));
    body.finish(&text("notice-sign-in-subject"))
}
