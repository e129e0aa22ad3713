//! Events: one fact each, immutable, and the envelope that carries them.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::event_type::EventType;
use crate::ids::{BatchId, EventId};
use crate::invalid::{Checker, Invalid};
use crate::json::JsonText;
use crate::limits;
use crate::time::{EventTime, Timestamp};

/// An event as a caller posts it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewEventInput<'a> {
    #[serde(rename = "type")]
    pub event_type: String,
    #[serde(borrow)]
    pub data: &'a RawValue,
    pub id: Option<String>,
    pub timestamp: Option<String>,
    #[serde(borrow, default)]
    pub metadata: Option<&'a RawValue>,
    pub correlation_id: Option<String>,
    pub version: Option<String>,
    pub deliver_at: Option<String>,
}

/// Why an event cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventRefused {
    /// A field breaks the contract.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// `data` has more bytes than one event may carry.
    #[error("data has {bytes} bytes; at most {max_bytes} are taken")]
    TooLarge { bytes: usize, max_bytes: usize },
}

/// An event that keeps the contract, not yet stored.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// `Some` when the caller chose it.
    pub id: Option<EventId>,
    pub event_type: EventType,
    pub timestamp: EventTime,
    pub data: JsonText,
    pub metadata: JsonText,
    pub correlation_id: Option<String>,
    pub version: Option<String>,
    /// When the first attempts are due; `None` means at once.
    pub deliver_at: Option<Timestamp>,
}

impl NewEvent {
    /// Parses what a caller posted at `now`; `data_bytes_max` bounds `data`.
    ///
    /// # Errors
    /// Every fault found, or that `data` is too large.
    pub fn parse(
        input: NewEventInput<'_>,
        now: Timestamp,
        data_bytes_max: usize,
    ) -> Result<Self, EventRefused> {
        let bytes = input.data.get().len();
        if bytes > data_bytes_max {
            return Err(EventRefused::TooLarge { bytes, max_bytes: data_bytes_max });
        }
        let mut check = Checker::default();
        let event_type = check.take("/type", input.event_type.parse());
        let data = check.take("/data", JsonText::parse(input.data));
        let metadata = check.take("/metadata", parse_metadata(input.metadata));
        let id = check.take("/id", input.id.map(|text| parse_id(&text, now)).transpose()).flatten();
        let timestamp = match input.timestamp {
            None => Some(EventTime::from_timestamp(now)),
            Some(text) => check.take(
                "/timestamp",
                EventTime::parse(&text).map_err(|e| Invalid::one("", e.to_string())),
            ),
        };
        let deliver_at = check
            .take(
                "/deliver_at",
                input.deliver_at.map(|text| parse_deliver_at(&text, now)).transpose(),
            )
            .flatten();
        if let Some(text) = &input.correlation_id {
            check.that(
                text.chars().count() <= limits::CORRELATION_ID_CHARS,
                "/correlation_id",
                || format!("must have at most {} characters", limits::CORRELATION_ID_CHARS),
            );
        }
        if let Some(text) = &input.version {
            check.that(limits::VERSION_CHARS.contains(&text.chars().count()), "/version", || {
                "must have 1 to 32 characters".to_owned()
            });
        }
        let (correlation_id, version) = (input.correlation_id, input.version);
        Ok(check.finish_with(|| {
            Some(Self {
                id,
                event_type: event_type?,
                timestamp: timestamp?,
                data: data?,
                metadata: metadata?,
                correlation_id,
                version,
                deliver_at,
            })
        })?)
    }
}

/// The type of a batch, in its body and in `X-PT-Event`.
pub const BATCH_TYPE: &str = "posthaste.batch";

/// The body that carries several events in one request.
pub fn batch_body<'a>(id: BatchId, envelopes: impl Iterator<Item = Envelope<'a>>) -> Vec<u8> {
    let mut body =
        format!(r#"{{"type":"{BATCH_TYPE}","id":"{id}","timestamp":"{}","events":["#, id.time())
            .into_bytes();
    for (place, envelope) in envelopes.enumerate() {
        if place > 0 {
            body.push(b',');
        }
        body.extend(envelope.to_body());
    }
    body.extend(b"]}");
    body
}

impl NewEvent {
    /// What the wire shows of it under this id.
    pub fn envelope(&self, id: EventId) -> Envelope<'_> {
        Envelope {
            id,
            event_type: self.event_type.as_str(),
            timestamp: self.timestamp.as_str(),
            data: self.data.as_str(),
            metadata: self.metadata.as_str(),
            correlation_id: self.correlation_id.as_deref(),
            version: self.version.as_deref(),
        }
    }

    /// Whether both are the same event posted twice: the same type, data bytes and metadata.
    pub fn same_content(&self, other: &Self) -> bool {
        self.event_type == other.event_type
            && self.data == other.data
            && self.metadata == other.metadata
    }
}

fn parse_metadata(raw: Option<&RawValue>) -> Result<JsonText, Invalid> {
    // `null` restores the default, as an absent field does.
    let Some(raw) = raw.filter(|raw| raw.get() != "null") else {
        return Ok(JsonText::empty_object());
    };
    let metadata = JsonText::parse(raw)?;
    let mut check = Checker::default();
    check.that(metadata.is_object(), "", || "must be an object".to_owned());
    check.that(raw.get().len() <= limits::METADATA_BYTES, "", || {
        format!("must have at most {} bytes", limits::METADATA_BYTES)
    });
    check.finish(metadata)
}

