//! The operator's key: its SHA-256, and that of the one beside it while one replaces the other.
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

/// The keys with which the operator may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperatorKeys {
    pub present: Hash,
    /// Counts beside it.
    pub also: Option<Also>,
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
        let is_also = self.also.is_some_and(|also| {
            let is_same: bool = also.hash.ct_eq(hash).into();
            is_same && also.until.is_none_or(|until| now < until)
        });
        let is_present: bool = self.present.ct_eq(hash).into();
        is_present || is_also
    }
}

/// The keys that the database keeps.
///
/// # Errors
/// When the database is away.
pub async fn kept(db: &impl Sql) -> Result<Option<OperatorKeys>, DbErr> {
    let Some(present) = instance::find(db, PRESENT).await? else { return Ok(None) };
    let former = instance::find(db, FORMER).await?;
    let present = present.try_into().map_err(|_| malformed(PRESENT))?;
    let also = former.map(|row| Also::read(&row).ok_or_else(|| malformed(FORMER))).transpose()?;
    Ok(Some(OperatorKeys { present, also, is_kept: true }))
}

/// Keeps the first key, unless there is one, and gives what is kept.
///
/// # Errors
/// When the database is away.
pub async fn keep(db: &impl Sql, first: Hash) -> Result<OperatorKeys, DbErr> {
    instance::keep(db, PRESENT, first.to_vec()).await?;
    kept(db).await?.ok_or_else(|| malformed(PRESENT))
}

/// Keeps `next` in the place of the present key, which counts beside it until an instant.
///
/// # Errors
/// When the database is away.
pub async fn rotate(db: &Transaction, next: Hash, until: Timestamp) -> Result<(), DbErr> {
    if let Some(present) = instance::find(db, PRESENT).await? {
        let former = [present.as_slice(), &until.unix_ms().to_be_bytes()].concat();
        instance::put(db, FORMER, former).await?;
    }
    instance::put(db, PRESENT, next.to_vec()).await
}

impl Also {
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
        let keys = OperatorKeys { present: [1; 32], also: Some(also), is_kept: true };
        let before = Timestamp::from_unix_ms(999);
        assert!(keys.have(&[1; 32], before) && keys.have(&[2; 32], before));
        assert!(keys.have(&[1; 32], until) && !keys.have(&[2; 32], until));
        assert!(!keys.have(&[3; 32], before));
        let row = [[2; 32].as_slice(), &1000_i64.to_be_bytes()].concat();
        assert_eq!(Also::read(&row), Some(also));
        assert_eq!(Also::read(&row[..39]), None);
    }
}
