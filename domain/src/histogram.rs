//! How durations are spread, in so few numbers that those of a month can be added up.
//!
//! Whole milliseconds are counted in buckets that grow with what they hold: each has a middle that is
//! within [`ERROR_PERCENT`] of all of its values, and is as wide as that allows. So 0 to 18 ms have
//! a bucket each and are told exactly, and a minute is reached with about a hundred buckets. The buckets are the
//! same for everybody and for ever, which is why histograms add up: of two, the counts; and the percentiles of a sum
//! are as good as those of its parts. (DDSketch, Masson et al. 2019, takes powers of one number for its
//! edges; rounding its answers to milliseconds would break the bound where values are small.)

use crate::varint::{self, Malformed};

/// How far a percentile may be from the value that it stands for.
pub const ERROR_PERCENT: u32 = 5;

/// Counts of durations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram {
    /// By bucket, up to the last one that holds something.
    counts: Vec<u64>,
}

impl Histogram {
    /// Counts a duration.
    pub fn add(&mut self, ms: u32) {
        self.add_to(HIGHEST.partition_point(|highest| *highest < ms), 1);
    }

    /// Counts all that the other has counted.
    pub fn merge(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count = count.saturating_add(*more);
        }
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The duration in milliseconds that so many percent of all are not above (nearest rank); `None`
    /// when there are none.
    pub fn percentile(&self, percent: u32) -> Option<u32> {
        let rank = (u128::from(self.count()) * u128::from(percent)).div_ceil(100).max(1);
        let mut seen = 0_u128;
        let mut buckets = self.counts.iter().zip(&MIDDLE);
        buckets.find_map(|(count, middle)| {
            seen += u128::from(*count);
            (seen >= rank).then_some(*middle)
        })
    }

    /// Writes the buckets that hold something: how many, then the distance and the count of each.
    pub fn encode(&self, into: &mut Vec<u8>) {
        let filled = || self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        varint::put(into, filled().count() as u64);
        let mut next = 0;
        for (bucket, count) in filled() {
            varint::put(into, (bucket - next) as u64);
            varint::put(into, *count);
            next = bucket + 1;
        }
    }

    /// Takes a histogram off the front of what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// When the bytes are something else.
    pub fn decode(bytes: &mut &[u8]) -> Result<Self, Malformed> {
        let mut histogram = Self::default();
        let mut next = 0_usize;
        for _ in 0..varint::take(bytes)? {
            let distance = usize::try_from(varint::take(bytes)?).map_err(|_| Malformed)?;
            let bucket = next.checked_add(distance).filter(|bucket| *bucket < BUCKETS);
            let bucket = bucket.ok_or(Malformed)?;
            let count = varint::take(bytes)?;
            if count == 0 {
                return Err(Malformed);
            }
            histogram.add_to(bucket, count);
            next = bucket + 1;
        }
        Ok(histogram)
    }

    fn add_to(&mut self, bucket: usize, count: u64) {
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] = self.counts[bucket].saturating_add(count);
    }
}

/// The value furthest above `lowest` that is within the bound.
const fn middle_above(lowest: u64) -> u64 {
    lowest + lowest * ERROR_PERCENT as u64 / 100
}

/// The value furthest above `middle` that `middle` is within the bound of.
const fn highest_above(middle: u64) -> u64 {
    middle * 100 / (100 - ERROR_PERCENT as u64)
}

const LAST: u64 = u32::MAX as u64;

const BUCKETS: usize = {
    let (mut count, mut lowest) = (0, 0);
    while lowest <= LAST {
        lowest = highest_above(middle_above(lowest)) + 1;
        count += 1;
    }
    count
};

