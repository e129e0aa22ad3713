//! The pool of connections to Postgres.

use std::str::FromStr;
use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::{ConnectOptions, DatabaseConnection};

use super::ConnectError;
use crate::settings::SecretText;

/// Connections of one process; the engine has four more, for what it writes and reads in groups. A
/// server's usual 100 then carry six processes.
const CONNECTIONS: u32 = 12;
/// How long a caller waits for a connection before it is told that the database is away.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection unused for longer than this is tested before it is used: it may have been cut off.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(10);
/// The longest statement: every page and group is bounded, so one that takes longer is stuck.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest wait for a row that another statement holds.
const LOCK_TIMEOUT_MS: &str = "10000";
/// A transaction that does nothing for this long belongs to a process that is gone.
const IDLE_TRANSACTION_TIMEOUT_MS: &str = "60000";
/// Prepared statements per connection; they come in a few sizes each (rows in powers of two).
const STATEMENTS: usize = 256;

/// The pool that the process works with.
pub(super) async fn open(url: &SecretText) -> Result<DatabaseConnection, ConnectError> {
    let mut options = options(url, CONNECTIONS);
    options.statement_timeout(STATEMENT_TIMEOUT);
    connect(url, options).await
}

/// One connection, for a look.
pub(super) async fn open_for_looking(url: &SecretText) -> Result<DatabaseConnection, ConnectError> {
    let mut options = options(url, 1);
    options.statement_timeout(STATEMENT_TIMEOUT);
    connect(url, options).await
}

/// Connections whose statements may take as long as they need: a migration over large tables does.
pub(crate) async fn open_for_migration(
    url: &SecretText,
) -> Result<DatabaseConnection, ConnectError> {
    connect(url, options(url, 2)).await
}

/// `host:port/database`, which may be printed.
pub(super) fn name(url: &SecretText) -> String {
    PgConnectOptions::from_str(url.expose()).map_or_else(
        |_| "postgres".to_owned(),
        |options| {
            let database = options.get_database().unwrap_or_else(|| options.get_username());
            format!("{}:{}/{database}", options.get_host(), options.get_port())
        },
    )
}

fn options(url: &SecretText, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.expose());
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire_if_idle_for(TEST_AFTER_IDLE)
        .set_application_name("posthaste")
        // Statements are logged nowhere: they would carry payloads.
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_postgres_opts(|options| {
            options.statement_cache_capacity(STATEMENTS).options([
                ("lock_timeout", LOCK_TIMEOUT_MS),
                ("idle_in_transaction_session_timeout", IDLE_TRANSACTION_TIMEOUT_MS),
            ])
        });
    options
}

async fn connect(
    url: &SecretText,
    options: ConnectOptions,
) -> Result<DatabaseConnection, ConnectError> {
    sea_orm::Database::connect(options)
        .await
        .map_err(|source| ConnectError::Database { name: name(url), source })
}
