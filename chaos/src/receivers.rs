//! Receivers that note what arrives, and misbehave when told to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

/// How long an answer takes as a rule, and how long it takes a slow receiver.
const USUAL: Duration = Duration::from_millis(20);
const SLOW: Duration = Duration::from_secs(3);

/// How a receiver behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Usual,
    Slow,
    /// Reads the request and ends the connection.
    Cuts,
    /// Takes no connections.
    Away,
}

/// A request that was answered with 200.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Of the event.
    pub number: u64,
    pub delivery: String,
    /// When it was answered, since the start of the run.
    pub at: Duration,
}

/// A receiver on a port of its own.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    manner: watch::Sender<Manner>,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
    /// Held while it misbehaves.
    busy: tokio::sync::Mutex<()>,
}

impl Receiver {
    pub(crate) async fn start(start: Instant) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let manner = watch::Sender::new(Manner::Usual);
        let arrivals = Arc::default();
        let notes = Notes { arrivals: Arc::clone(&arrivals), start };
        tokio::spawn(listen(listener, address, manner.subscribe(), notes));
        Ok(Self { address, manner, arrivals, busy: tokio::sync::Mutex::default() })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Behaves otherwise for a while.
    pub(crate) async fn be(&self, manner: Manner, time: Duration) -> Result<()> {
        let _busy = self.busy.lock().await;
        self.manner.send_replace(manner);
        sleep(time).await;
        self.manner.send_replace(Manner::Usual);
        Ok(())
    }

    /// What has been answered so far.
    #[must_use]
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.arrivals.lock().clone()
    }
}

#[derive(Debug, Clone)]
struct Notes {
    arrivals: Arc<Mutex<Vec<Arrival>>>,
    start: Instant,
}

async fn listen(
    listener: TcpListener,
    address: SocketAddr,
    mut manner: watch::Receiver<Manner>,
    notes: Notes,
) {
    let mut listener = Some(listener);
    loop {
        let is_away = *manner.borrow_and_update() == Manner::Away;
        if is_away {
            listener = None;
            if manner.changed().await.is_err() {
                return;
            }
            continue;
        }
        let here = match listener.take() {
            Some(listener) => listener,
            None => match TcpListener::bind(address).await {
                Ok(listener) => listener,
                Err(_) => {
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        tokio::select! {
            changed = manner.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            accepted = here.accept() => {
                if let Ok((stream, _)) = accepted {
                    tokio::spawn(serve(stream, manner.clone(), notes.clone()));
                }
            }
        }
        listener = Some(here);
    }
}

/// Answers the requests of a connection until it ends; what is read is either answered or cut off.
async fn serve(stream: TcpStream, manner: watch::Receiver<Manner>, notes: Notes) {
    let mut stream = BufReader::new(stream);
    while let Some((number, delivery)) = read(&mut stream).await {
        let now = *manner.borrow();
        match now {
            Manner::Usual => sleep(USUAL).await,
            Manner::Slow => sleep(SLOW).await,
            Manner::Cuts | Manner::Away => return,
        }
        // Noted before it is written: once a byte is out, it may count as delivered.
        let at = notes.start.elapsed();
        notes.arrivals.lock().push(Arrival { number, delivery, at });
        if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.is_err() {
            return;
        }
    }
}

/// The event's number and the delivery's id of the next request; `None` at the connection's end.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<(u64, String)> {
    let (mut length, mut delivery, mut line) = (0, String::new(), String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().ok()?;
        } else if name.eq_ignore_ascii_case("x-pt-delivery") {
            delivery = value.to_owned();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let event: serde_json::Value = serde_json::from_slice(&body).ok()?;
    Some((event["data"]["number"].as_u64()?, delivery))
}
