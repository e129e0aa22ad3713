//! The connection on which functions are called, and which epoch of the queue it is about.
//!
//! Not the crate's own manager: after every connecting, before anything else is sent, it must be
//! known whether this is the same Redis as before.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, ServerErrorKind};
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

use super::calls::Call;
use super::keys::Shard;
use super::library::{is_unknown, library};
use super::replies::Reply;
use crate::QueueError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Longer than Redis stalls for in the ordinary course (a fork, a slow command, a failing disk); what
/// takes longer is a connection that is dead without saying so, and is made anew. The caller gets an
/// error in both cases and nothing ends.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Callers that come so soon after connecting has failed are answered with an error at once.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);
/// How often in a row a call is made again that met the end of an epoch.
const LOSSES_IN_A_ROW: usize = 3;

/// One connection, made when it is needed and made anew after it broke.
pub(super) struct Link {
    client: Client,
    shard: Shard,
    live: Mutex<Option<Arc<Live>>>,
    /// Whoever connects or attaches holds this; it keeps when that failed last.
    attaching: tokio::sync::Mutex<Option<Instant>>,
    /// The epoch that this process has seen last, across connections.
    known: Mutex<String>,
    /// Rung with a permit when an epoch has followed on a known one.
    lost: Notify,
}

struct Live {
    connection: MultiplexedConnection,
    run_id: String,
    epoch: String,
}

