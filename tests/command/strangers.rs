//! What strangers can do to the real program: hold memory and connections, and fill its log (O-08).
//!
//! Nothing here waits for a while and hopes: what has to become true is looked at again and again,
//! up to a deadline.
use std::io::{ErrorKind, Read as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::program::Server;

/// Posts that stall at the same time.
const STALLED: usize = 300;
/// By how much they may make the program grow, in bytes.
const GROWTH_MAX: u64 = 20_000_000;

/// Whether the other side has ended the connection; what it said until then is taken. Waits a
/// moment for it.
fn is_over(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let mut piece = [0_u8; 4_096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => {
                return !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the program runs by the real clock")]
fn now() -> Instant {
    Instant::now()
}

/// A post that says that it has `length` bytes, with all of them but the last; or, without a
/// length, one that never ends.
fn stalled(path: &str, length: usize, chunked: bool) -> Vec<u8> {
    let body = "a".repeat(length - 1);
    let text = if chunked {
        format!(
            "POST {path} HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\n\r\n\
             {length:x}\r\n{body}"
        )
    } else {
        format!("POST {path} HTTP/1.1\r\nHost: gateway\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    text.into_bytes()
}

#[test]
fn o_08_stalled_posts_of_strangers_hold_little_and_are_ended() {
    let server = Server::start(&[]);
    // What the first requests need stays.
    for _ in 0..50 {
        server.answer(b"GET /operator HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n");
    }
    let token = "A".repeat(43);
    let hook = format!("/hooks/people-hr/{token}");
    let kinds = [
        ("/operator/sign_in", 1_000_000, false),
        ("/operator/sign_in", 1_000_000, true),
        ("/operator/sign_in", 16_000, false),
        ("/portal/enter/x", 16_000, true),
        ("/portal/directories/directory_x/sign_in", 16_000, false),
        ("/portal/leave", 1_000_000, false),
        ("/api/v1/organizations", 1_000_000, false),
        ("/api/v1/organizations/org_x/accounts/import", 1_000_000, true),
        ("/directories", 1_000_000, true),
        (hook.as_str(), 8_000, false),
        ("/nothing", 1_000_000, true),
    ];
    for (path, length, chunked) in kinds {
        let post = stalled(path, length, chunked);
        let before = server.memory();
        let mut open: Vec<TcpStream> = (0..STALLED).map(|_| server.send(&post)).collect();
        let (began, mut peak) = (now(), 0);
        while !open.is_empty() {
            peak = peak.max(server.memory());
            assert!(began.elapsed() < Duration::from_secs(20), "{path}: {} are open", open.len());
            open.retain_mut(|stream| !is_over(stream));
        }
        let growth = peak.saturating_sub(before);
        assert!(growth < GROWTH_MAX, "{path} {length} {chunked}: {growth} bytes");
    }
    // Honest people get in meanwhile.
    let post = stalled("/operator/sign_in", 16_000, false);
    let _stalled: Vec<TcpStream> = (0..STALLED).map(|_| server.send(&post)).collect();
    let honest = "POST /operator/sign_in HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\
                  Content-Length: 9\r\n\r\napi_key=x";
    assert!(server.answer(honest.as_bytes()).starts_with("HTTP/1.1 401 "));
}

#[test]
fn o_08_a_form_of_a_stranger_may_be_small_and_takes_no_longer_than_ten_seconds() {
    let server = Server::start(&[]);
    let began = now();
    let answer = server.answer(&stalled("/operator/sign_in", 1_000, false));
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let took = began.elapsed();
    assert!((Duration::from_secs(9)..Duration::from_secs(15)).contains(&took), "{took:?}");
    let form = |length: usize| {
        let body = format!("api_key={}", "x".repeat(length - 8));
        let head = format!(
            "POST /operator/sign_in HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        server.answer(format!("{head}{body}").as_bytes())
    };
    assert!(form(16 * 1_024).starts_with("HTTP/1.1 401 "));
    assert!(form(16 * 1_024 + 1).starts_with("HTTP/1.1 413 "));
}

#[test]
fn o_08_strangers_write_no_lines_into_the_log() {
    let server = Server::start(&[]);
    let long = format!("GET /livez HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(200_000));
    let many: String =
        (0..300).flat_map(|n: u32| ["X".to_owned(), n.to_string(), ": a\r\n".to_owned()]).collect();
    let many = format!("GET /livez HTTP/1.1\r\n{many}\r\n");
    let with = |line: &str| format!("{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let posted = |head: &str, body: &str| {
        format!("POST /portal/enter/x HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n{body}")
    };
    let mut requests: Vec<Vec<u8>> = vec![
        with("GET /livez?q=\u{e4}").into_bytes(),
        [b"GET /livez?q=\xe4".as_slice(), b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat(),
        [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(), &[7; 200]].concat(),
        b"\0\0\0\0\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"GET /livez HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n".to_vec(),
        long.into_bytes(),
        many.into_bytes(),
        posted("Content-Length: abc", "").into_bytes(),
        posted("Content-Length: 5\r\nContent-Length: 6", "12345").into_bytes(),
        posted("Transfer-Encoding: chunked", "zz\r\n").into_bytes(),
        posted("Content-Length: 9\r\nContent-Encoding: gzip", "api_key=x").into_bytes(),
        posted("Content-Length: 9\r\nConnection: close", "\u{fffd}%zz=").into_bytes(),
    ];
    let lines = [
        "GET /livez?q=%zz%",
        "GET /portal/enter/%zz",
        "GET /portal/directories/%ff%fe",
        "GET /api/v1/accounts/%00",
        "GET /operator/%E4?x=%",
        "GET //..//%2e%2e/x",
        "BREW /livez",
        "GET /hooks/people-hr/%ff%zz",
        "POST /api/v1/events",
        "GET /directories?limit=%ff",
        "CONNECT a:1",
        "OPTIONS *",
        "GET http://evil.example/livez",
    ];
    requests.extend(lines.map(|line| with(line).into_bytes()));
    for request in &requests {
        let answer = server.answer(request);
        let status = answer.split(' ').nth(1).unwrap_or("none");
        let text = String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned();
        assert!(!status.starts_with('5'), "{text:?}: {answer}");
    }
    assert!(server.answer(with("GET /readyz").as_bytes()).starts_with("HTTP/1.1 200 "));
    let written = server.log();
    let lines = written.lines().filter(|line| line.contains("ERROR") || line.contains("WARN"));
    assert_eq!(lines.collect::<Vec<_>>(), Vec::<&str>::new());
}
