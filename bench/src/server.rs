//! The server under test: a release binary in a directory of its own, in one process or in several.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use parking_lot::Mutex;
use serde_json::Value;
use servers::{Postgres, Redis, Stop};

use crate::api::Api;
use crate::proc::{self, Memory};

/// The operator key of every server that the bench starts.
const ADMIN_KEY: &str = "bench-operator-key-0000000000";
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// How long a server may take to listen and be ready.
const READY_WAIT: Duration = Duration::from_secs(30);

/// How long a server may take to stop when asked: its own grace and a little more.
const STOP_WAIT: Duration = Duration::from_secs(40);

/// Lines of the log kept for the case that something goes wrong.
const TAIL_LINES: usize = 20;

/// Which processes make up the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Deployment {
    /// One `posthaste serve` on SQLite.
    Embedded,
    /// `posthaste api` and `posthaste worker` on Postgres (`fsync` on) and Redis.
    Distributed,
}

impl Deployment {
    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Distributed => "distributed",
        }
    }
}

/// A running server, of one process or several; it is killed when dropped.
#[derive(Debug)]
pub struct Server {
    /// The one that listens first.
    processes: Vec<Process>,
    backing: Option<Backing>,
    api: Api,
    ready_ms: f64,
}

/// What a distributed server keeps its rows and its queue in.
#[derive(Debug)]
struct Backing {
    postgres: Postgres,
    redis: Redis,
    /// Bytes of the tables before anything was done.
    bytes_at_first: u64,
    runtime: tokio::runtime::Runtime,
}

impl Server {
    /// Starts a server on free ports with its database in `directory`, and waits until it is ready.
    ///
    /// # Errors
    /// When it does not start, listen or get ready in time; the end of its log is in the error.
    pub fn start(binary: &Path, directory: &Path, deployment: Deployment) -> Result<Self> {
        let backing = match deployment {
            Deployment::Embedded => None,
            Deployment::Distributed => Some(Backing::start(directory)?),
        };
        Self::start_on(binary, directory, backing)
    }

    /// Stops it, and starts it again on what it has stored.
    ///
    /// # Errors
    /// Those of stopping and of starting.
    pub fn restart(mut self, binary: &Path, directory: &Path) -> Result<Self> {
        self.stop_processes()?;
        let backing = self.backing.take();
        Self::start_on(binary, directory, backing)
    }

