//! Dotted names of events, and the patterns that subscriptions choose them by.

mod index;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::invalid::Invalid;
use crate::limits;

pub use index::PatternIndex;

/// A dotted name such as `content.published`: `[A-Za-z0-9_-]+` parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventType(Box<str>);

impl EventType {
    /// Trusts text that was parsed before it was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text.into_boxed_str())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EventType {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.len() > limits::EVENT_TYPE_CHARS {
            return Err(Invalid::one(
                "",
                format!("must have at most {} characters", limits::EVENT_TYPE_CHARS),
            ));
        }
        if !text.split('.').all(is_segment) {
            return Err(Invalid::one(
                "",
                "must be parts of letters, digits, - and _ joined by dots, such as content.published",
            ));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for EventType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EventType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

fn is_segment(part: &str) -> bool {
    !part.is_empty()
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// A pattern over event types: `*` stands for exactly one part, a last `**` for one or more; `*`
/// alone stands for every type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTypePattern(Box<str>);

impl EventTypePattern {
    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the pattern stands for this type.
    pub fn matches(&self, event_type: &EventType) -> bool {
        let mut parts = event_type.as_str().split('.');
        let mut wanted = self.0.split('.').peekable();
        while let Some(want) = wanted.next() {
            let Some(part) = parts.next() else {
                return false;
            };
            match want {
                "**" => return true, // Only ever last (checked when parsed); one part is there.
                "*" => {}
                exact if exact == part => {}
                _ => return false,
            }
            if wanted.peek().is_none() {
                return parts.next().is_none();
            }
        }
        false
    }
}

impl FromStr for EventTypePattern {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.len() > limits::EVENT_TYPE_CHARS {
            return Err(Invalid::one(
                "",
                format!("must have at most {} characters", limits::EVENT_TYPE_CHARS),
            ));
        }
        let parts: Vec<&str> = text.split('.').collect();
        let last = parts.len() - 1;
        let fits = parts.iter().enumerate().all(|(index, part)| {
            is_segment(part) || *part == "*" || (*part == "**" && index == last)
        });
        if !fits {
            return Err(Invalid::one(
                "",
                "must be an event type in which * may stand for a whole part and ** for the last ones, \
                 such as content.* or content.**",
            ));
        }
        Ok(Self(text.into()))
    }
}

impl Serialize for EventTypePattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EventTypePattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The types that a subscription wants: empty, or `["*"]`, means all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>")]
#[cfg_attr(feature = "columns", derive(sea_orm::FromJsonQueryResult))]
pub struct EventTypePatterns(Vec<EventTypePattern>);

impl EventTypePatterns {
    /// The patterns as written.
    pub fn as_slice(&self) -> &[EventTypePattern] {
        &self.0
    }

    /// Whether every type is wanted.
    pub fn is_all(&self) -> bool {
        self.0.is_empty() || (self.0.len() == 1 && self.0[0].as_str() == "*")
    }

    /// Whether the type is wanted.
    pub fn matches(&self, event_type: &EventType) -> bool {
        self.is_all() || self.0.iter().any(|pattern| pattern.matches(event_type))
    }
}

impl TryFrom<Vec<String>> for EventTypePatterns {
    type Error = Invalid;

    fn try_from(texts: Vec<String>) -> Result<Self, Invalid> {
        if texts.len() > limits::EVENT_TYPE_PATTERNS {
            return Err(Invalid::one(
                "",
                format!("must have at most {} entries", limits::EVENT_TYPE_PATTERNS),
            ));
        }
        let mut check = crate::invalid::Checker::default();
        let patterns = texts
            .iter()
            .enumerate()
            .filter_map(|(index, text)| check.take(&format!("/{index}"), text.parse()))
            .collect();
        check.finish(Self(patterns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, event_type: &str) -> bool {
        let pattern: EventTypePattern = pattern.parse().expect("a valid pattern");
        pattern.matches(&event_type.parse().expect("a valid type"))
    }

    #[test]
    fn a_star_is_exactly_one_part_and_a_last_double_star_one_or_more() {
        assert!(matches("content.*", "content.published"));
        assert!(!matches("content.*", "content"));
        assert!(!matches("content.*", "content.a.b"));
        assert!(matches("content.**", "content.a.b"));
        assert!(matches("content.**", "content.a"));
        assert!(!matches("content.**", "content"));
        assert!(matches("*.created", "user.created"));
        assert!(matches("**", "user"));
        assert!(matches("a.*.c", "a.b.c"));
        assert!(!matches("a.*.c", "a.b.d"));
        assert!(!matches("a.b", "a.b.c"));
        assert!(!matches("a.b.c", "a.b"));
    }

    #[test]
    fn nothing_or_a_lone_star_means_every_type() {
        for texts in [vec![], vec!["*".to_owned()]] {
            let all = EventTypePatterns::try_from(texts).expect("valid");
            assert!(all.matches(&"a.b.c".parse().expect("valid")));
        }
        let some =
            EventTypePatterns::try_from(vec!["*".to_owned(), "a.b".to_owned()]).expect("valid");
        assert!(
            !some.matches(&"a.b.c".parse().expect("valid")),
            "beside others a star is one part"
        );
    }

    #[test]
    fn malformed_types_and_patterns_are_refused() {
        for text in ["", ".", "a..b", "a.", "ä", "a b", "a/b", &"x".repeat(129)] {
            assert!(text.parse::<EventType>().is_err(), "{text}");
            assert!(text.parse::<EventTypePattern>().is_err(), "{text}");
        }
        for text in ["**.a", "a*", "a.**b", "a.***"] {
            assert!(text.parse::<EventTypePattern>().is_err(), "{text}");
        }
    }
}
