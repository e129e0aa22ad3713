//! The one task that commits what the two paths write: postings on their way in, outcomes on the
//! way out.
//!
//! What waits of either kind when a commit ends goes into the next one together, as far as it fits
//! ([`backlog`]): one transaction and one flush to the disk for all of it. Nothing is waited for when idle;
//! under load the groups grow by themselves, and follow each other at a pace ([`pace`]).

mod backlog;
mod commit;
mod pace;

use std::sync::Arc;
use std::time::Duration;

use sea_orm::DbBackend;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::backlog::Backlog;
use self::pace::Pace;
use crate::context::Parts;
use crate::dispatch::Record;
use crate::error::Error;
use crate::group::Stopped;
use crate::publish::{Committed, Request};
use crate::vital::Vital;

/// Postings that wait at most on their way to the writer, and as many with it; further callers are
/// held back before they are read.
const WAITING_POSTINGS: usize = 2_048;
/// Bytes of the events that wait at most: 64 MiB, counted in KiB.
const ROOM_UNITS: usize = 64 * 1024;
const ROOM_UNIT: usize = 1024;
/// Outcomes that wait at most in each of the two places; with more slots than both hold, a worker waits
/// for its turn.
const WAITING_RECORDS: usize = 2_048;
/// Committed groups that wait to be told of; with more the writer waits.
const UNTOLD_GROUPS: usize = 4;
/// How long the writer rests before it tries again while the database is away.
const DATABASE_AWAY_WAIT: Duration = Duration::from_millis(250);

/// How a group is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// As if nobody had been in between: no address book has changed since it was read, no outcome comes
    /// late. If somebody was, the transaction comes to nothing
    /// ([`Error::is_dashed_hope`](crate::error::Error::is_dashed_hope)).
    Hopeful,
    /// After that: what may have changed is looked at first.
    Careful,
}

/// Somebody's request, and where its answer goes. Whoever asked may have gone away; what was done
/// for it stays done.
#[derive(Debug)]
struct Waiting<Q, A> {
    request: Q,
    answer: oneshot::Sender<A>,
}

type WaitingPosting = Waiting<Request, Committed>;
type WaitingRecord = Waiting<Record, ()>;

/// Commits postings and outcomes in groups.
#[derive(Debug)]
pub(crate) struct Writer {
    /// Cancelled when the writer has ended.
    pub ended: CancellationToken,
    /// Room for what waits, in units of [`ROOM_UNIT`].
    room: Semaphore,
    postings: mpsc::Sender<WaitingPosting>,
    records: mpsc::Sender<WaitingRecord>,
}

impl Writer {
    /// Starts the writer, which ends when it is dropped and has nothing left to write.
    ///
    /// # Panics
    /// When the system gives no thread.
    pub(crate) fn start(parts: Arc<Parts>) -> Self {
        let (postings, postings_waiting) = mpsc::channel(WAITING_POSTINGS);
        let (records, records_waiting) = mpsc::channel(WAITING_RECORDS);
        let writes_in_place = parts.database.backend() == DbBackend::Sqlite;
        let ended = CancellationToken::new();
        let work = run(parts, postings_waiting, records_waiting, ended.clone().drop_guard());
        if writes_in_place {
            // A thread of its own: a commit holds up nobody else's tasks.
            let runtime = tokio::runtime::Handle::current();
            std::thread::Builder::new()
                .name("writer".to_owned())
                .spawn(move || runtime.block_on(work))
                .expect("a system that runs programs gives a thread");
        } else {
            tokio::spawn(work);
        }
        Self { ended, room: Semaphore::new(ROOM_UNITS), postings, records }
    }

    /// Commits a posting with whatever else waits.
    ///
    /// # Errors
    /// When the database is away (nothing is stored then, or nothing is known of what is), or the
    /// process is stopping.
    pub(crate) async fn post(&self, request: Request) -> Committed {
        let units = (request.bytes() / ROOM_UNIT + 1).min(ROOM_UNITS);
        // Never closed, so this only waits.
        let _room = self.room.acquire_many(u32::try_from(units).unwrap_or(u32::MAX)).await;
        let (answer, answered) = oneshot::channel();
        let sent = self.postings.send(Waiting { request, answer }).await;
        match answered.await {
            Ok(committed) if sent.is_ok() => committed,
            _ => Err(Error::Unavailable { what: "the server", source: Box::new(Stopped) }),
        }
    }

    /// Commits an outcome with whatever else waits, and completes its ticket. Returns when both are
    /// done; while the database is away, it waits.
    pub(crate) async fn record(&self, record: Record) {
        let (answer, answered) = oneshot::channel();
        // Stopped means that the process ends: the row still says that the delivery is due.
        if self.records.send(Waiting { request: record, answer }).await.is_ok() {
            let _ = answered.await;
        }
    }
}

async fn run(
    parts: Arc<Parts>,
    mut postings: mpsc::Receiver<WaitingPosting>,
    mut records: mpsc::Receiver<WaitingRecord>,
    _ended: DropGuard,
) {
    let _vital = Vital("writer");
    let (done, telling) = start_telling(&parts);
    let pace = Pace::of(parts.database.backend());
    let mut backlog = Backlog::default();
    loop {
        if backlog.is_empty() {
            tokio::select! {
                Some(posting) = postings.recv() => backlog.add_posting(posting),
                Some(record) = records.recv() => backlog.add_record(record),
                else => break,
            }
        }
        while backlog.postings() < WAITING_POSTINGS
            && let Ok(posting) = postings.try_recv()
        {
            backlog.add_posting(posting);
        }
        while backlog.records() < WAITING_RECORDS
            && let Ok(record) = records.try_recv()
        {
            backlog.add_record(record);
        }
        let group = backlog.take_group();
        let began = Instant::now();
        let mut next = began + pace.after(&group);
        // Outcomes never wait because of what is posted.
        let may_rest = group.records.is_empty();
        let unrecorded = commit::write(&parts, group, &done).await;
        if !unrecorded.is_empty() {
            // What was sent must be known; the database is asked again with whatever has come by then.
            backlog.put_back(unrecorded);
            if records.is_closed() {
                break;
            }
            tokio::time::sleep(DATABASE_AWAY_WAIT).await;
        }
        if may_rest {
            let rest = parts.crowding.rest_after(began.elapsed());
            next = next.max(Instant::now() + pace.when_crowded(rest));
        }
        pace.rest(next).await;
    }
    drop(done);
    // A panic in it has ended the process.
    let _ = telling.await;
}

/// Starts what tells the queue and the callers of committed groups, one after the other, while the next
/// one is being committed.
fn start_telling(parts: &Arc<Parts>) -> (mpsc::Sender<commit::Done>, JoinHandle<()>) {
    let (done, mut groups) = mpsc::channel(UNTOLD_GROUPS);
    let parts = parts.clone();
    let telling = tokio::spawn(async move {
        let _vital = Vital("writer");
        while let Some(done) = groups.recv().await {
            commit::tell(&parts, done).await;
        }
    });
    (done, telling)
}
