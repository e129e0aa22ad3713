//! How deliveries are made.

use domain::limits;
use domain::retry::RetryPolicy;

use super::key::{Key, Kind};
use super::reader::Reader;

pub(super) const RETRY_SCHEDULE: Key =
    Key::new("retry_schedule", "POSTHASTE_RETRY_SCHEDULE", Kind::List);
pub(super) const WORKER_CONCURRENCY: Key =
    Key::new("worker_concurrency", "POSTHASTE_WORKER_CONCURRENCY", Kind::Number);

/// How deliveries are made.
#[derive(Debug, Clone)]
pub struct DeliverySettings {
    /// Waits between attempts of subscriptions that bring no schedule of their own (default 5 s, 30 s,
    /// 2 min, 10 min, 1 h).
    pub retry: RetryPolicy,
    /// Requests that one process has in flight at most (default 1024). Each takes a socket and the
    /// event's bytes; change it together with the limit of open files.
    pub worker_concurrency: usize,
}

impl DeliverySettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let retry = reader.read(&RETRY_SCHEDULE, parse_schedule);
        let worker_concurrency = reader.number(&WORKER_CONCURRENCY, 1..=32_768, "requests");
        Some(Self { retry: retry?, worker_concurrency: worker_concurrency? })
    }
}

fn parse_schedule(text: &str) -> Result<RetryPolicy, String> {
    let steps = text.split(',').map(|step| {
        parse_step_s(step.trim()).filter(|step_s| limits::RETRY_STEP_S.contains(step_s)).ok_or_else(
            || {
                format!(
                    "must be waits such as 5s,30s,2m,10m,1h from 100ms to 7d each ({:?} is none)",
                    step.trim()
                )
            },
        )
    });
    let steps_s = steps.collect::<Result<Vec<f64>, String>>()?;
    RetryPolicy::new(steps_s, RetryPolicy::default().jitter())
        .map_err(|_| "must be 1 to 20 waits between commas".to_owned())
}

/// Seconds of `500ms`, `5s`, `1.5m`, `1h` or `1d`.
fn parse_step_s(text: &str) -> Option<f64> {
    let unit = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit);
    let number = number.trim_end();
    // Rust's own parser also takes signs, exponents, `inf` and `nan`.
    if !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let number: f64 = number.parse().ok()?;
    match unit {
        "ms" => Some(number / 1000.0),
        "s" => Some(number),
        "m" => Some(number * 60.0),
        "h" => Some(number * 3600.0),
        "d" => Some(number * 86_400.0),
        _ => None,
    }
}
