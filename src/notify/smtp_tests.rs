//! What a setting of the mail server means, and what an answer of one.

use super::*;

const FROM: &str = "Rollcall <rollcall@app.example>";

fn mailer(url: &str) -> Result<Mailer, MailerError> {
    Mailer::from_url(&Secret::new(url), FROM)
}

#[test]
fn ports_and_protection_follow_the_url() {
    let name = |mailer: &Mailer| match mailer.protection {
        Protection::None => "none",
        Protection::Opportunistic(_) => "opportunistic",
        Protection::Required(_) => "required",
        Protection::Whole(_) => "whole",
    };
    for (url, host, port, protection) in [
        ("smtp://localhost", "localhost", 25, "none"),
        ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, "none"),
        ("smtp://[::1]:26", "::1", 26, "none"),
        ("smtp://u:p@localhost?tls=required", "localhost", 587, "required"),
        ("smtp://mail.example", "mail.example", 587, "required"),
        ("smtp://u:p@mail.example:25", "mail.example", 25, "required"),
        ("smtp://mail:25?tls=opportunistic", "mail", 25, "opportunistic"),
        ("smtps://u:p@mail.example/rollcall.app.example", "mail.example", 465, "whole"),
    ] {
        let mailer = mailer(url).unwrap();
        let found = (mailer.host.as_str(), mailer.port, name(&mailer));
        assert_eq!(found, (host, port, protection), "{url}");
    }
}

#[test]
fn a_wrong_setting_is_named_without_the_password() {
    for (url, error) in [
        ("", MailerError::Url),
        ("mail.example", MailerError::Url),
        ("smtp://u:geheim@host:port", MailerError::Url),
        ("smtps://u:geheim@mail.example:0", MailerError::Url),
        ("smtp://mail.example#geheim", MailerError::Url),
        ("https://u:geheim@mail.example", MailerError::Scheme),
        ("smtp:mail.example", MailerError::Host),
        ("smtp://user@mail.example", MailerError::Login),
        ("smtp://:geheim@mail.example", MailerError::Login),
        ("smtp://u:geheim%ff@mail.example", MailerError::LoginEncoding),
        ("smtp://u:geheim@mail.example?tls=none", MailerError::Tls),
        ("smtp://u:geheim@mail.example?ssl=1", MailerError::Tls),
        ("smtps://u:geheim@mail.example?tls=required", MailerError::Tls),
        ("smtp://u:geheim@mail.example/a%0d%0ab", MailerError::Greeting),
    ] {
        let found = mailer(url).unwrap_err();
        assert_eq!(found, error, "{url}");
        assert!(!format!("{found} {found:?}").contains("geheim"));
    }
    let from = Mailer::from_url(&Secret::new("smtp://localhost"), "nobody");
    assert_eq!(from.unwrap_err(), MailerError::From);
}

#[test]
fn a_mailer_shows_no_password() {
    let mailer = mailer("smtp://user:geheim@localhost").unwrap();
    let shown = format!("{mailer:?}");
    assert!(!shown.contains("geheim") && !shown.contains("user"), "{shown}");
}

#[test]
fn s_43_only_what_is_about_this_recipient_ends_a_mail() {
    for (code, words) in [
        ("550", "5.1.1 <ann@customer.example>: no such user"),
        ("550", "5.1.10 RESOLVER.ADR.RecipientNotFound"),
        ("550", "5.2.1 The email account is disabled"),
        ("553", "5.1.3 bad address"),
        ("550", "No such user here"),
        ("551", "user not local"),
        ("553", "mailbox name not allowed"),
    ] {
        assert!(is_about_recipient(code, words), "{code} {words}");
    }
    for (code, words) in [
        ("554", "5.7.1 <ann@customer.example>: Relay access denied"),
        ("550", "5.7.1 relaying denied"),
        ("550", "relay not permitted for this user"),
        ("530", "5.7.0 Must issue a STARTTLS command first"),
        ("530", "Authentication required"),
        ("552", "5.2.2 mailbox full"),
        ("552", "message size exceeds limit"),
        ("550", "5.4.5 daily sending quota exceeded"),
        ("550", "5.1.8 sender address rejected"),
        ("550", "blocked: unknown reputation of this address"),
        ("554", "transaction failed"),
        ("550", ""),
    ] {
        assert!(!is_about_recipient(code, words), "{code} {words}");
    }
}

#[test]
fn only_digits_pass_for_a_status_code() {
    assert!(is_enhanced_code("5.1.1") && is_enhanced_code("4.7.500"));
    for word in ["5.1", "5.1.1.1", "5..1", "a@b.c", "5.1.1000", "5.1.x", ""] {
        assert!(!is_enhanced_code(word), "{word}");
    }
}
