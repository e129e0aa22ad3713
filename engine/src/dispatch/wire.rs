//! What goes on the wire: body and headers of one attempt (docs/integration.md).

use std::fmt::{Display, Write as _};
use std::sync::Arc;

use bytes::BytesMut;
use domain::delivery::{Progress, Trigger};
use domain::event::BATCH_TYPE;
use domain::ids::{BatchId, DeliveryId, EventId, TenantId};
use domain::message::{Message, Payload};
use domain::preferences::{Scheme, Signing};
use domain::secret::Secret;
use domain::signature;
use domain::subscription::CustomHeaders;
use domain::template::TemplateFault;
use domain::time::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

use super::fresh::Content;

/// `User-Agent` of every request.
pub const USER_AGENT: &str = concat!("Posthaste/", env!("CARGO_PKG_VERSION"));

/// What is sent of an event: the same for every attempt. What takes long is made beside the threads that serve.
///
/// # Errors
/// When a template fails on the event.
pub async fn message(
    payload: &Arc<Payload>,
    tenant: TenantId,
    id: EventId,
    content: &Content,
) -> Result<Message, TemplateFault> {
    let envelope = match content.envelope(id) {
        Some(envelope) if **payload != Payload::Standard => envelope,
        // A batch has a form of its own.
        _ => return Ok(Message::json(content.body(id))),
    };
    if !payload.takes_long() {
        return payload.message(tenant, envelope);
    }
    let (payload, content) = (payload.clone(), content.clone());
    let made = tokio::task::spawn_blocking(move || {
        let envelope = content.envelope(id)?;
        Some(payload.message(tenant, envelope))
    });
    match made.await {
        Ok(Some(made)) => made,
        Ok(None) | Err(_) => Err(TemplateFault::Unreadable("it could not be made".to_owned())),
    }
}

/// What an attempt is made for.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// One event.
    Event {
        id: EventId,
        event_type: &'a str,
        delivery: DeliveryId,
        /// Of the request that posted the event.
        traceparent: Option<&'a str>,
    },
    /// Several.
    Batch(BatchId),
}

/// What an attempt's headers are made from. Nothing else goes into them, so that they can be shown
/// later without having been stored.
#[derive(Debug)]
pub struct AttemptHead<'a> {
    pub subject: Subject<'a>,
    pub trigger: Trigger,
    pub progress: Progress,
    /// The subscription's own headers.
    pub custom: &'a CustomHeaders,
    pub secrets: &'a [Secret],
    pub signing: &'a Signing,
    /// Whether it carries headers of ours beside those that every request has.
    pub is_signed: bool,
    pub started_at: Timestamp,
    pub message: &'a Message,
}

impl AttemptHead<'_> {
    /// The headers, signatures included.
    pub fn to_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(24 + self.custom.expose().len());
        for (name, value) in self.custom.expose() {
            // Names and values were checked when they were given; what cannot be sent is left out.
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
            {
                headers.insert(name, value);
            }
        }
        if self.is_signed {
            self.add_ours(&mut headers);
        }
        headers.insert("content-type", HeaderValue::from_static(self.message.content_type));
        headers.insert("user-agent", HeaderValue::from_static(USER_AGENT));
        headers
    }

    fn add_ours(&self, headers: &mut HeaderMap) {
        let webhook_id = match self.subject {
            Subject::Event { id, .. } => id.to_string(),
            Subject::Batch(id) => id.to_string(),
        };
        let body = &self.message.body;
        let signed = signature::sign(self.secrets, &webhook_id, self.started_at, body);
        let mut ours = OneText::default();
        ours.set("webhook-id", webhook_id);
        ours.set("webhook-timestamp", signed.timestamp);
        if self.signing.has(Scheme::Standard) {
            ours.set("webhook-signature", signed.standard);
        }
        if self.signing.has(Scheme::Pt) {
            ours.set("x-pt-signature", signed.pt);
        }
        match self.subject {
            Subject::Event { event_type, delivery, traceparent, .. } => {
                ours.set("x-pt-event", event_type);
                ours.set("x-pt-delivery", delivery);
                let number = self.progress.number;
                if let Some(child) =
                    traceparent.and_then(|parent| child_span(parent, delivery, number))
                {
                    ours.set("traceparent", child);
                }
            }
            Subject::Batch(_) => ours.set("x-pt-event", BATCH_TYPE),
        }
        ours.set("x-pt-attempt", self.progress.number);
        ours.set("x-pt-max-attempts", self.progress.max_attempts);
        ours.set("x-pt-trigger", self.trigger.as_str());
        for (name, value) in &self.message.headers {
            ours.set(name, value);
        }
        ours.put_into(headers);
    }
}

/// Values of headers that lie in one text: they are copied more than once on the way out, and each of its own would be
/// allocated each time.
#[derive(Debug, Default)]
struct OneText {
    text: BytesMut,
    /// Names, each with where its value ends.
    ends: Vec<(&'static str, usize)>,
}

impl OneText {
    fn set(&mut self, name: &'static str, value: impl Display) {
        write!(self.text, "{value}").expect("a buffer that grows takes everything");
        self.ends.push((name, self.text.len()));
    }

    /// What cannot be sent is left out.
    fn put_into(self, headers: &mut HeaderMap) {
        let text = self.text.freeze();
        let mut begin = 0;
        for (name, end) in self.ends {
            if let Ok(value) = HeaderValue::from_maybe_shared(text.slice(begin..end)) {
                headers.insert(HeaderName::from_static(name), value);
            }
            begin = end;
        }
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
