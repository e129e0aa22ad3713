//! The generator's thread: which request goes out when, and what became of it.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use mio::{Events, Poll, Token};

use super::connection::Connection;
use super::sent::Sent;
use super::{Load, Pace, Requests};
use crate::clock::{Clock, duration_ns};

/// The most connections that an open loop opens; a server this far behind has failed the run already.
const CONNECTIONS_MAX: usize = 2_000;

/// Connections that may break before the run is given up: more is a server that is gone.
const BREAKS_MAX: u32 = 1_000;

/// How long outstanding answers are waited for after the last request.
const ANSWERS_WAIT: Duration = Duration::from_secs(20);

/// Sends a [`Load`].
pub(super) struct Driver<R> {
    poll: Poll,
    load: Load,
    requests: R,
    clock: Clock,
    stop: Arc<AtomicBool>,
    connections: Vec<Connection>,
    idle: Vec<usize>,
    in_flight: usize,
    breaks: u32,
    requests_sent: u64,
    end_ns: u64,
    scratch: Vec<u8>,
    sent: Sent,
}

impl<R: Requests> Driver<R> {
    pub(super) fn new(
        load: Load,
        requests: R,
        clock: Clock,
        stop: Arc<AtomicBool>,
    ) -> Result<Self> {
        Ok(Self {
            poll: Poll::new().context("making the generator's epoll")?,
            load,
            requests,
            clock,
            stop,
            connections: Vec::new(),
            idle: Vec::new(),
            in_flight: 0,
            breaks: 0,
            requests_sent: 0,
            end_ns: clock.now_ns() + duration_ns(load.duration),
            scratch: vec![0; 64 * 1024],
            sent: Sent { first_seq: load.first_seq, ..Sent::default() },
        })
    }

    pub(super) fn run(mut self) -> Result<Sent> {
        let mut events = Events::with_capacity(1024);
        match self.load.pace {
            Pace::Closed { connections } => self.closed(connections, &mut events)?,
            Pace::Open { per_second } => self.open(per_second, &mut events)?,
        }
        let give_up_ns = self.clock.now_ns() + duration_ns(ANSWERS_WAIT);
        while self.in_flight > 0 && self.clock.now_ns() < give_up_ns {
            self.poll(&mut events, Duration::from_millis(50))?;
        }
        let per_request = u64::from(self.requests.events_per_request());
        self.sent.unanswered += self.in_flight as u64 * per_request;
        Ok(self.sent)
    }

    fn closed(&mut self, connections: usize, events: &mut Events) -> Result<()> {
        for _ in 0..connections {
            self.connect()?;
        }
        while self.may_send() {
            while self.may_send()
                && let Some(index) = self.idle.pop()
            {
                self.send(index, self.clock.now_ns())?;
            }
            self.poll(events, Duration::from_millis(50))?;
        }
        Ok(())
    }

    fn open(&mut self, per_second: f64, events: &mut Events) -> Result<()> {
        let start_ns = self.clock.now_ns();
        let due_ns = |request: u64| start_ns + (request as f64 * 1e9 / per_second) as u64;
        while self.may_send() {
            while self.may_send() && due_ns(self.requests_sent) <= self.clock.now_ns() {
                if self.idle.is_empty() && self.connections.len() < CONNECTIONS_MAX {
                    self.connect()?;
                }
                let Some(index) = self.idle.pop() else {
                    break;
                };
                let due_ns = due_ns(self.requests_sent);
                let now_ns = self.clock.now_ns();
                self.sent.late_ns.push(now_ns - due_ns);
                // Held up for want of a connection is the server's doing: counted from the due time.
                let held_up = self.idle.is_empty() && self.connections.len() == CONNECTIONS_MAX;
                self.send(index, if held_up { due_ns } else { now_ns })?;
            }
            self.poll(events, Duration::ZERO)?;
            // Epoll waits whole milliseconds, which would be a tenth of what is measured; sleep is finer.
            let wait_ns = due_ns(self.requests_sent).saturating_sub(self.clock.now_ns());
            std::thread::sleep(Duration::from_nanos(wait_ns.min(5_000_000)));
        }
        Ok(())
    }

    fn may_send(&self) -> bool {
        let more = self.load.requests_max.is_none_or(|most| self.requests_sent < most);
        more && self.clock.now_ns() < self.end_ns && !self.stop.load(Ordering::Relaxed)
    }

    fn connect(&mut self) -> Result<()> {
        let index = self.connections.len();
        let connection = Connection::open(self.load.target, Token(index), self.poll.registry())
            .with_context(|| format!("connecting to {}", self.load.target))?;
        self.connections.push(connection);
        self.idle.push(index);
        Ok(())
    }

    fn send(&mut self, index: usize, at_ns: u64) -> Result<()> {
        let events = self.requests.events_per_request();
        let seq = self.sent.end_seq();
        let connection = &mut self.connections[index];
        self.requests.write(seq, connection.request());
        let count = self.sent.at_ns.len() + events as usize;
        self.sent.at_ns.resize(count, at_ns);
        self.sent.accepted.resize(count, false);
        connection.in_flight = Some(seq);
        self.in_flight += 1;
        self.requests_sent += 1;
        if connection.flush().is_err() {
            self.reopen(index)?;
        }
        Ok(())
    }

    fn poll(&mut self, events: &mut Events, wait: Duration) -> Result<()> {
        match self.poll.poll(events, Some(wait)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            other => other.context("waiting for answers")?,
        }
        for event in &*events {
            let Token(index) = event.token();
            let writable = event.is_writable();
            if event.is_readable() && !self.read(index)
                || writable && self.connections[index].flush().is_err()
            {
                self.reopen(index)?;
            }
        }
        Ok(())
    }

    /// Takes the answers on a connection; false when it is of no more use.
    fn read(&mut self, index: usize) -> bool {
        let events = self.requests.events_per_request();
        let connection = &mut self.connections[index];
        let mut waiting = connection.in_flight;
        let read = connection.read(&mut self.scratch, |answer| {
            if let Some(seq) = waiting.take() {
                self.sent.answered(seq, events, answer.status(), answer.body);
            }
        });
        if waiting.is_none() && connection.in_flight.take().is_some() {
            self.in_flight -= 1;
            if read.is_ok() {
                self.idle.push(index);
            }
        }
        read.is_ok()
    }

    /// Replaces a broken connection; what was on it stays unanswered.
    fn reopen(&mut self, index: usize) -> Result<()> {
        self.breaks += 1;
        ensure!(self.breaks <= BREAKS_MAX, "the server has broken {BREAKS_MAX} connections");
        self.idle.retain(|idle| *idle != index);
        if self.connections[index].in_flight.is_some() {
            self.in_flight -= 1;
            self.sent.unanswered += u64::from(self.requests.events_per_request());
        }
        self.connections[index] =
            Connection::open(self.load.target, Token(index), self.poll.registry())
                .with_context(|| format!("connecting to {} again", self.load.target))?;
        self.idle.push(index);
        Ok(())
    }
}