impl Link {
    pub(super) fn new(client: Client, shard: Shard) -> Self {
        Self {
            client,
            shard,
            live: Mutex::default(),
            attaching: tokio::sync::Mutex::default(),
            known: Mutex::default(),
            lost: Notify::new(),
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn shard(&self) -> &Shard {
        &self.shard
    }

    /// Completes when the queue was lost since it completed last.
    pub(super) async fn lost(&self) {
        self.lost.notified().await;
    }

    /// Runs a function. When the epoch is over, the call is made again in the next one: everything but
    /// looking is safe to repeat, and nothing was done.
    pub(super) async fn call(&self, call: &Call) -> Result<Vec<u8>, QueueError> {
        for _ in 0..LOSSES_IN_A_ROW {
            let live = self.live().await?;
            match self.run(&live, call, &live.epoch).await? {
                Reply::Done(answer) => return Ok(answer),
                Reply::Lost => self.attach_again(&live).await?,
            }
        }
        Err(QueueError("its contents are lost again and again".to_owned()))
    }

    /// Tells all who are subscribed to a channel; how many they are.
    pub(super) async fn publish(&self, channel: &str, note: &[u8]) -> Result<usize, QueueError> {
        let live = self.live().await?;
        let mut command = redis::cmd("PUBLISH");
        command.arg(channel).arg(note);
        command.query_async(&mut live.connection.clone()).await.map_err(|error| {
            if ends_connection(&error) {
                self.disconnect(&live);
            }
            unavailable(error)
        })
    }

    /// Finds out whether Redis and the epoch are still the same.
    pub(super) async fn check(&self) -> Result<(), QueueError> {
        let live = self.live().await?;
        if self.run_id(&live.connection).await.is_ok_and(|run_id| run_id == live.run_id) {
            return self.attach_again(&live).await;
        }
        // The connection has ended, or something behind it has put another Redis in its place.
        self.disconnect(&live);
        self.live().await.map(drop)
    }

    async fn live(&self) -> Result<Arc<Live>, QueueError> {
        if let Some(live) = self.live.lock().clone() {
            return Ok(live);
        }
        let mut failed = self.attaching.lock().await;
        if let Some(live) = self.live.lock().clone() {
            return Ok(live);
        }
        if failed.is_some_and(|at| at.elapsed() < PAUSE_AFTER_FAILURE) {
            return Err(QueueError("Redis could not be reached just now".to_owned()));
        }
        let connected = self.connect().await;
        *failed = connected.is_err().then(Instant::now);
        connected
    }

    async fn connect(&self) -> Result<Arc<Live>, QueueError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT));
        let connection = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .map_err(unavailable)?;
        let run_id = self.run_id(&connection).await?;
        self.attach(connection, run_id).await
    }

    /// Attaches to the epoch that follows on the one of `former`, unless somebody has done so.
    async fn attach_again(&self, former: &Arc<Live>) -> Result<(), QueueError> {
        let _turn = self.attaching.lock().await;
        let current = self.live.lock().clone();
        if current.is_some_and(|live| Arc::ptr_eq(&live, former)) {
            self.attach(former.connection.clone(), former.run_id.clone()).await?;
        }
        Ok(())
    }

    async fn attach(
        &self,
        connection: MultiplexedConnection,
        run_id: String,
    ) -> Result<Arc<Live>, QueueError> {
        let known = self.known.lock().clone();
        let proposed = Uuid::now_v7().to_string();
        let live = Live { connection, run_id, epoch: String::new() };
        let call = Call::attach(&known, &live.run_id);
        let Reply::Done(epoch) = self.run(&live, &call, &proposed).await? else {
            return Err(QueueError("Redis gave an answer that is none of ours".to_owned()));
        };
        let epoch = String::from_utf8_lossy(&epoch).into_owned();
        let live = Arc::new(Live { epoch: epoch.clone(), ..live });
        *self.live.lock() = Some(live.clone());
        if epoch != known {
            if !known.is_empty() {
                tracing::warn!(epoch, "queue.lost");
                self.lost.notify_one();
            }
            *self.known.lock() = epoch;
        }
        Ok(live)
    }

    /// Empty when Redis won't say: then only the epoch's key tells.
    async fn run_id(&self, connection: &MultiplexedConnection) -> Result<String, QueueError> {
        let mut connection = connection.clone();
        let info: String = match redis::cmd("INFO").arg("server").query_async(&mut connection).await
        {
            Ok(info) => info,
            Err(error) if matches!(error.kind(), ErrorKind::Server(ServerErrorKind::NoPerm)) => {
                String::new()
            }
            Err(error) => return Err(unavailable(error)),
        };
        let run_id = info.lines().find_map(|line| line.strip_prefix("run_id:"));
        Ok(run_id.unwrap_or_default().trim().to_owned())
    }

    async fn run(&self, live: &Live, call: &Call, epoch: &str) -> Result<Reply, QueueError> {
        let answer = match self.fcall(live, call, epoch).await {
            Err(error) if is_unknown(&error) => match self.load(live).await {
                Ok(()) => self.fcall(live, call, epoch).await,
                Err(error) => Err(error),
            },
            answer => answer,
        };
        match answer {
            Ok(answer) => Reply::read(answer),
            Err(error) => {
                if ends_connection(&error) {
                    self.disconnect(live);
                }
                Err(unavailable(error))
            }
        }
    }

    async fn fcall(&self, live: &Live, call: &Call, epoch: &str) -> Result<Vec<u8>, RedisError> {
        let mut command = redis::cmd("FCALL");
        // No instant is given: the function asks Redis what time it is.
        command.arg(call.function.name()).arg(1).arg(self.shard.base()).arg("").arg(epoch);
        for arg in &call.args {
            command.arg(arg.as_slice());
        }
        command.query_async(&mut live.connection.clone()).await
    }

    /// Loads the library into a Redis that does not know it: it is new, or was started again.
    async fn load(&self, live: &Live) -> Result<(), RedisError> {
        let mut command = redis::cmd("FUNCTION");
        command.arg("LOAD").arg(library());
        match command.exec_async(&mut live.connection.clone()).await {
            // Somebody else was faster.
            Err(error) if error.to_string().contains("already exists") => Ok(()),
            loaded => loaded,
        }
    }

    fn disconnect(&self, broken: &Live) {
        let mut live = self.live.lock();
        if live.as_ref().is_some_and(|live| std::ptr::eq(live.as_ref(), broken)) {
            *live = None;
        }
    }
}

/// Whether the connection, or the Redis behind it, is of no use any more. After a timeout too: an
/// answer that is still to come would be taken for nobody's.
fn ends_connection(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Server(kind) => {
            matches!(kind, ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown)
        }
        ErrorKind::Extension => false,
        _ => true,
    }
}

fn unavailable(error: RedisError) -> QueueError {
    QueueError(error.to_string())
}
