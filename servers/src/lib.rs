//! Postgres and Redis of a run's own, in a folder of its own: to be stopped, killed, emptied and measured.

use std::ffi::OsStr;
use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio::time::sleep;

/// How long a server may take to start.
const START_WAIT: Duration = Duration::from_secs(60);

/// How something is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// As by a crash.
    Kill,
    /// By being asked to.
    Ask,
}

/// A Postgres with `fsync` on; it ends with this.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    data: PathBuf,
    port: u16,
    /// Postgres refuses to run as root; its package brings a user for it.
    has_own_user: bool,
    busy: Mutex<()>,
}

impl Postgres {
    /// Makes it in `folder`, with an empty database.
    ///
    /// # Errors
    /// When a program is missing, or the server does not do it in time.
    pub async fn start(folder: &Path) -> Result<Self> {
        let programs = postgres_programs()?;
        let (data, port) = (folder.join("postgres"), free_port()?);
        tokio::fs::create_dir(&data).await?;
        let has_own_user = is_root().await?;
        if has_own_user {
            run(Command::new("chown").arg("postgres").arg(&data)).await?;
            tokio::fs::set_permissions(folder, Permissions::from_mode(0o755)).await?;
        }
        let server = Self { programs, data, port, has_own_user, busy: Mutex::default() };
        let made = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "-D"];
        server
            .program("initdb", made.iter().map(OsStr::new).chain([server.data.as_os_str()]))
            .await?;
        server.begin().await?;
        Ok(server)
    }

    /// The address of its database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Stops it and starts it again after a while.
    ///
    /// # Errors
    /// When a program is missing, or the server does not do it in time.
    pub async fn restart(&self, stop: Stop, pause: Duration) -> Result<()> {
        let _busy = self.busy.lock().await;
        self.end(stop).await?;
        sleep(pause).await;
        self.begin().await
    }

    /// Stops it for good.
    ///
    /// # Errors
    /// When a program is missing, or the server does not do it in time.
    pub async fn end(&self, stop: Stop) -> Result<()> {
        let mode = match stop {
            Stop::Kill => "immediate",
            Stop::Ask => "fast",
        };
        let args = ["stop", "-w", "-s", "-m", mode, "-D"].map(OsStr::new);
        self.program("pg_ctl", args.into_iter().chain([self.data.as_os_str()])).await
    }

    /// The process that all its others descend from.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pid(&self) -> Result<u32> {
        let file = std::fs::read_to_string(self.data.join("postmaster.pid"))?;
        file.lines().next().and_then(|pid| pid.parse().ok()).context("postmaster.pid is strange")
    }

    /// Where its tables are.
    #[must_use]
    pub fn tables(&self) -> PathBuf {
        self.data.join("base")
    }

    /// Runs statements, separated by semicolons and as one transaction where their kind allows it.
    ///
    /// # Errors
    /// When a program is missing, or a statement fails; what is wrong is on standard error then.
    pub async fn execute(&self, statements: &str) -> Result<()> {
        // A client, which needs no user of its own and may be installed elsewhere than the server.
        let beside = self.programs.join("psql");
        let mut client =
            Command::new(if beside.exists() { beside.as_os_str() } else { OsStr::new("psql") });
        client.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", &self.url()]);
        client.args(["--command", statements]).stdin(Stdio::null()).stdout(Stdio::null());
        let ended = client.status().await.context("starting psql (comes with Postgres)")?;
        ensure!(ended.success(), "psql ended with {ended}");
        Ok(())
    }

    async fn begin(&self) -> Result<()> {
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c max_connections=200",
            self.port,
            self.data.display()
        );
        let log = self.data.join("log");
        let args = ["start", "-w", "-s", "-t", "60", "-o", &options, "-l"].map(OsStr::new);
        let rest = [log.as_os_str(), OsStr::new("-D"), self.data.as_os_str()];
        self.program("pg_ctl", args.into_iter().chain(rest)).await
    }

    async fn program<'a>(&self, name: &str, args: impl Iterator<Item = &'a OsStr>) -> Result<()> {
        let program = self.programs.join(name);
        let mut command = if self.has_own_user {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // From the root folder, since the user may have no access to the current one.
        run(command.current_dir("/").args(args)).await
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // To the process that all its others descend from: an immediate end. It may have ended before.
        if let Ok(pid) = self.pid() {
            drop(std::process::Command::new("kill").args(["-QUIT", &pid.to_string()]).status());
        }
    }
}

/// A Redis that saves nothing unless told to; it ends with this.
#[derive(Debug)]
pub struct Redis {
    folder: PathBuf,
    port: u16,
    process: Mutex<Child>,
}

impl Redis {
    /// Makes it in `folder`.
    ///
    /// # Errors
    /// When a program is missing, or the server does not do it in time.
    pub async fn start(folder: &Path) -> Result<Self> {
        let (folder, port) = (folder.join("redis"), free_port()?);
        tokio::fs::create_dir(&folder).await?;
        let process = begin_redis(&folder, port).await?;
        Ok(Self { folder, port, process: Mutex::new(process) })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        redis_url(self.port)
    }

