//! Opens the database, and makes sure that only one process does where only one may.
//!
//! The embedded queue lives in the memory of one process, so a second process on the same database
//! would deliver everything twice: on SQLite a lock beside the file keeps it out, on Postgres without
//! Redis an advisory lock.

mod file_lock;
mod postgres;
mod session_lock;
mod sqlite;

use std::path::PathBuf;

use engine::database::Database;
use sea_orm::{DatabaseConnection, DbErr};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::settings::DatabaseSettings;

pub(crate) use sqlite::resolve as resolve_sqlite_path;

/// The open database, and the lock that keeps others out for as long as this lives.
#[derive(Debug)]
pub struct Connections {
    pub database: Database,
    /// Whether this process searches the database for what the queue has lost: one of all on it does.
    pub leads: watch::Receiver<bool>,
    _lock: Option<Lock>,
}

/// Whether others may work on the same database.
#[derive(Debug, Clone)]
pub enum Tenure {
    /// This process alone, since the queue is in its memory. When the lock is lost to another process
    /// (it can be on Postgres, by a lost connection), the token is cancelled: this process has to stop.
    Sole { stop: CancellationToken },
    /// With others. SQLite is locked all the same: it has one writing process.
    Shared,
    /// With others, as one that may lead: it works for the queue.
    Candidate,
}

#[derive(Debug)]
enum Lock {
    File { _held: file_lock::FileLock },
    Session { _held: session_lock::SessionLock },
    Election { _entered: session_lock::Election },
}

/// Why the database did not open; each is one line.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Another process works on the database.
    #[error("another posthaste process{} works on this database: {lock} is locked", by(*.pid))]
    Taken { lock: String, pid: Option<u32> },
    /// The lock beside the file can't be made.
    #[error("{path} cannot be made: {source}")]
    LockFile { path: PathBuf, source: std::io::Error },
    /// There is no such file, and it was not asked to be made.
    #[error("{path} does not exist; add ?mode=rwc to POSTHASTE_DATABASE_URL to have it made")]
    Missing { path: PathBuf },
    /// The database refuses or is away.
    #[error("the database {name} cannot be opened: {}", one_line(.source))]
    Database { name: String, source: DbErr },
    /// The connection of the advisory lock refuses or is away.
    #[error("the database {name} cannot be locked: {}", one_line(.source))]
    Session { name: String, source: sea_orm::sqlx::Error },
}

/// Opens the database for reading and writing, and makes a SQLite file that is to be made.
///
/// # Errors
/// When another process has it, it is away, or it can't be made.
pub async fn open(
    settings: &DatabaseSettings,
    tenure: Tenure,
) -> Result<Connections, ConnectError> {
    match settings {
        DatabaseSettings::Sqlite { path, create } => {
            let path = sqlite::resolve(path);
            if !*create && !path.exists() {
                return Err(ConnectError::Missing { path });
            }
            let held = file_lock::FileLock::take(&path)?;
            let database = sqlite::open(&path, *create).await?;
            let leads = watch::channel(true).1;
            Ok(Connections { database, leads, _lock: Some(Lock::File { _held: held }) })
        }
        DatabaseSettings::Postgres { url } => {
            let (leads, lock) = match tenure {
                Tenure::Sole { stop } => {
                    let held = session_lock::SessionLock::take(url, stop).await?;
                    (watch::channel(true).1, Some(Lock::Session { _held: held }))
                }
                Tenure::Shared => (watch::channel(false).1, None),
                Tenure::Candidate => {
                    let entered = session_lock::Election::enter(url)?;
                    (entered.leads.clone(), Some(Lock::Election { _entered: entered }))
                }
            };
            let pool = postgres::open(url).await?;
            Ok(Connections { database: Database::postgres(pool), leads, _lock: lock })
        }
    }
}

/// Opens the database for looking only, without a lock, so that it works beside a running process.
///
/// # Errors
/// When it is away or, on SQLite, not made yet.
pub async fn look(settings: &DatabaseSettings) -> Result<DatabaseConnection, ConnectError> {
    match settings {
        DatabaseSettings::Sqlite { path, .. } => {
            let path = sqlite::resolve(path);
            if path.exists() {
                sqlite::open_read(&path, 1).await
            } else {
                Err(ConnectError::Missing { path })
            }
        }
        DatabaseSettings::Postgres { url } => postgres::open_for_looking(url).await,
    }
}

pub(crate) use postgres::open_for_migration;
pub(crate) use session_lock::{MIGRATION_LOCK, wait_for as wait_for_session_lock};

fn by(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}

/// The error's text on a single line.
pub(crate) fn one_line(error: &impl std::fmt::Display) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
