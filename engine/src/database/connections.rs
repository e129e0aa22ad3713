//! The few connections to Postgres that the hot paths run on.
//!
//! sqlx's pool lends them in turn and asks each one that comes back whether it is still there: a round trip
//! for every statement, and statements that meet a server process whose caches have gone cold. Here whoever
//! was used last is lent first, and what is not laid back as it was is closed: after a failure, or when
//! whoever had it was dropped, nobody knows what it is in the middle of; and the others that are idle with it,
//! since the server may have gone.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::{self, Connection as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A connection unused for longer than this is tested before it is lent: it may have been cut off.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(1);

/// Lends connections, made when they are first needed.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    connect: Arc<PgConnectOptions>,
    /// How long whoever wants one waits for it at most.
    patience: Duration,
    /// How old one gets: a server process keeps what it once read of every table.
    max_age: Duration,
    turns: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Idle>>>,
}

#[derive(Debug)]
struct Idle {
    connection: PgConnection,
    made_at: Instant,
    since: Instant,
}

/// A connection that is lent; closed when it is dropped.
#[derive(Debug)]
pub(super) struct Lent {
    /// There until it is laid back.
    connection: Option<PgConnection>,
    made_at: Instant,
    idle: Arc<Mutex<Vec<Idle>>>,
    _turn: OwnedSemaphorePermit,
}

impl Connections {
    pub(super) fn new(
        connect: PgConnectOptions,
        most: usize,
        patience: Duration,
        max_age: Duration,
    ) -> Self {
        Self {
            connect: Arc::new(connect),
            patience,
            max_age,
            turns: Arc::new(Semaphore::new(most)),
            idle: Arc::default(),
        }
    }

    /// Lends the one that was used last.
    ///
    /// # Errors
    /// When the server is away, or all are lent for too long.
    pub(super) async fn lend(&self) -> Result<Lent, sqlx::Error> {
        tokio::time::timeout(self.patience, self.lend_at_last())
            .await
            .unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    async fn lend_at_last(&self) -> Result<Lent, sqlx::Error> {
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let lent = |connection, made_at| Lent {
            connection: Some(connection),
            made_at,
            idle: self.idle.clone(),
            _turn: turn,
        };
        loop {
            let Some(Idle { mut connection, made_at, since }) = self.idle.lock().pop() else {
                let connection = PgConnection::connect_with(&self.connect).await?;
                return Ok(lent(connection, Instant::now()));
            };
            if made_at.elapsed() > self.max_age {
                drop(connection.close().await);
            } else if since.elapsed() <= TEST_AFTER_IDLE || connection.ping().await.is_ok() {
                return Ok(lent(connection, made_at));
            }
        }
    }
}

impl Lent {
    /// Gives it back, as it was.
    pub(super) fn lay_back(mut self) {
        if let Some(connection) = self.connection.take() {
            let (made_at, since) = (self.made_at, Instant::now());
            self.idle.lock().push(Idle { connection, made_at, since });
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.connection.is_some() {
            self.idle.lock().clear();
        }
    }
}

impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection.as_ref().expect("it is not laid back")
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("it is not laid back")
    }
}
