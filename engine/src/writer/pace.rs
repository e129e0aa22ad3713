//! How soon one group may follow another.
//!
//! A group costs a transaction, whatever is in it: on Postgres as much as a dozen of its rows, on SQLite a
//! flush to the disk. When there is much to do, a commit that begins at once takes little along, and the
//! processors are spent on transactions. So after a group of some size the next one begins no sooner
//! than a moment after it began: who waits for it waits about as long as before, since the commit that it
//! would have waited for is the larger one. After a small group nothing is waited for.

use std::time::Duration;

use sea_orm::DbBackend;
use tokio::time::Instant;

use super::backlog::Group;

/// Postings and outcomes of a group from which on there is much to do, but for those that only go along.
const BUSY: usize = 8;

/// The longest rest because lanes are crowded: nobody's answer waits longer for it.
const CROWDED_REST_MAX: Duration = Duration::from_millis(20);

/// From the beginning of one group to the beginning of the next, when there is much to do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// When the group answers somebody who posts.
    postings: Duration,
    /// When it only records outcomes: nobody waits but the next turn of their lanes.
    outcomes: Duration,
    /// Whether the writer has a thread of its own to rest on: its runtime may end before it.
    has_thread: bool,
}

impl Pace {
    pub(super) fn of(backend: DbBackend) -> Self {
        let [postings, outcomes] = match backend {
            DbBackend::Postgres => [2_000, 10_000],
            _ => [1_000, 1_000],
        }
        .map(Duration::from_micros);
        Self { postings, outcomes, has_thread: backend == DbBackend::Sqlite }
    }

    /// What of a rest is kept that postings are to have because lanes are crowded. Who posts faster than can be
    /// delivered is slowed down by it, instead of piling up a backlog at the cost of deliveries. A process that
    /// delivers too does the same by the shares of a group.
    pub(super) fn when_crowded(&self, rest: Duration) -> Duration {
        if self.has_thread { Duration::ZERO } else { rest.min(CROWDED_REST_MAX) }
    }

    /// Waits until the next group may begin.
    pub(super) async fn rest(&self, until: Instant) {
        let rest = until.saturating_duration_since(Instant::now());
        match self.has_thread {
            _ if rest.is_zero() => {}
            true => std::thread::sleep(rest),
            false => tokio::time::sleep(rest).await,
        }
    }

    /// How long after the beginning of this group the next one may begin.
    pub(super) fn after(&self, group: &Group) -> Duration {
        let along = group.records.iter().filter(|record| record.request.goes_along()).count();
        match group.len() - along {
            ..BUSY => Duration::ZERO,
            _ if group.postings.is_empty() => self.outcomes,
            _ => self.postings,
        }
    }
}
