//! Filters: CEL expressions that say which events a subscription wants.
//!
//! The `cel` crate parses; what it parsed is checked, lowered to a small program and evaluated
//! here. Its own interpreter has no bound on time or memory (one `data.list.map(x, data)` copies the
//! payload once per element) and refuses arithmetic across JSON's kinds of number, and a filter is
//! written by a tenant and run on every event, beside other tenants. So every evaluation has a
//! budget of steps, values borrow from the event, and nothing recurses deeper than the checks in
//! `source` allow. What an expression means is told in `docs/filters.md`, sentence by sentence
//! tested in `tests/filters.rs`.

mod call;
mod compile;
mod evaluate;
mod guard;
mod number;
mod operate;
mod pattern;
mod program;
mod source;
mod syntax;
mod time;
mod value;
mod view;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::invalid::Invalid;
use crate::limits;
use program::Program;

pub use guard::{Guard, Place, Scalar};
pub use view::EventView;

/// Why a filter has no boolean value for an event; such an event does not match.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct FilterError {
    /// What went wrong, for the author of the filter; a few hundred characters at most.
    pub detail: String,
}

/// A checked expression. Clones share it; two are equal when they were written alike.
#[derive(Clone)]
pub struct Filter(Arc<Compiled>);

struct Compiled {
    text: Box<str>,
    program: Program,
}

impl Filter {
    /// Checks an expression and prepares it.
    ///
    /// # Errors
    /// When it is longer or deeper than the limits, is no CEL, or uses a name that no filter has.
    /// The detail names line and column.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let source = source::Source::check(text)?;
        let program = compile::compile(&source)?;
        Ok(Self(Arc::new(Compiled { text: text.into(), program })))
    }

    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// Whether the value depends on the event's `data`.
    pub fn uses_data(&self) -> bool {
        self.0.program.uses_data
    }

    /// Whether the value depends on the event's `metadata`.
    pub fn uses_metadata(&self) -> bool {
        self.0.program.uses_metadata
    }

    /// Whether the event is wanted.
    ///
    /// # Errors
    /// When the expression errs on this event or its value is no boolean; the event doesn't match
    /// then.
    pub fn matches(&self, event: &EventView<'_>) -> Result<bool, FilterError> {
        let mut steps = limits::FILTER_STEPS;
        self.matches_within(event, &mut steps)
    }

    /// As [`Self::matches`], in at most `steps`, which several filters may share: what was spent is
    /// taken off it.
    ///
    /// # Errors
    /// As [`Self::matches`], and when `steps` run out.
    pub fn matches_within(
        &self,
        event: &EventView<'_>,
        steps: &mut usize,
    ) -> Result<bool, FilterError> {
        evaluate::matches(&self.0.program, event, steps)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filter({:?})", self.as_str())
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Filter {}

impl FromStr for Filter {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
