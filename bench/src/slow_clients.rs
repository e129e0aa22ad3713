//! Clients that hold on to their connections: idle ones that have had an answer, and some that send a request's
//! body a byte a second. One thread looks after them all, and opens anew what the server closes.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Each drips once in so long.
const DRIP_EVERY: Duration = Duration::from_secs(1);
/// Bytes that a dripping client announces: more than it ever sends.
const ANNOUNCED_BYTES: u32 = 100_000;
/// Files that the rest of the bench has open at most.
const FILES_BESIDE: u64 = 500;
/// How long the server may take to answer all who will be idle.
const OPEN_WAIT: Duration = Duration::from_secs(60);

/// Clients that hold on.
#[derive(Debug)]
pub struct SlowClients {
    stop: Arc<AtomicBool>,
    /// Connections that the server closed, and that were opened anew.
    reopened: Arc<AtomicU64>,
    handle: JoinHandle<Result<()>>,
}

/// Raises the limit of open files as far as the system lets this process, and gives it.
fn raise_open_files() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    (if raised { maximum } else { current }).unwrap_or(u64::MAX)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Idle,
    Dripping,
}

struct Client {
    stream: TcpStream,
    kind: Kind,
}

impl SlowClients {
    /// Opens so many connections to `target`; those that drip have a key that may post.
    ///
    /// # Errors
    /// When the server does not take them all.
    pub fn start(target: SocketAddr, key: &str, idle: u32, dripping: u32) -> Result<Self> {
        let files = raise_open_files();
        ensure!(
            files > u64::from(idle + dripping) + FILES_BESIDE,
            "only {files} files may be open at once (ulimit -Hn); {idle} idle and {dripping} dripping clients need more"
        );
        let kinds = std::iter::repeat_n(Kind::Idle, idle as usize)
            .chain(std::iter::repeat_n(Kind::Dripping, dripping as usize));
        let begun = Instant::now();
        let mut clients = Vec::new();
        for kind in kinds {
            let client = Client::open(target, key, kind)
                .with_context(|| format!("opening connection {}", clients.len() + 1))?;
            clients.push(client);
            ensure!(begun.elapsed() < OPEN_WAIT, "only {} connections by now", clients.len());
        }
        let (stop, reopened) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, count, key) = (stop.clone(), reopened.clone(), key.to_owned());
        let handle = std::thread::Builder::new()
            .name("slow clients".to_owned())
            .spawn(move || look_after(target, &key, clients, &stopped, &count))
            .context("starting the slow clients' thread")?;
        Ok(Self { stop, reopened, handle })
    }

    /// Closes them all, and tells how many the server closed before.
    ///
    /// # Errors
    /// When one could not be opened anew.
    pub fn stop(self) -> Result<u64> {
        self.stop.store(true, Ordering::Relaxed);
        self.handle.join().map_err(|_| anyhow!("the slow clients' thread panicked"))??;
        Ok(self.reopened.load(Ordering::Relaxed))
    }
}

fn look_after(
    target: SocketAddr,
    key: &str,
    mut clients: Vec<Client>,
    stop: &AtomicBool,
    reopened: &AtomicU64,
) -> Result<()> {
    // A tenth of them at a time, so that the server is not met by all at once.
    let share = clients.len().div_ceil(10).max(1);
    let mut next = 0;
    while !stop.load(Ordering::Relaxed) {
        for client in clients.iter_mut().skip(next).take(share) {
            if !client.holds_on() {
                *client = Client::open(target, key, client.kind).context("opening one anew")?;
                reopened.fetch_add(1, Ordering::Relaxed);
            }
        }
        next = if next + share < clients.len() { next + share } else { 0 };
        std::thread::sleep(DRIP_EVERY / 10);
    }
    Ok(())
}

impl Client {
    fn open(target: SocketAddr, key: &str, kind: Kind) -> Result<Self> {
        let mut stream = TcpStream::connect(target)?;
        match kind {
            Kind::Idle => {
                write!(stream, "GET /healthz HTTP/1.1\r\nhost: {target}\r\n\r\n")?;
                stream.set_read_timeout(Some(OPEN_WAIT))?;
                let read = stream.read(&mut [0; 4096])?;
                ensure!(read > 0, "closed without an answer");
            }
            Kind::Dripping => write!(
                stream,
                "POST /api/v1/webhooks/events HTTP/1.1\r\nhost: {target}\r\nauthorization: Bearer {key}\r\n\
                 content-type: application/json\r\ncontent-length: {ANNOUNCED_BYTES}\r\n\r\n{{"
            )?,
        }
        stream.set_nonblocking(true)?;
        Ok(Self { stream, kind })
    }

    /// Drips if it is one that does; false when the server has closed it, or has answered.
    fn holds_on(&mut self) -> bool {
        if self.kind == Kind::Dripping && self.stream.write_all(b" ").is_err() {
            return false;
        }
        let silent = self.stream.read(&mut [0; 512]);
        silent.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}
