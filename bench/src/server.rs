//! The server under test: a release binary in a directory of its own, in one process or in several.

mod process;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use servers::{Postgres, Redis, Stop};

use self::process::Process;
use crate::api::Api;
use crate::proc::{self, Memory};

/// The operator key of every server that the bench starts.
const ADMIN_KEY: &str = "bench-operator-key-0000000000";

/// How long a server may take to listen and be ready.
const READY_WAIT: Duration = Duration::from_secs(30);

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
    /// Processes beside the first.
    workers: usize,
    backing: Option<Backing>,
    api: Api,
    ready_ms: f64,
}

/// A stopped server's database, for rows that its routes would take an hour to make.
#[derive(Debug)]
pub enum Database<'a> {
    /// The file.
    Sqlite(PathBuf),
    /// The server, which is up.
    Postgres {
        /// Where.
        server: &'a Postgres,
        /// What waits for it.
        runtime: &'a tokio::runtime::Runtime,
    },
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
    /// An embedded one is a single process, whatever `workers` says.
    ///
    /// # Errors
    /// When it does not start, listen or get ready in time; the end of its log is in the error.
    pub fn start(
        binary: &Path,
        directory: &Path,
        deployment: Deployment,
        workers: usize,
    ) -> Result<Self> {
        let backing = match deployment {
            Deployment::Embedded => None,
            Deployment::Distributed => Some(Backing::start(directory)?),
        };
        Self::start_on(binary, directory, backing, workers)
    }

    /// Stops it, and starts it again on what it has stored.
    ///
    /// # Errors
    /// Those of stopping and of starting.
    pub fn restart(self, binary: &Path, directory: &Path) -> Result<Self> {
        self.restart_after(binary, directory, |_| Ok(()))
    }

    /// Kills all its processes, and starts it again on what it has stored.
    ///
    /// # Errors
    /// Those of starting.
    pub fn crash(mut self, binary: &Path, directory: &Path) -> Result<Self> {
        // A process that is dropped is killed.
        self.processes.clear();
        let backing = self.backing.take();
        Self::start_on(binary, directory, backing, self.workers)
    }

    /// Stops it, has its database changed, and starts it again.
    ///
    /// # Errors
    /// Those of stopping, of the change and of starting.
    pub fn restart_after(
        mut self,
        binary: &Path,
        directory: &Path,
        change: impl FnOnce(&Database<'_>) -> Result<()>,
    ) -> Result<Self> {
        self.stop_processes()?;
        let backing = self.backing.take();
        match &backing {
            None => change(&Database::Sqlite(database_path(directory)))?,
            Some(Backing { postgres, runtime, .. }) => {
                change(&Database::Postgres { server: postgres, runtime })?;
            }
        }
        Self::start_on(binary, directory, backing, self.workers)
    }

    fn start_on(
        binary: &Path,
        directory: &Path,
        backing: Option<Backing>,
        workers: usize,
    ) -> Result<Self> {
        let started = Instant::now();
        let binary = binary
            .canonicalize()
            .with_context(|| format!("no server at {}: run `make build`", binary.display()))?;
        let start = |role: &str| Process::start(&binary, role, directory, backing.as_ref());
        let processes = if backing.is_none() {
            vec![start("serve")?]
        } else {
            let workers = (0..workers).map(|_| start("worker"));
            std::iter::once(start("api")).chain(workers).collect::<Result<_>>()?
        };
        let api = Api::new(processes[0].address, ADMIN_KEY)?;
        let mut server = Self { processes, workers, backing, api, ready_ms: 0.0 };
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
            used_s += proc::process_cpu_s(process.pid()).context("the server has ended")?;
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
            let memory = proc::process_memory(process.pid()).context("the server has ended")?;
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

    /// Bytes that the queue's Redis holds, without its buffers for clients.
    ///
    /// # Errors
    /// When there is none.
    pub fn redis_bytes(&self) -> Result<f64> {
        let Backing { redis, runtime, .. } = self.backing()?;
        Ok(runtime.block_on(redis.bytes())? as f64)
    }

    /// Empties the queue's Redis.
    ///
    /// # Errors
    /// When there is none.
    pub fn empty_redis(&self) -> Result<()> {
        let Backing { redis, runtime, .. } = self.backing()?;
        runtime.block_on(redis.empty())
    }

    /// Kills the last of its workers, as a crash would.
    ///
    /// # Errors
    /// When there is none beside the process that listens.
    pub fn kill_worker(&mut self) -> Result<()> {
        ensure!(self.processes.len() > 1, "there is no worker by itself");
        // A process that is dropped is killed.
        drop(self.processes.pop());
        Ok(())
    }

    fn backing(&self) -> Result<&Backing> {
        self.backing.as_ref().context("there is no Redis beside an embedded server")
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

#[cfg(test)]
mod tests {
    use super::{Deployment, Server};

    #[test]
    fn a_server_that_ends_at_once_is_an_error_and_not_a_long_wait() {
        let directory = tempfile::tempdir().expect("a directory");
        let error = Server::start("/bin/false".as_ref(), directory.path(), Deployment::Embedded, 1)
            .expect_err("it ends");
        assert!(error.to_string().contains("did not say where it listens"), "{error}");
    }
}
