//! A gate between an SDK and the gateway: each request waits until the test lets it through, so
//! that something can happen between two pages. It notes what the SDK asked for.

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use crate::support::TestApp;

/// Where an SDK finds the gateway behind the gate.
pub struct Gate {
    pub base: String,
    waiting: mpsc::UnboundedReceiver<Waiting>,
}

/// A request that waits: its path and query, and the way through.
pub struct Waiting {
    pub path: String,
    open: oneshot::Sender<()>,
}

impl Waiting {
    /// Lets it through.
    pub fn go(self) {
        let _ = self.open.send(());
    }
}

impl Gate {
    /// A gate on a port of its own, before this gateway.
    pub async fn before(app: &TestApp) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, waiting) = mpsc::unbounded_channel();
        let (gateway, client) = (app.running.address, app.client.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (sender, client) = (sender.clone(), client.clone());
                tokio::spawn(async move {
                    let to = format!("http://{gateway}");
                    let _ = pass(stream, &to, &client, &sender).await;
                });
            }
        });
        Self { base, waiting }
    }

    /// The next request.
    pub async fn next(&mut self) -> Waiting {
        self.waiting.recv().await.expect("the gate stands")
    }
}

/// Passes one GET on and closes; none of the SDKs minds.
async fn pass(
    stream: TcpStream,
    to: &str,
    client: &reqwest::Client,
    waiting: &mpsc::UnboundedSender<Waiting>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_until(b'\n', &mut head).await? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&head);
    let path = head.split(' ').nth(1).expect("a path").to_owned();
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    let bearer = headers.filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let bearer = bearer.map(|(_, value)| value.to_owned()).next().unwrap_or_default();
    let (open, opened) = oneshot::channel();
    if waiting.send(Waiting { path: path.clone(), open }).is_err() || opened.await.is_err() {
        return Ok(());
    }
    let answer = client.get(format!("{to}{path}")).header("authorization", bearer).send().await;
    let answer = answer.expect("the gateway answers");
    let status = answer.status();
    let body = answer.bytes().await.expect("a body");
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body).await?;
    stream.flush().await
}
