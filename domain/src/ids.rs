//! Ids: TypeIDs outside (`evt_01h…`), native UUIDs inside; each noun has its own type.
//!
//! An id carries the millisecond it was made in (UUIDv7, RFC 9562 section 5.7), which is what
//! lists are ordered by and what time partitions are cut by.

use std::fmt;
use std::str::FromStr;

use mti::prelude::TypeIdSuffix;
use rand::RngCore;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::time::Timestamp;

/// The text is not a TypeID of the expected prefix with a UUIDv7 behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}_ followed by 26 characters of base32")]
pub struct MalformedId {
    prefix: &'static str,
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "columns", derive(sea_orm::DeriveValueType))]
        pub struct $name(pub Uuid);

        impl $name {
            /// What the text form starts with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id made at `at`.
            pub fn generate(at: Timestamp, rng: &mut impl RngCore) -> Self {
                let mut random = [0_u8; 10];
                rng.fill_bytes(&mut random);
                Self(from_parts(at, random))
            }

            /// The id that `parts` always give at `at`: made twice, it is the same.
            pub fn derive(at: Timestamp, parts: &[&[u8]]) -> Self {
                Self(from_parts(at, digest(parts)))
            }

            /// The id that `parts` always give at `at`, where those of one instant go by the low 18 bits of
            /// `order`: 56 bits are left of `parts`.
            pub fn derive_in_order(at: Timestamp, order: i64, parts: &[&[u8]]) -> Self {
                Self(from_parts(at, in_order(order, digest(parts))))
            }

            /// The millisecond that the id carries.
            pub fn time(&self) -> Timestamp {
                time_of(self.0)
            }

            /// The lowest possible id of the millisecond `at`, for range scans.
            pub fn floor(at: Timestamp) -> Self {
                Self(lowest(at))
            }

            /// The UUID's bytes.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        // sea-orm asks it of every primary key, for databases that count rows; ours never do.
        #[cfg(feature = "columns")]
        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!($prefix, "_"))?;
                f.write_str(TypeIdSuffix::from(self.0).as_ref())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, MalformedId> {
                parse(text, $prefix).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

typed_ids! {
    /// A customer of the product that runs Posthaste.
    TenantId = "ten";
    /// An API key.
    KeyId = "key";
    /// A subscription, and its lane.
    SubscriptionId = "sub";
    /// An event; unique per tenant only, since a caller may choose it.
    EventId = "evt";
    /// One event due at one subscription.
    DeliveryId = "dlv";
    /// Deliveries that are made in one request.
    BatchId = "bat";
    /// One HTTP request made for a delivery.
    AttemptId = "att";
    /// A replay of many deliveries.
    ReplayId = "rpl";
    /// One secret of a subscription.
    SecretId = "sec";
    /// What one commit adds to the figures.
    DeltaId = "dta";
    /// An entry of the audit log.
    AuditEntryId = "aud";
    /// A link into a tenant's portal.
    PortalLinkId = "plk";
    /// A bin, which records the requests that are sent to it.
    BinId = "bin";
    /// A request that a bin has recorded.
    BinRequestId = "brq";
}

/// An id together with the tenant whose thing is meant. An id in a request's path is had in no other form, so
/// that nothing can be asked for by it without saying whose it has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Of<T> {
    tenant: TenantId,
    id: T,
}

impl<T: Copy> Of<T> {
    /// The thing `id` of this tenant.
    pub const fn new(tenant: TenantId, id: T) -> Self {
        Self { tenant, id }
    }

    /// Whose it has to be.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The id without its tenant: for the query that has both, and for what is told of it.
    pub const fn id(&self) -> T {
        self.id
    }
}

impl AttemptId {
    /// The id of attempt `number` of a delivery. It is derived, not stored: a delivery has
    /// exactly one attempt of each number.
    pub fn of(delivery: DeliveryId, number: u32, started_at: Timestamp) -> Self {
        Self::derive(started_at, &[delivery.as_bytes(), &number.to_be_bytes()])
    }
}

