//! Hands mails to a mail server.
//!
//! Invariants:
//! - What is wrong with the server, the settings or the network is *temporary*: an operator can
//!   repair it, and no notice may be lost by it (S-43). Only a refusal of this one mail (its
//!   recipient or its content) is *permanent*.
//! - No error shows the password, an address or the server's own words, which often repeat the
//!   address. It shows the step that failed and the server's code.
//! - Neither mails nor a password leave the machine unencrypted, unless the settings say
//!   `tls=opportunistic`; a password not even then.
//! - One mail takes no longer than [`limits::SMTP_MS_MAX`].
//!
//! What this module must not do: wait and try again; the caller does, by
//! [`crate::domain::retry`]. A mail that was taken although the answer was lost is sent once more,
//! with the same Message-ID.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::{Error, SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT};
use lettre::{Address, Message};
use url::{Host, Url};

use crate::domain::certificate;
use crate::limits;
use crate::notify::mail::{NoticeMail, address, compose};
use crate::secret::Secret;

/// What is wrong with the settings of the mail server. Never shows the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MailerError {
    /// The text is not an address of the form `smtp://…`.
    #[error("the SMTP URL cannot be read; write smtp://user:password@host:port")]
    Url,
    /// Another scheme.
    #[error("the SMTP URL must start with smtp:// or smtps://")]
    Scheme,
    /// No host.
    #[error("the SMTP URL names no host")]
    Host,
    /// A user without a password, or the other way round.
    #[error("the SMTP URL must name both a user and a password, or neither")]
    Login,
    /// The user or the password is not percent-encoded UTF-8.
    #[error("user and password in the SMTP URL must be percent-encoded UTF-8")]
    LoginEncoding,
    /// The name after the host is not a host name.
    #[error("the path of the SMTP URL must be empty or the host name to greet the server with")]
    Greeting,
    /// An unknown setting after `?`.
    #[error("the SMTP URL knows only ?tls=required and ?tls=opportunistic, and only after smtp://")]
    Tls,
    /// The TLS library has no roots of trust or refuses the host's name.
    #[error("TLS cannot be prepared; are the system's root certificates installed?")]
    TlsSetup,
    /// The sender.
    #[error("the sender of mails must be an address, such as Rollcall <rollcall@example.com>")]
    From,
}

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendErrorKind {
    /// It can.
    Temporary,
    /// This mail will never be taken.
    Permanent,
}

/// Why a mail was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SendError {
    /// Whether trying again can help.
    pub kind: SendErrorKind,
    /// What happened, with the mail server's code; without personal data.
    pub reason: String,
}

impl SendError {
    fn temporary(reason: impl Into<String>) -> Self {
        Self { kind: SendErrorKind::Temporary, reason: reason.into() }
    }

    fn permanent(reason: impl Into<String>) -> Self {
        Self { kind: SendErrorKind::Permanent, reason: reason.into() }
    }
}

/// How the connection is protected.
enum Protection {
    /// Not at all.
    None,
    /// By STARTTLS when the server offers it.
    Opportunistic(TlsParameters),
    /// By STARTTLS, or no mail is sent.
    Required(TlsParameters),
    /// From the first byte.
    Whole(TlsParameters),
}

/// Sends mails by one mail server.
pub struct Mailer {
    host: String,
    port: u16,
    /// Whether the server is this machine.
    loopback: bool,
    protection: Protection,
    login: Option<Credentials>,
    greeting: ClientId,
    from: Mailbox,
}

