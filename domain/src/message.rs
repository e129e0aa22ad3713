//! What an event is sent as: the envelope, a CloudEvent, what a template makes of it, or a message to Slack.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::json;

use crate::event::Envelope;
use crate::ids::TenantId;
use crate::limits;
use crate::outcome::{Meaning, Response};
use crate::preferences::{Format, Kind};
use crate::slack;
use crate::template::{Template, TemplateFault};

/// How a subscription's events are put into requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// The envelope, byte for byte.
    Standard,
    /// CloudEvents 1.0, structured mode.
    CloudEvents,
    /// CloudEvents 1.0, binary mode.
    CloudEventsBinary,
    /// What a template makes.
    Template(Template),
    /// A message to an incoming webhook of Slack.
    Slack(Option<Template>),
}

/// A body and what its headers say of it: the same for every attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub content_type: &'static str,
    /// Names in lower case with their values, which are visible ASCII.
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
}

const JSON: &str = "application/json";

impl Message {
    /// JSON, and nothing else to say of it.
    pub fn json(body: impl Into<Bytes>) -> Self {
        Self { content_type: JSON, headers: Vec::new(), body: body.into() }
    }
}

impl Payload {
    /// As a subscription has it.
    pub fn new(kind: Kind, format: Format, template: Option<Template>) -> Self {
        match (kind, format, template) {
            (Kind::Slack, _, template) => Self::Slack(template),
            (Kind::Webhook, Format::CloudEvents, _) => Self::CloudEvents,
            (Kind::Webhook, Format::CloudEventsBinary, _) => Self::CloudEventsBinary,
            (Kind::Webhook, Format::Standard, Some(template)) => Self::Template(template),
            (Kind::Webhook, Format::Standard, None) => Self::Standard,
        }
    }

    /// Whether making a body may take milliseconds.
    pub fn takes_long(&self) -> bool {
        matches!(self, Self::Template(_) | Self::Slack(_))
    }

    /// Whether requests carry our own headers: Slack looks at none of them.
    pub fn is_signed(&self) -> bool {
        !matches!(self, Self::Slack(_))
    }

    /// What an answer that is no success means, where the receiver's kind tells.
    pub fn meaning(&self, response: &Response) -> Option<Meaning> {
        match self {
            Self::Slack(_) => slack::meaning(response.status, &response.body),
            _ => None,
        }
    }

    /// What is sent of an event.
    ///
    /// # Errors
    /// When a template fails on it.
    pub fn message(
        &self,
        tenant: TenantId,
        envelope: Envelope<'_>,
    ) -> Result<Message, TemplateFault> {
        Ok(match self {
            Self::Standard => Message::json(envelope.to_body()),
            Self::CloudEvents => Message {
                content_type: "application/cloudevents+json; charset=utf-8",
                headers: Vec::new(),
                body: structured(tenant, &envelope).into(),
            },
            Self::CloudEventsBinary => Message {
                content_type: JSON,
                headers: attributes(tenant, &envelope)
                    .filter(|(name, value)| {
                        *name != "metadata" || value.len() <= limits::CLOUDEVENT_HEADER_BYTES
                    })
                    .map(|(name, value)| (header(name), percent_encoded(&value)))
                    .collect(),
                body: Bytes::copy_from_slice(envelope.data.as_bytes()),
            },
            Self::Template(template) => Message::json(template.render_json(envelope)?),
            Self::Slack(template) => Message::json(slack::body(template.as_ref(), envelope)?),
        })
    }
}

/// Context attributes and extensions (CloudEvents 1.0.2, section 3), `datacontenttype` left out.
fn attributes<'a>(
    tenant: TenantId,
    envelope: &Envelope<'a>,
) -> impl Iterator<Item = (&'static str, Cow<'a, str>)> {
    let metadata = Some(envelope.metadata).filter(|metadata| *metadata != "{}");
    let correlation_id = envelope.correlation_id.filter(|text| !text.is_empty());
    let always = [
        ("specversion", Cow::Borrowed("1.0")),
        ("id", envelope.id.to_string().into()),
        ("source", format!("/tenants/{tenant}").into()),
        ("type", envelope.event_type.into()),
        ("time", envelope.timestamp.into()),
    ];
    let at_times = [
        ("dataversion", envelope.version),
        ("correlationid", correlation_id),
        ("metadata", metadata),
    ];
    let at_times =
        at_times.into_iter().filter_map(|(name, value)| Some((name, Cow::Borrowed(value?))));
    always.into_iter().chain(at_times)
}

