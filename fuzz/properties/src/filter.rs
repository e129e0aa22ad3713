//! Filters, and what they make of an event.

use domain::filter::{EventView, Filter, FilterError, Guard};
use domain::limits;

use crate::parted;

/// What events have whose input names no data.
const DATA: &str = r#"{"int": 5, "negative": -3, "double": 2.5, "large": 12345678901234567890, "text": "abc", "yes": true,
    "nothing": null, "list": [1, 2, 3], "none": [], "mixed": [1, "a", null, 2.5, [1]], "object": {"a": 1, "b": "x"},
    "plan": "pro", "count": 5, "price": 9.5, "tags": ["new", "vip"], "address": {"city": "x"}, "empty": "", "active": true,
    "items": [{"price": 5}, {"price": 20.5}, {}], "email": "Ana@example.com", "accent": "\u00e9",
    "at": "2026-01-21T12:30:15.25Z", "largest": 18446744073709551615, "smallest": -9223372036854775808,
    "beyond": 18446744073709551616, "exact": 9007199254740993, "whole": 5.0}"#;
const METADATA: &str = r#"{"region": "eu", "n": 1}"#;

/// A filter, then the data of an event. A filter that is taken is kept as it was written; it has one value for
/// an event, within its steps, whatever it does not look at; and it is one expression, so that its opposite has the
/// opposite value.
pub fn filter(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (text, data) = parted(text);
    let Ok(filter) = Filter::parse(text) else { return };
    assert!(text.chars().count() <= limits::FILTER_CHARS);
    assert_eq!(filter.as_str(), text);

    let data = data.unwrap_or(DATA);
    let (value, spent) = run(&filter, data, METADATA, limits::FILTER_STEPS);
    assert_eq!(run(&filter, data, METADATA, limits::FILTER_STEPS), (value.clone(), spent), "again");
    if let Err(error) = &value {
        assert!(error.detail.chars().count() <= 1000, "{error}");
    }
    if value == Ok(true) {
        let (id, at) = ("evt_01kfg0xk00e5ps9v2a4n0y6rrt", "2026-01-21T12:00:00Z");
        let event = EventView::new(id, "order.paid", at, Some("c-1"), None, data, METADATA);
        let has = |guard: &Guard| event.at(&guard.place).as_ref() == Some(&guard.value);
        assert!(filter.guards().iter().all(has), "it wants what its guards do not let pass");
    }
    within_fewer_steps(&filter, data, &value, spent);
    if !filter.uses_data() {
        assert_eq!(run(&filter, "no JSON", METADATA, limits::FILTER_STEPS).0, value);
    }
    if !filter.uses_metadata() {
        assert_eq!(run(&filter, data, "no JSON", limits::FILTER_STEPS).0, value);
    }
    // The line break ends a comment. With brackets around it it may be a level or an operator over the bounds.
    if let Ok(value) = value
        && spent < limits::FILTER_STEPS / 2
        && let Ok(opposite) = Filter::parse(&format!("!({text}\n)"))
    {
        assert_eq!(run(&opposite, data, METADATA, limits::FILTER_STEPS).0, Ok(!value), "{text}");
    }
}

/// The value and the steps that it took.
fn run(
    filter: &Filter,
    data: &str,
    metadata: &str,
    steps: usize,
) -> (Result<bool, FilterError>, usize) {
    let (id, at) = ("evt_01kfg0xk00e5ps9v2a4n0y6rrt", "2026-01-21T12:00:00Z");
    let event = EventView::new(id, "order.paid", at, Some("c-1"), None, data, metadata);
    let mut left = steps;
    let value = filter.matches_within(&event, &mut left);
    assert!(left <= steps, "it gave steps back");
    (value, steps - left)
}

/// What an evaluation takes is what it needs: with a step less it has no value, or the same one (when a bound
/// is told before all of it is spent).
fn within_fewer_steps(
    filter: &Filter,
    data: &str,
    value: &Result<bool, FilterError>,
    spent: usize,
) {
    if value.is_ok() {
        assert_eq!(&run(filter, data, METADATA, spent), &(value.clone(), spent), "just enough");
        let (too_few, _) = run(filter, data, METADATA, spent - 1);
        assert!(too_few.is_err(), "{} had {} steps and needs {spent}", filter.as_str(), spent - 1);
    }
}
