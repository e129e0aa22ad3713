//! Figures: what is counted of a stretch of time, and which stretches are asked for.

use std::str::FromStr;
use std::time::Duration;

use crate::histogram::Histogram;
use crate::limits;
use crate::outcome::FailureReason;
use crate::time::Timestamp;
use crate::varint::{self, Malformed};

/// What is counted of a stretch of time. Sums add up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sums {
    pub events: u64,
    pub deliveries: u64,
    pub dead_letters: u64,
    /// Durations of attempts in milliseconds: one for each attempt.
    pub durations: Histogram,
    /// Failed attempts by [`FailureReason`].
    failures: [u64; FailureReason::ALL.len()],
}

/// The form in which sums are written; another one gets another number.
const FORM: u8 = 1;

impl Sums {
    /// Counts an attempt; without a reason it was a success.
    pub fn add_attempt(&mut self, duration: Duration, failure: Option<FailureReason>) {
        self.durations.add(u32::try_from(duration.as_millis()).unwrap_or(u32::MAX));
        if let Some(reason) = failure {
            let count = &mut self.failures[reason as usize];
            *count = count.saturating_add(1);
        }
    }

    /// Counts all that the other has counted.
    pub fn merge(&mut self, other: &Self) {
        self.events = self.events.saturating_add(other.events);
        self.deliveries = self.deliveries.saturating_add(other.deliveries);
        self.dead_letters = self.dead_letters.saturating_add(other.dead_letters);
        self.durations.merge(&other.durations);
        for (count, more) in self.failures.iter_mut().zip(&other.failures) {
            *count = count.saturating_add(*more);
        }
    }

    /// Attempts that were made.
    pub fn attempts(&self) -> u64 {
        self.durations.count()
    }

    /// Attempts that failed.
    pub fn failed(&self) -> u64 {
        self.failures.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Attempts that succeeded.
    pub fn succeeded(&self) -> u64 {
        self.attempts().saturating_sub(self.failed())
    }

    /// Failed attempts by reason, without those that there are none of.
    pub fn failures(&self) -> impl Iterator<Item = (FailureReason, u64)> + use<'_> {
        FailureReason::ALL.into_iter().zip(self.failures).filter(|(_, count)| *count > 0)
    }

    /// Writes the sums in few bytes.
    pub fn encode(&self, into: &mut Vec<u8>) {
        into.push(FORM);
        for count in [self.events, self.deliveries, self.dead_letters] {
            varint::put(into, count);
        }
        varint::put(into, self.failures().count() as u64);
        for (reason, count) in self.failures() {
            varint::put(into, reason as u64);
            varint::put(into, count);
        }
        self.durations.encode(into);
    }

    /// Takes sums off the front of what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// When the bytes are something else.
    pub fn decode(bytes: &mut &[u8]) -> Result<Self, Malformed> {
        if varint::take_byte(bytes)? != FORM {
            return Err(Malformed);
        }
        let mut sums = Self {
            events: varint::take(bytes)?,
            deliveries: varint::take(bytes)?,
            dead_letters: varint::take(bytes)?,
            ..Self::default()
        };
        for _ in 0..varint::take(bytes)? {
            let reason = usize::try_from(varint::take(bytes)?).map_err(|_| Malformed)?;
            *sums.failures.get_mut(reason).ok_or(Malformed)? = varint::take(bytes)?;
        }
        sums.durations = Histogram::decode(bytes)?;
        Ok(sums)
    }
}

/// How long the stretches are that figures are told by. They begin at whole ones of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bucket {
    #[default]
    Minute,
    FiveMinutes,
    Hour,
    Day,
}

/// The text names no bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1m, 5m, 1h or 1d")]
pub struct UnknownBucket;

