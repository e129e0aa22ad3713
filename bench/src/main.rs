//! `posthaste-bench`: the product's figures, beside what the machine could do at most.
//!
//! Exit status: 0 every must is met, 1 one is missed or something failed, 2 wrong usage,
//! 3 the run is void because the machine was too slow to compare with.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use bench::ceiling;
use bench::proc::machine;
use bench::report::{Report, ScenarioReport, number};
use bench::results::{self, Places};
use bench::scenario::{Counts, Options, Scenario};
use bench::server::Deployment;
use clap::{Args, Parser, Subcommand};

const MISSED: u8 = 1;
const WRONG_USAGE: u8 = 2;
const VOID: u8 = 3;

/// Measures Posthaste from the outside.
#[derive(Debug, Parser)]
#[command(name = "posthaste-bench", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What the machine could deliver at most: sign and POST, nothing stored.
    Ceiling {
        /// Seconds of each measurement.
        #[arg(long, default_value_t = 5.0)]
        seconds: f64,
    },
    /// Posthaste, scenario by scenario, with the ceiling before and after each.
    Run(Box<RunArgs>),
}

#[derive(Debug, Args)]
struct RunArgs {
    /// How the server is deployed.
    #[arg(long, env = "MODE", value_enum, default_value_t = Deployment::Embedded)]
    mode: Deployment,
    /// Only this scenario; may be repeated. Without it all but `growth`.
    #[arg(long, value_parser = scenario)]
    only: Vec<Scenario>,
    /// The server's release binary.
    #[arg(long, default_value = "target/release/posthaste")]
    server_bin: PathBuf,
    /// Where databases are made while it runs; choose the disk that counts.
    #[arg(long, default_value = "target/bench")]
    data_dir: PathBuf,
    /// Measured seconds of each point, after the warm-up.
    #[arg(long, default_value_t = 15.0)]
    seconds: f64,
    /// Seconds of load before the measured ones.
    #[arg(long, default_value_t = 3.0)]
    warm_up_seconds: f64,
    /// How often each scenario is run.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Connections of the closed loops; `saturated` takes four times as many.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Deliveries that wait an hour beside the ready ones.
    #[arg(long, default_value_t = Counts::FULL.waiting)]
    waiting: u32,
    /// Deliveries due in 10 minutes or 2 hours beside the ready ones, if they can be posted in two minutes.
    #[arg(long, default_value_t = Counts::FULL.delayed)]
    delayed: u32,
    /// Deliveries that are in the database beforehand, in `growth` and, up to a million, in `start`.
    #[arg(long, default_value_t = Counts::FULL.rows)]
    rows: u64,
    /// Seconds of each measurement of the ceiling.
    #[arg(long, default_value_t = 5.0)]
    ceiling_seconds: f64,
    /// A ceiling below so many deliveries per second voids the run.
    #[arg(long, default_value_t = ceiling::FLOOR_PER_SECOND)]
    ceiling_floor: f64,
    /// One short run of each scenario that fails only when something is lost.
    #[arg(long)]
    quick: bool,
    /// Where the JSON goes, and the plot beside it, instead of where they belong.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Where they belong: nothing of `--quick`, and of `--only` what has a file of its own.
    #[arg(long, default_value = "bench/results")]
    results: PathBuf,
    /// The page whose tables are replaced along with them.
    #[arg(long, default_value = "docs/performance.md")]
    page: PathBuf,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Ceiling { seconds } => show_ceiling(Duration::from_secs_f64(seconds)),
        Command::Run(args) => run(&args),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("posthaste-bench: {error:#}");
            ExitCode::from(MISSED)
        }
    }
}

fn show_ceiling(duration: Duration) -> Result<ExitCode> {
    let raw = ceiling::raw(duration)?;
    let comfortable = ceiling::with_reqwest(duration)?;
    let floor = ceiling::FLOOR_PER_SECOND;
    println!("{}, {} in flight, {duration:?} each", machine(), ceiling::IN_FLIGHT);
    println!("raw client: {} deliveries/s", number(raw));
    println!("reqwest:    {} deliveries/s", number(comfortable));
    if raw < floor {
        println!("VOID: below {}/s nothing can be compared with it", number(floor));
        return Ok(ExitCode::from(VOID));
    }
    Ok(ExitCode::SUCCESS)
}

