//! Event types, and the patterns that stand for them.

use domain::event_type::{EventType, EventTypePattern, EventTypePatterns};
use domain::limits;
use serde_json::{from_value, json};

use crate::parted;

/// Patterns in lines, then types in lines. What is taken is kept as it was written and within its bound, and
/// a pattern stands for the types that the shortest statement of the rule says.
pub fn event_type(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (patterns, types) = parted(text);
    let types: Vec<EventType> =
        types.unwrap_or_default().lines().filter_map(|line| line.parse().ok()).collect();
    for event_type in &types {
        let text = event_type.as_str();
        assert!(text.len() <= limits::EVENT_TYPE_CHARS && text.is_ascii());
        assert_eq!(from_value(json!(event_type)).ok().as_ref(), Some(event_type));
        let itself: EventTypePattern = text.parse().expect("a type is a pattern too");
        assert!(itself.matches(event_type), "{text} does not stand for itself");
    }
    for pattern in patterns.lines().filter_map(|line| line.parse::<EventTypePattern>().ok()) {
        assert!(pattern.as_str().len() <= limits::EVENT_TYPE_CHARS && pattern.as_str().is_ascii());
        assert_eq!(from_value(json!(pattern)).ok().as_ref(), Some(&pattern));
        for event_type in &types {
            let expected = stands_for(&parts(pattern.as_str()), &parts(event_type.as_str()));
            assert_eq!(pattern.matches(event_type), expected, "{pattern:?} and {event_type}");
        }
    }
    let lines: Vec<String> = patterns.lines().map(str::to_owned).collect();
    if let Ok(list) = EventTypePatterns::try_from(lines) {
        assert!(list.as_slice().len() <= limits::EVENT_TYPE_PATTERNS);
        assert_eq!(from_value(json!(list)).ok().as_ref(), Some(&list));
        for event_type in &types {
            let any = list.as_slice().iter().any(|pattern| pattern.matches(event_type));
            assert_eq!(list.matches(event_type), any || list.is_all());
        }
    }
}

fn parts(text: &str) -> Vec<&str> {
    text.split('.').collect()
}

fn stands_for(pattern: &[&str], parts: &[&str]) -> bool {
    match (pattern, parts) {
        ([], []) => true,
        (["**"], [_, ..]) => true,
        ([want, wanted @ ..], [part, rest @ ..]) => {
            (*want == "*" || want == part) && stands_for(wanted, rest)
        }
        _ => false,
    }
}
