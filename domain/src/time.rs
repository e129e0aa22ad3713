//! Instants, in milliseconds since the Unix epoch, and their RFC 3339 text.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant in UTC with millisecond precision.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "columns", derive(sea_orm::DeriveValueType))]
pub struct Timestamp(i64);

/// The text is not an RFC 3339 instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 instant such as 2026-01-21T12:00:00Z")]
pub struct MalformedTimestamp;

impl Timestamp {
    /// The latest instant that RFC 3339 can write (end of the year 9999).
    pub const MAX: Self = Self(253_402_300_799_999);
    /// The earliest (start of the year 0000).
    pub const MIN: Self = Self(-62_167_219_200_000);

    /// From milliseconds since the Unix epoch.
    pub const fn from_unix_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn unix_ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, as signatures carry them.
    pub const fn unix_s(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Time since `earlier`, zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    fn to_chrono(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.clamp(Self::MIN.0, Self::MAX.0)).unwrap_or_default()
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
                .min(Self::MAX.0),
        )
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_chrono().to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = MalformedTimestamp;

    fn from_str(text: &str) -> Result<Self, MalformedTimestamp> {
        parse_utc(text).map(|at| Self(at.timestamp_millis()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The instant of an event as it is sent: UTC, with the precision that the caller gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct EventTime(String);

impl EventTime {
    /// From the caller's text.
    ///
    /// # Errors
    /// When the text is not RFC 3339.
    pub fn parse(text: &str) -> Result<Self, MalformedTimestamp> {
        let utc = parse_utc(text)?;
        let digits = text
            .split_once('.')
            .map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
        let whole = utc.format("%Y-%m-%dT%H:%M:%S");
        if digits == 0 {
            return Ok(Self(format!("{whole}Z")));
        }
        // chrono keeps nine digits; what lies behind them is passed on as it came.
        let fraction = text.split_once('.').map_or("", |(_, rest)| &rest[..digits]);
        Ok(Self(format!("{whole}.{fraction}Z")))
    }

    /// The instant in milliseconds, for events whose caller gave none.
    pub fn from_timestamp(at: Timestamp) -> Self {
        Self(at.to_string())
    }

    /// Trusts text that was parsed before it was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text as it goes on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn parse_utc(text: &str) -> Result<DateTime<Utc>, MalformedTimestamp> {
    // RFC 3339 section 5.6 wants the "T" and is ASCII; the space, the lower case and the minus sign of
    // Unicode that parsers let through are not what the wire promises.
    if text.len() > 64 || text.as_bytes().get(10) != Some(&b'T') || !text.is_ascii() {
        return Err(MalformedTimestamp);
    }
    let at = DateTime::parse_from_rfc3339(text).map_err(|_| MalformedTimestamp)?.to_utc();
    let ms = at.timestamp_millis();
    (Timestamp::MIN.0..=Timestamp::MAX.0).contains(&ms).then_some(at).ok_or(MalformedTimestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_time_becomes_utc_with_the_precision_given() {
        for (given, sent) in [
            ("2026-01-21T12:00:00Z", "2026-01-21T12:00:00Z"),
            ("2026-01-21T12:00:00.5Z", "2026-01-21T12:00:00.5Z"),
            ("2026-01-21T14:00:00.123456789+02:00", "2026-01-21T12:00:00.123456789Z"),
            ("2026-01-21T12:00:00.000-00:00", "2026-01-21T12:00:00.000Z"),
        ] {
            assert_eq!(EventTime::parse(given).map(|t| t.as_str().to_owned()), Ok(sent.to_owned()));
        }
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "2026-01-21",
            "2026-01-21 12:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-21T12:00:00",
            "2026-01-21T12:00:00\u{2212}02:00",
        ] {
            assert!(EventTime::parse(text).is_err(), "{text}");
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn timestamps_are_written_in_milliseconds() {
        assert_eq!(
            Timestamp::from_unix_ms(1_768_996_800_007).to_string(),
            "2026-01-21T12:00:00.007Z"
        );
        assert_eq!(
            "2026-01-21T12:00:00.007Z".parse(),
            Ok(Timestamp::from_unix_ms(1_768_996_800_007))
        );
    }
}
