//! A process of the server: its environment, its log, its end.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use parking_lot::Mutex;
use serde_json::Value;

use super::{ADMIN_KEY, Backing, READY_WAIT, database_path};

const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// How long a server may take to stop when asked: its own grace and a little more.
const STOP_WAIT: Duration = Duration::from_secs(40);

/// Lines of the log kept for the case that something goes wrong.
const TAIL_LINES: usize = 20;

/// A process of the server; it is killed when dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// Where it listens.
    pub(super) address: SocketAddr,
    tail: Arc<Mutex<VecDeque<String>>>,
}

impl Process {
    pub(super) fn start(
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

    /// Its number.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What went wrong, with the end of the log.
    pub(super) fn told(&self, what: &str) -> String {
        let lines: Vec<String> = self.tail.lock().iter().cloned().collect();
        format!("{what}; the end of its log:\n{}", lines.join("\n"))
    }

    pub(super) fn stop(&mut self) -> Result<()> {
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

    pub(super) fn has_ended(&mut self) -> bool {
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
    use super::listening_address;

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
}
