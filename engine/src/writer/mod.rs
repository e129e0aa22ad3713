//! The one task that commits what the two paths write: postings on their way in, outcomes on the
//! way out.
//!
//! What waits of either kind when a commit ends goes into the next one together, as far as it fits
//! ([`backlog`]): one transaction and one flush to the disk for all of it. Nothing is waited for when idle;
//! under load the groups grow by themselves, and follow each other at a pace ([`pace`]). Outcomes of replays begin
//! no commit of their own for a moment: they go along with what is live, so that it need not wait for theirs.

mod backlog;
mod commit;
mod pace;

use std::sync::Arc;
use std::time::Duration;

use sea_orm::DbBackend;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
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
/// How long an outcome waits at most that goes along with others ([`Record::goes_along`]). Until then a crash repeats its
/// request: it is well within what one may.
const GOES_ALONG_WITHIN: Duration = Duration::from_millis(25);
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
    /// What begins no commit of its own, until it is `overdue`.
    along: mpsc::Sender<WaitingRecord>,
    overdue: mpsc::Sender<()>,
}

/// Where the writer finds what waits for it.
#[derive(Debug)]
struct Inbox {
    postings: mpsc::Receiver<WaitingPosting>,
    records: mpsc::Receiver<WaitingRecord>,
    along: mpsc::Receiver<WaitingRecord>,
    overdue: mpsc::Receiver<()>,
}

impl Writer {
    /// Starts the writer, which ends when it is dropped and has nothing left to write.
    ///
    /// # Panics
    /// When the system gives no thread.
    pub(crate) fn start(parts: Arc<Parts>) -> Self {
        let (postings, postings_waiting) = mpsc::channel(WAITING_POSTINGS);
        let (records, records_waiting) = mpsc::channel(WAITING_RECORDS);
        let (along, along_waiting) = mpsc::channel(WAITING_RECORDS);
        let (overdue, overdue_said) = mpsc::channel(1);
        let inbox = Inbox {
            postings: postings_waiting,
            records: records_waiting,
            along: along_waiting,
            overdue: overdue_said,
        };
        let writes_in_place = parts.database.backend() == DbBackend::Sqlite;
        let ended = CancellationToken::new();
        let work = run(parts, inbox, ended.clone().drop_guard());
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
        Self { ended, room: Semaphore::new(ROOM_UNITS), postings, records, along, overdue }
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
        let (answer, mut answered) = oneshot::channel();
        let goes_along = record.goes_along();
        let records = if goes_along { &self.along } else { &self.records };
        // Stopped means that the process ends: the row still says that the delivery is due.
        if records.send(Waiting { request: record, answer }).await.is_err() {
            return;
        }
        if !goes_along {
            let _ = answered.await;
            return;
        }
        // Said until it is answered: when it is heard, there may not be room for all that is overdue.
        while timeout(GOES_ALONG_WITHIN, &mut answered).await.is_err() {
            let _ = self.overdue.try_send(());
        }
    }
}

async fn run(parts: Arc<Parts>, mut inbox: Inbox, _ended: DropGuard) {
    let _vital = Vital("writer");
    let (done, telling) = start_telling(&parts);
    let pace = Pace::of(parts.database.backend());
    let mut backlog = Backlog::default();
    loop {
        if backlog.is_empty() && !inbox.wait(&mut backlog).await {
            break;
        }
        inbox.take_in(&mut backlog);
        let group = backlog.take_group();
        if group.len() == 0 {
            continue;
        }
        let began = Instant::now();
        let mut next = began + pace.after(&group);
        // Outcomes never wait because of what is posted.
        let may_rest = group.records.is_empty();
        let unrecorded = commit::write(&parts, group, &done).await;
        if !unrecorded.is_empty() {
            // What was sent must be known; the database is asked again with whatever has come by then.
            backlog.put_back(unrecorded);
            if inbox.records.is_closed() {
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

impl Inbox {
    /// Waits until there is something to commit; `false` when there will be nothing any more.
    async fn wait(&mut self, backlog: &mut Backlog) -> bool {
        tokio::select! {
            Some(posting) = self.postings.recv() => backlog.add_posting(posting),
            Some(record) = self.records.recv() => backlog.add_record(record),
            Some(()) = self.overdue.recv() => take_records(&mut self.along, backlog),
            else => return false,
        }
        true
    }

    /// Takes in whatever waits, as far as there is room.
    fn take_in(&mut self, backlog: &mut Backlog) {
        while backlog.postings() < WAITING_POSTINGS
            && let Ok(posting) = self.postings.try_recv()
        {
            backlog.add_posting(posting);
        }
        take_records(&mut self.records, backlog);
        // It goes along with outcomes: a commit that somebody who posts waits for would take longer by it.
        let is_overdue = self.overdue.try_recv().is_ok();
        if is_overdue || backlog.postings() == 0 {
            take_records(&mut self.along, backlog);
        }
    }
}

fn take_records(waiting: &mut mpsc::Receiver<WaitingRecord>, backlog: &mut Backlog) {
    while backlog.records() < WAITING_RECORDS
        && let Ok(record) = waiting.try_recv()
    {
        backlog.add_record(record);
    }
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
