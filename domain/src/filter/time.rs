//! Timestamps and durations of expressions.

use chrono::{DateTime, Datelike, FixedOffset, SecondsFormat, TimeDelta, Timelike, Utc};

use super::program::TimePart;

const NANOS_PER_S: i128 = 1_000_000_000;

/// From RFC 3339; `None` when it is none, or outside the years 1 to 9999.
pub(super) fn timestamp_from_text(text: &str) -> Option<DateTime<Utc>> {
    within(DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}

/// From whole seconds since the Unix epoch.
pub(super) fn timestamp_from_unix_s(seconds: i64) -> Option<DateTime<Utc>> {
    within(DateTime::from_timestamp(seconds, 0)?)
}

/// The instant, if RFC 3339 can write it.
pub(super) fn within(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (1..=9999).contains(&at.year()).then_some(at)
}

pub(super) fn timestamp_to_text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// From `1h30m`, `-1.5s`, `250ms`: numbers with the units `h m s ms us ns`.
pub(super) fn duration_from_text(text: &str) -> Option<TimeDelta> {
    let (sign, mut rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    if rest == "0" {
        return Some(TimeDelta::zero());
    }
    let mut nanos: i128 = 0;
    loop {
        let digits = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (number, after) = rest.split_at(digits);
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = after.split_at(letters);
        nanos = nanos.checked_add(scaled(number, nanos_per(unit)?)?)?;
        if after.is_empty() {
            return duration_from_nanos(sign * nanos);
        }
        rest = after;
    }
}

fn nanos_per(unit: &str) -> Option<i128> {
    Some(match unit {
        "h" => 3600 * NANOS_PER_S,
        "m" => 60 * NANOS_PER_S,
        "s" => NANOS_PER_S,
        "ms" => 1_000_000,
        "us" => 1000,
        "ns" => 1,
        _ => return None,
    })
}

/// A decimal number times a scale, cut to whole nanoseconds.
fn scaled(number: &str, scale: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || whole.len() > 18 || fraction.contains('.') {
        return None;
    }
    let mut nanos = if whole.is_empty() { 0 } else { whole.parse::<i128>().ok()? } * scale;
    let mut place = scale;
    for digit in fraction.bytes() {
        place /= 10;
        nanos += i128::from(digit - b'0') * place;
    }
    Some(nanos)
}

fn duration_from_nanos(nanos: i128) -> Option<TimeDelta> {
    let seconds = i64::try_from(nanos.div_euclid(NANOS_PER_S)).ok()?;
    TimeDelta::new(seconds, u32::try_from(nanos.rem_euclid(NANOS_PER_S)).ok()?)
}

/// As CEL writes durations: seconds, such as `5400s` or `-1.5s`.
pub(super) fn duration_to_text(duration: TimeDelta) -> String {
    let nanos =
        i128::from(duration.num_seconds()) * NANOS_PER_S + i128::from(duration.subsec_nanos());
    let (sign, nanos) = if nanos < 0 { ("-", -nanos) } else { ("", nanos) };
    let fraction = format!("{:09}", nanos % NANOS_PER_S);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}s", nanos / NANOS_PER_S)
}

/// `UTC`, or an offset such as `+02:00`.
pub(super) fn offset_from_text(text: &str) -> Option<FixedOffset> {
    if text == "UTC" || text == "Z" {
        return FixedOffset::east_opt(0);
    }
    let (sign, clock) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let (hours, minutes) = clock.split_once(':')?;
    let number = |text: &str, below: i32| {
        let fits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i32>().ok().filter(|number| fits && *number < below)
    };
    FixedOffset::east_opt(sign * (number(hours, 24)? * 3600 + number(minutes, 60)? * 60))
}

/// A part of an instant, as a clock at the offset shows it. Months and days of the month and year
/// count from 0, days of the week from Sunday; only `getDate` counts from 1.
pub(super) fn part_of_timestamp(at: DateTime<Utc>, part: TimePart, offset: FixedOffset) -> i64 {
    let at = at.with_timezone(&offset);
    match part {
        TimePart::FullYear => i64::from(at.year()),
        TimePart::Month => i64::from(at.month0()),
        TimePart::Date => i64::from(at.day()),
        TimePart::DayOfMonth => i64::from(at.day0()),
        TimePart::DayOfWeek => i64::from(at.weekday().num_days_from_sunday()),
        TimePart::DayOfYear => i64::from(at.ordinal0()),
        TimePart::Hours => i64::from(at.hour()),
        TimePart::Minutes => i64::from(at.minute()),
        TimePart::Seconds => i64::from(at.second()),
        TimePart::Milliseconds => i64::from(at.timestamp_subsec_millis()),
    }
}

/// A duration in whole units; `None` for what only instants have.
pub(super) const fn part_of_duration(duration: TimeDelta, part: TimePart) -> Option<i64> {
    match part {
        TimePart::Hours => Some(duration.num_hours()),
        TimePart::Minutes => Some(duration.num_minutes()),
        TimePart::Seconds => Some(duration.num_seconds()),
        TimePart::Milliseconds => Some(duration.num_milliseconds()),
        _ => None,
    }
}
