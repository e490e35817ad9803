//! A mail server for tests, in the test's own process.
//!
//! It holds the real conversation of RFC 5321 on a port of its own and keeps every mail that it
//! took. It shares no code with the mailer: mails are read by another library than they were
//! written with. What this must not do: deliver anything.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_parser::{Message, MessageParser};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Longest line that is read; the real limit is 1,000.
const LINE_BYTES_MAX: u64 = 8 * 1024;

/// A step of the conversation at which the server can be made to answer differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The first line, before the client said anything.
    Greeting,
    /// `MAIL FROM`.
    Sender,
    /// `RCPT TO`.
    Recipient,
    /// After the whole mail was sent.
    Content,
}

/// What the server does wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Answers with this line at a step. `{}` stands for what the client said.
    Answer(Step, &'static str),
    /// Closes the connection after the first line of the mail.
    DropInData,
}

/// A mail that the server took.
#[derive(Debug, Clone)]
pub struct ReceivedMail {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// Header and body as sent, without the dots of the transport.
    pub raw: Vec<u8>,
    /// User and password, when the client logged in.
    pub login: Option<(String, String)>,
    /// The name with which the client greeted.
    pub greeting: String,
}

impl ReceivedMail {
    /// The mail, taken apart.
    pub fn message(&self) -> Message<'_> {
        MessageParser::default().parse(&self.raw).expect("a mail that can be read")
    }

    /// The decoded subject.
    pub fn subject(&self) -> String {
        self.message().subject().unwrap_or_default().to_owned()
    }

    /// The decoded plain text part.
    pub fn text(&self) -> String {
        self.part("text/plain")
    }

    /// The decoded HTML part.
    pub fn html(&self) -> String {
        self.part("text/html")
    }

    /// The header as sent, without folding.
    pub fn header_lines(&self) -> Vec<String> {
        let raw = String::from_utf8(self.raw.clone()).expect("mails are sent as ASCII");
        let (header, _) = raw.split_once("\r\n\r\n").expect("a header and a body");
        header.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n").map(Into::into).collect()
    }

    /// The name of every header, lower case, in order.
    pub fn header_names(&self) -> Vec<String> {
        let name = |line: &String| line.split(':').next().unwrap_or_default().to_lowercase();
        self.header_lines().iter().map(name).collect()
    }

    /// The value of a header as sent.
    pub fn header(&self, name: &str) -> String {
        let start = format!("{name}: ");
        let found = self.header_lines().into_iter().find(|line| line.starts_with(&start));
        found.map(|line| line.replacen(&start, "", 1)).unwrap_or_default()
    }

    /// The part that says it is of this type; the parser alone would make text of HTML.
    fn part(&self, wanted: &str) -> String {
        let message = self.message();
        let mut parts = message.parts.iter().filter(|part| {
            use mail_parser::MimeHeaders as _;
            let is = |t: &mail_parser::ContentType<'_>| {
                format!("{}/{}", t.ctype(), t.subtype().unwrap_or_default()) == wanted
            };
            part.content_type().is_some_and(is)
        });
        let part = parts.next().expect("the part is there");
        assert!(parts.next().is_none(), "more than one {wanted}");
        part.text_contents().expect("a part of text").replace("\r\n", "\n")
    }
}

#[derive(Default)]
struct State {
    mails: Mutex<Vec<ReceivedMail>>,
    fault: Mutex<Option<Fault>>,
    login: Mutex<Option<(String, String)>>,
    mechanisms: Mutex<&'static str>,
    commands: Mutex<Vec<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test thread died with the lock")
}

/// The server. It ends with the value.
pub struct SmtpServer {
    address: SocketAddr,
    state: Arc<State>,
    listener: Option<JoinHandle<()>>,
}

