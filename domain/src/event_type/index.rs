//! Which of many lists of patterns want a type, without looking at each: a tree of the patterns' parts, of which
//! a type walks only what fits it.

use std::collections::HashMap;

use super::{EventType, EventTypePatterns};

/// The places of lists of patterns, found by the types that they want.
#[derive(Debug, Default)]
pub struct PatternIndex {
    /// Those that want every type.
    all: Vec<u32>,
    root: Node,
}

/// What the patterns with the same first parts go on with.
#[derive(Debug, Default)]
struct Node {
    exact: HashMap<Box<str>, Node>,
    /// Under `*`.
    any: Option<Box<Node>>,
    /// Those whose pattern ends here.
    ends: Vec<u32>,
    /// Those whose pattern ends here with `**`.
    open: Vec<u32>,
}

impl PatternIndex {
    /// Of lists in the order of their places.
    pub fn new<'a>(lists: impl IntoIterator<Item = &'a EventTypePatterns>) -> Self {
        let mut index = Self::default();
        for (place, patterns) in (0..).zip(lists) {
            if patterns.is_all() {
                index.all.push(place);
                continue;
            }
            for pattern in patterns.as_slice() {
                index.root.insert(pattern.as_str(), place);
            }
        }
        index
    }

    /// The places of the lists that want the type, in their order.
    pub fn matching(&self, event_type: &EventType) -> Vec<u32> {
        let mut places = self.all.clone();
        self.root.collect(Some(event_type.as_str()), &mut places);
        // One list may want a type by several of its patterns.
        places.sort_unstable();
        places.dedup();
        places
    }
}

impl Node {
    fn insert(&mut self, pattern: &str, place: u32) {
        let (part, rest) = first_of(pattern);
        let next = match part {
            "**" => return self.open.push(place), // Only ever last (checked when parsed).
            "*" => self.any.get_or_insert_default().as_mut(),
            part => self.exact.entry(part.into()).or_default(),
        };
        match rest {
            Some(rest) => next.insert(rest, place),
            None => next.ends.push(place),
        }
    }

    /// Adds the places of those that fit what is left of the type.
    fn collect(&self, left: Option<&str>, places: &mut Vec<u32>) {
        let Some(left) = left else {
            return places.extend(&self.ends);
        };
        places.extend(&self.open);
        let (part, rest) = first_of(left);
        for next in self.exact.get(part).into_iter().chain(self.any.as_deref()) {
            next.collect(rest, places);
        }
    }
}

/// The first part, and what follows it.
fn first_of(text: &str) -> (&str, Option<&str>) {
    text.split_once('.').map_or((text, None), |(part, rest)| (part, Some(rest)))
}
