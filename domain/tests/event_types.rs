//! What `docs/filters.md` says about event types and their patterns, where the rule's own tests do
//! not say it already.

use domain::event_type::{EventType, EventTypePatterns};

fn patterns(texts: &[&str]) -> EventTypePatterns {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    EventTypePatterns::try_from(texts).expect("valid patterns")
}

fn wanted(texts: &[&str], event_type: &str) -> bool {
    patterns(texts).matches(&event_type.parse().expect("a valid type"))
}

#[test]
fn an_event_is_wanted_when_any_of_the_patterns_matches() {
    assert!(wanted(&["user.*", "order.paid"], "order.paid"));
    assert!(wanted(&["user.*", "order.paid"], "user.created"));
    assert!(!wanted(&["user.*", "order.paid"], "order.refunded"));
}

#[test]
fn a_double_star_beside_others_is_every_type() {
    assert!(wanted(&["user.created", "**"], "a"));
    assert!(wanted(&["user.created", "**"], "a.b.c"));
}

#[test]
fn patterns_tell_upper_from_lower_case() {
    assert!(!wanted(&["Order.Paid"], "order.paid"));
    assert!(!wanted(&["order.*"], "Order.paid"));
}

#[test]
fn types_and_patterns_have_at_most_128_characters() {
    assert!("x".repeat(128).parse::<EventType>().is_ok());
    assert!("x".repeat(129).parse::<EventType>().is_err());
    assert!(EventTypePatterns::try_from(vec!["x".repeat(128)]).is_ok());
    assert!(EventTypePatterns::try_from(vec!["x".repeat(129)]).is_err());
}

#[test]
fn a_subscription_has_at_most_256_patterns_and_each_fault_is_told() {
    assert!(EventTypePatterns::try_from(vec!["a".to_owned(); 256]).is_ok());
    assert!(EventTypePatterns::try_from(vec!["a".to_owned(); 257]).is_err());
    let refused = EventTypePatterns::try_from(["a", "b c", "**.d"].map(str::to_owned).to_vec());
    let faults = refused.expect_err("two are malformed").0;
    let pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(pointers, ["/1", "/2"]);
}
