//! The commands that start, check and stop a deployment, run as a user runs them.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

fn posthaste(folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posthaste"));
    command.current_dir(folder).args(args).env_clear().envs(variables.iter().copied());
    command.output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn config_says_where_each_value_came_from() {
    let folder = folder();
    std::fs::write(folder.path().join("posthaste.toml"), "retention_days = 10\nlog = \"warn\"")
        .expect("a file");
    let variables =
        [("POSTHASTE_LOG", "debug"), ("POSTHASTE_ADMIN_KEY", "open sesame open sesame")];
    let output =
        posthaste(folder.path(), &["config", "--json", "--listen", "127.0.0.1:0"], &variables);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!(document["listen"]["source"], "flag");
    assert_eq!(document["log"]["source"], "variable");
    assert_eq!(document["log"]["value"], "debug");
    assert_eq!(document["retention_days"]["source"], "file");
    assert_eq!(document["max_payload_bytes"]["source"], "default");
    assert_eq!(document["admin_key"]["value"], "***");
    let shown = posthaste(folder.path(), &["config"], &variables);
    assert!(text(&shown.stdout).contains("log = \"debug\""));
    assert!(!text(&shown.stdout).contains("sesame"));
}

#[test]
fn every_wrong_value_is_a_line_and_nothing_is_opened() {
    let folder = folder();
    let variables = [("POSTHASTE_LISTEN", "here"), ("POSTHASTE_RETRY_SCHEDULE", "soon")];
    for command in ["serve", "migrate", "config", "doctor"] {
        let output = posthaste(folder.path(), &[command], &variables);
        assert_eq!(output.status.code(), Some(1), "{command}");
        let lines = text(&output.stderr);
        assert_eq!(lines.lines().count(), 2, "{lines}");
        assert!(
            lines.contains("error: POSTHASTE_LISTEN: ")
                && lines.contains("error: POSTHASTE_RETRY_SCHEDULE: ")
        );
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn wrong_usage_ends_with_2() {
    let folder = folder();
    let wrong: [&[&str]; 5] = [
        &[],
        &["fly"],
        &["serve", "--fast"],
        &["config", "--listen", "here"],
        &["config", "--config", "none.toml"],
    ];
    for args in wrong {
        let output = posthaste(folder.path(), args, &[]);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", text(&output.stderr));
    }
}

#[test]
fn doctor_tells_a_new_folder_from_a_migrated_one() {
    let folder = folder();
    let before = posthaste(folder.path(), &["doctor"], &[]);
    assert_eq!(before.status.code(), Some(1));
    assert!(text(&before.stdout).contains("FAIL database"), "{}", text(&before.stdout));

    let migrated = posthaste(folder.path(), &["migrate"], &[]);
    assert_eq!(migrated.status.code(), Some(0), "{}", text(&migrated.stderr));
    let again = posthaste(folder.path(), &["migrate"], &[]);
    assert_eq!(text(&again.stdout), "the schema is current\n");

    let after = posthaste(folder.path(), &["doctor", "--json"], &[]);
    assert_eq!(after.status.code(), Some(0), "{}", text(&after.stdout));
    let document: Value = serde_json::from_slice(&after.stdout).expect("one JSON document");
    let checks = document["checks"].as_array().expect("checks");
    assert_eq!(checks.len(), 4);
    assert!(checks.iter().all(|check| check["ok"] == true), "{document}");
}

/// A running `serve`, ended with the test.
struct Serving(Child);

impl Serving {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_posthaste"));
        let command = command.current_dir(folder).env_clear();
        let command = command.args(["serve", "--dev", "--listen", "127.0.0.1:0"]);
        Self(command.stderr(Stdio::piped()).spawn().expect("the binary runs"))
    }

    /// Lines of standard error up to the first that contains `part`.
    fn lines_to(&mut self, part: &str) -> Vec<String> {
        let stderr = self.0.stderr.as_mut().expect("piped");
        let mut lines = Vec::new();
        for line in BufReader::new(stderr).lines() {
            lines.push(line.expect("text"));
            if lines.last().is_some_and(|line| line.contains(part)) {
                return lines;
            }
        }
        panic!("{part:?} was never said, but {lines:#?}");
    }

    fn terminate(mut self) -> Option<i32> {
        let pid = self.0.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(told.expect("kill runs").success());
        self.0.wait().expect("it ends").code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn serve_makes_its_keys_keeps_a_second_one_out_and_stops_when_asked() {
    let folder = folder();
    let mut first = Serving::start(folder.path());
    let lines = first.lines_to("operator key (shown this once): posthaste_operator_");
    assert!(lines.iter().any(|line| line.contains("--dev: http urls")), "{lines:#?}");
    let (log, shown) = lines.split_at(lines.len() - 1);
    let key = shown[0].rsplit(' ').next().expect("the key");
    for line in log {
        let entry: Value = serde_json::from_str(line).expect("a JSON line when not on a terminal");
        assert!(entry["message"].is_string() && entry["level"].is_string());
        assert!(!line.contains(key));
    }
    let metadata = std::fs::metadata(folder.path().join("posthaste.key")).expect("made");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);

    let second = posthaste(folder.path(), &["serve"], &[]);
    assert_eq!(second.status.code(), Some(1));
    let said = text(&second.stderr);
    let pid = first.0.id();
    assert!(said.starts_with(&format!("error: another posthaste process (pid {pid})")), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    let doctor = posthaste(folder.path(), &["doctor"], &[]);
    assert_eq!(doctor.status.code(), Some(0), "{}", text(&doctor.stdout));

    assert_eq!(first.terminate(), Some(0));
    let other = [("POSTHASTE_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")];
    let refused = posthaste(folder.path(), &["serve"], &other);
    assert_eq!(refused.status.code(), Some(1));
    let said = text(&refused.stderr);
    assert!(said.contains("error: the master key (POSTHASTE_MASTER_KEY) does not open"), "{said}");
}
