//! Faults on a whole deployment: Postgres and Redis of its own, two `posthaste api`, two
//! `posthaste worker`, receivers, and a steady flow of events.
//!
//! [`faults`] decides from a seed what breaks when; [`deployment`] is what it breaks; [`posting`] keeps
//! posting whatever happens; [`receivers`] note what arrives; [`report`] compares the two.

pub mod deployment;
pub mod faults;
pub mod posting;
pub mod receivers;
pub mod report;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;

use self::deployment::Deployment;
use self::posting::Poster;
use self::receivers::Receiver;
use self::report::Report;

/// Before the first fault, and after the last: some events come and go undisturbed.
const QUIET: Duration = Duration::from_secs(4);
/// How long what is left may take after the last event: circuits are probed every 30 s, and a lease
/// lasts for 20 s.
const SETTLING: Duration = Duration::from_secs(150);

/// What a run does.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program under test.
    pub server_bin: PathBuf,
    /// How long events are posted.
    pub posting: Duration,
    /// Events per second.
    pub rate: u32,
    /// How many faults come in that time.
    pub faults: usize,
    /// Decides which, when and how.
    pub seed: u64,
    /// Whether everything is left running when the promise did not hold, until Ctrl-C.
    pub stay: bool,
}

/// Runs a plan to its end, and prints what came of it.
///
/// # Errors
/// When the deployment does not start, or does not answer at the end.
pub fn run(plan: &Plan) -> Result<Report> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("starting a runtime")?;
    runtime.block_on(run_here(plan))
}

async fn run_here(plan: &Plan) -> Result<Report> {
    println!("seed {}: {} faults in {} s", plan.seed, plan.faults, plan.posting.as_secs());
    let faults = faults::planned(plan.seed, plan.faults, plan.posting, QUIET);
    let start = Instant::now();
    let receivers = Arc::new([Receiver::start(start).await?, Receiver::start(start).await?]);
    let deployment = Arc::new(Deployment::start(&plan.server_bin).await?);
    println!("deployment ready after {:.1} s", start.elapsed().as_secs_f64());
    let urls: Vec<String> = receivers.iter().map(|receiver| receiver.url()).collect();
    let tenant = deployment.set_up(&urls).await?;

    let poster = Poster::new(deployment.api_urls(), tenant, start);
    let posting = tokio::spawn(poster.clone().post(plan.rate, plan.posting));
    let begin = Instant::now();
    let mut under_way = JoinSet::new();
    for fault in faults {
        tokio::time::sleep_until((begin + fault.after).into()).await;
        let (deployment, receivers) = (deployment.clone(), receivers.clone());
        under_way.spawn(async move { fault.happen(&deployment, &receivers, start).await });
    }
    let mut happened = Vec::new();
    while let Some(fault) = under_way.join_next().await {
        happened.push(fault??);
    }
    happened.sort_by_key(|fault| fault.from);
    posting.await.context("posting")?;

    let until = Instant::now() + SETTLING;
    let mut told = Instant::now();
    loop {
        let missing = report::missing(&poster, receivers.as_slice());
        let dead = if missing.is_empty() { Vec::new() } else { deployment.dead_letters().await };
        let open = missing.iter().filter(|one| !dead.contains(&one.event_id)).count();
        if open == 0 || Instant::now() > until {
            let arrivals = receivers.iter().map(Receiver::arrivals).collect();
            let unfinished = deployment.unfinished().await?;
            let report = Report::new(plan, &poster, arrivals, happened, &dead, unfinished);
            print!("{report}");
            if plan.stay && !report.holds() {
                println!("{deployment}\nCtrl-C ends it");
                tokio::signal::ctrl_c().await?;
            }
            deployment.stop().await;
            return Ok(report);
        }
        if told.elapsed() > Duration::from_secs(5) {
            println!("waiting for {open} deliveries");
            told = Instant::now();
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}
