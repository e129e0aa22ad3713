//! Compares what was accepted with what arrived.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use crate::Plan;
use crate::faults::{Happened, Kind};
use crate::posting::{Accepted, Poster};
use crate::receivers::{Arrival, Receiver};

/// An attempt that was answered up to this long before a fault may not have been recorded by then: the
/// receiver's own time, and the commit.
const UNRECORDED: Duration = Duration::from_secs(1);
/// For so long after a fault its effects may still be felt: leases are put back within one heartbeat
/// (5 s), and a process that was started again finds its connections.
const AFTERMATH: Duration = Duration::from_secs(6);

/// What a run came to.
#[derive(Debug)]
pub struct Report {
    seed: u64,
    accepted: usize,
    unaccepted: usize,
    receivers: usize,
    delivered: usize,
    dead: usize,
    lost: Vec<Missing>,
    doubled_events: usize,
    unfinished: usize,
    unexplained: Vec<(u64, Vec<Duration>)>,
    faults: Vec<Effect>,
}

/// A fault and what followed from it.
#[derive(Debug)]
struct Effect {
    fault: Happened,
    /// Outcomes of what was answered before this were recorded when it began.
    recorded_until: Duration,
    duplicates: usize,
    /// The longest that an event posted during it took to arrive everywhere.
    longest: Duration,
}

/// An accepted event that a receiver has not got.
#[derive(Debug, Clone)]
pub struct Missing {
    pub event_id: String,
    pub number: u64,
    pub receiver: usize,
}

/// What was accepted and has not arrived.
#[must_use]
pub fn missing(poster: &Poster, receivers: &[Receiver]) -> Vec<Missing> {
    let arrivals: Vec<_> = receivers.iter().map(Receiver::arrivals).collect();
    missing_of(&poster.accepted(), &arrivals)
}

fn missing_of(accepted: &[(u64, Accepted)], arrivals: &[Vec<Arrival>]) -> Vec<Missing> {
    let mut missing = Vec::new();
    for (receiver, arrivals) in arrivals.iter().enumerate() {
        let arrived: HashSet<u64> = arrivals.iter().map(|arrival| arrival.number).collect();
        let absent = accepted.iter().filter(|(number, _)| !arrived.contains(number));
        missing.extend(absent.map(|(number, event)| Missing {
            event_id: event.event_id.clone(),
            number: *number,
            receiver,
        }));
    }
    missing
}

impl Report {
    pub(crate) fn new(
        plan: &Plan,
        poster: &Poster,
        arrivals: Vec<Vec<Arrival>>,
        faults: Vec<Happened>,
        dead: &[String],
        unfinished: usize,
    ) -> Self {
        let (accepted, unaccepted) = (poster.accepted(), poster.unaccepted());
        let mut report = Self {
            seed: plan.seed,
            accepted: accepted.len(),
            unaccepted,
            receivers: arrivals.len(),
            delivered: 0,
            dead: 0,
            lost: Vec::new(),
            doubled_events: 0,
            unfinished,
            unexplained: Vec::new(),
            faults: effects(faults),
        };
        let (dead, lost): (Vec<_>, Vec<_>) = missing_of(&accepted, &arrivals)
            .into_iter()
            .partition(|one| dead.contains(&one.event_id));
        report.delivered = accepted.len() * arrivals.len() - dead.len() - lost.len();
        (report.dead, report.lost) = (dead.len(), lost);
        let posted: HashMap<u64, Duration> =
            accepted.iter().map(|(number, event)| (*number, event.posted)).collect();
        for arrivals in arrivals {
            report.add_receiver(arrivals, &posted);
        }
        report
    }

    fn add_receiver(&mut self, arrivals: Vec<Arrival>, posted: &HashMap<u64, Duration>) {
        let mut by_number: HashMap<u64, Vec<Arrival>> = HashMap::new();
        for arrival in arrivals {
            by_number.entry(arrival.number).or_default().push(arrival);
        }
        for (number, arrivals) in by_number {
            let deliveries: HashSet<_> = arrivals.iter().map(|one| &one.delivery).collect();
            self.doubled_events += deliveries.len() - 1;
            let mut times: Vec<Duration> = arrivals.iter().map(|one| one.at).collect();
            times.sort();
            if let Some(posted) = posted.get(&number) {
                for effect in self.faults.iter_mut().filter(|one| one.was_during(*posted)) {
                    effect.longest = effect.longest.max(times[0].saturating_sub(*posted));
                }
            }
            for pair in times.windows(2) {
                let explain = |one: &&mut Effect| one.explains(pair[0], pair[1]);
                match self.faults.iter_mut().rfind(explain) {
                    Some(effect) => effect.duplicates += 1,
                    None => self.unexplained.push((number, times.clone())),
                }
            }
        }
    }

