//! `posthaste-chaos`: breaks whatever the promise rests on, at random but repeatably, and checks that
//! every event that was accepted arrived.
//!
//! Exit status: 0 the promise held, 1 it did not or the run failed, 2 wrong usage.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use chaos::{Plan, run};
use clap::Parser;

/// Kills, empties, stalls and restarts while events are delivered, and checks that none is lost.
#[derive(Debug, Parser)]
#[command(name = "posthaste-chaos", version)]
struct Cli {
    /// How long events are posted, in seconds.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// Events per second.
    #[arg(long, default_value_t = 300)]
    rate: u32,
    /// How many faults, spread over that time; every kind comes once before any comes twice.
    #[arg(long, default_value_t = 28)]
    faults: usize,
    /// What decides which fault comes when; printed at the start, so that a run can be repeated.
    #[arg(long)]
    seed: Option<u64>,
    /// When the promise did not hold, leave everything running until Ctrl-C, to be looked at.
    #[arg(long)]
    stay: bool,
    /// The program under test.
    #[arg(long, default_value = "target/debug/posthaste")]
    server_bin: PathBuf,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let plan = Plan {
        server_bin: cli.server_bin,
        posting: Duration::from_secs(cli.seconds),
        rate: cli.rate,
        faults: cli.faults,
        seed: cli.seed.unwrap_or_else(fresh_seed),
        stay: cli.stay,
    };
    match run(&plan) {
        Ok(report) => {
            if report.holds() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("posthaste-chaos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn fresh_seed() -> u64 {
    rand::random_range(0..1_000_000)
}