    fn start_on(binary: &Path, directory: &Path, backing: Option<Backing>) -> Result<Self> {
        let started = Instant::now();
        let binary = binary
            .canonicalize()
            .with_context(|| format!("no server at {}: run `make build`", binary.display()))?;
        let start = |role: &str| Process::start(&binary, role, directory, backing.as_ref());
        let processes = match &backing {
            None => vec![start("serve")?],
            Some(_) => vec![start("api")?, start("worker")?],
        };
        let api = Api::new(processes[0].address, ADMIN_KEY)?;
        let mut server = Self { processes, backing, api, ready_ms: 0.0 };
        for place in 0..server.processes.len() {
            let url = format!("http://{}", server.processes[place].address);
            while !server.api.is_ready_at(&url) {
                let process = &mut server.processes[place];
                if started.elapsed() > READY_WAIT || process.has_ended() {
                    bail!(process.told("the server did not get ready"));
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        server.ready_ms = started.elapsed().as_secs_f64() * 1e3;
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.processes[0].address
    }

    /// Its routes.
    #[must_use]
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// From the start of the process to the first good answer of `/readyz`, in milliseconds.
    #[must_use]
    pub fn ready_ms(&self) -> f64 {
        self.ready_ms
    }

    /// Seconds of processor time used so far, with those of database and queue.
    ///
    /// # Errors
    /// When something has ended.
    pub fn cpu_s(&self) -> Result<f64> {
        let mut used_s = 0.0;
        for process in &self.processes {
            used_s += proc::process_cpu_s(process.child.id()).context("the server has ended")?;
        }
        if let Some(Backing { postgres, redis, runtime, .. }) = &self.backing {
            used_s += proc::process_cpu_s(runtime.block_on(redis.pid())?)?;
            used_s += proc::family_cpu_s(postgres.pid()?)?;
        }
        Ok(used_s)
    }

    /// The memory of the largest of its processes; database and queue are others' programs.
    ///
    /// # Errors
    /// When the server has ended.
    pub fn memory(&self) -> Result<Memory> {
        let mut most = Memory { resident_mb: 0.0, peak_mb: 0.0 };
        for process in &self.processes {
            let memory =
                proc::process_memory(process.child.id()).context("the server has ended")?;
            most.resident_mb = most.resident_mb.max(memory.resident_mb);
            most.peak_mb = most.peak_mb.max(memory.peak_mb);
        }
        Ok(most)
    }

    /// Bytes that were stored since the start.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn database_bytes(&self, directory: &Path) -> Result<u64> {
        match &self.backing {
            None => sqlite_bytes(directory),
            Some(backing) => {
                // What is written is in the files after a shutdown, and the log is emptied.
                backing.runtime.block_on(backing.postgres.restart(Stop::Ask, Duration::ZERO))?;
                let bytes = bytes_below(&backing.postgres.tables())?;
                Ok(bytes.saturating_sub(backing.bytes_at_first))
            }
        }
    }

    /// Asks its processes to stop, and waits until they have.
    fn stop_processes(&mut self) -> Result<()> {
        for process in &mut self.processes {
            process.stop()?;
        }
        Ok(())
    }
}

impl Backing {
    fn start(directory: &Path) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let postgres = runtime.block_on(Postgres::start(directory))?;
        let redis = runtime.block_on(Redis::start(directory))?;
        let bytes_at_first = bytes_below(&postgres.tables())?;
        Ok(Self { postgres, redis, bytes_at_first, runtime })
    }
}

/// A process of the server; it is killed when dropped.
#[derive(Debug)]
struct Process {
    child: Child,
    address: SocketAddr,
    tail: Arc<Mutex<VecDeque<String>>>,
}

impl Process {
    fn start(
        binary: &Path,
        role: &str,
        directory: &Path,
        backing: Option<&Backing>,
    ) -> Result<Self> {
        let mut command = Command::new(binary);
        // What the caller's shell has set for another Posthaste must not shape the figures.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("POSTHASTE_") {
                command.env_remove(name);
            }
        }
        let database = match backing {
            None => format!("sqlite://{}?mode=rwc", database_path(directory).display()),
            Some(backing) => {
                command.env("POSTHASTE_REDIS_URL", backing.redis.url());
                command.env("POSTHASTE_MASTER_KEY", MASTER_KEY);
                backing.postgres.url()
            }
        };
        let mut child = command
            .args([role, "--dev"])
            .current_dir(directory)
            .env("POSTHASTE_LISTEN", "127.0.0.1:0")
            .env("POSTHASTE_ADMIN_KEY", ADMIN_KEY)
            .env("POSTHASTE_DATABASE_URL", database)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("starting the server")?;
        let (say, hear) = channel();
        let tail = Arc::new(Mutex::new(VecDeque::with_capacity(TAIL_LINES)));
        if let Some(out) = child.stdout.take() {
            follow(out, say.clone(), Arc::clone(&tail));
        }
        if let Some(err) = child.stderr.take() {
            follow(err, say, Arc::clone(&tail));
        }
        let address = hear.recv_timeout(READY_WAIT);
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let process = Self { child, address: address.unwrap_or(nowhere), tail };
        if address.is_err() {
            bail!(process.told("the server did not say where it listens"));
        }
        Ok(process)
    }

    /// What went wrong, with the end of the log.
    fn told(&self, what: &str) -> String {
        let lines: Vec<String> = self.tail.lock().iter().cloned().collect();
        format!("{what}; the end of its log:\n{}", lines.join("\n"))
    }

    fn stop(&mut self) -> Result<()> {
        // The standard library can only kill; the shell's builtin sends the polite signal.
        Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", self.child.id())])
            .status()
            .context("sending the signal to stop")?;
        let asked = Instant::now();
        while !self.has_ended() {
            if asked.elapsed() > STOP_WAIT {
                bail!("the server did not stop within {} s", STOP_WAIT.as_secs());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended by itself is fine too.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Bytes of all files in a directory and below it.
fn bytes_below(directory: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let found = entry.metadata()?;
        bytes += if found.is_dir() { bytes_below(&entry.path())? } else { found.len() };
    }
    Ok(bytes)
}

/// Bytes of the SQLite database in `directory`, with its write-ahead log.
fn sqlite_bytes(directory: &Path) -> Result<u64> {
    let database = database_path(directory);
    let bytes = std::fs::metadata(&database)
        .with_context(|| format!("no database at {}", database.display()))?
        .len();
    let mut log = database.into_os_string();
    log.push("-wal");
    // Without a log everything is in the file: nothing to add.
    Ok(bytes + std::fs::metadata(log).map_or(0, |log| log.len()))
}

fn database_path(directory: &Path) -> PathBuf {
    directory.join("bench.db")
}

/// Reads a stream of the server's to its end, so that it never blocks on a full pipe.
fn follow(
    stream: impl Read + Send + 'static,
    say: Sender<SocketAddr>,
    tail: Arc<Mutex<VecDeque<String>>>,
) {
    std::thread::spawn(move || {
        let mut lines = BufReader::with_capacity(256 * 1024, stream);
        let (mut line, mut waiting) = (Vec::new(), Some(say));
        while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if let Some(say) = &waiting
                && let Some(address) = listening_address(&text)
            {
                // Nobody listening any more means that the start was given up.
                let _ = say.send(address);
                waiting = None;
            }
            let mut tail = tail.lock();
            if tail.len() == TAIL_LINES {
                tail.pop_front();
            }
            tail.push_back(text);
            line.clear();
        }
    });
}

/// The address in a log line that says `listening`, be it JSON or text.
fn listening_address(line: &str) -> Option<SocketAddr> {
    if !line.contains("listening") {
        return None;
    }
    match serde_json::from_str(line) {
        Ok(json) => address_in(&json),
        Err(_) => line.split(|c: char| c.is_whitespace() || "=\"',".contains(c)).find_map(parse),
    }
}

/// The first string in a document that is an address; where loggers put their fields differs.
fn address_in(json: &Value) -> Option<SocketAddr> {
    match json {
        Value::String(text) => parse(text).or_else(|| text.split_whitespace().find_map(parse)),
        Value::Array(items) => items.iter().find_map(address_in),
        Value::Object(fields) => fields
            .get("address")
            .and_then(address_in)
            .or_else(|| fields.values().find_map(address_in)),
        _ => None,
    }
}

fn parse(text: &str) -> Option<SocketAddr> {
    let bare = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
    bare.parse().ok().filter(|address: &SocketAddr| address.port() != 0)
}

#[cfg(test)]
mod tests {
    use super::{Deployment, Server, listening_address};

    #[test]
    fn finds_the_address_wherever_a_logger_puts_it() {
        let expected = Some(([127, 0, 0, 1], 4077).into());
        for line in [
            r#"{"level":"INFO","fields":{"message":"listening","address":"127.0.0.1:4077"}}"#,
            r#"{"message":"listening","address":"http://127.0.0.1:4077"}"#,
            r#"{"fields":{"message":"listening on http://127.0.0.1:4077/"}}"#,
            "2026-01-21T12:00:00Z  INFO listening address=127.0.0.1:4077 mode=\"embedded\"",
        ] {
            assert_eq!(listening_address(line), expected, "{line}");
        }
        for line in [r#"{"address":"127.0.0.1:4077"}"#, "listening soon", "listening 127.0.0.1:0"] {
            assert_eq!(listening_address(line), None, "{line}");
        }
    }

    #[test]
    fn a_server_that_ends_at_once_is_an_error_and_not_a_long_wait() {
        let directory = tempfile::tempdir().expect("a directory");
        let error = Server::start("/bin/false".as_ref(), directory.path(), Deployment::Embedded)
            .expect_err("it ends");
        assert!(error.to_string().contains("did not say where it listens"), "{error}");
    }
}
