//! Advisory locks on Postgres, each held by a connection of its own for as long as that lives.

use std::str::FromStr;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::{self, ConnectOptions, Connection};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::{ConnectError, postgres};
use crate::settings::SecretText;

/// Held by the one process that works on a database without Redis. The number spells "posthast".
pub(crate) const SOLE_LOCK: i64 = 0x706f_7374_6861_7374;
/// Held by the one of several processes that searches the database for what the queue has lost.
const LEADER_LOCK: i64 = SOLE_LOCK + 2;
/// Held while the schema is brought up.
pub(crate) const MIGRATION_LOCK: i64 = SOLE_LOCK + 1;
// SOLE_LOCK + 3 is held by transactions that change figures: `engine::store::rollup`.

/// How long a start waits for a process that is just ending.
const START_PATIENCE: Duration = Duration::from_secs(5);
/// How long a process that lost its connection tries to get the lock back: its own old connection may
/// still hold it, until the server notices that nobody is there.
const LOSS_PATIENCE: Duration = Duration::from_secs(60);
const BETWEEN_TRIES: Duration = Duration::from_millis(250);
/// How long nobody leads at most after the leader is gone, beside what the server takes to notice.
const BETWEEN_ELECTIONS: Duration = Duration::from_secs(1);
/// How often the connection is tested.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Held until dropped. A task keeps it: it tests the connection and, when that was lost, takes the
/// lock again.
#[derive(Debug)]
pub(super) struct SessionLock {
    _keeper: AbortOnDropHandle<()>,
}

impl SessionLock {
    /// Takes the lock of the sole process. `stop` is cancelled if another process gets it later on.
    pub(super) async fn take(
        url: &SecretText,
        stop: CancellationToken,
    ) -> Result<Self, ConnectError> {
        let options = options(url).map_err(|source| fault(url, source))?;
        let taken = try_for(START_PATIENCE, SOLE_LOCK, &options)
            .await
            .map_err(|source| fault(url, source))?;
        let Some(connection) = taken else {
            let lock = format!("the advisory lock of {}", postgres::name(url));
            return Err(ConnectError::Taken { lock, pid: None });
        };
        let keeper = tokio::spawn(keep(connection, options, stop));
        Ok(Self { _keeper: AbortOnDropHandle::new(keeper) })
    }
}

/// Says whether this process leads: one of those on a database does, another one when that is gone.
#[derive(Debug)]
pub(super) struct Election {
    pub leads: watch::Receiver<bool>,
    _candidate: AbortOnDropHandle<()>,
}

impl Election {
    /// Stands for election, for as long as this lives.
    pub(super) fn enter(url: &SecretText) -> Result<Self, ConnectError> {
        let options = options(url).map_err(|source| fault(url, source))?;
        let (tell, leads) = watch::channel(false);
        let candidate = tokio::spawn(async move {
            loop {
                match try_for(Duration::ZERO, LEADER_LOCK, &options).await {
                    Ok(Some(mut connection)) => {
                        tracing::info!("leading");
                        tell.send_replace(true);
                        while matches!(timeout(HEARTBEAT, connection.ping()).await, Ok(Ok(()))) {
                            sleep(HEARTBEAT).await;
                        }
                        tell.send_replace(false);
                        tracing::warn!("not leading any more: the lock's connection was lost");
                    }
                    Ok(None) => {}
                    Err(error) => tracing::debug!(error = %error, "no lock to lead by"),
                }
                sleep(BETWEEN_ELECTIONS).await;
            }
        });
        Ok(Self { leads, _candidate: AbortOnDropHandle::new(candidate) })
    }
}

/// Waits until `lock` is free and takes it; dropping the connection frees it.
pub(crate) async fn wait_for(url: &SecretText, lock: i64) -> Result<PgConnection, ConnectError> {
    let taken = async {
        let mut connection = options(url)?.connect().await?;
        sqlx::query("SELECT pg_advisory_lock($1)").bind(lock).execute(&mut connection).await?;
        Ok(connection)
    };
    taken.await.map_err(|source| fault(url, source))
}

fn fault(url: &SecretText, source: sqlx::Error) -> ConnectError {
    ConnectError::Session { name: postgres::name(url), source }
}

/// The server is asked to notice a dead peer within half a minute, since the lock outlives it till then.
fn options(url: &SecretText) -> Result<PgConnectOptions, sqlx::Error> {
    let options = PgConnectOptions::from_str(url.expose())?;
    let keepalives = [
        ("tcp_keepalives_idle", "10"),
        ("tcp_keepalives_interval", "5"),
        ("tcp_keepalives_count", "3"),
    ];
    Ok(options.application_name("posthaste lock").disable_statement_logging().options(keepalives))
}

/// The lock's connection, or `None` when another session has had it for all of `patience`.
async fn try_for(
    patience: Duration,
    lock: i64,
    options: &PgConnectOptions,
) -> Result<Option<PgConnection>, sqlx::Error> {
    let until = Instant::now() + patience;
    let mut connection = options.connect().await?;
    loop {
        let query = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(lock);
        if query.fetch_one(&mut connection).await? {
            return Ok(Some(connection));
        }
        if Instant::now() >= until {
            return Ok(None);
        }
        sleep(BETWEEN_TRIES).await;
    }
}

async fn keep(mut connection: PgConnection, options: PgConnectOptions, stop: CancellationToken) {
    loop {
        sleep(HEARTBEAT).await;
        if matches!(timeout(HEARTBEAT, connection.ping()).await, Ok(Ok(()))) {
            continue;
        }
        match try_for(LOSS_PATIENCE, SOLE_LOCK, &options).await {
            Ok(Some(again)) => connection = again,
            Ok(None) => {
                tracing::error!("another posthaste process took over this database; stopping");
                stop.cancel();
                return;
            }
            // Away, as for everyone else: nothing is done meanwhile, so there is nothing to keep out.
            Err(error) => tracing::warn!(error = %error, "the lock of the database is not held"),
        }
    }
}
