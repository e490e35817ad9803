//! Mails as a mail server gets them: real conversations with a server in this process.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed; helpers of tests count as tests"
)]

mod support {
    pub mod smtp;
}

use jiff::tz::TimeZone;
use rollcall::clock::Timestamp;
use rollcall::domain::failure::FailureClass;
use rollcall::domain::ids::MailId;
use rollcall::domain::notice::{FailureFacts, NoticeText, Place, sync_failed};
use rollcall::domain::provider::ProviderKind;
use rollcall::notify::mail::NoticeMail;
use rollcall::notify::smtp::{Mailer, SendError, SendErrorKind};
use rollcall::secret::Secret;
use rollcall::texts::Language;
use support::smtp::{Fault, ReceivedMail, SmtpServer, Step};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const FROM: &str = "Rollcall für Äpfel <rollcall@app.example>";
const LINK: &str = "https://rollcall.example/portal/directories/directory_01?a=1&b=2";
const TO: &str = "ada@acme.example";

fn notice() -> NoticeText {
    let zone = TimeZone::get("Europe/London").unwrap();
    let facts = FailureFacts {
        place: Place {
            organization: "Müller & <Söhne>",
            directory: "Head office",
            hr: rollcall::providers::profile(ProviderKind::PeopleHr),
            zone: &zone,
            link: LINK,
        },
        class: FailureClass::Credential,
        detail: None,
        since: Timestamp(1_795_356_300_000),
    };
    sync_failed(&facts, Language::English)
}

fn mail() -> NoticeMail {
    NoticeMail {
        id: MailId::from_text("mail_01JDABCDEFGHJKMNPQRSTVWXYZ"),
        to_name: "Ada Lovelace".to_owned(),
        to_address: TO.to_owned(),
        organization: "Müller & <Söhne>".to_owned(),
        text: notice(),
        date: Timestamp(1_795_356_300_000),
    }
}

fn mailer(url: &str) -> Mailer {
    Mailer::from_url(&Secret::new(url), FROM).unwrap()
}

/// Sends one mail to a fresh server and gives back what arrived.
async fn arrived(mail: &NoticeMail) -> ReceivedMail {
    let server = SmtpServer::start().await;
    mailer(&server.url()).send(mail).await.unwrap();
    let mut mails = server.mails();
    assert_eq!(mails.len(), 1);
    mails.remove(0)
}

/// What comes of a mail when the server does something wrong.
async fn failed_with(fault: Fault) -> SendError {
    let server = SmtpServer::start().await;
    server.set_fault(Some(fault));
    let mailer = mailer(&server.url());
    let error = mailer.send(&mail()).await.unwrap_err();
    assert!(server.mails().is_empty());
    for secret in [TO, "ada", "acme", "Lovelace", "rollcall@"] {
        assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
    }
    server.set_fault(None);
    mailer.send(&mail()).await.unwrap();
    assert_eq!(server.mails().len(), 1, "the next try gets through");
    error
}

#[tokio::test]
async fn s_43_a_mail_has_both_parts_and_both_have_the_link() {
    let mail = mail();
    let got = arrived(&mail).await;
    assert_eq!((got.from.as_str(), got.to.as_slice()), ("rollcall@app.example", &[TO.into()][..]));
    assert!(got.login.is_none());
    assert_eq!(got.subject(), "Müller & <Söhne>: People HR no longer accepts the API key");
    assert!(got.text().starts_with(&mail.text.body), "{}", got.text());
    assert!(got.text().contains(LINK));
    let html = got.html();
    assert!(html.contains(&format!("href=\"{}\"", LINK.replace('&', "&#38;"))), "{html}");
    assert!(html.contains("Müller &#38; &#60;Söhne&#62;") && !html.contains("<Söhne>"), "{html}");
    assert!(html.contains("HR Admin → Settings → API"), "{html}");
    assert!(got.header("Content-Type").starts_with("multipart/alternative"));
    let names = ["message-id", "date", "from", "to", "subject", "auto-submitted"];
    assert!(names.iter().all(|name| got.header_names().contains(&(*name).to_owned())));
    assert_eq!(got.header("Auto-Submitted"), "auto-generated");
    assert_eq!(got.header("Date"), "Sun, 22 Nov 2026 14:05:00 +0000");
}

#[tokio::test]
async fn the_mail_is_ascii_on_the_wire_and_its_names_are_read_back_whole() {
    for name in [
        "Ada Lovelace",
        "Zoë Müller-Łukasz",
        "李 小龍",
        "Ada \"The Countess\" Lovelace",
        "Lovelace, Ada",
        "Back\\slash",
        "a@b.example",
        "Ада Лавлейс, графиня и первая программистка, с очень длинным именем",
    ] {
        let got = arrived(&NoticeMail { to_name: name.to_owned(), ..mail() }).await;
        assert!(got.raw.is_ascii());
        let message = got.message();
        let to = message.to().unwrap().first().unwrap();
        assert_eq!((to.name(), to.address()), (Some(name), Some(TO)));
        let from = message.from().unwrap().first().unwrap();
        assert_eq!(from.name(), Some("Rollcall für Äpfel"));
        assert_eq!(got.to, [TO]);
    }
    let nameless = arrived(&NoticeMail { to_name: " ".to_owned(), ..mail() }).await;
    assert_eq!(nameless.header("To"), TO);
}