fn run(args: &RunArgs) -> Result<ExitCode> {
    let scenarios: Vec<Scenario> =
        if args.only.is_empty() { Scenario::usual(args.mode).collect() } else { args.only.clone() };
    if let Some(scenario) = scenarios.iter().find(|scenario| !scenario.is_for(args.mode)) {
        let mode = args.mode.name();
        eprintln!("posthaste-bench: {} makes no sense with MODE={mode}", scenario.name());
        return Ok(ExitCode::from(WRONG_USAGE));
    }
    let options = options(args);
    let (ceiling_time, floor) = if args.quick {
        (Duration::from_secs(1), 0.0)
    } else {
        (Duration::from_secs_f64(args.ceiling_seconds), args.ceiling_floor)
    };
    eprintln!("measuring the ceiling");
    let mut before = ceiling::raw(ceiling_time)?;
    let mut report = Report {
        mode: args.mode.name(),
        machine: machine(),
        made_at: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
        ceiling_with_reqwest: ceiling::with_reqwest(ceiling_time)?,
        scenarios: Vec::new(),
    };
    println!("{}; {}", report.machine, options.server_bin.display());
    println!(
        "ceiling (sign and POST, {} in flight): {}/s raw, {}/s with reqwest",
        ceiling::IN_FLIGHT,
        number(before),
        number(report.ceiling_with_reqwest)
    );
    for scenario in scenarios {
        let mut runs = Vec::new();
        let count = scenario.runs(&options);
        for number in 1..=count {
            eprintln!("{}: run {number} of {count}", scenario.name());
            let found = scenario.run(&options);
            runs.push(found.with_context(|| format!("{}, run {number}", scenario.name()))?);
        }
        let after = ceiling::raw(ceiling_time)?;
        let settings = scenario.settings(&options);
        let summed = ScenarioReport::new(scenario.name(), settings, (before, after), floor, &runs);
        println!("{}", summed.table());
        report.scenarios.push(summed);
        before = after;
    }
    save(args, &report)?;
    Ok(verdict(&report, args.quick))
}

fn options(args: &RunArgs) -> Options {
    let full = Options {
        deployment: args.mode,
        server_bin: args.server_bin.clone(),
        data_dir: args.data_dir.clone(),
        window: Duration::from_secs_f64(args.seconds),
        warm_up: Duration::from_secs_f64(args.warm_up_seconds),
        stalled: Duration::from_secs(20),
        limited_window: Duration::from_secs(20),
        runs: args.runs.max(1),
        connections: args.connections.max(1),
        counts: Counts {
            waiting: args.waiting,
            delayed: args.delayed,
            rows: args.rows.max(1),
            ..Counts::FULL
        },
    };
    if !args.quick {
        return full;
    }
    Options {
        window: full.window.min(Duration::from_secs(3)),
        warm_up: Duration::from_millis(500),
        stalled: Duration::from_secs(10),
        limited_window: Duration::from_secs(1),
        runs: 1,
        counts: full.counts.min(&Counts::QUICK),
        ..full
    }
}

fn save(args: &RunArgs, report: &Report) -> Result<()> {
    let places = Places { results: args.results.clone(), page: args.page.clone() };
    let written = match (&args.out, args.quick) {
        (Some(path), _) => results::save_as(report, path)?,
        (None, true) => return Ok(()),
        (None, false) => results::save(report, args.only.is_empty(), &places)?,
    };
    for path in written {
        println!("written to {}", path.display());
    }
    Ok(())
}

fn verdict(report: &Report, quick: bool) -> ExitCode {
    let mut missed = false;
    for scenario in &report.scenarios {
        for figure in scenario.failures(quick) {
            missed = true;
            println!("missed: {}: {}: {}", scenario.name, figure.what, number(figure.median));
        }
    }
    if report.scenarios.iter().any(|scenario| scenario.is_void) {
        println!("VOID: the ceiling was too low; run again on a quiet machine");
        return ExitCode::from(VOID);
    }
    if missed {
        return ExitCode::from(MISSED);
    }
    println!("{}", if quick { "nothing was lost" } else { "every must is met" });
    ExitCode::SUCCESS
}

fn scenario(name: &str) -> Result<Scenario, String> {
    Scenario::ALL.into_iter().find(|scenario| scenario.name() == name).ok_or_else(|| {
        let names = Scenario::ALL.map(Scenario::name).join(", ");
        format!("no such scenario; there are {names}")
    })
}
