//! Templates, and what they make of an event.

use domain::event::Envelope;
use domain::ids::EventId;
use domain::limits;
use domain::template::Template;

use crate::{NOW, parted};

const DATA: &str = r#"{"id": 7, "text": "a \"b\" <c>", "list": [1, 2.5, null, "x"], "none": [], "deep": {"a": {"b": [true]}},
    "zero": 0, "large": 12345678901234567890, "accent": "\u00e9", "yes": true, "nothing": null}"#;

/// A template, then the data of an event. One that is taken is kept as it was written, makes the same of the same
/// event whenever it is asked, and no more than it may.
pub fn template(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (text, data) = parted(text);
    let Ok(template) = Template::parse(text) else { return };
    assert!(text.len() <= limits::TEMPLATE_BYTES);
    assert_eq!(template.as_str(), text);
    assert_eq!(Template::from_stored(text), template);

    let envelope = Envelope {
        id: EventId::derive(NOW, &[]),
        event_type: "order.paid",
        timestamp: "2026-01-21T12:00:00Z",
        data: data.unwrap_or(DATA),
        metadata: r#"{"region": "eu"}"#,
        correlation_id: Some("c-1"),
        version: None,
    };
    let made = template.render(envelope);
    assert_eq!(template.render(envelope), made);
    if let Ok(made) = &made {
        assert!(made.len() <= limits::TEMPLATE_OUTPUT_BYTES);
    }
    if let Ok(json) = template.render_json(envelope) {
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok());
        assert_eq!(Ok(json), made);
    }
}