impl Bucket {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Minute, Self::FiveMinutes, Self::Hour, Self::Day];

    /// Its length in seconds.
    pub const fn seconds(self) -> u32 {
        match self {
            Self::Minute => 60,
            Self::FiveMinutes => 5 * 60,
            Self::Hour => 60 * 60,
            Self::Day => 24 * 60 * 60,
        }
    }

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "1m",
            Self::FiveMinutes => "5m",
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }

    /// Where the bucket begins that an instant is in.
    pub const fn start_of(self, at: Timestamp) -> Timestamp {
        let ms = at.unix_ms();
        Timestamp::from_unix_ms(ms - ms.rem_euclid(self.milliseconds()))
    }

    /// Where the next one begins, unless the instant is at a beginning.
    const fn edge_from(self, at: Timestamp) -> Timestamp {
        let past = at.unix_ms().rem_euclid(self.milliseconds());
        let ahead = if past == 0 { 0 } else { self.milliseconds() - past };
        Timestamp::from_unix_ms(at.unix_ms() + ahead)
    }

    const fn milliseconds(self) -> i64 {
        self.seconds() as i64 * 1000
    }
}

impl FromStr for Bucket {
    type Err = UnknownBucket;

    fn from_str(text: &str) -> Result<Self, UnknownBucket> {
        Self::ALL.into_iter().find(|bucket| bucket.as_str() == text).ok_or(UnknownBucket)
    }
}

/// The window that figures are told of: whole buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatsWindow {
    pub from: Timestamp,
    /// Not in it any more.
    pub to: Timestamp,
    pub bucket: Bucket,
}

/// There are no figures of such a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoWindow {
    /// It ends before it begins.
    #[error("must be earlier than `to`, which is now unless it is given")]
    Empty,
    /// It has too many buckets.
    #[error(
        "makes {buckets} buckets of {} from `from` to `to`, and {} are the most; take longer ones, or a shorter window",
        bucket.as_str(),
        limits::STATS_BUCKETS
    )]
    TooLong { buckets: i64, bucket: Bucket },
}

impl StatsWindow {
    /// The window that is asked for, its edges moved outwards to those of buckets. Without an end it ends
    /// now, without a beginning it is [`limits::STATS_WINDOW_DEFAULT`] long.
    ///
    /// # Errors
    /// When it is empty or has more than [`limits::STATS_BUCKETS`].
    pub fn new(
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        bucket: Bucket,
        now: Timestamp,
    ) -> Result<Self, NoWindow> {
        let asked_to = to.unwrap_or(now);
        let to = bucket.edge_from(asked_to);
        let from = match from {
            Some(from) if from >= asked_to => return Err(NoWindow::Empty),
            Some(from) => from,
            None => to - limits::STATS_WINDOW_DEFAULT,
        };
        let window = Self { from: bucket.start_of(from), to, bucket };
        let buckets = (to.unix_ms() - window.from.unix_ms()) / bucket.milliseconds();
        if buckets > i64::from(limits::STATS_BUCKETS) {
            return Err(NoWindow::TooLong { buckets, bucket });
        }
        Ok(window)
    }

    /// Where each bucket begins.
    pub fn starts(&self) -> impl ExactSizeIterator<Item = Timestamp> + use<> {
        let (from, width) = (self.from.unix_ms(), self.bucket.milliseconds());
        (0..self.buckets())
            .map(move |bucket| Timestamp::from_unix_ms(from + i64::from(bucket) * width))
    }

    /// Which bucket an instant of the window is in, counted from 0.
    pub fn bucket_of(&self, at: Timestamp) -> Option<usize> {
        let bucket = (at.unix_ms() - self.from.unix_ms()).div_euclid(self.bucket.milliseconds());
        usize::try_from(bucket).ok().filter(|_| at < self.to)
    }

