//! Cursors of lists.

use std::fmt::Debug;

use domain::cursor::{Key, open, seal};
use domain::ids::{
    AuditEntryId, BinId, BinRequestId, DeliveryId, EventId, KeyId, PortalLinkId, SubscriptionId,
    TenantId,
};
use domain::time::Timestamp;

/// A cursor, or the bytes of a key. A cursor opens for one list at most, and is the one way to write its key;
/// no key has a cursor that does not open.
pub fn cursor(data: &[u8]) {
    let lists = [
        opens_for::<TenantId>(data),
        opens_for::<KeyId>(data),
        opens_for::<SubscriptionId>(data),
        opens_for::<(Timestamp, EventId)>(data),
        opens_for::<DeliveryId>(data),
        opens_for::<i16>(data),
        opens_for::<AuditEntryId>(data),
        opens_for::<PortalLinkId>(data),
        opens_for::<BinId>(data),
        opens_for::<BinRequestId>(data),
    ];
    assert!(lists.into_iter().filter(|opens| *opens).count() <= 1);
}

fn opens_for<K: Key + PartialEq + Debug>(data: &[u8]) -> bool {
    if let Some(key) = K::from_bytes(data) {
        assert_eq!(key.to_bytes(), data);
        assert_eq!(open(&seal(&key)), Some(key));
    }
    let Some(text) = std::str::from_utf8(data).ok() else { return false };
    let key: Option<K> = open(text);
    if let Some(key) = &key {
        assert_eq!(seal(key), text);
    }
    key.is_some()
}