/// Shows nothing of the login.
impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl Mailer {
    /// Reads the settings: `smtps://…`, or `smtp://user:password@host:port`, where `?tls=required`
    /// and `?tls=opportunistic` ask for STARTTLS. Without either, STARTTLS is required, except to
    /// this machine itself. A path is the host name with which the server is greeted. `from` is
    /// the sender.
    pub fn from_url(url: &Secret, from: &str) -> Result<Self, MailerError> {
        let from: Mailbox = from.parse().map_err(|_| MailerError::From)?;
        let email = address(from.email.as_ref()).ok_or(MailerError::From)?;
        let from = Mailbox::new(from.name, email);
        // The parser's error is dropped on purpose: nothing of this text may be shown.
        let url = Url::parse(url.reveal()).map_err(|_| MailerError::Url)?;
        if !matches!(url.scheme(), "smtp" | "smtps") {
            return Err(MailerError::Scheme);
        }
        // A "#" is most often one of a password that was not percent-encoded.
        if url.port() == Some(0) || url.fragment().is_some() {
            return Err(MailerError::Url);
        }
        // For a scheme that it does not know the parser leaves every host a name.
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(MailerError::Host)?;
        let host = Host::parse(host).map_err(|_| MailerError::Host)?;
        let loopback = match &host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(ip) => ip.is_loopback(),
            Host::Ipv6(ip) => ip.is_loopback(),
        };
        // An IPv6 address is connected to without its brackets.
        let host = match host {
            Host::Domain(name) => name,
            Host::Ipv4(ip) => ip.to_string(),
            Host::Ipv6(ip) => ip.to_string(),
        };
        let protection = protection(&url, &host, loopback)?;
        let port = url.port().unwrap_or(match protection {
            Protection::None => SMTP_PORT,
            Protection::Opportunistic(_) | Protection::Required(_) => SUBMISSION_PORT,
            Protection::Whole(_) => SUBMISSIONS_PORT,
        });
        let (login, greeting) = (login(&url)?, greeting(&url)?);
        Ok(Self { host, port, loopback, protection, login, greeting, from })
    }

    /// The sender.
    #[must_use]
    pub const fn from(&self) -> &Mailbox {
        &self.from
    }

    /// Sends one mail. Returns when the server has taken it.
    pub async fn send(&self, mail: &NoticeMail) -> Result<(), SendError> {
        let message = match compose(mail, &self.from) {
            Ok(message) => message,
            Err(error) => return Err(SendError::permanent(error.to_string())),
        };
        let time = Duration::from_millis(limits::SMTP_MS_MAX);
        let mut connection = tokio::time::timeout(time, self.hand_over(&message))
            .await
            .map_err(|_| SendError::temporary("the mail server took too long"))??;
        // The mail is taken, so nothing that happens now may count as a failure.
        let time = Duration::from_millis(limits::SMTP_QUIT_MS_MAX);
        let _ = tokio::time::timeout(time, connection.quit()).await;
        Ok(())
    }

    /// Looks whether the server can be reached and lets us in; sends nothing.
    pub async fn check(&self) -> Result<(), SendError> {
        let time = Duration::from_millis(limits::SMTP_MS_MAX);
        let mut connection = tokio::time::timeout(time, self.connect())
            .await
            .map_err(|_| SendError::temporary("the mail server took too long"))??;
        let time = Duration::from_millis(limits::SMTP_QUIT_MS_MAX);
        let _ = tokio::time::timeout(time, connection.quit()).await;
        Ok(())
    }

    /// The whole conversation up to "taken". Gives back the connection for saying goodbye.
    async fn hand_over(&self, message: &Message) -> Result<AsyncSmtpConnection, SendError> {
        let mut connection = self.connect().await?;
        let result = converse(&mut connection, message).await;
        if result.is_err() {
            let time = Duration::from_millis(limits::SMTP_QUIT_MS_MAX);
            let _ = tokio::time::timeout(time, connection.abort()).await;
        }
        result.map(|()| connection)
    }

    /// Connects, encrypts and logs in. Nothing here says anything about a mail, so every failure is
    /// temporary.
    async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let step =
            |what: &'static str| move |error: Error| SendError::temporary(reason(what, &error));
        let whole = match &self.protection {
            Protection::Whole(tls) => Some(tls.clone()),
            _ => None,
        };
        let time = Some(Duration::from_millis(limits::SMTP_MS_MAX));
        let server = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, time, &self.greeting, whole, None)
                .await
                .map_err(step("the mail server could not be reached"))?;
        match &self.protection {
            Protection::Opportunistic(tls) | Protection::Required(tls)
                if connection.can_starttls() =>
            {
                connection
                    .starttls(tls.clone(), &self.greeting)
                    .await
                    .map_err(step("the connection to the mail server could not be encrypted"))?;
            }
            Protection::Required(_) => {
                return Err(SendError::temporary(
                    "the mail server offers no encryption (STARTTLS), which the settings require",
                ));
            }
            Protection::None | Protection::Opportunistic(_) | Protection::Whole(_) => {}
        }
        if let Some(login) = &self.login {
            if !connection.is_encrypted() && !self.loopback {
                return Err(SendError::temporary(
                    "the mail server offers no encryption, so the password was not sent",
                ));
            }
            connection
                .auth(DEFAULT_MECHANISMS, login)
                .await
                .map_err(step("the mail server did not let us log in"))?;
        }
        Ok(connection)
    }
}

