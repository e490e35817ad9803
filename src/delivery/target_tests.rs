//! Real listeners on this machine, and what a delivery does with them.

use std::net::TcpListener as StdListener;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt as _;
use proptest::prelude::*;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::*;
use crate::clock::ManualClock;

/// Bounds that a test can wait for.
const SHORT: Bounds = Bounds { connect_ms: 2_000, answer_ms: 400, drain_ms: 400, ..BOUNDS };
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=b\r\n\r\nok";

/// Answers every name with the same addresses, and counts.
struct Fixed(Vec<SocketAddr>, AtomicUsize);

impl Fixed {
    fn new(addresses: &[&str]) -> Arc<Self> {
        let addresses = addresses.iter().map(|ip| (ip.parse::<IpAddr>().unwrap(), 0).into());
        Arc::new(Self(addresses.collect(), AtomicUsize::new(0)))
    }
}

impl Names for Fixed {
    fn addresses(&self, _name: &str) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        let found = self.0.clone();
        Box::pin(async move { Ok(found) })
    }
}

/// A name server that never answers.
struct Silent;

impl Names for Silent {
    fn addresses(&self, _name: &str) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        Box::pin(std::future::pending())
    }
}

fn targets(allow_private: bool, names: Arc<dyn Names>) -> Targets {
    Targets::build_with(allow_private, names, SHORT).unwrap()
}

/// Reads one request, head and body.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let (mut text, mut piece) = (String::new(), [0_u8; 4_096]);
    loop {
        let length = stream.read(&mut piece).await.ok().filter(|length| *length > 0)?;
        text.push_str(std::str::from_utf8(&piece[..length]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.unwrap().parse::<usize>().unwrap() {
            return Some(text);
        }
    }
}

/// Serves each request of each connection by `answer` until that ends the connection; gives the
/// port and what was received.
async fn server<F>(answer: impl Fn(TcpStream) -> F + Send + 'static) -> (u16, Received)
where
    F: Future<Output = Option<TcpStream>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            while let Some(text) = request(&mut stream).await {
                sender.send(text).unwrap();
                let Some(back) = answer(stream).await else { break };
                stream = back;
            }
        }
    });
    (port, received)
}

type Received = mpsc::UnboundedReceiver<String>;

/// An answer of fixed text.
fn says(text: impl Into<String>) -> impl Fn(TcpStream) -> BoxFuture<'static, Option<TcpStream>> {
    let text = text.into();
    move |mut stream| {
        let text = text.clone();
        Box::pin(async move {
            stream.write_all(text.as_bytes()).await.ok()?;
            Some(stream)
        })
    }
}

async fn post(targets: &Targets, url: &str) -> Answered {
    targets.post(url, vec![("webhook-id", "event_1".to_owned())], "{}".to_owned()).await
}

fn error(answered: &Answered) -> &str {
    answered.error.as_deref().unwrap_or("")
}

#[test]
fn a_05_only_https_without_anything_hidden_in_it() {
    let refused = |text: &str| check_url(text, false).unwrap_err();
    assert_eq!(refused("http://example.com/"), TargetRefused::NotHttps);
    assert_eq!(refused("ftp://example.com/"), TargetRefused::NotHttps);
    assert_eq!(refused("javascript:alert(1)"), TargetRefused::NotHttps);
    for text in ["", "example.com", "https://", "https://a b.example/", "\thttps://a.example/"] {
        assert_eq!(refused(text), TargetRefused::NoUrl, "{text:?}");
    }
    assert_eq!(refused("https://me@a.example/"), TargetRefused::UserInfo);
    assert_eq!(refused("https://:pw@a.example/"), TargetRefused::UserInfo);
    assert_eq!(refused("https://a.example/#x"), TargetRefused::Fragment);
    let long = format!("https://a.example/{}", "x".repeat(limits::ENDPOINT_URL_BYTES_MAX));
    assert_eq!(refused(&long), TargetRefused::TooLong);
    // It becomes three times as long when it is escaped.
    let grows = format!("https://a.example/{}", "\"".repeat(limits::ENDPOINT_URL_BYTES_MAX / 2));
    assert_eq!(refused(&grows), TargetRefused::TooLong);
    let good = check_url("https://Example.COM:443/hooks?key=1", false).unwrap();
    assert_eq!(good.as_str(), "https://example.com/hooks?key=1");
    assert!(check_url("http://10.0.0.1/", true).is_ok());
    assert_eq!(check_url("ftp://10.0.0.1/", true), Err(TargetRefused::NotHttp));
}

