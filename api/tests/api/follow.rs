//! A stream of server-sent events, read as it comes.

use std::time::Duration;

use serde_json::Value;
use testkit::TestApp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One stream, and what has come of it so far.
pub(crate) struct Follower {
    socket: TcpStream,
    bytes: Vec<u8>,
}

/// An event of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) data: Value,
}

impl Follower {
    /// Opens a stream that must be granted, and waits until it has begun.
    pub(crate) async fn open(
        app: &TestApp,
        key: &str,
        query: &str,
        headers: &[(&str, &str)],
    ) -> Self {
        let address = app.base().trim_start_matches("http://");
        let mut socket = TcpStream::connect(address).await.expect("the server listens");
        let mut head = format!(
            "GET /api/v1/webhooks/stream{query} HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {key}\r\n"
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        socket.write_all(head.as_bytes()).await.expect("the server reads");
        let mut follower = Self { socket, bytes: Vec::new() };
        follower.read_until(|text| text.contains(": open\n\n")).await;
        let text = follower.text();
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
        assert!(text.contains("content-type: text/event-stream\r\n"), "{text}");
        follower
    }

    /// Waits for events until they are enough.
    pub(crate) async fn until(&mut self, enough: impl Fn(&[Told]) -> bool) -> Vec<Told> {
        self.read_until(|text| enough(&events(text))).await;
        events(&self.text())
    }

    /// Waits until the server ends the stream: a chunked body ends with an empty chunk.
    pub(crate) async fn ends(&mut self) {
        self.read_until(|text| text.ends_with("\r\n0\r\n\r\n")).await;
    }

    async fn read_until(&mut self, enough: impl Fn(&str) -> bool) {
        let read = async {
            while !enough(&self.text()) {
                let mut chunk = [0; 16 * 1024];
                let count = self.socket.read(&mut chunk).await.expect("the stream can be read");
                assert!(count > 0, "the stream ended: {}", self.text());
                self.bytes.extend_from_slice(&chunk[..count]);
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(30), read).await;
        assert!(in_time.is_ok(), "waited in vain: {}", self.text());
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// The events in what has come so far; the lines of chunks between them are none of theirs.
fn events(text: &str) -> Vec<Told> {
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    let named = text.split("\n\n").filter_map(|block| {
        let data = serde_json::from_str(&field(block, "data:")?).ok()?;
        let name = field(block, "event:")?;
        Some(Told { id: field(block, "id:").unwrap_or_default(), name, data })
    });
    named.collect()
}
