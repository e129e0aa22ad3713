//! The two keys of a deployment: found in the settings, or made at the first start.
//!
//! The **master key** seals secrets at rest. It is in the settings or in `posthaste.key`, and the
//! database holds a proof sealed by it, so that a wrong key is noticed at the start and not at the
//! first delivery. The **operator key** is in the settings, or its SHA-256 is in the database: a key
//! that was made is shown once and can't be found again, only replaced by `POSTHASTE_ADMIN_KEY`.

mod file;
mod instance;

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::database::Database;
use engine::sealer::{OpenError, Sealer};
use rand::TryRngCore;
use rand::rngs::OsRng;
use sea_orm::{ConnectionTrait, DbErr};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::connect::{one_line, resolve_sqlite_path};
use crate::settings::{DatabaseSettings, KeySettings, MasterKey, SecretText};

/// What is sealed under the master key to know it again.
const PROOF: &[u8] = b"posthaste";
/// Names of the rows, and of the first one's sealed bytes.
const PROOF_ROW: &str = "master_key_proof";
const OPERATOR_ROW: &str = "operator_key_hash";

/// The keys in force.
#[derive(Debug)]
pub struct Keys {
    /// Seals and opens under the master key.
    pub sealer: Sealer,
    /// SHA-256 of the operator key.
    pub operator_key_hash: [u8; 32],
    /// The operator key, when it was made just now: to be shown once.
    pub new_operator_key: Option<SecretText>,
    /// Where the master key was made just now.
    pub new_key_file: Option<PathBuf>,
}

/// Whether keys that are not there are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Making {
    /// `serve` without Redis: the one process of its deployment.
    Allowed,
    /// Several processes: each would make its own.
    Refused,
}

