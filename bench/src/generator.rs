//! The producer's side: one thread that posts events, either as fast as answers come or at a fixed rate.
//!
//! A closed loop keeps a number of connections busy and so finds the most that a server takes. An open
//! loop sends by the clock, on a new connection when all are busy: a server that stalls is charged for
//! every event that real producers would have gone on posting.

mod connection;
mod driver;
mod sent;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};

pub use self::sent::Sent;
use crate::clock::Clock;
use crate::proc::ThreadId;

/// Makes the requests that a generator sends.
pub trait Requests {
    /// How many events one request carries.
    fn events_per_request(&self) -> u32;

    /// Appends one whole request, whose events are numbered from `first_seq` on.
    fn write(&mut self, first_seq: u32, out: &mut Vec<u8>);
}

/// When the next request goes out.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// When one of so many connections has its answer.
    Closed {
        /// Requests in flight, each on a connection of its own.
        connections: usize,
    },
    /// By the clock.
    Open {
        /// Requests per second.
        per_second: f64,
    },
}

/// What is to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Where the server listens.
    pub target: SocketAddr,
    /// When requests go out.
    pub pace: Pace,
    /// The first event's number; those of one receiver's runs must not overlap.
    pub first_seq: u32,
    /// Ends after so long at the latest.
    pub duration: Duration,
    /// Ends after so many requests, if that comes first.
    pub requests_max: Option<u64>,
}

/// A generator at work.
#[derive(Debug)]
pub struct Running {
    thread: ThreadId,
    stop: Arc<AtomicBool>,
    handle: JoinHandle<Result<Sent>>,
}

/// Starts a generator on a thread of its own.
///
/// # Errors
/// When the machine gives no thread.
pub fn start<R: Requests + Send + 'static>(
    load: Load,
    requests: R,
    clock: Clock,
) -> Result<Running> {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let (say, hear) = std::sync::mpsc::channel();
    let handle = std::thread::Builder::new()
        .name("generator".to_owned())
        .spawn(move || {
            say.send(ThreadId::current()).map_err(|_| anyhow!("nobody waits for the generator"))?;
            driver::Driver::new(load, requests, clock, stopped)?.run()
        })
        .context("starting the generator's thread")?;
    let thread = hear.recv().context("the generator's thread did not start")??;
    Ok(Running { thread, stop, handle })
}

impl Running {
    /// The thread, for its processor time.
    #[must_use]
    pub fn thread(&self) -> &ThreadId {
        &self.thread
    }

    /// Sends nothing more and waits for the outstanding answers.
    ///
    /// # Errors
    /// When the server could not be reached.
    pub fn stop(self) -> Result<Sent> {
        self.stop.store(true, Ordering::Relaxed);
        self.finish()
    }

    /// Waits until everything is sent and answered.
    ///
    /// # Errors
    /// When the server could not be reached.
    pub fn finish(self) -> Result<Sent> {
        self.handle.join().map_err(|_| anyhow!("the generator's thread panicked"))?
    }
}
