//! The program itself against the stand-in of `examples/`: every scenario runs, and a loss is noticed.

use std::path::PathBuf;
use std::process::{Command, Output};

fn stand_in() -> PathBuf {
    // Test builds put examples beside the programs; there is no variable for them.
    let bench = PathBuf::from(env!("CARGO_BIN_EXE_posthaste-bench"));
    bench.parent().expect("programs are in a directory").join("examples/stand_in")
}

fn quick(scenarios: &[&str], loses: Option<&str>) -> Output {
    run(&["--mode", "embedded"], scenarios, loses)
}

fn run(args: &[&str], scenarios: &[&str], loses: Option<&str>) -> Output {
    let data_dir = tempfile::tempdir().expect("a directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_posthaste-bench"));
    command.args(["run", "--quick", "--seconds", "1", "--server-bin"]).arg(stand_in());
    command.arg("--data-dir").arg(data_dir.path()).args(args).env_remove("MODE");
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
fn what_is_posted_for_later_comes_when_it_is_due() {
    let output = quick(&["delayed", "falling-due", "idle"], None);
    let text = text(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for words in ["kept of the ready rate", "due to arrival p50", "queue pick-up when idle p95"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn a_sweep_leaves_its_points_and_their_picture() {
    let directory = tempfile::tempdir().expect("a directory");
    let out = directory.path().join("sweep.json");
    let args = ["--mode", "embedded", "--out", out.to_str().expect("a plain name")];
    let output = run(&args, &["sweep"], None);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let json = std::fs::read_to_string(&out).expect("it is written");
    let report: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    let curve = report["scenarios"][0]["curve"].as_array().expect("points").clone();
    let rates: Vec<_> = curve.iter().map(|point| point["offered_per_second"].as_u64()).collect();
    assert!(rates.first() == Some(&Some(100)) && rates.is_sorted(), "{rates:?}");
    let plot = std::fs::read_to_string(out.with_extension("svg")).expect("it is drawn");
    assert!(plot.starts_with("<svg"), "{plot}");
}

#[test]
fn what_needs_several_processes_runs_with_several() {
    let distributed = ["--mode", "distributed"];
    let scenarios = ["limited", "redis-memory", "redis-emptied", "worker-killed"];
    let output = run(&distributed, &scenarios, None);
    let text = text(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for words in
        ["limited tenant", "Redis for each that is ready", "fault to the last late or repeated"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    let output = quick(&["limited"], None);
    assert_eq!(output.status.code(), Some(2), "one process is embedded");
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
