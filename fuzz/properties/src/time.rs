//! Instants as callers write them, and windows between two of them.

use domain::limits;
use domain::stats::{Bucket, StatsWindow};
use domain::time::{EventTime, Timestamp};
use serde_json::{from_value, json};

use crate::NOW;

/// One instant, or two and a bucket in lines. What is taken is written in a form that means the same instant,
/// and a window of figures is whole buckets, as many as may be.
pub fn time(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for line in text.lines() {
        instant(line);
    }
    let mut lines = text.lines();
    let mut next = || lines.next().and_then(|line| line.parse::<Timestamp>().ok());
    let (from, to) = (next(), next());
    let bucket = lines.next().and_then(|line| line.parse().ok()).unwrap_or_default();
    window(from, to, bucket);
}

fn instant(text: &str) {
    let taken = text.parse::<Timestamp>();
    let sent = EventTime::parse(text);
    assert_eq!(taken.is_ok(), sent.is_ok(), "{text}");
    let (Ok(at), Ok(sent)) = (taken, sent) else { return };
    assert!(text.is_ascii(), "{text} is not of RFC 3339");
    assert!((Timestamp::MIN..=Timestamp::MAX).contains(&at));
    assert_eq!(at.to_string().parse(), Ok(at));
    assert_eq!(from_value(json!(at)).ok(), Some(at));
    assert_eq!(EventTime::parse(sent.as_str()).as_ref(), Ok(&sent), "{text}");
    assert_eq!(sent.as_str().parse(), Ok(at), "{text}");
    assert!(sent.as_str().ends_with('Z'));
}

fn window(from: Option<Timestamp>, to: Option<Timestamp>, bucket: Bucket) {
    let Ok(window) = StatsWindow::new(from, to, bucket, NOW) else { return };
    let starts: Vec<Timestamp> = window.starts().collect();
    assert!((1..=limits::STATS_BUCKETS as usize).contains(&starts.len()));
    assert_eq!(starts.first(), Some(&window.from));
    assert!(window.from <= from.unwrap_or(window.from) && to.unwrap_or(NOW) <= window.to);
    for (position, start) in starts.iter().enumerate() {
        assert_eq!(bucket.start_of(*start), *start);
        assert_eq!(window.bucket_of(*start), Some(position));
    }
    assert_eq!(window.bucket_of(window.to), None);
}
