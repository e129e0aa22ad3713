//! A Redis of one's own, to be emptied, stalled, stopped and started again.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub(crate) struct Server {
    port: u16,
    folder: TempDir,
    process: Option<Child>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("there is a free port").port();
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut server = Self { port, folder, process: None };
        server.start_again();
        server
    }

    /// Starts it with what was saved last.
    pub(crate) fn start_again(&mut self) {
        let process = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--save", "", "--bind", "127.0.0.1", "--dir"])
            .arg(self.folder.path())
            .stdout(Stdio::null())
            .spawn();
        self.process = Some(process.expect("redis-server is installed"));
        let start = Instant::now();
        while self.try_call::<String>(&["PING"]).is_err() {
            assert!(start.elapsed() < Duration::from_secs(10), "redis-server does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops it without saving anything.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ended = process.kill().and_then(|()| process.wait());
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn call(&self, command: &[&str]) -> String {
        self.try_call(command).expect("Redis is up")
    }

    /// Calls a command that answers with a number.
    pub(crate) fn call_number(&self, command: &[&str]) -> u64 {
        self.try_call(command).expect("Redis is up")
    }

    /// How often a command was called.
    pub(crate) fn calls_of(&self, command: &str) -> u64 {
        let stats = self.call(&["INFO", "commandstats"]);
        let line = stats.lines().find_map(|line| {
            line.strip_prefix("cmdstat_")?.strip_prefix(command)?.strip_prefix(":calls=")
        });
        line.and_then(|line| line.split(',').next()?.parse().ok()).unwrap_or(0)
    }

    fn try_call<T: redis::FromRedisValue>(&self, command: &[&str]) -> redis::RedisResult<T> {
        let mut connection = redis::Client::open(self.url())?.get_connection()?;
        let mut sent = redis::cmd(command[0]);
        for arg in &command[1..] {
            sent.arg(*arg);
        }
        sent.query(&mut connection)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
