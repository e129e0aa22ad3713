//! The catalogue of a tenant's event types: what each means, the schema of its data version by version, and
//! whether it is still to be used.
//!
//! Versions stand in the order in which they are written: the last one is the one that an event without a
//! `version` is held to.

pub mod document;

use std::sync::OnceLock;

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
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    pub name: EventType,
    pub description: String,
    pub versions: Versions,
    pub deprecated: bool,
}

/// The versions of an entry, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "columns", derive(sea_orm::FromJsonQueryResult))]
pub struct Versions(pub Vec<Version>);

impl Versions {
    /// The newest example there is, or that of one version; with the version that it stands for.
    pub fn example(&self, of: Option<&str>) -> Option<(&str, &Value)> {
        let wanted = |version: &&Version| of.is_none_or(|of| version.version == of);
        self.0
            .iter()
            .rev()
            .filter(wanted)
            .find_map(|version| Some((version.version.as_str(), version.example.as_ref()?)))
    }
}

/// A version of an entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
        check.finish_with(|| {
            Some(Entry { name: name?, description, versions: Versions(versions), deprecated })
        })
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

/// One entry as the events of a strict tenant are held to it. A schema is prepared when it is first needed.
#[derive(Debug)]
pub struct Held(Vec<HeldVersion>);

#[derive(Debug)]
struct HeldVersion {
    version: String,
    schema: Option<Value>,
    prepared: OnceLock<Result<DataSchema, Invalid>>,
}

impl Held {
    /// Of versions that were checked before they were stored.
    pub fn new(versions: Versions) -> Self {
        let held = |Version { version, schema, .. }| HeldVersion {
            version,
            schema,
            prepared: OnceLock::new(),
        };
        Self(versions.0.into_iter().map(held).collect())
    }

    /// Holds an event's data to the schema of its version, or of the last one; the pointers start at the event.
    ///
    /// # Errors
    /// When the version is unknown, or the data breaks the schema.
    pub fn check(&self, version: Option<&str>, data: &str) -> Result<(), Invalid> {
        let wanted = match version {
            None => self.0.last(),
            Some(version) => {
                let found = self.0.iter().find(|known| known.version == version);
                Some(found.ok_or_else(|| Invalid::one("/version", self.known_versions()))?)
            }
        };
        let Some(HeldVersion { schema: Some(schema), prepared, .. }) = wanted else {
            return Ok(());
        };
        let schema = prepared.get_or_init(|| DataSchema::parse(schema.clone()));
        let schema = schema.as_ref().map_err(|invalid| {
            Invalid::one("/type", format!("has a schema that cannot be used: {invalid}; mend it"))
        })?;
        let data: Value = serde_json::from_str(data).map_err(|_| {
            Invalid::one("/data", "cannot be read as JSON values, and so not be held to the schema")
        })?;
        schema.check(&data).map_err(|broken| Invalid::from(broken).under("/data"))
    }

    fn known_versions(&self) -> String {
        let known: Vec<&str> = self.0.iter().map(|known| known.version.as_str()).collect();
        match known.is_empty() {
            true => "is unknown: the event type has no versions; leave it out".to_owned(),
            false => format!("is unknown; the event type has {}", known.join(", ")),
        }
    }
}

/// What a strict tenant is told of a type that its catalogue does not have.
pub fn unknown(event_type: &EventType) -> Invalid {
    let detail = format!("{event_type} is not in the catalogue; add it with POST /event-types");
    Invalid::one("/type", detail)
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
        assert_eq!(entry.versions, Versions::default());
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
        let last_free = entry.parse().expect("an entry").versions;
        let mut last_strict = last_free.clone();
        last_strict.0.pop();
        let held = Held::new(last_strict);
        assert_eq!(held.check(None, r#"{"total": 1}"#), Ok(()));
        assert_eq!(held.check(Some("1"), r#"{"amount": 1}"#), Ok(()));
        assert_eq!(pointers(held.check(None, r#"{"amount": 1}"#)), ["/data"]);
        assert_eq!(pointers(held.check(Some("3"), "{}")), ["/version"]);
        assert_eq!(pointers(held.check(None, r#"{"total": "\ud800"}"#)), ["/data"]);
        let held = Held::new(last_free);
        assert_eq!(held.check(None, "1e400"), Ok(()), "nothing to hold it to");
        let held = Held::new(Versions::default());
        assert_eq!(held.check(None, "{}"), Ok(()));
        assert_eq!(pointers(held.check(Some("1"), "{}")), ["/version"]);
    }
}
