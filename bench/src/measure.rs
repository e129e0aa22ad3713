//! From raw facts to figures: what was sent, what arrived, and what it cost.

use std::ops::Range;

use serde::Serialize;

use crate::generator::Sent;
use crate::receiver::Arrival;

/// The most subscriptions of one tenant that a scenario tells apart: the bits of a mask.
pub const LANES_MAX: u32 = 64;

/// What a load came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Events accepted per second of the window, by the instant they were sent.
    pub accepted_per_second: f64,
    /// Arrivals per second of the window, each delivery counted once.
    pub delivered_per_second: f64,
    /// Deliveries that arrived, in the window and outside.
    pub delivered: u64,
    /// Deliveries of accepted events that never arrived.
    pub missing: u64,
    /// Arrivals beyond the first of a delivery.
    pub duplicates: u64,
    /// From send to arrival, of the events sent in the window.
    pub latency: Latency,
    /// Deliveries per second from the first send to the last arrival, the backlog included.
    pub drained_per_second: f64,
}

/// Percentiles in milliseconds; 0 when nothing arrived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Latency {
    /// Half are below.
    pub p50_ms: f64,
    /// One in twenty is above.
    pub p95_ms: f64,
    /// One in a hundred is above.
    pub p99_ms: f64,
}

/// Sets arrivals against what was sent; `lanes` is how many deliveries each event becomes.
///
/// Arrivals of other loads on the same receiver are told apart by their numbers and left out.
#[must_use]
pub fn outcome(sent: &Sent, arrivals: &[Arrival], lanes: u32, window: &Range<u64>) -> Outcome {
    let mut seen = vec![0_u64; sent.at_ns.len()];
    let mut latencies_ns = Vec::new();
    let (mut delivered, mut duplicates, mut in_window, mut last_ns) = (0_u64, 0, 0_u64, 0);
    for arrival in arrivals {
        let Some(index) = arrival.seq.checked_sub(sent.first_seq).map(|index| index as usize)
        else {
            continue;
        };
        let Some(mask) = seen.get_mut(index) else {
            continue;
        };
        let bit = 1 << (u32::from(arrival.lane) % LANES_MAX);
        if *mask & bit != 0 {
            duplicates += 1;
            continue;
        }
        *mask |= bit;
        delivered += 1;
        last_ns = last_ns.max(arrival.at_ns);
        in_window += u64::from(window.contains(&arrival.at_ns));
        if window.contains(&sent.at_ns[index]) {
            latencies_ns.push(arrival.at_ns.saturating_sub(sent.at_ns[index]));
        }
    }
    let events = || sent.accepted.iter().zip(&sent.at_ns);
    let accepted = events().filter(|(ok, at_ns)| **ok && window.contains(at_ns)).count();
    let missing = sent
        .accepted
        .iter()
        .zip(&seen)
        .filter(|(ok, _)| **ok)
        .map(|(_, mask)| u64::from(lanes.saturating_sub(mask.count_ones())))
        .sum();
    let window_s = (window.end - window.start) as f64 / 1e9;
    let first_ns = sent.at_ns.first().copied().unwrap_or(0);
    let drained_s = last_ns.saturating_sub(first_ns).max(1) as f64 / 1e9;
    Outcome {
        accepted_per_second: accepted as f64 / window_s,
        delivered_per_second: in_window as f64 / window_s,
        delivered,
        missing,
        duplicates,
        latency: Latency::of(&mut latencies_ns),
        drained_per_second: delivered as f64 / drained_s,
    }
}

/// Arrivals by the place of their event in what was sent, and whether each was the first of its event.
pub fn every_arrival(
    sent: &Sent,
    arrivals: &[Arrival],
) -> impl Iterator<Item = (usize, u64, bool)> {
    let mut seen = vec![false; sent.at_ns.len()];
    arrivals.iter().filter_map(move |arrival| {
        let index = arrival.seq.checked_sub(sent.first_seq)? as usize;
        let seen = seen.get_mut(index)?;
        Some((index, arrival.at_ns, !std::mem::replace(seen, true)))
    })
}

impl Latency {
    /// The percentiles of unordered nanoseconds.
    #[must_use]
    pub fn of(values_ns: &mut [u64]) -> Self {
        values_ns.sort_unstable();
        let at = |percent| percentile(values_ns, percent) as f64 / 1e6;
        Self { p50_ms: at(50), p95_ms: at(95), p99_ms: at(99) }
    }
}

/// The nearest-rank percentile of ordered values; 0 of none.
fn percentile(ordered: &[u64], percent: usize) -> u64 {
    let rank = (ordered.len() * percent).div_ceil(100);
    ordered.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

/// The middle of values, and their range; `None` of none.
#[must_use]
pub fn median_and_range(values: &[f64]) -> Option<(f64, f64, f64)> {
    let mut ordered = values.to_vec();
    ordered.sort_by(f64::total_cmp);
    let (first, last) = (*ordered.first()?, *ordered.last()?);
    let middle = ordered.len() / 2;
    let median = if ordered.len().is_multiple_of(2) {
        f64::midpoint(ordered[middle - 1], ordered[middle])
    } else {
        ordered[middle]
    };
    Some((median, first, last))
}

#[cfg(test)]
mod tests {
    use super::{Latency, median_and_range, outcome};
    use crate::generator::Sent;
    use crate::receiver::Arrival;

    const SECOND: u64 = 1_000_000_000;

    fn arrival(seq: u32, lane: u16, at_ns: u64) -> Arrival {
        Arrival { seq, lane, at_ns }
    }

    #[test]
    fn counts_what_is_missing_and_what_came_twice() {
        let sent = Sent {
            first_seq: 10,
            at_ns: vec![0, SECOND, SECOND, 2 * SECOND],
            accepted: vec![true, true, false, true],
            ..Sent::default()
        };
        let arrivals = [
            arrival(3, 0, 5), // Of an earlier load.
            arrival(10, 0, SECOND / 2),
            arrival(10, 1, SECOND / 2),
            arrival(11, 0, SECOND + 4_000_000),
            arrival(11, 0, SECOND + 5_000_000), // The same lane again: not the one that is missing.
            arrival(99, 0, SECOND),             // Of a later load.
        ];
        let found = outcome(&sent, &arrivals, 2, &(SECOND..2 * SECOND));
        assert_eq!((found.delivered, found.duplicates), (3, 1));
        assert_eq!(found.missing, 3, "one of event 11 and two of event 13; 12 was refused");
        assert!((found.delivered_per_second - 1.0).abs() < 1e-9);
        assert!((found.accepted_per_second - 1.0).abs() < 1e-9);
        assert!((found.latency.p99_ms - 4.0).abs() < 1e-9);
    }

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let mut values: Vec<u64> = (1..=200).rev().map(|n| n * 1_000_000).collect();
        let latency = Latency::of(&mut values);
        assert_eq!((latency.p50_ms, latency.p95_ms, latency.p99_ms), (100.0, 190.0, 198.0));
        assert_eq!(Latency::of(&mut []), Latency::default());
    }

    #[test]
    fn the_median_of_runs_comes_with_its_range() {
        assert_eq!(median_and_range(&[3.0, 1.0, 2.0]), Some((2.0, 1.0, 3.0)));
        assert_eq!(median_and_range(&[1.0, 2.0]), Some((1.5, 1.0, 2.0)));
        assert_eq!(median_and_range(&[]), None);
    }
}
