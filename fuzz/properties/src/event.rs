//! Events as callers post them.

use domain::event::{EventRefused, NewEvent, NewEventInput};
use domain::ids::EventId;
use domain::limits;

use crate::NOW;

const DATA_BYTES_MAX: usize = 1024;

/// What is taken is within its bounds, and its envelope is an event that says the same.
pub fn event(data: &[u8]) {
    let Ok(input) = serde_json::from_slice::<NewEventInput<'_>>(data) else { return };
    let posted = input.data.get();
    let event = match NewEvent::parse(input, NOW, DATA_BYTES_MAX) {
        Ok(event) => event,
        Err(EventRefused::TooLarge { bytes, max_bytes }) => {
            return assert!(bytes == posted.len() && bytes > max_bytes);
        }
        Err(EventRefused::Invalid(invalid)) => return assert!(!invalid.0.is_empty()),
    };
    assert_eq!(event.data.as_str(), posted, "byte for byte");
    is_within_its_bounds(&event);

    let id = event.id.unwrap_or_else(|| EventId::derive(NOW, &[data]));
    let body = event.envelope(id).to_body();
    let input = serde_json::from_slice(&body).expect("the envelope is an event's JSON");
    let read = NewEvent::parse(input, NOW, DATA_BYTES_MAX).expect("and keeps the contract");
    assert!(read.same_content(&event));
    assert_eq!(read.id, Some(id));
    assert_eq!(read.timestamp, event.timestamp);
    assert_eq!((read.correlation_id, read.version), (event.correlation_id, event.version));
}

fn is_within_its_bounds(event: &NewEvent) {
    assert!(event.data.as_str().len() <= DATA_BYTES_MAX);
    assert!(event.metadata.as_str().len() <= limits::METADATA_BYTES && event.metadata.is_object());
    for json in [&event.data, &event.metadata] {
        assert!(domain::json::depth(json.as_str().as_bytes()) <= limits::JSON_DEPTH);
    }
    let chars = |text: &Option<String>| text.as_ref().map(|text| text.chars().count());
    assert!(chars(&event.correlation_id) <= Some(limits::CORRELATION_ID_CHARS));
    assert!(chars(&event.version).is_none_or(|count| limits::VERSION_CHARS.contains(&count)));
    if let Some(id) = event.id {
        assert!(id.time().since(NOW).max(NOW.since(id.time())) <= limits::EVENT_ID_SKEW);
    }
    let due_in = domain::event::first_due_in(event.deliver_at, NOW);
    assert!(due_in <= limits::DELIVER_AT_AHEAD, "{due_in:?}");
}
