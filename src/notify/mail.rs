//! A notice as a mail: text and HTML of the same words.
//!
//! Invariants:
//! - The message is a function of its arguments, down to the last byte. A mail that is tried again
//!   after a broken connection is the same mail and carries the same Message-ID, so that a mail
//!   server or reader that got it already can tell.
//! - No header can be forged by a name: names are kept on one line and encoded.
//! - The HTML loads nothing from anywhere.
//!
//! What this module must not do: ask for the time or for randomness, or send.

use std::time::{Duration, SystemTime};

use askama::Template;
use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};

use crate::clock::Timestamp;
use crate::domain::email::clean_email;
use crate::domain::ids::MailId;
use crate::domain::notice::{Block, NoticeText, one_line};
use crate::texts::{Markup, Text, filters};

/// One notice to one admin.
#[derive(Debug, Clone)]
pub struct NoticeMail {
    /// The mail's id; the Message-ID derives from it.
    pub id: MailId,
    /// The admin's name; may be empty.
    pub to_name: String,
    /// The admin's address.
    pub to_address: String,
    /// The organization's name, for the footer.
    pub organization: String,
    /// The words.
    pub text: NoticeText,
    /// What the Date header says. Give the same moment at every try.
    pub date: Timestamp,
}

/// Why no message could be made of a notice. Shows neither name nor address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// The admin's address is not a mail address.
    #[error("the recipient's address is not a mail address")]
    Recipient,
    /// A template could not be filled in.
    #[error("the mail's template could not be filled in")]
    Template,
    /// The parts make no valid message.
    #[error("the mail's parts make no valid message")]
    Message,
}

#[derive(Template)]
#[template(path = "mail/notice.txt")]
struct TextPart<'a> {
    body: &'a str,
    organization: &'a str,
}

#[derive(Template)]
#[template(path = "mail/notice.html")]
struct HtmlPart<'a> {
    subject: &'a str,
    blocks: &'a [Block<'a>],
    organization: &'a str,
}

/// The address of a page, as a link to it.
fn link(url: &str) -> Markup {
    let url = Text::verbatim(url);
    Markup::default()
        .html("<a href=\"")
        .text(url.clone())
        .html("\" style=\"color:inherit\">")
        .text(url)
        .html("</a>")
}

/// The last second that a Date header can show (9999-12-31T23:59:59Z).
const DATE_SECONDS_MAX: u64 = 253_402_300_799;

/// Makes the message of a notice.
pub fn compose(mail: &NoticeMail, from: &Mailbox) -> Result<Message, ComposeError> {
    let address = address(&mail.to_address).ok_or(ComposeError::Recipient)?;
    let name = Some(one_line(&mail.to_name)).filter(|name| !name.is_empty());
    let organization = one_line(&mail.organization);
    // Only the subject's line breaks matter here; its length was decided where it was written.
    let subject = mail.text.subject.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = TextPart { body: &mail.text.body, organization: &organization }
        .render()
        .map_err(|_| ComposeError::Template)?;
    let html =
        HtmlPart { subject: &subject, blocks: &mail.text.blocks(), organization: &organization }
            .render()
            .map_err(|_| ComposeError::Template)?;
    let id = id_text(&mail.id);
    let parts = MultiPart::alternative()
        .boundary(format!("=_{id}"))
        .singlepart(SinglePart::plain(text))
        .singlepart(SinglePart::html(html));
    Message::builder()
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        .date(date(mail.date))
        .from(from.clone())
        .to(Mailbox::new(name, address))
        .subject(subject)
        // Keeps absence notes and other robots from answering (RFC 3834).
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .multipart(parts)
        .map_err(|_| ComposeError::Message)
}

/// An address as mail servers know it: a domain with letters beyond ASCII goes in its IDNA form,
/// which servers without SMTPUTF8 take too (S-45).
#[must_use]
pub fn address(text: &str) -> Option<Address> {
    clean_email(text)?.parse().ok()
}

/// The id with nothing in it that means something in a header or a boundary.
fn id_text(id: &MailId) -> String {
    id.as_str().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect()
}

/// The moment, kept to what the header can show; the formatter panics beyond.
fn date(moment: Timestamp) -> SystemTime {
    let seconds = u64::try_from(moment.0).unwrap_or(0) / 1_000;
    SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(seconds.min(DATE_SECONDS_MAX)))
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> NoticeMail {
        NoticeMail {
            id: MailId::from_text("mail_01JD"),
            to_name: "Ada Lovelace".to_owned(),
            to_address: "ada@acme.example".to_owned(),
            organization: "Acme <Ltd> & \"Co\"".to_owned(),
            text: NoticeText {
                subject: "Acme <Ltd>: please look".to_owned(),
                body: "A <b>bold</b> word.\n\n1. First & last\n\nOpen:\nhttps://x.example/?a=1&b=2"
                    .to_owned(),
            },
            date: Timestamp(1_795_356_300_123),
        }
    }

    fn from() -> Mailbox {
        "Rollcall <rollcall@app.example>".parse().unwrap()
    }

    #[test]
    fn the_same_mail_is_the_same_message_to_the_last_byte() {
        let (one, two) = (compose(&mail(), &from()).unwrap(), compose(&mail(), &from()).unwrap());
        assert_eq!(one.formatted(), two.formatted());
        let text = String::from_utf8(one.formatted()).unwrap();
        assert!(text.contains("Message-ID: <mail_01JD@app.example>\r\n"), "{text}");
        assert!(text.contains("Date: Sun, 22 Nov 2026 14:05:00 +0000\r\n"), "{text}");
        assert!(text.contains("Auto-Submitted: auto-generated\r\n"), "{text}");
    }

    #[test]
    fn the_html_escapes_what_it_is_given_and_loads_nothing() {
        let mail = mail();
        let blocks = mail.text.blocks();
        let part = HtmlPart {
            subject: &mail.text.subject,
            blocks: &blocks,
            organization: &mail.organization,
        };
        let html = part.render().unwrap();
        assert!(!html.contains("<b>") && !html.contains("<Ltd>"), "{html}");
        assert!(html.contains("<li style=\"margin:0 0 8px\">First &#38; last</li>"), "{html}");
        assert!(html.contains("href=\"https://x.example/?a=1&#38;b=2\""), "{html}");
        assert!(html.contains("into your browser: <a href=\"https://x.example/"), "{html}");
        for remote in ["src=", "<img", "<link", "<script", "<style", "url(", "@import"] {
            assert!(!html.contains(remote), "{remote} in {html}");
        }
    }

    #[test]
    fn the_plain_text_is_not_escaped() {
        let part = TextPart { body: "A & <b>", organization: "B & C" };
        let text = part.render().unwrap();
        assert!(text.starts_with("A & <b>\n\n-- \n"), "{text}");
        assert!(text.contains("admin of B & C."), "{text}");
    }

    #[test]
    fn a_bad_address_is_said_without_showing_it() {
        for address in ["", "nobody", "a@b\r\nBcc: c@d", "a b@c.example"] {
            let mail = NoticeMail { to_address: address.to_owned(), ..mail() };
            let error = compose(&mail, &from()).unwrap_err();
            assert_eq!(error, ComposeError::Recipient, "{address:?}");
        }
    }

    #[test]
    fn no_moment_breaks_the_date() {
        for moment in [i64::MIN, -1, 0, i64::MAX] {
            let mail = NoticeMail { date: Timestamp(moment), ..mail() };
            assert!(!compose(&mail, &from()).unwrap().formatted().is_empty());
        }
    }
}
