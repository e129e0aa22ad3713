//! The program itself against the stand-in of `examples/`: every scenario runs, and a loss is noticed.

use std::path::PathBuf;
use std::process::{Command, Output};

fn stand_in() -> PathBuf {
    // Test builds put examples beside the programs; there is no variable for them.
    let bench = PathBuf::from(env!("CARGO_BIN_EXE_posthaste-bench"));
    bench.parent().expect("programs are in a directory").join("examples/stand_in")
}

fn quick(scenarios: &[&str], loses: Option<&str>) -> Output {
    let data_dir = tempfile::tempdir().expect("a directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_posthaste-bench"));
    command.args(["run", "--quick", "--seconds", "1", "--server-bin"]).arg(stand_in());
    command.arg("--data-dir").arg(data_dir.path()).env_remove("MODE");
    for scenario in scenarios {
        command.args(["--only", scenario]);
    }
    if let Some(every) = loses {
        command.env("STAND_IN_LOSES", every);
    }
    command.output().expect("the bench starts")
}

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}\n{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

#[test]
fn the_scenarios_run_and_lose_nothing() {
    let output = quick(&["saturated", "fan-out", "rate-300", "neighbour"], None);
    let text = text(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for word in ["nothing was lost", "% of a core", "x Svix", "p95 beside"] {
        // `idle` is not among them, so its unit must not be there either.
        assert_eq!(text.contains(word), word != "% of a core", "{word}: {text}");
    }
}

#[test]
fn a_lost_delivery_fails_the_run() {
    let output = quick(&["rate-300"], Some("500"));
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("missed: rate-300: missing"), "{}", text(&output));
}

#[test]
fn says_what_it_cannot_do() {
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_posthaste-bench"));
        command.args(args).env_remove("MODE").output().expect("the bench starts")
    };
    let unknown = run(&["run", "--only", "everything"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown).contains("there are saturated"), "{}", text(&unknown));
    let data_dir = tempfile::tempdir().expect("a directory");
    let data_dir = data_dir.path().to_str().expect("a plain name");
    let nowhere = run(&[
        "run",
        "--quick",
        "--only",
        "idle",
        "--server-bin",
        "/nowhere",
        "--data-dir",
        data_dir,
    ]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(text(&nowhere).contains("make build"), "{}", text(&nowhere));
}
