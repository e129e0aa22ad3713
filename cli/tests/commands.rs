//! The commands that need no server, run as a user runs them.

use std::path::Path;
use std::process::{Command, Output};

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
    std::fs::write(folder.path().join("posthaste.toml"), "retention_days = 10\nlog = \"warn\"").expect("a file");
    let variables = [("POSTHASTE_LOG", "debug"), ("POSTHASTE_ADMIN_KEY", "open sesame open sesame")];
    let output = posthaste(folder.path(), &["config", "--json", "--listen", "127.0.0.1:0"], &variables);
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
        assert!(lines.contains("error: POSTHASTE_LISTEN: ") && lines.contains("error: POSTHASTE_RETRY_SCHEDULE: "));
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn wrong_usage_ends_with_2() {
    let folder = folder();
    let wrong: [&[&str]; 5] =
        [&[], &["fly"], &["serve", "--fast"], &["config", "--listen", "here"], &["config", "--config", "none.toml"]];
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
