//! The catalogue of a tenant's event types: what each means, the schema of its data version by version, and
//! whether it is still to be used.
//!
//! Versions stand in the order in which they are written: the last one is the one that an event without a
//! `version` is held to.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event_type::EventType;
use crate::invalid::{Checker, Invalid};
use crate::limits;
use crate::schema::{Broken, DataSchema};

/// An entry as it is written; only `name` is needed. `null` is as good as absent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryInput {
    pub name: String,
    pub description: Option<String>,
    pub versions: Option<Vec<VersionInput>>,
    pub deprecated: Option<bool>,
}

/// A version as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionInput {
    pub version: String,
    pub schema: Option<Value>,
    pub example: Option<Value>,
}

/// An entry that keeps the contract.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub name: EventType,
    pub description: String,
    pub versions: Vec<Version>,
    pub deprecated: bool,
}

/// A version of an entry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Version {
    pub version: String,
    /// JSON Schema of `data`; `None` takes any.
    pub schema: Option<Value>,
    pub example: Option<Value>,
}

impl EntryInput {
    /// Checks every field; an example has to keep the schema that it stands beside.
    ///
    /// # Errors
    /// Every fault found.
    pub fn parse(self) -> Result<Entry, Invalid> {
        let mut check = Checker::default();
        let name = check.take("/name", self.name.parse());
        let description = self.description.unwrap_or_default();
        check.that(
            description.chars().count() <= limits::DESCRIPTION_CHARS,
            "/description",
            || format!("must have at most {} characters", limits::DESCRIPTION_CHARS),
        );
        let given = self.versions.unwrap_or_default();
        check.that(given.len() <= limits::EVENT_TYPE_VERSIONS, "/versions", || {
            format!("must be at most {}", limits::EVENT_TYPE_VERSIONS)
        });
        let mut versions: Vec<Version> = Vec::with_capacity(given.len());
        for (index, input) in given.into_iter().take(limits::EVENT_TYPE_VERSIONS).enumerate() {
            let pointer = format!("/versions/{index}");
            let is_first = versions.iter().all(|other| other.version != input.version);
            check.that(is_first, &format!("{pointer}/version"), || "is there twice".to_owned());
            versions.extend(check.take(&pointer, input.parse()));
        }
        let deprecated = self.deprecated.unwrap_or(false);
        check.finish_with(|| Some(Entry { name: name?, description, versions, deprecated }))
    }
}

impl VersionInput {
    fn parse(self) -> Result<Version, Invalid> {
        let mut check = Checker::default();
        let chars = self.version.chars().count();
        check.that(limits::VERSION_CHARS.contains(&chars), "/version", || {
            "must have 1 to 32 characters".to_owned()
        });
        let schema = self.schema.filter(|schema| !schema.is_null());
        let parsed = check.take("/schema", schema.clone().map(DataSchema::parse).transpose());
        let example = self.example.filter(|example| !example.is_null());
        if let (Some(Some(schema)), Some(example)) = (&parsed, &example) {
            check.take("/example", schema.check(example).map_err(Invalid::from));
        }
        check.finish(Version { version: self.version, schema, example })
    }
}

impl From<Broken> for Invalid {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Invalid(invalid) => invalid,
            Broken::TooCostly => Self::one("", broken.to_string()),
        }
    }
}

/// The entries of a tenant that takes no others, ready to hold events to.
#[derive(Debug, Default)]
pub struct Catalogue(HashMap<EventType, Vec<(String, Option<DataSchema>)>>);

impl Catalogue {
    /// Of entries that were checked before they were stored.
    ///
    /// # Errors
    /// When one of their schemas is none all the same.
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> Result<Self, Invalid> {
        let ready = |version: Version| {
            Ok((version.version, version.schema.map(DataSchema::parse).transpose()?))
        };
        let entries = entries.into_iter().map(|entry| {
            let versions = entry.versions.into_iter().map(ready).collect::<Result<_, Invalid>>()?;
            Ok((entry.name, versions))
        });
        entries.collect::<Result<_, Invalid>>().map(Self)
    }