fn parse(text: &str, prefix: &'static str) -> Result<Uuid, MalformedId> {
    let malformed = MalformedId { prefix };
    let suffix =
        text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(malformed)?;
    let uuid = TypeIdSuffix::from_str(suffix).map_err(|_| malformed)?.to_uuid();
    (uuid.get_version_num() == 7).then_some(uuid).ok_or(malformed)
}

fn from_parts(at: Timestamp, random: [u8; 10]) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(at.unix_ms().max(0).unsigned_abs(), &random)
        .into_uuid()
}

fn lowest(at: Timestamp) -> Uuid {
    from_parts(at, [0; 10])
}

fn time_of(id: Uuid) -> Timestamp {
    let [a, b, c, d, e, f, ..] = id.into_bytes();
    Timestamp::from_unix_ms(i64::from_be_bytes([0, 0, a, b, c, d, e, f]))
}

/// The first bytes of the SHA-256 of the parts, each preceded by its length so that no two lists
/// of parts give the same bytes.
fn digest(parts: &[&[u8]]) -> [u8; 10] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let full = hash.finalize();
    let mut first = [0; 10];
    first.copy_from_slice(&full[..10]);
    first
}

/// Puts the low 18 bits of `order` in front, where a version 7 UUID has room for as many: 12 bits behind the version,
/// and 6 behind the variant (RFC 9562, section 5.7).
fn in_order(order: i64, mut random: [u8; 10]) -> [u8; 10] {
    let [.., high, middle] = (order >> 6).to_be_bytes();
    let [.., low] = order.to_be_bytes();
    // The version and the variant are written over the highest bits of the first and the third.
    random[..3].copy_from_slice(&[high, middle, low]);
    random
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_form_and_keeps_its_millisecond() {
        let at = Timestamp::from_unix_ms(1_768_996_800_123);
        let id =
            EventId::generate(at, &mut <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(7));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.time(), at);
        assert!(id.to_string().starts_with("evt_"));
        assert_eq!(id.to_string().len(), 30);
    }

    #[test]
    fn another_nouns_id_or_a_version_4_uuid_is_refused() {
        let id = EventId::derive(Timestamp::from_unix_ms(1), &[b"x"]);
        assert!(id.to_string().parse::<DeliveryId>().is_err());
        let v4 = Uuid::from_u128(0xf47a_c10b_58cc_4372_a567_0e02_b2c3_d479);
        assert!(format!("evt_{}", TypeIdSuffix::from(v4)).parse::<EventId>().is_err());
        assert!("evt_".parse::<EventId>().is_err());
        assert!("".parse::<EventId>().is_err());
    }

    #[test]
    fn derived_ids_of_an_instant_go_by_their_order() {
        let at = Timestamp::from_unix_ms(5);
        let ids: Vec<_> = [0_i64, 1, 63, 64, 16_383, 16_384, (1 << 18) - 1]
            .map(|order| DeliveryId::derive_in_order(at, order, &[b"x"]))
            .into();
        assert!(ids.is_sorted() && ids.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(ids.iter().all(|id| id.time() == at && id.to_string().parse() == Ok(*id)));
        let other = DeliveryId::derive_in_order(at, 1, &[b"y"]);
        assert!(ids[1] != other && ids[0] < other && other < ids[2]);
    }

    #[test]
    fn derived_ids_repeat_and_differ_by_where_parts_are_cut() {
        let at = Timestamp::from_unix_ms(5);
        assert_eq!(DeliveryId::derive(at, &[b"ab", b"c"]), DeliveryId::derive(at, &[b"ab", b"c"]));
        assert_ne!(DeliveryId::derive(at, &[b"ab", b"c"]), DeliveryId::derive(at, &[b"a", b"bc"]));
    }
}
