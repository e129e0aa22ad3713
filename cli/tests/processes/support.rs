//! The program as a process of its own, to be killed and started again.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use testkit::{Client, PATIENCE};

pub(crate) const OPERATOR_KEY: &str = "operator-key-of-the-tests";

/// A running process; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) base: String,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts `posthaste serve` on the folder's database and the port, and waits until it listens.
    pub(crate) fn start(folder: &Path, port: u16) -> Self {
        Self::start_as("serve", folder, port, &[])
    }

    /// Starts `posthaste` in a role, with more variables.
    pub(crate) fn start_as(
        role: &str,
        folder: &Path,
        port: u16,
        variables: &[(&str, &str)],
    ) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_posthaste"))
            .current_dir(folder)
            .args([role, "--dev"])
            .env_clear()
            .env("POSTHASTE_LISTEN", format!("127.0.0.1:{port}"))
            .env("POSTHASTE_ADMIN_KEY", OPERATOR_KEY)
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let log = BufReader::new(child.stderr.take().expect("piped"));
        let (listening, heard) = mpsc::channel();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let seen = lines.clone();
        // Read to the end, so that the process never waits for a full pipe.
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                if line.contains("listening") {
                    let _ = listening.send(());
                }
                seen.lock().expect("no panic under it").push(line);
            }
        });
        heard.recv_timeout(Duration::from_secs(60)).expect("it listens");
        Self { child, base: format!("http://127.0.0.1:{port}"), lines }
    }

    /// What it has logged until now.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("no panic under it").clone()
    }

    /// Calls as the operator.
    pub(crate) fn operator(&self) -> Client {
        Client::new(&self.base, OPERATOR_KEY)
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// SIGTERM; gives the exit code and how long it took.
    pub(crate) fn terminate(mut self) -> (Option<i32>, Duration) {
        let asked = std::time::Instant::now();
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs").success());
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be asked") {
                return (status.code(), asked.elapsed());
            }
            assert!(asked.elapsed() < PATIENCE, "it goes on: {:#?}", self.lines());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}
