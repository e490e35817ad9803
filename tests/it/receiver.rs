//! The application of a test: a real HTTP server that is sent webhooks.
//!
//! It keeps every request that arrived whole, in the order of arrival, and answers as the test
//! says. Several may run at once, each on a port of its own. The gateway must be started with
//! `ROLLCALL__DELIVERY__ALLOW_PRIVATE_TARGETS=true` ([`ALLOW`]), because the server is on loopback.
//! It shares no code with the sender. What this must not do: check signatures, or wait for time.
#![allow(dead_code, reason = "each test program uses its part of this")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use rollcall::clock::{Clock, Timestamp};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// The setting that lets the gateway send to this machine; for `Options::env`.
pub const ALLOW: &str = "ROLLCALL__DELIVERY__ALLOW_PRIVATE_TARGETS";

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// `POST`.
    pub method: String,
    /// The path with the query.
    pub path: String,
    /// The headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// When it arrived, by the test's clock.
    pub at: Timestamp,
    /// How many came before it on this receiver.
    pub index: usize,
}

impl Received {
    /// The value of a header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        let name = name.to_lowercase();
        self.headers.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body of text")
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a body of JSON")
    }

    /// The id of the event, from the body.
    pub fn event_id(&self) -> String {
        self.json()["id"].as_str().expect("an event has an id").to_owned()
    }
}

/// How the receiver answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// With this status and an empty body.
    Status(u16),
    /// With this status and these headers.
    With(u16, Vec<(&'static str, String)>),
    /// Not before [`Receiver::release`] is called, and with 200 then.
    Hang,
    /// By closing the connection without a word.
    Close,
}

/// Decides how each request is answered.
pub type Rule = Arc<dyn Fn(&Received) -> Answer + Send + Sync>;

struct State {
    clock: Arc<dyn Clock>,
    received: Mutex<Vec<Received>>,
    rule: Mutex<Rule>,
    /// How many arrived, and whether those that hang are let go.
    count: watch::Sender<usize>,
    released: watch::Sender<u64>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test thread died with the lock")
}

/// The server. It ends with the value.
pub struct Receiver {
    address: SocketAddr,
    state: Arc<State>,
    listener: Option<JoinHandle<()>>,
}

impl Receiver {
    /// Starts a receiver that answers 200 to everything.
    pub async fn start(clock: Arc<dyn Clock>) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("the port's number");
        let state = Arc::new(State {
            clock,
            received: Mutex::default(),
            rule: Mutex::new(Arc::new(|_| Answer::Status(200))),
            count: watch::Sender::new(0),
            released: watch::Sender::new(0),
        });
        let listener = Some(tokio::spawn(accept(socket, Arc::clone(&state))));
        Self { address, state, listener }
    }

    /// Where webhooks are to be sent.
    pub fn url(&self) -> String {
        format!("http://{}/webhooks", self.address)
    }

    /// Answers everything the same from now on.
    pub fn answer(&self, answer: Answer) {
        self.answer_by(move |_| answer.clone());
    }

    /// Answers by a rule from now on.
    pub fn answer_by(&self, rule: impl Fn(&Received) -> Answer + Send + Sync + 'static) {
        *lock(&self.state.rule) = Arc::new(rule);
    }

    /// Everything that arrived whole, in order.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.state.received).clone()
    }

    /// Forgets what arrived and gives it.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *lock(&self.state.received))
    }

    /// The ids of the events that arrived, in order.
    pub fn event_ids(&self) -> Vec<String> {
        self.received().iter().map(Received::event_id).collect()
    }

    /// Waits until so many requests arrived since the start.
    pub async fn arrived(&self, count: usize) {
        let mut counted = self.state.count.subscribe();
        counted.wait_for(|seen| *seen >= count).await.expect("the receiver lives");
    }

    /// How many requests arrived since the start.
    pub fn count(&self) -> usize {
        *self.state.count.borrow()
    }

    /// Lets those that hang now be answered with 200.
    pub fn release(&self) {
        self.state.released.send_modify(|times| *times += 1);
    }

    /// Closes the port and every connection: from now on nobody is there.
    pub async fn stop(&mut self) {
        if let Some(listener) = self.listener.take() {
            listener.abort();
            let _ = listener.await;
        }
    }

    /// Opens the same port again.
    pub async fn resume(&mut self) {
        self.stop().await;
        let socket = TcpListener::bind(self.address).await.expect("the port is free again");
        self.listener = Some(tokio::spawn(accept(socket, Arc::clone(&self.state))));
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
    }
}

/// The connections end with this future.
async fn accept(socket: TcpListener, state: Arc<State>) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            accepted = socket.accept() => {
                if let Ok((stream, _)) = accepted {
                    open.spawn(serve(stream, Arc::clone(&state)));
                }
            }
            Some(_) = open.join_next() => {}
        }
    }
}

/// Answers request after request until the sender closes or an answer says so.
async fn serve(stream: TcpStream, state: Arc<State>) {
    let _ = stream.set_nodelay(true);
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream, &state).await {
        // Before the answer: whoever waits for the request may release those that hang.
        let mut released = state.released.subscribe();
        released.mark_unchanged();
        let answer = keep(&state, request);
        let (status, headers) = match answer {
            Answer::Status(status) => (status, Vec::new()),
            Answer::With(status, headers) => (status, headers),
            Answer::Close => return,
            Answer::Hang => {
                let _ = released.changed().await;
                (200, Vec::new())
            }
        };
        let mut head = format!("HTTP/1.1 {status} As told\r\ncontent-length: 0\r\n");
        for (name, value) in headers {
            head.extend([name, ": ", value.as_str(), "\r\n"]);
        }
        head.push_str("\r\n");
        if stream.get_mut().write_all(head.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Keeps a request and decides its answer, in one step, so that rules see requests in order.
fn keep(state: &State, mut request: Received) -> Answer {
    let rule = Arc::clone(&lock(&state.rule));
    let mut received = lock(&state.received);
    request.index = *state.count.borrow();
    let answer = rule(&request);
    received.push(request);
    state.count.send_modify(|count| *count += 1);
    answer
}

/// The next request of a connection; `None` when the sender is gone.
async fn read(stream: &mut BufReader<TcpStream>, state: &State) -> Option<Received> {
    let first = line(stream).await?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let line = line(stream).await?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Received { method, path, headers, body, at: state.clock.now(), index: 0 })
}

async fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut text = String::new();
    let read = stream.read_line(&mut text).await.ok()?;
    (read > 0).then(|| text.trim_end().to_owned())
}
