//! Brings the schema up to what this program needs, one process at a time.

use migration::{Migrator, MigratorTrait};
use sea_orm::{DatabaseConnection, DbErr};

use crate::connect::{
    ConnectError, Connections, MIGRATION_LOCK, one_line, open_for_migration, wait_for_session_lock,
};
use crate::settings::DatabaseSettings;

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

async fn apply(db: &DatabaseConnection) -> Result<usize, MigrateError> {
    let missing = pending(db).await?.len();
    if missing > 0 {
        Migrator::up(db, None).await?;
    }
    Ok(missing)
}
