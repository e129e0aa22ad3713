//! A histogram that is counted into without a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};

const MICROS_PER_SECOND: f64 = 1_000_000.0;

/// How many observations were at most as large as each bound. The library's own takes a lock for each
/// observation; this one adds to two atomics. Observations are whole microseconds or whole things, so that
/// their sum is exact.
///
/// Clones count into the same.
#[derive(Debug, Clone)]
pub struct Histogram(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    bounds: &'static [u64],
    /// One more than bounds: what is larger than all of them.
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
    /// How many of what is observed make one of what is shown.
    per_unit: f64,
}

impl Histogram {
    /// Of times, shown in seconds; the bounds in microseconds, rising.
    pub fn of_times(bounds_micros: &'static [u64]) -> Self {
        Self::new(bounds_micros, MICROS_PER_SECOND)
    }

    /// Of sizes; the bounds rising.
    pub fn of_sizes(bounds: &'static [u64]) -> Self {
        Self::new(bounds, 1.0)
    }

    fn new(bounds: &'static [u64], per_unit: f64) -> Self {
        let buckets = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self(Arc::new(Counts { bounds, buckets, sum: AtomicU64::new(0), per_unit }))
    }

    /// Counts a time.
    pub fn observe_time(&self, time: Duration) {
        self.observe(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// Counts a size.
    pub fn observe_size(&self, size: usize) {
        self.observe(size as u64);
    }

    fn observe(&self, amount: u64) {
        let counts = &self.0;
        let bucket = counts.bounds.partition_point(|bound| *bound < amount);
        counts.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        counts.sum.fetch_add(amount, Ordering::Relaxed);
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.0.buckets.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

impl TypedMetric for Histogram {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> std::fmt::Result {
        let counts = &self.0;
        let bounds = counts.bounds.iter().map(|bound| to_f64(*bound) / counts.per_unit);
        let buckets: Vec<(f64, u64)> = bounds
            .chain([f64::INFINITY])
            .zip(counts.buckets.iter().map(|count| count.load(Ordering::Relaxed)))
            .collect();
        // Of what is shown, not counted apart: the largest bucket and the count are the same number.
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = to_f64(counts.sum.load(Ordering::Relaxed)) / counts.per_unit;
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to 2^53, and Prometheus knows floats only"
)]
pub(super) fn to_f64(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::prometheus_text;
    use prometheus_client::registry::Registry;

    fn page(histogram: &Histogram) -> String {
        let mut registry = Registry::default();
        registry.register("h", "A histogram", histogram.clone());
        let mut text = String::new();
        prometheus_text::encode(&mut text, &registry).expect("writing to a string does not fail");
        text
    }

    #[test]
    fn a_bound_takes_in_what_is_equal_to_it_and_buckets_add_up() {
        let histogram = Histogram::of_times(&[1_000, 2_500_000]);
        for micros in [1_000, 1_001, 2_500_000, 2_500_001] {
            histogram.observe_time(Duration::from_micros(micros));
        }
        let page = page(&histogram);
        for line in [
            "h_bucket{le=\"0.001\"} 1",
            "h_bucket{le=\"2.5\"} 3",
            "h_bucket{le=\"+Inf\"} 4",
            "h_count 4",
            "h_sum 5.002002",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} in {page}");
        }
    }

    #[test]
    fn a_size_of_nothing_has_a_bucket_of_its_own() {
        let histogram = Histogram::of_sizes(&[0, 1, 2]);
        histogram.observe_size(0);
        histogram.observe_size(1_000);
        let page = page(&histogram);
        assert!(page.contains("h_bucket{le=\"0\"} 1\n"), "{page}");
        assert!(page.contains("h_bucket{le=\"2\"} 1\n"), "{page}");
        assert!(page.contains("h_bucket{le=\"+Inf\"} 2\n"), "{page}");
        assert_eq!(histogram.count(), 2);
    }
}
