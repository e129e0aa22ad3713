//! JSON Schema (draft 2020-12) of an event type's `data`.
//!
//! What the words of a schema mean is the validator crate's job. Ours is that no schema and no data cost more
//! than they may, since tenants write both: [`cost`] bounds what a schema asks of one value, before it is
//! taken, and [`budget`] how many values one validation looks at. References lead to places of the same schema,
//! and patterns are matched in linear time.

mod budget;
mod cost;

use std::fmt;

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;

use crate::invalid::{Invalid, Violation};
use crate::limits;
use budget::{Budget, Budgeted};

/// The dialect of every schema.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// A schema, ready to check data with.
pub struct DataSchema {
    document: Value,
    validator: Validator<Budgeted>,
}

/// Why data is not what a schema asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Where, and what would be right.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Finding out would take too long.
    #[error("takes too long to be checked against its schema; make the data or the schema smaller")]
    TooCostly,
}

impl DataSchema {
    /// Reads a schema.
    ///
    /// # Errors
    /// When it is none, or asks for more than it may.
    pub fn parse(document: Value) -> Result<Self, Invalid> {
        if !document.is_object() && !document.is_boolean() {
            return Err(Invalid::one("", "must be a JSON Schema: an object, true or false"));
        }
        let bytes = serde_json::to_vec(&document).map_or(usize::MAX, |json| json.len());
        if bytes > limits::SCHEMA_BYTES {
            let detail = format!("must have at most {} bytes", limits::SCHEMA_BYTES);
            return Err(Invalid::one("", detail));
        }
        if document.get("$schema").is_some_and(|dialect| dialect != DIALECT) {
            return Err(Invalid::one("/$schema", format!("must be {DIALECT}, or left out")));
        }
        cost::check(&document)?;
        let validator = jsonschema::options_for::<Budgeted>()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex().size_limit(limits::PATTERN_BYTES))
            .offline()
            .build(&document)
            .map_err(|error| {
                Invalid::one(error.instance_path().to_string(), error.masked().to_string())
            })?;
        Ok(Self { document, validator })
    }

    /// The schema as it was given.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Checks data; the faults' pointers start at the data.
    ///
    /// # Errors
    /// What is wrong with it, at most [`limits::SCHEMA_FAULTS`] places.
    pub fn check(&self, data: &Value) -> Result<(), Broken> {
        let budget = Budget::new(limits::SCHEMA_STEPS);
        let is_valid = self.validator.is_valid(budget.of(data));
        if budget.is_spent() {
            return Err(Broken::TooCostly);
        }
        if is_valid {
            return Ok(());
        }
        // Read again to say where, with as much as that was.
        let budget = Budget::new(limits::SCHEMA_STEPS);
        let faults = self.validator.iter_errors(budget.of(data)).take(limits::SCHEMA_FAULTS);
        let violation = |error: jsonschema::ValidationError<'_>| Violation {
            pointer: error.instance_path().to_string(),
            detail: shortened(&error.masked().to_string()),
        };
        let faults: Vec<Violation> = faults.map(violation).collect();
        // None, when it came to its end before it came to a fault.
        if faults.is_empty() { Err(Broken::TooCostly) } else { Err(Invalid(faults).into()) }
    }
}

/// Lists of allowed values may be long.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(limits::ERROR_CHARS) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

impl fmt::Debug for DataSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataSchema").field("document", &self.document).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
