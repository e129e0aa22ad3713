//! What breaks, and when: decided by a seed alone.

use std::time::{Duration, Instant};

use anyhow::Result;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};

use crate::deployment::Deployment;
use crate::receivers::{Manner, Receiver};
use servers::Stop;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `kill -9` of an API process, started again after a while.
    ApiKilled,
    /// SIGTERM to an API process, started again.
    ApiStopped,
    /// `kill -9` of a worker.
    WorkerKilled,
    /// SIGTERM to a worker.
    WorkerStopped,
    /// SIGSTOP to a worker, and SIGCONT after longer than a lease.
    WorkerFrozen,
    /// `FLUSHALL`.
    RedisEmptied,
    /// Redis killed and started empty.
    RedisRestarted,
    /// Redis killed and started with what it had saved some time before.
    RedisSetBack,
    /// Redis answers nobody for 800 ms.
    RedisStalled,
    /// Postgres ended as by a crash, and started again.
    PostgresCrashed,
    /// Postgres stopped, and started after some seconds.
    PostgresStopped,
    /// A receiver that takes no connections.
    ReceiverAway,
    /// A receiver that takes seconds to answer.
    ReceiverSlow,
    /// A receiver that cuts connections off instead of answering.
    ReceiverCuts,
}

/// All of them.
pub const KINDS: [Kind; 14] = [
    Kind::WorkerKilled,
    Kind::RedisEmptied,
    Kind::ApiKilled,
    Kind::PostgresCrashed,
    Kind::RedisRestarted,
    Kind::ReceiverCuts,
    Kind::WorkerStopped,
    Kind::RedisSetBack,
    Kind::ApiStopped,
    Kind::ReceiverAway,
    Kind::RedisStalled,
    Kind::PostgresStopped,
    Kind::WorkerFrozen,
    Kind::ReceiverSlow,
];

/// Longer than a lease (20 s), so that what a frozen worker holds is handed to others.
const FROZEN: Duration = Duration::from_secs(24);

/// A fault that is to come.
#[derive(Debug, Clone)]
pub struct Fault {
    pub kind: Kind,
    /// Since the first event.
    pub after: Duration,
    /// Which one of two, where there are two.
    which: usize,
    /// How long it lasts, where that can be chosen.
    lasting: Duration,
}

/// A fault that came; times since the start of the run.
#[derive(Debug, Clone)]
pub struct Happened {
    pub kind: Kind,
    pub from: Duration,
    pub to: Duration,
}

/// As many faults as asked for, spread over `time` less a quiet while at both ends. Every kind comes
/// once before any comes twice, in an order of chance.
#[must_use]
pub fn planned(seed: u64, count: usize, time: Duration, quiet: Duration) -> Vec<Fault> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut kinds = Vec::with_capacity(count + KINDS.len());
    while kinds.len() < count {
        let mut more = KINDS;
        more.shuffle(&mut rng);
        kinds.extend(more);
    }
    let between = time.saturating_sub(quiet * 2) / u32::try_from(count.max(1)).unwrap_or(1);
    let fault = |(place, kind): (usize, Kind)| Fault {
        kind,
        after: quiet
            + between * u32::try_from(place).unwrap_or(0)
            + between.mul_f64(rng.random_range(0.0..0.8)),
        which: *[0, 1].choose(&mut rng).unwrap_or(&0),
        lasting: Duration::from_millis(rng.random_range(300..4_000)),
    };
    kinds.into_iter().take(count).enumerate().map(fault).collect()
}

impl Fault {
    /// Lets it happen; ends when what was broken has been mended.
    ///
    /// # Errors
    /// When something does not start again.
    pub async fn happen(
        self,
        deployment: &Deployment,
        receivers: &[Receiver; 2],
        start: Instant,
    ) -> Result<Happened> {
        let from = start.elapsed();
        println!("{:6.1} s  {:?}", from.as_secs_f64(), self.kind);
        let (apis, workers) = (&deployment.apis, &deployment.workers);
        let receiver = &receivers[self.which];
        match self.kind {
            Kind::ApiKilled => apis[self.which].restart(Stop::Kill, self.lasting).await?,
            Kind::ApiStopped => apis[self.which].restart(Stop::Ask, self.lasting).await?,
            Kind::WorkerKilled => workers[self.which].restart(Stop::Kill, self.lasting).await?,
            Kind::WorkerStopped => workers[self.which].restart(Stop::Ask, self.lasting).await?,
            Kind::WorkerFrozen => workers[self.which].freeze(FROZEN).await?,
            Kind::RedisEmptied => deployment.redis.empty().await?,
            Kind::RedisRestarted => deployment.redis.restart_empty(self.lasting).await?,
            Kind::RedisSetBack => deployment.redis.restart_set_back(self.lasting).await?,
            Kind::RedisStalled => deployment.redis.stall(Duration::from_millis(800)).await?,
            Kind::PostgresCrashed => {
                deployment.postgres.restart(Stop::Kill, Duration::ZERO).await?
            }
            Kind::PostgresStopped => deployment.postgres.restart(Stop::Ask, self.lasting).await?,
            Kind::ReceiverAway => receiver.be(Manner::Away, self.lasting).await?,
            Kind::ReceiverSlow => receiver.be(Manner::Slow, self.lasting).await?,
            Kind::ReceiverCuts => receiver.be(Manner::Cuts, self.lasting).await?,
        }
        Ok(Happened { kind: self.kind, from, to: start.elapsed() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_everything_and_all_kinds_come() {
        let plan = |seed| {
            let time = Duration::from_secs(600);
            planned(seed, 20, time, Duration::from_secs(5))
                .into_iter()
                .map(|fault| (fault.kind, fault.after, fault.which))
                .collect::<Vec<_>>()
        };
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
        assert!(KINDS.iter().all(|kind| plan(3).iter().any(|(planned, ..)| planned == kind)));
        assert!(plan(4).is_sorted_by_key(|(_, after, _)| *after));
        assert!(plan(4).iter().all(|(_, after, _)| *after < Duration::from_secs(595)));
    }
}
