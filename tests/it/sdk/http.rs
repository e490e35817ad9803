//! What stands under the contract: compression, connections that stay, and the methods and headers
//! that clients and proxies send along (C-15).

use reqwest::Method;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::{behaviours_of_wire, get, root, sent};
use crate::support::TestApp;

behaviours_of_wire!(
    crate::support::on;
    c_15_the_content_is_the_same_with_and_without_compression,
    c_15_a_connection_takes_many_requests,
    c_15_head_and_options_are_answered,
    c_15_a_get_may_have_a_content_type,
);

/// A connection, spoken to word by word: clients hide what is asked here.
struct Line(BufReader<TcpStream>);

impl Line {
    async fn to(app: &TestApp) -> Self {
        let stream = TcpStream::connect(app.running.address).await.expect("the gateway listens");
        Self(BufReader::new(stream))
    }

    /// Sends a request and reads the answer: its head in lower case, and its body.
    async fn ask(&mut self, app: &TestApp, request: &str, headers: &str) -> (String, Vec<u8>) {
        let head = format!(
            "{request} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {}\r\n{headers}\r\n",
            app.key.reveal()
        );
        self.0.get_mut().write_all(head.as_bytes()).await.expect("it is taken");
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.0.read_line(&mut head).await.expect("a line") > 0, "closed: {head}");
        }
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = Vec::new();
        if let Some(length) = length.filter(|_| !request.starts_with("HEAD")) {
            body.resize(length.parse().expect("a number"), 0);
            self.0.read_exact(&mut body).await.expect("the body");
        } else if head.contains("transfer-encoding: chunked") {
            body = self.chunks().await;
        }
        (head, body)
    }

    async fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let mut size = String::new();
            self.0.read_line(&mut size).await.expect("a size");
            let size = usize::from_str_radix(size.trim(), 16).expect("a size");
            let mut chunk = vec![0; size + 2];
            self.0.read_exact(&mut chunk).await.expect("a chunk");
            if size == 0 {
                return body;
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }
}

async fn c_15_the_content_is_the_same_with_and_without_compression(app: TestApp) {
    let connected = app.connected().await;
    let path = format!("GET /directory_users?directory={}&limit=100", connected.directory);
    let mut line = Line::to(&app).await;
    let (head, plain) = line.ask(&app, &path, "").await;
    assert!(head.starts_with("http/1.1 200") && !head.contains("content-encoding"), "{head}");
    let (head, identity) = line.ask(&app, &path, "accept-encoding: identity\r\n").await;
    assert!(!head.contains("content-encoding"), "{head}");
    assert_eq!(plain, identity);
    let (head, packed) = line.ask(&app, &path, "accept-encoding: gzip, deflate, br\r\n").await;
    assert!(head.contains("content-type: application/json"), "{head}");
    let mut unpacked = packed.clone();
    if head.contains("content-encoding: gzip") {
        unpacked.clear();
        std::io::copy(&mut flate2::read::GzDecoder::new(&packed[..]), &mut unpacked).expect("gzip");
    } else {
        assert!(!head.contains("content-encoding"), "{head}");
    }
    assert_eq!(plain, unpacked);
}

async fn c_15_a_connection_takes_many_requests(app: TestApp) {
    let connected = app.connected().await;
    let path = format!("GET /directories/{}", connected.directory);
    let mut line = Line::to(&app).await;
    for round in 0..20 {
        // An error in between does not end it.
        let request = if round % 3 == 1 { "GET /directories/nobody" } else { &path };
        let (head, body) = line.ask(&app, request, "connection: keep-alive\r\n").await;
        let status = if round % 3 == 1 { "404" } else { "200" };
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
        assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
    }
}

async fn c_15_head_and_options_are_answered(app: TestApp) {
    let connected = app.connected().await;
    let mut line = Line::to(&app).await;
    for path in ["/directories".to_owned(), format!("/directories/{}", connected.directory)] {
        let (head, _) = line.ask(&app, &format!("HEAD {path}"), "").await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(head.contains("content-type: application/json"), "{head}");
        // The same connection goes on: no body came.
        let (head, body) = line.ask(&app, &format!("GET {path}"), "").await;
        assert!(head.starts_with("http/1.1 200") && !body.is_empty(), "{head}");
        let options = root(&app, Method::OPTIONS, &path).await;
        assert!([200, 204, 405].contains(&options.status), "{}", options.status);
        assert!(options.header("allow").contains("GET"), "{:?}", options.headers);
    }
}

async fn c_15_a_get_may_have_a_content_type(app: TestApp) {
    let connected = app.connected().await;
    let path = format!("/directories/{}", connected.directory);
    let plain = get(&app, &path).await;
    let url = format!("http://{}{path}", app.running.address);
    for content_type in ["application/json", "application/json; charset=utf-8", "text/plain"] {
        let request = app.client.get(&url).bearer_auth(app.key.reveal());
        let request = request.header("content-type", content_type);
        let answer = sent(request.header("accept", "application/json, text/plain, */*")).await;
        assert_eq!((answer.status, answer.text), (200, plain.text.clone()), "{content_type}");
    }
    // As the SDKs for Node delete: a content type and nothing behind it.
    let request = app.client.delete(&url).bearer_auth(app.key.reveal());
    let answer = sent(request.header("content-type", "application/json")).await;
    assert_eq!((answer.status, answer.body), (202, serde_json::json!({})));
}