    fn buckets(&self) -> u32 {
        let buckets = (self.to.unix_ms() - self.from.unix_ms()) / self.bucket.milliseconds();
        u32::try_from(buckets).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn sums() -> impl Strategy<Value = Sums> {
        let attempts = prop::collection::vec((0..70_000_u64, prop::option::of(0..11_usize)), 0..50);
        (any::<[u32; 3]>(), attempts).prop_map(|([events, deliveries, dead_letters], attempts)| {
            let mut sums = Sums {
                events: events.into(),
                deliveries: deliveries.into(),
                dead_letters: dead_letters.into(),
                ..Sums::default()
            };
            for (ms, reason) in attempts {
                let reason = reason.map(|position| FailureReason::ALL[position]);
                sums.add_attempt(Duration::from_millis(ms), reason);
            }
            sums
        })
    }

    proptest! {
        #[test]
        fn sums_are_read_as_they_were_written(sums in sums(), behind: Vec<u8>) {
            let mut bytes = Vec::new();
            sums.encode(&mut bytes);
            bytes.extend(&behind);
            let mut left = bytes.as_slice();
            prop_assert_eq!(Sums::decode(&mut left), Ok(sums));
            prop_assert_eq!(left, behind);
        }

        #[test]
        fn other_bytes_are_refused_or_read_and_never_panic(mut bytes: Vec<u8>) {
            let _ = Sums::decode(&mut bytes.as_slice());
            bytes.insert(0, FORM);
            if let Ok(mut sums) = Sums::decode(&mut bytes.as_slice()) {
                sums.merge(&sums.clone());
                let _ = (sums.attempts(), sums.succeeded(), sums.failed());
            }
        }

        #[test]
        fn a_sum_has_what_its_parts_have(left in sums(), right in sums()) {
            let mut sum = left.clone();
            sum.merge(&right);
            prop_assert_eq!(sum.attempts(), left.attempts() + right.attempts());
            prop_assert_eq!(sum.failed(), left.failed() + right.failed());
            prop_assert_eq!(sum.succeeded() + sum.failed(), sum.attempts());
            prop_assert_eq!(sum.events, left.events + right.events);
        }
    }

    #[test]
    fn each_reason_stands_where_its_number_says() {
        for (position, reason) in FailureReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, position);
        }
    }

    #[test]
    fn by_default_it_is_the_last_hour_by_minutes() {
        let now = at("2026-01-21T12:34:56Z");
        let window = StatsWindow::new(None, None, Bucket::default(), now).expect("a window");
        assert_eq!(
            (window.from, window.to),
            (at("2026-01-21T11:35:00Z"), at("2026-01-21T12:35:00Z"))
        );
        assert_eq!(window.starts().len(), 60);
        assert_eq!(window.bucket_of(now), Some(59), "the minute that is under way");
    }

    #[test]
    fn edges_are_moved_outwards_to_those_of_buckets() {
        let (from, to) =
            (Some(at("2026-01-21T10:59:59.999Z")), Some(at("2026-01-21T12:00:00.001Z")));
        for (bucket, expected) in [
            (Bucket::Minute, ("2026-01-21T10:59:00Z", "2026-01-21T12:01:00Z")),
            (Bucket::FiveMinutes, ("2026-01-21T10:55:00Z", "2026-01-21T12:05:00Z")),
            (Bucket::Hour, ("2026-01-21T10:00:00Z", "2026-01-21T13:00:00Z")),
            (Bucket::Day, ("2026-01-21T00:00:00Z", "2026-01-22T00:00:00Z")),
        ] {
            let window = StatsWindow::new(from, to, bucket, Timestamp::MIN).expect("a window");
            assert_eq!((window.from, window.to), (at(expected.0), at(expected.1)));
            let starts: Vec<Timestamp> = window.starts().collect();
            for (position, start) in starts.iter().enumerate() {
                assert_eq!(window.bucket_of(*start), Some(position));
            }
            assert_eq!(window.bucket_of(window.to), None);
            assert_eq!(window.bucket_of(window.from - Duration::from_millis(1)), None);
        }
    }

    #[test]
    fn an_empty_window_and_one_of_too_many_buckets_are_refused() {
        let now = at("2026-01-21T12:00:00Z");
        let of = |from, to, bucket| StatsWindow::new(Some(from), Some(to), bucket, now);
        assert_eq!(of(now, now, Bucket::Day), Err(NoWindow::Empty));
        let longest = now - Duration::from_secs(1_500 * 60);
        assert_eq!(of(longest, now, Bucket::Minute).expect("a window").starts().len(), 1_500);
        let sooner = longest - Duration::from_millis(1);
        assert_eq!(
            of(sooner, now, Bucket::Minute),
            Err(NoWindow::TooLong { buckets: 1_501, bucket: Bucket::Minute })
        );
        assert!(of(Timestamp::MIN, Timestamp::MAX, Bucket::Day).is_err());
        assert!(of(Timestamp::MAX - Duration::from_secs(1), Timestamp::MAX, Bucket::Day).is_ok());
    }

    #[test]
    fn buckets_have_the_names_of_the_wire() {
        for bucket in Bucket::ALL {
            assert_eq!(bucket.as_str().parse(), Ok(bucket));
        }
        assert_eq!("2m".parse::<Bucket>(), Err(UnknownBucket));
    }
}
