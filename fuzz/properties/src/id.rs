//! Ids in paths and bodies.

use std::fmt::Display;
use std::str::FromStr;

use domain::ids::{
    AttemptId, AuditEntryId, DeliveryId, DeltaId, EventId, KeyId, PortalLinkId, ReplayId, SecretId,
    SubscriptionId, TenantId,
};
use domain::time::Timestamp;

/// A text is the id of one noun at most, and the one way to write it.
pub fn id(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let times = [
        is_the_text_of(text, TenantId::time),
        is_the_text_of(text, KeyId::time),
        is_the_text_of(text, SubscriptionId::time),
        is_the_text_of(text, EventId::time),
        is_the_text_of(text, DeliveryId::time),
        is_the_text_of(text, AttemptId::time),
        is_the_text_of(text, ReplayId::time),
        is_the_text_of(text, SecretId::time),
        is_the_text_of(text, AuditEntryId::time),
        is_the_text_of(text, DeltaId::time),
        is_the_text_of(text, PortalLinkId::time),
    ];
    let times: Vec<Timestamp> = times.into_iter().flatten().collect();
    assert!(times.len() <= 1, "{text} is an id of two nouns");
    for at in times {
        assert!(EventId::floor(at).time() == at);
    }
}

/// The time that the id carries, if the text is one.
fn is_the_text_of<Id: FromStr + Display>(
    text: &str,
    time: impl Fn(&Id) -> Timestamp,
) -> Option<Timestamp> {
    let id: Id = text.parse().ok()?;
    assert_eq!(id.to_string(), text);
    let at = time(&id);
    assert!(at.unix_ms() >= 0);
    // It is shown as an instant too, and later than years can be told it is held to the last one.
    let _ = at.to_string();
    Some(at)
}