    /// Its process.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn pid(&self) -> Result<u32> {
        self.process.lock().await.id().context("redis-server has ended")
    }

    /// Empties it.
    ///
    /// # Errors
    /// When a program is missing, or the server does not do it in time.
    pub async fn empty(&self) -> Result<()> {
        let _busy = self.process.lock().await;
        call(self.port, &["FLUSHALL"]).await
    }

    /// Bytes that it has allocated, without the buffers of those who call it.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn bytes(&self) -> Result<u64> {
        let mut connection = connect(self.port).await?;
        let text: String = redis::cmd("INFO").arg("memory").query_async(&mut connection).await?;
        let figure = |name: &str| -> Result<u64> {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            Ok(line.with_context(|| format!("Redis tells no {name}"))?.trim().parse()?)
        };
        Ok(figure("used_memory")?.saturating_sub(figure("mem_clients_normal")?))
    }

    /// Kills it and starts it empty after a while.
    ///
    /// # Errors
    /// When a program is missing, or the server does not do it in time.
    pub async fn restart_empty(&self, pause: Duration) -> Result<()> {
        let mut process = self.process.lock().await;
        process.kill().await?;
        sleep(pause).await;
        // Nothing is there when it has never saved anything.
        drop(tokio::fs::remove_file(self.folder.join("dump.rdb")).await);
        *process = begin_redis(&self.folder, self.port).await?;
        Ok(())
    }

    /// Has it save what it holds, lets it go on for a while, kills it, and starts it with what it saved.
    ///
    /// # Errors
    /// When a program is missing, or the server does not do it in time.
    pub async fn restart_set_back(&self, pause: Duration) -> Result<()> {
        self.save().await?;
        sleep(pause).await;
        self.restart_as_saved().await
    }

    /// Has it save what it holds.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn save(&self) -> Result<()> {
        let _busy = self.process.lock().await;
        call(self.port, &["SAVE"]).await
    }

    /// Kills it and starts it with what it has saved.
    ///
    /// # Errors
    /// When a program is missing, or the server does not do it in time.
    pub async fn restart_as_saved(&self) -> Result<()> {
        let mut process = self.process.lock().await;
        process.kill().await?;
        *process = begin_redis(&self.folder, self.port).await?;
        Ok(())
    }

    /// The names of all that it holds.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn keys(&self) -> Result<Vec<Vec<u8>>> {
        let mut connection = connect(self.port).await?;
        Ok(redis::cmd("KEYS").arg("*").query_async(&mut connection).await?)
    }

    /// Lets it answer nobody for a while.
    ///
    /// # Errors
    /// When a program is missing, or the server does not do it in time.
    pub async fn stall(&self, time: Duration) -> Result<()> {
        let process = self.process.lock().await;
        signal(&process, "STOP").await?;
        sleep(time).await;
        signal(&process, "CONT").await
    }
}

/// Sends a signal (`TERM`, `STOP`, …) to a process that is there.
///
/// # Errors
/// When it has ended.
pub async fn signal(process: &Child, name: &str) -> Result<()> {
    let pid = process.id().context("the process has ended")?;
    run(Command::new("kill").arg(format!("-{name}")).arg(pid.to_string())).await
}

/// A port that is free now.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

async fn begin_redis(folder: &Path, port: u16) -> Result<Child> {
    let mut process = Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(["--port", &port.to_string(), "--dir"])
        .arg(folder)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("starting redis-server (Debian package redis-server)")?;
    let begun = Instant::now();
    while call(port, &["PING"]).await.is_err() {
        ensure!(process.try_wait()?.is_none(), "redis-server has ended");
        ensure!(begun.elapsed() < START_WAIT, "redis-server does not start");
        sleep(Duration::from_millis(10)).await;
    }
    Ok(process)
}

async fn connect(port: u16) -> Result<redis::aio::MultiplexedConnection> {
    Ok(redis::Client::open(redis_url(port))?.get_multiplexed_async_connection().await?)
}

async fn call(port: u16, command: &[&str]) -> Result<()> {
    let mut connection = connect(port).await?;
    let mut sent = redis::cmd(command[0]);
    sent.arg(&command[1..]);
    Ok(sent.exec_async(&mut connection).await?)
}

fn redis_url(port: u16) -> String {
    format!("redis://127.0.0.1:{port}/")
}

/// Debian keeps the server's programs, one folder per version, out of the path.
fn postgres_programs() -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    #[expect(clippy::disallowed_methods, reason = "where the machine's programs are")]
    let path = std::env::var("PATH").unwrap_or_default();
    folders.sort();
    folders.extend(std::env::split_paths(&path));
    match folders.into_iter().rfind(|folder| folder.join("initdb").exists()) {
        Some(folder) => Ok(folder),
        None => bail!("found no initdb: install Postgres (Debian package postgresql)"),
    }
}

async fn is_root() -> Result<bool> {
    let id = Command::new("id").arg("-u").output().await?;
    Ok(id.stdout.trim_ascii() == b"0")
}

async fn run(command: &mut Command) -> Result<()> {
    let ended = command.stdin(Stdio::null()).stdout(Stdio::null()).status().await;
    let ended = ended.with_context(|| format!("starting {:?}", command.as_std().get_program()))?;
    ensure!(ended.success(), "{:?} ended with {ended}", command.as_std());
    Ok(())
}