    /// Whether nothing was lost, nothing accepted twice, and each duplicate follows a fault.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.accepted > 0
            && self.unaccepted == 0
            && self.lost.is_empty()
            && self.doubled_events == 0
            && self.unfinished == 0
            && self.unexplained.is_empty()
    }
}

impl Effect {
    fn was_during(&self, at: Duration) -> bool {
        self.fault.from <= at && at <= self.fault.to
    }

    /// Whether what was answered at `first` may have come once more, at `again`, because of it: its worker
    /// has gone, or the queue has forgotten that it was out. Nothing else may double anything: outcomes
    /// are kept until the database is back, and what a receiver cuts off it has not answered.
    fn explains(&self, first: Duration, again: Duration) -> bool {
        let doubles = matches!(
            self.fault.kind,
            Kind::WorkerKilled
                | Kind::WorkerFrozen
                | Kind::RedisEmptied
                | Kind::RedisRestarted
                | Kind::RedisSetBack
        );
        doubles
            && self.recorded_until <= first
            && first <= self.fault.to + AFTERMATH
            && self.fault.from <= again
    }
}

/// Faults in the order in which they began, with nothing yet ascribed to them.
fn effects(faults: Vec<Happened>) -> Vec<Effect> {
    let recorded_until: Vec<Duration> =
        faults.iter().map(|fault| recorded_until(fault, &faults)).collect();
    let effect = |(fault, recorded_until)| Effect {
        fault,
        recorded_until,
        duplicates: 0,
        longest: Duration::ZERO,
    };
    faults.into_iter().zip(recorded_until).map(effect).collect()
}