#[test]
fn a_05_an_address_is_one_in_every_spelling() {
    let private = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "127。0。0。1",
        "１２７.0.0.1",
        "0",
        "10.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fd00::1]",
        "[fe80::1]",
        "[fec0::1]",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
    ];
    for host in private {
        let url = format!("https://{host}:8443/x");
        assert_eq!(check_url(&url, false), Err(TargetRefused::NotPublic), "{host}");
        assert!(check_url(&url, true).is_ok(), "{host}");
    }
    // The parser takes no zone of an interface.
    for zone in ["[fe80::1%25eth0]", "[fe80::1%eth0]"] {
        assert_eq!(check_url(&format!("https://{zone}/"), true), Err(TargetRefused::NoUrl));
    }
    for host in ["8.8.8.8", "[2606:4700::1111]", "134744072", "example.com", "localhost.example"] {
        assert!(check_url(&format!("https://{host}/"), false).is_ok(), "{host}");
    }
}

proptest! {
    #[test]
    fn a_05_no_text_at_all_becomes_a_target_that_is_not_public(text in ".{0,40}", bits: u32) {
        let spellings = [
            text.clone(),
            format!("https://{text}"),
            format!("https://{bits}/{text}"),
            format!("https://0x{bits:x}/"),
            format!("https://0{bits:o}/"),
            format!("https://{}.{}/", bits >> 24, bits & 0xff_ffff),
            format!("https://[::ffff:{:x}:{:x}]/", bits >> 16, bits & 0xffff),
        ];
        for (nth, spelling) in spellings.iter().enumerate() {
            let checked = check_url(spelling, false);
            if let Ok(url) = &checked {
                let host = url.host().unwrap().to_owned();
                let public = match host {
                    Host::Ipv4(address) => is_public(address.into()),
                    Host::Ipv6(address) => is_public(address.into()),
                    Host::Domain(_) => true,
                };
                prop_assert!(url.scheme() == "https" && public, "{}", spelling);
            }
            if nth > 2 {
                let address = std::net::Ipv4Addr::from_bits(bits);
                prop_assert_eq!(checked.is_ok(), is_public(address.into()), "{}", spelling);
            }
        }
    }
}

#[tokio::test]
async fn a_05_nothing_ever_connects_to_an_address_that_is_not_public() {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let named = targets(false, Fixed::new(&["127.0.0.1", "::1", "::ffff:127.0.0.1"]));
    let system = targets(false, Arc::new(System));
    for (targets, host) in [
        (&named, "rebind.example"),
        (&named, "rebind.example."),
        (&named, "127.0.0.1"),
        (&named, "2130706433"),
        (&named, "[::ffff:127.0.0.1]"),
        (&system, "localhost"),
    ] {
        let answered = post(targets, &format!("https://{host}:{port}/")).await;
        assert_eq!(answered.status, None, "{host}");
        assert!(error(&answered).contains("is not public"), "{host}: {answered:?}");
    }
    let answered = post(&named, &format!("http://rebind.example:{port}/")).await;
    assert_eq!(error(&answered), "must start with https://");
    let kind = listener.accept().unwrap_err().kind();
    assert_eq!(kind, io::ErrorKind::WouldBlock, "something connected");

    // The same listener is reached as soon as the operator allows it.
    let allowed = targets(true, Fixed::new(&["127.0.0.1"]));
    post(&allowed, &format!("http://rebind.example:{port}/")).await;
    assert!(listener.accept().is_ok());
}

#[tokio::test]
async fn a_05_of_the_addresses_of_a_name_only_the_public_ones_are_used() {
    let names = Fixed::new(&["10.0.0.1", "8.8.8.8", "::1", "2606:4700::1111", "169.254.169.254"]);
    let vetted = Vetted { names: names.clone(), allow_private: false };
    let found = vetted.resolve("a.example".parse().unwrap()).await.unwrap();
    let found: Vec<String> = found.map(|address| address.ip().to_string()).collect();
    assert_eq!(found, ["8.8.8.8", "2606:4700::1111"]);
    assert_eq!(names.1.load(Ordering::SeqCst), 1, "asked once");
}

