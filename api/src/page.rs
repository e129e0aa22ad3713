//! Pages of a list: `?limit=&cursor=` in, `{"data": […], "next_cursor": …}` out.
//!
//! A cursor is the key of the last row that the caller has. It is opaque: base64url of a version, the
//! list that it belongs to, the key and a checksum, so that one of another list, a cut or a made-up
//! one is refused and not read as something else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::{
    AuditEntryId, DeliveryId, EventId, KeyId, PortalLinkId, SubscriptionId, TenantId,
};
use domain::limits;
use domain::time::Timestamp;
use engine::store::{self, Found};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::problem::Problem;
use crate::query::Query;

const VERSION: u8 = 1;
const CHECKSUM_BYTES: usize = 4;

/// One page of a list.
#[derive(Debug, Serialize)]
pub(crate) struct Listed<T> {
    pub data: Vec<T>,
    pub next_cursor: Option<String>,
}

/// What identifies a row's place in its list.
pub(crate) trait Key: Sized {
    /// Which list it is of; differs for each.
    const LIST: u8;
    fn to_bytes(&self) -> Vec<u8>;
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

id_keys! { TenantId = 1 KeyId = 2 SubscriptionId = 3 DeliveryId = 5 AuditEntryId = 7 PortalLinkId = 8 }

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

impl Key for i16 {
    const LIST: u8 = 6;

    fn to_bytes(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self::from_be_bytes(bytes.try_into().ok()?))
    }
}

/// The names that every list takes.
pub(crate) const LIMIT: &str = "limit";
pub(crate) const CURSOR: &str = "cursor";

/// The page that a query asks for. One row more is read than is shown, to know whether there is a
/// next page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<K> {
    limit: usize,
    pub after: Option<K>,
}

impl<K: Key + Copy> Wanted<K> {
    /// From `limit` and `cursor`.
    pub(crate) fn of(query: &Query) -> Result<Self, Problem> {
        let limit = match query.one::<String>(LIMIT)? {
            None => limits::PAGE_ROWS_DEFAULT,
            Some(text) => {
                let limit = text.parse().ok().filter(|limit| limits::PAGE_ROWS.contains(limit));
                limit.ok_or_else(|| {
                    Problem::parameter("query parameter limit", "must be a number from 1 to 250")
                })?
            }
        };
        let after = match query.one::<String>(CURSOR)? {
            None => None,
            Some(text) => Some(open(&text).ok_or_else(|| {
                Problem::parameter(
                    "query parameter cursor",
                    "is none of this list; take next_cursor of its last page",
                )
            })?),
        };
        Ok(Self { limit: limit as usize, after })
    }

    /// What the store is asked for.
    pub(crate) fn page(&self) -> store::Page<K> {
        store::Page { limit: self.limit as u64 + 1, after: self.after }
    }

    /// Rows that are shown at most.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// The page of what the store gave.
    pub(crate) fn show<R, T>(
        &self,
        rows: Vec<R>,
        key: impl Fn(&R) -> K,
        show: impl Fn(R) -> T,
    ) -> Listed<T> {
        self.show_found(Found { rows, looked_until: None }, key, show)
    }

    /// The page of what the store found: a short one goes on where it stopped looking.
    pub(crate) fn show_found<R, T>(
        &self,
        found: Found<R, K>,
        key: impl Fn(&R) -> K,
        show: impl Fn(R) -> T,
    ) -> Listed<T> {
        let Found { mut rows, looked_until } = found;
        let has_more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let last = match has_more {
            true => rows.last().map(key),
            false => looked_until,
        };
        Listed {
            data: rows.into_iter().map(show).collect(),
            next_cursor: last.map(|key| seal(&key)),
        }
    }
}

/// The cursor behind a row.
pub(crate) fn seal<K: Key>(key: &K) -> String {
    let mut bytes = vec![VERSION, K::LIST];
    bytes.extend(key.to_bytes());
    let checksum = checksum(&bytes);
    bytes.extend(checksum);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn open<K: Key>(text: &str) -> Option<K> {
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
