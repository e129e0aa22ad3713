//! What goes on the wire: body and headers of one attempt (docs/integration.md).

use domain::delivery::{Progress, Trigger};
use domain::event::Envelope;
use domain::ids::{DeliveryId, EventId};
use domain::preferences::{Scheme, Signing};
use domain::secret::Secret;
use domain::signature;
use domain::subscription::CustomHeaders;
use domain::time::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

/// `User-Agent` of every request.
pub const USER_AGENT: &str = concat!("Posthaste/", env!("CARGO_PKG_VERSION"));

/// An event's texts as its row keeps them.
#[derive(Debug)]
pub struct StoredEvent<'a> {
    pub id: EventId,
    pub event_type: &'a str,
    pub timestamp: &'a str,
    pub data: &'a [u8],
    pub metadata: &'a [u8],
    pub correlation_id: Option<&'a [u8]>,
    pub version: Option<&'a [u8]>,
}

impl StoredEvent<'_> {
    /// The body of every attempt. Stored from valid UTF-8; read back leniently, since a delivery is
    /// worth more than a panic.
    pub fn to_body(&self) -> Vec<u8> {
        let text = String::from_utf8_lossy;
        let (correlation_id, version) = (self.correlation_id.map(text), self.version.map(text));
        let envelope = Envelope {
            id: self.id,
            event_type: self.event_type,
            timestamp: self.timestamp,
            data: &text(self.data),
            metadata: &text(self.metadata),
            correlation_id: correlation_id.as_deref(),
            version: version.as_deref(),
        };
        envelope.to_body()
    }
}

/// What an attempt's headers are made from. Nothing else goes into them, so that they can be shown
/// later without having been stored.
#[derive(Debug)]
pub struct AttemptHead<'a> {
    pub event_id: EventId,
    pub event_type: &'a str,
    pub delivery_id: DeliveryId,
    pub trigger: Trigger,
    pub progress: Progress,
    /// Of the request that posted the event.
    pub traceparent: Option<&'a str>,
    /// The subscription's own headers.
    pub custom: &'a CustomHeaders,
    pub secrets: &'a [Secret],
    pub signing: &'a Signing,
    pub started_at: Timestamp,
    pub body: &'a [u8],
}

impl AttemptHead<'_> {
    /// The headers, signatures included.
    pub fn to_headers(&self) -> HeaderMap {
        let webhook_id = self.event_id.to_string();
        let signed = signature::sign(self.secrets, &webhook_id, self.started_at, self.body);
        let mut headers = HeaderMap::with_capacity(16 + self.custom.expose().len());
        for (name, value) in self.custom.expose() {
            // Names and values were checked when they were given; what cannot be sent is left out.
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
            {
                headers.insert(name, value);
            }
        }
        let mut set = |name: &'static str, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set("webhook-id", webhook_id);
        set("webhook-timestamp", signed.timestamp);
        if self.signing.has(Scheme::Standard) {
            set("webhook-signature", signed.standard);
        }
        if self.signing.has(Scheme::Pt) {
            set("x-pt-signature", signed.pt);
        }
        set("x-pt-event", self.event_type.to_owned());
        set("x-pt-delivery", self.delivery_id.to_string());
        set("x-pt-attempt", self.progress.number.to_string());
        set("x-pt-max-attempts", self.progress.max_attempts.to_string());
        set("x-pt-trigger", self.trigger.as_str().to_owned());
        if let Some(child) = self
            .traceparent
            .and_then(|parent| child_span(parent, self.delivery_id, self.progress.number))
        {
            set("traceparent", child);
        }
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("user-agent", HeaderValue::from_static(USER_AGENT));
        headers
    }
}

/// A child of the publisher's span (W3C Trace Context), the same whenever it is asked for.
fn child_span(parent: &str, delivery: DeliveryId, number: u32) -> Option<String> {
    let mut parts = parent.split('-');
    let (version, trace, _span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let mut hash = Sha256::new();
    hash.update(delivery.as_bytes());
    hash.update(number.to_be_bytes());
    let digest = hash.finalize();
    let span = u64::from_be_bytes(digest[..8].try_into().ok()?).max(1);
    Some(format!("{version}-{trace}-{span:016x}-{flags}"))
}

/// Whether a `traceparent` is one that may be passed on (W3C Trace Context, version 00).
pub fn is_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_hex = |part: &str, length: usize| {
        part.len() == length
            && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let not_zero = |part: &str| part.bytes().any(|byte| byte != b'0');
    matches!(parts[..], [version, trace, span, flags]
        if version == "00" && is_hex(trace, 32) && is_hex(span, 16) && is_hex(flags, 2) && not_zero(trace) && not_zero(span))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn each_attempt_is_a_child_span_of_its_own() {
        let delivery = DeliveryId::derive(Timestamp::from_unix_ms(1), &[b"x"]);
        let first = child_span(PARENT, delivery, 1).expect("a valid parent");
        assert!(
            first.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-") && first.ends_with("-01")
        );
        assert!(is_traceparent(&first));
        assert_ne!(Some(first), child_span(PARENT, delivery, 2));
    }

    #[test]
    fn what_is_no_traceparent_is_not_passed_on() {
        assert!(is_traceparent(PARENT));
        for text in
            ["", "00-0-0-0", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "x\r\ny"]
        {
            assert!(!is_traceparent(text), "{text}");
        }
    }
}
