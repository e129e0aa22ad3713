//! The subscriber's side: takes deliveries as fast as one thread can and notes when each arrived.
//!
//! One thread, one epoll, no allocation per request. It reads a request just far enough to know its
//! length, its lane (the number at the end of the path) and its event's number, and answers at once or
//! as [`Answer`] says. Arrivals are facts only; what they mean is worked out after the run.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use parking_lot::Mutex;

use crate::clock::{Clock, duration_ns};
use crate::payload::seq_of;
use crate::proc::ThreadId;
use crate::wire::Inbox;

const LISTENER: Token = Token(usize::MAX - 1);
const STOP: Token = Token(usize::MAX - 2);

/// How a receiver answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// `200` at once.
    Ok,
    /// `200` after so long.
    OkAfter(Duration),
    /// `503` with `Retry-After: 3600`, at once.
    BusyForAnHour,
    /// `500`, at once.
    ServerError,
    /// `500` to each of so many requests, `200` to the others, at once.
    FailsEvery(u32),
}

/// One request that arrived whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// The number in the event's data; requests without one are counted as foreign instead.
    pub seq: u32,
    /// The number at the end of the path: which subscription of its tenant this is.
    pub lane: u16,
    /// When it was whole, by the bench's clock.
    pub at_ns: u64,
}

/// A running receiver; it ends when dropped.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: ThreadId,
    stop: Waker,
    handle: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    arrivals: Mutex<Vec<Arrival>>,
    arrived: AtomicU64,
    foreign: AtomicU64,
}

impl Receiver {
    /// Listens on a free port of the loopback address.
    ///
    /// # Errors
    /// When the machine gives no socket or thread.
    pub fn start(answer: Answer, clock: Clock) -> Result<Self> {
        let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .context("opening the receiver's port")?;
        let address = listener.local_addr().context("reading the receiver's port")?;
        let poll = Poll::new().context("making the receiver's epoll")?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)
            .context("watching the receiver's port")?;
        let stop = Waker::new(poll.registry(), STOP).context("making the receiver's stop")?;
        let shared = Arc::new(Shared::default());
        let (say, hear) = std::sync::mpsc::channel();
        let loop_ = Loop {
            poll,
            listener,
            answer,
            clock,
            shared: Arc::clone(&shared),
            peers: Vec::new(),
            free: Vec::new(),
            held: VecDeque::new(),
            fresh: Vec::new(),
            answered: 0,
        };
        let handle = std::thread::Builder::new()
            .name("receiver".to_owned())
            .spawn(move || {
                // The other side waits for this before anything else can happen.
                if say.send(ThreadId::current()).is_ok() {
                    loop_.run();
                }
            })
            .context("starting the receiver's thread")?;
        let thread = hear.recv().context("the receiver's thread did not start")??;
        Ok(Self { address, shared, thread, stop, handle: Some(handle) })
    }

    /// The url of one of its lanes.
    #[must_use]
    pub fn url(&self, lane: u16) -> String {
        format!("http://{}/r/{lane}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The thread, for its processor time.
    #[must_use]
    pub fn thread(&self) -> &ThreadId {
        &self.thread
    }

    /// How many numbered requests have arrived, repeats included.
    #[must_use]
    pub fn arrived(&self) -> u64 {
        self.shared.arrived.load(Ordering::Relaxed)
    }

    /// Requests without an event's number: there should be none.
    #[must_use]
    pub fn foreign(&self) -> u64 {
        self.shared.foreign.load(Ordering::Relaxed)
    }

    /// A copy of everything that has arrived so far.
    #[must_use]
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.shared.arrivals.lock().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // A thread that can't be woken is left behind: the process is about to end anyway.
        if self.stop.wake().is_ok()
            && let Some(handle) = self.handle.take()
        {
            drop(handle.join());
        }
    }
}

/// The receiver's thread.
struct Loop {
    poll: Poll,
    listener: TcpListener,
    answer: Answer,
    clock: Clock,
    shared: Arc<Shared>,
    peers: Vec<Option<Peer>>,
    free: Vec<usize>,
    /// Answers that wait; the delay is the same for all, so they fall due in the order of arrival.
    held: VecDeque<Held>,
    /// Arrivals of one wake-up, handed over together.
    fresh: Vec<Arrival>,
    /// How many requests were answered at once.
    answered: u32,
}

struct Peer {
    stream: TcpStream,
    inbox: Inbox,
    /// Tells a connection from an earlier one in the same place.
    opened_ns: u64,
}

