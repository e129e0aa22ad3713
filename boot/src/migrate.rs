//! Brings the schema up to what this program needs, one process at a time.

use std::time::Duration;

use engine::error::is_unavailable;
use migration::{Migrator, MigratorTrait};
use sea_orm::{DatabaseConnection, DbErr};

use crate::connect::{
    ConnectError, Connections, MIGRATION_LOCK, one_line, open_for_migration, wait_for_session_lock,
};
use crate::settings::DatabaseSettings;

/// How often a process looks that waits for others to bring the schema up.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Why the schema is not current.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The lock, or the connection without a time limit.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A migration failed, or the database was brought up by a newer program.
    #[error("the schema cannot be brought up: {}", one_line(.0))]
    Database(#[from] DbErr),
}

/// Applies what is missing and says how many migrations that were. Processes that start together wait
/// for each other: on SQLite the lock of [`Connections`] keeps others out, on Postgres an advisory
/// lock does for as long as this runs.
///
/// # Errors
/// When the database is away, a migration fails, or the schema is newer than this program.
pub async fn run(
    settings: &DatabaseSettings,
    connections: &Connections,
) -> Result<usize, MigrateError> {
    match settings {
        DatabaseSettings::Sqlite { .. } => apply(connections.database.for_migrations()).await,
        DatabaseSettings::Postgres { url } => {
            let _lock = wait_for_session_lock(url, MIGRATION_LOCK).await?;
            let patient = open_for_migration(url).await?;
            let applied = apply(&patient).await;
            // Whether the connections close cleanly changes nothing of what was committed.
            let _ = patient.close().await;
            applied
        }
    }
}

/// Names of the migrations that the database still lacks. Changes nothing.
///
/// # Errors
/// When the database is away, or newer than this program.
pub async fn pending(db: &DatabaseConnection) -> Result<Vec<String>, MigrateError> {
    let pending = Migrator::get_pending_migrations_read_only(db).await?;
    Ok(pending.iter().map(|migration| migration.name().to_owned()).collect())
}

/// Waits until the schema is current: other processes bring it up.
///
/// # Errors
/// When the database is newer than this program.
pub async fn wait_until_current(db: &DatabaseConnection) -> Result<(), MigrateError> {
    let mut told = false;
    loop {
        match pending(db).await {
            Ok(missing) if missing.is_empty() => return Ok(()),
            Ok(missing) if !told => {
                tracing::info!(missing = missing.len(), "waiting for the schema to be brought up");
                told = true;
            }
            Ok(_) => {}
            Err(MigrateError::Database(error)) if is_unavailable(&error) => {
                tracing::warn!(error = %one_line(&error), "waiting for the database");
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn apply(db: &DatabaseConnection) -> Result<usize, MigrateError> {
    let missing = pending(db).await?.len();
    if missing > 0 {
        Migrator::up(db, None).await?;
    }
    Ok(missing)
}