#[tokio::test]
async fn a_05_a_name_is_looked_up_once_for_a_connection_and_all_its_requests() {
    let names = Fixed::new(&["127.0.0.1"]);
    let targets = targets(true, names.clone());
    let (port, mut received) = server(says(OK)).await;
    for _ in 0..3 {
        let answered = post(&targets, &format!("http://a.example:{port}/hook")).await;
        let taken = Answered { status: Some(200), retry_after_ms: None, error: None };
        assert_eq!(answered, taken);
        let text = received.recv().await.unwrap().to_lowercase();
        assert!(text.starts_with("post /hook http/1.1\r\n"), "{text}");
        assert!(text.contains("content-type: application/json\r\n"), "{text}");
        assert!(text.contains("webhook-id: event_1\r\n"), "{text}");
        assert!(!text.contains("cookie:") && !text.contains("accept-encoding:"), "{text}");
        assert!(text.ends_with("\r\n\r\n{}"), "{text}");
    }
    assert_eq!(names.1.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_05_a_redirect_is_not_followed() {
    let elsewhere = StdListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let to = elsewhere.local_addr().unwrap();
    for status in ["301", "302", "303", "307", "308"] {
        let text =
            format!("HTTP/1.1 {status} X\r\nLocation: http://{to}/\r\nContent-Length: 0\r\n\r\n");
        let (port, _received) = server(says(text)).await;
        let targets = targets(true, Arc::new(System));
        let answered = post(&targets, &format!("http://127.0.0.1:{port}/")).await;
        assert_eq!(answered.status, status.parse().ok());
        assert!(error(&answered).contains("redirects are not followed"), "{answered:?}");
    }
    assert_eq!(elsewhere.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_05_who_never_answers_costs_a_bounded_time() {
    let (port, _received) = server(|held| async move {
        std::future::pending::<()>().await;
        Some(held)
    })
    .await;
    let url = format!("http://127.0.0.1:{port}/");
    let answered = post(&targets(true, Arc::new(System)), &url).await;
    assert_eq!(error(&answered), "did not answer within 1 seconds");

    let quick = Bounds { connect_ms: 200, answer_ms: 5_000, ..BOUNDS };
    let silent = Targets::build_with(true, Arc::new(Silent), quick).unwrap();
    let answered = post(&silent, "http://a.example/").await;
    assert_eq!(error(&answered), "could not be connected to within 1 seconds");
}

/// Writes `piece` again and again, as fast as it goes or a piece every few milliseconds, until the
/// other side has enough; then counts up.
fn endless(
    start: &'static str,
    piece: &'static str,
    slowly: bool,
    ended: mpsc::UnboundedSender<()>,
) -> impl Fn(TcpStream) -> BoxFuture<'static, Option<TcpStream>> {
    move |mut stream| {
        let ended = ended.clone();
        Box::pin(async move {
            let mut every = tokio::time::interval(Duration::from_millis(5));
            let mut sent = stream.write_all(start.as_bytes()).await;
            while sent.is_ok() {
                if slowly {
                    every.tick().await;
                }
                sent = stream.write_all(piece.as_bytes()).await;
            }
            ended.send(()).unwrap();
            None
        })
    }
}

#[tokio::test]
async fn a_05_an_endless_body_is_cut_off_and_the_status_counts() {
    let start = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for slowly in [false, true] {
        let (ended, mut has_ended) = mpsc::unbounded_channel();
        let (port, _received) = server(endless(start, "4\r\nbody\r\n", slowly, ended)).await;
        // Nothing but the bounds on the body can end this.
        let bounds = Bounds { answer_ms: 600_000, drain_ms: 600_000, ..SHORT };
        let bounds = if slowly { Bounds { drain_ms: 200, ..bounds } } else { bounds };
        let targets = Targets::build_with(true, Arc::new(System), bounds).unwrap();
        let answered = post(&targets, &format!("http://127.0.0.1:{port}/")).await;
        assert_eq!((answered.status, error(&answered)), (Some(200), ""));
        has_ended.recv().await.expect("the connection was closed");
    }
}

#[tokio::test]
async fn a_05_endless_headers_are_cut_off() {
    for slowly in [false, true] {
        let (ended, mut has_ended) = mpsc::unbounded_channel();
        let (port, _received) =
            server(endless("HTTP/1.1 200 OK\r\n", "X-More: of the same\r\n", slowly, ended)).await;
        let answer_ms = if slowly { 300 } else { 600_000 };
        let bounds = Bounds { answer_ms, ..SHORT };
        let targets = Targets::build_with(true, Arc::new(System), bounds).unwrap();
        let answered = post(&targets, &format!("http://127.0.0.1:{port}/")).await;
        assert_eq!(answered.status, None);
        let expected = if slowly { "did not answer within 1 seconds" } else { "proper HTTP" };
        assert!(error(&answered).contains(expected), "{answered:?}");
        has_ended.recv().await.expect("the connection was closed");
    }
}

#[tokio::test]
async fn a_04_a_failure_says_its_status_and_when_to_come_again() {
    let answer = |status: &str, wait: &str| {
        says(format!("HTTP/1.1 {status}\r\nRetry-After: {wait}\r\nContent-Length: 0\r\n\r\n"))
    };
    for (status, wait, expected) in [
        ("503 Busy", "7", Some(7_000)),
        ("429 Slow", "4000000000", Some(limits::RETRY_AFTER_MS_MAX)),
        ("410 Gone", "soon", None),
        // Without a date of the answer our clock counts.
        ("503 Busy", "Mon, 23 Nov 2026 09:02:00 GMT", Some(120_000)),
    ] {
        let (port, _received) = server(answer(status, wait)).await;
        let url = format!("http://127.0.0.1:{port}/");
        let targets = targets(true, Arc::new(System));
        let clock = Arc::new(ManualClock::at(Timestamp(1_795_424_400_000)));
        let answered = post(&targets.with_clock(clock), &url).await;
        let (code, _) = status.split_once(' ').unwrap();
        assert_eq!(error(&answered), format!("answered {code}"));
        assert_eq!((answered.status, answered.retry_after_ms), (code.parse().ok(), expected));
    }
}

#[tokio::test]
async fn a_05_what_went_wrong_is_told_without_address_url_or_answer() {
    let closed = StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (hangs_up, _r1) = server(|_dropped| std::future::ready(None)).await;
    let (talks, _r2) = server(says("220 canary.example ESMTP\r\n")).await;
    let (plain, _r3) = server(says(OK)).await;
    let nobody = targets(true, Fixed::new(&[]));
    let system = targets(true, Arc::new(System));
    for (targets, url, expected) in [
        (&nobody, "http://canary.example/?key=canary".to_owned(), "name of this host was not"),
        (&system, format!("http://127.0.0.1:{closed}/canary"), "refused the connection"),
        (&system, format!("http://127.0.0.1:{hangs_up}/canary"), "closed the connection or"),
        (&system, format!("http://127.0.0.1:{talks}/canary"), "in proper HTTP"),
    ] {
        let answered = post(targets, &url).await;
        assert!(error(&answered).contains(expected), "{answered:?}");
        let shown = format!("{answered:?}");
        assert!(!shown.contains("canary") && !shown.contains("127.0.0.1"), "{shown}");
    }
    // The request is no TLS greeting, so this server never answers; whatever the reason, no status.
    let answered = post(&system, &format!("https://127.0.0.1:{plain}/")).await;
    assert_eq!(answered.status, None, "{answered:?}");
}

/// A certificate for `localhost` that nobody issued, and its key.
const CERTIFICATE: &str = "MIIBlDCCATugAwIBAgIUGmG6rJI+v5UD0WcpcJ5BTDFgN+wwCgYIKoZIzj0EAwIwFDESM\
    BAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzAwMzE1OVoYDzIxMjYxMDMwMDAzMTU5WjAUMRIwEAYDVQQDDAlsb2NhbG\
    hvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQSl+2TH/dU0u2pIoFlTyXlyF+t713XDMicSiJCPDNh252Hw4B/0ZI\
    JejNHC2S3dPvnoClPyTcOYHm3TS16p9GCo2kwZzAdBgNVHQ4EFgQUkgUHD8k/AblOFUJNmqEmmzrnsmMwHwYDVR0jBBgw\
    FoAUkgUHD8k/AblOFUJNmqEmmzrnsmMwDwYDVR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIz\
    j0EAwIDRwAwRAIgdEwWYeGBSG1QFah/SxxIJZVmU9LvBfahhxVvCmtIHOMCIHr8vHSWgl6vBEa3rCrtjZnz7hq+Z22AwH\
    NVTO1xW4Jt";
const PRIVATE_KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg98i2vUuwBd4euD0b84TQL\
    lqbrN8TDABgqxX3uaPF1DmhRANCAAQSl+2TH/dU0u2pIoFlTyXlyF+t713XDMicSiJCPDNh252Hw4B/0ZIJejNHC2S3dP\
    vnoClPyTcOYHm3TS16p9GC";

#[tokio::test]
async fn a_05_a_certificate_that_nobody_vouches_for_is_not_accepted() {
    let targets = targets(true, Arc::new(System));
    let (certificate, key) = (STANDARD.decode(CERTIFICATE), STANDARD.decode(PRIVATE_KEY));
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(certificate.unwrap())],
            PrivatePkcs8KeyDer::from(key.unwrap()).into(),
        )
        .unwrap();
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let by_server = Arc::clone(&seen);
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut tls = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = rustls::Stream::new(&mut tls, &mut stream);
        // Ends with the client's refusal; what was received in clear until then is kept.
        let _ = io::Read::read_to_end(&mut stream, &mut by_server.lock().unwrap());
    });
    let answered = post(&targets, &format!("https://localhost:{port}/")).await;
    assert!(error(&answered).starts_with("TLS certificate not accepted: "), "{answered:?}");
    serving.join().unwrap();
    assert!(seen.lock().unwrap().is_empty(), "nothing was sent");
}

#[test]
fn a_05_a_refused_url_is_not_even_waited_for() {
    let targets = Targets::build(false).unwrap();
    assert!(!targets.allow_private());
    assert_eq!(post(&targets, "https://127.0.0.1/").now_or_never().unwrap().status, None);
}