/// Why there are no keys; each is one line.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Only `serve` without Redis makes keys.
    #[error("{variable} must be set: keys are made only where one process runs without Redis")]
    MustBeSet { variable: &'static str },
    /// Secrets are sealed, and what sealed them is gone.
    #[error(
        "the database is sealed by a master key, but {path} is not there; put it back or set POSTHASTE_MASTER_KEY"
    )]
    Lost { path: PathBuf },
    /// The master key is another one.
    #[error("the master key ({whence}) does not open what the database holds: {source}")]
    Wrong { whence: String, source: OpenError },
    /// The key's file can't be read or made.
    #[error("{path} cannot be {act}: {source}")]
    File { path: PathBuf, act: &'static str, source: std::io::Error },
    /// The key's file holds something else.
    #[error("{path} does not hold base64 of 32 bytes")]
    Malformed { path: PathBuf },
    /// The database refuses or is away.
    #[error("the keys cannot be read from the database: {}", one_line(.0))]
    Database(#[from] DbErr),
}

/// Finds or makes both keys, and checks the master key against the database. The schema is current.
///
/// # Errors
/// When a key is missing, can't be kept, or is not the one that the database was sealed by.
pub async fn open(
    db: &Database,
    settings: &KeySettings,
    file: &Path,
    making: Making,
) -> Result<Keys, KeyError> {
    let (sealer, new_key_file) = open_master(db, settings, file, making).await?;
    let (operator_key_hash, new_operator_key) = open_operator(db, settings, making).await?;
    Ok(Keys { sealer, operator_key_hash, new_operator_key, new_key_file })
}

/// Finds the master key alone, for a process that nobody calls, and checks it against the database.
///
/// # Errors
/// When it is missing, or not the one that the database was sealed by.
pub async fn open_sealer(
    db: &Database,
    settings: &KeySettings,
    file: &Path,
) -> Result<Sealer, KeyError> {
    Ok(open_master(db, settings, file, Making::Refused).await?.0)
}

/// Checks that the master key that is there opens what the database holds. Changes nothing; `false`
/// when there is neither a key nor anything sealed yet.
///
/// # Errors
/// When the key is missing, can't be read, or is another one.
pub async fn check(
    db: &impl ConnectionTrait,
    settings: &KeySettings,
    path: &Path,
) -> Result<bool, KeyError> {
    let proof = instance::find(db, PROOF_ROW).await?;
    match (find_master(settings, path)?, proof) {
        (Some((key, whence)), Some(proof)) => {
            check_proof(&Sealer::new(key.expose()), &proof, whence).map(|()| true)
        }
        (Some(_), None) => Ok(true),
        (None, Some(_)) => Err(KeyError::Lost { path: path.to_owned() }),
        (None, None) => Ok(false),
    }
}

/// Where the master key is kept when it is not in the settings: beside the SQLite file, else in the
/// working directory.
pub fn file_for(database: &DatabaseSettings) -> PathBuf {
    match database {
        DatabaseSettings::Sqlite { path, .. } => {
            resolve_sqlite_path(path).with_file_name(file::NAME)
        }
        DatabaseSettings::Postgres { .. } => PathBuf::from(file::NAME),
    }
}

async fn open_master(
    db: &Database,
    settings: &KeySettings,
    path: &Path,
    making: Making,
) -> Result<(Sealer, Option<PathBuf>), KeyError> {
    let proof = instance::find(&db.read, PROOF_ROW).await?;
    let (key, whence, made) = match find_master(settings, path)? {
        Some((key, whence)) => (key, whence, None),
        None if proof.is_some() => {
            return Err(KeyError::Lost { path: path.to_owned() });
        }
        None if making == Making::Refused => {
            return Err(KeyError::MustBeSet { variable: "POSTHASTE_MASTER_KEY" });
        }
        // The file first, then the proof: a crash in between leaves a key that the next start finds.
        None => (file::make(path)?, path.display().to_string(), Some(path.to_owned())),
    };
    let sealer = Sealer::new(key.expose());
    let proof = match proof {
        Some(proof) => proof,
        // Processes that start together may both get here; the row that was first is the one.
        None => instance::keep(db, PROOF_ROW, sealer.seal(PROOF_ROW.as_bytes(), PROOF)).await?,
    };
    check_proof(&sealer, &proof, whence)?;
    Ok((sealer, made))
}

async fn open_operator(
    db: &Database,
    settings: &KeySettings,
    making: Making,
) -> Result<([u8; 32], Option<SecretText>), KeyError> {
    if let Some(key) = &settings.admin {
        return Ok((hash(key.expose()), None));
    }
    if making == Making::Refused {
        return Err(KeyError::MustBeSet { variable: "POSTHASTE_ADMIN_KEY" });
    }
    if let Some(kept) = instance::find(&db.read, OPERATOR_ROW).await? {
        return Ok((as_hash(&kept)?, None));
    }
    let mut random = Zeroizing::new([0_u8; 32]);
    OsRng.try_fill_bytes(&mut *random).expect("a system that runs programs gives randomness");
    let key = SecretText::new(format!("posthaste_operator_{}", URL_SAFE_NO_PAD.encode(*random)));
    let made = hash(key.expose());
    let kept = as_hash(&instance::keep(db, OPERATOR_ROW, made.to_vec()).await?)?;
    // Shown only if it is the one that was kept.
    Ok((kept, (kept == made).then_some(key)))
}

/// The master key and where it was found.
fn find_master(
    settings: &KeySettings,
    path: &Path,
) -> Result<Option<(MasterKey, String)>, KeyError> {
    if let Some(key) = &settings.master {
        return Ok(Some((key.clone(), "POSTHASTE_MASTER_KEY".to_owned())));
    }
    Ok(file::read(path)?.map(|key| (key, path.display().to_string())))
}

fn check_proof(sealer: &Sealer, proof: &[u8], whence: String) -> Result<(), KeyError> {
    match sealer.open(PROOF_ROW.as_bytes(), proof) {
        Ok(_) => Ok(()),
        Err(source) => Err(KeyError::Wrong { whence, source }),
    }
}

fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

fn as_hash(kept: &[u8]) -> Result<[u8; 32], DbErr> {
    kept.try_into().map_err(|_| DbErr::Custom(format!("the row {OPERATOR_ROW} is no SHA-256")))
}

#[cfg(test)]
mod tests;