fn parse_id(text: &str, now: Timestamp) -> Result<EventId, Invalid> {
    let id: EventId = text.parse().map_err(|_| {
        Invalid::one("", "must be evt_ and a UUIDv7 in base32 (a TypeID); for ids of your own use Idempotency-Key")
    })?;
    let skew = id.time().since(now).max(now.since(id.time()));
    if skew > limits::EVENT_ID_SKEW {
        return Err(Invalid::one(
            "",
            "carries a time that is more than 24 h from now; make the id when the event happens",
        ));
    }
    Ok(id)
}

fn parse_deliver_at(text: &str, now: Timestamp) -> Result<Timestamp, Invalid> {
    let at: Timestamp = text
        .parse()
        .map_err(|e: crate::time::MalformedTimestamp| Invalid::one("", e.to_string()))?;
    if at.since(now) > limits::DELIVER_AT_AHEAD {
        return Err(Invalid::one("", "must be at most 30 days ahead"));
    }
    Ok(at)
}

/// What the wire shows of an event.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    pub id: EventId,
    pub event_type: &'a str,
    pub timestamp: &'a str,
    pub data: &'a str,
    pub metadata: &'a str,
    pub correlation_id: Option<&'a str>,
    pub version: Option<&'a str>,
}

impl Envelope<'_> {
    /// The body of every attempt: `data` and `metadata` byte for byte as they were posted.
    pub fn to_body(self) -> Vec<u8> {
        let mut body = String::with_capacity(self.data.len() + self.metadata.len() + 256);
        // The id, the type and the timestamp need no escaping: their alphabets have been checked.
        for (key, value) in [
            ("{\"id\":\"", self.id.to_string().as_str()),
            ("\",\"type\":\"", self.event_type),
            ("\",\"timestamp\":\"", self.timestamp),
        ] {
            body.push_str(key);
            body.push_str(value);
        }
        body.push_str("\",\"data\":");
        body.push_str(self.data);
        body.push_str(",\"metadata\":");
        body.push_str(self.metadata);
        for (key, value) in
            [(",\"version\":", self.version), (",\"correlation_id\":", self.correlation_id)]
        {
            if let Some(value) = value {
                body.push_str(key);
                body.push_str(&serde_json::Value::from(value).to_string());
            }
        }
        body.push('}');
        body.into_bytes()
    }
}

/// When an event's deliveries are due first.
pub fn first_due_in(deliver_at: Option<Timestamp>, now: Timestamp) -> Duration {
    deliver_at.map_or(Duration::ZERO, |at| at.since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_768_996_800_000);

    fn parse(json: &str) -> Result<NewEvent, EventRefused> {
        NewEvent::parse(serde_json::from_str(json).expect("fits the input's shape"), NOW, 1024)
    }

    #[test]
    fn only_type_and_data_are_needed() {
        let event = parse(r#"{"type":"a.b","data":null}"#).expect("valid");
        assert_eq!(event.metadata.as_str(), "{}");
        assert_eq!(event.timestamp.as_str(), "2026-01-21T12:00:00.000Z");
        assert_eq!(event.data.as_str(), "null");
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let refused = parse(
            r#"{"type":"a b","data":1,"id":"evt_x","timestamp":"now","metadata":[],"version":"","deliver_at":"2027-01-01T00:00:00Z"}"#,
        );
        let Err(EventRefused::Invalid(Invalid(faults))) = refused else {
            panic!("taken: {refused:?}")
        };
        let pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(
            pointers,
            ["/type", "/metadata", "/id", "/timestamp", "/deliver_at", "/version"]
        );
    }

    #[test]
    fn an_id_is_taken_within_24_hours_of_now() {
        for (offset_ms, taken) in [
            (0, true),
            (86_400_000, true),
            (-86_400_000, true),
            (86_400_001, false),
            (-86_400_001, false),
        ] {
            let id = EventId::derive(Timestamp::from_unix_ms(NOW.unix_ms() + offset_ms), &[b"x"]);
            assert_eq!(
                parse(&format!(r#"{{"type":"a","data":1,"id":"{id}"}}"#)).is_ok(),
                taken,
                "{offset_ms}"
            );
        }
    }

    #[test]
    fn the_body_has_data_and_metadata_byte_for_byte() {
        let body = Envelope {
            id: EventId::derive(NOW, &[]),
            event_type: "a.b",
            timestamp: "2026-01-21T12:00:00Z",
            data: "{ \"n\": 1e400 }",
            metadata: "{\"k\" : 1}",
            correlation_id: Some("c\"1"),
            version: Some("2"),
        }
        .to_body();
        let id = EventId::derive(NOW, &[]);
        assert_eq!(
            String::from_utf8_lossy(&body),
            format!(
                "{{\"id\":\"{id}\",\"type\":\"a.b\",\"timestamp\":\"2026-01-21T12:00:00Z\",\"data\":{{ \"n\": 1e400 }},\
                 \"metadata\":{{\"k\" : 1}},\"version\":\"2\",\"correlation_id\":\"c\\\"1\"}}"
            )
        );
    }

    #[test]
    fn data_beyond_the_bound_is_too_large() {
        let json = format!(r#"{{"type":"a","data":"{}"}}"#, "x".repeat(1024));
        assert_eq!(
            parse(&json).map(|_| ()),
            Err(EventRefused::TooLarge { bytes: 1026, max_bytes: 1024 })
        );
    }
}