#[tokio::test]
async fn a_name_or_subject_can_not_forge_a_header_or_a_recipient() {
    let usual = arrived(&mail()).await;
    for evil in [
        "Ada\r\nBcc: evil@evil.example\r\n\r\nHello",
        "Ada\nBcc: evil@evil.example",
        "Ada\rBcc: evil@evil.example",
        "Ada\u{2028}Bcc: evil@evil.example",
        "Ada\" <evil@evil.example>, \"x",
        "Ada <evil@evil.example>, Ö",
        "=?utf-8?q?Ada=0D=0ABcc:_evil@evil.example?=",
        "\u{202e}Ada\0",
    ] {
        let mut mail = mail();
        evil.clone_into(&mut mail.to_name);
        evil.clone_into(&mut mail.organization);
        evil.clone_into(&mut mail.text.subject);
        let got = arrived(&mail).await;
        assert_eq!(got.header_names(), usual.header_names(), "{evil:?}");
        assert_eq!(got.to, [TO], "{evil:?}");
        let message = got.message();
        let to = message.to().unwrap();
        let addresses: Vec<_> = to.iter().map(|to| to.address().unwrap()).collect();
        assert_eq!(addresses, [TO], "{evil:?}");
        assert!(message.bcc().is_none() && message.cc().is_none(), "{evil:?}");
        assert_eq!(message.parts.len(), usual.message().parts.len(), "{evil:?}");
    }
}

#[tokio::test]
async fn an_address_can_not_forge_a_command() {
    let server = SmtpServer::start().await;
    let mailer = mailer(&server.url());
    for evil in ["a@b.example>\r\nRCPT TO:<evil@evil.example", "a@b.example\r\nBcc: c@d", "", "x"] {
        let error = mailer.send(&NoticeMail { to_address: evil.to_owned(), ..mail() }).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind, SendErrorKind::Permanent);
        assert_eq!(error.reason, "the recipient's address is not a mail address");
    }
    assert!(server.commands().is_empty());
}

#[tokio::test]
async fn a_mail_that_is_tried_again_can_be_recognised() {
    let server = SmtpServer::start().await;
    let mailer = mailer(&server.url());
    mailer.send(&mail()).await.unwrap();
    mailer.send(&mail()).await.unwrap();
    let other = NoticeMail { id: MailId::from_text("mail_02"), ..mail() };
    mailer.send(&other).await.unwrap();
    let mails = server.mails();
    assert_eq!(mails[0].raw, mails[1].raw);
    let id = "<mail_01JDABCDEFGHJKMNPQRSTVWXYZ@app.example>";
    assert_eq!(mails[0].header("Message-ID"), id);
    assert_eq!(mails[2].header("Message-ID"), "<mail_02@app.example>");
}

#[tokio::test]
async fn a_line_that_begins_with_a_dot_arrives_whole() {
    let mut mail = mail();
    mail.text.body = ".\n..two\n\n.hidden\n.".to_owned();
    assert!(arrived(&mail).await.text().starts_with(".\n..two\n\n.hidden\n.\n"));
}

#[tokio::test]
async fn a_07_a_refusal_for_now_is_temporary() {
    let fault = Fault::Answer(Step::Recipient, "450 4.2.1 {} is busy");
    let error = failed_with(fault).await;
    assert_eq!(error.kind, SendErrorKind::Temporary);
    assert_eq!(error.reason, "the recipient was refused (450 4.2.1)");
    let error = failed_with(Fault::Answer(Step::Content, "452 no room for {}")).await;
    assert_eq!(error.kind, SendErrorKind::Temporary);
    assert_eq!(error.reason, "the mail was refused (452)");
}

#[tokio::test]
async fn a_refusal_for_good_is_permanent() {
    let fault = Fault::Answer(Step::Recipient, "550 5.1.1 {} does not exist");
    let error = failed_with(fault).await;
    assert_eq!(error.kind, SendErrorKind::Permanent);
    assert_eq!(error.reason, "the recipient was refused (550 5.1.1)");
    let error = failed_with(Fault::Answer(Step::Content, "554 5.7.1 spam for {}")).await;
    assert_eq!(error.kind, SendErrorKind::Temporary, "it says nothing about the recipient");
    assert_eq!(error.reason, "the mail was refused (554 5.7.1)");
}

