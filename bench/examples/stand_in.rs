//! A server that keeps nothing: it answers the routes that the bench uses and passes each event on.
//! Started as a worker it only stands there.
//!
//! It shows what the bench itself costs, and lets every scenario be tried without the product:
//! `posthaste-bench run --quick --server-bin target/debug/examples/stand_in`. With
//! `STAND_IN_LOSES=100` it loses every hundredth delivery, which a run has to notice.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::SystemTime;

use bench::wire::{Inbox, Message};
use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// Connections to each subscription's receiver.
const SENDERS: usize = 4;

/// A subscription's senders; events take them in turn.
type Lane = Vec<Sender<Waiting>>;

/// An event, and when it is due if that is not at once.
struct Waiting {
    body: Vec<u8>,
    due: Option<SystemTime>,
}

#[derive(Default)]
struct Shared {
    made: AtomicU64,
    sent: AtomicU64,
    loses: Option<u64>,
    /// By key: each subscription's senders.
    lanes: Mutex<HashMap<String, Vec<Lane>>>,
}

fn main() -> std::io::Result<()> {
    let variable = |wanted: &str| std::env::vars().find(|(name, _)| name == wanted);
    let (_, url) = variable("POSTHASTE_DATABASE_URL").unwrap_or_default();
    if let Some(file) = url.strip_prefix("sqlite://") {
        let path = file.split('?').next().map(PathBuf::from);
        std::fs::write(path.unwrap_or_default(), b"nothing is kept\n")?;
    }
    let loses = variable("STAND_IN_LOSES").and_then(|(_, every)| every.parse().ok());
    let shared = Arc::new(Shared { loses, ..Shared::default() });
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    println!("{}", json!({"fields": {"message": "listening", "address": address.to_string()}}));
    for stream in listener.incoming() {
        let (stream, shared) = (stream?, Arc::clone(&shared));
        // A connection that breaks ends its thread and nothing else.
        std::thread::spawn(move || drop(serve(stream, &shared)));
    }
    Ok(())
}

fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut inbox, mut scratch) = (Inbox::default(), vec![0; 64 * 1024]);
    loop {
        let read = stream.read(&mut scratch)?;
        if read == 0 {
            return Ok(());
        }
        let mut answers = Vec::new();
        inbox
            .take(&scratch[..read], |request| {
                let (status, body) = answer(&request, shared);
                let body = body.to_string();
                answers.extend(
                    format!("HTTP/1.1 {status} -\r\ncontent-length: {}\r\n\r\n{body}", body.len())
                        .into_bytes(),
                );
            })
            .map_err(std::io::Error::other)?;
        stream.write_all(&answers)?;
    }
}

fn answer(request: &Message<'_>, shared: &Shared) -> (u16, Value) {
    let head = String::from_utf8_lossy(request.head);
    let key = head
        .lines()
        .find_map(|line| line.split_once("Bearer ").map(|(_, key)| key.trim().to_owned()))
        .unwrap_or_default();
    let path = String::from_utf8_lossy(request.path()).into_owned();
    match path.trim_start_matches("/api/v1/webhooks") {
        "/readyz" => (200, json!({"status": "ready"})),
        "/tenants" => (201, json!({"id": format!("ten_{}", number(shared))})),
        "/subscriptions" => {
            let body: Value = serde_json::from_slice(request.body).unwrap_or_default();
            let url = body["url"].as_str().unwrap_or_default();
            let senders = (0..SENDERS).map(|_| sender(url)).collect();
            shared.lanes.lock().entry(key).or_default().push(senders);
            (201, json!({"id": format!("sub_{}", number(shared))}))
        }
        "/events" => {
            publish(request.body, &key, shared);
            (202, json!({"id": format!("evt_{}", number(shared)), "duplicate": false}))
        }
        "/events/batch" => {
            let batch: HashMap<String, Vec<Box<RawValue>>> =
                serde_json::from_slice(request.body).unwrap_or_default();
            let items =
                batch.get("events").into_iter().flatten().enumerate().map(|(index, event)| {
                    publish(event.get().as_bytes(), &key, shared);
                    json!({"index": index, "status": 202, "id": format!("evt_{}", number(shared))})
                });
            (202, json!({"data": items.collect::<Vec<_>>()}))
        }
        path if path.ends_with("/keys") => {
            (201, json!({"secret": format!("key_{}", number(shared))}))
        }
        path if path.starts_with("/deliveries?status=") => (200, json!({"data": []})),
        path if path.starts_with("/deliveries?") => (200, json!({"data": [{"id": "dlv_1"}]})),
        path if path.ends_with("/attempts") => {
            (200, json!({"data": [{"timing": {"queue_ms": 0}}]}))
        }
        _ => (404, json!({"code": "not_found"})),
    }
}

fn publish(event: &[u8], key: &str, shared: &Shared) {
    let fields: HashMap<String, &RawValue> = serde_json::from_slice(event).unwrap_or_default();
    let instant = fields.get("deliver_at").map(|instant| instant.get().trim_matches('"'));
    let due = instant.and_then(|instant| instant.parse::<DateTime<Utc>>().ok());
    let due = due.map(SystemTime::from);
    if let Some(lanes) = shared.lanes.lock().get(key) {
        for lane in lanes {
            let sent = shared.sent.fetch_add(1, Ordering::Relaxed);
            if shared.loses.is_some_and(|every| sent.is_multiple_of(every)) {
                continue;
            }
            // A sender ends only with its receiver; what was for it is lost, as it should be here.
            drop(lane[sent as usize % lane.len()].send(Waiting { body: event.to_vec(), due }));
        }
    }
}

/// A thread that posts to one url, one request at a time; what waits holds up what comes after it.
fn sender(url: &str) -> Sender<Waiting> {
    let (say, hear) = channel::<Waiting>();
    let (host, path) = url
        .trim_start_matches("http://")
        .split_once('/')
        .map_or((url.to_owned(), String::new()), |(host, path)| (host.to_owned(), path.to_owned()));
    std::thread::spawn(move || {
        let mut stream = TcpStream::connect(&host)?;
        stream.set_nodelay(true)?;
        let (mut inbox, mut scratch) = (Inbox::default(), vec![0; 4096]);
        while let Ok(Waiting { body, due }) = hear.recv() {
            let wait = due.and_then(|due| due.duration_since(SystemTime::now()).ok());
            std::thread::sleep(wait.unwrap_or_default());
            let mut request = format!(
                "POST /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\n\r\n",
                body.len()
            )
            .into_bytes();
            request.extend_from_slice(&body);
            stream.write_all(&request)?;
            let mut answered = false;
            while !answered {
                let read = stream.read(&mut scratch)?;
                if read == 0 {
                    return Ok(());
                }
                inbox.take(&scratch[..read], |_| answered = true).map_err(std::io::Error::other)?;
            }
        }
        std::io::Result::Ok(())
    });
    say
}

fn number(shared: &Shared) -> u64 {
    shared.made.fetch_add(1, Ordering::Relaxed)
}