/// Sender, recipient and content. Only a refusal of the recipient can be about this mail; what is
/// said about the sender or the content is the settings' fault or the server's.
async fn converse(
    connection: &mut AsyncSmtpConnection,
    message: &Message,
) -> Result<(), SendError> {
    let envelope = message.envelope();
    let unicode = envelope.to().iter().chain(envelope.from()).any(|a| !is_ascii(a));
    let mut options = Vec::new();
    if unicode {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(SendError::temporary(
                "the mail server does not take addresses with letters beyond ASCII",
            ));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    connection
        .command(Mail::new(envelope.from().cloned(), options))
        .await
        .map_err(|error| unfit("the sender was refused", &error))?;
    for recipient in envelope.to() {
        let command = Rcpt::new(recipient.clone(), Vec::new());
        connection
            .command(command)
            .await
            .map_err(|error| judged("the recipient was refused", &error))?;
    }
    connection.command(Data).await.map_err(|error| unfit("the mail was refused", &error))?;
    connection
        .message(&message.formatted())
        .await
        .map_err(|error| unfit("the mail was refused", &error))?;
    Ok(())
}

fn is_ascii(address: &Address) -> bool {
    AsRef::<str>::as_ref(address).is_ascii()
}

/// A failure that ends nothing: the server may be mended, and the mail goes out then (S-43).
/// Without a code the conversation ended early, and nothing was refused.
fn unfit(what: &str, error: &Error) -> SendError {
    let what = match error.status() {
        Some(_) => what,
        None => "the mail could not be handed over",
    };
    SendError { kind: SendErrorKind::Temporary, reason: reason(what, error) }
}

/// A refused recipient: the mail ends when the answer says that there is no such mailbox.
fn judged(what: &str, error: &Error) -> SendError {
    let words = error.source().map(ToString::to_string).unwrap_or_default();
    let ends = error.is_permanent()
        && error.status().is_some_and(|code| is_about_recipient(&code.to_string(), &words));
    let kind = if ends { SendErrorKind::Permanent } else { SendErrorKind::Temporary };
    SendError { kind, ..unfit(what, error) }
}

/// Whether a refusal is about this recipient and nothing else: by its enhanced code (RFC 3463:
/// 5.1.x is about the address, 5.2.1 says that the mailbox is switched off), and where there is
/// none, by 550, 551 and 553 in words about a mailbox. Relaying, logging in, rules against unwanted
/// mail, full disks and unreachable servers pass (S-43).
fn is_about_recipient(code: &str, words: &str) -> bool {
    if let Some(enhanced) = words.split_whitespace().next().filter(|word| is_enhanced_code(word)) {
        let about_sender = ["5.1.7", "5.1.8"].contains(&enhanced);
        return (enhanced.starts_with("5.1.") && !about_sender) || enhanced == "5.2.1";
    }
    let words = words.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    let about_mailbox =
        has(&["user", "mailbox", "recipient", "address", "account", "no such", "unknown"]);
    let about_rules = has(&[
        "relay",
        "denied",
        "policy",
        "spam",
        "block",
        "auth",
        "log in",
        "login",
        "permitted",
        "sender",
        "quota",
        "full",
    ]);
    matches!(code, "550" | "551" | "553") && about_mailbox && !about_rules
}

/// What failed, and the server's codes. Its words are left out: they may repeat the address.
fn reason(what: &str, error: &Error) -> String {
    if let Some(code) = error.status() {
        let detail = error.source().map(ToString::to_string).unwrap_or_default();
        return match detail.split_whitespace().next().filter(|word| is_enhanced_code(word)) {
            Some(enhanced) => format!("{what} ({code} {enhanced})"),
            None => format!("{what} ({code})"),
        };
    }
    if let Some(fault) = certificate::fault_in(error) {
        return format!("{what}: its TLS certificate is not accepted ({fault})");
    }
    let cause = if error.is_tls() {
        "TLS failed; is the certificate valid for this host?"
    } else if error.is_timeout() {
        "it took too long"
    } else if error.is_client() {
        "the mail server does not offer what is needed for it"
    } else {
        "the connection failed or broke off"
    };
    format!("{what}: {cause}")
}

/// Whether a word is a status code of RFC 3463, such as `5.1.1`.
fn is_enhanced_code(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    parts.len() == 3
        && parts
            .iter()
            .all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
}

fn protection(url: &Url, host: &str, loopback: bool) -> Result<Protection, MailerError> {
    let mut wanted = None;
    for (name, value) in url.query_pairs() {
        if name != "tls" || wanted.is_some() {
            return Err(MailerError::Tls);
        }
        wanted = Some(value.into_owned());
    }
    match (url.scheme(), wanted.as_deref()) {
        ("smtps", None) => tls(host).map(Protection::Whole),
        ("smtp", None) if loopback => Ok(Protection::None),
        ("smtp", None | Some("required")) => tls(host).map(Protection::Required),
        ("smtp", Some("opportunistic")) => tls(host).map(Protection::Opportunistic),
        _ => Err(MailerError::Tls),
    }
}

fn tls(host: &str) -> Result<TlsParameters, MailerError> {
    // Fails only when a provider is installed already, which is just as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    TlsParameters::new(host.to_owned()).map_err(|_| MailerError::TlsSetup)
}

fn login(url: &Url) -> Result<Option<Credentials>, MailerError> {
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8()
            .map(std::borrow::Cow::into_owned)
            .map_err(|_| MailerError::LoginEncoding)
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None) => Err(MailerError::Login),
        (user, Some(password)) => Ok(Some(Credentials::new(decode(user)?, decode(password)?))),
    }
}

fn greeting(url: &Url) -> Result<ClientId, MailerError> {
    let name = url.path().trim_matches('/');
    if name.is_empty() {
        return Ok(ClientId::default());
    }
    let valid = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    if !name.bytes().all(valid) {
        return Err(MailerError::Greeting);
    }
    Ok(ClientId::Domain(name.to_owned()))
}

#[cfg(test)]
#[path = "smtp_tests.rs"]
mod tests;
