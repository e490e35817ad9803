//! The database goes away, or hangs: what is answered meanwhile, how fast, and what the log says
//! (O-08).
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::postgres;
use crate::program::Server;

/// How long anything may take to become true.
const PATIENCE: Duration = Duration::from_mins(1);
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// What a way to the database does with what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// Connections end, and new ones end at once.
    Closed,
    /// Nothing is let through, in either direction.
    Hangs,
}

struct State {
    way: Way,
    streams: Vec<TcpStream>,
}

/// Stands between the program and the database.
#[derive(Clone)]
struct Gate(Arc<(Mutex<State>, Condvar)>);

impl Gate {
    /// A way to the server at `to`; where it begins.
    fn before(to: SocketAddr) -> (Self, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State { way: Way::Open, streams: Vec::new() };
        let gate = Self(Arc::new((Mutex::new(state), Condvar::new())));
        let inner = gate.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                inner.let_through(near, to);
            }
        });
        (gate, port)
    }

    fn let_through(&self, near: TcpStream, to: SocketAddr) {
        let mut state = self.0.0.lock().unwrap();
        if state.way == Way::Closed {
            return;
        }
        let far = TcpStream::connect(to).unwrap();
        let ends = [near.try_clone().unwrap(), far.try_clone().unwrap()];
        state.streams.extend(ends);
        drop(state);
        let pairs = [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)];
        for (from, into) in pairs {
            let gate = self.clone();
            std::thread::spawn(move || gate.copy(from, into));
        }
    }

    fn copy(&self, mut from: TcpStream, mut into: TcpStream) {
        let mut piece = [0_u8; 16_384];
        while let Ok(length) = from.read(&mut piece)
            && length > 0
        {
            let mut state = self.0.0.lock().unwrap();
            while state.way == Way::Hangs {
                state = self.0.1.wait(state).unwrap();
            }
            drop(state);
            if into.write_all(piece.get(..length).unwrap_or_default()).is_err() {
                return;
            }
        }
        let _ = into.shutdown(std::net::Shutdown::Both);
    }

    fn set(&self, way: Way) {
        let mut state = self.0.0.lock().unwrap();
        state.way = way;
        if way == Way::Closed {
            for stream in state.streams.drain(..) {
                let _ = stream.shutdown(std::net::Shutdown::Both);
            }
        }
        self.0.1.notify_all();
    }
}

#[expect(clippy::disallowed_methods, reason = "the program runs by the real clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// Asks; status and how long it took.
fn ask(server: &Server, path: &str) -> (u16, Duration, String) {
    let began = now();
    let key = &server.key;
    let answer = server.answer(
        format!(
            "GET {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\
             Authorization: Bearer {key}\r\n\r\n"
        )
        .as_bytes(),
    );
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.expect("a status"), began.elapsed(), answer)
}

/// Asks a few times, and is refused each time: the shortest time that it took (the machine may be
/// busy), and an answer.
fn refused(server: &Server, path: &str) -> (Duration, String) {
    let answers = (0..4).map(|_| {
        let (status, took, answer) = ask(server, path);
        assert_eq!(status, 503, "{path} {answer}");
        (took, answer)
    });
    answers.min_by_key(|(took, _)| *took).unwrap()
}

/// Asks again and again until the status is this one.
fn until(server: &Server, path: &str, wanted: u16) {
    let began = now();
    while ask(server, path).0 != wanted {
        assert!(began.elapsed() < PATIENCE, "{path} never answers {wanted}: {}", server.log());
    }
}

/// Looks again and again until the log has this line.
fn until_logged(server: &Server, part: &str) {
    let began = now();
    while !server.log().contains(part) {
        assert!(began.elapsed() < PATIENCE, "{part:?} is never logged: {}", server.log());
        ask(server, "/livez");
    }
}

/// A server whose database is behind a gate; `None` where PostgreSQL is not installed.
fn behind_a_gate() -> Option<(Server, Gate)> {
    let cluster = postgres::cluster()?;
    let url = cluster.create_database();
    let (_, rest) = url.split_once('@').unwrap();
    let (place, _) = rest.split_once('/').unwrap();
    let (gate, port) = Gate::before(place.parse().unwrap());
    let url = url.replace(place, &format!("127.0.0.1:{port}"));
    let env = [("DATABASE_URL", url.as_str()), ("ROLLCALL__SECRETS__MASTER_KEY", MASTER_KEY)];
    Some((Server::start(&env), gate))
}

fn lines<'a>(log: &'a str, part: &str) -> Vec<&'a str> {
    log.lines().filter(|line| line.contains(part)).collect()
}

#[test]
fn o_08_an_outage_is_answered_within_a_second_and_logged_once() {
    let Some((server, gate)) = behind_a_gate() else { return };
    until(&server, "/readyz", 200);
    gate.set(Way::Closed);
    until(&server, "/readyz", 503);
    for path in ["/readyz", "/api/v1/organizations", "/directories"] {
        let (took, answer) = refused(&server, path);
        assert!(answer.to_lowercase().contains("\r\nretry-after: "), "{answer}");
        let most = if path == "/readyz" { 1_000 } else { 1_600 };
        assert!(took < Duration::from_millis(most), "{path} took {took:?}");
    }
    let body = r#"{"ActionId":2,"EmployeeId":"PW1"}"#;
    let hook = format!(
        "POST /hooks/people-hr/{} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        "A".repeat(43),
        body.len()
    );
    assert!(server.answer(hook.as_bytes()).starts_with("HTTP/1.1 503 "));
    gate.set(Way::Open);
    until(&server, "/readyz", 200);
    until(&server, "/api/v1/organizations", 200);
    until_logged(&server, "the database can be reached again");
    let log = server.log();
    assert_eq!(lines(&log, "the database cannot be reached;").len(), 1, "{log}");
    assert_eq!(lines(&log, "the database can be reached again").len(), 1, "{log}");
    assert_eq!(lines(&log, "ERROR").len(), 1, "{log}");
    assert_eq!(lines(&log, "WARN").len(), 1, "{log}");
}

#[test]
fn o_08_a_database_that_hangs_keeps_nobody_waiting_for_it() {
    let Some((server, gate)) = behind_a_gate() else { return };
    until(&server, "/api/v1/organizations", 200);
    gate.set(Way::Hangs);
    let (took, _) = refused(&server, "/readyz");
    assert!(took < Duration::from_secs(1), "{took:?}");
    // Once it is known, nobody waits long.
    until(&server, "/api/v1/organizations", 503);
    let (took, _) = refused(&server, "/api/v1/organizations");
    assert!(took < Duration::from_millis(1_600), "{took:?}");
    // A sender has no more patience than a quarter of a minute.
    let hook = format!(
        "POST /hooks/people-hr/{} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\
         Content-Length: 2\r\n\r\n{{}}",
        "A".repeat(43)
    );
    let began = now();
    assert!(server.answer(hook.as_bytes()).starts_with("HTTP/1.1 503 "));
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    gate.set(Way::Open);
    until(&server, "/readyz", 200);
    until(&server, "/api/v1/organizations", 200);
    let log = server.log();
    assert!(lines(&log, "ERROR").len() <= 1, "{log}");
}