/// Until when all answers had been recorded when this fault began. While Postgres is away a worker keeps its
/// outcomes, so one that is killed or frozen then takes with it all that it has kept since Postgres went.
/// A Redis that is lost takes nothing: the workers put back what they hold.
fn recorded_until(fault: &Happened, all: &[Happened]) -> Duration {
    let mut kept_since = fault.from;
    if matches!(fault.kind, Kind::WorkerKilled | Kind::WorkerFrozen) {
        // Latest first, as Postgres may have gone again before what was kept could be recorded.
        for away in all.iter().rev() {
            let postgres = matches!(away.kind, Kind::PostgresCrashed | Kind::PostgresStopped);
            if postgres && away.from <= kept_since && kept_since <= away.to + AFTERMATH {
                kept_since = away.from;
            }
        }
    }
    kept_since.saturating_sub(UNRECORDED)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n  from      to  fault             duplicates  longest delay")?;
        for Effect { fault, duplicates, longest, .. } in &self.faults {
            writeln!(
                f,
                "{:6.1}  {:6.1}  {:<16}  {duplicates:>10}  {:>11.1} s",
                fault.from.as_secs_f64(),
                fault.to.as_secs_f64(),
                format!("{:?}", fault.kind),
                longest.as_secs_f64(),
            )?;
        }
        let duplicates: usize = self.faults.iter().map(|effect| effect.duplicates).sum();
        writeln!(
            f,
            "\n{:>8} events accepted, each for {} receivers",
            self.accepted, self.receivers
        )?;
        writeln!(f, "{:>8} never accepted", self.unaccepted)?;
        writeln!(f, "{:>8} delivered", self.delivered)?;
        writeln!(f, "{:>8} dead letters", self.dead)?;
        writeln!(f, "{:>8} lost", self.lost.len())?;
        for one in self.lost.iter().take(10) {
            writeln!(
                f,
                "           {} (number {}) at receiver {}",
                one.event_id, one.number, one.receiver
            )?;
        }
        writeln!(f, "{:>8} events accepted twice", self.doubled_events)?;
        writeln!(f, "{:>8} deliveries without an end", self.unfinished)?;
        writeln!(f, "{duplicates:>8} duplicates that follow a fault")?;
        writeln!(f, "{:>8} that follow none", self.unexplained.len())?;
        for (number, times) in self.unexplained.iter().take(10) {
            writeln!(f, "           number {number}, answered at {times:.1?}")?;
        }
        let verdict = if self.holds() { "the promise held" } else { "THE PROMISE DID NOT HOLD" };
        writeln!(f, "seed {}: {verdict}", self.seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn report(arrivals: &[(u64, &str, u64)], kind: Kind) -> Report {
        report_of(arrivals, &[(kind, 10, 12)])
    }

    fn report_of(arrivals: &[(u64, &str, u64)], faults: &[(Kind, u64, u64)]) -> Report {
        let plan = Plan {
            server_bin: "posthaste".into(),
            posting: at(60),
            rate: 1,
            faults: 1,
            seed: 1,
            stay: false,
        };
        let poster = Poster::new(Default::default(), String::new(), std::time::Instant::now());
        for number in [0, 1] {
            poster.note(Accepted { event_id: format!("evt_{number}"), posted: at(number) });
        }
        let arrival = |(number, delivery, seconds): &(u64, &str, u64)| Arrival {
            number: *number,
            delivery: (*delivery).to_owned(),
            at: at(*seconds),
        };
        let arrivals = vec![arrivals.iter().map(arrival).collect()];
        let fault = |(kind, from, to): &(Kind, u64, u64)| Happened {
            kind: *kind,
            from: at(*from),
            to: at(*to),
        };
        let faults = faults.iter().map(fault).collect();
        Report::new(&plan, &poster, arrivals, faults, &[], 0)
    }

    #[test]
    fn all_that_arrived_once_holds() {
        assert!(report(&[(0, "a", 1), (1, "b", 2)], Kind::WorkerKilled).holds());
    }

    #[test]
    fn what_did_not_arrive_is_lost() {
        assert!(!report(&[(0, "a", 1)], Kind::WorkerKilled).holds());
    }

    #[test]
    fn a_duplicate_must_follow_a_fault_that_doubles() {
        let twice = [(0, "a", 11), (0, "a", 30), (1, "b", 2)];
        assert!(report(&twice, Kind::WorkerKilled).holds());
        assert!(!report(&twice, Kind::ReceiverCuts).holds());
        assert!(!report(&[(0, "a", 3), (0, "a", 11), (1, "b", 2)], Kind::WorkerKilled).holds());
    }

    #[test]
    fn a_duplicate_that_came_before_the_fault_does_not_follow_it() {
        let early = [(0, "a", 9), (0, "a", 9), (1, "b", 2)];
        assert!(!report(&early, Kind::WorkerKilled).holds());
    }

    #[test]
    fn a_worker_that_ends_while_postgres_is_away_takes_its_outcomes_with_it() {
        // Answered at 22, when Postgres had gone, and again when the lease had run out.
        let twice = [(0, "a", 22), (0, "a", 50), (1, "b", 2)];
        for kind in [Kind::WorkerKilled, Kind::WorkerFrozen] {
            for postgres in [Kind::PostgresStopped, Kind::PostgresCrashed] {
                assert!(report_of(&twice, &[(postgres, 21, 32), (kind, 30, 31)]).holds());
                // Shortly after Postgres is back, not all may have been recorded.
                assert!(report_of(&twice, &[(postgres, 21, 27), (kind, 30, 31)]).holds());
                assert!(!report_of(&twice, &[(postgres, 21, 23), (kind, 30, 31)]).holds());
                // Postgres went after it had been answered and recorded, or only after the worker.
                assert!(!report_of(&twice, &[(postgres, 24, 32), (kind, 30, 31)]).holds());
                assert!(!report_of(&twice, &[(kind, 30, 31), (postgres, 31, 33)]).holds());
            }
        }
    }

    #[test]
    fn outcomes_are_kept_from_one_absence_of_postgres_to_the_next() {
        let twice = [(0, "a", 22), (0, "a", 50), (1, "b", 2)];
        let stopped = Kind::PostgresStopped;
        let close = [(stopped, 21, 23), (stopped, 25, 28), (Kind::WorkerKilled, 30, 31)];
        assert!(report_of(&twice, &close).holds());
        let apart = [(stopped, 21, 22), (stopped, 29, 30), (Kind::WorkerKilled, 30, 31)];
        assert!(!report_of(&twice, &apart).holds());
    }

    #[test]
    fn an_absence_of_postgres_alone_doubles_nothing() {
        let twice = [(0, "a", 22), (0, "a", 50), (1, "b", 2)];
        let stopped = (Kind::PostgresStopped, 21, 32);
        assert!(!report_of(&twice, &[stopped]).holds());
        for kind in [Kind::WorkerStopped, Kind::ApiKilled, Kind::RedisEmptied, Kind::ReceiverCuts] {
            assert!(!report_of(&twice, &[stopped, (kind, 30, 31)]).holds(), "{kind:?}");
        }
    }

    #[test]
    fn an_event_with_two_deliveries_was_accepted_twice() {
        assert!(!report(&[(0, "a", 11), (0, "c", 30), (1, "b", 2)], Kind::WorkerKilled).holds());
    }
}