struct Held {
    due_ns: u64,
    place: usize,
    opened_ns: u64,
}

impl Loop {
    fn run(mut self) {
        let mut events = Events::with_capacity(1024);
        let mut scratch = vec![0; 64 * 1024];
        loop {
            let wait = self
                .held
                .front()
                .map(|held| Duration::from_nanos(held.due_ns.saturating_sub(self.clock.now_ns())));
            match self.poll.poll(&mut events, wait) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return,
                Ok(()) => {}
            }
            for event in &events {
                match event.token() {
                    STOP => return,
                    LISTENER => self.accept(),
                    Token(place) => self.read(place, &mut scratch),
                }
            }
            self.answer_what_is_due();
            if !self.fresh.is_empty() {
                let count = self.fresh.len() as u64;
                self.shared.arrivals.lock().append(&mut self.fresh);
                self.shared.arrived.fetch_add(count, Ordering::Relaxed);
            }
        }
    }

    fn accept(&mut self) {
        // Ends with "would block", or with an error that the next connection will meet again.
        while let Ok((mut stream, _)) = self.listener.accept() {
            let place = self.free.pop().unwrap_or_else(|| {
                self.peers.push(None);
                self.peers.len() - 1
            });
            let ready = stream.set_nodelay(true).and_then(|()| {
                self.poll.registry().register(&mut stream, Token(place), Interest::READABLE)
            });
            if ready.is_ok() {
                let opened_ns = self.clock.now_ns();
                self.peers[place] = Some(Peer { stream, inbox: Inbox::default(), opened_ns });
            } else {
                self.free.push(place);
            }
        }
    }

    fn read(&mut self, place: usize, scratch: &mut [u8]) {
        let Some(peer) = self.peers.get_mut(place).and_then(Option::as_mut) else {
            return;
        };
        loop {
            let read = match peer.stream.read(scratch) {
                Ok(0) => return self.close(place),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return self.close(place),
            };
            let mut answers = 0;
            let taken = peer.inbox.take(&scratch[..read], |message| {
                answers += 1;
                match seq_of(message.body) {
                    Some(seq) => self.fresh.push(Arrival {
                        seq,
                        lane: lane_of(message.path()),
                        at_ns: self.clock.now_ns(),
                    }),
                    None => {
                        self.shared.foreign.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
            if taken.is_err() {
                return self.close(place);
            }
            for _ in 0..answers {
                if let Answer::OkAfter(delay) = self.answer {
                    let due_ns = self.clock.now_ns() + duration_ns(delay);
                    self.held.push_back(Held { due_ns, place, opened_ns: peer.opened_ns });
                    continue;
                }
                self.answered = self.answered.wrapping_add(1);
                let answer = match self.answer {
                    Answer::FailsEvery(count) if self.answered.is_multiple_of(count) => {
                        Answer::ServerError
                    }
                    Answer::FailsEvery(_) => Answer::Ok,
                    answer => answer,
                };
                if !send(&mut peer.stream, answer) {
                    return self.close(place);
                }
            }
            // A read that did not fill the buffer has emptied the socket: a later byte is a new edge.
            if read < scratch.len() {
                return;
            }
        }
    }

    fn answer_what_is_due(&mut self) {
        while let Some(held) = self.held.front()
            && held.due_ns <= self.clock.now_ns()
        {
            let (place, opened_ns) = (held.place, held.opened_ns);
            self.held.pop_front();
            let peer = self.peers[place].as_mut().filter(|peer| peer.opened_ns == opened_ns);
            if let Some(peer) = peer
                && !send(&mut peer.stream, self.answer)
            {
                self.close(place);
            }
        }
    }

    fn close(&mut self, place: usize) {
        if self.peers[place].take().is_some() {
            self.free.push(place);
        }
    }
}

/// Writes an answer; it is so short that one that does not fit means a broken peer.
fn send(stream: &mut TcpStream, answer: Answer) -> bool {
    let bytes: &[u8] = match answer {
        Answer::Ok | Answer::OkAfter(_) | Answer::FailsEvery(_) => {
            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
        }
        Answer::BusyForAnHour => {
            b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n"
        }
        Answer::ServerError => b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
    };
    matches!(stream.write(bytes), Ok(written) if written == bytes.len())
}

/// The number behind the last slash; 0 when there is none.
fn lane_of(path: &[u8]) -> u16 {
    let digits = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}
