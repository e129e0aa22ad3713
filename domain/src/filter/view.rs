//! What filters see of one event. `data` and `metadata` are parsed when the first filter that uses
//! them asks, and once for all filters.

use std::fmt;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value as Json;

use super::program::EventField;
use crate::{json, limits};

/// One event as filters see it.
pub struct EventView<'a> {
    id: &'a str,
    event_type: &'a str,
    timestamp: &'a str,
    correlation_id: Option<&'a str>,
    version: Option<&'a str>,
    data: Part<'a>,
    metadata: Part<'a>,
}

struct Part<'a> {
    name: &'static str,
    text: &'a str,
    value: OnceLock<Result<Json, String>>,
}

impl<'a> EventView<'a> {
    /// The view of an event: its fields as they go on the wire, `data` and `metadata` as JSON.
    pub const fn new(
        id: &'a str,
        event_type: &'a str,
        timestamp: &'a str,
        correlation_id: Option<&'a str>,
        version: Option<&'a str>,
        data: &'a str,
        metadata: &'a str,
    ) -> Self {
        Self {
            id,
            event_type,
            timestamp,
            correlation_id,
            version,
            data: Part { name: "data", text: data, value: OnceLock::new() },
            metadata: Part { name: "metadata", text: metadata, value: OnceLock::new() },
        }
    }

    /// The event's type.
    pub const fn event_type(&self) -> &str {
        self.event_type
    }

    pub(super) const fn field(&self, field: EventField) -> Option<&str> {
        match field {
            EventField::Id => Some(self.id),
            EventField::Type => Some(self.event_type),
            EventField::Timestamp => Some(self.timestamp),
            EventField::CorrelationId => self.correlation_id,
            EventField::Version => self.version,
        }
    }

    pub(super) fn data(&self) -> Result<&Json, &str> {
        self.data.read()
    }

    pub(super) fn metadata(&self) -> Result<&Json, &str> {
        self.metadata.read()
    }
}

impl Part<'_> {
    fn read(&self) -> Result<&Json, &str> {
        self.value.get_or_init(|| self.parse()).as_ref().map_err(String::as_str)
    }

    fn parse(&self) -> Result<Json, String> {
        // Events nest no deeper than this when they are taken in; the parser recurses, so it is
        // checked again where that matters. serde_json's own bound is one level tighter.
        if json::depth(self.text.as_bytes()) > limits::JSON_DEPTH {
            return Err(format!("{} nests deeper than {} levels", self.name, limits::JSON_DEPTH));
        }
        let mut parser = serde_json::Deserializer::from_str(self.text);
        parser.disable_recursion_limit();
        let value = Json::deserialize(&mut parser).and_then(|value| parser.end().map(|()| value));
        value.map_err(|error| format!("{} cannot be read as JSON values: {error}", self.name))
    }
}

impl fmt::Debug for EventView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Payloads belong to tenants and stay out of logs.
        f.debug_struct("EventView")
            .field("id", &self.id)
            .field("type", &self.event_type)
            .finish_non_exhaustive()
    }
}
