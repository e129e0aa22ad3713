//! What `docs/filters.md` says about event types and their patterns, where the rule's own tests do
//! not say it already.

use domain::event_type::{EventType, EventTypePatterns, PatternIndex};
use proptest::prelude::*;

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

/// Parts of few letters, so that patterns and types often fit.
fn part() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "c"])
}

fn pattern() -> impl Strategy<Value = String> {
    let parts = prop::collection::vec(prop_oneof![part(), Just("*")], 0..4);
    (parts, prop_oneof![part(), Just("*"), Just("**")]).prop_map(|(mut parts, last)| {
        parts.push(last);
        parts.join(".")
    })
}

proptest! {
    /// The index finds what the lists themselves say.
    #[test]
    fn an_index_finds_the_lists_that_match(
        lists in prop::collection::vec(prop::collection::vec(pattern(), 0..4), 0..12),
        event_type in prop::collection::vec(part(), 1..5),
    ) {
        let lists: Vec<EventTypePatterns> =
            lists.into_iter().map(|texts| texts.try_into().expect("valid patterns")).collect();
        let event_type: EventType = event_type.join(".").parse().expect("a valid type");
        let matching = (0..).zip(&lists).filter(|(_, list)| list.matches(&event_type));
        let expected: Vec<u32> = matching.map(|(place, _)| place).collect();
        prop_assert_eq!(PatternIndex::new(&lists).matching(&event_type), expected);
    }
}
