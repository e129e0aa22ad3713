//! Where a page of a list ends and the next one goes on.
//!
//! A cursor is the key of the last row that the caller has. It is opaque: base64url of a version, the
//! list that it belongs to, the key and a checksum, so that one of another list, a cut or a made-up
//! one is refused and not read as something else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::event_type::EventType;
use crate::ids::{
    AuditEntryId, BinId, BinRequestId, DeliveryId, EventId, KeyId, PortalLinkId, ReplayId,
    SubscriptionId, TenantId,
};
use crate::time::Timestamp;

const VERSION: u8 = 1;
const CHECKSUM_BYTES: usize = 4;

/// What identifies a row's place in its list.
pub trait Key: Sized {
    /// Which list it is of; differs for each.
    const LIST: u8;

    /// The bytes that stand in a cursor.
    fn to_bytes(&self) -> Vec<u8>;

    /// The key of which they are the bytes, if they are.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

macro_rules! id_keys {
    ($($id:ident = $list:literal)+) => {$(
        impl Key for $id {
            const LIST: u8 = $list;

            fn to_bytes(&self) -> Vec<u8> {
                self.as_bytes().to_vec()
            }

            fn from_bytes(bytes: &[u8]) -> Option<Self> {
                Uuid::from_slice(bytes).ok().map(Self)
            }
        }
    )+};
}

id_keys! { TenantId = 1 KeyId = 2 SubscriptionId = 3 DeliveryId = 5 AuditEntryId = 7 PortalLinkId = 8 ReplayId = 10 BinId = 20 BinRequestId = 21 }

impl Key for (Timestamp, EventId) {
    const LIST: u8 = 4;

    fn to_bytes(&self) -> Vec<u8> {
        [self.0.unix_ms().to_be_bytes().as_slice(), self.1.as_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (at, id) = bytes.split_first_chunk::<8>()?;
        Some((
            Timestamp::from_unix_ms(i64::from_be_bytes(*at)),
            EventId(Uuid::from_slice(id).ok()?),
        ))
    }
}

impl Key for (Timestamp, TenantId, EventType) {
    const LIST: u8 = 9;

    fn to_bytes(&self) -> Vec<u8> {
        let (at, tenant, name) = self;
        [&at.unix_ms().to_be_bytes(), tenant.as_bytes().as_slice(), name.as_str().as_bytes()]
            .concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (at, rest) = bytes.split_first_chunk::<8>()?;
        let (tenant, name) = rest.split_first_chunk::<16>()?;
        let at = Timestamp::from_unix_ms(i64::from_be_bytes(*at));
        let name = std::str::from_utf8(name).ok()?.parse().ok()?;
        Some((at, TenantId(Uuid::from_bytes(*tenant)), name))
    }
}

impl Key for i16 {
    const LIST: u8 = 6;

    fn to_bytes(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self::from_be_bytes(bytes.try_into().ok()?))
    }
}

/// The cursor behind a row.
pub fn seal<K: Key>(key: &K) -> String {
    let mut bytes = vec![VERSION, K::LIST];
    bytes.extend(key.to_bytes());
    let checksum = checksum(&bytes);
    bytes.extend(checksum);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The key that a cursor of this list holds; `None` for any other text.
pub fn open<K: Key>(text: &str) -> Option<K> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (body, sum) = bytes.split_last_chunk::<CHECKSUM_BYTES>()?;
    match body {
        [VERSION, list, key @ ..] if *list == K::LIST && checksum(body) == *sum => {
            K::from_bytes(key)
        }
        _ => None,
    }
}

/// Tells accidents from cursors; it keeps no secret, since a cursor gives no right to anything.
fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = Sha256::digest(bytes);
    [digest[0], digest[1], digest[2], digest[3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_for_its_own_list_only() {
        let id = DeliveryId(Uuid::from_u128(7));
        let cursor = seal(&id);
        assert_eq!(open::<DeliveryId>(&cursor), Some(id));
        assert_eq!(open::<TenantId>(&cursor), None);
        let event = (Timestamp::from_unix_ms(5), EventId(Uuid::from_u128(8)));
        assert_eq!(open(&seal(&event)), Some(event));
        assert_eq!(open(&seal(&3_i16)), Some(3_i16));
        let name: EventType = "content.published".parse().expect("a type");
        let event_type = (Timestamp::from_unix_ms(5), TenantId(Uuid::from_u128(8)), name);
        assert_eq!(open(&seal(&event_type)), Some(event_type));
    }

    #[test]
    fn a_changed_or_cut_cursor_is_none() {
        let cursor = seal(&DeliveryId(Uuid::from_u128(7)));
        for end in 0..cursor.len() {
            assert_eq!(open::<DeliveryId>(&cursor[..end]), None);
        }
        for index in 0..cursor.len() {
            let mut changed = cursor.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            assert_eq!(open::<DeliveryId>(&String::from_utf8_lossy(&changed)), None, "{index}");
        }
        assert_eq!(open::<DeliveryId>("***"), None);
    }
}