    /// Holds an event's data to the schema of its version, or of the last one; the pointers start at the event.
    ///
    /// # Errors
    /// When the type or the version is unknown, or the data breaks the schema.
    pub fn check(
        &self,
        event_type: &EventType,
        version: Option<&str>,
        data: &str,
    ) -> Result<(), Invalid> {
        let Some(versions) = self.0.get(event_type) else {
            let detail =
                format!("{event_type} is not in the catalogue; add it with POST /event-types");
            return Err(Invalid::one("/type", detail));
        };
        let wanted = match version {
            None => versions.last(),
            Some(version) => {
                let found = versions.iter().find(|(known, _)| known == version);
                let unknown =
                    || Invalid::one("/version", format!("{event_type} has no such version"));
                Some(found.ok_or_else(unknown)?)
            }
        };
        let Some((_, Some(schema))) = wanted else { return Ok(()) };
        let data: Value = serde_json::from_str(data).map_err(|_| {
            Invalid::one("/data", "cannot be read as JSON values, and so not be held to the schema")
        })?;
        schema.check(&data).map_err(|broken| Invalid::from(broken).under("/data"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn input(value: Value) -> EntryInput {
        serde_json::from_value(value).expect("the shape of an entry")
    }

    fn pointers(result: Result<impl std::fmt::Debug, Invalid>) -> Vec<String> {
        result.expect_err("refused").0.into_iter().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn only_a_name_is_needed_and_every_fault_is_told() {
        let entry = input(json!({"name": "order.paid"})).parse().expect("an entry");
        assert_eq!((entry.description.as_str(), entry.deprecated), ("", false));
        assert!(entry.versions.is_empty());
        let wrong = json!({
            "name": "order..paid",
            "description": "a".repeat(2049),
            "versions": [
                {"version": "1", "schema": {"type": "integer"}, "example": "one"},
                {"version": "1", "schema": {"type": "objekt"}},
                {"version": ""},
            ],
        });
        assert_eq!(
            pointers(input(wrong).parse()),
            [
                "/name",
                "/description",
                "/versions/0/example",
                "/versions/1/schema/type",
                "/versions/2/version",
            ]
        );
        let many: Vec<Value> = (0..33).map(|n| json!({"version": n.to_string()})).collect();
        assert_eq!(pointers(input(json!({"name": "a", "versions": many})).parse()), ["/versions"]);
    }

    #[test]
    fn an_event_is_held_to_its_version_or_to_the_last_one() {
        let entry = input(json!({
            "name": "order.paid",
            "versions": [
                {"version": "1", "schema": {"required": ["amount"]}},
                {"version": "2", "schema": {"required": ["total"]}},
                {"version": "free"},
            ],
        }));
        let last_free = entry.clone().parse().expect("an entry");
        let mut last_strict = last_free.clone();
        last_strict.versions.pop();
        let paid: EventType = "order.paid".parse().expect("a type");
        let catalogue = Catalogue::new([last_strict]).expect("schemas");
        assert_eq!(catalogue.check(&paid, None, r#"{"total": 1}"#), Ok(()));
        assert_eq!(catalogue.check(&paid, Some("1"), r#"{"amount": 1}"#), Ok(()));
        assert_eq!(pointers(catalogue.check(&paid, None, r#"{"amount": 1}"#)), ["/data"]);
        assert_eq!(pointers(catalogue.check(&paid, Some("3"), "{}")), ["/version"]);
        assert_eq!(pointers(catalogue.check(&paid, None, r#"{"total": "\ud800"}"#)), ["/data"]);
        let other: EventType = "order.unpaid".parse().expect("a type");
        assert_eq!(pointers(catalogue.check(&other, None, "{}")), ["/type"]);
        let catalogue = Catalogue::new([last_free]).expect("schemas");
        assert_eq!(catalogue.check(&paid, None, "1e400"), Ok(()), "nothing to hold it to");
    }
}