impl SmtpServer {
    /// Starts a server that takes every mail.
    pub async fn start() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("the port's number");
        let state = Arc::new(State::default());
        let listener = Some(tokio::spawn(accept(socket, Arc::clone(&state))));
        Self { address, state, listener }
    }

    /// Takes mails only after a login by one of the mechanisms (`PLAIN LOGIN`).
    pub fn require_login(&self, user: &str, password: &str, mechanisms: &'static str) {
        *lock(&self.state.login) = Some((user.to_owned(), password.to_owned()));
        *lock(&self.state.mechanisms) = mechanisms;
    }

    /// The server's address, without a login.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// The server's address with a login, which has to be percent-encoded already.
    pub fn url_with_login(&self, user: &str, password: &str) -> String {
        format!("smtp://{user}:{password}@{}", self.address)
    }

    /// Every mail taken so far.
    pub fn mails(&self) -> Vec<ReceivedMail> {
        lock(&self.state.mails).clone()
    }

    /// Every line that clients have said so far, without mails and logins.
    pub fn commands(&self) -> Vec<String> {
        lock(&self.state.commands).clone()
    }

    /// Does something wrong from now on, or no longer.
    pub fn set_fault(&self, fault: Option<Fault>) {
        *lock(&self.state.fault) = fault;
    }

    /// Closes the port: connections are refused from now on.
    pub async fn refuse_connections(&mut self) {
        if let Some(listener) = self.listener.take() {
            listener.abort();
            // The port is closed when the task is gone.
            let _ = listener.await;
        }
    }

    /// Opens the same port again.
    pub async fn accept_connections(&mut self) {
        self.refuse_connections().await;
        let socket = TcpListener::bind(self.address).await.expect("the port is still free");
        self.listener = Some(tokio::spawn(accept(socket, Arc::clone(&self.state))));
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        if let Some(listener) = self.listener.take() {
            listener.abort();
        }
    }
}

async fn accept(socket: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = socket.accept().await {
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            // A client that goes away in the middle is its own business.
            let _ = Talk::new(stream, state).run().await;
        });
    }
}

/// One conversation.
struct Talk {
    stream: BufReader<TcpStream>,
    state: Arc<State>,
    greeting: String,
    login: Option<(String, String)>,
    from: Option<String>,
    to: Vec<String>,
}

impl Talk {
    fn new(stream: TcpStream, state: Arc<State>) -> Self {
        let stream = BufReader::new(stream);
        Self { stream, state, greeting: String::new(), login: None, from: None, to: Vec::new() }
    }

    async fn run(mut self) -> std::io::Result<()> {
        match self.answer_at(Step::Greeting, "") {
            Some(wrong) => return self.say(&wrong).await,
            None => self.say("220 mail.test ESMTP").await?,
        }
        while let Some(line) = self.line().await? {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let verb = text.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            if verb != "AUTH" {
                lock(&self.state.commands).push(text.clone());
            }
            match verb.as_str() {
                "EHLO" | "HELO" => self.hello(&verb, &text).await?,
                "AUTH" => self.auth(&text).await?,
                "MAIL" => self.sender(&text).await?,
                "RCPT" => self.recipient(&text).await?,
                "DATA" => {
                    if !self.data().await? {
                        return Ok(());
                    }
                }
                "RSET" => {
                    self.reset();
                    self.say("250 2.0.0 reset").await?;
                }
                "NOOP" => self.say("250 2.0.0 nothing done").await?,
                "QUIT" => return self.say("221 2.0.0 bye").await,
                _ => self.say("500 5.5.1 unknown command").await?,
            }
        }
        Ok(())
    }

    /// One line with its end, or nothing when the client is gone.
    async fn line(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        (&mut self.stream).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await?;
        Ok(line.ends_with(b"\n").then_some(line))
    }

