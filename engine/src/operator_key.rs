//! The operator's key: its SHA-256, and those of the ones beside it while it replaces them.
//!
//! A key of the settings is replaced there. One that Posthaste made is kept hashed in the database, where
//! [`rotate`] puts another in its place.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::time::Timestamp;
use rand::CryptoRng;
use sea_orm::DbErr;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::database::{Sql, Transaction};
use crate::error::Error;
use crate::store::instance;

/// Names of the rows.
const PRESENT: &str = "operator_key_hash";
const FORMER: &str = "operator_key_former";

/// SHA-256 of a key.
pub type Hash = [u8; 32];

/// A new key, to be shown once.
pub fn generate(rng: &mut impl CryptoRng) -> Zeroizing<String> {
    let mut random = Zeroizing::new([0_u8; 32]);
    rng.fill_bytes(&mut *random);
    Zeroizing::new(format!("posthaste_operator_{}", URL_SAFE_NO_PAD.encode(*random)))
}

/// SHA-256 of a key: that much randomness needs no slow hash.
pub fn hash(key: &str) -> Hash {
    Sha256::digest(key.as_bytes()).into()
}

/// Former keys that count at once; whoever rotates more often has to wait.
pub const FORMER_KEYS: usize = 10;
/// Of a former key in its row.
const FORMER_BYTES: usize = 32 + 8;

/// The keys with which the operator may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorKeys {
    pub present: Hash,
    /// Count beside it.
    pub also: Vec<Also>,
    /// Whether they are kept in the database, and can be rotated there.
    pub is_kept: bool,
}

/// A key beside the present one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Also {
    pub hash: Hash,
    /// `None`: as long as the settings have it.
    pub until: Option<Timestamp>,
}

impl OperatorKeys {
    /// Whether this is the hash of one of them at `now`; takes the same time whatever it is.
    pub fn have(&self, hash: &Hash, now: Timestamp) -> bool {
        let is_present: bool = self.present.ct_eq(hash).into();
        self.also.iter().fold(is_present, |is_one, also| {
            let is_same: bool = also.hash.ct_eq(hash).into();
            is_one | (is_same & also.counts_at(now))
        })
    }
}

/// The keys that the database keeps.
///
/// # Errors
/// When the database is away.
pub async fn kept(db: &impl Sql) -> Result<Option<OperatorKeys>, DbErr> {
    let Some(present) = instance::find(db, PRESENT).await? else { return Ok(None) };
    let present = present.try_into().map_err(|_| malformed(PRESENT))?;
    let former = instance::find(db, FORMER).await?.unwrap_or_default();
    let also =
        former.chunks(FORMER_BYTES).map(|row| Also::read(row).ok_or_else(|| malformed(FORMER)));
    Ok(Some(OperatorKeys { present, also: also.collect::<Result<_, _>>()?, is_kept: true }))
}

/// Keeps the first key, unless there is one, and gives what is kept.
///
/// # Errors
/// When the database is away.
pub async fn keep(db: &impl Sql, first: Hash) -> Result<OperatorKeys, DbErr> {
    instance::keep(db, PRESENT, first.to_vec()).await?;
    kept(db).await?.ok_or_else(|| malformed(PRESENT))
}

/// Keeps `next` in the place of the present key, which counts beside it until an instant, as do those before
/// it that still have time.
///
/// # Errors
/// `Conflict` while [`FORMER_KEYS`] of them do, or when the database is away.
pub async fn rotate(
    db: &Transaction,
    next: Hash,
    now: Timestamp,
    until: Timestamp,
) -> Result<(), Error> {
    let keys = kept(db).await?.ok_or(Error::NotFound("kept operator key"))?;
    let mut former: Vec<Also> = keys.also.into_iter().filter(|also| also.counts_at(now)).collect();
    if former.len() == FORMER_KEYS {
        let detail = "ten former keys still count; wait until one has ended, or rotate with a shorter overlap_s";
        return Err(Error::Conflict(detail.to_owned()));
    }
    former.push(Also { hash: keys.present, until: Some(until) });
    let written = former.iter().flat_map(Also::written).collect();
    instance::put(db, FORMER, written).await?;
    Ok(instance::put(db, PRESENT, next.to_vec()).await?)
}

impl Also {
    fn counts_at(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    fn written(&self) -> Vec<u8> {
        let until = self.until.map_or(i64::MAX, Timestamp::unix_ms);
        [self.hash.as_slice(), &until.to_be_bytes()].concat()
    }

    fn read(row: &[u8]) -> Option<Self> {
        let (hash, until) = row.split_first_chunk::<32>()?;
        let until = Timestamp::from_unix_ms(i64::from_be_bytes(until.try_into().ok()?));
        Some(Self { hash: *hash, until: Some(until) })
    }
}

fn malformed(name: &str) -> DbErr {
    DbErr::Custom(format!("the row {name} of instance is malformed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_former_key_counts_until_its_instant_and_the_present_one_always() {
        let until = Timestamp::from_unix_ms(1000);
        let also = Also { hash: [2; 32], until: Some(until) };
        let keys = OperatorKeys { present: [1; 32], also: vec![also], is_kept: true };
        let before = Timestamp::from_unix_ms(999);
        assert!(keys.have(&[1; 32], before) && keys.have(&[2; 32], before));
        assert!(keys.have(&[1; 32], until) && !keys.have(&[2; 32], until));
        assert!(!keys.have(&[3; 32], before));
        assert_eq!(Also::read(&also.written()), Some(also));
        assert_eq!(Also::read(&also.written()[..39]), None);
    }
}