/// The highest value of each bucket, and what stands for all of its values.
const EDGES: ([u32; BUCKETS], [u32; BUCKETS]) = {
    let (mut highest, mut middle) = ([u32::MAX; BUCKETS], [u32::MAX; BUCKETS]);
    let (mut bucket, mut lowest) = (0, 0);
    while bucket < BUCKETS {
        let its_middle = middle_above(lowest);
        let its_highest = highest_above(its_middle);
        if its_middle < LAST {
            middle[bucket] = its_middle as u32;
        }
        if its_highest < LAST {
            highest[bucket] = its_highest as u32;
        }
        lowest = its_highest + 1;
        bucket += 1;
    }
    (highest, middle)
};
static HIGHEST: [u32; BUCKETS] = EDGES.0;
static MIDDLE: [u32; BUCKETS] = EDGES.1;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u32]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|ms| histogram.add(*ms));
        histogram
    }

    fn encoded(histogram: &Histogram) -> Vec<u8> {
        let mut bytes = Vec::new();
        histogram.encode(&mut bytes);
        bytes
    }

    fn is_within_the_bound(told: u32, exact: u32) -> bool {
        u64::from(told.abs_diff(exact)) * 100 <= u64::from(exact) * u64::from(ERROR_PERCENT)
    }

    /// Durations as they are: mostly short, some up to a minute, now and then anything.
    fn durations() -> impl Strategy<Value = Vec<u32>> {
        let duration = prop_oneof![6 => 0..500_u32, 3 => 0..60_000_u32, 1 => any::<u32>()];
        prop::collection::vec(duration, 1..300)
    }

    proptest! {
        #[test]
        fn percentiles_are_within_five_percent_of_the_exact_ones(mut values in durations()) {
            let histogram = of(&values);
            values.sort_unstable();
            prop_assert_eq!(histogram.count(), values.len() as u64);
            for percent in [1, 50, 95, 99, 100] {
                let rank = (values.len() * percent as usize).div_ceil(100);
                let (told, exact) = (histogram.percentile(percent), values[rank - 1]);
                prop_assert!(told.is_some_and(|told| is_within_the_bound(told, exact)), "{told:?} for {exact}");
            }
        }

        #[test]
        fn a_sum_is_the_histogram_of_everything(left in durations(), right in durations()) {
            let mut sum = of(&left);
            sum.merge(&of(&right));
            prop_assert_eq!(sum, of(&[left, right].concat()));
        }

        #[test]
        fn it_is_read_as_it_was_written(values in durations(), behind: Vec<u8>) {
            let histogram = of(&values);
            let bytes = [encoded(&histogram), behind.clone()].concat();
            let mut left = bytes.as_slice();
            prop_assert_eq!(Histogram::decode(&mut left), Ok(histogram));
            prop_assert_eq!(left, behind);
        }

        #[test]
        fn other_bytes_are_refused_or_read_and_never_panic(bytes: Vec<u8>) {
            if let Ok(read) = Histogram::decode(&mut bytes.as_slice()) {
                let _ = (read.count(), read.percentile(99));
                prop_assert_eq!(Histogram::decode(&mut encoded(&read).as_slice()), Ok(read));
            }
        }
    }

    #[test]
    fn the_buckets_cover_everything_and_each_is_within_the_bound() {
        let mut lowest = 0;
        for (highest, middle) in HIGHEST.into_iter().zip(MIDDLE) {
            assert!(is_within_the_bound(middle, lowest) && is_within_the_bound(middle, highest));
            lowest = highest.saturating_add(1);
        }
        assert_eq!(HIGHEST[BUCKETS - 1], u32::MAX);
        assert!(HIGHEST.is_sorted());
    }

    #[test]
    fn short_durations_are_told_exactly() {
        for ms in 0..=18 {
            assert_eq!(of(&[ms]).percentile(50), Some(ms));
        }
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!(Histogram::default().percentile(50), None);
    }

    #[test]
    fn a_minute_of_one_receiver_is_a_few_bytes() {
        let values: Vec<u32> = (0..1_000).map(|number| 20 + number % 30).collect();
        assert!(encoded(&of(&values)).len() < 32);
    }

    #[test]
    fn a_bucket_out_of_order_or_without_a_count_is_refused() {
        for bytes in [&[1, 3, 0][..], &[1, 0xff, 0x7f, 1], &[2, 0, 1], &[]] {
            assert_eq!(Histogram::decode(&mut { bytes }), Err(Malformed), "{bytes:?}");
        }
    }
}
