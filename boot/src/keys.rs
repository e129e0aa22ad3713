//! The two keys of a deployment: found in the settings, or made at the first start.
//!
//! The **master key** seals secrets at rest. It is in the settings or in `posthaste.key`, and the
//! database holds a proof sealed by it, so that a wrong key is noticed at the start and not at the
//! first delivery. While one replaces another ([`rotate_master`]) both open, from the settings or from
//! `posthaste.key.next`. The **operator key** is in the settings, or its SHA-256 is in the database: a
//! key that was made is shown once and can't be found again, only replaced.

mod file;

use std::path::{Path, PathBuf};

use engine::database::{Database, Sql};
use engine::operator_key::{self, Also, OperatorKeys};
use engine::reseal::{self, Progress};
use engine::sealer::{OpenError, Sealer};
use engine::store::instance;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sea_orm::DbErr;

use crate::connect::{one_line, resolve_sqlite_path};
use crate::settings::{DatabaseSettings, KeySettings, MasterKey, SecretText};

/// What is sealed under the master key to know it again.
const PROOF: &[u8] = b"posthaste";
/// The row's name, and that of its sealed bytes.
const PROOF_ROW: &str = "master_key_proof";

/// The keys in force.
#[derive(Debug)]
pub struct Keys {
    /// Seals and opens under the master key.
    pub sealer: Sealer,
    /// With which the operator may call.
    pub operator: OperatorKeys,
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
    /// There is no second master key to go to, or to come from.
    #[error(
        "set POSTHASTE_MASTER_KEY to the new master key and POSTHASTE_MASTER_KEY_ALSO to the one that it replaces"
    )]
    NothingToRotate,
    /// Something sealed does not open.
    #[error("not everything could be sealed again; what was is kept, run it again")]
    Reseal(#[from] engine::Error),
    /// The database refuses or is away.
    #[error("the keys cannot be read from the database: {}", one_line(.0))]
    Database(#[from] DbErr),
}

/// The master key, where it was found, and the one that opens beside it.
struct Master {
    key: MasterKey,
    whence: String,
    also: Option<MasterKey>,
}

impl Master {
    fn sealer(&self) -> Sealer {
        let sealer = Sealer::new(self.key.expose());
        match &self.also {
            Some(also) => sealer.opening_also(also.expose()),
            None => sealer,
        }
    }
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
    let (operator, new_operator_key) = open_operator(db, settings, making).await?;
    Ok(Keys { sealer, operator, new_operator_key, new_key_file })
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
pub async fn check(db: &impl Sql, settings: &KeySettings, path: &Path) -> Result<bool, KeyError> {
    let proof = instance::find(db, PROOF_ROW).await?;
    match (find_master(settings, path)?, proof) {
        (Some(master), Some(proof)) => {
            check_proof(&master.sealer(), &proof, master.whence).map(|()| true)
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
    let (master, made) = match find_master(settings, path)? {
        Some(master) => (master, None),
        None if proof.is_some() => {
            return Err(KeyError::Lost { path: path.to_owned() });
        }
        None if making == Making::Refused => {
            return Err(KeyError::MustBeSet { variable: "POSTHASTE_MASTER_KEY" });
        }
        // The file first, then the proof: a crash in between leaves a key that the next start finds.
        None => {
            let master =
                Master { key: file::make(path)?, whence: path.display().to_string(), also: None };
            (master, Some(path.to_owned()))
        }
    };
    let sealer = master.sealer();
    let proof = match proof {
        Some(proof) => proof,
        // Processes that start together may both get here; the row that was first is the one.
        None => {
            let transaction = db.begin().await?;
            let proof = sealer.seal(PROOF_ROW.as_bytes(), PROOF);
            let kept = instance::keep(&transaction, PROOF_ROW, proof).await?;
            transaction.commit().await?;
            kept
        }
    };
    check_proof(&sealer, &proof, master.whence)?;
    Ok((sealer, made))
}

/// Seals all secrets under another master key: the one of the settings, with the one that it replaces beside
/// it, or else a new one that takes the place of `posthaste.key`. What a crash leaves opens under both, and the
/// next run goes on with it. Gives how many rows were sealed again.
///
/// # Errors
/// When there is nothing to rotate from, a key is not the one that the database was sealed by, or something
/// does not open.
pub async fn rotate_master(
    db: &Database,
    settings: &KeySettings,
    path: &Path,
    mut told: impl FnMut(Progress),
) -> Result<u64, KeyError> {
    let master = match find_master(settings, path)? {
        Some(master) if settings.master.is_some() => master,
        Some(former) => Master {
            key: file::next(path)?,
            whence: file::next_path(path).display().to_string(),
            also: Some(former.key),
        },
        None => return Err(KeyError::Lost { path: path.to_owned() }),
    };
    if master.also.is_none() {
        return Err(KeyError::NothingToRotate);
    }
    let sealer = master.sealer();
    if let Some(proof) = instance::find(&db.read, PROOF_ROW).await? {
        check_proof(&sealer, &proof, master.whence)?;
    }
    let mut resealed = reseal::reseal(db, &sealer, &mut told).await?;
    let transaction = db.begin().await?;
    let proof = sealer.seal(PROOF_ROW.as_bytes(), PROOF);
    instance::put(&transaction, PROOF_ROW, proof).await?;
    transaction.commit().await?;
    // What was copied from one row to another while the rows were gone through.
    resealed += reseal::reseal(db, &sealer, &mut told).await?;
    if settings.master.is_none() {
        file::take_over(path)?;
    }
    Ok(resealed)
}

async fn open_operator(
    db: &Database,
    settings: &KeySettings,
    making: Making,
) -> Result<(OperatorKeys, Option<SecretText>), KeyError> {
    let also = settings.admin_also.iter();
    let also = also.map(|key| Also { hash: operator_key::hash(key.expose()), until: None });
    if let Some(key) = &settings.admin {
        let present = operator_key::hash(key.expose());
        return Ok((OperatorKeys { present, also: also.collect(), is_kept: false }, None));
    }
    if making == Making::Refused {
        return Err(KeyError::MustBeSet { variable: "POSTHASTE_ADMIN_KEY" });
    }
    if let Some(kept) = operator_key::kept(&db.read).await? {
        return Ok((kept, None));
    }
    let key = operator_key::generate(&mut OsRng.unwrap_err());
    let made = operator_key::hash(&key);
    let transaction = db.begin().await?;
    let kept = operator_key::keep(&transaction, made).await?;
    transaction.commit().await?;
    // Shown only if it is the one that was kept.
    let shown = (kept.present == made).then(|| SecretText::new(key.as_str()));
    Ok((kept, shown))
}

fn find_master(settings: &KeySettings, path: &Path) -> Result<Option<Master>, KeyError> {
    if let Some(key) = settings.master.clone() {
        let whence = "POSTHASTE_MASTER_KEY".to_owned();
        return Ok(Some(Master { key, whence, also: settings.master_also.clone() }));
    }
    let Some(key) = file::read(path)? else { return Ok(None) };
    let also = file::read(&file::next_path(path))?;
    Ok(Some(Master { key, whence: path.display().to_string(), also }))
}

fn check_proof(sealer: &Sealer, proof: &[u8], whence: String) -> Result<(), KeyError> {
    match sealer.open(PROOF_ROW.as_bytes(), proof) {
        Ok(_) => Ok(()),
        Err(source) => Err(KeyError::Wrong { whence, source }),
    }
}

#[cfg(test)]
mod tests;