#[tokio::test]
async fn s_43_what_an_operator_can_repair_loses_no_notice() {
    let error = failed_with(Fault::Answer(Step::Sender, "553 5.7.1 not you: {}")).await;
    assert_eq!(error.kind, SendErrorKind::Temporary);
    assert_eq!(error.reason, "the sender was refused (553 5.7.1)");
    let error = failed_with(Fault::Answer(Step::Greeting, "554 5.7.1 go away")).await;
    assert_eq!(error.kind, SendErrorKind::Temporary);
    assert_eq!(error.reason, "the mail server could not be reached (554 5.7.1)");
    let error = failed_with(Fault::Answer(Step::Greeting, "what?")).await;
    assert_eq!(error.kind, SendErrorKind::Temporary);
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_middle_is_temporary() {
    let error = failed_with(Fault::DropInData).await;
    assert_eq!(error.kind, SendErrorKind::Temporary);
    let reason = "the mail could not be handed over: the connection failed or broke off";
    assert_eq!(error.reason, reason);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_temporary() {
    let mut server = SmtpServer::start().await;
    let mailer = mailer(&server.url());
    mailer.check().await.unwrap();
    server.refuse_connections().await;
    let error = mailer.send(&mail()).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::Temporary);
    let reason = "the mail server could not be reached: the connection failed or broke off";
    assert_eq!(error.reason, reason);
    assert_eq!(mailer.check().await.unwrap_err().reason, reason);
    server.accept_connections().await;
    mailer.send(&mail()).await.unwrap();
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_login_is_decoded_and_a_wrong_one_is_temporary() {
    for mechanisms in ["PLAIN LOGIN", "LOGIN"] {
        let server = SmtpServer::start().await;
        server.require_login("us@er", "p:ä/ss", mechanisms);
        let right = mailer(&server.url_with_login("us%40er", "p%3A%C3%A4%2Fss"));
        right.send(&mail()).await.unwrap();
        let login = server.mails()[0].login.clone();
        assert_eq!(login, Some(("us@er".to_owned(), "p:ä/ss".to_owned())));
        let wrong = mailer(&server.url_with_login("someone", "geheim"));
        let error = wrong.send(&mail()).await.unwrap_err();
        assert_eq!(error.kind, SendErrorKind::Temporary);
        assert_eq!(error.reason, "the mail server did not let us log in (535 5.7.8)");
        let without = mailer(&server.url()).send(&mail()).await.unwrap_err();
        assert_eq!(without.reason, "the sender was refused (530 5.7.0)");
        assert_eq!(without.kind, SendErrorKind::Temporary);
    }
}

#[tokio::test]
async fn a_login_where_none_is_offered_is_temporary() {
    let server = SmtpServer::start().await;
    let error = mailer(&server.url_with_login("u", "p")).send(&mail()).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::Temporary);
    assert!(error.reason.starts_with("the mail server did not let us log in"), "{error}");
}

#[tokio::test]
async fn encryption_that_is_required_and_not_offered_sends_nothing() {
    let server = SmtpServer::start().await;
    let strict = mailer(&format!("{}?tls=required", server.url_with_login("u", "geheim")));
    let error = strict.send(&mail()).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::Temporary);
    assert!(error.reason.contains("STARTTLS"), "{error}");
    assert!(server.commands().iter().all(|said| !said.starts_with("MAIL")));
    let whole = mailer(&server.url().replace("smtp:", "smtps:"));
    assert_eq!(whole.send(&mail()).await.unwrap_err().kind, SendErrorKind::Temporary);
    mailer(&format!("{}?tls=opportunistic", server.url())).send(&mail()).await.unwrap();
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn the_server_is_greeted_with_the_name_of_the_settings() {
    let server = SmtpServer::start().await;
    let url = format!("{}/rollcall.app.example", server.url());
    mailer(&url).send(&mail()).await.unwrap();
    assert_eq!(server.mails()[0].greeting, "rollcall.app.example");
    assert_eq!(server.commands()[0], "EHLO rollcall.app.example");
}

#[tokio::test]
async fn an_address_beyond_ascii_needs_a_server_that_takes_it() {
    let server = SmtpServer::start().await;
    let mail = NoticeMail { to_address: "zoë@acme.example".to_owned(), ..mail() };
    let error = mailer(&server.url()).send(&mail).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::Temporary, "the server may learn it");
    assert!(!error.reason.contains("zoë"), "{error}");
}

#[tokio::test]
async fn the_test_server_holds_the_whole_conversation() {
    let server = SmtpServer::start().await;
    let address = server.url().replace("smtp://", "");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    // All at once, as a pipelining client does; the server answers in order.
    let said = "HELO me\r\nNOOP\r\nDATA\r\nRCPT TO:<a@b>\r\nMAIL FROM:<>\r\nMAIL FROM:<x@y>\r\n\
                RSET\r\nMAIL FROM:<f@g> SIZE=9\r\nRCPT TO:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n\
                Subject: s\r\n\r\n..dot\r\n.\r\nXYZ\r\nQUIT\r\n";
    stream.write_all(said.as_bytes()).await.unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.unwrap();
    let codes: Vec<&str> = heard.lines().map(|line| &line[..3]).collect();
    let expected = "220 250 250 503 503 250 503 250 250 250 250 354 250 500 221";
    assert_eq!(codes.join(" "), expected, "{heard}");
    let mail = server.mails().remove(0);
    assert_eq!((mail.from.as_str(), mail.to.join(" ").as_str()), ("f@g", "a@b c@d"));
    assert_eq!(mail.raw, b"Subject: s\r\n\r\n.dot\r\n");
}
