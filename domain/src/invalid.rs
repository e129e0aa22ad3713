//! What is wrong with an input, field by field.

use std::fmt;

/// One fault: where it is and what mends it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Violation {
    /// JSON Pointer (RFC 6901) into the request's body; empty for the whole.
    pub pointer: String,
    /// What is wrong, and what would be right.
    pub detail: String,
}

/// A name as a part of a JSON Pointer (RFC 6901 section 3).
pub fn pointer_part(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// An input that breaks the contract, with every fault found in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Invalid(pub Vec<Violation>);

impl Invalid {
    /// A single fault.
    pub fn one(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self(vec![Violation { pointer: pointer.into(), detail: detail.into() }])
    }

    /// The same faults, one level deeper: `prefix` (such as `/retry`) goes before each pointer.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        for violation in &mut self.0 {
            violation.pointer.insert_str(0, prefix);
        }
        self
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Violation { pointer, detail }) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            match pointer.as_str() {
                "" => write!(f, "{separator}{detail}")?,
                _ => write!(f, "{separator}{pointer}: {detail}")?,
            }
        }
        Ok(())
    }
}

/// Collects faults so that all of them are reported together.
#[derive(Debug, Default)]
pub struct Checker(Vec<Violation>);

impl Checker {
    /// Notes a fault at `pointer` unless `holds`.
    pub fn that(&mut self, holds: bool, pointer: &str, detail: impl FnOnce() -> String) {
        if !holds {
            self.0.push(Violation { pointer: pointer.to_owned(), detail: detail() });
        }
    }

    /// The value, or `None` with its faults noted under `pointer`.
    pub fn take<T>(&mut self, pointer: &str, parsed: Result<T, Invalid>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(invalid) => {
                self.0.extend(invalid.under(pointer).0);
                None
            }
        }
    }

    /// The value, if no fault was noted.
    ///
    /// # Errors
    /// All the faults.
    pub fn finish<T>(self, value: T) -> Result<T, Invalid> {
        if self.0.is_empty() { Ok(value) } else { Err(Invalid(self.0)) }
    }

    /// Builds the value if no fault was noted.
    ///
    /// # Errors
    /// All the faults.
    pub fn finish_with<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, Invalid> {
        match (self.0.is_empty(), build()) {
            (true, Some(value)) => Ok(value),
            _ => Err(Invalid(self.0)),
        }
    }
}
