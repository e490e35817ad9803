//! For tests: an HR system that plays scripted answers over a real socket, a gate that counts, and
//! a sink that keeps what it gets.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use futures_util::future::BoxFuture;

use super::{CallGate, CallLane, List, ProviderError, RecordKeys, RecordSink};
use crate::clock::Timestamp;

/// An answer as it goes over the wire. `{base}` in it becomes the server's address.
pub type Answer = String;

/// An answer with this status line and these header lines, each ending with a line break.
pub fn answer(status: &str, headers: &str, body: &str) -> Answer {
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nContent-Type: application/json\r\n{headers}\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}

/// A plain success.
pub fn ok(body: &str) -> Answer {
    answer("200 OK", "", body)
}

/// Plays its answers in order, one connection each, and keeps the requests.
pub struct Server {
    pub base_url: String,
    requests: JoinHandle<Vec<Request>>,
}

/// A request as it came.
pub struct Request {
    /// Method and address, as in `GET /v1/account`.
    pub line: String,
    /// Request line and headers, in lower case.
    pub head: String,
    pub body: String,
}

impl Server {
    pub fn play(path: &str, answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("http://{}", listener.local_addr().unwrap());
        let base_url = format!("{host}{path}");
        let base = base_url.clone();
        let requests = std::thread::spawn(move || {
            answers
                .into_iter()
                .map(|answer| {
                    let (mut stream, _) = listener.accept().unwrap();
                    let request = read_request(&mut stream);
                    let _ = stream.write_all(answer.replace("{base}", &base).as_bytes());
                    request
                })
                .collect()
        });
        Self { base_url, requests }
    }

    /// All requests; every answer must have been asked for.
    pub fn requests(self) -> Vec<Request> {
        self.requests.join().unwrap()
    }

    /// The request lines.
    pub fn lines(self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.line).collect()
    }
}

fn read_request(stream: &mut TcpStream) -> Request {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "the request broke off");
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let lower = head.to_ascii_lowercase();
        let length = lower
            .split_once("content-length: ")
            .map_or(0, |(_, after)| after.split("\r\n").next().unwrap().parse::<usize>().unwrap());
        if body.len() >= length {
            let line = head.split("\r\n").next().unwrap();
            let line = line.trim_end_matches(" HTTP/1.1").to_owned();
            return Request { line, head: lower, body: body.to_owned() };
        }
    }
}

/// A gate with so many calls; writes down what it is told and waits so often.
pub struct Gate {
    calls_left: Mutex<u32>,
    waits_left: Mutex<u32>,
    heard: Mutex<Vec<String>>,
}

impl Gate {
    pub fn new(calls: u32, waits: u32) -> Arc<Self> {
        let (calls_left, waits_left) = (Mutex::new(calls), Mutex::new(waits));
        Arc::new(Self { calls_left, waits_left, heard: Mutex::default() })
    }

    /// What it was told so far.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    fn hear(&self, what: String) {
        self.heard.lock().unwrap().push(what);
    }
}

fn take(left: &Mutex<u32>) -> bool {
    let mut left = left.lock().unwrap();
    let taken = left.checked_sub(1);
    *left = taken.unwrap_or(0);
    taken.is_some()
}

impl CallGate for Gate {
    fn reserve(&self, lane: CallLane) -> BoxFuture<'_, Result<(), ProviderError>> {
        self.hear(format!("{lane:?}"));
        let spent = Err(ProviderError::BudgetSpent { until: Timestamp(9) });
        let reserved = if take(&self.calls_left) { Ok(()) } else { spent };
        Box::pin(std::future::ready(reserved))
    }

    fn throttled(&self, calls_per_minute: Option<u32>) -> BoxFuture<'_, ()> {
        self.hear(format!("throttled {calls_per_minute:?}"));
        Box::pin(std::future::ready(()))
    }

    fn wait_out(&self, wait_ms: i64) -> BoxFuture<'_, bool> {
        self.hear(format!("wait {wait_ms}"));
        Box::pin(std::future::ready(take(&self.waits_left)))
    }
}

/// Keeps the records it is given.
#[derive(Default)]
pub struct Sink {
    pub records: Vec<Vec<u8>>,
    /// The keys of those that cannot be read.
    pub unreadable: Vec<Option<String>>,
    pub refuses: bool,
}

impl RecordSink for Sink {
    fn record(&mut self, raw: &[u8]) -> Result<(), ProviderError> {
        if self.refuses {
            return Err(ProviderError::Sink { reason: "full".to_owned() });
        }
        self.records.push(raw.to_vec());
        Ok(())
    }

    fn current(&mut self, _: &[u8]) -> Result<(), ProviderError> {
        panic!("there is no list of current staff here")
    }

    fn unreadable(
        &mut self,
        _: List,
        keys: Option<RecordKeys>,
        _: bool,
    ) -> Result<(), ProviderError> {
        self.unreadable.push(keys.map(|keys| keys.external_key.0));
        Ok(())
    }
}

pub fn is_down(error: &ProviderError) -> bool {
    matches!(error, ProviderError::Down { .. })
}

pub fn is_malformed(error: &ProviderError) -> bool {
    matches!(error, ProviderError::Malformed { .. })
}
