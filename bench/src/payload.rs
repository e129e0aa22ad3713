//! What is posted: requests made once, with the places where each event's number goes.
//!
//! An event is told apart by a number in its `data`, not by an id. The server then makes the ids, as it
//! does for most callers, no answer has to be parsed for one, and the receiver looks a number up in an
//! array where it would have to hash an id.

use memchr::memmem;

use crate::generator::Requests;

/// Bytes of an event's `data` as JSON.
pub const DATA_BYTES: usize = 512;

/// How `data` begins; the number follows, in [`SEQ_DIGITS`] digits.
const SEQ_MARK: &[u8] = br#"{"seq":""#;

/// Digits of a number: enough for every `u32`.
const SEQ_DIGITS: usize = 10;

/// Posts of events, single or in batches, by several tenants in turn.
#[derive(Debug, Clone)]
pub struct EventPosts {
    per_tenant: Vec<Template>,
    events_per_request: u32,
}

/// Bytes with the places where numbers go.
#[derive(Debug, Clone)]
pub struct Template {
    bytes: Vec<u8>,
    places: Vec<usize>,
}

impl EventPosts {
    /// Requests for the event routes at `host`, one tenant's key after the other.
    ///
    /// `events_per_request` 1 posts to `/events`, more to `/events/batch`.
    #[must_use]
    pub fn new(host: &str, keys: &[String], events_per_request: u32) -> Self {
        Self::due(host, keys, events_per_request, &[])
    }

    /// The same with events that wait until then; those of one request take the instants in turn.
    #[must_use]
    pub fn due(
        host: &str,
        keys: &[String],
        events_per_request: u32,
        deliver_at: &[String],
    ) -> Self {
        let mut instants = deliver_at.iter().cycle();
        let mut event = || {
            let wait = instants.next().map(|instant| format!(r#""deliver_at":"{instant}","#));
            let wait = wait.unwrap_or_default();
            format!(r#"{{"type":"bench.event",{wait}"data":{}}}"#, data())
        };
        let (path, body) = if events_per_request == 1 {
            ("/api/v1/webhooks/events", event())
        } else {
            let events: Vec<_> = (0..events_per_request).map(|_| event()).collect();
            let events = events.join(",");
            ("/api/v1/webhooks/events/batch", format!(r#"{{"events":[{events}]}}"#))
        };
        let per_tenant = keys.iter().map(|key| {
            Template::new(format!(
                "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {key}\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ))
        });
        Self { per_tenant: per_tenant.collect(), events_per_request }
    }
}

impl Requests for EventPosts {
    fn events_per_request(&self) -> u32 {
        self.events_per_request
    }

    fn write(&mut self, first_seq: u32, out: &mut Vec<u8>) {
        let turn = (first_seq / self.events_per_request) as usize % self.per_tenant.len();
        self.per_tenant[turn].write(first_seq, out);
    }
}

impl Template {
    /// Finds every place for a number in `text`.
    #[must_use]
    pub fn new(text: String) -> Self {
        let bytes = text.into_bytes();
        let places = memmem::find_iter(&bytes, SEQ_MARK).map(|at| at + SEQ_MARK.len()).collect();
        Self { bytes, places }
    }

    /// Appends the bytes with `first_seq` and the numbers after it in their places.
    pub fn write(&self, first_seq: u32, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        for (seq, place) in (first_seq..).zip(&self.places) {
            let mut rest = seq;
            for digit in out[start + place..][..SEQ_DIGITS].iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        }
    }
}

/// An event's `data`: [`DATA_BYTES`] bytes of JSON, its number still zero.
#[must_use]
pub fn data() -> String {
    let frame = r#"{"seq":"0000000000","note":""}"#.len();
    let note: String = "the quick brown fox jumps over the lazy dog; "
        .chars()
        .cycle()
        .take(DATA_BYTES - frame)
        .collect();
    format!(r#"{{"seq":"0000000000","note":"{note}"}}"#)
}

/// The number in a delivered body.
#[must_use]
pub fn seq_of(body: &[u8]) -> Option<u32> {
    let start = memmem::find(body, SEQ_MARK)? + SEQ_MARK.len();
    let digits = body.get(start..start + SEQ_DIGITS)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{DATA_BYTES, EventPosts, data, seq_of};
    use crate::generator::Requests as _;
    use crate::wire::Inbox;

    #[test]
    fn data_is_512_bytes_of_json() {
        let text = data();
        assert_eq!(text.len(), DATA_BYTES);
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }

    #[test]
    fn the_events_of_a_request_take_their_instants_in_turn() {
        let (keys, instants) = (["one".to_owned()], ["soon".to_owned(), "later".to_owned()]);
        let mut out = Vec::new();
        EventPosts::due("localhost", &keys, 3, &instants).write(0, &mut out);
        let text = String::from_utf8(out).expect("it is text");
        let (_, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        let body: serde_json::Value = serde_json::from_str(body).expect("the body is JSON");
        let found = [0, 1, 2].map(|place| body["events"][place]["deliver_at"].as_str());
        assert_eq!(found, [Some("soon"), Some("later"), Some("soon")]);
    }

    #[test]
    fn a_batch_numbers_its_events_and_takes_tenants_in_turn() {
        let keys = ["one".to_owned(), "two".to_owned()];
        let mut posts = EventPosts::new("localhost", &keys, 3);
        let mut out = Vec::new();
        posts.write(3, &mut out);
        assert!(memchr::memmem::find(&out, b"Bearer two").is_some());
        let mut numbers = Vec::new();
        Inbox::default()
            .take(&out, |message| {
                let body: serde_json::Value =
                    serde_json::from_slice(message.body).expect("the body is JSON");
                for event in body["events"].as_array().expect("a batch") {
                    let number = event["data"]["seq"].as_str().expect("a number");
                    numbers.push(number.parse::<u32>().expect("ten digits"));
                }
                assert_eq!(seq_of(message.body), Some(3));
            })
            .expect("one request");
        assert_eq!(numbers, [3, 4, 5]);
    }
}