/// JSON format 1.0.2: attributes and data in one object, `data` byte for byte.
fn structured(tenant: TenantId, envelope: &Envelope<'_>) -> Vec<u8> {
    let mut body = String::with_capacity(envelope.data.len() + envelope.metadata.len() * 2 + 384);
    for (name, value) in attributes(tenant, envelope) {
        body.push(if body.is_empty() { '{' } else { ',' });
        body.push_str(&format!("\"{name}\":{}", json!(value)));
    }
    body.push_str(",\"datacontenttype\":\"application/json\",\"data\":");
    body.push_str(envelope.data);
    body.push('}');
    body.into_bytes()
}

fn header(attribute: &str) -> &'static str {
    match attribute {
        "specversion" => "ce-specversion",
        "id" => "ce-id",
        "source" => "ce-source",
        "type" => "ce-type",
        "time" => "ce-time",
        "dataversion" => "ce-dataversion",
        "correlationid" => "ce-correlationid",
        _ => "ce-metadata",
    }
}

/// A value as a header has it (HTTP protocol binding 1.0.2, section 3.1.3.2): everything but visible ASCII, and
/// `"` and `%`, by the bytes of its UTF-8.
fn percent_encoded(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'!'..=b'~' if byte != b'"' && byte != b'%' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::EventId;
    use crate::time::Timestamp;
    use serde_json::Value;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_768_996_800_000);

    fn envelope() -> Envelope<'static> {
        Envelope {
            id: EventId::derive(NOW, &[]),
            event_type: "order.paid",
            timestamp: "2026-01-21T12:00:00Z",
            data: "{ \"n\": 1e400, \"n\": 2 }",
            metadata: "{\"k\" : \"ü\"}",
            correlation_id: Some("a \"é\"%"),
            version: Some("2"),
        }
    }

    fn message(format: Format, envelope: Envelope<'_>) -> Message {
        let payload = Payload::new(Kind::Webhook, format, None);
        payload.message(TenantId::derive(NOW, &[]), envelope).expect("no template")
    }

    #[test]
    fn a_structured_cloudevent_has_its_attributes_beside_the_data_as_it_was_posted() {
        let made = message(Format::CloudEvents, envelope());
        assert_eq!(made.content_type, "application/cloudevents+json; charset=utf-8");
        let text = String::from_utf8(made.body.to_vec()).expect("UTF-8");
        assert!(text.ends_with(",\"data\":{ \"n\": 1e400, \"n\": 2 }}"), "{text}");
        let plain = Envelope { data: "[1]", ..envelope() };
        let read: Value =
            serde_json::from_slice(&message(Format::CloudEvents, plain).body).expect("JSON");
        let tenant = TenantId::derive(NOW, &[]);
        assert_eq!(
            read,
            json!({
                "specversion": "1.0", "id": envelope().id.to_string(), "source": format!("/tenants/{tenant}"),
                "type": "order.paid", "time": "2026-01-21T12:00:00Z", "dataversion": "2",
                "correlationid": "a \"é\"%", "metadata": "{\"k\" : \"ü\"}",
                "datacontenttype": "application/json", "data": [1],
            })
        );
    }

    #[test]
    fn a_binary_cloudevent_is_the_data_with_its_attributes_as_headers() {
        let made = message(Format::CloudEventsBinary, envelope());
        assert_eq!((made.content_type, &*made.body), (JSON, envelope().data.as_bytes()));
        let value = |name| made.headers.iter().find(|(of, _)| *of == name).map(|(_, v)| v.as_str());
        assert_eq!(value("ce-correlationid"), Some("a%20%22%C3%A9%22%25"));
        assert_eq!(value("ce-metadata"), Some("{%22k%22%20:%20%22%C3%BC%22}"));
        assert_eq!((value("ce-specversion"), value("ce-dataversion")), (Some("1.0"), Some("2")));
        let long = format!("{{\"k\":\"{}\"}}", "x".repeat(limits::CLOUDEVENT_HEADER_BYTES));
        let bare = Envelope { metadata: &long, correlation_id: None, version: None, ..envelope() };
        let made = message(Format::CloudEventsBinary, bare);
        let names: Vec<&str> = made.headers.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time"]);
    }
}