    async fn say(&mut self, text: &str) -> std::io::Result<()> {
        self.stream.write_all(format!("{text}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }

    fn answer_at(&self, step: Step, said: &str) -> Option<String> {
        match &*lock(&self.state.fault) {
            Some(Fault::Answer(at, answer)) if *at == step => Some(answer.replace("{}", said)),
            _ => None,
        }
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
    }

    async fn hello(&mut self, verb: &str, text: &str) -> std::io::Result<()> {
        self.reset();
        self.greeting = text.split(' ').nth(1).unwrap_or_default().to_owned();
        if verb == "HELO" {
            return self.say("250 mail.test").await;
        }
        let mut lines = vec!["250-mail.test".to_owned(), "250-PIPELINING".to_owned()];
        if lock(&self.state.login).is_some() {
            lines.push(format!("250-AUTH {}", lock(&self.state.mechanisms)));
        }
        lines.push("250-8BITMIME".to_owned());
        lines.push("250 ENHANCEDSTATUSCODES".to_owned());
        self.say(&lines.join("\r\n")).await
    }

    async fn auth(&mut self, text: &str) -> std::io::Result<()> {
        let mut words = text.split(' ').skip(1).map(str::to_owned);
        let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
        let first = words.next();
        let given = match mechanism.as_str() {
            "PLAIN" => {
                let answer = self.challenge(first, "").await?;
                let mut parts = answer.split('\0').skip(1).map(str::to_owned);
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            "LOGIN" => {
                let user = self.challenge(first, "VXNlcm5hbWU6").await?;
                (user, self.challenge(None, "UGFzc3dvcmQ6").await?)
            }
            _ => return self.say("504 5.5.4 unknown mechanism").await,
        };
        if lock(&self.state.login).as_ref() == Some(&given) {
            self.login = Some(given);
            return self.say("235 2.7.0 welcome").await;
        }
        self.say(&format!("535 5.7.8 {} is not known here", given.0)).await
    }

    /// What the client sent along, or says when it is asked; decoded.
    async fn challenge(&mut self, sent: Option<String>, ask: &str) -> std::io::Result<String> {
        let answer = if let Some(sent) = sent {
            sent
        } else {
            self.say(&format!("334 {ask}")).await?;
            let line = self.line().await?.unwrap_or_default();
            String::from_utf8_lossy(&line).trim_end().to_owned()
        };
        let bytes = STANDARD.decode(answer).unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    async fn sender(&mut self, text: &str) -> std::io::Result<()> {
        if lock(&self.state.login).is_some() && self.login.is_none() {
            return self.say("530 5.7.0 log in first").await;
        }
        if let Some(wrong) = self.answer_at(Step::Sender, text) {
            return self.say(&wrong).await;
        }
        match path(text) {
            Some(_) if self.from.is_some() => self.say("503 5.5.1 sender already given").await,
            Some(from) => {
                self.from = Some(from);
                self.say("250 2.1.0 sender ok").await
            }
            None => self.say("501 5.5.4 no sender").await,
        }
    }

    async fn recipient(&mut self, text: &str) -> std::io::Result<()> {
        if let Some(wrong) = self.answer_at(Step::Recipient, text) {
            return self.say(&wrong).await;
        }
        match path(text) {
            _ if self.from.is_none() => self.say("503 5.5.1 sender first").await,
            Some(to) if !to.is_empty() => {
                self.to.push(to);
                self.say("250 2.1.5 recipient ok").await
            }
            _ => self.say("501 5.5.4 no recipient").await,
        }
    }

    /// Reads a mail. `false` when the connection is to be closed.
    async fn data(&mut self) -> std::io::Result<bool> {
        let Some(from) = self.from.clone().filter(|_| !self.to.is_empty()) else {
            self.say("503 5.5.1 recipient first").await?;
            return Ok(true);
        };
        self.say("354 go on").await?;
        let mut raw = Vec::new();
        loop {
            let Some(line) = self.line().await? else { return Ok(false) };
            if *lock(&self.state.fault) == Some(Fault::DropInData) {
                return Ok(false);
            }
            if line == b".\r\n" {
                break;
            }
            raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        let to = std::mem::take(&mut self.to);
        self.reset();
        if let Some(wrong) = self.answer_at(Step::Content, &to.join(" ")) {
            self.say(&wrong).await?;
            return Ok(true);
        }
        let (login, greeting) = (self.login.clone(), self.greeting.clone());
        lock(&self.state.mails).push(ReceivedMail { from, to, raw, login, greeting });
        self.say("250 2.0.0 taken").await?;
        Ok(true)
    }
}

/// What stands between the angle brackets.
fn path(text: &str) -> Option<String> {
    let (_, rest) = text.split_once('<')?;
    Some(rest.split_once('>')?.0.to_owned())
}
